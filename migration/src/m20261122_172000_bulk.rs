//! What keeps a database from taking in many tables quickly.
//!
//! Indexes that name dataset or period without the school: where a planner thinks little of a new period, it reads
//! all of it through them, even to check one foreign key. On PostgreSQL also the foreign keys of the journal, in
//! databases that were made with them, and a slow compression of documents and of files that soon are thrown away.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::named::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const SUBMISSION: &str = "submission";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["idx_submission_dataset", "idx_submission_period"] {
            manager.drop_index(Index::drop().name(name).table(SUBMISSION).to_owned()).await?;
        }
        manager
            .create_index(index("idx_submission_table", SUBMISSION, &["period_code", "dataset_code", "school_code"]))
            .await?;
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        for statement in [
            "ALTER TABLE journal_pending DROP CONSTRAINT IF EXISTS fk_journal_pending_journal",
            "ALTER TABLE journal_seal DROP CONSTRAINT IF EXISTS fk_journal_seal_journal",
            "ALTER TABLE batch_part ALTER COLUMN bytes SET STORAGE EXTERNAL",
            // A server may be built without it; what it has of its own is slower, and does.
            "DO $$ BEGIN ALTER TABLE revision ALTER COLUMN document SET COMPRESSION lz4; \
             EXCEPTION WHEN feature_not_supported THEN NULL; END $$",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let db = manager.get_connection();
            for statement in [
                "ALTER TABLE revision ALTER COLUMN document SET COMPRESSION default",
                "ALTER TABLE batch_part ALTER COLUMN bytes SET STORAGE EXTENDED",
            ] {
                db.execute_unprepared(statement).await?;
            }
        }
        manager.drop_index(Index::drop().name("idx_submission_table").table(SUBMISSION).to_owned()).await?;
        for index in [
            index("idx_submission_dataset", SUBMISSION, &["dataset_code", "period_code", "state"]),
            index("idx_submission_period", SUBMISSION, &["period_code", "state"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
