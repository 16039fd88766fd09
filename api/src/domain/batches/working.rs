//! Working off a large batch: claimed by one instance at a time, block by block, each block one transaction
//! with the note of how far the batch is. Whoever takes it up again passes by the tables that are done.

use std::{collections::HashSet, ops::ControlFlow, sync::Arc};

use entity::{batch, batch_table, words::BatchState};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    TRIES,
    ahead::{self, Tray},
    arriving::{self, Arriving},
    causes::{Causes, Example},
    count,
    gather::{Gathered, Reading, Source},
    is_contention, judge,
    judging::{self, Judged, Outcome},
    queue, receipt, tell, terms,
};
use crate::{
    authz::Actor,
    ctx::Ctx,
    domain::submissions::Key,
    error::{Error, Finding, Language, Result},
    formats::batch::Fault,
    memory::registry::Registry,
    request_id,
};

/// How many tables go into a transaction: as many as one statement takes at a time.
const BLOCK_TABLES: usize = 128;
/// How many rows go into a transaction, unless one table has more.
const BLOCK_ROWS: u32 = 20_000;

/// Works off the oldest batch that waits; whether there was one. `is_stopping` is asked between blocks.
///
/// # Errors
/// What kept it from going on; the batch is taken up again when its lease has run out.
pub async fn work(system: &Ctx, tray: &Tray, is_stopping: &(dyn Fn() -> bool + Sync)) -> Result<bool> {
    let Some(row) = queue::claim(system).await? else { return Ok(false) };
    let request = request_id::Request {
        id: row.request_id.clone().unwrap_or_default(),
        language: Language::default(),
        address: row.address.clone(),
        door: "POST /v1/batches".to_owned(),
        refused: request_id::Refused::default(),
    };
    request_id::scope(request, run(system, tray, row, is_stopping)).await?;
    Ok(true)
}

async fn run(system: &Ctx, tray: &Tray, mut row: batch::Model, is_stopping: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    if row.attempts > queue::ATTEMPTS {
        return fail(system, system, row, &[gave_up()]).await;
    }
    let standing = system.memory.standing(&row.sender)?;
    let role = row.sender_role.into();
    let Some(standing) = standing.filter(|one| one.role == role && one.org == row.sender_org) else {
        return fail(system, system, row, &[sender_gone()]).await;
    };
    let sender = Actor::with(role, row.sender_org.as_deref(), row.sender.clone(), standing.name).on(standing.duty);
    // What was sent in time is in time, however long it waited for its turn.
    let ctx = system.as_(Actor { at: row.created_at, ..sender });
    let registry = ctx.memory.registry();
    let read = match tray.take(row.id, &registry).await? {
        Some(read) => read,
        None => fetch(system, &ctx, &registry, &row).await?,
    };
    let reading = match read {
        Ok(reading) => reading,
        Err(faults) => return fail(system, &ctx, row, &faults).await,
    };
    if row.rows_total.is_none() {
        row.rows_total = Some(i64::try_from(reading.rows).map_err(Error::internal)?);
        row.rows_rejected = i64::try_from(reading.rejected).map_err(Error::internal)?;
        row.rows_read = row.rows_rejected;
        row.causes = reading.causes.kept();
        queue::note(system, system.db.write(), &row).await?;
    }
    let done: HashSet<Key> = queue::tables(system, system.db.read(), row.id, None)
        .await?
        .into_iter()
        .map(|one| Key { school: one.school_code, dataset: one.dataset_code, period: one.period_code })
        .collect();

    let (send, mut blocks) = mpsc::channel::<Vec<Gathered>>(2);
    let gathering = tokio::task::spawn_blocking(move || {
        let (mut block, mut rows) = (Vec::new(), 0_u32);
        let ended = reading.hand_over(&done, &mut |table| {
            rows = rows.saturating_add(table.rows);
            block.push(table);
            if block.len() < BLOCK_TABLES && rows < BLOCK_ROWS {
                return ControlFlow::Continue(());
            }
            rows = 0;
            match send.blocking_send(std::mem::take(&mut block)) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody waits for it any more.
                Err(_) => ControlFlow::Break(()),
            }
        });
        if !block.is_empty() {
            let _nobody_waits = send.blocking_send(block);
        }
        ended
    });
    // Blocks are judged while those before them are written: the database has a processor of its own.
    let (send, mut judged) = mpsc::channel::<Result<Vec<Judged>>>(2);
    let (again, held) = (ctx.clone(), Arc::clone(&registry));
    let judging = tokio::spawn(async move {
        while let Some(block) = blocks.recv().await {
            let judged = judge(&again, &held, block).await;
            let is_over = judged.is_err();
            if send.send(judged).await.is_err() || is_over {
                return;
            }
        }
    });
    loop {
        if is_stopping() {
            // What is judged and not written is judged again by whoever goes on.
            return queue::release(system, &row).await;
        }
        match judged.recv().await {
            Some(block) => row = write(system, &ctx, row, &block?).await?,
            None => break,
        }
    }
    // One that broke off has no more blocks either, and is not at its end.
    judging.await.map_err(Error::internal)?;
    match gathering.await.map_err(Error::internal)? {
        Ok(()) => finish(system, &ctx, row, BatchState::Done).await,
        Err(fault) => fail(system, &ctx, row, &[fault]).await,
    }
}

/// Reads the file of a batch as it is fetched piece by piece.
async fn fetch(
    system: &Ctx,
    ctx: &Ctx,
    registry: &Arc<Registry>,
    row: &batch::Model,
) -> Result<Result<Reading, Vec<Fault>>> {
    let (send, pieces) = mpsc::channel(arriving::AHEAD);
    let source = Source::Arriving(Arriving::new(pieces).map_err(Error::internal)?);
    let (system, id, size) = (system.clone(), row.id, row.size_bytes);
    let fetching: JoinHandle<Result<()>> = tokio::spawn(async move {
        let mut fetched = 0_i64;
        for number in 0_i32.. {
            let Some(bytes) = queue::part(&system, id, number).await? else { break };
            fetched += i64::try_from(bytes.len()).map_err(Error::internal)?;
            if send.send(bytes).await.is_err() {
                // Nobody reads it any more.
                return Ok(());
            }
        }
        if fetched == size { Ok(()) } else { Err(Error::internal("a batch without all of its file")) }
    });
    let (source, read) =
        ahead::read(ctx, registry, source, queue::format(row.format)).await.map_err(Error::internal)?;
    drop(source);
    // A file that broke off on its way here is not the sender's fault.
    fetching.await.map_err(Error::internal)??;
    Ok(read)
}

/// Stores a block. Where another writer comes in between again and again, table by table.
async fn write(system: &Ctx, ctx: &Ctx, row: batch::Model, judged: &[Judged]) -> Result<batch::Model> {
    match try_write(system, ctx, &row, judged).await {
        Err(fault) if is_contention(&fault) => {}
        ended => return ended,
    }
    let mut row = row;
    for one in judged {
        row = try_write(system, ctx, &row, std::slice::from_ref(one)).await?;
    }
    Ok(row)
}

async fn try_write(system: &Ctx, ctx: &Ctx, row: &batch::Model, judged: &[Judged]) -> Result<batch::Model> {
    let mut tries = 1;
    loop {
        match write_once(system, ctx, row, judged).await {
            Err(fault) if is_contention(&fault) && tries < TRIES => tries += 1,
            ended => return ended,
        }
    }
}

async fn write_once(system: &Ctx, ctx: &Ctx, row: &batch::Model, judged: &[Judged]) -> Result<batch::Model> {
    let mut row = row.clone();
    let mut causes = Causes::read(&row.causes);
    let tx = ctx.begin().await?;
    let outcomes: Vec<Outcome> = judging::settle(ctx, &tx, judged, terms(&row), &row.id.to_string()).await?;
    count(&mut row, &mut causes, &outcomes);
    row.causes = causes.kept();
    let tables: Vec<batch_table::Model> = outcomes.iter().map(|one| one.row(row.id)).collect::<Result<_>>()?;
    queue::insert_tables(&tx, &tables).await?;
    queue::note(system, &tx, &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Ends a batch: the note of it, the journal's row, and the file is thrown away.
async fn finish(system: &Ctx, ctx: &Ctx, mut row: batch::Model, state: BatchState) -> Result<()> {
    row.state = state;
    let tables = queue::tables(system, system.db.read(), row.id, None).await?;
    row.receipt = receipt(ctx, &row, &tables)?;
    let tx = system.begin().await?;
    queue::note(system, &tx, &row).await?;
    tell(ctx, &tx, &row, &tables).await?;
    queue::delete_parts(&tx, row.id).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a batch whose file nobody can work with. Every fault is a cause.
async fn fail(system: &Ctx, ctx: &Ctx, mut row: batch::Model, faults: &[Fault]) -> Result<()> {
    let mut causes = Causes::read(&row.causes);
    for fault in faults {
        let finding: Finding = fault.finding();
        causes.add(&finding, u64::from(fault.row.is_some()), 0, || Example {
            row: fault.row.unwrap_or(0),
            ..Example::default()
        });
    }
    row.causes = causes.kept();
    finish(system, ctx, row, BatchState::Failed).await
}

fn gave_up() -> Fault {
    Fault::new("internal", "处理多次中断，已放弃：请重新上传", "Given up after many tries: send it again")
}

fn sender_gone() -> Fault {
    Fault::new("sender_gone", "上传者的账号已停用或权限已变", "The sender is disabled or has another role now")
}
