//! The table that no school states: what the registry's partnerships come to, school by school.
//!
//! It is part of the catalogue of every installation, and of no list of it: neither the files of a province nor its
//! officials make or change it. Whoever names it is answered like of any other table. Its figures are sums of rows
//! that are public one by one, so its lines are public, too.

use chrono::NaiveDate;
use entity::{
    dataset,
    ids::{DatasetCode, IndicatorCode},
    indicator, partnership,
    words::{Aggregation, Disclosure, Partition, PartnershipState, PeriodKind},
};

use super::registry::Registry;
use crate::formats::{columns::Series, document::Status};

/// The code of the table.
pub const PARTNERSHIPS: &str = "partnerships";

/// How many stand.
pub const COUNT: &str = "partnerships.count";
/// How many students are in them.
pub const STUDENTS: &str = "partnerships.students";
/// What is put into them.
pub const INVESTMENT: &str = "partnerships.investment";

/// Places of an amount of money in yuan.
pub const MONEY: i16 = 2;

/// Whether a table is derived: nobody states it, and nobody is expected to.
pub fn is_derived(dataset: &str) -> bool {
    dataset == PARTNERSHIPS
}

/// A line by its code, its names, its unit's names and its decimals.
type Named = (&'static str, &'static str, &'static str, (&'static str, &'static str), i16);

/// The table and its lines, in order.
pub(super) fn catalogue() -> (dataset::Model, Vec<indicator::Model>) {
    let dataset = dataset::Model {
        code: DatasetCode::from(PARTNERSHIPS),
        position: i32::MAX,
        name: "校企合作统计".to_owned(),
        name_en: Some("Partnerships of schools and enterprises".to_owned()),
        period_kind: PeriodKind::CalendarYear,
        source: "由登记的校企合作汇总".to_owned(),
        valid_from: None,
        valid_to: None,
        version: 1,
        parted_by: Partition::City,
    };
    let lines = [
        (COUNT, "校企合作数", "Partnerships", ("项", "partnerships"), 0),
        (STUDENTS, "校企合作学生数", "Students in partnerships", ("人", "persons"), 0),
        (INVESTMENT, "校企合作投入", "Investment in partnerships", ("元", "yuan"), MONEY),
    ];
    let line = |(number, (code, zh, en, (unit, unit_en), decimals)): (i32, Named)| indicator::Model {
        code: IndicatorCode::from(code),
        dataset_code: dataset.code.clone(),
        position: i32::MAX,
        line_no: number.to_string(),
        parent_code: None,
        within_code: None,
        is_parts_complete: false,
        is_required: false,
        is_starred: false,
        label: zh.to_owned(),
        label_en: Some(en.to_owned()),
        printed_label: zh.to_owned(),
        unit: unit.to_owned(),
        unit_en: Some(unit_en.to_owned()),
        decimals,
        aggregation: Aggregation::Sum,
        weight_code: None,
        minimum: Some(0),
        maximum: None,
        threshold: None,
        better: None,
        usual_change: None,
        disclosure: Disclosure::Public,
        source: dataset.source.clone(),
        valid_from: None,
        valid_to: None,
        version: 1,
    };
    let lines = (1..).zip(lines).map(line).collect();
    (dataset, lines)
}

/// Whether a partnership stood on at least one of some days. One without a first day is taken to have stood always:
/// nobody has said since when.
pub fn stood(row: &partnership::Model, first: NaiveDate, last: NaiveDate) -> bool {
    matches!(row.state, PartnershipState::Active | PartnershipState::Ended)
        && row.starts_on.is_none_or(|from| from <= last)
        && row.ends_on.is_none_or(|until| until >= first)
}

/// What some partnerships come to. Where none of them says a number there is none: that is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many they are.
    pub count: i64,
    /// Heads, of those that say how many.
    pub students: Option<i64>,
    /// Hundredths of a yuan, of those that say how many.
    pub investment: Option<i64>,
}

impl Total {
    /// With one more.
    #[must_use]
    pub fn with(self, row: &partnership::Model) -> Self {
        let more = |sum: Option<i64>, one: Option<i64>| match (sum, one) {
            (Some(sum), Some(one)) => Some(sum.saturating_add(one)),
            (sum, one) => sum.or(one),
        };
        Self {
            count: self.count.saturating_add(1),
            students: more(self.students, row.students.map(i64::from)),
            investment: more(self.investment, row.investment),
        }
    }
}

/// What the partnerships of one school that stood on some days come to.
pub fn of_school(registry: &Registry, school: &str, (first, last): (NaiveDate, NaiveDate)) -> Total {
    let rows = registry.partnerships.of(school).filter(|row| stood(row, first, last));
    rows.fold(Total::default(), Total::with)
}

/// The columns of the derived table over some schools: a line each, in order. A school without a partnership has
/// zeros; one of whose partnerships none says a number has none.
pub fn series<'s>(
    registry: &Registry,
    schools: impl Iterator<Item = &'s str>,
    days: (NaiveDate, NaiveDate),
) -> Vec<Series> {
    let totals: Vec<Total> = schools.map(|school| of_school(registry, school, days)).collect();
    let column = |code: &str, decimals: i16, value: fn(&Total) -> Option<i64>| Series {
        code: code.to_owned(),
        decimals,
        cells: totals
            .iter()
            .map(|total| {
                let none = (total.count == 0).then_some(0);
                value(total).or(none).map(|value| (Some(value), Status::Reported))
            })
            .collect(),
    };
    vec![
        column(COUNT, 0, |total| Some(total.count)),
        column(STUDENTS, 0, |total| total.students),
        column(INVESTMENT, MONEY, |total| total.investment),
    ]
}
