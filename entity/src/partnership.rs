//! What exists between a school and an enterprise (校企合作).

use sea_orm::entity::prelude::*;

use super::ids::{EnterpriseCode, InstitutionCode, RowId, SchoolCode};

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
    /// `existing` or `planned`.
    pub status: String,
    pub other_partner: Option<String>,
    pub source: String,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
    #[sea_orm(belongs_to, from = "institution_code", to = "code")]
    pub institution: BelongsTo<Option<super::external_institution::Entity>>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<Option<super::enterprise::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
