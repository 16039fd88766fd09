//! `/v1/clients`: the service accounts, kept by administrators. Secrets are told once.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use chrono::{DateTime, Utc};
use entity::{client, words::Duty};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    accounts::{self, PeopleQuery, words},
    body::{self, Body, stated},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        clients::{self, Add, ClientSecret, Renewal, Wish},
        holders,
    },
    error::{Error, Result},
};

/// A service account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClientView {
    /// The name it uses at the token endpoint.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// The role.
    pub role: &'static str,
    /// The organisation, for the roles that have one.
    pub org: Option<String>,
    /// Its part of its school's reporting: `all`, `fill` or `sign`.
    pub duty: &'static str,
    /// Whether it gets tokens.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Hand it back in `If-Match`.
    pub etag: String,
    /// The secret, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

impl From<client::Model> for ClientView {
    fn from(row: client::Model) -> Self {
        Self {
            etag: clients::etag(&row),
            client_id: row.client_id,
            name: row.name,
            role: row.role.word(),
            org: row.org,
            duty: row.duty.word(),
            enabled: !row.is_disabled,
            created_at: row.created_at,
            client_secret: None,
        }
    }
}

/// A page of clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientsView {
    /// In the order of their making.
    pub clients: Vec<ClientView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// A new client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddClientBody {
    /// 2 to 64 of `a-z0-9-`.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// The role.
    pub role: String,
    /// The organisation, for the roles that have one.
    #[serde(default)]
    pub org: Option<String>,
    /// Its part of its school's reporting: `all` unless said otherwise.
    #[serde(default)]
    pub duty: Option<String>,
}

/// What is to be different; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeClientBody {
    /// What people call it.
    pub name: Option<String>,
    /// The role; ADMIN and AUDITOR never become another one.
    pub role: Option<String>,
    /// The organisation; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub org: Option<Option<String>>,
    /// Its part of its school's reporting.
    pub duty: Option<String>,
    /// Whether it gets tokens.
    pub enabled: Option<bool>,
}

/// On which terms the secret is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RenewClientBody {
    /// How many hours the old secret goes on beside the new one: up to 720. Without it the old one and all tokens
    /// that are out end at once.
    pub overlap_hours: Option<i64>,
    /// After how many days the new secret ends: up to 3,660. Without it, never.
    pub expires_days: Option<i64>,
}

type Id = web::Path<String>;

fn told_secret(builder: HttpResponseBuilder, told: clients::Told) -> Result<HttpResponse> {
    let view = ClientView::from(told.row);
    let secret = Some(told.secret.expose().to_owned());
    accounts::told(builder, &view.etag, &view, &ClientView { client_secret: secret, ..view.clone() })
}

fn shown(row: client::Model) -> HttpResponse {
    let view = ClientView::from(row);
    accounts::answer(HttpResponse::Ok(), &view.etag, &view)
}

/// The service accounts.
#[utoipa::path(
    tag = "people", params(PeopleQuery),
    responses((status = 200, body = ClientsView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/clients")]
pub async fn list(ctx: Ctx, query: web::Query<PeopleQuery>) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Read, Kind::Client)?;
    let found = clients::list(&ctx, &query.read()?).await?;
    let next = found.items.last().filter(|_| found.has_next).map(|last| holders::cursor(last.id));
    let clients = found.items.into_iter().map(ClientView::from).collect();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(ClientsView { clients, next }))
}

/// Adds a service account. The answer has its secret, this once.
#[utoipa::path(
    tag = "people", request_body = AddClientBody,
    responses((status = 201, body = ClientView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/clients")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Client)?;
    let body: AddClientBody = body::json(&body.0)?;
    let (Some(role), duty) = words(Some(&body.role), body.duty.as_deref())? else {
        return Err(Error::internal("a role without a word").into());
    };
    let add = Add {
        client_id: body.client_id,
        name: body.name,
        role,
        org: body.org,
        duty: duty.unwrap_or(Duty::All),
        secret: ClientSecret::Random,
    };
    let new = clients::add(&ctx, add).await?;
    let mut created = HttpResponse::Created();
    created.insert_header((header::LOCATION, format!("/v1/clients/{}", new.row.client_id)));
    Ok(told_secret(created, new)?)
}

/// One service account.
#[utoipa::path(
    tag = "people", params(("client" = String, Path)),
    responses((status = 200, body = ClientView), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/clients/{client}")]
pub async fn get(ctx: Ctx, path: Id) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Client)?;
    Ok(shown(clients::get(&ctx, &path).await?))
}

/// Changes, disables or enables a service account.
#[utoipa::path(
    tag = "people",
    params(("client" = String, Path), ("If-Match" = Option<String>, Header, description = "Required: an ETag, or *")),
    request_body = ChangeClientBody,
    responses((status = 200, body = ClientView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/clients/{client}")]
pub async fn change(request: HttpRequest, ctx: Ctx, path: Id, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Client)?;
    let body: ChangeClientBody = body::json(&body.0)?;
    clients::get(&ctx, &path).await?;
    let (role, duty) = words(body.role.as_deref(), body.duty.as_deref())?;
    let wish = Wish { name: body.name, role, org: body.org, duty, is_enabled: body.enabled };
    let row = clients::change(&ctx, &path, wish, tags::if_match(request.headers()).as_ref()).await?;
    Ok(shown(row))
}

/// Another secret, told this once; at once and for good, or beside the old one for a while.
#[utoipa::path(
    tag = "people", params(("client" = String, Path)), request_body = RenewClientBody,
    responses((status = 200, body = ClientView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/clients/{client}/rotate")]
pub async fn rotate(ctx: Ctx, path: Id, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Client)?;
    let body: RenewClientBody = if body.0.is_empty() { RenewClientBody::default() } else { body::json(&body.0)? };
    let terms = Renewal::of(body.overlap_hours, body.expires_days);
    Ok(told_secret(HttpResponse::Ok(), clients::renew(&ctx, &path, terms).await?)?)
}
