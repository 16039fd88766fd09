//! Requests as bytes: what a client library would not send, and what a careless client does.

use serde_json::Value;

use crate::app::{Answer, Caller};

/// Sends a body as it is, under the headers given and no others.
pub async fn send(
    caller: &Caller,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Answer {
    let mut request = caller.http.request(method.parse().unwrap(), format!("{}{path}", caller.base)).body(body);
    if let Some(token) = &caller.token {
        request = request.bearer_auth(token);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

/// A problem as every one must be: its media type, its status, its id; returned for what is special about it.
#[track_caller]
pub fn problem(answer: &Answer, status: u16, kind: &str) -> Value {
    let body = answer.json();
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text);
    assert_eq!(body["type"], format!("urn:zhiqiao:problem:{kind}"), "{}", answer.text);
    assert_eq!(body["status"], status);
    for member in ["title", "detail"] {
        assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", answer.text);
    }
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["type", "title", "status", "detail", "request_id", "errors"];
    assert!(members.iter().all(|member| known.contains(member)), "{members:?}");
    body
}

/// An answer without what differs from one request to the next.
pub fn bare(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    let errors = body.get_mut("errors").and_then(Value::as_array_mut);
    for error in errors.into_iter().flatten() {
        if let Some(extensions) = error.get_mut("extensions").and_then(Value::as_object_mut) {
            extensions.remove("requestId");
        }
    }
    (answer.status, body)
}
