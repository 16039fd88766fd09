//! A vocational institution. Its code is stable and never reused.

use sea_orm::entity::prelude::*;

use super::{
    ids::{CityCode, SchoolCode},
    words::{Affiliation, Ownership, SchoolCategory, SchoolTier},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: SchoolCode,
    pub name: String,
    pub name_en: Option<String>,
    pub tier: SchoolTier,
    pub ownership: Ownership,
    pub category: SchoolCategory,
    pub affiliation: Affiliation,
    pub city_code: CityCode,
    /// The ministry's ten-digit school code, where known.
    pub national_code: Option<String>,
    pub source: String,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<super::city::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
