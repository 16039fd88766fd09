//! Disclosure control: what an outsider learns of protected figures, by whatever door.

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, Server, TestApp},
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
