//! Where an organisation wants to hear of events.

use sea_orm::entity::prelude::*;

use super::{hidden::Hidden, ids::WebhookId, words::Role};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookId,
    /// Whose it is: the role and the organisation, whoever of it has made it.
    pub role: Role,
    pub org: String,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// JSON: the types that are wanted; all for an empty list.
    #[sea_orm(column_type = "Text")]
    pub events: String,
    /// What messages are signed with, `whsec_…`.
    pub secret: Hidden,
    /// The secret before, which signs beside it for a while.
    pub previous_secret: Option<Hidden>,
    pub previous_until: Option<DateTimeUtc>,
    /// Raised by one with every change of its owner's.
    pub version: i32,
    /// Up to where the feed has become messages.
    #[sea_orm(column_type = "Text")]
    pub cursor: String,
    pub is_disabled: bool,
    /// Since when nothing has arrived there.
    pub failing_since: Option<DateTimeUtc>,
    pub created_by: String,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
