//! Where findings are made: one pass over a table, everything that is wrong, in both languages.
//!
//! *Form* faults (unknown indicator, wrong type, too many decimals, out of bounds, stated twice)
//! mean that there is nothing to store. What is well-formed is judged ([`Form::judge`]): by the *tree* of the
//! catalogue, by the *rules*, by *standards* and by the year before. *Completeness* is asked at submit.

mod form;
mod measure;
mod rules;
mod tree;

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use entity::{
    ids::{IndicatorCode, PeriodCode, RuleCode},
    indicator,
};

pub use self::form::Form;
use crate::{
    error::{Finding, Text},
    formats::{
        decimal::{self, Fault, MAX_DIGITS},
        document::{Cell, Cells, Given, GivenCell, GivenValue, Status, pointer},
    },
    memory::registry::Registry,
};

/// The longest note of a cell, in characters.
pub const MAX_NOTE: usize = 2_000;

/// What one pass over a table gives.
#[derive(Debug, Default)]
pub struct Checked {
    /// The cells that are well-formed.
    pub cells: Cells,
    /// Form faults: while there is one, nothing is stored.
    pub faults: Vec<Finding>,
    /// What is to be said of the well-formed cells.
    pub judged: Judged,
}

/// The tables beside the one that is judged, as far as rules ask for them: by code, and whether of the period before.
#[derive(Clone, Debug, Default)]
pub struct Beside(pub HashMap<(String, bool), Arc<Cells>>);

impl Beside {
    /// Which tables the rules of a dataset ask for, of its period and of the one before.
    pub fn wanted(registry: &Registry, dataset: &str, period: &str) -> BTreeSet<(String, bool)> {
        let rules = registry.rules.of(dataset).filter(|rule| rule.judges(period));
        let inputs = rules.flat_map(|rule| rule.expression.inputs());
        let mut wanted: BTreeSet<_> = inputs.map(|input| (input.dataset.clone(), input.is_previous)).collect();
        wanted.remove(&(dataset.to_owned(), false));
        // History is asked of every table.
        wanted.insert((dataset.to_owned(), true));
        wanted
    }

    fn cells(&self, dataset: &str, is_previous: bool) -> Option<&Cells> {
        self.0.get(&(dataset.to_owned(), is_previous)).map(Arc::as_ref)
    }
}

/// What is to be said of a well-formed table.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// In the order of tree, rules, standards, history.
    pub findings: Vec<Finding>,
    /// Rules that could not be asked, because a figure they need is not there.
    pub skipped: Vec<RuleCode>,
}

impl Form<'_> {
    /// Judges the cells of a table by its tree, its rules, the standards and the year before: by the catalogue of its
    /// own period.
    pub fn judge(&self, cells: &Cells, beside: &Beside) -> Judged {
        let now = self.align(cells);
        let before = beside.cells(self.dataset, true).map(|cells| self.align(cells)).unwrap_or_default();
        let mut findings = tree::tree(self, &now, &before);
        let skipped = rules::ask(self, cells, beside, &mut findings);
        let lines = || self.lines.iter().enumerate();
        findings.extend(lines().filter_map(|(at, line)| measure::standard(line.row, now.cell(at)?, before.cell(at))));
        findings.extend(lines().filter_map(|(at, line)| measure::change(line.row, now.cell(at)?, before.cell(at)?)));
        Judged { findings, skipped }
    }

    /// Checks a whole table against the catalogue of its period, and judges what is well-formed of it.
    pub fn check(&self, given: Vec<Given<'_>>, beside: &Beside) -> Checked {
        let (registry, catalogue) = (self.registry, &self.registry.indicators);
        let previous = beside.cells(self.dataset, true);
        let mut faults = Vec::new();
        let mut placed: Vec<Option<Cell>> = vec![None; self.lines.len()];
        let (mut seen, mut seen_unknown) = (vec![false; catalogue.all().len()], HashSet::new());
        for one in given {
            let position = catalogue.position(&one.indicator);
            let is_again = match position.and_then(|at| seen.get_mut(at)) {
                Some(seen) => std::mem::replace(seen, true),
                None => !seen_unknown.insert(one.indicator.clone()),
            };
            if is_again {
                faults.push(duplicate(&one));
                continue;
            }
            let Some((place, line)) = position.and_then(|at| self.line(at)) else {
                let own = |line: &&indicator::Model| line.dataset_code == self.dataset;
                match position.and_then(|at| catalogue.at(at)).filter(own) {
                    // To leave out what does not hold any more is always right: so it can be taken out of an old draft.
                    Some(_) if one.cell.is_none() => {}
                    Some(line) => faults.push(untimely(line, self.period, &one)),
                    None => faults.push(unknown(registry, self.dataset, &one)),
                }
                continue;
            };
            let (stands, row) = (one.place, line.row);
            let Given { indicator, cell: Some(cell), .. } = one else { continue };
            let before = faults.len();
            let pointer = || Given { indicator: Cow::Borrowed(&*indicator), place: stands, cell: None }.pointer();
            let cell = form(row, &pointer, cell, &mut faults);
            if faults.len() == before {
                if let Some(slot) = placed.get_mut(place) {
                    *slot = cell;
                }
                continue;
            }
            let last_year = shown(previous.and_then(|cells| cells.get(row.code.as_str())), row);
            for fault in faults.iter_mut().skip(before) {
                fault.indicator = Some(row.code.clone());
                fault.previous.clone_from(&last_year);
            }
        }
        let cells = self.cells(placed);
        let judged = self.judge(&cells, beside);
        Checked { cells, faults, judged }
    }
}

/// The digits of a line's cell.
fn shown(cell: Option<&Cell>, line: &indicator::Model) -> Option<String> {
    cell?.value.map(|value| decimal::digits(value, line.decimals))
}

fn duplicate(one: &Given<'_>) -> Finding {
    let code = &one.indicator;
    let mut finding = Finding::error(
        "duplicate_indicator",
        one.pointer(),
        Text::new(format!("指标“{code}”重复出现"), format!("Indicator `{code}` is stated twice")),
    );
    finding.indicator = Some(IndicatorCode(code.to_string()));
    finding
}

fn unknown(registry: &Registry, dataset: &str, one: &Given<'_>) -> Finding {
    let code = &one.indicator;
    let mut finding = Finding::error(
        "unknown_indicator",
        one.pointer(),
        Text::new(format!("报表“{dataset}”没有指标“{code}”"), format!("Table `{dataset}` has no indicator `{code}`")),
    );
    finding.got = Some(code.to_string());
    // The usual slip: the line's own name without the table's, or with another table's.
    let own = code.rsplit_once('.').map_or(code.as_ref(), |(_, own)| own);
    finding.expected = registry.indicators.get(&format!("{dataset}.{own}")).map(|line| line.code.0.clone());
    finding
}

/// An indicator of the table that does not hold in the period: there it is as good as unknown.
fn untimely(line: &indicator::Model, period: &str, one: &Given<'_>) -> Finding {
    let code = &line.code;
    let bound = |bound: &Option<PeriodCode>| bound.as_ref().map(|period| period.0.clone()).unwrap_or_default();
    let (from, to) = (bound(&line.valid_from), bound(&line.valid_to));
    let (zh, en) = match (from.as_str(), to.as_str()) {
        (from, "") => (format!("自 {from} 起填报"), format!("is reported from {from} on")),
        ("", to) => (format!("填报至 {to} 为止"), format!("is reported up to {to}")),
        (from, to) => (format!("只在 {from} 至 {to} 填报"), format!("is reported from {from} to {to} only")),
    };
    let mut finding = Finding::error(
        "unknown_indicator",
        one.pointer(),
        Text::new(
            format!("“{}”（{code}）{zh}，统计期 {period} 没有此指标", line.label),
            format!("`{code}` {en}; there is no such indicator in {period}"),
        ),
    )
    .with(format!("{from}–{to}"), period);
    finding.indicator = Some(code.clone());
    finding
}

/// Judges one cell by its line; nothing if it says the same as leaving it out, or if it is at fault.
fn form(
    line: &indicator::Model,
    pointer: &dyn Fn() -> String,
    given: GivenCell<'_>,
    faults: &mut Vec<Finding>,
) -> Option<Cell> {
    let mut fault = |code: &str, zh: String, en: String, expected: String, got: String| {
        let text = Text::new(format!("“{}”{zh}", line.label), format!("`{}` {en}", line.code));
        faults.push(Finding::error(code, pointer(), text).with(expected, got));
    };
    for name in &given.unknown {
        fault(
            "unknown_member",
            "含有未知成员".to_owned(),
            "has an unknown member".to_owned(),
            "value, status, note".to_owned(),
            name.clone(),
        );
    }
    fn stated(value: Option<GivenValue<'_>>) -> Option<GivenValue<'_>> {
        value.filter(|value| *value != GivenValue::Null)
    }
    let (value, status, note) = (stated(given.value), stated(given.status), stated(given.note));
    if value.is_none() && status.is_none() && note.is_none() {
        return None;
    }
    let status = match status {
        None => Status::Reported,
        Some(word) => {
            let known = match &word {
                GivenValue::Text(word) => Status::stated(word),
                _ => None,
            };
            if known.is_none() {
                let words: Vec<&str> = Status::STATED.iter().map(|status| status.word()).collect();
                fault(
                    "unknown_status",
                    "的状态不可识别".to_owned(),
                    "has an unknown status".to_owned(),
                    words.join(", "),
                    word.shown(),
                );
            }
            known?
        }
    };
    let note = match note {
        None => None,
        // A NUL is no text for PostgreSQL.
        Some(GivenValue::Text(text)) if text.chars().count() <= MAX_NOTE && !text.contains('\0') => {
            Some(text.into_owned()).filter(|text| !text.is_empty())
        }
        Some(other) => {
            let expected = format!("≤ {MAX_NOTE}");
            fault(
                "note",
                "的说明不是文字或过长".to_owned(),
                "has a note that is no text or too long".to_owned(),
                expected,
                other.shown(),
            );
            return None;
        }
    };
    let places = line.decimals;
    let value = match (value, status.has_value()) {
        (Some(GivenValue::Number(digits)), true) => match decimal::parse(&digits, places) {
            Ok(value) => Some(value),
            Err(why) => {
                let (code, zh, en, expected) = match why {
                    Fault::NotANumber => {
                        ("wrong_type", "不是数字".to_owned(), "is not a number".to_owned(), "number".to_owned())
                    }
                    Fault::TooManyDecimals => (
                        "too_many_decimals",
                        format!("的小数位数超过 {places} 位"),
                        format!("has more than {places} decimals"),
                        format!("≤ {places}"),
                    ),
                    Fault::TooManyDigits => (
                        "too_many_digits",
                        format!("的有效数字超过 {MAX_DIGITS} 位"),
                        format!("has more than {MAX_DIGITS} significant digits"),
                        format!("≤ {MAX_DIGITS}"),
                    ),
                };
                fault(code, zh, en, expected, digits.into_owned());
                return None;
            }
        },
        (Some(other), true) => {
            fault(
                "wrong_type",
                "不是数字".to_owned(),
                "is not a number".to_owned(),
                "number".to_owned(),
                other.shown(),
            );
            return None;
        }
        (None, true) => {
            let (zh, en) = ("缺少数值".to_owned(), "has no value".to_owned());
            fault("value_missing", zh, en, "value".to_owned(), status.word().to_owned());
            return None;
        }
        (Some(other), false) => {
            let word = status.word();
            fault(
                "value_unexpected",
                format!("的状态为 {word}，不应有数值"),
                format!("is {word} and must have no value"),
                "null".to_owned(),
                other.shown(),
            );
            return None;
        }
        (None, false) => None,
    };
    if let Some(value) = value {
        let digits = |bound: i64| decimal::digits(bound, places);
        if let Some(minimum) = line.minimum.filter(|minimum| value < *minimum) {
            let least = digits(minimum);
            fault(
                "below_minimum",
                format!("小于下限 {least}"),
                format!("is below {least}"),
                format!("≥ {least}"),
                digits(value),
            );
        }
        if let Some(maximum) = line.maximum.filter(|maximum| value > *maximum) {
            let most = digits(maximum);
            fault(
                "above_maximum",
                format!("大于上限 {most}"),
                format!("is above {most}"),
                format!("≤ {most}"),
                digits(value),
            );
        }
    }
    Some(Cell { value, status, note })
}

/// The required indicators that a table leaves open: neither a value nor `NOT_APPLICABLE`.
pub fn missing(registry: &Registry, dataset: &str, period: &str, cells: &Cells) -> Vec<Finding> {
    registry
        .lines_in(dataset, period)
        .filter(|line| line.is_required)
        .filter(|line| {
            !cells
                .get(line.code.as_str())
                .is_some_and(|cell| cell.status.has_value() || cell.status == Status::NotApplicable)
        })
        .map(|line| {
            let mut finding = Finding::error(
                format!("{}.required", line.code),
                format!("/observations/{}", pointer(line.code.as_str())),
                Text::new(
                    format!("必填指标“{}”未填：请填数值，或注明 NOT_APPLICABLE", line.label),
                    format!("`{}` is required: state a value, or NOT_APPLICABLE", line.code),
                ),
            );
            finding.indicator = Some(line.code.clone());
            finding.expected = Some(format!("{} / NOT_APPLICABLE", line.unit));
            finding
        })
        .collect()
}
