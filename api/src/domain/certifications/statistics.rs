//! How many teachers are certified: by level, category, tier and city, with what documents counted before.
//!
//! Officials count what is in their scope, exactly. Everybody else is told one table, by level and category, and
//! its margins; what would tell of fewer than [`K`] teachers or schools is kept back there, with enough beside it
//! that no subtraction brings it out (`Pattern`).

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hash,
};

use entity::{
    teacher_certificate as certificate, teacher_certification_count as count,
    words::{SchoolTier, TeacherCategory as Category, TeacherLevel as Level},
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    authz::{self, Role},
    ctx::Ctx,
    domain::disclosure::K,
    error::{Error, Result, Text},
};

/// By what teachers are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Junior, intermediate, senior.
    Level,
    /// As the printed tables part schools.
    Category,
    /// By the tier of the school.
    Tier,
    /// By the city of the school.
    City,
}

impl By {
    /// Every one of them.
    pub const ALL: &'static [Self] = &[Self::Level, Self::Category, Self::Tier, Self::City];

    /// The word of REST.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Category => "category",
            Self::Tier => "tier",
            Self::City => "city",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Basis {
    /// Certificates of this service and what was counted before.
    #[default]
    All,
    /// Certificates of this service that are valid today.
    Certificates,
    /// What documents say of the time before.
    Historical,
}

impl Basis {
    /// Every one of them.
    pub const ALL: &'static [Self] = &[Self::All, Self::Certificates, Self::Historical];

    /// The word of REST.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Certificates => "certificates",
            Self::Historical => "historical",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The groups.
    pub by: Vec<By>,
    /// What is counted.
    pub basis: Basis,
    /// Only the caller's own schools: for cities and schools.
    pub is_own: bool,
}

/// Of which schools and levels a number is; what is not asked for, or not known, is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The level.
    pub level: Option<Level>,
    /// The category of the schools.
    pub category: Option<Category>,
    /// Their tier; documents do not say it.
    pub tier: Option<SchoolTier>,
    /// Their city, by code; documents do not say it.
    pub city: Option<String>,
}

/// How many, group by group; nothing where the number is kept back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// All groups together.
    pub total: Option<u64>,
    /// The groups that have somebody, in order.
    pub groups: Vec<(Group, Option<u64>)>,
}

/// The category of a tier: 高职 are all schools of higher vocational education below the bachelor.
pub const fn category(tier: SchoolTier) -> Category {
    match tier {
        SchoolTier::UndergraduateVocational => Category::UndergraduateVocational,
        SchoolTier::HigherVocational | SchoolTier::JuniorCollege => Category::HigherVocational,
        SchoolTier::SecondaryVocational => Category::SecondaryVocational,
    }
}

/// Teachers, and the schools that they are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    teachers: u64,
    schools: BTreeSet<String>,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.teachers += other.teachers;
        self.schools.extend(other.schools.iter().cloned());
    }

    fn of<'s>(parts: impl IntoIterator<Item = &'s Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut sum, part| {
            sum.add(part);
            sum
        })
    }

    /// Whether it tells of somebody, and of too few.
    fn is_small(&self) -> bool {
        self.teachers > 0 && (self.teachers < u64::try_from(K).unwrap_or(u64::MAX) || self.schools.len() < K)
    }
}

/// Certificates of one school and level.
struct Line {
    school: String,
    level: Level,
    tier: SchoolTier,
    city: String,
    teachers: u64,
}

/// Counts.
///
/// # Errors
/// 403 for groups that are not told to everybody.
pub async fn ask(ctx: &Ctx, question: &Question) -> Result<Counted> {
    let by: BTreeSet<By> = question.by.iter().copied().collect();
    let sees_all = ctx.actor.role == Role::Province && !question.is_own;
    let is_own = question.is_own && matches!(ctx.actor.role, Role::Province | Role::City | Role::School);
    if question.is_own && !is_own {
        return Err(Error::Forbidden(Text::new(
            "own 仅适用于 CITY、SCHOOL 与 PROVINCE",
            "`own` is for CITY, SCHOOL and PROVINCE",
        )));
    }
    if !sees_all && !is_own && by.iter().any(|one| matches!(one, By::Tier | By::City)) {
        return Err(Error::Forbidden(Text::new(
            "按层次（tier）或市州（city）的人数仅向 PROVINCE 公开，CITY、SCHOOL 可用 own 查看本辖区或本校；公众可按 level、category 查询",
            "Numbers by tier or city are for PROVINCE, and with `own` for CITY and SCHOOL of their schools; everybody may ask by level and category",
        )));
    }
    let lines = if question.basis == Basis::Historical { Vec::new() } else { lines(ctx, is_own).await? };
    let counts = if question.basis == Basis::Certificates || (is_own && ctx.actor.role != Role::Province) {
        Vec::new()
    } else {
        authz::whole::<count::Entity>().order_by_asc(count::Column::Position).all(ctx.db.read()).await?
    };
    let mut groups: BTreeMap<Group, u64> = BTreeMap::new();
    let wants = |one: By| by.contains(&one);
    for line in &lines {
        let group = Group {
            level: wants(By::Level).then_some(line.level),
            category: wants(By::Category).then(|| category(line.tier)),
            tier: wants(By::Tier).then_some(line.tier),
            city: wants(By::City).then(|| line.city.clone()),
        };
        *groups.entry(group).or_default() += line.teachers;
    }
    for row in &counts {
        let group = Group {
            level: wants(By::Level).then_some(row.level),
            category: wants(By::Category).then_some(row.category),
            ..Group::default()
        };
        *groups.entry(group).or_default() += u64::try_from(row.teachers).unwrap_or(0);
    }
    groups.retain(|_, teachers| *teachers > 0);
    let total = groups.values().sum();
    let pattern = if sees_all || is_own { Pattern::default() } else { Pattern::of(&lines) };
    let told = |group: &Group, teachers: u64| (!pattern.hides(group)).then_some(teachers);
    Ok(Counted {
        total: told(&Group::default(), total),
        groups: groups
            .into_iter()
            .filter(|(group, _)| !by.is_empty() || *group != Group::default())
            .map(|(group, teachers)| {
                let said = told(&group, teachers);
                (group, said)
            })
            .collect(),
    })
}

/// The valid certificates, by school and level: one statement.
async fn lines(ctx: &Ctx, is_own: bool) -> Result<Vec<Line>> {
    use certificate::Column as C;
    let today = ctx.actor.today();
    let rows: Vec<(String, Level, i64)> = ctx
        .visible::<certificate::Entity>()
        .filter(C::RevokedAt.is_null())
        .filter(C::ValidFrom.lte(today))
        .filter(C::ValidUntil.gte(today))
        .select_only()
        .column(C::SchoolCode)
        .column(C::Level)
        .column_as(C::Code.count(), "teachers")
        .group_by(C::SchoolCode)
        .group_by(C::Level)
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    let registry = ctx.memory.registry();
    let lines = rows.into_iter().filter_map(|(code, level, teachers)| {
        let school = registry.schools.get(&code)?;
        let city = school.city_code.0.clone();
        let is_there = !is_own || ctx.actor.covers(&code, &city);
        let teachers = u64::try_from(teachers).ok()?;
        is_there.then_some(Line { school: code, level, tier: school.tier, city, teachers })
    });
    Ok(lines.collect())
}

/// What is kept back of the one table that everybody is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pattern {
    is_total_hidden: bool,
    levels: BTreeSet<Level>,
    categories: BTreeSet<Category>,
    cells: BTreeSet<(Level, Category)>,
}

impl Pattern {
    fn of(lines: &[Line]) -> Self {
        let mut cells: BTreeMap<(Level, Category), Sum> = BTreeMap::new();
        for line in lines {
            let sum = Sum { teachers: line.teachers, schools: BTreeSet::from([line.school.clone()]) };
            cells.entry((line.level, category(line.tier))).or_default().add(&sum);
        }
        Self::of_cells(&cells)
    }

    fn of_cells(cells: &BTreeMap<(Level, Category), Sum>) -> Self {
        let mut pattern = Self { is_total_hidden: Sum::of(cells.values()).is_small(), ..Self::default() };
        let margin = |keeps: &dyn Fn(&(Level, Category)) -> bool| {
            Sum::of(cells.iter().filter(|(key, _)| keeps(key)).map(|(_, sum)| sum))
        };
        let levels: BTreeMap<Level, Sum> =
            Level::ALL.iter().map(|level| (*level, margin(&|key| key.0 == *level))).collect();
        let categories: BTreeMap<Category, Sum> =
            Category::ALL.iter().map(|one| (*one, margin(&|key| key.1 == *one))).collect();
        pattern.levels = small(&levels);
        pattern.categories = small(&categories);
        pattern.cells = small(cells);
        // A margin that cannot be covered takes the total along; then everything is hidden.
        if pattern.is_total_hidden
            || !cover(&levels, &mut pattern.levels)
            || !cover(&categories, &mut pattern.categories)
        {
            return Self::all(cells);
        }
        loop {
            let before = pattern.clone();
            for level in Level::ALL {
                let line = line(cells, |key| key.0 == *level);
                if !pattern.covers(&line, pattern.levels.contains(level)) {
                    pattern.levels.insert(*level);
                }
            }
            for one in Category::ALL {
                let line = line(cells, |key| key.1 == *one);
                if !pattern.covers(&line, pattern.categories.contains(one)) {
                    pattern.categories.insert(*one);
                }
            }
            if !cover(&levels, &mut pattern.levels) || !cover(&categories, &mut pattern.categories) {
                return Self::all(cells);
            }
            if pattern == before {
                return pattern;
            }
        }
    }

    /// Everything that there is.
    fn all(cells: &BTreeMap<(Level, Category), Sum>) -> Self {
        Self {
            is_total_hidden: true,
            levels: cells.keys().map(|key| key.0).collect(),
            categories: cells.keys().map(|key| key.1).collect(),
            cells: cells.keys().copied().collect(),
        }
    }

    /// Hides so much of a line that its margin does not bring out what is hidden: all of it where the margin
    /// itself is hidden. Nothing is left to hide it behind: `false`.
    fn covers(&mut self, line: &BTreeMap<(Level, Category), Sum>, is_margin_hidden: bool) -> bool {
        if is_margin_hidden {
            self.cells.extend(line.iter().filter(|(_, sum)| sum.teachers > 0).map(|(key, _)| *key));
            return true;
        }
        let mut hidden: BTreeSet<_> = self.cells.iter().filter(|key| line.contains_key(*key)).copied().collect();
        let is_covered = cover(line, &mut hidden);
        self.cells.extend(hidden);
        is_covered
    }

    fn hides(&self, group: &Group) -> bool {
        match (group.level, group.category) {
            (None, None) => self.is_total_hidden,
            (Some(level), None) => self.levels.contains(&level),
            (None, Some(one)) => self.categories.contains(&one),
            (Some(level), Some(one)) => self.cells.contains(&(level, one)),
        }
    }
}

fn line(
    cells: &BTreeMap<(Level, Category), Sum>,
    keeps: impl Fn(&(Level, Category)) -> bool,
) -> BTreeMap<(Level, Category), Sum> {
    cells.iter().filter(|(key, _)| keeps(key)).map(|(key, sum)| (*key, sum.clone())).collect()
}

fn small<T: Copy + Ord>(sums: &BTreeMap<T, Sum>) -> BTreeSet<T> {
    sums.iter().filter(|(_, sum)| sum.is_small()).map(|(key, _)| *key).collect()
}

/// Hides beside what is hidden the smallest of the rest, until they are two at least and together not small.
/// There is not enough: `false`.
fn cover<T: Copy + Ord + Hash>(sums: &BTreeMap<T, Sum>, hidden: &mut BTreeSet<T>) -> bool {
    loop {
        let together = Sum::of(hidden.iter().filter_map(|key| sums.get(key)));
        if hidden.is_empty() || (hidden.len() >= 2 && !together.is_small()) {
            return true;
        }
        let rest = sums.iter().filter(|(key, sum)| sum.teachers > 0 && !hidden.contains(key));
        let Some((next, _)) = rest.min_by_key(|(_, sum)| (sum.teachers, sum.schools.len())) else { return false };
        hidden.insert(*next);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::as_conversions, clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    /// Cells of a number of teachers, one a school.
    fn cells(numbers: &[u64; 9]) -> BTreeMap<(Level, Category), Sum> {
        let keys = Level::ALL.iter().flat_map(|level| Category::ALL.iter().map(move |one| (*level, *one)));
        keys.zip(numbers)
            .filter(|(_, teachers)| **teachers > 0)
            .map(|(key, teachers)| {
                let schools = (0..*teachers).map(|at| format!("{:?}{at}", key.1)).collect();
                (key, Sum { teachers: *teachers, schools })
            })
            .collect()
    }

    #[test]
    fn nothing_is_kept_back_where_nothing_is_small() {
        assert_eq!(Pattern::of_cells(&cells(&[5, 6, 7, 3, 4, 9, 0, 8, 3])), Pattern::default());
        assert_eq!(Pattern::of_cells(&cells(&[0; 9])), Pattern::default());
    }

    #[test]
    fn few_teachers_hide_all_of_a_small_table() {
        let pattern = Pattern::of_cells(&cells(&[1, 0, 0, 0, 1, 0, 0, 0, 0]));
        assert!(pattern.is_total_hidden && pattern.cells.len() == 2 && pattern.levels.len() == 2, "{pattern:?}");
    }

    proptest! {
        /// No sum that is told has one hidden part only, or hidden parts that are few together; and nothing small
        /// is told.
        #[test]
        fn no_subtraction_brings_out_what_is_kept_back(numbers in prop::array::uniform9(prop_oneof![Just(0_u64), 1_u64..12])) {
            let cells = cells(&numbers);
            let pattern = Pattern::of_cells(&cells);
            let sum = |keeps: &dyn Fn(&(Level, Category)) -> bool| Sum::of(cells.iter().filter(|(key, _)| keeps(key)).map(|(_, sum)| sum));
            let covered = |hidden: Vec<Sum>| hidden.is_empty() || (hidden.len() >= 2 && !Sum::of(&hidden).is_small());
            if !pattern.is_total_hidden {
                prop_assert!(!sum(&|_| true).is_small());
                prop_assert!(covered(pattern.levels.iter().map(|level| sum(&|key| key.0 == *level)).collect()));
                prop_assert!(covered(pattern.categories.iter().map(|one| sum(&|key| key.1 == *one)).collect()));
            }
            for level in Level::ALL.iter().filter(|level| !pattern.levels.contains(level)) {
                prop_assert!(!sum(&|key| key.0 == *level).is_small());
                prop_assert!(covered(cells.iter().filter(|(key, _)| key.0 == *level && pattern.cells.contains(key)).map(|(_, sum)| sum.clone()).collect()));
            }
            for one in Category::ALL.iter().filter(|one| !pattern.categories.contains(one)) {
                prop_assert!(!sum(&|key| key.1 == *one).is_small());
                prop_assert!(covered(cells.iter().filter(|(key, _)| key.1 == *one && pattern.cells.contains(key)).map(|(_, sum)| sum.clone()).collect()));
            }
            for (key, sum) in &cells {
                prop_assert!(pattern.cells.contains(key) || !sum.is_small());
                // What is told of all cells of a hidden margin would tell the margin.
                let all_told = |hidden: bool, keeps: &dyn Fn(&(Level, Category)) -> bool| hidden && cells.keys().filter(|key| keeps(key)).all(|key| !pattern.cells.contains(key));
                prop_assert!(!all_told(pattern.levels.contains(&key.0), &|other| other.0 == key.0));
                prop_assert!(!all_told(pattern.categories.contains(&key.1), &|other| other.1 == key.1));
            }
        }
    }
}
