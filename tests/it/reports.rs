//! The annual report: its tables by every door, and what it must not say.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Reader, Xlsx};
use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::json;
use zhiqiao::{
    authz::Role,
    domain::{
        claims::{self, Explain},
        releases,
        reports::{self, Ask},
        submissions::Key,
    },
    error::Language,
    formats::report::{Cell, Report},
};

use crate::{
    app::{TestApp, golden},
    stage,
    tour::{end, on, said},
};

fn ask() -> Ask {
    Ask { period: "2023".to_owned(), release: None, is_internal: false, language: Language::Chinese }
}

/// What a figure of the report says: by table, label of the row and indicator.
fn printed(report: &Report, table: &str, indicator: &str) -> Vec<String> {
    let table = report.tables.iter().find(|one| one.number == table).unwrap();
    let cells = table.rows.iter().flat_map(|row| &row.cells);
    cells
        .filter_map(|cell| match cell {
            Cell::Figure(figure) if figure.indicator == indicator => Some(figure.printed()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn the_tables_are_those_of_the_printed_report() {
    let app = TestApp::new().await;
    let made = reports::compile(&app.anonymous(), &ask()).await.unwrap();
    let numbers: Vec<&str> = made.report.tables.iter().map(|table| table.number.as_str()).collect();
    assert_eq!(numbers, ["表1", "表2", "表3", "表6", "表16", "附表1", "附表2", "附表3", "附表4", "附表5", "附表6"]);
    let rows: Vec<usize> = made.report.tables.iter().map(|table| table.rows.len()).collect();
    assert_eq!(rows[..5], [29, 30, 6, 30, 30]);
    // As many lines as are printed.
    assert_eq!(rows[5..], [12, 24, 43, 18, 16, 22]);
    let students = printed(&made.report, "表2", "scale.students");
    assert_eq!((students.len(), students[0].as_str(), students[29].as_str()), (30, "25688", "294013"));
    assert_eq!(printed(&made.report, "表16", "majors.added").last().unwrap(), "65");
    assert_eq!(printed(&made.report, "附表1", "talent.graduates"), ["—"]);
    // Numbered, labelled and indented as printed.
    let appendix = made.report.tables.iter().find(|table| table.number == "附表1").unwrap();
    let lines: Vec<(String, String, usize)> = appendix
        .rows
        .iter()
        .map(|row| match (&row.cells[0], &row.cells[1]) {
            (Cell::Text(number, _), Cell::Text(label, level)) => (number.clone(), label.clone(), *level),
            other => panic!("{other:?}"),
        })
        .collect();
    let line = |number: &str, label: &str, level| (number.to_owned(), label.to_owned(), level);
    for expected in [
        line("1", "毕业生人数*", 0),
        line("2.1", "其中：毕业生升学人数", 1),
        line("2.2", "其中：升入本科人数", 2),
        line("5.1", "其中：面向第一产业", 1),
        line("5.2", "面向第二产业", 1),
    ] {
        assert!(lines.contains(&expected), "{expected:?} is not among {lines:?}");
    }
}

#[tokio::test]
async fn every_door_has_the_same_number() {
    let app = TestApp::new().await;
    let key = Key::new("62001", "talent", "2023");
    stage::bring(&app, &key, &stage::talent(8_000), State::Accepted).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let server = app.serve().await;
    let public = server.anonymous();
    let rate = public.graphql(
        "{ aggregate(input: { indicators: [\"talent.graduates\", \"talent.local_placement_rate\", \"talent.monthly_income\"], period: \"2023\" }) { groups { cells { value status } } } }",
        json!({}),
    );
    let cells = rate.await["data"]["aggregate"]["groups"][0]["cells"].clone();
    assert_eq!((&cells[0]["value"], &cells[2]["status"]), (&json!(8000), &json!("SUPPRESSED")));
    let csv = public.get("/v1/reports/2023/appendix-1.csv").await.expect(200);
    let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
    let rows: BTreeMap<String, csv::StringRecord> =
        reader.records().map(|row| row.unwrap()).map(|row| (row[3].to_owned(), row)).collect();
    assert_eq!((&rows["talent.graduates"][4], &rows["talent.graduates"][7]), ("8000", "1"));
    assert_eq!((&rows["talent.local_placement_rate"][4], &rows["talent.local_placement_rate"][5]), ("61.25", "61.25"));
    // Fewer than three schools: not a digit, nor how many they are.
    let income = &rows["talent.monthly_income"];
    assert_eq!((&income[4], &income[5], &income[6], &income[7]), ("", "", "SUPPRESSED", ""));
    let page = public.get("/v1/reports/2023/appendix-1.html").await.expect(200);
    assert!(page.text.contains("data-indicator=\"talent.graduates\" data-value=\"8000\">8000"), "{}", page.text);
    assert!(!page.text.contains("4012"), "a protected figure of one school");
    let bytes = public.http.get(format!("{}/v1/reports/2023/appendix-1.xlsx", server.base)).send().await.unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.bytes().await.unwrap().to_vec())).unwrap();
    let sheet = book.worksheet_range("附表1").unwrap();
    let found = sheet.rows().find(|row| row[1] == Data::String("毕业生人数*".to_owned())).unwrap();
    assert_eq!(found[3], Data::Float(8000.0));

    // The province's own has it, and says what it is.
    let internal = "/v1/reports/2023/appendix-1.html?internal=true";
    let own = server.client("province-620000").await.get(internal).await.expect(200);
    assert!(own.text.contains("4012.50") && own.text.contains("内部资料"), "{}", own.text);
    assert_eq!(own.header("cache-control"), Some("no-store"));
    for client in ["city-620100", "school-62001", "analyst"] {
        server.client(client).await.get(internal).await.expect(403);
    }
    public.get(internal).await.expect(401);
    server.stop().await;
}

#[tokio::test]
async fn a_page_stands_alone_runs_nothing_and_is_the_same_again() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let public = server.anonymous();
    let index = public.get("/v1/reports/2023").await.expect(200).json();
    assert_eq!((&index["release"], &index["internal"]), (&json!("1.0.0"), &json!(false)));
    let mut files: Vec<String> = serde_json::from_value(index["files"].clone()).unwrap();
    for part in index["tables"].as_array().unwrap().iter().chain(index["drawings"].as_array().unwrap()) {
        files.extend(serde_json::from_value::<Vec<String>>(part["files"].clone()).unwrap());
    }
    assert_eq!(files.len(), 2 + 11 * 3 + 6);
    for file in &files {
        let first = public.get(&format!("/v1/reports/2023/{file}")).await.expect(200);
        let etag = first.header("etag").unwrap().to_owned();
        let again = public.send("GET", &format!("/v1/reports/2023/{file}"), &[("if-none-match", &etag)], None).await;
        assert_eq!(again.status, 304, "{file} is another the second time");
        let text = first.text.to_lowercase();
        if file.ends_with(".html") || file.ends_with(".svg") {
            for word in ["<script", "src=", "url(", "@import", "style=", "http://", "https://", "onload", "<link"] {
                let text = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(word), "{file} has {word}");
            }
        }
        if file.ends_with(".html") {
            let policy = first.header("content-security-policy").unwrap();
            assert!(
                policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
                "{policy}"
            );
        }
    }
    let english = [("accept-language", "en")];
    let page = public.send("GET", "/v1/reports/2023/table-2.html", &english, None).await.expect(200);
    assert!(page.text.contains("Table 2 School scale") && page.text.contains("Lanzhou Petrochemical"), "{}", page.text);
    for (path, status) in [
        ("/v1/reports/2023/table-99.html", 404),
        ("/v1/reports/2023/..%2findex.html", 404),
        ("/v1/reports/2023/table-2.exe", 404),
        ("/v1/reports/23", 422),
        ("/v1/reports/2023?release=9.9.9", 404),
        ("/v1/reports/2023?release=current", 422),
        ("/v1/reports/2023?release=live", 401),
    ] {
        public.get(path).await.expect(status);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_report_of_a_hidden_release_is_the_provinces() {
    let app = TestApp::new().await;
    stage::bring(&app, &Key::new("62001", "talent", "2023"), &stage::talent(8_000), State::Accepted).await;
    let province = app.as_(Role::Province, "620000");
    let hidden = releases::New {
        publish_at: Some(chrono::Utc::now() + chrono::Duration::hours(1)),
        ..stage::new_release(ReleaseKind::Minor)
    };
    releases::create(&province, hidden).await.unwrap();
    let made = reports::compile(&province, &ask()).await.unwrap();
    // As everybody will see it.
    assert_eq!((made.release.as_str(), made.is_internal), ("1.1.0", false));
    assert_eq!(printed(&made.report, "附表1", "talent.graduates"), ["8000"]);
    assert_eq!(printed(&made.report, "附表1", "talent.monthly_income"), ["…"]);
    let others = reports::compile(&app.anonymous(), &ask()).await.unwrap();
    assert_eq!(others.release, "1.0.0");
    assert_eq!(printed(&others.report, "附表1", "talent.graduates"), ["—"]);
    let hidden = Ask { release: Some("1.1.0".to_owned()), ..ask() };
    assert!(reports::compile(&app.as_(Role::City, "620100"), &hidden).await.is_err());
    assert_eq!(
        reports::compile(&province, &Ask { release: Some("live".to_owned()), ..ask() }).await.unwrap().release,
        "live"
    );
}

#[tokio::test]
async fn contradictions_and_their_explanations_are_footnotes() {
    let app = TestApp::new().await;
    let province = app.as_(Role::Province, "620000");
    let explain = Explain {
        claim: "policy.students_full_time.2023.附表6".to_owned(),
        other: "policy.students_full_time.2023.1.2.1".to_owned(),
        cause: "scope".to_owned(),
        text: "不含<b>五年一贯制</b>".to_owned(),
    };
    claims::explain(&province, explain).await.unwrap();
    let made = reports::compile(&app.anonymous(), &ask()).await.unwrap();
    let page = String::from_utf8(made.file("appendix-6.html").unwrap().unwrap().bytes).unwrap();
    assert!(page.contains("294013") && page.contains("说明（范围不同）：不含&lt;b&gt;五年一贯制&lt;/b&gt;"), "{page}");
    assert!(page.contains("<sup><a href=\"#appendix-6-note-1\">1</a></sup>"), "{page}");
    // What is printed and right is said where the figure is.
    let page = String::from_utf8(made.file("table-2.html").unwrap().unwrap().bytes).unwrap();
    assert!(page.contains("公布数 294013（001 1.2.1）：相符"), "{page}");
}

/// The names and figures of a drawing of bars, or the figures of one of lines.
fn drawn(made: &reports::Compiled, file: &str) -> Vec<String> {
    let svg = String::from_utf8(made.file(file).unwrap().unwrap().bytes).unwrap();
    let texts = svg.split("<text ").skip(1).map(|rest| rest.split_once('>').unwrap().1.split_once('<').unwrap().0);
    texts.map(str::to_owned).collect()
}

#[tokio::test]
async fn drawings_show_the_figures_of_the_release() {
    use zhiqiao::domain::{aggregates, cube::Dimension};
    let app = TestApp::new().await;
    for (period, students) in [("2021", 20_000), ("2022", 21_000)] {
        let cells = json!({ "scale.students": students, "scale.intake": 9_011, "scale.graduates": 7_717 });
        stage::bring(&app, &Key::new("62001", "scale", period), &cells, State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    let anonymous = app.anonymous();
    let made = reports::compile(&anonymous, &ask()).await.unwrap();
    let by_city = aggregates::Ask {
        indicators: vec!["scale.students".to_owned()],
        period: "2023".to_owned(),
        group_by: vec![Dimension::City],
        ..aggregates::Ask::default()
    };
    let answer = aggregates::answer(&anonymous, &by_city).await.unwrap();
    let registry = app.house.memory.registry();
    let mut expected = Vec::new();
    for group in answer.groups() {
        if let Some(value) = group.cells().next().unwrap().value {
            let city = group.key.city.as_deref().unwrap();
            expected.extend([registry.cities.get(city).unwrap().name.clone(), value.to_string()]);
        }
    }
    assert!(expected.len() > 20);
    assert_eq!(drawn(&made, "students-by-city.svg"), expected);
    // Schools by city, by field, by level and by ownership: all of them.
    for file in ["schools-by-city.svg", "schools-by-category.svg", "schools-by-tier.svg", "schools-by-ownership.svg"] {
        let counts = drawn(&made, file).into_iter().skip(1).step_by(2).map(|count| count.parse::<u32>().unwrap());
        assert_eq!(counts.sum::<u32>(), 29, "{file}");
    }
    let trend = drawn(&made, "trend-of-scale.svg");
    assert_eq!(trend[..4], ["在校生人数", "20000", "21000", "294013"], "{trend:?}");
    assert_eq!(trend[trend.len() - 3..], ["2021", "2022", "2023"], "{trend:?}");
}

#[tokio::test]
async fn the_files_of_a_table_are_as_reviewed() {
    let app = TestApp::new().await;
    let mut made = reports::compile(&app.anonymous(), &ask()).await.unwrap();
    // The day of the test's own release.
    made.report.origin = "ORIGIN".to_owned();
    for name in ["table-6.csv", "table-6.html", "schools-by-category.svg"] {
        let text = String::from_utf8(made.file(name).unwrap().unwrap().bytes).unwrap();
        golden(&format!("tests/report/{name}"), &text);
    }
}

#[tokio::test]
async fn the_command_writes_them_all() {
    let app = TestApp::new().await;
    let out = app.dir().join("report");
    let run = |period: &str| {
        let mut command = on(app.url(), app.dir());
        let output = end(command.args(["report", "--period", period, "--out"]).arg(&out));
        let (stdout, stderr) = said(&output);
        (output.status.code(), stdout, stderr)
    };
    let (code, stdout, stderr) = run("2023");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("table-2      表2 办学规模表") && stdout.contains("index.html"), "{stdout}");
    let read = || -> BTreeMap<String, Vec<u8>> {
        let files = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
        files
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
            .collect()
    };
    let first = read();
    assert_eq!(first.len(), 2 + 11 * 3 + 6);
    assert_eq!(run("2023").0, Some(0));
    let again = read();
    for (name, bytes) in &first {
        assert!(again[name] == *bytes, "{name} is another the second time");
    }
    assert_eq!(run("nonsense").0, Some(1));
}
