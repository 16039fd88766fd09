//! Budgets that instances share: PostgreSQL keeps the buckets, and an instance takes a piece at a time.
//!
//! A piece is a twentieth of the budget. Together the instances never hand out more than the budget; an
//! instance that stops with a piece in hand takes it along, and time gives it back. The table is not logged: after a crash
//! of the database all budgets are full.

use sea_orm::{ConnectionTrait, DbBackend, Statement, TryGetable, Value};
use tokio::sync::{Mutex, MutexGuard};

use super::{Budget, Caller};
use crate::{
    config::Pace,
    db::Db,
    error::{Error, Result},
    formats::document::sha256,
};

/// How many requests may be fetching at a time; those of one caller never are.
const TURNS: usize = 64;
/// Which part of a budget is fetched at a time.
const PIECE: u64 = 20;

/// A piece of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    /// How much of it was to be had.
    pub granted: u64,
    /// Nanoseconds until the shared bucket is full again.
    pub owed: u64,
}

/// The buckets of all instances.
#[derive(Debug)]
pub(super) struct Leases {
    db: Db,
    turns: Vec<Mutex<()>>,
}

/// One statement: whoever comes second waits for the row and finds what the first has left. What stood in the
/// row is compared with the instant at which the statement began, which `excluded` carries.
const FETCH: &str = "\
INSERT INTO rate_bucket AS held (key, full_at, granted) \
VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000 + $2::bigint * $3::bigint, $2::bigint) \
ON CONFLICT (key) DO UPDATE SET \
granted = greatest(0, least($2::bigint, ($4::bigint * $3::bigint \
- greatest(0, held.full_at - (excluded.full_at - $2::bigint * $3::bigint))) / $3::bigint)), \
full_at = greatest(held.full_at, excluded.full_at - $2::bigint * $3::bigint) \
+ $3::bigint * greatest(0, least($2::bigint, ($4::bigint * $3::bigint \
- greatest(0, held.full_at - (excluded.full_at - $2::bigint * $3::bigint))) / $3::bigint)) \
RETURNING granted, greatest(0, full_at - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000) AS owed";

const SWEEP: &str = "DELETE FROM rate_bucket \
WHERE full_at < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000";

impl Leases {
    /// The shared buckets, where the database can have some: on SQLite there is one instance.
    pub(super) fn over(db: &Db) -> Option<Self> {
        let turns = || (0..TURNS).map(|_| Mutex::new(())).collect();
        (db.backend() == DbBackend::Postgres).then(|| Self { db: db.clone(), turns: turns() })
    }

    /// The right to fetch for a bucket.
    pub(super) async fn turn(&self, key: u64) -> Option<MutexGuard<'_, ()>> {
        match self.turns.get(usize::try_from(key % 64).unwrap_or(0)) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// Fetches a piece that is enough for what is asked, or what is left.
    pub(super) async fn fetch(&self, caller: Caller<'_>, budget: Budget, pace: Pace, amount: u64) -> Result<Lease> {
        let want = pace.burst.div_ceil(PIECE).max(amount).min(pace.burst);
        let number = |number: u64| i64::try_from(number).map_err(Error::internal);
        let values: [Value; 4] =
            [name(caller, budget).into(), number(want)?.into(), number(pace.nanos)?.into(), number(pace.burst)?.into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, FETCH, values);
        let row = self.db.write().query_one_raw(statement).await?.ok_or_else(|| Error::internal("no bucket"))?;
        let number = |column: &str| {
            let found = i64::try_get_by(&row, column).map_err(|fault| Error::internal(format!("{fault:?}")))?;
            u64::try_from(found).map_err(Error::internal)
        };
        Ok(Lease { granted: number("granted")?, owed: number("owed")? })
    }

    /// Forgets the buckets that are full.
    pub(super) async fn sweep(&self) -> Result<u64> {
        let done = self.db.write().execute_raw(Statement::from_string(DbBackend::Postgres, SWEEP)).await?;
        Ok(done.rows_affected())
    }
}

/// The key of a bucket: no name and no address stands in the table.
fn name(caller: Caller<'_>, budget: Budget) -> String {
    let (kind, who) = match caller {
        Caller::Holder(subject) => ("holder", subject.to_owned()),
        Caller::Address(address) => ("address", address.to_string()),
    };
    sha256(format!("{} {kind} {who}", budget.name()))
}
