//! CSV by RFC 4180, in bounded memory: a record that does not end is refused, not gathered.

use std::{
    io::{Read, Seek},
    ops::ControlFlow,
};

use csv_core::{ReadRecordResult, Reader};

use super::{
    CELL_BYTES, COLUMNS, Column, Fault, Header, ROW_BYTES, Row, Sink, Value,
    charset::{self, Checked, Transcoded},
    no_rows,
};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) fn scan<R: Read + Seek>(mut file: R, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut checked = Checked::new(&mut file);
    let ended = records(&mut checked, sink);
    if !checked.is_broken() {
        return ended;
    }
    charset::gbk(&mut file)?;
    file.rewind()?;
    sink.again();
    records(Transcoded::new(file), sink)
}

/// One record at a time, out of buffers of a fixed size.
struct Records<R> {
    file: R,
    core: Reader,
    input: Vec<u8>,
    from: usize,
    to: usize,
    is_ended: bool,
    last: u8,
    quotes: usize,
    output: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
}

impl<R: Read> Records<R> {
    fn new(file: R) -> Self {
        Self {
            file,
            core: Reader::new(),
            input: vec![0; 64 << 10],
            from: 0,
            to: 0,
            is_ended: false,
            last: 0,
            quotes: 0,
            output: vec![0; ROW_BYTES],
            ends: vec![0; COLUMNS],
            fields: 0,
        }
    }

    fn fill(&mut self) -> Result<(), Fault> {
        let is_first = self.to == 0 && !self.is_ended;
        self.from = 0;
        self.to = self.file.read(&mut self.input)?;
        if is_first {
            // The mark may come in pieces.
            while self.to < BOM.len() {
                match self.file.read(self.input.get_mut(self.to..).unwrap_or_default())? {
                    0 => break,
                    read => self.to += read,
                }
            }
            if self.input.get(..self.to).is_some_and(|bytes| bytes.starts_with(BOM)) {
                self.from = BOM.len();
            }
        }
        self.is_ended = self.from == self.to;
        let bytes = self.input.get(self.from..self.to).unwrap_or_default();
        self.quotes += bytes.iter().filter(|byte| **byte == b'"').count();
        Ok(())
    }

    /// Reads the next record; its line, or nothing at the end.
    fn next(&mut self) -> Result<Option<u64>, Fault> {
        let (mut written, mut fields) = (0, 0);
        loop {
            if self.from == self.to && !self.is_ended {
                self.fill()?;
            }
            let input = self.input.get(self.from..self.to).unwrap_or_default();
            let output = self.output.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (ended, read, out, found) = self.core.read_record(input, output, ends);
            if let Some(last) = input.get(..read).and_then(<[u8]>::last) {
                self.last = *last;
            }
            self.from += read;
            written += out;
            fields += found;
            match ended {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return Err(Fault::new(
                        "row_too_long",
                        format!("一行超过 {ROW_BYTES} 字节：是否有引号未闭合？"),
                        format!("A row has more than {ROW_BYTES} bytes: is a quote left open?"),
                    )
                    .at(self.line(written)));
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(Fault::new(
                        "too_many_columns",
                        format!("列数超过 {COLUMNS}"),
                        format!("There are more than {COLUMNS} columns"),
                    )
                    .at(self.line(written))
                    .with(format!("≤ {COLUMNS}"), format!("> {COLUMNS}")));
                }
                ReadRecordResult::Record => {
                    self.fields = fields;
                    return Ok(Some(self.line(written)));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// The line in which the record began that has just been read.
    fn line(&self, written: usize) -> u64 {
        let text = self.output.get(..written).unwrap_or_default();
        let within = u64::try_from(text.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        self.core.line().saturating_sub(within + u64::from(self.last == b'\n')).max(1)
    }

    fn field(&self, at: usize) -> &str {
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let end = if at < self.fields { self.ends.get(at).copied().unwrap_or(start) } else { start };
        // All of it is seen to be UTF-8 before it comes here, and a separator never parts a character.
        std::str::from_utf8(self.output.get(start..end).unwrap_or_default()).unwrap_or_default()
    }
}

fn records(file: impl Read, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut records = Records::new(file);
    let Some(line) = records.next()? else { return Err(no_rows()) };
    let header = match Header::read((0..records.fields).map(|at| records.field(at)), line, &[]) {
        Ok(header) => header,
        Err(faults) => {
            sink.faults.extend(faults);
            return Ok(());
        }
    };
    let mut place = [usize::MAX; 7];
    for (at, column) in header.columns.iter().enumerate() {
        if let Some(slot) = column.and_then(|column| place.get_mut(column.place())) {
            *slot = at;
        }
    }
    let wide = header.columns.len();
    let place_of = |column: Column| place.get(column.place()).copied().unwrap_or(usize::MAX);
    while let Some(number) = records.next()? {
        if records.fields != wide {
            let is_empty = (0..records.fields).all(|at| records.field(at).trim().is_empty());
            if is_empty {
                continue;
            }
            let fault = Fault::new(
                "ragged_row",
                format!("该行有 {} 列，首行有 {wide} 列：含逗号的内容须加引号", records.fields),
                format!("The row has {} columns, the header {wide}: quote what has a comma in it", records.fields),
            );
            if sink.fault(fault.at(number).with(wide.to_string(), records.fields.to_string())) == ControlFlow::Break(())
            {
                return Ok(());
            }
            continue;
        }
        let stray = header
            .columns
            .iter()
            .enumerate()
            .find(|(at, column)| column.is_none() && !records.field(*at).trim().is_empty());
        if let Some((at, _)) = stray {
            let fault = Fault::new(
                "stray_cell",
                format!("第 {} 列没有列名，却有内容", at + 1),
                format!("Column {} has no name, and yet there is something in it", at + 1),
            );
            if sink.fault(fault.at(number).with("", records.field(at))) == ControlFlow::Break(()) {
                return Ok(());
            }
            continue;
        }
        let field = |column: Column| records.field(place_of(column));
        let row = Row {
            number,
            school: field(Column::School),
            dataset: field(Column::Dataset),
            period: field(Column::Period),
            indicator: field(Column::Indicator),
            value: Value::Text(field(Column::Value)),
            status: field(Column::Status),
            note: field(Column::Note),
            catalogue: "",
        };
        if sink.row(row) == ControlFlow::Break(()) {
            return Ok(());
        }
    }
    if !records.quotes.is_multiple_of(2) {
        sink.faults.push(
            Fault::new(
                "quote_open",
                "引号没有成对：文件可能不完整，或内容中的引号没有写成两个",
                "A quote is left open: the file may be cut off, or a quote within a text is not doubled",
            )
            .at(records.core.line()),
        );
    }
    const { assert!(CELL_BYTES < ROW_BYTES, "a cell fits into a row") };
    Ok(())
}
