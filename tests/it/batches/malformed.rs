//! A corpus of files that are wrong, each in one way: every one gets a clear finding and changes nothing.

use entity::{journal, revision, submission};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::Value;

use super::files::{self, HEADER, csv, form, gbk, header, row, workbook, zipped};
use crate::{app::TestApp, stage, wire::send};

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";
const GOOD: &str = "62001,talent,2031,talent.graduates,8000,,\n";

/// A file, and the code of what is wrong with it.
struct Wrong {
    name: &'static str,
    kind: &'static str,
    bytes: Vec<u8>,
    code: &'static str,
}

fn wrong(name: &'static str, kind: &'static str, bytes: impl Into<Vec<u8>>, code: &'static str) -> Wrong {
    Wrong { name, kind, bytes: bytes.into(), code }
}

/// A CSV file with one row after a good one.
fn after(text: &str) -> String {
    format!("{HEADER}\n{GOOD}{text}\n")
}

fn csv_files() -> Vec<Wrong> {
    let line = |value: &str| after(&format!("62001,talent,2031,talent.placed,{value},,"));
    let rate = |value: &str| after(&format!("62001,talent,2031,talent.local_placement_rate,{value},,"));
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(csv(&[]).encode_utf16().flat_map(u16::to_le_bytes));
    let broken = {
        let mut bytes = after("62001,talent,2031,talent.placed,1,,去向落实人数去向落实人数").into_bytes();
        let at = bytes.len() - 3;
        bytes.remove(at);
        bytes
    };
    let mut binary = format!("{HEADER}\n").into_bytes();
    binary.extend([0x80, 0xff, 0xfe, 0x80, b'\n']);
    vec![
        wrong("an empty file", CSV, "", "no_rows"),
        wrong("blank lines", CSV, "\n\n\n", "no_rows"),
        wrong("a header alone", CSV, format!("{HEADER}\n"), "no_rows"),
        wrong("empty rows alone", CSV, format!("{HEADER}\n,,,,,,\n"), "no_rows"),
        wrong("no header", CSV, GOOD, "unknown_column"),
        wrong(
            "an unknown column",
            CSV,
            format!("{HEADER},remark\n{}", GOOD.replace(",,\n", ",,,x\n")),
            "unknown_column",
        ),
        wrong("a column twice", CSV, "school,school,dataset,period,indicator,value\n1,1,1,1,1,1\n", "duplicate_column"),
        wrong(
            "a column in both languages",
            CSV,
            "school,学校,dataset,period,indicator,value\n1,1,1,1,1,1\n",
            "duplicate_column",
        ),
        wrong("a column missing", CSV, "school,dataset,period,value\n62001,talent,2031,1\n", "column_missing"),
        wrong("semicolons", CSV, after("").replace(',', ";"), "unknown_column"),
        wrong("tabs", CSV, after("").replace(',', "\t"), "unknown_column"),
        wrong("a million columns", CSV, vec!["c"; 1_000_000].join(","), "too_many_columns"),
        wrong("a row that is too short", CSV, after("62001,talent,2031"), "ragged_row"),
        wrong("a row that is too long", CSV, after("62001,talent,2031,talent.placed,1,,,9"), "ragged_row"),
        wrong("a bare thousands separator", CSV, after("62001,talent,2031,talent.placed,7,000,,"), "ragged_row"),
        wrong("an open quote", CSV, after("62001,talent,2031,talent.placed,\"1,,"), "quote_open"),
        wrong("a quote that swallows the file", CSV, after(&format!("62001,\"{}", GOOD.repeat(4_000))), "row_too_long"),
        wrong(
            "an over-long cell",
            CSV,
            after(&format!("62001,talent,2031,talent.placed,1,,{}", "长".repeat(9_000))),
            "cell_too_long",
        ),
        wrong("an over-long row", CSV, after(&"x".repeat(200_000)), "row_too_long"),
        wrong(
            "a note that is too long",
            CSV,
            after(&format!("62001,talent,2031,talent.placed,1,,{}", "长".repeat(2_001))),
            "note",
        ),
        wrong("NUL in a value", CSV, line("1\0"), "nul"),
        wrong("NUL in a note", CSV, after("62001,talent,2031,talent.placed,1,,a\0b"), "nul"),
        wrong("no school", CSV, after(",talent,2031,talent.placed,1,,"), "key_missing"),
        wrong("no table", CSV, after("62001, ,2031,talent.placed,1,,"), "key_missing"),
        wrong("no period", CSV, after("62001,talent,,talent.placed,1,,"), "key_missing"),
        wrong("no indicator", CSV, after("62001,talent,2031,,1,,"), "key_missing"),
        wrong("UTF-16", CSV, utf16, "encoding"),
        wrong("a broken character of UTF-8", CSV, broken, "encoding"),
        wrong("neither UTF-8 nor GBK", CSV, binary, "encoding"),
        wrong(
            "GBK with an unknown column",
            CSV,
            gbk("学校,报表,统计期,指标,数字\n62001,talent,2031,毕业生人数,1\n"),
            "unknown_column",
        ),
        wrong("a workbook as CSV", CSV, files::xlsx(&[]), "encoding"),
        wrong("a word for a number", CSV, line("无"), "wrong_type"),
        wrong("a dash for a number", CSV, line("—"), "wrong_type"),
        wrong("a formula for a number", CSV, line("=1+1"), "wrong_type"),
        wrong("two points", CSV, line("1.2.3"), "wrong_type"),
        wrong("a decimal comma", CSV, line("\"1,5\""), "thousands_separator"),
        wrong("groups of four", CSV, line("\"1,2345\""), "thousands_separator"),
        wrong("blanks between digits", CSV, line("1 234"), "thousands_separator"),
        wrong("scientific notation", CSV, line("7E+03"), "scientific_notation"),
        wrong("a date for a number", CSV, line("2031-01-02"), "scientific_notation"),
        wrong("a multiplier", CSV, line("3万"), "unit_in_value"),
        wrong("a unit", CSV, line("30人"), "unit_in_value"),
        wrong("per mille", CSV, rate("612‰"), "unit_in_value"),
        wrong("a percent sign at a count", CSV, line("30%"), "percent_sign"),
        wrong("too many decimals", CSV, line("1.5"), "too_many_decimals"),
        wrong("too many digits", CSV, line("1234567890123456"), "too_many_digits"),
        wrong("below the minimum", CSV, line("-1"), "below_minimum"),
        wrong("a rate above a hundred", CSV, rate("161.25%"), "above_maximum"),
        wrong("an unknown status", CSV, after("62001,talent,2031,talent.placed,1,大概,"), "unknown_status"),
        wrong("a status without its value", CSV, after("62001,talent,2031,talent.placed,,REPORTED,"), "value_missing"),
        wrong(
            "a value that its status has not",
            CSV,
            after("62001,talent,2031,talent.placed,1,NOT_APPLICABLE,"),
            "value_unexpected",
        ),
        wrong("a formula in a note", CSV, after("62001,talent,2031,talent.placed,1,,=HYPERLINK(1)"), "formula_text"),
        wrong(
            "a full-width formula in a note",
            CSV,
            after("62001,talent,2031,talent.placed,1,,＠SUM(1)"),
            "formula_text",
        ),
        wrong("an indicator twice", CSV, after("62001,talent,2031,talent.graduates,8000,,"), "duplicate_indicator"),
        wrong(
            "an indicator by code and by label",
            CSV,
            after("62001,talent,2031,毕业生人数,8000,,"),
            "duplicate_indicator",
        ),
        wrong("an unknown indicator", CSV, after("62001,talent,2031,talent.nothing,1,,"), "unknown_indicator"),
        wrong("an indicator of another table", CSV, after("62001,talent,2031,scale.students,1,,"), "unknown_indicator"),
        wrong(
            "a label of several indicators",
            CSV,
            csv(&[["62001", "resources", "2031", "国家级数量", "1"]]),
            "ambiguous_indicator",
        ),
        wrong("no figure at all", CSV, csv(&[["62001", "talent", "2031", "talent.graduates", ""]]), "table_empty"),
        wrong("an unknown table", CSV, csv(&[["62001", "nothing", "2031", "x", "1"]]), "unknown_dataset"),
        wrong("an unknown school", CSV, csv(&[["62099", "talent", "2031", "talent.graduates", "1"]]), "unknown_school"),
        wrong(
            "a school of somebody else",
            CSV,
            csv(&[["62002", "talent", "2031", "talent.graduates", "1"]]),
            "unknown_school",
        ),
        wrong("a period that is none", CSV, csv(&[["62001", "talent", "31", "talent.graduates", "1"]]), "period_form"),
        wrong(
            "a period of another kind",
            CSV,
            csv(&[["62001", "talent", "2030-2031", "talent.graduates", "1"]]),
            "period_form",
        ),
    ]
}

fn ndjson_files() -> Vec<Wrong> {
    let object = |members: &str| {
        format!(r#"{{"school":"62001","dataset":"talent","period":"2031","indicator":"talent.graduates",{members}}}"#)
    };
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    vec![
        wrong("nothing", NDJSON, "\n\n", "no_rows"),
        wrong("not JSON", NDJSON, "school,dataset\n", "json"),
        wrong("an array", NDJSON, "[1]\n", "json"),
        wrong("cut off", NDJSON, r#"{"school":"62001","#, "json"),
        wrong("two on a line", NDJSON, format!("{0}{0}\n", object(r#""value":1"#)), "json"),
        wrong("an unknown member", NDJSON, object(r#""value":1,"vaule":2"#), "unknown_column"),
        wrong("a member twice", NDJSON, object(r#""value":1,"value":2"#), "duplicate_column"),
        wrong("a deep value", NDJSON, object(&format!(r#""value":{deep}"#)), "wrong_type"),
        wrong("a deep line", NDJSON, deep, "json"),
        wrong("an object for a value", NDJSON, object(r#""value":{"value":1}"#), "wrong_type"),
        wrong("a truth for a value", NDJSON, object(r#""value":true"#), "wrong_type"),
        wrong("an array for a note", NDJSON, object(r#""value":1,"note":[]"#), "wrong_kind"),
        wrong("NUL in a note", NDJSON, object(r#""value":1,"note":"a\u0000""#), "nul"),
        wrong("half a surrogate", NDJSON, object(r#""value":1,"note":"\ud800""#), "json"),
        wrong(
            "an over-long line",
            NDJSON,
            object(&format!(r#""value":1,"note":"{}""#, "x".repeat(100_000))),
            "row_too_long",
        ),
        wrong(
            "no school",
            NDJSON,
            r#"{"dataset":"talent","period":"2031","indicator":"talent.graduates","value":1}"#,
            "key_missing",
        ),
        wrong("GBK", NDJSON, gbk(&object(r#""value":1,"note":"备注""#)), "encoding"),
    ]
}

fn xlsx_files() -> Vec<Wrong> {
    const XLSX: &str = "xlsx";
    let sheet = |cells: &[&str]| workbook(&[("data", &(header() + &row(2, cells)))]);
    let value = |cell: &str| sheet(&["62001", "talent", "2031", "talent.graduates", cell]);
    let good = files::xlsx(&[["62001", "talent", "2031", "talent.graduates", "8000"]]);
    let mut damaged = good.clone();
    for byte in damaged.iter_mut().skip(60).take(40) {
        *byte = !*byte;
    }
    let mut bomb = files::parts(&[("data", &header())]);
    bomb[0].1 = format!("<worksheet>{}", format!("<!--{}-->", " ".repeat(100_000)).repeat(400)).into_bytes();
    let mut endless = files::parts(&[("data", &header())]);
    endless[0].1 = format!("<worksheet><sheetData a=\"{}\">", "x".repeat(4 << 20)).into_bytes();
    let mut entity = files::parts(&[("data", &header())]);
    entity[0].1 =
        b"<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><worksheet><sheetData/></worksheet>".to_vec();
    let mut nested = files::parts(&[("data", &header())]);
    nested[0].1 = "<a>".repeat(10_000).into_bytes();
    let mut cut = files::parts(&[("data", &header())]);
    cut[0].1 = b"<worksheet><sheetData><row r=\"1\">".to_vec();
    let far = header() + &row(2, &["62001"]).replace("A2", "XFD2");
    vec![
        wrong("not an archive", XLSX, "62001,talent", "xlsx"),
        wrong("an old workbook", XLSX, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1].repeat(100), "xlsx"),
        wrong("an empty archive", XLSX, zipped(&[]), "xlsx"),
        wrong("an archive of something else", XLSX, zipped(&[("word/document.xml", b"<w/>".to_vec())]), "xlsx"),
        wrong("half an archive", XLSX, good[..good.len() / 2].to_vec(), "xlsx"),
        wrong("a damaged part", XLSX, damaged, "xlsx"),
        wrong("a zip bomb", XLSX, zipped(&bomb), "zip_bomb"),
        wrong("an endless tag", XLSX, zipped(&endless), "piece_too_long"),
        wrong("entities", XLSX, zipped(&entity), "xlsx"),
        wrong("deep elements", XLSX, zipped(&nested), "xlsx"),
        wrong("a sheet that is cut off", XLSX, zipped(&cut), "xlsx"),
        wrong("an empty sheet", XLSX, workbook(&[("data", "")]), "no_rows"),
        wrong(
            "the wrong sheet",
            XLSX,
            workbook(&[("a", &row(1, &["说明"])), ("b", &row(1, &["目录"]))]),
            "wrong_sheet",
        ),
        wrong("one sheet with other columns", XLSX, workbook(&[("a", &row(1, &["说明"]))]), "unknown_column"),
        wrong("two sheets of data", XLSX, workbook(&[("a", &header()), ("b", &header())]), "ambiguous_sheet"),
        wrong("a cell far to the right", XLSX, workbook(&[("a", &far)]), "too_many_columns"),
        wrong("rows out of order", XLSX, workbook(&[("a", &(row(2, &["x"]) + &row(1, &["x"])))]), "unknown_column"),
        wrong("a formula", XLSX, value(r#"<c r="@"><f>1+1</f><v>2</v></c>"#), "formula_cell"),
        wrong("an error value", XLSX, value(r#"<c r="@" t="e"><v>#N/A</v></c>"#), "error_cell"),
        wrong("a date", XLSX, value(r#"<c r="@" s="2"><v>45000</v></c>"#), "date_cell"),
        wrong("a truth", XLSX, value(r#"<c r="@" t="b"><v>1</v></c>"#), "wrong_type"),
        wrong("a percentage at a count", XLSX, value(r#"<c r="@" s="1"><v>0.5</v></c>"#), "percent_sign"),
        wrong(
            "a formula for a school",
            XLSX,
            sheet(&[r#"<c r="@"><f>A1</f><v>62001</v></c>"#, "talent", "2031", "talent.graduates", "1"]),
            "formula_cell",
        ),
        wrong(
            "a merged school",
            XLSX,
            workbook(&[(
                "a",
                &(header()
                    + &row(2, &["62001", "talent", "2031", "talent.graduates", "1"])
                    + &row(3, &["", "talent", "2031", "talent.placed", "1"])),
            )]),
            "key_missing",
        ),
        wrong("a text that is not there", XLSX, value(r#"<c r="@" t="s"><v>7</v></c>"#), "xlsx"),
    ]
}

async fn stored(app: &TestApp) -> (u64, u64, u64) {
    let db = app.house.db.read();
    let finished = journal::Entity::find().filter(journal::Column::Action.eq("batch.finished"));
    let changes = stage::changes(app).await - finished.count(db).await.unwrap();
    let revisions = revision::Entity::find().count(db).await.unwrap();
    let submissions = submission::Entity::find().count(db).await.unwrap();
    (changes, revisions, submissions)
}

#[tokio::test]
async fn every_malformed_file_gets_a_clear_finding_and_changes_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let before = stored(&app).await;
    let corpus: Vec<Wrong> = csv_files().into_iter().chain(ndjson_files()).chain(xlsx_files()).collect();
    assert!(corpus.len() >= 60, "{}", corpus.len());
    let mut unclear = Vec::new();
    for file in &corpus {
        let (kind, bytes) = match file.kind {
            "xlsx" => form("batch.xlsx", &file.bytes),
            kind => (kind.to_owned(), file.bytes.clone()),
        };
        let answer =
            send(&school, "POST", "/v1/batches", &[("content-type", &kind), ("accept-language", "en")], bytes).await;
        let body = answer.json();
        let found: Vec<&Value> = match answer.status {
            422 => body["errors"].as_array().into_iter().flatten().collect(),
            200 => body["causes"].as_array().into_iter().flatten().collect(),
            _ => Vec::new(),
        };
        let has_code = found.iter().any(|one| one["code"] == file.code);
        let are_clear =
            found.iter().all(|one| one["message"].as_str().is_some_and(|text| text.len() > 5 && text.len() < 2_000));
        let is_nothing = answer.status == 422 || body["rows"]["accepted"] == 0;
        if !has_code || !are_clear || !is_nothing {
            unclear.push(format!("{}: not {}: {} {}", file.name, file.code, answer.status, answer.text));
        }
    }
    assert!(unclear.is_empty(), "{} of {}:\n{}", unclear.len(), corpus.len(), unclear.join("\n"));
    assert_eq!(stored(&app).await, before);
    server.stop().await;
}

#[tokio::test]
async fn all_faults_of_a_file_are_told_with_row_and_column() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let text = format!(
        "{HEADER}\n{GOOD}62001,talent\n\n,talent,,talent.placed,1,,\n\"a\nb\",talent,2031,talent.placed,1,,\0\n"
    );
    let answer = send(&school, "POST", "/v1/batches", &[("content-type", CSV)], text).await.expect(422);
    let told: Vec<(String, String)> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["pointer"].as_str().unwrap().to_owned(), one["code"].as_str().unwrap().to_owned()))
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(
        told,
        [
            ("/rows/3", "ragged_row"),
            ("/rows/5/school", "key_missing"),
            ("/rows/5/period", "key_missing"),
            ("/rows/6/note", "nul"),
        ]
    );
    server.stop().await;
}
