//! What became of one of many tables.

use std::sync::Arc;

use async_graphql::Object;

use super::{finding::Finding, submission::Submission};
use crate::{
    domain::submissions::{Key, Table},
    error::{Error, Result},
    graphql::limits::{self, SOME},
    request_id,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Verdict {
    key: Key,
    taken: Result<Submission, Refusal>,
}

impl Verdict {
    /// What a step on a table has come to; our own failures go to the log here.
    pub fn new(key: Key, taken: Result<Table>) -> Self {
        let taken = taken.map(Submission::from).map_err(|error| {
            error.log();
            Refusal(Arc::new(error))
        });
        Self { key, taken }
    }

    /// Whether the step was taken.
    pub const fn is_done(&self) -> bool {
        self.taken.is_ok()
    }
}

/// What became of one of many tables: it took the step, or says why not.
#[Object]
impl Verdict {
    /// The school, by code.
    async fn school(&self) -> &str {
        self.key.school.as_str()
    }

    /// The table, by code.
    async fn dataset(&self) -> &str {
        self.key.dataset.as_str()
    }

    /// The period, as in `2023` or `2022-2023`.
    async fn period(&self) -> &str {
        self.key.period.as_str()
    }

    /// The table as it now stands, where it took the step.
    async fn submission(&self) -> Option<&Submission> {
        self.taken.as_ref().ok()
    }

    /// Why nothing was done.
    async fn error(&self) -> Option<&Refusal> {
        self.taken.as_ref().err()
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Refusal(Arc<Error>);

/// Why a table did not take a step; the codes are those of errors.
#[Object]
impl Refusal {
    /// As in `extensions.code` of an error.
    async fn code(&self) -> &str {
        self.0.code().row().name
    }

    /// As in `extensions.type` of an error.
    #[graphql(name = "type")]
    async fn kind(&self) -> String {
        format!("urn:zhiqiao:problem:{}", self.0.code().row().kind)
    }

    /// What is wrong and what to do, in the language of the request.
    async fn message(&self) -> String {
        self.0.public().in_(request_id::current_language()).to_owned()
    }

    /// Everything that is wrong with the table.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn findings(&self) -> Vec<Finding> {
        match &*self.0 {
            Error::Invalid(findings) => findings.iter().cloned().map(Finding).collect(),
            _ => Vec::new(),
        }
    }
}
