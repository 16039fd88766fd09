//! `/v1/releases`: what is published, and how it comes to be.

use actix_web::{HttpResponse, get, http::header, post, web};
use chrono::{DateTime, Utc};
use entity::words::ReleaseKind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    body::{self, Body},
    problem::{Problem, ProblemView},
};
use crate::{
    ctx::Ctx,
    domain::releases::{self, New, changes},
    error::{Error, Result, Text},
    formats::decimal,
    memory::ReleaseHead,
    page,
};

/// One dataset and period of a release.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableView {
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// How many schools have a public figure in it.
    pub schools: i32,
    /// SHA-256 of the published columns.
    pub sha256: String,
}

/// A published version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleaseView {
    /// By semantic versioning.
    pub version: String,
    /// `major`, `minor` or `patch`.
    pub kind: &'static str,
    /// What it is for.
    pub note: String,
    /// The period that was brought up to date; nothing for all.
    pub period: Option<String>,
    /// When it was built.
    pub created_at: DateTime<Utc>,
    /// Until then only the province sees it.
    pub publish_at: DateTime<Utc>,
    /// SHA-256 of the registry and catalogue as they stood.
    pub registry_sha256: String,
    /// Its tables.
    pub tables: Vec<TableView>,
    /// What was signed, byte for byte.
    #[schema(value_type = Object)]
    pub manifest: Box<RawValue>,
    /// JWS over the manifest; the key is in `/.well-known/jwks.json`.
    pub signature: String,
}

impl ReleaseView {
    fn new(release: &ReleaseHead) -> Result<Self> {
        let row = &release.row;
        Ok(Self {
            version: row.version.0.clone(),
            kind: row.kind.word(),
            note: row.note.clone(),
            period: row.period_code.clone(),
            created_at: row.created_at,
            publish_at: row.publish_at,
            registry_sha256: row.registry_hash.clone(),
            tables: release
                .tables
                .iter()
                .map(|head| TableView {
                    dataset: head.dataset_code.0.clone(),
                    period: head.period_code.0.clone(),
                    schools: head.schools,
                    sha256: head.public_hash.clone(),
                })
                .collect(),
            manifest: RawValue::from_string(row.manifest.clone()).map_err(Error::internal)?,
            signature: row.signature.clone(),
        })
    }
}

/// A page of releases, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleasesView {
    /// The releases.
    pub releases: Vec<ReleaseView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// How a list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 1 to 1,000; more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// The releases that are there for the caller, newest first.
#[utoipa::path(
    tag = "releases", params(PageQuery),
    responses((status = 200, body = ReleasesView), (status = 422, body = ProblemView))
)]
#[get("/v1/releases")]
pub async fn list(ctx: Ctx, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query
            .cursor
            .as_deref()
            .map(|cursor| page::read_cursor::<1>(cursor, "/cursor"))
            .transpose()?
            .map(|[version]| version),
        before: None,
        from_end: false,
    };
    let page = page::cut(releases::list(&ctx).await?, &ask, |release| release.row.version.0.clone());
    let next = match page.items.last() {
        Some(last) if page.has_next => Some(page::cursor(&[last.row.version.as_str()])),
        _ => None,
    };
    let releases = page.items.iter().map(|release| ReleaseView::new(release)).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(ReleasesView { releases, next }))
}

/// One release, by version (`1.0.0`) or range (`2.*`).
#[utoipa::path(
    tag = "releases", params(("version" = String, Path)),
    responses((status = 200, body = ReleaseView), (status = 404, body = ProblemView), (status = 422, body = ProblemView))
)]
#[get("/v1/releases/{version}")]
pub async fn get(ctx: Ctx, version: web::Path<String>) -> Result<HttpResponse, Problem> {
    let release = releases::resolve(&ctx, Some(version.as_str())).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(ReleaseView::new(&release)?))
}

/// Which changes, and how they are paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// Only of this dataset.
    pub dataset: Option<String>,
    /// Only of this period.
    pub period: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
    /// 1 to 1,000; more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What a cell says.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaysView {
    /// The exact digits; `null` where the status has no value.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Box<RawValue>>,
    /// `REPORTED`, `ESTIMATED`, `NOT_APPLICABLE` or `MISSING`.
    pub status: &'static str,
}

impl SaysView {
    fn new(says: &changes::Says) -> Self {
        let digits = |value: &rust_decimal::Decimal| {
            let mut text = String::new();
            decimal::write_exact(&mut text, value);
            RawValue::from_string(text).ok()
        };
        Self { value: says.value.as_ref().and_then(digits), status: says.status.word() }
    }
}

/// A cell that a release says differently from the one before.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleaseChangeView {
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The school.
    pub school: String,
    /// The line.
    pub indicator: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// What it said; `null` where it was not there.
    pub before: Option<SaysView>,
    /// What it says; `null` where it is not there any more.
    pub after: Option<SaysView>,
    /// Why: for what the table was opened again, or what the release is for.
    pub reason: String,
}

/// A page of changes, in the order of dataset, period, school and indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleaseChangesView {
    /// The version.
    pub release: String,
    /// The version that it is compared with; `null` for the first.
    pub previous: Option<String>,
    /// The cells.
    pub changes: Vec<ReleaseChangeView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// What a release says differently from the one before it, cell by cell, with the reason. Cells of protected lines
/// are told to officials of the school and to the school.
#[utoipa::path(
    tag = "releases", params(("version" = String, Path), ChangesQuery),
    responses((status = 200, body = ReleaseChangesView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView))
)]
#[get("/v1/releases/{version}/changes")]
pub async fn list_changes(
    ctx: Ctx,
    version: web::Path<String>,
    query: web::Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(|cursor| changes::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    };
    let only = changes::Only { dataset: query.dataset, period: query.period, school: query.school };
    let release = releases::resolve(&ctx, Some(version.as_str())).await?.row.version.0.clone();
    let (previous, page) = changes::changes(&ctx, &release, &only, &ask).await?;
    let next = page.items.last().filter(|_| page.has_next).map(changes::CellChange::cursor);
    let view = |one: changes::CellChange| {
        let [dataset, period, school, indicator] = one.place;
        let change = match (&one.before, &one.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        let (before, after) = (one.before.as_ref().map(SaysView::new), one.after.as_ref().map(SaysView::new));
        ReleaseChangeView { dataset, period, school, indicator, change, before, after, reason: one.reason }
    };
    let changes = page.items.into_iter().map(view).collect();
    let view = ReleaseChangesView { release, previous, changes, next };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// What a new release shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    /// Only this period is brought up to date; the others stand as before.
    #[serde(default)]
    pub period: Option<String>,
    /// `major`, `minor` or `patch`.
    pub kind: String,
    /// Until then only the province sees it.
    #[serde(default)]
    pub publish_at: Option<DateTime<Utc>>,
    /// What it is for.
    #[serde(default)]
    pub note: String,
}

/// What a release would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// The version that it would have.
    pub version: String,
    /// The release before it.
    pub previous: Option<String>,
    /// How many tables it would have in all.
    pub all_tables: usize,
    /// Those that it would say differently.
    pub tables: Vec<TablePreviewView>,
}

/// One table that a release would say differently.
#[derive(Debug, Serialize, ToSchema)]
pub struct TablePreviewView {
    /// The dataset.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// Whether the release before did not have it.
    pub is_new: bool,
    /// How many cells of schools would be another, or new, or gone.
    pub cells: usize,
    /// How many figures of protected lines everybody would be told anew.
    pub told: usize,
    /// How many would stand as they were told before.
    pub standing: usize,
    /// How many would be suppressed.
    pub suppressed: usize,
}

/// Says what a release would change, and changes nothing. The note may be left out.
#[utoipa::path(
    tag = "releases", request_body = CreateBody,
    responses((status = 200, body = PreviewView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/releases/preview")]
pub async fn preview(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(crate::authz::Action::Create, crate::authz::Kind::Release)?;
    let mut new = read(&body)?;
    if new.note.is_empty() {
        new.note = "preview".to_owned();
    }
    let preview = releases::preview(&ctx, new, &mut |_| {}).await?;
    let view = |table: releases::TablePreview| TablePreviewView {
        dataset: table.dataset,
        period: table.period,
        is_new: table.is_new,
        cells: table.cells,
        told: table.told,
        standing: table.standing,
        suppressed: table.suppressed,
    };
    let tables = preview.tables.into_iter().map(view).collect();
    let view = PreviewView { version: preview.version, previous: preview.previous, all_tables: preview.all, tables };
    Ok(HttpResponse::Ok().json(view))
}

fn read(body: &Body) -> Result<New, Problem> {
    let body: CreateBody = body::json(&body.0)?;
    let kind = ReleaseKind::of(&body.kind).ok_or_else(|| {
        Error::Invalid(vec![
            crate::error::Finding::error(
                "kind",
                "/kind",
                Text::new("kind 应为 major、minor 或 patch", "kind is major, minor or patch"),
            )
            .with("major, minor, patch", body.kind.as_str()),
        ])
    })?;
    Ok(New { period: body.period, kind, publish_at: body.publish_at, note: body.note })
}

/// Builds a release from everything that is accepted.
#[utoipa::path(
    tag = "releases", request_body = CreateBody,
    responses((status = 201, body = ReleaseView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/releases")]
pub async fn create(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    // Who may not at all learns that first, not what is wrong with the body.
    ctx.require(crate::authz::Action::Create, crate::authz::Kind::Release)?;
    let new = read(&body)?;
    let release = releases::create(&ctx, new).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/releases/{}", release.row.version)))
        .json(ReleaseView::new(&release)?))
}
