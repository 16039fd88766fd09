//! One CSV file, read whole: its columns, its lines, and what is wrong with its form.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::faults::{Faults, Place, Wrong};

/// A line of a file.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it begins, from 1, as editors count.
    pub(super) number: usize,
    cells: StringRecord,
    /// Whether it has as many cells as the header.
    pub(super) is_whole: bool,
}

/// A file.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Its name, with its ending.
    pub(super) file: String,
    columns: HashMap<String, usize>,
    /// Its lines, without the header.
    pub(super) lines: Vec<Line>,
    /// Whether all columns of the layout are there, so that nothing can be missing for want of a column.
    pub(super) is_whole: bool,
}

impl Sheet {
    /// A file with nothing in it.
    pub(super) fn nothing() -> Self {
        Self { file: String::new(), columns: HashMap::new(), lines: Vec::new(), is_whole: false }
    }

    /// Reads `name.csv`; what is wrong with its form goes to `faults`, and what could be read comes back.
    pub(super) fn read(dir: &Path, name: &str, agreed: &[&str], is_optional: bool, faults: &mut Faults) -> Self {
        let file = format!("{name}.csv");
        let whole_file = Place { file: &file, line: None, column: None };
        let mut sheet = Self { file: file.clone(), ..Self::nothing() };
        let bytes = match std::fs::read(dir.join(&file)) {
            Ok(bytes) => bytes,
            // Then it has no lines, and nothing that refers to it is good.
            Err(cause) if is_optional && cause.kind() == std::io::ErrorKind::NotFound => {
                return Self { is_whole: true, ..sheet };
            }
            Err(cause) => {
                let wrong = match cause.kind() {
                    std::io::ErrorKind::NotFound => Wrong::NoFile,
                    _ => Wrong::Unreadable(cause.to_string()),
                };
                faults.add(whole_file, &wrong, "", "");
                return sheet;
            }
        };
        let text = match std::str::from_utf8(&bytes) {
            // A byte-order mark is a habit of spreadsheets.
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(cause) => {
                let before = bytes.iter().take(cause.valid_up_to()).filter(|byte| **byte == b'\n').count();
                faults.add(Place { line: Some(before + 1), ..whole_file }, &Wrong::NotUtf8, "UTF-8", "");
                return sheet;
            }
        };
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
        let mut records = reader.records().filter_map(Result::ok);
        let header = records.next().unwrap_or_default();
        for (at, column) in header.iter().enumerate().filter(|(_, column)| !column.is_empty()) {
            if sheet.columns.insert(column.to_owned(), at).is_some() {
                faults.add(Place { line: Some(1), column: Some(column), file: &file }, &Wrong::ColumnTwice, "", "");
            }
        }
        sheet.is_whole = true;
        for column in agreed.iter().filter(|column| !sheet.columns.contains_key(**column)) {
            let place = Place { line: Some(1), column: Some(column), file: &file };
            faults.add(place, &Wrong::NoColumn, *column, "");
            sheet.is_whole = false;
        }
        let starts = Starts::of(text);
        for cells in records {
            let number = cells.position().map_or(0, |position| starts.line_of(text, position.byte()));
            let is_whole = cells.len() == header.len();
            if !is_whole {
                let place = Place { line: Some(number), ..whole_file };
                faults.add(place, &Wrong::CellCount, header.len().to_string(), cells.len().to_string());
            }
            sheet.lines.push(Line { number, cells, is_whole });
        }
        sheet
    }

    /// What stands in a cell; nothing where the file has no such column or the line is too short for it.
    pub(super) fn cell<'a>(&self, line: &'a Line, column: &str) -> Option<&'a str> {
        line.cells.get(*self.columns.get(column)?)
    }

    /// Whether the header has a column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// A place in this file.
    pub(super) fn place<'a>(&'a self, line: &Line, column: &'a str) -> Place<'a> {
        Place { file: &self.file, line: Some(line.number), column: Some(column) }
    }

    /// Faults every line that says again what an earlier line says in these columns together. Empty cells say nothing.
    pub(super) fn distinct(&self, columns: &[&str], faults: &mut Faults) {
        let mut first = HashMap::new();
        let Some(last) = columns.last() else { return };
        for line in &self.lines {
            let cells: Option<Vec<&str>> =
                columns.iter().map(|column| self.cell(line, column).filter(|cell| !cell.is_empty())).collect();
            let Some(cells) = cells else { continue };
            let said = cells.join(" / ");
            if let Some(number) = first.get(&cells) {
                faults.add(self.place(line, last), &Wrong::Twice(self.file.clone(), *number), "", said);
            } else {
                first.insert(cells, line.number);
            }
        }
    }

    /// Everything that stands in a column.
    pub(super) fn words(&self, column: &str) -> HashSet<&str> {
        self.lines.iter().filter_map(|line| self.cell(line, column)).filter(|word| !word.is_empty()).collect()
    }
}

/// Where the lines of a text begin: the reader's own count is off after blank lines.
struct Starts(Vec<usize>);

impl Starts {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect())
    }

    /// The line of what begins at or, after line ends, behind a byte.
    fn line_of(&self, text: &str, byte: u64) -> usize {
        let from = usize::try_from(byte).unwrap_or(usize::MAX);
        let ends = text.bytes().skip(from).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.0.partition_point(|start| *start <= from.saturating_add(ends)) + 1
    }
}
