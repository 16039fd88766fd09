//! The way in: a push, whole or in part, becomes the next revision of a draft.

use std::collections::{BTreeMap, HashSet};

use entity::{
    ids::IndicatorCode,
    submission,
    words::{Source, SubmissionState},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, sea_query::Expr};

use super::{
    Content, Key, Table,
    seeing::{beside, cells_of, head, last_step},
    storing::{self, Draft, EVENT},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::{
        checks::{self, Judged},
        periods::Period,
        precondition::Precondition,
        receipts::{self, Stated},
    },
    error::{Error, Result, Text},
    formats::{
        decimal,
        document::{self, Cell, Cells, Given, GivenCell, GivenValue},
    },
    memory::registry::Registry,
    telemetry,
};

/// How much of the table a push states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is left out is removed.
    Whole,
    /// A JSON merge patch (RFC 7396) of the cells.
    Patch,
}

/// A push.
#[derive(Clone, Debug)]
pub struct Push {
    /// Which table.
    pub key: Key,
    /// Whole or in part.
    pub extent: Extent,
    /// The cells as they were sent.
    pub given: Vec<Given>,
    /// What the caller builds on.
    pub precondition: Precondition,
    /// By which door.
    pub source: Source,
}

/// What a push has done.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The table as it now stands.
    pub table: Table,
    /// Whether there was none before.
    pub is_first: bool,
    /// The indicators that were there before and are not any more.
    pub removed: Vec<IndicatorCode>,
}

/// Looks at the school and the table that a key names, as far as they are the caller's business.
fn address(ctx: &Ctx, registry: &Registry, key: &Key) -> Result<()> {
    ctx.known(Kind::Submission)?;
    registry
        .schools
        .get(key.school.as_str())
        .filter(|school| ctx.actor.covers(school.code.as_str(), school.city_code.as_str()))
        .ok_or(Error::NotFound(Kind::Submission))?;
    registry.datasets.get(key.dataset.as_str()).ok_or(Error::NotFound(Kind::Catalogue))?;
    Ok(())
}

/// States a table, whole or in part. A well-formed table is stored as a draft with every finding;
/// identical content makes no revision.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 while under review, 422 with every form fault.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), school.code = %push.key.school))]
pub async fn push(ctx: &Ctx, push: Push) -> Result<Pushed> {
    let registry = ctx.memory.registry();
    let key = push.key;
    address(ctx, &registry, &key)?;
    ctx.require(Action::Push, Kind::Submission)?;

    let tx = ctx.begin().await?;
    let present = ctx.visible::<submission::Entity>().filter(key.is()).one(&tx).await?;
    if present.is_none() && push.extent == Extent::Patch {
        return Err(Error::NotFound(Kind::Submission));
    }
    push.precondition.check(present.as_ref(), true, true)?;
    if let Some(row) = &present {
        still_open(row)?;
    }
    let dataset = registry.datasets.get(key.dataset.as_str()).ok_or(Error::NotFound(Kind::Catalogue))?;
    let period = Period::of(dataset, key.period.as_str(), "/period")?;

    let head = match &present {
        Some(row) => Some(head(ctx, &tx, row).await?),
        None => None,
    };
    let before = head.as_ref().map(|head| cells_of(&registry, head)).transpose()?;
    let given = match push.extent {
        Extent::Whole => push.given,
        Extent::Patch => merged(&registry, before.clone().unwrap_or_default(), push.given),
    };
    let beside = beside(ctx, &tx, &registry, std::slice::from_ref(&key)).await?.remove(&key).unwrap_or_default();
    let checked = checks::check(&registry, key.dataset.as_str(), key.period.as_str(), given, &beside);
    let Judged { findings, skipped } = checked.judged;
    if !checked.faults.is_empty() {
        return Err(Error::Invalid(checked.faults.into_iter().chain(findings).collect()));
    }

    let codes = (key.school.as_str(), key.dataset.as_str(), key.period.as_str());
    let written = document::canonical(codes.0, codes.1, codes.2, &checked.cells, |code| registry.decimals(code));
    let hash = document::sha256(&written);
    let removed = before
        .iter()
        .flat_map(|cells| cells.keys())
        .filter(|code| !checked.cells.contains_key(*code))
        .map(|code| IndicatorCode(code.clone()))
        .collect();

    let last_step = match &present {
        // The review has begun once: a correction goes on under its last word.
        Some(row) if row.submitted_revision.is_some() => last_step(ctx, &tx, row).await?,
        _ => None,
    };
    if let Some(row) = present.as_ref().filter(|row| row.content_hash == hash) {
        let stated = Stated::of(row, checked.cells.len(), &findings);
        let receipt = Some(receipts::of(ctx, EVENT, now(), &stated)?);
        let content = Content { cells: checked.cells, findings, skipped: Some(skipped), last_step };
        let table = Table { row: row.clone(), content: Some(content), receipt };
        return Ok(Pushed { table, is_first: false, removed });
    }

    period.ensure(&tx).await?;
    let is_first = present.is_none();
    let draft = Draft {
        chain_before: head.map(|head| head.chain_hash).unwrap_or_default(),
        cells: checked.cells.len(),
        findings: findings.clone(),
        source: push.source,
        batch: None,
        key,
        present,
        written,
        hash,
    };
    let stored = storing::store(ctx, &tx, vec![draft]).await?.pop();
    let (row, receipt) = stored.ok_or_else(|| Error::internal("nothing stored"))?;
    tx.commit().await?;
    telemetry::count_submission("push");
    let content = Content { cells: checked.cells, findings, skipped: Some(skipped), last_step };
    Ok(Pushed { table: Table { row, content: Some(content), receipt }, is_first, removed })
}

/// A table under review is not written to.
pub(in crate::domain) fn still_open(row: &submission::Model) -> Result<()> {
    match row.state {
        SubmissionState::Draft | SubmissionState::Returned => Ok(()),
        SubmissionState::Submitted | SubmissionState::Approved => Err(Error::Conflict(Text::new(
            "该表正在审核中，退回后方可修改",
            "The table is under review; it can be changed once it is returned",
        ))),
        SubmissionState::Accepted => Err(Error::Conflict(Text::new(
            "该表已被省级采纳，须由省级重新开放后方可修改",
            "The table is accepted; the province must reopen it before it can be changed",
        ))),
    }
}

/// Replaces a submission's row if it still is the one that was read.
pub(in crate::domain) async fn replace(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    old: &submission::Model,
    new: &submission::Model,
) -> Result<()> {
    use submission::Column as C;
    let done = ctx
        .change::<submission::Entity>()
        .col_expr(C::State, Expr::value(new.state.word()))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::Revision, Expr::value(new.revision))
        .col_expr(C::ContentHash, Expr::value(new.content_hash.clone()))
        .col_expr(C::SubmittedRevision, Expr::value(new.submitted_revision))
        .col_expr(C::ApprovedRevision, Expr::value(new.approved_revision))
        .col_expr(C::AcceptedRevision, Expr::value(new.accepted_revision))
        .col_expr(C::UpdatedAt, Expr::value(new.updated_at))
        .filter(Key::of(old).is())
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// The chain hash of a revision: SHA-256 of its content hash and the chain hash before.
pub fn chain(content_hash: &str, before: &str) -> String {
    document::sha256(format!("{content_hash}{before}"))
}

/// The present cells with a patch laid over them, as if they had been sent together.
fn merged(registry: &Registry, present: Cells, patch: Vec<Given>) -> Vec<Given> {
    let mut all: BTreeMap<String, Given> = BTreeMap::new();
    for (indicator, cell) in present {
        let given = stated(&indicator, &cell, registry.decimals(&indicator));
        all.insert(indicator, given);
    }
    let mut doubles = Vec::new();
    let mut patched = HashSet::new();
    for one in patch {
        if !patched.insert(one.indicator.clone()) {
            doubles.push(one);
            continue;
        }
        let cell = match (all.get(&one.indicator).and_then(|there| there.cell.clone()), one.cell) {
            (Some(old), Some(new)) if new.is_object => Some(GivenCell {
                value: new.value.or(old.value),
                status: new.status.or(old.status),
                note: new.note.or(old.note),
                unknown: new.unknown,
                is_object: true,
            }),
            (_, new) => new,
        };
        all.insert(one.indicator.clone(), Given { cell, ..one });
    }
    all.into_values().chain(doubles).collect()
}

/// A stored cell as if it had been sent.
fn stated(indicator: &str, cell: &Cell, decimals: i16) -> Given {
    Given {
        indicator: indicator.to_owned(),
        pointer: format!("/observations/{}", document::pointer(indicator)),
        cell: Some(GivenCell {
            value: cell.value.map(|value| GivenValue::Number(decimal::digits(value, decimals))),
            status: Some(GivenValue::Text(cell.status.word().to_owned())),
            note: cell.note.clone().map(GivenValue::Text),
            unknown: Vec::new(),
            is_object: true,
        }),
    }
}
