//! Who has read what is not published: every door leaves a record.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use entity::{data_access, data_access_table, words::SubmissionState as State};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{
        accesses::{self, Filter},
        claims,
        submissions::Key,
    },
    page::Ask,
    rest,
};

use crate::{
    app::{Caller, TestApp},
    stage,
};

const TABLE: &str = "/v1/schools/62001/submissions";

/// By REST: who asks, method, address, body, and what is recorded, as `school/dataset/period`.
fn rest_doors() -> Vec<(&'static str, &'static str, String, Value, Vec<&'static str>)> {
    let reason = json!({ "reason": "a reason" });
    let many = |period: &str| json!({ "tables": [{ "school": "62001", "dataset": "talent", "period": period, "if_match": "*" }] });
    let dry = json!({ "dataset": "talent", "expression": "talent.placed > 1.0", "periods": ["2013"] });
    let at = |rest: &str| format!("{TABLE}/{rest}");
    let files = ["csv", "json", "parquet", "xlsx", "arrow"].map(|format| {
        let path = format!("/v1/data/conditions.{format}?period=2023");
        ("city-620100", "GET", path, Value::Null, vec!["62001/conditions/2023"])
    });
    let groups = "/v1/data/conditions.csv?period=2023&group_by=city".to_owned();
    let others = vec![
        ("province-620000", "GET", groups, Value::Null, vec!["*/conditions/2023"]),
        ("city-620100", "GET", "/sdmx/2.1/data/conditions/all".to_owned(), Value::Null, vec!["*/conditions/2023"]),
        ("city-620100", "GET", at("talent/2013"), Value::Null, vec!["62001/talent/2013"]),
        ("school-62001", "GET", at("talent/2015"), Value::Null, vec!["62001/talent/2015"]),
        ("city-620100", "GET", at("talent/2013/peers"), Value::Null, vec!["*/talent/2013", "62001/talent/2013"]),
        ("city-620100", "GET", at("talent/2013/revisions/1"), Value::Null, vec!["62001/talent/2013"]),
        ("school-62001", "POST", at("talent/2015/submit"), json!({}), vec!["62001/talent/2015"]),
        ("school-62001", "POST", at("talent/2015/recall"), Value::Null, vec!["62001/talent/2015"]),
        ("city-620100", "POST", at("talent/2013/approve"), json!({}), vec!["62001/talent/2013"]),
        ("province-620000", "POST", at("talent/2013/accept"), json!({}), vec!["62001/talent/2013"]),
        ("province-620000", "POST", at("talent/2013/reopen"), reason.clone(), vec!["62001/talent/2013"]),
        ("city-620100", "POST", at("talent/2014/return"), reason, vec!["62001/talent/2014"]),
        ("city-620100", "POST", "/v1/submissions/approve".to_owned(), many("2016"), vec!["62001/talent/2016"]),
        ("province-620000", "POST", "/v1/submissions/accept".to_owned(), many("2016"), vec!["62001/talent/2016"]),
        (
            "school-62001",
            "GET",
            "/v1/templates/talent.xlsx?school=62001&period=2016".to_owned(),
            Value::Null,
            vec!["62001/talent/2015", "62001/talent/2016"],
        ),
        ("province-620000", "POST", "/v1/rules/dry-run".to_owned(), dry, vec!["*/talent/2013"]),
        ("province-620000", "GET", "/v1/claims/reconciliation".to_owned(), Value::Null, PROTECTED.to_vec()),
        ("province-620000", "POST", "/v1/claims/reconciliation".to_owned(), Value::Null, PROTECTED.to_vec()),
        ("province-620000", "GET", "/v1/claims/reconciliations/{kept}".to_owned(), Value::Null, KEPT.to_vec()),
        (
            "province-620000",
            "POST",
            "/v1/releases".to_owned(),
            json!({ "kind": "minor", "note": "for a test", "period": "2016" }),
            vec!["*/talent/2016"],
        ),
        (
            "province-620000",
            "POST",
            "/v1/releases/preview".to_owned(),
            json!({ "kind": "minor", "period": "2013" }),
            vec!["*/talent/2013"],
        ),
        (
            "province-620000",
            "GET",
            "/v1/releases/1.1.0/changes?dataset=conditions".to_owned(),
            Value::Null,
            vec!["62001/conditions/2023"],
        ),
        ("province-620000", "GET", "/v1/compliance?period=2023".to_owned(), Value::Null, vec!["*/conditions/2023"]),
        ("province-620000", "GET", "/v1/targets".to_owned(), Value::Null, vec!["*/conditions/2023"]),
    ];
    files.into_iter().chain(others).collect()
}

/// All of the stage's tables.
const ALL: &[&str] = &[
    "62001/conditions/2023",
    "62001/talent/2011",
    "62001/talent/2012",
    "62001/talent/2013",
    "62001/talent/2014",
    "62001/talent/2015",
    "62001/talent/2016",
];

/// By REST, what says only where tables stand: who asks, the route, the address, and what is recorded.
const REST_LISTS: &[(&str, &str, &str, &[&str])] = &[
    (
        "city-620100",
        "GET /v1/submissions",
        "/v1/submissions?dataset=talent&period=2012&period=2013",
        &["62001/talent/2012", "62001/talent/2013"],
    ),
    (
        "province-620000",
        "GET /v1/schools/{school}/submissions/{dataset}/{period}/revisions",
        "/v1/schools/62001/submissions/talent/2012/revisions",
        &["62001/talent/2012"],
    ),
    ("city-620100", "GET /v1/changes", "/v1/changes?limit=1000", ALL),
];

/// The tables with a protected figure that a claim is about, in the newest release.
const PROTECTED: &[&str] = &[
    "*/conditions/2021",
    "*/conditions/2022",
    "*/conditions/2023",
    "*/international/2023",
    "*/resources/2023",
    "*/satisfaction/2023",
    "*/talent/2023",
];

/// Those of them of which the reconciliation that is kept has figures.
const KEPT: &[&str] = &["*/conditions/2023"];

/// Documented routes that tell nothing that is not the caller's own words.
const CLOSED: &[&str] = &[
    "GET /v1/schools",
    "POST /v1/schools",
    "GET /v1/schools/{school}",
    "PATCH /v1/schools/{school}",
    "GET /v1/certification-batches",
    "POST /v1/certification-batches",
    "PATCH /v1/certification-batches/{batch}",
    "GET /v1/enterprise-certifications",
    "POST /v1/enterprise-certifications",
    "GET /v1/enterprise-certifications/{certification}",
    "PATCH /v1/enterprise-certifications/{certification}",
    "POST /v1/enterprise-certifications/{certification}/verdicts",
    "GET /v1/incentives",
    "POST /v1/incentives",
    "POST /v1/incentives/{incentive}/cancel",
    "GET /v1/internship-duties",
    "GET /v1/certification-agencies",
    "PUT /v1/certification-agencies/{agency}",
    "GET /v1/teacher-certifications",
    "POST /v1/teacher-certifications",
    "GET /v1/teacher-certifications/{certification}",
    "PATCH /v1/teacher-certifications/{certification}",
    "POST /v1/teacher-certifications/{certification}/verdicts",
    "POST /v1/teacher-certifications/{certification}/appeal",
    "GET /v1/certificates/{code}",
    "GET /v1/teacher-certification-statistics",
    "PUT /v1/schools/{school}/submissions/{dataset}/{period}",
    "PATCH /v1/schools/{school}/submissions/{dataset}/{period}",
    "GET /v1/rules",
    "POST /v1/rules",
    "PATCH /v1/rules/{code}",
    "GET /v1/releases",
    "GET /v1/releases/{version}",
    "GET /v1/releases/{version}/datapackage.json",
    "GET /v1/releases/{version}/dictionary.csv",
    "GET /sdmx/2.1/{resource}/{agency}/{id}/{version}",
    "GET /v1/claims/explanations",
    "POST /v1/claims/explanations",
    "GET /v1/claims/reconciliations",
];

/// By GraphQL: who asks, what, and what is recorded.
const GRAPHQL_DOORS: &[(&str, &str, &[&str])] = &[
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { observations { value } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { findings { code } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { skippedRules }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { revisionAt(number: 1) { observations { value } } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { revisionAt(number: 1) { findings { code } } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { revisions { nodes { observations { value } } } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { diff(from: 1, to: 1) { change } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { review { sinceLastYear { change } } }",
        &["62001/talent/2011", "62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { review { peers { city { median } } } }",
        &["*/talent/2012", "62001/talent/2012"],
    ),
    (
        "city-620100",
        "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { peers { city { median } } }",
        &["*/talent/2012", "62001/talent/2012"],
    ),
    (
        "city-620100",
        "submissions(filter: { school: [\"62001\"], dataset: [\"talent\"], period: [\"2011\", \"2012\"] }) { nodes { observations { value } } }",
        &["62001/talent/2011", "62001/talent/2012"],
    ),
    (
        "province-620000",
        "school(code: \"62001\") { submissions(period: \"2012\") { observations { value } } }",
        &["62001/talent/2012"],
    ),
    (
        "city-620100",
        "school(code: \"62001\") { observations(period: \"2023\", indicators: [\"conditions.floor_area_per_student\"]) { value } }",
        &["62001/conditions/2023"],
    ),
    ("city-620100", "node(id: \"{id}\") { ... on Submission { observations { value } } }", &["62001/talent/2012"]),
    (
        "province-620000",
        "aggregate(input: { indicators: [\"talent.graduates\"], period: \"2012\", release: \"live\" }) { release }",
        &["*/talent/2012"],
    ),
    (
        "city-620100",
        "aggregate(input: { indicators: [\"talent.graduates\"], period: \"2012\", release: \"current\" }) { release }",
        &["*/talent/2012"],
    ),
    ("province-620000", "reconciliation { verdict }", PROTECTED),
    ("province-620000", "keptReconciliation(id: \"{kept}\") { outcomes { verdict } }", KEPT),
    (
        "province-620000",
        "aggregate(input: { indicators: [\"conditions.floor_area_per_student\"], period: \"2023\" }) { release }",
        &["*/conditions/2023"],
    ),
    ("province-620000", "compliance(period: \"2023\") { release }", &["*/conditions/2023"]),
    ("city-620100", "city(code: \"620100\") { compliance(period: \"2023\") { release } }", &["*/conditions/2023"]),
    // By the share of schools that meet the standards.
    ("province-620000", "targets { judgement { verdict } }", &["*/conditions/2023"]),
    (
        "province-620000",
        "release(version: \"1.1.0\") { changes(dataset: \"conditions\") { totalCount } }",
        &["62001/conditions/2023"],
    ),
];

/// By GraphQL, what says only where tables stand.
const GRAPHQL_LISTS: &[(&str, &str, &[&str])] = &[
    (
        "city-620100",
        "submissions(filter: { dataset: [\"talent\"], period: [\"2014\"] }) { nodes { state updatedAt } }",
        &["62001/talent/2014"],
    ),
    ("province-620000", "school(code: \"62001\") { submissions(period: \"2015\") { state } }", ALL),
    (
        "city-620100",
        "city(code: \"620100\") { submissionsProgress(period: \"2014\") { received } }",
        &["62001/talent/2014"],
    ),
];

/// What is public, and what is the caller's own: nothing is recorded.
const GRAPHQL_CLOSED: &[(&str, &str)] = &[
    ("school-62001", "submissions { nodes { state updatedAt } }"),
    // What is kept is listed without what it says.
    ("province-620000", "reconciliations { nodes { id differs contradicts } }"),
    (
        "city-620100",
        "school(code: \"62001\") { name observations(period: \"2023\", indicators: [\"scale.students\"]) { value } }",
    ),
    ("province-620000", "aggregate(input: { indicators: [\"scale.students\"], period: \"2023\" }) { release }"),
    (
        "analyst",
        "aggregate(input: { indicators: [\"conditions.floor_area_per_student\"], period: \"2023\" }) { release }",
    ),
    // Not there for it.
    ("city-620500", "submission(school: \"62001\", dataset: \"talent\", period: \"2012\") { observations { value } }"),
];

async fn staged() -> TestApp {
    let app = TestApp::new().await;
    for (period, state) in [
        ("2011", State::Accepted),
        ("2012", State::Accepted),
        ("2013", State::Submitted),
        ("2014", State::Submitted),
        ("2015", State::Draft),
        ("2016", State::Submitted),
    ] {
        stage::bring(&app, &Key::new("62001", "talent", period), &stage::talent(8_000), state).await;
    }
    stage::bring(&app, &Key::new("62001", "conditions", "2023"), &stage::conditions(20.5), State::Accepted).await;
    stage::release(&app, entity::words::ReleaseKind::Minor).await;
    // What the stage itself has read is not of the test.
    accesses::write(&app.system(), &app.house.accesses).await.unwrap();
    app
}

/// The record of a request, once it is there: it is written when the request is over.
pub async fn recorded(app: &TestApp, request: &str) -> accesses::Access {
    let began = Instant::now();
    loop {
        accesses::write(&app.system(), &app.house.accesses).await.unwrap();
        let mut found = of_request(app, request).await;
        match found.len() {
            0 => assert!(began.elapsed() < Duration::from_secs(20), "{request} left no record"),
            1 => return found.remove(0),
            _ => panic!("{request} left {} records", found.len()),
        }
        tokio::task::yield_now().await;
    }
}

async fn of_request(app: &TestApp, request: &str) -> Vec<accesses::Access> {
    let filter = Filter { request_id: Some(request.to_owned()), ..Filter::default() };
    let ask = Ask { limit: 10, after: None, before: None, from_end: false };
    accesses::list(&app.system(), &filter, &ask).await.unwrap().items
}

/// The tables of a record, as `school/dataset/period`.
pub fn tables(access: &accesses::Access) -> Vec<String> {
    access.tables.iter().map(|table| table.join("/")).collect()
}

fn listed(access: &accesses::Access) -> Vec<String> {
    access.listed.iter().map(|table| table.join("/")).collect()
}

/// That it was told where these tables stand, and perhaps others, and of none what it says.
#[track_caller]
fn expect_listed(access: &accesses::Access, expected: &[&str], about: &str) {
    let listed = listed(access);
    assert!(expected.iter().all(|place| listed.iter().any(|one| one == place)), "{about}: {listed:?}");
    assert!(tables(access).is_empty(), "{about}: {access:?}");
}

#[tokio::test]
async fn every_door_to_what_is_not_published_leaves_a_record() {
    let app = staged().await;
    let server = app.serve().await;
    let province = app.as_(Role::Province, "620000");
    let kept = claims::keep(&province, claims::Ask::default()).await.unwrap().row.id.to_string();
    drop(province);
    let mut tried = BTreeSet::new();
    for (number, (client, method, path, body, expected)) in rest_doors().into_iter().enumerate() {
        let path = path.replace("{kept}", &kept);
        let caller = server.client(client).await;
        let request = format!("rest-door-{number}");
        let headers = [("x-request-id", request.as_str()), ("if-match", "*")];
        let headers = if method == "GET" { &headers[..1] } else { &headers[..] };
        let answer = caller.send(method, &path, headers, Some(&body).filter(|body| !body.is_null())).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text);
        let access = recorded(&app, &request).await;
        assert_eq!(tables(&access), expected, "{method} {path}");
        assert_eq!(access.actor, Some(format!("client:demo-{client}")));
        assert!(access.address.is_some() && access.door.starts_with(method), "{access:?}");
        tried.insert(access.door);
    }
    for (number, (client, route, path, expected)) in REST_LISTS.iter().enumerate() {
        let request = format!("rest-list-{number}");
        stage::sealed(&app).await;
        server.client(client).await.send("GET", path, &[("x-request-id", &request)], None).await.expect(200);
        let access = recorded(&app, &request).await;
        expect_listed(&access, expected, route);
        tried.insert((*route).to_owned());
    }
    // Every documented route to tables is either tried here or said to tell nothing.
    let document = serde_json::to_value(rest::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let near = [
            "/v1/schools",
            "/v1/submissions",
            "/v1/templates",
            "/v1/rules",
            "/v1/releases",
            "/v1/data/",
            "/v1/claims",
            "/sdmx",
        ];
        let is_near = near.iter().any(|near| path.starts_with(near));
        for method in item.as_object().unwrap().keys().filter(|_| is_near) {
            let route = format!("{} {path}", method.to_uppercase());
            assert!(tried.contains(&route) != CLOSED.contains(&route.as_str()), "{route} has no verdict, or two");
        }
    }
    for (number, (client, field, expected)) in GRAPHQL_DOORS.iter().enumerate() {
        let caller = server.client(client).await;
        let request = format!("graphql-door-{number}");
        let id = zhiqiao::page::cursor(&["Submission", "62001", "talent", "2012"]);
        let said = ask(&caller, &request, &field.replace("{id}", &id).replace("{kept}", &kept)).await;
        assert!(said.get("errors").is_none(), "{field}: {said}");
        let access = recorded(&app, &request).await;
        assert_eq!(tables(&access), *expected, "{field}");
        assert_eq!(access.door, "POST /graphql");
    }
    for (number, (client, field, expected)) in GRAPHQL_LISTS.iter().enumerate() {
        let request = format!("graphql-list-{number}");
        ask(&server.client(client).await, &request, field).await;
        let access = recorded(&app, &request).await;
        expect_listed(&access, expected, field);
    }
    let before = data_access::Entity::find().count(app.house.db.read()).await.unwrap();
    for (number, (client, field)) in GRAPHQL_CLOSED.iter().enumerate() {
        ask(&server.client(client).await, &format!("closed-door-{number}"), field).await;
    }
    server.stop().await;
    assert_eq!(data_access::Entity::find().count(app.house.db.read()).await.unwrap(), before);
}

async fn ask(caller: &Caller, request: &str, field: &str) -> Value {
    let body = json!({ "query": format!("{{ {field} }}") });
    caller.send("POST", "/graphql", &[("x-request-id", request)], Some(&body)).await.json()
}

#[tokio::test]
async fn a_school_may_know_which_officials_have_read_its_tables() {
    let app = staged().await;
    let server = app.serve().await;
    let [own, other, auditor] =
        [server.client("school-62001").await, server.client("school-62005").await, server.client("auditor").await];
    let table = format!("{TABLE}/talent/2012");
    for (client, request) in
        [("city-620100", "by-its-city"), ("province-620000", "by-the-province"), ("school-62001", "by-itself")]
    {
        let caller = server.client(client).await;
        caller.send("GET", &table, &[("x-request-id", request)], None).await.expect(200);
        recorded(&app, request).await;
    }
    let live =
        "aggregate(input: { indicators: [\"talent.graduates\"], period: \"2012\", release: \"live\" }) { release }";
    for (client, request) in [("province-620000", "all-of-the-province"), ("city-620500", "all-of-another-city")] {
        ask(&server.client(client).await, request, live).await;
        recorded(&app, request).await;
    }
    // Looks at lists are for auditors.
    let list = "/v1/submissions?dataset=talent&period=2012";
    server.client("city-620100").await.send("GET", list, &[("x-request-id", "only-a-list")], None).await.expect(200);
    recorded(&app, "only-a-list").await;
    // What the stage has read, past the doors, is not of the test.
    let of = |answer: Value| -> Vec<Value> {
        answer["accesses"].as_array().unwrap().iter().filter(|one| one["door"] != "-").cloned().collect()
    };
    let seen = of(own.get("/v1/accesses?dataset=talent&period=2012").await.expect(200).json());
    let readers: Vec<&Value> = seen.iter().map(|one| &one["role"]).collect();
    assert_eq!(readers, ["CITY", "PROVINCE", "PROVINCE"], "{seen:?}");
    for one in &seen {
        assert!(one.get("actor").is_none() && one.get("address").is_none() && one.get("request_id").is_none(), "{one}");
    }
    let foreign = of(other.get("/v1/accesses?dataset=talent&period=2012").await.expect(200).json());
    assert!(
        foreign.iter().all(|one| one["tables"].as_array().unwrap().iter().all(|table| table["school"] == "*")),
        "{foreign:?}"
    );
    let all = of(auditor.get("/v1/accesses?school=62001&dataset=talent&period=2012").await.expect(200).json());
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(all[0]["actor"], "client:demo-city-620100");
    assert_eq!(all[5]["listed"][0]["period"], "2012", "{all:?}");
    let page = auditor.get("/v1/accesses?limit=2").await.expect(200).json();
    let next = auditor
        .get(&format!("/v1/accesses?limit=2&cursor={}", page["next"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_ne!(page["accesses"][1]["id"], next["accesses"][0]["id"]);
    let query = "{ it: accesses(filter: { org: \"620100\", requestId: \"by-its-city\" }) { totalCount nodes { time actor role org door requestId address tables { school dataset period } } } }";
    let by_graphql = Caller::data(auditor.graphql(query, json!({})).await)["it"].clone();
    assert_eq!((&by_graphql["totalCount"], &by_graphql["nodes"][0]["requestId"]), (&json!(1), &json!("by-its-city")));
    for (client, status) in [("city-620100", 403), ("province-620000", 403), ("admin", 403), ("analyst", 403)] {
        server.client(client).await.get("/v1/accesses").await.expect(status);
    }
    server.anonymous().get("/v1/accesses").await.expect(401);
    server.stop().await;
}

#[tokio::test]
async fn records_are_kept_three_years_and_no_longer() {
    let app = staged().await;
    let ctx = app.as_(Role::City, "620100");
    ctx.saw("62001", "talent", "2012").unwrap();
    drop(ctx);
    accesses::write(&app.system(), &app.house.accesses).await.unwrap();
    let db = app.house.db.write();
    let count = async || data_access::Entity::find().count(app.house.db.read()).await.unwrap();
    let before = count().await;
    for (id, years) in [(1_u128, 2), (2, 4)] {
        let id = entity::ids::AccessId(uuid::Uuid::from_u128(id));
        let row = data_access::Model {
            id,
            at: chrono::Utc::now() - chrono::TimeDelta::days(365 * years + 10),
            actor: "client:city".to_owned(),
            actor_role: "CITY".to_owned(),
            actor_org: Some("620100".to_owned()),
            door: "-".to_owned(),
            request_id: None,
            address: None,
        };
        data_access::Entity::insert(data_access::ActiveModel::from(row)).exec_without_returning(db).await.unwrap();
        let table = data_access_table::Model {
            access_id: id,
            school_code: "62001".to_owned(),
            dataset_code: "talent".into(),
            period_code: "2012".into(),
            is_listed: false,
        };
        let table = data_access_table::ActiveModel::from(table);
        data_access_table::Entity::insert(table).exec_without_returning(db).await.unwrap();
    }
    for refused in [
        "UPDATE data_access SET actor = 'x'",
        "UPDATE data_access_table SET school_code = 'x'",
        "DELETE FROM data_access_table",
        "DELETE FROM data_access",
    ] {
        let fault = db.execute_unprepared(refused).await.unwrap_err().to_string();
        assert!(fault.contains("kept three years"), "{refused}: {fault}");
    }
    assert_eq!(accesses::purge(&app.system()).await.unwrap(), 1);
    assert_eq!(count().await, before + 1);
}
