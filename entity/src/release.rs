//! A published version (发布版本): immutable, signed, cumulative.

use sea_orm::entity::prelude::*;

use super::{ids::ReleaseVersion, words::ReleaseKind};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: ReleaseVersion,
    #[sea_orm(unique_key = "number")]
    pub major: i32,
    #[sea_orm(unique_key = "number")]
    pub minor: i32,
    #[sea_orm(unique_key = "number")]
    pub patch: i32,
    pub kind: ReleaseKind,
    #[sea_orm(column_type = "Text")]
    pub note: String,
    /// The period that was brought up to date; the others stand as in the release before.
    pub period_code: Option<String>,
    pub registry_hash: String,
    /// JSON: every table with its SHA-256.
    #[sea_orm(column_type = "Text")]
    pub manifest: String,
    /// JWS over the manifest by one of the service's keys.
    #[sea_orm(column_type = "Text")]
    pub signature: String,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    /// Until then only the province sees it.
    pub publish_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "registry_hash", to = "hash")]
    pub registry: BelongsTo<super::registry_snapshot::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
