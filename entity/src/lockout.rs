//! How often somebody has guessed in vain, under a name or from an address.

use sea_orm::entity::prelude::*;

use super::ids::LockoutKey;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lockout")]
pub struct Model {
    /// SHA-256 of what is counted: some type their password for their name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: LockoutKey,
    /// As of `last_at`; time takes them back.
    pub failures: i32,
    pub last_at: DateTimeUtc,
    /// Until then nobody is let in, with the right password neither.
    pub locked_until: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
