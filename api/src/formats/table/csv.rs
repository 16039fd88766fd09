//! CSV: RFC 4180, one header row, nothing for what has no value.

use super::{Block, Cell, Fault, Head};
use crate::formats::decimal;

/// What spreadsheets take for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// What a CSV begins with if Excel is to read it as UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A CSV being written.
pub(super) struct Writer {
    csv: ::csv::Writer<Vec<u8>>,
    digits: String,
}

impl Writer {
    pub(super) fn new(head: &Head) -> Result<Self, Fault> {
        let begun = if head.has_bom { BOM.to_vec() } else { Vec::new() };
        let mut csv = ::csv::WriterBuilder::new().from_writer(begun);
        csv.write_record(head.fields.iter().map(|field| field.name))?;
        Ok(Self { csv, digits: String::new() })
    }

    pub(super) fn write(&mut self, block: &Block) -> Result<Vec<u8>, Fault> {
        for at in 0..block.rows {
            for cell in block.row(at) {
                self.digits.clear();
                match cell {
                    Cell::Text(text) if text.starts_with(FORMULA) => {
                        // Only words: a number with its sign is none.
                        self.digits.push('\'');
                        self.digits.push_str(text);
                        self.csv.write_field(&self.digits)?;
                    }
                    Cell::Text(text) => self.csv.write_field(text)?,
                    Cell::Count(count) => self.csv.write_field(count.to_string())?,
                    Cell::Number(number) => {
                        decimal::write_exact(&mut self.digits, number);
                        self.csv.write_field(&self.digits)?;
                    }
                    Cell::Nothing => self.csv.write_field("")?,
                }
            }
            self.csv.write_record(None::<&[u8]>)?;
        }
        self.taken()
    }

    /// The bytes so far. The library gives them away with the writer alone, which then begins anew.
    fn taken(&mut self) -> Result<Vec<u8>, Fault> {
        let next = ::csv::WriterBuilder::new().from_writer(Vec::new());
        std::mem::replace(&mut self.csv, next).into_inner().map_err(|fault| Fault::File(fault.into_error()))
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, Fault> {
        self.taken()
    }
}
