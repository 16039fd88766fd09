//! `/v1/collections`: the days within which schools report a table for a period, and who was given longer.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{collection, collection_extension};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body, stated},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::collections::{self, Change, Days, Extend, Filter, Key, New},
    error::Result,
    page,
};

/// More time for one school.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExtensionView {
    /// The school.
    pub school: String,
    /// The last day (Asia/Shanghai) on which it may write.
    pub until: NaiveDate,
    /// Why.
    pub reason: String,
    /// When it was granted.
    pub at: DateTime<Utc>,
}

impl From<&collection_extension::Model> for ExtensionView {
    fn from(row: &collection_extension::Model) -> Self {
        Self { school: row.school_code.0.clone(), until: row.until, reason: row.reason.clone(), at: row.at }
    }
}

/// The days within which schools report a table for a period (采集任务). Days are those of Asia/Shanghai.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionView {
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The first day on which anything is taken.
    pub opens_on: NaiveDate,
    /// The last day in time.
    pub due_on: NaiveDate,
    /// The last day on which anything is taken.
    pub closes_on: NaiveDate,
    /// What the schools are to know.
    pub note: Option<String>,
    /// `upcoming`, `open`, `overdue` (late, but still taken) or `closed`; for a school with the time it was given.
    pub state: &'static str,
    /// Who was given longer: the newest word for each school of the caller's.
    pub extensions: Vec<ExtensionView>,
    /// Goes up with every change of the days.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl CollectionView {
    fn new(ctx: &Ctx, row: &collection::Model, extensions: &[collection_extension::Model]) -> Self {
        let days = Days::of(row);
        Self {
            dataset: row.dataset_code.0.clone(),
            period: row.period_code.0.clone(),
            opens_on: days.opens_on,
            due_on: days.due_on,
            closes_on: days.closes_on,
            note: row.note.clone(),
            state: collections::stage(ctx, row, extensions).word(),
            extensions: extensions.iter().map(ExtensionView::from).collect(),
            version: row.version,
            etag: collections::etag(row),
        }
    }
}

/// A page of collections.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionsView {
    /// By table and period.
    pub collections: Vec<CollectionView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which collections, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CollectionsQuery {
    /// Only of this table.
    pub dataset: Option<String>,
    /// Only of this period.
    pub period: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

fn tagged(answer: HttpResponseBuilder, view: CollectionView) -> HttpResponse {
    tags::tagged(answer, &view.etag.clone(), view)
}

async fn view(ctx: &Ctx, row: &collection::Model) -> Result<CollectionView> {
    let key = Key::of(row);
    let extensions = collections::extensions(ctx, ctx.db.read(), &BTreeSet::from([key.clone()])).await?.remove(&key);
    Ok(CollectionView::new(ctx, row, &extensions.unwrap_or_default()))
}

/// The collections that are there for the caller.
#[utoipa::path(
    tag = "collections", params(CollectionsQuery),
    responses((status = 200, body = CollectionsView), (status = 401, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/collections")]
pub async fn list(ctx: Ctx, query: web::Query<CollectionsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(|cursor| collections::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    };
    let one = |word: Option<String>| word.map(|word| vec![word]);
    let filter = Filter { dataset: one(query.dataset), period: one(query.period) };
    let page = collections::list(&ctx, &filter, &ask).await?;
    let keys: BTreeSet<Key> = page.items.iter().map(Key::of).collect();
    let extensions = collections::extensions(&ctx, ctx.db.read(), &keys).await?;
    let none = Vec::new();
    let view = |row: &collection::Model| CollectionView::new(&ctx, row, extensions.get(&Key::of(row)).unwrap_or(&none));
    let next = page.items.last().filter(|_| page.has_next).map(|last| collections::cursor(&Key::of(last)));
    let view = CollectionsView { collections: page.items.iter().map(view).collect(), next };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One collection.
#[utoipa::path(
    tag = "collections", params(("dataset" = String, Path), ("period" = String, Path)),
    responses((status = 200, body = CollectionView), (status = 401, body = ProblemView),
              (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/collections/{dataset}/{period}")]
pub async fn get(ctx: Ctx, key: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let row = collections::get(&ctx, &Key::new(&key.0, &key.1)).await?;
    Ok(tagged(HttpResponse::Ok(), view(&ctx, &row).await?))
}

/// A collection to open. Days are written like `2026-12-31`, are those of Asia/Shanghai, and count whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollectionBody {
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The first day on which anything is taken.
    pub opens_on: String,
    /// The last day in time.
    pub due_on: String,
    /// The last day on which anything is taken; the day on which it is due where nothing is said.
    #[serde(default)]
    pub closes_on: Option<String>,
    /// What the schools are to know.
    #[serde(default)]
    pub note: Option<String>,
}

/// Opens a collection.
#[utoipa::path(
    tag = "collections", request_body = NewCollectionBody,
    responses((status = 201, body = CollectionView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/collections")]
pub async fn open(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Collection)?;
    let body: NewCollectionBody = body::json(&body.0)?;
    let new = New {
        dataset: body.dataset,
        period: body.period,
        opens_on: body.opens_on,
        due_on: body.due_on,
        closes_on: body.closes_on,
        note: body.note,
    };
    let row = collections::open(&ctx, new).await?;
    // Nobody was given longer than what has just been opened.
    Ok(tagged(HttpResponse::Created(), CollectionView::new(&ctx, &row, &[])))
}

/// What is to be different about a collection; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeCollectionBody {
    /// The first day on which anything is taken.
    pub opens_on: Option<String>,
    /// The last day in time.
    pub due_on: Option<String>,
    /// The last day on which anything is taken; `null` for the day on which it is due.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub closes_on: Option<Option<String>>,
    /// What the schools are to know; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub note: Option<Option<String>>,
}

/// Changes the days of a collection.
#[utoipa::path(
    tag = "collections", params(("dataset" = String, Path), ("period" = String, Path)),
    request_body = ChangeCollectionBody,
    responses((status = 200, body = CollectionView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/collections/{dataset}/{period}")]
pub async fn change(
    ctx: Ctx,
    key: web::Path<(String, String)>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Collection)?;
    let body: ChangeCollectionBody = body::json(&body.0)?;
    let change = Change { opens_on: body.opens_on, due_on: body.due_on, closes_on: body.closes_on, note: body.note };
    let key = Key::new(&key.0, &key.1);
    let row = collections::change(&ctx, &key, change, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), view(&ctx, &row).await?))
}

/// More time for one school.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionBody {
    /// The school, by code.
    pub school: String,
    /// The last day on which it may write, after the day on which the collection closes.
    pub until: String,
    /// Why; reaches the school and its city.
    pub reason: String,
}

/// Gives one school longer. A later word takes the place of an earlier one.
#[utoipa::path(
    tag = "collections", params(("dataset" = String, Path), ("period" = String, Path)),
    request_body = ExtensionBody,
    responses((status = 201, body = ExtensionView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/collections/{dataset}/{period}/extensions")]
pub async fn extend(ctx: Ctx, key: web::Path<(String, String)>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Collection)?;
    let body: ExtensionBody = body::json(&body.0)?;
    let extend = Extend { school: body.school, until: body.until, reason: body.reason };
    let (_, granted) = collections::extend(&ctx, &Key::new(&key.0, &key.1), extend).await?;
    Ok(HttpResponse::Created().json(ExtensionView::from(&granted)))
}
