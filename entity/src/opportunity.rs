//! What a school or an enterprise seeks or offers (供求信息). Exactly one of the two owners is set.

use sea_orm::entity::prelude::*;

use super::{
    ids::{CityCode, EnterpriseCode, OpportunityId, SchoolCode},
    words::{OpportunityKind, OpportunityOutcome, OpportunitySide, OpportunityState},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OpportunityId,
    pub school_code: Option<SchoolCode>,
    pub enterprise_code: Option<EnterpriseCode>,
    /// The city of the owner when it was posted: whose bureau reviews it.
    pub owner_city_code: Option<CityCode>,
    /// Where the work is.
    pub city_code: Option<CityCode>,
    pub kind: OpportunityKind,
    pub side: OpportunitySide,
    pub state: OpportunityState,
    pub title: String,
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Six-digit codes as a JSON array.
    #[sea_orm(column_type = "Text")]
    pub majors: String,
    /// Free words as a JSON array.
    #[sea_orm(column_type = "Text")]
    pub major_words: String,
    pub industry: Option<String>,
    pub headcount: Option<i32>,
    /// A local day of Asia/Shanghai, which counts with all of its hours.
    pub valid_until: Date,
    /// Told to nobody before both sides have said yes. An office, never a person.
    pub contact_department: Option<String>,
    pub contact_telephone: Option<String>,
    pub contact_email: Option<String>,
    /// Why it was refused.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub outcome: Option<OpportunityOutcome>,
    /// How many of the headcount were met.
    pub outcome_number: Option<i32>,
    /// Goes up with every change of any opportunity, in the order of commits: what an index has not seen yet.
    pub stamp: i64,
    /// Goes up with every change.
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// When it was published first.
    pub published_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "school_code", to = "code")]
    pub school: BelongsTo<Option<super::school::Entity>>,
    #[sea_orm(belongs_to, from = "enterprise_code", to = "code")]
    pub enterprise: BelongsTo<Option<super::enterprise::Entity>>,
    #[sea_orm(belongs_to, relation_enum = "OwnerCity", from = "owner_city_code", to = "code")]
    pub owner_city: BelongsTo<Option<super::city::Entity>>,
    #[sea_orm(belongs_to, relation_enum = "City", from = "city_code", to = "code")]
    pub city: BelongsTo<Option<super::city::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
