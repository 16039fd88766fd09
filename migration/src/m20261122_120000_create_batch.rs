//! Batches: many tables in one file, worked off by whichever instance takes them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &batch()).await?;
        create(manager, &batch_part()).await?;
        create(manager, &batch_table()).await?;
        for index in [
            index("idx_batch_state", "batch", &["state", "created_at"]),
            index("idx_batch_sender", "batch", &["sender", "created_at"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["batch_table", "batch_part", "batch"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn batch() -> TableCreateStatement {
    Table::create()
        .table("batch")
        .col(uuid("id"))
        .col(string_len("state", 40))
        .col(string_len("format", 40))
        .col(boolean("is_dry_run"))
        .col(string("sender"))
        .col(string_len("sender_role", 40))
        .col(string_null("sender_org"))
        .col(string_null("request_id"))
        .col(string_null("address"))
        .col(big_integer("size_bytes"))
        .col(big_integer_null("rows_total"))
        .col(big_integer("rows_read"))
        .col(big_integer("rows_accepted"))
        .col(big_integer("rows_rejected"))
        .col(text("causes"))
        .col(integer("attempts"))
        .col(uuid_null("lease"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(timestamp_with_time_zone_null("finished_at"))
        .primary_key(&mut primary("pk_batch", &["id"]))
        .check(words("ck_batch_state", "state", &["receiving", "running", "done", "failed"]))
        .check(words("ck_batch_format", "format", &["csv", "ndjson", "xlsx"]))
        .check(words(
            "ck_batch_sender_role",
            "sender_role",
            &["ADMIN", "AUDITOR", "PROVINCE", "CITY", "SCHOOL", "AGENCY", "ENTERPRISE", "ANALYST"],
        ))
        .check(check("ck_batch_size_bytes", "size_bytes >= 0"))
        .check(check("ck_batch_rows", "rows_read = rows_accepted + rows_rejected"))
        .check(check("ck_batch_attempts", "attempts >= 0"))
        .to_owned()
}

fn batch_part() -> TableCreateStatement {
    Table::create()
        .table("batch_part")
        .col(uuid("batch_id"))
        .col(integer("number"))
        .col(blob("bytes"))
        .primary_key(&mut primary("pk_batch_part", &["batch_id", "number"]))
        .foreign_key(&mut foreign("fk_batch_part_batch", &["batch_id"], "batch", &["id"]))
        .check(check("ck_batch_part_number", "number >= 0"))
        .to_owned()
}

fn batch_table() -> TableCreateStatement {
    Table::create()
        .table("batch_table")
        .col(uuid("batch_id"))
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(string_len("state", 40))
        .col(integer_null("revision"))
        .col(integer("cells"))
        .primary_key(&mut primary("pk_batch_table", &["batch_id", "school_code", "dataset_code", "period_code"]))
        .foreign_key(&mut foreign("fk_batch_table_batch", &["batch_id"], "batch", &["id"]))
        .check(words("ck_batch_table_state", "state", &["draft", "returned", "rejected"]))
        .check(check("ck_batch_table_revision", "revision >= 1"))
        .check(check("ck_batch_table_cells", "cells >= 0"))
        .to_owned()
}
