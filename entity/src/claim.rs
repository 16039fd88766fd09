//! A figure that somebody printed (公布数), to be held against the data.

use sea_orm::entity::prelude::*;

use super::ids::{ClaimKey, PeriodCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: ClaimKey,
    /// The order of the file.
    pub position: i32,
    pub label: String,
    /// The indicator that answers it, where one does.
    pub indicator_code: Option<String>,
    /// `value`, or an expression over indicators and counts of schools.
    #[sea_orm(column_type = "Text")]
    pub statistic: String,
    /// `province`, `city` or `school`.
    pub scope: String,
    pub scope_code: String,
    pub period_code: PeriodCode,
    pub comparator: String,
    /// Digits as printed: `6609.00` stays so.
    pub value: String,
    pub unit: String,
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
