//! What a consortium has done: a meeting, a contest, a joint class. Public.

use sea_orm::entity::prelude::*;

use super::ids::{ConsortiumCode, RowId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consortium_activity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub consortium_code: ConsortiumCode,
    pub held_on: Date,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// An open code list.
    pub kind: String,
    /// A JSON array of addresses.
    #[sea_orm(column_type = "Text")]
    pub evidence: String,
    /// Goes up with every change.
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "consortium_code", to = "code")]
    pub consortium: BelongsTo<super::consortium::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
