//! Submissions: a school states a table, and everybody sees of it what is theirs to see.
//!
//! `stating` is the way in, `storing` where it is written, `seeing` the way out; `history` is what a table said before,
//! `review` what a reviewer holds beside it. What must not be here: the steps of the review (`reviews`) and the
//! judging of cells (`checks`).

mod asking;
pub mod diff;
pub mod history;
pub mod review;
mod seeing;
mod stating;
mod storing;
mod taken;
pub mod turns;

use entity::{
    ids::{DatasetCode, PeriodCode, RuleCode, SchoolCode},
    submission,
};
use sea_orm::Condition;

pub(super) use self::{
    asking::{of_keys_apart, of_revisions},
    seeing::beside,
    stating::{replace, shrunk, still_open},
    storing::{Draft, renote, store},
};
pub use self::{
    seeing::{
        Filter, Unpublished, contents, cursor, documents, get, judge, list, of_schools, read_cursor, sees_values,
        skipped,
    },
    stating::{Extent, Push, Pushed, Terms, chain, push},
    taken::{Remark, Taken, Words},
};

use super::precondition::etag;
use crate::{error::Finding, formats::document::Cells};

/// Which table: its key is led by the school.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The school that reports.
    pub school: SchoolCode,
    /// The table.
    pub dataset: DatasetCode,
    /// The period.
    pub period: PeriodCode,
}

impl Key {
    /// A key of three codes.
    pub fn new(school: &str, dataset: &str, period: &str) -> Self {
        Self { school: school.into(), dataset: dataset.into(), period: period.into() }
    }

    /// The key of a row.
    pub fn of(row: &submission::Model) -> Self {
        Self { school: row.school_code.clone(), dataset: row.dataset_code.clone(), period: row.period_code.clone() }
    }

    /// How the journal names it.
    pub fn object(&self) -> String {
        format!("{}/{}/{}", self.school, self.dataset, self.period)
    }

    pub(super) fn is(&self) -> Condition {
        asking::of_key::<submission::Column>(self)
    }
}

/// The inside of a table, for those who may see it.
#[derive(Clone, Debug)]
pub struct Content {
    /// The cells.
    pub cells: Cells,
    /// What the checks found when it was pushed.
    pub findings: Vec<Finding>,
    /// Rules that could not be asked, where somebody has asked for them: see [`judge`].
    pub skipped: Option<Vec<RuleCode>>,
    /// The newest step of the review, with its reason, its remarks or its justifications.
    pub last_step: Option<Taken>,
}

/// A table as one caller sees it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where it stands.
    pub row: submission::Model,
    /// What it says; nothing while the values are not the caller's to see.
    pub content: Option<Content>,
    /// The receipt of the push or submit that has just brought it here.
    pub receipt: Option<String>,
    /// Whether it only would stand there: a dry run stores nothing.
    pub is_dry_run: bool,
}

impl Table {
    /// The ETag, for those who see the values; a table that is not there has none.
    pub fn etag(&self) -> Option<String> {
        self.content.as_ref().filter(|_| !self.is_dry_run).map(|_| etag(&self.row))
    }
}
