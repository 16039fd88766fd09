//! `…/peers`: where a table lies among those of the school's peers.

use actix_web::{HttpResponse, get, http::header, web};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::problem::{Problem, ProblemView};
use crate::{
    ctx::Ctx,
    domain::submissions::{
        Key,
        review::{self, Beside, Quartiles},
    },
    error::{Error, Result},
    request_id,
};

/// Where a group of schools lies, the school itself among them.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuartilesView {
    /// The lower quartile.
    #[schema(value_type = Option<f64>)]
    pub p25: Option<Box<RawValue>>,
    /// The median.
    #[schema(value_type = Option<f64>)]
    pub median: Option<Box<RawValue>>,
    /// The upper quartile.
    #[schema(value_type = Option<f64>)]
    pub p75: Option<Box<RawValue>>,
    /// How many schools contributed; `null` where that is not told.
    pub schools: Option<usize>,
    /// Of which period, where it is an earlier one than the table's: of that nothing is published yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// What the figures say; `SUPPRESSED` where they are not told.
    pub status: &'static str,
    /// Why they are not told, in the language of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A figure beside the school's peers.
#[derive(Debug, Serialize, ToSchema)]
pub struct BesideView {
    /// Which figure.
    pub indicator: String,
    /// What the table says; `null` where it says nothing, or it is not the caller's to see.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Box<RawValue>>,
    /// The schools of its field in the province.
    pub category: QuartilesView,
    /// The schools of its city.
    pub city: QuartilesView,
}

/// A table beside the school's peers.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeersView {
    /// The school's code.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// Every line, in the order of the form.
    pub indicators: Vec<BesideView>,
}

fn digits(digits: Option<String>) -> Result<Option<Box<RawValue>>> {
    digits.map(RawValue::from_string).transpose().map_err(Error::internal)
}

fn quartiles(told: Quartiles) -> Result<QuartilesView> {
    let exact = |value: Option<rust_decimal::Decimal>| digits(value.map(|value| value.normalize().to_string()));
    Ok(QuartilesView {
        p25: exact(told.p25)?,
        median: exact(told.median)?,
        p75: exact(told.p75)?,
        schools: told.schools,
        period: told.period.map(|period| period.to_string()),
        status: told.status.word(),
        reason: told.reason.map(|reason| reason.in_(request_id::current_language()).to_owned()),
    })
}

fn beside(one: Beside) -> Result<BesideView> {
    let Beside { indicator, value, city, category } = one;
    Ok(BesideView { indicator, value: digits(value)?, category: quartiles(category)?, city: quartiles(city)? })
}

/// Where a table lies among those of the school's anonymous peers, before it is submitted as after: quartiles over the
/// schools of its field and of its city, of at least three schools, as far as the caller may be told.
#[utoipa::path(
    tag = "submissions",
    params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path)),
    responses((status = 200, body = PeersView), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/schools/{school}/submissions/{dataset}/{period}/peers")]
pub async fn get(ctx: Ctx, path: web::Path<(String, String, String)>) -> Result<HttpResponse, Problem> {
    let (school, dataset, period) = path.into_inner();
    let all = review::compared(&ctx, &Key::new(&school, &dataset, &period)).await?;
    let indicators = all.into_iter().map(beside).collect::<Result<Vec<BesideView>>>()?;
    let view = PeersView { school, dataset, period, indicators };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}
