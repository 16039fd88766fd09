//! What a reconciliation of claims (公布数核对) has said: who had it made, when, and against which data.

use sea_orm::entity::prelude::*;

use super::ids::ReconciliationId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReconciliationId,
    pub at: DateTimeUtc,
    pub actor: String,
    pub actor_role: String,
    pub actor_org: Option<String>,
    /// A version, `live` or `current`; nothing where there was no release.
    pub release: Option<String>,
    /// Whether the claims came in a file of their own.
    pub is_of_file: bool,
    /// SHA-256 of the claims, in hexadecimal.
    pub claims_hash: String,
    pub holds: i32,
    pub differs: i32,
    pub no_data: i32,
    pub contradicts: i32,
    /// Everything that was said, as JSON.
    #[sea_orm(column_type = "Text")]
    pub document: String,
}

impl ActiveModelBehavior for ActiveModel {}
