//! An application for the certification of a dual-qualified teacher (双师型), under a number of the school's own.

use sea_orm::entity::prelude::*;

use super::{
    ids::{AgencyCode, RowId, SchoolCode},
    words::{TeacherCertificationState, TeacherCertificationStep, TeacherLevel},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teacher_certification")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub school_code: SchoolCode,
    /// Issued by the school: no name and no number of a person.
    pub staff_number: String,
    /// School and number while it is on its way, so that there is one at a time; nothing afterwards.
    #[sea_orm(unique)]
    pub open_key: Option<String>,
    pub level: TeacherLevel,
    /// 专业大类, in the words of the table of agencies.
    pub major_category: String,
    /// References, as a JSON list.
    #[sea_orm(column_type = "Text")]
    pub evidence: String,
    pub year: i32,
    pub state: TeacherCertificationState,
    /// Where it was returned or refused.
    pub step: Option<TeacherCertificationStep>,
    /// Who evaluates it, once it has come that far.
    pub agency_code: Option<AgencyCode>,
    /// The last local day (Asia/Shanghai) in time, of whoever has to act.
    pub due_on: Option<Date>,
    /// Of the last verdict.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub is_appealed: bool,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
    #[sea_orm(belongs_to, from = "agency_code", to = "code")]
    pub agency: BelongsTo<Option<super::certification_agency::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
