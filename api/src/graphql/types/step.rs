//! A step of a review.

use async_graphql::{Context, Object};

use super::{indicator::Indicator, words::SubmissionState};
use crate::{
    domain::submissions::{Remark, Taken},
    graphql::{self, limits, limits::SOME, scalars::Instant},
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct ReviewStep(pub Taken);

/// A step of a review: from where to where, on which revision, with which words.
#[Object]
impl ReviewStep {
    /// The state before.
    async fn from(&self) -> SubmissionState {
        self.0.from.into()
    }

    /// The state after.
    async fn to(&self) -> SubmissionState {
        self.0.to.into()
    }

    /// The revision that was judged.
    async fn revision(&self) -> i32 {
        self.0.revision
    }

    /// When.
    async fn at(&self) -> Instant {
        Instant(self.0.at)
    }

    /// Why it was returned or opened again.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Remarks on cells.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn cells(&self) -> Vec<CellRemark<'_>> {
        self.0.words.cells.iter().map(CellRemark).collect()
    }

    /// The school's word on each warning.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn justifications(&self) -> Vec<Justification<'_>> {
        self.0.words.justifications.iter().map(|(code, text)| Justification { code, text }).collect()
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
