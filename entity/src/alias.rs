//! Another printed name of a school, an enterprise, a consortium or an institution.

use sea_orm::entity::prelude::*;

use super::{ids::RowId, words::EntityType};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alias")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RowId,
    pub entity_type: EntityType,
    /// The code of what the name stands for.
    pub entity_code: String,
    pub alias: String,
    /// `stated`, `short_form`, `typographic`, `inferred`, or `possible`: a suggestion, not merged.
    pub basis: String,
    pub note: Option<String>,
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
