//! The broom: throws away the answers of idempotency keys whose day is over.

use std::{sync::Arc, time::Duration};

use crate::{House, authz::Actor, domain::idempotency};

/// How often it goes round.
pub const EVERY: Duration = Duration::from_secs(10 * 60);

/// Goes round once.
pub async fn sweep(house: Arc<House>) {
    match idempotency::purge(&house.ctx(Actor::system("broom"))).await {
        Ok(0) => {}
        Ok(gone) => tracing::debug!(gone, "old answers thrown away"),
        Err(fault) => fault.log(),
    }
}
