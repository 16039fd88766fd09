//! What a batch says beside its rows: the hash of its file, whether it may shrink tables, its receipt.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::sha256;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One statement for each: SQLite adds one column at a time.
        let hash = sha256("ck_batch_content_hash", "content_hash");
        let columns = [
            boolean("may_shrink").default(false).take(),
            string_null("content_hash").check(hash).take(),
            text_null("receipt"),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("batch").add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["receipt", "content_hash", "may_shrink"] {
            manager.alter_table(Table::alter().table("batch").drop_column(column).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
