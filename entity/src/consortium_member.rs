//! A member of a consortium and its part in it. Exactly one of the three codes is set.

use sea_orm::entity::prelude::*;

use super::{
    ids::{ConsortiumCode, EnterpriseCode, InstitutionCode, RowId, SchoolCode},
    words::MemberRole,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consortium_member")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub consortium_code: ConsortiumCode,
    /// The order of the file.
    pub position: i32,
    /// `school`, `enterprise`, `university`, `park`, `government`, `association`: as in the file.
    pub member_type: String,
    pub school_code: Option<SchoolCode>,
    pub enterprise_code: Option<EnterpriseCode>,
    pub institution_code: Option<InstitutionCode>,
    pub role: MemberRole,
    pub name_as_printed: Option<String>,
    pub source: String,
    /// Since which day; nothing where that is not known.
    pub joined_on: Option<Date>,
    /// The first day on which it is a member no more.
    pub left_on: Option<Date>,
    /// Goes up with every change.
    pub version: i32,
    #[sea_orm(belongs_to, from = "consortium_code", to = "code")]
    pub consortium: BelongsTo<super::consortium::Entity>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<Option<super::enterprise::Entity>>,
    #[sea_orm(belongs_to, from = "institution_code", to = "code")]
    pub institution: BelongsTo<Option<super::external_institution::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
