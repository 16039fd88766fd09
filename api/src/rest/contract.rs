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
    ("GET /v1/periods", "listPeriods"),
    ("POST /v1/periods", "addPeriod"),
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
    ("GET /v1/webhooks", "listWebhooks"),
    ("POST /v1/webhooks", "addWebhook"),
    ("GET /v1/webhooks/{webhook}", "getWebhook"),
    ("PATCH /v1/webhooks/{webhook}", "changeWebhook"),
    ("DELETE /v1/webhooks/{webhook}", "removeWebhook"),
    ("GET /v1/webhooks/{webhook}/deliveries", "listDeliveries"),
    ("POST /v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", "redeliver"),
    ("POST /v1/webhooks/{webhook}/rotate", "rotateWebhook"),
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
