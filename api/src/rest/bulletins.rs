//! `/v1/bulletins`: what was sought and offered in a year, and how much of it was met.

use actix_web::{
    HttpResponse, get,
    http::header::{self, HeaderValue},
    post, web,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Problem, ProblemView};
use crate::{
    ctx::Ctx,
    domain::bulletins::{self, Bulletin, Line},
    error::{Error, Language, Result},
    formats::report::page,
    request_id,
};

/// So many postings, and the heads that they name together.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountView {
    /// Postings.
    pub postings: i64,
    /// The sum of their headcounts, as far as they name one.
    pub headcount: i64,
}

/// What has come of the postings of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomesView {
    /// Closed as met.
    pub met: i64,
    /// Closed as met in part.
    pub partly_met: i64,
    /// Closed as unmet, taken back or down, or past their day without a word.
    pub unmet: i64,
    /// Still standing.
    pub open: i64,
    /// How many heads were met, as far as it was said.
    pub heads_met: i64,
}

/// A line of the bulletin.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulletinLineView {
    /// `total`, `kind`, `industry`, `city` or `major` (the first two digits of a major's code).
    pub dimension: &'static str,
    /// The word, name or code; empty for the total and for what does not say.
    pub key: String,
    /// For people.
    pub name: String,
    /// What was offered.
    pub supply: CountView,
    /// What was sought.
    pub demand: CountView,
    /// `null` where fewer than three owners stand behind it, or it would tell of such a line.
    pub outcomes: Option<OutcomesView>,
}

/// The bulletin of a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulletinView {
    /// Postings that were published first in this year (Asia/Shanghai).
    pub year: i32,
    /// Whether the year is over.
    pub is_final: bool,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// By dimension and key, the total first.
    pub lines: Vec<BulletinLineView>,
    /// When it was published; from then on it does not change. Nothing before.
    pub published_at: Option<DateTime<Utc>>,
    /// SHA-256 of the document, in hexadecimal.
    pub hash: Option<String>,
    /// What was published, as canonical JSON (RFC 8785).
    pub document: Option<String>,
}

impl BulletinView {
    fn new(bulletin: Bulletin, language: Language) -> Self {
        let line = |line: Line| BulletinLineView {
            dimension: line.dimension.word(),
            name: line.name.in_(language).to_owned(),
            supply: CountView { postings: line.supply.postings, headcount: line.supply.headcount },
            demand: CountView { postings: line.demand.postings, headcount: line.demand.headcount },
            outcomes: line.outcomes.map(|all| OutcomesView {
                met: all.met,
                partly_met: all.partly_met,
                unmet: all.unmet,
                open: all.open,
                heads_met: all.heads_met,
            }),
            key: line.key,
        };
        let (published_at, hash, document) = match bulletin.published {
            Some(published) => (Some(published.at), Some(published.hash), Some(published.document)),
            None => (None, None, None),
        };
        Self {
            published_at,
            hash,
            document,
            year: bulletin.year,
            is_final: bulletin.is_final,
            made_at: bulletin.made_at,
            lines: bulletin.lines.into_iter().map(line).collect(),
        }
    }
}

/// The bulletin of a year, the same for everybody: as it was published, or as it stands now.
#[utoipa::path(
    tag = "opportunities", params(("year" = String, Path)),
    responses((status = 200, body = BulletinView), (status = 404, body = ProblemView))
)]
#[get("/v1/bulletins/{year}.json")]
pub async fn json(ctx: Ctx, year: web::Path<String>) -> Result<HttpResponse, Problem> {
    let bulletin = bulletins::get(&ctx, &year).await?;
    let view = BulletinView::new(bulletin, request_id::current_language());
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "accept-language"))
        .json(view))
}

/// Publishes the bulletin of a year that is over, once: from then on it does not change.
#[utoipa::path(
    tag = "opportunities", params(("year" = String, Path)),
    responses((status = 201, body = BulletinView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/bulletins/{year}")]
pub async fn publish(ctx: Ctx, year: web::Path<String>) -> Result<HttpResponse, Problem> {
    let bulletin = bulletins::publish(&ctx, &year).await?;
    let view = BulletinView::new(bulletin, request_id::current_language());
    let at = format!("/v1/bulletins/{}.json", view.year);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, at))
        .insert_header((header::VARY, "accept-language"))
        .json(view))
}

/// The bulletin of a year as a CSV file. `status` is `SUPPRESSED` where an outcome is not told.
#[utoipa::path(
    tag = "opportunities", params(("year" = String, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ProblemView))
)]
#[get("/v1/bulletins/{year}.csv")]
pub async fn csv(ctx: Ctx, year: web::Path<String>) -> Result<HttpResponse, Problem> {
    let bulletin = bulletins::get(&ctx, &year).await?;
    let name = format!("attachment; filename=\"bulletin-{}.csv\"", bulletin.year);
    let text = bulletins::csv(&bulletin, request_id::current_language())?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "accept-language"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(text))
}

/// The bulletin of a year as a page, fit for print.
#[utoipa::path(
    tag = "opportunities", params(("year" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = ProblemView))
)]
#[get("/v1/bulletins/{year}.html")]
pub async fn html(ctx: Ctx, year: web::Path<String>) -> Result<HttpResponse, Problem> {
    let bulletin = bulletins::get(&ctx, &year).await?;
    let text = bulletins::html(&bulletin, request_id::current_language());
    let policy = format!("{}; frame-ancestors 'none'", page::policy());
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "accept-language"))
        .insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(Error::internal)?))
        .body(text))
}
