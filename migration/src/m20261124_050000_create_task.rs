//! Task lists with what became of each task, targets, policies, and the printed figures of cities.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, foreign, index, primary, sha256, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [task(), task_report(), task_verdict(), task_evaluation(), target(), policy(), city_figure()] {
            create(manager, &table).await?;
        }
        for index in [
            index("idx_task_city", "task", &["city_code", "school_code"]),
            index("idx_task_school", "task", &["school_code"]),
            index("idx_task_due_on", "task", &["due_on"]),
            unique("uq_task_evaluation_whose", "task_evaluation", &["year", "whose"]),
            index("idx_task_evaluation_city", "task_evaluation", &["city_code"]),
            index("idx_target_city", "target", &["city_code"]),
            index("idx_target_school", "target", &["school_code"]),
        ] {
            manager.create_index(index).await?;
        }
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["city_figure", "policy", "target", "task_evaluation", "task_verdict", "task_report", "task"])
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn task() -> TableCreateStatement {
    Table::create()
        .table("task")
        .col(uuid("id"))
        .col(integer("position"))
        .col(string("city_code"))
        // The school that is to do it, where it is one of the city's schools and not the city itself.
        .col(string_null("school_code"))
        // The department of the city that is to do it, where it is one.
        .col(text_null("department"))
        .col(text("title"))
        .col(text_null("title_en"))
        .col(text("departments"))
        .col(text("due"))
        // Nothing where it has no end.
        .col(small_integer_null("due_year"))
        .col(date_null("due_on"))
        .col(string_len("set_by", 40))
        .col(text_null("source"))
        .col(string_len("state", 40))
        // Whether an official has changed what a document says of it: `load` then leaves it.
        .col(boolean("is_amended"))
        .col(integer("version"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_task", &["id"]))
        .foreign_key(&mut foreign("fk_task_city", &["city_code"], "city", &["code"]))
        .foreign_key(&mut foreign("fk_task_school", &["school_code"], "school", &["code"]))
        .check(words("ck_task_set_by", "set_by", &["province", "city"]))
        .check(words("ck_task_state", "state", &["open", "reported", "fulfilled", "missed"]))
        .check(check("ck_task_due", "(due_year IS NULL) = (due_on IS NULL)"))
        .check(check("ck_task_one_assignee", "school_code IS NULL OR department IS NULL"))
        .check(check("ck_task_version", "version >= 1"))
        .to_owned()
}

fn task_report() -> TableCreateStatement {
    Table::create()
        .table("task_report")
        .col(uuid("task_id"))
        .col(integer("number"))
        .col(text("text"))
        .col(small_integer_null("percent"))
        // Addresses, as a JSON list.
        .col(text("evidence"))
        .col(boolean("is_done"))
        .col(string("actor"))
        .col(string("actor_role"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_task_report", &["task_id", "number"]))
        .foreign_key(&mut foreign("fk_task_report_task", &["task_id"], "task", &["id"]))
        .check(check("ck_task_report_number", "number >= 1"))
        .check(check("ck_task_report_percent", "percent IS NULL OR (percent >= 0 AND percent <= 100)"))
        .to_owned()
}

fn task_verdict() -> TableCreateStatement {
    Table::create()
        .table("task_verdict")
        .col(uuid("task_id"))
        .col(integer("number"))
        .col(string_len("verdict", 40))
        .col(text("reason"))
        .col(string("actor"))
        .col(string("actor_role"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_task_verdict", &["task_id", "number"]))
        .foreign_key(&mut foreign("fk_task_verdict_task", &["task_id"], "task", &["id"]))
        .check(words("ck_task_verdict_verdict", "verdict", &["fulfilled", "missed", "returned", "reopened"]))
        .check(check("ck_task_verdict_number", "number >= 1"))
        .to_owned()
}

fn task_evaluation() -> TableCreateStatement {
    Table::create()
        .table("task_evaluation")
        .col(uuid("id"))
        .col(small_integer("year"))
        // The code of the school, or of the city: once a year.
        .col(string("whose"))
        .col(string("city_code"))
        .col(string_null("school_code"))
        .col(text("document"))
        .col(string("hash"))
        .col(string("actor"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_task_evaluation", &["id"]))
        .foreign_key(&mut foreign("fk_task_evaluation_city", &["city_code"], "city", &["code"]))
        .foreign_key(&mut foreign("fk_task_evaluation_school", &["school_code"], "school", &["code"]))
        .check(sha256("ck_task_evaluation_hash", "hash"))
        .to_owned()
}

fn target() -> TableCreateStatement {
    Table::create()
        .table("target")
        .col(uuid("id"))
        .col(integer("position"))
        .col(text("owner_name"))
        .col(string("owner_type"))
        // What the owner is in the registry; nothing for the province, and for who is not in it.
        .col(string_null("city_code"))
        .col(string_null("school_code"))
        .col(text("label"))
        .col(text_null("label_en"))
        .col(string("comparator"))
        .col(string("value"))
        .col(text_null("unit"))
        .col(small_integer_null("due_year"))
        .col(text_null("expression"))
        .col(text("source"))
        .col(text_null("value_printed"))
        .col(boolean("is_amended"))
        .col(integer("version"))
        .primary_key(&mut primary("pk_target", &["id"]))
        .foreign_key(&mut foreign("fk_target_city", &["city_code"], "city", &["code"]))
        .foreign_key(&mut foreign("fk_target_school", &["school_code"], "school", &["code"]))
        .check(words("ck_target_comparator", "comparator", &["=", ">=", "<=", ">", "<", "~"]))
        .check(check("ck_target_one_owner", "city_code IS NULL OR school_code IS NULL"))
        .check(check("ck_target_version", "version >= 1"))
        .to_owned()
}

fn policy() -> TableCreateStatement {
    Table::create()
        .table("policy")
        .col(uuid("id"))
        .col(integer("position"))
        // The city whose document it stands in, where the documents say so.
        .col(string_null("city_code"))
        .col(text("content"))
        .col(text_null("content_en"))
        .col(text("source"))
        .primary_key(&mut primary("pk_policy", &["id"]))
        .foreign_key(&mut foreign("fk_policy_city", &["city_code"], "city", &["code"]))
        .to_owned()
}

fn city_figure() -> TableCreateStatement {
    Table::create()
        .table("city_figure")
        .col(uuid("id"))
        .col(integer("position"))
        .col(string("city_code"))
        .col(string("key"))
        .col(text("label"))
        .col(text_null("label_en"))
        .col(text("unit"))
        .col(string_null("period"))
        .col(string("value"))
        .col(string_null("qualifier"))
        .col(text("source"))
        .primary_key(&mut primary("pk_city_figure", &["id"]))
        .foreign_key(&mut foreign("fk_city_figure_city", &["city_code"], "city", &["code"]))
        .to_owned()
}

const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_task_report_no_update BEFORE UPDATE ON task_report BEGIN
    SELECT RAISE(ABORT, 'task_report is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_task_report_no_delete BEFORE DELETE ON task_report BEGIN
    SELECT RAISE(ABORT, 'task_report is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_task_verdict_no_update BEFORE UPDATE ON task_verdict BEGIN
    SELECT RAISE(ABORT, 'task_verdict is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_task_verdict_no_delete BEFORE DELETE ON task_verdict BEGIN
    SELECT RAISE(ABORT, 'task_verdict is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_task_evaluation_no_update BEFORE UPDATE ON task_evaluation BEGIN
    SELECT RAISE(ABORT, 'task_evaluation is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_task_evaluation_no_delete BEFORE DELETE ON task_evaluation BEGIN
    SELECT RAISE(ABORT, 'task_evaluation is append-only: its rows are never changed or deleted');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_task_report_no_change BEFORE UPDATE OR DELETE ON task_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_task_report_no_truncate BEFORE TRUNCATE ON task_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_task_verdict_no_change BEFORE UPDATE OR DELETE ON task_verdict
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_task_verdict_no_truncate BEFORE TRUNCATE ON task_verdict
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_task_evaluation_no_change BEFORE UPDATE OR DELETE ON task_evaluation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_task_evaluation_no_truncate BEFORE TRUNCATE ON task_evaluation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
