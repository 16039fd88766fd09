//! XLSX: the rows go to a temporary file as they come, and the workbook is put together at the end.
//!
//! Every text is written as a text: nothing in it runs as a formula. A number is a number of Excel, which keeps
//! fifteen digits; the other formats keep all.

use std::{
    fs::File,
    io::{Seek, SeekFrom},
};

use chrono::{DateTime, Datelike, Timelike, Utc};
use rust_decimal::Decimal;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::{Block, Cell, Fault, Field, Head};

/// The rows of a sheet, the header among them.
const SHEET_ROWS: u32 = 1_048_576;

/// A workbook being written.
pub(super) struct Writer {
    book: Workbook,
    fields: Vec<Field>,
    sheets: usize,
    /// The next row of the last sheet.
    next: u32,
}

impl Writer {
    pub(super) fn new(head: &Head) -> Result<Self, Fault> {
        let mut book = Workbook::new();
        let facts: Vec<String> = head.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let properties = DocProperties::new()
            .set_title(&head.name)
            .set_comment(facts.join("\n"))
            .set_creation_datetime(&moment(head.created_at)?);
        book.set_properties(&properties);
        let mut writer = Self { book, fields: head.fields.clone(), sheets: 0, next: 0 };
        writer.turn()?;
        Ok(writer)
    }

    /// Begins a sheet.
    fn turn(&mut self) -> Result<(), XlsxError> {
        let bold = Format::new().set_bold();
        self.sheets += 1;
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(if self.sheets == 1 { "data".to_owned() } else { format!("data {}", self.sheets) })?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, field) in (0_u16..).zip(&self.fields) {
            sheet.write_string_with_format(0, column, field.name, &bold)?;
        }
        self.next = 1;
        Ok(())
    }

    pub(super) fn write(&mut self, block: &Block) -> Result<(), Fault> {
        for at in 0..block.rows {
            if self.next >= SHEET_ROWS {
                self.turn()?;
            }
            let sheet = self.book.worksheet_from_index(self.sheets - 1)?;
            for (column, cell) in (0_u16..).zip(block.row(at)) {
                match cell {
                    Cell::Text(text) => sheet.write_string(self.next, column, text)?,
                    Cell::Count(count) => sheet.write_number(self.next, column, nearest(&Decimal::from(count))?)?,
                    Cell::Number(number) => sheet.write_number(self.next, column, nearest(number)?)?,
                    Cell::Nothing => continue,
                };
            }
            self.next += 1;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<File, Fault> {
        let mut file = tempfile::tempfile()?;
        self.book.save_to_writer(std::io::BufWriter::new(&mut file))?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

/// The number of Excel that is nearest.
fn nearest(number: &Decimal) -> Result<f64, Fault> {
    number.to_string().parse().map_err(|_| Fault::Misfit("no number"))
}

fn moment(at: DateTime<Utc>) -> Result<ExcelDateTime, Fault> {
    let small = |number: u32| u8::try_from(number).map_err(|_| Fault::Misfit("a date"));
    let year = u16::try_from(at.year()).map_err(|_| Fault::Misfit("a date"))?;
    let hour = u16::try_from(at.hour()).map_err(|_| Fault::Misfit("a date"))?;
    Ok(ExcelDateTime::from_ymd(year, small(at.month())?, small(at.day())?)?.and_hms(
        hour,
        small(at.minute())?,
        f64::from(at.second()),
    )?)
}
