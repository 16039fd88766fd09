//! The registry: cities, schools and their history, enterprises, institutions, consortia and what ties them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &city()).await?;
        create(manager, &school()).await?;
        create(manager, &school_succession()).await?;
        create(manager, &alias()).await?;
        create(manager, &designation()).await?;
        create(manager, &enterprise()).await?;
        create(manager, &external_institution()).await?;
        create(manager, &consortium()).await?;
        create(manager, &consortium_member()).await?;
        create(manager, &partnership()).await?;
        for index in [
            index("idx_school_city", "school", &["city_code"]),
            index("idx_school_succession_school", "school_succession", &["school_code"]),
            index("idx_school_succession_predecessor", "school_succession", &["predecessor_code"]),
            index("idx_alias_entity", "alias", &["entity_type", "entity_code"]),
            index("idx_designation_school", "designation", &["school_code"]),
            index("idx_enterprise_city", "enterprise", &["city_code"]),
            index("idx_external_institution_city", "external_institution", &["city_code"]),
            index("idx_consortium_member_consortium", "consortium_member", &["consortium_code"]),
            index("idx_consortium_member_school", "consortium_member", &["school_code"]),
            index("idx_consortium_member_enterprise", "consortium_member", &["enterprise_code"]),
            index("idx_consortium_member_institution", "consortium_member", &["institution_code"]),
            index("idx_partnership_school", "partnership", &["school_code"]),
            index("idx_partnership_institution", "partnership", &["institution_code"]),
            index("idx_partnership_enterprise", "partnership", &["enterprise_code"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(
            manager,
            &[
                "partnership",
                "consortium_member",
                "consortium",
                "external_institution",
                "enterprise",
                "designation",
                "alias",
                "school_succession",
                "school",
                "city",
            ],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn city() -> TableCreateStatement {
    Table::create()
        .table("city")
        .col(string("code"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string("kind"))
        .col(string("source"))
        .primary_key(&mut primary("pk_city", &["code"]))
        .check(words("ck_city_kind", "kind", &["city", "autonomous_prefecture"]))
        .to_owned()
}

fn school() -> TableCreateStatement {
    Table::create()
        .table("school")
        .col(string("code"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string_len("tier", 40))
        .col(string_len("ownership", 40))
        .col(string_len("category", 40))
        .col(string_len("affiliation", 40))
        .col(string("city_code"))
        .col(string_null("national_code"))
        .col(string("source"))
        .primary_key(&mut primary("pk_school", &["code"]))
        .foreign_key(&mut foreign("fk_school_city", &["city_code"], "city", &["code"]))
        .check(words(
            "ck_school_tier",
            "tier",
            &["undergraduate_vocational", "higher_vocational", "junior_college", "secondary_vocational"],
        ))
        .check(words("ck_school_ownership", "ownership", &["public", "private"]))
        .check(words(
            "ck_school_category",
            "category",
            &[
                "science_engineering",
                "teacher_training",
                "political_science_law",
                "agriculture_forestry",
                "finance_economics",
                "medical",
                "comprehensive",
                "language",
            ],
        ))
        .check(words("ck_school_affiliation", "affiliation", &["city", "province"]))
        .to_owned()
}

fn school_succession() -> TableCreateStatement {
    Table::create()
        .table("school_succession")
        .col(uuid("id"))
        .col(string("school_code"))
        .col(string("predecessor_code"))
        .col(string("predecessor_name"))
        .col(string_len("kind", 40))
        .col(date_null("effective_on"))
        .col(string("source"))
        .primary_key(&mut primary("pk_school_succession", &["id"]))
        .foreign_key(&mut foreign("fk_school_succession_school", &["school_code"], "school", &["code"]))
        .check(words("ck_school_succession_kind", "kind", &["renamed", "upgraded", "merged", "split"]))
        .to_owned()
}

fn alias() -> TableCreateStatement {
    Table::create()
        .table("alias")
        .col(uuid("id"))
        .col(string_len("entity_type", 40))
        .col(string("entity_code"))
        .col(string("alias"))
        .col(string("basis"))
        .col(string_null("note"))
        .col(string("source"))
        .primary_key(&mut primary("pk_alias", &["id"]))
        .check(words("ck_alias_entity_type", "entity_type", &["school", "enterprise", "consortium", "institution"]))
        .check(words("ck_alias_basis", "basis", &["stated", "short_form", "typographic", "inferred", "possible"]))
        .to_owned()
}

fn designation() -> TableCreateStatement {
    Table::create()
        .table("designation")
        .col(uuid("id"))
        .col(string("school_code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string("level"))
        .col(string_null("detail"))
        .col(string("source"))
        .primary_key(&mut primary("pk_designation", &["id"]))
        .foreign_key(&mut foreign("fk_designation_school", &["school_code"], "school", &["code"]))
        .to_owned()
}

fn enterprise() -> TableCreateStatement {
    Table::create()
        .table("enterprise")
        .col(string("code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string_null("industry"))
        .col(string_null("certification"))
        .col(string_null("city_code"))
        .col(string_null("city_basis"))
        .col(string_null("uscc"))
        .col(string("source"))
        .primary_key(&mut primary("pk_enterprise", &["code"]))
        .foreign_key(&mut foreign("fk_enterprise_city", &["city_code"], "city", &["code"]))
        .check(words("ck_enterprise_city_basis", "city_basis", &["name", "text"]))
        .check(check("ck_enterprise_city_is_known_somehow", "(city_code IS NULL) = (city_basis IS NULL)"))
        .to_owned()
}

fn external_institution() -> TableCreateStatement {
    Table::create()
        .table("external_institution")
        .col(string("code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string("kind"))
        .col(string_null("city_code"))
        .col(string_null("city_basis"))
        .col(string("source"))
        .primary_key(&mut primary("pk_external_institution", &["code"]))
        .foreign_key(&mut foreign("fk_external_institution_city", &["city_code"], "city", &["code"]))
        .check(words("ck_external_institution_city_basis", "city_basis", &["name", "text"]))
        .check(check("ck_external_institution_city_is_known_somehow", "(city_code IS NULL) = (city_basis IS NULL)"))
        .to_owned()
}

fn consortium() -> TableCreateStatement {
    Table::create()
        .table("consortium")
        .col(string("code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string_len("kind", 40))
        .col(string_len("scope", 40))
        .col(string_null("founded_on"))
        .col(string("source"))
        .primary_key(&mut primary("pk_consortium", &["code"]))
        .check(words(
            "ck_consortium_kind",
            "kind",
            &["city_consortium", "industry_community", "vocational_group", "alliance", "cluster"],
        ))
        .check(words("ck_consortium_scope", "scope", &["national", "provincial", "regional", "city"]))
        .to_owned()
}

fn consortium_member() -> TableCreateStatement {
    Table::create()
        .table("consortium_member")
        .col(uuid("id"))
        .col(string("consortium_code"))
        .col(integer("position"))
        .col(string("member_type"))
        .col(string_null("school_code"))
        .col(string_null("enterprise_code"))
        .col(string_null("institution_code"))
        .col(string_len("role", 40))
        .col(string_null("name_as_printed"))
        .col(string("source"))
        .primary_key(&mut primary("pk_consortium_member", &["id"]))
        .foreign_key(&mut foreign("fk_consortium_member_consortium", &["consortium_code"], "consortium", &["code"]))
        .foreign_key(&mut foreign("fk_consortium_member_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign("fk_consortium_member_enterprise", &["enterprise_code"], "enterprise", &["code"]))
        .foreign_key(&mut foreign(
            "fk_consortium_member_institution",
            &["institution_code"],
            "external_institution",
            &["code"],
        ))
        .check(words("ck_consortium_member_role", "role", &["lead", "co_lead", "vice_chair", "member"]))
        .check(check(
            "ck_consortium_member_is_one_body",
            "CASE WHEN school_code IS NULL THEN 0 ELSE 1 END \
             + CASE WHEN enterprise_code IS NULL THEN 0 ELSE 1 END \
             + CASE WHEN institution_code IS NULL THEN 0 ELSE 1 END = 1",
        ))
        .to_owned()
}

fn partnership() -> TableCreateStatement {
    Table::create()
        .table("partnership")
        .col(uuid("id"))
        .col(integer("position"))
        .col(string_null("school_code"))
        .col(string_null("institution_code"))
        .col(string_null("enterprise_code"))
        .col(string("kind"))
        .col(string_null("count"))
        .col(string_null("unit"))
        .col(string_null("qualifier"))
        .col(string("label"))
        .col(string_null("label_en"))
        .col(string("status"))
        .col(string_null("other_partner"))
        .col(string("source"))
        .primary_key(&mut primary("pk_partnership", &["id"]))
        .foreign_key(&mut foreign("fk_partnership_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign(
            "fk_partnership_institution",
            &["institution_code"],
            "external_institution",
            &["code"],
        ))
        .foreign_key(&mut foreign("fk_partnership_enterprise", &["enterprise_code"], "enterprise", &["code"]))
        .check(words("ck_partnership_status", "status", &["existing", "planned"]))
        .check(check("ck_partnership_is_one_school", "school_code IS NULL OR institution_code IS NULL"))
        .to_owned()
}
