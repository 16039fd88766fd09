//! A service account: a school's system, an analyst's script.

use sea_orm::entity::prelude::*;

use super::{
    hidden::Hidden,
    ids::ClientId,
    words::{Duty, Role},
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientId,
    /// The public name used at the token endpoint.
    #[sea_orm(unique)]
    pub client_id: String,
    pub name: String,
    /// SHA-256 of a secret of 256 random bits, in hexadecimal; zeros where the client has keys instead.
    pub secret_hash: Hidden,
    pub role: Role,
    /// The code of the organisation, for the roles that have one.
    pub org: Option<String>,
    /// Whether it fills in, signs off, or both; only schools part the two.
    pub duty: Duty,
    pub is_disabled: bool,
    /// Made by the demo, with a secret that everybody knows.
    pub is_demo: bool,
    /// Raised by one with every change of an administrator's.
    pub version: i32,
    pub created_at: DateTimeUtc,
    /// Tokens of an earlier generation are good no more; raised by whatever must end them all.
    pub generation: i32,
    /// From then on the secret is good no more.
    pub secret_expires_at: Option<DateTimeUtc>,
    /// The secret before, which goes on beside it for a while.
    pub previous_secret_hash: Option<Hidden>,
    pub previous_until: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
