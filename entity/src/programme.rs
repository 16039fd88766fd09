//! That a school teaches a major, since when and until when.

use sea_orm::entity::prelude::*;

use super::ids::{MajorCode, RowId, SchoolCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "programme")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the file.
    pub position: i32,
    pub school_code: SchoolCode,
    pub major_code: MajorCode,
    pub since: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    pub source: String,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
    #[sea_orm(belongs_to, from = "major_code", to = "code")]
    pub major: BelongsTo<super::major::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
