//! A target (目标值): what a province, a city or a school has promised in figures.

use sea_orm::entity::prelude::*;

use super::ids::{CityCode, RowId, SchoolCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "target")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the file.
    pub position: i32,
    /// As printed.
    #[sea_orm(column_type = "Text")]
    pub owner_name: String,
    /// `province`, `city`, `school`, or another word as printed.
    pub owner_type: String,
    /// The owner, where it is a city of the registry.
    pub city_code: Option<CityCode>,
    /// The owner, where it is a school of the registry.
    pub school_code: Option<SchoolCode>,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub label_en: Option<String>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about.
    pub comparator: String,
    /// Digits, or a ratio such as `4:6`.
    pub value: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub unit: Option<String>,
    /// The year with whose end it is due; nothing where none is said.
    pub due_year: Option<i16>,
    /// What it is judged by, in the language of the claims.
    #[sea_orm(column_type = "Text", nullable)]
    pub expression: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub value_printed: Option<String>,
    /// Whether an official has changed what a document says of it.
    pub is_amended: bool,
    pub version: i32,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
