//! A supply and a demand that were found to meet when one of them was published.

use sea_orm::entity::prelude::*;

use super::ids::OpportunityId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_match")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub supply_id: OpportunityId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub demand_id: OpportunityId,
    /// 0 to 100, as it was when it was found.
    pub score: i32,
    pub found_at: DateTimeUtc,
    #[sea_orm(belongs_to, relation_enum = "Supply", from = "supply_id", to = "id")]
    pub supply: BelongsTo<super::opportunity::Entity>,
    #[sea_orm(belongs_to, relation_enum = "Demand", from = "demand_id", to = "id")]
    pub demand: BelongsTo<super::opportunity::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
