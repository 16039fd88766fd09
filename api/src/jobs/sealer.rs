//! The sealer: gives committed journal rows their number and chain hash, off the request path.

use std::{sync::Arc, time::Duration};

use chrono::Utc;

use crate::{House, authz::Actor, domain::journal, telemetry};

/// How often it looks; a row is sealed within 200 ms.
pub const EVERY: Duration = Duration::from_millis(100);

/// Seals what is there, round after round.
pub async fn seal(house: Arc<House>) {
    let ctx = house.ctx(Actor::system("sealer"));
    loop {
        match journal::has_pending(&ctx).await {
            Ok(true) => {}
            Ok(false) => {
                telemetry::set_seal_lag(Duration::ZERO);
                return;
            }
            Err(fault) => return fault.log(),
        }
        match journal::seal(&ctx).await {
            Ok((0, _)) => return,
            Ok((_, oldest)) => {
                let lag = oldest.and_then(|at| (Utc::now() - at).to_std().ok()).unwrap_or_default();
                telemetry::set_seal_lag(lag);
            }
            Err(fault) => return fault.log(),
        }
    }
}
