//! Rows to tables, in bounded memory.
//!
//! The file is read twice. The first time says which tables there are and in which row each ends;
//! the second time a table is handed over as soon as its last row has gone by. So a file that is in
//! the order of its tables is never held, and one that is not is held packed, up to a bound.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::ControlFlow,
};

use super::{
    arriving::Arriving,
    causes::{Causes, Example},
    names::{self, Names},
};
use crate::{
    domain::{periods::Period, submissions::Key},
    error::{Error, Finding, Text},
    formats::{
        batch::{self, Fault, Format, Row, Value},
        document::short,
    },
};

/// The most tables of one batch.
const TABLES: usize = 1_000_000;
/// How many bytes of unfinished tables are held.
const HELD_BYTES: usize = 128 << 20;

/// The bytes of a batch.
#[derive(Debug)]
pub(super) enum Source {
    /// A small one.
    Memory(Cursor<Vec<u8>>),
    /// A large one, in a file of its own that goes away with it.
    File(std::fs::File),
    /// A large one that is being fetched.
    Arriving(Arriving),
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(out),
            Self::File(file) => file.read(out),
            Self::Arriving(arriving) => arriving.read(out),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let Self::Arriving(arriving) = self {
            let Some(whole) = arriving.whole(to)? else { return Ok(0) };
            *self = Self::File(whole);
        }
        match self {
            Self::Memory(bytes) => bytes.seek(to),
            Self::File(file) => file.seek(to),
            Self::Arriving(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

#[derive(Debug)]
struct Slot {
    key: Key,
    rows: u32,
    last: u64,
    packed: Vec<u8>,
}

/// What the first reading has found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// How many rows the file has.
    pub rows: u64,
    /// Rows of tables that nobody can address.
    pub rejected: u64,
    /// Why.
    pub causes: Causes,
    slots: Vec<Slot>,
    groups: HashMap<Key, usize>,
}

impl Survey {
    /// How many tables the file states.
    pub(super) fn tables(&self) -> usize {
        self.slots.len()
    }
}

/// A table of the file, complete.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Which table.
    pub key: Key,
    /// How many rows state it.
    pub rows: u32,
    packed: Vec<u8>,
}

/// What a file calls a table, and the place of that table; rows of one table mostly follow each other.
#[derive(Debug, Default)]
struct Latest {
    words: [String; 4],
    slot: Option<usize>,
}

impl Latest {
    fn is(&self, row: &Row<'_>) -> bool {
        let [school, dataset, period, catalogue] = &self.words;
        school == row.school && dataset == row.dataset && period == row.period && catalogue == row.catalogue
    }

    fn set(&mut self, row: &Row<'_>, slot: Option<usize>) {
        for (to, from) in self.words.iter_mut().zip([row.school, row.dataset, row.period, row.catalogue]) {
            to.clear();
            to.push_str(from);
        }
        self.slot = slot;
    }
}

/// The table that a row belongs to.
fn key_of(names: &Names<'_>, row: &Row<'_>) -> Result<Key, Box<Finding>> {
    let school = names.school(row.school)?;
    let dataset = names.dataset(row.dataset)?;
    let written: String = row.period.chars().map(crate::formats::figure::plain).collect();
    let period = match Period::of(dataset, written.trim(), "period") {
        Ok(period) => period,
        Err(Error::Invalid(findings)) => {
            return Err(Box::new(findings.into_iter().next().unwrap_or_else(|| outdated(dataset.code.as_str()))));
        }
        Err(_) => return Err(Box::new(outdated(dataset.code.as_str()))),
    };
    let version = || names.version(dataset.code.as_str(), period.code.as_str());
    if !row.catalogue.is_empty() && version() != Some(row.catalogue) {
        return Err(Box::new(outdated(dataset.code.as_str())));
    }
    Ok(Key { school: names::code_of(school), dataset: dataset.code.clone(), period: period.code })
}

fn outdated(dataset: &str) -> Finding {
    Finding::error(
        "form_outdated",
        "",
        Text::new(
            format!("报表“{dataset}”的指标已有变化，请重新下载填报表"),
            format!("The indicators of `{dataset}` have changed: download the form again"),
        ),
    )
}

/// An example out of a row.
fn example(row: &Row<'_>) -> Example {
    Example {
        row: row.number,
        school: short(row.school),
        dataset: short(row.dataset),
        period: short(row.period),
        indicator: Some(short(row.indicator)),
        expected: None,
        got: None,
    }
}

/// Reads the file for the first time.
///
/// # Errors
/// Everything that is wrong with the file itself.
pub(super) fn survey(source: &mut Source, format: Format, names: &Names<'_>) -> Result<Survey, Vec<Fault>> {
    let mut survey = Survey::default();
    let mut latest = Latest::default();
    let mut wrong: Option<Box<Finding>> = None;
    let mut has_too_many = false;
    batch::scan(source, format, &mut |row| {
        survey.rows += 1;
        if survey.rows == 1 || !latest.is(&row) {
            match key_of(names, &row) {
                Ok(key) => {
                    let slot = match survey.groups.get(&key) {
                        Some(slot) => *slot,
                        None => {
                            survey.slots.push(Slot { key: key.clone(), rows: 0, last: 0, packed: Vec::new() });
                            survey.groups.insert(key, survey.slots.len() - 1);
                            survey.slots.len() - 1
                        }
                    };
                    latest.set(&row, Some(slot));
                }
                Err(finding) => {
                    latest.set(&row, None);
                    wrong = Some(finding);
                }
            }
        }
        if survey.slots.len() > TABLES {
            has_too_many = true;
            return ControlFlow::Break(());
        }
        match (latest.slot.and_then(|slot| survey.slots.get_mut(slot)), &wrong) {
            (Some(slot), _) => {
                slot.rows += 1;
                slot.last = row.number;
            }
            (None, Some(finding)) => {
                survey.rejected += 1;
                survey.causes.add(finding, 1, 1, || example(&row));
            }
            (None, None) => {}
        }
        ControlFlow::Continue(())
    })?;
    if has_too_many {
        return Err(vec![Fault::new(
            "too_many_tables",
            format!("一次最多 {TABLES} 张表：请分成几批"),
            format!("A batch states {TABLES} tables at most: send several"),
        )]);
    }
    Ok(survey)
}

/// Reads the file for the second time and hands over table after table; those in `done` are passed by.
///
/// # Errors
/// Where the rows of too many tables are mixed.
pub(super) fn tables(
    source: &mut Source,
    format: Format,
    names: &Names<'_>,
    survey: &mut Survey,
    done: &HashSet<Key>,
    each: &mut dyn FnMut(Gathered) -> ControlFlow<()>,
) -> Result<(), Vec<Fault>> {
    let mut latest = Latest::default();
    let mut held = 0_usize;
    let mut is_first = true;
    let mut is_scattered = false;
    batch::scan(source, format, &mut |row| {
        if is_first || !latest.is(&row) {
            is_first = false;
            let slot = key_of(names, &row).ok().and_then(|key| survey.groups.get(&key).copied());
            latest.set(&row, slot);
        }
        let Some(slot) = latest.slot.and_then(|slot| survey.slots.get_mut(slot)) else {
            return ControlFlow::Continue(());
        };
        if !done.contains(&slot.key) {
            let before = slot.packed.len();
            pack(&mut slot.packed, names, (slot.key.dataset.as_str(), slot.key.period.as_str()), &row);
            held += slot.packed.len() - before;
            if held > HELD_BYTES {
                is_scattered = true;
                return ControlFlow::Break(());
            }
            if slot.last == row.number {
                let packed = std::mem::take(&mut slot.packed);
                held -= packed.len();
                return each(Gathered { key: slot.key.clone(), rows: slot.rows, packed });
            }
        }
        ControlFlow::Continue(())
    })?;
    if is_scattered {
        return Err(vec![Fault::new(
            "scattered",
            "同一张表的行相隔太远：请按学校、报表、统计期排序后再上传",
            "Rows of one table stand too far apart: sort the file by school, dataset and period",
        )]);
    }
    Ok(())
}

const KNOWN: u8 = b'k';
const UNKNOWN: u8 = b'u';
const AMBIGUOUS: u8 = b'a';

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
    /// What kind of thing the value is: a text, a number, a fraction, or one of the letters of [`batch::Unfit`].
    pub kind: u8,
    /// The value as it was written.
    pub value: &'a str,
    /// The word of a status.
    pub status: &'a str,
    /// A remark.
    pub note: &'a str,
}

impl Gathered {
    /// Its rows, in the order of the file.
    pub(super) fn rows(&self) -> impl Iterator<Item = Unpacked<'_>> {
        let mut rest = self.packed.as_slice();
        std::iter::from_fn(move || unpack(&mut rest))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
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
