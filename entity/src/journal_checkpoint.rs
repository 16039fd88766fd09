//! The service's signed word on how far the journal had come, and with which chain hash.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_checkpoint")]
pub struct Model {
    /// From 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// The last entry that it covers.
    pub sequence: i64,
    /// The chain hash of that entry.
    pub chain_hash: String,
    pub at: DateTimeUtc,
    /// A compact JWS; the columns beside it only say what it says.
    #[sea_orm(column_type = "Text")]
    pub token: String,
}

impl ActiveModelBehavior for ActiveModel {}
