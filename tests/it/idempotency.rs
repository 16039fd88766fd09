//! Idempotency keys: one effect and one answer, whoever asks how often, where, and after what.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use entity::{
    idempotency, journal, revision,
    words::{Duty, Role as Word},
};
use futures::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::{Ctx, once::Once},
    domain::{
        clients::{self, Add, ClientSecret},
        idempotency::{Answer, keep, purge},
        precondition::Precondition,
        submissions::Key,
    },
};

use crate::{
    app::{self, Caller, Server, TestApp},
    stage,
    wire::problem,
};

const PATH: &str = "/v1/schools/62001/submissions/talent/2020";

fn body(graduates: u32) -> Value {
    json!({ "observations": stage::talent(graduates) })
}

/// Sends a write under a key.
async fn under(caller: &Caller, key: &str, method: &str, path: &str, tag: Option<&str>, body: &Value) -> app::Answer {
    let mut headers = vec![("idempotency-key", key)];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    caller.send(method, path, &headers, Some(body)).await
}

fn is_replay(answer: &app::Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// How many revisions, events and kept answers a table has led to.
async fn effects(app: &TestApp, period: &str) -> (u64, u64, u64) {
    let db = app.house.db.read();
    let object = format!("62001/talent/{period}");
    let revisions = revision::Entity::find().filter(revision::Column::PeriodCode.eq(period));
    let events = journal::Entity::find().filter(journal::Column::Object.eq(object.as_str()));
    let kept = idempotency::Entity::find().filter(idempotency::Column::Route.contains(format!("/talent/{period}")));
    (revisions.count(db).await.unwrap(), events.count(db).await.unwrap(), kept.count(db).await.unwrap())
}

/// The context that a request of the demo's first school has, under a key.
fn school_under(app: &TestApp, route: &str, key: &str) -> (Ctx, Arc<Once>) {
    let ctx = app.house.ctx(Actor::with(Role::School, Some("62001"), "client:demo-school-62001", "demo"));
    let once = Arc::new(Once::new(&ctx.actor, route, key));
    (ctx.with(Arc::clone(&once)), once)
}

#[tokio::test]
async fn fifty_requests_of_one_key_have_one_effect_and_one_answer() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    // Two tokens of one client, each on its own instance.
    let callers = [here.client("school-62001").await, there.client("school-62001").await];
    assert_ne!(callers[0].token, callers[1].token);
    let body = body(8_000);
    let sent = (0..50).map(|number| under(&callers[number % 2], "one-of-fifty", "PUT", PATH, None, &body));
    let answers = join_all(sent).await;
    let text = answers[0].text.clone();
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &text));
        assert_eq!(answer.header("location"), Some(PATH));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("etag"), answer.json()["etag"].as_str());
    }
    assert_eq!(answers.iter().filter(|answer| !is_replay(answer)).count(), 1);
    assert_eq!(effects(&app, "2020").await, (1, 1, 1));
    here.stop().await;
    there.stop().await;

    // After a restart, with another token, and when the table has long moved on.
    let again = app.twin().await;
    let server = again.serve().await;
    let school = server.client("school-62001").await;
    school.put(PATH, Some("*"), &self::body(9_000)).await.expect(200);
    let replay = under(&school, "one-of-fifty", "PUT", PATH, Some("\"stale\""), &body).await;
    assert_eq!((replay.status, &replay.text, is_replay(&replay)), (201, &text, true));
    assert_eq!(effects(&app, "2020").await, (2, 2, 1));
    server.stop().await;
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    under(&school, "k", "PUT", PATH, None, &body(8_000)).await.expect(201);
    let refused = under(&school, "k", "PUT", PATH, Some("*"), &body(8_001)).await;
    let said = problem(&refused, 422, "invalid");
    assert_eq!(said["errors"][0]["code"], "idempotency_key");
    assert!(said["errors"][0]["expected"] != said["errors"][0]["got"]);
    assert_eq!(effects(&app, "2020").await, (1, 1, 1));
    // The first is still there, and the same key names another thing at another address.
    assert!(is_replay(&under(&school, "k", "PUT", PATH, None, &body(8_000)).await.expect(201)));
    under(&school, "k", "PUT", &PATH.replace("2020", "2021"), None, &body(8_001)).await.expect(201);
    under(&school, "k", "PATCH", PATH, Some("*"), &body(8_002)).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn the_key_of_another_client_is_another_key() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let add = Add {
        client_id: "second-system".to_owned(),
        name: "second system of 62001".to_owned(),
        role: Word::School,
        org: Some("62001".to_owned()),
        duty: Duty::All,
        secret: ClientSecret::Random,
    };
    let told = clients::add(&app.as_(Role::Admin, ""), add).await.unwrap();
    let second = server.holder("second-system", told.secret.expose()).await;

    let first = server.client("school-62001").await;
    under(&first, "k", "PUT", PATH, None, &body(8_000)).await.expect(201);
    // Not a replay: it is told that the table is there already.
    under(&second, "k", "PUT", PATH, None, &body(8_000)).await.expect(428);
    let own = under(&second, "k", "PUT", PATH, Some("*"), &body(8_001)).await.expect(200);
    assert!(!is_replay(&own));
    assert_eq!(effects(&app, "2020").await, (2, 2, 2));
    server.stop().await;
}

/// Each verb twice under its key: the second would be refused otherwise, since the state has moved on.
#[tokio::test]
async fn every_verb_honours_a_key() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let (city, province) = (server.client("city-620100").await, server.client("province-620000").await);
    let nothing = json!({});
    let reason = json!({ "reason": "look again" });
    let steps: [(&str, &Caller, &str, &str, Value, u16); 11] = [
        ("put", &school, "PUT", "", body(8_000), 201),
        ("patch", &school, "PATCH", "", json!({ "observations": { "talent.graduates": 8_100 } }), 200),
        ("submit", &school, "POST", "/submit", nothing.clone(), 200),
        ("return", &city, "POST", "/return", reason.clone(), 200),
        ("again", &school, "PUT", "", body(8_200), 200),
        ("submit again", &school, "POST", "/submit", nothing.clone(), 200),
        ("approve", &city, "POST", "/approve", nothing.clone(), 200),
        ("accept", &province, "POST", "/accept", nothing.clone(), 200),
        ("release", &province, "POST", "release", json!({ "kind": "minor", "note": "one more table" }), 201),
        ("reopen", &province, "POST", "/reopen", reason, 200),
        ("identical", &school, "PUT", "", body(8_200), 200),
    ];
    let mut tag = None::<String>;
    for (name, caller, method, end, body, status) in steps {
        let key = name.replace(' ', "-");
        let is_release = end == "release";
        let path = if is_release { "/v1/releases".to_owned() } else { format!("{PATH}{end}") };
        let present = if is_release { None } else { tag.as_deref() };
        let first = under(caller, &key, method, &path, present, &body).await.expect(status);
        assert!(!is_replay(&first), "{name}");
        let events = stage::changes(&app).await;
        let second = under(caller, &key, method, &path, present, &body).await.expect(status);
        assert!(is_replay(&second), "{name}");
        assert_eq!(first.text, second.text, "{name}");
        for header in ["etag", "location", "content-type", "cache-control"] {
            assert_eq!(first.header(header), second.header(header), "{name}: {header}");
        }
        assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
        assert_eq!(stage::changes(&app).await, events, "{name}");
        if is_release {
            // What was made under a key is there at once, like anything else.
            server.anonymous().get(second.header("location").unwrap()).await.expect(200);
        } else {
            tag = school.get(PATH).await.expect(200).header("etag").map(str::to_owned);
        }
    }
    stage::sealed(&app).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_refused_leaves_the_key_free() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let faulty = json!({ "observations": { "talent.graduates": "many", "talent.placed": 1 } });
    under(&school, "k", "PUT", PATH, None, &faulty).await.expect(422);
    under(&school, "k", "PUT", PATH, None, &faulty).await.expect(422);
    under(&school, "k", "PUT", PATH, Some("\"9-9-0\""), &body(8_000)).await.expect(412);
    under(&school, "k", "PUT", "/v1/schools/62005/submissions/talent/2020", None, &body(8_000)).await.expect(404);
    assert_eq!(effects(&app, "2020").await, (0, 0, 0));
    // The corrected table under the same key is the first to be taken.
    let taken = under(&school, "k", "PUT", PATH, None, &body(8_000)).await.expect(201);
    assert!(!is_replay(&taken));
    assert!(is_replay(&under(&school, "k", "PUT", PATH, None, &body(8_000)).await.expect(201)));
    assert_eq!(effects(&app, "2020").await, (1, 1, 1));
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_belongs_to_a_write_of_somebody() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    for bad in ["", "two words", &"x".repeat(256)] {
        let refused = under(&school, bad, "PUT", PATH, None, &body(8_000)).await;
        problem(&refused, 400, "malformed");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    problem(&school.send("PUT", PATH, &twice, Some(&body(8_000))).await, 400, "malformed");
    problem(&under(&server.anonymous(), "k", "PUT", PATH, None, &body(8_000)).await, 401, "unauthenticated");
    let read = school.send("GET", PATH, &[("idempotency-key", "k")], None).await.expect(404);
    assert!(!is_replay(&read));
    let session = json!({ "username": "demo-admin", "password": "wrong" });
    let refused = under(&school, "k", "POST", "/v1/session", None, &session).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    assert_eq!(effects(&app, "2020").await, (0, 0, 0));
    under(&school, &"x".repeat(255), "PUT", PATH, None, &body(8_000)).await.expect(201);
    server.stop().await;
}

/// The process dies between the verb's commit and the answer: neither effect nor record is there.
#[tokio::test]
async fn an_effect_and_its_record_come_together_or_not_at_all() {
    let app = TestApp::new().await;
    let route = format!("PUT {PATH}");
    let (ctx, once) = school_under(&app, &route, "k");
    let key = Key::new("62001", "talent", "2020");
    let pushed = stage::try_push(&ctx, &key, &stage::talent(8_000), Precondition::NONE).await.unwrap();
    assert_eq!(pushed.table.row.revision, 1);
    // Nobody sees it yet, and when its request is gone it has never been.
    assert_eq!(effects(&app, "2020").await, (0, 0, 0));
    drop((ctx, once));

    // The retry, on another instance; its process dies after the commit, before the answer is sent.
    let twin = app.twin().await;
    let (ctx, once) = school_under(&twin, &route, "k");
    stage::try_push(&ctx, &key, &stage::talent(8_000), Precondition::NONE).await.unwrap();
    let answer = Answer { status: 201, headers: vec![("etag".to_owned(), "\"e\"".to_owned())], body: "{}".to_owned() };
    let print = zhiqiao::formats::document::sha256(body(8_000).to_string());
    assert!(keep(&ctx, &once, &route, print, &answer).await.unwrap());
    assert_eq!(effects(&app, "2020").await, (1, 1, 1));

    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let again = under(&school, "k", "PUT", PATH, None, &body(8_000)).await;
    assert_eq!((again.status, again.text.as_str(), again.header("etag")), (201, "{}", Some("\"e\"")));
    assert!(is_replay(&again));
    server.stop().await;
    stage::sealed(&app).await;
}

/// The first is at work on one instance, the second asks on another: it gets the first one's answer.
#[tokio::test]
async fn a_second_waits_for_the_first_across_instances() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let route = format!("PUT {PATH}");
    let (ctx, once) = school_under(&twin, &route, "k");
    let key = Key::new("62001", "talent", "2020");
    stage::try_push(&ctx, &key, &stage::talent(8_000), Precondition::NONE).await.unwrap();
    let sent = body(8_000);
    let second = under(&school, "k", "PUT", PATH, None, &sent);
    let first = async {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        let answer = Answer { status: 201, headers: Vec::new(), body: "\"of the first\"".to_owned() };
        let print = zhiqiao::formats::document::sha256(sent.to_string());
        assert!(keep(&ctx, &once, &route, print, &answer).await.unwrap());
    };
    let (second, ()) = tokio::join!(second, first);
    assert_eq!((second.status, second.text.as_str()), (201, "\"of the first\""));
    assert!(is_replay(&second));
    assert_eq!(effects(&app, "2020").await, (1, 1, 1));

    // A first that fails hands the key on.
    let (ctx, once) = school_under(&twin, &route.replace("2020", "2021"), "k");
    let key = Key::new("62001", "talent", "2021");
    stage::try_push(&ctx, &key, &stage::talent(8_000), Precondition::NONE).await.unwrap();
    let path = PATH.replace("2020", "2021");
    let second = under(&school, "k", "PUT", &path, None, &sent);
    let (second, ()) = tokio::join!(second, async { once.abandon().await.unwrap() });
    assert!(!is_replay(&second.expect(201)));
    assert_eq!(effects(&app, "2021").await, (1, 1, 1));
    server.stop().await;
}

#[tokio::test]
async fn who_waits_too_long_is_told_to_come_back() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let (_, once) = school_under(&app, &format!("PUT {PATH}"), "k");
    let turn = app.house.turns.take(&once).await.unwrap();
    let refused = under(&school, "k", "PUT", PATH, None, &body(8_000)).await;
    problem(&refused, 409, "conflict");
    assert_eq!(refused.header("retry-after"), Some("5"));
    drop(turn);
    under(&school, "k", "PUT", PATH, None, &body(8_000)).await.expect(201);
    assert_eq!(effects(&app, "2020").await, (1, 1, 1));
    server.stop().await;
}

#[tokio::test]
async fn answers_are_kept_for_a_day() {
    let app = TestApp::new().await;
    let server: Server = app.serve().await;
    let school = server.client("school-62001").await;
    for key in ["old", "young"] {
        let path = PATH.replace("2020", if key == "old" { "2020" } else { "2021" });
        under(&school, key, "PUT", &path, None, &body(8_000)).await.expect(201);
    }
    for (age, left) in [(TimeDelta::hours(24) - TimeDelta::minutes(1), 2), (TimeDelta::hours(24), 1)] {
        idempotency::Entity::update_many()
            .col_expr(idempotency::Column::CreatedAt, Expr::value(Utc::now() - age))
            .filter(idempotency::Column::Route.ends_with("/2020"))
            .exec(app.house.db.write())
            .await
            .unwrap();
        assert_eq!(purge(&app.system()).await.unwrap(), 2 - left);
        assert_eq!(idempotency::Entity::find().count(app.house.db.read()).await.unwrap(), left);
    }
    assert_eq!(purge(&app.system()).await.unwrap(), 0);
    // The key is free again, and the state of the table decides.
    under(&school, "old", "PUT", PATH, None, &body(8_000)).await.expect(428);
    server.stop().await;
}

/// Nobody sees another's answers, not even by the table.
#[tokio::test]
async fn a_kept_answer_is_its_callers_own() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    under(&school, "k", "PUT", PATH, None, &body(8_000)).await.expect(201);
    let sees = async |ctx: &Ctx| ctx.visible::<idempotency::Entity>().count(app.house.db.read()).await.unwrap();
    assert_eq!(sees(&school_under(&app, "", "").0).await, 1);
    assert_eq!(sees(&app.system()).await, 1);
    for role in [Role::School, Role::City, Role::Province, Role::Admin, Role::Auditor, Role::Analyst] {
        assert_eq!(sees(&app.as_(role, "62001")).await, 0, "{role:?}");
    }
    assert_eq!(sees(&app.anonymous()).await, 0);
    server.stop().await;
}
