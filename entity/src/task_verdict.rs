//! What the level above says of a task.

use sea_orm::entity::prelude::*;

use super::{ids::RowId, words::TaskVerdict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_verdict")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: RowId,
    /// Counts the verdicts of a task from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub verdict: TaskVerdict,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub actor: String,
    pub actor_role: String,
    pub at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "task_id", to = "id")]
    pub task: BelongsTo<super::task::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
