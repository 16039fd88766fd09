//! `/v1/rules`: by which rules it is judged what schools report; and what the other routes of the catalogue share.

use actix_web::{HttpRequest, HttpResponse, get, http::header, patch, post, web};
use entity::{rule, words::Severity};
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
    domain::rules::{self, Change, New, Trial},
    error::{Error, Finding, Result, Text},
};

/// A validation rule (校验规则).
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView {
    /// Its stable name; a justification is given for it.
    pub code: String,
    /// The table whose pushes it judges.
    pub dataset: String,
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// CEL over `dataset.indicator` and `prev.dataset.indicator`; true for a good table.
    pub expression: String,
    /// What is told when it is broken.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
    /// Whether it judges at all.
    pub enabled: bool,
    /// The first period that it judges; nothing for all before.
    pub valid_from: Option<String>,
    /// The last period that it judges; nothing for all after.
    pub valid_to: Option<String>,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl From<&rule::Model> for RuleView {
    fn from(row: &rule::Model) -> Self {
        Self {
            code: row.code.0.clone(),
            dataset: row.dataset_code.0.clone(),
            severity: row.severity.word(),
            expression: row.expression.clone(),
            message_zh: row.message_zh.clone(),
            message_en: row.message_en.clone(),
            enabled: row.is_enabled,
            valid_from: row.valid_from.as_ref().map(|period| period.0.clone()),
            valid_to: row.valid_to.as_ref().map(|period| period.0.clone()),
            version: row.version,
            etag: rules::etag(row),
        }
    }
}

/// Rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulesView {
    /// In the order of the catalogue; those that are off among them.
    pub rules: Vec<RuleView>,
}

/// Of which table.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfDataset {
    /// Only this table.
    pub dataset: Option<String>,
}

/// The answer of a list that everybody may read.
pub(super) fn open(view: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view)
}

/// The rules by which pushes are judged.
#[utoipa::path(tag = "catalogue", params(OfDataset), responses((status = 200, body = RulesView)))]
#[get("/v1/rules")]
pub async fn list(ctx: Ctx, query: web::Query<OfDataset>) -> HttpResponse {
    let is_asked =
        |row: &&rule::Model| query.dataset.as_ref().is_none_or(|dataset| row.dataset_code == dataset.as_str());
    let registry = ctx.memory.registry();
    let rows = registry.rules.all().iter().map(|rule| &rule.row);
    open(RulesView { rules: rows.filter(is_asked).map(RuleView::from).collect() })
}

/// A new rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuleBody {
    /// Its stable name, led by the table whose pushes it judges: `talent.placement_low`.
    pub code: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// True for a good table.
    pub expression: String,
    /// What is told when it is broken.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
    /// Whether it judges at once; off where nothing is said, so that it can be tried first.
    #[serde(default)]
    pub enabled: bool,
    /// The first period that it judges.
    #[serde(default)]
    pub valid_from: Option<String>,
    /// The last period that it judges.
    #[serde(default)]
    pub valid_to: Option<String>,
}

/// What is to be different about a rule; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeRuleBody {
    /// `error`, `warning` or `info`.
    pub severity: Option<String>,
    /// True for a good table.
    pub expression: Option<String>,
    /// What is told when it is broken.
    pub message_zh: Option<String>,
    /// The same in English.
    pub message_en: Option<String>,
    /// Whether it judges at all.
    pub enabled: Option<bool>,
    /// The first period that it judges; `null` takes the bound away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub valid_from: Option<Option<String>>,
    /// The last period that it judges; `null` takes the bound away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub valid_to: Option<Option<String>>,
}

fn severity(word: &str) -> Result<Severity> {
    Severity::of(word).ok_or_else(|| {
        let text = Text::new("severity 应为 error、warning 或 info", "severity is error, warning or info");
        Error::Invalid(vec![Finding::error("severity", "/severity", text).with("error, warning, info", word)])
    })
}

fn tagged(mut answer: actix_web::HttpResponseBuilder, row: &rule::Model) -> HttpResponse {
    answer.insert_header((header::ETAG, rules::etag(row))).json(RuleView::from(row))
}

/// Adds a rule.
#[utoipa::path(
    tag = "catalogue", request_body = NewRuleBody,
    responses((status = 201, body = RuleView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/rules")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let body: NewRuleBody = body::json(&body.0)?;
    let new = New {
        code: body.code,
        severity: severity(&body.severity)?,
        expression: body.expression,
        message_zh: body.message_zh,
        message_en: body.message_en,
        is_enabled: body.enabled,
        valid_from: body.valid_from,
        valid_to: body.valid_to,
    };
    Ok(tagged(HttpResponse::Created(), &rules::add(&ctx, new).await?))
}

/// Changes a rule, or switches it on or off.
#[utoipa::path(
    tag = "catalogue", params(("code" = String, Path)), request_body = ChangeRuleBody,
    responses((status = 200, body = RuleView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/rules/{code}")]
pub async fn change(
    ctx: Ctx,
    code: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Catalogue)?;
    let body: ChangeRuleBody = body::json(&body.0)?;
    let change = Change {
        severity: body.severity.as_deref().map(severity).transpose()?,
        expression: body.expression,
        message_zh: body.message_zh,
        message_en: body.message_en,
        is_enabled: body.enabled,
        valid_from: body.valid_from,
        valid_to: body.valid_to,
    };
    let row = rules::change(&ctx, &code, change, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// An expression to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunBody {
    /// The table that it would judge.
    pub dataset: String,
    /// True for a good table.
    pub expression: String,
    /// Against the tables of these periods.
    pub periods: Vec<String>,
}

/// What a rule would say of the tables of one period.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialView {
    /// The period.
    pub period: String,
    /// How many schools have such a table.
    pub schools: usize,
    /// How many could not be asked, because a figure is not there.
    pub skipped: usize,
    /// The schools that would be told.
    pub flagged: Vec<String>,
}

impl From<Trial> for TrialView {
    fn from(trial: Trial) -> Self {
        Self {
            period: trial.period,
            schools: trial.schools,
            skipped: trial.skipped,
            flagged: trial.flagged.into_iter().map(|code| code.0).collect(),
        }
    }
}

/// What a rule would say.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialsView {
    /// By period, in the order asked for.
    pub periods: Vec<TrialView>,
}

/// Tries an expression against what is stored; stores nothing.
#[utoipa::path(
    tag = "catalogue", request_body = DryRunBody,
    responses((status = 200, body = TrialsView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/rules/dry-run")]
pub async fn dry_run(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let body: DryRunBody = body::json(&body.0)?;
    let trials = rules::dry_run(&ctx, &body.dataset, &body.expression, &body.periods).await?;
    Ok(open(TrialsView { periods: trials.into_iter().map(TrialView::from).collect() }))
}
