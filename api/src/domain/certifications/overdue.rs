//! Who is late with the certification of a teacher: told once for each step, by whichever instance is there first.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use entity::{ids::JournalId, teacher_certification as certification};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::{Builder, Uuid};

use super::teachers::{city, event, late};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::journal,
    error::Result,
};

/// The event.
const OVERDUE: &str = "teacher_certification.overdue";

/// How far back it looks: a service that stood still for longer tells nobody of what everybody has noticed.
const BACK: TimeDelta = TimeDelta::days(31);

/// Tells of the applications whose last day is over and of which it was not told; returns how many.
pub async fn warn(ctx: &Ctx) -> Result<usize> {
    ctx.require(Action::Create, Kind::Journal)?;
    let late = ctx
        .visible::<certification::Entity>()
        .filter(late(ctx))
        .filter(certification::Column::DueOn.gte(ctx.actor.today() - BACK))
        .all(ctx.db.read())
        .await?;
    let mut told = 0;
    for row in late {
        let Some(due) = row.due_on else { continue };
        let id = id(&row, due);
        if journal::is_recorded(ctx, id).await? {
            continue;
        }
        let city = city(ctx, &row);
        let tx = ctx.begin().await?;
        let is_new = journal::record_once(&tx, ctx, id, event(OVERDUE, &row, city.as_deref())).await?;
        tx.commit().await?;
        told += usize::from(is_new);
    }
    Ok(told)
}

/// The same on every instance, so that the journal has it once for each step; in the order of the day.
fn id(row: &certification::Model, due: NaiveDate) -> JournalId {
    let name = format!("urn:zhiqiao:{OVERDUE}:{}:{}", row.id, row.version);
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    let midnight = due.and_time(NaiveTime::MIN).and_utc();
    let millis = u64::try_from(midnight.timestamp_millis()).unwrap_or(0);
    let random = digest.as_bytes().last_chunk::<10>().copied().unwrap_or_default();
    JournalId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
