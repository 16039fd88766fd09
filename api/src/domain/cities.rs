//! A city's whole picture: what its bureau asks for at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use entity::{submission, words::SubmissionState as State};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect};

use super::{
    collections::{self, Counts, Days, Key, Stage},
    periods::Period,
    releases,
};
use crate::{
    authz::Role,
    ctx::Ctx,
    error::{Error, Result},
    memory::registry::Registry,
};

/// Of more schools than these the database is not given a list.
const MAX_LISTED: usize = 1_000;

/// How far a table of a period is in a city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableProgress {
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The last day in time, where a collection says one.
    pub due_on: Option<NaiveDate>,
    /// The city's schools, counted.
    pub counts: Counts,
}

/// Whether how far the schools of a city are is the caller's to know.
pub fn oversees(ctx: &Ctx, city: &str) -> bool {
    match ctx.actor.role {
        Role::Province => true,
        Role::City => ctx.actor.org() == city,
        Role::Public
        | Role::System
        | Role::Admin
        | Role::Auditor
        | Role::School
        | Role::Agency
        | Role::Enterprise
        | Role::Analyst => false,
    }
}

/// How far the tables of some cities are, by table and period: three statements, however many cities and schools
/// there are. Cities that are not the caller's to oversee are left out.
///
/// Of one period; without one of every period that has a collection, and of the newest of each kind in the newest
/// release.
pub async fn progress(
    ctx: &Ctx,
    cities: &BTreeSet<String>,
    period: Option<&str>,
) -> Result<HashMap<String, Vec<TableProgress>>> {
    use submission::Column as C;
    let cities: BTreeSet<&str> = cities.iter().map(String::as_str).filter(|city| oversees(ctx, city)).collect();
    if cities.is_empty() {
        return Ok(HashMap::new());
    }
    let of_period = period.map(|period| vec![period.to_owned()]);
    let filter = collections::Filter { period: of_period.clone(), dataset: None };
    let opened = collections::all(ctx, &filter).await?;
    let periods: BTreeSet<String> = match of_period {
        Some(period) => period.into_iter().collect(),
        None => newest(ctx).await?.into_iter().chain(opened.iter().map(|row| row.period_code.0.clone())).collect(),
    };
    let keys: BTreeSet<Key> = opened.iter().map(Key::of).collect();
    let granted = collections::extensions(ctx, ctx.db.read(), &keys).await?;

    let registry = ctx.memory.registry();
    let schools: BTreeMap<&str, &str> = registry
        .schools
        .all()
        .iter()
        .filter(|school| cities.contains(school.city_code.as_str()))
        .map(|school| (school.code.as_str(), school.city_code.as_str()))
        .collect();
    let listed = (schools.len() <= MAX_LISTED).then(|| C::SchoolCode.is_in(schools.keys().copied()));
    let found: Vec<(String, String, String, State)> = ctx
        .visible::<submission::Entity>()
        .select_only()
        .columns([C::SchoolCode, C::DatasetCode, C::PeriodCode, C::State])
        .filter(Condition::all().add_option(listed))
        .filter(C::PeriodCode.is_in(periods.iter().map(String::as_str)))
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    let found: Vec<_> = found.into_iter().filter(|(school, ..)| schools.contains_key(school.as_str())).collect();
    ctx.listed(found.iter().map(|(school, dataset, period, _)| (school.as_str(), dataset.as_str(), period.as_str())))?;

    // Every table that there is anything to say of, in every city.
    let mut states: HashMap<Key, HashMap<&str, State>> = HashMap::new();
    for (school, dataset, period, state) in &found {
        states.entry(Key::new(dataset, period)).or_default().insert(school.as_str(), *state);
    }
    let opened: HashMap<Key, _> = opened.iter().map(|row| (Key::of(row), row)).collect();
    let tables: BTreeSet<Key> = states.keys().chain(opened.keys()).cloned().collect();
    let (nothing, nobody) = (HashMap::new(), Vec::new());
    let mut of: HashMap<String, Vec<TableProgress>> =
        cities.iter().map(|city| ((*city).to_owned(), Vec::new())).collect();
    for key in tables {
        let days = opened.get(&key).map(|row| Days::of(row));
        let longer = granted.get(&key).unwrap_or(&nobody);
        let states = states.get(&key).unwrap_or(&nothing);
        let mut counts: BTreeMap<&str, Counts> = cities.iter().map(|city| (*city, Counts::default())).collect();
        for (school, city) in &schools {
            let until = longer.iter().find(|one| one.school_code == **school).map(|one| one.until);
            let stage = days.map(|days| days.extended(until).stage(ctx.actor.at));
            let is_over = matches!(stage, Some(Stage::Overdue | Stage::Closed));
            counts.entry(*city).or_default().add(states.get(school).copied(), is_over);
        }
        for (city, counts) in counts {
            // Without a collection a table is only there where somebody has it.
            if days.is_none() && counts.received == 0 {
                continue;
            }
            let (dataset, period) = (key.dataset.0.clone(), key.period.0.clone());
            let one = TableProgress { dataset, period, due_on: days.map(|days| days.due_on), counts };
            of.entry(city.to_owned()).or_default().push(one);
        }
    }
    Ok(of)
}

/// The newest period of each kind that the newest release has.
async fn newest(ctx: &Ctx) -> Result<BTreeSet<String>> {
    let release = match releases::resolve(ctx, None).await {
        Ok(release) => release,
        Err(Error::NotFound(_)) => return Ok(BTreeSet::new()),
        Err(fault) => return Err(fault),
    };
    let mut newest: BTreeMap<&'static str, String> = BTreeMap::new();
    for code in release.tables.iter().map(|head| head.period_code.as_str()) {
        let Some(period) = Period::parse(code) else { continue };
        let one = newest.entry(period.kind.word()).or_default();
        if one.as_str() < code {
            code.clone_into(one);
        }
    }
    Ok(newest.into_values().collect())
}

/// The newest period of the newest release in which standards were reported; nothing where there is none.
pub async fn standards_period(ctx: &Ctx) -> Result<Option<String>> {
    let release = match releases::resolve(ctx, None).await {
        Ok(release) => release,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let frame = ctx.memory.frame_of(&release).await?;
    let with_standards: BTreeSet<&str> =
        frame.indicators.values().filter(|line| line.threshold.is_some()).map(|line| line.dataset.as_str()).collect();
    let of_standards = release.tables.iter().filter(|head| with_standards.contains(head.dataset_code.as_str()));
    Ok(of_standards.map(|head| head.period_code.0.clone()).max())
}

/// Where the consortia stand in the registry in which a city's schools, enterprises or institutions have a place.
pub fn consortia(registry: &Registry, city: &str) -> Vec<usize> {
    let is_of = |code: Option<&str>| code == Some(city);
    let all = registry.consortia.all().iter().enumerate();
    let has_a_place = |consortium: &entity::consortium::Model| {
        registry.members.of(consortium.code.as_str()).any(|member| {
            let school = member.school_code.as_ref().and_then(|code| registry.schools.get(code.as_str()));
            let firm = member.enterprise_code.as_ref().and_then(|code| registry.enterprises.get(code.as_str()));
            let other = member.institution_code.as_ref().and_then(|code| registry.institutions.get(code.as_str()));
            is_of(school.map(|row| row.city_code.as_str()))
                || is_of(firm.and_then(|row| row.city_code.as_ref()).map(|code| code.as_str()))
                || is_of(other.and_then(|row| row.city_code.as_ref()).map(|code| code.as_str()))
        })
    };
    all.filter(|(_, row)| has_a_place(row)).map(|(at, _)| at).collect()
}
