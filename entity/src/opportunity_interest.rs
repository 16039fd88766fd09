//! A school or an enterprise would like to meet an opportunity of another. Exactly one of the two is set.

use sea_orm::entity::prelude::*;

use super::{
    ids::{EnterpriseCode, InterestId, OpportunityId, SchoolCode},
    words::InterestState,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_interest")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InterestId,
    #[sea_orm(unique_key = "party")]
    pub opportunity_id: OpportunityId,
    /// The code of whichever of the two it is: a party speaks once, and a key with an empty column would not hold that.
    #[sea_orm(unique_key = "party")]
    pub party: String,
    pub school_code: Option<SchoolCode>,
    pub enterprise_code: Option<EnterpriseCode>,
    /// What the other side is to know before it decides.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// Told to the other side once it has said yes. An office, never a person.
    pub contact_department: Option<String>,
    pub contact_telephone: Option<String>,
    pub contact_email: Option<String>,
    pub state: InterestState,
    /// Why it was declined.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// Goes up with every change.
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "opportunity_id", to = "id")]
    pub opportunity: BelongsTo<super::opportunity::Entity>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<Option<super::enterprise::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
