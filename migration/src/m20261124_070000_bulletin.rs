//! The bulletins of years as they were published; which industry chain a consortium serves.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{create, drop, either, primary, sha256};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &bulletin()).await?;
        let column = string_null("chain_code").take();
        manager.alter_table(Table::alter().table("consortium").add_column(column).take()).await?;
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("consortium").drop_column("chain_code").take()).await?;
        drop(manager, &["bulletin"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn bulletin() -> TableCreateStatement {
    Table::create()
        .table("bulletin")
        // Once a year.
        .col(small_integer("year"))
        .col(text("document"))
        .col(string("hash"))
        .col(string("actor"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_bulletin", &["year"]))
        .check(sha256("ck_bulletin_hash", "hash"))
        .to_owned()
}

const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_bulletin_no_update BEFORE UPDATE ON bulletin BEGIN
    SELECT RAISE(ABORT, 'bulletin is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_bulletin_no_delete BEFORE DELETE ON bulletin BEGIN
    SELECT RAISE(ABORT, 'bulletin is append-only: its rows are never changed or deleted');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_bulletin_no_change BEFORE UPDATE OR DELETE ON bulletin
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_bulletin_no_truncate BEFORE TRUNCATE ON bulletin
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
