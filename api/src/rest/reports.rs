//! `/v1/reports`: the annual report, as pages, workbooks, CSV files and drawings.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, HeaderValue},
    web,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Problem, ProblemView};
use crate::{
    authz::Kind,
    ctx::Ctx,
    domain::reports::{self, Ask, Compiled},
    error::{Error, Result},
    formats::{document::sha256, report::page},
    request_id,
};

/// From what a report is made.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// A version (`1.0.0`) or a range (`2.*`); the newest release without it. For the province also `live`.
    pub release: Option<String>,
    /// With what only officials see; for the province.
    pub internal: Option<bool>,
}

/// A table or drawing of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    /// As the printed ones are numbered; nothing for a drawing.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// The names of its files.
    pub files: Vec<String>,
}

/// What a report consists of.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportView {
    /// The period it is about.
    pub period: String,
    /// The version it is made from, or `live`.
    pub release: String,
    /// Its title.
    pub title: String,
    /// Whether it is for officials alone.
    pub internal: bool,
    /// The whole of it: a page, and a workbook.
    pub files: Vec<String>,
    /// Its tables, in their order.
    pub tables: Vec<PartView>,
    /// Its drawings.
    pub drawings: Vec<PartView>,
}

async fn compiled(ctx: &Ctx, period: &str, query: ReportQuery) -> Result<Compiled> {
    let language = request_id::current_language();
    let is_internal = query.internal.unwrap_or(false);
    reports::compile(ctx, &Ask { period: period.to_owned(), release: query.release, is_internal, language }).await
}

/// What the annual report of a period consists of. A report shows what everybody may see, and is the same for
/// everybody; one of a release that is still hidden is the province's alone.
#[utoipa::path(
    tag = "reports", params(("period" = String, Path), ReportQuery),
    responses((status = 200, body = ReportView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 422, body = ProblemView))
)]
#[get("/v1/reports/{period}")]
pub async fn index(
    ctx: Ctx,
    period: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> Result<HttpResponse, Problem> {
    let made = compiled(&ctx, &period, query.into_inner()).await?;
    let table = |table: &crate::formats::report::Table| PartView {
        number: Some(table.number.clone()),
        name: table.name.clone(),
        files: ["html", "xlsx", "csv"].map(|end| format!("{}.{end}", table.file)).to_vec(),
    };
    let view = ReportView {
        period: period.into_inner(),
        release: made.release.clone(),
        title: made.report.title.clone(),
        internal: made.is_internal,
        files: vec!["index.html".to_owned(), "report.xlsx".to_owned()],
        tables: made.report.tables.iter().map(table).collect(),
        drawings: made
            .report
            .drawings
            .iter()
            .map(|one| PartView { number: None, name: one.title.clone(), files: vec![format!("{}.svg", one.file)] })
            .collect(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One file of the annual report: `index.html` is the whole of it, `table-2.xlsx` or `appendix-1.csv` one table,
/// `schools-by-city.svg` a drawing. The index names them all.
#[utoipa::path(
    tag = "reports", params(("period" = String, Path), ("file" = String, Path), ReportQuery),
    responses(
        (status = 200, content((String = "text/html"), (String = "text/csv"), (String = "image/svg+xml"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 304, description = "What If-None-Match names is what it says now."),
        (status = 401, body = ProblemView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 422, body = ProblemView))
)]
#[get("/v1/reports/{period}/{file}")]
pub async fn file(
    ctx: Ctx,
    path: web::Path<(String, String)>,
    query: web::Query<ReportQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (period, name) = path.into_inner();
    let made = compiled(&ctx, &period, query.into_inner()).await?;
    let Some(file) = made.file(&name)? else { return Err(Error::NotFound(Kind::Release).into()) };
    let etag = format!("\"{}\"", sha256(&file.bytes));
    // Of what is hidden no copy stays anywhere.
    let cache = if made.is_internal { "no-store" } else { "no-cache" };
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(file.kind)
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::VARY, "accept-language"));
    if file.kind.starts_with("text/html") {
        let policy = format!("{}; frame-ancestors 'none'", page::policy());
        answer
            .insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(Error::internal)?));
    } else if !file.kind.starts_with("image/") {
        // A period that was read and a name of the index: nothing in them needs quoting.
        let name = format!("attachment; filename=\"{period}-{name}\"");
        answer.insert_header((header::CONTENT_DISPOSITION, name));
    }
    Ok(answer.body(file.bytes))
}
