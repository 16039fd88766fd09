//! Aggregates: the question and its answer.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object};

use super::{
    city::City,
    consortium::Consortium,
    indicator::Indicator,
    promised,
    words::{Dimension, ObservationStatus, Ownership, SchoolCategory, SchoolTier},
};
use crate::{
    domain::{
        aggregates::{self, Answer, Ask},
        cube::{self, Figures},
    },
    formats::decimal,
    graphql::{
        self,
        error::GqlResult,
        filters::SchoolFilter,
        lean::{LeanList, list, number, object, or_null, plain, word},
        limits,
        scalars::Decimal,
        written::text,
    },
};

/// A question about figures of schools.
#[derive(Clone, Debug, InputObject)]
pub struct AggregateInput {
    /// Which figures.
    pub indicators: Vec<String>,
    /// Of which period.
    pub period: String,
    /// In which groups; the empty list is the province.
    #[graphql(default_with = "Some(Vec::new())")]
    pub group_by: Option<Vec<Dimension>>,
    /// Over which schools.
    pub filter: Option<SchoolFilter>,
    /// A version (`1.0.0`) or a range (`2.*`); the newest release without it. For officials, within
    /// their scope: `live` (what is accepted) and `current` (whatever its state).
    pub release: Option<String>,
}

impl AggregateInput {
    /// How often the fields of a cell will be asked for, for the cost of a query.
    pub fn cells(&self) -> usize {
        let groups = self.group_by.iter().flatten().fold(1_usize, |groups, dimension| {
            groups.saturating_mul(match dimension {
                Dimension::City => 14,
                Dimension::Ownership => 2,
                Dimension::Category => 8,
                Dimension::Tier => 4,
                Dimension::Consortium => 20,
            })
        });
        groups.min(limits::GROUPS).saturating_mul(self.indicators.len())
    }
}

impl From<AggregateInput> for Ask {
    fn from(input: AggregateInput) -> Self {
        Self {
            indicators: input.indicators,
            period: input.period,
            group_by: input.group_by.unwrap_or_default().into_iter().map(cube::Dimension::from).collect(),
            filter: input.filter.map(cube::Filter::from).unwrap_or_default(),
            release: input.release,
        }
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct AggregateResult {
    codes: Arc<[String]>,
    answer: Answer,
}

impl AggregateResult {
    /// An answer; the codes are those of the question, in its order.
    pub fn new(codes: Vec<String>, answer: Answer) -> Self {
        Self { codes: codes.into(), answer }
    }
}

/// The answer to a question about figures of schools.
#[Object]
impl AggregateResult {
    /// The version it was answered from; `live` or `current` for what is not published.
    async fn release(&self) -> &str {
        &self.answer.release
    }

    /// The groups that have a school, in the order of their keys.
    async fn groups(&self) -> LeanList<AggregateGroup<'_>> {
        self.answer.groups().map(|group| AggregateGroup { codes: &self.codes, group }).collect()
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct AggregateGroup<'r> {
    codes: &'r [String],
    group: aggregates::Group<'r>,
}

impl<'r> AggregateGroup<'r> {
    fn in_order(&self) -> LeanList<AggregateCell<'r>> {
        self.codes.iter().zip(self.group.cells()).map(|(code, figures)| AggregateCell { code, figures }).collect()
    }
}

plain!(AggregateGroup<'_>, |it, registry, set, out| {
    "city" => match &it.group.key.city {
        Some(code) => object(&City::of(registry, code)?, registry, set, out)?,
        None => out.push_str("null"),
    },
    "ownership" => or_null(it.group.key.ownership.map(Ownership::from), word, out),
    "category" => or_null(it.group.key.category.map(SchoolCategory::from), word, out),
    "tier" => or_null(it.group.key.tier.map(SchoolTier::from), word, out),
    "consortium" => match &it.group.key.consortium {
        Some(code) => object(&Consortium::of(registry, code)?, registry, set, out)?,
        None => out.push_str("null"),
    },
    "cells" => list(&it.in_order().0, registry, set, out)?,
});

/// The schools that have something in common; a dimension that was not asked for is `null`.
#[Object]
impl<'r> AggregateGroup<'r> {
    /// The city.
    async fn city<'a>(&self, cx: &Context<'a>) -> Option<City<'a>> {
        City::of(graphql::registry(cx), self.group.key.city.as_deref()?)
    }

    /// Who runs them.
    async fn ownership(&self) -> Option<Ownership> {
        self.group.key.ownership.map(Into::into)
    }

    /// Their field.
    async fn category(&self) -> Option<SchoolCategory> {
        self.group.key.category.map(Into::into)
    }

    /// Their level.
    async fn tier(&self) -> Option<SchoolTier> {
        self.group.key.tier.map(Into::into)
    }

    /// The consortium; a school counts in each of its own.
    async fn consortium<'a>(&self, cx: &Context<'a>) -> Option<Consortium<'a>> {
        Consortium::of(graphql::registry(cx), self.group.key.consortium.as_deref()?)
    }

    /// One cell for each indicator, in the order of the question.
    async fn cells(&self) -> LeanList<AggregateCell<'r>> {
        self.in_order()
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct AggregateCell<'r> {
    code: &'r str,
    figures: &'r Figures,
}

fn count(schools: Option<usize>) -> Option<i32> {
    schools.map(|schools| i32::try_from(schools).unwrap_or(i32::MAX))
}

fn figure(value: Option<rust_decimal::Decimal>, out: &mut String) {
    or_null(value, |value, out| decimal::write_exact(out, &value), out);
}

plain!(AggregateCell<'_>, |it, registry, set, out| {
    "indicator" => object(&Indicator::of(registry, it.code)?, registry, set, out)?,
    "schools" => or_null(count(it.figures.schools), number, out),
    "expected" => or_null(count(it.figures.expected), number, out),
    "value" => figure(it.figures.value, out),
    "sum" => figure(it.figures.sum, out),
    "mean" => figure(it.figures.mean, out),
    "median" => figure(it.figures.median, out),
    "min" => figure(it.figures.min, out),
    "max" => figure(it.figures.max, out),
    "p25" => figure(it.figures.p25, out),
    "p75" => figure(it.figures.p75, out),
    "status" => word(ObservationStatus::from(it.figures.status), out),
    "isWithheld" => number(it.figures.outside.is_withheld, out),
    "frozenSince" => or_null(it.figures.outside.stands_since.as_deref(), text, out),
});

/// One figure of a group, with all its statistics. Only reported and estimated values contribute.
#[Object]
impl<'r> AggregateCell<'r> {
    /// Which figure.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> GqlResult<Indicator<'a>> {
        promised(Indicator::of(graphql::registry(cx), self.code))
    }

    /// How many schools contributed.
    async fn schools(&self) -> Option<i32> {
        count(self.figures.schools)
    }

    /// How many should have.
    async fn expected(&self) -> Option<i32> {
        count(self.figures.expected)
    }

    /// By the indicator's own rule: sum, mean, median, weighted mean.
    async fn value(&self) -> Option<Decimal> {
        self.figures.value.map(Decimal::Exact)
    }

    /// The sum over schools.
    async fn sum(&self) -> Option<Decimal> {
        self.figures.sum.map(Decimal::Exact)
    }

    /// The mean over schools.
    async fn mean(&self) -> Option<Decimal> {
        self.figures.mean.map(Decimal::Exact)
    }

    /// The median over schools; interpolates linearly (R type 7), as spreadsheets do.
    async fn median(&self) -> Option<Decimal> {
        self.figures.median.map(Decimal::Exact)
    }

    /// The smallest value.
    async fn min(&self) -> Option<Decimal> {
        self.figures.min.map(Decimal::Exact)
    }

    /// The largest value.
    async fn max(&self) -> Option<Decimal> {
        self.figures.max.map(Decimal::Exact)
    }

    /// The first quartile.
    async fn p25(&self) -> Option<Decimal> {
        self.figures.p25.map(Decimal::Exact)
    }

    /// The third quartile.
    async fn p75(&self) -> Option<Decimal> {
        self.figures.p75.map(Decimal::Exact)
    }

    /// What the figure says; `SUPPRESSED` hides every number of it.
    async fn status(&self) -> ObservationStatus {
        self.figures.status.into()
    }

    /// For officials of these schools: that nobody else is told of the figure.
    async fn is_withheld(&self) -> bool {
        self.figures.outside.is_withheld
    }

    /// For officials of these schools: the version whose figure everybody else is still told, since fewer than
    /// three schools have changed.
    async fn frozen_since(&self) -> Option<&str> {
        self.figures.outside.stands_since.as_deref()
    }
}
