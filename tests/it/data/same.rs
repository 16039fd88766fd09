//! The same aggregate by every door is the same number: for every indicator of the reference data, by province and
//! by city, for the public and for an official.

use std::collections::BTreeMap;

use arrow_array::{Array, RecordBatch, cast::AsArray, types};
use bytes::Bytes;
use calamine::{Data, Reader};
use entity::words::ReleaseKind;
use rust_decimal::Decimal;
use serde_json::{json, value::RawValue};
use zhiqiao::{
    domain::{bulk, submissions::Key},
    formats::document::{self, Cell, Cells, Status},
};

use super::{Row, fetch};
use crate::{
    app::{Caller, TestApp},
    stage,
};

/// A period that the reference data have no figures for.
pub const PERIOD: &str = "2022";

/// Every line of every table at every school but a few, with decimals, estimates and gaps.
pub async fn filled() -> TestApp {
    let app = TestApp::new().await;
    let registry = app.house.memory.registry();
    let mut documents = Vec::new();
    for school in registry.schools.all() {
        for dataset in registry.datasets.all() {
            let mut cells = Cells::new();
            for line in registry.lines(dataset.code.as_str()) {
                // Digits that look random and are the same every time.
                let drawn =
                    i64::from_str_radix(&document::sha256(format!("{}{}", school.code, line.code))[..8], 16).unwrap();
                let (value, status) = match drawn % 11 {
                    0 => continue,
                    1 => (None, Status::Missing),
                    2 => (None, Status::NotApplicable),
                    3 => (Some(drawn % 90_001), Status::Estimated),
                    _ => (Some(drawn % 90_001), Status::Reported),
                };
                cells.insert(line.code.0.clone(), Cell { value, status, note: None });
            }
            let key = Key::new(school.code.as_str(), dataset.code.as_str(), PERIOD);
            documents.push(bulk::Document::new(&registry, key, &cells));
        }
    }
    bulk::accept(&app.system(), documents).await.unwrap();
    stage::release(&app, ReleaseKind::Minor).await;
    app
}

/// The digits of a number, whatever zeros stand behind them.
fn plain(digits: &str) -> String {
    digits.parse::<Decimal>().map_or_else(|_| digits.to_owned(), |number| number.normalize().to_string())
}

fn batches(batches: impl Iterator<Item = RecordBatch>) -> Vec<Row> {
    let mut rows = Vec::new();
    for batch in batches {
        for at in 0..batch.num_rows() {
            let schema = batch.schema();
            let cells = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
                let text = if column.is_null(at) {
                    String::new()
                } else if let Some(texts) = column.as_string_opt::<i32>() {
                    texts.value(at).to_owned()
                } else if let Some(counts) = column.as_primitive_opt::<types::Int64Type>() {
                    counts.value(at).to_string()
                } else {
                    let numbers = column.as_primitive::<types::Decimal128Type>();
                    let scale = u32::try_from(numbers.scale()).unwrap();
                    Decimal::from_i128_with_scale(numbers.value(at), scale).normalize().to_string()
                };
                (field.name().clone(), text)
            });
            rows.push(cells.collect());
        }
    }
    rows
}

/// What a file says, as texts. A workbook's numbers are those of Excel.
fn said(format: &str, bytes: Vec<u8>) -> Vec<Row> {
    match format {
        "csv" => csv::Reader::from_reader(bytes.as_slice()).deserialize().map(Result::unwrap).collect(),
        "json" => {
            let rows: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_slice(&bytes).unwrap();
            let text = |raw: Box<RawValue>| match raw.get() {
                "null" => String::new(),
                text if text.starts_with('"') => serde_json::from_str(text).unwrap(),
                digits => digits.to_owned(),
            };
            rows.into_iter().map(|row| row.into_iter().map(|(name, raw)| (name, text(raw))).collect()).collect()
        }
        "parquet" => {
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes));
            batches(reader.unwrap().build().unwrap().map(Result::unwrap))
        }
        "arrow" => {
            let reader = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None);
            batches(reader.unwrap().map(Result::unwrap))
        }
        "xlsx" => {
            let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
            let sheet = book.worksheet_range("data").unwrap();
            let text = |cell: &Data| match cell {
                Data::Empty => String::new(),
                Data::String(text) => text.clone(),
                Data::Float(number) => number.to_string(),
                Data::Int(number) => number.to_string(),
                other => panic!("{other:?}"),
            };
            let names: Vec<String> = sheet.rows().next().unwrap().iter().map(text).collect();
            sheet.rows().skip(1).map(|row| names.iter().cloned().zip(row.iter().map(text)).collect()).collect()
        }
        other => panic!("{other}"),
    }
}

/// The columns that hold numbers.
const NUMBERS: [&str; 10] = ["schools", "expected", "value", "sum", "mean", "median", "min", "max", "p25", "p75"];

/// What GraphQL says, by indicator and city: the digits of each statistic, and the status.
async fn graphql(caller: &Caller, codes: &[String], by: &str) -> BTreeMap<(String, String), Row> {
    let query = "query ($input: AggregateInput!) { aggregate(input: $input) { groups { city { code }
        cells { indicator { code } schools expected value sum mean median min max p25 p75 status } } } }";
    let mut all = BTreeMap::new();
    for codes in codes.chunks(20) {
        let group_by: &[&str] = if by == "city" { &["CITY"] } else { &[] };
        let input = json!({ "indicators": codes, "period": PERIOD, "groupBy": group_by });
        let body = json!({ "query": query, "variables": { "input": input } });
        let answer = caller.send("POST", "/graphql", &[], Some(&body)).await.expect(200);
        #[derive(serde::Deserialize)]
        struct Code {
            code: String,
        }
        #[derive(serde::Deserialize)]
        struct Group {
            city: Option<Code>,
            cells: Vec<BTreeMap<String, Box<RawValue>>>,
        }
        #[derive(serde::Deserialize)]
        struct Result {
            groups: Vec<Group>,
        }
        #[derive(serde::Deserialize)]
        struct Data {
            aggregate: Result,
        }
        #[derive(serde::Deserialize)]
        struct Answer {
            data: Data,
        }
        let answer: Answer = serde_json::from_str(&answer.text).unwrap_or_else(|why| panic!("{why}: {}", answer.text));
        for group in answer.data.aggregate.groups {
            let city = group.city.map(|city| city.code).unwrap_or_default();
            for mut cell in group.cells {
                let code: Code = serde_json::from_str(cell.remove("indicator").unwrap().get()).unwrap();
                let text = |raw: &RawValue| match raw.get() {
                    "null" => String::new(),
                    text => plain(text.trim_matches('"')),
                };
                let cell = cell.iter().map(|(name, raw)| (name.clone(), text(raw))).collect();
                all.insert((code.code, city.clone()), cell);
            }
        }
    }
    all
}

/// What SDMX calls a status.
fn sdmx_status(word: &str) -> &'static str {
    match word {
        "REPORTED" => "A",
        "ESTIMATED" => "E",
        "NOT_APPLICABLE" => "M",
        "MISSING" => "O",
        "SUPPRESSED" => "Q",
        other => panic!("{other}"),
    }
}

type Sdmx = BTreeMap<(String, String), (String, String)>;

/// What SDMX says of the totals of a flow, by area and indicator: digits and status.
async fn sdmx(caller: &Caller, flow: &str, form: &str) -> Sdmx {
    let (form, layout) = match form.strip_suffix(", alone") {
        Some(form) => (form, "&dimensionAtObservation=AllDimensions"),
        None => (form, ""),
    };
    let path = format!("/sdmx/2.1/data/{flow}/A..._T._T._T?startPeriod={PERIOD}&endPeriod={PERIOD}{layout}");
    let kind = if form.ends_with("xml") { form.to_owned() } else { format!("data+{form}") };
    let accept = format!("application/vnd.sdmx.{kind}");
    let answer = fetch(caller, "GET", &path, &[("accept", &accept)]).await.expect(200);
    assert!(answer.header("content-type").starts_with(&accept), "{}", answer.header("content-type"));
    match form {
        "csv" => {
            let mut reader = csv::Reader::from_reader(answer.bytes.as_slice());
            let cell = |row: Row| {
                let of = |name: &str| row[name].clone();
                ((of("REF_AREA"), of("INDICATOR")), (of("OBS_VALUE"), of("OBS_STATUS")))
            };
            reader.deserialize().map(Result::unwrap).map(cell).collect()
        }
        "json" => sdmx_json(&answer.bytes),
        _ => sdmx_xml(&answer.bytes),
    }
}

fn sdmx_json(bytes: &[u8]) -> Sdmx {
    let message: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let structure = &message["data"]["structure"];
    let is_flat = structure["dimensions"]["series"].as_array().unwrap().is_empty();
    let level = if is_flat { "observation" } else { "series" };
    let code = |place: &str, at: usize| {
        structure["dimensions"][level][at]["values"][place.parse::<usize>().unwrap()]["id"].as_str().unwrap().to_owned()
    };
    // The value, the status, and what is said of the series of one that stands alone.
    type Observations = BTreeMap<String, Vec<Box<RawValue>>>;
    #[derive(serde::Deserialize)]
    struct Series {
        observations: Observations,
    }
    #[derive(serde::Deserialize)]
    struct Set {
        #[serde(default)]
        series: BTreeMap<String, Series>,
        #[serde(default)]
        observations: Observations,
    }
    #[derive(serde::Deserialize)]
    struct Inside {
        #[serde(rename = "dataSets")]
        sets: Vec<Set>,
    }
    #[derive(serde::Deserialize)]
    struct Message {
        data: Inside,
    }
    let exact: Message = serde_json::from_slice(bytes).unwrap();
    let mut all = Sdmx::new();
    let set = &exact.data.sets[0];
    let of_series = set.series.iter().map(|(key, series)| (key, series.observations.values().next().unwrap()));
    for (key, said) in of_series.chain(&set.observations) {
        let places: Vec<&str> = key.split(':').collect();
        let status: usize = said[1].get().parse().unwrap();
        let status = structure["attributes"]["observation"][0]["values"][status]["id"].as_str().unwrap();
        let value = if said[0].get() == "null" { "" } else { said[0].get() };
        all.insert((code(places[1], 1), code(places[2], 2)), (value.to_owned(), status.to_owned()));
    }
    all
}

/// Generic and structure-specific alike: attributes by their names, and `id` and `value` as a name and its value.
fn sdmx_xml(bytes: &[u8]) -> Sdmx {
    use quick_xml::{Reader, XmlVersion, events::Event};
    let mut reader = Reader::from_str(std::str::from_utf8(bytes).unwrap());
    let mut all = Sdmx::new();
    let mut row = Row::new();
    loop {
        let event = reader.read_event().unwrap();
        let name = match &event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.local_name().into_inner().to_owned();
                if name == "Series" {
                    row.clear();
                }
                let attributes: Row = start
                    .attributes()
                    .map(Result::unwrap)
                    .map(|one| {
                        let value = one.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned();
                        (one.key.local_name().into_inner().to_owned(), value)
                    })
                    .collect();
                match (name.as_str(), attributes.get("id")) {
                    ("Value", Some(id)) => drop(row.insert(id.clone(), attributes["value"].clone())),
                    ("ObsValue", _) => drop(row.insert("OBS_VALUE".to_owned(), attributes["value"].clone())),
                    ("Series" | "Obs", _) => row.extend(attributes),
                    _ => {}
                }
                if matches!(event, Event::Start(_)) { continue } else { name }
            }
            Event::End(end) => end.local_name().into_inner().to_owned(),
            Event::Eof => return all,
            _ => continue,
        };
        if name == "Obs" {
            let value = row.remove("OBS_VALUE").unwrap_or_default();
            let status = row.remove("OBS_STATUS").unwrap();
            all.insert((row["REF_AREA"].clone(), row["INDICATOR"].clone()), (value, status));
        }
    }
}

/// What the tables of the report say of the province: by indicator, the row of the CSV; and the page has that number.
async fn report(caller: &Caller) -> BTreeMap<String, Row> {
    let index = caller.get(&format!("/v1/reports/{PERIOD}")).await.expect(200).json();
    let mut all = BTreeMap::new();
    for table in index["tables"].as_array().unwrap() {
        let file = table["files"][2].as_str().unwrap().strip_suffix(".csv").unwrap();
        let csv = fetch(caller, "GET", &format!("/v1/reports/{PERIOD}/{file}.csv"), &[]).await.expect(200);
        let page = fetch(caller, "GET", &format!("/v1/reports/{PERIOD}/{file}.html"), &[]).await.expect(200);
        let page = String::from_utf8(page.bytes).unwrap();
        let rows: Vec<Row> = csv::Reader::from_reader(csv.bytes.as_slice()).deserialize().map(Result::unwrap).collect();
        for row in rows {
            let is_of_school = row.get("school").is_some_and(|school| !school.is_empty());
            if is_of_school || row.get("period").is_none_or(|period| period != PERIOD) {
                continue;
            }
            let figure = format!("data-indicator=\"{}\" data-value=\"{}\"", row["indicator"], row["value"]);
            assert!(page.contains(&figure), "{file}.html has no {figure}");
            assert!(all.insert(row["indicator"].clone(), row).is_none(), "{file} has a line twice");
        }
    }
    all
}

#[tokio::test]
async fn the_same_aggregate_by_every_door_is_the_same_number() {
    let app = filled().await;
    let server = app.serve().await;
    let registry = app.house.memory.registry();
    let (mut compared, mut suppressed) = (0, 0);
    for name in ["", "province-620000"] {
        let caller = if name.is_empty() { server.anonymous() } else { server.client(name).await };
        for by in ["province", "city"] {
            let codes: Vec<String> = registry.indicators.all().iter().map(|line| line.code.0.clone()).collect();
            let known = graphql(&caller, &codes, by).await;
            let mut seen = 0;
            if name.is_empty() && by == "province" {
                let printed = report(&caller).await;
                assert_eq!(printed.len(), known.len(), "each indicator stands in a table of the report");
                for ((code, _), told) in &known {
                    for column in ["value", "status", "schools"] {
                        assert_eq!(plain(&printed[code][column]), told[column], "report {code} {column}");
                    }
                    compared += 1;
                }
            }
            for dataset in registry.datasets.all() {
                for form in ["csv", "genericdata+xml", "structurespecificdata+xml", "json", "json, alone"] {
                    let all = sdmx(&caller, dataset.code.as_str(), form).await;
                    let told = known.iter().filter(|((code, _), _)| code.starts_with(&format!("{}.", dataset.code)));
                    for ((code, city), told) in told {
                        let area = if city.is_empty() { "620000" } else { city };
                        let place = (area.to_owned(), code.split_once('.').unwrap().1.to_owned());
                        let (value, status) =
                            all.get(&place).unwrap_or_else(|| panic!("{form} has no {place:?} of {}", dataset.code));
                        assert_eq!(
                            (plain(value), status.as_str()),
                            (told["value"].clone(), sdmx_status(&told["status"])),
                            "{form} {place:?}"
                        );
                        compared += 1;
                    }
                }
                let path = |format: &str| format!("/v1/data/{}.{format}?period={PERIOD}&group_by={by}", dataset.code);
                for format in ["csv", "json", "parquet", "xlsx", "arrow"] {
                    let file = fetch(&caller, "GET", &path(format), &[]).await.expect(200);
                    for row in said(format, file.bytes) {
                        let key = (row["indicator"].clone(), row.get("city").cloned().unwrap_or_default());
                        let told = known.get(&key).unwrap_or_else(|| panic!("GraphQL has no {key:?}"));
                        for column in NUMBERS {
                            let should = match (format, told[column].as_str()) {
                                ("xlsx", digits) if !digits.is_empty() => digits.parse::<f64>().unwrap().to_string(),
                                (_, digits) => digits.to_owned(),
                            };
                            let is = if format == "xlsx" { row[column].clone() } else { plain(&row[column]) };
                            assert_eq!(is, should, "{format} {key:?} {column}");
                        }
                        assert_eq!(row["status"], told["status"], "{format} {key:?}");
                        suppressed += usize::from(row["status"] == "SUPPRESSED");
                        seen += usize::from(format == "csv");
                        compared += 1;
                    }
                }
            }
            assert_eq!(seen, known.len(), "each cell stands in a file");
        }
    }
    assert!(compared > 15_000 && suppressed > 100, "{compared} {suppressed}");
    server.stop().await;
}
