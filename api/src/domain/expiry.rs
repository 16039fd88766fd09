//! Secrets of clients that end soon: told once, two weeks ahead, by whichever instance is there first.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{client, ids::JournalId};
use sea_orm::{ColumnTrait, QueryFilter};
use serde_json::json;
use uuid::{Builder, Uuid};

use super::journal::{self, Event};
use crate::{
    authz::{Action, EXPIRING, Kind},
    ctx::Ctx,
    db::now,
    error::Result,
};

/// How long ahead.
pub const AHEAD: TimeDelta = TimeDelta::days(14);

/// Tells of the secrets that end within two weeks and were not told of; returns how many.
pub async fn warn(ctx: &Ctx) -> Result<usize> {
    ctx.require(Action::Create, Kind::Journal)?;
    let now = now();
    let soon = ctx
        .visible::<client::Entity>()
        .filter(client::Column::IsDisabled.eq(false))
        .filter(client::Column::SecretExpiresAt.gt(now))
        .filter(client::Column::SecretExpiresAt.lte(now + AHEAD))
        .all(ctx.db.read())
        .await?;
    let mut told = 0;
    for row in soon {
        let Some(end) = row.secret_expires_at else { continue };
        let id = id(&row.client_id, end);
        if journal::is_recorded(ctx, id).await? {
            continue;
        }
        let event = Event {
            action: EXPIRING,
            object: row.client_id.clone(),
            data: json!({ "client": row.client_id, "role": row.role.word(), "org": row.org, "expires_at": end }),
            ..Event::default()
        };
        let tx = ctx.begin().await?;
        let is_new = journal::record_once(&tx, ctx, id, event).await?;
        tx.commit().await?;
        told += usize::from(is_new);
    }
    Ok(told)
}

/// The same on every instance, so that the journal has it once for each secret; in the order of the day.
fn id(client_id: &str, end: DateTime<Utc>) -> JournalId {
    let name = format!("urn:zhiqiao:{EXPIRING}:{client_id}:{}", end.timestamp_micros());
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    let millis = u64::try_from((end - AHEAD).timestamp_millis()).unwrap_or(0);
    let random = digest.as_bytes().last_chunk::<10>().copied().unwrap_or_default();
    JournalId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
