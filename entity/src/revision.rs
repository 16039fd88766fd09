//! One immutable state of a table: its cells as one canonical JSON document (RFC 8785), the bytes that are hashed.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, PeriodCode, SchoolCode},
    words::Source,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: SchoolCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    /// From 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    #[sea_orm(column_type = "Text")]
    pub document: String,
    /// SHA-256 of the document, in hexadecimal.
    pub content_hash: String,
    /// SHA-256 of the content hash and the chain hash of the revision before, in hexadecimal.
    pub chain_hash: String,
    pub cells: i32,
    /// The account or client that pushed it.
    pub author: String,
    pub source: Source,
    pub created_at: DateTimeUtc,
    #[sea_orm(
        belongs_to,
        from = "(school_code, dataset_code, period_code)",
        to = "(school_code, dataset_code, period_code)"
    )]
    pub submission: BelongsTo<super::submission::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
