//! A figure that somebody printed about a city.

use sea_orm::entity::prelude::*;

use super::ids::{CityCode, RowId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "city_figure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the file.
    pub position: i32,
    pub city_code: CityCode,
    pub key: String,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub label_en: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub unit: String,
    /// As printed.
    pub period: Option<String>,
    /// Digits as printed.
    pub value: String,
    /// The printed hedge of the number: 余, 多, 近.
    pub qualifier: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<super::city::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
