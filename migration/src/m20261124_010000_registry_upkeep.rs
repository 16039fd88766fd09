//! The upkeep of the registry: terms, history, what was said of duplicates; majors, programmes and industry chains.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, foreign, index, primary, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What an entry of the registry is.
const KINDS: &[&str] = &[
    "city",
    "school",
    "enterprise",
    "institution",
    "consortium",
    "consortium_member",
    "designation",
    "alias",
    "school_succession",
    "major",
    "programme",
    "industry_chain",
    "major_chain",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        for table in [
            registry_term(),
            registry_change(),
            duplicate_decision(),
            major(),
            industry_chain(),
            major_chain(),
            programme(),
        ] {
            create(manager, &table).await?;
        }
        for index in [
            index("idx_registry_change_entry", "registry_change", &["kind", "code", "id"]),
            index("idx_major_chain_major", "major_chain", &["major_code"]),
            index("idx_major_chain_chain", "major_chain", &["chain_code"]),
            index("idx_programme_school", "programme", &["school_code"]),
            index("idx_programme_major", "programme", &["major_code"]),
        ] {
            manager.create_index(index).await?;
        }
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(
            manager,
            &[
                "programme",
                "major_chain",
                "industry_chain",
                "major",
                "duplicate_decision",
                "registry_change",
                "registry_term",
            ],
        )
        .await?;
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

/// What tables that were there before get.
fn columns() -> Vec<(&'static str, ColumnDef)> {
    vec![("enterprise", string_null("website").take()), ("enterprise", text_null("profile").take())]
}

fn registry_term() -> TableCreateStatement {
    Table::create()
        .table("registry_term")
        .col(string_len("kind", 40))
        .col(string("code"))
        .col(date_null("since"))
        .col(date_null("until"))
        .primary_key(&mut primary("pk_registry_term", &["kind", "code"]))
        .check(words("ck_registry_term_kind", "kind", KINDS))
        .check(check("ck_registry_term_order", "since <= until"))
        .to_owned()
}

fn registry_change() -> TableCreateStatement {
    Table::create()
        .table("registry_change")
        .col(uuid("id"))
        .col(string_len("kind", 40))
        .col(string("code"))
        .col(timestamp_with_time_zone("changed_at"))
        .col(date("effective_on"))
        .col(text_null("before"))
        .col(text("after"))
        .col(text_null("reason"))
        .col(string("changed_by"))
        .col(string("changed_role"))
        .col(string_null("changed_org"))
        .primary_key(&mut primary("pk_registry_change", &["id"]))
        .check(words("ck_registry_change_kind", "kind", KINDS))
        .to_owned()
}

fn duplicate_decision() -> TableCreateStatement {
    Table::create()
        .table("duplicate_decision")
        .col(uuid("id"))
        .col(string_len("kind", 40))
        .col(string("code"))
        .col(string("other_code"))
        .col(string_len("verdict", 40))
        .col(text_null("reason"))
        .col(string("decided_by"))
        .col(timestamp_with_time_zone("decided_at"))
        .primary_key(&mut primary("pk_duplicate_decision", &["id"]))
        .check(words("ck_duplicate_decision_kind", "kind", KINDS))
        .check(words("ck_duplicate_decision_verdict", "verdict", &["merged", "distinct"]))
        .check(check("ck_duplicate_decision_of_two", "code <> other_code"))
        .to_owned()
}

fn major() -> TableCreateStatement {
    Table::create()
        .table("major")
        .col(string("code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string("category"))
        .col(string("class"))
        .col(string_len("level", 40))
        .col(string("edition"))
        .col(string("source"))
        .primary_key(&mut primary("pk_major", &["code"]))
        .check(check("ck_major_code", "length(code) = 6"))
        .check(words("ck_major_level", "level", &["secondary", "higher_vocational", "undergraduate_vocational"]))
        .to_owned()
}

fn industry_chain() -> TableCreateStatement {
    Table::create()
        .table("industry_chain")
        .col(string("code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string("source"))
        .primary_key(&mut primary("pk_industry_chain", &["code"]))
        .to_owned()
}

fn major_chain() -> TableCreateStatement {
    Table::create()
        .table("major_chain")
        .col(uuid("id"))
        .col(integer("position"))
        .col(string("major_code"))
        .col(string("chain_code"))
        .col(string("source"))
        .primary_key(&mut primary("pk_major_chain", &["id"]))
        .foreign_key(&mut foreign("fk_major_chain_major", &["major_code"], "major", &["code"]))
        .foreign_key(&mut foreign("fk_major_chain_chain", &["chain_code"], "industry_chain", &["code"]))
        .to_owned()
}

fn programme() -> TableCreateStatement {
    Table::create()
        .table("programme")
        .col(uuid("id"))
        .col(integer("position"))
        .col(string("school_code"))
        .col(string("major_code"))
        .col(date_null("since"))
        .col(date_null("until"))
        .col(string("source"))
        .primary_key(&mut primary("pk_programme", &["id"]))
        .foreign_key(&mut foreign("fk_programme_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign("fk_programme_major", &["major_code"], "major", &["code"]))
        .check(check("ck_programme_order", "since <= until"))
        .to_owned()
}

const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_registry_change_no_update BEFORE UPDATE ON registry_change BEGIN
    SELECT RAISE(ABORT, 'registry_change is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_registry_change_no_delete BEFORE DELETE ON registry_change BEGIN
    SELECT RAISE(ABORT, 'registry_change is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_duplicate_decision_no_update BEFORE UPDATE ON duplicate_decision BEGIN
    SELECT RAISE(ABORT, 'duplicate_decision is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_duplicate_decision_no_delete BEFORE DELETE ON duplicate_decision BEGIN
    SELECT RAISE(ABORT, 'duplicate_decision is append-only: its rows are never changed or deleted');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_registry_change_no_change BEFORE UPDATE OR DELETE ON registry_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_registry_change_no_truncate BEFORE TRUNCATE ON registry_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_duplicate_decision_no_change BEFORE UPDATE OR DELETE ON duplicate_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_duplicate_decision_no_truncate BEFORE TRUNCATE ON duplicate_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
