//! A code that stands in for an authenticator once.

use sea_orm::entity::prelude::*;

use super::{hidden::Hidden, ids::AccountId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_code")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// SHA-256 of 80 random bits, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Hidden,
    pub used_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "account_id", to = "id")]
    pub account: BelongsTo<super::account::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
