//! Certification of dual-qualified teachers: who evaluates whom, applications and verdicts, certificates, counts.

use actix_web::{HttpRequest, HttpResponse, get, http::header, patch, post, put, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{teacher_certificate, teacher_certification as certification, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body},
    certifications::{CertificationReasonBody, CertificationStepView, ask, no_verdict, words_of},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::certifications::{
        self,
        agencies::{self, Agency},
        certificates::{self, Standing},
        statistics::{self, Basis, By, Question},
        teachers::{self, Correct, Filter, New},
        verdicts::{self, Verdict},
    },
    error::Result,
};

/// An agency and what it evaluates.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificationAgencyView {
    /// Its code: the organisation of its accounts.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// The major categories (专业大类) whose teachers it evaluates.
    pub major_categories: Vec<String>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl From<&Agency> for CertificationAgencyView {
    fn from(agency: &Agency) -> Self {
        Self {
            code: agency.row.code.0.clone(),
            name: agency.row.name.clone(),
            major_categories: agency.major_categories.clone(),
            etag: agency.etag(),
        }
    }
}

/// Every agency, by code.
#[utoipa::path(tag = "certification", responses((status = 200, body = Vec<CertificationAgencyView>)))]
#[get("/v1/certification-agencies")]
pub async fn list_agencies(ctx: Ctx) -> Result<HttpResponse, Problem> {
    let views: Vec<CertificationAgencyView> =
        agencies::all(&ctx).await?.iter().map(CertificationAgencyView::from).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(views))
}

/// What an agency is to be, stated whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificationAgencyBody {
    /// What it is called.
    pub name: String,
    /// The major categories whose teachers it evaluates from now on; what is with it stays with it.
    pub major_categories: Vec<String>,
}

/// States an agency whole: a new one, or with `If-Match` another state of one that is there.
#[utoipa::path(
    tag = "certification", params(("agency" = String, Path)), request_body = CertificationAgencyBody,
    responses((status = 200, body = CertificationAgencyView), (status = 201, body = CertificationAgencyView),
              (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[put("/v1/certification-agencies/{agency}")]
pub async fn state_agency(
    ctx: Ctx,
    code: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::CertificationPlan)?;
    let body: CertificationAgencyBody = body::json(&body.0)?;
    let said = agencies::State { name: body.name, major_categories: body.major_categories };
    let (agency, is_new) = agencies::state(&ctx, &code, said, tags::if_match(request.headers()).as_ref()).await?;
    let answer = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(tags::tagged(answer, &agency.etag(), CertificationAgencyView::from(&agency)))
}

/// A certificate, as whoever has its code may see it: nothing of the person.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateView {
    /// What it is verified by.
    pub code: String,
    /// Year, province and running number.
    pub number: String,
    /// `valid`, `expired` or `revoked`.
    pub state: &'static str,
    /// The school, by code.
    pub school: String,
    /// What the school is called.
    pub school_name: String,
    /// `undergraduate_vocational`, `higher_vocational` or `secondary_vocational`: the category of the school.
    pub category: &'static str,
    /// `junior`, `intermediate` or `senior`.
    pub level: &'static str,
    /// 专业大类.
    pub major_category: String,
    /// The first day of its validity.
    pub valid_from: NaiveDate,
    /// The last one.
    pub valid_until: NaiveDate,
}

impl CertificateView {
    fn new(ctx: &Ctx, row: &teacher_certificate::Model) -> Self {
        let registry = ctx.memory.registry();
        let school = registry.schools.get(row.school_code.as_str());
        Self {
            code: row.code.clone(),
            number: row.number.clone(),
            state: Standing::of(row, ctx.actor.today()).word(),
            school: row.school_code.0.clone(),
            school_name: school.map(|school| school.name.clone()).unwrap_or_default(),
            category: school.map_or("", |school| statistics::category(school.tier).word()),
            level: row.level.word(),
            major_category: row.major_category.clone(),
            valid_from: row.valid_from,
            valid_until: row.valid_until,
        }
    }
}

/// Verifies a certificate by the code that is printed on it; whoever asks.
#[utoipa::path(
    tag = "certification", params(("code" = String, Path)),
    responses((status = 200, body = CertificateView), (status = 404, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/certificates/{code}")]
pub async fn verify(ctx: Ctx, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = certificates::get(&ctx, &code).await?;
    let view = CertificateView::new(&ctx, &row);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

/// An application for the certification of a teacher (双师型).
#[derive(Debug, Serialize, ToSchema)]
pub struct TeacherCertificationView {
    /// Its id.
    pub id: String,
    /// The school, by code.
    pub school: String,
    /// The teacher, by the number that the school has issued.
    pub number: String,
    /// `junior`, `intermediate` or `senior`.
    pub level: &'static str,
    /// 专业大类.
    pub major_category: String,
    /// References to what proves it.
    pub evidence: Vec<String>,
    /// The year of the application.
    pub year: i32,
    /// With whom it lies, `city`, `agency` or `province`, or what became of it: `returned`, `refused`, `certified`
    /// or `revoked`.
    pub state: &'static str,
    /// Where it was returned or refused.
    pub step: Option<&'static str>,
    /// Who evaluates it, once it has come that far.
    pub agency: Option<String>,
    /// The last day (Asia/Shanghai) in time, of whoever has to act.
    pub due_on: Option<NaiveDate>,
    /// Whether that is over, and nothing was done.
    pub is_overdue: bool,
    /// Of the last verdict, or of the appeal.
    pub reason: Option<String>,
    /// Whether the one appeal was used.
    pub is_appealed: bool,
    /// What it has gone through, oldest first; in the answer of one application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<CertificationStepView>>,
    /// The certificate, in the answer of one application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateView>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When anything was last done to it.
    pub updated_at: DateTime<Utc>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl TeacherCertificationView {
    fn new(ctx: &Ctx, row: &certification::Model) -> Self {
        Self {
            id: row.id.to_string(),
            school: row.school_code.0.clone(),
            number: row.staff_number.clone(),
            level: row.level.word(),
            major_category: row.major_category.clone(),
            evidence: certifications::listed(&row.evidence),
            year: row.year,
            state: row.state.word(),
            step: row.step.map(words::TeacherCertificationStep::word),
            agency: row.agency_code.as_ref().map(|agency| agency.0.clone()),
            due_on: row.due_on,
            is_overdue: teachers::is_overdue(ctx, row),
            reason: row.reason.clone(),
            is_appealed: row.is_appealed,
            steps: None,
            certificate: None,
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: teachers::etag(row),
        }
    }
}

/// A page of applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeacherCertificationsView {
    /// Oldest first.
    pub certifications: Vec<TeacherCertificationView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which applications, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TeacherCertificationsQuery {
    /// Only of this school.
    pub school: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only for this level.
    pub level: Option<String>,
    /// Only those of which somebody is late, or only the others.
    pub overdue: Option<bool>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

const LEVELS: &str = "junior, intermediate, senior";
const STATES: &str = "city, agency, province, returned, refused, certified, revoked";

/// The applications that are there for the caller: a school's own, a city's schools', those assigned to an agency.
#[utoipa::path(
    tag = "certification", params(TeacherCertificationsQuery),
    responses((status = 200, body = TeacherCertificationsView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/teacher-certifications")]
pub async fn list(ctx: Ctx, query: web::Query<TeacherCertificationsQuery>) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Read, Kind::TeacherCertification)?;
    let query = query.into_inner();
    let (states, levels): (Vec<_>, Vec<_>) = (query.state.into_iter().collect(), query.level.into_iter().collect());
    let filter = Filter {
        school: query.school.into_iter().collect(),
        state: words_of(&states, "/state", words::TeacherCertificationState::of, STATES)?,
        level: words_of(&levels, "/level", words::TeacherLevel::of, LEVELS)?,
        is_overdue: query.overdue,
    };
    let page = teachers::list(&ctx, &filter, &ask(query.limit, query.cursor.as_deref())?).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|last| certifications::cursor(last.id));
    let certifications = page.items.iter().map(|row| TeacherCertificationView::new(&ctx, row)).collect();
    let view = TeacherCertificationsView { certifications, next };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

/// One application, with what it has gone through and its certificate.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)),
    responses((status = 200, body = TeacherCertificationView), (status = 401, body = ProblemView),
              (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/teacher-certifications/{certification}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = teachers::get(&ctx, &id).await?;
    let mut view = TeacherCertificationView::new(&ctx, &row);
    let steps = teachers::steps(&ctx, &[row.id]).await?.remove(&row.id).unwrap_or_default();
    view.steps = Some(steps.into_iter().map(CertificationStepView::from).collect());
    let certificate = certificates::of_applications(&ctx, &[row.id]).await?.remove(&row.id);
    view.certificate = certificate.map(|row| CertificateView::new(&ctx, &row));
    Ok(tags::tagged(HttpResponse::Ok(), &teachers::etag(&row), view))
}

fn told(ctx: &Ctx, row: &certification::Model) -> HttpResponse {
    tags::tagged(HttpResponse::Ok(), &teachers::etag(row), TeacherCertificationView::new(ctx, row))
}

/// What a school applies with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeacherCertificationBody {
    /// The teacher, by a number that the school has issued: letters, digits and hyphens, at most ten digits. Never a
    /// name, an identity number or a mobile number.
    pub number: String,
    /// `junior`, `intermediate` or `senior`.
    pub level: String,
    /// 专业大类, as `/v1/certification-agencies` has it.
    pub major_category: String,
    /// References to what proves it.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// Applies, as the school of the token.
#[utoipa::path(
    tag = "certification", request_body = NewTeacherCertificationBody,
    responses((status = 201, body = TeacherCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/teacher-certifications")]
pub async fn apply(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::TeacherCertification)?;
    let body: NewTeacherCertificationBody = body::json(&body.0)?;
    let NewTeacherCertificationBody { number, level, major_category, evidence } = body;
    let row = teachers::apply(&ctx, New { number, level, major_category, evidence }).await?;
    Ok(tags::tagged(HttpResponse::Created(), &teachers::etag(&row), TeacherCertificationView::new(&ctx, &row)))
}

/// What is corrected; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrectTeacherCertificationBody {
    /// `junior`, `intermediate` or `senior`.
    pub level: Option<String>,
    /// 专业大类; only before an agency has evaluated it.
    pub major_category: Option<String>,
    /// References to what proves it.
    pub evidence: Option<Vec<String>>,
}

/// Corrects an application that was returned; it comes back to the step that returned it.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)),
    request_body = CorrectTeacherCertificationBody,
    responses((status = 200, body = TeacherCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/teacher-certifications/{certification}")]
pub async fn correct(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::TeacherCertification)?;
    let body: CorrectTeacherCertificationBody = body::json(&body.0)?;
    let CorrectTeacherCertificationBody { level, major_category, evidence } = body;
    let said = Correct { level, major_category, evidence };
    Ok(told(&ctx, &teachers::correct(&ctx, &id, said, tags::if_match(request.headers()).as_ref()).await?))
}

/// What is said of an application of a teacher.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeacherVerdictBody {
    /// `approve`, `return`, `refuse` (the city, the agency, the province, each in its turn) or `revoke` (the
    /// province).
    pub verdict: String,
    /// Why; needed but for `approve`.
    #[serde(default)]
    pub reason: Option<String>,
    /// The last day of the certificate, for the province's `approve`; the configured years without it.
    #[serde(default)]
    pub valid_until: Option<String>,
}

/// Says what is to become of an application.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)), request_body = TeacherVerdictBody,
    responses((status = 200, body = TeacherCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/teacher-certifications/{certification}/verdicts")]
pub async fn judge(ctx: Ctx, id: web::Path<String>, request: HttpRequest, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::TeacherCertification)?;
    let body: TeacherVerdictBody = body::json(&body.0)?;
    let reason = body.reason.unwrap_or_default();
    let verdict = match body.verdict.as_str() {
        "approve" => Verdict::Approve { valid_until: body.valid_until },
        "return" => Verdict::Return(reason),
        "refuse" => Verdict::Refuse(reason),
        "revoke" => Verdict::Revoke(reason),
        other => return Err(no_verdict("approve, return, refuse, revoke", other).into()),
    };
    Ok(told(&ctx, &verdicts::judge(&ctx, &id, verdict, tags::if_match(request.headers()).as_ref()).await?))
}

/// Appeals against a refusal, once; the province decides.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)), request_body = CertificationReasonBody,
    responses((status = 200, body = TeacherCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/teacher-certifications/{certification}/appeal")]
pub async fn appeal(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::TeacherCertification)?;
    let body: CertificationReasonBody = body::json(&body.0)?;
    Ok(told(&ctx, &teachers::appeal(&ctx, &id, &body.reason, tags::if_match(request.headers()).as_ref()).await?))
}

/// How many teachers a group has.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeacherCountView {
    /// The level, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    /// The category of the schools, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'static str>,
    /// Their tier, where it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<&'static str>,
    /// Their city, by code, where it was asked for and is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// How many; nothing where it is kept back.
    pub teachers: Option<u64>,
    /// `REPORTED`, or `SUPPRESSED` where it is kept back.
    pub status: &'static str,
}

/// How many teachers are certified.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeacherStatisticsView {
    /// What is counted: `all`, `certificates` or `historical`.
    pub basis: &'static str,
    /// All of them; nothing where it is kept back.
    pub total: Option<u64>,
    /// `REPORTED`, or `SUPPRESSED` where it is kept back.
    pub status: &'static str,
    /// Group by group; groups without anybody are left out.
    pub groups: Vec<TeacherCountView>,
}

const fn status(teachers: Option<u64>) -> &'static str {
    if teachers.is_some() { "REPORTED" } else { "SUPPRESSED" }
}

/// What is counted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TeacherStatisticsQuery {
    /// `level`, `category`, `tier`, `city`, with commas between. Tier and city are for officials.
    pub group_by: Option<String>,
    /// `all` (unless given), `certificates` of this service that are valid today, or `historical`: what documents
    /// say of the time before.
    pub basis: Option<String>,
    /// Only the caller's own schools, exactly: for cities and schools.
    pub own: Option<bool>,
}

/// How many teachers are certified, by level, category, tier and city.
#[utoipa::path(
    tag = "certification", params(TeacherStatisticsQuery),
    responses((status = 200, body = TeacherStatisticsView), (status = 403, body = ProblemView),
              (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/teacher-certification-statistics")]
pub async fn count(ctx: Ctx, query: web::Query<TeacherStatisticsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let groups: Vec<String> = query
        .group_by
        .iter()
        .flat_map(|words| words.split(','))
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    let bases: Vec<String> = query.basis.into_iter().collect();
    let by = |word: &str| By::ALL.iter().copied().find(|one| one.word() == word);
    let basis = |word: &str| Basis::ALL.iter().copied().find(|one| one.word() == word);
    let question = Question {
        by: words_of(&groups, "/group_by", by, "level, category, tier, city")?,
        basis: words_of(&bases, "/basis", basis, "all, certificates, historical")?.pop().unwrap_or_default(),
        is_own: query.own.unwrap_or(false),
    };
    let counted = statistics::ask(&ctx, &question).await?;
    let view = TeacherStatisticsView {
        basis: question.basis.word(),
        total: counted.total,
        status: status(counted.total),
        groups: counted
            .groups
            .into_iter()
            .map(|(group, teachers)| TeacherCountView {
                level: group.level.map(words::TeacherLevel::word),
                category: group.category.map(words::TeacherCategory::word),
                tier: group.tier.map(words::SchoolTier::word),
                city: group.city,
                teachers,
                status: status(teachers),
            })
            .collect(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}
