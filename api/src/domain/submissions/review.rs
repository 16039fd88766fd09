//! What a reviewer holds beside a table: what was accepted before, last year, its peers, and every return.
//!
//! Nothing of it is computed here a second time. Peers' quartiles are the cube's: for officials within their scope
//! what is accepted (`live`), for everything beyond it the newest release, through the same gate as any aggregate.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use entity::{indicator, submission, words::SubmissionState as State};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, QueryFilter};

use super::{
    Key, Taken,
    asking::of_keys,
    diff::{CellDiff, diff, in_form_order},
    history::{self, Past, Sight},
    seeing::sees_values,
};
use crate::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        aggregates::{self, Ask, MAX_INDICATORS, Told},
        cube::{Dimension, Figures, GroupKey},
        disclosure::K,
        periods::Period,
        releases,
    },
    error::{Error, Result, Text},
    formats::{
        decimal,
        document::{Cells, Status},
    },
    memory::registry::Registry,
};

/// What differs from a table that was there before.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The period of what it is compared with.
    pub period: String,
    /// The revision of what it is compared with.
    pub revision: i32,
    /// What differs, in the order of the form.
    pub diff: Vec<CellDiff>,
}

/// With what a table is compared for its review.
#[derive(Clone, Debug, Default)]
pub struct Comparisons {
    /// With the revision that was accepted last; nothing where none was.
    pub accepted: Option<Compared>,
    /// With the same table of the period before: what was accepted of it, or else the newest revision that the
    /// caller may see.
    pub last_year: Option<Compared>,
}

/// The comparisons of several tables, in three statements; left out where the values are not the caller's to see.
pub async fn comparisons(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    rows: &[submission::Model],
) -> Result<HashMap<Key, Comparisons>> {
    let registry = ctx.memory.registry();
    let open: Vec<&submission::Model> = rows.iter().filter(|row| sees_values(ctx, &registry, row)).collect();
    let mut all = HashMap::new();
    for chunk in open.chunks(100) {
        let earlier: Vec<Key> = chunk.iter().filter_map(|row| before(&Key::of(row))).collect();
        let wanted = of_keys::<submission::Column>(&earlier);
        let earlier = ctx.visible::<submission::Entity>().filter(wanted).all(db).await?;
        let tables: Vec<submission::Model> = chunk.iter().copied().chain(&earlier).cloned().collect();
        let pasts = history::pasts(ctx, db, &tables).await?;
        let accepted: HashMap<Key, Option<i32>> =
            tables.iter().map(|row| (Key::of(row), row.accepted_revision)).collect();

        let sights_of = |row: &submission::Model| -> Option<Sights> {
            let key = Key::of(row);
            let past = pasts.get(&key)?;
            let last_year = before(&key).and_then(|key| {
                let past = pasts.get(&key)?;
                let accepted = accepted.get(&key).copied().flatten().and_then(|number| past.sight(number));
                accepted.or_else(|| past.last())
            });
            Some(Sights {
                own: past.sight(row.revision)?,
                accepted: row.accepted_revision.and_then(|number| past.sight(number)),
                last_year,
            })
        };
        let sights: Vec<Sights> = chunk.iter().filter_map(|row| sights_of(row)).collect();
        let wanted: BTreeSet<Sight> = sights
            .iter()
            .flat_map(|one| [Some(&one.own), one.accepted.as_ref(), one.last_year.as_ref()].into_iter().flatten())
            .cloned()
            .collect();
        let said = history::cells(ctx, db, &wanted).await?;
        for Sights { own, accepted, last_year } in sights {
            let Some(cells) = said.get(&own) else { continue };
            let compared = |with: Sight| {
                Some(Compared {
                    period: with.table().period.0.clone(),
                    revision: with.number(),
                    diff: in_form_order(&registry, diff(said.get(&with)?, cells)),
                })
            };
            let comparisons =
                Comparisons { accepted: accepted.and_then(compared), last_year: last_year.and_then(compared) };
            all.insert(own.table().clone(), comparisons);
        }
    }
    Ok(all)
}

/// The revisions that a review lays beside each other.
struct Sights {
    own: Sight,
    accepted: Option<Sight>,
    last_year: Option<Sight>,
}

/// The same table of the period before.
fn before(key: &Key) -> Option<Key> {
    Some(Key { period: Period::parse(key.period.as_str())?.previous(), ..key.clone() })
}

/// Every time a table was returned or opened again, oldest first. Of a revision that was never put before the
/// caller it is told that it was returned; the words may quote figures.
pub fn returns(past: &Past) -> Vec<Taken> {
    let told = |step: &Taken| {
        let mut step = step.clone();
        if past.sight(step.revision).is_none() {
            (step.reason, step.words) = Default::default();
        }
        step
    };
    past.steps.iter().filter(|step| step.to == State::Returned).map(told).collect()
}

/// What the school says of a warning in the newest revision, where it has submitted it.
pub fn justification<'a>(past: &'a Past, code: &str) -> Option<&'a str> {
    let said = past.steps.iter().rev().find(|step| {
        step.revision == past.newest && step.to == State::Submitted && !step.words.justifications.is_empty()
    });
    said?.words.justifications.get(code).map(String::as_str)
}

/// Where the peers of a school lie in an indicator, itself among them, as far as the caller may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quartiles {
    /// The lower quartile.
    pub p25: Option<Decimal>,
    /// The median, where there is one and it is told.
    pub median: Option<Decimal>,
    /// The upper quartile.
    pub p75: Option<Decimal>,
    /// Over how many schools; nothing where that is not told.
    pub schools: Option<usize>,
    /// Of which period, where it is an earlier one: nothing is published yet of the table's own.
    pub period: Option<Arc<str>>,
    /// What the figure says.
    pub status: Status,
    /// Why there is no median for the caller, if that is so.
    pub reason: Option<Text>,
}

impl Quartiles {
    /// Nobody has stated anything that could be told.
    pub const NONE: Self = Self {
        p25: None,
        median: None,
        p75: None,
        schools: Some(0),
        period: None,
        status: Status::Missing,
        reason: None,
    };

    fn refused(why: Text) -> Self {
        Self { schools: None, status: Status::Suppressed, reason: Some(why), ..Self::NONE }
    }

    fn of(figures: &Figures) -> Self {
        let reason = match (figures.status, figures.median, figures.value) {
            (Status::Suppressed, ..) => Some(Text::new(
                "受保护指标：可供统计的学校太少，或可由其他数据推算出来",
                "Protected: too few schools, or the others would give them away",
            )),
            (_, None, Some(_)) => Some(Text::new(
                "受保护指标：只公布其自身的统计量",
                "Protected: only the indicator's own statistic is published",
            )),
            _ => None,
        };
        let Figures { p25, median, p75, schools, status, .. } = figures;
        Self { p25: *p25, median: *median, p75: *p75, schools: *schools, period: None, status: *status, reason }
    }

    /// What is left for those who are no officials: peers that can be told apart are not anonymous.
    fn anonymous(self) -> Self {
        if self.schools.is_none_or(|schools| schools == 0 || schools >= K) {
            return self;
        }
        Self::refused(Text::new(
            format!("同组学校不足 {K} 所，无法匿名比较"),
            format!("Fewer than {K} schools are in the group: they would not be anonymous"),
        ))
    }
}

/// What is told of one table and period, for every city and every field of schools that the caller may be told of.
#[derive(Clone, Debug)]
pub struct Peers {
    city: Group,
    category: Group,
}

/// By group and indicator; what is refused is refused for every group.
#[derive(Clone, Debug, Default)]
struct Group {
    of: HashMap<(String, String), Quartiles>,
    refused: HashMap<String, Text>,
    /// The period of the figures, where it is an earlier one.
    period: Option<Arc<str>>,
}

impl Group {
    fn get(&self, group: &str, indicator: &str) -> Quartiles {
        let told = match self.refused.get(indicator) {
            Some(why) => Quartiles::refused(why.clone()),
            None => self.of.get(&(group.to_owned(), indicator.to_owned())).cloned().unwrap_or(Quartiles::NONE),
        };
        Quartiles { period: self.period.clone(), ..told }
    }
}

impl Peers {
    /// Where the schools of a city lie in an indicator.
    pub fn in_city(&self, city: &str, indicator: &str) -> Quartiles {
        self.city.get(city, indicator)
    }

    /// Where the schools of a field lie in an indicator.
    pub fn in_category(&self, category: entity::words::SchoolCategory, indicator: &str) -> Quartiles {
        self.category.get(category.word(), indicator)
    }
}

/// Whether a grouping of schools lies within the caller's own scope, so that what is accepted may be told of it.
const fn is_within(actor: &Actor, by: Dimension) -> bool {
    match (actor.role, by) {
        (Role::Province, _) | (Role::City, Dimension::City) => true,
        // Schools of one field are all over the province; a school is an official of none but itself.
        _ => false,
    }
}

/// Where the peers lie in all indicators of a table: at most two statements, and what memory has to read.
pub async fn peers(ctx: &Ctx, dataset: &str, period: &str) -> Result<Peers> {
    let registry = ctx.memory.registry();
    let codes: Vec<String> = registry.lines(dataset).map(|line| line.code.0.clone()).collect();
    Ok(Peers {
        city: group(ctx, &codes, (dataset, period), Dimension::City).await?,
        category: group(ctx, &codes, (dataset, period), Dimension::Category).await?,
    })
}

/// The period of a table itself where the newest release has it, or else the last one before it that it has: before
/// a school submits, nothing of the period is published yet.
fn published(ctx: &Ctx, (dataset, period): (&str, &str)) -> Option<Arc<str>> {
    let release = releases::newest(ctx)?;
    let of = release.tables.iter().filter(|head| head.dataset_code == dataset).map(|head| head.period_code.as_str());
    of.filter(|there| *there <= period).max().map(Arc::from)
}

async fn group(ctx: &Ctx, codes: &[String], (dataset, period): (&str, &str), by: Dimension) -> Result<Group> {
    let mut group = Group::default();
    let is_live = is_within(&ctx.actor, by);
    let of = if is_live { Arc::from(period) } else { published(ctx, (dataset, period)).unwrap_or(Arc::from(period)) };
    for indicators in codes.chunks(MAX_INDICATORS) {
        let ask = Ask {
            indicators: indicators.to_vec(),
            period: of.to_string(),
            group_by: vec![by],
            release: is_live.then(|| "live".to_owned()),
            ..Ask::default()
        };
        let (keys, told) = match aggregates::each(ctx, &ask).await {
            // Nothing is published yet.
            Err(Error::NotFound(_)) => continue,
            other => other?,
        };
        for (code, told) in indicators.iter().zip(told) {
            match told {
                Told::Refused(why) => {
                    group.refused.insert(code.clone(), why);
                }
                Told::Figures(figures) => {
                    let named = keys.iter().zip(figures.iter()).filter_map(|(key, one)| Some((name(key)?, one)));
                    let told = |figures: &Figures| {
                        let told = Quartiles::of(figures);
                        if is_live { told } else { told.anonymous() }
                    };
                    group.of.extend(named.map(|(name, one)| ((name, code.clone()), told(one))));
                }
                Told::Unknown => {}
            }
        }
    }
    group.period = Some(of).filter(|of| **of != *period);
    Ok(group)
}

/// By what a group of one dimension is found again.
fn name(key: &GroupKey) -> Option<String> {
    key.city.clone().or_else(|| key.category.map(|category| category.word().to_owned()))
}

/// A figure of a table beside the peers of the school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Which figure.
    pub indicator: String,
    /// What the table says, where the caller may see it.
    pub value: Option<String>,
    /// The schools of its city.
    pub city: Quartiles,
    /// The schools of its field in the province.
    pub category: Quartiles,
}

/// Every line of a table beside the school's peers, in the order of the form.
pub fn beside(registry: &Registry, key: &Key, cells: Option<&Cells>, peers: &Peers) -> Vec<Beside> {
    let Some(school) = registry.schools.get(key.school.as_str()) else { return Vec::new() };
    let value = |line: &indicator::Model| {
        let value = cells?.get(line.code.as_str())?.value?;
        Some(decimal::digits(value, line.decimals))
    };
    let lines = registry.lines_in(key.dataset.as_str(), key.period.as_str());
    lines
        .map(|line| Beside {
            indicator: line.code.0.clone(),
            value: value(line),
            city: peers.in_city(school.city_code.as_str(), line.code.as_str()),
            category: peers.in_category(school.category, line.code.as_str()),
        })
        .collect()
}

/// The same of a table that the caller may see.
///
/// # Errors
/// 404 where the caller sees no such table.
pub async fn compared(ctx: &Ctx, key: &Key) -> Result<Vec<Beside>> {
    let table = super::get(ctx, key).await?;
    let peers = peers(ctx, key.dataset.as_str(), key.period.as_str()).await?;
    Ok(beside(&ctx.memory.registry(), key, table.content.as_ref().map(|content| &content.cells), &peers))
}

#[cfg(test)]
mod tests {
    use entity::words::Aggregation;

    use super::*;

    #[test]
    fn a_median_that_the_gate_has_taken_out_says_why() {
        let whole = Figures {
            schools: Some(4),
            expected: Some(5),
            value: Some(Decimal::TEN),
            sum: Some(Decimal::TEN),
            median: Some(Decimal::TWO),
            p25: Some(Decimal::ONE),
            p75: Some(Decimal::TEN),
            status: Status::Reported,
            ..Figures::SUPPRESSED
        };
        let told = |figures: &Figures| {
            let told = Quartiles::of(figures);
            assert_eq!(told.p25.is_some(), told.p75.is_some());
            (told.median, told.schools, told.status, told.reason.is_some())
        };
        assert_eq!(told(&whole), (Some(Decimal::TWO), Some(4), Status::Reported, false));
        // The sum is the indicator's own statistic, and the median is not told beside it.
        let own = whole.own_statistic_only(Aggregation::Sum);
        assert_eq!(told(&own), (None, Some(4), Status::Reported, true));
        let own = whole.own_statistic_only(Aggregation::Median);
        assert_eq!(told(&own), (Some(Decimal::TWO), Some(4), Status::Reported, false));
        assert_eq!(told(&Figures::SUPPRESSED), (None, None, Status::Suppressed, true));
        // The quartiles are nobody's own statistic.
        assert_eq!((Quartiles::of(&own).p25, Quartiles::of(&whole).p25), (None, Some(Decimal::ONE)));
    }

    #[test]
    fn peers_that_can_be_told_apart_are_not_told() {
        let of = |schools| Quartiles { median: Some(Decimal::TWO), schools: Some(schools), ..Quartiles::NONE };
        let two = of(2).anonymous();
        assert_eq!((two.median, two.schools, two.status), (None, None, Status::Suppressed));
        assert!(two.reason.is_some());
        assert_eq!(of(3).anonymous(), of(3));
        assert_eq!(Quartiles::NONE.anonymous(), Quartiles::NONE);
    }
}
