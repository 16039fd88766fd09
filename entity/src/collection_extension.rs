//! More time for one school: one row a grant. The newest counts, the others are history.

use sea_orm::entity::prelude::*;

use super::ids::{DatasetCode, PeriodCode, SchoolCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "collection_extension")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: SchoolCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    /// Counts the grants of a school and collection from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// The last local day (Asia/Shanghai) on which the school may write.
    pub until: Date,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub actor: String,
    pub at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<super::school::Entity>,
    #[sea_orm(belongs_to, from = "(dataset_code, period_code)", to = "(dataset_code, period_code)")]
    pub collection: BelongsTo<super::collection::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
