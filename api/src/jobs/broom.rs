//! The broom: throws away the answers of idempotency keys whose day is over, old messages to webhooks, old
//! counts of failed sign-ins, sign-ins and revocations that have expired by themselves, and budgets that are full
//! again.

use std::{sync::Arc, time::Duration};

use crate::{
    House,
    authz::Actor,
    domain::{grants, idempotency, lockout, webhooks::courier},
};

/// How often it goes round.
pub const EVERY: Duration = Duration::from_secs(10 * 60);

/// Goes round once.
pub async fn sweep(house: Arc<House>) {
    let ctx = house.ctx(Actor::system("broom"));
    let swept = [
        idempotency::purge(&ctx).await,
        courier::purge(&ctx).await,
        grants::purge(&ctx).await,
        lockout::purge(&ctx).await,
        house.rates.sweep().await,
    ];
    for swept in swept {
        match swept {
            Ok(0) => {}
            Ok(gone) => tracing::debug!(gone, "old rows thrown away"),
            Err(fault) => fault.log(),
        }
    }
}
