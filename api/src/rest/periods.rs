//! `/v1/periods`: for which periods schools report.

use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use entity::period;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body},
    catalogue::open,
    problem::{Problem, ProblemView},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::periods::{self, New},
};

/// A statistical period (统计期).
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodView {
    /// `2023`, or `2022-2023`.
    pub code: String,
    /// `calendar_year` or `school_year`.
    pub kind: &'static str,
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
}

impl From<period::Model> for PeriodView {
    fn from(row: period::Model) -> Self {
        Self { code: row.code.0, kind: row.kind.word(), starts_on: row.starts_on, ends_on: row.ends_on }
    }
}

/// Periods.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodsView {
    /// In the order of their beginning.
    pub periods: Vec<PeriodView>,
}

/// The periods that are announced, or that the caller knows a table or a release of.
#[utoipa::path(tag = "catalogue", operation_id = "periods", responses((status = 200, body = PeriodsView)))]
#[get("/v1/periods")]
pub async fn list(ctx: Ctx) -> Result<HttpResponse, Problem> {
    let periods = periods::list(&ctx).await?.into_iter().map(PeriodView::from).collect();
    Ok(open(PeriodsView { periods }))
}

/// A period to announce.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPeriodBody {
    /// `2023`, or `2022-2023`: kind and days follow from it.
    pub code: String,
    /// `calendar_year` or `school_year`; refused where the code says another.
    #[serde(default)]
    pub kind: Option<String>,
    /// Its first day; refused where the code says another.
    #[serde(default)]
    pub starts_on: Option<NaiveDate>,
    /// Its last day; refused where the code says another.
    #[serde(default)]
    pub ends_on: Option<NaiveDate>,
}

/// Announces a period before anything is reported for it.
#[utoipa::path(
    tag = "catalogue", operation_id = "add_period", request_body = NewPeriodBody,
    responses((status = 201, body = PeriodView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/periods")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let NewPeriodBody { code, kind, starts_on, ends_on } = body::json(&body.0)?;
    let row = periods::add(&ctx, New { code, kind, starts_on, ends_on }).await?;
    Ok(HttpResponse::Created().json(PeriodView::from(row)))
}
