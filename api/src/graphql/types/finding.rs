//! Something that is wrong with a table.

use async_graphql::{Context, Object};

use super::{indicator::Indicator, words::Severity};
use crate::{error, graphql, request_id};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Finding(pub error::Finding);

/// A rule that a table breaks (校验问题): what, where, expected, got.
#[Object]
impl Finding {
    /// Whether it blocks, needs a justification, or only tells.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// The stable name of the rule; a justification is given for it.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The indicator it is about, if it is about one.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> Option<Indicator<'a>> {
        Indicator::of(graphql::registry(cx), self.0.indicator.as_ref()?.as_str())
    }

    /// JSON pointer into the table's document, as in `/observations/scale.students`.
    async fn pointer(&self) -> &str {
        &self.0.pointer
    }

    /// What is wrong and what to do, in the language of the request.
    async fn message(&self) -> &str {
        self.0.message.in_(request_id::current_language())
    }

    /// What would have been right.
    async fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What was stated.
    async fn got(&self) -> Option<&str> {
        self.0.got.as_deref()
    }

    /// The same cell in the period before.
    async fn previous(&self) -> Option<&str> {
        self.0.previous.as_deref()
    }
}
