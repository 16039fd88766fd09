//! What an official has changed in the registry: what was said before and what is said now. Only added to.

use sea_orm::entity::prelude::*;

use super::{ids::RowId, words::EntryKind};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub kind: EntryKind,
    /// Of the entry: its code, or its id.
    pub code: String,
    pub changed_at: DateTimeUtc,
    /// Since when it is so in the world.
    pub effective_on: Date,
    /// A JSON object; nothing for a new entry.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// A JSON object.
    #[sea_orm(column_type = "Text")]
    pub after: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub changed_by: String,
    pub changed_role: String,
    pub changed_org: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
