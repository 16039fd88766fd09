//! Partnerships that are entered and confirmed, and consortia that are joined, left and active.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, run, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        // What is only planned has not been confirmed by anybody.
        run(manager, "UPDATE partnership SET state = 'proposed' WHERE status = 'planned'").await?;
        create(manager, &consortium_application()).await?;
        create(manager, &consortium_activity()).await?;
        for index in [
            index("idx_partnership_state", "partnership", &["state", "position", "id"]),
            index("idx_partnership_place", "partnership", &["position", "id"]),
            index("idx_consortium_application_consortium", "consortium_application", &["consortium_code", "state"]),
            index("idx_consortium_application_school", "consortium_application", &["school_code"]),
            index("idx_consortium_application_enterprise", "consortium_application", &["enterprise_code"]),
            index("idx_consortium_activity_consortium", "consortium_activity", &["consortium_code"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["consortium_activity", "consortium_application"]).await?;
        for name in ["idx_partnership_place", "idx_partnership_state"] {
            manager.drop_index(Index::drop().name(name).table("partnership").to_owned()).await?;
        }
        for (table, mut column) in columns().into_iter().rev() {
            let name = column.take().get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(Alias::new(name)).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// What the two tables that were there before get, in this order. Rows that are there were loaded from a file.
fn columns() -> Vec<(&'static str, ColumnDef)> {
    let state = words("ck_partnership_state", "state", &["proposed", "active", "ended", "refused", "withdrawn"]);
    let side = words("ck_partnership_proposed_by", "proposed_by", &["school", "enterprise", "province"]);
    vec![
        ("partnership", string_len("state", 40).default("active").check(state).take()),
        ("partnership", string_null("major_code").take()),
        ("partnership", date_null("starts_on").take()),
        ("partnership", date_null("ends_on").take()),
        ("partnership", integer_null("students").check(check("ck_partnership_students", "students >= 0")).take()),
        ("partnership", string_len("proposed_by", 40).default("province").check(side).take()),
        (
            "partnership",
            big_integer_null("investment").check(check("ck_partnership_investment", "investment >= 0")).take(),
        ),
        ("partnership", text("evidence").default("[]").take()),
        ("partnership", text_null("reason").take()),
        ("partnership", boolean("is_printed").default(true).take()),
        ("partnership", integer("version").default(1).check(check("ck_partnership_version", "version >= 1")).take()),
        ("partnership", string_null("created_by").take()),
        ("partnership", timestamp_with_time_zone_null("created_at").take()),
        ("partnership", timestamp_with_time_zone_null("updated_at").take()),
        ("consortium_member", date_null("joined_on").take()),
        ("consortium_member", date_null("left_on").take()),
        (
            "consortium_member",
            integer("version").default(1).check(check("ck_consortium_member_version", "version >= 1")).take(),
        ),
    ]
}

fn consortium_application() -> TableCreateStatement {
    let (table, states) = ("consortium_application", ["pending", "accepted", "refused", "withdrawn"]);
    Table::create()
        .table(table)
        .col(uuid("id"))
        .col(string("consortium_code"))
        .col(string_null("school_code"))
        .col(string_null("enterprise_code"))
        .col(string_len("state", 40))
        .col(text_null("message"))
        .col(text_null("reason"))
        .col(string_len_null("role", 40))
        .col(integer("version"))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_consortium_application", &["id"]))
        .foreign_key(&mut foreign(
            "fk_consortium_application_consortium",
            &["consortium_code"],
            "consortium",
            &["code"],
        ))
        .foreign_key(&mut foreign("fk_consortium_application_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign(
            "fk_consortium_application_enterprise",
            &["enterprise_code"],
            "enterprise",
            &["code"],
        ))
        .check(words("ck_consortium_application_state", "state", &states))
        .check(words("ck_consortium_application_role", "role", &["lead", "co_lead", "vice_chair", "member"]))
        .check(check("ck_consortium_application_is_one_body", "(school_code IS NULL) <> (enterprise_code IS NULL)"))
        .check(check("ck_consortium_application_version", "version >= 1"))
        .to_owned()
}

fn consortium_activity() -> TableCreateStatement {
    Table::create()
        .table("consortium_activity")
        .col(uuid("id"))
        .col(string("consortium_code"))
        .col(date("held_on"))
        .col(text("title"))
        .col(string("kind"))
        .col(text("evidence"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_consortium_activity", &["id"]))
        .foreign_key(&mut foreign("fk_consortium_activity_consortium", &["consortium_code"], "consortium", &["code"]))
        .check(check("ck_consortium_activity_version", "version >= 1"))
        .to_owned()
}
