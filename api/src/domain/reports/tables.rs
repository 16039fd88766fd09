//! The tables of a report, numbered as the printed ones.
//!
//! A dataset becomes a table as its source says (`001 表2`, `001 附表3`): what stands in an appendix is listed line by
//! line for the province; what has a standard for every line is compared over three years; the rest is listed school
//! by school. Before them stands the list of schools, 表1.

use entity::{dataset, indicator, words::Disclosure};

use super::figures::{Counted, Source};
use crate::{
    domain::periods::Period,
    error::Result,
    formats::{
        decimal,
        report::{Cell, Figure, Heading, Row, Table},
    },
};

/// How many years are compared.
const YEARS: usize = 3;

/// All tables, in the order of their numbers: the appendix last.
pub(super) async fn all(source: &Source<'_>) -> Result<Vec<Table>> {
    let mut numbered = vec![((false, 1), schools(source))];
    let period = source.period;
    for row in source.registry.datasets_in(period.kind, period.code.as_str()) {
        let Some((is_appendix, number)) = number_of(row) else { continue };
        let lines: Vec<&indicator::Model> = source.registry.lines_in(row.code.as_str(), period.code.as_str()).collect();
        let is_standard = lines.iter().all(|line| line.threshold.is_some());
        let is_open = lines.iter().all(|line| line.disclosure == Disclosure::Public);
        let table = if lines.is_empty() {
            continue;
        } else if is_appendix {
            listed(source, row, &lines).await?
        } else if is_standard {
            compared(source, row, &lines).await?
        } else if is_open {
            by_school(source, row, &lines).await?
        } else {
            // What is not published school by school is listed for the province.
            listed(source, row, &lines).await?
        };
        numbered.push(((is_appendix, number), table));
    }
    numbered.sort_by_key(|(number, _)| *number);
    Ok(numbered.into_iter().map(|(_, table)| table).collect())
}

/// The number that the source of a dataset names: whether in the appendix, and which.
fn number_of(row: &dataset::Model) -> Option<(bool, u32)> {
    let place = row.source.split_whitespace().last()?;
    let (is_appendix, digits) = match place.strip_prefix("附表") {
        Some(digits) => (true, digits),
        None => (false, place.strip_prefix('表')?),
    };
    digits.parse().ok().map(|number| (is_appendix, number))
}

fn named(source: &Source<'_>, row: &dataset::Model) -> (String, String, String) {
    let (is_appendix, number) = number_of(row).unwrap_or((false, 0));
    let words = source.words;
    let (file, zh, en) = if is_appendix { ("appendix", "附表", "Appendix") } else { ("table", "表", "Table") };
    let space = words.pick("", " ");
    let name = words.pick(&row.name, row.name_en.as_deref().unwrap_or(&row.name)).to_owned();
    (format!("{file}-{number}"), format!("{}{space}{number}", words.pick(zh, en)), name)
}

fn text(name: impl Into<String>, key: &str) -> Heading {
    Heading { name: name.into(), key: key.to_owned(), is_figure: false }
}

fn figures(name: impl Into<String>) -> Heading {
    Heading { name: name.into(), key: String::new(), is_figure: true }
}

fn boxed(figure: Figure) -> Cell {
    Cell::Figure(Box::new(figure))
}

fn row(cells: Vec<Cell>) -> Row {
    Row { cells, is_total: false }
}

fn label<'l>(source: &Source<'_>, line: &'l indicator::Model) -> &'l str {
    source.words.pick(&line.label, line.label_en.as_deref().unwrap_or(&line.label))
}

fn unit<'l>(source: &Source<'_>, line: &'l indicator::Model) -> &'l str {
    source.words.pick(&line.unit, line.unit_en.as_deref().unwrap_or(&line.unit))
}

/// The schools of the release, as they stood.
fn schools(source: &Source<'_>) -> Table {
    let words = source.words;
    let rows = (1_usize..).zip(&source.frame.schools).map(|(number, school)| {
        let word = |word: Option<&'static str>| Cell::text(word.unwrap_or("—"));
        row(vec![
            Cell::text(number.to_string()),
            Cell::text(&school.code),
            Cell::text(source.school(&school.code)),
            word(school.tier().map(|tier| words.tier_of(tier))),
            word(school.ownership().map(|ownership| words.ownership_of(ownership))),
            word(school.category().map(|category| words.category_of(category))),
            Cell::text(source.city(&school.city)),
        ])
    });
    Table {
        file: "table-1".to_owned(),
        number: words.pick("表1", "Table 1").to_owned(),
        name: words.schools_table.to_owned(),
        columns: vec![
            text(words.number, "number"),
            text(words.pick("代码", "Code"), "school"),
            text(words.school, "name"),
            text(words.tier, "tier"),
            text(words.ownership, "ownership"),
            text(words.category, "category"),
            text(words.city, "city"),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn codes(lines: &[&indicator::Model]) -> Vec<String> {
    lines.iter().map(|line| line.code.0.clone()).collect()
}

/// School by school, and the province below.
async fn by_school(source: &Source<'_>, of: &dataset::Model, lines: &[&indicator::Model]) -> Result<Table> {
    let (file, number, name) = named(source, of);
    let (words, codes, period) = (source.words, codes(lines), source.period.code.as_str());
    let mut notes = Vec::new();
    let mut rows = Vec::new();
    for (number, school) in (1_usize..).zip(&source.frame.schools) {
        let mut cells =
            vec![Cell::text(number.to_string()), Cell::text(&school.code), Cell::text(source.school(&school.code))];
        let all = source.of_school(&school.code, &codes).await?;
        for (line, counted) in lines.iter().zip(&all) {
            cells.push(boxed(source.figure(line, &school.code, period, counted, &mut notes)));
        }
        rows.push(row(cells));
    }
    let mut cells = vec![Cell::text(""), Cell::text(""), Cell::text(words.total)];
    for (line, counted) in lines.iter().zip(&source.of_province(&codes, period).await?) {
        cells.push(boxed(source.figure(line, "", period, counted, &mut notes)));
    }
    rows.push(Row { cells, is_total: true });
    let head = [text(words.number, "number"), text(words.pick("代码", "Code"), "school"), text(words.school, "name")];
    let columns = head
        .into_iter()
        .chain(lines.iter().map(|line| figures(format!("{}（{}）", label(source, line), unit(source, line)))));
    Ok(Table { file, number, name, columns: columns.collect(), rows, notes })
}

/// The serial number as printed: `5.1`; of the second of two that share it nothing.
fn serial(line: &indicator::Model) -> String {
    match line.line_no.strip_suffix(|end: char| end.is_ascii_lowercase()) {
        None => line.line_no.clone(),
        Some(number) if line.line_no.ends_with('a') => number.to_owned(),
        Some(_) => String::new(),
    }
}

/// How deep a line stands below others of its table.
fn depth(lines: &[&indicator::Model], line: &indicator::Model) -> usize {
    let mut depth = 0;
    let mut at = line;
    while let Some(parent) = at.parent_code.as_ref().and_then(|code| lines.iter().find(|one| one.code == *code)) {
        depth += 1;
        at = parent;
        if depth > lines.len() {
            break;
        }
    }
    depth
}

/// Line by line, for the province.
async fn listed(source: &Source<'_>, of: &dataset::Model, lines: &[&indicator::Model]) -> Result<Table> {
    let (file, number, name) = named(source, of);
    let (words, period) = (source.words, source.period.code.as_str());
    let mut notes = Vec::new();
    let mut rows = Vec::new();
    let mut begun: Vec<&str> = Vec::new();
    for (line, counted) in lines.iter().zip(&source.of_province(&codes(lines), period).await?) {
        let printed = words.pick(&line.printed_label, line.label_en.as_deref().unwrap_or(&line.printed_label));
        let level = depth(lines, line);
        // The print says `of which` once for the parts of a line.
        let is_first = line.parent_code.as_ref().is_some_and(|parent| {
            let is_first = !begun.contains(&parent.as_str());
            begun.push(parent.as_str());
            is_first
        });
        let lead = if is_first { words.of_which } else { "" };
        let star = if line.is_starred { "*" } else { "" };
        rows.push(row(vec![
            Cell::text(serial(line)),
            Cell::Text(format!("{lead}{printed}{star}"), level),
            Cell::text(unit(source, line)),
            boxed(source.figure(line, "", period, counted, &mut notes)),
        ]));
    }
    let columns = vec![
        text(words.number, "line_no"),
        text(words.indicator, "label"),
        text(words.unit, "unit"),
        figures(words.value),
    ];
    Ok(Table { file, number, name, columns, rows, notes })
}

/// The period and those before it, oldest first.
pub(super) fn years(period: &Period) -> Vec<String> {
    let mut years = vec![period.code.0.clone()];
    let mut at = period.clone();
    for _ in 1..YEARS {
        let Some(before) = Period::parse(at.previous().as_str()) else { break };
        years.push(before.code.0.clone());
        at = before;
    }
    years.reverse();
    years
}

/// Year by year, beside the standard.
async fn compared(source: &Source<'_>, of: &dataset::Model, lines: &[&indicator::Model]) -> Result<Table> {
    let (file, number, name) = named(source, of);
    let (words, codes, years) = (source.words, codes(lines), years(source.period));
    let mut notes = Vec::new();
    let mut counted: Vec<Vec<Counted>> = Vec::new();
    for year in &years {
        counted.push(source.of_province(&codes, year).await?);
    }
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let threshold = line.threshold.map(|threshold| {
            let mut digits = decimal::digits(threshold, line.decimals);
            let places = usize::try_from(line.decimals).unwrap_or(0);
            // As printed: 16.00.
            if places > 0 {
                let there = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                if there == 0 {
                    digits.push('.');
                }
                digits.push_str(&"0".repeat(places.saturating_sub(there)));
            }
            digits
        });
        let mut cells = vec![
            Cell::text(serial(line)),
            Cell::text(label(source, line)),
            Cell::text(unit(source, line)),
            Cell::text(threshold.unwrap_or_default()),
        ];
        for (year, all) in years.iter().zip(&counted) {
            if let Some(counted) = all.get(at) {
                cells.push(boxed(source.figure(line, "", year, counted, &mut notes)));
            }
        }
        rows.push(row(cells));
    }
    let head = [
        text(words.number, "line_no"),
        text(words.indicator, "label"),
        text(words.unit, "unit"),
        text(words.standard, "standard"),
    ];
    let columns = head.into_iter().chain(years.iter().map(figures)).collect();
    Ok(Table { file, number, name, columns, rows, notes })
}
