//! A statistical period.

use async_graphql::{ID, Object};
use chrono::NaiveDate;
use entity::period;

use super::words::PeriodKind;
use crate::{
    domain::periods,
    graphql::{
        error::GqlResult,
        ids,
        lean::{plain, word},
        scalars::Day,
        written::text,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Period(periods::Period);

impl Period {
    /// The period with this code, if it is well-formed: any well-formed period exists.
    pub fn of(code: &str) -> Option<Self> {
        periods::Period::parse(code).map(Self)
    }

    /// The period of a stored row.
    pub fn of_row(row: &period::Model) -> GqlResult<Self> {
        super::promised(Self::of(row.code.as_str()))
    }

    /// First and last day.
    fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.0.days().ok()
    }
}

plain!(Period, |it, _registry, _set, out| {
    "id" => text(&ids::id("Period", it.0.code.as_str()), out),
    "code" => text(it.0.code.as_str(), out),
    "kind" => word(PeriodKind::from(it.0.kind), out),
});

/// A statistical period (统计期).
#[Object]
impl Period {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Period", self.0.code.as_str())
    }

    /// `2023`, or `2022-2023`.
    async fn code(&self) -> &str {
        self.0.code.as_str()
    }

    /// Calendar year or school year.
    async fn kind(&self) -> PeriodKind {
        self.0.kind.into()
    }

    /// Its first day.
    async fn starts_on(&self) -> Option<Day> {
        self.days().map(|(first, _)| Day(first))
    }

    /// Its last day.
    async fn ends_on(&self) -> Option<Day> {
        self.days().map(|(_, last)| Day(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_year_runs_from_september_to_august() {
        let days =
            |code| Period::of(code).and_then(|period| period.days()).map(|(a, b)| (a.to_string(), b.to_string()));
        assert_eq!(days("2023"), Some(("2023-01-01".to_owned(), "2023-12-31".to_owned())));
        assert_eq!(days("2022-2023"), Some(("2022-09-01".to_owned(), "2023-08-31".to_owned())));
        assert_eq!(days("2022-2024"), None);
    }
}
