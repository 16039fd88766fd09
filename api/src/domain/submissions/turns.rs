//! Whose turn it is: which side a table waits for, which side took a step (derived, never stored), and the question for
//! tables that are asked by it.

use entity::words::{Affiliation, SubmissionState as State};

use super::{Filter, Key, read_cursor};
use crate::{
    domain::periods::Period,
    error::{Error, Finding, Result, Text},
    memory::registry::Registry,
    page::{self, Ask},
};

/// A side of the review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The school that reports.
    School,
    /// The city that reviews first.
    City,
    /// The province that reviews last, or alone.
    Province,
}

impl Side {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::City => "city",
            Self::Province => "province",
        }
    }
}

/// Who has to do something for a table to go on; nobody once it is accepted.
pub const fn waits_for(state: State, affiliation: Affiliation) -> Option<Side> {
    match (state, affiliation) {
        (State::Draft | State::Returned, _) => Some(Side::School),
        (State::Submitted, Affiliation::City) => Some(Side::City),
        (State::Submitted, Affiliation::Province) | (State::Approved, _) => Some(Side::Province),
        (State::Accepted, _) => None,
    }
}

/// Who took a step: whose turn it was, but for what a school takes back and the province opens again.
pub const fn taken_by(from: State, to: State, affiliation: Affiliation) -> Side {
    match (from, to) {
        (State::Submitted | State::Approved, State::Draft) => Side::School,
        _ => match waits_for(from, affiliation) {
            Some(side) => side,
            None => Side::Province,
        },
    }
}

/// A question for tables, in the words in which it was asked.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only in these states.
    pub state: Vec<String>,
    /// Only these tables.
    pub dataset: Vec<String>,
    /// Only these periods.
    pub period: Vec<String>,
    /// Only schools of these cities.
    pub city: Vec<String>,
    /// Only these schools.
    pub school: Vec<String>,
    /// How many.
    pub limit: Option<i64>,
    /// After which.
    pub cursor: Option<String>,
}

/// A filter: its name, the code of a word that it does not know, its name in Chinese, its words, and which it knows.
type Check<'a> = (&'static str, &'static str, &'static str, &'a [String], &'a dyn Fn(&str) -> bool);

impl Wanted {
    /// Reads the question.
    ///
    /// # Errors
    /// 422 with every word that is none, the limit and the cursor, all at once.
    pub fn read(self, registry: &Registry) -> Result<(Filter, Ask<Key>)> {
        let states: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
        let checks: [Check<'_>; 4] = [
            ("state", "unknown_state", "状态", &self.state, &|word| State::of(word).is_some()),
            ("dataset", "unknown_dataset", "报表", &self.dataset, &|word| registry.datasets.get(word).is_some()),
            ("city", "unknown_city", "市州", &self.city, &|word| registry.cities.get(word).is_some()),
            ("school", "unknown_school", "学校", &self.school, &|word| registry.schools.get(word).is_some()),
        ];
        let mut faults = Vec::new();
        for (name, code, zh, words, is_known) in checks {
            for word in words.iter().filter(|word| !is_known(word)) {
                let text = Text::new(format!("没有{zh}“{word}”"), format!("There is no {name} `{word}`"));
                let fault = Finding::error(code, format!("/{name}"), text);
                faults.push(if name == "state" { fault.with(states.join(", "), word.as_str()) } else { fault });
            }
        }
        for word in self.period.iter().filter(|word| Period::parse(word).is_none()) {
            let text = Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023");
            faults.push(Finding::error("period_form", "/period", text).with("2023", word.as_str()));
        }
        let mut kept = |fault| match fault {
            Error::Invalid(found) => {
                faults.extend(found);
                Ok(())
            }
            other => Err(other),
        };
        let limit = page::limit(self.limit, 100, 1_000, "/limit").or_else(|fault| kept(fault).map(|()| 0))?;
        let after = self.cursor.as_deref().map(|cursor| read_cursor(cursor, "/cursor")).transpose();
        let after = after.or_else(|fault| kept(fault).map(|()| None))?;
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let state = self.state.iter().filter_map(|word| State::of(word)).collect();
        let filter = Filter { school: self.school, city: self.city, dataset: self.dataset, period: self.period, state };
        Ok((filter, Ask { limit, after, before: None, from_end: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_waits_for_whoever_may_take_the_next_step() {
        use Affiliation as By;
        for (state, by, side) in [
            (State::Draft, By::City, Some(Side::School)),
            (State::Returned, By::Province, Some(Side::School)),
            (State::Submitted, By::City, Some(Side::City)),
            (State::Submitted, By::Province, Some(Side::Province)),
            (State::Approved, By::City, Some(Side::Province)),
            (State::Accepted, By::City, None),
        ] {
            assert_eq!(waits_for(state, by), side, "{state:?} {by:?}");
        }
    }

    #[test]
    fn a_step_is_taken_by_whom_the_table_waited_for() {
        use Affiliation as By;
        for (from, to, by, side) in [
            (State::Draft, State::Submitted, By::City, Side::School),
            (State::Returned, State::Submitted, By::Province, Side::School),
            (State::Submitted, State::Draft, By::City, Side::School),
            (State::Submitted, State::Returned, By::City, Side::City),
            (State::Submitted, State::Returned, By::Province, Side::Province),
            (State::Submitted, State::Approved, By::City, Side::City),
            (State::Approved, State::Returned, By::City, Side::Province),
            (State::Accepted, State::Returned, By::City, Side::Province),
        ] {
            assert_eq!(taken_by(from, to, by), side, "{from:?} {to:?} {by:?}");
        }
    }
}
