//! What who is to do a task says of it: how far it is, and what shows it.

use sea_orm::entity::prelude::*;

use super::ids::RowId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_report")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: RowId,
    /// Counts the reports of a task from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// 0 to 100, where it is said.
    pub percent: Option<i16>,
    /// Addresses, as a JSON list.
    #[sea_orm(column_type = "Text")]
    pub evidence: String,
    /// Whether it is said to be done: then it waits for a verdict.
    pub is_done: bool,
    pub actor: String,
    pub actor_role: String,
    pub at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "task_id", to = "id")]
    pub task: BelongsTo<super::task::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
