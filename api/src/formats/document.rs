//! A table as a document: what a school sends, and the canonical JSON (RFC 8785) that is stored and hashed.
//!
//! The stored form is `{"dataset":…,"observations":{code: cell},"period":…,"school":…}`
//! with members in order and without blanks. A cell is a plain number where its status
//! is the usual one and nothing was noted, and an object of `note`, `status`, `value` otherwise.
//! Values are kept as their digits, never as floating point.

use std::{borrow::Cow, fmt};

use litemap::LiteMap;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::decimal;

/// What kind of thing a cell says. Zero, not applicable, missing and suppressed are four different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The school states a value.
    Reported,
    /// The indicator has no meaning for this school.
    NotApplicable,
    /// There ought to be a value, and there is none.
    Missing,
    /// There is a value, and it is not for this caller.
    Suppressed,
    /// The school states an estimate.
    Estimated,
}

impl Status {
    /// What a school may state, in the order of the contract.
    pub const STATED: &'static [Self] = &[Self::Reported, Self::NotApplicable, Self::Missing, Self::Estimated];

    /// The contract's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reported => "REPORTED",
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::Missing => "MISSING",
            Self::Suppressed => "SUPPRESSED",
            Self::Estimated => "ESTIMATED",
        }
    }

    /// The status for a word that a school may use.
    pub fn stated(word: &str) -> Option<Self> {
        Self::STATED.iter().copied().find(|status| status.word() == word)
    }

    /// Whether a cell of this status holds a number that counts.
    pub const fn has_value(self) -> bool {
        matches!(self, Self::Reported | Self::Estimated)
    }
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The value as a fixed-point integer with the indicator's decimals; present exactly if the status has one.
    pub value: Option<i64>,
    /// What the cell says.
    pub status: Status,
    /// What the school wants its reviewers to know.
    pub note: Option<String>,
}

impl Cell {
    /// A plain value.
    pub const fn reported(value: i64) -> Self {
        Self { value: Some(value), status: Status::Reported, note: None }
    }
}

/// The cells of one table by indicator code, in canonical order: one piece of memory, for there are millions of them
/// in a large batch and all of a table are looked at together.
pub type Cells = LiteMap<String, Cell>;

/// Where a cell stands in what was sent; written out only where there is something to say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under the name of its indicator, in the document of a table.
    Own,
    /// In this row of a file.
    Row(u64),
    /// At this place of the list of a GraphQL input.
    Input(usize),
}

/// A cell as it was sent, before anybody has judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<'a> {
    /// What it calls its indicator.
    pub indicator: Cow<'a, str>,
    /// Where it stands in what was sent.
    pub place: Place,
    /// What it says; nothing for `null`, which is the same as leaving the cell out.
    pub cell: Option<GivenCell<'a>>,
}

impl Given<'_> {
    /// Where it stands in what was sent, as a JSON pointer.
    pub fn pointer(&self) -> String {
        match self.place {
            Place::Own => format!("/observations/{}", pointer(&self.indicator)),
            Place::Row(row) => format!("/rows/{row}"),
            Place::Input(at) => format!("/input/observations/{at}"),
        }
    }
}

/// The inside of a cell as it was sent. What stands in a cell of its own is a `value` without the rest.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct GivenCell<'a> {
    /// The digits of a number, or what stood there instead.
    pub value: Option<GivenValue<'a>>,
    /// The word of a status.
    pub status: Option<GivenValue<'a>>,
    /// A remark.
    pub note: Option<GivenValue<'a>>,
    /// Members that no cell has.
    pub unknown: Vec<String>,
    /// Whether it was sent as an object; a bare value replaces a cell whole, an object patches it.
    pub is_object: bool,
}

/// A scalar as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenValue<'a> {
    /// A JSON number, by its digits.
    Number(Cow<'a, str>),
    /// A JSON string, unescaped.
    Text(Cow<'a, str>),
    /// Anything else, as printed (cut short).
    Other(String),
    /// JSON `null`: in a patch it takes a member away, elsewhere it is the same as leaving it out.
    Null,
}

impl<'a> GivenValue<'a> {
    fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'-' | b'0'..=b'9') => Self::Number(Cow::Borrowed(text)),
            Some(b'"') => text_of(raw).map_or_else(|| Self::Other(short(text)), Self::Text),
            _ => Self::Other(short(text)),
        }
    }

    /// As it is shown in a finding.
    pub fn shown(&self) -> String {
        match self {
            Self::Number(text) => short(text),
            Self::Other(text) => short(text),
            Self::Text(text) => format!("\"{}\"", short(text)),
            Self::Null => "null".to_owned(),
        }
    }
}

/// A text as it is shown in a finding: cut short.
pub fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// An object's members in the order sent, doubles included: a map would silently keep one of them.
pub(super) struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// The text of a JSON string, borrowed where it holds no escape.
pub(super) fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw.get()).ok().map(|Name(text)| text)
}

/// A member's name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowed)
    }
}

/// Reads the body of a push. Unknown members are errors; doubles are kept for the checks to find.
pub fn read_push(body: &[u8]) -> Result<Vec<Given<'_>>, serde_json::Error> {
    let Members(outer) = serde_json::from_slice(body)?;
    let mut given = None;
    for (name, raw) in outer {
        if name != "observations" {
            return Err(serde_json::Error::custom(format!("unknown member `{name}`, expected `observations`")));
        }
        if given.is_some() {
            return Err(serde_json::Error::custom("member `observations` stands twice"));
        }
        let Members(cells) = serde_json::from_str(raw.get())?;
        given = Some(
            cells
                .into_iter()
                .map(|(indicator, raw)| Given { indicator, place: Place::Own, cell: read_cell(raw) })
                .collect(),
        );
    }
    given.ok_or_else(|| serde_json::Error::custom("member `observations` is missing"))
}

/// A name as a part of a JSON pointer (RFC 6901).
pub fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn read_cell(raw: &RawValue) -> Option<GivenCell<'_>> {
    if !raw.get().starts_with('{') {
        let value = GivenValue::of(raw);
        return (value != GivenValue::Null).then(|| GivenCell { value: Some(value), ..GivenCell::default() });
    }
    let Ok(Members(members)) = serde_json::from_str::<Members<'_>>(raw.get()) else {
        let value = Some(GivenValue::Other(short(raw.get())));
        return Some(GivenCell { value, ..GivenCell::default() });
    };
    let mut cell = GivenCell { is_object: true, ..GivenCell::default() };
    for (name, raw) in members {
        let slot = match name.as_ref() {
            "value" => &mut cell.value,
            "status" => &mut cell.status,
            "note" => &mut cell.note,
            _ => {
                cell.unknown.push(name.into_owned());
                continue;
            }
        };
        // Of two that say different things none is kept: neither a number, nor a status, nor a text.
        let is_double = slot.is_some();
        *slot = Some(if is_double { GivenValue::Other(format!("2 × {name}")) } else { GivenValue::of(raw) });
    }
    Some(cell)
}

/// Writes the canonical document. `decimals` gives the places of an indicator's fixed-point values.
pub fn canonical(school: &str, dataset: &str, period: &str, cells: &Cells, decimals: impl Fn(&str) -> i16) -> String {
    let mut out = String::with_capacity(64 + cells.len() * 40);
    out.push_str("{\"dataset\":");
    quoted(&mut out, dataset);
    out.push_str(",\"observations\":{");
    for (at, (code, cell)) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        quoted(&mut out, code);
        out.push(':');
        match (cell.value, cell.status, &cell.note) {
            (Some(value), Status::Reported, None) => decimal::write_digits(&mut out, value, decimals(code)),
            _ => {
                out.push('{');
                if let Some(note) = &cell.note {
                    out.push_str("\"note\":");
                    quoted(&mut out, note);
                    out.push(',');
                }
                out.push_str("\"status\":");
                quoted(&mut out, cell.status.word());
                if let Some(value) = cell.value {
                    out.push_str(",\"value\":");
                    decimal::write_digits(&mut out, value, decimals(code));
                }
                out.push('}');
            }
        }
    }
    out.push_str("},\"period\":");
    quoted(&mut out, period);
    out.push_str(",\"school\":");
    quoted(&mut out, school);
    out.push('}');
    out
}

fn quoted(out: &mut String, text: &str) {
    // Codes have nothing to escape.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // serde_json escapes exactly what RFC 8785 asks for, and a string cannot fail.
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// A stored document that does not read as one: the database was changed by hand.
#[derive(Debug, thiserror::Error)]
#[error("a stored document cannot be read: {0}")]
pub struct Unreadable(String);

/// Visits the stored cells of a document in order, without building what nobody asked for.
pub fn visit<'a>(document: &'a str, mut each: impl FnMut(&str, Stored<'a>)) -> Result<(), Unreadable> {
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        observations: Members<'a>,
    }
    let outer: Outer<'a> = serde_json::from_str(document).map_err(|fault| Unreadable(fault.to_string()))?;
    for (code, raw) in outer.observations.0 {
        each(&code, Stored(raw));
    }
    Ok(())
}

/// A stored cell that has not been read yet.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a>(&'a RawValue);

impl Stored<'_> {
    /// Reads the cell.
    pub fn cell(self, decimals: i16) -> Result<Cell, Unreadable> {
        let unreadable = || Unreadable(short(self.0.get()));
        let value = |text: &str| decimal::parse(text, decimals).map_err(|_| unreadable());
        if !self.0.get().starts_with('{') {
            return Ok(Cell::reported(value(self.0.get())?));
        }
        let given = read_cell(self.0).ok_or_else(unreadable)?;
        let status = match given.status {
            Some(GivenValue::Text(word)) => Status::stated(&word).ok_or_else(unreadable)?,
            _ => return Err(unreadable()),
        };
        Ok(Cell {
            value: match given.value {
                Some(GivenValue::Number(digits)) => Some(value(&digits)?),
                _ => None,
            },
            status,
            note: match given.note {
                Some(GivenValue::Text(note)) => Some(note.into_owned()),
                _ => None,
            },
        })
    }
}

/// Reads all cells of a stored document.
pub fn read(document: &str, decimals: impl Fn(&str) -> i16) -> Result<Cells, Unreadable> {
    let mut cells = Cells::new();
    let mut fault = None;
    visit(document, |code, stored| match stored.cell(decimals(code)) {
        Ok(cell) => {
            // A stored document is in canonical order; one that is not was changed by hand.
            if let Some((code, cell)) = cells.try_append(code.to_owned(), cell) {
                cells.insert(code, cell);
            }
        }
        Err(unreadable) => fault = Some(unreadable),
    })?;
    fault.map_or(Ok(cells), Err)
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(halves.filter_map(|half| char::from_digit(u32::from(half), 16)));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells() -> impl Strategy<Value = Cells> {
        let cell = prop_oneof![
            (-999_999_999_999_i64..999_999_999_999).prop_map(Cell::reported),
            (any::<i32>(), ".{0,12}").prop_map(|(value, note)| Cell {
                value: Some(i64::from(value)),
                status: Status::Estimated,
                note: Some(note),
            }),
            Just(Cell { value: None, status: Status::NotApplicable, note: None }),
        ];
        proptest::collection::btree_map("[a-z]{1,8}\\.[a-z_0-9]{1,12}", cell, 0..20)
            .prop_map(|cells| cells.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_canonical_json_and_reads_back(cells in cells()) {
            let written = canonical("62001", "scale", "2023", &cells, |_| 2);
            let value: serde_json::Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&serde_json_canonicalizer::to_string(&value).unwrap(), &written);
            prop_assert_eq!(read(&written, |_| 2).unwrap(), cells);
        }
    }

    #[test]
    fn doubles_are_kept_for_the_checks_to_find() {
        let given = read_push(br#"{"observations":{"scale.students":1,"scale.students":2}}"#).unwrap();
        assert_eq!(given.len(), 2);
    }

    #[test]
    fn unknown_members_are_errors() {
        assert!(read_push(br#"{"observations":{},"observation":{}}"#).is_err());
        assert!(read_push(br"{}").is_err());
        assert!(read_push(br"[]").is_err());
        let given = read_push(br#"{"observations":{"a":{"value":1,"vaule":2}}}"#).unwrap();
        assert_eq!(given[0].cell.as_ref().unwrap().unknown, ["vaule"]);
    }

    #[test]
    fn null_is_the_same_as_leaving_out() {
        let given = read_push(br#"{"observations":{"a":null}}"#).unwrap();
        assert_eq!(given[0].cell, None);
    }
}
