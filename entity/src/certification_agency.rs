//! An agency that evaluates dual-qualified teachers of some major categories.

use sea_orm::entity::prelude::*;

use super::ids::AgencyCode;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certification_agency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: AgencyCode,
    pub name: String,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
