//! What a release tells of protected figures stands with it; by what the schools of a dataset are parted for that;
//! and the salt without which a guessed table cannot be held against the signed manifest.

use sea_orm_migration::prelude::*;

use crate::named::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Table, column, the rest of its definition: alike on both databases. Releases of before have nothing there.
const COLUMNS: [(&str, &str, &str); 4] = [
    (
        "dataset",
        "parted_by",
        r#"varchar(40) NOT NULL DEFAULT 'city' CONSTRAINT "ck_dataset_parted_by" CHECK (parted_by IN ('city', 'ownership', 'category', 'tier'))"#,
    ),
    ("release_table", "disclosure", "text"),
    (
        "release_table",
        "disclosure_hash",
        r#"varchar CONSTRAINT "ck_release_table_disclosure_hash" CHECK (length(disclosure_hash) = 64)"#,
    ),
    ("release_table", "salt", r#"varchar CONSTRAINT "ck_release_table_salt" CHECK (length(salt) = 64)"#),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, rest) in COLUMNS {
            run(manager, &format!(r#"ALTER TABLE "{table}" ADD COLUMN "{column}" {rest}"#)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, _) in COLUMNS.into_iter().rev() {
            run(manager, &format!(r#"ALTER TABLE "{table}" DROP COLUMN "{column}""#)).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
