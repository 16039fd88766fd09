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
    domain::releases::{self, New},
    error::{Error, Result, Text},
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
    /// How many schools have one.
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
    let new = New { period: body.period, kind, publish_at: body.publish_at, note: body.note };
    let release = releases::create(&ctx, new).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/releases/{}", release.row.version)))
        .json(ReleaseView::new(&release)?))
}
