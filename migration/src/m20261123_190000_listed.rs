//! Of a table that a request was told of: whether only where it stands, and not what it says.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What was recorded before are values.
        let column = boolean("is_listed").default(false).take();
        manager.alter_table(Table::alter().table("data_access_table").add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("data_access_table").drop_column("is_listed").take()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
