//! Validation rules: expressions over a school's tables, as data.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &rule()).await?;
        manager.create_index(index("idx_rule_dataset", "rule", &["dataset_code", "position"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["rule"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn rule() -> TableCreateStatement {
    Table::create()
        .table("rule")
        .col(string("code"))
        .col(string("dataset_code"))
        .col(integer("position"))
        .col(string_len("severity", 40))
        .col(text("expression"))
        .col(text("message_zh"))
        .col(text("message_en"))
        .col(boolean("is_enabled"))
        .col(string_null("valid_from"))
        .col(string_null("valid_to"))
        .col(integer("version"))
        .primary_key(&mut primary("pk_rule", &["code"]))
        .foreign_key(&mut foreign("fk_rule_dataset", &["dataset_code"], "dataset", &["code"]))
        .check(words("ck_rule_severity", "severity", &["error", "warning", "info"]))
        .check(check("ck_rule_validity", "valid_from <= valid_to"))
        .check(check("ck_rule_version", "version >= 1"))
        .to_owned()
}
