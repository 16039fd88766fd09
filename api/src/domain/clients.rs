//! Service accounts: a school's system, an analyst's script.

use chrono::TimeDelta;
use entity::{
    client,
    hidden::Hidden,
    ids::ClientId,
    words::{Duty, Role},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use uuid::Uuid;

pub use super::holders::Wish;
use super::{
    client_keys,
    holders::{self, Said},
    journal::{self, Event},
    mandate,
    precondition::Match,
};
use crate::{
    authn::{CONSOLE, client_keys::ClientKey, secrets},
    authz::{Action, Kind},
    config::Secret,
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    memory::{self, Thing},
    page::{Ask, Page},
};

/// Where a secret comes from. Nobody chooses one: it is either random or marked.
#[derive(Clone, Debug)]
pub enum ClientSecret {
    /// 256 random bits.
    Random,
    /// The same, good for so long.
    Expiring(TimeDelta),
    /// Known to everybody: the client is marked, and `serve` refuses it.
    Demo(Secret),
    /// None: the client proves itself by assertions that these keys sign.
    Keys(Vec<ClientKey>),
}

impl ClientSecret {
    const fn is_demo(&self) -> bool {
        matches!(self, Self::Demo(_))
    }

    fn settle(&self) -> Result<Secret> {
        match self {
            Self::Random | Self::Expiring(_) => secrets::random(),
            Self::Demo(secret) => Ok(secret.clone()),
            Self::Keys(_) => Ok(Secret::new("")),
        }
    }

    fn hash(&self, secret: &Secret) -> Hidden {
        Hidden::from(if self.keys().is_empty() { secrets::hash(secret) } else { secrets::NOBODY.to_owned() })
    }

    const fn expires_in(&self) -> Option<TimeDelta> {
        match self {
            Self::Expiring(after) => Some(*after),
            Self::Random | Self::Demo(_) | Self::Keys(_) => None,
        }
    }

    fn keys(&self) -> &[ClientKey] {
        match self {
            Self::Keys(keys) => keys,
            Self::Random | Self::Expiring(_) | Self::Demo(_) => &[],
        }
    }
}

/// How a secret is replaced.
#[derive(Clone, Copy, Debug, Default)]
pub struct Renewal {
    /// How long the old one goes on beside the new one; not at all without it.
    pub overlap: Option<TimeDelta>,
    /// How long the new one is good; for good without it.
    pub expires_in: Option<TimeDelta>,
}

impl Renewal {
    /// In whole hours and days, as they come over the wire. What is beyond all bounds is refused as too long.
    pub fn of(overlap_hours: Option<i64>, expires_days: Option<i64>) -> Self {
        let hours = |hours| TimeDelta::try_hours(hours).unwrap_or(TimeDelta::MAX);
        let days = |days| TimeDelta::try_days(days).unwrap_or(TimeDelta::MAX);
        Self { overlap: overlap_hours.map(hours), expires_in: expires_days.map(days) }
    }
}

/// The longest overlap, in days.
pub const LONGEST_OVERLAP_DAYS: i64 = 30;

/// The longest life of a secret that has an end, in days.
pub const LONGEST_LIFE_DAYS: i64 = 3_660;

/// What is wrong with a span of time: it is neither nothing nor for ever.
fn check_span(code: &str, span: Option<TimeDelta>, most_days: i64) -> Option<Finding> {
    let span = span?;
    (span <= TimeDelta::zero() || span > TimeDelta::days(most_days)).then(|| {
        let message = Text::new(
            format!("时长须大于零，且不超过 {most_days} 天"),
            format!("The span is more than nothing and at most {most_days} days"),
        );
        Finding::error(code, format!("/{code}"), message)
            .with(format!("<= {most_days}d"), format!("{}s", span.num_seconds()))
    })
}

/// A new client.
#[derive(Clone, Debug)]
pub struct Add {
    /// The name it uses at the token endpoint: 2 to 64 of `a-z0-9-`.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The code of the organisation, for the roles that have one.
    pub org: Option<String>,
    /// Its part of its school's reporting.
    pub duty: Duty,
    /// The secret.
    pub secret: ClientSecret,
}

/// A client and its secret, which is told this once.
#[derive(Clone, Debug)]
pub struct Told {
    /// The client.
    pub row: client::Model,
    /// To be handed over and forgotten; empty where the client has keys instead.
    pub secret: Secret,
}

/// Adds a client.
///
/// # Errors
/// Everything that is wrong with the input at once.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), client.id = %add.client_id))]
pub async fn add(ctx: &Ctx, add: Add) -> Result<Told> {
    ctx.require(Action::Create, Kind::Client)?;
    let mut problems: Vec<Finding> = Vec::new();
    if !mandate::is_name(&add.client_id) || add.client_id == CONSOLE {
        problems.push(
            Finding::error(
                "client_id",
                "/client_id",
                Text::new(
                    format!("客户端标识须为 2 至 64 位小写字母、数字或连字符，首尾为字母或数字，且不能是 {CONSOLE}"),
                    format!(
                        "A client id has 2 to 64 lower-case letters, digits and hyphens, no hyphen first or last, and is not `{CONSOLE}`"
                    ),
                ),
            )
            .with("school-62001", &add.client_id),
        );
    } else if ctx.visible::<client::Entity>().filter(is(&add.client_id)).count(ctx.db.read()).await? > 0 {
        problems.push(
            Finding::error("taken", "/client_id", Text::new("客户端标识已被使用", "The client id is taken"))
                .with("", &add.client_id),
        );
    }
    let new = Said { name: add.name, role: add.role, org: add.org, duty: add.duty, is_disabled: false };
    problems.extend(new.check(&ctx.memory.registry(), LABEL));
    problems.extend(check_span("expires", add.secret.expires_in(), LONGEST_LIFE_DAYS));
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }

    let secret = add.secret.settle()?;
    let created_at = now();
    let row = client::Model {
        id: ClientId(Uuid::now_v7()),
        client_id: add.client_id,
        name: new.name,
        secret_hash: add.secret.hash(&secret),
        role: new.role,
        org: new.org,
        duty: new.duty,
        is_disabled: new.is_disabled,
        is_demo: add.secret.is_demo(),
        version: 1,
        created_at,
        generation: 1,
        secret_expires_at: add.secret.expires_in().map(|after| created_at + after),
        previous_secret_hash: None,
        previous_until: None,
    };
    let tx = ctx.begin().await?;
    client::Entity::insert(client::ActiveModel {
        id: Set(row.id),
        client_id: Set(row.client_id.clone()),
        name: Set(row.name.clone()),
        secret_hash: Set(row.secret_hash.clone()),
        role: Set(row.role),
        org: Set(row.org.clone()),
        duty: Set(row.duty),
        is_disabled: Set(row.is_disabled),
        is_demo: Set(row.is_demo),
        version: Set(row.version),
        created_at: Set(row.created_at),
        generation: Set(row.generation),
        secret_expires_at: Set(row.secret_expires_at),
        previous_secret_hash: Set(None),
        previous_until: Set(None),
    })
    .exec_without_returning(&tx)
    .await?;
    for key in add.secret.keys() {
        client_keys::insert(&tx, row.id, key).await?;
    }
    record(&tx, ctx, "client.added", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Told { row, secret })
}

/// Gives a client another secret, on these terms.
///
/// Without an overlap the old one may be in wrong hands: it ends, and the tokens that are out end with it.
/// With one, both are good for a while, and no token ends.
///
/// # Errors
/// Everything that is wrong with the terms; [`Error::Conflict`] where there is no secret to replace, or where
/// everybody knows the old one.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), client.id = client_id))]
pub async fn renew(ctx: &Ctx, client_id: &str, renewal: Renewal) -> Result<Told> {
    let problems: Vec<Finding> = [
        check_span("overlap_hours", renewal.overlap, LONGEST_OVERLAP_DAYS),
        check_span("expires_days", renewal.expires_in, LONGEST_LIFE_DAYS),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let secret = secrets::random()?;
    let secret_hash = Hidden::from(secrets::hash(&secret));
    let at = now();
    let tx = ctx.begin().await?;
    let row = ctx.one::<client::Entity>(&tx, Action::Change, is(client_id)).await?;
    if row.secret_hash.expose() == secrets::NOBODY {
        return Err(Error::Conflict(Text::new(
            "该客户端以密钥证明身份，没有密码：请用 zhiqiao client keys 管理其公钥",
            "This client proves itself by keys and has no secret: see `zhiqiao client keys`",
        )));
    }
    if row.is_demo && renewal.overlap.is_some() {
        return Err(Error::Conflict(Text::new(
            "演示密钥是公开的，更换时不能保留",
            "Everybody knows a demo secret: it cannot go on beside the new one",
        )));
    }
    // What has ended is not good again for having been replaced.
    let until =
        renewal.overlap.map(|overlap| row.secret_expires_at.map_or(at + overlap, |end| Ord::min(end, at + overlap)));
    let row = client::Model {
        previous_secret_hash: until.map(|_| row.secret_hash.clone()),
        previous_until: until,
        secret_hash,
        secret_expires_at: renewal.expires_in.map(|after| at + after),
        is_demo: false,
        generation: if until.is_none() { row.generation + 1 } else { row.generation },
        ..row
    };
    let previous = row.previous_secret_hash.as_ref().map(|hash| hash.0.clone());
    ctx.change::<client::Entity>()
        .col_expr(client::Column::SecretHash, Expr::value(row.secret_hash.0.clone()))
        .col_expr(client::Column::SecretExpiresAt, Expr::value(row.secret_expires_at))
        .col_expr(client::Column::PreviousSecretHash, Expr::value(previous))
        .col_expr(client::Column::PreviousUntil, Expr::value(row.previous_until))
        .col_expr(client::Column::IsDemo, Expr::value(row.is_demo))
        .col_expr(client::Column::Generation, Expr::value(row.generation))
        .filter(client::Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    let event = Event {
        action: "client.rotated",
        object: row.client_id.clone(),
        data: json!({
            "role": row.role.word(), "org": row.org, "previous_until": row.previous_until,
            "expires_at": row.secret_expires_at,
        }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Told { row, secret })
}

/// The strong ETag of a client.
pub fn etag(row: &client::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Clients in the order of their making.
pub async fn list(ctx: &Ctx, ask: &Ask<Uuid>) -> Result<Page<client::Model>> {
    holders::list::<client::Entity>(ctx, client::Column::Id, ask).await
}

/// One client.
pub async fn get(ctx: &Ctx, client_id: &str) -> Result<client::Model> {
    ctx.one::<client::Entity>(ctx.db.read(), Action::Read, is(client_id)).await
}

/// Changes a client. One that is disabled, or has another role, organisation or duty, has no good token any more.
///
/// # Errors
/// 404, 412 or 428, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), client.id = client_id))]
pub async fn change(ctx: &Ctx, client_id: &str, wish: Wish, seen: Option<&Match>) -> Result<client::Model> {
    use client::Column as C;
    let tx = ctx.begin().await?;
    let old = ctx.one::<client::Entity>(&tx, Action::Change, is(client_id)).await?;
    Match::judge(seen, etag(&old))?;
    let (was, is) = (said(&old), said(&old).after(wish));
    if is == was {
        return Ok(old);
    }
    let problems = is.check_from(&was, &ctx.memory.registry(), LABEL);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let is_another = is.is_another(&was);
    let action = is.word(&was, ["client.disabled", "client.enabled", "client.changed"]);
    let new = client::Model {
        name: is.name,
        role: is.role,
        org: is.org,
        duty: is.duty,
        is_disabled: is.is_disabled,
        version: old.version + 1,
        ..old.clone()
    };
    let written = ctx
        .change::<client::Entity>()
        .col_expr(C::Name, Expr::value(new.name.as_str()))
        .col_expr(C::Role, Expr::value(new.role.word()))
        .col_expr(C::Org, Expr::value(new.org.clone()))
        .col_expr(C::Duty, Expr::value(new.duty.word()))
        .col_expr(C::IsDisabled, Expr::value(new.is_disabled))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::Generation, Expr::col(C::Generation).add(i32::from(is_another)))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(&tx)
        .await?;
    if written.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    record(&tx, ctx, action, &new).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new)
}

/// Disables a client: it gets no more tokens, and those it has are good no more. Done twice, nothing happens.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), client.id = client_id))]
pub async fn disable(ctx: &Ctx, client_id: &str) -> Result<client::Model> {
    let tx = ctx.begin().await?;
    let row = ctx.one::<client::Entity>(&tx, Action::Change, is(client_id)).await?;
    if row.is_disabled {
        return Ok(row);
    }
    ctx.change::<client::Entity>()
        .col_expr(client::Column::IsDisabled, Expr::value(true))
        // Nor are they good again, should it ever be let in again.
        .col_expr(client::Column::Generation, Expr::value(row.generation + 1))
        .col_expr(client::Column::Version, Expr::value(row.version + 1))
        .filter(client::Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    record(&tx, ctx, "client.disabled", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(client::Model { is_disabled: true, version: row.version + 1, ..row })
}

/// Where its name stands in an input.
const LABEL: &str = "/name";

fn said(row: &client::Model) -> Said {
    Said { name: row.name.clone(), role: row.role, org: row.org.clone(), duty: row.duty, is_disabled: row.is_disabled }
}

fn is(client_id: &str) -> Condition {
    Condition::all().add(client::Column::ClientId.eq(client_id))
}

async fn record(db: &impl ConnectionTrait, ctx: &Ctx, action: &'static str, row: &client::Model) -> Result<()> {
    let event = Event {
        action,
        object: row.client_id.clone(),
        data: json!({ "role": row.role.word(), "org": row.org }),
        ..Event::default()
    };
    journal::record(db, ctx, event).await
}
