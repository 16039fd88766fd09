//! A step that the certification of an enterprise has taken; never changed.

use sea_orm::entity::prelude::*;

use super::{ids::RowId, words::EnterpriseCertificationState};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enterprise_certification_step")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub application_id: RowId,
    /// Counts the steps of an application from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// Nothing for the application itself.
    pub from_state: Option<EnterpriseCertificationState>,
    pub to_state: EnterpriseCertificationState,
    /// The contract's name of the role that took it.
    pub role: String,
    /// The organisation that took it, where the role has one.
    pub by_org: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "application_id", to = "id")]
    pub application: BelongsTo<super::enterprise_certification::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
