//! A validation rule.

use async_graphql::{ID, Object};
use entity::rule;

use super::{dataset::Dataset, promised, words::Severity};
use crate::{
    domain::rules,
    error::Language,
    graphql::{self, error::GqlResult, ids},
    memory::registry::Registry,
    request_id,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Rule(pub rule::Model);

impl Rule {
    /// The rule with this code.
    pub fn of(registry: &Registry, code: &str) -> Option<Self> {
        registry.rules.all().iter().find(|rule| rule.row.code == code).map(|rule| Self(rule.row.clone()))
    }
}

/// A validation rule (校验规则): an expression over a school's tables that is true for a good table.
#[Object]
impl Rule {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Rule", self.0.code.as_str())
    }

    /// Its stable name, as in `talent.placement_low`; a justification is given for it.
    async fn code(&self) -> &str {
        self.0.code.as_str()
    }

    /// The table whose pushes it judges.
    async fn dataset<'a>(&self, cx: &async_graphql::Context<'a>) -> GqlResult<Dataset<'a>> {
        promised(Dataset::of(graphql::registry(cx), self.0.dataset_code.as_str()))
    }

    /// Whether it blocks, needs a justification, or only tells.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// CEL over `dataset.indicator` and `prev.dataset.indicator`.
    async fn expression(&self) -> &str {
        &self.0.expression
    }

    /// What is told when it is broken, in the language of the request.
    async fn message(&self) -> &str {
        match request_id::current_language() {
            Language::Chinese => &self.0.message_zh,
            Language::English => &self.0.message_en,
        }
    }

    /// Whether it judges at all.
    async fn is_enabled(&self) -> bool {
        self.0.is_enabled
    }

    /// The first period that it judges, by code; nothing for all before.
    async fn valid_from(&self) -> Option<&str> {
        self.0.valid_from.as_ref().map(|period| period.as_str())
    }

    /// The last period that it judges, by code; nothing for all after.
    async fn valid_to(&self) -> Option<&str> {
        self.0.valid_to.as_ref().map(|period| period.as_str())
    }

    /// Hand it back as `ifMatch`; goes up with every change.
    async fn etag(&self) -> String {
        rules::etag(&self.0)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Trial(pub rules::Trial);

/// What a rule would say of the tables of one period.
#[Object]
impl Trial {
    /// The period, by code.
    async fn period(&self) -> &str {
        &self.0.period
    }

    /// How many schools have such a table.
    async fn schools(&self) -> usize {
        self.0.schools
    }

    /// How many could not be asked, because a figure is not there.
    async fn skipped(&self) -> usize {
        self.0.skipped
    }

    /// The schools that would be told, by code.
    async fn flagged(&self) -> Vec<&str> {
        self.0.flagged.iter().map(|code| code.as_str()).collect()
    }
}
