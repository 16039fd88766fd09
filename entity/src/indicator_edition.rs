//! What an indicator said before a period; what it says now stands in `indicator`.
//!
//! Its code, table, unit, decimals and rule of aggregation are the same in all editions: a figure of another
//! unit is another indicator. Bounds and thresholds are fixed-point integers with the indicator's decimals.

use sea_orm::entity::prelude::*;

use super::{
    ids::{IndicatorCode, PeriodCode},
    words::{Better, Disclosure},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "indicator_edition")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator_code: IndicatorCode,
    /// The first period that it does not hold for any more; it begins where the edition before ends.
    #[sea_orm(primary_key, auto_increment = false)]
    pub before_period: PeriodCode,
    pub line_no: String,
    pub parent_code: Option<IndicatorCode>,
    pub within_code: Option<IndicatorCode>,
    pub is_parts_complete: bool,
    pub is_required: bool,
    pub is_starred: bool,
    pub label: String,
    pub label_en: Option<String>,
    pub printed_label: String,
    pub unit_en: Option<String>,
    pub weight_code: Option<IndicatorCode>,
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    pub threshold: Option<i64>,
    pub better: Option<Better>,
    pub usual_change: Option<i32>,
    pub disclosure: Disclosure,
    pub source: String,
    #[sea_orm(belongs_to, from = "indicator_code", to = "code")]
    pub indicator: BelongsTo<super::indicator::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
