//! Lockout: who guesses in vain waits longer and longer, under one name and from one address.
//!
//! An attempt is counted before the password is looked at, in one short transaction, and taken back where the
//! attempt was good: so a thousand guesses at once, on however many instances, are a thousand. Names that
//! nobody has are counted like others, under a hash, because some type their password for their name.
//! Clients are not counted: their secrets cannot be guessed, and whoever knows a client's id could lock it out.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{ids::LockoutKey, lockout};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    config::People,
    ctx::Ctx,
    db::now,
    error::{Error, Result},
    formats::document::sha256,
    request_id,
};

/// Old counts are thrown away after this long; by then time has taken back whatever they held.
const KEPT: TimeDelta = TimeDelta::days(7);

/// What one attempt is counted under.
#[derive(Clone, Debug)]
struct Counter {
    key: LockoutKey,
    free: u32,
}

/// An attempt that has been counted as a failure, until it is said otherwise.
#[derive(Clone, Debug)]
pub struct Attempt {
    name: LockoutKey,
    counted: Vec<(LockoutKey, Option<DateTime<Utc>>)>,
}

/// The key that failures under a name are counted by.
fn of_name(username: &str) -> LockoutKey {
    LockoutKey(sha256(format!("name:{username}")))
}

/// The key of an address; a household or a school has a whole /64 of IPv6.
fn of_address(address: &str) -> LockoutKey {
    let place = match address.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    };
    LockoutKey(sha256(format!("address:{place}")))
}

/// Counts an attempt, as the service itself.
///
/// # Errors
/// [`Error::LockedOut`] while the name or the address is locked; such an attempt is not counted.
pub async fn attempt(ctx: &Ctx, people: &People, username: &str) -> Result<Attempt> {
    let name = Counter { key: of_name(username), free: people.failures_account };
    let address = request_id::current_address()
        .map(|address| Counter { key: of_address(&address), free: people.failures_address });
    let mut counters: Vec<Counter> = [name.clone()].into_iter().chain(address).collect();
    // Always in one order, so that two attempts never wait for each other.
    counters.sort_by(|one, other| one.key.cmp(&other.key));
    let at = now();
    let tx = ctx.begin().await?;
    let mut rows = Vec::with_capacity(counters.len());
    for counter in &counters {
        rows.push(held(&tx, ctx, &counter.key, at).await?);
    }
    let until = rows.iter().filter_map(|row| row.locked_until).filter(|until| *until > at).max();
    if let Some(until) = until {
        let seconds = u64::try_from((until - at).num_seconds()).unwrap_or(0) + 1;
        return Err(Error::LockedOut { seconds });
    }
    let mut counted = Vec::with_capacity(counters.len());
    for (counter, row) in counters.into_iter().zip(rows) {
        let failures = remembered(people, &row, at).saturating_add(1);
        let locked_until = lock(people, counter.free, failures).map(|length| at + length);
        ctx.change::<lockout::Entity>()
            .col_expr(lockout::Column::Failures, Expr::value(failures))
            .col_expr(lockout::Column::LastAt, Expr::value(at))
            .col_expr(lockout::Column::LockedUntil, Expr::value(locked_until))
            .filter(lockout::Column::Digest.eq(counter.key.clone()))
            .exec(&tx)
            .await?;
        counted.push((counter.key, locked_until));
    }
    tx.commit().await?;
    Ok(Attempt { name: name.key, counted })
}

/// A counter's row, made where there is none, and held until the transaction ends.
async fn held(db: &impl ConnectionTrait, ctx: &Ctx, key: &LockoutKey, at: DateTime<Utc>) -> Result<lockout::Model> {
    let new =
        lockout::ActiveModel { digest: Set(key.clone()), failures: Set(0), last_at: Set(at), locked_until: Set(None) };
    let is_there = OnConflict::column(lockout::Column::Digest).do_nothing().to_owned();
    lockout::Entity::insert(new).on_conflict(is_there).try_insert().exec_without_returning(db).await?;
    ctx.visible::<lockout::Entity>()
        .filter(lockout::Column::Digest.eq(key.clone()))
        .lock_exclusive()
        .one(db)
        .await?
        // The broom came by between the two: the next attempt finds it clean.
        .ok_or(Error::Unavailable("a counter of sign-ins was swept away"))
}

/// How many failures still count: time takes them back one by one.
fn remembered(people: &People, row: &lockout::Model, at: DateTime<Utc>) -> i32 {
    let forgotten = (at - row.last_at).num_seconds().max(0) / i64::from(people.forget_seconds.max(1));
    row.failures.saturating_sub(i32::try_from(forgotten).unwrap_or(i32::MAX)).max(0)
}

/// How long this many failures lock.
fn lock(people: &People, free: u32, failures: i32) -> Option<TimeDelta> {
    let beyond = u32::try_from(failures).unwrap_or(0).checked_sub(free.saturating_add(1))?;
    let doubled = 2_u32.checked_pow(beyond).and_then(|times| people.lock_seconds.checked_mul(times));
    let longest = people.lock_longest_seconds.max(people.lock_seconds);
    Some(TimeDelta::seconds(i64::from(doubled.unwrap_or(longest).min(longest))))
}

impl Attempt {
    /// It was good: the name is clean again, and the address has one failure less. To be called first in its
    /// transaction: whoever holds a counter waits for nothing that another holds who wants a counter.
    pub async fn good(&self, db: &impl ConnectionTrait, ctx: &Ctx) -> Result<()> {
        // In the order in which attempts hold them.
        for (key, locked_until) in &self.counted {
            if *key == self.name {
                lift(db, ctx, key).await?;
            } else {
                take_back(db, ctx, key, *locked_until).await?;
            }
        }
        Ok(())
    }

    /// It was no guess: the password was right, and something else is missing.
    pub async fn undo(&self, ctx: &Ctx) -> Result<()> {
        let tx = ctx.begin().await?;
        for (key, locked_until) in &self.counted {
            take_back(&tx, ctx, key, *locked_until).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// One failure less; a lock goes only if this attempt has set it.
async fn take_back(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    key: &LockoutKey,
    locked_until: Option<DateTime<Utc>>,
) -> Result<()> {
    use lockout::Column as C;
    use sea_orm::sea_query::ExprTrait;
    ctx.change::<lockout::Entity>()
        .col_expr(C::Failures, Expr::col(C::Failures).sub(1))
        .filter(C::Digest.eq(key.clone()))
        .filter(C::Failures.gt(0))
        .exec(db)
        .await?;
    if let Some(locked_until) = locked_until {
        ctx.change::<lockout::Entity>()
            .col_expr(C::LockedUntil, Expr::value(Option::<DateTime<Utc>>::None))
            .filter(C::Digest.eq(key.clone()))
            .filter(C::LockedUntil.eq(locked_until))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// Nothing counts any more. The row stays: an attempt at the same time may be waiting for it.
async fn lift(db: &impl ConnectionTrait, ctx: &Ctx, key: &LockoutKey) -> Result<()> {
    ctx.change::<lockout::Entity>()
        .col_expr(lockout::Column::Failures, Expr::value(0))
        .col_expr(lockout::Column::LockedUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(lockout::Column::Digest.eq(key.clone()))
        .exec(db)
        .await?;
    Ok(())
}

/// Lifts the lock of a name.
pub async fn lift_name(db: &impl ConnectionTrait, ctx: &Ctx, username: &str) -> Result<()> {
    lift(db, ctx, &of_name(username)).await
}

/// Throws away counts that mean nothing any more; returns how many.
pub async fn purge(ctx: &Ctx) -> Result<u64> {
    let is_old = Condition::all().add(lockout::Column::LastAt.lt(now() - KEPT));
    // A read first, so that an idle service never takes the writer.
    let oldest = ctx.visible::<lockout::Entity>().filter(is_old.clone()).limit(1).one(ctx.db.read()).await?;
    if oldest.is_none() {
        return Ok(0);
    }
    Ok(ctx.remove::<lockout::Entity>().filter(is_old).exec(ctx.db.write()).await?.rows_affected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SecondFactor;

    fn people() -> People {
        People {
            second_factor: SecondFactor::Optional,
            second_factor_roles: String::new(),
            failures_account: 5,
            failures_address: 100,
            lock_seconds: 15,
            lock_longest_seconds: 900,
            forget_seconds: 900,
        }
    }

    #[test]
    fn a_lock_doubles_up_to_the_longest() {
        let seconds = |failures| lock(&people(), 5, failures).map(|length| length.num_seconds());
        let expected = [None, None, None, None, None, None, Some(15), Some(30), Some(60), Some(120), Some(240)];
        for (failures, expected) in (0..).zip(expected) {
            assert_eq!(seconds(failures), expected, "{failures}");
        }
        for failures in [12, 13, 40, 100, i32::MAX] {
            assert_eq!(seconds(failures), Some(900), "{failures}");
        }
    }

    #[test]
    fn time_takes_failures_back_one_by_one() {
        let last_at = now();
        let row = lockout::Model { digest: of_name("x"), failures: 7, last_at, locked_until: None };
        for (seconds, expected) in [(0, 7), (899, 7), (900, 6), (4_500, 2), (6_300, 0), (1_000_000_000, 0), (-60, 7)] {
            assert_eq!(remembered(&people(), &row, last_at + TimeDelta::seconds(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn an_address_of_version_six_is_its_network() {
        assert_eq!(of_address("2001:db8:1:2::3"), of_address("2001:db8:1:2:ffff::9"));
        assert_ne!(of_address("2001:db8:1:2::3"), of_address("2001:db8:1:3::3"));
        assert_ne!(of_address("192.0.2.1"), of_address("192.0.2.2"));
        assert_ne!(of_address("192.0.2.1"), of_name("192.0.2.1"));
    }
}
