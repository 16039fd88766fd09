//! People, service accounts and the keys that sign. A role that acts for an organisation cannot be without one.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, primary, sha256, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &account()).await?;
        create(manager, &client()).await?;
        create(manager, &signing_key()).await?;
        for index in [
            unique("uq_account_username", "account", &["username"]),
            unique("uq_client_client_id", "client", &["client_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["signing_key", "client", "account"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn account() -> TableCreateStatement {
    Table::create()
        .table("account")
        .col(uuid("id"))
        .col(string("username"))
        .col(string("display_name"))
        .col(string("password_hash"))
        .col(string_len("role", 40))
        .col(string_null("org"))
        .col(boolean("is_disabled"))
        .col(boolean("is_demo"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_account", &["id"]))
        .check(words(
            "ck_account_role",
            "role",
            &["ADMIN", "AUDITOR", "PROVINCE", "CITY", "SCHOOL", "AGENCY", "ENTERPRISE", "ANALYST"],
        ))
        .check(check("ck_account_org", "(role IN ('ADMIN', 'AUDITOR', 'ANALYST')) = (org IS NULL)"))
        .to_owned()
}

fn client() -> TableCreateStatement {
    Table::create()
        .table("client")
        .col(uuid("id"))
        .col(string("client_id"))
        .col(string("name"))
        .col(string("secret_hash"))
        .col(string_len("role", 40))
        .col(string_null("org"))
        .col(boolean("is_disabled"))
        .col(boolean("is_demo"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_client", &["id"]))
        .check(words(
            "ck_client_role",
            "role",
            &["ADMIN", "AUDITOR", "PROVINCE", "CITY", "SCHOOL", "AGENCY", "ENTERPRISE", "ANALYST"],
        ))
        .check(check("ck_client_org", "(role IN ('ADMIN', 'AUDITOR', 'ANALYST')) = (org IS NULL)"))
        .check(sha256("ck_client_secret_hash", "secret_hash"))
        .to_owned()
}

fn signing_key() -> TableCreateStatement {
    Table::create()
        .table("signing_key")
        .col(string("kid"))
        .col(string("algorithm"))
        .col(string("public_key"))
        .col(string("private_key"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("retired_at"))
        .primary_key(&mut primary("pk_signing_key", &["kid"]))
        .to_owned()
}
