//! A printed figure.

use async_graphql::{ID, Object};
use entity::claim;

use super::{indicator::Indicator, period::Period};
use crate::{
    graphql::{ids, scalars::Decimal},
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a>(pub &'a Registry, pub &'a claim::Model);

/// A figure that somebody printed (公布数), to be held against the data.
#[Object]
impl<'a> Claim<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Claim", self.1.key.as_str())
    }

    /// Its stable key.
    async fn key(&self) -> &str {
        self.1.key.as_str()
    }

    /// What it is called where it is printed.
    async fn label(&self) -> &str {
        &self.1.label
    }

    /// The indicator that answers it, where one does.
    async fn indicator(&self) -> Option<Indicator<'a>> {
        Indicator::of(self.0, self.1.indicator_code.as_deref()?)
    }

    /// `value`, or an expression over indicators and counts of schools.
    async fn statistic(&self) -> &str {
        &self.1.statistic
    }

    /// `province`, `city` or `school`.
    async fn scope(&self) -> &str {
        &self.1.scope
    }

    /// The code of what it is about.
    async fn scope_code(&self) -> &str {
        &self.1.scope_code
    }

    /// The period it is about; nothing if it is none that is reported for.
    async fn period(&self) -> Option<Period> {
        Period::of(self.1.period_code.as_str())
    }

    /// `=`, `>=`: how the figure is to be read.
    async fn comparator(&self) -> &str {
        &self.1.comparator
    }

    /// The figure, with its digits as printed.
    async fn value(&self) -> Option<Decimal> {
        Decimal::printed(&self.1.value)
    }

    /// The unit as printed.
    async fn unit(&self) -> &str {
        &self.1.unit
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}
