//! The series of a flow, block by block.

use std::sync::Arc;

use entity::words::Disclosure;
use rust_decimal::Decimal;

use super::{areas, categories, frequencies, indicators, ownerships, short, status, statuses, tiers, unit, whole};
use crate::{
    authz::Kind,
    ctx::Ctx,
    domain::{
        aggregates::{self, Told},
        cube::{Dimension, GroupKey},
        observations,
        periods::Period,
        tables::{Fingerprint, Question, Source},
    },
    error::{Error, Result, Text},
    formats::{
        document::sha256,
        sdmx::{ANNUAL, DIMENSIONS, DataHead, Detail, Obs, Series, TOTAL},
    },
    memory::columns::Table,
};

/// So many lines are counted at a time.
const BLOCK_LINES: usize = 16;
/// So many schools are read at a time.
const BLOCK_SCHOOLS: usize = 64;

/// The codes that a key names, dimension by dimension; nothing for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted([Option<Vec<String>>; 6]);

impl Wanted {
    /// Reads a key: `A.620000+620100.students...`; `all`, or nothing, for everything.
    ///
    /// # Errors
    /// 400 where it has not as many parts as there are dimensions.
    pub fn read(key: &str) -> Result<Self> {
        if key.is_empty() || key == "all" {
            return Ok(Self::default());
        }
        let parts: Vec<&str> = key.split('.').collect();
        if parts.len() != DIMENSIONS.len() {
            let dimensions = DIMENSIONS.join(".");
            return Err(Error::Malformed(Text::new(
                format!("键“{key}”有 {} 段，应为 {} 段：{dimensions}；空段表示全部", parts.len(), DIMENSIONS.len()),
                format!(
                    "The key `{key}` has {} parts; there are {}: {dimensions}. An empty part means all",
                    parts.len(),
                    DIMENSIONS.len()
                ),
            )));
        }
        let mut wanted = Self::default();
        for (slot, part) in wanted.0.iter_mut().zip(parts) {
            let codes: Vec<String> = part.split('+').filter(|code| !code.is_empty()).map(str::to_owned).collect();
            *slot = Some(codes).filter(|codes| !codes.is_empty());
        }
        Ok(wanted)
    }

    fn has(&self, at: usize, code: &str) -> bool {
        match self.0.get(at) {
            Some(Some(codes)) => codes.iter().any(|one| one == code),
            _ => true,
        }
    }

    fn names(&self, at: usize, code: &str) -> bool {
        matches!(self.0.get(at), Some(Some(codes)) if codes.iter().any(|one| one == code))
    }

    /// Whether the total of a dimension, and whether single codes of it are wanted.
    fn parts(&self, at: usize) -> (bool, bool) {
        let is_single = match self.0.get(at) {
            Some(Some(codes)) => codes.iter().any(|code| code != TOTAL),
            _ => true,
        };
        (self.has(at, TOTAL), is_single)
    }
}

/// A question for data.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The flow.
    pub flow: String,
    /// The key.
    pub wanted: Wanted,
    /// Only from this year on.
    pub first_year: Option<i32>,
    /// Only up to this year.
    pub last_year: Option<i32>,
    /// Only so many periods, from the first.
    pub first: Option<usize>,
    /// Only so many periods, up to the last.
    pub last: Option<usize>,
    /// How much of each series.
    pub detail: Detail,
    /// Whether observations stand alone, each with its whole key.
    pub is_flat: bool,
}

/// Prepares a message: its head, its tag, and the series that are to come.
///
/// # Errors
/// 404 where there is no such flow.
pub async fn message(ctx: &Ctx, ask: &Ask) -> Result<(DataHead, Fingerprint, Stream, Arc<crate::memory::ReleaseHead>)> {
    let all = [("group_by", ""), ("labels", "zh")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut question = Question::read(ctx, &ask.flow, &all).await?;
    let Source::Release(release) = question.source.clone() else { return Err(Error::NotFound(Kind::Release)) };
    let registry = ctx.memory.registry();
    let year = |period: &str| period.get(..4).and_then(|year| year.parse::<i32>().ok()).unwrap_or_default();
    question.periods.retain(|period| {
        ask.first_year.is_none_or(|first| year(period) >= first)
            && ask.last_year.is_none_or(|last| year(period) <= last)
    });
    if let Some(first) = ask.first {
        question.periods.truncate(first);
    }
    if let Some(last) = ask.last {
        question.periods.drain(..question.periods.len().saturating_sub(last));
    }
    question.lines.retain(|code| ask.wanted.has(2, &short(&ask.flow, code)));
    let mut fingerprint =
        question.fingerprint(ctx).ok_or_else(|| Error::internal("a release without a fingerprint"))?;
    let schools = areas(&registry, &question.frame);
    let periods: Vec<Arc<str>> = question.periods.iter().map(|period| Arc::from(time(period))).collect();
    let name = registry.datasets.get(&ask.flow).map(|row| super::both(&row.name, row.name_en.as_deref()));
    let name = name.unwrap_or_default();
    fingerprint.hash =
        sha256(format!("{} sdmx {name:?} {:?} {:?} {}", fingerprint.hash, ask.wanted, ask.detail, ask.is_flat));
    let last = question.periods.last().map(String::as_str).unwrap_or_default();
    let lines = question.lines.iter().map(|code| Line {
        short: Arc::from(short(&ask.flow, code)),
        unit: unit(&registry, &ask.flow, last, code),
        decimals: question.frame.indicators.get(code).map_or(0, |line| line.decimals),
    });
    let lines: Vec<Line> = lines.collect();
    let (mut units, mut decimals): (Vec<Arc<str>>, Vec<i16>) = (Vec::new(), Vec::new());
    for line in &lines {
        if let Some(unit) = line.unit.as_ref().filter(|unit| !units.contains(unit)) {
            units.push(Arc::clone(unit));
        }
        if !decimals.contains(&line.decimals) {
            decimals.push(line.decimals);
        }
    }
    let head = DataHead {
        flow: ask.flow.clone(),
        name,
        release: release.row.version.0.clone(),
        prepared: release.row.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        detail: ask.detail,
        is_flat: ask.is_flat,
        codelists: vec![frequencies(), schools, indicators(&registry, &ask.flow), ownerships(), categories(), tiers()],
        units,
        decimals,
        statuses: statuses(),
        periods: periods.clone(),
    };
    let steps = steps(&ask.wanted);
    let whole = Arc::from(whole(&question.frame));
    let stream = Stream {
        ctx: ctx.clone(),
        question,
        wanted: ask.wanted.clone(),
        lines,
        periods,
        whole,
        steps,
        step: 0,
        next: 0,
        tables: None,
        refused: None,
        is_empty: true,
    };
    Ok((head, fingerprint, stream, release))
}

/// A period as SDMX writes it: a year, or the twelve months from September.
fn time(period: &str) -> String {
    match Period::parse(period).map(|period| (period.kind, period.days())) {
        Some((entity::words::PeriodKind::SchoolYear, Ok((first, _)))) => format!("{first}/P1Y"),
        _ => period.to_owned(),
    }
}

/// What is asked of the cube, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Groups(Vec<Dimension>),
    Schools,
}

/// The groupings that a key needs, and single schools at the end.
fn steps(wanted: &Wanted) -> Vec<Step> {
    if !wanted.has(0, ANNUAL) {
        return Vec::new();
    }
    let mut groupings: Vec<Vec<Dimension>> = vec![Vec::new(), vec![Dimension::City]];
    for (at, dimension) in [(3, Dimension::Ownership), (4, Dimension::Category), (5, Dimension::Tier)] {
        let (total, single) = wanted.parts(at);
        let mut next = Vec::new();
        for grouping in groupings {
            if single {
                next.push(grouping.iter().copied().chain([dimension]).collect());
            }
            if total {
                next.push(grouping);
            }
        }
        groupings = next;
    }
    // Totals first, as people read them.
    groupings.sort_by_key(Vec::len);
    let has_schools = [3, 4, 5].iter().all(|at| wanted.has(*at, TOTAL));
    groupings.into_iter().map(Step::Groups).chain(has_schools.then_some(Step::Schools)).collect()
}

/// What is said of a line in each of its series.
#[derive(Debug)]
struct Line {
    /// Its code within the flow.
    short: Arc<str>,
    unit: Option<Arc<str>>,
    decimals: i16,
}

impl Line {
    fn series(&self, key: [Arc<str>; 6], obs: Vec<Obs>) -> Series {
        Series { key, unit: self.unit.clone(), decimals: self.decimals, obs }
    }
}

/// Series that are still to come.
#[derive(Debug)]
pub struct Stream {
    ctx: Ctx,
    question: Question,
    wanted: Wanted,
    /// What is said of each line of the question.
    lines: Vec<Line>,
    /// The periods as SDMX writes them.
    periods: Vec<Arc<str>>,
    whole: Arc<str>,
    steps: Vec<Step>,
    step: usize,
    /// The line, or the school, that is next in the step.
    next: usize,
    tables: Option<Vec<Arc<Table>>>,
    refused: Option<Text>,
    is_empty: bool,
}

impl Stream {
    /// The next series; nothing at the end.
    ///
    /// # Errors
    /// 404 at the end of nothing, 403 where all there would have been is protected.
    pub async fn next(&mut self) -> Result<Option<Vec<Series>>> {
        while let Some(step) = self.steps.get(self.step).cloned() {
            let block = match step {
                _ if self.question.periods.is_empty() => None,
                Step::Groups(by) => self.groups(&by).await?,
                Step::Schools => self.schools().await?,
            };
            match block {
                None => (self.step, self.next) = (self.step + 1, 0),
                Some(series) if series.is_empty() => {}
                Some(series) => {
                    self.is_empty = false;
                    return Ok(Some(series));
                }
            }
        }
        match (self.is_empty, self.refused.take()) {
            (true, Some(why)) => Err(Error::Forbidden(why)),
            (true, None) => Err(Error::NotFound(Kind::Catalogue)),
            (false, _) => Ok(None),
        }
    }

    fn area(&self, key: &GroupKey) -> Arc<str> {
        key.city.as_deref().map_or_else(|| Arc::clone(&self.whole), Arc::from)
    }

    /// Some lines of a grouping; nothing when it has no more.
    async fn groups(&mut self, by: &[Dimension]) -> Result<Option<Vec<Series>>> {
        let lines = self.question.lines.len();
        // Which areas are wanted is known before anything is counted.
        let is_wanted = if by.contains(&Dimension::City) {
            self.question.frame.cities.iter().any(|city| self.wanted.has(1, city))
        } else {
            self.wanted.has(1, &self.whole)
        };
        if self.next >= lines || !is_wanted {
            return Ok(None);
        }
        let (begin, end) = (self.next, lines.min(self.next + BLOCK_LINES));
        let codes = self.question.lines.get(begin..end).unwrap_or_default().to_vec();
        self.next = end;
        let (mut keys, mut told) = (Vec::new(), Vec::new());
        for period in &self.question.periods {
            let mut ask = self.question.ask(period, &codes);
            ask.group_by = by.to_vec();
            let (groups, figures) = aggregates::each(&self.ctx, &ask).await?;
            // The groups are those of the frame, the same in every period.
            keys = groups;
            told.push(figures);
        }
        let mut series = Vec::new();
        for (line, said) in self.lines.get(begin..end).unwrap_or_default().iter().enumerate() {
            let refused = told.iter().filter_map(|figures| match figures.get(line) {
                Some(Told::Refused(why)) => Some(why),
                _ => None,
            });
            if let Some(why) = refused.into_iter().next() {
                self.refused = Some(why.clone());
            }
            for (group, key) in keys.iter().enumerate() {
                let word = |word: Option<&'static str>| Arc::from(word.unwrap_or(TOTAL));
                let codes = [
                    Arc::from(ANNUAL),
                    self.area(key),
                    Arc::clone(&said.short),
                    word(key.ownership.map(|one| one.word())),
                    word(key.category.map(|one| one.word())),
                    word(key.tier.map(|one| one.word())),
                ];
                if !codes.iter().enumerate().all(|(at, code)| self.wanted.has(at, code)) {
                    continue;
                }
                let obs = self.periods.iter().zip(&told).filter_map(|(period, figures)| {
                    let Some(Told::Figures(figures)) = figures.get(line) else { return None };
                    let figures = figures.get(group)?;
                    Some(Obs { period: Arc::clone(period), value: figures.value, status: status(figures.status) })
                });
                let obs: Vec<Obs> = obs.collect();
                if !obs.is_empty() {
                    series.push(said.series(codes, obs));
                }
            }
        }
        Ok(Some(series))
    }

    async fn opened(&mut self) -> Result<Vec<Arc<Table>>> {
        if let Some(tables) = &self.tables {
            return Ok(tables.clone());
        }
        let Source::Release(release) = &self.question.source else { return Ok(Vec::new()) };
        let mut tables = Vec::new();
        for period in &self.question.periods {
            let Some(head) = release.table(&self.question.dataset, period) else { continue };
            tables.push(self.ctx.memory.table(head, &self.question.frame).await?);
        }
        self.tables = Some(tables.clone());
        Ok(tables)
    }

    /// Some schools; nothing when there are no more.
    async fn schools(&mut self) -> Result<Option<Vec<Series>>> {
        let frame = Arc::clone(&self.question.frame);
        if self.next >= frame.schools.len() {
            return Ok(None);
        }
        let tables = self.opened().await?;
        let from = self.next;
        self.next += BLOCK_SCHOOLS;
        let mut series = Vec::new();
        for (at, school) in frame.schools.iter().enumerate().skip(from).take(BLOCK_SCHOOLS) {
            if !self.wanted.has(1, &school.code) {
                continue;
            }
            let is_named = self.wanted.names(1, &school.code);
            let is_own = self.ctx.actor.covers(&school.code, &school.city);
            for (code, said) in self.question.lines.iter().zip(&self.lines) {
                let mut obs = Vec::new();
                let mut is_told = is_named;
                for ((name, period), table) in self.periods.iter().zip(&self.question.periods).zip(&tables) {
                    let Some(line) = frame.line(code, period) else { continue };
                    let may_see = observations::may_see(&self.ctx.actor, line, is_own);
                    is_told |= may_see;
                    let cell = table.column(code)?.cells.get(at).copied().flatten();
                    if may_see && cell.is_some() && line.disclosure() != Disclosure::Public {
                        self.ctx.saw(&school.code, &self.question.dataset, period)?;
                    }
                    let (value, is): (Option<Decimal>, _) = observations::told(line, may_see, true, cell);
                    obs.push(Obs { period: Arc::clone(name), value, status: status(is) });
                }
                // What no caller of this kind sees at any school is listed only where it is asked for by name.
                if is_told && !obs.is_empty() {
                    let total = || Arc::from(TOTAL);
                    let school = Arc::from(school.code.as_str());
                    let key = [Arc::from(ANNUAL), school, Arc::clone(&said.short), total(), total(), total()];
                    series.push(said.series(key, obs));
                }
            }
        }
        Ok(Some(series))
    }
}
