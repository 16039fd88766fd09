//! Webhooks: an organisation names an address, and hears there of what its feed tells.
//!
//! Here are the verbs of the owner. What becomes messages, and when they go out, is `courier`; where
//! they may go `target`; how they are signed `signing`.

pub mod courier;
mod signing;
pub mod target;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    ids::{DeliveryId, WebhookId},
    webhook, webhook_delivery,
    words::{DeliveryState, Role as Word},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    feed,
    journal::{self, Event},
    precondition::Match,
};
use crate::{
    authz::{self, Action, Kind, NOUNS, Role},
    config::Secret,
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
};

/// The most endpoints of one organisation.
const MOST: u64 = 20;

/// The most types that one endpoint names.
const MOST_TYPES: usize = 100;

/// The longest that an old secret may go on signing, in hours.
const LONGEST_OVERLAP: i64 = 24 * 7;

/// What an endpoint shall be.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Where messages go.
    pub url: Option<String>,
    /// The types that are wanted (`submission.returned`, `submission.*`); all for an empty list.
    pub events: Option<Vec<String>>,
    /// Whether messages go there at all.
    pub is_enabled: Option<bool>,
}

/// An endpoint, and its secret where it is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// The endpoint.
    pub row: webhook::Model,
    /// To be handed over and forgotten.
    pub secret: Secret,
}

/// The strong ETag of an endpoint.
pub fn etag(row: &webhook::Model) -> String {
    format!("\"{}\"", row.version)
}

/// The types that an endpoint wants.
pub fn events(row: &webhook::Model) -> Result<Vec<String>> {
    serde_json::from_str(&row.events).map_err(Error::internal)
}

/// The caller's endpoints, oldest first.
pub async fn list(ctx: &Ctx) -> Result<Vec<webhook::Model>> {
    ctx.require(Action::Read, Kind::Webhook)?;
    Ok(ctx.visible::<webhook::Entity>().order_by_asc(webhook::Column::Id).all(ctx.db.read()).await?)
}

/// One endpoint.
pub async fn get(ctx: &Ctx, id: WebhookId) -> Result<webhook::Model> {
    one(ctx, ctx.db.read(), Action::Read, id).await
}

async fn one(ctx: &Ctx, db: &impl ConnectionTrait, action: Action, id: WebhookId) -> Result<webhook::Model> {
    ctx.one::<webhook::Entity>(db, action, webhook::Column::Id.eq(id)).await
}

/// Names an address. It hears of what is sealed from now on.
///
/// # Errors
/// 403 for roles that have no webhooks, 422 with everything that is wrong, 409 where there are too many.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, wish: Wish, may_be_inside: bool) -> Result<Told> {
    ctx.require(Action::Create, Kind::Webhook)?;
    let url = wish.url.clone().unwrap_or_default();
    check(&Wish { url: Some(url.clone()), ..wish.clone() }, may_be_inside)?;
    let role = Word::of(ctx.actor.role.name()).ok_or_else(|| Error::internal("a role without a word"))?;
    let secret = signing::secret()?;
    let cursor = feed::end(ctx).await?.cursor();
    let tx = ctx.begin().await?;
    if ctx.visible::<webhook::Entity>().count(&tx).await? >= MOST {
        return Err(Error::Conflict(Text::new(
            format!("每个机构最多 {MOST} 个 webhook，请先删除不用的"),
            format!("An organisation has at most {MOST} webhooks: remove one that is not needed"),
        )));
    }
    let id = WebhookId(Uuid::now_v7());
    let row = webhook::Model {
        secret: signing::sealed(ctx, id, &secret)?,
        id,
        role,
        org: ctx.actor.org().to_owned(),
        url,
        events: json!(wish.events.unwrap_or_default()).to_string(),
        previous_secret: None,
        previous_until: None,
        version: 1,
        cursor,
        is_disabled: wish.is_enabled == Some(false),
        failing_since: None,
        created_by: ctx.actor.subject.clone(),
        created_at: now(),
    };
    webhook::Entity::insert(webhook::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    record(&tx, ctx, "webhook.added", &row).await?;
    tx.commit().await?;
    Ok(Told { row, secret })
}

/// Changes an endpoint. One that is enabled again hears of what is sealed from now on.
///
/// # Errors
/// 404, 412 or 428, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(
    ctx: &Ctx,
    id: WebhookId,
    wish: Wish,
    seen: Option<&Match>,
    may_be_inside: bool,
) -> Result<webhook::Model> {
    let end = feed::end(ctx).await?.cursor();
    let tx = ctx.begin().await?;
    let old = one(ctx, &tx, Action::Change, id).await?;
    expect(seen, &old)?;
    check(&wish, may_be_inside)?;
    let is_woken = old.is_disabled && wish.is_enabled == Some(true);
    let new = webhook::Model {
        url: wish.url.unwrap_or_else(|| old.url.clone()),
        events: wish.events.map_or_else(|| old.events.clone(), |events| json!(events).to_string()),
        is_disabled: wish.is_enabled.map_or(old.is_disabled, |is_enabled| !is_enabled),
        version: old.version + 1,
        cursor: if is_woken { end } else { old.cursor.clone() },
        failing_since: old.failing_since.filter(|_| !is_woken),
        ..old.clone()
    };
    use webhook::Column as C;
    let changed = ctx
        .change::<webhook::Entity>()
        .col_expr(C::Url, Expr::value(new.url.clone()))
        .col_expr(C::Events, Expr::value(new.events.clone()))
        .col_expr(C::IsDisabled, Expr::value(new.is_disabled))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::FailingSince, Expr::value(new.failing_since))
        .filter(C::Id.eq(id))
        .filter(C::Version.eq(old.version));
    // The courier moves the cursor without asking: only an endpoint that slept gets another.
    let changed = if is_woken { changed.col_expr(C::Cursor, Expr::value(new.cursor.clone())) } else { changed };
    if changed.exec(&tx).await?.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    record(&tx, ctx, "webhook.changed", &new).await?;
    tx.commit().await?;
    Ok(new)
}

/// Gives an endpoint another secret. The old one signs beside it for some hours.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn rotate(ctx: &Ctx, id: WebhookId, overlap_hours: i64) -> Result<Told> {
    use webhook::Column as C;
    ctx.known(Kind::Webhook)?;
    let secret = signing::secret()?;
    let tx = ctx.begin().await?;
    let old = one(ctx, &tx, Action::Change, id).await?;
    if !(0..=LONGEST_OVERLAP).contains(&overlap_hours) {
        return Err(Error::Invalid(vec![
            Finding::error(
                "overlap_hours",
                "/overlap_hours",
                Text::new(
                    format!("旧密钥可继续使用 0 至 {LONGEST_OVERLAP} 小时"),
                    format!("The old secret may go on for 0 to {LONGEST_OVERLAP} hours"),
                ),
            )
            .with(format!("0..={LONGEST_OVERLAP}"), overlap_hours.to_string()),
        ]));
    }
    let new = webhook::Model {
        secret: signing::sealed(ctx, id, &secret)?,
        previous_secret: Some(old.secret.clone()),
        previous_until: Some(now() + TimeDelta::hours(overlap_hours)),
        version: old.version + 1,
        ..old.clone()
    };
    let changed = ctx
        .change::<webhook::Entity>()
        .col_expr(C::Secret, Expr::value(new.secret.expose()))
        .col_expr(C::PreviousSecret, Expr::value(old.secret.expose()))
        .col_expr(C::PreviousUntil, Expr::value(new.previous_until))
        .col_expr(C::Version, Expr::value(new.version))
        .filter(C::Id.eq(id))
        .filter(C::Version.eq(old.version));
    if changed.exec(&tx).await?.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    record(&tx, ctx, "webhook.rotated", &new).await?;
    tx.commit().await?;
    Ok(Told { row: new, secret })
}

/// Removes an endpoint, with its log.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn remove(ctx: &Ctx, id: WebhookId) -> Result<()> {
    let tx = ctx.begin().await?;
    let row = one(ctx, &tx, Action::Change, id).await?;
    // The courier changes the endpoint before it makes messages: what it is making now is seen below.
    ctx.visible::<webhook::Entity>().filter(webhook::Column::Id.eq(id)).lock_exclusive().one(&tx).await?;
    ctx.remove::<webhook_delivery::Entity>().filter(webhook_delivery::Column::WebhookId.eq(id)).exec(&tx).await?;
    ctx.remove::<webhook::Entity>().filter(webhook::Column::Id.eq(id)).exec(&tx).await?;
    record(&tx, ctx, "webhook.removed", &row).await?;
    tx.commit().await?;
    Ok(())
}

/// The messages to an endpoint, newest first, and whether there are more behind them.
pub async fn deliveries(
    ctx: &Ctx,
    id: WebhookId,
    limit: usize,
    before: Option<Uuid>,
) -> Result<(Vec<webhook_delivery::Model>, bool)> {
    get(ctx, id).await?;
    let over = u64::try_from(limit).map_err(Error::internal)? + 1;
    let mut rows = ctx
        .visible::<webhook_delivery::Entity>()
        .filter(webhook_delivery::Column::WebhookId.eq(id))
        .filter(Condition::all().add_option(before.map(|before| webhook_delivery::Column::Id.lt(DeliveryId(before)))))
        .order_by_desc(webhook_delivery::Column::Id)
        .limit(over)
        .all(ctx.db.read())
        .await?;
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    Ok((rows, has_next))
}

/// Sends a message again, at once, under its own id; whatever has become of it before.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn redeliver(ctx: &Ctx, id: WebhookId, delivery: DeliveryId) -> Result<webhook_delivery::Model> {
    use webhook_delivery::Column as C;
    let tx = ctx.begin().await?;
    let row = one(ctx, &tx, Action::Change, id).await?;
    let which = Condition::all().add(C::Id.eq(delivery)).add(C::WebhookId.eq(id));
    let old = ctx.one::<webhook_delivery::Entity>(&tx, Action::Change, which.clone()).await?;
    if row.is_disabled {
        return Err(Error::Conflict(Text::new(
            "该 webhook 已停用，请先启用",
            "The webhook is disabled: enable it first",
        )));
    }
    let new = webhook_delivery::Model { state: DeliveryState::Pending, attempts: 0, next_at: now(), ..old };
    ctx.change::<webhook_delivery::Entity>()
        .col_expr(C::State, Expr::value(new.state.word()))
        .col_expr(C::Attempts, Expr::value(new.attempts))
        .col_expr(C::NextAt, Expr::value(new.next_at))
        .filter(which)
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(new)
}

fn expect(seen: Option<&Match>, row: &webhook::Model) -> Result<()> {
    let current = etag(row);
    match seen {
        Some(Match::Any) => Ok(()),
        Some(Match::Tags(tags)) if tags.iter().any(|tag| tag == current.trim_matches('"')) => Ok(()),
        Some(Match::Tags(_)) => Err(Error::PreconditionFailed { current: Some(current) }),
        None => Err(Error::PreconditionRequired { current }),
    }
}

/// Everything that is wrong with a wish.
fn check(wish: &Wish, may_be_inside: bool) -> Result<()> {
    let mut faults = Vec::new();
    if let Some(url) = &wish.url {
        faults.extend(target::check(url, may_be_inside).err().map(|fault| *fault));
    }
    let events = wish.events.as_deref().unwrap_or_default();
    if events.len() > MOST_TYPES {
        let text = Text::new(format!("最多 {MOST_TYPES} 个事件类型"), format!("At most {MOST_TYPES} types"));
        faults
            .push(Finding::error("events", "/events", text).with(format!("≤ {MOST_TYPES}"), events.len().to_string()));
    }
    for (at, wanted) in events.iter().enumerate() {
        let is_known = wanted.split_once('.').is_some_and(|(noun, verb)| {
            NOUNS.iter().any(|(known, _)| *known == noun)
                && (verb == "*" || (!verb.is_empty() && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')))
        });
        if !is_known {
            let text = Text::new("没有这样的事件类型", "There is no such type of events");
            faults.push(
                Finding::error("events", format!("/events/{at}"), text)
                    .with("submission.returned, submission.*", wanted),
            );
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// Whether an endpoint wants events of a type.
fn wants(events: &[String], kind: &str) -> bool {
    events.is_empty()
        || events.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(start) => kind.starts_with(start),
            None => wanted == kind,
        })
}

/// The journal's word on an endpoint; a school hears of its own.
async fn record(db: &impl ConnectionTrait, ctx: &Ctx, action: &'static str, row: &webhook::Model) -> Result<()> {
    let is_school = row.role == Word::School;
    let event = Event {
        action,
        object: row.id.to_string(),
        school: is_school.then_some(row.org.as_str()),
        data: json!({ "role": row.role.word(), "org": row.org }),
        ..Event::default()
    };
    journal::record(db, ctx, event).await
}

/// The owner of an endpoint, as far as its feed is concerned.
fn owner(ctx: &Ctx, row: &webhook::Model) -> Ctx {
    ctx.as_(authz::Actor::with(Role::from(row.role), Some(&row.org), "job:courier", "courier"))
}

/// When the instant is that a message of this many failed attempts goes out again; nothing after the last.
fn again(attempts: i32, first: DateTime<Utc>, at: DateTime<Utc>, jitter: f64) -> Option<DateTime<Utc>> {
    const FIRST: f64 = 10.0;
    const LONGEST: f64 = 12.0 * 3_600.0;
    let seconds = (FIRST * 3_f64.powi(attempts.saturating_sub(1).max(0))).min(LONGEST) * (0.8 + 0.4 * jitter);
    let next = at + TimeDelta::try_milliseconds(milliseconds(seconds))?;
    (next - first <= courier::GIVES_UP).then_some(next)
}

#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "under a day, and whole enough")]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_endpoint_hears_of_what_it_wants() {
        let of = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        for (wanted, kind, is) in [
            (&[][..], "submission.pushed", true),
            (&["submission.*"], "submission.pushed", true),
            (&["submission.*"], "submissions.synthesized", false),
            (&["submission.returned"], "submission.pushed", false),
            (&["release.published", "submission.pushed"], "submission.pushed", true),
        ] {
            assert_eq!(wants(&of(wanted), kind), is, "{wanted:?} {kind}");
        }
        for (events, is_good) in [
            (&["submission.*"][..], true),
            (&["nonsense.*"], false),
            (&["submission"], false),
            (&["submission."], false),
        ] {
            let wish = Wish { events: Some(of(events)), ..Wish::default() };
            assert_eq!(check(&wish, false).is_ok(), is_good, "{events:?}");
        }
    }

    #[test]
    fn attempts_go_on_for_about_three_days() {
        for jitter in [0.0, 0.5, 1.0] {
            let first = Utc::now();
            let (mut at, mut attempts) = (first, 0);
            let mut last = TimeDelta::zero();
            loop {
                attempts += 1;
                let Some(next) = again(attempts, first, at, jitter) else { break };
                assert!(next - at >= last, "each pause is as long as the one before");
                last = next - at;
                at = next;
            }
            assert!((12..=20).contains(&attempts), "{attempts}");
            let hours = (at - first).num_hours();
            assert!((56..=72).contains(&hours), "{hours}");
        }
    }
}
