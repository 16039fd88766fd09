//! What a reviewer holds beside a table: what was accepted before, last year, its peers, and every return.
//!
//! Nothing of it is computed here a second time. Peers' medians are the cube's: for officials within their scope
//! what is accepted (`live`), for everything beyond it the newest release, through the same gate as any aggregate.

use std::collections::{BTreeSet, HashMap};

use entity::{submission, words::SubmissionState as State};
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
        periods::Period,
    },
    error::{Error, Result, Text},
    formats::document::Status,
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

/// The median of an indicator over the peers of a school, itself among them, as far as the caller may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Median {
    /// The median, where there is one and it is told.
    pub median: Option<Decimal>,
    /// Over how many schools; nothing where that is not told.
    pub schools: Option<usize>,
    /// What the figure says.
    pub status: Status,
    /// Why there is no median for the caller, if that is so.
    pub reason: Option<Text>,
}

impl Median {
    /// Nobody has stated anything that could be told.
    pub const NONE: Self = Self { median: None, schools: Some(0), status: Status::Missing, reason: None };

    fn refused(why: Text) -> Self {
        Self { median: None, schools: None, status: Status::Suppressed, reason: Some(why) }
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
        Self { median: figures.median, schools: figures.schools, status: figures.status, reason }
    }
}

/// The medians of one table and period, for every city and every field of schools that the caller may be told of.
#[derive(Clone, Debug)]
pub struct Peers {
    city: Medians,
    category: Medians,
}

/// By group and indicator; what is refused is refused for every group.
#[derive(Clone, Debug, Default)]
struct Medians {
    of: HashMap<(String, String), Median>,
    refused: HashMap<String, Text>,
}

impl Medians {
    fn get(&self, group: &str, indicator: &str) -> Median {
        if let Some(why) = self.refused.get(indicator) {
            return Median::refused(why.clone());
        }
        self.of.get(&(group.to_owned(), indicator.to_owned())).cloned().unwrap_or(Median::NONE)
    }
}

impl Peers {
    /// The median of an indicator over the schools of a city.
    pub fn in_city(&self, city: &str, indicator: &str) -> Median {
        self.city.get(city, indicator)
    }

    /// The median of an indicator over the schools of a field.
    pub fn in_category(&self, category: entity::words::SchoolCategory, indicator: &str) -> Median {
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

/// The peers' medians of all indicators of a table: at most two statements, and what memory has to read.
pub async fn peers(ctx: &Ctx, dataset: &str, period: &str) -> Result<Peers> {
    let registry = ctx.memory.registry();
    let codes: Vec<String> = registry.lines(dataset).map(|line| line.code.0.clone()).collect();
    Ok(Peers {
        city: medians(ctx, &codes, period, Dimension::City).await?,
        category: medians(ctx, &codes, period, Dimension::Category).await?,
    })
}

async fn medians(ctx: &Ctx, codes: &[String], period: &str, by: Dimension) -> Result<Medians> {
    let mut medians = Medians::default();
    for indicators in codes.chunks(MAX_INDICATORS) {
        let ask = Ask {
            indicators: indicators.to_vec(),
            period: period.to_owned(),
            group_by: vec![by],
            release: is_within(&ctx.actor, by).then(|| "live".to_owned()),
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
                    medians.refused.insert(code.clone(), why);
                }
                Told::Figures(figures) => {
                    let named = keys.iter().zip(figures.iter()).filter_map(|(key, one)| Some((name(key)?, one)));
                    medians.of.extend(named.map(|(group, one)| ((group, code.clone()), Median::of(one))));
                }
                Told::Unknown => {}
            }
        }
    }
    Ok(medians)
}

/// By what a group of one dimension is found again.
fn name(key: &GroupKey) -> Option<String> {
    key.city.clone().or_else(|| key.category.map(|category| category.word().to_owned()))
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
            status: Status::Reported,
            ..Figures::SUPPRESSED
        };
        let told = |figures: &Figures| {
            let told = Median::of(figures);
            (told.median, told.schools, told.status, told.reason.is_some())
        };
        assert_eq!(told(&whole), (Some(Decimal::TWO), Some(4), Status::Reported, false));
        // The sum is the indicator's own statistic, and the median is not told beside it.
        let own = whole.own_statistic_only(Aggregation::Sum);
        assert_eq!(told(&own), (None, Some(4), Status::Reported, true));
        let own = whole.own_statistic_only(Aggregation::Median);
        assert_eq!(told(&own), (Some(Decimal::TWO), Some(4), Status::Reported, false));
        assert_eq!(told(&Figures::SUPPRESSED), (None, None, Status::Suppressed, true));
    }
}
