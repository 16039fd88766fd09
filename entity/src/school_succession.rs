//! What became of a school: renamed, upgraded, merged or split, so that history stays with it.

use sea_orm::entity::prelude::*;

use super::{
    ids::{RowId, SchoolCode},
    words::SuccessionKind,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_succession")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub school_code: SchoolCode,
    /// The institution that went before; its code may be one that is no longer in use.
    pub predecessor_code: SchoolCode,
    pub predecessor_name: String,
    pub kind: SuccessionKind,
    pub effective_on: Option<Date>,
    pub source: String,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
