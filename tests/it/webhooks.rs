//! Webhooks: what is heard where, signed by whom, how often, and where nothing may be sent.

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{TimeDelta, Utc};
use entity::{
    ids::{DeliveryId, WebhookId},
    journal, webhook, webhook_delivery,
    words::DeliveryState,
};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use uuid::Uuid;
use zhiqiao::{House, config::PrivateTargets, domain::submissions::Key};

use crate::{
    app::{Caller, Server, TestApp, postgres},
    python,
    schema::database::texts,
    stage,
    wire::problem,
};

/// What has arrived at a receiver.
#[derive(Debug)]
struct Arrived {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Arrived {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(is, _)| is == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name}"))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody who listens, and answers what the test says.
struct Receiver {
    base: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

impl Receiver {
    async fn new(answer: impl Fn(usize, &str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (tell, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = Vec::new();
                let (head, body) = loop {
                    let mut chunk = [0; 4_096];
                    let read = stream.read(&mut chunk).await.unwrap_or(0);
                    text.extend_from_slice(&chunk[..read]);
                    let whole = String::from_utf8_lossy(&text).into_owned();
                    let parts = whole.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()));
                    let length = |head: &str| {
                        let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                        line.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0)
                    };
                    match parts {
                        Some((head, body)) if body.len() >= length(&head) => break (head, body),
                        _ if read == 0 => break (String::new(), String::new()),
                        _ => {}
                    }
                };
                if head.is_empty() {
                    continue;
                }
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
                let headers = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                let said = answer(number, &path);
                number += 1;
                let _gone = tell.send(Arrived { path, headers, body });
                let answer = format!("HTTP/1.1 {said}content-length: 0\r\nconnection: close\r\n\r\n");
                let _gone = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { base, arrived }
    }

    async fn next(&mut self) -> Arrived {
        let arrived = tokio::time::timeout(Duration::from_secs(20), self.arrived.recv()).await;
        arrived.expect("nothing has arrived").unwrap()
    }
}

const OK: &str = "200 OK\r\n";

/// Names an endpoint, once everything that was before it is sealed.
async fn add(app: &TestApp, caller: &Caller, url: &str, events: Value) -> Value {
    stage::sealed(app).await;
    caller.post("/v1/webhooks", None, &json!({ "url": url, "events": events })).await.expect(201).json()
}

/// The messages to an endpoint, newest first, once the newest is in this state.
async fn log(caller: &Caller, id: &str, state: &str) -> Vec<Value> {
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let answer = caller.get(&format!("/v1/webhooks/{id}/deliveries")).await.expect(200).json();
        let all = answer["deliveries"].as_array().unwrap().clone();
        let is_settled = all.first().is_some_and(|one| one["state"] == state && !one["last_at"].is_null());
        if is_settled {
            return all;
        }
        assert!(tokio::time::Instant::now() < until, "{all:#?}");
        tokio::task::yield_now().await;
    }
}

/// The signature of a message, made by hand.
fn signed(secret: &str, arrived: &Arrived) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, time) = (arrived.header("webhook-id"), arrived.header("webhook-timestamp"));
    mac.update(format!("{id}.{time}.{}", arrived.body).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// What the library of another language says of a message, where it is installed.
fn is_good_elsewhere(secret: &str, arrived: &Arrived) -> bool {
    const SCRIPT: &str = "
import json, sys
from standardwebhooks.webhooks import Webhook
Webhook(sys.argv[1]).verify(sys.argv[2], json.loads(sys.argv[3]))
";
    let Some(python) = python::with("standardwebhooks", "the signatures were verified by hand alone") else {
        return true;
    };
    let headers: serde_json::Map<String, Value> =
        arrived.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let verdict = Command::new(python)
        .args(["-c", SCRIPT, secret, &arrived.body, &Value::Object(headers).to_string()])
        .stderr(Stdio::null())
        .status();
    verdict.unwrap().success()
}

fn path(school: &str, period: u32) -> String {
    format!("/v1/schools/{school}/submissions/talent/{period}")
}

async fn push(caller: &Caller, school: &str, period: u32) {
    let body = json!({ "observations": stage::talent(8_000 + period) });
    caller.put(&path(school, period), Some("*"), &body).await.expect(201);
}

/// Makes whatever waits for its next attempt due now.
async fn hurry(app: &TestApp) {
    webhook_delivery::Entity::update_many()
        .col_expr(webhook_delivery::Column::NextAt, Expr::value(Utc::now() - TimeDelta::seconds(1)))
        .filter(webhook_delivery::Column::State.eq("pending"))
        .exec(app.house.db.write())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_hears_of_its_own_events_signed() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, other) = (server.client("school-62001").await, server.client("school-62002").await);
    let mut receiver = Receiver::new(|_, _| OK.to_owned()).await;
    // What was before it was there, it does not hear of.
    push(&school, "62001", 2001).await;
    let made = add(&app, &school, &format!("{}/hook", receiver.base), json!(["submission.*"])).await;
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    push(&other, "62002", 2002).await;
    push(&school, "62001", 2003).await;
    let first = receiver.next().await;
    let said = first.json();
    assert_eq!(first.path, "/hook");
    assert_eq!((&said["type"], &said["data"]["object"]), (&json!("submission.pushed"), &json!("62001/talent/2003")));
    assert_eq!(said["data"]["school"], "62001");
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("webhook-signature"), signed(secret, &first));
    assert!(is_good_elsewhere(secret, &first));
    let forged = Arrived { body: first.body.replace("2003", "2004"), ..first };
    assert_ne!(forged.header("webhook-signature"), signed(secret, &forged));

    let messages = log(&school, id, "delivered").await;
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!(messages[0]["message_id"], forged.header("webhook-id"));
    assert_eq!((&messages[0]["attempts"], &messages[0]["last_status"]), (&json!(1), &json!(200)));
    // The secret was told once.
    let shown = school.get(&format!("/v1/webhooks/{id}")).await.expect(200);
    assert!(shown.json().get("secret").is_none() && !shown.text.contains(secret));
    assert!(!school.get("/v1/webhooks").await.expect(200).text.contains("whsec_"));

    // Both secrets sign for a while, or only the new one.
    let rotate = format!("/v1/webhooks/{id}/rotate");
    let second = school.post(&rotate, None, &json!({})).await.expect(200).json()["secret"].as_str().unwrap().to_owned();
    push(&school, "62001", 2005).await;
    let both = receiver.next().await;
    let signatures: Vec<&str> = both.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures, [signed(&second, &both), signed(secret, &both)]);
    assert!(is_good_elsewhere(secret, &both) && is_good_elsewhere(&second, &both));
    let third = school.post(&rotate, None, &json!({ "overlap_hours": 0 })).await.expect(200);
    let third = third.json()["secret"].as_str().unwrap().to_owned();
    push(&school, "62001", 2006).await;
    let alone = receiver.next().await;
    assert_eq!(alone.header("webhook-signature"), signed(&third, &alone));
    school.post(&rotate, None, &json!({ "overlap_hours": 1_000 })).await.expect(422);

    // Another type only, and then nothing at all.
    let tag = school.get(&format!("/v1/webhooks/{id}")).await.expect(200).header("etag").unwrap().to_owned();
    let wish = json!({ "events": ["submission.submitted"] });
    let change = |tag: Option<String>| {
        let (school, wish, id) = (school.clone(), wish.clone(), id.to_owned());
        async move {
            let headers: Vec<(&str, &str)> = tag.as_deref().map(|tag| ("if-match", tag)).into_iter().collect();
            school.send("PATCH", &format!("/v1/webhooks/{id}"), &headers, Some(&wish)).await
        }
    };
    change(None).await.expect(428);
    change(Some("\"99\"".to_owned())).await.expect(412);
    change(Some(tag)).await.expect(200);
    push(&school, "62001", 2007).await;
    school.post(&format!("{}/submit", path("62001", 2007)), Some("*"), &json!({})).await.expect(200);
    assert_eq!(receiver.next().await.json()["type"], "submission.submitted");
    school.send("DELETE", &format!("/v1/webhooks/{id}"), &[], None).await.expect(204);
    school.get(&format!("/v1/webhooks/{id}")).await.expect(404);
    assert_eq!(webhook_delivery::Entity::find().count(app.house.db.read()).await.unwrap(), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_tried_again_and_a_gone_endpoint_is_disabled() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let mut elsewhere = Receiver::new(|_, _| OK.to_owned()).await;
    let trap = elsewhere.base.clone();
    let mut receiver = Receiver::new(move |number, _| match number {
        0 => "500 Broken\r\n".to_owned(),
        1 => format!("302 Found\r\nlocation: {trap}/trap\r\n"),
        3 => "410 Gone\r\n".to_owned(),
        _ => OK.to_owned(),
    })
    .await;
    let made = add(&app, &school, &receiver.base, json!(["submission.*"])).await;
    let id = made["id"].as_str().unwrap();
    push(&school, "62001", 2001).await;
    let first = receiver.next().await;
    let pending = log(&school, id, "pending").await;
    assert_eq!((&pending[0]["attempts"], &pending[0]["last_status"]), (&json!(1), &json!(500)));
    let next = chrono::DateTime::parse_from_rfc3339(pending[0]["next_at"].as_str().unwrap()).unwrap();
    assert!((5..=13).contains(&(next.timestamp() - Utc::now().timestamp())), "{next}");
    assert!(!school.get(&format!("/v1/webhooks/{id}")).await.expect(200).json()["failing_since"].is_null());

    // A redirect is no arrival, and is not followed.
    hurry(&app).await;
    let second = receiver.next().await;
    // Noted, or the note would put it off again.
    while log(&school, id, "pending").await[0]["attempts"] != 2 {
        tokio::task::yield_now().await;
    }
    hurry(&app).await;
    let third = receiver.next().await;
    for again in [&second, &third] {
        assert_eq!((again.header("webhook-id"), &again.body), (first.header("webhook-id"), &first.body));
    }
    let done = log(&school, id, "delivered").await;
    assert_eq!((&done[0]["attempts"], &done[0]["last_status"]), (&json!(3), &json!(200)));
    assert!(elsewhere.arrived.try_recv().is_err(), "a redirect was followed");
    assert!(school.get(&format!("/v1/webhooks/{id}")).await.expect(200).json()["failing_since"].is_null());

    // 410 ends it at once, with an event that its school hears of.
    push(&school, "62001", 2002).await;
    receiver.next().await;
    let failed = log(&school, id, "failed").await;
    assert_eq!(failed[0]["last_status"], 410);
    let shown = school.get(&format!("/v1/webhooks/{id}")).await.expect(200);
    assert_eq!(shown.json()["enabled"], false);
    let rows = stage::sealed(&app).await;
    let event = rows.iter().rfind(|row| row.action == "webhook.disabled").unwrap();
    assert_eq!((event.object.as_str(), event.school_code.as_deref()), (id, Some("62001")));
    let again = format!("/v1/webhooks/{id}/deliveries/{}/redeliver", failed[0]["id"].as_str().unwrap());
    school.post(&again, None, &json!({})).await.expect(409);
    let tag = shown.header("etag").unwrap();
    let wish = json!({ "enabled": true });
    school.send("PATCH", &format!("/v1/webhooks/{id}"), &[("if-match", tag)], Some(&wish)).await.expect(200);
    school.post(&again, None, &json!({})).await.expect(202);
    let redelivered = receiver.next().await;
    assert_eq!(redelivered.json()["data"]["object"], "62001/talent/2002");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_carry_every_message_once() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let school = here.client("school-62001").await;
    let mut receiver = Receiver::new(|_, _| OK.to_owned()).await;
    let made = add(&app, &school, &receiver.base, json!(["submission.pushed"])).await;
    for period in 1960..1990 {
        push(&school, "62001", period).await;
    }
    let mut objects = Vec::new();
    for _ in 0..30 {
        objects.push(receiver.next().await.json()["data"]["object"].as_str().unwrap().to_owned());
    }
    objects.sort_unstable();
    let expected: Vec<String> = (1960..1990).map(|period| format!("62001/talent/{period}")).collect();
    assert_eq!(objects, expected);
    log(&school, made["id"].as_str().unwrap(), "delivered").await;
    here.stop().await;
    there.stop().await;
    assert!(receiver.arrived.try_recv().is_err(), "a message came twice");
    let kept = webhook_delivery::Entity::find().filter(webhook_delivery::Column::State.eq("delivered"));
    assert_eq!(kept.count(app.house.db.read()).await.unwrap(), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_is_removed_with_the_message_that_is_just_being_made() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let made = add(&app, &school, "http://127.0.0.1:9/", json!(["submission.accepted"])).await;
    let id = WebhookId(made["id"].as_str().unwrap().parse().unwrap());

    // What the courier does, as far as its commit.
    let held = app.house.db.begin().await.unwrap();
    let moved = webhook::Entity::update_many()
        .col_expr(webhook::Column::Cursor, Expr::col(webhook::Column::Cursor))
        .filter(webhook::Column::Id.eq(id));
    assert_eq!(moved.exec(&held).await.unwrap().rows_affected, 1);
    let at = Utc::now() + TimeDelta::days(1);
    let message = webhook_delivery::Model {
        id: DeliveryId(Uuid::now_v7()),
        webhook_id: id,
        place: "1".to_owned(),
        event: "submission.accepted".to_owned(),
        body: "{}".to_owned(),
        state: DeliveryState::Pending,
        attempts: 0,
        next_at: at,
        leased_until: None,
        last_at: None,
        last_status: None,
        last_error: None,
        created_at: at,
    };
    let insert = webhook_delivery::Entity::insert(webhook_delivery::ActiveModel::from(message));
    insert.exec_without_returning(&held).await.unwrap();

    let removing = tokio::spawn({
        let (school, path) = (school.clone(), format!("/v1/webhooks/{}", id.0));
        async move { school.send("DELETE", &path, &[("if-match", "*")], None).await }
    });
    if postgres().is_some() {
        let waits = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock' AND query ILIKE '%webhook%' AND query NOT ILIKE 'update%'";
        while texts(app.house.db.read(), waits).await.is_empty() {
            assert!(!removing.is_finished(), "it did not wait: {:?}", removing.await);
            tokio::task::yield_now().await;
        }
    }
    held.commit().await.unwrap();
    removing.await.unwrap().expect(204);
    assert_eq!(webhook_delivery::Entity::find().count(app.house.db.read()).await.unwrap(), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_days_of_silence_disable_an_endpoint() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    // A port that nobody listens at.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let made = add(&app, &province, &format!("http://{closed}/"), json!(["submission.pushed"])).await;
    let id = made["id"].as_str().unwrap();
    stage::push(&app, &Key::new("62001", "talent", "2020"), &stage::talent(8_000)).await;
    let pending = log(&province, id, "pending").await;
    assert!(pending[0]["last_error"].as_str().unwrap().starts_with("no connection"), "{pending:#?}");
    let long_ago = Utc::now() - TimeDelta::days(3);
    webhook::Entity::update_many()
        .col_expr(webhook::Column::FailingSince, Expr::value(long_ago))
        .exec(app.house.db.write())
        .await
        .unwrap();
    webhook_delivery::Entity::update_many()
        .col_expr(webhook_delivery::Column::CreatedAt, Expr::value(long_ago))
        .exec(app.house.db.write())
        .await
        .unwrap();
    hurry(&app).await;
    log(&province, id, "failed").await;
    assert_eq!(province.get(&format!("/v1/webhooks/{id}")).await.expect(200).json()["enabled"], false);
    let told = journal::Entity::find().filter(journal::Column::Action.eq("webhook.disabled"));
    assert_eq!(told.count(app.house.db.read()).await.unwrap(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_into_private_networks() {
    let app = TestApp::new().await;
    let mut config = app.house.config.clone();
    config.webhooks.private_targets = PrivateTargets::Refuse;
    let house: Arc<House> = House::open(config).await.unwrap();
    let server = Server::over(&house);
    let school = server.client("school-62001").await;
    let mut receiver = Receiver::new(|_, _| OK.to_owned()).await;
    for url in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1:5432/",
        "https://0x7f000001/",
        "https://localhost/",
    ] {
        let refused = school.post("/v1/webhooks", None, &json!({ "url": url })).await;
        assert_eq!(problem(&refused, 422, "invalid")["errors"][0]["code"], "private_target", "{url}");
    }
    let refused = school.post("/v1/webhooks", None, &json!({ "url": "http://example.org/", "events": ["x"] })).await;
    assert_eq!(problem(&refused, 422, "invalid")["errors"].as_array().unwrap().len(), 2);

    // One that was allowed once, and is not any more; by digits and by name.
    let made = add(&app, &school, "https://example.org/", json!([])).await;
    let id = made["id"].as_str().unwrap();
    let port = receiver.base.rsplit(':').next().unwrap().to_owned();
    for (number, host) in [(1, "127.0.0.1"), (2, "localhost")] {
        webhook::Entity::update_many()
            .col_expr(webhook::Column::Url, Expr::value(format!("http://{host}:{port}/")))
            .exec(house.db.write())
            .await
            .unwrap();
        push(&school, "62001", 2000 + number).await;
        let messages = log(&school, id, "pending").await;
        assert!(messages[0]["last_error"].as_str().unwrap().contains("private network"), "{messages:#?}");
        assert_eq!(messages[0]["last_status"], Value::Null);
    }
    assert!(receiver.arrived.try_recv().is_err(), "something was sent inside");
    server.stop().await;
}
