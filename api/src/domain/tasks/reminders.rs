//! What is due soon, told once: thirty days, seven days and on the day, by whichever instance is there first.

use chrono::{Days, NaiveDate};
use entity::{ids::JournalId, task, words::TaskState};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::{Builder, Uuid};

use super::{AHEAD, event, today};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::journal,
    error::Result,
};

/// How many days before the end, the longest first.
pub const BEFORE: [u8; 3] = [30, 7, 0];

/// The event.
const DUE: &str = "task.due";

/// The reminder whose time it is; nothing before the first and after the last day.
fn reminder(due: NaiveDate, today: NaiveDate) -> Option<u8> {
    let left = (due - today).num_days();
    // The nearest that is reached: who comes late is not told of the earlier ones as well.
    BEFORE.into_iter().rev().find(|days| (0..=i64::from(*days)).contains(&left))
}

/// Tells of the tasks that are open and due soon, each once for each reminder and day; returns how many.
pub async fn remind(ctx: &Ctx) -> Result<usize> {
    ctx.require(Action::Create, Kind::Journal)?;
    let today = today(ctx.actor.at);
    let far = today.checked_add_days(Days::new(u64::from(BEFORE.into_iter().max().unwrap_or_default())));
    let soon = ctx
        .visible::<task::Entity>()
        .filter(task::Column::State.eq(TaskState::Open))
        .filter(task::Column::DueOn.gte(today))
        .filter(task::Column::DueOn.lte(far.unwrap_or(today)))
        .order_by_asc(task::Column::DueOn)
        .order_by_asc(task::Column::Id)
        .all(ctx.db.read())
        .await?;
    let mut told = 0;
    for row in soon {
        let Some((due, days)) = row.due_on.and_then(|due| Some((due, reminder(due, today)?))) else { continue };
        let id = id(&row, due, days);
        if journal::is_recorded(ctx, id).await? {
            continue;
        }
        let left = (due - today).num_days();
        let tx = ctx.begin().await?;
        let is_new =
            journal::record_once(&tx, ctx, id, event(DUE, &row, json!({ "reminder": days, "days_left": left })))
                .await?;
        tx.commit().await?;
        told += usize::from(is_new);
    }
    Ok(told)
}

/// The same on every instance, so that the journal has it once; another for another day. In the order of the day.
fn id(row: &task::Model, due: NaiveDate, days: u8) -> JournalId {
    let name = format!("urn:zhiqiao:{DUE}:{}:{due}:{days}", row.id);
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    let day = due.checked_sub_days(Days::new(u64::from(days))).unwrap_or(due);
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().checked_sub_signed(AHEAD);
    let millis = midnight.and_then(|at| u64::try_from(at.timestamp_millis()).ok()).unwrap_or_default();
    let random = digest.as_bytes().last_chunk::<10>().copied().unwrap_or_default();
    JournalId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_has_its_days_and_no_day_has_two() {
        let due: NaiveDate = "2025-12-31".parse().unwrap();
        let at = |left: i64| reminder(due, due - chrono::TimeDelta::days(left));
        for (left, is) in
            [(31, None), (30, Some(30)), (8, Some(30)), (7, Some(7)), (1, Some(7)), (0, Some(0)), (-1, None)]
        {
            assert_eq!(at(left), is, "{left}");
        }
    }
}
