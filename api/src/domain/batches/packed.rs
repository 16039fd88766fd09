//! Rows of tables as they are kept between the reading of a file and its judging: packed, run by run, out of memory
//! once there are many.

use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use tempfile::SpooledTempFile;

use super::names::Names;
use crate::formats::batch::{Row, Value};

/// How many bytes of rows stay in memory before they go to a file.
const IN_MEMORY: usize = 4 << 20;
/// How long a run may become.
const RUN_BYTES: usize = 1 << 20;
/// How much is written and read at once.
const BUFFER: usize = 256 << 10;

const KNOWN: u8 = b'k';
const UNKNOWN: u8 = b'u';
const AMBIGUOUS: u8 = b'a';

/// Rows of one table that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Which of the tables.
    pub slot: u32,
    /// How many rows.
    pub rows: u32,
    bytes: u32,
}

impl Run {
    /// How many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

/// Takes rows in.
#[derive(Debug)]
pub(super) struct Packer {
    file: BufWriter<SpooledTempFile>,
    slot: u32,
    rows: u32,
    run: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> Self {
        let file = BufWriter::with_capacity(BUFFER, SpooledTempFile::new(IN_MEMORY));
        Self { file, slot: 0, rows: 0, run: Vec::new() }
    }

    /// Adds a row to a table.
    pub(super) fn add(&mut self, slot: u32, names: &Names<'_>, table: (&str, &str), row: &Row<'_>) -> io::Result<()> {
        if self.rows > 0 && (self.slot != slot || self.run.len() >= RUN_BYTES) {
            self.flush()?;
        }
        self.slot = slot;
        self.rows += 1;
        pack(&mut self.run, names, table, row);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        // A run is not much longer than its bound, which a number of this size holds many times.
        let bytes = u32::try_from(self.run.len()).map_err(io::Error::other)?;
        for number in [self.slot, self.rows, bytes] {
            self.file.write_all(&number.to_le_bytes())?;
        }
        self.file.write_all(&self.run)?;
        self.run.clear();
        self.rows = 0;
        Ok(())
    }

    /// There are no more rows.
    pub(super) fn end(mut self) -> io::Result<Runs> {
        if self.rows > 0 {
            self.flush()?;
        }
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Runs(BufReader::with_capacity(BUFFER, file)))
    }
}

/// Gives the rows back, in the order in which they came. Each run is read or passed before the next is asked for.
#[derive(Debug)]
pub(super) struct Runs(BufReader<SpooledTempFile>);

impl Runs {
    /// The next run, if there is one.
    pub(super) fn next(&mut self) -> io::Result<Option<Run>> {
        let mut head = [0_u8; 12];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(fault) => return Err(fault),
        }
        let rest = &mut head.as_slice();
        let mut number = || take(rest).map(u32::from_le_bytes).unwrap_or_default();
        Ok(Some(Run { slot: number(), rows: number(), bytes: number() }))
    }

    /// Puts the rows of a run behind others of its table.
    pub(super) fn read(&mut self, run: &Run, to: &mut Vec<u8>) -> io::Result<()> {
        let from = to.len();
        to.resize(from + run.bytes(), 0);
        self.0.read_exact(to.get_mut(from..).unwrap_or_default())
    }

    /// Passes by the rows of a run.
    pub(super) fn pass(&mut self, run: &Run) -> io::Result<()> {
        self.0.seek_relative(i64::from(run.bytes))
    }
}

/// Puts a row at the end of its table.
fn pack(to: &mut Vec<u8>, names: &Names<'_>, table: (&str, &str), row: &Row<'_>) {
    let text = |to: &mut Vec<u8>, text: &str| {
        // A cell is shorter than this: the readers see to it.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        to.extend_from_slice(&length.to_le_bytes());
        to.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
    };
    to.extend_from_slice(&row.number.to_le_bytes());
    match names.line(table, row.indicator.trim()).and_then(|at| u32::try_from(at).ok()) {
        Some(at) => {
            to.push(KNOWN);
            to.extend_from_slice(&at.to_le_bytes());
        }
        None => {
            to.push(if names.is_ambiguous(table, row.indicator) { AMBIGUOUS } else { UNKNOWN });
            text(to, row.indicator.trim());
        }
    }
    let (kind, value) = match row.value {
        Value::Text(value) => (b'T', value),
        Value::Number(value) => (b'N', value),
        Value::Fraction(value) => (b'P', value),
        Value::Unfit(unfit, value) => (unfit.letter(), value),
    };
    to.push(kind);
    text(to, value);
    text(to, row.status);
    text(to, row.note);
}

/// Which indicator a row of a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The one at this place of the catalogue.
    Known(usize),
    /// A name that none of the table has.
    Unknown(&'a str),
    /// A label that several of the table have.
    Ambiguous(&'a str),
}

/// A row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unpacked<'a> {
    /// The line of the file or the row of the sheet.
    pub number: u64,
    /// Which indicator.
    pub line: Line<'a>,
    /// What kind of thing the value is: a text, a number, a fraction, or one of the letters of
    /// [`crate::formats::batch::Unfit`].
    pub kind: u8,
    /// The value as it was written.
    pub value: &'a str,
    /// The word of a status.
    pub status: &'a str,
    /// A remark.
    pub note: &'a str,
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

/// The rows of a table, in the order of the file.
pub(super) fn rows(packed: &[u8]) -> impl Iterator<Item = Unpacked<'_>> {
    let mut rest = packed;
    std::iter::from_fn(move || unpack(&mut rest))
}

fn unpack<'a>(rest: &mut &'a [u8]) -> Option<Unpacked<'a>> {
    fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
        let length = usize::from(u16::from_le_bytes(take(rest)?));
        let (text, after) = rest.split_at_checked(length)?;
        *rest = after;
        std::str::from_utf8(text).ok()
    }
    let number = u64::from_le_bytes(take(rest)?);
    let [kind] = take(rest)?;
    let line = match kind {
        KNOWN => Line::Known(usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?),
        UNKNOWN => Line::Unknown(text(rest)?),
        _ => Line::Ambiguous(text(rest)?),
    };
    let [kind] = take(rest)?;
    Some(Unpacked { number, line, kind, value: text(rest)?, status: text(rest)?, note: text(rest)? })
}
