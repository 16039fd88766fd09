//! An industry chain (产业链) of the province.

use sea_orm::entity::prelude::*;

use super::ids::ChainCode;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "industry_chain")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: ChainCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
