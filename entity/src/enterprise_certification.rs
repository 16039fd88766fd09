//! An enterprise in a batch: what it applied with, and what became of it.

use sea_orm::entity::prelude::*;

use super::{
    ids::{CertificationBatchCode, CityCode, EnterpriseCode, RowId},
    words::EnterpriseCertificationState,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enterprise_certification")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    #[sea_orm(unique_key = "application")]
    pub batch_code: CertificationBatchCode,
    #[sea_orm(unique_key = "application")]
    pub enterprise_code: EnterpriseCode,
    /// The city that judges it, as the registry had it on the day of the application.
    pub city_code: Option<CityCode>,
    pub state: EnterpriseCertificationState,
    #[sea_orm(column_type = "Text", nullable)]
    pub statement: Option<String>,
    /// People who work there.
    pub staff: Option<i32>,
    /// Places for interns that it offers.
    pub internship_places: Option<i32>,
    /// Addresses, as a JSON list.
    #[sea_orm(column_type = "Text")]
    pub evidence: String,
    /// Of the last verdict.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// Local days of Asia/Shanghai; nothing where a document does not say it.
    pub valid_from: Option<Date>,
    pub valid_until: Option<Date>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "batch_code", to = "code")]
    pub batch: BelongsTo<super::certification_batch::Entity>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<super::enterprise::Entity>,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
