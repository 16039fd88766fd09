//! The two ways to the database: many read, one writes.
//!
//! SQLite has one writer; here that is a pool of exactly one connection, so that
//! writers queue in the service and never meet "database is locked". Readers are
//! apart and see the last committed state (WAL). PostgreSQL serves both from one pool.
//! [`Transaction`] and [`Listener`] are how others hear that something has been written.

mod listener;
mod transaction;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::Notify;

pub use listener::Listener;
pub use transaction::Transaction;

use crate::{config::Secret, error::Result};

/// How long a writer of SQLite waits for another process (a command beside the service).
const BUSY: Duration = Duration::from_secs(30);

/// The present instant as both databases keep it: to the microsecond.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// How to reach a database.
#[derive(Clone, Debug)]
pub struct Reach {
    /// `sqlite://…` or `postgres://…`; it may hold a password.
    pub url: Secret,
    /// The most connections of the pool (for SQLite: of the readers).
    pub max_connections: u32,
    /// How long a request waits for a connection before it is told 503.
    pub acquire_timeout: Duration,
    /// How long one statement may take (PostgreSQL).
    pub statement_timeout: Option<Duration>,
}

/// A database, ready to use.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    statements: Arc<AtomicU64>,
    committed: Arc<Notify>,
}

impl Db {
    /// Opens the database; a SQLite file and its folder are made where they are missing.
    pub async fn connect(reach: &Reach) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let committed = Arc::new(Notify::new());
        if let Some(file) = reach.url.expose().strip_prefix("sqlite://") {
            let path = file.split('?').next().unwrap_or(file);
            if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(crate::error::Error::internal)?;
            }
            // The writer comes first: it makes the file and switches it to WAL.
            let write = open(sqlite(path, 1, reach, false), &statements).await?;
            let read = open(sqlite(path, reach.max_connections.max(1), reach, true), &statements).await?;
            return Ok(Self { read, write, statements, committed });
        }
        let mut options = ConnectOptions::new(reach.url.expose());
        options
            .max_connections(reach.max_connections.max(1))
            .acquire_timeout(reach.acquire_timeout)
            // A ping before every use doubles the round trips; one after a pause is enough.
            .test_before_acquire_if_idle_for(Duration::from_secs(20))
            .sqlx_logging(false);
        if let Some(limit) = reach.statement_timeout {
            options.statement_timeout(limit);
        }
        let both = open(options, &statements).await?;
        Ok(Self { read: both.clone(), write: both, statements, committed })
    }

    /// For statements that change nothing.
    pub const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For migrations and for single statements that change something.
    pub const fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// A transaction that may change something; dropping it rolls back.
    pub async fn begin(&self) -> Result<Transaction> {
        let options = TransactionOptions {
            // Taking the lock at the first write would fail instead of wait when another process holds it.
            sqlite_transaction_mode: (self.backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Transaction::new(self.write.begin_with_options(options).await?, Arc::clone(&self.committed)))
    }

    /// Waits until a transaction of this instance has committed: at once if one has since the last time.
    /// One waits at a time.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Hears what is said on a channel, from any instance. On SQLite nothing can be heard.
    pub async fn listen(&self, channel: &str) -> Result<Option<Listener>> {
        match self.backend() {
            DbBackend::Postgres => Ok(Some(Listener::open(self.read.get_postgres_connection_pool(), channel).await?)),
            _ => Ok(None),
        }
    }

    /// Which of the two it is.
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// How many connections each pool has open, and how many of them idle.
    pub fn pools(&self) -> Vec<(&'static str, u32, usize)> {
        if self.backend() == DbBackend::Sqlite {
            let (read, write) = (self.read.get_sqlite_connection_pool(), self.write.get_sqlite_connection_pool());
            return vec![("read", read.size(), read.num_idle()), ("write", write.size(), write.num_idle())];
        }
        let both = self.read.get_postgres_connection_pool();
        vec![("both", both.size(), both.num_idle())]
    }

    /// How many statements have been sent so far; tests count with it.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Ends all connections.
    pub async fn close(self) -> Result<()> {
        self.read.close().await?;
        self.write.close().await?;
        Ok(())
    }
}

/// How many rows a statement takes well: SQLite has 32,766 parameters for it, and the widest row has fewer than thirty.
const MOST: usize = 1_024;

/// How many rows make a statement whatever their number.
const FEW: usize = 16;

/// Rows in statements of few different lengths. A connection keeps every statement that it has prepared, and one of
/// thousands of parameters is megabytes: a length of its own for each block would fill the memory with them.
pub fn statements<T>(rows: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> impl Iterator<Item = Vec<T>> {
    let mut rest = rows.into_iter();
    std::iter::from_fn(move || {
        let left = rest.len();
        let some = if left <= FEW { left } else { MOST.min(1 << left.ilog2()) };
        Some(rest.by_ref().take(some).collect::<Vec<T>>()).filter(|some| !some.is_empty())
    })
}

fn sqlite(path: &str, connections: u32, reach: &Reach, read_only: bool) -> ConnectOptions {
    let mode = if read_only { "rw" } else { "rwc" };
    let mut options = ConnectOptions::new(format!("sqlite://{path}?mode={mode}"));
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(reach.acquire_timeout)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .foreign_keys(true)
                .busy_timeout(BUSY)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // Or `INSERT OR REPLACE` would get past the triggers that keep rows for good.
                .pragma("recursive_triggers", "ON")
                // In KiB, for each connection: the one writer walks through many pages, a reader through few.
                .pragma("cache_size", if read_only { "-8192" } else { "-32768" })
                .pragma("mmap_size", "67108864");
            if read_only { options.pragma("query_only", "ON") } else { options }
        });
    options
}

async fn open(options: ConnectOptions, statements: &Arc<AtomicU64>) -> Result<DatabaseConnection> {
    let mut connection = Database::connect(options).await?;
    let counter = Arc::clone(statements);
    connection.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    Ok(connection)
}
