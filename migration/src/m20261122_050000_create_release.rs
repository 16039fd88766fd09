//! Releases: what was published, with its columns and the registry as it stood.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, primary, sha256, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &registry_snapshot()).await?;
        create(manager, &release()).await?;
        create(manager, &release_table()).await?;
        manager.create_index(unique("uq_release_number", "release", &["major", "minor", "patch"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["release_table", "release", "registry_snapshot"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn registry_snapshot() -> TableCreateStatement {
    Table::create()
        .table("registry_snapshot")
        .col(string("hash"))
        .col(text("document"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_registry_snapshot", &["hash"]))
        .check(sha256("ck_registry_snapshot_hash", "hash"))
        .to_owned()
}

fn release() -> TableCreateStatement {
    Table::create()
        .table("release")
        .col(string("version"))
        .col(integer("major"))
        .col(integer("minor"))
        .col(integer("patch"))
        .col(string_len("kind", 40))
        .col(text("note"))
        .col(string_null("period_code"))
        .col(string("registry_hash"))
        .col(text("manifest"))
        .col(text("signature"))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("publish_at"))
        .primary_key(&mut primary("pk_release", &["version"]))
        .foreign_key(&mut foreign("fk_release_registry_snapshot", &["registry_hash"], "registry_snapshot", &["hash"]))
        .check(words("ck_release_kind", "kind", &["major", "minor", "patch"]))
        .check(check("ck_release_number", "major >= 0 AND minor >= 0 AND patch >= 0"))
        .check(check("ck_release_version", "version = major || '.' || minor || '.' || patch"))
        .to_owned()
}

fn release_table() -> TableCreateStatement {
    Table::create()
        .table("release_table")
        .col(string("version"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(integer("schools"))
        .col(string("public_hash"))
        .col(blob("public_columns"))
        .col(string("protected_hash"))
        .col(blob("protected_columns"))
        .primary_key(&mut primary("pk_release_table", &["version", "dataset_code", "period_code"]))
        .foreign_key(&mut foreign("fk_release_table_release", &["version"], "release", &["version"]))
        .check(check("ck_release_table_schools", "schools >= 0"))
        .check(sha256("ck_release_table_public_hash", "public_hash"))
        .check(sha256("ck_release_table_protected_hash", "protected_hash"))
        .to_owned()
}
