//! The usher: tells whose secret ends soon, and which tasks are due.

use std::{sync::Arc, time::Duration};

use crate::{
    House,
    authz::Actor,
    domain::{expiry, tasks::reminders},
};

/// How often it looks at the calendar.
pub const EVERY: Duration = Duration::from_secs(10 * 60);

/// Goes round once.
pub async fn remind(house: Arc<House>) {
    match expiry::warn(&house.ctx(Actor::system("usher"))).await {
        Ok(0) => {}
        Ok(told) => tracing::debug!(told, "secrets that end soon"),
        Err(fault) => fault.log(),
    }
    match reminders::remind(&house.ctx(Actor::system("usher"))).await {
        Ok(0) => {}
        Ok(told) => tracing::debug!(told, "tasks that are due soon"),
        Err(fault) => fault.log(),
    }
}
