//! Figures: every statistic in every grouping, against a second computation in another language.

use std::{collections::BTreeMap, path::Path, process::Command};

use entity::words::{ReleaseKind, SubmissionState as State};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use zhiqiao::{domain::submissions::Key, formats::document};

use crate::{
    app::{Caller, TestApp, reference},
    stage,
};

/// One statistic's exact digits, as they stand in the answer.
type Digits = Option<Box<RawValue>>;

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Cell {
    indicator: Code,
    schools: Option<u64>,
    expected: Option<u64>,
    value: Digits,
    sum: Digits,
    mean: Digits,
    median: Digits,
    min: Digits,
    max: Digits,
    p25: Digits,
    p75: Digits,
    status: String,
}

#[derive(Deserialize)]
struct Group {
    city: Option<Code>,
    ownership: Option<String>,
    category: Option<String>,
    tier: Option<String>,
    consortium: Option<Code>,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Aggregate {
    release: String,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Data {
    aggregate: Aggregate,
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Data>,
    errors: Option<Value>,
}

const QUERY: &str = "query ($input: AggregateInput!) { aggregate(input: $input) { release groups {
    city { code } ownership category tier consortium { code }
    cells { indicator { code } schools expected value sum mean median min max p25 p75 status } } } }";

async fn aggregate(caller: &Caller, input: Value) -> Aggregate {
    let body = json!({ "query": QUERY, "variables": { "input": input } });
    let answer = caller.send("POST", "/graphql", &[], Some(&body)).await;
    let read: Envelope = serde_json::from_str(&answer.text).unwrap();
    assert!(read.errors.is_none(), "{}", answer.text);
    read.data.unwrap().aggregate
}

impl Group {
    /// The one thing its schools have in common, as the reference files write it.
    fn name(&self) -> String {
        let code = |code: &Option<Code>| code.as_ref().map(|code| code.code.clone());
        let word = |word: &Option<String>| word.as_ref().map(|word| word.to_lowercase());
        let all =
            [code(&self.city), word(&self.ownership), word(&self.category), word(&self.tier), code(&self.consortium)];
        all.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// `dimension / group / indicator` and what stands there.
type Table = BTreeMap<String, String>;

fn shown(digits: &Digits) -> Value {
    digits.as_ref().map_or(Value::Null, |digits| Value::from(digits.get()))
}

/// What the service says, in the same words as the script.
async fn said(caller: &Caller, indicators: &[String], release: Option<&str>) -> Table {
    let mut table = Table::new();
    for dimension in ["", "CITY", "OWNERSHIP", "CATEGORY", "TIER", "CONSORTIUM"] {
        let by: Vec<&str> = Some(dimension).filter(|dimension| !dimension.is_empty()).into_iter().collect();
        let input = json!({ "indicators": indicators, "period": "2023", "groupBy": by, "release": release });
        for group in aggregate(caller, input).await.groups {
            for cell in &group.cells {
                let is = json!({
                    "schools": cell.schools, "expected": cell.expected, "value": shown(&cell.value),
                    "sum": shown(&cell.sum), "mean": shown(&cell.mean), "median": shown(&cell.median),
                    "min": shown(&cell.min), "max": shown(&cell.max), "p25": shown(&cell.p25), "p75": shown(&cell.p75),
                });
                let name = format!("{} / {} / {}", dimension.to_lowercase(), group.name(), cell.indicator.code);
                let is_empty = matches!(cell.status.as_str(), "MISSING" | "NOT_APPLICABLE");
                assert_eq!(is_empty, cell.value.is_none(), "{name}: {}", cell.status);
                assert!(table.insert(name.clone(), is.to_string()).is_none(), "{name} stands twice");
            }
        }
    }
    table
}

/// What the script says; nothing where there is no Python and nobody insists.
fn computed(files: &[&Path]) -> Option<Table> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/figures.py");
    let output = match Command::new("python3").arg(script).arg(reference()).args(files).output() {
        Ok(output) => output,
        Err(why) => {
            let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!must, "python3 is needed for the second computation: {why}");
            println!("SKIPPED: no second computation without python3 ({why})");
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut table = Table::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let mut row: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        let mut word = |name: &str| row.remove(name).unwrap().as_str().unwrap().to_owned();
        let name = format!("{} / {} / {}", word("dimension"), word("group"), word("indicator"));
        table.insert(name, Value::Object(row).to_string());
    }
    Some(table)
}

#[track_caller]
fn same(said: &Table, computed: &Table) {
    let names = |table: &Table| table.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(said), names(computed));
    for (name, is) in said {
        let (is, should): (Value, Value) =
            (serde_json::from_str(is).unwrap(), serde_json::from_str(&computed[name]).unwrap());
        assert_eq!(is, should, "{name}");
    }
}

fn indicators(files: &[&Path]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for file in files {
        for row in csv::Reader::from_path(file).unwrap().into_records() {
            let code = row.unwrap()[3].to_owned();
            if !all.contains(&code) {
                all.push(code);
            }
        }
    }
    all
}

#[tokio::test]
async fn every_statistic_agrees_with_a_second_computation() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let file = reference().join("observations.csv");
    let Some(computed) = computed(&[&file]) else { return };
    assert_eq!(computed.len() % 10, 0);
    let codes = indicators(&[&file]);
    same(&said(&server.anonymous(), &codes, None).await, &computed);
    // The same cube answers what is accepted and what is current.
    let province = server.client("province-620000").await;
    same(&said(&province, &codes, Some("live")).await, &computed);
    same(&said(&province, &codes, Some("current")).await, &computed);
    server.stop().await;
}

/// Every rule of aggregation, with decimals, estimates, gaps and weights that are not there.
#[tokio::test]
async fn weights_medians_and_gaps_agree_with_a_second_computation() {
    let app = TestApp::new().await;
    let file = app.dir().join("more.csv");
    let mut csv = String::from("school,dataset,period,indicator,value,status\n");
    for number in 1..=27_u32 {
        let school = format!("62{number:03}");
        let mut tables: BTreeMap<&str, serde_json::Map<String, Value>> = BTreeMap::new();
        for (at, code) in [
            "talent.graduates",
            "talent.placed",
            "talent.local_placement_rate",
            "talent.monthly_income",
            "talent.employed_in_sectors",
            "talent.self_employment_rate",
            "talent.promotion_rate_3y",
            "conditions.floor_area_per_student",
            "conditions.books_per_student",
        ]
        .into_iter()
        .enumerate()
        {
            // Digits that look random and are the same every time.
            let drawn = u32::from_str_radix(&document::sha256(format!("{school}{at}"))[..8], 16).unwrap();
            let value = match drawn % 9_000 {
                // A school without graduates weighs nothing.
                _ if at < 2 && number == 27 => "0".to_owned(),
                // More graduates than graduates with a destination, or a rule says no.
                drawn if at == 0 => (9_000 + drawn).to_string(),
                drawn if matches!(at, 1 | 4) => drawn.to_string(),
                drawn => format!("{}.{:02}", drawn / 100, drawn % 100),
            };
            let status =
                ["NOT_APPLICABLE", "MISSING", "ESTIMATED", "REPORTED", "REPORTED"][(drawn / 9_000 % 5) as usize];
            let number = serde_json::from_str::<Value>(&value).unwrap();
            let has_value = matches!(status, "ESTIMATED" | "REPORTED");
            let dataset = code.split('.').next().unwrap();
            csv.push_str(&format!("{school},{dataset},2023,{code},{},{status}\n", if has_value { &value } else { "" }));
            let cell =
                if has_value { json!({ "value": number, "status": status }) } else { json!({ "status": status }) };
            tables.entry(dataset).or_default().insert(code.to_owned(), cell);
        }
        for (dataset, mut cells) in tables {
            fill(&app, dataset, &mut cells, &school, &mut csv);
            stage::bring(&app, &Key::new(&school, dataset, "2023"), &Value::Object(cells), State::Accepted).await;
        }
    }
    std::fs::write(&file, csv).unwrap();
    stage::release(&app, ReleaseKind::Minor).await;
    let Some(computed) = computed(&[&file]) else { return };
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let codes = indicators(&[&file]);
    same(&said(&province, &codes, None).await, &computed);
    same(&said(&province, &codes, Some("live")).await, &computed);
    server.stop().await;
}

/// Required lines that the test does not care about: not applicable, in the table and in the file.
fn fill(app: &TestApp, dataset: &str, cells: &mut serde_json::Map<String, Value>, school: &str, csv: &mut String) {
    for line in app.house.memory.registry().lines(dataset).filter(|line| line.is_required) {
        let stated = cells.get(line.code.as_str()).is_some_and(|cell| cell["status"] != "MISSING");
        if !stated && cells.insert(line.code.0.clone(), json!({ "status": "NOT_APPLICABLE" })).is_none() {
            csv.push_str(&format!("{school},{dataset},2023,{},,NOT_APPLICABLE\n", line.code));
        }
    }
}

#[tokio::test]
async fn the_province_counts_294013_students_at_29_schools() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let ask = |by: Value| json!({ "indicators": ["scale.students"], "period": "2023", "groupBy": by });

    let whole = aggregate(&anonymous, ask(json!([]))).await;
    assert_eq!(whole.release, "1.0.0");
    let cell = &whole.groups[0].cells[0];
    assert_eq!(
        (whole.groups.len(), cell.schools, cell.expected, cell.status.as_str()),
        (1, Some(29), Some(29), "REPORTED")
    );
    assert_eq!((shown(&cell.value), shown(&cell.sum)), (json!("294013"), json!("294013")));

    let cities = aggregate(&anonymous, ask(json!(["CITY"]))).await;
    let sum: u64 =
        cities.groups.iter().map(|group| group.cells[0].value.as_ref().unwrap().get().parse::<u64>().unwrap()).sum();
    let of =
        |city: &str| cities.groups.iter().find(|group| group.name() == city).and_then(|group| group.cells[0].schools);
    assert_eq!((sum, of("620100"), of("623000")), (294_013, Some(14), None), "Gannan has no school");
    assert_eq!(cities.groups.iter().map(|group| group.cells[0].schools.unwrap()).sum::<u64>(), 29);
    server.stop().await;
}

/// A table is not asked for twice: a filter keeps what it says and nothing else.
#[tokio::test]
async fn filters_and_crossed_groups_count_what_they_say() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    for (filter, schools) in [
        (json!({}), 29),
        (json!({ "city": ["620100"] }), 14),
        (json!({ "city": ["620100", "620500"] }), 17),
        (json!({ "city": [] }), 0),
        (json!({ "ownership": ["PRIVATE"] }), 3),
        (json!({ "ownership": ["PRIVATE"], "city": ["620100"] }), 2),
        (json!({ "tier": ["UNDERGRADUATE_VOCATIONAL"] }), 2),
        (json!({ "category": ["MEDICAL", "LANGUAGE"] }), 2),
        (json!({ "search": "石化" }), 1),
        (json!({ "search": "62002" }), 1),
        (json!({ "search": "no such school" }), 0),
        (json!({ "consortium": "C00000000" }), 0),
    ] {
        let input = json!({ "indicators": ["scale.students"], "period": "2023", "filter": filter });
        let answer = aggregate(&anonymous, input).await;
        assert_eq!((answer.groups.len(), answer.groups[0].cells[0].schools), (1, Some(schools)), "{filter}");
    }
    let input = json!({ "indicators": ["scale.students"], "period": "2023", "groupBy": ["CITY", "OWNERSHIP"] });
    let crossed = aggregate(&anonymous, input).await;
    assert_eq!(crossed.groups.iter().map(|group| group.cells[0].schools.unwrap()).sum::<u64>(), 29);
    let names: Vec<String> = crossed.groups.iter().map(Group::name).collect();
    assert!(names.contains(&"620100 private".to_owned()) && !names.contains(&"620500 private".to_owned()), "{names:?}");

    // A period without figures is no error: nobody reported, and the cell says so.
    let input = json!({ "indicators": ["scale.students"], "period": "2031" });
    let nothing = aggregate(&anonymous, input).await;
    let cell = &nothing.groups[0].cells[0];
    assert_eq!((cell.schools, shown(&cell.value), cell.status.as_str()), (Some(0), Value::Null, "MISSING"));
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_question_is_told_everything_at_once() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let input = json!({ "indicators": ["scale.students", "nothing.here", "scale.nothing"], "period": "23", "groupBy": ["CITY", "CITY"] });
    let answer = server.anonymous().graphql(QUERY, json!({ "input": input })).await;
    let text = answer.to_string();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{text}");
    for pointer in ["/indicators/1", "/indicators/2", "/period", "/groupBy"] {
        assert!(text.contains(pointer), "{pointer}: {text}");
    }
    for (release, code) in
        [("9.9.9", "NOT_FOUND"), ("no version", "INVALID"), ("live", "UNAUTHENTICATED"), ("current", "UNAUTHENTICATED")]
    {
        let input = json!({ "indicators": ["scale.students"], "period": "2023", "release": release });
        let answer = server.anonymous().graphql(QUERY, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{release}: {answer}");
    }
    server.stop().await;
}
