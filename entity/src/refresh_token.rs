//! A refresh token: good for one use.

use sea_orm::entity::prelude::*;

use super::ids::FamilyId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    /// SHA-256 of 256 random bits, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub family_id: FamilyId,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    /// A second use is a theft: by the one or by the other.
    pub used_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "family_id", to = "id")]
    pub family: BelongsTo<super::token_family::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
