//! The rows of a question, block by block.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use entity::{indicator, words::Disclosure};
use rust_decimal::Decimal;

use super::{Question, Source, words};
use crate::{
    ctx::Ctx,
    domain::{
        aggregates::{self, Told},
        cube::{Dimension, Figures, GroupKey, Grouping},
        observations,
    },
    error::{Language, Result, Text},
    formats::{
        document::Status,
        table::{Block, Column},
    },
    memory::{columns, registry::Registry},
};

/// About so many rows are made at a time.
const BLOCK_ROWS: usize = 8_192;
/// So many lines are counted at a time.
const BLOCK_LINES: usize = 16;

/// Rows that are still to come.
#[derive(Debug)]
pub struct Rows {
    ctx: Ctx,
    question: Question,
    registry: Arc<Registry>,
    /// The positions of the schools that are asked for, for figures of single schools.
    schools: Vec<usize>,
    /// The period that is next.
    period: usize,
    /// The school or the line that is next in it.
    next: usize,
    table: Option<Opened>,
}

/// A table whose rows are being given out.
#[derive(Debug)]
struct Opened {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    code: Arc<str>,
    name: Option<Arc<str>>,
    unit: Option<Arc<str>>,
    column: Arc<columns::Column>,
}

impl Rows {
    /// Begins with the first row.
    pub fn new(ctx: Ctx, question: Question) -> Self {
        let schools = match question.by {
            Some(_) => Vec::new(),
            None => {
                let wanted = question.schools.as_ref();
                let within = |school: &crate::memory::frame::FrameSchool| {
                    wanted.is_none_or(|wanted| wanted.contains(&school.code))
                };
                let members = Grouping::new(&question.frame, &[], &question.filter, within).members;
                members.into_iter().next().unwrap_or_default()
            }
        };
        let registry = ctx.memory.registry();
        Self { ctx, question, registry, schools, period: 0, next: 0, table: None }
    }

    /// The next rows; nothing at the end.
    ///
    /// # Errors
    /// Where a figure may not leave unrecorded, or the database does not answer.
    pub async fn next(&mut self) -> Result<Option<Block>> {
        match &self.question.by {
            None => self.observations().await,
            Some(by) => {
                let by = by.clone();
                self.aggregates(&by).await
            }
        }
    }

    async fn observations(&mut self) -> Result<Option<Block>> {
        loop {
            let Some(period) = self.question.periods.get(self.period).cloned() else { return Ok(None) };
            if self.table.is_none() {
                self.table = self.opened(&period).await?;
            }
            let block = match &self.table {
                Some(table) if self.next < self.schools.len() => self.some_schools(table, &period)?,
                _ => {
                    (self.period, self.next, self.table) = (self.period + 1, 0, None);
                    continue;
                }
            };
            self.next += (BLOCK_ROWS / self.table.as_ref().map_or(1, |table| table.lines.len().max(1))).max(1);
            return Ok(Some(block));
        }
    }

    /// The columns of one table; nothing where the release has none.
    async fn opened(&self, period: &str) -> Result<Option<Opened>> {
        let Source::Release(release) = &self.question.source else { return Ok(None) };
        let Some(head) = release.table(&self.question.dataset, period) else { return Ok(None) };
        let table = self.ctx.memory.table(head, &self.question.frame).await?;
        let names = Names::of(&self.registry, &self.question, period);
        let mut lines = Vec::new();
        for code in &self.question.lines {
            // A line that did not hold in the period has no column there.
            if !self.question.is_named && !table.indicators().any(|one| one == code) {
                continue;
            }
            let (name, unit) = names.line(code);
            lines.push(Line { code: Arc::from(code.as_str()), name, unit, column: table.column(code)? });
        }
        Ok(Some(Opened { lines }))
    }

    fn some_schools(&self, table: &Opened, period: &str) -> Result<Block> {
        let Question { frame, dataset, labels, .. } = &self.question;
        let many = (BLOCK_ROWS / table.lines.len().max(1)).max(1);
        let (dataset, period_text): (Arc<str>, Arc<str>) = (Arc::from(dataset.as_str()), Arc::from(period));
        let mut rows = 0;
        let (mut codes, mut values, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
        let (mut schools, mut names, mut labelled, mut units) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for at in self.schools.iter().skip(self.next).take(many) {
            let Some(school) = frame.schools.get(*at) else { continue };
            let is_own = self.ctx.actor.covers(&school.code, &school.city);
            let code: Arc<str> = Arc::from(school.code.as_str());
            let name = labels.and_then(|language| words::school(&self.registry, &school.code, language)).map(Arc::from);
            let mut is_recorded = false;
            for line in &table.lines {
                let Some(counted) = frame.line(&line.code, period) else { continue };
                let cell = line.column.cells.get(*at).copied().flatten();
                let may_see = observations::may_see(&self.ctx.actor, counted, is_own);
                if may_see && cell.is_some() && counted.disclosure() != Disclosure::Public && !is_recorded {
                    self.ctx.saw(&school.code, &dataset, period)?;
                    is_recorded = true;
                }
                let (value, status) = observations::told(counted, may_see, true, cell);
                rows += 1;
                schools.push(Some(Arc::clone(&code)));
                codes.push(Some(Arc::clone(&line.code)));
                values.push(value);
                statuses.push(Some(word(status)));
                if labels.is_some() {
                    names.push(Option::clone(&name));
                    labelled.push(line.name.clone());
                    units.push(line.unit.clone());
                }
            }
        }
        let mut columns = vec![
            Column::Text(schools),
            Column::Text(vec![Some(dataset); rows]),
            Column::Text(vec![Some(period_text); rows]),
            Column::Text(codes),
            Column::Number(values),
            Column::Text(statuses),
        ];
        if labels.is_some() {
            columns.extend([Column::Text(names), Column::Text(labelled), Column::Text(units)]);
        }
        Ok(Block { columns, rows })
    }

    async fn aggregates(&mut self, by: &[Dimension]) -> Result<Option<Block>> {
        loop {
            let Some(period) = self.question.periods.get(self.period).cloned() else { return Ok(None) };
            if self.next >= self.question.lines.len() {
                (self.period, self.next) = (self.period + 1, 0);
                continue;
            }
            let end = self.question.lines.len().min(self.next + BLOCK_LINES);
            let codes = self.question.lines.get(self.next..end).unwrap_or_default().to_vec();
            self.next = end;
            let (keys, told) = aggregates::each(&self.ctx, &self.question.ask(&period, &codes)).await?;
            return Ok(Some(self.some_groups(by, &period, &codes, &keys, &told)));
        }
    }

    fn some_groups(&self, by: &[Dimension], period: &str, codes: &[String], keys: &[GroupKey], told: &[Told]) -> Block {
        let rows = codes.len() * keys.len();
        let names = Names::of(&self.registry, &self.question, period);
        let dimensions: Vec<Vec<Option<Arc<str>>>> =
            by.iter().map(|dimension| keys.iter().map(|key| code(key, *dimension)).collect()).collect();
        let mut statistics: [Vec<Option<Decimal>>; 8] = std::array::from_fn(|_| Vec::with_capacity(rows));
        let (mut indicators, mut labelled, mut units) = (Vec::new(), Vec::new(), Vec::new());
        let (mut schools, mut expected, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
        let count = |count: Option<usize>| count.and_then(|count| i64::try_from(count).ok());
        for (indicator, told) in codes.iter().zip(told) {
            let text: Arc<str> = Arc::from(indicator.as_str());
            let (name, unit) = names.line(indicator);
            for at in 0..keys.len() {
                // What would be refused is there, and not for this caller.
                let figures = match told {
                    Told::Figures(figures) => figures.get(at).unwrap_or(&Figures::SUPPRESSED),
                    Told::Refused(_) | Told::Unknown => &Figures::SUPPRESSED,
                };
                let Figures { value, sum, mean, median, min, max, p25, p75, .. } = figures;
                for (column, value) in statistics.iter_mut().zip([value, sum, mean, median, min, max, p25, p75]) {
                    column.push(*value);
                }
                indicators.push(Some(Arc::clone(&text)));
                schools.push(count(figures.schools));
                expected.push(count(figures.expected));
                statuses.push(Some(word(figures.status)));
                labelled.push(name.clone());
                units.push(unit.clone());
            }
        }
        let repeated =
            |column: &Vec<Option<Arc<str>>>| Column::Text(column.iter().cycle().take(rows).cloned().collect());
        let mut columns: Vec<Column> = dimensions.iter().map(repeated).collect();
        columns.extend([Column::Text(indicators), Column::Count(schools)]);
        columns.extend(statistics.into_iter().map(Column::Number));
        columns.extend([
            Column::Count(expected),
            Column::Text(statuses),
            Column::Text(vec![Some(Arc::from(period)); rows]),
        ]);
        if let Some(language) = self.question.labels {
            for dimension in by {
                let called = keys.iter().map(|key| called(&self.registry, key, *dimension, language));
                columns.push(repeated(&called.collect()));
            }
            columns.extend([Column::Text(labelled), Column::Text(units)]);
        }
        Block { columns, rows }
    }
}

/// What the lines of a table are called in a period, where somebody wants to know.
struct Names<'a> {
    registry: &'a Registry,
    language: Option<Language>,
    rows: HashMap<&'a str, &'a indicator::Model>,
}

impl<'a> Names<'a> {
    fn of(registry: &'a Registry, question: &Question, period: &str) -> Self {
        let rows = if question.labels.is_some() {
            registry.lines_in(&question.dataset, period).map(|row| (row.code.as_str(), row)).collect()
        } else {
            HashMap::new()
        };
        Self { registry, language: question.labels, rows }
    }

    /// Name and unit.
    fn line(&self, code: &str) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let Some(language) = self.language else { return (None, None) };
        let row = self.rows.get(code).copied().or_else(|| self.registry.indicators.get(code));
        let Some(row) = row else { return (None, None) };
        (
            Some(Arc::from(words::chosen(language, &row.label, row.label_en.as_deref()))),
            Some(Arc::from(words::chosen(language, &row.unit, row.unit_en.as_deref()))),
        )
    }
}

/// The code that a group has in a dimension.
fn code(key: &GroupKey, dimension: Dimension) -> Option<Arc<str>> {
    match dimension {
        Dimension::City => key.city.as_deref(),
        Dimension::Ownership => key.ownership.map(|word| word.word()),
        Dimension::Category => key.category.map(|word| word.word()),
        Dimension::Tier => key.tier.map(|word| word.word()),
        Dimension::Consortium => key.consortium.as_deref(),
    }
    .map(Arc::from)
}

/// What a group's code is called.
fn called(registry: &Registry, key: &GroupKey, dimension: Dimension, language: Language) -> Option<Arc<str>> {
    let text = |text: Text| Arc::from(text.in_(language));
    match dimension {
        Dimension::City => words::city(registry, key.city.as_deref()?, language).map(Arc::from),
        Dimension::Ownership => key.ownership.map(words::ownership).map(text),
        Dimension::Category => key.category.map(words::category).map(text),
        Dimension::Tier => key.tier.map(words::tier).map(text),
        Dimension::Consortium => words::consortium(registry, key.consortium.as_deref()?, language).map(Arc::from),
    }
}

/// The contract's word for a status, shared by all rows.
fn word(status: Status) -> Arc<str> {
    static WORDS: LazyLock<HashMap<&'static str, Arc<str>>> = LazyLock::new(|| {
        let all = Status::STATED.iter().chain(&[Status::Suppressed]);
        all.map(|status| (status.word(), Arc::from(status.word()))).collect()
    });
    WORDS.get(status.word()).map_or_else(|| Arc::from(status.word()), Arc::clone)
}
