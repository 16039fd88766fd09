//! Rows to tables, in bounded memory.
//!
//! A file is read once. Its rows are kept packed, in the order in which they came, and at its end it is known which
//! tables there are and how many rows each has. Then the packed rows go by, and a table is handed over as soon as it
//! has all of its own. So of a file that is in the order of its tables nothing is held, and of one that is not, up to
//! a bound.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::ControlFlow,
};

use super::{
    arriving::Arriving,
    causes::{Causes, Example},
    names::{self, Names},
    packed::{self, Packer, Runs, Unpacked},
};
use crate::{
    domain::{periods::Period, submissions::Key},
    error::{Error, Finding, Text},
    formats::{
        batch::{self, Fault, Format, Row},
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
    /// A large one that is coming in.
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
}

/// A file that has been read.
#[derive(Debug)]
pub(super) struct Reading {
    /// How many rows the file has.
    pub rows: u64,
    /// Rows of tables that nobody can address.
    pub rejected: u64,
    /// Why.
    pub causes: Causes,
    slots: Vec<Slot>,
    runs: Runs,
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

impl Gathered {
    /// Its rows, in the order of the file.
    pub(super) fn rows(&self) -> impl Iterator<Item = Unpacked<'_>> {
        packed::rows(&self.packed)
    }
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

/// What has been read so far.
struct Reader<'n, 'r> {
    names: &'n Names<'r>,
    rows: u64,
    rejected: u64,
    causes: Causes,
    slots: Vec<Slot>,
    groups: HashMap<Key, usize>,
    packer: Packer,
    latest: Latest,
    wrong: Option<Box<Finding>>,
    /// Why no row is wanted any more.
    ended: Option<Fault>,
}

impl<'n, 'r> Reader<'n, 'r> {
    fn new(names: &'n Names<'r>) -> Self {
        Self {
            names,
            rows: 0,
            rejected: 0,
            causes: Causes::default(),
            slots: Vec::new(),
            groups: HashMap::new(),
            packer: Packer::new(),
            latest: Latest::default(),
            wrong: None,
            ended: None,
        }
    }

    /// The place of a table.
    fn slot(&mut self, key: Key) -> usize {
        let slots = &mut self.slots;
        *self.groups.entry(key).or_insert_with_key(|key| {
            slots.push(Slot { key: key.clone(), rows: 0 });
            slots.len() - 1
        })
    }

    fn take(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        self.rows += 1;
        if self.rows == 1 || !self.latest.is(row) {
            match key_of(self.names, row) {
                Ok(key) => {
                    let slot = self.slot(key);
                    self.latest.set(row, Some(slot));
                }
                Err(finding) => {
                    self.latest.set(row, None);
                    self.wrong = Some(finding);
                }
            }
            if self.slots.len() > TABLES {
                return Err(Fault::new(
                    "too_many_tables",
                    format!("一次最多 {TABLES} 张表：请分成几批"),
                    format!("A batch states {TABLES} tables at most: send several"),
                ));
            }
        }
        match (self.latest.slot, &self.wrong) {
            (Some(at), _) => {
                let (Some(slot), Ok(number)) = (self.slots.get_mut(at), u32::try_from(at)) else { return Ok(()) };
                slot.rows += 1;
                let table = (slot.key.dataset.as_str(), slot.key.period.as_str());
                self.packer.add(number, self.names, table, row)?;
            }
            (None, Some(finding)) => {
                self.rejected += 1;
                self.causes.add(finding, 1, 1, || example(row));
            }
            (None, None) => {}
        }
        Ok(())
    }
}

impl batch::Rows for Reader<'_, '_> {
    fn row(&mut self, row: Row<'_>) -> ControlFlow<()> {
        match self.take(&row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(fault) => {
                self.ended = Some(fault);
                ControlFlow::Break(())
            }
        }
    }

    fn again(&mut self) {
        *self = Self::new(self.names);
    }
}

/// Reads a file.
///
/// # Errors
/// Everything that is wrong with the file itself.
pub(super) fn read(source: &mut Source, format: Format, names: &Names<'_>) -> Result<Reading, Vec<Fault>> {
    let mut reader = Reader::new(names);
    batch::scan(source, format, &mut reader)?;
    let Reader { rows, rejected, causes, slots, packer, ended, .. } = reader;
    if let Some(fault) = ended {
        return Err(vec![fault]);
    }
    let runs = packer.end().map_err(|fault| vec![fault.into()])?;
    Ok(Reading { rows, rejected, causes, slots, runs })
}

/// A table whose rows are going by.
#[derive(Debug, Default)]
struct Part {
    rows: u32,
    packed: Vec<u8>,
}

impl Reading {
    /// How many tables the file states.
    pub(super) fn tables(&self) -> usize {
        self.slots.len()
    }

    /// Hands over table after table, until `each` has enough; those in `done` are passed by.
    ///
    /// # Errors
    /// Where the rows of too many tables are mixed.
    pub(super) fn hand_over(
        mut self,
        done: &HashSet<Key>,
        each: &mut dyn FnMut(Gathered) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let mut parts: HashMap<u32, Part> = HashMap::new();
        let mut held = 0_usize;
        while let Some(run) = self.runs.next()? {
            let slot = usize::try_from(run.slot).ok().and_then(|at| self.slots.get(at));
            let Some(slot) = slot.filter(|slot| !done.contains(&slot.key)) else {
                self.runs.pass(&run)?;
                continue;
            };
            held += run.bytes();
            if held > HELD_BYTES {
                return Err(Fault::new(
                    "scattered",
                    "同一张表的行相隔太远：请按学校、报表、统计期排序后再上传",
                    "Rows of one table stand too far apart: sort the file by school, dataset and period",
                ));
            }
            let part = parts.entry(run.slot).or_default();
            part.rows += run.rows;
            self.runs.read(&run, &mut part.packed)?;
            if part.rows == slot.rows {
                let packed = std::mem::take(&mut part.packed);
                parts.remove(&run.slot);
                held -= packed.len();
                if each(Gathered { key: slot.key.clone(), rows: slot.rows, packed }).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }
}
