//! What reconciliations have said, kept: who had them made, when, and against which data.

use entity::{ids::ReconciliationId, reconciliation};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Ask, Outcome, Reconciliation, Verdict, reconcile};
use crate::{
    authz::{Action, Kind},
    ctx::{Ctx, trail::EVERY_SCHOOL},
    db::now,
    domain::journal::{self, Event},
    error::{Error, Language, Result},
    formats::{decimal, document::sha256},
    page::{self, Page},
};

/// An outcome as it is kept and handed out: digits as texts, reasons in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The contract's word.
    pub verdict: String,
    /// The key of the claim.
    pub claim: String,
    /// What it is called where it is printed.
    pub label: String,
    /// The figure as printed.
    pub value: String,
    /// The unit as printed.
    pub unit: String,
    /// Where it is printed.
    pub source: String,
    /// How the figure is to be read.
    pub comparator: String,
    /// What it is about.
    pub scope: String,
    /// The code of that.
    pub scope_code: String,
    /// The period it is about.
    pub period: String,
    /// What it is held against.
    pub other: String,
    /// The digits of what that yields.
    pub other_value: Option<String>,
    /// Where that stands.
    pub other_source: String,
    /// The digits of the difference.
    pub difference: Option<String>,
    /// In words.
    pub reason_zh: String,
    /// In words, in English.
    pub reason_en: String,
    /// By what the two belong together.
    pub basis: String,
    /// The code of the rule, where it is one.
    pub rule: Option<String>,
    /// How many schools contributed.
    pub schools: Option<usize>,
    /// How many should have.
    pub expected: Option<usize>,
    /// Why the two contradict each other, where somebody has said it.
    pub explanation: Option<Said>,
}

/// Why two figures contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// `definition`, `scope` or `period`.
    pub cause: String,
    /// In the official's words.
    pub text: String,
}

impl From<&Outcome> for Told {
    fn from(outcome: &Outcome) -> Self {
        let claim = &outcome.claim;
        let digits = |value: &rust_decimal::Decimal| {
            let mut digits = String::new();
            decimal::write_exact(&mut digits, value);
            digits
        };
        Self {
            verdict: outcome.verdict.word().to_owned(),
            claim: claim.key.0.clone(),
            label: claim.label.clone(),
            value: claim.value.clone(),
            unit: claim.unit.clone(),
            source: claim.source.clone(),
            comparator: claim.comparator.clone(),
            scope: claim.scope.clone(),
            scope_code: claim.scope_code.clone(),
            period: claim.period_code.0.clone(),
            other: outcome.other.clone(),
            other_value: outcome.other_value.as_ref().map(digits),
            other_source: outcome.other_source.clone(),
            difference: outcome.difference.as_ref().map(digits),
            reason_zh: outcome.reason.in_(Language::Chinese).to_owned(),
            reason_en: outcome.reason.in_(Language::English).to_owned(),
            basis: outcome.basis.word().to_owned(),
            rule: outcome.basis.rule().map(str::to_owned),
            schools: outcome.schools.map(|(schools, _)| schools),
            expected: outcome.schools.map(|(_, expected)| expected),
            explanation: outcome
                .explanation
                .as_ref()
                .map(|row| Said { cause: row.cause.word().to_owned(), text: row.text.clone() }),
        }
    }
}

/// What is kept of a reconciliation.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    /// The tables whose figures in it are not everybody's: whoever reads it is told of them.
    tables: Vec<(String, String)>,
    outcomes: Vec<Told>,
}

/// A reconciliation that was kept, with everything that it said.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Who, when, against what.
    pub row: reconciliation::Model,
    /// In the order of the claims, then the contradictions.
    pub outcomes: Vec<Told>,
}

/// Holds claims against the data, and keeps what comes of it.
///
/// # Errors
/// As [`reconcile`], and 401 or 403 for who is no official.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn keep(ctx: &Ctx, ask: Ask) -> Result<Kept> {
    ctx.require(Action::Create, Kind::Reconciliation)?;
    let is_of_file = ask.claims.is_some();
    let reconciled = reconcile(ctx, ask).await?;
    store(ctx, &reconciled, is_of_file).await
}

/// Keeps what a reconciliation has said.
///
/// # Errors
/// 401 or 403 for who is no official.
pub async fn store(ctx: &Ctx, reconciled: &Reconciliation, is_of_file: bool) -> Result<Kept> {
    ctx.require(Action::Create, Kind::Reconciliation)?;
    let outcomes: Vec<Told> = reconciled.outcomes.iter().map(Told::from).collect();
    // The claims alone: the same of two reconciliations of one file.
    let claims: Vec<_> = outcomes
        .iter()
        .filter(|told| told.basis == "data")
        .map(|told| (&told.claim, &told.value, &told.comparator, &told.scope_code, &told.period, &told.other))
        .collect();
    let claims_hash = sha256(&serde_json::to_string(&claims).map_err(Error::internal)?);
    let document = Document { tables: reconciled.protected.iter().cloned().collect(), outcomes };
    let count = |verdict| i32::try_from(reconciled.count(verdict)).unwrap_or(i32::MAX);
    let row = reconciliation::Model {
        id: ReconciliationId(Uuid::now_v7()),
        at: now(),
        actor: ctx.actor.subject.clone(),
        actor_role: ctx.actor.role.name().to_owned(),
        actor_org: ctx.actor.org.clone(),
        release: reconciled.release.clone(),
        is_of_file,
        claims_hash,
        holds: count(Verdict::Holds),
        differs: count(Verdict::Differs),
        no_data: count(Verdict::NoData),
        contradicts: count(Verdict::Contradicts),
        document: serde_json::to_string(&document).map_err(Error::internal)?,
    };
    let tx = ctx.begin().await?;
    reconciliation::Entity::insert(reconciliation::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    let event = Event {
        action: "reconciliation.finished",
        object: row.id.to_string(),
        after: Some(&row.claims_hash),
        data: json!({ "release": row.release, "contradicts": row.contradicts, "differs": row.differs }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    Ok(Kept { row, outcomes: document.outcomes })
}

/// What was kept, newest first, without what it said. A cursor is the id of the last.
///
/// # Errors
/// 401 or 403 for who is no official, 422 for a cursor that is none.
pub async fn list(ctx: &Ctx, limit: usize, after: Option<&str>) -> Result<Page<reconciliation::Model>> {
    ctx.require(Action::Read, Kind::Reconciliation)?;
    let all = ctx.visible::<reconciliation::Entity>();
    let total = all.clone().count(ctx.db.read()).await?;
    let mut some = all.order_by_desc(reconciliation::Column::Id);
    if let Some(after) = after {
        let id = Uuid::parse_str(after).map_err(|_| page::no_cursor("/cursor"))?;
        some = some.filter(reconciliation::Column::Id.lt(ReconciliationId(id)));
    }
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut items = some.limit(most).all(ctx.db.read()).await?;
    let has_next = items.len() > limit;
    items.truncate(limit);
    Ok(Page { items, has_next, has_previous: after.is_some(), total })
}

/// One that was kept.
///
/// # Errors
/// 404 where there is none of this id for the caller.
pub async fn get(ctx: &Ctx, id: &str) -> Result<Kept> {
    ctx.known(Kind::Reconciliation)?;
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound(Kind::Reconciliation))?;
    let which = reconciliation::Column::Id.eq(ReconciliationId(id));
    let row = ctx.one::<reconciliation::Entity>(ctx.db.read(), Action::Read, which).await?;
    let document: Document = serde_json::from_str(&row.document).map_err(Error::internal)?;
    for (dataset, period) in &document.tables {
        ctx.saw(EVERY_SCHOOL, dataset, period)?;
    }
    Ok(Kept { row, outcomes: document.outcomes })
}
