//! `/v1/opportunities/{opportunity}/matches` and `/v1/opportunities/digest`: who meets whom.

use actix_web::{HttpResponse, get, http::header, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    opportunities::OpportunityView,
    problem::{Problem, ProblemView},
};
use crate::{
    ctx::Ctx,
    domain::opportunities::{self, Matched},
    error::{Language, Result},
    page, request_id,
};

/// Points for one thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    /// `kind`, `major`, `industry`, `words`, `city`, `headcount` or `partnership`.
    pub code: &'static str,
    /// Those it gives.
    pub points: u32,
    /// The most that it can give.
    pub most: u32,
    /// Why.
    pub text: String,
}

/// A counterpart, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchView {
    /// Of 100; the sum of its parts.
    pub score: u32,
    /// What it is made of: always all seven, in one order.
    #[schema(inline)]
    pub parts: Vec<PartView>,
    /// The counterpart.
    pub opportunity: OpportunityView,
}

impl MatchView {
    fn new(ctx: &Ctx, matched: Matched, language: Language) -> Self {
        let part = |part: crate::matching::Part| PartView {
            code: part.code,
            points: part.points,
            most: part.most,
            text: part.text.in_(language).to_owned(),
        };
        Self {
            score: matched.score.total,
            parts: matched.score.parts.into_iter().map(part).collect(),
            opportunity: OpportunityView::new(ctx, &matched.row),
        }
    }
}

/// The best counterparts.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchesView {
    /// The best first; of equals the one that was posted first.
    pub matches: Vec<MatchView>,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchesQuery {
    /// 1 to 100 (10 unless given); more is refused.
    pub limit: Option<i64>,
}

/// The best counterparts of an opportunity as they stand now, and why. For its owner, its city and the province.
#[utoipa::path(
    tag = "opportunities", params(("opportunity" = String, Path), MatchesQuery),
    responses((status = 200, body = MatchesView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/opportunities/{opportunity}/matches")]
pub async fn list(ctx: Ctx, id: web::Path<String>, query: web::Query<MatchesQuery>) -> Result<HttpResponse, Problem> {
    let most = page::limit(query.limit, 10, 100, "/limit")?;
    let found = opportunities::matches(&ctx, &id, most).await?;
    let language = request_id::current_language();
    let view = MatchesView { matches: found.into_iter().map(|one| MatchView::new(&ctx, one, language)).collect() };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// A supply and a demand that were found to meet.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestedView {
    /// What is offered, by id.
    pub supply: String,
    /// What is sought, by id.
    pub demand: String,
    /// How well, of 100, when it was found.
    pub score: i32,
    /// When.
    pub found_at: DateTime<Utc>,
}

/// What was found in a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestView {
    /// The day (Asia/Shanghai).
    pub day: NaiveDate,
    /// How many matches were found.
    pub total: u64,
    /// The first 1,000 of them, in the order in which they were found.
    pub matches: Vec<DigestedView>,
}

/// Of which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DigestQuery {
    /// As in `2026-12-31` (Asia/Shanghai); today without it.
    pub day: Option<String>,
}

/// What was found in a day, as far as it concerns the caller: its own opportunities, those of its city, all.
#[utoipa::path(
    tag = "opportunities", params(DigestQuery),
    responses((status = 200, body = DigestView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/opportunities/digest")]
pub async fn digest(ctx: Ctx, query: web::Query<DigestQuery>) -> Result<HttpResponse, Problem> {
    let made = opportunities::digest(&ctx, query.day.as_deref()).await?;
    let one = |one: opportunities::Digested| DigestedView {
        supply: one.supply.to_string(),
        demand: one.demand.to_string(),
        score: one.score,
        found_at: one.found_at,
    };
    let view = DigestView { day: made.day, total: made.total, matches: made.matches.into_iter().map(one).collect() };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}
