//! A prefecture-level division (市州), whose bureau reviews its schools.

use sea_orm::entity::prelude::*;

use super::ids::CityCode;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "city")]
pub struct Model {
    /// GB/T 2260.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: CityCode,
    pub name: String,
    pub name_en: Option<String>,
    /// `city` or `autonomous_prefecture`.
    pub kind: String,
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
