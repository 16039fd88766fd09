//! What an official has said of two entries that look alike: one and the same, or not. Only added to.

use sea_orm::entity::prelude::*;

use super::{
    ids::RowId,
    words::{DuplicateVerdict, EntryKind},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate_decision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub kind: EntryKind,
    /// Of two that were merged the one that is there no more.
    pub code: String,
    /// Of two that were merged the one that is kept.
    pub other_code: String,
    pub verdict: DuplicateVerdict,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub decided_by: String,
    pub decided_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
