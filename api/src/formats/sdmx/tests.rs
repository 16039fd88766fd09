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
