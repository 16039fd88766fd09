//! The second factor of a person: what its authenticator computes codes from.

use sea_orm::entity::prelude::*;

use super::{hidden::Hidden, ids::AccountId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// Sealed with a key that is not in the database.
    pub secret: Hidden,
    /// The step of the last code that was good; it and those before it are no good any more.
    pub last_step: i64,
    /// When the first code was given; before that it counts for nothing.
    pub confirmed_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "account_id", to = "id")]
    pub account: BelongsTo<super::account::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
