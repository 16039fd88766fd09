//! A policy (政策清单): what a document asks of the level above, or promises.

use sea_orm::entity::prelude::*;

use super::ids::{CityCode, RowId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the list.
    pub position: i32,
    /// The city whose document it stands in, where that is known.
    pub city_code: Option<CityCode>,
    #[sea_orm(column_type = "Text")]
    pub content: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub content_en: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
