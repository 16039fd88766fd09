//! An enterprise (企业), certified or only named.

use sea_orm::entity::prelude::*;

use super::ids::{CityCode, EnterpriseCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enterprise")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: EnterpriseCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    pub industry: Option<String>,
    pub certification: Option<String>,
    pub city_code: Option<CityCode>,
    /// `name` or `text`: how the city is known. A name is not a seat.
    pub city_basis: Option<String>,
    /// Unified social credit code (GB 32100), where known.
    pub uscc: Option<String>,
    pub website: Option<String>,
    /// What it says of itself.
    #[sea_orm(column_type = "Text", nullable)]
    pub profile: Option<String>,
    pub source: String,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
