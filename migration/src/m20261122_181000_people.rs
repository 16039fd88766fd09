//! People: how often somebody has guessed in vain, second factors with their recovery codes, first passwords
//! that must be changed, and versions of accounts and clients.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, sha256};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let version = |name| integer("version").default(1).check(check(name, "version >= 1")).take();
        let must_change = boolean("must_change_password").default(false).take();
        for (table, column) in [
            ("account", version("ck_account_version")),
            ("account", must_change),
            ("client", version("ck_client_version")),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        create(manager, &lockout()).await?;
        create(manager, &second_factor()).await?;
        create(manager, &recovery_code()).await?;
        // The broom asks for what is old.
        manager.create_index(index("idx_lockout_last_at", "lockout", &["last_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["recovery_code", "second_factor", "lockout"]).await?;
        for (table, column) in [("client", "version"), ("account", "must_change_password"), ("account", "version")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn lockout() -> TableCreateStatement {
    Table::create()
        .table("lockout")
        .col(string("digest"))
        .col(integer("failures"))
        .col(timestamp_with_time_zone("last_at"))
        .col(timestamp_with_time_zone_null("locked_until"))
        .primary_key(&mut primary("pk_lockout", &["digest"]))
        .check(sha256("ck_lockout_digest", "digest"))
        .check(check("ck_lockout_failures", "failures >= 0"))
        .to_owned()
}

fn second_factor() -> TableCreateStatement {
    Table::create()
        .table("second_factor")
        .col(uuid("account_id"))
        .col(string("secret"))
        .col(big_integer("last_step"))
        .col(timestamp_with_time_zone_null("confirmed_at"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_second_factor", &["account_id"]))
        .foreign_key(&mut foreign("fk_second_factor_account", &["account_id"], "account", &["id"]))
        .check(check("ck_second_factor_last_step", "last_step >= 0"))
        .to_owned()
}

fn recovery_code() -> TableCreateStatement {
    Table::create()
        .table("recovery_code")
        .col(uuid("account_id"))
        .col(string("hash"))
        .col(timestamp_with_time_zone_null("used_at"))
        .primary_key(&mut primary("pk_recovery_code", &["account_id", "hash"]))
        .foreign_key(&mut foreign("fk_recovery_code_account", &["account_id"], "account", &["id"]))
        .check(sha256("ck_recovery_code_hash", "hash"))
        .to_owned()
}
