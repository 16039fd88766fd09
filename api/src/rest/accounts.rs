//! `/v1/accounts`: the people, kept by administrators. Passwords are told once and must be changed.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use chrono::{DateTime, Utc};
use entity::{
    account,
    ids::AccountId,
    words::{Duty, Role},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{self, Body, stated},
    idempotency::Kept,
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        accounts::{self, Add, Password, Wish},
        holders, second_factor,
    },
    error::{Error, Finding, Result, Text},
    page::{self, Ask},
};

/// A person who signs in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// What the person types to sign in.
    pub username: String,
    /// What the console calls the person.
    pub display_name: String,
    /// The role.
    pub role: &'static str,
    /// The organisation, for the roles that have one.
    pub org: Option<String>,
    /// Its part of its school's reporting: `all`, `fill` or `sign`.
    pub duty: &'static str,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Whether its password is good for nothing but to be changed.
    pub must_change_password: bool,
    /// Whether it has a second factor.
    pub second_factor: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Hand it back in `If-Match`.
    pub etag: String,
    /// The first password, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl AccountView {
    fn new(row: account::Model, second_factor: bool) -> Self {
        Self {
            id: row.id.to_string(),
            etag: accounts::etag(&row),
            username: row.username,
            display_name: row.display_name,
            role: row.role.word(),
            org: row.org,
            duty: row.duty.word(),
            enabled: !row.is_disabled,
            must_change_password: row.must_change_password,
            second_factor,
            created_at: row.created_at,
            password: None,
        }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsView {
    /// In the order of their making.
    pub accounts: Vec<AccountView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAccountBody {
    /// 2 to 64 of `a-z0-9-`.
    pub username: String,
    /// What the console calls the person.
    pub display_name: String,
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
pub struct ChangeAccountBody {
    /// What the console calls the person.
    pub display_name: Option<String>,
    /// The role; ADMIN and AUDITOR never become another one.
    pub role: Option<String>,
    /// The organisation; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub org: Option<Option<String>>,
    /// Its part of its school's reporting.
    pub duty: Option<String>,
    /// Whether it may sign in.
    pub enabled: Option<bool>,
}

/// How an account is reset.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResetBody {
    /// `true`: the second factor is removed, too.
    pub second_factor: bool,
}

/// How a list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// 1 to 1,000; more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl PeopleQuery {
    /// How many, and after which.
    pub(super) fn read(&self) -> Result<Ask<Uuid>> {
        let limit = page::limit(self.limit, 100, 1_000, "/limit")?;
        let after = self.cursor.as_deref().map(|cursor| holders::read_cursor(cursor, "/cursor")).transpose()?;
        Ok(Ask { limit, after, before: None, from_end: false })
    }
}

/// Reads role and duty; what is no such word is a finding.
pub(super) fn words(role: Option<&str>, duty: Option<&str>) -> Result<(Option<Role>, Option<Duty>)> {
    let mut problems = Vec::new();
    let mut fault = |name: &str, expected: String, got: &str| {
        let text = Text::new("没有这个取值", "There is no such value");
        problems.push(Finding::error(name, format!("/{name}"), text).with(expected, got));
    };
    let found = (role.and_then(Role::of), duty.and_then(Duty::of));
    if let (Some(role), None) = (role, found.0) {
        fault("role", Role::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", "), role);
    }
    if let (Some(duty), None) = (duty, found.1) {
        fault("duty", Duty::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", "), duty);
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::Invalid(problems)) }
}

type Id = web::Path<String>;

/// An address that is no id is one that nothing is at.
fn id(text: &str) -> Result<AccountId> {
    Uuid::parse_str(text).map(AccountId).map_err(|_| Error::NotFound(Kind::Account))
}

/// Answers with a holder.
pub(super) fn answer(mut builder: HttpResponseBuilder, etag: &str, view: &impl Serialize) -> HttpResponse {
    builder.insert_header((header::ETAG, etag)).insert_header((header::CACHE_CONTROL, "private, no-store")).json(view)
}

/// Answers with a secret, which an `Idempotency-Key` does not keep: it keeps the view without it.
pub(super) fn told<V: Serialize>(
    builder: HttpResponseBuilder,
    etag: &str,
    without: &V,
    with: &V,
) -> Result<HttpResponse> {
    let kept = Kept(serde_json::to_string(without).map_err(Error::internal)?);
    let mut answer = answer(builder, etag, with);
    answer.extensions_mut().insert(kept);
    Ok(answer)
}

fn told_password(builder: HttpResponseBuilder, view: &AccountView, password: &str) -> Result<HttpResponse> {
    told(builder, &view.etag, view, &AccountView { password: Some(password.to_owned()), ..view.clone() })
}

async fn view(ctx: &Ctx, row: account::Model) -> Result<AccountView> {
    let has = !second_factor::enrolled(ctx, std::slice::from_ref(&row)).await?.is_empty();
    Ok(AccountView::new(row, has))
}

/// The people who sign in.
#[utoipa::path(
    tag = "people", params(PeopleQuery),
    responses((status = 200, body = AccountsView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/accounts")]
pub async fn list(ctx: Ctx, query: web::Query<PeopleQuery>) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Read, Kind::Account)?;
    let found = accounts::list(&ctx, &query.read()?).await?;
    let next = found.items.last().filter(|_| found.has_next).map(|last| holders::cursor(last.id));
    let enrolled = second_factor::enrolled(&ctx, &found.items).await?;
    let accounts = found.items.into_iter().map(|row| {
        let has = enrolled.contains(&row.id);
        AccountView::new(row, has)
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(AccountsView { accounts: accounts.collect(), next }))
}

/// Adds a person. The answer has the first password, this once; it must be changed at the first sign-in.
#[utoipa::path(
    tag = "people", request_body = AddAccountBody,
    responses((status = 201, body = AccountView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/accounts")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Account)?;
    let body: AddAccountBody = body::json(&body.0)?;
    let (Some(role), duty) = words(Some(&body.role), body.duty.as_deref())? else {
        return Err(Error::internal("a role without a word").into());
    };
    let add = Add {
        username: body.username,
        display_name: body.display_name,
        role,
        org: body.org,
        duty: duty.unwrap_or(Duty::All),
        password: Password::Random,
    };
    let new = accounts::add(&ctx, add).await?;
    let mut created = HttpResponse::Created();
    created.insert_header((header::LOCATION, format!("/v1/accounts/{}", new.row.id)));
    Ok(told_password(created, &AccountView::new(new.row, false), new.password.expose())?)
}

/// One person.
#[utoipa::path(
    tag = "people", params(("account" = String, Path)),
    responses((status = 200, body = AccountView), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/accounts/{account}")]
pub async fn get(ctx: Ctx, path: Id) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Account)?;
    let view = view(&ctx, accounts::get(&ctx, id(&path)?).await?).await?;
    Ok(answer(HttpResponse::Ok(), &view.etag, &view))
}

/// Changes, disables or enables a person. Who is disabled or acts for another one is out at once.
#[utoipa::path(
    tag = "people",
    params(("account" = String, Path), ("If-Match" = Option<String>, Header, description = "Required: an ETag, or *")),
    request_body = ChangeAccountBody,
    responses((status = 200, body = AccountView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, description = "The last administrator", body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/accounts/{account}")]
pub async fn change(request: HttpRequest, ctx: Ctx, path: Id, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Account)?;
    let body: ChangeAccountBody = body::json(&body.0)?;
    let id = id(&path)?;
    accounts::get(&ctx, id).await?;
    let (role, duty) = words(body.role.as_deref(), body.duty.as_deref())?;
    let wish = Wish { name: body.display_name, role, org: body.org, duty, is_enabled: body.enabled };
    let row = accounts::change(&ctx, accounts::with_id(id), wish, tags::if_match(request.headers()).as_ref()).await?;
    let view = view(&ctx, row).await?;
    Ok(answer(HttpResponse::Ok(), &view.etag, &view))
}

/// Another password, told this once; it must be changed at the next sign-in. Sessions end, and a lock.
#[utoipa::path(
    tag = "people", params(("account" = String, Path)), request_body = ResetBody,
    responses((status = 200, body = AccountView), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/accounts/{account}/reset")]
pub async fn reset(ctx: Ctx, path: Id, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Account)?;
    let is_empty = body.0.iter().all(u8::is_ascii_whitespace);
    let body: ResetBody = if is_empty { ResetBody::default() } else { body::json(&body.0)? };
    let which = accounts::with_id(id(&path)?);
    let had = accounts::get(&ctx, id(&path)?).await?;
    let has_factor = !second_factor::enrolled(&ctx, std::slice::from_ref(&had)).await?.is_empty();
    let new = accounts::reset_where(&ctx, which, Password::Random, body.second_factor).await?;
    let view = AccountView::new(new.row, has_factor && !body.second_factor);
    Ok(told_password(HttpResponse::Ok(), &view, new.password.expose())?)
}
