//! SDMX as clients ask it: every way to write an address, what is there, and what is not told.

use std::collections::{BTreeMap, BTreeSet};

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::Value;
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, TestApp},
    data::{Fetched, Row, fetch},
    stage,
    wire::problem,
};

const CSV: (&str, &str) = ("accept", "application/vnd.sdmx.data+csv;version=1.0.0");

async fn rows(caller: &Caller, path: &str) -> Vec<Row> {
    let answer = fetch(caller, "GET", &format!("/sdmx/2.1/data/{path}"), &[CSV]).await.expect(200);
    csv::Reader::from_reader(answer.bytes.as_slice()).deserialize().map(Result::unwrap).collect()
}

fn texts(answer: &Fetched) -> String {
    String::from_utf8(answer.bytes.clone()).unwrap()
}

#[tokio::test]
async fn structures_are_found_by_every_way_to_write_their_address() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    for (path, has, has_not) in [
        ("dataflow", &["id=\"scale\"", "id=\"talent\""][..], &["str:Codelist "][..]),
        ("dataflow/ZHIQIAO", &["id=\"scale\""], &[]),
        ("dataflow/ZHIQIAO/all/latest", &["id=\"scale\"", "id=\"talent\""], &[]),
        ("dataflow/all/all/all/", &["id=\"scale\"", "id=\"talent\""], &[]),
        ("dataflow/ZHIQIAO/scale/1.0/", &["id=\"scale\"", "DSD_SCALE"], &["id=\"talent\"", "str:DataStructure "]),
        ("dataflow/ZHIQIAO/scale+talent/latest", &["id=\"scale\"", "id=\"talent\""], &["id=\"majors\""]),
        (
            "dataflow/ZHIQIAO/scale/latest?references=all",
            &[
                "<str:DataStructure id=\"DSD_SCALE\"",
                "CL_INDICATOR_SCALE",
                "CL_AREA",
                "id=\"CS_ZHIQIAO\"",
                "CR_SCALE",
                "str:Agency ",
            ],
            &["DSD_TALENT"],
        ),
        ("dataflow/ZHIQIAO/scale?references=children", &["<str:DataStructure id=\"DSD_SCALE\""], &["<str:Codelist "]),
        ("dataflow/ZHIQIAO/scale?references=codelist", &["CL_INDICATOR_SCALE"], &["<str:DataStructure "]),
        ("datastructure/ZHIQIAO/DSD_SCALE/latest?references=all", &["<str:Codelist ", "<str:Dataflow "], &[]),
        ("datastructure/ZHIQIAO/DSD_SCALE?references=descendants", &["<str:Codelist "], &["<str:Dataflow "]),
        (
            "codelist/ZHIQIAO/CL_AREA",
            &["<str:Code id=\"620100\"", "id=\"62001\"", "<Ref id=\"620000\"/>", "Lanzhou"],
            &["CL_FREQ"],
        ),
        ("codelist/ZHIQIAO/all/latest", &["CL_TIER", "CL_OBS_STATUS", "CL_INDICATOR_TALENT"], &[]),
        ("codelist/ZHIQIAO/CL_INDICATOR_TALENT", &["id=\"further_study\"", "<Ref id=\"placed\"/>"], &[]),
        ("conceptscheme/ZHIQIAO/all/latest", &["OBS_STATUS", "UNIT_MEASURE"], &[]),
        (
            "contentconstraint/ZHIQIAO/CR_SCALE",
            &["<com:Value>students</com:Value>", "<com:StartPeriod isInclusive=\"true\">2023<"],
            &[],
        ),
        ("agencyscheme/SDMX/AGENCIES/latest", &["<str:Agency id=\"ZHIQIAO\""], &[]),
        ("structure/all/all/all", &["<str:Agency ", "<str:Dataflow ", "<str:Codelist ", "<str:Constraints>"], &[]),
    ] {
        let answer = fetch(&anonymous, "GET", &format!("/sdmx/2.1/{path}"), &[]).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/vnd.sdmx.structure+xml;version=2.1", "{path}");
        let text = texts(&answer);
        has.iter().for_each(|part| assert!(text.contains(part), "{path} has no {part}: {text}"));
        has_not.iter().for_each(|part| assert!(!text.contains(part), "{path} has {part}"));
        let again = [("if-none-match", answer.header("etag"))];
        fetch(&anonymous, "GET", &format!("/sdmx/2.1/{path}"), &again).await.expect(304);
    }
    for (path, status, accept) in [
        ("dataflow/ZHIQIAO/nothing", 404, "*/*"),
        ("dataflow/ECB", 404, "*/*"),
        ("dataflow/ZHIQIAO/scale/2.0", 404, "*/*"),
        ("dataflow/a/b/c/d", 404, "*/*"),
        ("nothing", 404, "*/*"),
        ("", 404, "*/*"),
        ("hierarchicalcodelist/all/all", 501, "*/*"),
        ("metadataflow", 501, "*/*"),
        ("dataflow?references=cousins", 422, "*/*"),
        ("dataflow?planet=earth", 400, "*/*"),
        ("dataflow", 406, "image/png"),
        ("dataflow", 200, "application/xml"),
    ] {
        let answer = fetch(&anonymous, "GET", &format!("/sdmx/2.1/{path}"), &[("accept", accept)]).await;
        assert_eq!(answer.status, status, "{path} {accept}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_key_selects_series_and_an_empty_place_is_all_of_them() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let students = rows(&anonymous, "scale/A.620000.students._T._T._T").await;
    assert_eq!(students.len(), 1);
    let one = &students[0];
    assert_eq!(
        (one["OBS_VALUE"].as_str(), one["OBS_STATUS"].as_str(), one["TIME_PERIOD"].as_str()),
        ("294013", "A", "2023")
    );
    assert_eq!((one["UNIT_MEASURE"].as_str(), one["DECIMALS"].as_str(), one["RELEASE"].as_str()), ("人", "0", "1.0.0"));
    assert_eq!(one["DATAFLOW"], "ZHIQIAO:scale(1.0)");
    for (path, many) in [
        ("scale/A.620000+620100.students._T._T._T", 2),
        ("ZHIQIAO,scale,1.0/A.620000..._T._T/", 3 * 3),
        ("scale/A.620000..._T._T/ZHIQIAO", 3 * 3),
        ("scale/.620000.students+intake._T._T._T/all/", 2),
        ("scale/A.62001.students...", 1),
        ("scale/A.620000.students.private._T._T", 1),
        ("scale/A.620000.students...undergraduate_vocational?startPeriod=2023&endPeriod=2023-12", 10),
    ] {
        let all = rows(&anonymous, path).await;
        let keys: BTreeSet<String> = all
            .iter()
            .map(|row| {
                ["REF_AREA", "INDICATOR", "OWNERSHIP", "CATEGORY", "TIER"].map(|name| row[name].as_str()).join(".")
            })
            .collect();
        assert_eq!(keys.len(), all.len(), "{path}: a key stands once");
        if many != 10 {
            assert_eq!(all.len(), many, "{path}: {keys:?}");
        }
    }
    // Everything: the totals, and what they are made of, add up.
    let all = rows(&anonymous, "scale").await;
    let sum = |has: fn(&Row) -> bool| -> u64 {
        all.iter()
            .filter(|row| row["INDICATOR"] == "students" && has(row))
            .map(|row| row["OBS_VALUE"].parse::<u64>().unwrap_or(0))
            .sum()
    };
    let is_total = |row: &Row| row["CATEGORY"] == "_T" && row["TIER"] == "_T";
    assert!(is_total(one));
    for has in [
        (|row: &Row| row["REF_AREA"].len() == 5) as fn(&Row) -> bool,
        |row| {
            row["REF_AREA"] != "620000"
                && row["REF_AREA"].len() == 6
                && row["OWNERSHIP"] == "_T"
                && row["CATEGORY"] == "_T"
                && row["TIER"] == "_T"
        },
        |row| row["REF_AREA"] == "620000" && row["OWNERSHIP"] != "_T" && row["CATEGORY"] == "_T" && row["TIER"] == "_T",
        |row| row["REF_AREA"] == "620000" && row["OWNERSHIP"] != "_T" && row["CATEGORY"] != "_T" && row["TIER"] != "_T",
    ] {
        assert_eq!(sum(has), 294_013);
    }
    for (path, status) in [
        ("data/nothing", 404),
        ("data/nothing/all", 404),
        ("data/ECB,scale", 404),
        ("data/scale/all/ECB", 404),
        ("data/scale/A.620000.nothing._T._T._T", 404),
        ("data/scale/M.620000.students._T._T._T", 404),
        ("data/scale?startPeriod=2024", 404),
        ("data/scale?updatedAfter=2098-01-01T00:00:00Z", 404),
        ("data/scale/A.620000", 400),
        ("data/scale?startPeriod=then&endPeriod=now&detail=some&lastNObservations=all", 422),
        ("data/scale?planet=earth", 400),
        ("data/scale?dimensionAtObservation=REF_AREA", 501),
        ("data/scale?includeHistory=true", 501),
    ] {
        let answer = fetch(&anonymous, "GET", &format!("/sdmx/2.1/{path}"), &[]).await;
        assert_eq!(answer.status, status, "{path}: {}", texts(&answer));
    }
    let wrong =
        anonymous.get("/sdmx/2.1/data/scale?startPeriod=then&endPeriod=now&detail=some&lastNObservations=all").await;
    assert_eq!(problem(&wrong, 422, "invalid")["errors"].as_array().unwrap().len(), 4);
    assert_eq!(fetch(&anonymous, "GET", "/sdmx/2.1/data/scale", &[("accept", "image/png")]).await.status, 406);
    server.stop().await;
}

#[tokio::test]
async fn observations_may_stand_alone_and_tables_in_categories() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let path = "/sdmx/2.1/data/scale/A..students._T._T._T";
    let flat = format!("{path}?dimensionAtObservation=AllDimensions");
    for (media, one, value) in [
        ("application/vnd.sdmx.genericdata+xml", "<gen:Obs>", "<gen:ObsValue value=\"294013\""),
        ("application/vnd.sdmx.structurespecificdata+xml", "<Obs ", "OBS_VALUE=\"294013\""),
    ] {
        let usual = fetch(&anonymous, "GET", path, &[("accept", media)]).await.expect(200);
        let answer = fetch(&anonymous, "GET", &flat, &[("accept", media)]).await.expect(200);
        let text = texts(&answer);
        assert!(text.contains("dimensionAtObservation=\"AllDimensions\"") && text.contains(value), "{text}");
        assert!(!text.contains("Series"), "{text}");
        assert_eq!(text.matches(one).count(), texts(&usual).matches(one).count(), "as many observations");
        assert_ne!(answer.header("etag"), usual.header("etag"));
    }
    // What is flat already is the same.
    let csv = fetch(&anonymous, "GET", &flat, &[("accept", "text/csv")]).await.expect(200);
    assert_eq!(texts(&csv), texts(&fetch(&anonymous, "GET", path, &[("accept", "text/csv")]).await));
    // In JSON, too: a key then has the place of the period behind those of the series.
    let json = [("accept", "application/json")];
    let usual: Value = serde_json::from_slice(&fetch(&anonymous, "GET", path, &json).await.expect(200).bytes).unwrap();
    let alone: Value = serde_json::from_slice(&fetch(&anonymous, "GET", &flat, &json).await.expect(200).bytes).unwrap();
    let mut expected = BTreeMap::new();
    for (key, series) in usual["data"]["dataSets"][0]["series"].as_object().unwrap() {
        for (period, said) in series["observations"].as_object().unwrap() {
            let of_series = series["attributes"].as_array().unwrap();
            let all: Vec<Value> = said.as_array().unwrap().iter().chain(of_series).cloned().collect();
            expected.insert(format!("{key}:{period}"), Value::from(all));
        }
    }
    let observations = alone["data"]["dataSets"][0]["observations"].as_object().unwrap();
    assert!(expected.len() > 10 && expected.values().all(|one| one.as_array().unwrap().len() == 4), "{expected:?}");
    assert_eq!(observations.clone().into_iter().collect::<BTreeMap<_, _>>(), expected);
    let unit = &alone["data"]["structure"]["attributes"]["observation"][1]["values"][0];
    assert_eq!(unit["name"], "人");

    let scheme = fetch(&anonymous, "GET", "/sdmx/2.1/categoryscheme?references=parentsandsiblings", &[]).await;
    let text = texts(&scheme.expect(200));
    for part in ["id=\"CAT_ZHIQIAO\"", "id=\"CALENDAR_YEAR\"", "id=\"CN_SCALE\"", "<str:Dataflow id=\"scale\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let datasets = app.house.memory.registry().datasets.every().len();
    let all = texts(&fetch(&anonymous, "GET", "/sdmx/2.1/categorisation/ZHIQIAO/all/latest", &[]).await.expect(200));
    assert_eq!(all.matches("<str:Categorisation ").count(), datasets);
    server.stop().await;
}

#[tokio::test]
async fn details_leave_out_what_they_say_and_generic_is_the_usual_form() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let path = "/sdmx/2.1/data/scale/A.620000.students._T._T._T";
    for (detail, has, has_not) in [
        ("full", &["gen:ObsValue value=\"294013\"", "UNIT_MEASURE", "RELEASE", "OBS_STATUS"][..], &[][..]),
        ("dataonly", &["gen:ObsValue value=\"294013\""], &["UNIT_MEASURE", "RELEASE", "OBS_STATUS"]),
        ("serieskeysonly", &["gen:SeriesKey"], &["gen:Obs", "UNIT_MEASURE", "RELEASE"]),
        ("nodata", &["gen:SeriesKey", "UNIT_MEASURE", "RELEASE"], &["gen:Obs"]),
    ] {
        let answer = fetch(&anonymous, "GET", &format!("{path}?detail={detail}"), &[]).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/vnd.sdmx.genericdata+xml;version=2.1");
        let text = texts(&answer);
        has.iter().for_each(|part| assert!(text.contains(part), "{detail} has no {part}: {text}"));
        has_not.iter().for_each(|part| assert!(!text.contains(part), "{detail} has {part}"));
        fetch(&anonymous, "GET", &format!("{path}?detail={detail}"), &[("if-none-match", answer.header("etag"))])
            .await
            .expect(304);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_protected_passes_the_same_gate() {
    let app = TestApp::new().await;
    for (school, area) in [("62001", 20.5), ("62002", 21.25), ("62004", 30.75), ("62005", 18.5)] {
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &stage::conditions(area), State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    let server = app.serve().await;
    let line = "floor_area_per_student";
    for name in ["", "analyst", "school-62001", "city-620100", "province-620000"] {
        let caller = if name.is_empty() { server.anonymous() } else { server.client(name).await };
        let is_province = name.starts_with("province");
        let all = rows(&caller, &format!("conditions/A..{line}...")).await;
        let of = |area: &str| {
            all.iter().find(|row| {
                row["REF_AREA"] == area && row["OWNERSHIP"] == "_T" && row["CATEGORY"] == "_T" && row["TIER"] == "_T"
            })
        };
        assert_eq!(of("620000").unwrap()["OBS_VALUE"], "20.875", "`{name}`");
        // Tianshui has one school of the four, and Lanzhou goes with it.
        let tianshui = of("620500").unwrap();
        assert_eq!(
            tianshui["OBS_STATUS"] == "Q" && tianshui["OBS_VALUE"].is_empty(),
            !is_province,
            "`{name}`: {tianshui:?}"
        );
        // Other groups are not there for those who may not ask for them.
        assert_eq!(all.iter().any(|row| row["OWNERSHIP"] != "_T"), is_province, "`{name}`");
        let schools: BTreeSet<&str> =
            all.iter().map(|row| row["REF_AREA"].as_str()).filter(|area| area.len() == 5).collect();
        let of_own = ["62001", "62002", "62005"].map(|school| schools.contains(school));
        let expected = match name {
            "school-62001" => [true, false, false],
            "city-620100" => [true, true, false],
            "province-620000" => [true, true, true],
            _ => [false, false, false],
        };
        assert_eq!(of_own, expected, "`{name}`");
        // A school that is named is there, and says that nothing is told.
        let named = rows(&caller, &format!("conditions/A.62002.{line}._T._T._T")).await;
        let is_told = ["city-620100", "province-620000"].contains(&name);
        assert_eq!(
            (named[0]["OBS_STATUS"].as_str(), named[0]["OBS_VALUE"].as_str()),
            if is_told { ("A", "21.25") } else { ("Q", "") },
            "`{name}`"
        );
        let refused =
            fetch(&caller, "GET", &format!("/sdmx/2.1/data/conditions/A.620000.{line}.public._T._T"), &[]).await;
        assert_eq!(refused.status, if is_province { 200 } else { 403 }, "`{name}`");
    }
    server.stop().await;
}
