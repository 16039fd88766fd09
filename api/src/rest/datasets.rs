//! `/v1/datasets`: the tables that schools report.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use entity::dataset;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body, stated},
    catalogue::open,
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        datasets::{self, Change, New, Said},
        periods::Period,
    },
    memory::registry::Registry,
};

/// A table that schools report (报表).
#[derive(Debug, Serialize, ToSchema)]
pub struct DatasetView {
    /// Its code, `scale`.
    pub code: String,
    /// Its official name.
    pub name: String,
    /// In English.
    pub name_en: Option<String>,
    /// `calendar_year` or `school_year`.
    pub period_kind: &'static str,
    /// How many indicators it has; with `period` those that hold in it.
    pub indicators: usize,
    /// Where it is printed.
    pub source: String,
    /// Its place in the list.
    pub position: i32,
    /// The first period that it is reported for; nothing for all before.
    pub valid_from: Option<String>,
    /// The last period that it is reported for; nothing for all after.
    pub valid_to: Option<String>,
    /// By what its schools are parted where protected figures are told: `city`, `ownership`, `category` or `tier`.
    pub parted_by: &'static str,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl DatasetView {
    fn new(row: &dataset::Model, indicators: usize) -> Self {
        Self {
            code: row.code.0.clone(),
            name: row.name.clone(),
            name_en: row.name_en.clone(),
            period_kind: row.period_kind.word(),
            indicators,
            source: row.source.clone(),
            position: row.position,
            valid_from: row.valid_from.as_ref().map(|period| period.0.clone()),
            valid_to: row.valid_to.as_ref().map(|period| period.0.clone()),
            parted_by: row.parted_by.word(),
            version: row.version,
            etag: datasets::etag(row),
        }
    }
}

/// Every table.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatasetsView {
    /// In the order of the catalogue.
    pub datasets: Vec<DatasetView>,
}

/// Of which period.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfPeriod {
    /// The catalogue of this period: only what is reported for it, as it is said of it.
    pub period: Option<String>,
}

/// The tables that schools report.
#[utoipa::path(
    tag = "catalogue", operation_id = "datasets", params(OfPeriod),
    responses((status = 200, body = DatasetsView), (status = 422, body = ProblemView))
)]
#[get("/v1/datasets")]
pub async fn list(ctx: Ctx, query: web::Query<OfPeriod>) -> Result<HttpResponse, Problem> {
    let registry = ctx.memory.registry();
    let period = query.period.as_deref().map(|period| Period::read(period, "/period")).transpose()?;
    let datasets = match &period {
        None => registry.datasets.all().iter().map(|row| view(&registry, row)).collect(),
        Some(period) => registry
            .datasets_in(period.kind, period.code.as_str())
            .map(|row| DatasetView::new(row, registry.lines_in(row.code.as_str(), period.code.as_str()).count()))
            .collect(),
    };
    Ok(open(DatasetsView { datasets }))
}

fn view(registry: &Registry, row: &dataset::Model) -> DatasetView {
    DatasetView::new(row, registry.lines(row.code.as_str()).count())
}

fn tagged(mut answer: HttpResponseBuilder, ctx: &Ctx, row: &dataset::Model) -> HttpResponse {
    answer.insert_header((header::ETAG, datasets::etag(row))).json(view(&ctx.memory.registry(), row))
}

/// A new table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDatasetBody {
    /// Its code, `scale`; never changes.
    pub code: String,
    /// Its official name.
    #[serde(default)]
    pub name: Option<String>,
    /// In English.
    #[serde(default)]
    pub name_en: Option<String>,
    /// `calendar_year` or `school_year`; never changes.
    #[serde(default)]
    pub period_kind: Option<String>,
    /// Where it is printed.
    #[serde(default)]
    pub source: Option<String>,
    /// Its place in the list; the last where nothing is said.
    #[serde(default)]
    pub position: Option<i32>,
    /// The first period that it is reported for.
    #[serde(default)]
    pub valid_from: Option<String>,
    /// The last period that it is reported for.
    #[serde(default)]
    pub valid_to: Option<String>,
    /// By what its schools are parted where protected figures are told; `city` where nothing is said.
    #[serde(default)]
    pub parted_by: Option<String>,
}

/// What is to be different about a table; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeDatasetBody {
    /// Never changes: good only as it is.
    pub code: Option<String>,
    /// Never changes: good only as it is.
    pub period_kind: Option<String>,
    /// Its official name.
    pub name: Option<String>,
    /// In English; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub name_en: Option<Option<String>>,
    /// Where it is printed.
    pub source: Option<String>,
    /// Its place in the list.
    pub position: Option<i32>,
    /// The first period that it is reported for; `null` takes the bound away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub valid_from: Option<Option<String>>,
    /// The last period that it is reported for; `null` takes the bound away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub valid_to: Option<Option<String>>,
    /// By what its schools are parted where protected figures are told; takes effect with a major release.
    pub parted_by: Option<String>,
}

/// Adds a table; its indicators are added one by one.
#[utoipa::path(
    tag = "catalogue", operation_id = "add_dataset", request_body = NewDatasetBody,
    responses((status = 201, body = DatasetView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/datasets")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let body: NewDatasetBody = body::json(&body.0)?;
    let said = Said {
        position: body.position,
        name: body.name,
        name_en: Some(body.name_en),
        source: body.source,
        valid_from: Some(body.valid_from),
        valid_to: Some(body.valid_to),
        parted_by: body.parted_by,
    };
    let row = datasets::add(&ctx, New { code: body.code, period_kind: body.period_kind, said }).await?;
    Ok(tagged(HttpResponse::Created(), &ctx, &row))
}

/// Changes what is said of a table, or from when until when it is reported.
#[utoipa::path(
    tag = "catalogue", operation_id = "change_dataset", params(("dataset" = String, Path)), request_body = ChangeDatasetBody,
    responses((status = 200, body = DatasetView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/datasets/{dataset}")]
pub async fn change(
    ctx: Ctx,
    code: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Catalogue)?;
    let body: ChangeDatasetBody = body::json(&body.0)?;
    let fixed = [("code", body.code), ("period_kind", body.period_kind)];
    let change = Change {
        fixed: fixed.into_iter().filter_map(|(member, got)| Some((member, got?))).collect(),
        said: Said {
            position: body.position,
            name: body.name,
            name_en: body.name_en,
            source: body.source,
            valid_from: body.valid_from,
            valid_to: body.valid_to,
            parted_by: body.parted_by,
        },
    };
    let row = datasets::change(&ctx, &code, change, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &ctx, &row))
}
