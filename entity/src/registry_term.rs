//! Since when and until when an entry of the registry is, where its own table does not say.

use sea_orm::entity::prelude::*;

use super::words::EntryKind;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_term")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: EntryKind,
    #[sea_orm(primary_key, auto_increment = false)]
    /// Of the entry: its code, or its id.
    pub code: String,
    pub since: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
