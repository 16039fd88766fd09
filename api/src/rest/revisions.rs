//! `…/revisions`: what a table said before, and what differs from one revision to another.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, http::header, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    problem::{FindingView, Problem, ProblemView},
    releases::PageQuery,
    submissions::CellView,
};
use crate::{
    ctx::Ctx,
    domain::submissions::{
        Key,
        diff::{CellDiff, Change},
        history::{self, Head, Said},
    },
    error::Result,
    formats::{decimal, document::Cell},
    memory::registry::Registry,
    page, request_id,
};

/// A revision as the caller sees it. Of one that was never put before a reviewer it sees number and date only.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionView {
    /// From 1, without gaps.
    pub number: i32,
    /// When it was pushed.
    pub created_at: DateTime<Utc>,
    /// SHA-256 of the canonical document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// SHA-256 of the hash and the chain hash before; left out where a revision before is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_hash: Option<String>,
    /// The client or account that pushed it, as the journal names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// `rest`, `graphql` or `bulk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// What it says, where one revision is asked for.
    #[serde(flatten)]
    pub said: Option<SaidView>,
}

/// What a revision says.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaidView {
    /// The cells by indicator.
    pub observations: BTreeMap<String, CellView>,
    /// What the checks found in it.
    pub findings: Vec<FindingView>,
    /// The revision that `diff` compares it with; `null` where the caller has seen none before it.
    pub against: Option<i32>,
    /// The cells that differ, in the order of the form.
    pub diff: Vec<CellDiffView>,
}

/// A cell that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct CellDiffView {
    /// Which cell.
    pub indicator: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// What it said; `null` where it was not there.
    pub before: Option<CellView>,
    /// What it says; `null` where it is not there any more.
    pub after: Option<CellView>,
}

fn cell(registry: &Registry, code: &str, cell: &Cell) -> CellView {
    let digits = cell.value.map(|value| decimal::digits(value, registry.decimals(code)));
    CellView {
        value: digits.and_then(|digits| RawValue::from_string(digits).ok()),
        status: cell.status.word(),
        note: cell.note.clone(),
    }
}

impl CellDiffView {
    fn new(registry: &Registry, one: &CellDiff) -> Self {
        Self {
            change: match one.change {
                Change::Added(_) => "added",
                Change::Removed(_) => "removed",
                Change::Changed { .. } => "changed",
            },
            before: one.before().map(|before| cell(registry, &one.indicator, before)),
            after: one.after().map(|after| cell(registry, &one.indicator, after)),
            indicator: one.indicator.clone(),
        }
    }
}

impl SaidView {
    fn new(registry: &Registry, said: &Said) -> Self {
        let language = request_id::current_language();
        Self {
            observations: said.cells.iter().map(|(code, one)| (code.clone(), cell(registry, code, one))).collect(),
            findings: said.findings.iter().map(|finding| FindingView::new(finding, language)).collect(),
            against: said.against,
            diff: said.diff.iter().map(|one| CellDiffView::new(registry, one)).collect(),
        }
    }
}

impl RevisionView {
    fn new(head: Head, said: Option<SaidView>) -> Self {
        let Head { number, created_at, inside } = head;
        let (hash, chain_hash, author, source) = match inside {
            Some(inside) => (Some(inside.hash), inside.chain_hash, Some(inside.author), Some(inside.source.word())),
            None => (None, None, None, None),
        };
        Self { number, created_at, hash, chain_hash, author, source, said }
    }
}

/// A page of revisions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionsView {
    /// The revisions.
    pub revisions: Vec<RevisionView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// With what to compare.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgainstQuery {
    /// The number of another revision; the one before that the caller has seen unless given.
    pub against: Option<i32>,
}

fn private(view: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, no-cache")).json(view)
}

/// The history of a table, newest first. A reviewer sees of what was never put before it number and date only.
#[utoipa::path(
    tag = "submissions",
    params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path), PageQuery),
    responses((status = 200, body = RevisionsView), (status = 401, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/schools/{school}/submissions/{dataset}/{period}/revisions")]
pub async fn list(
    ctx: Ctx,
    path: web::Path<(String, String, String)>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(|cursor| history::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    };
    let page = history::list_revisions(&ctx, &Key::new(&path.0, &path.1, &path.2), &ask).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|head| history::cursor(head.number));
    let revisions = page.items.into_iter().map(|head| RevisionView::new(head, None)).collect();
    Ok(private(RevisionsView { revisions, next }))
}

/// One revision, with what differs from the one before that the caller has seen, or from any other it may see.
#[utoipa::path(
    tag = "submissions",
    params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path), ("n" = i32, Path), AgainstQuery),
    responses((status = 200, body = RevisionView), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/schools/{school}/submissions/{dataset}/{period}/revisions/{n}")]
pub async fn get(
    ctx: Ctx,
    path: web::Path<(String, String, String, String)>,
    query: web::Query<AgainstQuery>,
) -> Result<HttpResponse, Problem> {
    // There is no revision 0, as there is none that is no number.
    let number = path.3.parse().unwrap_or(0);
    let found = history::revision(&ctx, &Key::new(&path.0, &path.1, &path.2), number, query.against).await?;
    let registry = ctx.memory.registry();
    let said = found.said.as_ref().map(|said| SaidView::new(&registry, said));
    Ok(private(RevisionView::new(found.head, said)))
}
