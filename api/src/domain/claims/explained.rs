//! Why two printed figures contradict each other: an official says it, and the report prints it.

use std::{collections::HashMap, sync::Arc};

use entity::{claim_explanation, ids::RowId, words::ExplanationCause};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::Uuid;

use super::{Ask, Verdict, reconcile};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::{
        journal::{self, Event},
        reasons::said,
    },
    error::{Error, Finding, Result, Text},
    formats::document::sha256,
};

/// The words about each pair, by the hash of both sides.
pub type Explanations = HashMap<String, Arc<claim_explanation::Model>>;

/// Why a pair contradicts itself.
#[derive(Clone, Debug, Default)]
pub struct Explain {
    /// One side: the key of a claim.
    pub claim: String,
    /// The other, as the reconciliation names it.
    pub other: String,
    /// `definition`, `scope` or `period`; `withdrawn` takes an earlier word back.
    pub cause: String,
    /// In words, for the report's footnote.
    pub text: String,
}

/// What both sides have in common, whichever comes first.
pub fn pair_hash(claim: &str, other: &str) -> String {
    let (first, second) = if claim <= other { (claim, other) } else { (other, claim) };
    sha256(format!("{first}\n{second}"))
}

/// The newest word about each pair; those that were taken back are not there.
///
/// # Errors
/// Only where the database fails.
pub async fn all(ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Explanations> {
    let rows =
        ctx.visible::<claim_explanation::Entity>().order_by_asc(claim_explanation::Column::Number).all(db).await?;
    let mut newest: Explanations = rows.into_iter().map(|row| (row.pair_hash.clone(), Arc::new(row))).collect();
    newest.retain(|_, row| row.cause != ExplanationCause::Withdrawn);
    Ok(newest)
}

/// The same in the order in which they were said.
///
/// # Errors
/// Only where the database fails.
pub async fn list(ctx: &Ctx) -> Result<Vec<Arc<claim_explanation::Model>>> {
    let mut list: Vec<_> = all(ctx, ctx.db.read()).await?.into_values().collect();
    list.sort_by_key(|one| (one.at, one.id));
    Ok(list)
}

/// Says why two figures contradict each other.
///
/// # Errors
/// 401, 403, and 422 with everything that is wrong: a pair that does not contradict itself among the claims of the
/// registry, a cause that is none, words that are missing.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn explain(ctx: &Ctx, new: Explain) -> Result<claim_explanation::Model> {
    ctx.require(Action::Change, Kind::Claim)?;
    let mut faults = Vec::new();
    let cause = ExplanationCause::of(&new.cause);
    if cause.is_none() {
        let all: Vec<&str> = ExplanationCause::ALL.iter().map(|cause| cause.word()).collect();
        let all = all.join(", ");
        let text = Text::new(format!("cause 应为 {all} 之一"), format!("cause is one of {all}"));
        faults.push(Finding::error("cause", "/cause", text).with(all, new.cause.as_str()));
    }
    faults.extend(said("/text", &new.text));
    let hash = pair_hash(&new.claim, &new.other);
    let reconciled = reconcile(ctx, Ask::default()).await?;
    let is_there = |hash: &str| {
        let mut pairs = reconciled.outcomes.iter().filter(|one| one.verdict == Verdict::Contradicts);
        pairs.any(|one| pair_hash(one.claim.key.as_str(), &one.other) == hash)
    };
    if !is_there(&hash) {
        let text = Text::new(
            "公布数中没有这一处矛盾：claim 与 other 须与核对结果一致",
            "There is no such contradiction: claim and other are those of the reconciliation",
        );
        faults.push(Finding::error("no_contradiction", "/other", text).with("", new.other.as_str()));
    }
    let (Some(cause), true) = (cause, faults.is_empty()) else { return Err(Error::Invalid(faults)) };

    let tx = ctx.begin().await?;
    let before = ctx
        .visible::<claim_explanation::Entity>()
        .filter(claim_explanation::Column::PairHash.eq(hash.as_str()))
        .order_by_desc(claim_explanation::Column::Number)
        .one(&tx)
        .await?;
    let row = claim_explanation::Model {
        id: RowId(Uuid::now_v7()),
        pair_hash: hash,
        number: before.map_or(1, |before| before.number + 1),
        claim: new.claim,
        other: new.other,
        cause,
        text: new.text.trim().to_owned(),
        actor: ctx.actor.subject.clone(),
        at: now(),
    };
    let insert = claim_explanation::Entity::insert(claim_explanation::ActiveModel::from(row.clone()));
    insert.exec_without_returning(&tx).await?;
    let event = Event {
        action: "claim.explained",
        object: row.claim.clone(),
        data: json!({ "other": row.other, "cause": row.cause.word() }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    Ok(row)
}
