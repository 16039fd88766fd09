//! NDJSON: one JSON object a line, its members named like the columns.

use std::{
    borrow::Cow,
    io::{BufRead, BufReader, Read},
    ops::ControlFlow,
};

use serde_json::value::RawValue;

use super::{Column, Fault, ROW_BYTES, Row, Sink, Unfit, Value, short};
use crate::formats::document::{Members, text_of};

pub(super) fn scan(file: impl Read, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut lines = BufReader::with_capacity(64 << 10, file);
    let (mut number, mut line) = (0_u64, Vec::new());
    loop {
        line.clear();
        number += 1;
        let most = u64::try_from(ROW_BYTES + 1).unwrap_or(u64::MAX);
        let read = lines.by_ref().take(most).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if read > ROW_BYTES {
            return Err(Fault::new(
                "row_too_long",
                format!("一行超过 {ROW_BYTES} 字节：每行只写一个对象"),
                format!("A line has more than {ROW_BYTES} bytes: write one object a line"),
            )
            .at(number));
        }
        let bytes = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(Fault::new("encoding", "NDJSON 须为 UTF-8 编码", "NDJSON is written in UTF-8").at(number));
        };
        if text.trim().is_empty() {
            continue;
        }
        let ended = match row(text, number) {
            Ok(object) => sink.row(object.row(number)),
            Err(faults) => faults.into_iter().try_for_each(|fault| sink.fault(fault)),
        };
        if ended == ControlFlow::Break(()) {
            return Ok(());
        }
    }
}

enum Held<'a> {
    Text(Cow<'a, str>),
    Number(&'a str),
    Other(&'a str),
}

impl Held<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(text) | Self::Other(text) => text,
        }
    }
}

struct Object<'a>([Option<Held<'a>>; 7]);

impl Object<'_> {
    fn row(&self, number: u64) -> Row<'_> {
        let [school, dataset, period, indicator, value, status, note] = &self.0;
        fn of<'r>(held: &'r Option<Held<'_>>) -> &'r str {
            held.as_ref().map_or("", Held::text)
        }
        Row {
            number,
            school: of(school),
            dataset: of(dataset),
            period: of(period),
            indicator: of(indicator),
            value: match value {
                None => Value::Text(""),
                Some(Held::Text(text)) => Value::Text(text),
                Some(Held::Number(digits)) => Value::Number(digits),
                Some(Held::Other(text)) => Value::Unfit(Unfit::Kind, text),
            },
            status: of(status),
            note: of(note),
            catalogue: "",
        }
    }
}

fn row(text: &str, number: u64) -> Result<Object<'_>, Vec<Fault>> {
    let Members(members) = serde_json::from_str(text).map_err(|fault| {
        vec![
            Fault::new(
                "json",
                format!("该行不是一个 JSON 对象：{fault}"),
                format!("The line is not a JSON object: {fault}"),
            )
            .at(number)
            .with("{\"school\": …, \"dataset\": …, \"period\": …, \"indicator\": …, \"value\": …}", text),
        ]
    })?;
    let mut object = Object(Default::default());
    let mut faults = Vec::new();
    for (name, raw) in members {
        let Some(column) = Column::of(&name) else {
            faults.push(
                Fault::new(
                    "unknown_column",
                    format!("成员“{}”不可识别", short(&name)),
                    format!("Member `{}` is not known", short(&name)),
                )
                .at(number)
                .with(super::expected(), &name),
            );
            continue;
        };
        let Some(slot) = object.0.get_mut(column.place()) else { continue };
        if slot.is_some() {
            let fault = Fault::new(
                "duplicate_column",
                format!("成员“{}”出现两次", column.word()),
                format!("Member `{}` stands twice", column.word()),
            );
            faults.push(fault.at(number).in_(column.word()));
            continue;
        }
        match held(raw, column) {
            Ok(held) => *slot = held,
            Err(fault) => faults.push(fault.at(number).in_(column.word()).with("text", raw.get())),
        }
    }
    if faults.is_empty() { Ok(object) } else { Err(faults) }
}

/// The text or the number of a member; nothing for `null`.
fn held(raw: &RawValue, column: Column) -> Result<Option<Held<'_>>, Fault> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => text_of(raw)
            .map(|text| Some(Held::Text(text)))
            .ok_or_else(|| Fault::new("json", "文本中有损坏的转义", "A text has a broken escape")),
        // A year may well be written as a number.
        Some(b'-' | b'0'..=b'9') if matches!(column, Column::Value | Column::Period | Column::School) => {
            Ok(Some(Held::Number(text)))
        }
        _ if column == Column::Value => Ok(Some(Held::Other(text))),
        _ => Err(Fault::new(
            "wrong_kind",
            format!("“{}”应为文本", column.word()),
            format!("`{}` is a text", column.word()),
        )),
    }
}
