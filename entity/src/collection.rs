//! A collection (采集任务): the days within which schools report a table for a period.

use sea_orm::entity::prelude::*;

use super::ids::{DatasetCode, PeriodCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "collection")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    /// Local days of Asia/Shanghai, this one and the two below; each counts with all of its hours.
    pub opens_on: Date,
    /// The last day in time.
    pub due_on: Date,
    /// The last day on which anything is taken; nothing for the day on which it is due.
    pub closes_on: Option<Date>,
    /// What the schools are to know.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// Goes up with every change; what it said before is in the journal.
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "dataset_code", to = "code")]
    pub dataset: BelongsTo<super::dataset::Entity>,
    #[sea_orm(belongs_to, from = "period_code", to = "code")]
    pub period: BelongsTo<super::period::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
