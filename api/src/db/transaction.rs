//! A transaction whose commit is heard in the instance.

use std::{ops::Deref, sync::Arc};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement, TransactionTrait,
    prelude::async_trait::async_trait,
};
use tokio::sync::Notify;

/// A transaction of the writer. Dropping it rolls back; committing it wakes [`super::Db::committed`].
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    committed: Arc<Notify>,
}

impl Transaction {
    pub(super) const fn new(inner: DatabaseTransaction, committed: Arc<Notify>) -> Self {
        Self { inner, committed }
    }

    /// A part of it: dropping the part undoes what it did, committing it leaves it to the whole, and is not heard.
    pub async fn part(&self) -> Result<Self, DbErr> {
        Ok(Self { inner: self.inner.begin().await?, committed: Arc::default() })
    }

    /// Keeps what was done.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.inner.commit().await?;
        self.committed.notify_one();
        Ok(())
    }

    /// Undoes what was done.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}
