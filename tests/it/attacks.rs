//! The service under attack: forged tokens, foreign objects, members that nobody asked for, queries that grow,
//! bytes that are no HTTP. Each ends in a refusal, in bounded time, tells nothing, and leaves the service well.
//!
//! What one role may do with whose objects stands in `access`, what a figure gives away in `isolation`; here is
//! what somebody does who does not keep to the rules.

mod documents;
mod members;
mod objects;
mod sockets;
mod tokens;
mod wire;

use std::{future::Future, time::Duration};

use serde_json::json;

use crate::app::{Answer, Caller, Server};

/// How long any refusal may take, on a slow machine with a debug build.
const PATIENCE: Duration = Duration::from_secs(60);

/// What no answer may say: where the service lies, what it is made of, that it lost its head.
const INSIDE: &[&str] = &[
    "panicked",
    "unwrap",
    "backtrace",
    ".rs:",
    "/src/",
    "/home/",
    "/tmp/",
    "/root/",
    "sqlx",
    "sqlite",
    "sea_orm",
    "postgres",
    "SELECT ",
    "INSERT ",
    "syntax error at or near",
    "no such column",
    "private_key",
    "secret_hash",
];

/// Waits for something that must not take long.
async fn soon<T>(about: &str, what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.unwrap_or_else(|_| panic!("{about}: no end in sight"))
}

/// That an answer tells nothing of the inside.
#[track_caller]
fn tells_nothing(text: &str, about: &str) {
    for word in INSIDE {
        assert!(!text.contains(word), "{about} says `{word}`: {}", text.chars().take(2_000).collect::<String>());
    }
}

/// That an attack was refused, by a status of the caller's, without a word of the inside.
#[track_caller]
fn refused(answer: &Answer, about: &str) {
    let text: String = answer.text.chars().take(2_000).collect();
    assert!((400..500).contains(&answer.status), "{about}: {} {text}", answer.status);
    tells_nothing(&answer.text, about);
    assert!(answer.header("x-request-id").is_some(), "{about}: {text}");
}

/// That the service answers everybody as if nothing had been.
pub async fn is_well(server: &Server) {
    let anonymous = server.anonymous();
    anonymous.get("/health/live").await.expect(200);
    anonymous.get("/health/ready").await.expect(200);
    let school = server.client("school-62001").await;
    school.get("/v1/schools/62001/submissions/scale/2023").await.expect(200);
    let me = Caller::data(school.graphql("{ me { role } cities { code } }", json!({})).await);
    assert_eq!(me["me"]["role"], "SCHOOL");
}
