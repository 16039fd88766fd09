//! What became of one table of a batch.

use sea_orm::entity::prelude::*;

use super::{
    ids::{BatchId, DatasetCode, PeriodCode, SchoolCode},
    words::BatchVerdict,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batch_table")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: BatchId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: SchoolCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    pub state: BatchVerdict,
    /// The revision that it is now, or would be; nothing for a table that was rejected.
    pub revision: Option<i32>,
    /// How many rows of the file state it.
    pub cells: i32,
    #[sea_orm(belongs_to, from = "batch_id", to = "id")]
    pub batch: BelongsTo<super::batch::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
