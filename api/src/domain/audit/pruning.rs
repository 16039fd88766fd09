//! The one way by which entries of the journal go: when their time is over, and not without a trace.
//!
//! Only what is older than 190 days, covered by a checkpoint and exported is removed. A checkpoint is signed that
//! says where the chain begins from then on, and an entry tells of it. The triggers that forbid it are lifted within
//! the transaction, which only the owner of the tables can do: not the role under which the service runs.

use chrono::{DateTime, Days, Utc};
use entity::{ids::JournalId, journal, journal_checkpoint, journal_seal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait, Statement,
};
use serde_json::json;

use super::{
    checkpoints::{self, Checkpoint},
    verifying::PIECE,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::Transaction,
    domain::journal::{Event, record},
    error::{Error, Result, Text},
};

/// How many days an entry is kept at least.
pub const DAYS: u64 = 190;

/// What may be removed.
#[derive(Clone, Debug)]
pub struct Due {
    /// The last entry of it.
    pub last: i64,
    /// The chain hash of that entry.
    pub chain_hash: String,
    /// The first entry that is there now.
    pub first: i64,
}

/// What of the journal may be removed before a day; nothing where there is nothing.
///
/// # Errors
/// 422 for a day of which an entry is to be kept still.
pub async fn due(ctx: &Ctx, before: DateTime<Utc>) -> Result<Option<Due>> {
    ctx.require(Action::Create, Kind::Journal)?;
    let latest = Utc::now().checked_sub_days(Days::new(DAYS)).unwrap_or_default();
    if before > latest {
        return Err(Error::invalid(
            "retention",
            "/before",
            Text::new(
                format!("日志至少保存 {DAYS} 天：只能删除 {} 之前的条目", latest.format("%Y-%m-%d")),
                format!(
                    "The journal is kept {DAYS} days at least: only what is before {} may go",
                    latest.format("%Y-%m-%d")
                ),
            ),
        ));
    }
    let db = ctx.db.read();
    let seals = || ctx.visible::<journal_seal::Entity>();
    let Some(first) = seals().order_by_asc(journal_seal::Column::Sequence).limit(1).one(db).await? else {
        return Ok(None);
    };
    // The first entry that stays; all before it are old, and what is younger is never between them.
    let stays = seals()
        .join(JoinType::InnerJoin, journal_seal::Relation::Journal.def())
        .filter(journal::Column::At.gte(before))
        .order_by_asc(journal_seal::Column::Sequence)
        .limit(1)
        .one(db)
        .await?
        .map_or(i64::MAX, |seal| seal.sequence);
    let signed = ctx
        .visible::<journal_checkpoint::Entity>()
        .order_by_desc(journal_checkpoint::Column::Sequence)
        .limit(1)
        .one(db)
        .await?
        .map_or(0, |newest| newest.sequence);
    let last = seals()
        .filter(journal_seal::Column::Sequence.lt(stays))
        .filter(journal_seal::Column::Sequence.lte(signed))
        .order_by_desc(journal_seal::Column::Sequence)
        .limit(1)
        .one(db)
        .await?;
    Ok(last.map(|last| Due { last: last.sequence, chain_hash: last.chain_hash, first: first.sequence }))
}

/// Removes what is due, and signs where the journal begins now. The caller has seen to it that it is exported.
///
/// # Errors
/// What the database said, for example that it is not this role's to lift the triggers.
pub async fn prune(ctx: &Ctx, due: &Due) -> Result<Checkpoint> {
    ctx.require(Action::Create, Kind::Journal)?;
    let tx = ctx.begin().await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        // The lock of the sealer: nothing is numbered meanwhile.
        let lock = "SELECT pg_advisory_xact_lock(7236478)";
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, lock)).await?;
    }
    let event = Event {
        action: "journal.pruned",
        object: format!("{}-{}", due.first, due.last),
        data: json!({ "first": due.first, "last": due.last, "chain_hash": due.chain_hash }),
        ..Event::default()
    };
    record(&tx, ctx, event).await?;
    let newest = checkpoints::newest(ctx, &tx).await?.map_or(0, |newest| newest.number);
    let head =
        ctx.visible::<journal_seal::Entity>().order_by_desc(journal_seal::Column::Sequence).limit(1).one(&tx).await?;
    let head = head.ok_or_else(|| Error::internal("a journal without entries"))?;
    let checkpoint = checkpoints::store(ctx, &tx, newest + 1, &head, (due.last + 1, due.chain_hash.clone())).await?;
    let triggers = lift(&tx).await?;
    remove(ctx, &tx, due.last).await?;
    for statement in triggers {
        tx.execute_raw(Statement::from_string(tx.get_database_backend(), statement)).await?;
    }
    tx.commit().await?;
    Ok(checkpoint)
}

/// Removes the entries up to one, piece by piece.
async fn remove(ctx: &Ctx, tx: &Transaction, last: i64) -> Result<()> {
    loop {
        let piece: Vec<(i64, JournalId)> = ctx
            .visible::<journal_seal::Entity>()
            .select_only()
            .columns([journal_seal::Column::Sequence, journal_seal::Column::JournalId])
            .filter(journal_seal::Column::Sequence.lte(last))
            .order_by_asc(journal_seal::Column::Sequence)
            .limit(PIECE)
            .into_tuple()
            .all(tx)
            .await?;
        let Some((until, _)) = piece.last() else { return Ok(()) };
        ctx.remove::<journal_seal::Entity>().filter(journal_seal::Column::Sequence.lte(*until)).exec(tx).await?;
        let ids = piece.into_iter().map(|(_, id)| id);
        ctx.remove::<journal::Entity>().filter(journal::Column::Id.is_in(ids)).exec(tx).await?;
    }
}

/// Lifts the triggers that forbid it, until the end of the transaction; returns what makes them again.
async fn lift(tx: &Transaction) -> Result<Vec<String>> {
    let backend = tx.get_database_backend();
    let run = async |sql: String| tx.execute_raw(Statement::from_string(backend, sql)).await;
    let mut again = Vec::new();
    for table in ["journal", "journal_seal"] {
        if backend == DbBackend::Postgres {
            run(format!("ALTER TABLE {table} DISABLE TRIGGER tr_{table}_no_change")).await?;
            again.push(format!("ALTER TABLE {table} ENABLE TRIGGER tr_{table}_no_change"));
            continue;
        }
        let name = format!("tr_{table}_no_delete");
        let wanted = format!("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = '{name}'");
        let row = tx.query_one_raw(Statement::from_string(backend, wanted)).await?;
        let row = row.ok_or_else(|| Error::Internal(format!("the trigger {name} is missing")))?;
        again.push(row.try_get_by_index(0)?);
        run(format!("DROP TRIGGER {name}")).await?;
    }
    Ok(again)
}
