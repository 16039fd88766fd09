//! What is refused is in the journal: counted for each caller, door and minute, and told to nobody but auditors.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use entity::journal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use zhiqiao::domain::refusals::{self, Attempt};

use crate::{
    app::{Caller, Server, TestApp},
    surface::status_of,
};

/// Every refusal that is in the journal: actor, door and code, with how often.
async fn told(app: &TestApp) -> BTreeMap<(String, String, String), u64> {
    let rows = journal::Entity::find().filter(journal::Column::Action.eq("access.refused"));
    let mut told = BTreeMap::new();
    for row in rows.all(app.house.db.read()).await.unwrap() {
        let data: Value = serde_json::from_str(&row.data).unwrap();
        let code = data["code"].as_str().unwrap().to_owned();
        assert!(data["minute"].as_str().unwrap().ends_with(":00Z"), "{data}");
        assert!(row.address.is_some() && row.school_code.is_none());
        *told.entry((row.actor, row.object, code)).or_default() += data["count"].as_u64().unwrap();
    }
    told
}

async fn secretly(server: &Server, path: &str, body: &str, kind: &str) -> u16 {
    let request = server.http.post(format!("{}{path}", server.base)).header("content-type", kind.to_owned());
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_refusal_is_counted_by_caller_door_and_code() {
    const TABLE: &str = "/v1/schools/62001/submissions/scale/2023";
    const PATTERN: &str = "/v1/schools/{school}/submissions/{dataset}/{period}";
    let app = TestApp::new().await;
    let server = app.serve().await;
    let [school, city, admin] =
        [server.client("school-62001").await, server.client("city-620100").await, server.client("admin").await];
    let anonymous = server.anonymous();
    for _ in 0..3 {
        anonymous.get(TABLE).await.expect(401);
    }
    city.put(TABLE, Some("*"), &json!({ "observations": {} })).await.expect(403);
    school.get("/v1/schools/62005/submissions/scale/2023").await.expect(404);
    // Its own table that it has not stated yet is not there, and nothing is refused; nor is what is public.
    school.get("/v1/schools/62001/submissions/scale/1999").await.expect(404);
    school.get("/v1/releases/7.7.7").await.expect(404);
    school.get("/v1/nothing/here").await.expect(404);
    let bad = Caller { token: Some("not.a.token-at-all".to_owned()), ..server.anonymous() };
    bad.get("/v1/changes").await.expect(401);
    // By GraphQL, and among many.
    let query =
        "{ aggregate(input: { indicators: [\"scale.students\"], period: \"2023\", release: \"live\" }) { release } }";
    let refused = admin.graphql(query, json!({})).await;
    assert_eq!(status_of(refused["errors"][0]["extensions"]["code"].as_str().unwrap()), 403);
    // A look-up answers `null` and is counted all the same, but for a school's own and for what is public.
    for key in ["62005", "62001"] {
        let of = format!("school: \"{key}\", dataset: \"scale\", period: \"1999\"");
        school.graphql(&format!("{{ submission({of}) {{ id }} }}"), json!({})).await;
        let id = zhiqiao::page::cursor(&["Submission", key, "scale", "1999"]);
        school
            .graphql(&format!("{{ a: node(id: \"{id}\") {{ id }} b: node(id: \"{id}\") {{ id }} }}"), json!({}))
            .await;
    }
    school.graphql("{ release(version: \"7.7.7\") { version } school(code: \"1\") { code } }", json!({})).await;
    let many = json!({ "tables": [{ "school": "62005", "dataset": "scale", "period": "2023", "if_match": "*" }] });
    city.post("/v1/submissions/approve", None, &many).await.expect(200);
    // Sign-ins and tokens.
    let wrong = r#"{"username":"demo-admin","password":"a-password-that-is-wrong"}"#;
    assert_eq!(secretly(&server, "/v1/session", wrong, "application/json").await, 401);
    let form = "grant_type=client_credentials&client_id=demo-admin&client_secret=a-secret-that-is-wrong";
    assert_eq!(secretly(&server, "/oauth/token", form, "application/x-www-form-urlencoded").await, 401);
    assert_eq!(
        secretly(&server, "/oauth/token", "grant_type=password", "application/x-www-form-urlencoded").await,
        400
    );
    server.stop().await;

    let public = "public";
    let (city, school) = ("client:demo-city-620100", "client:demo-school-62001");
    let expected = [
        (public, format!("GET {PATTERN}"), "UNAUTHENTICATED", 3),
        (city, format!("PUT {PATTERN}"), "FORBIDDEN", 1),
        (school, format!("GET {PATTERN}"), "NOT_FOUND", 1),
        (public, "GET /v1/changes".to_owned(), "UNAUTHENTICATED", 1),
        ("client:demo-admin", "POST /graphql".to_owned(), "FORBIDDEN", 1),
        (city, "POST /v1/submissions/approve".to_owned(), "NOT_FOUND", 1),
        (school, "POST /graphql".to_owned(), "NOT_FOUND", 3),
        (public, "POST /v1/session".to_owned(), "UNAUTHENTICATED", 1),
        (public, "POST /oauth/token".to_owned(), "UNAUTHENTICATED", 1),
        (public, "POST /oauth/token".to_owned(), "MALFORMED", 1),
    ];
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(actor, door, code, count)| ((actor.to_owned(), door, code.to_owned()), count))
        .collect();
    assert_eq!(told(&app).await, expected);

    // No password, no secret, no token; and nobody's feed has it.
    for row in journal::Entity::find().all(app.house.db.read()).await.unwrap() {
        let text = format!("{row:?}");
        for secret in ["a-password-that-is-wrong", "a-secret-that-is-wrong", "not.a.token"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let server = app.serve().await;
    for client in ["province-620000", "school-62001", "auditor", "admin"] {
        let feed = server.client(client).await.get("/v1/changes?limit=1000").await.expect(200);
        assert!(!feed.text.contains("access.refused"), "{client}");
    }
    let audit = server.client("auditor").await.get("/v1/audit?action=access.refused").await.expect(200);
    assert_eq!(audit.json()["entries"].as_array().unwrap().len(), expected.len());
    server.stop().await;
}

#[tokio::test]
async fn a_minute_is_written_when_it_is_over_and_nothing_is_lost_when_it_cannot_be() {
    let app = TestApp::new().await;
    let codes = BTreeMap::from([("FORBIDDEN", 2)]);
    let attempt = Attempt { actor: None, address: Some("192.0.2.1"), door: "GET /x", request_id: "a-request" };
    let refusals = &app.house.refusals;
    let now = Utc::now();
    refusals.count(now - TimeDelta::minutes(2), attempt, &codes);
    refusals.count(now - TimeDelta::minutes(1), attempt, &codes);
    refusals.count(now + TimeDelta::minutes(5), attempt, &codes);
    // A caller's own right does not reach so far; what it could not write waits.
    let stranger = app.as_(zhiqiao::authz::Role::Province, "620000");
    assert!(refusals::write(&stranger, refusals, true).await.is_err());
    // Nor is anything lost where the database takes nothing.
    let cut_off = app.twin().await;
    cut_off.house.db.clone().close().await.unwrap();
    assert!(refusals::write(&cut_off.system(), refusals, true).await.is_err());
    let ctx = app.system();
    assert_eq!(refusals::write(&ctx, refusals, false).await.unwrap(), 2);
    assert_eq!(refusals::write(&ctx, refusals, false).await.unwrap(), 0);
    assert_eq!(told(&app).await.values().sum::<u64>(), 4);
    assert_eq!(refusals::write(&ctx, refusals, true).await.unwrap(), 1);
    assert_eq!(told(&app).await.values().sum::<u64>(), 6);
}
