//! When a table may be written: one pure function of days and instant, and the one place that asks it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{collection, collection_extension};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait};

use crate::{
    authz::{Role, Scoped},
    ctx::Ctx,
    domain::submissions,
    error::{Error, Result, Text},
};

/// How far Asia/Shanghai is ahead of UTC, in every season.
const AHEAD: TimeDelta = TimeDelta::hours(8);

/// The days of a collection as one school has them: local days of Asia/Shanghai, each with all of its hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first on which anything is taken.
    pub opens_on: NaiveDate,
    /// The last in time.
    pub due_on: NaiveDate,
    /// The last on which anything is taken.
    pub closes_on: NaiveDate,
}

/// Where a collection stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is taken yet.
    Upcoming,
    /// In time.
    Open,
    /// Still taken, but late.
    Overdue,
    /// Nothing is taken any more.
    Closed,
}

impl Stage {
    /// The word of REST.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Closed => "closed",
        }
    }

    /// Whether a school may write.
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::Open | Self::Overdue)
    }
}

impl Days {
    /// The days that a collection states for everybody.
    pub fn of(row: &collection::Model) -> Self {
        Self { opens_on: row.opens_on, due_on: row.due_on, closes_on: row.closes_on.unwrap_or(row.due_on) }
    }

    /// The days of a school that was given longer: it is neither late nor shut out before the end of that day.
    #[must_use]
    pub fn extended(self, until: Option<NaiveDate>) -> Self {
        let later = |day: NaiveDate| until.map_or(day, |until| until.max(day));
        Self { due_on: later(self.due_on), closes_on: later(self.closes_on), ..self }
    }

    /// Where they stand at an instant. This function decides, and no other.
    pub fn stage(self, at: DateTime<Utc>) -> Stage {
        let today = at.checked_add_signed(AHEAD).unwrap_or(at).date_naive();
        if today < self.opens_on {
            Stage::Upcoming
        } else if today > self.closes_on {
            Stage::Closed
        } else if today > self.due_on {
            Stage::Overdue
        } else {
            Stage::Open
        }
    }

    /// Why nothing is taken at an instant; nothing where a school may write.
    fn refusal(self, at: DateTime<Utc>, dataset: &str, period: &str) -> Option<Refusal> {
        let who = Role::Province.name();
        let Self { opens_on, closes_on, .. } = self;
        match self.stage(at) {
            Stage::Open | Stage::Overdue => None,
            Stage::Upcoming => Some(Refusal {
                code: "collection_not_open",
                text: Text::new(
                    format!(
                        "{dataset} {period} 的采集尚未开始：{opens_on}（北京时间）零时起可以填报；日期可由省级（{who}）调整"
                    ),
                    format!(
                        "The collection of {dataset} for {period} is not open before {opens_on} (Asia/Shanghai); \
                         the province ({who}) can change the dates"
                    ),
                ),
            }),
            Stage::Closed => Some(Refusal {
                code: "collection_closed",
                text: Text::new(
                    format!(
                        "{dataset} {period} 的采集已于 {closes_on}（北京时间）24 时结束；如需延期，请联系省级（{who}）"
                    ),
                    format!(
                        "The collection of {dataset} for {period} is closed since the end of {closes_on} \
                         (Asia/Shanghai); the province ({who}) can extend it"
                    ),
                ),
            }),
        }
    }
}

/// Why a table is not taken now.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Refusal {
    /// The code of the finding, where many tables are judged at once.
    pub code: &'static str,
    /// What and until when, and who can do something about it.
    pub text: Text,
}

/// Refuses to write a table outside of its collection's days, by the instant of the caller's request.
///
/// # Errors
/// 403 with the day, and with who can extend it.
pub(in crate::domain) async fn expect_open(ctx: &Ctx, db: &impl ConnectionTrait, key: &submissions::Key) -> Result<()> {
    match refused(ctx, db, [key]).await?.remove(key) {
        None => Ok(()),
        Some(refusal) => Err(Error::Forbidden(refusal.text)),
    }
}

type Found = (String, String, NaiveDate, NaiveDate, Option<NaiveDate>, Option<String>, Option<NaiveDate>);

/// Which of some tables are not taken now, and why: one statement. Without a collection a table is open.
pub(in crate::domain) async fn refused<'k>(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = &'k submissions::Key>,
) -> Result<HashMap<submissions::Key, Refusal>> {
    use collection::Column as C;
    use collection_extension::Column as E;
    let keys: Vec<&submissions::Key> = keys.into_iter().collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let schools: BTreeSet<&str> = keys.iter().map(|key| key.school.as_str()).collect();
    let tables: BTreeSet<(&str, &str)> = keys.iter().map(|key| (key.dataset.as_str(), key.period.as_str())).collect();
    let any = tables.iter().fold(Condition::any(), |any, (dataset, period)| {
        any.add(Condition::all().add(C::DatasetCode.eq(*dataset)).add(C::PeriodCode.eq(*period)))
    });
    let granted =
        Condition::all().add(E::SchoolCode.is_in(schools)).add(collection_extension::Entity::within(&ctx.actor));
    let join = collection_extension::Relation::Collection.def().rev().on_condition(move |_, _| granted.clone());
    let rows: Vec<Found> = ctx
        .visible::<collection::Entity>()
        .join(JoinType::LeftJoin, join)
        .select_only()
        .columns([C::DatasetCode, C::PeriodCode, C::OpensOn, C::DueOn, C::ClosesOn])
        .columns([E::SchoolCode, E::Until])
        .filter(any)
        // Of several grants the newest is met last.
        .order_by_asc(E::Number)
        .into_tuple()
        .all(db)
        .await?;
    let mut days: HashMap<(&str, &str), Days> = HashMap::new();
    let mut until: HashMap<(&str, &str, &str), NaiveDate> = HashMap::new();
    for (dataset, period, opens_on, due_on, closes_on, school, extended) in &rows {
        let closes_on = closes_on.unwrap_or(*due_on);
        days.insert((dataset, period), Days { opens_on: *opens_on, due_on: *due_on, closes_on });
        if let (Some(school), Some(extended)) = (school, extended) {
            until.insert((school, dataset, period), *extended);
        }
    }
    Ok(keys
        .into_iter()
        .filter_map(|key| {
            let (school, dataset, period) = (key.school.as_str(), key.dataset.as_str(), key.period.as_str());
            let days = days.get(&(dataset, period))?.extended(until.get(&(school, dataset, period)).copied());
            Some((key.clone(), days.refusal(ctx.actor.at, dataset, period)?))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(local: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{local}+08:00")).unwrap().to_utc()
    }

    fn days() -> Days {
        Days { opens_on: day("2026-11-01"), due_on: day("2026-11-30"), closes_on: day("2026-12-10") }
    }

    #[test]
    fn every_boundary_is_inclusive_of_its_local_day() {
        let extended = days().extended(Some(day("2026-12-20")));
        for (local, plain, longer) in [
            ("2026-10-31T23:59:59", Stage::Upcoming, Stage::Upcoming),
            ("2026-11-01T00:00:00", Stage::Open, Stage::Open),
            ("2026-11-01T00:00:01", Stage::Open, Stage::Open),
            ("2026-11-30T23:59:59", Stage::Open, Stage::Open),
            ("2026-11-30T23:59:59.999999999", Stage::Open, Stage::Open),
            ("2026-12-01T00:00:00", Stage::Overdue, Stage::Open),
            ("2026-12-10T23:59:59", Stage::Overdue, Stage::Open),
            ("2026-12-11T00:00:00", Stage::Closed, Stage::Open),
            ("2026-12-20T23:59:59", Stage::Closed, Stage::Open),
            ("2026-12-21T00:00:00", Stage::Closed, Stage::Closed),
        ] {
            assert_eq!((days().stage(at(local)), extended.stage(at(local))), (plain, longer), "{local}");
        }
        // Said in UTC: the local day begins at 16:00 of the day before.
        assert_eq!(days().stage("2026-10-31T15:59:59Z".parse().unwrap()), Stage::Upcoming);
        assert_eq!(days().stage("2026-10-31T16:00:00Z".parse().unwrap()), Stage::Open);
    }

    #[test]
    fn an_extension_never_shortens() {
        let early = days().extended(Some(day("2026-11-15")));
        assert_eq!(early, days());
        // Nor does it open a collection before its day.
        let extended = days().extended(Some(day("2026-12-20")));
        assert_eq!(extended.stage(at("2026-10-31T23:59:59")), Stage::Upcoming);
    }

    #[test]
    fn the_ends_of_time_are_no_fault() {
        assert_eq!(days().stage(DateTime::<Utc>::MIN_UTC), Stage::Upcoming);
        assert_eq!(days().stage(DateTime::<Utc>::MAX_UTC), Stage::Closed);
    }

    #[test]
    fn a_refusal_names_the_day_and_who_can_extend() {
        let said = |local: &str| days().refusal(at(local), "scale", "2026").map(|one| (one.code, one.text));
        assert_eq!(said("2026-11-01T00:00:00"), None);
        assert_eq!(said("2026-12-10T23:59:59"), None);
        let (code, text) = said("2026-10-31T23:59:59").unwrap();
        assert_eq!(code, "collection_not_open");
        assert!(text.en.contains("not open before 2026-11-01") && text.zh.contains("2026-11-01"), "{text:?}");
        let (code, text) = said("2026-12-11T00:00:00").unwrap();
        assert_eq!(code, "collection_closed");
        assert!(text.en.contains("closed since the end of 2026-12-10") && text.en.contains("PROVINCE"), "{text:?}");
        assert!(text.zh.contains("2026-12-10") && text.zh.contains("PROVINCE"), "{text:?}");
    }

    proptest! {
        /// Held against the seconds of the days, counted another way.
        #[test]
        fn stages_follow_each_other(
            opens in 0_i64..20_000, due in 0_i64..400, closes in 0_i64..100, longer in proptest::option::of(0_i64..600),
            second in -86_400_i64..86_400, near in 0_usize..4,
        ) {
            let date = |day: i64| NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + TimeDelta::days(day);
            let (due, closes) = (opens + due, opens + due + closes);
            let until = longer.map(|longer| opens + longer);
            let days = Days { opens_on: date(opens), due_on: date(due), closes_on: date(closes) }
                .extended(until.map(date));
            // Local midnight of a day, in seconds of UTC.
            let midnight = |day: i64| day * 86_400 - 8 * 3_600;
            let (due, closes) = (due.max(until.unwrap_or(due)), closes.max(until.unwrap_or(closes)));
            let boundary = [opens, due + 1, closes + 1, opens - 3][near];
            let instant = midnight(boundary) + second;
            let expected = if instant < midnight(opens) {
                Stage::Upcoming
            } else if instant < midnight(due + 1) {
                Stage::Open
            } else if instant < midnight(closes + 1) {
                Stage::Overdue
            } else {
                Stage::Closed
            };
            prop_assert_eq!(days.stage(DateTime::from_timestamp(instant, 0).unwrap()), expected);
        }
    }
}
