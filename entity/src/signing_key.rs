//! A key that signs tokens and manifests.

use sea_orm::entity::prelude::*;

use super::hidden::Hidden;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// The `kid` of the JWKS.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// `EdDSA`.
    pub algorithm: String,
    /// The public point, base64url without padding (the `x` of the JWK).
    pub public_key: String,
    /// PKCS#8, sealed with the key of the configuration and bound to the `kid`; empty once the key is retired.
    pub private_key: Hidden,
    pub created_at: DateTimeUtc,
    /// Since then it signs nothing new, but what it signed still verifies.
    pub retired_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
