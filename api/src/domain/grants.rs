//! Sign-ins that go on by refresh tokens, and the end of tokens before their time.
//!
//! A sign-in opens a *family*. Its refresh token is good once: each use gives the next. One that comes a
//! second time is in two hands, and nobody can say whose are the right ones: the family ends, with its
//! access tokens. That holds for two uses at once as well: one wins, and both have to sign in again.
//!
//! What is revoked is a row in `revocation` until its tokens have expired by themselves; instances hold the
//! names in memory (`memory::Revoked`). Where many tokens of one holder are revoked one by one, its
//! generation is raised instead, which ends them all and costs no memory.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    account, client, client_assertion,
    ids::{AccountId, FamilyId},
    refresh_token, revocation, token_family,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, TryInsertResult,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use serde_json::json;
use uuid::Uuid;

use super::journal::{self, Event};
use crate::{
    authn::{
        CONSOLE, secrets,
        tokens::{LONGEST_SECONDS, Ticket, revoked_family, revoked_token},
    },
    authz::{Action, Actor, Kind},
    config::{Secret, Token},
    ctx::Ctx,
    db::{Transaction, now},
    error::{Error, Result},
    memory::{self, Thing},
};

/// How much longer than the longest token a revocation stays: clocks differ, and one may be in the making.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// How many single tokens of one holder are revoked at a time, before all of them are.
const MOST: u64 = 1_000;

/// How long a sign-in goes on.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Altogether.
    lifetime: TimeDelta,
    /// Without a use.
    idle: TimeDelta,
}

impl From<&Token> for Terms {
    fn from(config: &Token) -> Self {
        let seconds = |number: u64| TimeDelta::seconds(i64::try_from(number).unwrap_or(0));
        Self { lifetime: seconds(config.refresh_lifetime_seconds), idle: seconds(config.refresh_idle_seconds) }
    }
}

/// A refresh token, which is told this once.
#[derive(Clone, Debug)]
pub struct Opened {
    /// To be handed over and forgotten.
    pub token: Secret,
    /// The sign-in that it belongs to.
    pub family: FamilyId,
    /// Seconds until it is good no more.
    pub expires_in: u64,
}

/// The door's own eyes: nobody else looks up a token.
fn door(ctx: &Ctx) -> Ctx {
    ctx.as_(Actor::system("authn"))
}

/// Whose deed it is in the journal.
pub(super) fn holder(ctx: &Ctx, row: &account::Model) -> Ctx {
    let subject = format!("account:{}", row.id);
    ctx.as_(Actor::with(row.role.into(), row.org.as_deref(), subject, row.display_name.as_str()).on(row.duty))
}

/// Opens the family of a person who is let in, in the transaction of what lets it in. `proof` is the second factor
/// that was shown. Without [`first`] there is no refresh token, as for a console's cookie.
pub(super) async fn open(
    tx: &Transaction,
    ctx: &Ctx,
    terms: Terms,
    person: &account::Model,
    proof: Option<&'static str>,
) -> Result<token_family::Model> {
    let at = now();
    let family = token_family::Model {
        id: FamilyId(Uuid::now_v7()),
        account_id: person.id,
        client_id: CONSOLE.to_owned(),
        generation: person.generation,
        created_at: at,
        used_at: at,
        expires_at: at + terms.lifetime,
        revoked_at: None,
        revoked_because: None,
    };
    let door = door(ctx);
    door.require(Action::Create, Kind::Grant)?;
    token_family::Entity::insert(token_family::ActiveModel::from(family.clone())).exec_without_returning(tx).await?;
    let event = Event {
        action: "session.opened",
        object: family.id.to_string(),
        data: json!({ "expires_at": family.expires_at, "second_factor": proof }),
        ..Event::default()
    };
    journal::record(tx, &holder(ctx, person), event).await?;
    Ok(family)
}

/// The first refresh token of a family.
pub(super) async fn first(tx: &Transaction, terms: Terms, family: &token_family::Model) -> Result<Opened> {
    next(tx, terms, family, family.created_at).await
}

/// The next refresh token of a family.
async fn next(tx: &Transaction, terms: Terms, family: &token_family::Model, at: DateTime<Utc>) -> Result<Opened> {
    let token = secrets::random()?;
    let expires_at = Ord::min(family.expires_at, at + terms.idle);
    let row = refresh_token::ActiveModel {
        hash: Set(secrets::hash(&token)),
        family_id: Set(family.id),
        created_at: Set(at),
        expires_at: Set(expires_at),
        used_at: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    let expires_in = u64::try_from((expires_at - at).num_seconds()).unwrap_or(0);
    Ok(Opened { token, family: family.id, expires_in })
}

/// Takes a refresh token for the next one. `client` is who has shown it, if it said so.
///
/// Nothing for a token that is unknown, expired, of another client or of an ended family; for the holder that
/// is disabled or has changed since; and for one that was used before, which ends its family.
#[tracing::instrument(skip_all)]
pub async fn refresh(
    ctx: &Ctx,
    terms: Terms,
    token: &Secret,
    client: Option<&str>,
) -> Result<Option<(account::Model, Opened)>> {
    let door = door(ctx);
    door.require(Action::Change, Kind::Grant)?;
    // A read first: whoever guesses never takes the writer.
    let Some((row, family)) = look_up(&door, door.db.read(), token).await? else { return Ok(None) };
    if client.is_some_and(|client| client != family.client_id) {
        return Ok(None);
    }
    let at = now();
    let tx = door.begin().await?;
    let is_first = door
        .change::<refresh_token::Entity>()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(Some(at)))
        .filter(refresh_token::Column::Hash.eq(row.hash.as_str()))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(&tx)
        .await?
        .rows_affected
        > 0;
    let person = person(&door, &tx, family.account_id).await?;
    if !is_first {
        return end_for_good(&door, tx, &family, &person, "reuse").await.map(|()| None);
    }
    // From here on nobody ends the family until this is done.
    let lives = door
        .change::<token_family::Entity>()
        .col_expr(token_family::Column::UsedAt, Expr::value(at))
        .filter(token_family::Column::Id.eq(family.id))
        .filter(token_family::Column::RevokedAt.is_null())
        .filter(token_family::Column::ExpiresAt.gt(at))
        .exec(&tx)
        .await?
        .rows_affected
        > 0;
    if !lives || row.expires_at <= at {
        return Ok(None);
    }
    if person.is_disabled || person.generation != family.generation {
        return end_for_good(&door, tx, &family, &person, "changed").await.map(|()| None);
    }
    let opened = next(&tx, terms, &family, at).await?;
    tx.commit().await?;
    Ok(Some((person, opened)))
}

async fn look_up(
    door: &Ctx,
    db: &impl ConnectionTrait,
    token: &Secret,
) -> Result<Option<(refresh_token::Model, token_family::Model)>> {
    let hash = secrets::hash(token);
    let row = door.visible::<refresh_token::Entity>().filter(refresh_token::Column::Hash.eq(hash)).one(db).await?;
    let Some(row) = row else { return Ok(None) };
    let family =
        door.visible::<token_family::Entity>().filter(token_family::Column::Id.eq(row.family_id)).one(db).await?;
    Ok(family.map(|family| (row, family)))
}

async fn person(door: &Ctx, db: &impl ConnectionTrait, id: AccountId) -> Result<account::Model> {
    let row = door.visible::<account::Entity>().filter(account::Column::Id.eq(id)).one(db).await?;
    row.ok_or_else(|| Error::internal("a sign-in without its account"))
}

/// Ends a family, commits, and makes it known here at once.
async fn end_for_good(
    door: &Ctx,
    tx: Transaction,
    family: &token_family::Model,
    person: &account::Model,
    because: &'static str,
) -> Result<()> {
    end(door, &tx, family, person, because).await?;
    tx.commit().await?;
    door.memory.refresh().await
}

/// Ends a family with all its tokens; done twice, nothing happens.
async fn end(
    door: &Ctx,
    tx: &Transaction,
    family: &token_family::Model,
    person: &account::Model,
    because: &'static str,
) -> Result<()> {
    let at = now();
    let lived = door
        .change::<token_family::Entity>()
        .col_expr(token_family::Column::RevokedAt, Expr::value(Some(at)))
        .col_expr(token_family::Column::RevokedBecause, Expr::value(because))
        .filter(token_family::Column::Id.eq(family.id))
        .filter(token_family::Column::RevokedAt.is_null())
        .exec(tx)
        .await?
        .rows_affected
        > 0;
    if !lived {
        return Ok(());
    }
    let until = at + TimeDelta::seconds(LONGEST_SECONDS) + MARGIN;
    revoke(tx, revoked_family(family.id), format!("account:{}", person.id), until).await?;
    let action = if because == "signed_out" { "session.closed" } else { "session.revoked" };
    let event =
        Event { action, object: family.id.to_string(), data: json!({ "because": because }), ..Event::default() };
    journal::record(tx, &holder(door, person), event).await
}

/// Says of tokens that they are good no more; whether that is news.
async fn revoke(tx: &Transaction, name: String, subject: String, until: DateTime<Utc>) -> Result<bool> {
    let row =
        revocation::ActiveModel { name: Set(name), subject: Set(subject), created_at: Set(now()), until: Set(until) };
    let is_there = OnConflict::column(revocation::Column::Name).do_nothing().to_owned();
    let inserted =
        revocation::Entity::insert(row).on_conflict(is_there).try_insert().exec_without_returning(tx).await?;
    memory::raise(tx, Thing::Revocations).await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1..)))
}

/// What became of a request to revoke a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is no such token; there is nothing to do.
    Unknown,
    /// It was issued to another client.
    Foreign,
    /// It is good no more.
    Revoked,
}

/// Revokes a refresh token with its whole family, for the client that it was issued to.
#[tracing::instrument(skip_all)]
pub async fn revoke_refresh(ctx: &Ctx, token: &Secret, client: &str) -> Result<Verdict> {
    let door = door(ctx);
    door.require(Action::Change, Kind::Grant)?;
    let Some((_, family)) = look_up(&door, door.db.read(), token).await? else { return Ok(Verdict::Unknown) };
    if family.client_id != client {
        return Ok(Verdict::Foreign);
    }
    close(&door, &family, "revoked").await?;
    Ok(Verdict::Revoked)
}

async fn close(door: &Ctx, family: &token_family::Model, because: &'static str) -> Result<()> {
    let tx = door.begin().await?;
    let person = person(door, &tx, family.account_id).await?;
    end_for_good(door, tx, family, &person, because).await
}

/// Signs out: ends the family of an access token, or the token alone where it has none.
#[tracing::instrument(skip_all)]
pub async fn sign_out(ctx: &Ctx, ticket: &Ticket) -> Result<()> {
    let door = door(ctx);
    door.require(Action::Change, Kind::Grant)?;
    let family = match ticket.family {
        None => None,
        Some(id) => {
            let of = door.visible::<token_family::Entity>().filter(token_family::Column::Id.eq(id));
            of.one(door.db.read()).await?
        }
    };
    match family {
        Some(family) => close(&door, &family, "signed_out").await,
        None => revoke_access(ctx, ticket).await,
    }
}

/// Revokes one access token until it expires.
#[tracing::instrument(skip_all)]
pub async fn revoke_access(ctx: &Ctx, ticket: &Ticket) -> Result<()> {
    let door = door(ctx);
    door.require(Action::Change, Kind::Grant)?;
    let tx = door.begin().await?;
    let others = door
        .visible::<revocation::Entity>()
        .filter(revocation::Column::Subject.eq(ticket.subject.as_str()))
        .filter(revocation::Column::Until.gt(now()))
        .count(&tx)
        .await?;
    let all = others >= MOST;
    let is_news = if all {
        raise_generation(&door, &tx, &ticket.subject).await?;
        true
    } else {
        revoke(&tx, revoked_token(&ticket.jti), ticket.subject.clone(), ticket.expires_at + MARGIN).await?
    };
    if !is_news {
        return Ok(());
    }
    let event = Event {
        action: "token.revoked",
        object: ticket.jti.clone(),
        data: json!({ "of": ticket.subject, "all": all }),
        ..Event::default()
    };
    // Whose token it is has shown it, whatever the way.
    let who = match door.memory.standing(&ticket.subject)? {
        Some(now) => door.as_(Actor::with(now.role, now.org.as_deref(), ticket.subject.as_str(), now.name)),
        None => door.clone(),
    };
    journal::record(&tx, &who, event).await?;
    tx.commit().await?;
    door.memory.refresh().await
}

/// Ends all tokens of a holder that are out.
async fn raise_generation(door: &Ctx, tx: &Transaction, subject: &str) -> Result<()> {
    match subject.split_once(':') {
        Some(("client", id)) => {
            door.change::<client::Entity>()
                .col_expr(client::Column::Generation, Expr::col(client::Column::Generation).add(1))
                .filter(client::Column::ClientId.eq(id))
                .exec(tx)
                .await?;
        }
        Some(("account", id)) => {
            let id = Uuid::parse_str(id).map_err(Error::internal)?;
            door.change::<account::Entity>()
                .col_expr(account::Column::Generation, Expr::col(account::Column::Generation).add(1))
                .filter(account::Column::Id.eq(AccountId(id)))
                .exec(tx)
                .await?;
        }
        _ => return Err(Error::internal("a token without a holder")),
    }
    memory::raise(tx, Thing::Credentials).await
}

/// Throws away what has expired by itself: sign-ins, revocations, assertions. Returns how many rows.
pub async fn purge(ctx: &Ctx) -> Result<u64> {
    let at = now();
    let is_over = token_family::Column::ExpiresAt.lt(at);
    let is_past = revocation::Column::Until.lt(at);
    let is_spent = client_assertion::Column::Until.lt(at);
    // Reads first, so that an idle service never takes the writer.
    let families = ctx.visible::<token_family::Entity>().filter(is_over.clone()).limit(1).one(ctx.db.read()).await?;
    let past = ctx.visible::<revocation::Entity>().filter(is_past.clone()).limit(1).one(ctx.db.read()).await?;
    let spent = ctx.visible::<client_assertion::Entity>().filter(is_spent.clone()).limit(1).one(ctx.db.read()).await?;
    if families.is_none() && past.is_none() && spent.is_none() {
        return Ok(0);
    }
    let tx = ctx.begin().await?;
    let of_them = Query::select()
        .column(token_family::Column::Id)
        .from(token_family::Entity)
        .cond_where(Condition::all().add(is_over.clone()))
        .to_owned();
    let tokens = ctx.remove::<refresh_token::Entity>().filter(refresh_token::Column::FamilyId.in_subquery(of_them));
    let mut gone = tokens.exec(&tx).await?.rows_affected;
    gone += ctx.remove::<token_family::Entity>().filter(is_over).exec(&tx).await?.rows_affected;
    gone += ctx.remove::<client_assertion::Entity>().filter(is_spent).exec(&tx).await?.rows_affected;
    let past = ctx.remove::<revocation::Entity>().filter(is_past).exec(&tx).await?.rows_affected;
    if past > 0 {
        // The instances forget them, too.
        memory::raise(&tx, Thing::Revocations).await?;
    }
    tx.commit().await?;
    Ok(gone + past)
}
