//! A line of a table (指标): unit, decimals, bounds, place in the tree, rule of aggregation, standard, disclosure class.
//!
//! This is what it says now; what it said before a period stands in `indicator_edition`.
//! Bounds and thresholds are fixed-point integers with the indicator's own decimals.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, IndicatorCode, PeriodCode},
    words::{Aggregation, Better, Disclosure},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "indicator")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: IndicatorCode,
    pub dataset_code: DatasetCode,
    /// The order of the file.
    pub position: i32,
    /// The printed serial number.
    pub line_no: String,
    /// For display only.
    pub parent_code: Option<IndicatorCode>,
    /// The total that this figure must not exceed.
    pub within_code: Option<IndicatorCode>,
    /// Whether its direct parts add up to it.
    pub is_parts_complete: bool,
    pub is_required: bool,
    /// The printed `*`, kept as printed; the document does not explain it.
    pub is_starred: bool,
    pub label: String,
    pub label_en: Option<String>,
    pub printed_label: String,
    pub unit: String,
    pub unit_en: Option<String>,
    pub decimals: i16,
    pub aggregation: Aggregation,
    /// The indicator that weighs a weighted mean.
    pub weight_code: Option<IndicatorCode>,
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    /// The standard (合格指标).
    pub threshold: Option<i64>,
    pub better: Option<Better>,
    /// The usual move from year to year, in hundredths of a percent.
    pub usual_change: Option<i32>,
    pub disclosure: Disclosure,
    pub source: String,
    /// The first period that it is reported for; nothing for all before.
    pub valid_from: Option<PeriodCode>,
    /// The last period that it is reported for; nothing for all after.
    pub valid_to: Option<PeriodCode>,
    /// Goes up with every change.
    pub version: i32,
    #[sea_orm(belongs_to, from = "dataset_code", to = "code")]
    pub dataset: BelongsTo<super::dataset::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
