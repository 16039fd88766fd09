//! A line as a row: typed looks into its cells. A look that finds nothing good has said so in the faults.
//!
//! Looks return nothing only after a fault, and a row is put together with [`filled!`] after all of its
//! cells were looked at, so that every fault of a line is named and not only the first.

use std::collections::{BTreeMap, HashMap};

use entity::{
    ids::{RowId, SchoolCode},
    words::{
        Affiliation, Aggregation, Better, ConsortiumKind, ConsortiumScope, Disclosure, MajorLevel, MemberRole,
        Ownership, PeriodKind, SchoolCategory, SchoolTier, Severity,
    },
};
use uuid::Uuid;

use super::{
    faults::{Faults, Wrong},
    known::{Index, Known, Look, code_of_school},
    sheet::{Line, Sheet},
};
use crate::{
    error::{Error, Result, Text},
    formats::decimal,
};

/// The namespace of all row ids; it must never change.
pub(super) const NAMESPACE: Uuid = Uuid::from_u128(0x8b1d_5c0e_27f4_4d39_9a63_51e0_7c2a_f684);

/// Puts a row together after all of its columns were looked at. A column without a look was looked at before.
macro_rules! filled {
    ($($model:ident)::+ { $($column:ident $(: $value:expr)?),* $(,)? }) => {{
        $($(let $column = $value;)?)*
        Some($($model)::+ { $($column: $column?),* })
    }};
}
pub(super) use filled;

/// A closed list of words.
pub(super) trait Word: Copy + 'static {
    /// All of them.
    const LIST: &'static [Self];
    /// As in the file.
    fn said(self) -> &'static str;
}

macro_rules! word {
    ($($name:ident),* $(,)?) => {$(
        impl Word for $name {
            const LIST: &'static [Self] = Self::ALL;
            fn said(self) -> &'static str { self.word() }
        }
    )*};
}

word!(
    Affiliation,
    Aggregation,
    Better,
    ConsortiumKind,
    ConsortiumScope,
    Disclosure,
    MajorLevel,
    MemberRole,
    Ownership,
    PeriodKind,
    SchoolCategory,
    SchoolTier,
    Severity,
);

/// How something is written.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// What a fault shows.
    pub(super) like: &'static str,
    /// Whether a text is.
    pub(super) is: fn(&str) -> bool,
}

/// What the lines of a folder have said so far, besides rows.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What is wrong.
    pub(super) faults: Faults,
    /// How many lines were left alone, by file and reason.
    pub(super) left_alone: BTreeMap<(String, &'static str), usize>,
    occurrences: HashMap<String, u32>,
    dropped: usize,
}

impl Notes {
    /// Nothing, if nothing is wrong and every line became a row or was left alone for a reason; all faults otherwise.
    pub(super) fn verdict(self) -> Result<BTreeMap<(String, &'static str), usize>> {
        self.faults.verdict()?;
        if self.dropped == self.left_alone.values().sum::<usize>() {
            Ok(self.left_alone)
        } else {
            Err(Error::internal("a line became no row and nobody said why"))
        }
    }
}

/// A line that is being read.
pub(super) struct Row<'a> {
    sheet: &'a Sheet,
    line: &'a Line,
    position: i32,
    notes: &'a mut Notes,
}

/// One kind of row: where it stands, and how a line becomes one.
pub(super) trait Kind {
    /// What comes of it.
    type Model;
    /// The file without its ending, which is also what the summary calls the kind.
    const FILE: &'static str;
    /// The agreed columns, in their order.
    const COLUMNS: &'static [&'static str];
    /// Columns that together must not repeat.
    const DISTINCT: &'static [&'static [&'static str]] = &[];

    /// Whether a folder need not have it.
    const IS_OPTIONAL: bool = false;

    /// A line as a row; nothing after a fault, or where the line is left alone.
    fn read(row: &mut Row<'_>, known: &Known) -> Option<Self::Model>;

    /// A row as it is to be where there is one already: what has happened since it was loaded may stay.
    fn settled(row: Self::Model, _there: &Self::Model) -> Self::Model {
        row
    }

    /// What no line shows by itself.
    fn across(_sheet: &Sheet, _known: &Known, _faults: &mut Faults) {}
}

/// All rows of a kind.
pub(super) fn rows<K: Kind>(sheet: &Sheet, known: &Known, notes: &mut Notes) -> Vec<K::Model> {
    for columns in K::DISTINCT {
        sheet.distinct(columns, &mut notes.faults);
    }
    K::across(sheet, known, &mut notes.faults);
    let lines = sheet.lines.iter().zip(1..).filter(|(line, _)| line.is_whole);
    let read = |(line, position)| {
        let row = K::read(&mut Row { sheet, line, position, notes }, known);
        notes.dropped += usize::from(row.is_none());
        row
    };
    lines.filter_map(read).collect()
}

impl<'a> Row<'a> {
    /// The order of the file.
    pub(super) const fn position(&self) -> Option<i32> {
        Some(self.position)
    }

    /// What stands there; empty where the file has no such column.
    pub(super) fn cell(&self, column: &str) -> &'a str {
        self.sheet.cell(self.line, column).unwrap_or_default()
    }

    /// One more fault in this line.
    pub(super) fn fault(&mut self, column: &str, wrong: &Wrong, expected: impl Into<String>) {
        self.fault_of(column, wrong, expected, self.cell(column));
    }

    /// One more fault in this line, of something other than the whole cell.
    pub(super) fn fault_of(&mut self, column: &str, wrong: &Wrong, expected: impl Into<String>, got: &str) {
        // That the column is missing has been named already, once.
        if !self.sheet.has(column) {
            return;
        }
        self.notes.faults.add(self.sheet.place(self.line, column), wrong, expected, got);
    }

    /// A fault of a column that does not go with another.
    pub(super) fn contradiction(&mut self, column: &str, zh: &str, en: &str) {
        self.fault(column, &Wrong::Together(Text::new(zh, en)), "");
    }

    /// Leaves this line alone, for this reason.
    pub(super) fn leave(&mut self, reason: &'static str) {
        *self.notes.left_alone.entry((self.sheet.file.clone(), reason)).or_default() += 1;
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, column: &str) -> Option<String> {
        // A column that is not there at all has been named already, once.
        let cell = self.sheet.cell(self.line, column)?;
        if cell.is_empty() {
            self.fault(column, &Wrong::Empty, "");
            return None;
        }
        if cell.contains('\0') {
            self.fault(column, &Wrong::ControlCharacter, "");
            return None;
        }
        Some(cell.to_owned())
    }

    /// Whatever the look sees in a cell that may be empty.
    fn maybe<T>(&mut self, column: &str, look: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.cell(column).is_empty() { Some(None) } else { look(self).map(Some) }
    }

    /// A text that may be missing, as may its column.
    pub(super) fn maybe_text(&mut self, column: &str) -> Option<Option<String>> {
        self.maybe(column, |row| row.text(column))
    }

    /// A text of a form.
    pub(super) fn form(&mut self, column: &str, form: Form) -> Option<String> {
        let text = self.text(column)?;
        if (form.is)(&text) {
            return Some(text);
        }
        self.fault(column, &Wrong::Form, form.like);
        None
    }

    /// A text of a form that may be missing.
    pub(super) fn maybe_form(&mut self, column: &str, form: Form) -> Option<Option<String>> {
        self.maybe(column, |row| row.form(column, form))
    }

    /// A word of a list of the entities.
    pub(super) fn word<W: Word>(&mut self, column: &str) -> Option<W> {
        let text = self.text(column)?;
        let word = W::LIST.iter().copied().find(|word| word.said() == text);
        if word.is_none() {
            let list: Vec<&str> = W::LIST.iter().map(|word| word.said()).collect();
            self.fault(column, &Wrong::NotAWord, list.join(", "));
        }
        word
    }

    /// A word of a list of the entities that may be missing.
    pub(super) fn maybe_word<W: Word>(&mut self, column: &str) -> Option<Option<W>> {
        self.maybe(column, |row| row.word(column))
    }

    /// A word of a list that has no type.
    pub(super) fn one_of(&mut self, column: &str, list: &[&str]) -> Option<String> {
        let text = self.text(column)?;
        if list.contains(&text.as_str()) {
            return Some(text);
        }
        self.fault(column, &Wrong::NotAWord, list.join(", "));
        None
    }

    /// A word of a list that has no type; the usual one where it is missing.
    pub(super) fn one_of_or(&mut self, column: &str, list: &[&str], usual: &str) -> Option<String> {
        Some(self.maybe(column, |row| row.one_of(column, list))?.unwrap_or_else(|| usual.to_owned()))
    }

    /// `1` for yes, `0` for no.
    pub(super) fn flag(&mut self, column: &str) -> Option<bool> {
        self.one_of(column, &["0", "1"]).map(|flag| flag == "1")
    }

    /// A whole number within bounds.
    pub(super) fn whole<N: TryFrom<i64>>(&mut self, column: &str, from: i64, to: i64) -> Option<N> {
        let number = self.fixed(column, 0)?;
        let within = (from..=to).contains(&number).then(|| N::try_from(number).ok()).flatten();
        if within.is_none() {
            self.fault(column, &Wrong::OutOfRange, format!("{from}–{to}"));
        }
        within
    }

    /// A number as a fixed-point integer.
    pub(super) fn fixed(&mut self, column: &str, decimals: i16) -> Option<i64> {
        let text = self.text(column)?;
        let number = decimal::parse(&text, decimals);
        if let Err(wrong) = number {
            let expected = match wrong {
                decimal::Fault::NotANumber => "123.45".to_owned(),
                decimal::Fault::TooManyDecimals => decimals.to_string(),
                decimal::Fault::TooManyDigits => decimal::MAX_DIGITS.to_string(),
            };
            self.fault(column, &Wrong::Number(wrong), expected);
        }
        number.ok()
    }

    /// A number as a fixed-point integer that may be missing. Without decimals (which were faulty) nothing is judged.
    pub(super) fn maybe_fixed(&mut self, column: &str, decimals: Option<i16>) -> Option<Option<i64>> {
        self.maybe(column, |row| row.fixed(column, decimals?))
    }

    /// A number that is kept as printed.
    pub(super) fn printed(&mut self, column: &str) -> Option<String> {
        let text = self.text(column)?;
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        self.fixed(column, i16::try_from(decimals).unwrap_or(i16::MAX)).map(|_| text)
    }

    /// A number that is kept as printed and may be missing.
    pub(super) fn maybe_printed(&mut self, column: &str) -> Option<Option<String>> {
        self.maybe(column, |row| row.printed(column))
    }

    /// What a name or a code stands for.
    pub(super) fn refer<T: Clone>(&mut self, column: &str, index: &Index<T>) -> Option<T> {
        let text = self.text(column)?;
        match index.look(&text) {
            Look::There(found) => Some(found),
            // Its own fault is named where it stands.
            Look::Unsure => None,
            Look::Nowhere => {
                let meant = index.meant(&text).unwrap_or_default().to_owned();
                self.fault(column, &Wrong::Unresolved(index.file), meant);
                None
            }
        }
    }

    /// What a name or a code stands for, where there is one.
    pub(super) fn maybe_refer<T: Clone>(&mut self, column: &str, index: &Index<T>) -> Option<Option<T>> {
        self.maybe(column, |row| row.refer(column, index))
    }

    /// The code of the school of this line.
    pub(super) fn school_code(&self) -> Option<SchoolCode> {
        code_of_school(self.sheet, self.line)
    }

    /// The id of a row without a name of its own: the same for the same words in these columns in every load.
    ///
    /// Lines that have the same words there are told apart by counting them.
    pub(super) fn id(&mut self, columns: &[&str]) -> Option<RowId> {
        // Lengths before the parts, so that no two keys make the same text.
        let parts = columns.iter().map(|column| self.cell(column));
        let key: String = parts.map(|part| format!("{}:{part}", part.len())).collect();
        let key = format!("{}/{key}", self.sheet.file);
        let occurrence = self.notes.occurrences.entry(key.clone()).or_default();
        *occurrence += 1;
        Some(RowId(Uuid::new_v5(&NAMESPACE, format!("{key}/{occurrence}").as_bytes())))
    }
}
