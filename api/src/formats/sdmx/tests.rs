//! Messages are well-formed, whatever stands in them.

use std::sync::Arc;

use quick_xml::{Reader, events::Event};
use rust_decimal::Decimal;

use super::*;
use crate::error::Text;

/// The elements of a document with their texts, if it is well-formed.
fn elements(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut reader = Reader::from_str(text);
    let mut names = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) | Event::Empty(start) => names.push(start.name().into_inner().to_owned()),
            Event::Eof => return names,
            _ => {}
        }
    }
}

fn flow() -> Dataflow {
    Dataflow { id: "scale".to_owned(), name: Text::new("规模 <&\"\u{1}", "Scale") }
}

#[test]
fn structures_are_well_formed() {
    let list = Codelist {
        id: "CL_X".to_owned(),
        name: Text::new("表", ""),
        codes: vec![Code::new("A", Text::new("<甲>", "a")).below("B")],
    };
    let constraint = Constraint {
        flow: flow(),
        values: vec![("FREQ", vec!["A".to_owned()])],
        periods: Some(("2022".to_owned(), "2023".to_owned())),
    };
    let all = Structures {
        has_agency: true,
        flows: vec![flow()],
        categories: vec![Code::new("CALENDAR_YEAR", Text::new("年", "Year"))],
        categorisations: vec![Categorisation { flow: flow(), category: "CALENDAR_YEAR".to_owned() }],
        codelists: vec![list],
        has_concepts: true,
        structures: vec![flow()],
        constraints: vec![constraint],
    };
    let names = elements(&write(&all, "id", "2026-01-01T00:00:00Z"));
    for name in [
        "str:Agency",
        "str:Dataflow",
        "str:Category",
        "str:Categorisation",
        "str:Code",
        "str:Concept",
        "str:TimeDimension",
        "str:PrimaryMeasure",
        "com:TimeRange",
    ] {
        assert!(names.iter().any(|one| one == name), "{name}: {names:?}");
    }
    assert!(Structures::default().is_empty() && !all.is_empty());
}

fn series(area: &str, value: Option<i64>) -> Series {
    Series {
        key: ["A", area, "students", "_T", "_T", "_T"].map(Arc::from),
        unit: Some(Arc::from("人,\"<")),
        decimals: 2,
        obs: vec![Obs { period: Arc::from("2023"), value: value.map(|value| Decimal::new(value, 2)), status: "A" }],
    }
}

fn written(format: DataFormat, detail: Detail) -> Vec<u8> {
    laid_out(format, detail, false)
}

fn laid_out(format: DataFormat, detail: Detail, is_flat: bool) -> Vec<u8> {
    let list = |codes: &[&str]| Codelist {
        id: "CL".to_owned(),
        name: Text::new("表", "List"),
        codes: codes.iter().map(|code| Code::new(*code, Text::new(*code, ""))).collect(),
    };
    let head = DataHead {
        flow: "scale".to_owned(),
        name: Text::new("规模", "Scale"),
        release: "1.0.0".to_owned(),
        prepared: "2026-01-01T00:00:00Z".to_owned(),
        detail,
        is_flat,
        codelists: [&["A"][..], &["620000", "620100"], &["students"], &["_T"], &["_T"], &["_T"]].map(list).to_vec(),
        units: vec![Arc::from("所"), Arc::from("人,\"<")],
        decimals: vec![0, 2],
        statuses: list(&["Q", "A"]),
        periods: vec![Arc::from("2023")],
    };
    let mut writer = DataWriter::new(format, head);
    let mut bytes = writer.begin().unwrap();
    bytes.extend(writer.write(&[series("620000", Some(1250))]).unwrap());
    bytes.extend(writer.write(&[series("620100", None)]).unwrap());
    bytes.extend(writer.finish());
    bytes
}

#[test]
fn data_are_well_formed_in_every_form_and_detail() {
    for detail in [Detail::Full, Detail::DataOnly, Detail::KeysOnly, Detail::NoData] {
        let has_values = matches!(detail, Detail::Full | Detail::DataOnly);
        for (format, name, value) in
            [(DataFormat::Generic, "gen:Series", "gen:ObsValue"), (DataFormat::Specific, "Series", "Obs")]
        {
            let names = elements(&written(format, detail));
            assert_eq!(names.iter().filter(|one| *one == name).count(), 2, "{format:?} {detail:?}");
            assert_eq!(names.iter().any(|one| one == value), has_values, "{format:?} {detail:?}");
        }
        let json: serde_json::Value = serde_json::from_slice(&written(DataFormat::Json, detail)).unwrap();
        let series = &json["data"]["dataSets"][0]["series"];
        assert_eq!(series.as_object().unwrap().len(), 2);
        if detail == Detail::Full {
            assert_eq!(series["0:0:0:0:0:0"]["observations"]["0"], serde_json::json!([12.5, 1]));
            assert_eq!(series["0:1:0:0:0:0"]["observations"]["0"], serde_json::json!([null, 1]));
            // By their places in the lists of the structure, as all attributes.
            assert_eq!(series["0:0:0:0:0:0"]["attributes"], serde_json::json!([1, 1]));
            let listed = &json["data"]["structure"]["attributes"]["series"];
            assert_eq!(
                (&listed[0]["values"][1]["name"], &listed[1]["values"][1]["id"]),
                (&"人,\"<".into(), &"2".into())
            );
        }
        let rows = written(DataFormat::Csv, detail);
        assert_eq!(::csv::Reader::from_reader(rows.as_slice()).records().map(Result::unwrap).count(), 2);
    }
}

#[test]
fn flat_observations_have_their_whole_key() {
    for detail in [Detail::Full, Detail::DataOnly, Detail::KeysOnly, Detail::NoData] {
        for (format, element) in [(DataFormat::Generic, "gen:Obs"), (DataFormat::Specific, "Obs")] {
            let bytes = laid_out(format, detail, true);
            let (names, text) = (elements(&bytes), String::from_utf8(bytes).unwrap());
            assert_eq!(names.iter().filter(|one| *one == element).count(), 2, "{format:?} {detail:?}");
            assert!(!names.iter().any(|one| one.ends_with("Series")), "{format:?} {detail:?}");
            assert!(text.contains("dimensionAtObservation=\"AllDimensions\""), "{text}");
            assert_eq!(text.matches("620100").count(), 1, "{format:?} {detail:?}");
            assert_eq!(
                text.matches("12.5").count(),
                usize::from(matches!(detail, Detail::Full | Detail::DataOnly)),
                "{format:?} {detail:?}"
            );
            assert_eq!(
                text.contains("UNIT_MEASURE"),
                matches!(detail, Detail::Full | Detail::NoData),
                "{format:?} {detail:?}"
            );
        }
    }
}

#[test]
fn flat_json_has_every_dimension_in_its_keys() {
    use serde_json::{Value, json};
    for (detail, first, second) in [
        (Detail::Full, json!([12.5, 1, 1, 1]), json!([null, 1, 1, 1])),
        (Detail::DataOnly, json!([12.5]), json!([null])),
        (Detail::NoData, json!([null, null, 1, 1]), json!([null, null, 1, 1])),
        (Detail::KeysOnly, json!([null]), json!([null])),
    ] {
        let message: Value = serde_json::from_slice(&laid_out(DataFormat::Json, detail, true)).unwrap();
        let (structure, set) = (&message["data"]["structure"], &message["data"]["dataSets"][0]);
        assert_eq!(set["observations"], json!({ "0:0:0:0:0:0:0": first, "0:1:0:0:0:0:0": second }), "{detail:?}");
        assert!(set.get("series").is_none(), "{detail:?}");
        let ids = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        let dimensions = &structure["dimensions"];
        assert_eq!(ids(&dimensions["observation"]).len(), 7);
        assert_eq!((ids(&dimensions["series"]).len(), ids(&dimensions["observation"])[6].as_str()), (0, TIME));
        let attributes = &structure["attributes"];
        assert_eq!(ids(&attributes["observation"]), ["OBS_STATUS", "UNIT_MEASURE", "DECIMALS"]);
        assert_eq!(attributes["series"], json!([]));
    }
}

/// What the schema of SDMX-JSON 1.0 asks for, and an id that SDMX takes.
#[test]
fn a_json_message_says_what_its_schema_requires() {
    for is_flat in [false, true] {
        let bytes = laid_out(DataFormat::Json, Detail::Full, is_flat);
        let message: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(message["meta"]["id"], "scale-1-0-0");
        let structure = &message["data"]["structure"];
        let levels = structure["attributes"].as_object().unwrap();
        for attribute in levels.values().flat_map(|level| level.as_array().unwrap()) {
            assert_eq!(attribute["relationship"].as_object().unwrap().len(), 1, "{attribute}");
            assert!(!attribute["values"].as_array().unwrap().is_empty(), "{attribute}");
        }
        let levels = structure["dimensions"].as_object().unwrap();
        for dimension in levels.values().flat_map(|level| level.as_array().unwrap()) {
            for value in dimension["values"].as_array().unwrap() {
                assert!(value.get("parent").is_none_or(serde_json::Value::is_string), "{value}");
            }
        }
        let link = &message["data"]["dataSets"][0]["links"][0]["urn"];
        assert_eq!(link, "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=ZHIQIAO:scale(1.0)");
        for format in [DataFormat::Generic, DataFormat::Specific] {
            let text = String::from_utf8(laid_out(format, Detail::Full, is_flat)).unwrap();
            assert!(text.contains("<mes:ID>scale-1-0-0</mes:ID>"), "{text}");
        }
    }
}
