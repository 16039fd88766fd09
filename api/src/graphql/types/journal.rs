//! An entry of the journal, and a record of access.

use async_graphql::{Json, Object, SimpleObject};
use serde_json::Value;

use crate::{
    domain::{accesses, audit},
    graphql::{
        paging::{Placed, connection},
        scalars::Instant,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct JournalEntry(pub audit::Listed);

impl Placed for JournalEntry {
    fn cursor(&self) -> String {
        audit::cursor(self.0.sequence)
    }
}

/// What was done, by whom: written in the transaction of the change, numbered and chained.
#[Object]
impl JournalEntry {
    /// Its number: the order in which the changes were committed.
    async fn sequence(&self) -> i64 {
        self.0.sequence
    }

    /// SHA-256 of the chain hash before and everything the entry says.
    async fn chain_hash(&self) -> &str {
        &self.0.chain_hash
    }

    /// When it was done.
    async fn time(&self) -> Instant {
        Instant(self.0.row.at)
    }

    /// `account:<id>`, `client:<client_id>`, `job:<task>` or `public`.
    async fn actor(&self) -> &str {
        &self.0.row.actor
    }

    /// The role of the actor.
    async fn role(&self) -> &str {
        &self.0.row.actor_role
    }

    /// The organisation of the actor.
    async fn org(&self) -> Option<&str> {
        self.0.row.actor_org.as_deref()
    }

    /// `<noun>.<past verb>`.
    async fn action(&self) -> &str {
        &self.0.row.action
    }

    /// What it was done to.
    async fn object(&self) -> &str {
        &self.0.row.object
    }

    /// The code of the school that it belongs to.
    async fn school(&self) -> Option<&str> {
        self.0.row.school_code.as_deref()
    }

    /// The content hash before.
    async fn before_hash(&self) -> Option<&str> {
        self.0.row.before_hash.as_deref()
    }

    /// The content hash after.
    async fn after_hash(&self) -> Option<&str> {
        self.0.row.after_hash.as_deref()
    }

    /// The request that did it.
    async fn request_id(&self) -> Option<&str> {
        self.0.row.request_id.as_deref()
    }

    /// The address it came from.
    async fn address(&self) -> Option<&str> {
        self.0.row.address.as_deref()
    }

    /// What else the event says: codes, counts and hashes, never a figure.
    async fn data(&self) -> Json<Value> {
        Json(serde_json::from_str(&self.0.row.data).unwrap_or_default())
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct DataAccess(pub accesses::Access);

impl Placed for DataAccess {
    fn cursor(&self) -> String {
        accesses::cursor(self.0.id)
    }
}

/// A table that was read.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccessedTable {
    /// The school's code, or `*` for every school of the reader's scope.
    school: String,
    /// The table, by code.
    dataset: String,
    /// The period, by code.
    period: String,
}

impl From<&[String; 3]> for AccessedTable {
    fn from([school, dataset, period]: &[String; 3]) -> Self {
        Self { school: school.clone(), dataset: dataset.clone(), period: period.clone() }
    }
}

/// A request that read what is not published.
#[Object]
impl DataAccess {
    /// When it read.
    async fn time(&self) -> Instant {
        Instant(self.0.at)
    }

    /// The account or client that read; for auditors.
    async fn actor(&self) -> Option<&str> {
        self.0.actor.as_deref()
    }

    /// The role of the reader.
    async fn role(&self) -> &str {
        &self.0.role
    }

    /// The organisation of the reader.
    async fn org(&self) -> Option<&str> {
        self.0.org.as_deref()
    }

    /// Method and address, by its pattern.
    async fn door(&self) -> &str {
        &self.0.door
    }

    /// The request; for auditors.
    async fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Where it came from; for auditors.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// What it read.
    async fn tables(&self) -> Vec<AccessedTable> {
        self.0.tables.iter().map(AccessedTable::from).collect()
    }

    /// Of which it was told only where they stand; for auditors.
    async fn listed(&self) -> Vec<AccessedTable> {
        self.0.listed.iter().map(AccessedTable::from).collect()
    }
}

connection!(
    /// A page of the journal.
    JournalConnection,
    /// An entry with its cursor.
    JournalEdge,
    JournalEntry
);

connection!(
    /// A page of the records of access.
    DataAccessConnection,
    /// A record with its cursor.
    DataAccessEdge,
    DataAccess
);
