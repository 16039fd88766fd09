//! Which agency evaluates the teachers of a major category (专业大类).

use sea_orm::entity::prelude::*;

use super::ids::AgencyCode;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certification_assignment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub major_category: String,
    pub agency_code: AgencyCode,
    #[sea_orm(belongs_to, from = "agency_code", to = "code")]
    pub agency: BelongsTo<super::certification_agency::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
