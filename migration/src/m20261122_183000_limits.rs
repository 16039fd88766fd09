//! What callers have lately asked for, where instances count together.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, primary, sha256};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &rate_bucket()).await?;
        // Written often and worth nothing after a crash.
        either(manager, "SELECT 1", "ALTER TABLE rate_bucket SET UNLOGGED").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["rate_bucket"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn rate_bucket() -> TableCreateStatement {
    Table::create()
        .table("rate_bucket")
        .col(string("key"))
        .col(big_integer("full_at"))
        .col(big_integer("granted"))
        .primary_key(&mut primary("pk_rate_bucket", &["key"]))
        .check(sha256("ck_rate_bucket_key", "key"))
        .check(check("ck_rate_bucket_granted", "granted >= 0"))
        .to_owned()
}
