//! An access token, or all of a family, that is good no more before its time is over.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    /// `token:<jti>` or `family:<id>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Whose token it is: `account:<id>` or `client:<client_id>`.
    pub subject: String,
    pub created_at: DateTimeUtc,
    /// From then on it has expired, and the row may go.
    pub until: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
