//! The courier's work: events become messages, messages go out, and what came of them is noted.
//!
//! Several instances do it at once. An event becomes one message because endpoint and place are a
//! unique key and the endpoint's cursor moves in the same transaction; a message is one instance's at
//! a time because it is leased. An instance that dies leaves leases that run out.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    ids::{DeliveryId, WebhookId},
    webhook, webhook_delivery,
    words::DeliveryState,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType, OnConflict},
};
use serde_json::json;
use uuid::Uuid;

use super::{again, events, owner, record, signing, wants};
use crate::{
    ctx::Ctx,
    db::now,
    domain::feed::{self, Place},
    error::Result,
};

/// How long a message is tried, and how long an endpoint may fail before it is disabled.
pub const GIVES_UP: TimeDelta = TimeDelta::days(3);

/// How long an instance may take over a message: longer than the request's own time limit.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How long the log keeps a message that is settled.
const KEPT: TimeDelta = TimeDelta::days(30);

/// How many events of one endpoint become messages at a time.
const ROUND: usize = 200;

/// How many messages one instance takes at a time.
const HANDFUL: u64 = 16;

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its endpoint, as it was when the parcel was taken.
    pub to: webhook::Model,
    /// The message.
    pub row: webhook_delivery::Model,
}

/// What is sent beside the body.
#[derive(Clone, Debug)]
pub struct Label {
    /// `webhook-id`: the same for every attempt.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
}

impl Parcel {
    /// The three headers of Standard Webhooks, for an attempt now.
    pub fn label(&self, ctx: &Ctx, at: DateTime<Utc>) -> Result<Label> {
        let id = message_id(self.row.id);
        let signature = signing::signatures(ctx.memory.vault(), &self.to, &id, at, &self.row.body)?;
        Ok(Label { id, timestamp: at.timestamp().to_string(), signature })
    }
}

/// The name that a message goes by outside.
pub fn message_id(id: DeliveryId) -> String {
    format!("msg_{}", id.0.simple())
}

/// Makes messages of what is new in the feeds of all endpoints. Says whether there may be more.
pub async fn fan_out(ctx: &Ctx) -> Result<bool> {
    let mut more = false;
    let rows = ctx.visible::<webhook::Entity>().filter(webhook::Column::IsDisabled.eq(false));
    for row in rows.all(ctx.db.read()).await? {
        more |= fan_out_to(ctx, &row).await?;
    }
    Ok(more)
}

async fn fan_out_to(ctx: &Ctx, row: &webhook::Model) -> Result<bool> {
    let after = Place::read(&row.cursor, "/cursor")?;
    let found = feed::read(&owner(ctx, row), after, ROUND).await?;
    if found.next == after {
        return Ok(false);
    }
    let wanted = events(row)?;
    let at = now();
    let messages: Vec<webhook_delivery::ActiveModel> = found
        .items
        .iter()
        .filter(|event| wants(&wanted, &event.kind))
        .map(|event| {
            let place = event.place.cursor();
            let body = json!({
                "type": event.kind,
                "timestamp": event.at,
                "data": {
                    "cursor": place,
                    "type": event.kind,
                    "time": event.at,
                    "school": event.school.as_ref().map(|school| school.as_str()),
                    "object": event.object,
                    "data": event.data,
                },
            });
            webhook_delivery::ActiveModel::from(webhook_delivery::Model {
                id: DeliveryId(Uuid::now_v7()),
                webhook_id: row.id,
                place,
                event: event.kind.clone(),
                body: body.to_string(),
                state: DeliveryState::Pending,
                attempts: 0,
                next_at: at,
                leased_until: None,
                last_at: None,
                last_status: None,
                last_error: None,
                created_at: at,
            })
        })
        .collect();
    let tx = ctx.begin().await?;
    let moved = ctx
        .change::<webhook::Entity>()
        .col_expr(webhook::Column::Cursor, Expr::value(found.next.cursor()))
        .filter(webhook::Column::Id.eq(row.id))
        .filter(webhook::Column::Cursor.eq(row.cursor.as_str()))
        .exec(&tx)
        .await?;
    if moved.rows_affected == 0 {
        // Another instance was faster.
        return Ok(true);
    }
    if !messages.is_empty() {
        let twice = OnConflict::columns([webhook_delivery::Column::WebhookId, webhook_delivery::Column::Place])
            .do_nothing()
            .to_owned();
        webhook_delivery::Entity::insert_many(messages)
            .on_conflict(twice)
            .try_insert()
            .exec_without_returning(&tx)
            .await?;
    }
    tx.commit().await?;
    Ok(!found.is_at_end)
}

/// The condition of a message that is to go out now.
fn is_due(at: DateTime<Utc>) -> Condition {
    use webhook_delivery::Column as C;
    Condition::all()
        .add(C::State.eq(DeliveryState::Pending))
        .add(C::NextAt.lte(at))
        .add(Condition::any().add(C::LeasedUntil.is_null()).add(C::LeasedUntil.lt(at)))
}

/// Takes some messages that are due. They are this instance's until their lease runs out.
pub async fn take(ctx: &Ctx) -> Result<Vec<Parcel>> {
    use webhook_delivery::Column as C;
    let at = now();
    // A read first, so that an idle service never takes the writer.
    let due = ctx.visible::<webhook_delivery::Entity>().filter(is_due(at)).order_by_asc(C::NextAt).limit(HANDFUL);
    if due.clone().limit(1).one(ctx.db.read()).await?.is_none() {
        return Ok(Vec::new());
    }
    let tx = ctx.begin().await?;
    // What another instance is taking just now is passed over; SQLite has one writer anyway.
    let rows = due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await?;
    ctx.change::<webhook_delivery::Entity>()
        .col_expr(C::LeasedUntil, Expr::value(at + LEASE))
        .filter(C::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    let mut ids: Vec<WebhookId> = rows.iter().map(|row| row.webhook_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let endpoints = ctx.visible::<webhook::Entity>().filter(webhook::Column::Id.is_in(ids)).all(ctx.db.read()).await?;
    let mut parcels = Vec::with_capacity(rows.len());
    for row in rows {
        match endpoints.iter().find(|endpoint| endpoint.id == row.webhook_id) {
            Some(to) if !to.is_disabled => parcels.push(Parcel { to: to.clone(), row }),
            // It was disabled with messages on their way: they wait for it, out of the courier's sight.
            _ => put_off(ctx, &row, at).await?,
        }
    }
    Ok(parcels)
}

async fn put_off(ctx: &Ctx, row: &webhook_delivery::Model, at: DateTime<Utc>) -> Result<()> {
    let tx = ctx.begin().await?;
    note(ctx, &tx, row, Noted { next_at: at + TimeDelta::hours(1), ..Noted::of(row) }).await?;
    tx.commit().await?;
    Ok(())
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was taken: 200 to 299.
    Arrived(u16),
    /// It was answered otherwise.
    Refused(u16, String),
    /// There was no answer.
    Lost(String),
}

/// What is written down of a message.
struct Noted {
    state: DeliveryState,
    attempts: i32,
    next_at: DateTime<Utc>,
    last_at: Option<DateTime<Utc>>,
    last_status: Option<i32>,
    last_error: Option<String>,
}

impl Noted {
    fn of(row: &webhook_delivery::Model) -> Self {
        Self {
            state: row.state,
            attempts: row.attempts,
            next_at: row.next_at,
            last_at: row.last_at,
            last_status: row.last_status,
            last_error: row.last_error.clone(),
        }
    }
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, row: &webhook_delivery::Model, noted: Noted) -> Result<()> {
    use webhook_delivery::Column as C;
    ctx.change::<webhook_delivery::Entity>()
        .col_expr(C::State, Expr::value(noted.state.word()))
        .col_expr(C::Attempts, Expr::value(noted.attempts))
        .col_expr(C::NextAt, Expr::value(noted.next_at))
        .col_expr(C::LeasedUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(C::LastAt, Expr::value(noted.last_at))
        .col_expr(C::LastStatus, Expr::value(noted.last_status))
        .col_expr(C::LastError, Expr::value(noted.last_error))
        .filter(C::Id.eq(row.id))
        .exec(db)
        .await?;
    Ok(())
}

/// Notes what came of a message. `jitter` is between 0 and 1.
///
/// An endpoint that says 410, or that nothing has reached for three days, is disabled, with an event.
pub async fn settle(ctx: &Ctx, parcel: &Parcel, outcome: Outcome, jitter: f64) -> Result<()> {
    let Parcel { to, row } = parcel;
    let at = now();
    let attempts = row.attempts + 1;
    let (status, error) = match outcome {
        Outcome::Arrived(status) => (Some(status), None),
        Outcome::Refused(status, text) => (Some(status), Some(text)),
        Outcome::Lost(text) => (None, Some(text)),
    };
    let is_gone = status == Some(410);
    let has_arrived = error.is_none();
    let next = if has_arrived || is_gone { None } else { again(attempts, row.created_at, at, jitter) };
    let noted = Noted {
        state: match (has_arrived, next) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Pending,
            (false, None) => DeliveryState::Failed,
        },
        attempts,
        next_at: next.unwrap_or(row.next_at),
        last_at: Some(at),
        last_status: status.map(i32::from),
        last_error: error.map(|text| text.replace('\0', "").chars().take(500).collect()),
    };
    let failing_since = if has_arrived { None } else { Some(to.failing_since.unwrap_or(at)) };
    let is_over = is_gone || failing_since.is_some_and(|since| at - since >= GIVES_UP);

    // The endpoint before its message, as whoever removes both.
    let tx = ctx.begin().await?;
    if failing_since != to.failing_since {
        ctx.change::<webhook::Entity>()
            .col_expr(webhook::Column::FailingSince, Expr::value(failing_since))
            .filter(webhook::Column::Id.eq(to.id))
            .exec(&tx)
            .await?;
    }
    if is_over {
        let disabled = ctx
            .change::<webhook::Entity>()
            .col_expr(webhook::Column::IsDisabled, Expr::value(true))
            .col_expr(webhook::Column::Version, Expr::value(to.version + 1))
            .filter(webhook::Column::Id.eq(to.id))
            .filter(webhook::Column::IsDisabled.eq(false))
            .filter(webhook::Column::Version.eq(to.version))
            .exec(&tx)
            .await?;
        // Several messages may find out at once; it happens once.
        if disabled.rows_affected == 1 {
            record(&tx, ctx, "webhook.disabled", to).await?;
        }
    }
    note(ctx, &tx, row, noted).await?;
    tx.commit().await?;
    Ok(())
}

/// Throws away what has been settled for a month; returns how many messages.
pub async fn purge(ctx: &Ctx) -> Result<u64> {
    use webhook_delivery::Column as C;
    let is_old = Condition::all().add(C::State.ne(DeliveryState::Pending)).add(C::CreatedAt.lt(now() - KEPT));
    let oldest = ctx.visible::<webhook_delivery::Entity>().filter(is_old.clone()).limit(1);
    if oldest.one(ctx.db.read()).await?.is_none() {
        return Ok(0);
    }
    Ok(ctx.remove::<webhook_delivery::Entity>().filter(is_old).exec(ctx.db.write()).await?.rows_affected)
}
