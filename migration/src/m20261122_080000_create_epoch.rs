//! A counter for each thing that instances hold in memory.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, primary, run};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &epoch()).await?;
        run(
            manager,
            "INSERT INTO epoch (name, value) VALUES \
             ('registry', 0), ('releases', 0), ('credentials', 0), ('keys', 0)",
        )
        .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["epoch"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn epoch() -> TableCreateStatement {
    Table::create()
        .table("epoch")
        .col(string("name"))
        .col(big_integer("value"))
        .primary_key(&mut primary("pk_epoch", &["name"]))
        .check(check("ck_epoch_value", "value >= 0"))
        .to_owned()
}
