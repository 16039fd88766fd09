//! A batch of the certification of enterprises (产教融合型企业): from when to when they apply.

use sea_orm::entity::prelude::*;

use super::ids::CertificationBatchCode;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certification_batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: CertificationBatchCode,
    /// Not known of a batch that a document names without its year.
    pub year: Option<i32>,
    pub title: String,
    /// Local days of Asia/Shanghai, this one and the next; each counts with all of its hours.
    pub apply_from: Option<Date>,
    pub apply_until: Option<Date>,
    /// Where a batch is printed that was decided elsewhere and is only recorded here.
    pub source: Option<String>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
