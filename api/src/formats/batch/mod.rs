//! A batch as bytes: rows of school, dataset, period, indicator, value, status and note out of CSV,
//! NDJSON and XLSX.
//!
//! A file is read as a stream, and every bound stands here: what is longer, wider or deeper is
//! refused by name. A fault of form (a ragged row, a broken character, a key that is missing) means
//! that nobody can say which table is whole, so it refuses the file, and all such faults are told.

mod book;
mod charset;
mod csv;
mod ndjson;
mod xlsx;
mod xml;

use std::{
    io::{Read, Seek},
    ops::ControlFlow,
};

pub use self::xlsx::{FOR_PEOPLE, IDENTITY};
use super::figure::plain;
use crate::error::{Error, Finding, Text};

/// The longest cell, in bytes.
pub const CELL_BYTES: usize = 16 << 10;
/// The longest row, in bytes.
pub const ROW_BYTES: usize = 64 << 10;
/// The most columns.
pub const COLUMNS: usize = 64;
/// The most rows of one batch.
pub const ROWS: u64 = 5_000_000;
/// The most faults that are told of one file.
pub const FAULTS: usize = 100;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values in UTF-8 or GBK.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// An Excel workbook.
    Xlsx,
}

impl Format {
    /// The word it is kept by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format for a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Csv, Self::Ndjson, Self::Xlsx].into_iter().find(|format| format.word() == word)
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The school, by code or name.
    School,
    /// The table, by code or name.
    Dataset,
    /// The period.
    Period,
    /// The indicator, by code or label.
    Indicator,
    /// The figure.
    Value,
    /// The word of a status.
    Status,
    /// A remark.
    Note,
}

impl Column {
    /// Every column, in the order of the contract.
    pub const ALL: [Self; 7] =
        [Self::School, Self::Dataset, Self::Period, Self::Indicator, Self::Value, Self::Status, Self::Note];

    /// The name of the column and of the JSON member.
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::Dataset => "dataset",
            Self::Period => "period",
            Self::Indicator => "indicator",
            Self::Value => "value",
            Self::Status => "status",
            Self::Note => "note",
        }
    }

    /// The Chinese name of the column.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::School => "学校",
            Self::Dataset => "报表",
            Self::Period => "统计期",
            Self::Indicator => "指标",
            Self::Value => "数值",
            Self::Status => "状态",
            Self::Note => "备注",
        }
    }

    /// The column for a header.
    pub fn of(header: &str) -> Option<Self> {
        let header: String = header.chars().map(plain).filter(|letter| !letter.is_whitespace()).collect();
        let header = header.to_lowercase();
        Self::ALL.into_iter().find(|column| column.word() == header || column.zh() == header)
    }

    const fn is_required(self) -> bool {
        !matches!(self, Self::Status | Self::Note)
    }

    const fn place(self) -> usize {
        match self {
            Self::School => 0,
            Self::Dataset => 1,
            Self::Period => 2,
            Self::Indicator => 3,
            Self::Value => 4,
            Self::Status => 5,
            Self::Note => 6,
        }
    }
}

/// The figure of a row as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text, for [`super::figure::read`].
    Text(&'a str),
    /// The digits of a number.
    Number(&'a str),
    /// The digits of a number that the sheet shows as a percentage: `0.6125` for 61.25 %.
    Fraction(&'a str),
    /// Something that is no figure.
    Unfit(Unfit, &'a str),
}

/// Why the cell of a figure holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A formula: its result is the sheet's, and may be an old one.
    Formula,
    /// `#N/A`, `#DIV/0!` and their like.
    Failed,
    /// A date or a time.
    Date,
    /// Neither a number nor a text.
    Kind,
}

impl Unfit {
    /// The word it is kept by.
    pub const fn letter(self) -> u8 {
        match self {
            Self::Formula => b'F',
            Self::Failed => b'E',
            Self::Date => b'D',
            Self::Kind => b'K',
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line of the file, or the row of the sheet; the header is 1.
    pub number: u64,
    /// The school, by code or name.
    pub school: &'a str,
    /// The table, by code or name.
    pub dataset: &'a str,
    /// The period.
    pub period: &'a str,
    /// The indicator, by code or label.
    pub indicator: &'a str,
    /// The figure.
    pub value: Value<'a>,
    /// The word of a status; empty for none.
    pub status: &'a str,
    /// A remark; empty for none.
    pub note: &'a str,
    /// The version of the catalogue that a form was made from; empty elsewhere.
    pub catalogue: &'a str,
}

/// Something that is wrong with the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Box<Told>);

/// What is told of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The stable name of what is wrong.
    pub code: &'static str,
    /// The row, where it is about one.
    pub row: Option<u64>,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub message: Text,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was there.
    pub got: Option<String>,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Box::new(Told { code, row: None, column: None, message: Text::new(zh, en), expected: None, got: None }))
    }

    pub(super) fn at(mut self, row: u64) -> Self {
        self.0.row = Some(row);
        self
    }

    pub(super) fn in_(mut self, column: impl Into<String>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    pub(super) fn with(mut self, expected: impl Into<String>, got: impl AsRef<str>) -> Self {
        self.0.expected = Some(expected.into());
        self.0.got = Some(short(got.as_ref()));
        self
    }

    /// As a finding of the file; the pointer names row and column.
    pub fn finding(&self) -> Finding {
        let mut pointer = String::new();
        if let Some(row) = self.row {
            pointer.push_str(&format!("/rows/{row}"));
        }
        if let Some(column) = &self.column {
            pointer.push('/');
            pointer.push_str(&super::document::pointer(column));
        }
        let mut finding = Finding::error(self.code, pointer, self.message.clone());
        finding.expected.clone_from(&self.expected);
        finding.got.clone_from(&self.got);
        finding
    }
}

impl std::ops::Deref for Fault {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.0
    }
}

impl From<std::io::Error> for Fault {
    fn from(fault: std::io::Error) -> Self {
        Self::new("unreadable", format!("文件无法读取：{fault}"), format!("The file cannot be read: {fault}"))
    }
}

/// The faults of a file as the error of a request.
pub fn refusal(faults: &[Fault]) -> Error {
    Error::Invalid(faults.iter().map(Fault::finding).collect())
}

fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(80).map(|letter| if letter.is_control() { '␀' } else { letter }).collect();
    if text.chars().nth(80).is_some() {
        cut.push('…');
    }
    cut
}

/// Who takes the rows of a file.
pub trait Rows {
    /// Takes a row, and says whether more are wanted.
    fn row(&mut self, row: Row<'_>) -> ControlFlow<()>;

    /// The file turns out to be written otherwise, and is read again from its beginning: what was handed over was not
    /// what it says.
    fn again(&mut self);
}

/// What a reader hands its rows to, and where faults are gathered.
struct Sink<'a> {
    each: &'a mut dyn Rows,
    faults: Vec<Fault>,
    rows: u64,
}

impl Sink<'_> {
    /// Notes a fault; the reading ends when there are enough.
    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        self.faults.push(fault);
        if self.faults.len() >= FAULTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Looks at a row and hands it on. A row with nothing in it is none.
    fn row(&mut self, row: Row<'_>) -> ControlFlow<()> {
        let texts = [row.school, row.dataset, row.period, row.indicator];
        let value = match row.value {
            Value::Text(text) | Value::Number(text) | Value::Fraction(text) | Value::Unfit(_, text) => text,
        };
        let is_unfit = matches!(row.value, Value::Unfit(..));
        if !is_unfit && texts.iter().chain([&value, &row.status, &row.note]).all(|text| is_blank(text)) {
            return ControlFlow::Continue(());
        }
        self.rows += 1;
        if self.rows > ROWS {
            let fault = Fault::new(
                "too_many_rows",
                format!("一次最多 {ROWS} 行：请分成几批"),
                format!("A batch has {ROWS} rows at most: send several"),
            );
            self.faults.push(fault.at(row.number));
            return ControlFlow::Break(());
        }
        let mut is_good = true;
        for (column, text) in Column::ALL.iter().zip(texts) {
            if is_blank(text) {
                is_good = false;
                self.fault(
                    Fault::new(
                        "key_missing",
                        format!("该行未写明{}；每一行都要写全（合并单元格须拆开）", column.zh()),
                        format!("The row does not name its {}; every row must (split merged cells)", column.word()),
                    )
                    .at(row.number)
                    .in_(column.word()),
                )?;
            }
        }
        for (column, text) in Column::ALL.iter().zip(texts.into_iter().chain([value, row.status, row.note])) {
            if text.len() > CELL_BYTES {
                is_good = false;
                self.fault(too_long(row.number).in_(column.word()))?;
            } else if text.as_bytes().contains(&0) {
                is_good = false;
                self.fault(
                    Fault::new("nul", "含有不允许的字符（NUL）", "There is a character that no text may have (NUL)")
                        .at(row.number)
                        .in_(column.word()),
                )?;
            }
        }
        if !is_good || !self.faults.is_empty() {
            // A file with a fault is read on for its other faults only.
            return ControlFlow::Continue(());
        }
        self.each.row(row)
    }

    /// Begins from the beginning.
    fn again(&mut self) {
        self.faults.clear();
        self.rows = 0;
        self.each.again();
    }
}

/// Whether there is nothing in a text. Nearly every text that has something begins with it.
fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.chars().all(char::is_whitespace)
}

fn too_long(row: u64) -> Fault {
    let mut fault = Fault::new(
        "cell_too_long",
        format!("单元格超过 {CELL_BYTES} 字节：是否有引号未闭合？"),
        format!("A cell has more than {CELL_BYTES} bytes: is a quote left open?"),
    )
    .at(row);
    fault.0.expected = Some(format!("≤ {CELL_BYTES}"));
    fault
}

/// Where the columns stand in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Header {
    columns: Vec<Option<Column>>,
}

impl Header {
    /// Reads the names of the columns. `display` are names that stand there for people only.
    fn read<'t>(names: impl Iterator<Item = &'t str>, row: u64, display: &[&str]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut columns: Vec<Option<Column>> = Vec::new();
        for (at, name) in names.enumerate() {
            let column = Column::of(name);
            let is_for_people = display.contains(&name.trim());
            if column.is_none() && !is_for_people && !name.trim().is_empty() {
                faults.push(
                    Fault::new(
                        "unknown_column",
                        format!("第 {} 列“{}”不可识别", at + 1, short(name)),
                        format!("Column {} `{}` is not known", at + 1, short(name)),
                    )
                    .at(row)
                    .with(expected(), name),
                );
            }
            if column.is_some() && columns.contains(&column) {
                faults.push(
                    Fault::new(
                        "duplicate_column",
                        format!("“{}”列出现两次", short(name)),
                        format!("Column `{}` stands twice", short(name)),
                    )
                    .at(row),
                );
            }
            columns.push(column);
        }
        let missing: Vec<Column> = Column::ALL
            .into_iter()
            .filter(|column| column.is_required() && !columns.contains(&Some(*column)))
            .collect();
        if !missing.is_empty() {
            let zh: Vec<&str> = missing.iter().map(|column| column.zh()).collect();
            let en: Vec<&str> = missing.iter().map(|column| column.word()).collect();
            faults.push(
                Fault::new(
                    "column_missing",
                    format!("首行缺少列：{}", zh.join("、")),
                    format!("The header lacks: {}", en.join(", ")),
                )
                .at(row)
                .with(expected(), ""),
            );
        }
        if faults.is_empty() {
            // A blank header is no column; what stands below it is looked at by the reader.
            while columns.last().is_some_and(Option::is_none) && columns.len() > COLUMNS {
                columns.pop();
            }
            Ok(Self { columns })
        } else {
            faults.truncate(FAULTS);
            Err(faults)
        }
    }
}

fn expected() -> String {
    Column::ALL.map(|column| format!("{} {}", column.word(), column.zh())).join(", ")
}

fn no_rows() -> Fault {
    Fault::new("no_rows", "文件中没有数据行", "There is no row of data in the file")
}

/// Reads a file from its beginning and hands over row after row, until there are no more or `each`
/// has enough. It is read once, and twice only where it is not in UTF-8. What is wrong with the file itself comes back; once there is a fault, no row is handed over any more.
pub fn scan<R: Read + Seek>(mut file: R, format: Format, each: &mut dyn Rows) -> Result<(), Vec<Fault>> {
    let mut sink = Sink { each, faults: Vec::new(), rows: 0 };
    let ended = file.rewind().map_err(Fault::from).and_then(|()| match format {
        Format::Csv => csv::scan(file, &mut sink),
        Format::Ndjson => ndjson::scan(file, &mut sink),
        Format::Xlsx => xlsx::scan(file, &mut sink),
    });
    if let Err(fault) = ended {
        sink.faults.push(fault);
    }
    if sink.faults.is_empty() && sink.rows == 0 {
        sink.faults.push(no_rows());
    }
    if sink.faults.is_empty() { Ok(()) } else { Err(sink.faults) }
}

#[cfg(test)]
mod tests;
