//! One dataset and period of a release: its columns as Parquet bytes.
//!
//! Indicators of class `public` are in one file, which is also the download;
//! the protected ones are in a second, which never leaves the service as it is.

use sea_orm::entity::prelude::*;

use super::ids::{DatasetCode, PeriodCode, ReleaseVersion};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_table")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: ReleaseVersion,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    pub schools: i32,
    pub public_hash: String,
    #[sea_orm(column_type = "Blob")]
    pub public_columns: Vec<u8>,
    pub protected_hash: String,
    #[sea_orm(column_type = "Blob")]
    pub protected_columns: Vec<u8>,
    /// JSON: what outsiders are told of the protected lines; nothing in releases of before.
    #[sea_orm(column_type = "Text", nullable)]
    pub disclosure: Option<String>,
    /// SHA-256 of it.
    pub disclosure_hash: Option<String>,
    /// What the commitment of the manifest to the protected columns is made with, in hexadecimal. Who has it can
    /// hold a guessed table against the manifest; it is for officials.
    pub salt: Option<String>,
    #[sea_orm(belongs_to, from = "version", to = "version")]
    pub release: BelongsTo<super::release::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
