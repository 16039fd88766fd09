//! `/v1/interests`: who is interested in what, and how both sides are reached once both have said yes.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{self, Body},
    opportunities::{ContactView, OpportunityView, PartyView},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::Kind,
    ctx::Ctx,
    domain::interests::{self, Express, Known, Step},
    error::Result,
    page,
};

/// An interest in an opportunity.
#[derive(Debug, Serialize, ToSchema)]
pub struct InterestView {
    /// Its id.
    pub id: String,
    /// Who is interested.
    pub by: Option<PartyView>,
    /// In what; nothing where that is not the caller's to see any more.
    pub opportunity: Option<OpportunityView>,
    /// `expressed`, `accepted`, `declined` or `withdrawn`.
    pub state: &'static str,
    /// What the other side is to know.
    pub note: Option<String>,
    /// Why it was declined.
    pub reason: Option<String>,
    /// When it was expressed.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl InterestView {
    fn new(ctx: &Ctx, known: &Known) -> Self {
        let row = &known.row;
        Self {
            id: row.id.to_string(),
            by: interests::party(row).map(|party| PartyView::new(ctx, &party)),
            opportunity: known.of.as_ref().map(|of| OpportunityView::new(ctx, of)),
            state: row.state.word(),
            note: row.note.clone(),
            reason: row.reason.clone(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
            etag: interests::etag(row),
        }
    }
}

/// A page of interests.
#[derive(Debug, Serialize, ToSchema)]
pub struct InterestsView {
    /// Newest first.
    pub interests: Vec<InterestView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which interests, and how the list is paged.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InterestsQuery {
    /// Only in this opportunity, by id.
    pub opportunity: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

fn tagged(answer: HttpResponseBuilder, ctx: &Ctx, known: &Known) -> HttpResponse {
    let view = InterestView::new(ctx, known);
    tags::tagged(answer, &view.etag.clone(), view)
}

/// The interests that are there for the caller: its own, those in its own opportunities, those of its city's owners.
#[utoipa::path(
    tag = "opportunities", params(InterestsQuery),
    responses((status = 200, body = InterestsView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/interests")]
pub async fn list(ctx: Ctx, query: web::Query<InterestsQuery>) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit, 100, 1_000, "/limit")?;
    let after = query.cursor.as_deref().map(|cursor| interests::read_cursor(cursor, "/cursor")).transpose()?;
    let page = interests::list(&ctx, query.opportunity.as_deref(), limit, after).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|known| interests::cursor(&known.row));
    let interests = page.items.iter().map(|known| InterestView::new(&ctx, known)).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(InterestsView { interests, next }))
}

/// One interest.
#[utoipa::path(
    tag = "opportunities", params(("interest" = String, Path)),
    responses((status = 200, body = InterestView), (status = 401, body = ProblemView),
              (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/interests/{interest}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let known = interests::get(&ctx, &id).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &known))
}

/// An interest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressBody {
    /// What the other side is to know before it decides.
    #[serde(default)]
    pub note: Option<String>,
    /// How the interested side is reached: told once the owner has accepted.
    pub contact: ContactView,
}

/// Says that the caller is interested in an opportunity of another; once for each.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path)), request_body = ExpressBody,
    responses((status = 201, body = InterestView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/opportunities/{opportunity}/interests")]
pub async fn express(ctx: Ctx, id: web::Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Interest)?;
    let body: ExpressBody = body::json(&body.0)?;
    let said = Express { note: body.note, contact: body.contact.into() };
    let known = interests::express(&ctx, &id, said).await?;
    Ok(tagged(HttpResponse::Created(), &ctx, &known))
}

async fn take(ctx: &Ctx, id: &str, request: &HttpRequest, step: Step) -> Result<HttpResponse, Problem> {
    let known = interests::take(ctx, id, step, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), ctx, &known))
}

/// The owner of the opportunity says yes: from now on both sides may ask how the other is reached.
#[utoipa::path(
    tag = "opportunities", params(("interest" = String, Path)),
    responses((status = 200, body = InterestView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/interests/{interest}/accept")]
pub async fn accept(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    take(&ctx, &id, &request, Step::Accept).await
}

/// Why not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeclineBody {
    /// Reaches the interested side.
    pub reason: Option<String>,
}

/// The owner of the opportunity says no.
#[utoipa::path(
    tag = "opportunities", params(("interest" = String, Path)), request_body = DeclineBody,
    responses((status = 200, body = InterestView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/interests/{interest}/decline")]
pub async fn decline(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Interest)?;
    let body: DeclineBody = if body.0.is_empty() { DeclineBody::default() } else { body::json(&body.0)? };
    take(&ctx, &id, &request, Step::Decline(body.reason)).await
}

/// Who is interested takes it back, while nobody has answered.
#[utoipa::path(
    tag = "opportunities", params(("interest" = String, Path)),
    responses((status = 200, body = InterestView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/interests/{interest}/withdraw")]
pub async fn withdraw(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    take(&ctx, &id, &request, Step::Withdraw).await
}

/// How both sides are reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactsView {
    /// The owner of the opportunity.
    pub owner: ContactView,
    /// Who is interested.
    pub interested: ContactView,
}

/// How both sides are reached, for the two of them, once the owner has accepted. Each answer is in the journal
/// (`contact.shown`), and both sides hear of it.
#[utoipa::path(
    tag = "opportunities", params(("interest" = String, Path)),
    responses((status = 200, body = ContactsView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/interests/{interest}/contact")]
pub async fn contact(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let contacts = interests::contact(&ctx, &id).await?;
    let view = ContactsView { owner: contacts.owner.into(), interested: contacts.interested.into() };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}
