//! Once: a request with an `Idempotency-Key` has its effect once, whoever sends it how often and where.
//!
//! The whole request is one transaction. It begins when a verb first asks for one, holds the key from
//! then on, and ends when the answer is there: effect and answer are committed together, or neither is.
//! The transaction holds the key by a lock of the database, so a process that dies lets go of it.
//! Within one instance, requests of the same key queue up in [`Turns`] and cost no connection while
//! they wait; that queue only saves work, nothing rests on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::idempotency;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, QueryFilter, QuerySelect, Statement};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    authz::{self, Actor},
    db::{Db, Transaction},
    error::{Error, Result, Text},
    formats::document::sha256,
};

/// How long a request waits for another of the same key.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often a key is asked for that another instance holds: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(160));

/// What has become of a key while a verb asked for its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is this request's.
    Open,
    /// Another request has had its effect; the answer is kept.
    Answered,
    /// Another request is still at it.
    Busy,
}

/// The key of one request.
#[derive(Debug)]
pub struct Once {
    digest: String,
    until: Instant,
    fate: Mutex<Fate>,
    tx: AsyncMutex<Option<Transaction>>,
}

impl Once {
    /// The key that a caller has given to a request. It belongs to the account or client and not to its
    /// token, and only as long as its role and organisation are the same.
    pub fn new(actor: &Actor, route: &str, key: &str) -> Self {
        let parts = [actor.subject.as_str(), actor.role.name(), actor.org(), route, key];
        // Lengths before the parts, so that no two keys make the same text.
        let digest = sha256(parts.iter().map(|part| format!("{}:{part}", part.len())).collect::<String>());
        let until = Instant::now() + PATIENCE;
        Self { digest, until, fate: Mutex::new(Fate::Open), tx: AsyncMutex::new(None) }
    }

    /// SHA-256 of holder, route and key.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Until when the request waits for another of its key.
    pub const fn until(&self) -> Instant {
        self.until
    }

    /// What has become of the key.
    pub fn fate(&self) -> Fate {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction within the request's own: its commit is provisional, its end rolls back what it did.
    pub async fn begin(&self, db: &Db, actor: &Actor) -> Result<Transaction> {
        let mut slot = self.tx.lock().await;
        let whole = match slot.take() {
            Some(whole) => whole,
            None => self.open(db, actor).await?,
        };
        let part = whole.part().await;
        *slot = Some(whole);
        Ok(part?)
    }

    /// The transaction of the whole request, to be ended by whoever has the answer.
    pub async fn end(&self, db: &Db, actor: &Actor) -> Result<Transaction> {
        match self.tx.lock().await.take() {
            Some(whole) => Ok(whole),
            // An answer without an effect is kept like any other.
            None => self.open(db, actor).await,
        }
    }

    /// Takes back whatever was done, and lets go of the key.
    pub async fn abandon(&self) -> Result<()> {
        if let Some(whole) = self.tx.lock().await.take() {
            whole.rollback().await?;
        }
        Ok(())
    }

    /// Begins the transaction of the request as soon as nobody else holds the key.
    async fn open(&self, db: &Db, actor: &Actor) -> Result<Transaction> {
        let (mut pause, longest) = PAUSE;
        loop {
            let tx = db.begin().await?;
            if self.hold(&tx).await? {
                // Asked anew: whoever held the key before may have left an answer.
                return if self.is_answered(&tx, actor).await? { Err(self.lost(Fate::Answered)) } else { Ok(tx) };
            }
            tx.rollback().await?;
            if Instant::now() >= self.until {
                return Err(self.lost(Fate::Busy));
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Whether the transaction holds the key now. The only writer of SQLite holds every key.
    async fn hold(&self, tx: &Transaction) -> Result<bool> {
        if tx.get_database_backend() == DbBackend::Sqlite {
            return Ok(true);
        }
        let number = self.digest.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default();
        let ask = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_try_advisory_xact_lock($1)",
            [number.cast_signed().into()],
        );
        let row = tx.query_one_raw(ask).await?.ok_or_else(|| Error::internal("no answer about a lock"))?;
        Ok(row.try_get_by_index(0)?)
    }

    async fn is_answered(&self, tx: &Transaction, actor: &Actor) -> Result<bool> {
        let kept = authz::visible::<idempotency::Entity>(actor)
            .select_only()
            .column(idempotency::Column::Status)
            .filter(idempotency::Column::Digest.eq(self.digest.as_str()))
            .into_tuple::<i32>()
            .one(tx)
            .await?;
        Ok(kept.is_some())
    }

    fn lost(&self, fate: Fate) -> Error {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
        busy()
    }
}

/// The first request of a key is still at work.
pub fn busy() -> Error {
    Error::Conflict(Text::new(
        "使用同一 Idempotency-Key 的请求仍在处理中，请稍后用同一键重试",
        "The first request with this Idempotency-Key is still at work: retry later with the same key",
    ))
}

type Queue = Arc<AsyncMutex<()>>;

/// The keys that are at work in this instance.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Queue>>);

/// The right to work on a key, among the requests of this instance.
#[derive(Debug)]
pub struct Turn {
    _held: OwnedMutexGuard<()>,
    // After the guard: whoever leaves last clears the place.
    _place: Place,
}

#[derive(Debug)]
struct Place {
    turns: Arc<Turns>,
    digest: String,
    queue: Queue,
}

impl Turns {
    /// Waits for the turn of a request; nothing where its patience ends first.
    pub async fn take(self: &Arc<Self>, once: &Once) -> Option<Turn> {
        let queue = Arc::clone(self.queues().entry(once.digest.clone()).or_default());
        let place = Place { turns: Arc::clone(self), digest: once.digest.clone(), queue: Arc::clone(&queue) };
        let held = timeout_at(once.until, queue.lock_owned()).await.ok()?;
        Some(Turn { _held: held, _place: place })
    }

    fn queues(&self) -> std::sync::MutexGuard<'_, HashMap<String, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.turns.queues();
        // The map's own and this one: nobody else is here.
        if Arc::strong_count(&self.queue) <= 2 {
            queues.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::authz::Role;

    fn once(key: &str) -> Once {
        Once::new(&Actor::with(Role::School, Some("62001"), "client:a", ""), "PUT /v1/x", key)
    }

    #[test]
    fn a_key_belongs_to_holder_role_organisation_and_route() {
        let of = |role, org: &str, subject: &str, route: &str, key: &str| {
            Once::new(&Actor::with(role, Some(org), subject, "another name"), route, key).digest
        };
        let first = once("k").digest;
        assert_eq!(of(Role::School, "62001", "client:a", "PUT /v1/x", "k"), first);
        for other in [
            of(Role::City, "62001", "client:a", "PUT /v1/x", "k"),
            of(Role::School, "62002", "client:a", "PUT /v1/x", "k"),
            of(Role::School, "62001", "client:b", "PUT /v1/x", "k"),
            of(Role::School, "62001", "client:a", "PATCH /v1/x", "k"),
            of(Role::School, "62001", "client:a", "PUT /v1/xk", ""),
            of(Role::School, "62001", "client:a", "PUT /v1/x", "K"),
        ] {
            assert_ne!(other, first);
        }
    }

    #[tokio::test]
    async fn a_second_waits_for_its_turn_and_not_for_ever() {
        let turns = Arc::new(Turns::default());
        let (first, other) = (once("k"), once("l"));
        let second = Once { until: Instant::now(), ..once("k") };
        let turn = turns.take(&first).await.unwrap();
        let _another = turns.take(&other).await.unwrap();
        assert!(turns.take(&second).await.is_none());
        assert_eq!(turns.queues().len(), 2);
        let third = once("k");
        let (waited, ()) = tokio::join!(turns.take(&third), async { drop(turn) });
        drop(waited.unwrap());
        assert_eq!(turns.queues().len(), 1, "nothing is left behind");
    }
}
