//! Large batches: worked off one after the other, by whichever instance is free; and old ones are forgotten.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{House, authz::Actor, domain::batches};

/// How often it looks for a batch.
pub const EVERY: Duration = Duration::from_millis(250);
/// How often it looks for what is to be forgotten.
pub const PURGE_EVERY: Duration = Duration::from_secs(3_600);

/// Works off what waits until told to stop; a batch is left between two blocks and goes on elsewhere.
pub async fn work(mut stopped: watch::Receiver<bool>, house: Arc<House>) {
    let ctx = house.ctx(Actor::system("batches"));
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let told = stopped.clone();
    let is_stopping = || *told.borrow();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = house.tray.has_news() => {}
            _ = stopped.changed() => return,
        }
        while !is_stopping() {
            match batches::work(&ctx, &house.tray, &is_stopping).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    fault.log();
                    break;
                }
            }
        }
    }
}

/// Forgets what is old.
pub async fn purge(house: Arc<House>) {
    if let Err(fault) = batches::purge(&house.ctx(Actor::system("batches"))).await {
        fault.log();
    }
}
