//! Published figures, to be held against the data.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{create, drop, index, primary, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &claim()).await?;
        for index in [
            index("idx_claim_indicator", "claim", &["indicator_code"]),
            index("idx_claim_scope", "claim", &["scope", "scope_code", "period_code"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["claim"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn claim() -> TableCreateStatement {
    Table::create()
        .table("claim")
        .col(string("key"))
        .col(integer("position"))
        .col(string("label"))
        .col(string_null("indicator_code"))
        .col(text("statistic"))
        .col(string("scope"))
        .col(string("scope_code"))
        .col(string("period_code"))
        .col(string("comparator"))
        .col(string("value"))
        .col(string("unit"))
        .col(string("source"))
        .primary_key(&mut primary("pk_claim", &["key"]))
        .check(words("ck_claim_scope", "scope", &["province", "city", "school"]))
        .to_owned()
}
