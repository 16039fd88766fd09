//! Certification: of enterprises, batch by batch, and of dual-qualified teachers, through the levels.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, foreign, index, primary, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            certification_batch(),
            enterprise_certification(),
            enterprise_certification_step(),
            incentive(),
            certification_agency(),
            certification_assignment(),
            teacher_certification(),
            teacher_certification_step(),
            teacher_certificate(),
            certificate_sequence(),
            teacher_certification_count(),
        ] {
            create(manager, &table).await?;
        }
        for index in [
            unique(
                "uq_enterprise_certification_application",
                "enterprise_certification",
                &["batch_code", "enterprise_code"],
            ),
            index("idx_enterprise_certification_enterprise", "enterprise_certification", &["enterprise_code"]),
            index("idx_enterprise_certification_city", "enterprise_certification", &["city_code", "state"]),
            index("idx_incentive_enterprise", "incentive", &["enterprise_code"]),
            index("idx_incentive_city", "incentive", &["city_code"]),
            index("idx_certification_assignment_agency", "certification_assignment", &["agency_code"]),
            unique("uq_teacher_certification_open_key", "teacher_certification", &["open_key"]),
            index("idx_teacher_certification_school", "teacher_certification", &["school_code", "state"]),
            index("idx_teacher_certification_agency", "teacher_certification", &["agency_code", "state"]),
            index("idx_teacher_certification_due", "teacher_certification", &["state", "due_on"]),
            unique("uq_teacher_certificate_number", "teacher_certificate", &["number"]),
            unique("uq_teacher_certificate_application", "teacher_certificate", &["application_id"]),
            index("idx_teacher_certificate_school", "teacher_certificate", &["school_code"]),
            unique(
                "uq_teacher_certification_count_cell",
                "teacher_certification_count",
                &["category", "level", "source"],
            ),
        ] {
            manager.create_index(index).await?;
        }
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(
            manager,
            &[
                "teacher_certification_count",
                "certificate_sequence",
                "teacher_certificate",
                "teacher_certification_step",
                "teacher_certification",
                "certification_assignment",
                "certification_agency",
                "incentive",
                "enterprise_certification_step",
                "enterprise_certification",
                "certification_batch",
            ],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const ENTERPRISE_STATES: &[&str] = &["submitted", "recommended", "returned", "refused", "certified", "withdrawn"];
const TEACHER_STATES: &[&str] = &["city", "agency", "province", "returned", "refused", "certified", "revoked"];
const LEVELS: &[&str] = &["junior", "intermediate", "senior"];

fn certification_batch() -> TableCreateStatement {
    Table::create()
        .table("certification_batch")
        .col(string("code"))
        .col(integer_null("year"))
        .col(string("title"))
        // Local days of Asia/Shanghai; nothing of a batch that was decided elsewhere and is only recorded here.
        .col(date_null("apply_from"))
        .col(date_null("apply_until"))
        .col(string_null("source"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_certification_batch", &["code"]))
        .check(check("ck_certification_batch_days", "apply_from <= apply_until"))
        .check(check(
            "ck_certification_batch_stated",
            "source IS NOT NULL OR (year IS NOT NULL AND apply_from IS NOT NULL AND apply_until IS NOT NULL)",
        ))
        .check(check("ck_certification_batch_version", "version >= 1"))
        .to_owned()
}

fn enterprise_certification() -> TableCreateStatement {
    Table::create()
        .table("enterprise_certification")
        .col(uuid("id"))
        .col(string("batch_code"))
        .col(string("enterprise_code"))
        // The city that judges it, as the registry had it on the day of the application.
        .col(string_null("city_code"))
        .col(string_len("state", 40))
        .col(text_null("statement"))
        .col(integer_null("staff"))
        .col(integer_null("internship_places"))
        // Addresses, as a JSON list.
        .col(text("evidence"))
        .col(text_null("reason"))
        .col(date_null("valid_from"))
        .col(date_null("valid_until"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_enterprise_certification", &["id"]))
        .foreign_key(&mut foreign(
            "fk_enterprise_certification_batch",
            &["batch_code"],
            "certification_batch",
            &["code"],
        ))
        .foreign_key(&mut foreign(
            "fk_enterprise_certification_enterprise",
            &["enterprise_code"],
            "enterprise",
            &["code"],
        ))
        .foreign_key(&mut foreign("fk_enterprise_certification_city", &["city_code"], "city", &["code"]))
        .check(words("ck_enterprise_certification_state", "state", ENTERPRISE_STATES))
        .check(check("ck_enterprise_certification_staff", "staff >= 0"))
        .check(check("ck_enterprise_certification_places", "internship_places >= 0"))
        .check(check("ck_enterprise_certification_validity", "valid_from <= valid_until"))
        .check(check("ck_enterprise_certification_version", "version >= 1"))
        .to_owned()
}

fn enterprise_certification_step() -> TableCreateStatement {
    Table::create()
        .table("enterprise_certification_step")
        .col(uuid("application_id"))
        .col(integer("number"))
        .col(string_len_null("from_state", 40))
        .col(string_len("to_state", 40))
        .col(string("role"))
        .col(string_null("by_org"))
        .col(text_null("reason"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_enterprise_certification_step", &["application_id", "number"]))
        .foreign_key(&mut foreign(
            "fk_enterprise_certification_step_application",
            &["application_id"],
            "enterprise_certification",
            &["id"],
        ))
        .check(words("ck_enterprise_certification_step_from_state", "from_state", ENTERPRISE_STATES))
        .check(words("ck_enterprise_certification_step_to_state", "to_state", ENTERPRISE_STATES))
        .to_owned()
}

fn incentive() -> TableCreateStatement {
    Table::create()
        .table("incentive")
        .col(uuid("id"))
        .col(string("enterprise_code"))
        .col(string_null("city_code"))
        .col(string_len("kind", 40))
        // A hundredth of a yuan is the smallest part of money: whole numbers, and no rounding.
        .col(big_integer("amount_fen"))
        .col(date("granted_on"))
        .col(string("source"))
        .col(string("recorded_role"))
        .col(timestamp_with_time_zone_null("cancelled_at"))
        .col(text_null("cancelled_because"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_incentive", &["id"]))
        .foreign_key(&mut foreign("fk_incentive_enterprise", &["enterprise_code"], "enterprise", &["code"]))
        .foreign_key(&mut foreign("fk_incentive_city", &["city_code"], "city", &["code"]))
        .check(words("ck_incentive_kind", "kind", &["financial", "fiscal", "land", "credit"]))
        .check(check("ck_incentive_amount", "amount_fen > 0"))
        .check(check("ck_incentive_cancelled", "(cancelled_at IS NULL) = (cancelled_because IS NULL)"))
        .check(check("ck_incentive_version", "version >= 1"))
        .to_owned()
}

fn certification_agency() -> TableCreateStatement {
    Table::create()
        .table("certification_agency")
        .col(string("code"))
        .col(string("name"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_certification_agency", &["code"]))
        .check(check("ck_certification_agency_version", "version >= 1"))
        .to_owned()
}

fn certification_assignment() -> TableCreateStatement {
    Table::create()
        .table("certification_assignment")
        .col(string("major_category"))
        .col(string("agency_code"))
        .primary_key(&mut primary("pk_certification_assignment", &["major_category"]))
        .foreign_key(&mut foreign(
            "fk_certification_assignment_agency",
            &["agency_code"],
            "certification_agency",
            &["code"],
        ))
        .to_owned()
}

fn teacher_certification() -> TableCreateStatement {
    Table::create()
        .table("teacher_certification")
        .col(uuid("id"))
        .col(string("school_code"))
        // Issued by the school; no name and no number of a person.
        .col(string("staff_number"))
        // School and number while the application is on its way: one at a time.
        .col(string_null("open_key"))
        .col(string_len("level", 40))
        .col(string("major_category"))
        .col(text("evidence"))
        .col(integer("year"))
        .col(string_len("state", 40))
        // Where it was returned or refused.
        .col(string_len_null("step", 40))
        .col(string_null("agency_code"))
        .col(date_null("due_on"))
        .col(text_null("reason"))
        .col(boolean("is_appealed"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_teacher_certification", &["id"]))
        .foreign_key(&mut foreign("fk_teacher_certification_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign(
            "fk_teacher_certification_agency",
            &["agency_code"],
            "certification_agency",
            &["code"],
        ))
        .check(words("ck_teacher_certification_level", "level", LEVELS))
        .check(words("ck_teacher_certification_state", "state", TEACHER_STATES))
        .check(words("ck_teacher_certification_step", "step", &["city", "agency", "province"]))
        .check(check("ck_teacher_certification_version", "version >= 1"))
        .to_owned()
}

fn teacher_certification_step() -> TableCreateStatement {
    Table::create()
        .table("teacher_certification_step")
        .col(uuid("application_id"))
        .col(integer("number"))
        .col(string_len_null("from_state", 40))
        .col(string_len("to_state", 40))
        .col(string("role"))
        .col(string_null("by_org"))
        .col(text_null("reason"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_teacher_certification_step", &["application_id", "number"]))
        .foreign_key(&mut foreign(
            "fk_teacher_certification_step_application",
            &["application_id"],
            "teacher_certification",
            &["id"],
        ))
        .check(words("ck_teacher_certification_step_from_state", "from_state", TEACHER_STATES))
        .check(words("ck_teacher_certification_step_to_state", "to_state", TEACHER_STATES))
        .to_owned()
}

fn teacher_certificate() -> TableCreateStatement {
    Table::create()
        .table("teacher_certificate")
        // What is printed on it to verify it by; nobody guesses it.
        .col(string("code"))
        .col(string("number"))
        .col(uuid("application_id"))
        .col(string("school_code"))
        .col(string_len("level", 40))
        .col(string("major_category"))
        .col(date("valid_from"))
        .col(date("valid_until"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_teacher_certificate", &["code"]))
        .foreign_key(&mut foreign(
            "fk_teacher_certificate_application",
            &["application_id"],
            "teacher_certification",
            &["id"],
        ))
        .foreign_key(&mut foreign("fk_teacher_certificate_school", &["school_code"], "school", &["code"]))
        .check(words("ck_teacher_certificate_level", "level", LEVELS))
        .check(check("ck_teacher_certificate_validity", "valid_from <= valid_until"))
        .to_owned()
}

fn certificate_sequence() -> TableCreateStatement {
    Table::create()
        .table("certificate_sequence")
        .col(integer("year"))
        .col(integer("last"))
        .primary_key(&mut primary("pk_certificate_sequence", &["year"]))
        .check(check("ck_certificate_sequence_last", "last >= 0"))
        .to_owned()
}

fn teacher_certification_count() -> TableCreateStatement {
    Table::create()
        .table("teacher_certification_count")
        .col(uuid("id"))
        .col(integer("position"))
        .col(string_len("category", 40))
        .col(string_len("level", 40))
        .col(integer("teachers"))
        .col(string("source"))
        .primary_key(&mut primary("pk_teacher_certification_count", &["id"]))
        .check(words(
            "ck_teacher_certification_count_category",
            "category",
            &["undergraduate_vocational", "higher_vocational", "secondary_vocational"],
        ))
        .check(words("ck_teacher_certification_count_level", "level", LEVELS))
        .check(check("ck_teacher_certification_count_teachers", "teachers >= 0"))
        .to_owned()
}

const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_enterprise_certification_step_no_update BEFORE UPDATE ON enterprise_certification_step BEGIN
    SELECT RAISE(ABORT, 'enterprise_certification_step is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_enterprise_certification_step_no_delete BEFORE DELETE ON enterprise_certification_step BEGIN
    SELECT RAISE(ABORT, 'enterprise_certification_step is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_teacher_certification_step_no_update BEFORE UPDATE ON teacher_certification_step BEGIN
    SELECT RAISE(ABORT, 'teacher_certification_step is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_teacher_certification_step_no_delete BEFORE DELETE ON teacher_certification_step BEGIN
    SELECT RAISE(ABORT, 'teacher_certification_step is append-only: its rows are never changed or deleted');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_enterprise_certification_step_no_change BEFORE UPDATE OR DELETE ON enterprise_certification_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_enterprise_certification_step_no_truncate BEFORE TRUNCATE ON enterprise_certification_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_teacher_certification_step_no_change BEFORE UPDATE OR DELETE ON teacher_certification_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_teacher_certification_step_no_truncate BEFORE TRUNCATE ON teacher_certification_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
