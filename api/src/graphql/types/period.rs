//! A statistical period.

use async_graphql::{ID, Object};
use chrono::NaiveDate;

use super::words::PeriodKind;
use crate::{
    domain::periods,
    graphql::{
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

    fn year(&self) -> Option<i32> {
        self.0.code.as_str().get(..4)?.parse().ok()
    }

    /// First and last day: a school year runs from September to August.
    fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        let (year, day) = (self.year()?, NaiveDate::from_ymd_opt);
        match PeriodKind::from(self.0.kind) {
            PeriodKind::CalendarYear => Some((day(year, 1, 1)?, day(year, 12, 31)?)),
            PeriodKind::SchoolYear => Some((day(year, 9, 1)?, day(year + 1, 8, 31)?)),
        }
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
