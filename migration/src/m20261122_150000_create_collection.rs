//! Collections: the days within which schools report a table for a period, and who was given longer.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, foreign, index, primary};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &collection()).await?;
        create(manager, &collection_extension()).await?;
        let of_collection =
            index("idx_collection_extension_collection", "collection_extension", &["dataset_code", "period_code"]);
        manager.create_index(of_collection).await?;
        // What was granted, and why, is neither changed nor deleted: another grant comes after it.
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["collection_extension", "collection"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn collection() -> TableCreateStatement {
    Table::create()
        .table("collection")
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(date("opens_on"))
        .col(date("due_on"))
        .col(date_null("closes_on"))
        .col(text_null("note"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_collection", &["dataset_code", "period_code"]))
        .foreign_key(&mut foreign("fk_collection_dataset", &["dataset_code"], "dataset", &["code"]))
        .foreign_key(&mut foreign("fk_collection_period", &["period_code"], "period", &["code"]))
        .check(check("ck_collection_due_on", "opens_on <= due_on"))
        .check(check("ck_collection_closes_on", "due_on <= closes_on"))
        .check(check("ck_collection_version", "version >= 1"))
        .to_owned()
}

fn collection_extension() -> TableCreateStatement {
    Table::create()
        .table("collection_extension")
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(integer("number"))
        .col(date("until"))
        .col(text("reason"))
        .col(string("actor"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_collection_extension", &["school_code", "dataset_code", "period_code", "number"]))
        .foreign_key(&mut foreign("fk_collection_extension_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign(
            "fk_collection_extension_collection",
            &["dataset_code", "period_code"],
            "collection",
            &["dataset_code", "period_code"],
        ))
        .check(check("ck_collection_extension_number", "number >= 1"))
        .to_owned()
}

const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_collection_extension_no_update BEFORE UPDATE ON collection_extension BEGIN
    SELECT RAISE(ABORT, 'collection_extension is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_collection_extension_no_delete BEFORE DELETE ON collection_extension BEGIN
    SELECT RAISE(ABORT, 'collection_extension is append-only: its rows are never changed or deleted');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_collection_extension_no_change BEFORE UPDATE OR DELETE ON collection_extension
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_collection_extension_no_truncate BEFORE TRUNCATE ON collection_extension
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
