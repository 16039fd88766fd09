//! What a reconciliation of claims has said, and why two figures that contradict each other do.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, either, index, primary, sha256, unique, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &reconciliation()).await?;
        create(manager, &claim_explanation()).await?;
        for index in [
            index("idx_reconciliation_at", "reconciliation", &["at"]),
            unique("uq_claim_explanation_pair", "claim_explanation", &["pair_hash", "number"]),
        ] {
            manager.create_index(index).await?;
        }
        either(manager, REFUSE_ON_SQLITE, REFUSE_ON_POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["claim_explanation", "reconciliation"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn reconciliation() -> TableCreateStatement {
    Table::create()
        .table("reconciliation")
        .col(uuid("id"))
        .col(timestamp_with_time_zone("at"))
        .col(string("actor"))
        .col(string("actor_role"))
        .col(string_null("actor_org"))
        // A version, `live` or `current`; nothing where there was no release.
        .col(string_null("release"))
        // Whether the claims came in a file of their own.
        .col(boolean("is_of_file"))
        .col(string("claims_hash"))
        .col(integer("holds"))
        .col(integer("differs"))
        .col(integer("no_data"))
        .col(integer("contradicts"))
        .col(text("document"))
        .primary_key(&mut primary("pk_reconciliation", &["id"]))
        .check(sha256("ck_reconciliation_claims_hash", "claims_hash"))
        .check(check(
            "ck_reconciliation_counts",
            "holds >= 0 AND differs >= 0 AND no_data >= 0 AND contradicts >= 0",
        ))
        .to_owned()
}

fn claim_explanation() -> TableCreateStatement {
    Table::create()
        .table("claim_explanation")
        .col(uuid("id"))
        // Of the two sides, whichever comes first: an expression may be too long for a key.
        .col(string("pair_hash"))
        .col(integer("number"))
        .col(text("claim"))
        .col(text("other"))
        .col(string_len("cause", 40))
        .col(text("text"))
        .col(string("actor"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_claim_explanation", &["id"]))
        .check(sha256("ck_claim_explanation_pair_hash", "pair_hash"))
        .check(check("ck_claim_explanation_number", "number >= 1"))
        .check(words("ck_claim_explanation_cause", "cause", &["definition", "scope", "period", "withdrawn"]))
        .to_owned()
}

const REFUSE_ON_SQLITE: &str = "
CREATE TRIGGER tr_reconciliation_no_update BEFORE UPDATE ON reconciliation BEGIN
    SELECT RAISE(ABORT, 'reconciliation is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_reconciliation_no_delete BEFORE DELETE ON reconciliation BEGIN
    SELECT RAISE(ABORT, 'reconciliation is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_claim_explanation_no_update BEFORE UPDATE ON claim_explanation BEGIN
    SELECT RAISE(ABORT, 'claim_explanation is append-only: its rows are never changed or deleted');
END;
CREATE TRIGGER tr_claim_explanation_no_delete BEFORE DELETE ON claim_explanation BEGIN
    SELECT RAISE(ABORT, 'claim_explanation is append-only: its rows are never changed or deleted');
END;";

const REFUSE_ON_POSTGRES: &str = "
CREATE TRIGGER tr_reconciliation_no_change BEFORE UPDATE OR DELETE ON reconciliation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_reconciliation_no_truncate BEFORE TRUNCATE ON reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_claim_explanation_no_change BEFORE UPDATE OR DELETE ON claim_explanation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tr_claim_explanation_no_truncate BEFORE TRUNCATE ON claim_explanation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();";
