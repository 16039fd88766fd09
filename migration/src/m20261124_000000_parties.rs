//! Whom an entry of the journal is addressed to, where that is not a school and those above it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Read along with rows that are found by their number, never searched for by itself.
        let column = text_null("parties").take();
        manager.alter_table(Table::alter().table("journal").add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("journal").drop_column("parties").take()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
