//! What may be told of a protected indicator to somebody who is not an official of its schools.
//!
//! Only the province's total and one partition of the schools, without filters; only the indicator's own statistic
//! and the count; no cell with fewer than [`K`] contributing schools. What that is, cell by cell, is decided once,
//! when a release is built (`deciding`), and stored with it (`writing`). [`gate`] is the one place where it is
//! applied: aggregates, files, SDMX, reports, medians of peers and compliance all come through it.

pub mod deciding;
pub mod giving;
pub mod writing;

use std::{collections::BTreeSet, sync::Arc};

use entity::words::{Disclosure, Partition};

use super::cube::{Dimension, Figures, Filter, GroupKey, Grouping, Outside};
use crate::{
    authz::Actor,
    error::{Error, Result, Text},
    formats::document::Status,
    memory::{
        disclosed::{ToldCell, ToldLine},
        frame::{Frame, FrameIndicator, FrameSchool},
    },
};

/// The fewest schools that a published cell of a protected indicator stands for.
pub const K: usize = 3;

/// The dimension that a partition groups by.
pub const fn dimension(partition: Partition) -> Dimension {
    match partition {
        Partition::City => Dimension::City,
        Partition::Ownership => Dimension::Ownership,
        Partition::Category => Dimension::Category,
        Partition::Tier => Dimension::Tier,
    }
}

/// The group of a school in a partition.
fn group_of(school: &FrameSchool, partition: Partition) -> &str {
    match partition {
        Partition::City => &school.city,
        Partition::Ownership => school.ownership().map_or("", |word| word.word()),
        Partition::Category => school.category().map_or("", |word| word.word()),
        Partition::Tier => school.tier().map_or("", |word| word.word()),
    }
}

/// The name of a group of one dimension; nothing for the whole province.
fn name_of(key: &GroupKey) -> Option<&str> {
    key.city
        .as_deref()
        .or_else(|| key.ownership.map(|word| word.word()))
        .or_else(|| key.category.map(|word| word.word()))
        .or_else(|| key.tier.map(|word| word.word()))
}

/// What is asked, as far as a refusal depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// In which groups.
    pub by: &'a [Dimension],
    /// Over which schools.
    pub filter: &'a Filter,
    /// The one partition of the dataset.
    pub partition: Partition,
    /// Schools that did not stand in the period.
    pub absent: &'a BTreeSet<usize>,
}

impl Question<'_> {
    /// Whether it asks for nothing but the province's total or the one partition.
    pub fn is_plain(&self) -> bool {
        self.filter.is_empty() && (self.by.is_empty() || self.by == [dimension(self.partition)])
    }
}

/// Refuses a question whose answer could be taken apart.
pub fn ask(
    actor: &Actor,
    frame: &Frame,
    grouping: &Grouping,
    code: &str,
    line: &FrameIndicator,
    question: Question<'_>,
) -> Result<()> {
    let all_own = (0..grouping.keys.len()).all(|group| is_own(actor, frame, grouping, group));
    match line.disclosure() {
        Disclosure::Public => Ok(()),
        Disclosure::Aggregate if question.is_plain() || all_own => Ok(()),
        Disclosure::Internal if all_own => Ok(()),
        Disclosure::Aggregate => {
            let (zh, en) = match question.partition {
                Partition::City => ("市州", "city"),
                Partition::Ownership => ("办学性质", "ownership"),
                Partition::Category => ("院校类别", "category"),
                Partition::Tier => ("办学层次", "tier"),
            };
            Err(Error::Forbidden(Text::new(
                format!("“{code}”为受保护指标：只提供全省合计和按{zh}的分组，且不能筛选，以免推算出个别学校的数据"),
                format!(
                    "`{code}` is protected: only the province's total and the groups by {en}, without filters, are \
                     published, so that no school's figure can be worked out"
                ),
            )))
        }
        Disclosure::Internal => Err(Error::Forbidden(Text::new(
            format!("“{code}”仅供主管部门使用"),
            format!("`{code}` is for officials of these schools only"),
        ))),
    }
}

/// Whether every school of a group is within the caller's own scope.
fn is_own(actor: &Actor, frame: &Frame, grouping: &Grouping, group: usize) -> bool {
    grouping.members.get(group).is_some_and(|members| {
        members.iter().all(|at| frame.schools.get(*at).is_some_and(|school| actor.covers(&school.code, &school.city)))
    })
}

/// Whether any group of a question has schools, all of them within the caller's own scope: only then is anything
/// told that is not stored with the release.
pub fn has_own(actor: &Actor, frame: &Frame, grouping: &Grouping) -> bool {
    let has_schools = |group: usize| grouping.members.get(group).is_some_and(|members| !members.is_empty());
    (0..grouping.keys.len()).any(|group| has_schools(group) && is_own(actor, frame, grouping, group))
}

/// Puts together what this caller is told of one indicator of a release: of its own groups `figures` as they are,
/// with what outsiders see of them; of all others what the release tells everybody.
///
/// `told` is nothing where the release has no such table, or nobody may be told of the line; `figures` is nothing
/// for a caller without a group of its own.
pub fn gate(
    actor: &Actor,
    frame: &Frame,
    grouping: &Grouping,
    question: Question<'_>,
    (line, told): (&FrameIndicator, Option<&ToldLine>),
    figures: Option<&[Figures]>,
) -> Vec<Figures> {
    let is_plain = question.is_plain();
    let cells = grouping.keys.iter().enumerate().map(|(group, key)| {
        let members = grouping.members.get(group).map(Vec::as_slice).unwrap_or_default();
        let expected = members.iter().filter(|at| !question.absent.contains(*at)).count();
        let cell = told.filter(|_| is_plain).and_then(|told| match name_of(key) {
            Some(name) => told.groups.get(name),
            None => Some(&told.total),
        });
        match figures.and_then(|figures| figures.get(group)) {
            Some(figures) if !members.is_empty() && is_own(actor, frame, grouping, group) => {
                let is_outside = line.disclosure() == Disclosure::Internal || !is_plain;
                Figures { outside: outside(figures, cell, is_outside), ..figures.clone() }
            }
            _ => shown(line, cell, expected),
        }
    });
    cells.collect()
}

/// What everybody is told of a cell.
fn shown(line: &FrameIndicator, cell: Option<&ToldCell>, expected: usize) -> Figures {
    let nothing =
        Figures { schools: Some(0), expected: Some(expected), status: Status::Missing, ..Figures::SUPPRESSED };
    let Some(cell) = cell else { return nothing };
    let Some(shown) = &cell.shown else { return Figures::SUPPRESSED };
    let value = shown.value.as_deref().and_then(|digits| rust_decimal::Decimal::from_str_exact(digits).ok());
    let status = Status::stated(&shown.status).unwrap_or(Status::Missing);
    // A school that has left a group is still in a figure that stands.
    let expected = Some(expected.max(shown.schools));
    Figures { schools: Some(shown.schools), expected, value, status, ..nothing }.with_own_statistic(line.aggregation())
}

fn outside(figures: &Figures, cell: Option<&ToldCell>, is_outside: bool) -> Outside {
    match cell {
        _ if is_outside => Outside { is_withheld: true, stands_since: None },
        None => Outside::SAME,
        Some(ToldCell { shown: None, .. }) => Outside { is_withheld: true, stands_since: None },
        Some(ToldCell { since, shown: Some(shown) }) => {
            let value = figures.value.map(|value| value.normalize().to_string());
            let is_same = figures.schools == Some(shown.schools) && value == shown.value;
            Outside { is_withheld: false, stands_since: (!is_same).then(|| Arc::clone(since)) }
        }
    }
}
