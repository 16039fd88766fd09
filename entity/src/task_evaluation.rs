//! The yearly evaluation (年度考核) of a city's or a school's tasks and targets, as it was frozen.

use sea_orm::entity::prelude::*;

use super::ids::{CityCode, RowId, SchoolCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_evaluation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    #[sea_orm(unique_key = "whose")]
    pub year: i16,
    /// The code of the school, or of the city.
    #[sea_orm(unique_key = "whose")]
    pub whose: String,
    pub city_code: CityCode,
    pub school_code: Option<SchoolCode>,
    /// Canonical JSON.
    #[sea_orm(column_type = "Text")]
    pub document: String,
    /// SHA-256 of the document, in hexadecimal.
    pub hash: String,
    pub actor: String,
    pub at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<super::city::Entity>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
