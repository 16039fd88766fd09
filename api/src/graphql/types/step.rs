//! A step of a review.

use async_graphql::{Context, Object};

use super::{
    indicator::Indicator,
    words::{ReviewSide, SubmissionState},
};
use crate::{
    domain::submissions::{Remark, Taken, turns},
    graphql::{self, limits, limits::SOME, scalars::Instant},
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct ReviewStep {
    taken: Taken,
    by: Option<turns::Side>,
}

impl ReviewStep {
    /// A step in the review of a school's table.
    pub fn of(registry: &Registry, school: &str, taken: Taken) -> Self {
        let school = registry.schools.get(school);
        Self { by: school.map(|school| turns::taken_by(taken.from, taken.to, school.affiliation)), taken }
    }
}

/// A step of a review: from where to where, on which revision, with which words.
#[Object]
impl ReviewStep {
    /// The state before.
    async fn from(&self) -> SubmissionState {
        self.taken.from.into()
    }

    /// The state after.
    async fn to(&self) -> SubmissionState {
        self.taken.to.into()
    }

    /// The revision that was judged.
    async fn revision(&self) -> i32 {
        self.taken.revision
    }

    /// Which side took it.
    async fn by(&self) -> Option<ReviewSide> {
        self.by.map(Into::into)
    }

    /// When.
    async fn at(&self) -> Instant {
        Instant(self.taken.at)
    }

    /// Why it was returned or opened again.
    async fn reason(&self) -> Option<&str> {
        self.taken.reason.as_deref()
    }

    /// Remarks on cells.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn cells(&self) -> Vec<CellRemark<'_>> {
        self.taken.words.cells.iter().map(CellRemark).collect()
    }

    /// The school's word on each warning.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn justifications(&self) -> Vec<Justification<'_>> {
        self.taken.words.justifications.iter().map(|(code, text)| Justification { code, text }).collect()
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct CellRemark<'a>(&'a Remark);

/// What a reviewer says of one cell.
#[Object]
impl CellRemark<'_> {
    /// Which cell; nothing where the catalogue does not know it any more.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> Option<Indicator<'a>> {
        Indicator::of(graphql::registry(cx), &self.0.indicator)
    }

    /// What is wrong with it.
    async fn remark(&self) -> &str {
        &self.0.remark
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Justification<'a> {
    code: &'a str,
    text: &'a str,
}

/// Why a value that a warning asks about is as it is.
#[Object]
impl Justification<'_> {
    /// The code of the finding.
    async fn code(&self) -> &str {
        self.code
    }

    /// Why it is so.
    async fn text(&self) -> &str {
        self.text
    }
}
