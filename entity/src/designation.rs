//! A title that a text gives to a school.

use sea_orm::entity::prelude::*;

use super::ids::{RowId, SchoolCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "designation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub school_code: SchoolCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    pub level: String,
    /// The branch, base or project that holds the title.
    pub detail: Option<String>,
    pub source: String,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
