//! A body that schools and enterprises form (产教联合体、共同体、职教集团、联盟).

use sea_orm::entity::prelude::*;

use super::{
    ids::{ChainCode, ConsortiumCode},
    words::{ConsortiumKind, ConsortiumScope},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consortium")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: ConsortiumCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    pub kind: ConsortiumKind,
    pub scope: ConsortiumScope,
    /// As printed, which may be a year only.
    pub founded_on: Option<String>,
    pub source: String,
    /// The industry chain that it serves.
    pub chain_code: Option<ChainCode>,
}

impl ActiveModelBehavior for ActiveModel {}
