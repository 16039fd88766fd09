//! A rule that a revision breaks (校验问题), as it was told to the school.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, IndicatorCode, PeriodCode, SchoolCode},
    words::Severity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: SchoolCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// The order in which the pass found it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub severity: Severity,
    pub code: String,
    pub indicator_code: Option<IndicatorCode>,
    /// A JSON pointer into the pushed document.
    pub pointer: String,
    #[sea_orm(column_type = "Text")]
    pub message_zh: String,
    #[sea_orm(column_type = "Text")]
    pub message_en: String,
    pub expected: Option<String>,
    pub got: Option<String>,
    /// The same cell in the period before.
    pub previous: Option<String>,
    #[sea_orm(
        belongs_to,
        from = "(school_code, dataset_code, period_code, number)",
        to = "(school_code, dataset_code, period_code, number)"
    )]
    pub revision: BelongsTo<super::revision::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
