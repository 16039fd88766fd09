//! Answers that were given under an `Idempotency-Key`, kept to be given again.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, index, primary, sha256};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &idempotency()).await?;
        // The job that throws old answers away asks by age.
        manager.create_index(index("idx_idempotency_created_at", "idempotency", &["created_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["idempotency"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Subject, route and key may be long; what must be unique is their digest.
fn idempotency() -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(string("digest"))
        .col(string("subject"))
        .col(text("route"))
        .col(string("fingerprint"))
        .col(integer("status"))
        .col(text("headers"))
        .col(text("body"))
        .col(string_null("request_id"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_idempotency", &["digest"]))
        .check(sha256("ck_idempotency_digest", "digest"))
        .check(sha256("ck_idempotency_fingerprint", "fingerprint"))
        .check(check("ck_idempotency_status", "status BETWEEN 200 AND 299"))
        .to_owned()
}
