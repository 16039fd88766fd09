//! A major (专业) of the catalogue, by its six digits.

use sea_orm::entity::prelude::*;

use super::{ids::MajorCode, words::MajorLevel};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "major")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: MajorCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    /// 专业大类, by its name.
    pub category: String,
    /// 专业类, by its name.
    pub class: String,
    pub level: MajorLevel,
    /// Of the catalogue, as in `2021`.
    pub edition: String,
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
