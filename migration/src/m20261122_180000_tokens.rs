//! Sign-ins that go on by refresh tokens, what was revoked before its time, keys of clients, secrets that end.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, run, sha256};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in added() {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        for table in [token_family(), refresh_token(), revocation(), client_key(), client_assertion()] {
            create(manager, &table).await?;
        }
        for index in [
            // The job that throws old rows away asks by their end.
            index("idx_token_family_expires_at", "token_family", &["expires_at"]),
            index("idx_token_family_account_id", "token_family", &["account_id"]),
            index("idx_refresh_token_family_id", "refresh_token", &["family_id"]),
            index("idx_revocation_until", "revocation", &["until"]),
            index("idx_revocation_subject", "revocation", &["subject"]),
            index("idx_client_assertion_until", "client_assertion", &["until"]),
        ] {
            manager.create_index(index).await?;
        }
        run(manager, "INSERT INTO epoch (name, value) VALUES ('revocations', 0)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, "DELETE FROM epoch WHERE name = 'revocations'").await?;
        drop(manager, &["client_assertion", "client_key", "revocation", "refresh_token", "token_family"]).await?;
        for (table, column) in added().into_iter().rev() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(name).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn added() -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("account", integer("generation").default(1).take()),
        ("client", integer("generation").default(1).take()),
        ("client", timestamp_with_time_zone_null("secret_expires_at").take()),
        (
            "client",
            string_null("previous_secret_hash")
                .check(sha256("ck_client_previous_secret_hash", "previous_secret_hash"))
                .take(),
        ),
        ("client", timestamp_with_time_zone_null("previous_until").take()),
    ]
}

fn token_family() -> TableCreateStatement {
    Table::create()
        .table("token_family")
        .col(uuid("id"))
        .col(uuid("account_id"))
        .col(string("client_id"))
        .col(integer("generation"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("used_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .col(string_null("revoked_because"))
        .primary_key(&mut primary("pk_token_family", &["id"]))
        .foreign_key(&mut foreign("fk_token_family_account", &["account_id"], "account", &["id"]))
        .check(check("ck_token_family_expires_at", "expires_at > created_at"))
        .check(check("ck_token_family_revoked_because", "(revoked_at IS NULL) = (revoked_because IS NULL)"))
        .to_owned()
}

/// Used ones stay as long as their family: only so is a second use told from a text that never was a token.
fn refresh_token() -> TableCreateStatement {
    Table::create()
        .table("refresh_token")
        .col(string("hash"))
        .col(uuid("family_id"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("used_at"))
        .primary_key(&mut primary("pk_refresh_token", &["hash"]))
        .foreign_key(&mut foreign("fk_refresh_token_family", &["family_id"], "token_family", &["id"]))
        .check(sha256("ck_refresh_token_hash", "hash"))
        .to_owned()
}

/// `name` is `token:<jti>` or `family:<id>`; nothing with it is good until `until`, and after that it would not be anyway.
fn revocation() -> TableCreateStatement {
    Table::create()
        .table("revocation")
        .col(string("name"))
        .col(string("subject"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("until"))
        .primary_key(&mut primary("pk_revocation", &["name"]))
        .to_owned()
}

fn client_key() -> TableCreateStatement {
    Table::create()
        .table("client_key")
        .col(uuid("client_id"))
        .col(string("kid"))
        .col(text("jwk"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_client_key", &["client_id", "kid"]))
        .foreign_key(&mut foreign("fk_client_key_client", &["client_id"], "client", &["id"]))
        .to_owned()
}

/// `digest` is that of client and `jti`: whoever comes second with it is refused by the key of the table.
fn client_assertion() -> TableCreateStatement {
    Table::create()
        .table("client_assertion")
        .col(string("digest"))
        .col(timestamp_with_time_zone("until"))
        .primary_key(&mut primary("pk_client_assertion", &["digest"]))
        .check(sha256("ck_client_assertion_digest", "digest"))
        .to_owned()
}
