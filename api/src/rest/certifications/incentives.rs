//! What a certified enterprise was given, and its duty to offer places for interns.

use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::incentive;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CertificationReasonBody, words_of};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::certifications::{
        duty::{self, Duty, Standing},
        incentives,
    },
    rest::{
        body::{self, Body},
        problem::{Problem, ProblemView},
        tags,
    },
};

/// What a certified enterprise was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncentiveView {
    /// Its id.
    pub id: String,
    /// The enterprise, by code.
    pub enterprise: String,
    /// `financial`, `fiscal`, `land` or `credit`.
    pub kind: &'static str,
    /// Yuan, in exact digits.
    pub amount: String,
    /// The day on which it was given.
    pub granted_on: NaiveDate,
    /// Where it is written.
    pub source: String,
    /// The role that recorded it: `CITY` or `PROVINCE`.
    pub recorded_by: String,
    /// When it was taken back, if it was; then it counts no more.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Why.
    pub cancelled_because: Option<String>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl From<&incentive::Model> for IncentiveView {
    fn from(row: &incentive::Model) -> Self {
        Self {
            id: row.id.to_string(),
            enterprise: row.enterprise_code.0.clone(),
            kind: row.kind.word(),
            amount: incentives::yuan(row),
            granted_on: row.granted_on,
            source: row.source.clone(),
            recorded_by: row.recorded_role.clone(),
            cancelled_at: row.cancelled_at,
            cancelled_because: row.cancelled_because.clone(),
            etag: incentives::etag(row),
        }
    }
}

/// Of which enterprise.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncentivesQuery {
    /// Only of this enterprise.
    pub enterprise: Option<String>,
}

/// What enterprises were given: for the enterprise itself, its city and the province.
#[utoipa::path(
    tag = "certification", params(IncentivesQuery),
    responses((status = 200, body = Vec<IncentiveView>), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/incentives")]
pub async fn list_incentives(ctx: Ctx, query: web::Query<IncentivesQuery>) -> Result<HttpResponse, Problem> {
    let rows = incentives::list(&ctx, query.enterprise.as_deref()).await?;
    let views: Vec<IncentiveView> = rows.iter().map(IncentiveView::from).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(views))
}

/// What an enterprise was given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIncentiveBody {
    /// The enterprise, by code.
    pub enterprise: String,
    /// `financial`, `fiscal`, `land` or `credit`.
    pub kind: String,
    /// Yuan, in digits as text, with at most two decimals: `"1200000.50"`.
    pub amount: String,
    /// The day on which it was given, written like `2026-12-31`.
    pub granted_on: String,
    /// Where it is written: the number of a document.
    pub source: String,
}

/// Records what a certified enterprise was given.
#[utoipa::path(
    tag = "certification", request_body = NewIncentiveBody,
    responses((status = 201, body = IncentiveView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/incentives")]
pub async fn record_incentive(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Incentive)?;
    let body: NewIncentiveBody = body::json(&body.0)?;
    let NewIncentiveBody { enterprise, kind, amount, granted_on, source } = body;
    let row = incentives::record(&ctx, incentives::New { enterprise, kind, amount, granted_on, source }).await?;
    Ok(tags::tagged(HttpResponse::Created(), &incentives::etag(&row), IncentiveView::from(&row)))
}

/// Takes a record back that is wrong; it stays, and counts no more.
#[utoipa::path(
    tag = "certification", params(("incentive" = String, Path)), request_body = CertificationReasonBody,
    responses((status = 200, body = IncentiveView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/incentives/{incentive}/cancel")]
pub async fn cancel_incentive(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Incentive)?;
    let body: CertificationReasonBody = body::json(&body.0)?;
    let row = incentives::cancel(&ctx, &id, &body.reason, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tags::tagged(HttpResponse::Ok(), &incentives::etag(&row), IncentiveView::from(&row)))
}

/// What a certified enterprise owes in places for interns, and what it offers.
#[derive(Debug, Serialize, ToSchema)]
pub struct InternshipDutyView {
    /// The enterprise, by code.
    pub enterprise: String,
    /// `meets`, `misses` or `no_data`.
    pub standing: &'static str,
    /// People who work there.
    pub staff: Option<u64>,
    /// Places that it owes: 2 % of the staff, rounded up.
    pub required: Option<u64>,
    /// Places that it offers.
    pub offered: Option<u64>,
    /// How many are missing.
    pub missing: Option<u64>,
}

impl From<Duty> for InternshipDutyView {
    fn from(duty: Duty) -> Self {
        let Duty { enterprise, staff, required, offered, missing, standing } = duty;
        Self { enterprise, standing: standing.word(), staff, required, offered, missing }
    }
}

/// Of which standing.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InternshipDutiesQuery {
    /// `meets`, `misses` or `no_data`.
    pub standing: Option<String>,
}

/// Which certified enterprises offer the places for interns that they owe.
#[utoipa::path(
    tag = "certification", params(InternshipDutiesQuery),
    responses((status = 200, body = Vec<InternshipDutyView>), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/internship-duties")]
pub async fn list_duties(ctx: Ctx, query: web::Query<InternshipDutiesQuery>) -> Result<HttpResponse, Problem> {
    let given: Vec<String> = query.into_inner().standing.into_iter().collect();
    let of = |word: &str| Standing::ALL.iter().copied().find(|one| one.word() == word);
    let standing = words_of(&given, "/standing", of, "meets, misses, no_data")?.into_iter().next();
    let views: Vec<InternshipDutyView> = duty::list(&ctx, standing).await?.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(views))
}
