//! The sealer: gives committed journal rows their number and chain hash, off the request path.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{House, authz::Actor, domain::journal, telemetry};

/// How often it looks, for what others have committed; a row is sealed within 200 ms.
const EVERY: Duration = Duration::from_millis(100);

/// How soon after a look it looks again, for what this instance has committed: one round for many
/// commits, because every round is a transaction of the one writer.
const SOONEST: Duration = Duration::from_millis(25);

/// Seals after every commit of this instance, and now and then, until told to stop.
pub async fn run(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let mut well = Instant::now();
    loop {
        let began = Instant::now();
        if seal(&house).await {
            well = began;
        } else {
            // Nobody knows how much waits; for so long at least it may.
            telemetry::set_seal_lag(well.elapsed());
        }
        tokio::select! {
            () = house.db.committed() => sleep_until(began + SOONEST).await,
            () = sleep(EVERY) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Seals what is there, round after round; whether that went well.
async fn seal(house: &House) -> bool {
    let ctx = house.ctx(Actor::system("sealer"));
    loop {
        match journal::has_pending(&ctx).await {
            Ok(true) => {}
            Ok(false) => {
                telemetry::set_seal_lag(Duration::ZERO);
                look(house).await;
                return true;
            }
            Err(fault) => {
                fault.log();
                return false;
            }
        }
        match journal::seal(&ctx).await {
            Ok((0, _)) => return true,
            Ok((_, oldest)) => {
                let lag = oldest.and_then(|at| (Utc::now() - at).to_std().ok()).unwrap_or_default();
                telemetry::set_seal_lag(lag);
            }
            Err(fault) => {
                fault.log();
                return false;
            }
        }
    }
}

/// What others have sealed, if somebody waits for it.
async fn look(house: &House) {
    if house.memory.bell().is_awaited()
        && let Err(fault) = house.memory.sealed().await
    {
        fault.log();
    }
}
