//! The herald: says when the day of a hidden release has come.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{House, authz::Actor, domain::embargo};

/// How often it looks at the calendar.
pub const EVERY: Duration = Duration::from_millis(250);

/// The versions that it need not ask the database about again.
pub type Told = Arc<Mutex<HashSet<String>>>;

/// Announces what is due and was not announced.
pub async fn announce(house: Arc<House>, told: Told) {
    let ctx = house.ctx(Actor::system("herald"));
    for release in embargo::over(&ctx) {
        let version = release.row.version.to_string();
        if told.lock().unwrap_or_else(PoisonError::into_inner).contains(&version) {
            continue;
        }
        match embargo::announce(&ctx, &release).await {
            Ok(is_new) => {
                tracing::debug!(release.version = %version, is_new, "announced");
                told.lock().unwrap_or_else(PoisonError::into_inner).insert(version);
            }
            Err(fault) => return fault.log(),
        }
    }
}
