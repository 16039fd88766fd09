//! The XML parts of a workbook, unpacked in bounded memory.
//!
//! What a packed part says of its own size is not believed: bytes are counted as they come out, and
//! against what went in. Document types are refused, so there are no entities to unfold.

use std::{
    borrow::Cow,
    io::{self, BufReader, Read},
};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::Fault;

/// How much larger than its packed form a part may be, once it is large at all.
const RATIO: u64 = 200;
/// A part below this size is never taken for a bomb.
const SMALL: u64 = 16 << 20;
/// The longest single piece: a tag with its attributes, or a text.
const PIECE: u64 = 1 << 20;
/// The deepest nesting.
const DEPTH: usize = 64;

/// Counts what comes out of a packed part.
pub(super) struct Bounded<R> {
    inner: R,
    packed: u64,
    most: u64,
    total: u64,
    piece: u64,
}

const BOMB: &str = "unpacks to more than it may";
const LONG: &str = "has a piece that does not end";

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(count);
        self.piece = self.piece.saturating_add(count);
        if self.total > self.most || (self.total > SMALL && self.total > self.packed.saturating_mul(RATIO)) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, BOMB));
        }
        if self.piece > PIECE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, LONG));
        }
        Ok(read)
    }
}

/// A piece of a document.
pub(super) enum Piece<'a> {
    /// An element begins.
    Start(Element<'a>),
    /// An element ends; its name without a prefix.
    End(Cow<'a, str>),
    /// Text, or a part of one.
    Text(Cow<'a, str>),
    /// Nothing more.
    End_,
}

/// The beginning of an element.
pub(super) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// Its name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of an attribute, by its name without a prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .filter_map(Result::ok)
            .find(|one| one.key.local_name().into_inner() == name)
            .and_then(|one| one.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned))
    }
}

/// A document that is read piece by piece.
pub(super) struct Xml<R: Read> {
    reader: Reader<BufReader<Bounded<R>>>,
    buffer: Vec<u8>,
    depth: usize,
    part: String,
}

impl<R: Read> Xml<R> {
    /// Over a part of this packed size, of at most so many bytes.
    pub(super) fn new(inner: R, part: &str, packed: u64, most: u64) -> Self {
        let bounded = Bounded { inner, packed, most, total: 0, piece: 0 };
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 << 10, bounded));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, part: part.to_owned() }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Piece<'_>, Fault> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().get_mut().piece = 0;
            // Looked at twice, because a borrow that is handed out in a loop cannot be given back.
            let is_wanted = {
                let event = match self.reader.read_event_into(&mut self.buffer) {
                    Ok(event) => event,
                    Err(fault) => return Err(unreadable(&self.part, &fault)),
                };
                match event {
                    Event::Start(start) => {
                        self.depth += 1;
                        if self.depth > DEPTH {
                            return Err(damaged(&self.part, "too deep"));
                        }
                        Kept::Start(start.into_owned())
                    }
                    Event::End(end) => {
                        self.depth = self.depth.saturating_sub(1);
                        Kept::End(end.local_name().into_inner().to_owned())
                    }
                    Event::Text(text) => Kept::Text(text.xml10_content().into_owned()),
                    Event::CData(text) => Kept::Text(text.xml10_content().into_owned()),
                    Event::GeneralRef(name) => match name.resolve_char_ref() {
                        Ok(Some(letter)) => Kept::Text(letter.to_string()),
                        Ok(None) => match name.into_inner().as_ref() {
                            "amp" => Kept::Text("&".to_owned()),
                            "lt" => Kept::Text("<".to_owned()),
                            "gt" => Kept::Text(">".to_owned()),
                            "quot" => Kept::Text("\"".to_owned()),
                            "apos" => Kept::Text("'".to_owned()),
                            other => return Err(damaged(&self.part, &format!("entity {}", super::short(other)))),
                        },
                        Err(fault) => return Err(unreadable(&self.part, &fault)),
                    },
                    Event::DocType(_) => return Err(damaged(&self.part, "DOCTYPE")),
                    Event::Eof => Kept::Eof,
                    // An empty element comes as its beginning and its end.
                    Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Kept::Nothing,
                }
            };
            return Ok(match is_wanted {
                Kept::Start(start) => Piece::Start(Element(start)),
                Kept::End(name) => Piece::End(Cow::Owned(name)),
                Kept::Text(text) => Piece::Text(Cow::Owned(text)),
                Kept::Eof if self.depth > 0 => return Err(damaged(&self.part, "cut off")),
                Kept::Eof => Piece::End_,
                Kept::Nothing => continue,
            });
        }
    }
}

enum Kept {
    Start(BytesStart<'static>),
    End(String),
    Text(String),
    Eof,
    Nothing,
}

fn unreadable(part: &str, fault: &quick_xml::Error) -> Fault {
    let said = fault.to_string();
    if said.contains(BOMB) {
        return Fault::new(
            "zip_bomb",
            format!("工作簿的 {part} 解压后过大"),
            format!("The part {part} of the workbook {BOMB}"),
        );
    }
    if said.contains(LONG) {
        return Fault::new(
            "piece_too_long",
            format!("工作簿的 {part} 中有一处内容过长"),
            format!("The part {part} of the workbook {LONG}"),
        );
    }
    damaged(part, &said)
}

/// A part that cannot be read.
pub(super) fn damaged(part: &str, why: &str) -> Fault {
    let why = super::short(why);
    Fault::new(
        "xlsx",
        format!("工作簿已损坏（{part}：{why}）：请用 Excel 或 WPS 打开后另存为 .xlsx"),
        format!("The workbook is damaged ({part}: {why}): open it and save it again as .xlsx"),
    )
}
