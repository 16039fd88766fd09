//! One row per change, written in the change's own transaction and never touched again.

use sea_orm::entity::prelude::*;

use super::ids::JournalId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JournalId,
    pub at: DateTimeUtc,
    /// The account, the client or the job that did it.
    pub actor: String,
    pub actor_role: String,
    pub actor_org: Option<String>,
    /// `<noun>.<past verb>`.
    pub action: String,
    pub object: String,
    /// The school whose feed it belongs to.
    pub school_code: Option<String>,
    /// Whom else it is addressed to, as in `;ENTERPRISE:EEADEB0F3;CITY:620100;`.
    #[sea_orm(column_type = "Text", nullable)]
    pub parties: Option<String>,
    pub before_hash: Option<String>,
    pub after_hash: Option<String>,
    pub request_id: Option<String>,
    pub address: Option<String>,
    /// JSON: what the event tells.
    #[sea_orm(column_type = "Text")]
    pub data: String,
}

impl ActiveModelBehavior for ActiveModel {}
