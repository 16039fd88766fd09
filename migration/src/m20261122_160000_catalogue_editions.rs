//! Upkeep of the catalogue: from when until when datasets and indicators hold, what indicators said before
//! a period, versions to change against, and the periods that officials announce.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, primary, run, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What is added to tables that are there, alike on both databases: table, column, the rest of its definition.
const COLUMNS: [(&str, &str, &str); 7] = [
    ("dataset", "valid_from", "varchar"),
    ("dataset", "valid_to", r#"varchar CONSTRAINT "ck_dataset_validity" CHECK (valid_from <= valid_to)"#),
    ("dataset", "version", r#"integer NOT NULL DEFAULT 1 CONSTRAINT "ck_dataset_version" CHECK (version >= 1)"#),
    ("indicator", "valid_from", "varchar"),
    ("indicator", "valid_to", r#"varchar CONSTRAINT "ck_indicator_validity" CHECK (valid_from <= valid_to)"#),
    ("indicator", "version", r#"integer NOT NULL DEFAULT 1 CONSTRAINT "ck_indicator_version" CHECK (version >= 1)"#),
    ("period", "is_announced", "boolean NOT NULL DEFAULT FALSE"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, rest) in COLUMNS {
            run(manager, &format!(r#"ALTER TABLE "{table}" ADD COLUMN "{column}" {rest}"#)).await?;
        }
        create(manager, &indicator_edition()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["indicator_edition"]).await?;
        // The last first: a check goes with the column that it stands at.
        for (table, column, _) in COLUMNS.into_iter().rev() {
            run(manager, &format!(r#"ALTER TABLE "{table}" DROP COLUMN "{column}""#)).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn indicator_edition() -> TableCreateStatement {
    Table::create()
        .table("indicator_edition")
        .col(string("indicator_code"))
        .col(string("before_period"))
        .col(string("line_no"))
        .col(string_null("parent_code"))
        .col(string_null("within_code"))
        .col(boolean("is_parts_complete"))
        .col(boolean("is_required"))
        .col(boolean("is_starred"))
        .col(string("label"))
        .col(string_null("label_en"))
        .col(string("printed_label"))
        .col(string_null("unit_en"))
        .col(string_null("weight_code"))
        .col(big_integer_null("minimum"))
        .col(big_integer_null("maximum"))
        .col(big_integer_null("threshold"))
        .col(string_len_null("better", 40))
        .col(integer_null("usual_change"))
        .col(string_len("disclosure", 40))
        .col(string("source"))
        .primary_key(&mut primary("pk_indicator_edition", &["indicator_code", "before_period"]))
        .foreign_key(&mut foreign("fk_indicator_edition_indicator", &["indicator_code"], "indicator", &["code"]))
        .check(words("ck_indicator_edition_better", "better", &["higher", "lower"]))
        .check(words("ck_indicator_edition_disclosure", "disclosure", &["public", "aggregate", "internal"]))
        .check(check("ck_indicator_edition_bounds", "minimum <= maximum"))
        .check(check("ck_indicator_edition_threshold", "(threshold IS NULL) = (better IS NULL)"))
        .check(check("ck_indicator_edition_usual_change", "usual_change >= 0"))
        .to_owned()
}
