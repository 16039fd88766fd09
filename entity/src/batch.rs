//! Many tables in one file: who sent it, how far it is worked off, and what was wrong with it.

use sea_orm::entity::prelude::*;

use super::{
    ids::BatchId,
    words::{BatchFormat, BatchState, Role},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BatchId,
    pub state: BatchState,
    pub format: BatchFormat,
    pub is_dry_run: bool,
    /// Its sender knows that more than half of a table may go.
    pub may_shrink: bool,
    /// The account or client that sent it; nobody else knows of it.
    pub sender: String,
    pub sender_role: Role,
    pub sender_org: Option<String>,
    pub request_id: Option<String>,
    pub address: Option<String>,
    pub size_bytes: i64,
    /// SHA-256 of the file; nothing until it has come in.
    pub content_hash: Option<String>,
    /// How many rows the file has; nothing until it has been read once.
    pub rows_total: Option<i64>,
    pub rows_read: i64,
    pub rows_accepted: i64,
    pub rows_rejected: i64,
    /// Why rows were rejected, as JSON.
    #[sea_orm(column_type = "Text")]
    pub causes: String,
    /// How often an instance has begun with it.
    pub attempts: i32,
    /// Who works on it: a token that is new with every claim.
    pub lease: Option<Uuid>,
    pub lease_until: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    /// The signed word that it was worked off: a compact JWS.
    #[sea_orm(column_type = "Text", nullable)]
    pub receipt: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
