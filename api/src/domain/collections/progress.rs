//! How far a collection is: who should report, who has, and who is late, in all and city by city.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{collection, ids::CityCode, school, submission, words::SubmissionState as State};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use super::{Days, Key, Stage, extensions};
use crate::{ctx::Ctx, error::Result};

/// Schools of the caller's scope, counted. What a table says is never looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Schools that are to report.
    pub expected: usize,
    /// Schools that have a table at all, if only a draft.
    pub received: usize,
    /// Schools whose table is now submitted, approved or accepted.
    pub submitted: usize,
    /// Schools whose table is now approved or accepted.
    pub approved: usize,
    /// Schools whose table is now accepted.
    pub accepted: usize,
    /// Schools whose day, with its extension, is over, and whose table is not now submitted or further.
    pub overdue: usize,
}

impl Counts {
    /// Counts one more school.
    pub(in crate::domain) fn add(&mut self, state: Option<State>, is_over: bool) {
        let is = |reached: &[State]| usize::from(state.is_some_and(|state| reached.contains(&state)));
        let submitted = is(&[State::Submitted, State::Approved, State::Accepted]);
        self.expected += 1;
        self.received += usize::from(state.is_some());
        self.submitted += submitted;
        self.approved += is(&[State::Approved, State::Accepted]);
        self.accepted += is(&[State::Accepted]);
        self.overdue += usize::from(is_over && submitted == 0);
    }
}

/// How far a collection is, over the caller's own schools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// All of them.
    pub total: Counts,
    /// City by city, in the order of their codes; a city without a school of the caller's is not among them.
    pub cities: BTreeMap<CityCode, Counts>,
}

impl Progress {
    /// Counts schools by what they have reached and until when they have time.
    fn of<'s>(
        schools: impl Iterator<Item = &'s school::Model>,
        days: Days,
        states: &HashMap<String, State>,
        longer: &HashMap<&str, NaiveDate>,
        at: DateTime<Utc>,
    ) -> Self {
        let mut progress = Self::default();
        for school in schools {
            let code = school.code.as_str();
            let stage = days.extended(longer.get(code).copied()).stage(at);
            let is_over = matches!(stage, Stage::Overdue | Stage::Closed);
            let state = states.get(code).copied();
            progress.total.add(state, is_over);
            progress.cities.entry(school.city_code.clone()).or_default().add(state, is_over);
        }
        progress
    }
}

/// How far collections are, by the instant of the caller's request: two statements, however many they are.
pub async fn progress(ctx: &Ctx, rows: &[collection::Model]) -> Result<HashMap<Key, Progress>> {
    use submission::Column as C;
    let keys: BTreeSet<Key> = rows.iter().map(Key::of).collect();
    let granted = extensions(ctx, ctx.db.read(), &keys).await?;
    // Of more tables than are asked for where both lists have several: what is not asked for is passed by.
    let datasets: BTreeSet<&str> = keys.iter().map(|key| key.dataset.as_str()).collect();
    let periods: BTreeSet<&str> = keys.iter().map(|key| key.period.as_str()).collect();
    let found: Vec<(String, String, String, State)> = ctx
        .visible::<submission::Entity>()
        .select_only()
        .columns([C::DatasetCode, C::PeriodCode, C::SchoolCode, C::State])
        .filter(C::DatasetCode.is_in(datasets))
        .filter(C::PeriodCode.is_in(periods))
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    ctx.listed(found.iter().map(|(dataset, period, school, _)| (school.as_str(), dataset.as_str(), period.as_str())))?;
    let mut states: HashMap<Key, HashMap<String, State>> = HashMap::new();
    for (dataset, period, school, state) in found {
        states.entry(Key::new(&dataset, &period)).or_default().insert(school, state);
    }
    let registry = ctx.memory.registry();
    let (nothing, nobody) = (HashMap::new(), Vec::new());
    Ok(rows
        .iter()
        .map(|row| {
            let key = Key::of(row);
            let longer =
                granted.get(&key).unwrap_or(&nobody).iter().map(|one| (one.school_code.as_str(), one.until)).collect();
            let own = registry.schools.all().iter();
            let own = own.filter(|school| ctx.actor.covers(school.code.as_str(), school.city_code.as_str()));
            let states = states.get(&key).unwrap_or(&nothing);
            let progress = Progress::of(own, Days::of(row), states, &longer, ctx.actor.at);
            (key, progress)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_with_those_before_them() {
        for (state, is_over, is) in [
            (None, false, [1, 0, 0, 0, 0, 0]),
            (None, true, [1, 0, 0, 0, 0, 1]),
            (Some(State::Draft), false, [1, 1, 0, 0, 0, 0]),
            (Some(State::Draft), true, [1, 1, 0, 0, 0, 1]),
            (Some(State::Returned), true, [1, 1, 0, 0, 0, 1]),
            (Some(State::Submitted), true, [1, 1, 1, 0, 0, 0]),
            (Some(State::Approved), true, [1, 1, 1, 1, 0, 0]),
            (Some(State::Accepted), true, [1, 1, 1, 1, 1, 0]),
        ] {
            let mut one = Counts::default();
            one.add(state, is_over);
            let Counts { expected, received, submitted, approved, accepted, overdue } = one;
            assert_eq!([expected, received, submitted, approved, accepted, overdue], is, "{state:?} {is_over}");
        }
    }
}
