//! A figure of one school.

use async_graphql::{Context, Object};

use super::{indicator::Indicator, period::Period, promised, words::ObservationStatus};
use crate::{
    domain::observations,
    formats::document::Cell,
    graphql::{
        self,
        error::GqlResult,
        lean::{Lean, object, or_null, plain, word},
        scalars::Decimal,
        written::text,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Observation {
    indicator: String,
    period: String,
    value: Option<Decimal>,
    status: ObservationStatus,
    note: Option<String>,
}

impl From<observations::Observation> for Observation {
    fn from(one: observations::Observation) -> Self {
        Self {
            indicator: one.indicator,
            period: one.period,
            value: one.value.map(Decimal::Exact),
            status: one.status.into(),
            note: None,
        }
    }
}

impl Observation {
    /// A cell of a table.
    pub fn cell(indicator: &str, period: &str, cell: &Cell, decimals: i16) -> Self {
        Self {
            indicator: indicator.to_owned(),
            period: period.to_owned(),
            value: cell.value.map(|value| Decimal::fixed(value, decimals)),
            status: cell.status.into(),
            note: cell.note.clone(),
        }
    }
}

plain!(Observation, |it, registry, set, out| {
    "indicator" => object(&Indicator::of(registry, &it.indicator)?, registry, set, out)?,
    "period" => object(&Period::of(&it.period)?, registry, set, out)?,
    "value" => or_null(it.value.as_ref(), Decimal::write, out),
    "status" => word(it.status, out),
    "note" => or_null(it.note.as_deref(), text, out),
});

/// A figure of one school (数据点): an exact decimal and a status.
#[Object]
impl Observation {
    /// Which figure.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> GqlResult<Lean<Indicator<'a>>> {
        promised(Indicator::of(graphql::registry(cx), &self.indicator)).map(Lean)
    }

    /// Of which period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(&self.period))
    }

    /// The value, where there is one and it is this caller's to see.
    async fn value(&self) -> Option<&Decimal> {
        self.value.as_ref()
    }

    /// What the figure says.
    async fn status(&self) -> ObservationStatus {
        self.status
    }

    /// What the school wants its reviewers to know; not published.
    async fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}
