//! A school or an enterprise that wants to join a consortium, and what its leads said. Exactly one code is set.

use sea_orm::entity::prelude::*;

use super::{
    ids::{ConsortiumCode, EnterpriseCode, RowId, SchoolCode},
    words::{ApplicationState, MemberRole},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consortium_application")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub consortium_code: ConsortiumCode,
    pub school_code: Option<SchoolCode>,
    pub enterprise_code: Option<EnterpriseCode>,
    pub state: ApplicationState,
    /// What the applicant says.
    #[sea_orm(column_type = "Text", nullable)]
    pub message: Option<String>,
    /// Why it was refused.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// The part in the consortium that was given.
    pub role: Option<MemberRole>,
    /// Goes up with every change.
    pub version: i32,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "consortium_code", to = "code")]
    pub consortium: BelongsTo<super::consortium::Entity>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<Option<super::enterprise::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
