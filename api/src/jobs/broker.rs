//! The broker: says of opportunities that their day is over, and announces the digests of the days that are.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::NaiveDate;
use tokio::sync::Mutex;

use crate::{House, authz::Actor, domain::opportunities};

/// How often it goes round.
pub const EVERY: Duration = Duration::from_secs(5 * 60);

/// The days whose digests need not be looked at again.
pub type Done = Arc<Mutex<HashSet<NaiveDate>>>;

/// Goes round once.
pub async fn round(house: Arc<House>, done: Done) {
    let ctx = house.ctx(Actor::system("broker"));
    let mut done = done.lock().await;
    let went = [opportunities::expire(&ctx).await, opportunities::make_digests(&ctx, &mut done).await];
    for went in went {
        match went {
            Ok(0) => {}
            Ok(told) => tracing::debug!(told, "opportunities expired, or digests made"),
            Err(fault) => fault.log(),
        }
    }
}
