//! The order of commits, with two server processes over one PostgreSQL: what commits late is not missed.

use std::time::Duration;

use entity::idempotency;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::once::Once,
};

use super::{Place, Process, connect, prepare};
use crate::{
    app::{Answer, Caller, TestApp, postgres},
    stage,
};

/// Longer than anything here takes, and shorter than a statement may wait.
const PATIENCE: Duration = Duration::from_secs(25);

const LATE: &str = "/v1/schools/62001/submissions/talent/2020";
const EARLY: &str = "/v1/schools/62002/submissions/talent/2021";
const KEY: &str = "held";

/// The events of an answer as type and object, and where it ends.
fn told(answer: Answer) -> (Vec<String>, String) {
    let page = answer.expect(200).json();
    let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    let events = page["events"].as_array().unwrap();
    let lines = events.iter().map(|event| format!("{} {}", text(event, "type"), text(event, "object"))).collect();
    (lines, text(&page, "next"))
}

/// Follows the feed to its present end.
async fn end(caller: &Caller, mut after: String) -> String {
    loop {
        let (events, next) = told(caller.get(&format!("/v1/changes?limit=1000&after={after}")).await);
        after = next;
        if events.is_empty() {
            return after;
        }
    }
}

/// Transaction A is open in one process, B commits in the other and is read there, A commits: A is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_commits_late_is_not_missed() {
    if postgres().is_none() {
        // One process writes a SQLite file at a time: B could not commit before A. `what_commits_late_is_not_missed`
        // shows that it waits.
        return;
    }
    let app = TestApp::new().await;
    prepare(&app).await;
    let place = Place::of(&app);
    let (one, other) = (Process::serve(&place).await, Process::serve(&place).await);
    let (late, early) = (one.client("school-62001").await, other.client("school-62002").await);
    let province = other.client("province-620000").await;
    let elsewhere = Caller { base: one.base.clone(), ..province.clone() };
    let begin = end(&province, String::new()).await;

    // A has written everything but its answer, and waits: its key is another transaction's, which is open.
    let actor = Actor::with(Role::School, Some("62001"), "client:demo-school-62001", "test");
    let digest = Once::new(&actor, &format!("PUT {LATE}"), KEY).digest().to_owned();
    let db = connect(&app).await;
    let held = db.begin().await.unwrap();
    let row = idempotency::ActiveModel {
        digest: Set(digest),
        subject: Set(actor.subject.clone()),
        route: Set(String::new()),
        fingerprint: Set("0".repeat(64)),
        status: Set(200),
        headers: Set("[]".to_owned()),
        body: Set(String::new()),
        request_id: Set(None),
        created_at: Set(chrono::Utc::now()),
    };
    idempotency::Entity::insert(row).exec_without_returning(&held).await.unwrap();
    let body = json!({ "observations": stage::talent(8_000) });
    let pushing = tokio::spawn({
        let (late, body) = (late.clone(), body.clone());
        async move { late.send("PUT", LATE, &[("idempotency-key", KEY)], Some(&body)).await }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND query ILIKE 'insert into \"idempotency\"%'";
    let began = Instant::now();
    loop {
        let row = db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, waits)).await.unwrap().unwrap();
        if row.try_get_by_index::<i64>(0).unwrap() == 1 {
            break;
        }
        assert!(!pushing.is_finished() && began.elapsed() < PATIENCE, "A does not wait: {}", one.said());
        tokio::task::yield_now().await;
    }

    // B, from its push to the end of all that is sealed; A is not told of before its time.
    early.put(EARLY, None, &body).await.expect(201);
    let (events, place_of_b) = told(province.get(&format!("/v1/changes?wait=20&after={begin}")).await);
    assert_eq!(events, ["submission.pushed 62002/talent/2021"]);
    let place = end(&province, place_of_b).await;
    assert!(!pushing.is_finished());

    // Two readers go on from there, one at each process; then A commits.
    let path = format!("/v1/changes?wait=60&after={place}");
    let reading = async { tokio::join!(province.get(&path), elsewhere.get(&path)) };
    let commit = async {
        held.rollback().await.unwrap();
        pushing.await.unwrap().expect(201)
    };
    let ((here, there), _) = timeout(PATIENCE, async { tokio::join!(reading, commit) }).await.unwrap();
    for answer in [here, there] {
        assert_eq!(told(answer).0, ["submission.pushed 62001/talent/2020"]);
    }
    // From the beginning it is the same order, though A began before B.
    let whole = province.get(&format!("/v1/changes?limit=1000&after={begin}")).await.expect(200).json();
    let events = whole["events"].as_array().unwrap();
    let objects: Vec<&str> = events.iter().map(|event| event["object"].as_str().unwrap()).collect();
    assert_eq!(objects, ["62002/talent/2021", "62001/talent/2020"]);
    assert!(events[0]["time"].as_str() > events[1]["time"].as_str(), "told in the order of commits, not of clocks");
    drop((one, other));
    db.close().await.unwrap();
    stage::sealed(&app.twin().await).await;
}
