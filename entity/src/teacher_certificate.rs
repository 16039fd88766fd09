//! A certificate of a dual-qualified teacher, as whoever has its code may see it: nothing of the person.

use sea_orm::entity::prelude::*;

use super::{
    ids::{RowId, SchoolCode},
    words::TeacherLevel,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teacher_certificate")]
pub struct Model {
    /// What it is verified by; random, and guessed by nobody.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Year, province and running number.
    #[sea_orm(unique)]
    pub number: String,
    #[sea_orm(unique)]
    pub application_id: RowId,
    pub school_code: SchoolCode,
    pub level: TeacherLevel,
    pub major_category: String,
    /// Local days of Asia/Shanghai.
    pub valid_from: Date,
    pub valid_until: Date,
    pub revoked_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "application_id", to = "id")]
    pub application: BelongsTo<super::teacher_certification::Entity>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
