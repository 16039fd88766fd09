//! Submissions with their revisions, findings and transitions. Every key is led by the school.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, sha256, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &submission()).await?;
        create(manager, &revision()).await?;
        create(manager, &finding()).await?;
        create(manager, &transition()).await?;
        for index in [
            index("idx_submission_dataset", "submission", &["dataset_code", "period_code", "state"]),
            index("idx_submission_period", "submission", &["period_code", "state"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["transition", "finding", "revision", "submission"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn submission() -> TableCreateStatement {
    Table::create()
        .table("submission")
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(string_len("state", 40))
        .col(integer("version"))
        .col(integer("revision"))
        .col(string("content_hash"))
        .col(integer_null("submitted_revision"))
        .col(integer_null("approved_revision"))
        .col(integer_null("accepted_revision"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .primary_key(&mut primary("pk_submission", &["school_code", "dataset_code", "period_code"]))
        .foreign_key(&mut foreign("fk_submission_school", &["school_code"], "school", &["code"]))
        .foreign_key(&mut foreign("fk_submission_dataset", &["dataset_code"], "dataset", &["code"]))
        .foreign_key(&mut foreign("fk_submission_period", &["period_code"], "period", &["code"]))
        .check(words("ck_submission_state", "state", &["draft", "submitted", "approved", "accepted", "returned"]))
        .check(check("ck_submission_version", "version >= 1"))
        .check(check("ck_submission_revision", "revision >= 1"))
        .check(sha256("ck_submission_content_hash", "content_hash"))
        .check(check("ck_submission_submitted_revision", "submitted_revision BETWEEN 1 AND revision"))
        .check(check("ck_submission_approved_revision", "approved_revision BETWEEN 1 AND revision"))
        .check(check("ck_submission_accepted_revision", "accepted_revision BETWEEN 1 AND revision"))
        .to_owned()
}

fn revision() -> TableCreateStatement {
    Table::create()
        .table("revision")
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(integer("number"))
        .col(text("document"))
        .col(string("content_hash"))
        .col(string("chain_hash"))
        .col(integer("cells"))
        .col(string("author"))
        .col(string_len("source", 40))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(&mut primary("pk_revision", &["school_code", "dataset_code", "period_code", "number"]))
        .foreign_key(&mut foreign(
            "fk_revision_submission",
            &["school_code", "dataset_code", "period_code"],
            "submission",
            &["school_code", "dataset_code", "period_code"],
        ))
        .check(words("ck_revision_source", "source", &["rest", "graphql", "bulk"]))
        .check(check("ck_revision_number", "number >= 1"))
        .check(check("ck_revision_cells", "cells >= 0"))
        .check(sha256("ck_revision_content_hash", "content_hash"))
        .check(sha256("ck_revision_chain_hash", "chain_hash"))
        .to_owned()
}

fn finding() -> TableCreateStatement {
    Table::create()
        .table("finding")
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(integer("number"))
        .col(integer("position"))
        .col(string_len("severity", 40))
        .col(string("code"))
        .col(string_null("indicator_code"))
        .col(string("pointer"))
        .col(text("message_zh"))
        .col(text("message_en"))
        .col(string_null("expected"))
        .col(string_null("got"))
        .col(string_null("previous"))
        .primary_key(&mut primary("pk_finding", &["school_code", "dataset_code", "period_code", "number", "position"]))
        .foreign_key(&mut foreign(
            "fk_finding_revision",
            &["school_code", "dataset_code", "period_code", "number"],
            "revision",
            &["school_code", "dataset_code", "period_code", "number"],
        ))
        .check(words("ck_finding_severity", "severity", &["error", "warning", "info"]))
        .check(check("ck_finding_position", "position >= 0"))
        .to_owned()
}

fn transition() -> TableCreateStatement {
    Table::create()
        .table("transition")
        .col(string("school_code"))
        .col(string("dataset_code"))
        .col(string("period_code"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(string_len("from_state", 40))
        .col(string_len("to_state", 40))
        .col(string("actor"))
        .col(text_null("reason"))
        .col(text_null("words"))
        .col(timestamp_with_time_zone("at"))
        .primary_key(&mut primary("pk_transition", &["school_code", "dataset_code", "period_code", "version"]))
        .foreign_key(&mut foreign(
            "fk_transition_submission",
            &["school_code", "dataset_code", "period_code"],
            "submission",
            &["school_code", "dataset_code", "period_code"],
        ))
        .check(words(
            "ck_transition_from_state",
            "from_state",
            &["draft", "submitted", "approved", "accepted", "returned"],
        ))
        .check(words("ck_transition_to_state", "to_state", &["draft", "submitted", "approved", "accepted", "returned"]))
        .check(check("ck_transition_version", "version >= 1"))
        .check(check("ck_transition_revision", "revision >= 1"))
        .to_owned()
}
