//! Certification of enterprises: batches, applications and verdicts. What a certified enterprise is given and owes is
//! in `incentives`.

pub mod incentives;

use actix_web::{HttpRequest, HttpResponse, get, http::header, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{certification_batch, enterprise_certification as certification, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::certifications::{
        self, Taken,
        batches::{self, Change, New},
        enterprises::{self, Filter, Papers, Verdict},
    },
    error::{Error, Result, Text},
    page,
};

/// Reads words of a closed list out of a parameter.
pub(super) fn words_of<T>(
    given: &[String],
    pointer: &str,
    of: impl Fn(&str) -> Option<T>,
    all: &str,
) -> Result<Vec<T>> {
    let one = |word: &String| {
        of(word).ok_or_else(|| {
            let text = Text::new(format!("应为 {all} 之一"), format!("One of {all}"));
            let finding = crate::error::Finding::error("unknown_word", pointer, text);
            Error::Invalid(vec![finding.with(all, word.chars().take(40).collect::<String>())])
        })
    };
    given.iter().map(one).collect()
}

/// A step that an application has taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificationStepView {
    /// Where it stood; nothing for the application itself.
    pub from: Option<&'static str>,
    /// Where it has stood since.
    pub to: &'static str,
    /// The role that took it.
    pub role: String,
    /// The organisation that took it, where the role has one.
    pub org: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl From<Taken> for CertificationStepView {
    fn from(taken: Taken) -> Self {
        let Taken { from, to, role, org, reason, at } = taken;
        Self { from, to, role, org, reason, at }
    }
}

/// A batch: from when to when enterprises apply.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificationBatchView {
    /// Its code: year and number; of one that is printed elsewhere a code of its own.
    pub code: String,
    /// The year; not known of every batch that is printed elsewhere.
    pub year: Option<i32>,
    /// What it is called.
    pub title: String,
    /// The first day (Asia/Shanghai) on which applications are taken.
    pub apply_from: Option<NaiveDate>,
    /// The last one.
    pub apply_until: Option<NaiveDate>,
    /// Where it is printed, if it was decided elsewhere and takes no applications here.
    pub source: Option<String>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl From<&certification_batch::Model> for CertificationBatchView {
    fn from(row: &certification_batch::Model) -> Self {
        Self {
            code: row.code.0.clone(),
            year: row.year,
            title: row.title.clone(),
            apply_from: row.apply_from,
            apply_until: row.apply_until,
            source: row.source.clone(),
            etag: batches::etag(row),
        }
    }
}

/// Every batch, by code.
#[utoipa::path(tag = "certification", responses((status = 200, body = Vec<CertificationBatchView>)))]
#[get("/v1/certification-batches")]
pub async fn list_batches(ctx: Ctx) -> Result<HttpResponse, Problem> {
    let rows = batches::all(&ctx).await?;
    let views: Vec<CertificationBatchView> = rows.iter().map(CertificationBatchView::from).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(views))
}

/// A batch to open. Days are written like `2026-12-31`, are those of Asia/Shanghai, and count whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificationBatchBody {
    /// The year it is of.
    pub year: i32,
    /// Which of that year, from 1.
    pub number: i32,
    /// What it is called.
    pub title: String,
    /// The first day on which applications are taken.
    pub apply_from: String,
    /// The last one.
    pub apply_until: String,
}

/// Opens a batch.
#[utoipa::path(
    tag = "certification", request_body = NewCertificationBatchBody,
    responses((status = 201, body = CertificationBatchView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/certification-batches")]
pub async fn open_batch(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::CertificationPlan)?;
    let body: NewCertificationBatchBody = body::json(&body.0)?;
    let NewCertificationBatchBody { year, number, title, apply_from, apply_until } = body;
    let row = batches::open(&ctx, New { year, number, title, apply_from, apply_until }).await?;
    Ok(tags::tagged(HttpResponse::Created(), &batches::etag(&row), CertificationBatchView::from(&row)))
}

/// What is to be different about a batch; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeCertificationBatchBody {
    /// What it is called.
    pub title: Option<String>,
    /// The first day on which applications are taken.
    pub apply_from: Option<String>,
    /// The last one.
    pub apply_until: Option<String>,
}

/// Changes a batch.
#[utoipa::path(
    tag = "certification", params(("batch" = String, Path)), request_body = ChangeCertificationBatchBody,
    responses((status = 200, body = CertificationBatchView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/certification-batches/{batch}")]
pub async fn change_batch(
    ctx: Ctx,
    code: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::CertificationPlan)?;
    let body: ChangeCertificationBatchBody = body::json(&body.0)?;
    let ChangeCertificationBatchBody { title, apply_from, apply_until } = body;
    let change = Change { title, apply_from, apply_until };
    let row = batches::change(&ctx, &code, change, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tags::tagged(HttpResponse::Ok(), &batches::etag(&row), CertificationBatchView::from(&row)))
}

/// An enterprise in a batch. Whoever is not the enterprise, its city or the province is told who is certified, from
/// when to when, with how many people and places for interns, and nothing else.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnterpriseCertificationView {
    /// Its id.
    pub id: String,
    /// The batch.
    pub batch: String,
    /// The enterprise, by code.
    pub enterprise: String,
    /// The city that judges it; nothing where none is known.
    pub city: Option<String>,
    /// `submitted`, `recommended`, `returned`, `refused`, `certified` or `withdrawn`.
    pub state: &'static str,
    /// The first day of its validity; not known of every one that is printed elsewhere.
    pub valid_from: Option<NaiveDate>,
    /// The last one.
    pub valid_until: Option<NaiveDate>,
    /// People who work there.
    pub staff: Option<i32>,
    /// Places for interns that it offers.
    pub internship_places: Option<i32>,
    /// What it says for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Addresses of what proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Vec<String>>,
    /// Of the last verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it has gone through, oldest first; in the answer of one application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<CertificationStepView>>,
    /// When it applied.
    pub created_at: DateTime<Utc>,
    /// When anything was last done to it.
    pub updated_at: DateTime<Utc>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl EnterpriseCertificationView {
    fn new(ctx: &Ctx, row: &certification::Model) -> Self {
        let sees = enterprises::sees_papers(&ctx.actor, row);
        Self {
            id: row.id.to_string(),
            batch: row.batch_code.0.clone(),
            enterprise: row.enterprise_code.0.clone(),
            city: row.city_code.as_ref().map(|city| city.0.clone()),
            state: row.state.word(),
            valid_from: row.valid_from,
            valid_until: row.valid_until,
            staff: row.staff,
            internship_places: row.internship_places,
            statement: row.statement.clone().filter(|_| sees),
            evidence: sees.then(|| certifications::listed(&row.evidence)),
            reason: row.reason.clone().filter(|_| sees),
            steps: None,
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: enterprises::etag(row),
        }
    }
}

/// A page of applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnterpriseCertificationsView {
    /// Oldest first.
    pub certifications: Vec<EnterpriseCertificationView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which applications, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EnterpriseCertificationsQuery {
    /// Only of this batch.
    pub batch: Option<String>,
    /// Only of this enterprise.
    pub enterprise: Option<String>,
    /// Only of enterprises of this city.
    pub city: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What a page is asked for.
pub(super) fn ask(limit: Option<i64>, cursor: Option<&str>) -> Result<page::Ask<entity::ids::RowId>> {
    Ok(page::Ask {
        limit: page::limit(limit, 100, 1_000, "/limit")?,
        after: cursor.map(|cursor| certifications::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    })
}

/// The applications that are there for the caller: everybody's are those that are certified and valid.
#[utoipa::path(
    tag = "certification", params(EnterpriseCertificationsQuery),
    responses((status = 200, body = EnterpriseCertificationsView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/enterprise-certifications")]
pub async fn list(ctx: Ctx, query: web::Query<EnterpriseCertificationsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let all = "submitted, recommended, returned, refused, certified, withdrawn";
    let states: Vec<String> = query.state.into_iter().collect();
    let filter = Filter {
        batch: query.batch.into_iter().collect(),
        enterprise: query.enterprise.into_iter().collect(),
        city: query.city.into_iter().collect(),
        state: words_of(&states, "/state", words::EnterpriseCertificationState::of, all)?,
    };
    let page = enterprises::list(&ctx, &filter, &ask(query.limit, query.cursor.as_deref())?).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|last| certifications::cursor(last.id));
    let certifications = page.items.iter().map(|row| EnterpriseCertificationView::new(&ctx, row)).collect();
    let view = EnterpriseCertificationsView { certifications, next };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One application, with what it has gone through.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)),
    responses((status = 200, body = EnterpriseCertificationView), (status = 404, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/enterprise-certifications/{certification}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = enterprises::get(&ctx, &id).await?;
    let mut view = EnterpriseCertificationView::new(&ctx, &row);
    if enterprises::sees_papers(&ctx.actor, &row) {
        let steps = enterprises::steps(&ctx, &[row.id]).await?.remove(&row.id).unwrap_or_default();
        view.steps = Some(steps.into_iter().map(CertificationStepView::from).collect());
    }
    Ok(tags::tagged(HttpResponse::Ok(), &enterprises::etag(&row), view))
}

/// What an enterprise applies with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnterpriseCertificationBody {
    /// The batch, by code.
    pub batch: String,
    /// What it says for itself.
    #[serde(default)]
    pub statement: Option<String>,
    /// People who work there.
    #[serde(default)]
    pub staff: Option<i32>,
    /// Places for interns that it offers.
    #[serde(default)]
    pub internship_places: Option<i32>,
    /// Addresses of what proves it.
    #[serde(default)]
    pub evidence: Option<Vec<String>>,
}

/// Applies, as the enterprise of the token.
#[utoipa::path(
    tag = "certification", request_body = NewEnterpriseCertificationBody,
    responses((status = 201, body = EnterpriseCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/enterprise-certifications")]
pub async fn apply(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::EnterpriseCertification)?;
    let body: NewEnterpriseCertificationBody = body::json(&body.0)?;
    let NewEnterpriseCertificationBody { batch, statement, staff, internship_places, evidence } = body;
    let papers = Papers { statement, staff, internship_places, evidence };
    let row = enterprises::apply(&ctx, &batch, papers).await?;
    Ok(tags::tagged(HttpResponse::Created(), &enterprises::etag(&row), EnterpriseCertificationView::new(&ctx, &row)))
}

/// What is corrected; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrectEnterpriseCertificationBody {
    /// What it says for itself.
    pub statement: Option<String>,
    /// People who work there.
    pub staff: Option<i32>,
    /// Places for interns that it offers.
    pub internship_places: Option<i32>,
    /// Addresses of what proves it.
    pub evidence: Option<Vec<String>>,
}

/// Corrects an application that was returned, which puts it before its judge again; of one that is certified the
/// enterprise keeps staff and places up to date.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)),
    request_body = CorrectEnterpriseCertificationBody,
    responses((status = 200, body = EnterpriseCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/enterprise-certifications/{certification}")]
pub async fn correct(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: CorrectEnterpriseCertificationBody = body::json(&body.0)?;
    let CorrectEnterpriseCertificationBody { statement, staff, internship_places, evidence } = body;
    let papers = Papers { statement, staff, internship_places, evidence };
    let row = enterprises::correct(&ctx, &id, papers, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tags::tagged(HttpResponse::Ok(), &enterprises::etag(&row), EnterpriseCertificationView::new(&ctx, &row)))
}

/// What is said of an application of an enterprise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseVerdictBody {
    /// `recommend` (the city), `return`, `refuse` (either), `certify` or `withdraw` (the province).
    pub verdict: String,
    /// Why; needed but for `recommend` and `certify`.
    #[serde(default)]
    pub reason: Option<String>,
    /// The first day of its validity, for `certify`.
    #[serde(default)]
    pub valid_from: Option<String>,
    /// The last one.
    #[serde(default)]
    pub valid_until: Option<String>,
}

/// Says what is to become of an application: the city, then the province; the province alone where no city is known.
#[utoipa::path(
    tag = "certification", params(("certification" = String, Path)), request_body = EnterpriseVerdictBody,
    responses((status = 200, body = EnterpriseCertificationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/enterprise-certifications/{certification}/verdicts")]
pub async fn judge(ctx: Ctx, id: web::Path<String>, request: HttpRequest, body: Body) -> Result<HttpResponse, Problem> {
    let body: EnterpriseVerdictBody = body::json(&body.0)?;
    let reason = body.reason.unwrap_or_default();
    let verdict = match body.verdict.as_str() {
        "recommend" => Verdict::Recommend,
        "return" => Verdict::Return(reason),
        "refuse" => Verdict::Refuse(reason),
        "certify" => Verdict::Certify {
            valid_from: body.valid_from.unwrap_or_default(),
            valid_until: body.valid_until.unwrap_or_default(),
        },
        "withdraw" => Verdict::Withdraw(reason),
        other => return Err(no_verdict("recommend, return, refuse, certify, withdraw", other).into()),
    };
    let row = enterprises::judge(&ctx, &id, verdict, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tags::tagged(HttpResponse::Ok(), &enterprises::etag(&row), EnterpriseCertificationView::new(&ctx, &row)))
}

/// The refusal of a verdict that is none.
pub(super) fn no_verdict(all: &str, got: &str) -> Error {
    let text = Text::new(format!("verdict 应为 {all} 之一"), format!("`verdict` is one of {all}"));
    let finding = crate::error::Finding::error("unknown_word", "/verdict", text);
    Error::Invalid(vec![finding.with(all, got.chars().take(40).collect::<String>())])
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificationReasonBody {
    /// Why.
    pub reason: String,
}
