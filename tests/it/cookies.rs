//! The console's session in a cookie, and that no other site can use it.

use serde_json::{Value, json};
use zhiqiao::House;

use crate::{
    app::{Answer, Caller, Server, TestApp},
    wire::{problem, send},
};

const TABLE: &str = "/v1/schools/62001/submissions/talent/2021";

/// A session: the cookie as the browser sends it, and the token that the page was told.
struct Session {
    cookie: String,
    csrf: String,
}

async fn ask(server: &Server, path: &str, headers: &[(&str, &str)], more: Value) -> Answer {
    let mut body = json!({ "username": "school-62001", "password": "demo-school-62001-password" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.anonymous().send("POST", path, headers, Some(&body)).await
}

fn session(answer: Answer) -> Session {
    let answer = answer.expect(200);
    let line = answer.header("set-cookie").unwrap();
    let cookie = line.split(';').next().unwrap().to_owned();
    Session { cookie, csrf: answer.json()["csrf_token"].as_str().unwrap().to_owned() }
}

impl Session {
    /// Sends a request as the browser would for a page of ours, with these headers besides.
    async fn send(&self, server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("cookie", self.cookie.as_str()), ("content-type", "application/json")];
        all.extend(headers.iter().copied());
        send(&server.anonymous(), method, path, &all, body.to_owned()).await
    }

    async fn get(&self, server: &Server, path: &str) -> Answer {
        self.send(server, "GET", path, &[], "").await
    }
}

#[tokio::test]
async fn a_cookie_holds_the_token_and_the_answer_does_not() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    for answer in [
        ask(&server, "/v1/session?cookie=true", &[], json!({})).await,
        ask(&server, "/v1/session", &[], json!({ "cookie": true })).await,
        ask(&server, "/v1/session", &[("sec-fetch-site", "same-origin")], json!({ "cookie": true })).await,
    ] {
        let answer = answer.expect(200);
        let line = answer.header("set-cookie").unwrap();
        let (value, rest) = line.split_once(';').unwrap();
        assert_eq!(rest, " HttpOnly; SameSite=Strict; Path=/; Max-Age=900");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let token = value.strip_prefix("zhiqiao=").unwrap();
        let body = answer.json();
        assert!(body.get("access_token").is_none() && !answer.text.contains(token), "{}", answer.text);
        assert_eq!(body["expires_in"], 900);
    }
    // Who does not ask for a cookie gets none.
    let plain = ask(&server, "/v1/session?cookie=false", &[], json!({})).await.expect(200);
    assert_eq!(plain.header("set-cookie"), None);
    assert!(plain.json()["access_token"].is_string());
    // Nobody is signed in from elsewhere as somebody else.
    for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        problem(&ask(&server, "/v1/session", &[header], json!({ "cookie": true })).await, 403, "csrf");
    }
    server.stop().await;
}

#[tokio::test]
async fn behind_https_the_cookie_belongs_to_the_host() {
    let app = TestApp::new().await;
    let mut config = app.house.config.clone();
    config.public_url = "https://zhiqiao.example.org".to_owned();
    let server = Server::over(&House::over(config, app.house.db.clone()).await.unwrap());
    let answer = ask(&server, "/v1/session?cookie=true", &[], json!({})).await.expect(200);
    let line = answer.header("set-cookie").unwrap();
    assert!(line.starts_with("__Host-zhiqiao=") && line.contains("; Secure;") && line.contains("; Path=/;"), "{line}");
    assert!(!line.contains("Domain"), "{line}");
    let session = session(answer);
    session.get(&server, TABLE).await.expect(404);
    session.get(&server, "/v1/submissions").await.expect(200);
    // Under the other name it is nothing.
    let other = Session { cookie: session.cookie.replace("__Host-", ""), csrf: session.csrf.clone() };
    other.get(&server, "/v1/submissions").await.expect(401);
    let origin = [("x-csrf-token", session.csrf.as_str()), ("origin", "https://zhiqiao.example.org")];
    session.send(&server, "PUT", TABLE, &origin, r#"{"observations":{}}"#).await.expect(201);
    server.stop().await;
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_token_of_its_page_and_its_own_site() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let one = session(ask(&server, "/v1/session?cookie=true", &[], json!({})).await);
    let other = session(ask(&server, "/v1/session?cookie=true", &[], json!({})).await);
    assert_ne!(one.csrf, other.csrf);
    one.get(&server, "/v1/submissions").await.expect(200);
    // A link from elsewhere reads, and the other site does not see what.
    one.send(&server, "GET", "/v1/submissions", &[("sec-fetch-site", "cross-site")], "").await.expect(200);

    let own = server.base.as_str();
    let right = ("x-csrf-token", one.csrf.as_str());
    let body = r#"{"observations":{}}"#;
    for headers in [
        &[][..],
        &[("x-csrf-token", "")],
        &[("x-csrf-token", other.csrf.as_str())],
        &[right, right],
        &[right, ("origin", "https://evil.example")],
        &[right, ("origin", "null")],
        &[right, ("sec-fetch-site", "cross-site")],
        &[right, ("sec-fetch-site", "same-site")],
        &[right, ("origin", own), ("sec-fetch-site", "cross-site")],
    ] {
        for (method, path) in [
            ("PUT", TABLE),
            ("PATCH", TABLE),
            ("POST", "/v1/batches"),
            ("DELETE", "/v1/webhooks/0197a1b2-7c3d-7000-8000-000000000001"),
            ("DELETE", "/v1/session"),
            ("PUT", "/v1/session/password"),
            ("POST", "/v1/session/totp"),
            ("POST", "/graphql"),
        ] {
            let answer = one.send(&server, method, path, headers, body).await;
            problem(&answer, 403, "csrf");
        }
    }
    one.get(&server, TABLE).await.expect(404);
    for headers in [&[right][..], &[right, ("origin", own), ("sec-fetch-site", "same-origin")]] {
        one.send(&server, "PUT", TABLE, &[headers, &[("if-match", "*")]].concat(), body).await;
        one.get(&server, TABLE).await.expect(200);
    }

    // What a form can send without asking first is refused: by the cookie, and by its type.
    let query = r#"{"query":"{ me { name } }"}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let headers = [("cookie", one.cookie.as_str()), ("content-type", kind)];
        problem(&send(&server.anonymous(), "POST", "/graphql", &headers, query).await, 403, "csrf");
        let headers = [("cookie", one.cookie.as_str()), ("content-type", kind), right];
        problem(&send(&server.anonymous(), "POST", "/graphql", &headers, query).await, 415, "unsupported-media-type");
    }
    let me = one.send(&server, "POST", "/graphql", &[right], query).await.expect(200).json();
    assert_eq!(me["data"]["me"]["name"], "demo school-62001");
    server.stop().await;
}

#[tokio::test]
async fn a_header_never_means_the_cookie() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let session = session(ask(&server, "/v1/session?cookie=true", &[], json!({})).await);
    for bad in ["Bearer x", "Bearer", "", "Basic YTpi"] {
        session.send(&server, "GET", "/v1/submissions", &[("authorization", bad)], "").await.expect(401);
    }
    // A client with a token of its own needs nothing of the page, whatever cookie comes along.
    let client = server.client("school-62002").await;
    let cookie = [("cookie", session.cookie.as_str()), ("origin", "https://campus.example")];
    let table = "/v1/schools/62002/submissions/talent/2021";
    client.send("PUT", table, &cookie, Some(&json!({ "observations": {} }))).await.expect(201);
    client.send("GET", "/v1/schools/62001/submissions/scale/2023", &cookie, None).await.expect(404);
    server.stop().await;
}

#[tokio::test]
async fn a_session_ends_and_an_old_cookie_locks_nobody_out() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let first = session(ask(&server, "/v1/session?cookie=true", &[], json!({})).await);
    let right = [("x-csrf-token", first.csrf.as_str())];
    let ended = first.send(&server, "DELETE", "/v1/session", &right, "").await.expect(204);
    assert!(ended.header("set-cookie").unwrap().starts_with("zhiqiao=;"), "{:?}", ended.header("set-cookie"));
    assert!(ended.header("set-cookie").unwrap().contains("Max-Age=0"));
    // Whoever has kept the cookie has nothing.
    problem(&first.get(&server, "/v1/releases").await, 401, "unauthenticated");

    let first = session(ask(&server, "/v1/session?cookie=true", &[], json!({})).await);
    let right = [("x-csrf-token", first.csrf.as_str())];
    // Another password goes with another cookie, and the one before is no good.
    let new = r#"{"password":"demo-school-62001-password","new_password":"Trout-lamp.river9"}"#;
    let second = session(first.send(&server, "PUT", "/v1/session/password", &right, new).await);
    second.get(&server, "/v1/submissions").await.expect(200);
    let stale = first.get(&server, "/v1/releases").await;
    problem(&stale, 401, "unauthenticated");
    assert!(stale.header("set-cookie").unwrap().contains("Max-Age=0"), "the browser lets go of it");
    let out = first.send(&server, "DELETE", "/v1/session", &right, "").await.expect(204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    let again = r#"{"username":"school-62001","password":"Trout-lamp.river9","cookie":true}"#;
    let third = session(first.send(&server, "POST", "/v1/session", &[], again).await);
    third.get(&server, "/v1/submissions").await.expect(200);
    // Two of them: one was slipped in.
    let twice = Session { cookie: format!("{}; zhiqiao=x", third.cookie), csrf: third.csrf.clone() };
    twice.get(&server, "/v1/submissions").await.expect(401);
    let nobody = Caller { token: None, ..server.anonymous() };
    nobody.send("DELETE", "/v1/session", &[], None).await.expect(204);
    server.stop().await;
}
