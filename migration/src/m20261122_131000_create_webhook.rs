//! Webhooks: where an organisation wants to hear of events, and every message that is to go there.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &webhook()).await?;
        create(manager, &webhook_delivery()).await?;
        for index in [
            index("idx_webhook_org", "webhook", &["role", "org"]),
            // One message an event and endpoint, however many instances look.
            unique("uq_webhook_delivery_place", "webhook_delivery", &["webhook_id", "place"]),
            index("idx_webhook_delivery_next_at", "webhook_delivery", &["state", "next_at"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["webhook_delivery", "webhook"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn webhook() -> TableCreateStatement {
    Table::create()
        .table("webhook")
        .col(uuid("id"))
        .col(string_len("role", 40))
        .col(string("org"))
        .col(text("url"))
        .col(text("events"))
        .col(string("secret"))
        .col(string_null("previous_secret"))
        .col(timestamp_with_time_zone_null("previous_until"))
        .col(integer("version"))
        .col(text("cursor"))
        .col(boolean("is_disabled"))
        .col(timestamp_with_time_zone_null("failing_since"))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_webhook", &["id"]))
        .check(words(
            "ck_webhook_role",
            "role",
            &["ADMIN", "AUDITOR", "PROVINCE", "CITY", "SCHOOL", "AGENCY", "ENTERPRISE", "ANALYST"],
        ))
        .check(check("ck_webhook_version", "version >= 1"))
        .check(check("ck_webhook_previous_secret", "(previous_secret IS NULL) = (previous_until IS NULL)"))
        .to_owned()
}

fn webhook_delivery() -> TableCreateStatement {
    Table::create()
        .table("webhook_delivery")
        .col(uuid("id"))
        .col(uuid("webhook_id"))
        .col(string("place"))
        .col(string("event"))
        .col(text("body"))
        .col(string_len("state", 40))
        .col(integer("attempts"))
        .col(timestamp_with_time_zone("next_at"))
        .col(timestamp_with_time_zone_null("leased_until"))
        .col(timestamp_with_time_zone_null("last_at"))
        .col(integer_null("last_status"))
        .col(text_null("last_error"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_webhook_delivery", &["id"]))
        .foreign_key(&mut foreign("fk_webhook_delivery_webhook", &["webhook_id"], "webhook", &["id"]))
        .check(words("ck_webhook_delivery_state", "state", &["pending", "delivered", "failed"]))
        .check(check("ck_webhook_delivery_attempts", "attempts >= 0"))
        .to_owned()
}
