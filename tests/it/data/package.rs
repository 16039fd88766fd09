//! A release described for programs: every file with its length and sum, its columns, and a dictionary of its lines.

use std::collections::BTreeSet;

use chrono::{Duration, Utc};
use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::{
    domain::{releases::New, submissions::Key},
    formats::document::sha256,
};

use super::{Row, fetch, read, rows, staged};
use crate::{app::Caller, stage};

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// The part of an address behind the host.
fn path(address: &Value) -> String {
    let address = address.as_str().unwrap();
    address[address.find("/v1/").unwrap()..].to_owned()
}

async fn described(caller: &Caller, version: &str) -> Value {
    caller.get(&format!("/v1/releases/{version}/datapackage.json")).await.expect(200).json()
}

#[tokio::test]
async fn a_package_describes_every_file_of_its_release() {
    let app = staged().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let package = described(&anonymous, "1.1.0").await;
    assert_eq!((&package["profile"], &package["version"]), (&json!("data-package"), &json!("1.1.0")));
    let release = anonymous.get("/v1/releases/1.1.0").await.expect(200).json();
    let mut names = BTreeSet::new();
    let mut lines = BTreeSet::new();
    for resource in package["resources"].as_array().unwrap() {
        let name = resource["name"].as_str().unwrap();
        names.insert(name.to_owned());
        let file = fetch(&anonymous, "GET", &path(&resource["path"]), &[]).await.expect(200);
        if name == "dictionary" {
            assert_eq!(file.bytes, fetch(&anonymous, "GET", "/v1/releases/1.1.0/dictionary.csv", &[]).await.bytes);
        } else {
            assert_eq!(resource["bytes"], file.bytes.len(), "{name}");
            assert_eq!(resource["hash"], format!("sha256:{}", sha256(&file.bytes)), "{name}");
        }
        let (columns, all) = read(&file.bytes);
        let fields = resource["schema"]["fields"].as_array().unwrap();
        let said: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(said, columns, "{name}");
        // What is said of a column holds in every row.
        for field in fields {
            let column = field["name"].as_str().unwrap();
            for value in all.iter().map(|row| row[column].as_str()) {
                let about = format!("{name} {column} {value}");
                assert!(!value.is_empty() || field["constraints"]["required"] != true, "{about}");
                let words = &field["constraints"]["enum"];
                assert!(words.is_null() || texts(words).contains(value), "{about}");
                assert!(field["type"] != "number" || value.is_empty() || value.parse::<f64>().is_ok(), "{about}");
            }
        }
        if name == "dictionary" {
            continue;
        }
        let of = |column: &str| -> BTreeSet<String> { all.iter().map(|row| row[column].clone()).collect() };
        assert_eq!(texts(&resource["periods"]), of("period"), "{name}");
        lines.extend(of("indicator"));
        let key: Vec<String> = texts(&resource["schema"]["primaryKey"]).into_iter().collect();
        let keys: BTreeSet<Vec<&str>> =
            all.iter().map(|row| key.iter().map(|column| row[column].as_str()).collect()).collect();
        assert_eq!(keys.len(), all.len(), "{name}: a key stands once");
        for other in resource["alternatives"].as_array().unwrap() {
            fetch(&anonymous, "HEAD", &path(other), &[]).await.expect(200);
        }
    }
    // Every table of the release, and the dictionary says what all their lines are.
    for table in ["scale", "talent", "conditions", "partnerships"] {
        assert!(names.contains(table), "{table}: {names:?}");
    }
    assert!(release["version"] == "1.1.0", "{release}");
    let dictionary = rows(&anonymous, "/v1/releases/1.1.0/dictionary.csv").await;
    let known: BTreeSet<String> = dictionary.iter().map(|row| row["indicator"].clone()).collect();
    assert!(lines.is_subset(&known), "{:?}", lines.difference(&known).collect::<Vec<_>>());
    let line = |code: &str| -> &Row { dictionary.iter().find(|row| row["indicator"] == code).unwrap() };
    let floor = line("conditions.floor_area_per_student");
    let of = |row: &Row, names: &[&str]| -> Vec<String> { names.iter().map(|name| row[*name].clone()).collect() };
    assert_eq!(
        of(floor, &["label_en", "unit_zh", "decimals", "disclosure", "better", "threshold"]),
        of(&floor_as_printed(&app), &["label_en", "unit_zh", "decimals", "disclosure", "better", "threshold"])
    );
    assert_eq!(of(line("scale.students"), &["label_zh", "aggregation", "disclosure"]), ["在校生人数", "sum", "public"]);
    // An exact version is exact for good; a range is described by what it means now.
    assert_eq!(described(&anonymous, "1.*").await["version"], "1.1.0");
    server.stop().await;
}

/// The line as the reference files have it.
fn floor_as_printed(app: &crate::app::TestApp) -> Row {
    let registry = app.house.memory.registry();
    let line = registry.indicators.get("conditions.floor_area_per_student").unwrap();
    let digits = zhiqiao::formats::decimal::digits(line.threshold.unwrap(), line.decimals);
    [
        ("label_en", line.label_en.clone().unwrap()),
        ("unit_zh", line.unit.clone()),
        ("decimals", line.decimals.to_string()),
        ("disclosure", "aggregate".to_owned()),
        ("better", "higher".to_owned()),
        ("threshold", digits),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

#[tokio::test]
async fn the_files_of_a_hidden_release_are_not_added_up() {
    let app = staged().await;
    stage::bring(&app, &Key::new("62001", "talent", "2021"), &stage::talent(7_000), State::Accepted).await;
    let province = app.as_(zhiqiao::authz::Role::Province, "620000");
    let new = New { publish_at: Some(Utc::now() + Duration::hours(1)), ..stage::new_release(ReleaseKind::Minor) };
    zhiqiao::domain::releases::create(&province, new).await.unwrap();
    let server = app.serve().await;
    for file in ["datapackage.json", "dictionary.csv"] {
        server.anonymous().get(&format!("/v1/releases/1.2.0/{file}")).await.expect(404);
    }
    let hidden = described(&server.client("province-620000").await, "1.2.0").await;
    let talent = hidden["resources"].as_array().unwrap().iter().find(|one| one["name"] == "talent").unwrap();
    assert_eq!(texts(&talent["periods"]), ["2021", "2022"].map(str::to_owned).into());
    assert!(talent["bytes"].is_null() && talent["hash"].is_null(), "{talent}");
    server.stop().await;
}
