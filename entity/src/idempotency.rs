//! An answer that was given under an `Idempotency-Key`; written in the transaction of its effect.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// SHA-256 of holder, route and key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// The account or client whose key it is.
    pub subject: String,
    /// Method and path, for whoever looks into the table.
    #[sea_orm(column_type = "Text")]
    pub route: String,
    /// SHA-256 of the body that was sent.
    pub fingerprint: String,
    pub status: i32,
    /// JSON: the headers that belong to the answer, as a list of pairs.
    #[sea_orm(column_type = "Text")]
    pub headers: String,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// The request that had the effect.
    pub request_id: Option<String>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
