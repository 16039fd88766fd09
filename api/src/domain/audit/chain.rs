//! The chain of the journal, verified entry by entry: pure, and the same for a database and for an export.

use std::fmt;

use entity::journal;

use super::checkpoints::Checkpoint;
use crate::domain::journal::link;

/// Something that is wrong: where, what was expected there, what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// An entry, a checkpoint or a line of a file.
    pub place: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub got: String,
}

impl Fault {
    /// A fault in three words.
    pub fn new(place: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { place: place.into(), expected: expected.into(), got: got.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.place, self.expected, self.got)
    }
}

/// How many faults are told one by one.
pub const MOST_FAULTS: usize = 1_000;

/// What a verification has come to.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The faults, as far as they are told one by one.
    pub faults: Vec<Fault>,
    /// How many there are in all.
    pub count: usize,
}

impl Findings {
    /// One more.
    pub fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// A numbered entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub sequence: i64,
    /// Its chain hash, as it stands there.
    pub chain_hash: String,
    /// What it says; nothing where the number is there and the row is not.
    pub row: Option<journal::Model>,
}

/// The chain so far.
#[derive(Clone, Debug)]
pub struct Chain {
    first: i64,
    last: i64,
    /// The chain hash of the last entry as it stands there; nothing where an entry is missing before the next.
    hash: Option<String>,
    /// How many entries were looked at.
    pub entries: u64,
    /// The last entry that a good checkpoint covers.
    pub signed: Option<i64>,
}

impl Chain {
    /// Begins at an entry with the chain hash of the one before it.
    pub fn new(first: i64, before: &str) -> Self {
        Self { first, last: first - 1, hash: Some(before.to_owned()), entries: 0, signed: None }
    }

    /// The number of the first entry.
    pub const fn first(&self) -> i64 {
        self.first
    }

    /// The number of the last entry.
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// The chain hash of the last entry, as it stands there.
    pub fn hash(&self) -> &str {
        self.hash.as_deref().unwrap_or_default()
    }

    /// Takes the next entry. One fault is told once: the chain goes on from what stands there.
    pub fn entry(&mut self, entry: &Entry, found: &mut Findings) {
        let Entry { sequence, chain_hash, row } = entry;
        let next = self.last + 1;
        if *sequence > next {
            let missing = match sequence - next {
                1 => format!("entry {next}"),
                _ => format!("entries {next} to {}", sequence - 1),
            };
            found.add(Fault::new(missing, "to be there", "nothing: removed"));
            self.hash = None;
        } else if *sequence < next {
            found.add(Fault::new(
                format!("entry {sequence}"),
                format!("number {next}"),
                "a number that was there already",
            ));
            return;
        }
        match (row, &self.hash) {
            (None, _) => found.add(Fault::new(format!("entry {sequence}"), "its row in the journal", "none: removed")),
            (Some(row), Some(before)) => {
                let expected = link(before, row);
                if expected != *chain_hash {
                    let place = format!("entry {sequence} ({} of {}, row {})", row.action, row.object, row.id);
                    found.add(Fault::new(place, format!("chain hash {expected}"), chain_hash));
                }
            }
            // Without the hash before it cannot be recomputed; the next one can.
            (Some(_), None) => {}
        }
        self.last = *sequence;
        self.hash = Some(chain_hash.clone());
        self.entries += 1;
    }

    /// Holds a checkpoint against the entry that was taken last.
    pub fn checkpoint(&mut self, name: &str, checkpoint: &Checkpoint, found: &mut Findings) {
        let at = checkpoint.sequence;
        if at < self.first {
            // It speaks of what is not looked at here.
            return;
        }
        let place = || format!("{name} at entry {at}");
        if at > self.last {
            let got = format!("the journal ends at {}: truncated", self.last);
            return found.add(Fault::new(place(), format!("entries up to {at}"), got));
        }
        if at < self.last {
            return found.add(Fault::new(place(), "to follow its entry", format!("after entry {}", self.last)));
        }
        if checkpoint.chain_hash != self.hash() {
            return found.add(Fault::new(
                place(),
                format!("chain hash {} (signed)", checkpoint.chain_hash),
                self.hash(),
            ));
        }
        self.signed = Some(at);
    }
}
