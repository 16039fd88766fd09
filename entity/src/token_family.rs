//! A sign-in, and with it all tokens that come of it: what is revoked together.

use sea_orm::entity::prelude::*;

use super::ids::{AccountId, FamilyId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_family")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FamilyId,
    pub account_id: AccountId,
    /// The client that the tokens were issued to: the console.
    pub client_id: String,
    /// That of the account when it signed in.
    pub generation: i32,
    pub created_at: DateTimeUtc,
    /// When it was last refreshed.
    pub used_at: DateTimeUtc,
    /// Then one has to sign in again, however diligently it was refreshed.
    pub expires_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_because: Option<String>,
    #[sea_orm(belongs_to, from = "account_id", to = "id")]
    pub account: BelongsTo<super::account::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
