//! `/v1/claims`: printed figures, held against the data and against each other.

use actix_web::{HttpResponse, get, http::header, post, web};
use chrono::{DateTime, Utc};
use entity::{claim_explanation, reconciliation};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{self, Body, CsvBody},
    catalogue::open,
    problem::{Problem, ProblemView},
    releases::PageQuery,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::claims::{self, Ask, Explain, Outcome, Reconciliation, Said, Told, Verdict},
    error::{Error, Finding, Language, Result, Text},
    page, request_id,
};

/// One thing that is said of a claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeView {
    /// `holds`, `differs`, `no_data` or `contradicts`.
    pub verdict: String,
    /// The key of the claim; of a pair the one that stands first.
    pub claim: String,
    /// What it is called where it is printed.
    pub label: String,
    /// The figure, with its digits as printed.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Box<RawValue>>,
    /// The unit as printed.
    pub unit: String,
    /// Where it is printed.
    pub source: String,
    /// `=`, `>=`: how the figure is to be read.
    pub comparator: String,
    /// `province`, `city` or `school`.
    pub scope: String,
    /// The code of what it is about.
    pub scope_code: String,
    /// The period it is about.
    pub period: String,
    /// What it is held against: an expression, or the key of another claim.
    pub other: String,
    /// What that yields, unrounded; nothing where there are no data.
    #[schema(value_type = Option<f64>)]
    pub other_value: Option<Box<RawValue>>,
    /// Where that stands.
    pub other_source: String,
    /// `value` less `other_value`.
    #[schema(value_type = Option<f64>)]
    pub difference: Option<Box<RawValue>>,
    /// In words.
    pub reason: String,
    /// `data`, `quantity`, `parts`, `within` or `rule`: by what the two belong together.
    pub basis: String,
    /// The code of the rule, where it is one.
    pub rule: Option<String>,
    /// How many schools contributed to the computed value of an indicator.
    pub schools: Option<usize>,
    /// How many should have.
    pub expected: Option<usize>,
    /// The version that claims were held against, `live` or `current`; nothing where there is no release.
    pub release: Option<String>,
    /// Why the two contradict each other, where an official has said it.
    pub explanation: Option<SaidView>,
}

/// Why two figures contradict each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaidView {
    /// `definition`, `scope` or `period`.
    pub cause: String,
    /// In the official's words.
    pub text: String,
}

/// Digits as a JSON number.
fn number(digits: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(digits.to_owned()).ok()
}

impl OutcomeView {
    /// What was told, in one language.
    pub fn new(told: Told, release: Option<&str>, language: Language) -> Self {
        let Told {
            verdict,
            claim,
            label,
            value,
            unit,
            source,
            comparator,
            scope,
            scope_code,
            period,
            other,
            other_value,
            other_source,
            difference,
            reason_zh,
            reason_en,
            basis,
            rule,
            schools,
            expected,
            explanation,
        } = told;
        Self {
            verdict,
            claim,
            label,
            // What a file prints otherwise than JSON does keeps its value.
            value: number(&value).or_else(|| number(&value.parse::<Decimal>().ok()?.to_string())),
            unit,
            source,
            comparator,
            scope,
            scope_code,
            period,
            other,
            other_value: other_value.as_deref().and_then(number),
            other_source,
            difference: difference.as_deref().and_then(number),
            reason: if language == Language::Chinese { reason_zh } else { reason_en },
            basis,
            rule,
            schools,
            expected,
            release: release.map(str::to_owned),
            explanation: explanation.map(|Said { cause, text }| SaidView { cause, text }),
        }
    }

    /// Everything that was said, as far as its verdict is asked for.
    pub fn all(reconciled: &Reconciliation, verdicts: &[Verdict], language: Language) -> Vec<Self> {
        let is_asked = |outcome: &&Outcome| verdicts.is_empty() || verdicts.contains(&outcome.verdict);
        let outcomes = reconciled.outcomes.iter().filter(is_asked);
        outcomes.map(|outcome| Self::new(Told::from(outcome), reconciled.release.as_deref(), language)).collect()
    }
}

/// Against what, and what of the answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReconcileQuery {
    /// A version (`1.0.0`) or a range (`2.*`); the newest release without it. For officials `live` and `current`.
    pub release: Option<String>,
    /// Only these verdicts, with commas between.
    pub verdict: Option<String>,
}

/// Reads verdicts with commas between.
///
/// # Errors
/// 422 with a word that is none.
pub fn verdicts(words: Option<&str>) -> Result<Vec<Verdict>> {
    let words = words.into_iter().flat_map(|words| words.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let read = |word: &str| {
        Verdict::of(word).ok_or_else(|| {
            let all: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
            let all = all.join(", ");
            let text = Text::new(format!("verdict 应为 {all} 之一"), format!("verdict is one of {all}"));
            Error::Invalid(vec![Finding::error("verdict", "/verdict", text).with(all, word)])
        })
    };
    words.map(read).collect()
}

/// Holds the printed figures against the newest release, and against each other. One entry for each claim, and one
/// for each pair that cannot both be true.
#[utoipa::path(
    tag = "claims", params(ReconcileQuery),
    responses((status = 200, body = Vec<OutcomeView>), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 422, body = ProblemView))
)]
#[get("/v1/claims/reconciliation")]
pub async fn held(ctx: Ctx, query: web::Query<ReconcileQuery>) -> Result<HttpResponse, Problem> {
    let wanted = verdicts(query.verdict.as_deref())?;
    let ask = Ask { claims: None, release: query.into_inner().release };
    let reconciled = claims::reconcile(&ctx, ask).await?;
    Ok(open(OutcomeView::all(&reconciled, &wanted, request_id::current_language())))
}

/// A reconciliation that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationView {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Who had it made: an account, a client or a command.
    pub actor: String,
    /// The version that claims were held against, `live` or `current`; nothing where there was no release.
    pub release: Option<String>,
    /// Whether the claims came in a file.
    pub of_file: bool,
    /// SHA-256 of the claims.
    pub claims_sha256: String,
    /// How many claims hold.
    pub holds: i32,
    /// How many differ from the data.
    pub differs: i32,
    /// How many there was nothing to hold against for.
    pub no_data: i32,
    /// How many pairs contradict each other.
    pub contradicts: i32,
    /// Everything that was said; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Vec<OutcomeView>>,
}

impl ReconciliationView {
    fn new(row: &reconciliation::Model, outcomes: Option<Vec<Told>>) -> Self {
        let language = request_id::current_language();
        let view = |told| OutcomeView::new(told, row.release.as_deref(), language);
        Self {
            id: row.id.to_string(),
            at: row.at,
            actor: row.actor.clone(),
            release: row.release.clone(),
            of_file: row.is_of_file,
            claims_sha256: row.claims_hash.clone(),
            holds: row.holds,
            differs: row.differs,
            no_data: row.no_data,
            contradicts: row.contradicts,
            outcomes: outcomes.map(|all| all.into_iter().map(view).collect()),
        }
    }
}

/// Against what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeepQuery {
    /// A version (`1.0.0`) or a range (`2.*`), `live` or `current`; the newest release without it.
    pub release: Option<String>,
}

/// Holds the printed figures, or those of a CSV file with the columns of `claims.csv`, against the data and against
/// each other, and keeps what comes of it.
#[utoipa::path(
    tag = "claims", params(KeepQuery), request_body(content = String, content_type = "text/csv"),
    responses((status = 201, body = ReconciliationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/claims/reconciliation")]
pub async fn keep(ctx: Ctx, query: web::Query<KeepQuery>, body: CsvBody) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Reconciliation)?;
    let claims = if body.0.is_empty() {
        None
    } else {
        // Every expression of a file is read: that is no work for a thread that others wait for.
        let registry = ctx.memory.registry();
        let read = web::block(move || claims::read(&registry, &body.0)).await.map_err(Error::internal)?;
        Some(read?)
    };
    let kept = claims::keep(&ctx, Ask { claims, release: query.into_inner().release }).await?;
    let place = format!("/v1/claims/reconciliations/{}", kept.row.id);
    let view = ReconciliationView::new(&kept.row, Some(kept.outcomes));
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(view))
}

/// Reconciliations that were kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationsView {
    /// Newest first.
    pub reconciliations: Vec<ReconciliationView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Reconciliations that were kept, newest first: the province's all, of a city its own.
#[utoipa::path(
    tag = "claims", params(PageQuery),
    responses((status = 200, body = ReconciliationsView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/claims/reconciliations")]
pub async fn list(ctx: Ctx, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit, 100, 1_000, "/limit")?;
    let after = query.cursor.as_deref().map(|cursor| page::read_cursor::<1>(cursor, "/cursor")).transpose()?;
    let page = claims::list(&ctx, limit, after.as_ref().map(|[id]| id.as_str())).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|last| page::cursor(&[last.id.to_string().as_str()]));
    let reconciliations = page.items.iter().map(|row| ReconciliationView::new(row, None)).collect();
    Ok(open(ReconciliationsView { reconciliations, next }))
}

/// One that was kept, with everything that it said.
#[utoipa::path(
    tag = "claims", params(("reconciliation" = String, Path)),
    responses((status = 200, body = ReconciliationView), (status = 401, body = ProblemView),
              (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/claims/reconciliations/{reconciliation}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let kept = claims::get(&ctx, &id).await?;
    Ok(open(ReconciliationView::new(&kept.row, Some(kept.outcomes))))
}

/// Why two printed figures contradict each other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainBody {
    /// One side: the key of a claim.
    pub claim: String,
    /// The other, as the reconciliation names it.
    pub other: String,
    /// `definition`, `scope` or `period`; `withdrawn` takes an earlier word back.
    pub cause: String,
    /// In words, for the report's footnote.
    pub text: String,
}

/// A word about a contradiction.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationView {
    /// One side: the key of a claim.
    pub claim: String,
    /// The other.
    pub other: String,
    /// `definition`, `scope`, `period`, or `withdrawn`.
    pub cause: &'static str,
    /// In words.
    pub text: String,
    /// How many words there have been about this pair.
    pub number: i32,
    /// When it was said.
    pub at: DateTime<Utc>,
}

impl From<&claim_explanation::Model> for ExplanationView {
    fn from(row: &claim_explanation::Model) -> Self {
        Self {
            claim: row.claim.clone(),
            other: row.other.clone(),
            cause: row.cause.word(),
            text: row.text.clone(),
            number: row.number,
            at: row.at,
        }
    }
}

/// Says why two printed figures contradict each other; the report prints it below its tables.
#[utoipa::path(
    tag = "claims", request_body = ExplainBody,
    responses((status = 201, body = ExplanationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/claims/explanations")]
pub async fn explain(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Claim)?;
    let ExplainBody { claim, other, cause, text } = body::json(&body.0)?;
    let row = claims::explain(&ctx, Explain { claim, other, cause, text }).await?;
    Ok(HttpResponse::Created().json(ExplanationView::from(&row)))
}

/// Words about contradictions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationsView {
    /// The newest word about each pair, in the order in which they were said.
    pub explanations: Vec<ExplanationView>,
}

/// Why printed figures contradict each other, as far as the province has said it.
#[utoipa::path(tag = "claims", responses((status = 200, body = ExplanationsView)))]
#[get("/v1/claims/explanations")]
pub async fn explanations(ctx: Ctx) -> Result<HttpResponse, Problem> {
    let all = claims::explanations(&ctx).await?;
    Ok(open(ExplanationsView { explanations: all.iter().map(|row| ExplanationView::from(row.as_ref())).collect() }))
}
