//! A person who signs in.

use sea_orm::entity::prelude::*;

use super::{
    hidden::Hidden,
    ids::AccountId,
    words::{Duty, Role},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    #[sea_orm(unique)]
    pub username: String,
    pub display_name: String,
    /// Argon2id, in the PHC string format.
    pub password_hash: Hidden,
    pub role: Role,
    /// The code of the organisation, for the roles that have one.
    pub org: Option<String>,
    /// Whether it fills in, signs off, or both; only schools part the two.
    pub duty: Duty,
    pub is_disabled: bool,
    /// Made by the demo, with a password that everybody knows.
    pub is_demo: bool,
    /// Somebody else knows the password: it is good for nothing but to be changed.
    pub must_change_password: bool,
    /// Raised by one with every change of an administrator's.
    pub version: i32,
    pub created_at: DateTimeUtc,
    /// Tokens of an earlier generation are good no more; raised by whatever must end them all.
    pub generation: i32,
}

impl ActiveModelBehavior for ActiveModel {}
