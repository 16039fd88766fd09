//! Journal rows that have no number yet; the sealer empties it.

use sea_orm::entity::prelude::*;

use super::ids::JournalId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_pending")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub journal_id: JournalId,
    #[sea_orm(belongs_to, from = "journal_id", to = "id", skip_fk)]
    pub journal: BelongsTo<super::journal::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
