//! Claims of a file: the columns of `claims.csv`, read against the registry as it stands, every fault at once.

use std::collections::{HashMap, HashSet};

use csv::{ReaderBuilder, StringRecord, Trim};
use entity::{
    claim,
    ids::{ClaimKey, PeriodCode},
};

use super::{Formula, computed::filter_of};
use crate::{
    domain::periods::Period,
    error::{Error, Finding, MOST_FINDINGS, Result, Text},
    formats::decimal::{self, Fault, MAX_DIGITS},
    memory::registry::Registry,
};

/// The most claims of one file.
pub const MAX_CLAIMS: usize = 5_000;

/// The longest cell, in characters; an expression has its own bound.
const MAX_CELL: usize = 1_000;

/// The columns of a file of claims; others may stand beside them.
pub const COLUMNS: &[&str] = &[
    "key",
    "label_zh",
    "indicator",
    "statistic",
    "scope",
    "scope_code",
    "period",
    "comparator",
    "value",
    "unit",
    "source",
];

/// Signs between a quantity and its figure.
const COMPARATORS: &[&str] = &["=", ">=", "<=", ">", "<", "~"];

const SCOPES: &[&str] = &["province", "city", "school"];

#[derive(Default)]
struct Faults(Vec<Finding>);

impl Faults {
    fn add(&mut self, code: &str, place: (usize, &str), text: (String, String), expected: &str, got: &str) {
        if self.0.len() > MOST_FINDINGS {
            return;
        }
        let (line, column) = place;
        let pointer = if column.is_empty() { format!("/{line}") } else { format!("/{line}/{column}") };
        let message =
            Text::new(format!("第 {line} 行 {column}：{}", text.0), format!("Line {line}, {column}: {}", text.1));
        let mut finding = Finding::error(code, pointer, message);
        finding.expected = Some(expected.to_owned()).filter(|text| !text.is_empty());
        // A cell may be as long as the file.
        finding.got = Some(got.chars().take(100).collect()).filter(|text: &String| !text.is_empty());
        self.0.push(finding);
    }
}

/// What a text must not hold: what moves a terminal's cursor, turns the direction of a line, or ends a record.
fn is_unprintable(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads a file of claims.
///
/// # Errors
/// 422 with everything that is wrong with it: line, column, expected, got.
pub fn read(registry: &Registry, bytes: &[u8]) -> Result<Vec<claim::Model>> {
    let text = std::str::from_utf8(bytes).map_err(|fault| {
        let line = bytes.iter().take(fault.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        let text = Text::new(
            format!("第 {line} 行不是 UTF-8 编码；请保存为“CSV UTF-8”"),
            format!("Line {line} is not UTF-8; save the file as `CSV UTF-8`"),
        );
        Error::invalid("not_utf8", &format!("/{line}"), text)
    })?;
    // A byte-order mark is a habit of spreadsheets.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let mut records = reader.records();
    let mut faults = Faults::default();
    let header = records.next().and_then(std::result::Result::ok).unwrap_or_default();
    let mut columns: HashMap<&str, usize> = HashMap::new();
    for (at, column) in header.iter().enumerate().filter(|(_, column)| !column.is_empty()) {
        if columns.insert(column, at).is_some() {
            let text = ("表头中此列出现两次".to_owned(), "the header names this column twice".to_owned());
            faults.add("duplicate_column", (1, column), text, "", column);
        }
    }
    for column in COLUMNS.iter().filter(|column| !columns.contains_key(**column)) {
        let text = (format!("表头缺少列 {column}"), format!("the header lacks the column {column}"));
        faults.add("missing_column", (1, column), text, &COLUMNS.join(","), "");
    }
    if !faults.0.is_empty() {
        return Err(Error::Invalid(faults.0));
    }
    let provinces: HashSet<String> =
        registry.cities.all().iter().filter_map(|city| Some(format!("{}0000", city.code.as_str().get(..2)?))).collect();
    let mut known = Known { registry, provinces, formulas: HashMap::new() };
    let mut keys: HashMap<String, usize> = HashMap::new();
    let mut claims = Vec::new();
    for record in records {
        let Ok(record) = record else {
            let text = ("此行无法读取".to_owned(), "this line cannot be read".to_owned());
            faults.add("unreadable_line", (claims.len() + 2, ""), text, "", "");
            break;
        };
        let line = record.position().map_or(0, |place| usize::try_from(place.line()).unwrap_or(0));
        if record.len() != header.len() {
            let (expected, got) = (header.len().to_string(), record.len().to_string());
            let text = (
                format!("应有 {expected} 个单元格，实有 {got} 个；含逗号的文字须加引号"),
                format!("{got} cells instead of {expected}; text with a comma needs quotes"),
            );
            faults.add("cell_count", (line, ""), text, &expected, &got);
            continue;
        }
        if claims.len() >= MAX_CLAIMS {
            let text =
                (format!("一个文件最多 {MAX_CLAIMS} 个公布数"), format!("a file holds at most {MAX_CLAIMS} claims"));
            faults.add("too_many_claims", (line, ""), text, &MAX_CLAIMS.to_string(), "");
            break;
        }
        let row = Row { columns: &columns, record: &record, line };
        let Some(claim) = row.read(&mut known, claims.len(), &mut faults) else { continue };
        if let Some(before) = keys.insert(claim.key.0.clone(), line) {
            let text = (format!("与第 {before} 行重复"), format!("the same as in line {before}"));
            faults.add("duplicate", (line, "key"), text, "", claim.key.as_str());
        }
        claims.push(claim);
    }
    if faults.0.is_empty() { Ok(claims) } else { Err(Error::Invalid(faults.0)) }
}

/// What the cells are held against.
struct Known<'r> {
    registry: &'r Registry,
    provinces: HashSet<String>,
    /// Expressions that were read already, and what is wrong with them.
    formulas: HashMap<String, Option<Text>>,
}

impl Known<'_> {
    /// What is wrong with an expression.
    fn wrong(&mut self, expression: &str) -> Option<Text> {
        if let Some(known) = self.formulas.get(expression) {
            return known.clone();
        }
        let wrong = match Formula::compile(expression) {
            Err(fault) => Some(fault.placed()),
            Ok(formula) => formula
                .inputs()
                .iter()
                .find(|input| self.registry.indicators.get(&input.indicator).is_none())
                .map(|input| {
                    let code = &input.indicator;
                    Text::new(format!("没有指标“{code}”"), format!("there is no indicator `{code}`"))
                })
                .or_else(|| formula.counts().iter().find_map(|filter| filter_of(filter).err())),
        };
        self.formulas.insert(expression.to_owned(), wrong.clone());
        wrong
    }
}

struct Row<'f> {
    columns: &'f HashMap<&'f str, usize>,
    record: &'f StringRecord,
    line: usize,
}

impl<'f> Row<'f> {
    fn cell(&self, column: &str) -> &'f str {
        self.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or_default()
    }

    /// A text that may be empty, and is fit to be shown.
    fn printable(&self, column: &'static str, faults: &mut Faults) -> Option<&'f str> {
        let text = self.cell(column);
        let place = (self.line, column);
        if text.chars().any(is_unprintable) {
            let said = ("含有控制字符".to_owned(), "holds a control character".to_owned());
            faults.add("control_character", place, said, "", "");
            return None;
        }
        if text.chars().count() > MAX_CELL {
            let said = (format!("超过 {MAX_CELL} 个字符"), format!("is longer than {MAX_CELL} characters"));
            faults.add("too_long", place, said, &format!("≤ {MAX_CELL}"), text);
            return None;
        }
        Some(text)
    }

    fn text(&self, column: &'static str, faults: &mut Faults) -> Option<String> {
        let text = self.printable(column, faults)?;
        if text.is_empty() {
            let said = ("不能为空".to_owned(), "must not be empty".to_owned());
            faults.add("empty_cell", (self.line, column), said, "", "");
            return None;
        }
        Some(text.to_owned())
    }

    fn one_of(&self, column: &'static str, list: &[&str], faults: &mut Faults) -> Option<String> {
        let text = self.text(column, faults)?;
        if list.contains(&text.as_str()) {
            return Some(text);
        }
        let all = list.join(", ");
        let said = (format!("应为 {all} 之一"), format!("is one of {all}"));
        faults.add("unknown_word", (self.line, column), said, &all, &text);
        None
    }

    fn unresolved(&self, column: &'static str, got: &str, faults: &mut Faults) {
        let said = (format!("没有“{got}”"), format!("there is no `{got}`"));
        faults.add("unresolved", (self.line, column), said, "", got);
    }

    /// Every cell is judged, so that all that is wrong is named at once.
    fn read(&self, known: &mut Known<'_>, at: usize, faults: &mut Faults) -> Option<claim::Model> {
        let before = faults.0.len();
        let key = self.text("key", faults);
        let label = self.text("label_zh", faults);
        let indicator = self.printable("indicator", faults).unwrap_or_default();
        let line = known.registry.indicators.get(indicator);
        if line.is_none() && !indicator.is_empty() {
            self.unresolved("indicator", indicator, faults);
        }
        let statistic = self.text("statistic", faults);
        if let Some(statistic) = &statistic {
            let is_value = statistic == "value";
            if is_value == indicator.is_empty() {
                let said = (
                    "有 indicator 时应为 value，没有时应为表达式".to_owned(),
                    "is `value` where there is an indicator, and an expression where there is none".to_owned(),
                );
                faults.add("contradiction", (self.line, "statistic"), said, "", statistic);
            } else if !is_value && let Some(wrong) = known.wrong(statistic) {
                faults.add("expression", (self.line, "statistic"), (wrong.zh, wrong.en), "", statistic);
            }
        }
        let period = self.text("period", faults);
        if let Some(period) = &period {
            let kind = line
                .and_then(|line| known.registry.datasets.get(line.dataset_code.as_str()))
                .map(|row| row.period_kind);
            if Period::parse(period).is_none_or(|period| kind.is_some_and(|kind| kind != period.kind)) {
                let said = (
                    "统计期应如 2023 或 2022-2023，并与报表一致".to_owned(),
                    "a period is written like 2023 or 2022-2023, as its table has it".to_owned(),
                );
                faults.add("period_form", (self.line, "period"), said, "2023", period);
            }
        }
        let scope = self.one_of("scope", SCOPES, faults);
        let scope_code = self.text("scope_code", faults);
        if let (Some(scope), Some(code)) = (&scope, &scope_code) {
            let is_there = match scope.as_str() {
                "province" => known.provinces.contains(code),
                "city" => known.registry.cities.get(code).is_some(),
                _ => known.registry.schools.get(code).is_some(),
            };
            if !is_there {
                self.unresolved("scope_code", code, faults);
            }
        }
        let comparator = self.one_of("comparator", COMPARATORS, faults);
        let value = self.text("value", faults);
        if let Some(value) = &value {
            self.number(value, faults);
        }
        let unit = self.printable("unit", faults).map(str::to_owned);
        let source = self.text("source", faults);
        if faults.0.len() > before {
            return None;
        }
        Some(claim::Model {
            key: ClaimKey(key?),
            position: i32::try_from(at).ok()?,
            label: label?,
            indicator_code: Some(indicator.to_owned()).filter(|code| !code.is_empty()),
            statistic: statistic?,
            scope: scope?,
            scope_code: scope_code?,
            period_code: PeriodCode(period?),
            comparator: comparator?,
            value: value?,
            unit: unit?,
            source: source?,
        })
    }

    /// Digits as printed; no signs of thousands, no exponents.
    fn number(&self, text: &str, faults: &mut Faults) {
        let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let whole = text.trim_start_matches('-').split('.').next().unwrap_or_default();
        let is_plain = !text.contains(['e', 'E', '+']) && places <= 20 && (whole.len() == 1 || !whole.starts_with('0'));
        match decimal::parse(text, i16::try_from(places).unwrap_or(i16::MAX)) {
            Ok(_) if is_plain => {}
            Err(Fault::TooManyDigits) => {
                let said =
                    (format!("有效数字超过 {MAX_DIGITS} 位"), format!("has more than {MAX_DIGITS} significant digits"));
                faults.add("too_many_digits", (self.line, "value"), said, &format!("≤ {MAX_DIGITS}"), text);
            }
            _ => {
                let said = ("不是数字".to_owned(), "is not a number".to_owned());
                faults.add("not_a_number", (self.line, "value"), said, "123.45", text);
            }
        }
    }
}
