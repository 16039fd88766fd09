//! `/v1/webhooks`: where an organisation wants to hear of events, and what has become of the messages.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, http::header, patch, post, web};
use chrono::{DateTime, Utc};
use entity::{
    ids::{DeliveryId, WebhookId},
    webhook, webhook_delivery,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{self, Body},
    idempotency::Kept,
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    House,
    authz::{Action, Kind},
    config::PrivateTargets,
    ctx::Ctx,
    domain::webhooks::{self, Told, Wish, courier},
    error::{Error, Result},
    page,
};

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Where messages go.
    pub url: String,
    /// The types that are wanted; all for an empty list.
    pub events: Vec<String>,
    /// Whether messages go there. One that nothing reaches for three days is disabled.
    pub enabled: bool,
    /// Since when nothing has arrived there.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until then the secret before signs, too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Stands for what its owner has said; hand it back in `If-Match`.
    pub etag: String,
    /// `whsec_…`, this once: what messages are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl WebhookView {
    fn new(row: webhook::Model) -> Result<Self> {
        Ok(Self {
            id: row.id.to_string(),
            events: webhooks::events(&row)?,
            enabled: !row.is_disabled,
            failing_since: row.failing_since,
            previous_secret_until: row.previous_until.filter(|until| *until > Utc::now()),
            created_at: row.created_at,
            etag: webhooks::etag(&row),
            url: row.url,
            secret: None,
        })
    }
}

/// The caller's endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhooksView {
    /// Oldest first.
    pub webhooks: Vec<WebhookView>,
}

/// A message, and what has become of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id.
    pub id: String,
    /// `webhook-id` of every attempt.
    pub message_id: String,
    /// The type of its event.
    #[serde(rename = "type")]
    pub kind: String,
    /// `pending`, `delivered` or `failed`.
    pub state: &'static str,
    /// How often it was sent.
    pub attempts: i32,
    /// When it will be sent next, while it is pending.
    pub next_at: Option<DateTime<Utc>>,
    /// When it was sent last.
    pub last_at: Option<DateTime<Utc>>,
    /// What it was answered.
    pub last_status: Option<i32>,
    /// Why it did not arrive.
    pub last_error: Option<String>,
    /// When its event became a message.
    pub created_at: DateTime<Utc>,
}

impl From<webhook_delivery::Model> for DeliveryView {
    fn from(row: webhook_delivery::Model) -> Self {
        use entity::words::DeliveryState;
        Self {
            id: row.id.to_string(),
            message_id: courier::message_id(row.id),
            kind: row.event,
            state: row.state.word(),
            attempts: row.attempts,
            next_at: (row.state == DeliveryState::Pending).then_some(row.next_at),
            last_at: row.last_at,
            last_status: row.last_status,
            last_error: row.last_error,
            created_at: row.created_at,
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesView {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// A new endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddBody {
    /// Where messages go: an https address outside of private networks.
    pub url: String,
    /// The types that are wanted (`submission.returned`, `submission.*`); all without it.
    #[serde(default)]
    pub events: Vec<String>,
}

/// What is to be different; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    /// Where messages go.
    #[serde(default)]
    pub url: Option<String>,
    /// The types that are wanted.
    #[serde(default)]
    pub events: Option<Vec<String>>,
    /// Whether messages go there. Enabled again, it hears of what is sealed from then on.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// Another secret.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateBody {
    /// How many hours the old secret signs beside the new one: 0 to 168, 24 unless given.
    #[serde(default)]
    pub overlap_hours: Option<i64>,
}

type Id = web::Path<String>;

/// An address that is no id is one that nothing is at.
fn id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| Error::NotFound(Kind::Webhook))
}

fn may_be_inside(house: &House) -> bool {
    house.config.webhooks.private_targets == PrivateTargets::Allow
}

fn answer(mut builder: HttpResponseBuilder, view: &WebhookView) -> HttpResponse {
    builder
        .insert_header((header::ETAG, view.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(view)
}

/// Answers with a secret, which an `Idempotency-Key` does not keep.
fn told(builder: HttpResponseBuilder, Told { row, secret }: Told) -> Result<HttpResponse> {
    let view = WebhookView::new(row)?;
    let kept = Kept(serde_json::to_string(&view).map_err(Error::internal)?);
    let mut answer = answer(builder, &WebhookView { secret: Some(secret.expose().to_owned()), ..view });
    answer.extensions_mut().insert(kept);
    Ok(answer)
}

/// The caller's endpoints.
#[utoipa::path(
    tag = "webhooks",
    responses((status = 200, body = WebhooksView), (status = 401, body = ProblemView), (status = 403, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/webhooks")]
pub async fn list(ctx: Ctx) -> Result<HttpResponse, Problem> {
    let rows = webhooks::list(&ctx).await?;
    let webhooks = rows.into_iter().map(WebhookView::new).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, no-store")).json(WebhooksView { webhooks }))
}

/// Names an address that shall hear of events. The answer has the secret, this once.
#[utoipa::path(
    tag = "webhooks", request_body = AddBody,
    responses((status = 201, body = WebhookView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/webhooks")]
pub async fn add(ctx: Ctx, house: web::Data<House>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Webhook)?;
    let body: AddBody = body::json(&body.0)?;
    let wish = Wish { url: Some(body.url), events: Some(body.events), is_enabled: None };
    let new = webhooks::add(&ctx, wish, may_be_inside(&house)).await?;
    let mut created = HttpResponse::Created();
    created.insert_header((header::LOCATION, format!("/v1/webhooks/{}", new.row.id)));
    Ok(told(created, new)?)
}

/// One endpoint.
#[utoipa::path(
    tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = 200, body = WebhookView), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/webhooks/{webhook}")]
pub async fn get(ctx: Ctx, path: Id) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Webhook)?;
    let row = webhooks::get(&ctx, WebhookId(id(&path)?)).await?;
    Ok(answer(HttpResponse::Ok(), &WebhookView::new(row)?))
}

/// Changes an endpoint, or enables one that was disabled.
#[utoipa::path(
    tag = "webhooks",
    params(("webhook" = String, Path), ("If-Match" = Option<String>, Header, description = "Required: an ETag, or *")),
    request_body = ChangeBody,
    responses((status = 200, body = WebhookView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/webhooks/{webhook}")]
pub async fn change(
    request: HttpRequest,
    ctx: Ctx,
    house: web::Data<House>,
    path: Id,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Webhook)?;
    let body: ChangeBody = body::json(&body.0)?;
    let wish = Wish { url: body.url, events: body.events, is_enabled: body.enabled };
    let seen = tags::if_match(request.headers());
    let row = webhooks::change(&ctx, WebhookId(id(&path)?), wish, seen.as_ref(), may_be_inside(&house)).await?;
    Ok(answer(HttpResponse::Ok(), &WebhookView::new(row)?))
}

/// Removes an endpoint, with its log.
#[utoipa::path(
    tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[delete("/v1/webhooks/{webhook}")]
pub async fn remove(ctx: Ctx, path: Id) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Webhook)?;
    webhooks::remove(&ctx, WebhookId(id(&path)?)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Another secret, told this once. The old one signs beside it for some hours.
#[utoipa::path(
    tag = "webhooks", params(("webhook" = String, Path)), request_body = RotateBody,
    responses((status = 200, body = WebhookView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/webhooks/{webhook}/rotate")]
pub async fn rotate(ctx: Ctx, path: Id, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Webhook)?;
    let is_empty = body.0.iter().all(u8::is_ascii_whitespace);
    let body: RotateBody = if is_empty { RotateBody::default() } else { body::json(&body.0)? };
    let new = webhooks::rotate(&ctx, WebhookId(id(&path)?), body.overlap_hours.unwrap_or(24)).await?;
    Ok(told(HttpResponse::Ok(), new)?)
}

/// How a log is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// 1 to 1,000; more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// The messages to an endpoint, newest first; kept for a month.
#[utoipa::path(
    tag = "webhooks", params(("webhook" = String, Path), LogQuery),
    responses((status = 200, body = DeliveriesView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/webhooks/{webhook}/deliveries")]
pub async fn deliveries(ctx: Ctx, path: Id, query: web::Query<LogQuery>) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Webhook)?;
    let webhook = WebhookId(id(&path)?);
    let limit = page::limit(query.limit, 100, 1_000, "/limit")?;
    let before = query.cursor.as_deref().map(|cursor| page::read_cursor::<1>(cursor, "/cursor")).transpose()?;
    // A cursor of another list has no id in it, and nothing comes before the least of them.
    let before = before.map(|[id]| Uuid::parse_str(&id).unwrap_or_default());
    let (rows, has_next) = webhooks::deliveries(&ctx, webhook, limit, before).await?;
    let next = rows.last().filter(|_| has_next).map(|last| page::cursor(&[&last.id.to_string()]));
    let deliveries = rows.into_iter().map(DeliveryView::from).collect();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(DeliveriesView { deliveries, next }))
}

/// Sends a message again, at once, under its own id.
#[utoipa::path(
    tag = "webhooks", params(("webhook" = String, Path), ("delivery" = String, Path)),
    responses((status = 202, body = DeliveryView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver")]
pub async fn redeliver(ctx: Ctx, path: web::Path<(String, String)>, _body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Webhook)?;
    let (webhook, delivery) = (WebhookId(id(&path.0)?), DeliveryId(id(&path.1)?));
    let row = webhooks::redeliver(&ctx, webhook, delivery).await?;
    Ok(HttpResponse::Accepted().json(DeliveryView::from(row)))
}
