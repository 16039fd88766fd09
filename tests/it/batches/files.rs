//! Files that are sent as batches: rows in every format, and workbooks made part by part.

use std::io::{Cursor, Write};

use encoding_rs::GBK;
use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

/// The columns in English.
pub const HEADER: &str = "school,dataset,period,indicator,value,status,note";

/// A row: school, dataset, period, indicator, value.
pub type Cells<'a> = [&'a str; 5];

/// Rows as CSV.
pub fn csv(rows: &[Cells<'_>]) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        text.push_str(&format!("{},,\n", row.join(",")));
    }
    text
}

/// Rows as NDJSON, the values as JSON writes them.
pub fn ndjson(rows: &[Cells<'_>]) -> String {
    rows.iter()
        .map(|[school, dataset, period, indicator, value]| {
            let value: serde_json::Value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
            json!({ "school": school, "dataset": dataset, "period": period, "indicator": indicator, "value": value })
                .to_string()
                + "\n"
        })
        .collect()
}

/// A text in GBK.
pub fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, has_strangers) = GBK.encode(text);
    assert!(!has_strangers, "{text}");
    bytes.into_owned()
}

/// An archive of parts.
pub fn zipped(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook of sheets by name, each the inside of its `sheetData`; the cell style 1 is a percentage, 2 a date.
pub fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    zipped(&parts(sheets))
}

/// Its parts.
pub fn parts(sheets: &[(&str, &str)]) -> Vec<(&'static str, Vec<u8>)> {
    let mut book = String::from(r#"<?xml version="1.0"?><workbook xmlns:r="r"><sheets>"#);
    let mut links = String::from(r#"<?xml version="1.0"?><Relationships>"#);
    let mut parts = Vec::new();
    const NAMES: [&str; 3] = ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"];
    for (at, (name, inside)) in sheets.iter().enumerate() {
        let number = at + 1;
        book.push_str(&format!(r#"<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>"#));
        links.push_str(&format!(r#"<Relationship Id="rId{number}" Target="worksheets/sheet{number}.xml"/>"#));
        let sheet = format!(r#"<?xml version="1.0"?><worksheet><sheetData>{inside}</sheetData></worksheet>"#);
        parts.push((NAMES[at], sheet.into_bytes()));
    }
    book.push_str("</sheets></workbook>");
    links.push_str("</Relationships>");
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy\-mm\-dd"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="170"/></cellXfs></styleSheet>"#;
    parts.push(("xl/workbook.xml", book.into_bytes()));
    parts.push(("xl/_rels/workbook.xml.rels", links.into_bytes()));
    parts.push(("xl/styles.xml", styles.as_bytes().to_vec()));
    parts
}

/// A row of a sheet: texts inline, numbers as they are; what begins with `<` is a cell already.
pub fn row(number: usize, cells: &[&str]) -> String {
    let mut text = format!(r#"<row r="{number}">"#);
    for (column, cell) in ('A'..).zip(cells) {
        if cell.starts_with('<') {
            text.push_str(&cell.replace("@", &format!("{column}{number}")));
        } else if cell.parse::<f64>().is_ok() {
            text.push_str(&format!(r#"<c r="{column}{number}"><v>{cell}</v></c>"#));
        } else if !cell.is_empty() {
            text.push_str(&format!(r#"<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>"#));
        }
    }
    text + "</row>"
}

/// The header of a sheet.
pub fn header() -> String {
    row(1, &HEADER.split(',').collect::<Vec<_>>())
}

/// A workbook of one sheet with these rows.
pub fn xlsx(rows: &[Cells<'_>]) -> Vec<u8> {
    let mut inside = header();
    for (number, cells) in (2..).zip(rows) {
        inside.push_str(&row(number, cells));
    }
    workbook(&[("data", &inside)])
}

/// A file as a form, and the header that goes with it.
pub fn form(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let mut body =
        format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--x--\r\n");
    ("multipart/form-data; boundary=x".to_owned(), body)
}
