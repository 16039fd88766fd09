//! Many tables in one call: each is judged alone, and says what became of it.

use entity::{journal, words::SubmissionState as State};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, TestApp},
    stage,
    surface::status_of,
    wire::problem,
};

const TABLES: [(&str, &str, State); 5] = [
    ("62001", "2031", State::Submitted),
    ("62002", "2031", State::Submitted),
    ("62001", "2032", State::Submitted),
    ("62001", "2033", State::Draft),
    // A school of another city.
    ("62005", "2031", State::Submitted),
];

async fn staged() -> TestApp {
    let app = TestApp::new().await;
    for (school, period, state) in TABLES {
        stage::bring(&app, &Key::new(school, "talent", period), &stage::talent(8_000), state).await;
    }
    app
}

async fn tag(caller: &Caller, school: &str, period: &str) -> String {
    let path = format!("/v1/schools/{school}/submissions/talent/{period}");
    caller.get(&path).await.expect(200).header("etag").unwrap().to_owned()
}

fn one(school: &str, period: &str, tag: Option<&str>) -> Value {
    let mut one = json!({ "school": school, "dataset": "talent", "period": period });
    if let Some(tag) = tag {
        one["if_match"] = json!(tag);
    }
    one
}

/// What a city names, and the status of each verdict.
async fn named(city: &Caller) -> (Vec<Value>, Vec<u16>) {
    let (first, second) = (tag(city, "62001", "2031").await, tag(city, "62002", "2031").await);
    let rows = [
        (one("62001", "2031", Some(&first)), 200),
        (one("62001", "2032", Some(&first)), 412),
        (one("62001", "2032", None), 428),
        (one("62001", "2033", Some("*")), 409),
        (one("62005", "2031", Some("*")), 404),
        (one("62009", "1999", Some("*")), 404),
        // The second time it is not the table any more that was seen.
        (one("62001", "2031", Some(&first)), 412),
        (one("62002", "2031", Some(&second)), 200),
    ];
    rows.into_iter().unzip()
}

#[tokio::test]
async fn many_tables_are_judged_each_alone() {
    let app = staged().await;
    let server = app.serve().await;
    let (city, province) = (server.client("city-620100").await, server.client("province-620000").await);
    let (tables, statuses) = named(&city).await;
    let body = json!({ "tables": tables });
    // Under a key it has its effect once, and says the same again.
    let under =
        async || city.send("POST", "/v1/submissions/approve", &[("idempotency-key", "many")], Some(&body)).await;
    let answer = under().await.expect(200);
    let said = answer.json();
    assert_eq!((&said["done"], &said["refused"]), (&json!(2), &json!(6)));
    for ((verdict, table), status) in said["verdicts"].as_array().unwrap().iter().zip(&tables).zip(&statuses) {
        assert_eq!(verdict["status"], *status, "{table}: {verdict}");
        assert_eq!((&verdict["school"], &verdict["period"]), (&table["school"], &table["period"]));
        if *status == 200 {
            assert_eq!(verdict["state"], "approved");
            assert_eq!(verdict["etag"], tag(&city, table["school"].as_str().unwrap(), "2031").await);
        } else {
            assert_eq!(verdict["problem"]["status"], *status);
            assert!(verdict["problem"]["type"].as_str().unwrap().starts_with("urn:zhiqiao:problem:"), "{verdict}");
        }
    }
    let unseen = |at: usize| said["verdicts"][at]["problem"]["detail"].clone();
    assert_eq!(unseen(4), unseen(5), "a foreign table is one that was never there");
    let again = under().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), again.json()), (Some("true"), said));
    let db = app.house.db.read();
    let approved = journal::Entity::find().filter(journal::Column::Action.eq("submission.approved"));
    assert_eq!(approved.filter(journal::Column::Object.contains("/2031")).count(db).await.unwrap(), 2);

    // The province goes on from there.
    let accepted = [one("62001", "2031", Some("*")), one("62005", "2031", Some("*"))];
    let said = province.post("/v1/submissions/accept", None, &json!({ "tables": accepted })).await.expect(200).json();
    let verdicts = said["verdicts"].as_array().unwrap();
    assert_eq!((&verdicts[0]["state"], &verdicts[1]["status"]), (&json!("accepted"), &json!(409)));
    assert!(verdicts[1]["etag"].is_null());

    for (caller, path, status) in [
        (&city, "accept", 403),
        (&province, "approve", 403),
        (&server.client("school-62001").await, "approve", 403),
        (&server.anonymous(), "approve", 401),
        (&server.client("analyst").await, "approve", 403),
    ] {
        caller.post(&format!("/v1/submissions/{path}"), None, &body).await.expect(status);
    }
    let many = vec![one("62001", "2031", Some("*")); 201];
    for wrong in [json!([]), json!(many)] {
        let refused = city.post("/v1/submissions/approve", None, &json!({ "tables": wrong })).await;
        assert_eq!(problem(&refused, 422, "invalid")["errors"][0]["code"], "how_many");
    }
    server.stop().await;
}

#[tokio::test]
async fn many_tables_by_graphql_are_judged_the_same() {
    const APPROVE: &str = "mutation ($tables: [ApproveSubmissionInput!]!) { it: approveSubmissions(tables: $tables) {
        done refused verdicts { school dataset period submission { state etag } error { code type message findings { code } } } } }";
    let app = staged().await;
    let server = app.serve().await;
    let city = server.client("city-620100").await;
    let (mut tables, statuses) = named(&city).await;
    for table in &mut tables {
        let members = table.as_object_mut().unwrap();
        if let Some(tag) = members.remove("if_match") {
            members.insert("ifMatch".to_owned(), tag);
        }
    }
    let said = Caller::data(city.graphql(APPROVE, json!({ "tables": tables })).await)["it"].clone();
    assert_eq!((&said["done"], &said["refused"]), (&json!(2), &json!(6)));
    for (verdict, status) in said["verdicts"].as_array().unwrap().iter().zip(statuses) {
        match verdict["error"]["code"].as_str() {
            None => assert_eq!((status, &verdict["submission"]["state"]), (200, &json!("APPROVED"))),
            Some(code) => assert_eq!(status_of(code), status, "{verdict}"),
        }
        assert!(verdict["error"].is_null() || verdict["submission"].is_null());
    }
    let province = server.client("province-620000").await;
    let accept = APPROVE.replace("Approve", "Accept").replace("approve", "accept");
    let tables = json!({ "tables": [{ "school": "62002", "dataset": "talent", "period": "2031", "ifMatch": "*" }] });
    let said = Caller::data(province.graphql(&accept, tables.clone()).await)["it"].clone();
    assert_eq!(said["verdicts"][0]["submission"]["state"], "ACCEPTED");
    let refused = city.graphql(&accept, tables).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    server.stop().await;
}
