//! A message to a webhook, and what has become of it.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DeliveryId, WebhookId},
    words::DeliveryState,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    #[sea_orm(unique_key = "place")]
    pub webhook_id: WebhookId,
    /// The place of its event in the feed.
    #[sea_orm(unique_key = "place")]
    pub place: String,
    /// The type of its event.
    pub event: String,
    /// What is sent, byte for byte, at every attempt.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    pub state: DeliveryState,
    pub attempts: i32,
    /// When it is to be sent, while it is pending.
    pub next_at: DateTimeUtc,
    /// Until then an instance is at it.
    pub leased_until: Option<DateTimeUtc>,
    pub last_at: Option<DateTimeUtc>,
    pub last_status: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "webhook_id", to = "id")]
    pub webhook: BelongsTo<super::webhook::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
