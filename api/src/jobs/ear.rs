//! The ear: hears from the other instances on PostgreSQL that they have sealed something.
//!
//! Without it the sealer's own look finds the same, a tenth of a second later.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{House, domain::journal::CHANNEL, error::Result};

/// How long it stays deaf before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens until told to stop.
pub async fn listen(house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    loop {
        let ended = tokio::select! {
            ended = hear(&house) => ended,
            _ = stopped.changed() => return,
        };
        match ended {
            Ok(()) => return,
            Err(fault) => tracing::warn!(%fault, "other instances are not heard"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Rings for whatever is heard. It comes to an end where nothing can be heard at all.
async fn hear(house: &House) -> Result<()> {
    let Some(mut listener) = house.db.listen(CHANNEL).await? else { return Ok(()) };
    loop {
        if house.memory.bell().is_awaited() {
            house.memory.sealed().await?;
        }
        listener.heard().await?;
    }
}
