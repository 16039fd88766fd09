//! `/health/live` and `/health/ready`: for whoever starts, stops and balances instances.

use actix_web::{HttpResponse, get, http::header, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::House;

/// The state of an instance.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok` or `not_ready`.
    pub status: &'static str,
    /// What was looked at, and whether it is well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckView>,
}

/// One thing that must be well before requests are taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// `database`, `migrations` or `signing_key`.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
}

/// The process runs.
#[utoipa::path(tag = "health", responses((status = 200, body = HealthView)))]
#[get("/health/live")]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(HealthView { status: "ok", checks: Vec::new() })
}

/// The instance can do its work: database, migrations, signing key.
#[utoipa::path(tag = "health", responses((status = 200, body = HealthView), (status = 503, body = HealthView)))]
#[get("/health/ready")]
pub async fn ready(house: web::Data<House>) -> HttpResponse {
    let checks: Vec<CheckView> = house.ready().await.into_iter().map(|(name, ok)| CheckView { name, ok }).collect();
    let is_ready = checks.iter().all(|check| check.ok);
    let mut answer = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(HealthView { status: if is_ready { "ok" } else { "not_ready" }, checks })
}
