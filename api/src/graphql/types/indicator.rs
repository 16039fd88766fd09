//! A line of a table.

use async_graphql::{ID, Object};
use entity::indicator;

use super::{
    dataset::Dataset,
    promised,
    words::{Aggregation, Better, Disclosure},
};
use crate::{
    domain::indicators,
    graphql::{
        error::GqlResult,
        ids,
        lean::{LeanList, number, or_null, plain, word},
        limits::{self, SOME},
        scalars::Decimal,
        written::text,
    },
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Indicator<'a>(pub &'a Registry, pub &'a indicator::Model);

impl<'a> Indicator<'a> {
    /// The indicator with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.indicators.get(code).map(|row| Self(registry, row))
    }

    fn other(&self, code: Option<&entity::ids::IndicatorCode>) -> Option<Self> {
        Self::of(self.0, code?.as_str())
    }

    fn fixed(&self, value: Option<i64>) -> Option<Decimal> {
        value.map(|value| Decimal::fixed(value, self.1.decimals))
    }
}

plain!(Indicator<'_>, |it, _registry, _set, out| {
    "id" => text(&ids::id("Indicator", it.1.code.as_str()), out),
    "code" => text(it.1.code.as_str(), out),
    "name" => text(&it.1.label, out),
    "nameEn" => or_null(it.1.label_en.as_deref(), text, out),
    "unit" => text(&it.1.unit, out),
    "unitEn" => or_null(it.1.unit_en.as_deref(), text, out),
    "decimals" => number(it.1.decimals, out),
    "disclosure" => word(Disclosure::from(it.1.disclosure), out),
});

/// A line of a table (指标).
#[Object]
impl<'a> Indicator<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Indicator", self.1.code.as_str())
    }

    /// As in `scale.students`.
    async fn code(&self) -> &str {
        self.1.code.as_str()
    }

    /// The table it stands in.
    async fn dataset(&self) -> GqlResult<Dataset<'a>> {
        promised(Dataset::of(self.0, self.1.dataset_code.as_str()))
    }

    /// The printed serial number.
    async fn line_no(&self) -> &str {
        &self.1.line_no
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.label
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.label_en.as_deref()
    }

    /// The name as printed in the form.
    async fn printed_label(&self) -> &str {
        &self.1.printed_label
    }

    /// The line above it, for display only.
    async fn parent(&self) -> Option<Indicator<'a>> {
        self.other(self.1.parent_code.as_ref())
    }

    /// The total that it must not exceed.
    async fn within(&self) -> Option<Indicator<'a>> {
        self.other(self.1.within_code.as_ref())
    }

    /// The lines that lie within it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn parts(&self) -> LeanList<Indicator<'a>> {
        self.0
            .lines(self.1.dataset_code.as_str())
            .filter(|line| line.within_code.as_ref() == Some(&self.1.code))
            .map(|row| Indicator(self.0, row))
            .collect()
    }

    /// Whether its parts add up to it.
    async fn is_parts_complete(&self) -> bool {
        self.1.is_parts_complete
    }

    /// Whether a table cannot be submitted without it.
    async fn is_required(&self) -> bool {
        self.1.is_required
    }

    /// The printed `*`, kept as printed.
    async fn is_starred(&self) -> bool {
        self.1.is_starred
    }

    /// The unit.
    async fn unit(&self) -> &str {
        &self.1.unit
    }

    /// The unit in English.
    async fn unit_en(&self) -> Option<&str> {
        self.1.unit_en.as_deref()
    }

    /// How many decimals its values have at most.
    async fn decimals(&self) -> i16 {
        self.1.decimals
    }

    /// How the figures of schools become one figure.
    async fn aggregation(&self) -> Aggregation {
        self.1.aggregation.into()
    }

    /// The indicator that weighs a weighted mean.
    async fn weight(&self) -> Option<Indicator<'a>> {
        self.other(self.1.weight_code.as_ref())
    }

    /// The least value that is accepted.
    async fn minimum(&self) -> Option<Decimal> {
        self.fixed(self.1.minimum)
    }

    /// The greatest value that is accepted.
    async fn maximum(&self) -> Option<Decimal> {
        self.fixed(self.1.maximum)
    }

    /// The standard (合格指标).
    async fn threshold(&self) -> Option<Decimal> {
        self.fixed(self.1.threshold)
    }

    /// Which side of the standard is the good one.
    async fn better(&self) -> Option<Better> {
        self.1.better.map(Into::into)
    }

    /// The usual move from year to year, in percent.
    async fn usual_change(&self) -> Option<Decimal> {
        self.1.usual_change.map(|hundredths| Decimal::fixed(i64::from(hundredths), 2))
    }

    /// Who may see the figure of one school.
    async fn disclosure(&self) -> Disclosure {
        self.1.disclosure.into()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// The first period that it is reported for, by code; nothing for all before.
    async fn valid_from(&self) -> Option<&str> {
        self.1.valid_from.as_ref().map(|period| period.as_str())
    }

    /// The last period that it is reported for, by code; nothing for all after.
    async fn valid_to(&self) -> Option<&str> {
        self.1.valid_to.as_ref().map(|period| period.as_str())
    }

    /// The periods from which on something else is said of it, by code, in order.
    async fn changes(&self) -> Vec<String> {
        indicators::changes(self.0, self.1.code.as_str())
    }

    /// Hand it back as `ifMatch`; goes up with every change.
    async fn etag(&self) -> String {
        indicators::etag(self.1)
    }
}
