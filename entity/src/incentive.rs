//! What a certified enterprise was given: an amount, a day, and where it is written.

use sea_orm::entity::prelude::*;

use super::{
    ids::{CityCode, EnterpriseCode, RowId},
    words::IncentiveKind,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incentive")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub enterprise_code: EnterpriseCode,
    /// The city of the enterprise on the day of the record.
    pub city_code: Option<CityCode>,
    pub kind: IncentiveKind,
    /// In hundredths of a yuan.
    pub amount_fen: i64,
    pub granted_on: Date,
    pub source: String,
    /// The contract's name of the role that recorded it.
    pub recorded_role: String,
    pub cancelled_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cancelled_because: Option<String>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<super::enterprise::Entity>,
    #[sea_orm(belongs_to, from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
