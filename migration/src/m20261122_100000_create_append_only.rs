//! Triggers that refuse to change or delete what is immutable by construction.
//!
//! They stop a slip, not an owner of the database, who can drop them: against that
//! stand the hash chains. Dropping a table does not fire them.

use sea_orm_migration::prelude::*;

use crate::named::either;

/// What is written once. `journal_pending` is not among them: it is there to be emptied.
const TABLES: [&str; 7] =
    ["journal", "journal_seal", "registry_snapshot", "release", "release_table", "revision", "transition"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite: String = TABLES.map(refuse_on_sqlite).concat();
        let postgres = FUNCTION.to_owned() + &TABLES.map(refuse_on_postgres).concat();
        either(manager, &sqlite, &postgres).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite: String = TABLES.map(allow_on_sqlite).concat();
        let postgres = TABLES.map(allow_on_postgres).concat() + "DROP FUNCTION refuse_change();";
        either(manager, &sqlite, &postgres).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// 23001 is `restrict_violation`: neither a unique nor a foreign key, so nobody takes it for one.
const FUNCTION: &str = "
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: its rows are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = '23001';
END
$$;
";

fn refuse_on_sqlite(table: &str) -> String {
    format!(
        "CREATE TRIGGER tr_{table}_no_update BEFORE UPDATE ON {table} BEGIN
            SELECT RAISE(ABORT, '{table} is append-only: its rows are never changed or deleted');
        END;
        CREATE TRIGGER tr_{table}_no_delete BEFORE DELETE ON {table} BEGIN
            SELECT RAISE(ABORT, '{table} is append-only: its rows are never changed or deleted');
        END;"
    )
}

fn allow_on_sqlite(table: &str) -> String {
    format!("DROP TRIGGER tr_{table}_no_update; DROP TRIGGER tr_{table}_no_delete;")
}

fn refuse_on_postgres(table: &str) -> String {
    format!(
        "CREATE TRIGGER tr_{table}_no_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER tr_{table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
    )
}

fn allow_on_postgres(table: &str) -> String {
    format!(
        "DROP TRIGGER tr_{table}_no_change ON {table};
        DROP TRIGGER tr_{table}_no_truncate ON {table};"
    )
}
