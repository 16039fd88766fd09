//! A task of a task list (任务清单): who is to do what by when, and where it stands.

use sea_orm::entity::prelude::*;

use super::{
    ids::{CityCode, RowId, SchoolCode},
    words::{TaskSetter, TaskState},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the list.
    pub position: i32,
    /// The city whose list it is.
    pub city_code: CityCode,
    /// The school that is to do it, where it is not the city.
    pub school_code: Option<SchoolCode>,
    /// The department of the city that is to do it.
    #[sea_orm(column_type = "Text", nullable)]
    pub department: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub title_en: Option<String>,
    /// The departments that are named, with bars between them.
    #[sea_orm(column_type = "Text")]
    pub departments: String,
    /// As printed: `2021年4月`, `2025年`, `长期坚持`.
    #[sea_orm(column_type = "Text")]
    pub due: String,
    /// Nothing where it has no end.
    pub due_year: Option<i16>,
    /// The last local day (Asia/Shanghai) in time.
    pub due_on: Option<Date>,
    /// Who has set it, and may change it.
    pub set_by: TaskSetter,
    /// Where it is printed: then its words are everybody's.
    #[sea_orm(column_type = "Text", nullable)]
    pub source: Option<String>,
    pub state: TaskState,
    /// Whether an official has changed what a document says of it.
    pub is_amended: bool,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<super::city::Entity>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
