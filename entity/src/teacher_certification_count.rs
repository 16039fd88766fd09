//! How many teachers a document says were certified: a batch of counts from before this service.

use sea_orm::entity::prelude::*;

use super::{
    ids::RowId,
    words::{TeacherCategory, TeacherLevel},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teacher_certification_count")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the file.
    pub position: i32,
    #[sea_orm(unique_key = "cell")]
    pub category: TeacherCategory,
    #[sea_orm(unique_key = "cell")]
    pub level: TeacherLevel,
    pub teachers: i32,
    #[sea_orm(unique_key = "cell")]
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
