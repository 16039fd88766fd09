//! Tables as files: CSV, JSON, Arrow, Parquet, XLSX, each written block by block.
//!
//! Whoever has rows hands them over as [`Block`]s of columns; nothing here knows what they are about. Values are
//! exact: a number is a decimal in every format that has decimals, and its digits in those that have texts.

mod arrow;
mod csv;
mod json;
mod parquet;
mod xlsx;

use std::{fs::File, sync::Arc};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words and codes.
    Text,
    /// A whole number.
    Count,
    /// An exact decimal.
    Number {
        /// The most digits.
        precision: u8,
        /// The decimals that every value of the column fits into.
        scale: u8,
    },
}

/// A column's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in every format.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// A column of words.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text }
    }

    /// A column of whole numbers.
    pub const fn count(name: &'static str) -> Self {
        Self { name, kind: Kind::Count }
    }

    /// A column of decimals.
    pub const fn number(name: &'static str, precision: u8, scale: u8) -> Self {
        Self { name, kind: Kind::Number { precision, scale } }
    }
}

/// What a file says before its rows.
#[derive(Clone, Debug)]
pub struct Head {
    /// The name of the table.
    pub name: String,
    /// Its columns.
    pub fields: Vec<Field>,
    /// What else there is to know of it, for formats that have room for it.
    pub facts: Vec<(&'static str, String)>,
    /// When what it says was made, so that the same table is the same bytes.
    pub created_at: DateTime<Utc>,
    /// Whether a CSV begins with a byte-order mark, as Excel wants it.
    pub has_bom: bool,
}

/// The values of a column in some rows.
#[derive(Clone, Debug)]
pub enum Column {
    /// Of [`Kind::Text`].
    Text(Vec<Option<Arc<str>>>),
    /// Of [`Kind::Count`].
    Count(Vec<Option<i64>>),
    /// Of [`Kind::Number`].
    Number(Vec<Option<Decimal>>),
}

/// Some rows, column by column, in the order of the fields.
#[derive(Clone, Debug)]
pub struct Block {
    /// One for each field, each with as many values as there are rows.
    pub columns: Vec<Column>,
    /// How many rows.
    pub rows: usize,
}

/// A value of one row.
#[derive(Clone, Copy, Debug)]
enum Cell<'a> {
    Text(&'a str),
    Count(i64),
    Number(&'a Decimal),
    Nothing,
}

impl Block {
    /// The values of a row, in the order of the fields.
    fn row(&self, at: usize) -> impl Iterator<Item = Cell<'_>> {
        self.columns.iter().map(move |column| {
            let cell = match column {
                Column::Text(values) => values.get(at).and_then(Option::as_deref).map(Cell::Text),
                Column::Count(values) => values.get(at).copied().flatten().map(Cell::Count),
                Column::Number(values) => values.get(at).and_then(Option::as_ref).map(Cell::Number),
            };
            cell.unwrap_or(Cell::Nothing)
        })
    }
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 4180, UTF-8, codes and digits as they are.
    Csv,
    /// A list of objects, one for each row; numbers with their exact digits.
    Json,
    /// Arrow's IPC file, decimals as `Decimal128`.
    Arrow,
    /// Parquet, decimals as `DECIMAL`.
    Parquet,
    /// An Excel workbook.
    Xlsx,
}

impl Format {
    /// How a file's name ends.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
            Self::Xlsx => "xlsx",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Arrow => "application/vnd.apache.arrow.file",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Whether the file is compressed in itself.
    pub const fn is_packed(self) -> bool {
        matches!(self, Self::Parquet | Self::Xlsx)
    }
}

/// Why a file could not be written: never the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Arrow said so.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// Parquet said so.
    #[error("parquet: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The CSV library said so.
    #[error("csv: {0}")]
    Csv(#[from] ::csv::Error),
    /// The JSON library said so.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// The XLSX library said so.
    #[error("xlsx: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// A file that stands in for memory failed.
    #[error("temporary file: {0}")]
    File(#[from] std::io::Error),
    /// A block that does not fit its fields.
    #[error("a block that does not fit: {0}")]
    Misfit(&'static str),
}

/// The end of a file.
#[derive(Debug)]
pub enum End {
    /// The last bytes.
    Bytes(Vec<u8>),
    /// All of its bytes, where the format is only complete at its end; to be read from the start.
    Whole(File),
}

/// A file being written.
pub struct Writer(Kept);

enum Kept {
    Csv(Box<csv::Writer>),
    Json(json::Writer),
    Arrow(Box<arrow::Writer>),
    Parquet(Box<parquet::Writer>),
    Xlsx(Box<xlsx::Writer>),
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// Where the library of the format refuses the head.
    pub fn new(format: Format, head: &Head) -> Result<Self, Fault> {
        Ok(Self(match format {
            Format::Csv => Kept::Csv(Box::new(csv::Writer::new(head)?)),
            Format::Json => Kept::Json(json::Writer::new(head)?),
            Format::Arrow => Kept::Arrow(Box::new(arrow::Writer::new(head)?)),
            Format::Parquet => Kept::Parquet(Box::new(parquet::Writer::new(head)?)),
            Format::Xlsx => Kept::Xlsx(Box::new(xlsx::Writer::new(head)?)),
        }))
    }

    /// Adds rows, and hands over the bytes that are ready.
    ///
    /// # Errors
    /// Where the block does not fit the fields, or a temporary file fails.
    pub fn write(&mut self, block: &Block) -> Result<Vec<u8>, Fault> {
        match &mut self.0 {
            Kept::Csv(writer) => writer.write(block),
            Kept::Json(writer) => Ok(writer.write(block)?),
            Kept::Arrow(writer) => writer.write(block),
            Kept::Parquet(writer) => writer.write(block),
            Kept::Xlsx(writer) => writer.write(block).map(|()| Vec::new()),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Where a temporary file fails.
    pub fn finish(self) -> Result<End, Fault> {
        Ok(match self.0 {
            Kept::Csv(writer) => End::Bytes(writer.finish()?),
            Kept::Json(writer) => End::Bytes(writer.finish()),
            Kept::Arrow(writer) => End::Bytes(writer.finish()?),
            Kept::Parquet(writer) => End::Bytes(writer.finish()?),
            Kept::Xlsx(writer) => End::Whole(writer.finish()?),
        })
    }
}

#[cfg(test)]
mod tests;
