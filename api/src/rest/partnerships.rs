//! `/v1/partnerships`: what exists between schools and enterprises, entered by one side and confirmed by the other.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{partnership, words::PartnershipState};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    body::{self, Body, stated},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::partnerships::{self, By, Filter, Line, New, Said},
    error::{Error, Result, Text},
    formats::decimal,
    memory::derived::{MONEY, Total},
    page,
};

/// What exists between a school and an enterprise (校企合作).
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnershipView {
    /// Its id.
    pub id: String,
    /// The school, if it is one of the province's.
    pub school: Option<String>,
    /// The school, if it is not one of the province's list.
    pub institution: Option<String>,
    /// The enterprise, where it is named.
    pub enterprise: Option<String>,
    /// An open code list: `order_class`, `apprenticeship`, `industry_college` …
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// In English.
    pub name_en: Option<String>,
    /// `proposed`, `active`, `ended`, `refused` or `withdrawn`.
    pub state: &'static str,
    /// `existing` or `planned`, as printed; of what was entered, whether it has been confirmed.
    pub status: String,
    /// Who entered it: `school`, `enterprise` or `province`.
    pub proposed_by: &'static str,
    /// The six digits of the major that it is about, where it is about one.
    pub major: Option<String>,
    /// The first day, where it is known.
    pub starts_on: Option<NaiveDate>,
    /// The last day; of an active one the last that is agreed.
    pub ends_on: Option<NaiveDate>,
    /// How many students are in it.
    pub students: Option<i32>,
    /// What is put into it, in yuan.
    #[schema(value_type = Option<f64>)]
    pub investment: Option<Box<RawValue>>,
    /// Addresses of what shows it.
    pub evidence: Vec<String>,
    /// Why it was refused, or has ended.
    pub reason: Option<String>,
    /// How many, as printed.
    pub count: Option<String>,
    /// The unit of the printed count.
    pub unit: Option<String>,
    /// Where it is printed; empty for what was entered.
    pub source: String,
    /// When it was entered; nothing for what was loaded.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

/// An amount of money in yuan as a JSON number.
fn yuan(amount: i64) -> Option<Box<RawValue>> {
    RawValue::from_string(decimal::digits(amount, MONEY)).ok()
}

impl From<&partnership::Model> for PartnershipView {
    fn from(row: &partnership::Model) -> Self {
        Self {
            id: row.id.to_string(),
            school: row.school_code.as_ref().map(|code| code.0.clone()),
            institution: row.institution_code.as_ref().map(|code| code.0.clone()),
            enterprise: row.enterprise_code.as_ref().map(|code| code.0.clone()),
            kind: row.kind.clone(),
            name: row.label.clone(),
            name_en: row.label_en.clone(),
            state: row.state.word(),
            status: row.status.clone(),
            proposed_by: row.proposed_by.word(),
            major: row.major_code.clone(),
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            students: row.students,
            investment: row.investment.and_then(yuan),
            evidence: partnerships::evidence_of(&row.evidence),
            reason: row.reason.clone(),
            count: row.count.clone(),
            unit: row.unit.clone(),
            source: row.source.clone(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
            etag: partnerships::etag(row),
        }
    }
}

/// A page of partnerships.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnershipsView {
    /// Those of files in their order, then those that were entered as they came.
    pub partnerships: Vec<PartnershipView>,
    /// How many there are in all, for this caller and filter.
    pub total: u64,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which partnerships, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnershipsQuery {
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only in this state: `proposed`, `active`, `ended`, `refused`, `withdrawn`.
    pub state: Option<String>,
    /// Only of this school, by code.
    pub school: Option<String>,
    /// Only of this enterprise, by code.
    pub enterprise: Option<String>,
    /// Only of schools or enterprises in this city, by code.
    pub city: Option<String>,
    /// Only of schools or enterprises that are members of this consortium, by code.
    pub consortium: Option<String>,
    /// Only about this major, by its six digits.
    pub major: Option<String>,
    /// Only those with each of these words in what they are called or in a name of one of their sides.
    pub search: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// The value of a word, or what is wrong with it.
pub(super) fn word<T>(name: &str, sent: Option<&str>, of: fn(&str) -> Option<T>, words: &str) -> Result<Option<T>> {
    let Some(text) = sent else { return Ok(None) };
    of(text).map(Some).ok_or_else(|| {
        let said = Text::new(
            format!("{name} 没有“{text}”；可用的有 {words}"),
            format!("`{name}` knows no `{text}`; it knows {words}"),
        );
        Error::invalid("unknown_word", &format!("/{name}"), said)
    })
}

fn tagged(answer: HttpResponseBuilder, row: &partnership::Model) -> HttpResponse {
    let view = PartnershipView::from(row);
    tags::tagged(answer, &view.etag.clone(), view)
}

/// The partnerships that are there for the caller: everybody's, and those that its own side, its schools and
/// enterprises have before them.
#[utoipa::path(
    tag = "partnerships", params(PartnershipsQuery),
    responses((status = 200, body = PartnershipsView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/partnerships")]
pub async fn list(ctx: Ctx, query: web::Query<PartnershipsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(|cursor| partnerships::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    };
    let states = "proposed, active, ended, refused, withdrawn";
    let one = |word: Option<String>| word.map(|word| vec![word]);
    let filter = Filter {
        kind: one(query.kind),
        state: word("state", query.state.as_deref(), PartnershipState::of, states)?.map(|state| vec![state]),
        school: one(query.school),
        enterprise: one(query.enterprise),
        city: one(query.city),
        consortium: query.consortium,
        major: one(query.major),
        search: query.search,
    };
    let page = partnerships::list(&ctx, &filter, &ask).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|last| partnerships::cursor(partnerships::place(last)));
    let view = PartnershipsView {
        partnerships: page.items.iter().map(PartnershipView::from).collect(),
        total: page.total,
        next,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One partnership.
#[utoipa::path(
    tag = "partnerships", params(("partnership" = String, Path)),
    responses((status = 200, body = PartnershipView), (status = 404, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/partnerships/{partnership}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(tagged(HttpResponse::Ok(), &partnerships::get(&ctx, &id).await?))
}

/// A partnership to enter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnershipBody {
    /// The school, by code; of a school its own where nothing is said.
    #[serde(default)]
    pub school: Option<String>,
    /// The enterprise, by code; of an enterprise its own where nothing is said.
    #[serde(default)]
    pub enterprise: Option<String>,
    /// A word of the open list of kinds: `order_class`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// In English.
    #[serde(default)]
    pub name_en: Option<String>,
    /// A major, by its six digits.
    #[serde(default)]
    pub major: Option<String>,
    /// The first day, `2026-09-01`.
    #[serde(default)]
    pub starts_on: Option<String>,
    /// The last day that is agreed.
    #[serde(default)]
    pub ends_on: Option<String>,
    /// How many students are in it.
    #[serde(default)]
    pub students: Option<i64>,
    /// What is put into it, in yuan, with at most two decimals.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub investment: Option<Box<RawValue>>,
    /// https addresses of what shows it.
    #[serde(default)]
    pub evidence: Option<Vec<String>>,
}

/// Enters a partnership: a school's or an enterprise's is proposed to the other side, the province records what is.
#[utoipa::path(
    tag = "partnerships", request_body = NewPartnershipBody,
    responses((status = 201, body = PartnershipView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/partnerships")]
pub async fn propose(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Partnership)?;
    let body: NewPartnershipBody = body::json(&body.0)?;
    let said = Said {
        kind: Some(body.kind),
        name: Some(body.name),
        name_en: Some(body.name_en),
        major: Some(body.major),
        starts_on: Some(body.starts_on),
        ends_on: Some(body.ends_on),
        students: Some(body.students),
        investment: Some(body.investment.map(|number| number.get().to_owned())),
        evidence: body.evidence,
    };
    let new = New { school: body.school, enterprise: body.enterprise, said };
    Ok(tagged(HttpResponse::Created(), &partnerships::propose(&ctx, new).await?))
}

/// What is to be different about a partnership; what is left out stays, `null` takes it away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangePartnershipBody {
    /// The kind; stays once it is confirmed.
    pub kind: Option<String>,
    /// What it is called; stays once it is confirmed.
    pub name: Option<String>,
    /// In English.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub name_en: Option<Option<String>>,
    /// A major, by its six digits.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub major: Option<Option<String>>,
    /// The first day.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub starts_on: Option<Option<String>>,
    /// The last day that is agreed.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub ends_on: Option<Option<String>>,
    /// How many students are in it.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<i64>)]
    pub students: Option<Option<i64>>,
    /// What is put into it, in yuan, with at most two decimals.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<f64>)]
    pub investment: Option<Option<Box<RawValue>>>,
    /// https addresses of what shows it, all of them.
    pub evidence: Option<Vec<String>>,
}

/// Changes what is said of a partnership: of a proposal whoever made it, of an active one either side.
#[utoipa::path(
    tag = "partnerships", params(("partnership" = String, Path)), request_body = ChangePartnershipBody,
    responses((status = 200, body = PartnershipView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/partnerships/{partnership}")]
pub async fn change(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: ChangePartnershipBody = body::json(&body.0)?;
    let said = Said {
        kind: body.kind,
        name: body.name,
        name_en: body.name_en,
        major: body.major,
        starts_on: body.starts_on,
        ends_on: body.ends_on,
        students: body.students,
        investment: body.investment.map(|amount| amount.map(|number| number.get().to_owned())),
        evidence: body.evidence,
    };
    let row = partnerships::change(&ctx, &id, said, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// Says yes to a partnership that the other side has proposed.
#[utoipa::path(
    tag = "partnerships", params(("partnership" = String, Path)),
    responses((status = 200, body = PartnershipView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/partnerships/{partnership}/confirm")]
pub async fn confirm(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let row = partnerships::confirm(&ctx, &id, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnershipReasonBody {
    /// Reaches the other side.
    pub reason: String,
}

/// Says no to a partnership that the other side has proposed, and why.
#[utoipa::path(
    tag = "partnerships", params(("partnership" = String, Path)), request_body = PartnershipReasonBody,
    responses((status = 200, body = PartnershipView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/partnerships/{partnership}/refuse")]
pub async fn refuse(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: PartnershipReasonBody = body::json(&body.0)?;
    let row = partnerships::refuse(&ctx, &id, body.reason, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// Takes a proposal back before it is answered.
#[utoipa::path(
    tag = "partnerships", params(("partnership" = String, Path)),
    responses((status = 200, body = PartnershipView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/partnerships/{partnership}/withdraw")]
pub async fn withdraw(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let row = partnerships::withdraw(&ctx, &id, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// The end of a partnership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndPartnershipBody {
    /// The last day; today where nothing is said.
    #[serde(default)]
    pub ended_on: Option<String>,
    /// Why; reaches the other side.
    pub reason: String,
}

/// Ends an active partnership.
#[utoipa::path(
    tag = "partnerships", params(("partnership" = String, Path)), request_body = EndPartnershipBody,
    responses((status = 200, body = PartnershipView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/partnerships/{partnership}/end")]
pub async fn end(ctx: Ctx, id: web::Path<String>, request: HttpRequest, body: Body) -> Result<HttpResponse, Problem> {
    let body: EndPartnershipBody = body::json(&body.0)?;
    let if_match = tags::if_match(request.headers());
    let row = partnerships::end(&ctx, &id, body.ended_on, body.reason, if_match.as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// By what partnerships are parted, and of when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnershipStatisticsQuery {
    /// `kind` (where nothing is said), `city`, `school`, `enterprise`, `consortium` or `major`.
    pub group_by: Option<String>,
    /// Those that stood in this period; today where nothing is said.
    pub period: Option<String>,
}

/// What a group of partnerships comes to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnershipTotalView {
    /// The code or word of the group; nothing for partnerships that do not say, and for all together.
    pub key: Option<String>,
    /// How many.
    pub partnerships: i64,
    /// Students of those that say how many; nothing where none does.
    pub students: Option<i64>,
    /// What is put into those that say how much, in yuan; nothing where none does.
    #[schema(value_type = Option<f64>)]
    pub investment: Option<Box<RawValue>>,
}

impl PartnershipTotalView {
    fn new(key: Option<String>, total: Total) -> Self {
        let investment = total.investment.and_then(yuan);
        Self { key, partnerships: total.count, students: total.students, investment }
    }
}

/// What the partnerships that stand come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnershipStatisticsView {
    /// By what they are parted.
    pub group_by: &'static str,
    /// The period; nothing for today.
    pub period: Option<String>,
    /// All of them.
    pub total: PartnershipTotalView,
    /// The groups, in the order of their keys; those that do not say last.
    pub groups: Vec<PartnershipTotalView>,
}

/// What the partnerships that stand today, or that stood in a period, come to.
#[utoipa::path(
    tag = "partnerships", params(PartnershipStatisticsQuery),
    responses((status = 200, body = PartnershipStatisticsView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/partnership-statistics")]
pub async fn statistics(ctx: Ctx, query: web::Query<PartnershipStatisticsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let words = "kind, city, school, enterprise, consortium, major";
    let by = word("group_by", query.group_by.as_deref(), By::of, words)?.unwrap_or(By::Kind);
    let (total, lines) = partnerships::statistics(&ctx, by, query.period.as_deref())?;
    let view = PartnershipStatisticsView {
        group_by: By::ALL.iter().find(|(known, _)| *known == by).map_or("", |(_, word)| word),
        period: query.period,
        total: PartnershipTotalView::new(None, total),
        groups: lines.into_iter().map(|Line { key, total }| PartnershipTotalView::new(key, total)).collect(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}
