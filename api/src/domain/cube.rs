//! The one cube: groups of schools, and every statistic of an indicator over them, exactly.
//!
//! Released blocks, accepted heads and current heads are all columns on a frame, and all
//! are counted here. Only reported and estimated values contribute. No floating point.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use entity::words::{Aggregation, Ownership, SchoolCategory, SchoolTier};
use rust_decimal::Decimal;

use crate::{
    formats::{decimal, document::Status},
    memory::{
        columns::Column,
        frame::{Frame, FrameIndicator, FrameSchool},
        search::Words,
    },
};

/// By what schools are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// By prefecture.
    City,
    /// By who runs them.
    Ownership,
    /// By field.
    Category,
    /// By level.
    Tier,
    /// By consortium; a school counts in each of its own.
    Consortium,
}

/// Which schools count at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only these cities.
    pub city: Option<Vec<String>>,
    /// Only these owners.
    pub ownership: Option<Vec<Ownership>>,
    /// Only these fields.
    pub category: Option<Vec<SchoolCategory>>,
    /// Only these levels.
    pub tier: Option<Vec<SchoolTier>>,
    /// Only members of this consortium.
    pub consortium: Option<String>,
    /// Only schools that answer to these words.
    pub search: Option<String>,
}

impl Filter {
    /// Whether it keeps every school.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn keeps(&self, frame: &Frame, at: usize, school: &FrameSchool, words: Option<&Words>) -> bool {
        fn among<T: PartialEq>(wanted: Option<&Vec<T>>, is: Option<T>) -> bool {
            wanted.is_none_or(|wanted| is.is_some_and(|is| wanted.contains(&is)))
        }
        self.city.as_ref().is_none_or(|cities| cities.contains(&school.city))
            && among(self.ownership.as_ref(), school.ownership())
            && among(self.category.as_ref(), school.category())
            && among(self.tier.as_ref(), school.tier())
            && self
                .consortium
                .as_ref()
                .is_none_or(|code| frame.members(code).is_some_and(|members| members.binary_search(&at).is_ok()))
            && words.is_none_or(|words| words.find(&school.found))
    }
}

/// What the schools of a group have in common; nothing for a dimension that was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// GB/T 2260.
    pub city: Option<String>,
    /// Who runs them.
    pub ownership: Option<Ownership>,
    /// Their field.
    pub category: Option<SchoolCategory>,
    /// Their level.
    pub tier: Option<SchoolTier>,
    /// The code of the consortium.
    pub consortium: Option<String>,
}

/// The schools of a frame, parted into groups.
#[derive(Debug)]
pub struct Grouping {
    /// The groups that have a school, in the order of their keys; without dimensions exactly one.
    pub keys: Vec<GroupKey>,
    /// The schools of each group.
    pub members: Vec<Vec<usize>>,
    /// Where the groups of each school begin in `of`.
    starts: Vec<usize>,
    of: Vec<usize>,
}

/// A group's key as one number, whose order is the order of the keys: comparing texts school by
/// school would cost more than everything that is computed from the groups.
#[derive(Clone, Copy, Debug)]
struct Packed {
    key: usize,
    /// How many keys there can be.
    room: usize,
}

impl Packed {
    const EMPTY: Self = Self { key: 0, room: 1 };

    /// The key with a further dimension of so many values; what is absent comes first, as in `Option`.
    const fn and(self, value: Option<usize>, values: usize) -> Self {
        let digit = match value {
            Some(value) => value + 1,
            None => 0,
        };
        Self { key: self.key * (values + 1) + digit, room: self.room * (values + 1) }
    }
}

/// Where a word stands in its list.
fn position<T: PartialEq>(list: &[T], word: Option<T>) -> Option<usize> {
    list.iter().position(|other| word.as_ref() == Some(other))
}

/// Schools by packed key.
type Parted = BTreeMap<usize, Vec<usize>>;

/// More keys than this are found in a map, fewer by their place in a list.
const ROOM: usize = 1 << 16;

/// Groups schools by their packed keys, in the order of these.
fn part(keyed: impl Iterator<Item = (usize, usize)>, room: usize) -> Parted {
    if room > ROOM {
        let mut parted = Parted::new();
        for (key, school) in keyed {
            parted.entry(key).or_default().push(school);
        }
        return parted;
    }
    let mut parted: Vec<Vec<usize>> = vec![Vec::new(); room];
    for (key, school) in keyed {
        if let Some(members) = parted.get_mut(key) {
            members.push(school);
        }
    }
    parted.into_iter().enumerate().filter(|(_, members)| !members.is_empty()).collect()
}

impl Grouping {
    /// Parts the schools that the filter and `within` keep.
    pub fn new(frame: &Frame, by: &[Dimension], filter: &Filter, within: impl Fn(&FrameSchool) -> bool) -> Self {
        let asked = |dimension| by.contains(&dimension);
        let (city, ownership, category, tier) =
            (asked(Dimension::City), asked(Dimension::Ownership), asked(Dimension::Category), asked(Dimension::Tier));
        let pack = |school: &FrameSchool| {
            let mut packed = Packed::EMPTY;
            if city {
                packed = packed.and(Some(school.city_at()), frame.cities.len());
            }
            if ownership {
                packed = packed.and(position(Ownership::ALL, school.ownership()), Ownership::ALL.len());
            }
            if category {
                packed = packed.and(position(SchoolCategory::ALL, school.category()), SchoolCategory::ALL.len());
            }
            if tier {
                packed = packed.and(position(SchoolTier::ALL, school.tier()), SchoolTier::ALL.len());
            }
            packed
        };
        let words = filter.search.as_deref().map(Words::new);
        let is_kept =
            |at: usize, school: &FrameSchool| within(school) && filter.keeps(frame, at, school, words.as_ref());
        let room = frame.schools.first().map_or(1, |school| pack(school).room);
        let kept = frame.schools.iter().enumerate().filter(|(at, school)| is_kept(*at, school));
        let parted = if asked(Dimension::Consortium) {
            let packed: HashMap<usize, usize> = kept.map(|(at, school)| (at, pack(school).key)).collect();
            let consortia = frame.consortia.len();
            let of =
                |members: &[usize]| members.iter().filter_map(|at| Some((*packed.get(at)?, *at))).collect::<Vec<_>>();
            let keyed = frame.consortia.values().enumerate().flat_map(|(consortium, members)| {
                of(members).into_iter().map(move |(key, at)| (key * consortia + consortium, at))
            });
            part(keyed, room.saturating_mul(consortia.max(1)))
        } else {
            part(kept.map(|(at, school)| (pack(school).key, at)), room)
        };

        let consortia: Vec<&String> = frame.consortia.keys().collect();
        let mut keys = Vec::with_capacity(parted.len());
        let mut members = Vec::with_capacity(parted.len());
        for (key, schools) in parted {
            let Some(school) = schools.first().and_then(|at| frame.schools.get(*at)) else { continue };
            let consortium =
                || key.checked_rem(consortia.len()).and_then(|at| consortia.get(at)).map(|code| (*code).clone());
            keys.push(GroupKey {
                city: city.then(|| school.city.clone()),
                ownership: school.ownership().filter(|_| ownership),
                category: school.category().filter(|_| category),
                tier: school.tier().filter(|_| tier),
                consortium: if asked(Dimension::Consortium) { consortium() } else { None },
            });
            members.push(schools);
        }
        if by.is_empty() && keys.is_empty() {
            keys.push(GroupKey::default());
            members.push(Vec::new());
        }
        Self::indexed(keys, members, frame.schools.len())
    }

    fn indexed(keys: Vec<GroupKey>, members: Vec<Vec<usize>>, schools: usize) -> Self {
        // How many groups each school has, then where each school's begin, then the groups themselves.
        let mut starts = vec![0_usize; schools + 1];
        for at in members.iter().flatten() {
            if let Some(count) = starts.get_mut(*at) {
                *count += 1;
            }
        }
        let mut begun = 0;
        for start in &mut starts {
            let count = std::mem::replace(start, begun);
            begun += count;
        }
        let mut of = vec![0_usize; begun];
        let mut next = starts.clone();
        for (group, members) in members.iter().enumerate() {
            for at in members {
                if let Some(slot) = next.get_mut(*at) {
                    if let Some(of) = of.get_mut(*slot) {
                        *of = group;
                    }
                    *slot += 1;
                }
            }
        }
        Self { keys, members, starts, of }
    }

    fn groups_of(&self, school: usize) -> &[usize] {
        let (Some(from), Some(to)) = (self.starts.get(school), self.starts.get(school + 1)) else { return &[] };
        self.of.get(*from..*to).unwrap_or_default()
    }
}

/// Every statistic of one indicator over one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// How many schools contributed.
    pub schools: Option<usize>,
    /// How many should have.
    pub expected: Option<usize>,
    /// By the indicator's own rule.
    pub value: Option<Decimal>,
    /// The sum of the values.
    pub sum: Option<Decimal>,
    /// Their arithmetic mean.
    pub mean: Option<Decimal>,
    /// Their median; quartiles and median interpolate linearly (R type 7).
    pub median: Option<Decimal>,
    /// The smallest.
    pub min: Option<Decimal>,
    /// The largest.
    pub max: Option<Decimal>,
    /// The lower quartile.
    pub p25: Option<Decimal>,
    /// The upper quartile.
    pub p75: Option<Decimal>,
    /// What the cell says.
    pub status: Status,
    /// What outsiders see of it, for officials of its schools.
    pub outside: Outside,
}

/// What outsiders see of a figure that an official is told of as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Nobody but officials of its schools is told of it.
    pub is_withheld: bool,
    /// Everybody else is still told the figure of this version.
    pub stands_since: Option<Arc<str>>,
}

impl Outside {
    /// The same as officials.
    pub const SAME: Self = Self { is_withheld: false, stands_since: None };
}

impl Figures {
    /// A figure that is there and not for this caller.
    pub const SUPPRESSED: Self = Self {
        schools: None,
        expected: None,
        value: None,
        sum: None,
        mean: None,
        median: None,
        min: None,
        max: None,
        p25: None,
        p75: None,
        status: Status::Suppressed,
        outside: Outside::SAME,
    };

    /// With the own statistic in its own place, beside `value`.
    #[must_use]
    pub fn with_own_statistic(self, rule: Aggregation) -> Self {
        let own = |which: Aggregation| if which == rule { self.value } else { None };
        let (sum, mean, median) = (own(Aggregation::Sum), own(Aggregation::Mean), own(Aggregation::Median));
        Self { sum, mean, median, ..self }
    }

    /// Only the indicator's own statistic: what may be told of a protected indicator.
    #[must_use]
    pub fn own_statistic_only(&self, rule: Aggregation) -> Self {
        let keep = |which: Aggregation, value: Option<Decimal>| if which == rule { value } else { None };
        Self {
            sum: keep(Aggregation::Sum, self.sum),
            mean: keep(Aggregation::Mean, self.mean),
            median: keep(Aggregation::Median, self.median),
            min: None,
            max: None,
            p25: None,
            p75: None,
            ..self.clone()
        }
    }
}

/// What one pass over a column gathers for a group.
#[derive(Clone, Debug, Default)]
struct Gathered {
    /// Smallest first: the column is walked in that order.
    values: Vec<i64>,
    sum: i128,
    weighted: i128,
    weights: i128,
    estimated: bool,
}

/// All figures of one indicator, one for each group.
pub fn figures(grouping: &Grouping, line: &FrameIndicator, column: &Column, weight: Option<&Column>) -> Vec<Figures> {
    let is_weighted = line.aggregation() == Aggregation::WeightedMean;
    let mut groups = vec![Gathered::default(); grouping.keys.len()];
    for (group, members) in groups.iter_mut().zip(&grouping.members) {
        group.values.reserve_exact(members.len());
    }
    for (school, value) in column.ranked() {
        let Ok(school) = usize::try_from(*school) else { continue };
        let weight = match (is_weighted, weight) {
            (true, Some(weights)) => match weights.value(school) {
                Some(weight) => i128::from(weight),
                // A weighted mean is over the schools that have both.
                None => continue,
            },
            _ => 1,
        };
        let is_estimate = matches!(column.cells.get(school), Some(Some((_, Status::Estimated))));
        for group in grouping.groups_of(school) {
            if let Some(group) = groups.get_mut(*group) {
                group.values.push(*value);
                group.sum += i128::from(*value);
                group.weighted += i128::from(*value) * weight;
                group.weights += weight;
                group.estimated |= is_estimate;
            }
        }
    }
    groups.iter().zip(&grouping.members).map(|(group, members)| summed_up(group, members, line, column)).collect()
}

fn summed_up(group: &Gathered, members: &[usize], line: &FrameIndicator, column: &Column) -> Figures {
    let factor = decimal::factor(line.decimals);
    let count = group.values.len();
    let mean = i128::try_from(count).ok().and_then(|count| decimal::quotient(group.sum, count * factor));
    let median = quantile(&group.values, 2, factor);
    let exact = |value: Option<&i64>| value.map(|value| decimal::exact(i128::from(*value), line.decimals));
    let sum = (count > 0).then(|| decimal::exact(group.sum, line.decimals));
    let value = match line.aggregation() {
        Aggregation::Sum => sum,
        Aggregation::Mean => mean,
        Aggregation::Median => median,
        Aggregation::WeightedMean => decimal::quotient(group.weighted, group.weights.saturating_mul(factor)),
    };
    let status = if value.is_some() {
        if group.estimated { Status::Estimated } else { Status::Reported }
    } else {
        let not_applicable = |at: &usize| matches!(column.cells.get(*at), Some(Some((_, Status::NotApplicable))));
        if !members.is_empty() && members.iter().all(not_applicable) { Status::NotApplicable } else { Status::Missing }
    };
    Figures {
        schools: Some(count),
        expected: Some(members.len()),
        value,
        sum,
        mean,
        median,
        min: exact(group.values.first()),
        max: exact(group.values.last()),
        p25: quantile(&group.values, 1, factor),
        p75: quantile(&group.values, 3, factor),
        status,
        outside: Outside::SAME,
    }
}

/// The `quarter`-th quartile of sorted values by linear interpolation (R type 7), exactly.
fn quantile(sorted: &[i64], quarter: usize, factor: i128) -> Option<Decimal> {
    let place = sorted.len().checked_sub(1)? * quarter;
    let (at, rest) = (place / 4, i128::try_from(place % 4).ok()?);
    let low = i128::from(*sorted.get(at)?);
    let high = i128::from(*sorted.get(at + 1).or_else(|| sorted.get(at))?);
    decimal::quotient(low * (4 - rest) + high * rest, 4 * factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(decimal: Option<Decimal>) -> Option<String> {
        decimal.map(|decimal| decimal.to_string())
    }

    #[test]
    fn quartiles_interpolate_as_spreadsheets_do() {
        // QUARTILE.INC({1,2,3,4}; 1|2|3)
        let values = [1, 2, 3, 4];
        assert_eq!(text(quantile(&values, 1, 1)).as_deref(), Some("1.75"));
        assert_eq!(text(quantile(&values, 2, 1)).as_deref(), Some("2.5"));
        assert_eq!(text(quantile(&values, 3, 1)).as_deref(), Some("3.25"));
        assert_eq!(text(quantile(&[7], 3, 1)).as_deref(), Some("7"));
        assert_eq!(quantile(&[], 2, 1), None);
    }

    const CITIES: [&str; 3] = ["620100", "620200", "620500"];

    /// A frame of schools, each by its city, owner, field, level and the consortia it is in.
    fn frame(schools: &[(usize, usize, usize, usize, [bool; 2])]) -> Frame {
        let all: Vec<serde_json::Value> = schools
            .iter()
            .enumerate()
            .map(|(at, (city, ownership, category, tier, _))| {
                serde_json::json!({
                    "code": format!("{at:05}"), "names": "", "city": CITIES[*city],
                    "ownership": Ownership::ALL[*ownership].word(),
                    "category": SchoolCategory::ALL[*category].word(),
                    "tier": SchoolTier::ALL.get(*tier).map_or("a word of tomorrow", |tier| tier.word()),
                })
            })
            .collect();
        let members = |which: usize| -> Vec<usize> {
            schools.iter().enumerate().filter(|(_, school)| school.4[which]).map(|(at, _)| at).collect()
        };
        let document = serde_json::json!({
            "schools": all, "indicators": {}, "consortia": { "C1": members(0), "C2": members(1) },
        });
        Frame::read(&document.to_string()).unwrap()
    }

    proptest! {
        #[test]
        fn groups_are_those_of_a_map_of_keys(
            schools in proptest::collection::vec((0..3_usize, 0..2_usize, 0..8_usize, 0..5_usize, any::<[bool; 2]>()), 0..40),
            asked in any::<[bool; 5]>(),
        ) {
            let frame = frame(&schools);
            let all = [Dimension::City, Dimension::Ownership, Dimension::Category, Dimension::Tier, Dimension::Consortium];
            let by: Vec<Dimension> = all.into_iter().zip(asked).filter(|(_, asked)| *asked).map(|(one, _)| one).collect();
            let mut expected: BTreeMap<GroupKey, Vec<usize>> = BTreeMap::new();
            if by.is_empty() {
                expected.insert(GroupKey::default(), Vec::new());
            }
            for (at, (school, (.., member_of))) in frame.schools.iter().zip(&schools).enumerate() {
                let key = GroupKey {
                    city: asked[0].then(|| school.city.clone()),
                    ownership: school.ownership().filter(|_| asked[1]),
                    category: school.category().filter(|_| asked[2]),
                    tier: school.tier().filter(|_| asked[3]),
                    consortium: None,
                };
                if asked[4] {
                    for (code, _) in ["C1", "C2"].into_iter().zip(member_of).filter(|(_, is_member)| **is_member) {
                        let key = GroupKey { consortium: Some(code.to_owned()), ..key.clone() };
                        expected.entry(key).or_default().push(at);
                    }
                } else {
                    expected.entry(key).or_default().push(at);
                }
            }
            let grouping = Grouping::new(&frame, &by, &Filter::default(), |_| true);
            for (school, _) in schools.iter().enumerate() {
                let of: Vec<usize> = expected.values().enumerate().filter(|(_, all)| all.contains(&school)).map(|(group, _)| group).collect();
                prop_assert_eq!(grouping.groups_of(school), of);
            }
            prop_assert_eq!(grouping.keys, expected.keys().cloned().collect::<Vec<_>>());
            prop_assert_eq!(grouping.members, expected.into_values().collect::<Vec<_>>());
        }

        #[test]
        fn quartiles_lie_between_their_neighbours(mut values in proptest::collection::vec(-1_000_000_i64..1_000_000, 1..60)) {
            values.sort_unstable();
            let quartile = |quarter| quantile(&values, quarter, 1).unwrap();
            let (low, high) = (Decimal::from(values[0]), Decimal::from(values[values.len() - 1]));
            prop_assert!(low <= quartile(1) && quartile(1) <= quartile(2));
            prop_assert!(quartile(2) <= quartile(3) && quartile(3) <= high);
        }
    }
}
