//! Where findings are made: one pass over a table, everything that is wrong, in both languages.
//!
//! *Form* faults (unknown indicator, wrong type, too many decimals, out of bounds, stated twice)
//! mean that there is nothing to store. *Tree* findings follow from the catalogue: a count exceeds
//! the one it lies within (error), the parts of a total do not add up to it (warning).
//! *Completeness* is asked at submit.

use std::collections::HashSet;

use entity::{ids::IndicatorCode, indicator, words::Severity};

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
    /// Findings of the tree over the well-formed cells.
    pub findings: Vec<Finding>,
}

/// Checks a whole table against the catalogue. `previous` are the cells of the period before.
pub fn check(registry: &Registry, dataset: &str, given: Vec<Given>, previous: &Cells) -> Checked {
    let mut checked = Checked::default();
    let mut seen = HashSet::new();
    for one in given {
        if !seen.insert(one.indicator.clone()) {
            checked.faults.push(duplicate(&one));
            continue;
        }
        let Some(line) = registry.indicators.get(&one.indicator).filter(|line| line.dataset_code == dataset) else {
            checked.faults.push(unknown(registry, dataset, &one));
            continue;
        };
        let Some(cell) = one.cell else { continue };
        let before = checked.faults.len();
        let cell = form(line, &one.pointer, cell, &mut checked.faults);
        let last_year = shown(previous, line);
        for fault in checked.faults.iter_mut().skip(before) {
            fault.indicator = Some(line.code.clone());
            fault.previous.clone_from(&last_year);
        }
        if let (Some(cell), true) = (cell, checked.faults.len() == before) {
            checked.cells.insert(one.indicator, cell);
        }
    }
    checked.findings = tree(registry, dataset, &checked.cells, previous);
    checked
}

fn shown(cells: &Cells, line: &indicator::Model) -> Option<String> {
    cells.get(line.code.as_str())?.value.map(|value| decimal::digits(value, line.decimals))
}

fn duplicate(one: &Given) -> Finding {
    let code = &one.indicator;
    let mut finding = Finding::error(
        "duplicate_indicator",
        &one.pointer,
        Text::new(format!("指标“{code}”重复出现"), format!("Indicator `{code}` is stated twice")),
    );
    finding.indicator = Some(IndicatorCode(code.clone()));
    finding
}

fn unknown(registry: &Registry, dataset: &str, one: &Given) -> Finding {
    let code = &one.indicator;
    let mut finding = Finding::error(
        "unknown_indicator",
        &one.pointer,
        Text::new(format!("报表“{dataset}”没有指标“{code}”"), format!("Table `{dataset}` has no indicator `{code}`")),
    );
    finding.got = Some(code.clone());
    // The usual slip: the line's own name without the table's, or with another table's.
    let own = code.rsplit_once('.').map_or(code.as_str(), |(_, own)| own);
    finding.expected = registry.indicators.get(&format!("{dataset}.{own}")).map(|line| line.code.0.clone());
    finding
}

/// Judges one cell by its line; nothing if it says the same as leaving it out, or if it is at fault.
fn form(line: &indicator::Model, pointer: &str, given: GivenCell, faults: &mut Vec<Finding>) -> Option<Cell> {
    let mut fault = |code: &str, zh: String, en: String, expected: String, got: String| {
        let text = Text::new(format!("“{}”{zh}", line.label), format!("`{}` {en}", line.code));
        faults.push(Finding::error(code, pointer, text).with(expected, got));
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
    let stated = |value: Option<GivenValue>| value.filter(|value| *value != GivenValue::Null);
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
            Some(text).filter(|text| !text.is_empty())
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
                fault(code, zh, en, expected, digits);
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

/// A value in hundredths of hundredths …: two lines with different decimals are compared on the finer scale.
fn on_scale(value: i64, from: i16, to: i16) -> i128 {
    i128::from(value) * decimal::factor(to - from)
}

fn tree(registry: &Registry, dataset: &str, cells: &Cells, previous: &Cells) -> Vec<Finding> {
    let mut findings = Vec::new();
    let value = |line: &indicator::Model| cells.get(line.code.as_str()).and_then(|cell| cell.value);
    for line in registry.lines(dataset) {
        if let Some(whole) = line.within_code.as_ref().and_then(|code| registry.indicators.get(code.as_str()))
            && let (Some(part_value), Some(whole_value)) = (value(line), value(whole))
        {
            let scale = line.decimals.max(whole.decimals);
            if on_scale(part_value, line.decimals, scale) > on_scale(whole_value, whole.decimals, scale) {
                let (got, most) =
                    (decimal::digits(part_value, line.decimals), decimal::digits(whole_value, whole.decimals));
                findings.push(Finding {
                    severity: Severity::Error,
                    code: format!("{}.within", line.code),
                    indicator: Some(line.code.clone()),
                    pointer: format!("/observations/{}", pointer(line.code.as_str())),
                    message: Text::new(
                        format!("“{}”（{got}）大于其所属的“{}”（{most}）", line.label, whole.label),
                        format!("`{}` ({got}) exceeds `{}` ({most}), which it lies within", line.code, whole.code),
                    ),
                    expected: Some(format!("≤ {most}")),
                    got: Some(got),
                    previous: shown(previous, line),
                });
            }
        }
        if line.is_parts_complete {
            findings.extend(parts(registry, line, cells, previous));
        }
    }
    findings
}

/// The direct parts of a total must add up to it. Not judged while a part is missing.
fn parts(registry: &Registry, whole: &indicator::Model, cells: &Cells, previous: &Cells) -> Option<Finding> {
    let total = cells.get(whole.code.as_str())?.value?;
    let parts: Vec<&indicator::Model> = registry
        .lines(whole.dataset_code.as_str())
        .filter(|line| line.within_code.as_ref() == Some(&whole.code))
        .collect();
    let scale = parts.iter().map(|part| part.decimals).max()?.max(whole.decimals);
    let mut sum = 0_i128;
    for part in &parts {
        let cell = cells.get(part.code.as_str())?;
        match (cell.value, cell.status) {
            (Some(value), _) => sum += on_scale(value, part.decimals, scale),
            (None, Status::NotApplicable) => {}
            (None, _) => return None,
        }
    }
    if sum == on_scale(total, whole.decimals, scale) {
        return None;
    }
    let (got, expected) = (decimal::digits(total, whole.decimals), decimal::exact(sum, scale).to_string());
    let names: Vec<&str> = parts.iter().map(|part| part.code.as_str()).collect();
    let labels: Vec<&str> = parts.iter().map(|part| part.label.as_str()).collect();
    Some(Finding {
        severity: Severity::Warning,
        code: format!("{}.parts", whole.code),
        indicator: Some(whole.code.clone()),
        pointer: format!("/observations/{}", pointer(whole.code.as_str())),
        message: Text::new(
            format!("“{}”（{got}）不等于其各分项之和 {expected}（{}）", whole.label, labels.join("＋")),
            format!("`{}` ({got}) is not the sum {expected} of its parts ({})", whole.code, names.join(" + ")),
        ),
        expected: Some(expected),
        got: Some(got),
        previous: shown(previous, whole),
    })
}

/// The required indicators that a table leaves open: neither a value nor `NOT_APPLICABLE`.
pub fn missing(registry: &Registry, dataset: &str, cells: &Cells) -> Vec<Finding> {
    registry
        .lines(dataset)
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
