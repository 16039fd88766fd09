//! What a caller has lately asked for, where instances count together; nothing is lost with it.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_bucket")]
pub struct Model {
    /// SHA-256 of the budget and of whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// When it is full again, in nanoseconds since 1970.
    pub full_at: i64,
    /// How much the last instance that asked was given.
    pub granted: i64,
}

impl ActiveModelBehavior for ActiveModel {}
