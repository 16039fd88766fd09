//! A school's table for one period, and where it stands (填报).
//!
//! The key is led by the school, so that the largest tables can be spread by school.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, PeriodCode, SchoolCode},
    words::SubmissionState,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "submission")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: SchoolCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    pub state: SubmissionState,
    /// Raised by one with every change of revision or state: the optimistic lock, and part of the ETag.
    pub version: i32,
    /// The newest revision.
    pub revision: i32,
    /// The content hash of the newest revision.
    pub content_hash: String,
    /// The revision last put before a reviewer.
    pub submitted_revision: Option<i32>,
    /// The revision last approved by the city.
    pub approved_revision: Option<i32>,
    /// The revision last accepted by the province; it stays while the table is reopened.
    pub accepted_revision: Option<i32>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
    #[sea_orm(belongs_to, from = "dataset_code", to = "code")]
    pub dataset: BelongsTo<super::dataset::Entity>,
    #[sea_orm(belongs_to, from = "period_code", to = "code")]
    pub period: BelongsTo<super::period::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
