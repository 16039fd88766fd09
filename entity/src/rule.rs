//! A validation rule (校验规则): an expression over a school's tables that ought to be true.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, PeriodCode, RuleCode},
    words::Severity,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: RuleCode,
    /// The table whose pushes are judged by it.
    pub dataset_code: DatasetCode,
    /// The order of the file; added ones come after.
    pub position: i32,
    pub severity: Severity,
    /// CEL over `dataset.indicator` and `prev.dataset.indicator`; every figure is a double.
    #[sea_orm(column_type = "Text")]
    pub expression: String,
    #[sea_orm(column_type = "Text")]
    pub message_zh: String,
    #[sea_orm(column_type = "Text")]
    pub message_en: String,
    /// A rule that is off is kept and judges nothing.
    pub is_enabled: bool,
    /// The first period that it judges; nothing for all before.
    pub valid_from: Option<PeriodCode>,
    /// The last period that it judges; nothing for all after.
    pub valid_to: Option<PeriodCode>,
    /// Goes up with every change; what it said before is in the journal.
    pub version: i32,
    #[sea_orm(belongs_to, from = "dataset_code", to = "code")]
    pub dataset: BelongsTo<super::dataset::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
