//! A step of a submission from one state to another: who, when, on which revision, with which words.

use sea_orm::entity::prelude::*;

use super::{
    ids::{DatasetCode, PeriodCode, SchoolCode},
    words::SubmissionState,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transition")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_code: SchoolCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset_code: DatasetCode,
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_code: PeriodCode,
    /// The submission's version after the step.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub revision: i32,
    pub from_state: SubmissionState,
    pub to_state: SubmissionState,
    pub actor: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// JSON: remarks on cells, or the justification of each warning.
    #[sea_orm(column_type = "Text", nullable)]
    pub words: Option<String>,
    pub at: DateTimeUtc,
    #[sea_orm(
        belongs_to,
        from = "(school_code, dataset_code, period_code)",
        to = "(school_code, dataset_code, period_code)"
    )]
    pub submission: BelongsTo<super::submission::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
