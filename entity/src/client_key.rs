//! A public key by which a client proves who it is, instead of a secret.

use sea_orm::entity::prelude::*;

use super::ids::ClientId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: ClientId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// The public JWK (RFC 7517), which says the algorithm, too.
    #[sea_orm(column_type = "Text")]
    pub jwk: String,
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "client_id", to = "id")]
    pub client: BelongsTo<super::client::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
