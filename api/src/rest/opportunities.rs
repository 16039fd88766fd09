//! `/v1/opportunities`: what schools and enterprises seek and offer, and who meets whom.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, post, put, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::opportunity;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{self, Body},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::opportunities::{self, Close, Contact, Filter, New, Party},
    error::Result,
    page,
};

/// A school or an enterprise.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyView {
    /// `SCHOOL` or `ENTERPRISE`.
    pub role: &'static str,
    /// Its code.
    pub code: String,
    /// Its official name.
    pub name: String,
}

impl PartyView {
    /// A party, with its name.
    pub fn new(ctx: &Ctx, party: &Party) -> Self {
        let registry = ctx.memory.registry();
        let code = party.code();
        let name = match party {
            Party::School(_) => registry.schools.get(code).map(|row| row.name.clone()),
            Party::Enterprise(_) => registry.enterprises.get(code).map(|row| row.name.clone()),
        };
        Self { role: party.role().name(), code: code.to_owned(), name: name.unwrap_or_default() }
    }
}

/// How an office is reached: never a person. A mobile number is refused.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactView {
    /// The office.
    #[serde(default)]
    pub department: Option<String>,
    /// Its telephone: a landline.
    #[serde(default)]
    pub telephone: Option<String>,
    /// Its e-mail.
    #[serde(default)]
    pub email: Option<String>,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let Contact { department, telephone, email } = contact;
        Self { department, telephone, email }
    }
}

impl From<ContactView> for Contact {
    fn from(contact: ContactView) -> Self {
        let ContactView { department, telephone, email } = contact;
        Self { department, telephone, email }
    }
}

/// What a school or an enterprise seeks or offers.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpportunityView {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: PartyView,
    /// `talent`, `cooperation`, `research_project`, `technical_service`, `part_time_teacher`, `internship` or
    /// `teacher_placement`.
    pub kind: &'static str,
    /// `supply` or `demand`.
    pub side: &'static str,
    /// `pending`, `published`, `refused`, `expired`, `closed` or `withdrawn`.
    pub state: &'static str,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where, by the code of a city.
    pub city: Option<String>,
    /// Six-digit codes of majors.
    pub majors: Vec<String>,
    /// Majors in free words.
    pub major_words: Vec<String>,
    /// The industry, in free words.
    pub industry: Option<String>,
    /// How many.
    pub headcount: Option<i32>,
    /// The last day (Asia/Shanghai) on which it stands.
    pub valid_until: NaiveDate,
    /// How its owner is reached: for the owner itself. Others are told by an interest that was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactView>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// `met`, `partly_met` or `unmet`, once it is closed.
    pub outcome: Option<&'static str>,
    /// How many were met.
    pub outcome_number: Option<i32>,
    /// When it was published first.
    pub published_at: Option<DateTime<Utc>>,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl OpportunityView {
    /// A row, with its contact for the owner alone.
    pub fn new(ctx: &Ctx, row: &opportunity::Model) -> Self {
        let owner = opportunities::owner(row);
        Self {
            id: row.id.to_string(),
            owner: owner.map_or(PartyView { role: "", code: String::new(), name: String::new() }, |owner| {
                PartyView::new(ctx, &owner)
            }),
            kind: row.kind.word(),
            side: row.side.word(),
            state: opportunities::state(row, ctx.actor.at).word(),
            title: row.title.clone(),
            text: row.text.clone(),
            city: row.city_code.as_ref().map(|code| code.0.clone()),
            majors: opportunities::listed(&row.majors),
            major_words: opportunities::listed(&row.major_words),
            industry: row.industry.clone(),
            headcount: row.headcount,
            valid_until: row.valid_until,
            contact: opportunities::is_own(ctx, row).then(|| opportunities::contact_of(row).into()),
            reason: row.reason.clone(),
            outcome: row.outcome.map(entity::words::OpportunityOutcome::word),
            outcome_number: row.outcome_number,
            published_at: row.published_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
            etag: opportunities::etag(row),
        }
    }
}

/// A page of opportunities.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpportunitiesView {
    /// Newest first.
    pub opportunities: Vec<OpportunityView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which opportunities, and how the list is paged. A filter takes several words with commas between.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OpportunitiesQuery {
    /// Only of these kinds.
    pub kind: Option<String>,
    /// Only `supply` or `demand`.
    pub side: Option<String>,
    /// Only in these states; what is not published is there for its owner, its city and the province alone.
    pub state: Option<String>,
    /// Only in these cities, by code.
    pub city: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
    /// Only of this enterprise.
    pub enterprise: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

fn words(text: Option<String>) -> Option<Vec<String>> {
    text.map(|text| text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
}

fn tagged(answer: HttpResponseBuilder, ctx: &Ctx, row: &opportunity::Model) -> HttpResponse {
    let view = OpportunityView::new(ctx, row);
    tags::tagged(answer, &view.etag.clone(), view)
}

/// The opportunities that are there for the caller: what is published, its own, those of its city.
#[utoipa::path(
    tag = "opportunities", params(OpportunitiesQuery),
    responses((status = 200, body = OpportunitiesView), (status = 422, body = ProblemView))
)]
#[get("/v1/opportunities")]
pub async fn list(ctx: Ctx, query: web::Query<OpportunitiesQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let limit = page::limit(query.limit, 100, 1_000, "/limit")?;
    let after = query.cursor.as_deref().map(|cursor| opportunities::read_cursor(cursor, "/cursor")).transpose()?;
    let filter = Filter {
        kind: words(query.kind),
        side: query.side,
        state: words(query.state),
        city: words(query.city),
        school: query.school,
        enterprise: query.enterprise,
    };
    let page = opportunities::list(&ctx, &filter, limit, after).await?;
    let next = page.items.last().filter(|_| page.has_next).map(opportunities::cursor);
    let opportunities = page.items.iter().map(|row| OpportunityView::new(&ctx, row)).collect();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .json(OpportunitiesView { opportunities, next }))
}

/// One opportunity.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)),
    responses((status = 200, body = OpportunityView), (status = 404, body = ProblemView))
)]
#[get("/v1/opportunities/{opportunity}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = opportunities::get(&ctx, &id).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}

/// An opportunity as it is stated, whole. Texts hold no telephone and no e-mail: those stand in `contact`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpportunityBody {
    /// `talent`, `cooperation`, `research_project`, `technical_service`, `part_time_teacher`, `internship` or
    /// `teacher_placement`.
    pub kind: String,
    /// `supply` or `demand`.
    pub side: String,
    /// What it is called; up to 120 characters.
    pub title: String,
    /// What it says; up to 4,000 characters.
    #[serde(default)]
    pub text: String,
    /// Where, by the code of a city; the owner's where nothing is said.
    #[serde(default)]
    pub city: Option<String>,
    /// Six-digit codes of majors, at most 20.
    #[serde(default)]
    pub majors: Vec<String>,
    /// Majors in free words, at most 20.
    #[serde(default)]
    pub major_words: Vec<String>,
    /// The industry, in free words.
    #[serde(default)]
    pub industry: Option<String>,
    /// How many.
    #[serde(default)]
    pub headcount: Option<i64>,
    /// The last day (Asia/Shanghai) on which it stands, as in `2026-12-31`; at most three years ahead.
    pub valid_until: String,
    /// How its owner is reached; a telephone or an e-mail at least.
    pub contact: ContactView,
}

impl From<OpportunityBody> for New {
    fn from(body: OpportunityBody) -> Self {
        Self {
            kind: body.kind,
            side: body.side,
            title: body.title,
            text: body.text,
            city: body.city,
            majors: body.majors,
            major_words: body.major_words,
            industry: body.industry,
            headcount: body.headcount,
            valid_until: body.valid_until,
            contact: body.contact.into(),
        }
    }
}

/// Posts an opportunity. An enterprise's first waits for its city; everything else is published at once.
#[utoipa::path(
    tag = "opportunities", request_body = OpportunityBody,
    responses((status = 201, body = OpportunityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/opportunities")]
pub async fn post(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Opportunity)?;
    let body: OpportunityBody = body::json(&body.0)?;
    let row = opportunities::post(&ctx, body.into()).await?;
    Ok(tagged(HttpResponse::Created(), &ctx, &row))
}

/// States an opportunity anew, whole. One that was refused waits for its review again; one that has expired stands
/// again.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)), request_body = OpportunityBody,
    responses((status = 200, body = OpportunityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[put("/v1/opportunities/{opportunity}")]
pub async fn change(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Match)?;
    let body: OpportunityBody = body::json(&body.0)?;
    let row = opportunities::change(&ctx, &id, body.into(), tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}

/// The city of the owner, or the province, publishes what waits.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)),
    responses((status = 200, body = OpportunityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/opportunities/{opportunity}/approve")]
pub async fn approve(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Match)?;
    let row = opportunities::approve(&ctx, &id, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseBody {
    /// Reaches the owner.
    pub reason: String,
}

/// The city of the owner, or the province, refuses what waits, or takes down what should not stand.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)), request_body = RefuseBody,
    responses((status = 200, body = OpportunityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/opportunities/{opportunity}/refuse")]
pub async fn refuse(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Match)?;
    let body: RefuseBody = body::json(&body.0)?;
    let row = opportunities::refuse(&ctx, &id, &body.reason, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}

/// Its owner takes it back.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)),
    responses((status = 200, body = OpportunityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/opportunities/{opportunity}/withdraw")]
pub async fn withdraw(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Match)?;
    let row = opportunities::withdraw(&ctx, &id, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}

/// What has come of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
    /// `met`, `partly_met` or `unmet`.
    pub outcome: String,
    /// How many were met; needed where only a part was.
    #[serde(default)]
    pub number: Option<i64>,
}

/// Its owner says what has come of it.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)), request_body = CloseBody,
    responses((status = 200, body = OpportunityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/opportunities/{opportunity}/close")]
pub async fn close(ctx: Ctx, id: web::Path<String>, request: HttpRequest, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Match)?;
    let CloseBody { outcome, number } = body::json(&body.0)?;
    let said = Close { outcome, number };
    let row = opportunities::close(&ctx, &id, said, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}
