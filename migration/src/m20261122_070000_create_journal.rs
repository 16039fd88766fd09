//! The journal: one row per change, and the numbers and chain hashes that the sealer gives them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, index, primary, sha256, unique};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &journal()).await?;
        create(manager, &journal_pending()).await?;
        create(manager, &journal_seal()).await?;
        for index in [
            index("idx_journal_school", "journal", &["school_code", "id"]),
            index("idx_journal_at", "journal", &["at"]),
            unique("uq_journal_seal_journal", "journal_seal", &["journal_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["journal_seal", "journal_pending", "journal"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn journal() -> TableCreateStatement {
    Table::create()
        .table("journal")
        .col(uuid("id"))
        .col(timestamp_with_time_zone("at"))
        .col(string("actor"))
        .col(string("actor_role"))
        .col(string_null("actor_org"))
        .col(string("action"))
        .col(string("object"))
        .col(string_null("school_code"))
        .col(string_null("before_hash"))
        .col(string_null("after_hash"))
        .col(string_null("request_id"))
        .col(string_null("address"))
        .col(text("data"))
        .primary_key(&mut primary("pk_journal", &["id"]))
        .to_owned()
}

/// No foreign keys here and below: journal rows are never deleted, both are written by one function each, and the
/// check of a key reads the whole journal as long as PostgreSQL remembers it to be small.
fn journal_pending() -> TableCreateStatement {
    Table::create()
        .table("journal_pending")
        .col(uuid("journal_id"))
        .primary_key(&mut primary("pk_journal_pending", &["journal_id"]))
        .to_owned()
}

fn journal_seal() -> TableCreateStatement {
    Table::create()
        .table("journal_seal")
        .col(big_integer("sequence"))
        .col(uuid("journal_id"))
        .col(string("chain_hash"))
        .col(timestamp_with_time_zone("sealed_at"))
        .primary_key(&mut primary("pk_journal_seal", &["sequence"]))
        .check(check("ck_journal_seal_sequence", "sequence >= 1"))
        .check(sha256("ck_journal_seal_chain_hash", "chain_hash"))
        .to_owned()
}
