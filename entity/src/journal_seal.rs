//! The number and the chain hash of a journal row, in the order in which the sealer saw it committed.

use sea_orm::entity::prelude::*;

use super::ids::JournalId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_seal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    #[sea_orm(unique)]
    pub journal_id: JournalId,
    /// SHA-256 of the chain hash before and the row, in hexadecimal.
    pub chain_hash: String,
    pub sealed_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "journal_id", to = "id", skip_fk)]
    pub journal: BelongsTo<super::journal::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
