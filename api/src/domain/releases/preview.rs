//! What a release would be, before it is made: everything is built, counted, and dropped.

use super::{New, Prepared, Progress, building, building::Built, check, prepare};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Result},
    memory::disclosed::{Disclosed, ToldCell},
};

/// What a release would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The version that it would have.
    pub version: String,
    /// The release before it.
    pub previous: Option<String>,
    /// The tables that it would say differently, in the order of dataset and period.
    pub tables: Vec<TablePreview>,
    /// How many tables it would have in all.
    pub all: usize,
}

/// One table that a release would say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePreview {
    /// The dataset.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// Whether the release before did not have it.
    pub is_new: bool,
    /// How many cells of schools would be another, or new, or gone.
    pub cells: usize,
    /// How many figures of protected lines everybody would be told anew.
    pub told: usize,
    /// How many would stand as they were told before.
    pub standing: usize,
    /// How many would be suppressed.
    pub suppressed: usize,
}

/// Builds a release as it would be, and drops it.
///
/// # Errors
/// As a release that is built.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn preview(ctx: &Ctx, new: New, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Preview> {
    ctx.require(Action::Create, Kind::Release)?;
    check(&new)?;
    let tx = ctx.begin().await?;
    let mut previews = Vec::new();
    let prepared = prepare(ctx, &tx, &new, progress, &mut |version, old, table| {
        previews.extend(one(version, old, table)?);
        Ok(())
    })
    .await?;
    let Prepared { version, before, tables, .. } = prepared;
    let version = version.to_string();
    // Dropping the transaction takes everything back.
    drop(tx);
    Ok(Preview { version, previous: before.map(|before| before.version.0), all: tables.len(), tables: previews })
}

/// What a release would say differently of a table that was built; nothing where it says the same.
fn one(version: &str, old: Option<&Built>, table: &Built) -> Result<Option<TablePreview>> {
    if old.is_some_and(|old| old.slip.sealed() == table.slip.sealed()) {
        return Ok(None);
    }
    let disclosed = table.disclosure.as_deref().map(serde_json::from_str::<Disclosed>).transpose();
    let disclosed = disclosed.map_err(Error::internal)?.unwrap_or_default();
    let cells = || disclosed.lines.values().flat_map(|line| std::iter::once(&line.total).chain(line.groups.values()));
    let count = |is: fn(&ToldCell, &str) -> bool| cells().filter(|cell| is(cell, version)).count();
    Ok(Some(TablePreview {
        dataset: table.slip.dataset.0.clone(),
        period: table.slip.period.0.clone(),
        is_new: old.is_none(),
        cells: building::differing(old, table)?,
        told: count(|cell, version| cell.shown.is_some() && *cell.since == *version),
        standing: count(|cell, version| cell.shown.is_some() && *cell.since != *version),
        suppressed: count(|cell, _| cell.shown.is_none()),
    }))
}
