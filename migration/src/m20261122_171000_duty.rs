//! What part of a school's reporting a person or a service has: all, filling in, or signing off.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::words;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: [(&str, &str); 2] = [("account", "ck_account_duty"), ("client", "ck_client_duty")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, check) in TABLES {
            let check = words(check, "duty", &["all", "fill", "sign"]);
            let column = string_len("duty", 40).default("all").check(check).take();
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _) in TABLES {
            manager.alter_table(Table::alter().table(table).drop_column("duty").take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
