//! The way in: a push, whole or in part, becomes the next revision of a draft.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use entity::{
    ids::{IndicatorCode, RuleCode},
    submission,
    words::{Source, SubmissionState},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, sea_query::Expr};

use super::{
    Content, Key, Table, Taken,
    seeing::{beside, cells_of, head, last_step},
    storing::{self, Draft, EVENT},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::{
        catalogue,
        checks::{self, Form},
        collections,
        periods::Period,
        precondition::Precondition,
        receipts::{self, Stated},
    },
    error::{Error, Finding, Result, Text},
    formats::{
        decimal,
        document::{self, Cell, Cells, Given, GivenCell, GivenValue, Place},
    },
    memory::registry::Registry,
    telemetry,
};

/// How many of the cells that would go are named.
const NAMED: usize = 5;

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
pub struct Push<'a> {
    /// Which table.
    pub key: Key,
    /// Whole or in part.
    pub extent: Extent,
    /// The cells as they were sent.
    pub given: Vec<Given<'a>>,
    /// What the caller builds on.
    pub precondition: Precondition,
    /// By which door.
    pub source: Source,
    /// What the caller has said of it beside.
    pub terms: Terms,
}

/// What a caller says of a push beside its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Everything is judged and nothing is stored.
    pub is_dry_run: bool,
    /// It is meant that more than half of the table goes.
    pub may_shrink: bool,
}

/// What a push has done, or after a dry run would do.
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
/// identical content makes no revision. A dry run answers the same and stores nothing.
///
/// # Errors
/// In this order: 404, 403 (also while its collection is not open), 412 or 428, 409 while under review, 422 with every form fault.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), school.code = %push.key.school))]
pub async fn push(ctx: &Ctx, push: Push<'_>) -> Result<Pushed> {
    let registry = ctx.memory.registry();
    address(ctx, &registry, &push.key)?;
    ctx.require(Action::Push, Kind::Submission)?;
    catalogue::expect_stated("/dataset", push.key.dataset.as_str())?;
    if push.terms.is_dry_run {
        return Ok(judge(ctx, ctx.db.read(), &registry, push).await?.tried());
    }
    let tx = ctx.begin().await?;
    let judged = judge(ctx, &tx, &registry, push).await?;
    if let Some(row) = judged.unchanged().cloned() {
        let stated = Stated::of(&row, judged.draft.cells, &judged.draft.findings);
        let receipt = Some(receipts::of(ctx, EVENT, now(), &stated)?);
        return Ok(judged.pushed(row, receipt));
    }
    judged.period.ensure(&tx).await?;
    let stored = storing::store(ctx, &tx, std::slice::from_ref(&judged.draft)).await?.pop();
    let (row, receipt) = stored.ok_or_else(|| Error::internal("nothing stored"))?;
    tx.commit().await?;
    telemetry::count_submission("push");
    Ok(judged.pushed(row, receipt))
}

/// A push that may be stored, and all that is to be said of it.
struct Judged {
    draft: Draft,
    cells: Cells,
    period: Period,
    skipped: Vec<RuleCode>,
    removed: Vec<IndicatorCode>,
    last_step: Option<Taken>,
}

impl Judged {
    /// The table that is there, where the push says nothing new.
    fn unchanged(&self) -> Option<&submission::Model> {
        self.draft.present.as_ref().filter(|row| row.content_hash == self.draft.hash)
    }

    fn pushed(self, row: submission::Model, receipt: Option<String>) -> Pushed {
        let Self { draft, cells, skipped, removed, last_step, .. } = self;
        let content = Content { cells, findings: draft.findings, skipped: Some(skipped), last_step };
        let table = Table { row, content: Some(content), receipt, is_dry_run: false };
        Pushed { table, is_first: draft.present.is_none(), removed }
    }

    /// As it would be answered if it were stored.
    fn tried(self) -> Pushed {
        let row = self.unchanged().cloned().unwrap_or_else(|| self.draft.row(now()));
        let tried = self.pushed(row, None);
        Pushed { table: Table { is_dry_run: true, ..tried.table }, ..tried }
    }
}

/// Looks at everything that could speak against a push.
async fn judge(ctx: &Ctx, db: &impl ConnectionTrait, registry: &Registry, push: Push<'_>) -> Result<Judged> {
    let Push { key, extent, given, precondition, source, terms } = push;
    let present = ctx.visible::<submission::Entity>().filter(key.is()).one(db).await?;
    if present.is_none() && extent == Extent::Patch {
        return Err(Error::NotFound(Kind::Submission));
    }
    collections::expect_open(ctx, db, &key).await?;
    // Who only tries overwrites nothing, and need not say what it builds on.
    precondition.check(present.as_ref(), !terms.is_dry_run, true)?;
    if let Some(row) = &present {
        still_open(row)?;
    }
    let dataset = registry.datasets.get(key.dataset.as_str()).ok_or(Error::NotFound(Kind::Catalogue))?;
    let period = Period::of(dataset, key.period.as_str(), "/period")?;

    let head = match &present {
        Some(row) => Some(head(ctx, db, row).await?),
        None => None,
    };
    let before = head.as_ref().map(|head| cells_of(registry, head)).transpose()?;
    let given = match extent {
        Extent::Whole => given,
        Extent::Patch => merged(registry, before.clone().unwrap_or_default(), given),
    };
    let stated: HashSet<&str> =
        given.iter().filter(|one| one.cell.is_some()).map(|one| one.indicator.as_ref()).collect();
    let shrunk = before.as_ref().filter(|_| !terms.may_shrink).and_then(|before| shrunk(before, &stated));
    let beside =
        beside(ctx, db, registry, std::slice::from_ref(&key)).await?.read(registry)?.remove(&key).unwrap_or_default();
    let checked = Form::new(registry, key.dataset.as_str(), key.period.as_str()).check(given, &beside);
    let checks::Judged { findings, skipped } = checked.judged;
    if !checked.faults.is_empty() || shrunk.is_some() {
        return Err(Error::Invalid(checked.faults.into_iter().chain(shrunk).chain(findings).collect()));
    }

    let codes = (key.school.as_str(), key.dataset.as_str(), key.period.as_str());
    let written = document::canonical(codes.0, codes.1, codes.2, &checked.cells, |code| registry.decimals(code));
    let removed = before
        .iter()
        .flat_map(|cells| cells.keys())
        .filter(|code| !checked.cells.contains_key(*code))
        .map(|code| IndicatorCode(code.clone()))
        .collect();
    let last_step = match &present {
        // The review has begun once: a correction goes on under its last word.
        Some(row) if row.submitted_revision.is_some() => last_step(ctx, db, row).await?,
        _ => None,
    };
    let draft = Draft {
        chain_before: head.map(|head| head.chain_hash).unwrap_or_default(),
        cells: checked.cells.len(),
        findings,
        source,
        batch: None,
        hash: document::sha256(&written),
        key,
        present,
        written,
    };
    Ok(Judged { draft, cells: checked.cells, period, skipped, removed, last_step })
}

/// A push that would take away more than half of the cells that are there: more often a broken export than meant.
pub(in crate::domain) fn shrunk(before: &Cells, stated: &HashSet<&str>) -> Option<Finding> {
    let gone: Vec<&str> = before.keys().map(String::as_str).filter(|code| !stated.contains(code)).collect();
    (gone.len() * 2 > before.len()).then(|| {
        let some = gone.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if gone.len() > NAMED { ", …" } else { "" };
        let (gone, all) = (gone.len(), before.len());
        Finding::error(
            "shrinks",
            "/observations",
            Text::new(
                format!("将删除已存 {all} 个数值中的 {gone} 个（{some}{more}）；确认无误请加 confirm=shrink"),
                format!("{gone} of the {all} stored cells would be removed ({some}{more}); say confirm=shrink if it is meant"),
            ),
        )
        .with(format!("≤ {}", all / 2), gone.to_string())
    })
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
fn merged<'a>(registry: &Registry, present: Cells, patch: Vec<Given<'a>>) -> Vec<Given<'a>> {
    let mut all: BTreeMap<Cow<'a, str>, Given<'a>> = BTreeMap::new();
    for (indicator, cell) in present {
        let decimals = registry.decimals(&indicator);
        all.insert(indicator.clone().into(), stated(indicator, cell, decimals));
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
fn stated(indicator: String, cell: Cell, decimals: i16) -> Given<'static> {
    Given {
        indicator: indicator.into(),
        place: Place::Own,
        cell: Some(GivenCell {
            value: cell.value.map(|value| GivenValue::Number(decimal::digits(value, decimals).into())),
            status: Some(GivenValue::Text(cell.status.word().into())),
            note: cell.note.map(|note| GivenValue::Text(note.into())),
            unknown: Vec::new(),
            is_object: true,
        }),
    }
}
