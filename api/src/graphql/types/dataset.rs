//! A statutory table.

use async_graphql::{ID, Object};
use entity::dataset;

use super::{indicator::Indicator, words::PeriodKind};
use crate::{
    graphql::{
        ids,
        lean::LeanList,
        limits::{self, CELLS},
    },
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a>(pub &'a Registry, pub &'a dataset::Model);

impl<'a> Dataset<'a> {
    /// The table with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.datasets.get(code).map(|row| Self(registry, row))
    }
}

/// A statutory table (报表) that schools report: an ordered tree of indicators.
#[Object]
impl<'a> Dataset<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Dataset", self.1.code.as_str())
    }

    /// As in `scale`.
    async fn code(&self) -> &str {
        self.1.code.as_str()
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.name
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.name_en.as_deref()
    }

    /// By which periods it is reported.
    async fn period_kind(&self) -> PeriodKind {
        self.1.period_kind.into()
    }

    /// Its lines, in the order of the form.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn indicators(&self) -> LeanList<Indicator<'a>> {
        self.0.lines(self.1.code.as_str()).map(|row| Indicator(self.0, row)).collect()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}
