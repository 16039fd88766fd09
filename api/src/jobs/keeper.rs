//! The keeper: keeps the evidence. It writes what was refused and what was read of the unpublished, and signs
//! checkpoints of the journal; at the end, once more, all that is left.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};

use crate::{
    House,
    authz::Actor,
    domain::{accesses, audit::checkpoints, journal, refusals},
};

/// How often it writes what waits.
const EVERY: Duration = Duration::from_millis(500);

/// How often it looks for records whose three years are over.
pub const PURGE_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// Keeps until told to stop.
pub async fn run(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let period = Duration::from_secs(house.config.audit.checkpoint_seconds);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut signed = Instant::now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => return finish(&house).await,
        }
        write(&house, false).await;
        if signed.elapsed() >= period {
            sign(&house).await;
            signed = Instant::now();
        }
    }
}

async fn write(house: &House, is_end: bool) {
    let ctx = house.ctx(Actor::system("keeper"));
    if let Err(fault) = accesses::write(&ctx, &house.accesses).await {
        fault.log();
    }
    if let Err(fault) = refusals::write(&ctx, &house.refusals, is_end).await {
        fault.log();
    }
}

async fn sign(house: &House) {
    if let Err(fault) = checkpoints::sign(&house.ctx(Actor::system("keeper"))).await {
        fault.log();
    }
}

/// What the end leaves behind is numbered and signed like everything before it.
async fn finish(house: &House) {
    write(house, true).await;
    let ctx = house.ctx(Actor::system("keeper"));
    loop {
        match journal::seal(&ctx).await {
            Ok((0, _)) => break,
            Ok(_) => {}
            Err(fault) => return fault.log(),
        }
    }
    sign(house).await;
}

/// Throws away records of access whose time is over.
pub async fn purge(house: Arc<House>) {
    match accesses::purge(&house.ctx(Actor::system("keeper"))).await {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "records of access older than three years thrown away"),
        Err(fault) => fault.log(),
    }
}
