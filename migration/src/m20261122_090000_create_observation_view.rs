//! The cells of all revisions as rows, for people with a SQL client. Nothing in the service reads it.
//!
//! A cell of a document is a plain number, which is a reported value, or an object
//! of `value`, `status` and `note`, each of them optional. A value is exact on
//! PostgreSQL; SQLite shows one with decimals as the nearest floating-point number.

use sea_orm_migration::prelude::*;

use crate::named::{either, run};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        either(manager, SQLITE, POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, "DROP VIEW observation").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const SQLITE: &str = "
CREATE VIEW observation AS
SELECT
    revision.school_code,
    revision.dataset_code,
    revision.period_code,
    revision.number AS revision,
    submission.state,
    revision.number = submission.revision AS is_head,
    coalesce(revision.number = submission.accepted_revision, FALSE) AS is_accepted,
    cell.key AS indicator_code,
    CASE cell.type WHEN 'object' THEN json_extract(cell.value, '$.value') ELSE cell.value END AS value,
    coalesce(CASE cell.type WHEN 'object' THEN json_extract(cell.value, '$.status') END, 'REPORTED') AS status,
    CASE cell.type WHEN 'object' THEN json_extract(cell.value, '$.note') END AS note
FROM revision
JOIN submission
    ON submission.school_code = revision.school_code
    AND submission.dataset_code = revision.dataset_code
    AND submission.period_code = revision.period_code
JOIN json_each(revision.document, '$.observations') AS cell
";

const POSTGRES: &str = "
CREATE VIEW observation AS
SELECT
    revision.school_code,
    revision.dataset_code,
    revision.period_code,
    revision.number AS revision,
    submission.state,
    revision.number = submission.revision AS is_head,
    coalesce(revision.number = submission.accepted_revision, FALSE) AS is_accepted,
    cell.key AS indicator_code,
    CASE jsonb_typeof(cell.value)
        WHEN 'object' THEN cell.value ->> 'value' ELSE cell.value #>> '{}'
    END::numeric AS value,
    coalesce(cell.value ->> 'status', 'REPORTED') AS status,
    cell.value ->> 'note' AS note
FROM revision
JOIN submission
    ON submission.school_code = revision.school_code
    AND submission.dataset_code = revision.dataset_code
    AND submission.period_code = revision.period_code
CROSS JOIN LATERAL jsonb_each(revision.document::jsonb -> 'observations') AS cell (key, value)
";
