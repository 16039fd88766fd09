//! What the routes have in common in the OpenAPI document: the names of their operations, and the answers that a
//! route gives for what it is and not for what it does.
//!
//! A route documents its own answers. That a token may be bad, a body broken off or too large, a parameter
//! unreadable, stands here once, so that no route can forget it.

use actix_web::http::{Method, StatusCode};
use utoipa::openapi::{
    Components, Content, OpenApi as Document, Ref, RefOr, Response,
    content::ContentBuilder,
    path::{Operation, ParameterIn, PathItem},
    response::ResponseBuilder,
    schema::{AnyOfBuilder, Object, Schema, SchemaType, Type},
};

use super::{idempotency, oauth};
use crate::error::Code;

/// The media type of every refusal.
const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";
const PROBLEM_VIEW: &str = "ProblemView";

/// What each operation is called, for those who make clients from the document. A name never changes.
const NAMES: &[(&str, &str)] = &[
    ("GET /.well-known/jwks.json", "getKeys"),
    ("GET /.well-known/oauth-authorization-server", "getAuthorizationServer"),
    ("GET /health/live", "getLiveness"),
    ("GET /health/ready", "getReadiness"),
    ("POST /oauth/token", "createToken"),
    ("POST /oauth/revoke", "revokeToken"),
    ("POST /v1/session", "createSession"),
    ("DELETE /v1/session", "endSession"),
    ("PUT /v1/session/password", "changePassword"),
    ("POST /v1/session/totp", "enrolSecondFactor"),
    ("POST /v1/session/totp/confirm", "confirmSecondFactor"),
    ("POST /v1/session/totp/remove", "removeSecondFactor"),
    ("GET /v1/accesses", "listAccesses"),
    ("GET /v1/accounts", "listAccounts"),
    ("POST /v1/accounts", "addAccount"),
    ("GET /v1/accounts/{account}", "getAccount"),
    ("PATCH /v1/accounts/{account}", "changeAccount"),
    ("POST /v1/accounts/{account}/reset", "resetAccount"),
    ("GET /v1/audit", "listJournal"),
    ("GET /v1/audit/export", "exportJournal"),
    ("GET /v1/clients", "listClients"),
    ("POST /v1/clients", "addClient"),
    ("GET /v1/clients/{client}", "getClient"),
    ("PATCH /v1/clients/{client}", "changeClient"),
    ("POST /v1/clients/{client}/rotate", "rotateClient"),
    ("POST /v1/batches", "createBatch"),
    ("GET /v1/batches/{id}", "getBatch"),
    ("GET /v1/changes", "listChanges"),
    ("GET /v1/claims/explanations", "listExplanations"),
    ("POST /v1/claims/explanations", "explainContradiction"),
    ("GET /v1/claims/reconciliation", "reconcileClaims"),
    ("POST /v1/claims/reconciliation", "keepReconciliation"),
    ("GET /v1/claims/reconciliations", "listReconciliations"),
    ("GET /v1/claims/reconciliations/{reconciliation}", "getReconciliation"),
    ("GET /v1/collections", "listCollections"),
    ("POST /v1/collections", "openCollection"),
    ("GET /v1/collections/{dataset}/{period}", "getCollection"),
    ("PATCH /v1/collections/{dataset}/{period}", "changeCollection"),
    ("POST /v1/collections/{dataset}/{period}/extensions", "extendCollection"),
    ("GET /v1/data/{dataset}.arrow", "getDataAsArrow"),
    ("GET /v1/data/{dataset}.csv", "getDataAsCsv"),
    ("GET /v1/data/{dataset}.json", "getDataAsJson"),
    ("GET /v1/data/{dataset}.parquet", "getDataAsParquet"),
    ("GET /v1/data/{dataset}.xlsx", "getDataAsXlsx"),
    ("GET /v1/compliance", "getCompliance"),
    ("GET /v1/datasets", "listDatasets"),
    ("POST /v1/datasets", "addDataset"),
    ("PATCH /v1/datasets/{dataset}", "changeDataset"),
    ("GET /v1/indicators", "listIndicators"),
    ("POST /v1/indicators", "addIndicator"),
    ("PATCH /v1/indicators/{indicator}", "changeIndicator"),
    ("GET /v1/consortia/{consortium}/activities", "listConsortiumActivities"),
    ("POST /v1/consortia/{consortium}/activities", "addConsortiumActivity"),
    ("PATCH /v1/consortia/{consortium}/activities/{activity}", "changeConsortiumActivity"),
    ("POST /v1/consortia/{consortium}/applications", "applyToConsortium"),
    ("POST /v1/consortia/{consortium}/leave", "leaveConsortium"),
    ("GET /v1/consortium-applications", "listConsortiumApplications"),
    ("GET /v1/consortium-applications/{application}", "getConsortiumApplication"),
    ("POST /v1/consortium-applications/{application}/accept", "acceptConsortiumApplication"),
    ("POST /v1/consortium-applications/{application}/refuse", "refuseConsortiumApplication"),
    ("POST /v1/consortium-applications/{application}/withdraw", "withdrawConsortiumApplication"),
    ("GET /v1/consortium-overview", "getConsortiumOverview"),
    ("GET /v1/partnership-statistics", "getPartnershipStatistics"),
    ("GET /v1/partnerships", "listPartnerships"),
    ("POST /v1/partnerships", "proposePartnership"),
    ("GET /v1/partnerships/{partnership}", "getPartnership"),
    ("PATCH /v1/partnerships/{partnership}", "changePartnership"),
    ("POST /v1/partnerships/{partnership}/confirm", "confirmPartnership"),
    ("POST /v1/partnerships/{partnership}/end", "endPartnership"),
    ("POST /v1/partnerships/{partnership}/refuse", "refusePartnership"),
    ("POST /v1/partnerships/{partnership}/withdraw", "withdrawPartnership"),
    ("GET /v1/periods", "listPeriods"),
    ("POST /v1/periods", "addPeriod"),
    ("GET /v1/cities", "listCities"),
    ("POST /v1/cities", "addCity"),
    ("GET /v1/cities/{city}", "getCity"),
    ("PATCH /v1/cities/{city}", "changeCity"),
    ("GET /v1/schools", "listSchools"),
    ("POST /v1/schools", "addSchool"),
    ("GET /v1/schools/{school}", "getSchool"),
    ("PATCH /v1/schools/{school}", "changeSchool"),
    ("GET /v1/enterprises", "listEnterprises"),
    ("POST /v1/enterprises", "addEnterprise"),
    ("GET /v1/enterprises/{enterprise}", "getEnterprise"),
    ("PATCH /v1/enterprises/{enterprise}", "changeEnterprise"),
    ("GET /v1/institutions", "listInstitutions"),
    ("POST /v1/institutions", "addInstitution"),
    ("GET /v1/institutions/{institution}", "getInstitution"),
    ("PATCH /v1/institutions/{institution}", "changeInstitution"),
    ("GET /v1/consortia", "listConsortia"),
    ("POST /v1/consortia", "addConsortium"),
    ("GET /v1/consortia/{consortium}", "getConsortium"),
    ("PATCH /v1/consortia/{consortium}", "changeConsortium"),
    ("GET /v1/consortium-members", "listConsortiumMembers"),
    ("POST /v1/consortium-members", "addConsortiumMember"),
    ("GET /v1/consortium-members/{member}", "getConsortiumMember"),
    ("PATCH /v1/consortium-members/{member}", "changeConsortiumMember"),
    ("GET /v1/designations", "listDesignations"),
    ("POST /v1/designations", "addDesignation"),
    ("GET /v1/designations/{designation}", "getDesignation"),
    ("PATCH /v1/designations/{designation}", "changeDesignation"),
    ("GET /v1/aliases", "listAliases"),
    ("POST /v1/aliases", "addAlias"),
    ("GET /v1/aliases/{alias}", "getAlias"),
    ("PATCH /v1/aliases/{alias}", "changeAlias"),
    ("GET /v1/school-successions", "listSchoolSuccessions"),
    ("POST /v1/school-successions", "addSchoolSuccession"),
    ("GET /v1/school-successions/{succession}", "getSchoolSuccession"),
    ("PATCH /v1/school-successions/{succession}", "changeSchoolSuccession"),
    ("GET /v1/majors", "listMajors"),
    ("POST /v1/majors", "addMajor"),
    ("GET /v1/majors/{major}", "getMajor"),
    ("PATCH /v1/majors/{major}", "changeMajor"),
    ("GET /v1/programmes", "listProgrammes"),
    ("POST /v1/programmes", "addProgramme"),
    ("GET /v1/programmes/{programme}", "getProgramme"),
    ("PATCH /v1/programmes/{programme}", "changeProgramme"),
    ("GET /v1/industry-chains", "listIndustryChains"),
    ("POST /v1/industry-chains", "addIndustryChain"),
    ("GET /v1/industry-chains/{chain}", "getIndustryChain"),
    ("PATCH /v1/industry-chains/{chain}", "changeIndustryChain"),
    ("GET /v1/major-chains", "listMajorChains"),
    ("POST /v1/major-chains", "addMajorChain"),
    ("GET /v1/major-chains/{link}", "getMajorChain"),
    ("PATCH /v1/major-chains/{link}", "changeMajorChain"),
    ("GET /v1/registry/changes", "listRegistryChanges"),
    ("GET /v1/registry/duplicates", "listDuplicates"),
    ("POST /v1/registry/duplicates/merge", "mergeDuplicates"),
    ("POST /v1/registry/duplicates/distinguish", "distinguishDuplicates"),
    ("GET /v1/releases", "listReleases"),
    ("POST /v1/releases", "createRelease"),
    ("GET /v1/releases/{version}", "getRelease"),
    ("GET /v1/releases/{version}/datapackage.json", "getDataPackage"),
    ("GET /v1/releases/{version}/dictionary.csv", "getDictionary"),
    ("GET /v1/reports/{period}", "getReport"),
    ("GET /v1/reports/{period}/{file}", "getReportFile"),
    ("POST /v1/releases/preview", "previewRelease"),
    ("GET /v1/releases/{version}/changes", "listReleaseChanges"),
    ("GET /v1/rules", "listRules"),
    ("POST /v1/rules", "addRule"),
    ("POST /v1/rules/dry-run", "tryRule"),
    ("PATCH /v1/rules/{code}", "changeRule"),
    ("GET /sdmx/2.1/data/{flow}/{key}", "getSdmxData"),
    ("GET /sdmx/2.1/{resource}/{agency}/{id}/{version}", "getSdmxStructure"),
    ("GET /v1/schools/{school}/submissions/{dataset}/{period}", "getSubmission"),
    ("PUT /v1/schools/{school}/submissions/{dataset}/{period}", "pushSubmission"),
    ("PATCH /v1/schools/{school}/submissions/{dataset}/{period}", "patchSubmission"),
    ("POST /v1/schools/{school}/submissions/{dataset}/{period}/accept", "acceptSubmission"),
    ("POST /v1/schools/{school}/submissions/{dataset}/{period}/approve", "approveSubmission"),
    ("POST /v1/schools/{school}/submissions/{dataset}/{period}/recall", "recallSubmission"),
    ("POST /v1/schools/{school}/submissions/{dataset}/{period}/reopen", "reopenSubmission"),
    ("POST /v1/schools/{school}/submissions/{dataset}/{period}/return", "returnSubmission"),
    ("POST /v1/schools/{school}/submissions/{dataset}/{period}/submit", "submitSubmission"),
    ("GET /v1/schools/{school}/submissions/{dataset}/{period}/peers", "comparePeers"),
    ("GET /v1/schools/{school}/submissions/{dataset}/{period}/revisions", "listRevisions"),
    ("GET /v1/schools/{school}/submissions/{dataset}/{period}/revisions/{n}", "getRevision"),
    ("GET /v1/submissions", "listSubmissions"),
    ("POST /v1/submissions/accept", "acceptSubmissions"),
    ("POST /v1/submissions/approve", "approveSubmissions"),
    ("GET /v1/tasks", "listTasks"),
    ("POST /v1/tasks", "addTask"),
    ("GET /v1/tasks/{task}", "getTask"),
    ("PATCH /v1/tasks/{task}", "changeTask"),
    ("POST /v1/tasks/{task}/reports", "reportTask"),
    ("POST /v1/tasks/{task}/verdicts", "judgeTask"),
    ("GET /v1/task-evaluations", "listTaskEvaluations"),
    ("POST /v1/task-evaluations", "evaluateTasks"),
    ("GET /v1/task-evaluations/{evaluation}", "getTaskEvaluation"),
    ("GET /v1/targets", "listTargets"),
    ("POST /v1/targets", "addTarget"),
    ("GET /v1/targets/{target}", "getTarget"),
    ("PATCH /v1/targets/{target}", "changeTarget"),
    ("GET /v1/policies", "listPolicies"),
    ("GET /v1/city-figures", "listCityFigures"),
    ("GET /v1/templates/{dataset}.xlsx", "getTemplate"),
    ("GET /v1/bulletins/{year}.csv", "getBulletinCsv"),
    ("GET /v1/bulletins/{year}.html", "getBulletinHtml"),
    ("GET /v1/bulletins/{year}.json", "getBulletin"),
    ("POST /v1/bulletins/{year}", "publishBulletin"),
    ("GET /v1/interests", "listInterests"),
    ("GET /v1/interests/{interest}", "getInterest"),
    ("POST /v1/interests/{interest}/accept", "acceptInterest"),
    ("GET /v1/interests/{interest}/contact", "getContact"),
    ("POST /v1/interests/{interest}/decline", "declineInterest"),
    ("POST /v1/interests/{interest}/withdraw", "withdrawInterest"),
    ("GET /v1/opportunities", "listOpportunities"),
    ("POST /v1/opportunities", "postOpportunity"),
    ("GET /v1/opportunities/digest", "getDigest"),
    ("GET /v1/opportunities/{opportunity}", "getOpportunity"),
    ("PUT /v1/opportunities/{opportunity}", "changeOpportunity"),
    ("POST /v1/opportunities/{opportunity}/approve", "approveOpportunity"),
    ("POST /v1/opportunities/{opportunity}/close", "closeOpportunity"),
    ("POST /v1/opportunities/{opportunity}/interests", "expressInterest"),
    ("GET /v1/opportunities/{opportunity}/matches", "listMatches"),
    ("POST /v1/opportunities/{opportunity}/refuse", "refuseOpportunity"),
    ("POST /v1/opportunities/{opportunity}/withdraw", "withdrawOpportunity"),
    ("GET /v1/webhooks", "listWebhooks"),
    ("POST /v1/webhooks", "addWebhook"),
    ("GET /v1/webhooks/{webhook}", "getWebhook"),
    ("PATCH /v1/webhooks/{webhook}", "changeWebhook"),
    ("DELETE /v1/webhooks/{webhook}", "removeWebhook"),
    ("GET /v1/webhooks/{webhook}/deliveries", "listDeliveries"),
    ("POST /v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", "redeliver"),
    ("POST /v1/webhooks/{webhook}/rotate", "rotateWebhook"),
    ("GET /v1/certification-batches", "listCertificationBatches"),
    ("POST /v1/certification-batches", "openCertificationBatch"),
    ("PATCH /v1/certification-batches/{batch}", "changeCertificationBatch"),
    ("GET /v1/enterprise-certifications", "listEnterpriseCertifications"),
    ("POST /v1/enterprise-certifications", "applyForEnterpriseCertification"),
    ("GET /v1/enterprise-certifications/{certification}", "getEnterpriseCertification"),
    ("PATCH /v1/enterprise-certifications/{certification}", "correctEnterpriseCertification"),
    ("POST /v1/enterprise-certifications/{certification}/verdicts", "judgeEnterpriseCertification"),
    ("GET /v1/incentives", "listIncentives"),
    ("POST /v1/incentives", "recordIncentive"),
    ("POST /v1/incentives/{incentive}/cancel", "cancelIncentive"),
    ("GET /v1/internship-duties", "listInternshipDuties"),
    ("GET /v1/certification-agencies", "listCertificationAgencies"),
    ("PUT /v1/certification-agencies/{agency}", "stateCertificationAgency"),
    ("GET /v1/teacher-certifications", "listTeacherCertifications"),
    ("POST /v1/teacher-certifications", "applyForTeacherCertification"),
    ("GET /v1/teacher-certifications/{certification}", "getTeacherCertification"),
    ("PATCH /v1/teacher-certifications/{certification}", "correctTeacherCertification"),
    ("POST /v1/teacher-certifications/{certification}/verdicts", "judgeTeacherCertification"),
    ("POST /v1/teacher-certifications/{certification}/appeal", "appealTeacherCertification"),
    ("GET /v1/certificates/{code}", "getCertificate"),
    ("GET /v1/teacher-certification-statistics", "countTeacherCertifications"),
];

/// What any route may answer.
const ALWAYS: &[Code] =
    &[Code::Unauthenticated, Code::AddressTooLong, Code::RateLimited, Code::HeadTooLarge, Code::Unavailable];
/// What a route with parameters in its query may answer.
const WITH_QUERY: &[Code] = &[Code::Malformed];
/// What a route with names in its path may answer.
const WITH_PATH: &[Code] = &[Code::NotFound];
/// What a route that reads a body may answer.
const WITH_BODY: &[Code] = &[Code::Malformed, Code::TooSlow, Code::TooLarge, Code::UnsupportedMediaType];
/// What a route that takes an `Idempotency-Key` may answer.
const WITH_KEY: &[Code] = &[Code::Malformed, Code::Conflict, Code::Invalid];

/// Gives every operation its name, and every answer its place.
pub fn complete(document: &mut Document) {
    let components = document.components.get_or_insert_default();
    for list in [ALWAYS, WITH_QUERY, WITH_PATH, WITH_BODY, WITH_KEY] {
        list.iter().for_each(|code| refusal(components, *code));
    }
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::AllOf(parts)) = schema {
            parts.items.iter_mut().for_each(may_be_missing);
        }
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let address = format!("{method} {path}");
            if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == address) {
                operation.operation_id = Some((*name).to_owned());
            }
            for (status, answer) in &mut operation.responses.responses {
                if let RefOr::T(answer) = answer {
                    describe(status, answer);
                }
            }
            for code in common(&method, path, operation) {
                let row = code.row();
                let answer = RefOr::Ref(Ref::from_response_name(row.kind));
                operation.responses.responses.entry(row.status.to_string()).or_insert(answer);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

fn common(method: &Method, path: &str, operation: &Operation) -> Vec<Code> {
    let takes = |place: &ParameterIn| {
        operation.parameters.iter().flatten().any(|one| matches!(one, RefOr::T(one) if one.parameter_in == *place))
    };
    let lists = [
        // There the token is what is asked for, and the refusal is of another form.
        (!oauth::is_of_clients(path), ALWAYS),
        (takes(&ParameterIn::Query), WITH_QUERY),
        (takes(&ParameterIn::Path), WITH_PATH),
        (operation.request_body.is_some(), WITH_BODY),
        (idempotency::applies(method, path), WITH_KEY),
    ];
    lists.into_iter().filter(|(applies, _)| *applies).flat_map(|(_, list)| list.iter().copied()).collect()
}

/// Members that are flattened into an object and may be missing altogether: not `null` beside the others, as the
/// library describes them, but any object.
fn may_be_missing(part: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(either)) = part else { return };
    let is_null = |one: &RefOr<Schema>| {
        matches!(one, RefOr::T(Schema::Object(Object { schema_type: SchemaType::Type(Type::Null), .. })))
    };
    if either.items.iter().any(is_null) {
        let kept = either.items.iter().filter(|one| !is_null(one)).cloned();
        let any = kept.chain([RefOr::T(Schema::Object(Object::new()))]);
        *part = RefOr::T(Schema::AnyOf(any.fold(AnyOfBuilder::new(), AnyOfBuilder::item).build()));
    }
}

/// A refusal that many routes share.
fn refusal(components: &mut Components, code: Code) {
    let row = code.row();
    let schema = Ref::from_schema_name(PROBLEM_VIEW);
    let answer = ResponseBuilder::new()
        .description(row.en)
        .content(PROBLEM, ContentBuilder::new().schema(Some(schema)).build())
        .build();
    components.responses.insert(row.kind.to_owned(), RefOr::T(answer));
}

/// Says what an answer is where the route has not, and that a refusal is a problem.
fn describe(status: &str, answer: &mut Response) {
    let number: u16 = status.parse().unwrap_or_default();
    if answer.description.is_empty() {
        let row = Code::ALL.iter().map(|code| code.row()).find(|row| row.status == number);
        let phrase = || StatusCode::from_u16(number).ok().and_then(|status| status.canonical_reason());
        answer.description = row.map(|row| row.en).or_else(phrase).unwrap_or_default().to_owned();
    }
    if answer.content.get(JSON).is_some_and(is_problem)
        && let Some(content) = answer.content.shift_remove(JSON)
    {
        answer.content.insert(PROBLEM.to_owned(), content);
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(content) = content else { return false };
    matches!(&content.schema, Some(RefOr::Ref(named)) if named.ref_location.ends_with(PROBLEM_VIEW))
}
