//! A body that is neither a school of the province nor an enterprise: a university, an association, a park.

use sea_orm::entity::prelude::*;

use super::ids::{CityCode, InstitutionCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_institution")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: InstitutionCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    pub kind: String,
    pub city_code: Option<CityCode>,
    pub city_basis: Option<String>,
    pub source: String,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
