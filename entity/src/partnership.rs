//! What exists between a school and an enterprise (校企合作), printed somewhere or entered by one side.

use sea_orm::entity::prelude::*;

use super::{
    ids::{EnterpriseCode, InstitutionCode, RowId, SchoolCode},
    words::{PartnershipSide, PartnershipState},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partnership")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// The order of the file.
    pub position: i32,
    pub school_code: Option<SchoolCode>,
    /// A school outside the province's list.
    pub institution_code: Option<InstitutionCode>,
    pub enterprise_code: Option<EnterpriseCode>,
    /// An open code list, filled from the data.
    pub kind: String,
    /// Digits as printed, in `unit`.
    pub count: Option<String>,
    pub unit: Option<String>,
    /// The printed hedge of the number: 余, 多, 近.
    pub qualifier: Option<String>,
    pub label: String,
    pub label_en: Option<String>,
    /// `existing` or `planned`, as printed; of what was entered, whether it has been confirmed.
    pub status: String,
    pub other_partner: Option<String>,
    /// Where it is printed; empty for what was entered.
    pub source: String,
    pub state: PartnershipState,
    pub proposed_by: PartnershipSide,
    /// Six digits, where it is about one major.
    pub major_code: Option<String>,
    pub starts_on: Option<Date>,
    /// The last day; of an active one the last that is agreed.
    pub ends_on: Option<Date>,
    /// Heads.
    pub students: Option<i32>,
    /// Hundredths of a yuan.
    pub investment: Option<i64>,
    /// A JSON array of addresses.
    #[sea_orm(column_type = "Text")]
    pub evidence: String,
    /// Why it was refused, or has ended.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// Loaded from a file, and so public whatever its state.
    pub is_printed: bool,
    /// Goes up with every change.
    pub version: i32,
    pub created_by: Option<String>,
    pub created_at: Option<DateTimeUtc>,
    pub updated_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
    #[sea_orm(belongs_to, from = "institution_code", to = "code")]
    pub institution: BelongsTo<Option<super::external_institution::Entity>>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<Option<super::enterprise::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
