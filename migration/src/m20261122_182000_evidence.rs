//! Evidence: signed checkpoints of the journal, and who has read data that are not published.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, foreign, index, primary, run, sha256};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &journal_checkpoint()).await?;
        create(manager, &data_access()).await?;
        create(manager, &data_access_table()).await?;
        for index in [
            index("idx_journal_checkpoint_sequence", "journal_checkpoint", &["sequence"]),
            index("idx_data_access_at", "data_access", &["at"]),
            index("idx_data_access_table_school", "data_access_table", &["school_code", "access_id"]),
        ] {
            manager.create_index(index).await?;
        }
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["data_access_table", "data_access", "journal_checkpoint"]).await?;
        if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
            run(manager, "DROP FUNCTION refuse_recent_access(); DROP FUNCTION refuse_recent_access_table();").await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn journal_checkpoint() -> TableCreateStatement {
    Table::create()
        .table("journal_checkpoint")
        .col(big_integer("number"))
        .col(big_integer("sequence"))
        .col(string("chain_hash"))
        .col(timestamp_with_time_zone("at"))
        .col(text("token"))
        .primary_key(&mut primary("pk_journal_checkpoint", &["number"]))
        .check(check("ck_journal_checkpoint_number", "number >= 1"))
        .check(check("ck_journal_checkpoint_sequence", "sequence >= 1"))
        .check(sha256("ck_journal_checkpoint_chain_hash", "chain_hash"))
        .to_owned()
}

fn data_access() -> TableCreateStatement {
    Table::create()
        .table("data_access")
        .col(uuid("id"))
        .col(timestamp_with_time_zone("at"))
        .col(string("actor"))
        .col(string("actor_role"))
        .col(string_null("actor_org"))
        .col(string("door"))
        .col(string_null("request_id"))
        .col(string_null("address"))
        .primary_key(&mut primary("pk_data_access", &["id"]))
        .to_owned()
}

fn data_access_table() -> TableCreateStatement {
    Table::create()
        .table("data_access_table")
        .col(uuid("access_id"))
        // A school, or * for every school of the reader's scope.
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .primary_key(&mut primary(
            "pk_data_access_table",
            &["access_id", "school_code", "dataset_code", "period_code"],
        ))
        .foreign_key(&mut foreign("fk_data_access_table_access", &["access_id"], "data_access", &["id"]))
        .to_owned()
}

// Records of access are kept three years and then thrown away, by a role that can do nothing else to them.
const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_journal_checkpoint_no_update BEFORE UPDATE ON journal_checkpoint BEGIN
    SELECT RAISE(ABORT, 'journal_checkpoint is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_journal_checkpoint_no_delete BEFORE DELETE ON journal_checkpoint BEGIN
    SELECT RAISE(ABORT, 'journal_checkpoint is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_data_access_no_update BEFORE UPDATE ON data_access BEGIN
    SELECT RAISE(ABORT, 'data_access is kept three years: its rows are not changed, nor deleted before');
END;
CREATE TRIGGER tr_data_access_no_delete BEFORE DELETE ON data_access
WHEN OLD.at > datetime('now', '-3 years') BEGIN
    SELECT RAISE(ABORT, 'data_access is kept three years: its rows are not changed, nor deleted before');
END;
CREATE TRIGGER tr_data_access_table_no_update BEFORE UPDATE ON data_access_table BEGIN
    SELECT RAISE(ABORT, 'data_access_table is kept three years: its rows are not changed, nor deleted before');
END;
CREATE TRIGGER tr_data_access_table_no_delete BEFORE DELETE ON data_access_table
WHEN EXISTS (SELECT 1 FROM data_access WHERE id = OLD.access_id AND at > datetime('now', '-3 years')) BEGIN
    SELECT RAISE(ABORT, 'data_access_table is kept three years: its rows are not changed, nor deleted before');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_journal_checkpoint_no_change BEFORE UPDATE OR DELETE ON journal_checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_journal_checkpoint_no_truncate BEFORE TRUNCATE ON journal_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_recent_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at <= now() - interval '3 years' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is kept three years: its rows are not changed, nor deleted before', TG_TABLE_NAME
        USING ERRCODE = '23001';
END
$$;
CREATE FUNCTION refuse_recent_access_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        AND NOT EXISTS (SELECT 1 FROM data_access WHERE id = OLD.access_id AND at > now() - interval '3 years') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is kept three years: its rows are not changed, nor deleted before', TG_TABLE_NAME
        USING ERRCODE = '23001';
END
$$;
CREATE TRIGGER tr_data_access_no_change BEFORE UPDATE OR DELETE ON data_access
    FOR EACH ROW EXECUTE FUNCTION refuse_recent_access();
CREATE TRIGGER tr_data_access_no_truncate BEFORE TRUNCATE ON data_access
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_data_access_table_no_change BEFORE UPDATE OR DELETE ON data_access_table
    FOR EACH ROW EXECUTE FUNCTION refuse_recent_access_table();
CREATE TRIGGER tr_data_access_table_no_truncate BEFORE TRUNCATE ON data_access_table
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
