//! `/v1/templates`: a table as a form in Excel, to be filled in and sent to `/v1/batches`.

use actix_web::{HttpResponse, get, http::header, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::{Problem, ProblemView};
use crate::{
    ctx::Ctx,
    domain::{submissions::Key, templates},
    error::Result,
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Whose form, and for when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// The school; the caller's own unless given.
    pub school: Option<String>,
    /// The period, as `2023` or `2022-2023`.
    pub period: String,
}

/// A form with labels, units, last year's values and what is there already; only the cells to fill in are open.
#[utoipa::path(
    tag = "batches", params(("dataset" = String, Path), TemplateQuery),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 400, body = ProblemView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/templates/{dataset}.xlsx")]
pub async fn get(
    ctx: Ctx,
    dataset: web::Path<String>,
    query: web::Query<TemplateQuery>,
) -> Result<HttpResponse, Problem> {
    let school = query.school.as_deref().unwrap_or_else(|| ctx.actor.org());
    let key = Key::new(school, &dataset, &query.period);
    let bytes = templates::form(&ctx, &key).await?;
    // Codes of the registry and a period that was read: nothing in them needs quoting.
    let name = format!("attachment; filename=\"{}-{}-{}.xlsx\"", key.school, key.dataset, key.period);
    Ok(HttpResponse::Ok()
        .content_type(XLSX)
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(bytes))
}
