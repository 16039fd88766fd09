//! The rows of batches: the file in pieces, who works on it, how far it is, and when it is forgotten.

use chrono::{DateTime, Duration, SubsecRound, Utc};
use entity::{
    batch, batch_part, batch_table,
    ids::BatchId,
    words::{BatchFormat, BatchState},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::causes::Causes;
use crate::{
    authz::Role,
    ctx::Ctx,
    db::now,
    domain::submissions::Terms,
    error::{Error, Result},
    formats::batch::Format,
    request_id,
};

/// How long an instance that works on a batch may be silent.
const LEASE: Duration = Duration::seconds(30);
/// How often a batch is begun with before it is given up.
pub(super) const ATTEMPTS: i32 = 10;
/// How long a batch is remembered after its end.
const KEPT: Duration = Duration::days(30);
/// How long a file that never came to its end is kept.
const ABANDONED: Duration = Duration::days(1);

const fn kind(format: Format) -> BatchFormat {
    match format {
        Format::Csv => BatchFormat::Csv,
        Format::Ndjson => BatchFormat::Ndjson,
        Format::Xlsx => BatchFormat::Xlsx,
    }
}

/// The format of a batch's file.
pub(super) const fn format(kind: BatchFormat) -> Format {
    match kind {
        BatchFormat::Csv => Format::Csv,
        BatchFormat::Ndjson => Format::Ndjson,
        BatchFormat::Xlsx => Format::Xlsx,
    }
}

/// A batch as it begins.
pub(super) fn new(ctx: &Ctx, state: BatchState, format: Format, terms: Terms) -> Result<batch::Model> {
    let now = now();
    let role = match ctx.actor.role {
        Role::School => entity::words::Role::School,
        Role::Province => entity::words::Role::Province,
        _ => return Err(Error::internal("a batch of a role that sends none")),
    };
    Ok(batch::Model {
        id: BatchId(Uuid::now_v7()),
        state,
        format: kind(format),
        is_dry_run: terms.is_dry_run,
        may_shrink: terms.may_shrink,
        sender: ctx.actor.subject.clone(),
        sender_role: role,
        sender_org: ctx.actor.org.clone(),
        request_id: Some(request_id::current_id()).filter(|id| !id.is_empty()),
        address: request_id::current_address(),
        size_bytes: 0,
        content_hash: None,
        rows_total: None,
        rows_read: 0,
        rows_accepted: 0,
        rows_rejected: 0,
        causes: Causes::default().kept(),
        attempts: 0,
        lease: None,
        lease_until: None,
        // The instant that counts where a collection closes.
        created_at: ctx.actor.at.trunc_subsecs(6),
        updated_at: now,
        finished_at: None,
        receipt: None,
    })
}

/// Writes the row of a new batch.
pub(super) async fn insert(db: &impl ConnectionTrait, row: &batch::Model) -> Result<()> {
    batch::Entity::insert(batch::ActiveModel::from(row.clone())).exec_without_returning(db).await?;
    Ok(())
}

/// Keeps a piece of the file.
pub(super) async fn insert_part(db: &impl ConnectionTrait, id: BatchId, number: i32, bytes: Vec<u8>) -> Result<()> {
    let part = batch_part::ActiveModel { batch_id: Set(id), number: Set(number), bytes: Set(bytes) };
    batch_part::Entity::insert(part).exec_without_returning(db).await?;
    Ok(())
}

/// The piece of the file with this number.
pub(super) async fn part(ctx: &Ctx, id: BatchId, number: i32) -> Result<Option<Vec<u8>>> {
    Ok(ctx
        .visible::<batch_part::Entity>()
        .filter(batch_part::Column::BatchId.eq(id))
        .filter(batch_part::Column::Number.eq(number))
        .one(ctx.db.read())
        .await?
        .map(|part| part.bytes))
}

/// The file has come to its end: whoever is free may take it.
pub(super) async fn received(ctx: &Ctx, db: &impl ConnectionTrait, row: &batch::Model) -> Result<()> {
    ctx.change::<batch::Entity>()
        .col_expr(batch::Column::State, Expr::value(BatchState::Running.word()))
        .col_expr(batch::Column::SizeBytes, Expr::value(row.size_bytes))
        .col_expr(batch::Column::ContentHash, Expr::value(row.content_hash.clone()))
        .col_expr(batch::Column::UpdatedAt, Expr::value(now()))
        .filter(batch::Column::Id.eq(row.id))
        .exec(db)
        .await?;
    Ok(())
}

fn is_free(at: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(batch::Column::State.eq(BatchState::Running.word()))
        .add(Condition::any().add(batch::Column::LeaseUntil.is_null()).add(batch::Column::LeaseUntil.lt(at)))
}

/// Takes the oldest batch that nobody works on; nothing where there is none.
pub(super) async fn claim(system: &Ctx) -> Result<Option<batch::Model>> {
    let at = now();
    let Some(mut row) = system
        .visible::<batch::Entity>()
        .filter(is_free(at))
        .order_by_asc(batch::Column::CreatedAt)
        .limit(1)
        .one(system.db.read())
        .await?
    else {
        return Ok(None);
    };
    let lease = Uuid::new_v4();
    let done = system
        .change::<batch::Entity>()
        .col_expr(batch::Column::Lease, Expr::value(lease))
        .col_expr(batch::Column::LeaseUntil, Expr::value(at + LEASE))
        .col_expr(batch::Column::Attempts, Expr::value(row.attempts + 1))
        .filter(batch::Column::Id.eq(row.id))
        .filter(is_free(at))
        .exec(system.db.write())
        .await?;
    row.lease = Some(lease);
    row.attempts += 1;
    Ok((done.rows_affected == 1).then_some(row))
}

/// Notes how far a batch is, in the transaction of the tables it speaks of, and keeps it claimed.
///
/// # Errors
/// When another instance has taken the batch over: then this transaction must not count.
pub(super) async fn note(system: &Ctx, db: &impl ConnectionTrait, row: &batch::Model) -> Result<()> {
    let at = now();
    let is_over = row.state != BatchState::Running;
    let done = system
        .change::<batch::Entity>()
        .col_expr(batch::Column::State, Expr::value(row.state.word()))
        .col_expr(batch::Column::RowsTotal, Expr::value(row.rows_total))
        .col_expr(batch::Column::RowsRead, Expr::value(row.rows_read))
        .col_expr(batch::Column::RowsAccepted, Expr::value(row.rows_accepted))
        .col_expr(batch::Column::RowsRejected, Expr::value(row.rows_rejected))
        .col_expr(batch::Column::Causes, Expr::value(row.causes.clone()))
        .col_expr(batch::Column::Receipt, Expr::value(row.receipt.clone()))
        .col_expr(batch::Column::LeaseUntil, Expr::value(Some(at + LEASE).filter(|_| !is_over)))
        .col_expr(batch::Column::FinishedAt, Expr::value(Some(at).filter(|_| is_over)))
        .col_expr(batch::Column::UpdatedAt, Expr::value(at))
        .filter(batch::Column::Id.eq(row.id))
        .filter(batch::Column::State.eq(BatchState::Running.word()))
        .filter(batch::Column::Lease.eq(row.lease))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Unavailable("another instance works on the batch")) }
}

/// Lets a batch go that is not at its end, so that another instance takes it up at once.
pub(super) async fn release(system: &Ctx, row: &batch::Model) -> Result<()> {
    system
        .change::<batch::Entity>()
        .col_expr(batch::Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(batch::Column::Attempts, Expr::value(row.attempts.saturating_sub(1)))
        .filter(batch::Column::Id.eq(row.id))
        .filter(batch::Column::Lease.eq(row.lease))
        .exec(system.db.write())
        .await?;
    Ok(())
}

/// Notes what became of tables.
pub(super) async fn insert_tables(db: &impl ConnectionTrait, tables: &[batch_table::Model]) -> Result<()> {
    // A row has seven parameters, and SQLite takes 32,766 of them.
    for some in tables.chunks(2_000) {
        let rows = some.iter().cloned().map(batch_table::ActiveModel::from);
        batch_table::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// What became of the tables so far, in the order of their keys.
pub(super) async fn tables(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: BatchId,
    most: Option<u64>,
) -> Result<Vec<batch_table::Model>> {
    Ok(ctx
        .visible::<batch_table::Entity>()
        .filter(batch_table::Column::BatchId.eq(id))
        .order_by_asc(batch_table::Column::SchoolCode)
        .order_by_asc(batch_table::Column::DatasetCode)
        .order_by_asc(batch_table::Column::PeriodCode)
        .limit(most)
        .all(db)
        .await?)
}

/// Throws the file of a batch away.
#[expect(clippy::disallowed_methods, reason = "the pieces of a file that has been worked off are nobody's any more")]
pub(super) async fn delete_parts(db: &impl ConnectionTrait, id: BatchId) -> Result<()> {
    batch_part::Entity::delete_many().filter(batch_part::Column::BatchId.eq(id)).exec(db).await?;
    Ok(())
}

/// Forgets a batch: its file, its list of tables, its row. What it has stated stays.
#[expect(clippy::disallowed_methods, reason = "the rows were looked up by the one who forgets them")]
pub(super) async fn forget(system: &Ctx, id: BatchId) -> Result<()> {
    let tx = system.begin().await?;
    delete_parts(&tx, id).await?;
    batch_table::Entity::delete_many().filter(batch_table::Column::BatchId.eq(id)).exec(&tx).await?;
    batch::Entity::delete_many().filter(batch::Column::Id.eq(id)).exec(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// The batches that are to be forgotten at this instant: long finished, or never sent to their end.
pub(super) async fn outdated(system: &Ctx, at: DateTime<Utc>) -> Result<Vec<BatchId>> {
    let is_old = Condition::any().add(batch::Column::FinishedAt.lt(at - KEPT)).add(
        Condition::all()
            .add(batch::Column::State.eq(BatchState::Receiving.word()))
            .add(batch::Column::UpdatedAt.lt(at - ABANDONED)),
    );
    let rows = system.visible::<batch::Entity>().filter(is_old).limit(1_000).all(system.db.read()).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
