//! HTTP as it should be: problems, request ids, methods, media types, bodies, pages.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use serde_json::json;
use zhiqiao::rest;

use crate::{
    app::TestApp,
    surface::{BOTH, Verb},
    wire::{problem, send},
};

const TABLE: &str = "/v1/schools/62001/submissions/talent/2022";

#[tokio::test]
async fn a_request_id_is_echoed_if_it_is_fit_for_logs_and_made_if_not() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.anonymous();
    for path in ["/health/live", "/nothing/here", "/v1/releases?limit=0", "/graphql?query=%7Bme%7Bid%7D%7D"] {
        let good = "nightly-push.2026_11-22";
        let answer = caller.send("GET", path, &[("x-request-id", good)], None).await;
        assert_eq!(answer.header("x-request-id"), Some(good), "{path}");
        let long = "x".repeat(129);
        for bad in ["short", "with blanks in it", "quote\"quote", long.as_str()] {
            let answer = caller.send("GET", path, &[("x-request-id", bad)], None).await;
            let made = answer.header("x-request-id").unwrap();
            assert!(made != bad && made.len() == 36, "{path} {bad}: {made}");
        }
        let first = caller.get(path).await;
        assert_ne!(first.header("x-request-id"), caller.get(path).await.header("x-request-id"));
        assert_eq!(first.header("x-content-type-options"), Some("nosniff"));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_http_itself_refuses_is_a_problem_too() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    for (method, path, status, kind, allow) in [
        ("GET", "/", 404, "not-found", None),
        ("GET", "/v1", 404, "not-found", None),
        ("GET", "/v1/releases/", 404, "not-found", None),
        ("GET", "/v1/schools/62001/submissions/scale", 404, "not-found", None),
        ("GET", "/v1/schools/62001/submissions/scale/2023/more/still", 404, "not-found", None),
        ("GET", "/v1/schools//submissions/scale/2023", 404, "not-found", None),
        ("GET", "/%2e%2e/etc/passwd", 404, "not-found", None),
        ("DELETE", TABLE, 405, "method-not-allowed", Some("GET, PUT, PATCH")),
        ("POST", TABLE, 405, "method-not-allowed", Some("GET, PUT, PATCH")),
        ("GET", "/v1/schools/62001/submissions/talent/2022/submit", 405, "method-not-allowed", Some("POST")),
        ("DELETE", "/v1/releases", 405, "method-not-allowed", Some("GET, POST")),
        ("PUT", "/v1/releases/1.0.0", 405, "method-not-allowed", Some("GET")),
        ("POST", "/health/live", 405, "method-not-allowed", Some("GET")),
        ("GET", "/oauth/token", 405, "method-not-allowed", Some("POST")),
        ("PUT", "/graphql", 405, "method-not-allowed", Some("GET, POST")),
        ("DELETE", "/graphql", 405, "method-not-allowed", Some("GET, POST")),
    ] {
        let answer = school.send(method, path, &[], None).await;
        problem(&answer, status, kind);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
    let body = "{\"observations\":{}}";
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/csv", ""] {
        let headers: Vec<(&str, &str)> =
            Some(("content-type", kind)).filter(|(_, kind)| !kind.is_empty()).into_iter().collect();
        problem(&send(&school, "PUT", TABLE, &headers, body).await, 415, "unsupported-media-type");
        problem(
            &send(&school, "POST", "/graphql", &headers, "{\"query\":\"{me{id}}\"}").await,
            415,
            "unsupported-media-type",
        );
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        assert!(
            send(&school, "PUT", TABLE, &[("content-type", kind), ("if-match", "*")], body).await.status < 300,
            "{kind}"
        );
    }
    problem(
        &school.send("GET", "/graphql?query=%7Bme%7Bid%7D%7D", &[("accept", "image/png")], None).await,
        406,
        "not-acceptable",
    );
    problem(&school.get("/v1/releases?limit=1001").await, 422, "invalid");
    problem(&school.get("/v1/releases?limit=0").await, 422, "invalid");
    problem(&school.get("/v1/releases?cursor=nonsense!").await, 422, "invalid");
    for wrong in [
        "?limit=ten",
        "?nothing=1",
        "?limit=1&limit=2",
        "?limit=%ff",
        "?%ff=1",
        "/%ff",
        "/%00",
        "/%e8%81%8c%e6%a1%a5",
        "/1.0.0%2f",
    ] {
        let answer = school.get(&format!("/v1/releases{wrong}")).await;
        assert!((400..500).contains(&answer.status), "{wrong}: {}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{wrong}: {}", answer.text);
    }
    server.stop().await;
}

/// One request over a connection that is kept; the status and the body.
fn exchange(stream: &TcpStream, head: &str, body: &[u8]) -> (u16, String) {
    (&mut &*stream).write_all(head.as_bytes()).unwrap();
    (&mut &*stream).write_all(body).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("`{line}`")).parse().unwrap();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (status, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_body_over_its_limit_keeps_the_connection_usable() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let token = server.client("school-62001").await.token.unwrap();
    let address = server.base.trim_start_matches("http://").to_owned();
    let limits = app.house.config.limits.clone();
    let bad = format!("{token}x");
    tokio::task::spawn_blocking(move || {
        let stream = TcpStream::connect(&address).unwrap();
        for (method, path, token, limit, over) in [
            ("PUT", TABLE, Some(&token), limits.body_bytes, 413),
            ("POST", "/graphql", Some(&token), limits.graphql_body_bytes, 413),
            ("PUT", TABLE, None, limits.body_bytes, 413),
            // Refused for its token, and read to the end all the same.
            ("PUT", TABLE, Some(&bad), limits.body_bytes - 1, 401),
        ] {
            let body = vec![b' '; limit + 1];
            let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\n{token}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let (status, answer) = exchange(&stream, &head, &body);
            assert_eq!(status, over, "{path}: {answer}");
            let (status, _) = exchange(&stream, "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n", b"");
            assert_eq!(status, 200, "the next request on the same connection, after {path}");
        }
    })
    .await
    .unwrap();
    server.stop().await;
}

#[tokio::test]
async fn the_openapi_document_is_served_as_it_is_printed() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let answer = server.anonymous().get("/openapi.json").await.expect(200);
    assert_eq!(answer.text, rest::openapi_text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let about = format!("{method} {path}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{about} says what it does"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{about}");
            if operation["security"].is_array() {
                assert!(responses.contains_key("401"), "{about} needs a token and says so");
            }
        }
    }
    server.stop().await;
}

/// The hosts that a page names outside of comments about standards.
fn foreign(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for attribute in ["src=\"", "href=\"", "url(", "import \"", "fetch(\""] {
        for (at, _) in text.match_indices(attribute) {
            let value = text[at + attribute.len()..].split(['"', ')', '\'']).next().unwrap();
            if value.contains("//") && !value.starts_with("data:") {
                found.push(value);
            }
        }
    }
    found
}

#[tokio::test]
async fn the_reader_and_the_query_page_need_no_internet() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.anonymous();
    let moved = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let moved = moved.get(format!("{}/docs", server.base)).send().await.unwrap();
    assert!(moved.status().is_redirection());
    assert_eq!(moved.headers()["location"], "/docs/");

    let docs = caller.get("/docs/").await.expect(200);
    assert_eq!(foreign(&docs.text), Vec::<&str>::new());
    let mut parts = 0;
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in docs.text.match_indices(attribute) {
            let part = docs.text[at + attribute.len()..].split('"').next().unwrap();
            let answer = caller.get(&format!("/docs/{}", part.trim_start_matches("./"))).await.expect(200);
            if part.ends_with(".css") || part.contains("initializer") {
                assert_eq!(foreign(&answer.text), Vec::<&str>::new(), "{part}");
            }
            parts += 1;
        }
    }
    assert!(parts >= 3, "{}", docs.text);
    assert!(caller.get("/docs/swagger-initializer.js").await.expect(200).text.contains("/openapi.json"));

    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = caller.send("GET", "/graphql", &browser, None).await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(foreign(&page.text), Vec::<&str>::new());
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    server.stop().await;
}

/// A text with a NUL is one that PostgreSQL cannot hold: refused or not found, and never our own failure.
#[tokio::test]
async fn a_text_that_no_database_can_hold_is_no_failure_of_ours() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, province) = (server.client("school-62001").await, server.client("province-620000").await);
    let nul = "a\u{0}b";
    let good = json!({ "scale.students": 1, "scale.intake": 1, "scale.graduates": 1 });
    for surface in BOTH {
        for key in [[nul, "scale", "2023"], ["62001", nul, "2023"], ["62001", "scale", nul]] {
            let key = key.map(|part| if surface == BOTH[0] { part.replace('\u{0}', "%00") } else { part.to_owned() });
            let key = [key[0].as_str(), key[1].as_str(), key[2].as_str()];
            for verb in [Verb::Get, Verb::Put(good.clone()), Verb::Submit(json!({})), Verb::Patch(json!({}))] {
                let status = surface.act(&school, key, &verb, Some("*")).await.status;
                assert!((400..500).contains(&status), "{surface:?} {key:?} {verb:?}: {status}");
            }
            assert!((400..500).contains(&surface.act(&province, key, &Verb::Get, None).await.status), "{key:?}");
        }
        let key = ["62001", "scale", "2023"];
        for (verb, status) in [(Verb::Reopen("a\u{0}b"), 422), (Verb::Reopen("open"), 200)] {
            assert_eq!(surface.act(&province, key, &verb, Some("*")).await.status, status, "{surface:?} {verb:?}");
        }
        let noted = json!({ "scale.students": { "value": 1, "note": nul } });
        assert_eq!(surface.act(&school, key, &Verb::Patch(noted), Some("*")).await.status, 422);
        for (who, verb) in [
            (&school, Verb::Submit(json!({}))),
            (&server.client("city-620100").await, Verb::Approve),
            (&province, Verb::Accept),
        ] {
            assert_eq!(surface.act(who, key, &verb, Some("*")).await.status, 200, "{verb:?}");
        }
        let said = json!({ "scale.students": nul });
        let status = surface.act(&province, key, &Verb::Return("no", said), Some("*")).await.status;
        assert!((400..500).contains(&status), "{status}");
    }
    for (path, body) in [
        ("/v1/releases", json!({ "kind": "patch", "note": nul })),
        ("/v1/releases", json!({ "kind": "patch", "note": "x", "period": nul })),
        ("/v1/session", json!({ "username": nul, "password": nul })),
    ] {
        let answer = province.post(path, None, &body).await;
        assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.text);
    }
    let form = "grant_type=client_credentials&client_id=a%00b&client_secret=a%00b";
    let answer = send(
        &server.anonymous(),
        "POST",
        "/oauth/token",
        &[("content-type", "application/x-www-form-urlencoded")],
        form,
    )
    .await;
    assert!((400..500).contains(&answer.status), "{}", answer.text);
    let cursor = zhiqiao::page::cursor(&[nul, nul, nul]);
    let id = zhiqiao::page::cursor(&["Submission", nul, nul, nul]);
    for query in [
        "{ submissions(filter: { school: [\"a\\u0000b\"] }) { totalCount } }".to_owned(),
        "{ submissions(filter: { city: [\"a\\u0000b\"] }) { totalCount } }".to_owned(),
        "{ submissions(filter: { period: [\"a\\u0000b\"] }) { totalCount } }".to_owned(),
        format!("{{ submissions(after: \"{cursor}\") {{ nodes {{ id }} }} }}"),
        format!("{{ node(id: \"{id}\") {{ id }} }}"),
        "{ aggregate(input: { indicators: [\"scale.students\"], period: \"2023\", release: \"a\\u0000b\" }) { release } }".to_owned(),
        "{ aggregate(input: { indicators: [\"scale.students\"], period: \"a\\u0000b\", release: \"live\" }) { release } }".to_owned(),
    ] {
        let answer = province.graphql(&query, json!({})).await.to_string();
        assert!(!answer.contains("INTERNAL") && !answer.contains("CONFLICT"), "{query}: {answer}");
    }
    server.stop().await;
}
