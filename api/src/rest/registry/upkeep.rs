//! `/v1/registry`: what has become of its entries, and which of them may be one and the same.

use actix_web::{HttpResponse, get, http::header, post, web};
use chrono::{DateTime, Utc};
use entity::{registry_change, words::EntryKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        holders,
        registry::{
            self,
            changes::Filter,
            duplicates::{Basis, Decide, KINDS, Pair},
            merging,
        },
    },
    error::{Error, Finding, Result, Text},
    page::{self, Ask},
    rest::{
        body::{self, Body},
        catalogue::open,
        problem::{Problem, ProblemView},
    },
};

/// Which changes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// Only of entries of this kind, as in `school`.
    pub kind: Option<String>,
    /// Only of this entry, by its code or its id.
    pub code: Option<String>,
    /// 1 to 1,000; more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistryChangeView {
    /// Its id.
    pub id: String,
    /// What the entry is.
    pub kind: &'static str,
    /// The code of the entry, or its id.
    pub code: String,
    /// Since which day it is so in the world.
    pub effective_on: String,
    /// When it was entered.
    pub changed_at: DateTime<Utc>,
    /// In which role.
    pub role: String,
    /// Of which organisation.
    pub org: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Everything that was said before; nothing of a new entry.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// Everything that is said since.
    #[schema(value_type = Object)]
    pub after: Value,
}

impl TryFrom<registry_change::Model> for RegistryChangeView {
    type Error = Error;

    fn try_from(row: registry_change::Model) -> Result<Self> {
        Ok(Self {
            id: row.id.to_string(),
            kind: row.kind.word(),
            code: row.code,
            effective_on: row.effective_on.to_string(),
            changed_at: row.changed_at,
            role: row.changed_role,
            org: row.changed_org,
            reason: row.reason,
            before: row.before.map(|said| serde_json::from_str(&said)).transpose().map_err(Error::internal)?,
            after: serde_json::from_str(&row.after).map_err(Error::internal)?,
        })
    }
}

/// A page of the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistryChangesView {
    /// Newest first.
    pub changes: Vec<RegistryChangeView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// What an entry is, by its word.
fn kind(word: Option<&str>, all: &[EntryKind]) -> Result<Option<EntryKind>> {
    let Some(word) = word else { return Ok(None) };
    let found = all.iter().copied().find(|kind| kind.word() == word);
    found.map(Some).ok_or_else(|| {
        let list: Vec<&str> = all.iter().map(|kind| kind.word()).collect();
        let list = list.join(", ");
        let text = Text::new(format!("kind 应为 {list} 之一"), format!("`kind` is one of {list}"));
        Error::Invalid(vec![Finding::error("kind", "/kind", text).with(list, word)])
    })
}

/// What officials have changed in the registry, newest first.
#[utoipa::path(
    tag = "registry", params(ChangesQuery),
    responses((status = 200, body = RegistryChangesView), (status = 422, body = ProblemView))
)]
#[get("/v1/registry/changes")]
pub async fn history(ctx: Ctx, query: web::Query<ChangesQuery>) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit, 100, 1_000, "/limit")?;
    let after = query.cursor.as_deref().map(|cursor| holders::read_cursor(cursor, "/cursor")).transpose()?;
    let filter = Filter { kind: kind(query.kind.as_deref(), EntryKind::ALL)?, code: query.code.clone() };
    let found = registry::changes::list(&ctx, &filter, &Ask { limit, after, before: None, from_end: false }).await?;
    let next = found.items.last().filter(|_| found.has_next).map(|last| holders::cursor(last.id));
    let changes = found.items.into_iter().map(RegistryChangeView::try_from).collect::<Result<_>>()?;
    Ok(open(RegistryChangesView { changes, next }))
}

/// Which proposals.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicatesQuery {
    /// Only `enterprise`, `institution` or `consortium`.
    pub kind: Option<String>,
}

/// One of two entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikenedView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Two entries that may be one.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicateView {
    /// What they are.
    pub kind: &'static str,
    /// The one.
    pub one: LikenedView,
    /// The other.
    pub other: LikenedView,
    /// How alike their names are, of 100.
    pub score: u32,
    /// Why they are proposed: `uscc`, `suggested`, `same_core`, `similar`.
    pub basis: Vec<&'static str>,
}

impl From<Pair> for DuplicateView {
    fn from(pair: Pair) -> Self {
        let likened = |(code, name)| LikenedView { code, name };
        Self {
            kind: pair.kind.word(),
            one: likened(pair.one),
            other: likened(pair.other),
            score: pair.score,
            basis: pair.basis.into_iter().map(Basis::word).collect(),
        }
    }
}

/// What may be one and the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicatesView {
    /// The likeliest first, kind by kind; without what was decided before.
    pub duplicates: Vec<DuplicateView>,
}

/// Entries that may be one and the same under two names; a person decides.
#[utoipa::path(
    tag = "registry", params(DuplicatesQuery),
    responses((status = 200, body = DuplicatesView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/registry/duplicates")]
pub async fn proposals(ctx: Ctx, query: web::Query<DuplicatesQuery>) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Registry)?;
    let found = registry::duplicates::list(&ctx, kind(query.kind.as_deref(), KINDS)?)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(DuplicatesView { duplicates: found.into_iter().map(DuplicateView::from).collect() }))
}

/// Two entries that are one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeBody {
    /// `enterprise`, `institution` or `consortium`.
    pub kind: String,
    /// The code that is kept.
    pub keep: String,
    /// The code that goes: it leads to the other from now on, and is never used again.
    pub merge: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What a merge has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergedView {
    /// What the two were.
    pub kind: &'static str,
    /// The code that is kept.
    pub kept: String,
    /// The code that leads to it.
    pub gone: String,
    /// How many memberships, partnerships, names, accounts, clients and webhooks have moved.
    pub moved: u64,
}

/// Merges two entries: one is kept, the name of the other becomes another name of it, and everything moves to it.
#[utoipa::path(
    tag = "registry", request_body = MergeBody,
    responses((status = 200, body = MergedView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/registry/duplicates/merge")]
pub async fn merge(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Registry)?;
    let MergeBody { kind, keep, merge, reason } = body::json(&body.0)?;
    let done = merging::merge(&ctx, Decide { kind, one: ("keep", keep), other: ("merge", merge), reason }).await?;
    Ok(HttpResponse::Ok().json(MergedView {
        kind: done.kind.word(),
        kept: done.kept,
        gone: done.gone,
        moved: done.moved,
    }))
}

/// Two entries that are not one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DistinguishBody {
    /// `enterprise`, `institution` or `consortium`.
    pub kind: String,
    /// The code of the one.
    pub one: String,
    /// The code of the other.
    pub other: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Says that two entries are not the same: they are not proposed again.
#[utoipa::path(
    tag = "registry", request_body = DistinguishBody,
    responses((status = 204), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/registry/duplicates/distinguish")]
pub async fn distinguish(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Registry)?;
    let DistinguishBody { kind, one, other, reason } = body::json(&body.0)?;
    registry::duplicates::distinguish(&ctx, Decide { kind, one: ("one", one), other: ("other", other), reason })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
