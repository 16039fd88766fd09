//! Lineage: which institutions a school was in an earlier period, so that its series stays comparable.
//!
//! A succession that came after a period leads back to the institution that then stood there. A school that was
//! renamed or upgraded has the figures of the one before; one into which others were merged has theirs together with
//! its own, as far as they can be put together by the rule of the indicator; what was split has no figure of its own.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::words::{Aggregation, SuccessionKind};
use rust_decimal::Decimal;

use crate::{
    formats::{decimal, document::Status},
    memory::{
        columns::Column,
        frame::{Frame, FrameIndicator},
    },
};

/// The longest chain of successions that is followed.
const DEEPEST: usize = 16;

/// The positions of the institutions that a school was on a day: itself, where nothing came after that day.
/// Nothing for a part of what was then whole.
pub fn origins(frame: &Frame, school: &str, day: NaiveDate) -> Vec<usize> {
    let mut found = BTreeSet::new();
    follow(frame, school, day, 0, &mut found);
    found.into_iter().collect()
}

fn follow(frame: &Frame, school: &str, day: NaiveDate, depth: usize, found: &mut BTreeSet<usize>) {
    let later: Vec<_> = frame
        .successions
        .iter()
        .filter(|one| one.school == school && one.effective_on.is_some_and(|since| since > day))
        .filter_map(|one| Some((SuccessionKind::of(&one.kind)?, one.predecessor.as_str())))
        .filter(|(_, predecessor)| *predecessor != school)
        .collect();
    // One that bears its name only since then has its own figures under its own code.
    let has_own = later.iter().all(|(kind, predecessor)| match kind {
        SuccessionKind::Merged => true,
        SuccessionKind::Renamed | SuccessionKind::Upgraded => frame.position(predecessor).is_none(),
        SuccessionKind::Split => false,
    });
    if has_own {
        found.extend(frame.position(school));
    }
    for (kind, predecessor) in later {
        if kind != SuccessionKind::Split && depth < DEEPEST {
            follow(frame, predecessor, day, depth + 1, found);
        }
    }
}

/// The schools of a frame that did not stand in a period that ended on this day and began on that: those that came
/// later, and those that had gone before.
pub fn absent(frame: &Frame, begins: NaiveDate, ends: NaiveDate) -> BTreeSet<usize> {
    let dated = frame.successions.iter().filter_map(|one| Some((one, one.effective_on?)));
    dated
        .filter_map(|(one, since)| {
            let (school, predecessor) = (frame.position(&one.school), frame.position(&one.predecessor)?);
            match SuccessionKind::of(&one.kind)? {
                // What has gone into another is not expected any more.
                SuccessionKind::Renamed | SuccessionKind::Upgraded | SuccessionKind::Merged if since <= begins => {
                    Some(predecessor)
                }
                SuccessionKind::Renamed | SuccessionKind::Upgraded | SuccessionKind::Split if since > ends => school,
                _ => None,
            }
        })
        .collect()
}

/// What several institutions say together of a line; nothing where one figure says it all, and `MISSING` where theirs
/// cannot be put together.
pub fn together(
    positions: &[usize],
    line: &FrameIndicator,
    column: &Column,
    weight: Option<&Column>,
) -> Option<(Option<Decimal>, Status)> {
    let there: Vec<(usize, i64, Status)> = positions
        .iter()
        .filter_map(|at| {
            let (value, status) = column.cells.get(*at).copied().flatten()?;
            status.has_value().then_some((*at, value, status))
        })
        .collect();
    if there.len() < 2 {
        return None;
    }
    let is_estimate = there.iter().any(|(_, _, status)| *status == Status::Estimated);
    let value = match line.aggregation() {
        Aggregation::Sum => {
            Some(decimal::exact(there.iter().map(|(_, value, _)| i128::from(*value)).sum(), line.decimals))
        }
        Aggregation::WeightedMean => weight.and_then(|weights| {
            let pairs = there.iter().map(|(at, value, _)| Some((i128::from(*value), i128::from(weights.value(*at)?))));
            let pairs = pairs.collect::<Option<Vec<_>>>()?;
            let over: i128 = pairs.iter().map(|(_, weight)| weight).sum();
            let sum = pairs.iter().map(|(value, weight)| value * weight).sum();
            decimal::quotient(sum, over.checked_mul(decimal::factor(line.decimals))?)
        }),
        Aggregation::Mean | Aggregation::Median => None,
    };
    Some(match value {
        Some(value) => (Some(value), if is_estimate { Status::Estimated } else { Status::Reported }),
        None => (None, Status::Missing),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        let school = |code: &str| {
            serde_json::json!({ "code": code, "names": "", "city": "620100", "ownership": "public",
                "category": "medical", "tier": "higher_vocational" })
        };
        let came = |school: &str, predecessor: &str, kind: &str, on: &str| serde_json::json!({ "school": school, "predecessor": predecessor, "kind": kind, "effective_on": on });
        let schools = ["a", "b", "c", "d", "e", "f"].map(school);
        let document = serde_json::json!({
            "schools": schools, "indicators": {}, "consortia": {},
            "successions": [
                came("b", "a", "upgraded", "2020-09-01"), came("c", "b", "merged", "2022-01-01"),
                came("d", "c", "split", "2023-01-01"), came("e", "gone", "renamed", "2021-01-01"),
            ],
        });
        Frame::read(&document.to_string()).unwrap()
    }

    #[test]
    fn a_succession_is_followed_back_to_who_stood_there() {
        let frame = frame();
        let on = |school: &str, day: &str| origins(&frame, school, day.parse().unwrap());
        assert_eq!(on("b", "2020-12-31"), [1]);
        assert_eq!(on("b", "2019-12-31"), [0]);
        // What was merged into c counts with it, and what went before that, too.
        assert_eq!(on("c", "2022-12-31"), [2]);
        assert_eq!(on("c", "2021-12-31"), [1, 2]);
        assert_eq!(on("c", "2019-12-31"), [0, 2]);
        // A part of what was whole; a name that is not in the registry any more; a school without history.
        assert_eq!(on("d", "2022-12-31"), Vec::<usize>::new());
        assert_eq!(on("e", "2019-12-31"), [4]);
        assert_eq!(on("f", "1990-12-31"), [5]);
    }

    #[test]
    fn who_did_not_stand_in_a_year_is_not_expected() {
        let frame = frame();
        let in_ = |year: i32| {
            let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
            absent(&frame, day(1, 1), day(12, 31)).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(in_(2019), [1, 3]);
        assert_eq!(in_(2020), [3]);
        assert_eq!(in_(2021), [0, 3]);
        // What a part was split off still stands.
        assert_eq!(in_(2023), [0, 1]);
    }
}
