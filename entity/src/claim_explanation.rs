//! Why two figures contradict each other: one row a word of an official. The newest counts, the others are history.

use sea_orm::entity::prelude::*;

use super::{ids::RowId, words::ExplanationCause};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim_explanation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    /// SHA-256 of both sides, whichever comes first.
    #[sea_orm(unique_key = "pair")]
    pub pair_hash: String,
    /// Counts the words about a pair from 1.
    #[sea_orm(unique_key = "pair")]
    pub number: i32,
    #[sea_orm(column_type = "Text")]
    pub claim: String,
    #[sea_orm(column_type = "Text")]
    pub other: String,
    pub cause: ExplanationCause,
    #[sea_orm(column_type = "Text")]
    pub text: String,
    pub actor: String,
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
