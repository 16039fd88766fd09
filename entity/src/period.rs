//! A statistical period (统计期): a calendar year or a school year.

use sea_orm::entity::prelude::*;

use super::{ids::PeriodCode, words::PeriodKind};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "period")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: PeriodCode,
    pub kind: PeriodKind,
    pub starts_on: Date,
    pub ends_on: Date,
    /// Whether officials have named it ahead, for everybody to see.
    pub is_announced: bool,
}

impl ActiveModelBehavior for ActiveModel {}
