//! A statutory table.

use async_graphql::{ID, Object};
use entity::dataset;

use super::{
    indicator::Indicator,
    words::{Partition, PeriodKind},
};
use crate::{
    domain::{datasets, periods::Period},
    graphql::{
        error::GqlResult,
        ids,
        lean::LeanList,
        limits::{self, CELLS},
    },
    memory::{editions::is_reported, registry::Registry},
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

    /// Its lines, in the order of the form: as they are now, or as they stand in a period.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn indicators(
        &self,
        #[graphql(desc = "The period, by code: only the lines that hold in it.")] period: Option<String>,
    ) -> GqlResult<LeanList<Indicator<'a>>> {
        let code = self.1.code.as_str();
        let period = period.map(|period| Period::read(&period, "/period")).transpose()?;
        let shown = |row| Indicator(self.0, row);
        Ok(match period.as_ref().map(|period| (period.kind, period.code.as_str())) {
            None => self.0.lines(code).map(shown).collect(),
            Some((kind, period)) if kind == self.1.period_kind && is_reported(self.1, period) => {
                self.0.lines_in(code, period).map(shown).collect()
            }
            Some(_) => LeanList::from_iter([]),
        })
    }

    /// The first period that it is reported for, by code; nothing for all before.
    async fn valid_from(&self) -> Option<&str> {
        self.1.valid_from.as_ref().map(|period| period.as_str())
    }

    /// The last period that it is reported for, by code; nothing for all after.
    async fn valid_to(&self) -> Option<&str> {
        self.1.valid_to.as_ref().map(|period| period.as_str())
    }

    /// By what its schools are parted where protected figures are told: one partition, and no other.
    async fn parted_by(&self) -> Partition {
        self.1.parted_by.into()
    }

    /// Hand it back as `ifMatch`; goes up with every change.
    async fn etag(&self) -> String {
        datasets::etag(self.1)
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}
