//! The day of a release that was hidden: told once, by whichever instance is there first.

use std::sync::Arc;

use entity::ids::JournalId;
use serde_json::{Value, json};
use uuid::{Builder, Uuid};

use super::journal::{self, Event};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::Result,
    memory::ReleaseHead,
};

/// What the journal says of a release that everybody may see.
pub const PUBLISHED: &str = "release.published";
/// What it says of one that is hidden until its day.
pub const CREATED: &str = "release.created";

/// What is told of a release.
pub fn data(version: &str, kind: &str, tables: usize, publish_at: chrono::DateTime<chrono::Utc>) -> Value {
    json!({ "version": version, "kind": kind, "tables": tables, "publish_at": publish_at })
}

/// The releases that were hidden and are not any more.
pub fn over(ctx: &Ctx) -> Vec<Arc<ReleaseHead>> {
    let now = now();
    let mut over = ctx.memory.releases(&ctx.actor);
    over.retain(|release| release.row.publish_at > release.row.created_at && release.row.publish_at <= now);
    over
}

/// Writes into the journal that a release is published, unless that is there; whether it was not.
pub async fn announce(ctx: &Ctx, release: &ReleaseHead) -> Result<bool> {
    ctx.require(Action::Create, Kind::Journal)?;
    let id = id(release);
    if journal::is_recorded(ctx, id).await? {
        return Ok(false);
    }
    let row = &release.row;
    let event = Event {
        action: PUBLISHED,
        object: row.version.0.clone(),
        data: data(row.version.as_str(), row.kind.word(), release.tables.len(), row.publish_at),
        ..Event::default()
    };
    let tx = ctx.begin().await?;
    let is_new = journal::record_once(&tx, ctx, id, event).await?;
    tx.commit().await?;
    Ok(is_new)
}

/// The same on every instance, so that the journal has it once; in the order of the day, as all ids are.
fn id(release: &ReleaseHead) -> JournalId {
    let name = format!("urn:zhiqiao:{PUBLISHED}:{}", release.row.version);
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    let millis = u64::try_from(release.row.publish_at.timestamp_millis()).unwrap_or(0);
    let random = digest.as_bytes().last_chunk::<10>().copied().unwrap_or_default();
    JournalId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
