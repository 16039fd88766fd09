//! Disclosure control: what an outsider learns of protected figures, by whatever door.

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::domain::{load, submissions::Key};

use crate::{
    app::{Caller, Server, TestApp, reference},
    data::{Row, fetch, rows},
    stage,
};

/// Four schools of Lanzhou, three of Tianshui and one of Jiuquan state a table of protected lines.
const REPORTING: &[(&str, f64)] = &[
    ("62001", 20.5),
    ("62002", 21.25),
    ("62004", 30.75),
    ("62007", 17.75),
    ("62005", 18.25),
    ("62006", 19.5),
    ("62010", 40.5),
    ("62016", 25.5),
];

const LANZHOU: &str = "620100";
const TIANSHUI: &str = "620500";
const JIUQUAN: &str = "620900";

const FLOOR: &str = "conditions.floor_area_per_student";

async fn published() -> TestApp {
    let app = TestApp::new().await;
    for (school, floor_area) in REPORTING {
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &stage::conditions(*floor_area), State::Accepted)
            .await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    app
}

/// Callers who are officials of no school, or of none but their own.
const OUTSIDERS: &[&str] =
    &["", "analyst", "school-62001", "enterprise-eeadeb0f3", "agency-engineering", "admin", "auditor"];

async fn caller(server: &Server, name: &str) -> Caller {
    if name.is_empty() { server.anonymous() } else { server.client(name).await }
}

const QUERY: &str = "query ($input: AggregateInput!) { aggregate(input: $input) { groups {
    city { code } cells { indicator { code } schools expected value sum mean median min max p25 p75 status } } } }";

async fn ask(caller: &Caller, by: Value, filter: Value) -> Value {
    let input = json!({ "indicators": [FLOOR], "period": "2023", "groupBy": by, "filter": filter });
    caller.graphql(QUERY, json!({ "input": input })).await
}

/// The cell of a city, or of the whole province for nothing.
fn cell(answer: &Value, city: Option<&str>) -> Value {
    let groups = answer["data"]["aggregate"]["groups"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let group = groups
        .iter()
        .find(|group| group["city"]["code"].as_str() == city)
        .unwrap_or_else(|| panic!("{city:?}: {answer}"));
    group["cells"][0].clone()
}

const NUMBERS: &[&str] = &["schools", "expected", "value", "sum", "mean", "median", "min", "max", "p25", "p75"];

/// Which numbers of a cell are told.
fn told(cell: &Value) -> Vec<&'static str> {
    NUMBERS.iter().copied().filter(|name| !cell[*name].is_null()).collect()
}

#[tokio::test]
async fn an_outsider_learns_the_count_and_the_own_statistic_and_nothing_else() {
    let app = published().await;
    let server = app.serve().await;
    for name in OUTSIDERS {
        let caller = caller(&server, name).await;
        let whole = cell(&ask(&caller, json!([]), Value::Null).await, None);
        assert_eq!(told(&whole), ["schools", "expected", "value", "median"], "`{name}`: {whole}");
        assert_eq!(
            (&whole["schools"], &whole["value"], &whole["median"]),
            (&json!(8), &json!(20.875), &json!(20.875)),
            "`{name}`"
        );

        // Jiuquan is one school, and Tianshui, the next smallest, goes with it.
        let cities = ask(&caller, json!(["CITY"]), Value::Null).await;
        let lanzhou = cell(&cities, Some(LANZHOU));
        assert_eq!(told(&lanzhou), ["schools", "expected", "value", "median"], "`{name}`: {lanzhou}");
        assert_eq!((&lanzhou["schools"], &lanzhou["value"]), (&json!(4), &json!(20.875)), "`{name}`");
        for city in [TIANSHUI, JIUQUAN] {
            let hidden = cell(&cities, Some(city));
            assert_eq!((told(&hidden), &hidden["status"]), (vec![], &json!("SUPPRESSED")), "`{name}` {city}");
        }
        // Beside what is hidden, a city where nobody reported would say how many the others are.
        assert_eq!(cell(&cities, Some("621000"))["status"], "SUPPRESSED", "`{name}`");
    }
    server.stop().await;
}

#[tokio::test]
async fn other_groupings_and_filters_of_protected_figures_are_refused() {
    let app = published().await;
    let server = app.serve().await;
    for name in OUTSIDERS {
        let caller = caller(&server, name).await;
        for (by, filter) in [
            (json!(["OWNERSHIP"]), Value::Null),
            (json!(["CATEGORY"]), Value::Null),
            (json!(["TIER"]), Value::Null),
            (json!(["CONSORTIUM"]), Value::Null),
            (json!(["CITY", "OWNERSHIP"]), Value::Null),
            (json!([]), json!({ "city": [LANZHOU] })),
            (json!([]), json!({ "city": [LANZHOU, TIANSHUI, JIUQUAN] })),
            (json!(["CITY"]), json!({ "ownership": ["PUBLIC"] })),
            (json!([]), json!({ "search": "兰州" })),
            (json!([]), json!({ "search": "62002" })),
            (json!([]), json!({ "tier": ["HIGHER_VOCATIONAL"] })),
        ] {
            let answer = ask(&caller, by.clone(), filter.clone()).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "`{name}` {by} {filter}: {answer}");
            assert!(answer["data"].is_null(), "`{name}` {by} {filter}: {answer}");
        }
        // A public line beside a protected one makes it no more public.
        let input = json!({ "indicators": ["scale.students", FLOOR], "period": "2023", "groupBy": ["OWNERSHIP"] });
        let answer = caller.graphql(QUERY, json!({ "input": input })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "`{name}`: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn officials_see_all_of_their_scope_and_no_more() {
    let app = published().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let cities = ask(&province, json!(["CITY"]), Value::Null).await;
    for (city, schools) in [(LANZHOU, 4), (TIANSHUI, 3), (JIUQUAN, 1)] {
        let cell = cell(&cities, Some(city));
        assert_eq!((told(&cell).len(), &cell["schools"]), (NUMBERS.len(), &json!(schools)), "{cell}");
    }
    assert!(ask(&province, json!(["OWNERSHIP"]), json!({ "search": "62016" })).await["errors"].is_null());

    let tianshui = server.client("city-620500").await;
    let cities = ask(&tianshui, json!(["CITY"]), Value::Null).await;
    assert_eq!(told(&cell(&cities, Some(TIANSHUI))).len(), NUMBERS.len(), "its own schools");
    assert_eq!(told(&cell(&cities, Some(LANZHOU))), ["schools", "expected", "value", "median"]);
    assert_eq!(cell(&cities, Some(JIUQUAN))["status"], "SUPPRESSED");
    let own = ask(&tianshui, json!(["OWNERSHIP"]), json!({ "city": [TIANSHUI] })).await;
    assert!(own["errors"].is_null(), "{own}");
    let other = ask(&tianshui, json!([]), json!({ "city": [LANZHOU] })).await;
    assert_eq!(other["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let both = ask(&tianshui, json!([]), json!({ "city": [LANZHOU, TIANSHUI] })).await;
    assert_eq!(both["errors"][0]["extensions"]["code"], "FORBIDDEN");
    server.stop().await;
}

#[tokio::test]
async fn one_schools_protected_figures_are_its_own_and_its_officials() {
    let app = published().await;
    let server = app.serve().await;
    let query = "query ($school: String!) { school(code: $school) {
        some: observations(period: \"2023\", indicators: [\"conditions.floor_area_per_student\", \"scale.students\"]) { indicator { code } value status note }
        all: observations(period: \"2023\") { indicator { code } value status } } }";
    // Reported or not: an outsider cannot tell.
    for (school, sees) in [
        ("62001", &["school-62001", "city-620100", "province-620000"][..]),
        ("62002", &["city-620100", "province-620000"]),
        ("62005", &["city-620500", "province-620000"]),
        ("62008", &["city-620100", "province-620000"]),
    ] {
        let reported = REPORTING.iter().find(|(code, _)| *code == school).map(|(_, floor_area)| json!(floor_area));
        for name in OUTSIDERS.iter().chain(&["city-620100", "city-620500", "province-620000", "school-62002"]) {
            let answer = Caller::data(caller(&server, name).await.graphql(query, json!({ "school": school })).await);
            let protected = &answer["school"]["some"][0];
            let is_own = sees.contains(name) || *name == format!("school-{school}");
            let expected = match (&reported, is_own) {
                (_, false) => json!([null, "SUPPRESSED"]),
                (Some(value), true) => json!([value, "REPORTED"]),
                (None, true) => json!([null, "MISSING"]),
            };
            assert_eq!(json!([protected["value"], protected["status"]]), expected, "{school} for `{name}`");
            assert_eq!(answer["school"]["some"][1]["status"], "REPORTED", "a public line is for everybody");
            // Without naming lines: the same cells say the same.
            for one in answer["school"]["all"].as_array().unwrap() {
                let code = one["indicator"]["code"].as_str().unwrap();
                if code.starts_with("conditions.") {
                    assert_eq!(one["status"] == "SUPPRESSED", !is_own, "{school} {code} for `{name}`");
                    assert_eq!(one["value"].is_null(), !is_own || reported.is_none(), "{school} {code} for `{name}`");
                }
            }
        }
    }
    server.stop().await;
}

const BOOKS: &str = "conditions.books_per_student";

/// The reference data with one line for officials only, and three schools of Lanzhou and one of Tianshui reporting.
async fn with_an_internal_line() -> TestApp {
    let app = TestApp::new().await;
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(reference()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let path = dir.path().join("indicators.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text
        .lines()
        .map(|line| if line.starts_with(BOOKS) { line.replace(",aggregate,", ",internal,") } else { line.to_owned() });
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    load::load(&app.system(), dir.path(), &mut |_| {}).await.unwrap();
    for school in ["62001", "62002", "62004", "62005"] {
        let table = stage::conditions(20.5);
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &table, State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Major).await;
    app
}

/// Whoever is no official hears nothing of an internal line, not even the province's total, by any door.
#[tokio::test]
async fn an_internal_figure_is_for_officials_of_its_school_and_nobody_else() {
    let app = with_an_internal_line().await;
    let server = app.serve().await;
    for name in OUTSIDERS.iter().chain(&["school-62005", "city-620100", "city-620500", "province-620000"]) {
        let caller = caller(&server, name).await;
        let is_province = name.starts_with("province");
        let own: &[&str] = match *name {
            "province-620000" => &["62001", "62002", "62004", "62005"],
            "city-620100" => &["62001", "62002", "62004"],
            "city-620500" => &["62005"],
            _ => &[],
        };
        let ask = async |by: Value, filter: Value| {
            let input = json!({ "indicators": [BOOKS], "period": "2023", "groupBy": by, "filter": filter });
            caller.graphql(QUERY, json!({ "input": input })).await
        };
        for (by, filter, may) in [
            (json!([]), Value::Null, is_province),
            (json!(["CITY"]), Value::Null, is_province),
            (json!(["OWNERSHIP"]), Value::Null, is_province),
            (json!([]), json!({ "city": [TIANSHUI] }), is_province || *name == "city-620500"),
            (json!([]), json!({ "city": [LANZHOU] }), is_province || *name == "city-620100"),
        ] {
            let answer = ask(by.clone(), filter.clone()).await;
            assert_eq!(answer["errors"].is_null(), may, "`{name}` {by} {filter}: {answer}");
        }
        for school in ["62001", "62005"] {
            let query = format!(
                "{{ school(code: \"{school}\") {{ observations(period: \"2023\", indicators: [\"{BOOKS}\"]) {{ value status }} }} }}"
            );
            let said = Caller::data(caller.graphql(&query, json!({})).await);
            let expected = if own.contains(&school) { json!([80, "REPORTED"]) } else { json!([null, "SUPPRESSED"]) };
            let cell = &said["school"]["observations"][0];
            assert_eq!(json!([cell["value"], cell["status"]]), expected, "`{name}` {school}");
        }

        // Files and SDMX.
        let single = rows(&caller, &format!("/v1/data/conditions.csv?period=2023&indicator={BOOKS}")).await;
        let told: Vec<&str> =
            single.iter().filter(|row| !row["value"].is_empty()).map(|row| row["school"].as_str()).collect();
        assert_eq!(told, own, "`{name}`");
        let whole = rows(&caller, "/v1/data/conditions.csv?period=2023&group_by=province").await;
        let books = whole.iter().find(|row| row["indicator"] == BOOKS);
        let has = books.is_some_and(|row| !row["value"].is_empty() || !row["schools"].is_empty());
        assert_eq!(has, is_province, "`{name}`: {books:?}");
        let sdmx = [("accept", "application/vnd.sdmx.data+csv")];
        let series = fetch(&caller, "GET", "/sdmx/2.1/data/conditions/A..books_per_student...", &sdmx).await;
        let values: Vec<String> = if series.status == 200 {
            let reader = csv::Reader::from_reader(series.bytes.as_slice()).into_deserialize::<Row>();
            let said = reader.map(Result::unwrap).filter(|row| !row["OBS_VALUE"].is_empty());
            said.map(|row| row["REF_AREA"].clone()).filter(|area| area.len() == 5).collect()
        } else {
            assert!([403, 404].contains(&series.status), "`{name}`: {}", series.status);
            Vec::new()
        };
        assert_eq!(values, own, "`{name}`");

        // Who meets the standards, what has changed, what was printed, and the report.
        let compliance = caller.get("/v1/compliance?period=2023").await.expect(200).json();
        let standards: Vec<&str> =
            compliance["standards"].as_array().unwrap().iter().map(|one| one["indicator"].as_str().unwrap()).collect();
        assert_eq!(standards.contains(&BOOKS), name.starts_with("city") || is_province, "`{name}`");
        for group in compliance["cities"].as_array().unwrap().iter().chain([&compliance["province"]]) {
            let city = group["city"].as_str();
            let is_own = is_province || city.is_some_and(|city| name.ends_with(city));
            for cell in group["cells"].as_array().unwrap().iter().filter(|cell| cell["indicator"] == BOOKS) {
                let hears = ["value", "meeting", "schools"].iter().any(|member| !cell[*member].is_null());
                assert!(!hears || is_own, "`{name}` {city:?}: {cell}");
            }
        }
        let changes = caller.get("/v1/releases/2.0.0/changes?dataset=conditions&limit=1000").await.expect(200).json();
        let changed = changes["changes"].as_array().unwrap().iter().filter(|one| one["indicator"] == BOOKS);
        assert_eq!(changed.map(|one| one["school"].as_str().unwrap()).collect::<Vec<_>>(), own, "`{name}`");
        let claims = caller.get("/v1/claims/reconciliation").await.expect(200).json();
        let printed =
            claims.as_array().unwrap().iter().find(|one| one["claim"] == "conditions.books_per_student.2023.1.3");
        assert_eq!(printed.unwrap()["verdict"], if is_province { "differs" } else { "no_data" }, "`{name}`");
        let report = rows(&caller, "/v1/reports/2023/table-3.csv").await;
        let books = report.iter().find(|row| row["indicator"] == BOOKS && row["period"] == "2023").unwrap();
        assert_eq!((books["value"].as_str(), books["schools"].as_str()), ("", ""), "`{name}`");
    }
    server.stop().await;
}
