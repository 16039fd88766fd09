//! `/v1/schools/{school}/submissions/{dataset}/{period}`: a school states a table, its reviewers judge it.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, HeaderMap},
    patch, post, put, web,
};
use chrono::{DateTime, Utc};
use entity::words::Source;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{self, Body},
    problem::{FindingView, Problem, ProblemView},
    tags,
};
use crate::{
    ctx::Ctx,
    domain::{
        checks,
        precondition::Precondition,
        reviews::{self, Step},
        submissions::{self, Content, Extent, Key, Push, Pushed, Remark, Table, Taken, Terms, Words},
    },
    error::Result,
    formats::{decimal, document},
    request_id,
};

/// A cell of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct CellView {
    /// The exact digits; nothing where the status has no value.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Box<RawValue>>,
    /// `REPORTED`, `NOT_APPLICABLE`, `MISSING` or `ESTIMATED`.
    pub status: &'static str,
    /// What the school wants its reviewers to know.
    pub note: Option<String>,
}

/// A table as the caller sees it. A reviewer whose turn has not come sees state and dates only.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionView {
    /// The school's code.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// `draft`, `submitted`, `approved`, `accepted` or `returned`.
    pub state: &'static str,
    /// When it was first pushed.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether this is the answer to a dry run: nothing was stored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What it says, for those who may see the values.
    #[serde(flatten)]
    pub content: Option<ContentView>,
}

/// The inside of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContentView {
    /// The number of the newest revision.
    pub revision: i32,
    /// SHA-256 of the canonical document.
    pub hash: String,
    /// Stands for revision and state together; hand it back in `If-Match`. A dry run has made none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The cells by indicator.
    pub observations: BTreeMap<String, CellView>,
    /// What the checks found.
    pub findings: Vec<FindingView>,
    /// Rules that could not be asked, because a figure that they need is not there.
    pub skipped_rules: Vec<String>,
    /// Required indicators that are still open; a submit is refused while there is one.
    pub missing: Vec<String>,
    /// The newest step of the review: why it was returned, and what is wrong where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<StepView>,
    /// What this push has removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Vec<String>>,
    /// The service's signed word that it has taken this push or submit: a compact JWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// A step of the review, and the words that went with it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    /// The state before.
    pub from: &'static str,
    /// The state after.
    pub to: &'static str,
    /// The revision that was judged.
    pub revision: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// Why it was returned or opened again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Remarks on cells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<RemarkBody>,
    /// The justification of each warning, by its code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub justifications: BTreeMap<String, String>,
}

impl From<Taken> for StepView {
    fn from(step: Taken) -> Self {
        let Words { cells, justifications } = step.words;
        Self {
            from: step.from.word(),
            to: step.to.word(),
            revision: step.revision,
            at: step.at,
            reason: step.reason,
            cells: cells.into_iter().map(|Remark { indicator, remark }| RemarkBody { indicator, remark }).collect(),
            justifications,
        }
    }
}

fn view(ctx: &Ctx, table: Table, removed: Option<Vec<String>>) -> SubmissionView {
    let etag = table.etag();
    let (row, receipt) = (table.row, table.receipt);
    let registry = ctx.memory.registry();
    let language = request_id::current_language();
    let content = table.content.map(|Content { cells, findings, skipped, last_step }| ContentView {
        skipped_rules: skipped.unwrap_or_default().into_iter().map(|code| code.0).collect(),
        last_step: last_step.map(StepView::from),
        revision: row.revision,
        hash: row.content_hash.clone(),
        etag,
        missing: checks::missing(&registry, row.dataset_code.as_str(), row.period_code.as_str(), &cells)
            .into_iter()
            .filter_map(|finding| finding.indicator.map(|code| code.0))
            .collect(),
        observations: cells
            .into_iter()
            .map(|(code, cell)| {
                let digits = cell.value.map(|value| decimal::digits(value, registry.decimals(&code)));
                let view = CellView {
                    value: digits.and_then(|digits| RawValue::from_string(digits).ok()),
                    status: cell.status.word(),
                    note: cell.note,
                };
                (code, view)
            })
            .collect(),
        findings: findings.iter().map(|finding| FindingView::new(finding, language)).collect(),
        removed,
        receipt,
    });
    SubmissionView {
        school: row.school_code.0,
        dataset: row.dataset_code.0,
        period: row.period_code.0,
        state: row.state.word(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        dry_run: table.is_dry_run,
        content,
    }
}

type Address = web::Path<(String, String, String)>;

fn key(path: &Address) -> Key {
    Key::new(&path.0, &path.1, &path.2)
}

/// Reads `If-Match` and `If-None-Match`; several header lines are one list.
fn precondition(headers: &HeaderMap) -> Precondition {
    Precondition {
        if_match: tags::if_match(headers),
        if_absent: tags::list(headers, header::IF_NONE_MATCH).is_some_and(|value| value.trim() == "*"),
    }
}

fn answer(mut builder: actix_web::HttpResponseBuilder, view: &SubmissionView) -> HttpResponse {
    if let Some(etag) = view.content.as_ref().and_then(|content| content.etag.as_deref()) {
        builder.insert_header((header::ETAG, etag));
    }
    builder.insert_header((header::CACHE_CONTROL, "private, no-cache")).json(view)
}

/// What is said of a push beside its cells.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PushQuery {
    /// Judges everything and stores nothing; needs no `If-Match`.
    #[serde(default)]
    pub dry_run: bool,
    /// `shrink`: it is meant that more than half of the stored cells go.
    pub confirm: Option<Confirm>,
}

/// What a caller knows about, and means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// More than half of the stored cells go.
    Shrink,
}

impl From<PushQuery> for Terms {
    fn from(query: PushQuery) -> Self {
        Self { is_dry_run: query.dry_run, may_shrink: query.confirm == Some(Confirm::Shrink) }
    }
}

async fn store(ctx: &Ctx, push: Push<'_>) -> Result<HttpResponse> {
    let Pushed { table, is_first, removed } = submissions::push(ctx, push).await?;
    let view = view(ctx, table, Some(removed.into_iter().map(|code| code.0).collect()));
    if !is_first || view.dry_run {
        return Ok(answer(HttpResponse::Ok(), &view));
    }
    let mut created = HttpResponse::Created();
    created.insert_header((
        header::LOCATION,
        format!("/v1/schools/{}/submissions/{}/{}", view.school, view.dataset, view.period),
    ));
    Ok(answer(created, &view))
}

fn push<'b>(
    request: &HttpRequest,
    path: &Address,
    query: PushQuery,
    extent: Extent,
    body: &'b Body,
) -> Result<Push<'b>> {
    let given = document::read_push(&body.0).map_err(|fault| body::not_json(&fault))?;
    let precondition = precondition(request.headers());
    Ok(Push { key: key(path), extent, given, precondition, source: Source::Rest, terms: query.into() })
}

/// What `PUT` and `PATCH` take. Values are read by their digits, so this is for the document only.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the OpenAPI document; the bytes are read exactly")]
pub struct PushBody {
    /// By indicator: a number, `null`, or `{"value", "status", "note"}`.
    #[schema(value_type = BTreeMap<String, Object>, example = json!({"scale.students": 25688, "scale.intake": {"value": 9011, "status": "ESTIMATED", "note": "…"}}))]
    observations: BTreeMap<String, serde_json::Value>,
}

/// States the whole table: what is left out is removed, and named in the answer.
#[utoipa::path(
    tag = "submissions",
    params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path),
           PushQuery,
           ("If-Match" = Option<String>, Header, description = "Required to overwrite: an ETag, or *")),
    request_body = PushBody,
    responses(
        (status = 201, body = SubmissionView), (status = 200, body = SubmissionView),
        (status = 401, body = ProblemView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView), (status = 412, body = ProblemView), (status = 422, body = ProblemView),
        (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[put("/v1/schools/{school}/submissions/{dataset}/{period}")]
pub async fn put(
    request: HttpRequest,
    ctx: Ctx,
    path: Address,
    query: web::Query<PushQuery>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    Ok(store(&ctx, push(&request, &path, query.into_inner(), Extent::Whole, &body)?).await?)
}

/// Changes cells of the table by JSON merge patch (RFC 7396).
#[utoipa::path(
    tag = "submissions",
    params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path),
           PushQuery,
           ("If-Match" = Option<String>, Header, description = "Required: an ETag, or *")),
    request_body = PushBody,
    responses(
        (status = 200, body = SubmissionView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView), (status = 409, body = ProblemView), (status = 412, body = ProblemView),
        (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/schools/{school}/submissions/{dataset}/{period}")]
pub async fn patch(
    request: HttpRequest,
    ctx: Ctx,
    path: Address,
    query: web::Query<PushQuery>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    Ok(store(&ctx, push(&request, &path, query.into_inner(), Extent::Patch, &body)?).await?)
}

/// The table as the caller sees it now.
#[utoipa::path(
    tag = "submissions",
    params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path)),
    responses((status = 200, body = SubmissionView), (status = 304), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/schools/{school}/submissions/{dataset}/{period}")]
pub async fn get(request: HttpRequest, ctx: Ctx, path: Address) -> Result<HttpResponse, Problem> {
    let table = submissions::get(&ctx, &key(&path)).await?;
    if let (Some(etag), Some(known)) = (table.etag(), request.headers().get(header::IF_NONE_MATCH)) {
        let mut known = known.to_str().unwrap_or_default().split(',').map(str::trim);
        if known.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag) {
            return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
        }
    }
    Ok(answer(HttpResponse::Ok(), &view(&ctx, table, None)))
}

async fn step(request: &HttpRequest, ctx: &Ctx, path: &Address, step: Step) -> Result<HttpResponse, Problem> {
    let table = reviews::take(ctx, &key(path), step, &precondition(request.headers())).await?;
    Ok(answer(HttpResponse::Ok(), &view(ctx, table, None)))
}

/// Reads a body that may be left out.
fn optional<T: Default + serde::de::DeserializeOwned>(body: &Body) -> Result<T> {
    if body.0.iter().all(u8::is_ascii_whitespace) { Ok(T::default()) } else { body::json(&body.0) }
}

/// A word on each warning.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitBody {
    /// By the code of the finding.
    #[serde(default)]
    pub justifications: BTreeMap<String, String>,
}

/// Nothing to say.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

/// Why a table is returned, and what is wrong where.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnBody {
    /// Reaches the school.
    #[serde(default)]
    pub reason: String,
    /// Remarks on cells.
    #[serde(default)]
    pub cells: Vec<RemarkBody>,
}

/// A remark on one cell.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemarkBody {
    /// The cell.
    pub indicator: String,
    /// What is wrong with it.
    pub remark: String,
}

/// Why an accepted table is opened again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenBody {
    /// Reaches the school.
    #[serde(default)]
    pub reason: String,
}

/// The verbs of a review differ in their body and their step, and in nothing else.
macro_rules! verb {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ty, |$read:ident| $step:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "reviews",
            params(("school" = String, Path), ("dataset" = String, Path), ("period" = String, Path),
                   ("If-Match" = Option<String>, Header, description = "The ETag or content hash that was seen")),
            request_body = $body,
            responses(
                (status = 200, body = SubmissionView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
                (status = 404, body = ProblemView), (status = 409, body = ProblemView), (status = 412, body = ProblemView),
                (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
            security(("bearer" = []))
        )]
        #[post($path)]
        pub async fn $name(request: HttpRequest, ctx: Ctx, path: Address, body: Body) -> Result<HttpResponse, Problem> {
            let $read: $body = optional(&body)?;
            step(&request, &ctx, &path, $step).await
        }
    };
}

verb!(
    /// Puts the table before its reviewer. Binds to the state named in `If-Match`.
    submit,
    "/v1/schools/{school}/submissions/{dataset}/{period}/submit",
    SubmitBody,
    |body| Step::Submit { justifications: body.justifications }
);
verb!(
    /// The school takes its table back: possible until a reviewer has acted.
    recall,
    "/v1/schools/{school}/submissions/{dataset}/{period}/recall",
    NoBody,
    |_body| Step::Recall
);
verb!(
    /// First review: the city approves the state named in `If-Match`.
    approve,
    "/v1/schools/{school}/submissions/{dataset}/{period}/approve",
    NoBody,
    |_body| Step::Approve
);
verb!(
    /// Either review: back to the school, with a reason and remarks on cells.
    return_,
    "/v1/schools/{school}/submissions/{dataset}/{period}/return",
    ReturnBody,
    |body| Step::Return {
        reason: body.reason,
        remarks: body.cells.into_iter().map(|one| Remark { indicator: one.indicator, remark: one.remark }).collect(),
    }
);
verb!(
    /// Second review: the province accepts the state named in `If-Match`.
    accept,
    "/v1/schools/{school}/submissions/{dataset}/{period}/accept",
    NoBody,
    |_body| Step::Accept
);
verb!(
    /// Opens an accepted table again, with a reason.
    reopen,
    "/v1/schools/{school}/submissions/{dataset}/{period}/reopen",
    ReopenBody,
    |body| Step::Reopen { reason: body.reason }
);
