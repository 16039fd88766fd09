//! `/v1/submissions/approve`, `/v1/submissions/accept`: a yes for many tables, with a verdict for each.

use actix_web::{HttpResponse, http::header, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body},
    problem::{Problem, ProblemView},
};
use crate::{
    ctx::Ctx,
    domain::{
        precondition::Precondition,
        reviews::{self, Yes},
        submissions::Key,
    },
    error::Result,
};

/// A table, and the state of it that was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenBody {
    /// The school that reports.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The ETag or the content hash that was seen: a yes binds to it.
    pub if_match: Option<String>,
}

/// The tables to say yes to, at most 200.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManyBody {
    /// Each with the state that was seen.
    pub tables: Vec<SeenBody>,
}

/// What became of one table.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictView {
    /// The school that reports.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The status that the table alone would have been answered with.
    pub status: u16,
    /// Where it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Its new ETag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Why nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<ProblemView>,
}

/// What became of all of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictsView {
    /// How many took the step.
    pub done: usize,
    /// How many did not.
    pub refused: usize,
    /// One for each table, in the order of the request.
    pub verdicts: Vec<VerdictView>,
}

async fn say(ctx: &Ctx, yes: Yes, body: &Body) -> Result<HttpResponse> {
    let body: ManyBody = body::json(&body.0)?;
    let tables = body
        .tables
        .iter()
        .map(|one| {
            let key = Key::new(&one.school, &one.dataset, &one.period);
            (key, Precondition::if_match(one.if_match.as_deref()))
        })
        .collect();
    let verdicts: Vec<VerdictView> = reviews::take_all(ctx, yes, tables)
        .await?
        .into_iter()
        .map(|(Key { school, dataset, period }, verdict)| {
            let (school, dataset, period) = (school.0, dataset.0, period.0);
            match verdict {
                Ok(table) => {
                    let (state, etag) = (Some(table.row.state.word()), table.etag());
                    VerdictView { school, dataset, period, status: 200, state, etag, problem: None }
                }
                Err(error) => {
                    error.log();
                    let problem = ProblemView::new(&error);
                    VerdictView {
                        school,
                        dataset,
                        period,
                        status: problem.status,
                        state: None,
                        etag: None,
                        problem: Some(problem),
                    }
                }
            }
        })
        .collect();
    let refused = verdicts.iter().filter(|one| one.problem.is_some()).count();
    let view = VerdictsView { done: verdicts.len() - refused, refused, verdicts };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

/// First review of many tables: each is approved in the state named with it, or says why not.
#[utoipa::path(
    tag = "reviews", request_body = ManyBody,
    responses(
        (status = 200, body = VerdictsView), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
        (status = 403, body = ProblemView), (status = 404, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/submissions/approve")]
pub async fn approve(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    Ok(say(&ctx, Yes::Approve, &body).await?)
}

/// Second review of many tables: each is accepted in the state named with it, or says why not.
#[utoipa::path(
    tag = "reviews", request_body = ManyBody,
    responses(
        (status = 200, body = VerdictsView), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
        (status = 403, body = ProblemView), (status = 404, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/submissions/accept")]
pub async fn accept(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    Ok(say(&ctx, Yes::Accept, &body).await?)
}
