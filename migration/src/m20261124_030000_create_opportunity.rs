//! Supply and demand between schools and enterprises: what is posted, what was found to meet, who is interested.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, run, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &opportunity()).await?;
        create(manager, &opportunity_match()).await?;
        create(manager, &opportunity_interest()).await?;
        for index in [
            index("idx_opportunity_state", "opportunity", &["state", "valid_until"]),
            index("idx_opportunity_school", "opportunity", &["school_code"]),
            index("idx_opportunity_enterprise", "opportunity", &["enterprise_code"]),
            index("idx_opportunity_owner_city", "opportunity", &["owner_city_code"]),
            index("idx_opportunity_city", "opportunity", &["city_code"]),
            index("idx_opportunity_stamp", "opportunity", &["stamp"]),
            index("idx_opportunity_published_at", "opportunity", &["published_at"]),
            index("idx_opportunity_match_demand", "opportunity_match", &["demand_id"]),
            index("idx_opportunity_match_found_at", "opportunity_match", &["found_at"]),
            // A party speaks once.
            unique("uq_opportunity_interest_party", "opportunity_interest", &["opportunity_id", "party"]),
            index("idx_opportunity_interest_school", "opportunity_interest", &["school_code"]),
            index("idx_opportunity_interest_enterprise", "opportunity_interest", &["enterprise_code"]),
        ] {
            manager.create_index(index).await?;
        }
        run(manager, "INSERT INTO epoch (name, value) VALUES ('opportunities', 0)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, "DELETE FROM epoch WHERE name = 'opportunities'").await?;
        drop(manager, &["opportunity_interest", "opportunity_match", "opportunity"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const ONE_OWNER: &str = "CASE WHEN school_code IS NULL THEN 0 ELSE 1 END \
                         + CASE WHEN enterprise_code IS NULL THEN 0 ELSE 1 END = 1";

fn opportunity() -> TableCreateStatement {
    Table::create()
        .table("opportunity")
        .col(uuid("id"))
        .col(string_null("school_code"))
        .col(string_null("enterprise_code"))
        .col(string_null("owner_city_code"))
        .col(string_null("city_code"))
        .col(string_len("kind", 40))
        .col(string_len("side", 40))
        .col(string_len("state", 40))
        .col(string("title"))
        .col(text("text"))
        .col(text("majors"))
        .col(text("major_words"))
        .col(string_null("industry"))
        .col(integer_null("headcount"))
        .col(date("valid_until"))
        .col(string_null("contact_department"))
        .col(string_null("contact_telephone"))
        .col(string_null("contact_email"))
        .col(text_null("reason"))
        .col(string_len_null("outcome", 40))
        .col(integer_null("outcome_number"))
        .col(big_integer("stamp"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(timestamp_with_time_zone_null("published_at"))
        .primary_key(&mut primary("pk_opportunity", &["id"]))
        .foreign_key(&mut foreign("fk_opportunity_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign("fk_opportunity_enterprise", &["enterprise_code"], "enterprise", &["code"]))
        .foreign_key(&mut foreign("fk_opportunity_owner_city", &["owner_city_code"], "city", &["code"]))
        .foreign_key(&mut foreign("fk_opportunity_city", &["city_code"], "city", &["code"]))
        .check(words(
            "ck_opportunity_kind",
            "kind",
            &[
                "talent",
                "cooperation",
                "research_project",
                "technical_service",
                "part_time_teacher",
                "internship",
                "teacher_placement",
            ],
        ))
        .check(words("ck_opportunity_side", "side", &["supply", "demand"]))
        .check(words(
            "ck_opportunity_state",
            "state",
            &["pending", "published", "refused", "expired", "closed", "withdrawn"],
        ))
        .check(words("ck_opportunity_outcome", "outcome", &["met", "partly_met", "unmet"]))
        .check(check("ck_opportunity_is_one_owner", ONE_OWNER))
        .check(check("ck_opportunity_headcount", "headcount >= 1"))
        .check(check("ck_opportunity_outcome_number", "outcome_number >= 0"))
        .check(check("ck_opportunity_version", "version >= 1"))
        .check(check("ck_opportunity_closed", "(state = 'closed') = (outcome IS NOT NULL)"))
        .check(check(
            "ck_opportunity_published",
            "state NOT IN ('published', 'expired', 'closed') OR published_at IS NOT NULL",
        ))
        .to_owned()
}

fn opportunity_match() -> TableCreateStatement {
    Table::create()
        .table("opportunity_match")
        .col(uuid("supply_id"))
        .col(uuid("demand_id"))
        .col(integer("score"))
        .col(timestamp_with_time_zone("found_at"))
        .primary_key(&mut primary("pk_opportunity_match", &["supply_id", "demand_id"]))
        .foreign_key(&mut foreign("fk_opportunity_match_supply", &["supply_id"], "opportunity", &["id"]))
        .foreign_key(&mut foreign("fk_opportunity_match_demand", &["demand_id"], "opportunity", &["id"]))
        .check(check("ck_opportunity_match_score", "score BETWEEN 0 AND 100"))
        .to_owned()
}

fn opportunity_interest() -> TableCreateStatement {
    Table::create()
        .table("opportunity_interest")
        .col(uuid("id"))
        .col(uuid("opportunity_id"))
        .col(string("party"))
        .col(string_null("school_code"))
        .col(string_null("enterprise_code"))
        .col(text_null("note"))
        .col(string_null("contact_department"))
        .col(string_null("contact_telephone"))
        .col(string_null("contact_email"))
        .col(string_len("state", 40))
        .col(text_null("reason"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_opportunity_interest", &["id"]))
        .foreign_key(&mut foreign("fk_opportunity_interest_opportunity", &["opportunity_id"], "opportunity", &["id"]))
        .foreign_key(&mut foreign("fk_opportunity_interest_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign("fk_opportunity_interest_enterprise", &["enterprise_code"], "enterprise", &["code"]))
        .check(words("ck_opportunity_interest_state", "state", &["expressed", "accepted", "declined", "withdrawn"]))
        .check(check("ck_opportunity_interest_is_one_party", ONE_OWNER))
        .check(check("ck_opportunity_interest_version", "version >= 1"))
        .to_owned()
}
