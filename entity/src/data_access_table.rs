//! A table that a request has read.

use sea_orm::entity::prelude::*;

use super::ids::{AccessId, DatasetCode, PeriodCode};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_access_table")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub access_id: AccessId,
    /// A school, or `*` for every school of the reader's scope.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    /// Only where it stands was told, not what it says.
    pub is_listed: bool,
    #[sea_orm(belongs_to, from = "access_id", to = "id")]
    pub data_access: BelongsTo<super::data_access::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
