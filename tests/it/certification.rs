//! Certification through the public doors: what every test of it begins with.

mod counts;
mod enterprises;
mod personal;
mod teachers;

use chrono::{NaiveDate, TimeDelta, Utc};
use entity::words::{Duty, Role};
use serde_json::{Value, json};
use zhiqiao::domain::{clients, journal};

use crate::app::{Answer, Caller, Server, TestApp};

/// An enterprise of Lanzhou that is not certified, another one, and one of no city that is known.
pub const OF_LANZHOU: &str = "E4B981BE2";
pub const ANOTHER: &str = "E54D54FF4";

/// Today in Asia/Shanghai, and so many days from it.
pub fn day(from_today: i64) -> NaiveDate {
    (Utc::now() + TimeDelta::hours(8) + TimeDelta::days(from_today)).date_naive()
}

/// A caller of a role and organisation that the demo has not.
pub async fn caller(app: &TestApp, server: &Server, role: Role, org: &str) -> Caller {
    let client_id = format!("test-{}-{}", role.word().to_lowercase(), org.to_lowercase());
    let add = clients::Add {
        client_id: client_id.clone(),
        name: client_id.clone(),
        role,
        org: Some(org.to_owned()),
        duty: Duty::All,
        secret: clients::ClientSecret::Random,
    };
    let told = clients::add(&app.system(), add).await.unwrap();
    server.holder(&client_id, told.secret.expose()).await
}

/// Sends a body with a tag.
pub async fn send(caller: &Caller, method: &str, path: &str, tag: Option<&str>, body: &Value) -> Answer {
    let headers: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
    caller.send(method, path, &headers, Some(body)).await
}

/// The codes of what is wrong, in order.
pub fn codes(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let mut codes: Vec<String> = json["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes
}

/// The tag of what an answer shows.
pub fn etag(answer: &Answer) -> String {
    assert_eq!(answer.header("etag"), answer.json()["etag"].as_str(), "{}", answer.text);
    answer.header("etag").unwrap().to_owned()
}

/// Opens a batch that takes applications today.
pub async fn open_batch(province: &Caller, year: i32, number: i32) -> String {
    let batch = json!({
        "year": year, "number": number, "title": "产教融合型企业认定", "apply_from": day(-1), "apply_until": day(30),
    });
    let made = send(province, "POST", "/v1/certification-batches", None, &batch).await.expect(201);
    made.json()["code"].as_str().unwrap().to_owned()
}

/// The types of the events that a caller is told, of these nouns.
pub async fn events(app: &TestApp, caller: &Caller, noun: &str) -> Vec<String> {
    // Beside the service's own sealer, which may have something of its own to seal at any time.
    while journal::seal(&app.system()).await.unwrap().0 > 0 {}
    let mut types = Vec::new();
    let mut path = "/v1/changes?limit=1000".to_owned();
    loop {
        let page = caller.get(&path).await.expect(200).json();
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            return types;
        }
        types.extend(
            events.iter().map(|one| one["type"].as_str().unwrap().to_owned()).filter(|kind| kind.starts_with(noun)),
        );
        path = format!("/v1/changes?limit=1000&after={}", page["next"].as_str().unwrap());
    }
}
