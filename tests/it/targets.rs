//! Targets: those of the file, what the data say of them to whom, and their upkeep.

use std::collections::BTreeMap;

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::submissions::Key,
};

use crate::{
    app::TestApp,
    stage,
    tasks::{lines, told},
    wire::problem,
};

fn count(words: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn the_targets_are_those_of_the_file() {
    let app = TestApp::new().await;
    let printed = lines("targets.csv");
    let query = "{ targets { ownerName ownerType label comparator value unit dueYear source expression city { code } school { code name } judgement { verdict figure period { code } release reason } } }";
    let data = told(&app, &app.anonymous(), query).await;
    let all = data["targets"].as_array().unwrap();
    assert_eq!((all.len(), printed.len()), (76, 76));
    for (one, line) in all.iter().zip(&printed) {
        for (member, column) in [
            ("ownerName", "owner_name_zh"),
            ("ownerType", "owner_type"),
            ("label", "label_zh"),
            ("comparator", "comparator"),
            ("value", "value"),
            ("source", "source"),
        ] {
            assert_eq!(one[member].as_str().unwrap(), line[column], "{line:?}");
        }
        let year = one["dueYear"].as_i64().map_or_else(String::new, |year| year.to_string());
        assert_eq!(year, line["due_year"]);
        // Every owner is in the registry; the province is the one that has promised for itself.
        match line["owner_type"].as_str() {
            "city" => assert!(one["city"]["code"].is_string(), "{line:?}"),
            "school" => assert_eq!(one["school"]["name"].as_str().unwrap(), line["owner_name_zh"]),
            _ => assert_eq!((&one["city"], &one["school"]), (&json!(null), &json!(null))),
        }
        // Whatever is not judged says why.
        let judgement = &one["judgement"];
        assert!(!judgement["reason"].as_str().unwrap().is_empty());
        assert_eq!(
            judgement["verdict"] == "NO_DATA" && one["dueYear"].is_null(),
            judgement["figure"].is_null() && one["dueYear"].is_null()
        );
        if one["expression"].is_null() {
            assert_eq!(judgement["verdict"], "NO_DATA");
        }
    }
    // By owner, comparator and year, as many as the file has.
    let of = |column: &str| count(printed.iter().map(|line| line[column].clone()));
    for (owner, many) in of("owner_type") {
        let query = format!("{{ targets(filter: {{ owner: [{}] }}) {{ key }} }}", owner.to_uppercase());
        assert_eq!(told(&app, &app.anonymous(), &query).await["targets"].as_array().unwrap().len(), many, "{owner}");
    }
    for (year, many) in of("due_year").into_iter().filter(|(year, _)| !year.is_empty()) {
        let query = format!("{{ targets(filter: {{ dueYear: [{year}] }}) {{ key }} }}");
        assert_eq!(told(&app, &app.anonymous(), &query).await["targets"].as_array().unwrap().len(), many, "{year}");
    }
    // Those that the data can judge have their expression, and no others.
    let keyed: Vec<(String, String)> =
        lines("target_expressions.csv").iter().map(|line| (line["source"].clone(), line["label_zh"].clone())).collect();
    let expected = printed.iter().filter(|line| keyed.contains(&(line["source"].clone(), line["label_zh"].clone())));
    let with = all.iter().filter(|one| !one["expression"].is_null()).count();
    assert_eq!(with, expected.count());
    assert!(with >= 13, "{with}");
    // Judged by what is published: the students of Qingyang's college, about ten thousand.
    let students = lines("observations.csv");
    let students = students.iter().find(|line| line["school"] == "62021" && line["indicator"] == "scale.students");
    let judged = all.iter().find(|one| one["expression"] == "scale.students").unwrap();
    assert_eq!(judged["judgement"]["figure"].to_string(), students.unwrap()["value"]);
    assert_eq!(judged["judgement"]["release"], "1.0.0");
    assert_eq!(judged["judgement"]["period"]["code"], "2023");

    // The same by REST, in pages.
    let server = app.serve().await;
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.anonymous().get(&format!("/v1/targets?limit=30{next}")).await.expect(200).json();
        assert_eq!(page["total"], 76);
        seen.extend(page["targets"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 76);
    assert!(seen.iter().zip(all).all(|(rest, graphql)| rest["label"] == graphql["label"]
        && rest["judgement"]["verdict"].as_str().unwrap().to_uppercase() == graphql["judgement"]["verdict"]));
    assert_eq!(
        server.anonymous().get("/v1/policies?city=621000").await.json()["policies"].as_array().unwrap().len(),
        7
    );
    assert_eq!(server.anonymous().get("/v1/city-figures").await.json()["figures"].as_array().unwrap().len(), 14);
    server.stop().await;
}

/// Adds a target as the province, and returns its key.
async fn promise(app: &TestApp, input: &str) -> String {
    let province = app.as_(Role::Province, "620000");
    let data = told_or(
        app,
        &province,
        &format!("mutation {{ addTarget(input: {{ label: \"a\", {input} }}) {{ target {{ key }} }} }}"),
    )
    .await;
    data["data"]["addTarget"]["target"]["key"].as_str().unwrap_or_else(|| panic!("{data}")).to_owned()
}

async fn told_or(app: &TestApp, ctx: &Ctx, query: &str) -> Value {
    let body = json!({ "query": query }).to_string();
    let request = zhiqiao::graphql::request::GraphqlRequest::read(body.as_bytes()).unwrap();
    let answer = zhiqiao::graphql::request::execute(&app.house.schema, ctx.clone(), request, false).await;
    serde_json::from_slice(&answer.body).unwrap()
}

async fn judgement(app: &TestApp, ctx: &Ctx, key: &str) -> (String, Value) {
    let query = format!("{{ target(id: \"{key}\") {{ judgement {{ verdict figure reason }} }} }}");
    let data = told(app, ctx, &query).await;
    let judgement = &data["target"]["judgement"];
    (judgement["verdict"].as_str().unwrap().to_owned(), judgement["figure"].clone())
}

#[tokio::test]
async fn a_target_is_judged_by_the_data_of_its_owner_and_its_years() {
    let app = TestApp::new().await;
    // 2023 of 62021 is published; 2024 comes with another release.
    let in_year = |year: &str| -> Ctx {
        let at = chrono::DateTime::parse_from_rfc3339(&format!("{year}-12-31T23:59:59+08:00")).unwrap().to_utc();
        app.house.ctx(Actor { at, ..Actor::public() })
    };
    let at = in_year("2026");
    let students: i64 = lines("observations.csv")
        .iter()
        .find(|line| line["school"] == "62021" && line["indicator"] == "scale.students")
        .unwrap()["value"]
        .parse()
        .unwrap();
    let (met, more) = (students - 1, students + 1);
    for (owner, value, due, is) in [
        ("city: \"621000\"", met, "null", "KEPT"),
        ("city: \"621000\"", more, "null", "ON_THE_WAY"),
        ("school: \"62021\"", met, "2023", "KEPT"),
        ("school: \"62021\"", more, "2023", "MISSED"),
        ("school: \"62021\"", more, "2026", "ON_THE_WAY"),
        // Its last year is over, and nothing of it is published.
        ("school: \"62021\"", more, "2025", "NO_DATA"),
        // Nothing is published of so early a year.
        ("school: \"62021\"", more, "2022", "NO_DATA"),
    ] {
        let input =
            format!("{owner}, comparator: \">=\", value: \"{value}\", dueYear: {due}, expression: \"scale.students\"");
        let key = promise(&app, &input).await;
        let (verdict, figure) = judgement(&app, &at, &key).await;
        assert_eq!(verdict, is, "{input}");
        let is_early = due == "2022";
        assert_eq!(figure, if is_early { json!(null) } else { json!(students) }, "{input}");
    }
    // The year ends in Shanghai.
    let input = format!(
        "school: \"62021\", comparator: \">=\", value: \"{more}\", dueYear: 2026, expression: \"scale.students\""
    );
    let key = promise(&app, &input).await;
    assert_eq!(judgement(&app, &in_year("2026"), &key).await.0, "ON_THE_WAY");
    let later = chrono::DateTime::parse_from_rfc3339("2027-01-01T00:00:00+08:00").unwrap().to_utc();
    let later = app.house.ctx(Actor { at: later, ..Actor::public() });
    assert_eq!(judgement(&app, &later, &key).await.0, "NO_DATA");
    stage::bring(
        &app,
        &Key::new("62021", "scale", "2026"),
        &json!({ "scale.students": met, "scale.intake": 1, "scale.graduates": 1 }),
        State::Accepted,
    )
    .await;
    stage::release(&app, ReleaseKind::Minor).await;
    let later = chrono::Utc::now() + chrono::TimeDelta::days(400);
    let later = app.house.ctx(Actor { at: later, ..Actor::public() });
    assert_eq!(judgement(&app, &later, &key).await, ("MISSED".to_owned(), json!(met)));

    // Ratios, counts of schools, partnerships; and what cannot be computed.
    let at = app.anonymous();
    for (input, is) in [
        ("comparator: \"=\", value: \"29\", expression: \"schools('')\"", "KEPT"),
        ("comparator: \">=\", value: \"4:6\", expression: \"scale.intake / scale.students\"", "ON_THE_WAY"),
        ("comparator: \"<=\", value: \"4:6\", expression: \"scale.intake / scale.students\"", "KEPT"),
        ("comparator: \">=\", value: \"1\", expression: \"partnerships.count\"", "KEPT"),
        ("city: \"622900\", comparator: \">=\", value: \"1000\", expression: \"partnerships.count\"", "ON_THE_WAY"),
        ("comparator: \">=\", value: \"1\", expression: \"scale.students / (scale.intake - scale.intake)\"", "NO_DATA"),
        ("comparator: \">=\", value: \"1\"", "NO_DATA"),
    ] {
        let key = promise(&app, input).await;
        assert_eq!(judgement(&app, &at, &key).await.0, is, "{input}");
    }
}

#[tokio::test]
async fn what_is_protected_judges_no_target_for_outsiders() {
    let app = TestApp::new().await;
    for (school, area) in [("62021", 20.5), ("62001", 12.5)] {
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &stage::conditions(area), State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    let of_school = promise(
        &app,
        "school: \"62021\", comparator: \">=\", value: \"16\", expression: \"conditions.floor_area_per_student\"",
    )
    .await;
    let of_city = promise(
        &app,
        "city: \"621000\", comparator: \">=\", value: \"16\", expression: \"conditions.floor_area_per_student\"",
    )
    .await;
    let of_standards = promise(&app, "city: \"621000\", comparator: \">=\", value: \"70\", expression: \"100.0 * schools('standards=met') / schools('standards=judged')\"").await;
    for (role, org, sees) in [
        (Role::Public, "", false),
        (Role::Analyst, "", false),
        (Role::City, "620100", false),
        (Role::School, "62001", false),
        (Role::School, "62021", true),
        (Role::City, "621000", true),
        (Role::Province, "620000", true),
    ] {
        let ctx = if role == Role::Public { app.anonymous() } else { app.as_(role, org) };
        for (key, figure) in [(&of_school, json!(20.5)), (&of_city, json!(20.5)), (&of_standards, json!(100))] {
            // A school is told of itself, and not of its city, of which it is the only one today and not tomorrow.
            let (verdict, told) = judgement(&app, &ctx, key).await;
            if sees {
                let is_own = role != Role::School || key == &of_school;
                if is_own {
                    assert_eq!((verdict.as_str(), told), ("KEPT", figure), "{role:?} {org}");
                }
            } else {
                assert_eq!((verdict.as_str(), told), ("NO_DATA", json!(null)), "{role:?} {org}");
            }
        }
    }
}

#[tokio::test]
async fn targets_are_looked_after_by_the_province_and_their_own_city() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (public, province) = (server.anonymous(), server.client("province-620000").await);
    let (city, elsewhere) = (server.client("city-620100").await, server.client("city-620500").await);
    let (school, analyst) = (server.client("school-62001").await, server.client("analyst").await);
    let new = json!({ "label": "双师型教师比例", "comparator": ">=", "value": "60", "unit": "%", "due_year": 2027,
        "expression": "resources.dual_qualified_share" });
    problem(&public.post("/v1/targets", None, &new).await, 401, "unauthenticated");
    for other in [&school, &analyst] {
        problem(&other.post("/v1/targets", None, &new).await, 403, "forbidden");
    }
    let mut foreign = new.clone();
    foreign["city"] = json!("620500");
    problem(&city.post("/v1/targets", None, &foreign).await, 403, "forbidden");
    foreign["city"] = json!(null);
    foreign["school"] = json!("62005");
    problem(&city.post("/v1/targets", None, &foreign).await, 403, "forbidden");
    let wrong = json!({ "city": "629999", "label": "", "comparator": "!=", "value": "many", "due_year": 99999,
        "expression": "resources.nothing + schools('size=3')" });
    let answer = province.post("/v1/targets", None, &wrong).await;
    let said = problem(&answer, 422, "invalid");
    let mut codes: Vec<&str> =
        said["errors"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "missing",
            "unknown_city",
            "unknown_comparator",
            "unknown_filter",
            "unknown_indicator",
            "value_form",
            "year_form"
        ]
    );
    let unread = json!({ "label": "a", "comparator": "=", "value": "1", "expression": "1 +" });
    assert_eq!(
        problem(&province.post("/v1/targets", None, &unread).await, 422, "invalid")["errors"][0]["code"],
        "expression_form"
    );

    // A city's own, where it names nobody.
    let added = city.post("/v1/targets", None, &new).await.expect(201).json();
    assert_eq!((&added["city"], &added["owner_type"]), (&json!("620100"), &json!("city")));
    assert_eq!((&added["judgement"]["verdict"], &added["version"]), (&json!("no_data"), &json!(1)));
    let path = format!("/v1/targets/{}", added["id"].as_str().unwrap());
    // It is public at once.
    assert_eq!(public.get(&path).await.expect(200).json()["label"], added["label"]);
    let change = json!({ "value": "65", "unit": null });
    let patch = async |who: &crate::app::Caller, tag: Option<&str>, body: &Value| {
        let header = tag.map(|tag| [("if-match", tag)]);
        who.send("PATCH", &path, header.as_ref().map_or(&[], |header| header.as_slice()), Some(body)).await
    };
    problem(&patch(&public, Some("*"), &change).await, 401, "unauthenticated");
    for other in [&school, &analyst, &elsewhere] {
        problem(&patch(other, Some("*"), &change).await, 403, "forbidden");
    }
    problem(&patch(&city, None, &change).await, 428, "precondition-required");
    problem(&patch(&city, Some("\"7\""), &change).await, 412, "precondition-failed");
    assert_eq!(
        problem(&patch(&city, Some("*"), &json!({ "source": "电话 13800138000" })).await, 422, "invalid")["errors"][0]
            ["code"],
        "personal_data"
    );
    let changed = patch(&city, added["etag"].as_str(), &change).await.expect(200).json();
    assert_eq!((&changed["value"], &changed["unit"], &changed["version"]), (&json!("65"), &json!(null), &json!(2)));
    // What says nothing new is no change.
    assert_eq!(patch(&province, Some("*"), &change).await.expect(200).json()["version"], 2);
    problem(&public.get("/v1/targets/0197a1b2-7c3d-7000-8000-000000000009").await, 404, "not-found");
    problem(&public.get("/v1/targets/x").await, 404, "not-found");
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}
