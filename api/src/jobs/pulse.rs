//! The pulse: four times a second an instance asks whether another has changed something it holds in memory.

use std::{sync::Arc, time::Duration};

use crate::{House, telemetry};

/// How often.
pub const EVERY: Duration = Duration::from_millis(250);

/// Compares epochs.
pub async fn beat(house: Arc<House>) {
    if let Err(fault) = house.memory.refresh().await {
        tracing::warn!(%fault, "no news from the database");
    }
    for (pool, open, idle) in house.db.pools() {
        telemetry::set_pool(pool, open, idle);
    }
    telemetry::upkeep();
}
