//! The usher: tells whose secret ends soon, which tasks are due, and who is late with a certification.

use std::{sync::Arc, time::Duration};

use crate::{
    House,
    authz::Actor,
    domain::{certifications::overdue, expiry, tasks::reminders},
};

/// How often it looks at the calendar.
pub const EVERY: Duration = Duration::from_secs(10 * 60);

/// Goes round once.
pub async fn remind(house: Arc<House>) {
    let ctx = house.ctx(Actor::system("usher"));
    match expiry::warn(&ctx).await {
        Ok(0) => {}
        Ok(told) => tracing::debug!(told, "secrets that end soon"),
        Err(fault) => fault.log(),
    }
    match reminders::remind(&ctx).await {
        Ok(0) => {}
        Ok(told) => tracing::debug!(told, "tasks that are due soon"),
        Err(fault) => fault.log(),
    }
    match overdue::warn(&ctx).await {
        Ok(0) => {}
        Ok(told) => tracing::debug!(told, "steps of certifications that are late"),
        Err(fault) => fault.log(),
    }
}
