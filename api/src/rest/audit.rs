//! `/v1/audit` and `/v1/accesses`: the journal, and who has read what is not published.

use actix_web::{HttpResponse, get, http::header, web};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::problem::{Problem, ProblemView};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        accesses,
        audit::{
            self,
            export::{Span, write},
        },
    },
    error::{Error, Result},
    page::{self, Ask},
};

/// The most rows of a page, and how many there are unless the caller says otherwise.
const MOST: usize = 1_000;
const USUAL: usize = 100;

/// An entry of the journal.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Its number: the order in which the changes were committed.
    pub sequence: i64,
    /// SHA-256 of the chain hash before and everything the entry says.
    pub chain_hash: String,
    /// When it was done.
    pub time: DateTime<Utc>,
    /// `account:<id>`, `client:<client_id>`, `job:<task>` or `public`.
    pub actor: String,
    /// The role of the actor.
    pub role: String,
    /// The organisation of the actor.
    pub org: Option<String>,
    /// `<noun>.<past verb>`.
    pub action: String,
    /// What it was done to.
    pub object: String,
    /// The school that it belongs to.
    pub school: Option<String>,
    /// The content hash before.
    pub before_hash: Option<String>,
    /// The content hash after.
    pub after_hash: Option<String>,
    /// The request that did it.
    pub request_id: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// What else the event says: codes, counts and hashes, never a figure.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

impl From<audit::Listed> for EntryView {
    fn from(listed: audit::Listed) -> Self {
        let audit::Listed { sequence, chain_hash, row } = listed;
        Self {
            sequence,
            chain_hash,
            time: row.at,
            actor: row.actor,
            role: row.actor_role,
            org: row.actor_org,
            action: row.action,
            object: row.object,
            school: row.school_code,
            before_hash: row.before_hash,
            after_hash: row.after_hash,
            request_id: row.request_id,
            address: row.address,
            data: RawValue::from_string(row.data).unwrap_or_default(),
        }
    }
}

/// A page of the journal.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntriesView {
    /// The entries, in the order of their numbers.
    pub entries: Vec<EntryView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which entries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// Only of this actor: `account:<id>`, `client:<client_id>`, `job:<task>` or `public`.
    pub actor: Option<String>,
    /// Only this action, `submission.pushed`; or all of a noun, `submission`.
    pub action: Option<String>,
    /// Only of this object, as in `62001/talent/2023`.
    pub object: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
    /// Only since then (RFC 3339).
    pub from: Option<DateTime<Utc>>,
    /// Only before then (RFC 3339).
    pub to: Option<DateTime<Utc>>,
    /// Only of this request.
    pub request_id: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

fn ask<K>(limit: Option<i64>, cursor: Option<&str>, place: impl Fn(&str, &str) -> Result<K>) -> Result<Ask<K>> {
    let limit = page::limit(limit, USUAL, MOST, "/limit")?;
    let after = cursor.filter(|cursor| !cursor.is_empty()).map(|cursor| place(cursor, "/cursor")).transpose()?;
    Ok(Ask { limit, after, before: None, from_end: false })
}

/// The journal, for auditors: who did what, numbered and chained.
#[utoipa::path(
    tag = "audit", params(EntriesQuery),
    responses((status = 200, body = EntriesView), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/audit")]
pub async fn entries(ctx: Ctx, query: web::Query<EntriesQuery>) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Read, Kind::Journal)?;
    let EntriesQuery { actor, action, object, school, from, to, request_id, limit, cursor } = query.into_inner();
    let ask = ask(limit, cursor.as_deref(), audit::read_cursor)?;
    let filter = audit::Filter { actor, action, object, school, from, to, request_id };
    let found = audit::list(&ctx, &filter, &ask).await?;
    let next = found.items.last().filter(|_| found.has_next).map(|last| audit::cursor(last.sequence));
    let entries = found.items.into_iter().map(EntryView::from).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(EntriesView { entries, next }))
}

/// Of which time.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// From then (RFC 3339); from the beginning without it.
    pub from: Option<DateTime<Utc>>,
    /// Up to then; to the end without it.
    pub to: Option<DateTime<Utc>>,
}

/// The journal as a file
///
/// One JSON object a line, with checkpoints and public keys; `zhiqiao audit verify --export` verifies it offline.
#[utoipa::path(
    tag = "audit", params(ExportQuery),
    responses((status = 200, description = "The lines", content_type = "application/x-ndjson"),
              (status = 400, body = ProblemView), (status = 401, body = ProblemView), (status = 403, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/audit/export")]
pub async fn export(ctx: Ctx, query: web::Query<ExportQuery>) -> Result<HttpResponse, Problem> {
    let span = Span { from: query.from, to: query.to };
    let lines = write(&ctx, span).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"zhiqiao-journal.ndjson\""))
        .streaming(lines.inspect_err(Error::log)))
}

/// A table that was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessTableView {
    /// The school's code, or `*` for every school of the reader's scope.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
}

/// A request that read what is not published.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessView {
    /// Of the record.
    pub id: String,
    /// When it read.
    pub time: DateTime<Utc>,
    /// The account or client that read; for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The role of the reader.
    pub role: String,
    /// The organisation of the reader.
    pub org: Option<String>,
    /// Method and address, by its pattern.
    pub door: String,
    /// The request; for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Where it came from; for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What it read.
    pub tables: Vec<AccessTableView>,
    /// Of which it was told only where they stand; for auditors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<AccessTableView>,
}

impl From<accesses::Access> for AccessView {
    fn from(one: accesses::Access) -> Self {
        let table = |[school, dataset, period]: [String; 3]| AccessTableView { school, dataset, period };
        Self {
            id: one.id.to_string(),
            time: one.at,
            actor: one.actor,
            role: one.role,
            org: one.org,
            door: one.door,
            request_id: one.request_id,
            address: one.address,
            tables: one.tables.into_iter().map(table).collect(),
            listed: one.listed.into_iter().map(table).collect(),
        }
    }
}

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessesView {
    /// The records, oldest first.
    pub accesses: Vec<AccessView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which records.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccessesQuery {
    /// Only of this reader.
    pub actor: Option<String>,
    /// Only of readers of this organisation.
    pub org: Option<String>,
    /// Only of this school's tables.
    pub school: Option<String>,
    /// Only of this table.
    pub dataset: Option<String>,
    /// Only of this period.
    pub period: Option<String>,
    /// Only since then (RFC 3339).
    pub from: Option<DateTime<Utc>>,
    /// Only before then (RFC 3339).
    pub to: Option<DateTime<Utc>>,
    /// Only of this request.
    pub request_id: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Who has read what is not published: all of it for auditors, its own tables for a school.
#[utoipa::path(
    tag = "audit", params(AccessesQuery),
    responses((status = 200, body = AccessesView), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/accesses")]
pub async fn list_accesses(ctx: Ctx, query: web::Query<AccessesQuery>) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Read, Kind::Access)?;
    let AccessesQuery { actor, org, school, dataset, period, from, to, request_id, limit, cursor } = query.into_inner();
    let ask = ask(limit, cursor.as_deref(), accesses::read_cursor)?;
    let filter = accesses::Filter { actor, org, school, dataset, period, from, to, request_id };
    let found = accesses::list(&ctx, &filter, &ask).await?;
    let next = found.items.last().filter(|_| found.has_next).map(|last| accesses::cursor(last.id));
    let accesses = found.items.into_iter().map(AccessView::from).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(AccessesView { accesses, next }))
}
