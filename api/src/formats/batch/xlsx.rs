//! XLSX: a sheet with the columns of a batch, or a form of the service's own with its hidden identity.
//!
//! Read here and not by a library for all of Excel, because two things decide: how a number is shown
//! (`61.25 %` is kept as `0.6125`) and that no part of the file is held whole but its texts.

use std::{
    io::{Read, Seek},
    ops::ControlFlow,
};

use super::{
    COLUMNS, Column, Fault, Header, Row, Sink, Unfit, Value,
    book::{Book, Shown},
    xml::{Element, Piece, Xml, damaged},
};
use crate::formats::figure;

/// The hidden sheet that says what a form is about.
pub const IDENTITY: &str = "_zhiqiao";

/// Columns of a form that are for people only.
pub const FOR_PEOPLE: &[&str] = &["序号", "指标名称", "单位", "上年数值", "填报说明"];

/// The last row that a sheet can have.
const LAST_ROW: u64 = 1_048_576;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Fraction,
    Date,
    Failed,
    Formula,
    Truth,
}

#[derive(Debug)]
struct Cell {
    column: usize,
    kind: Kind,
    text: String,
}

/// What a form says it is.
#[derive(Clone, Debug, Default)]
struct Identity {
    school: String,
    dataset: String,
    period: String,
    catalogue: String,
    sheet: String,
    header: u64,
}

pub(super) fn scan<R: Read + Seek>(file: R, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut book = Book::open(file)?;
    let (texts, ends, shown) = book.take_texts();
    let look = Look { texts: &texts, ends: &ends, shown: &shown };
    let sheets = book.sheets.clone();

    if let Some(hidden) = sheets.iter().find(|sheet| sheet.name == IDENTITY) {
        let mut said = Vec::new();
        rows(&mut book.sheet(&hidden.part)?, &look, &mut |_, cells| {
            let text = |column| cells.iter().find(|cell| cell.column == column).map(|cell| cell.text.clone());
            said.push((text(0).unwrap_or_default(), text(1).unwrap_or_default()));
            if said.len() > 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let of =
            |name: &str| said.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let identity = Identity {
            school: of("school"),
            dataset: of("dataset"),
            period: of("period"),
            catalogue: of("catalogue"),
            sheet: of("sheet"),
            header: of("header").parse().unwrap_or(0),
        };
        let form = sheets.iter().find(|sheet| sheet.name == identity.sheet);
        let Some(form) = form.filter(|_| !identity.school.is_empty() && !identity.dataset.is_empty()) else {
            return Err(Fault::new(
                "form_damaged",
                "填报表已被改动：找不到原来的工作表。请重新下载",
                "The form was changed: its sheet is not there any more. Download it again",
            ));
        };
        return table(&mut book.sheet(&form.part)?, &look, Some(&identity), sink);
    }

    let mut fitting = Vec::new();
    let mut faults = Vec::new();
    for sheet in sheets.iter().filter(|sheet| sheet.is_visible) {
        match header_of(&mut book.sheet(&sheet.part)?, &look)? {
            None => {}
            Some(Ok(())) => fitting.push(sheet),
            Some(Err(found)) => faults.push((sheet, found)),
        }
    }
    match (fitting.as_slice(), faults.as_slice()) {
        ([one], _) => table(&mut book.sheet(&one.part)?, &look, None, sink),
        ([], []) => Err(super::no_rows()),
        ([], [(_, found)]) => {
            sink.faults.extend(found.iter().cloned());
            Ok(())
        }
        ([], _) => {
            let names: Vec<&str> = faults.iter().map(|(sheet, _)| sheet.name.as_str()).collect();
            Err(Fault::new(
                "wrong_sheet",
                format!("没有一个工作表的首行是所需的列名（{}）", super::short(&names.join("、"))),
                format!("No sheet begins with the columns of a batch ({})", super::short(&names.join(", "))),
            )
            .with(super::expected(), names.join(", ")))
        }
        (several, _) => {
            let names: Vec<&str> = several.iter().map(|sheet| sheet.name.as_str()).collect();
            Err(Fault::new(
                "ambiguous_sheet",
                format!("有几个工作表都像是数据（{}）：请只留一个", super::short(&names.join("、"))),
                format!("More than one sheet looks like data ({}): leave one", super::short(&names.join(", "))),
            )
            .with("1", several.len().to_string()))
        }
    }
}

/// What is needed to read a cell.
struct Look<'a> {
    texts: &'a str,
    ends: &'a [usize],
    shown: &'a [Shown],
}

/// Whether the first row of a sheet with anything in it is the header of a batch.
fn header_of(xml: &mut Xml<impl Read>, look: &Look<'_>) -> Result<Option<Result<(), Vec<Fault>>>, Fault> {
    let mut found = None;
    rows(xml, look, &mut |number, cells| {
        found = Some(Header::read(names(cells).iter().map(String::as_str), number, &[]).map(|_| ()));
        ControlFlow::Break(())
    })?;
    Ok(found)
}

fn names(cells: &[Cell]) -> Vec<String> {
    let wide = cells.iter().map(|cell| cell.column + 1).max().unwrap_or(0).min(COLUMNS);
    let mut names = vec![String::new(); wide];
    for cell in cells {
        if let Some(name) = names.get_mut(cell.column) {
            name.clone_from(&cell.text);
        }
    }
    names
}

fn table(
    xml: &mut Xml<impl Read>,
    look: &Look<'_>,
    identity: Option<&Identity>,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    let mut header: Option<Header> = None;
    rows(xml, look, &mut |number, cells| {
        if identity.is_some_and(|identity| number < identity.header) {
            return ControlFlow::Continue(());
        }
        let Some(header) = &header else {
            let mut names = names(cells);
            let display = if identity.is_some() { FOR_PEOPLE } else { &[] };
            if identity.is_some() {
                // A form has its school, table and period in its identity.
                names.extend([Column::School, Column::Dataset, Column::Period].map(|one| one.word().to_owned()));
            }
            match Header::read(names.iter().map(String::as_str), number, display) {
                Ok(read) => header = Some(read),
                Err(faults) => {
                    sink.faults.extend(faults);
                    return ControlFlow::Break(());
                }
            }
            return ControlFlow::Continue(());
        };
        row(number, cells, header, identity, sink)
    })
}

fn row(
    number: u64,
    cells: &[Cell],
    header: &Header,
    identity: Option<&Identity>,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    let mut texts = [""; 7];
    let mut value = Value::Text("");
    let mut faults = Vec::new();
    for cell in cells {
        let Some(column) = header.columns.get(cell.column).copied().flatten() else {
            let is_for_people = identity.is_some();
            if !is_for_people && !cell.text.trim().is_empty() {
                faults.push(
                    Fault::new(
                        "stray_cell",
                        format!("第 {} 列没有列名，却有内容", cell.column + 1),
                        format!("Column {} has no name, and yet there is something in it", cell.column + 1),
                    )
                    .with("", &cell.text),
                );
            }
            continue;
        };
        if column == Column::Value {
            value = match cell.kind {
                Kind::Text => Value::Text(&cell.text),
                Kind::Number => Value::Number(&cell.text),
                Kind::Fraction => Value::Fraction(&cell.text),
                Kind::Date => Value::Unfit(Unfit::Date, &cell.text),
                Kind::Failed => Value::Unfit(Unfit::Failed, &cell.text),
                Kind::Formula => Value::Unfit(Unfit::Formula, &cell.text),
                Kind::Truth => Value::Unfit(Unfit::Kind, &cell.text),
            };
            continue;
        }
        let wrong = match cell.kind {
            Kind::Text | Kind::Number => None,
            Kind::Formula => Some(("formula_cell", "是公式：请粘贴为数值", "is a formula: paste it as a value")),
            Kind::Date => Some(("date_cell", "是日期格式：请改为文本", "is a date: format it as text")),
            Kind::Failed => Some(("error_cell", "是错误值", "is an error value")),
            Kind::Fraction | Kind::Truth => Some(("wrong_kind", "应为文本", "is not a text")),
        };
        if let Some((code, zh, en)) = wrong {
            let fault = Fault::new(code, format!("“{}”{zh}", column.zh()), format!("`{}` {en}", column.word()));
            faults.push(fault.in_(column.word()).with("text", &cell.text));
        }
        if let Some(slot) = texts.get_mut(column.place()) {
            *slot = &cell.text;
        }
    }
    for fault in faults {
        sink.fault(fault.at(number))?;
    }
    let [school, dataset, period, indicator, _, status, note] = texts;
    let (school, dataset, period, catalogue) = match identity {
        None => (school, dataset, period, ""),
        // A heading between the lines of a form names no indicator.
        Some(_) if indicator.trim().is_empty() => return ControlFlow::Continue(()),
        Some(form) => (form.school.as_str(), form.dataset.as_str(), form.period.as_str(), form.catalogue.as_str()),
    };
    sink.row(Row { number, school, dataset, period, indicator, value, status, note, catalogue })
}

/// Hands over every row of a sheet that has anything in it.
fn rows(
    xml: &mut Xml<impl Read>,
    look: &Look<'_>,
    each: &mut dyn FnMut(u64, &[Cell]) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut number = 0_u64;
    let mut cells: Vec<Cell> = Vec::new();
    let mut next = 0_usize;
    loop {
        match xml.next()? {
            Piece::Start(one) if one.name() == "row" => {
                cells.clear();
                next = 0;
                let said = one.attribute("r").map_or(Some(number + 1), |text| text.parse::<u64>().ok());
                number = said
                    .filter(|said| *said > number && *said <= LAST_ROW)
                    .ok_or_else(|| damaged("sheet", "the rows are not in order"))?;
            }
            Piece::Start(one) if one.name() == "c" => {
                let column = match one.attribute("r") {
                    Some(place) => column_of(&place).ok_or_else(|| damaged("sheet", &place))?,
                    None => next,
                };
                next = column + 1;
                let head = CellHead::of(&one, look);
                if let Some(cell) = cell(xml, look, &head, column)? {
                    if column >= COLUMNS {
                        return Err(Fault::new(
                            "too_many_columns",
                            format!("列数超过 {COLUMNS}"),
                            format!("There are more than {COLUMNS} columns"),
                        )
                        .at(number)
                        .with(format!("≤ {COLUMNS}"), (column + 1).to_string()));
                    }
                    cells.push(cell);
                }
            }
            Piece::End(name) => {
                let is_over = match name.as_ref() {
                    "row" if !cells.is_empty() => each(number, &cells) == ControlFlow::Break(()),
                    other => other == "sheetData",
                };
                if is_over {
                    return Ok(());
                }
            }
            Piece::End_ => return Ok(()),
            _ => {}
        }
    }
}

struct CellHead {
    kind: String,
    shown: Shown,
}

impl CellHead {
    fn of(element: &Element<'_>, look: &Look<'_>) -> Self {
        let style = element.attribute("s").and_then(|style| style.parse::<usize>().ok());
        Self {
            kind: element.attribute("t").unwrap_or_default(),
            shown: style.and_then(|style| look.shown.get(style).copied()).unwrap_or(Shown::Number),
        }
    }
}

/// Reads a cell to its end; nothing for one that is empty.
fn cell(xml: &mut Xml<impl Read>, look: &Look<'_>, head: &CellHead, column: usize) -> Result<Option<Cell>, Fault> {
    let (mut is_formula, mut is_text, mut is_reading) = (false, false, false);
    let mut text = String::new();
    loop {
        match xml.next()? {
            Piece::Start(one) => match one.name() {
                "f" => is_formula = true,
                "v" => is_text = true,
                "rPh" => is_reading = true,
                "t" => is_text = !is_reading,
                _ => {}
            },
            Piece::End(name) => match name.as_ref() {
                "c" => break,
                "v" | "t" => is_text = false,
                "rPh" => is_reading = false,
                _ => {}
            },
            Piece::Text(part) if is_text => text.push_str(&part),
            Piece::Text(_) => {}
            Piece::End_ => return Err(damaged("sheet", "cut off")),
        }
    }
    if is_formula {
        return Ok(Some(Cell { column, kind: Kind::Formula, text }));
    }
    let (kind, text) = match head.kind.as_str() {
        "s" => {
            let index = text.trim().parse::<usize>().map_err(|_| damaged("sheet", &text))?;
            let text = shared(look, index).ok_or_else(|| damaged("sharedStrings", &text))?;
            (Kind::Text, text.to_owned())
        }
        "str" | "inlineStr" => (Kind::Text, text),
        "b" => (Kind::Truth, text),
        "e" => (Kind::Failed, text),
        "d" => (Kind::Date, text),
        _ if text.trim().is_empty() => return Ok(None),
        _ => {
            let digits = figure::of_spreadsheet(&text).ok_or_else(|| damaged("sheet", &text))?;
            let kind = match head.shown {
                Shown::Number => Kind::Number,
                Shown::Percent => Kind::Fraction,
                Shown::Date => Kind::Date,
            };
            (kind, digits)
        }
    };
    Ok((!text.is_empty()).then_some(Cell { column, kind, text }))
}

fn shared<'a>(look: &Look<'a>, index: usize) -> Option<&'a str> {
    let end = *look.ends.get(index)?;
    let start = match index.checked_sub(1) {
        Some(before) => *look.ends.get(before)?,
        None => 0,
    };
    look.texts.get(start..end)
}

/// `C12` is in the column 2, counted from 0.
fn column_of(place: &str) -> Option<usize> {
    let mut column = 0_usize;
    for letter in place.bytes().take_while(u8::is_ascii_alphabetic) {
        column = column.checked_mul(26)?.checked_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1)?;
        if column > 16_384 {
            return None;
        }
    }
    column.checked_sub(1)
}
