//! That a major serves an industry chain.

use sea_orm::entity::prelude::*;

use super::ids::{ChainCode, MajorCode, RowId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "major_chain")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the file.
    pub position: i32,
    pub major_code: MajorCode,
    pub chain_code: ChainCode,
    pub source: String,
    #[sea_orm(belongs_to, from = "major_code", to = "code")]
    pub major: BelongsTo<super::major::Entity>,
    #[sea_orm(belongs_to, from = "chain_code", to = "code")]
    pub chain: BelongsTo<super::industry_chain::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
