//! A request that read data which are not published: who, when, by which door.

use sea_orm::entity::prelude::*;

use super::ids::AccessId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_access")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessId,
    pub at: DateTimeUtc,
    /// The account or the client that read.
    pub actor: String,
    pub actor_role: String,
    pub actor_org: Option<String>,
    /// Method and address, by its pattern: `GET /v1/schools/{school}/submissions/{dataset}/{period}`.
    pub door: String,
    pub request_id: Option<String>,
    pub address: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
