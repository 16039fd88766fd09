//! A statutory table (报表) that schools report.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, PeriodCode},
    words::{Partition, PeriodKind},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dataset")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: DatasetCode,
    /// The order of the file.
    pub position: i32,
    pub name: String,
    pub name_en: Option<String>,
    pub period_kind: PeriodKind,
    pub source: String,
    /// The first period that it is reported for; nothing for all before.
    pub valid_from: Option<PeriodCode>,
    /// The last period that it is reported for; nothing for all after.
    pub valid_to: Option<PeriodCode>,
    /// Goes up with every change.
    pub version: i32,
    /// By what its schools are parted where protected figures are told.
    pub parted_by: Partition,
}

impl ActiveModelBehavior for ActiveModel {}
