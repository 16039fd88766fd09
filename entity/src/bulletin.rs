//! The yearly bulletin of supply and demand (年度供需公报), as it was published.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bulletin")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i16,
    /// Canonical JSON.
    #[sea_orm(column_type = "Text")]
    pub document: String,
    /// SHA-256 of the document, in hexadecimal.
    pub hash: String,
    pub actor: String,
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
