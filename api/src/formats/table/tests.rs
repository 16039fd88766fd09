//! What is written reads back, in every format, whatever the blocks.

use std::io::Read;

use arrow_array::{Array, cast::AsArray, types::Decimal128Type};
use bytes::Bytes;
use chrono::TimeZone;

use super::*;

fn head(has_bom: bool) -> Head {
    Head {
        name: "scale".to_owned(),
        fields: vec![Field::text("indicator"), Field::count("schools"), Field::number("value", 38, 12)],
        facts: vec![("release", "1.0.0".to_owned()), ("dataset", "scale".to_owned()), ("licence", "-".to_owned())],
        created_at: Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap(),
        has_bom,
    }
}

fn block(from: i64, to: i64) -> Block {
    let all: Vec<i64> = (from..to).collect();
    let text = |number: &i64| (number % 3 != 0).then(|| Arc::from(format!("=指标,{number}\"")));
    Block {
        rows: all.len(),
        columns: vec![
            Column::Text(all.iter().map(text).collect()),
            Column::Count(all.iter().map(|number| (number % 5 != 0).then_some(*number)).collect()),
            Column::Number(all.iter().map(|number| (number % 7 != 0).then(|| Decimal::new(-*number, 2))).collect()),
        ],
    }
}

fn written(format: Format, blocks: &[(i64, i64)]) -> Vec<u8> {
    let mut writer = Writer::new(format, &head(false)).unwrap();
    let mut bytes = Vec::new();
    for (from, to) in blocks {
        bytes.extend(writer.write(&block(*from, *to)).unwrap());
    }
    match writer.finish().unwrap() {
        End::Bytes(end) => bytes.extend(end),
        End::Whole(mut file) => {
            file.read_to_end(&mut bytes).unwrap();
        }
    }
    bytes
}

/// All rows as texts.
fn rows() -> Vec<[String; 3]> {
    let text = |number: i64| if number % 3 == 0 { String::new() } else { format!("=指标,{number}\"") };
    let count = |number: i64| if number % 5 == 0 { String::new() } else { number.to_string() };
    let value =
        |number: i64| if number % 7 == 0 { String::new() } else { Decimal::new(-number, 2).normalize().to_string() };
    (1..300).map(|number| [text(number), count(number), value(number)]).collect()
}

const BLOCKS: &[(i64, i64)] = &[(1, 2), (2, 2), (2, 200), (200, 300)];

#[test]
fn csv_reads_back_and_runs_no_formula() {
    let bytes = written(Format::Csv, BLOCKS);
    let mut reader = ::csv::Reader::from_reader(bytes.as_slice());
    let is: Vec<[String; 3]> = reader.deserialize().map(Result::unwrap).collect();
    let guarded = rows()
        .into_iter()
        .map(|[text, count, value]| [if text.is_empty() { text } else { format!("'{text}") }, count, value]);
    assert_eq!(is, guarded.collect::<Vec<_>>());
    let mut marked = Writer::new(Format::Csv, &head(true)).unwrap();
    assert!(marked.write(&block(1, 2)).unwrap().starts_with(b"\xef\xbb\xbfindicator,schools,value\n"));
}

#[test]
fn json_reads_back_with_exact_digits() {
    let text = String::from_utf8(written(Format::Json, BLOCKS)).unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let is: Vec<[String; 3]> =
        all.iter().map(|row| ["indicator", "schools", "value"].map(|name| shown(&row[name]))).collect();
    assert_eq!(is, rows());
    assert_eq!(written(Format::Json, &[]), b"[]\n");
}

fn batches(batches: impl Iterator<Item = arrow_array::RecordBatch>) -> Vec<[String; 3]> {
    let mut all = Vec::new();
    for batch in batches {
        let texts = batch.column(0).as_string::<i32>();
        let counts = batch.column(1).as_primitive::<arrow_array::types::Int64Type>();
        let values = batch.column(2).as_primitive::<Decimal128Type>();
        for at in 0..batch.num_rows() {
            let value = || Decimal::from_i128_with_scale(values.value(at), 12).normalize().to_string();
            all.push([
                if texts.is_null(at) { String::new() } else { texts.value(at).to_owned() },
                if counts.is_null(at) { String::new() } else { counts.value(at).to_string() },
                if values.is_null(at) { String::new() } else { value() },
            ]);
        }
    }
    all
}

#[test]
fn arrow_and_parquet_read_back_as_decimals() {
    let arrow = std::io::Cursor::new(written(Format::Arrow, BLOCKS));
    let reader = arrow_ipc::reader::FileReader::try_new(arrow, None).unwrap();
    assert_eq!(reader.schema().metadata()["release"], "1.0.0");
    assert_eq!(batches(reader.map(Result::unwrap)), rows());
    let parquet = Bytes::from(written(Format::Parquet, BLOCKS));
    let reader = ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
    assert_eq!(batches(reader.build().unwrap().map(Result::unwrap)), rows());
}

#[test]
fn a_workbook_reads_back() {
    use calamine::{Data, Reader, Xlsx};
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(written(Format::Xlsx, BLOCKS))).unwrap();
    let sheet = book.worksheet_range("data").unwrap();
    let is: Vec<[String; 3]> = sheet
        .rows()
        .skip(1)
        .map(|row| {
            [0, 1, 2].map(|at| match &row[at] {
                Data::Float(number) => number.to_string(),
                Data::String(text) => text.clone(),
                Data::Empty => String::new(),
                other => panic!("{other:?}"),
            })
        })
        .collect();
    assert_eq!(is, rows());
}

#[test]
fn the_same_table_is_the_same_bytes() {
    for format in [Format::Csv, Format::Json, Format::Arrow, Format::Parquet, Format::Xlsx] {
        assert_eq!(written(format, BLOCKS), written(format, BLOCKS), "{format:?}");
    }
}
