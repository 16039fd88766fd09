//! Batches: many tables in one file, all or nothing for each table.
//!
//! `Intake` takes the file in. A small one is answered at once, in one transaction; a large one is kept
//! in pieces and worked off by a job of whichever instance is free ([`work`]), block by block, so
//! that it can be taken up again where it was left. `ahead` reads it on its way in, `gather` makes tables of rows,
//! which lie `packed` in between, `judging` passes them through the checks of every push, `causes` says why rows
//! were rejected.

mod ahead;
mod arriving;
mod causes;
mod gather;
mod intake;
mod judging;
mod names;
mod packed;
mod queue;
mod working;

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    sync::Arc,
};

use entity::{
    batch, batch_table,
    ids::BatchId,
    words::{BatchState, BatchVerdict},
};
use sea_orm::{ColumnTrait, ConnectionTrait};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

pub(super) use self::names::version_of;
pub use self::{
    ahead::Tray,
    causes::{Cause, Example},
    intake::Intake,
    working::work,
};
use self::{
    gather::{Gathered, Reading, Source},
    judging::{Judged, Outcome},
};
use super::{
    checks::{Beside, Form},
    journal::{self, Event},
    receipts,
    submissions::{self, Key, Terms},
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    error::{Error, Result},
    formats::document::sha256,
    memory::registry::Registry,
};

/// How the journal and the receipt call the end of a batch.
const EVENT: &str = "batch.finished";
/// The most rows of a batch that is answered at once.
const AT_ONCE_ROWS: u64 = 10_000;
/// The most bytes of a batch that is answered at once.
const AT_ONCE_BYTES: usize = 2 << 20;
/// How many tables of a batch are listed.
pub const LISTED: usize = 10_000;
/// How often a transaction is begun again that another writer came in between.
const TRIES: usize = 5;

/// A batch as its sender sees it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// How far it is.
    pub row: batch::Model,
    /// What became of its tables, the first [`LISTED`] of them.
    pub tables: Vec<batch_table::Model>,
    /// Whether there are more tables than are listed.
    pub has_more_tables: bool,
    /// Why rows were rejected, the most frequent cause first.
    pub causes: Vec<Cause>,
}

impl Batch {
    fn new(row: batch::Model, mut tables: Vec<batch_table::Model>) -> Self {
        let has_more_tables = tables.len() > LISTED;
        tables.truncate(LISTED);
        let causes = causes::Causes::read(&row.causes).sorted();
        Self { row, tables, has_more_tables, causes }
    }
}

/// Refuses who may not send batches; asked before a file is taken in.
pub fn admit(ctx: &Ctx) -> Result<()> {
    ctx.require(Action::Create, Kind::Batch)
}

/// A batch of the caller's own.
///
/// # Errors
/// 404 for what is not there and for what somebody else has sent.
pub async fn get(ctx: &Ctx, id: Uuid) -> Result<Batch> {
    let id = BatchId(id);
    let row = ctx.one::<batch::Entity>(ctx.db.read(), Action::Read, batch::Column::Id.eq(id)).await?;
    seen(ctx, ctx.db.read(), row).await
}

/// A batch with what became of its tables.
async fn seen(ctx: &Ctx, db: &impl ConnectionTrait, row: batch::Model) -> Result<Batch> {
    let most = u64::try_from(LISTED + 1).map_err(Error::internal)?;
    let tables = queue::tables(ctx, db, row.id, Some(most)).await?;
    Ok(Batch::new(row, tables))
}

/// Forgets the batches that ended long ago, and the files that never came to their end.
pub async fn purge(system: &Ctx) -> Result<()> {
    for id in queue::outdated(system, crate::db::now()).await? {
        queue::forget(system, id).await?;
    }
    Ok(())
}

/// Judges tables, off the threads that answer requests.
async fn judge(ctx: &Ctx, registry: &Arc<Registry>, tables: Vec<Gathered>) -> Result<Vec<Judged>> {
    let keys: Vec<Key> = tables.iter().map(|table| table.key.clone()).collect();
    let unread = submissions::beside(ctx, ctx.db.read(), registry, &keys).await?;
    let registry = Arc::clone(registry);
    tokio::task::spawn_blocking(move || {
        let (beside, nothing) = (unread.read(&registry)?, Beside::default());
        // The tables of a block are mostly of one kind.
        let mut forms: HashMap<(&str, &str), Form<'_>> = HashMap::new();
        let mut judged = Vec::with_capacity(tables.len());
        for table in &tables {
            let key = &table.key;
            let of = (key.dataset.as_str(), key.period.as_str());
            let form = forms.entry(of).or_insert_with(|| Form::new(&registry, of.0, of.1));
            judged.push(judging::judge(&registry, form, table, beside.get(key).unwrap_or(&nothing)));
        }
        Ok(judged)
    })
    .await
    .map_err(Error::internal)?
}

/// Whether another try may go better: another writer came in between.
const fn is_contention(fault: &Error) -> bool {
    matches!(fault, Error::Conflict(_) | Error::PreconditionFailed { .. } | Error::Contended(_) | Error::Db(_))
}

/// Adds what became of tables to the counts of their batch.
fn count(row: &mut batch::Model, causes: &mut causes::Causes, outcomes: &[Outcome]) {
    for outcome in outcomes {
        let rows = i64::from(outcome.rows);
        row.rows_read += rows;
        if outcome.is_accepted() {
            row.rows_accepted += rows;
        } else {
            row.rows_rejected += rows;
            outcome.explain(causes);
        }
    }
}

/// A small batch: everything in one transaction, and the answer at once.
async fn at_once(ctx: &Ctx, registry: &Arc<Registry>, reading: Reading, mut row: batch::Model) -> Result<Batch> {
    let rows = i64::try_from(reading.rows).map_err(Error::internal)?;
    row.rows_total = Some(rows);
    row.rows_rejected = i64::try_from(reading.rejected).map_err(Error::internal)?;
    row.rows_read = row.rows_rejected;
    let causes = reading.causes.clone();
    let mut tables = Vec::with_capacity(reading.tables());
    // A small file is packed in memory.
    reading
        .hand_over(&HashSet::new(), &mut |table| {
            tables.push(table);
            ControlFlow::Continue(())
        })
        .map_err(|fault| crate::formats::batch::refusal(&[fault]))?;
    let judged = judge(ctx, registry, tables).await?;
    let mut tries = 1;
    loop {
        match write_at_once(ctx, &judged, row.clone(), causes.clone()).await {
            Err(fault) if is_contention(&fault) && tries < TRIES => tries += 1,
            ended => return ended,
        }
    }
}

async fn write_at_once(
    ctx: &Ctx,
    judged: &[Judged],
    mut row: batch::Model,
    mut causes: causes::Causes,
) -> Result<Batch> {
    let id = row.id.to_string();
    let tx = ctx.begin().await?;
    let outcomes = judging::settle(ctx, &tx, judged, terms(&row), &id).await?;
    count(&mut row, &mut causes, &outcomes);
    row.causes = causes.kept();
    row.state = BatchState::Done;
    row.finished_at = Some(crate::db::now());
    let tables: Vec<batch_table::Model> = outcomes.iter().map(|one| one.row(row.id)).collect::<Result<_>>()?;
    row.receipt = receipt(ctx, &row, &tables)?;
    queue::insert(&tx, &row).await?;
    queue::insert_tables(&tx, &tables).await?;
    tell(ctx, &tx, &row, &tables).await?;
    // Before the commit: under a key nobody else sees it until the answer is kept.
    let batch = seen(ctx, &tx, row).await?;
    tx.commit().await?;
    Ok(batch)
}

/// What its sender has said of a batch.
const fn terms(row: &batch::Model) -> Terms {
    Terms { is_dry_run: row.is_dry_run, may_shrink: row.may_shrink }
}

fn accepted(tables: &[batch_table::Model]) -> usize {
    tables.iter().filter(|one| one.state != BatchVerdict::Rejected).count()
}

/// What the receipt of a batch says.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    batch: String,
    /// SHA-256 of the file, byte by byte as it was sent.
    hash: Option<&'a str>,
    size_bytes: i64,
    rows: Counts,
    tables: Counts,
    /// SHA-256 of the lines `school/dataset/period revision state`, each with its newline, in the order of their keys.
    revisions: String,
}

#[derive(Debug, Serialize)]
struct Counts {
    accepted: i64,
    rejected: i64,
}

/// The service's word that it has worked off a file; nothing for one of which nothing was to be stored.
fn receipt(ctx: &Ctx, row: &batch::Model, tables: &[batch_table::Model]) -> Result<Option<String>> {
    if row.is_dry_run || row.state != BatchState::Done {
        return Ok(None);
    }
    let mut lines: Vec<String> = tables
        .iter()
        .map(|one| {
            let (key, state) =
                (Key::new(one.school_code.as_str(), one.dataset_code.as_str(), one.period_code.as_str()), one.state);
            format!("{} {} {}\n", key.object(), one.revision.unwrap_or_default(), state.word())
        })
        .collect();
    lines.sort_unstable();
    let accepted = i64::try_from(accepted(tables)).map_err(Error::internal)?;
    let all = i64::try_from(tables.len()).map_err(Error::internal)?;
    let sent = Sent {
        batch: row.id.to_string(),
        hash: row.content_hash.as_deref(),
        size_bytes: row.size_bytes,
        rows: Counts { accepted: row.rows_accepted, rejected: row.rows_rejected },
        tables: Counts { accepted, rejected: all - accepted },
        revisions: sha256(lines.concat()),
    };
    receipts::of(ctx, EVENT, crate::db::now(), &sent).map(Some)
}

/// The journal's row of a batch at its end.
async fn tell(ctx: &Ctx, db: &impl ConnectionTrait, row: &batch::Model, tables: &[batch_table::Model]) -> Result<()> {
    let accepted = accepted(tables);
    let school = row.sender_org.as_deref().filter(|_| ctx.actor.role == Role::School);
    journal::record(
        db,
        ctx,
        Event {
            action: EVENT,
            object: row.id.to_string(),
            school,
            data: json!({
                "state": row.state.word(),
                "dry_run": row.is_dry_run,
                "rows": { "read": row.rows_read, "accepted": row.rows_accepted, "rejected": row.rows_rejected },
                "tables": { "accepted": accepted, "rejected": tables.len() - accepted },
                "receipt": row.receipt.as_ref().map(sha256),
            }),
            ..Event::default()
        },
    )
    .await
}
