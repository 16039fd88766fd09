//! What a push says beside its cells: a dry run stores nothing, and a table does not shrink by accident.

use entity::{batch, revision};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::{
    app::{Answer, Caller, TestApp},
    batches::files::{Cells, csv},
    stage,
    wire::{problem, send},
};

const PATH: &str = "/v1/schools/62001/submissions/talent/2021";

async fn put(caller: &Caller, query: &str, if_match: Option<&str>, cells: &Value) -> Answer {
    caller.put(&format!("{PATH}{query}"), if_match, &json!({ "observations": cells })).await
}

async fn patch(caller: &Caller, query: &str, if_match: Option<&str>, cells: &Value) -> Answer {
    let headers: Vec<(&str, &str)> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
    caller.send("PATCH", &format!("{PATH}{query}"), &headers, Some(&json!({ "observations": cells }))).await
}

/// How much there is of everything that a push writes.
async fn written(app: &TestApp) -> (u64, u64) {
    let db = app.house.db.read();
    (revision::Entity::find().count(db).await.unwrap(), stage::changes(app).await)
}

fn codes(answer: &Answer) -> Vec<String> {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    let is_error = |one: &&Value| one["severity"] == "error";
    errors.iter().filter(is_error).map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

/// The table of a test with one thing that its school should see.
fn unusual() -> Value {
    let mut cells = stage::talent(8_000);
    cells["talent.further_study"] = json!(7_901);
    cells
}

#[tokio::test]
async fn a_dry_run_says_everything_and_stores_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let before = written(&app).await;
    let tried = put(&school, "?dry_run=true", None, &unusual()).await.expect(200);
    let said = tried.json();
    assert_eq!((&said["dry_run"], &said["state"], &said["revision"]), (&json!(true), &json!("draft"), &json!(1)));
    assert!(said["etag"].is_null() && said["receipt"].is_null() && tried.header("etag").is_none());
    assert!(!said["findings"].as_array().unwrap().is_empty());
    school.get(PATH).await.expect(404);
    // Refusals are those of a push, in the same order.
    for (caller, status) in [("school-62002", 404), ("city-620100", 403), ("analyst", 404)] {
        put(&server.client(caller).await, "?dry_run=true", None, &json!({ "x": 1 })).await.expect(status);
    }
    patch(&school, "?dry_run=true", None, &json!({ "talent.placed": 1 })).await.expect(404);
    put(&school, "?dry_run=true", Some("\"1-1-0\""), &unusual()).await.expect(412);
    let wrong = put(&school, "?dry_run=true", None, &json!({ "talent.graduates": -1, "talent.x": 1 })).await;
    assert_eq!((wrong.status, codes(&wrong).len()), (422, 2), "{}", wrong.text);
    assert_eq!(put(&school, "?dry_run=maybe", None, &unusual()).await.status, 400);
    assert_eq!(put(&school, "?dryrun=true", None, &unusual()).await.status, 400, "a misspelt word stores nothing");
    assert_eq!(written(&app).await, before);

    // What it said is what the push says.
    let done = put(&school, "", None, &unusual()).await.expect(201);
    for member in ["hash", "revision", "findings", "observations", "missing", "skipped_rules", "removed"] {
        assert_eq!(done.json()[member], said[member], "{member}");
    }
    // Over a table that is there it needs no tag, and names what would go.
    let stored = school.get(PATH).await.expect(200).json();
    let fewer = stage::talent(8_000);
    let tried = put(&school, "?dry_run=true", None, &fewer).await.expect(200).json();
    assert_eq!((&tried["revision"], &tried["removed"]), (&json!(2), &json!(["talent.further_study"])));
    let tried = patch(&school, "?dry_run=true", None, &json!({ "talent.placed": 7_000 })).await.expect(200).json();
    assert_eq!(tried["observations"]["talent.placed"]["value"], 7_000);
    assert_eq!(put(&school, "?dry_run=true", None, &unusual()).await.expect(200).json()["revision"], 1, "the same");
    assert_eq!(school.get(PATH).await.expect(200).json(), stored);
    server.stop().await;
}

#[tokio::test]
async fn a_dry_run_by_graphql_is_the_same() {
    const PUSH: &str = "mutation ($input: PushSubmissionInput!) { it: pushSubmission(input: $input) {
        receipt removed isFirst submission { etag revision hash state findings { code } } } }";
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let before = written(&app).await;
    let cells =
        json!([{ "indicator": "talent.graduates", "value": 8000 }, { "indicator": "talent.placed", "value": 8001 }]);
    let mut input =
        json!({ "school": "62001", "dataset": "talent", "period": "2021", "observations": cells, "dryRun": true });
    let tried = Caller::data(school.graphql(PUSH, json!({ "input": input })).await)["it"].clone();
    assert_eq!(written(&app).await, before);
    assert!(tried["receipt"].is_null() && tried["submission"]["etag"].is_null(), "{tried}");
    input["dryRun"] = json!(false);
    let done = Caller::data(school.graphql(PUSH, json!({ "input": input })).await)["it"].clone();
    assert!(done["receipt"].is_string() && done["submission"]["etag"].is_string(), "{done}");
    for member in ["revision", "hash", "state", "findings"] {
        assert_eq!(done["submission"][member], tried["submission"][member], "{member}");
    }
    assert!(!tried["submission"]["findings"].as_array().unwrap().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_table_does_not_shrink_by_accident() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let tag = put(&school, "", None, &stage::talent(8_000)).await.expect(201).header("etag").unwrap().to_owned();
    let before = written(&app).await;
    let keep = |count: usize| {
        let all = stage::talent(8_000);
        Value::Object(all.as_object().unwrap().clone().into_iter().take(count).collect())
    };
    // Seven cells are stored: three of them may go, four may not.
    let refused = put(&school, "", Some(&tag), &keep(3)).await;
    let said = problem(&refused, 422, "invalid");
    let guard = &said["errors"][0];
    assert_eq!((&guard["code"], &guard["expected"], &guard["got"]), (&json!("shrinks"), &json!("≤ 3"), &json!("4")));
    assert!(guard["message"].as_str().unwrap().contains("confirm=shrink"), "{guard}");
    // All that is wrong at once; and what is stated wrongly is not gone.
    let mut both = keep(3);
    both["talent.graduates"] = json!(-1);
    assert_eq!(codes(&put(&school, "", Some(&tag), &both).await), ["below_minimum", "shrinks"]);
    let mut faulty = stage::talent(8_000);
    for (_, cell) in faulty.as_object_mut().unwrap() {
        *cell = json!("x");
    }
    assert!(!codes(&put(&school, "", Some(&tag), &faulty).await).contains(&"shrinks".to_owned()));
    let nulls: Value =
        stage::talent(1_000).as_object().unwrap().keys().take(4).map(|code| (code.clone(), Value::Null)).collect();
    assert_eq!(codes(&patch(&school, "", Some(&tag), &nulls).await), ["shrinks"]);
    assert_eq!(codes(&put(&school, "?dry_run=true", None, &json!({})).await), ["shrinks"]);
    assert_eq!(put(&school, "?confirm=yes", Some(&tag), &keep(3)).await.status, 400);
    assert_eq!(written(&app).await, before);

    let shrunk = put(&school, "?confirm=shrink", Some(&tag), &keep(3)).await.expect(200).json();
    assert_eq!(shrunk["removed"].as_array().unwrap().len(), 4);
    put(&school, "", Some("*"), &stage::talent(8_000)).await.expect(200);
    put(&school, "", Some("*"), &keep(4)).await.expect(200);
    patch(&school, "?confirm=shrink", Some("*"), &nulls).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_batch_shrinks_no_table_by_accident_either() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    put(&school, "", None, &stage::talent(8_000)).await.expect(201);
    let rows: Vec<Cells<'_>> = vec![
        ["62001", "talent", "2021", "talent.graduates", "8000"],
        ["62001", "scale", "2021", "scale.students", "25688"],
    ];
    let post = async |query: &str| {
        let headers = [("content-type", "text/csv")];
        send(&school, "POST", &format!("/v1/batches{query}"), &headers, csv(&rows).into_bytes())
            .await
            .expect(200)
            .json()
    };
    let states = |batch: &Value| {
        let tables = batch["tables"].as_array().unwrap().clone();
        tables.into_iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for query in ["?dry_run=true", ""] {
        let guarded = post(query).await;
        assert_eq!(states(&guarded), ["draft", "rejected"], "{query}");
        assert_eq!((&guarded["causes"][0]["code"], &guarded["causes"][0]["rows"]), (&json!("shrinks"), &json!(1)));
    }
    assert_eq!(school.get(PATH).await.json()["revision"], 1);
    assert_eq!(states(&post("?confirm=shrink&dry_run=true").await), ["draft", "draft"]);
    assert_eq!(states(&post("?confirm=shrink").await), ["draft", "draft"]);
    assert_eq!(school.get(PATH).await.json()["observations"].as_object().unwrap().len(), 1);
    let kept = batch::Entity::find().all(app.house.db.read()).await.unwrap();
    assert_eq!(kept.iter().filter(|row| row.may_shrink).count(), 2);
    server.stop().await;
}
