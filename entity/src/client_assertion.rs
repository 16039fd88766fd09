//! An assertion of a client that has been used; it is good once.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_assertion")]
pub struct Model {
    /// SHA-256 of the client and of the `jti`, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// From then on it has expired, and the row may go.
    pub until: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
