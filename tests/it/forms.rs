//! What a table may say: every fault of form in one answer, exact numbers, findings of the tree.

use serde_json::{Value, json};

use crate::{
    app::TestApp,
    stage,
    surface::{BOTH, Surface, Verb},
    wire::{problem, send},
};

const PATH: &str = "/v1/schools/62001/submissions/talent/2019";
const KEY: [&str; 3] = ["62001", "talent", "2019"];
const JSON: (&str, &str) = ("content-type", "application/json");

/// One cell as it is written, and the code of what is wrong with it; nothing if it is good, and what it then says.
const CELLS: &[(&str, &str, &str, &str)] = &[
    // (indicator, cell, code, digits that are stored)
    ("talent.graduates", "8000", "", "8000"),
    ("talent.graduates", "0", "", "0"),
    ("talent.graduates", "-0", "", "0"),
    ("talent.graduates", "100.0", "", "100"),
    ("talent.graduates", "1.00e2", "", "100"),
    ("talent.graduates", "8e3", "", "8000"),
    ("talent.graduates", "80000e-1", "", "8000"),
    ("talent.graduates", "999999999999999", "", "999999999999999"),
    ("talent.graduates", "123456789012345000", "", "123456789012345000"),
    ("talent.graduates", "1234567890123456", "too_many_digits", ""),
    ("talent.graduates", "1e18", "too_many_digits", ""),
    ("talent.graduates", "1e400", "too_many_digits", ""),
    ("talent.graduates", "1e99999999999", "", "?"),
    ("talent.graduates", "1.5", "too_many_decimals", ""),
    ("talent.graduates", "1e-1", "too_many_decimals", ""),
    ("talent.graduates", "-1", "below_minimum", ""),
    ("talent.graduates", "\"8000\"", "wrong_type", ""),
    ("talent.graduates", "true", "wrong_type", ""),
    ("talent.graduates", "[8000]", "wrong_type", ""),
    ("talent.graduates", "{}", "", "-"),
    ("talent.graduates", "null", "", "-"),
    ("talent.graduates", "{\"value\": null}", "", "-"),
    ("talent.graduates", "{\"value\": 7, \"note\": null, \"status\": null}", "", "7"),
    ("talent.graduates", "{\"value\": \"7\"}", "wrong_type", ""),
    ("talent.graduates", "{\"value\": {\"value\": 7}}", "wrong_type", ""),
    ("talent.graduates", "{\"value\": 7, \"unit\": \"人\"}", "unknown_member", ""),
    ("talent.graduates", "{\"value\": 7, \"value\": 8}", "wrong_type", ""),
    ("talent.graduates", "{\"value\": 7, \"status\": \"MISSING\", \"status\": \"REPORTED\"}", "unknown_status", ""),
    ("talent.graduates", "{\"value\": 7, \"note\": \"a\", \"note\": \"b\"}", "note", ""),
    ("talent.graduates", "{\"value\": 7, \"status\": \"ESTIMATED\"}", "", "7"),
    ("talent.graduates", "{\"value\": 7, \"status\": \"estimated\"}", "unknown_status", ""),
    ("talent.graduates", "{\"value\": 7, \"status\": \"SUPPRESSED\"}", "unknown_status", ""),
    ("talent.graduates", "{\"value\": 7, \"status\": 1}", "unknown_status", ""),
    ("talent.graduates", "{\"status\": \"ESTIMATED\"}", "value_missing", ""),
    ("talent.graduates", "{\"note\": \"later\"}", "value_missing", ""),
    ("talent.graduates", "{\"status\": \"MISSING\", \"note\": \"later\"}", "", ""),
    ("talent.graduates", "{\"status\": \"NOT_APPLICABLE\"}", "", ""),
    ("talent.graduates", "{\"value\": 0, \"status\": \"NOT_APPLICABLE\"}", "value_unexpected", ""),
    ("talent.graduates", "{\"value\": 7, \"note\": 7}", "note", ""),
    ("talent.graduates", "{\"value\": 7, \"note\": \"\\u0000\"}", "note", ""),
    ("talent.graduates", "{\"value\": 7, \"note\": \"\\ud800\"}", "note", ""),
    ("talent.graduates", "{\"value\": 7, \"note\": \"\"}", "", "7"),
    ("talent.local_placement_rate", "61.25", "", "61.25"),
    ("talent.local_placement_rate", "61.250", "", "61.25"),
    ("talent.local_placement_rate", "61.255", "too_many_decimals", ""),
    ("talent.local_placement_rate", "100", "", "100"),
    ("talent.local_placement_rate", "100.00", "", "100"),
    ("talent.local_placement_rate", "100.01", "above_maximum", ""),
    ("talent.monthly_income", "0.07", "", "0.07"),
    ("talent.monthly_income", "9999999999999.99", "", "9999999999999.99"),
    ("talent.monthly_income", "99999999999999.99", "too_many_digits", ""),
    ("talent.nothing", "1", "unknown_indicator", ""),
    ("scale.students", "1", "unknown_indicator", ""),
    ("graduates", "1", "unknown_indicator", ""),
    ("", "1", "unknown_indicator", ""),
    ("talent.graduates/~", "1", "unknown_indicator", ""),
];

#[tokio::test]
async fn a_cell_is_exact_or_it_is_refused() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    for (indicator, cell, code, digits) in CELLS {
        let body = format!("{{\"observations\": {{\"{indicator}\": {cell}}}}}");
        let path = format!("{PATH}?confirm=shrink");
        let answer = send(&school, "PUT", &path, &[JSON, ("if-match", "*")], body).await;
        let name = format!("{indicator} {cell}: {}", answer.text);
        if *digits == "?" {
            // An exponent beyond all measure: refused, by whatever name.
            assert_eq!(answer.status, 422, "{name}");
            continue;
        }
        if !code.is_empty() {
            let errors = problem(&answer, 422, "invalid")["errors"].clone();
            let pointer = format!("/observations/{}", indicator.replace('~', "~0").replace('/', "~1"));
            assert_eq!(errors.as_array().unwrap().len(), 1, "{name}");
            assert_eq!(
                (&errors[0]["code"], &errors[0]["pointer"], &errors[0]["severity"]),
                (&json!(code), &json!(pointer), &json!("error")),
                "{name}"
            );
            continue;
        }
        assert!(answer.status < 300, "{name}");
        let cell = &answer.json()["observations"][indicator];
        match *digits {
            "-" => assert!(cell.is_null(), "{name}"),
            "" => assert!(cell["value"].is_null() && cell["status"].is_string(), "{name}"),
            digits => {
                assert!(answer.text.contains(&format!("\"{indicator}\":{{\"value\":{digits},\"status\"")), "{name}")
            }
        }
    }
    server.stop().await;
}

/// Bodies that are no statement of a table; each is refused and nothing is stored.
#[tokio::test]
async fn a_body_that_is_no_table_is_refused_whole() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let deep = format!("{{\"observations\": {{\"talent.graduates\": {}1{}}}}}", "[".repeat(5_000), "]".repeat(5_000));
    for (body, status) in [
        ("", 400),
        ("null", 400),
        ("[]", 400),
        ("{}", 400),
        ("{\"observations\": []}", 400),
        ("{\"observations\": null}", 400),
        ("{\"observations\": {}, \"observations\": {}}", 400),
        ("{\"observations\": {}, \"note\": 1}", 400),
        ("{\"observations\": {\"talent.graduates\": 1,}}", 400),
        ("{\"observations\": {\"talent.graduates\": 01}}", 400),
        ("{\"observations\": {\"talent.graduates\": NaN}}", 400),
        ("{\"observations\": {\"talent.graduates\": .5}}", 400),
        ("{\"observations\": {\"talent.graduates\": 1}} x", 400),
        ("{\"observations\": {\"talent.graduates\": 1, \"talent.graduates\": 1}}", 422),
        ("{\"observations\": {\"talent.graduates\": null, \"talent.graduates\": 1}}", 422),
        ("{\"observations\": {\"talent.gradu\\u0061tes\": 1, \"talent.graduates\": 1}}", 422),
        (deep.as_str(), 422),
    ] {
        let answer = send(&school, "PUT", PATH, &[JSON, ("if-match", "*")], body.to_owned()).await;
        let kind = if status == 400 { "malformed" } else { "invalid" };
        problem(&answer, status, kind);
    }
    school.get(PATH).await.expect(404);
    // Bytes that are no text.
    let answer =
        send(&school, "PUT", PATH, &[JSON], b"{\"observations\": {\"talent.graduates\": \"\xff\"}}".to_vec()).await;
    problem(&answer, 400, "malformed");
    server.stop().await;
}

#[tokio::test]
async fn all_faults_and_findings_come_in_one_answer_and_in_the_callers_language() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let body = json!({ "observations": {
        "talent.graduates": "many",
        "talent.placed": 7000,
        "talent.further_study": 7001,
        "talent.local_placement_rate": 100.5,
        "talent.employed_in_sectors": 10,
        "talent.employed_primary": 1,
        "talent.employed_secondary": 2,
        "talent.employed_tertiary": 3,
        "talent.monthly_income": { "status": "PENDING" },
        "talent.nothing": 1,
    }});
    for (language, answered, title, word) in [
        (None, "zh", "数据未通过检查", "大于"),
        (Some("zh-CN,en;q=0.5"), "zh", "数据未通过检查", "大于"),
        (Some("en-GB"), "en", "The data did not pass the checks", "exceeds"),
        (Some("en;q=0.9, zh;q=0.8"), "en", "The data did not pass the checks", "exceeds"),
        (Some("fr"), "zh", "数据未通过检查", "大于"),
    ] {
        let headers: Vec<(&str, &str)> = language.map(|language| ("accept-language", language)).into_iter().collect();
        let answer = school.send("PUT", PATH, &headers, Some(&body)).await;
        let said = problem(&answer, 422, "invalid");
        assert_eq!(
            (answer.header("content-language"), &said["title"]),
            (Some(answered), &json!(title)),
            "{language:?}"
        );
        let errors = said["errors"].as_array().unwrap();
        let mut found: Vec<(&str, &str)> =
            errors.iter().map(|one| (one["code"].as_str().unwrap(), one["pointer"].as_str().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("above_maximum", "/observations/talent.local_placement_rate"),
                ("talent.employed_in_sectors.parts", "/observations/talent.employed_in_sectors"),
                ("talent.further_study.within", "/observations/talent.further_study"),
                ("talent.outcomes_within_placed", "/observations/talent.further_study"),
                ("unknown_indicator", "/observations/talent.nothing"),
                ("unknown_status", "/observations/talent.monthly_income"),
                ("wrong_type", "/observations/talent.graduates"),
            ],
        );
        let within = errors.iter().find(|one| one["code"] == "talent.further_study.within").unwrap();
        assert_eq!((&within["expected"], &within["got"]), (&json!("≤ 7000"), &json!("7001")));
        assert!(within["message"].as_str().unwrap().contains(word), "{within}");
        assert!(
            answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-language")),
            "{:?}",
            answer.headers
        );
    }
    school.get(PATH).await.expect(404);
    server.stop().await;
}

/// JSON merge patch, cell by cell: what a patch does to what is there.
#[tokio::test]
async fn a_patch_merges_and_a_put_replaces() {
    for surface in BOTH {
        let app = TestApp::new().await;
        let server = app.serve().await;
        let school = server.client("school-62001").await;
        let cell = |value: Value, status: &str, note: Value| json!({ "value": value, "status": status, "note": note });
        let base = json!({
            "talent.graduates": { "value": 8000, "status": "ESTIMATED", "note": "n" },
            "talent.placed": 7000,
            "talent.further_study": { "status": "NOT_APPLICABLE" },
        });
        for (patch, name, after, removed) in [
            (json!({}), "talent.graduates", cell(json!(8000), "ESTIMATED", json!("n")), json!([])),
            (
                json!({ "talent.graduates": { "value": 9 } }),
                "talent.graduates",
                cell(json!(9), "ESTIMATED", json!("n")),
                json!([]),
            ),
            (
                json!({ "talent.graduates": { "note": null } }),
                "talent.graduates",
                cell(json!(8000), "ESTIMATED", Value::Null),
                json!([]),
            ),
            (
                json!({ "talent.graduates": { "status": null } }),
                "talent.graduates",
                cell(json!(8000), "REPORTED", json!("n")),
                json!([]),
            ),
            (
                json!({ "talent.placed": { "note": "x" } }),
                "talent.placed",
                cell(json!(7000), "REPORTED", json!("x")),
                json!([]),
            ),
            (
                json!({ "talent.further_study": { "status": "REPORTED", "value": 5 } }),
                "talent.further_study",
                cell(json!(5), "REPORTED", Value::Null),
                json!([]),
            ),
            (json!({ "talent.graduates": null }), "talent.graduates", Value::Null, json!(["talent.graduates"])),
            (
                json!({ "talent.promotion_rate_3y": 1.5 }),
                "talent.promotion_rate_3y",
                cell(json!(1.5), "REPORTED", Value::Null),
                json!([]),
            ),
            (json!({ "talent.bachelor_admissions": null }), "talent.bachelor_admissions", Value::Null, json!([])),
        ] {
            let said = surface.act(&school, KEY, &Verb::Put(base.clone()), Some("*")).await;
            assert!(said.status < 300, "{}", said.text);
            let said = surface.act(&school, KEY, &Verb::Patch(patch.clone()), said.etag().as_deref()).await;
            assert_eq!(said.status, 200, "{surface:?} {patch}: {}", said.text);
            assert_eq!(
                (&said.table["observations"][name], &said.table["removed"]),
                (&after, &removed),
                "{surface:?} {patch}"
            );
            // What the patch does not name stays.
            let kept = said.table["observations"].as_object().unwrap().len();
            let now = 3 + usize::from(name.contains("promotion")) - removed.as_array().unwrap().len();
            assert_eq!(kept, now, "{surface:?} {patch}");
        }
        // A bare number is the cell as a whole, and a lone null value is no cell, where REST is spoken.
        let mut broken = vec![json!({ "talent.further_study": { "value": 1 } })];
        if surface == Surface::Rest {
            broken.push(json!({ "talent.graduates": { "value": null } }));
            surface.act(&school, KEY, &Verb::Put(base.clone()), Some("*")).await;
            let said = surface.act(&school, KEY, &Verb::Patch(json!({ "talent.graduates": 9 })), Some("*")).await;
            assert_eq!(said.table["observations"]["talent.graduates"], cell(json!(9), "REPORTED", Value::Null));
        }
        // A patch that would break the form changes nothing.
        let before = surface.act(&school, KEY, &Verb::Get, None).await;
        for patch in broken {
            let said = surface.act(&school, KEY, &Verb::Patch(patch.clone()), Some("*")).await;
            assert_eq!(said.status, 422, "{surface:?} {patch}: {}", said.text);
        }
        assert_eq!(surface.act(&school, KEY, &Verb::Get, None).await.table, before.table);
        // A put removes what it leaves out, and says so.
        let more = json!({ "talent.promotion_rate_3y": 1.5, "talent.self_employment_rate": 1 });
        surface.act(&school, KEY, &Verb::Patch(more.clone()), Some("*")).await;
        let mut fewer = more;
        fewer["talent.graduates"] = json!(1);
        fewer["talent.placed"] = Value::Null;
        let said = surface.act(&school, KEY, &Verb::Put(fewer), Some("*")).await;
        assert_eq!(said.table["removed"], json!(["talent.further_study", "talent.placed"]), "{surface:?}");
        server.stop().await;
    }
}

/// An address that names no table, or no period of it.
#[tokio::test]
async fn an_address_is_a_table_and_a_period_of_its_kind() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    for surface in BOTH {
        for (dataset, period, status) in [
            ("talent", "2047", 201),
            ("nothing", "2023", 404),
            ("Talent", "2023", 404),
            ("talent.graduates", "2023", 404),
            ("talent", "2022-2023", 422),
            ("talent", "23", 422),
            ("talent", "2100", 422),
            ("talent", "２０２３", 422),
        ] {
            let verb = Verb::Put(stage::talent(8_000));
            let said = surface.act(&school, ["62001", dataset, period], &verb, Some("*")).await;
            let expected = if status == 201 && surface == Surface::Graphql { 200 } else { status };
            assert_eq!(said.status, expected, "{surface:?} {dataset} {period}: {}", said.text);
        }
    }
    let first = school
        .put("/v1/schools/62001/submissions/talent/2046", None, &json!({ "observations": stage::talent(9_000) }))
        .await
        .expect(201);
    assert_eq!(first.header("location"), Some("/v1/schools/62001/submissions/talent/2046"));
    server.stop().await;
}
