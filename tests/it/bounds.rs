//! The bounds of a request: address, head, nesting, parts, and time. Each ends in a 4xx, and the service answers
//! the next one as ever.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use zhiqiao::config::Config;

use crate::{
    app::{Server, TestApp},
    wire::{problem, send},
};

const TABLE: &str = "/v1/schools/62001/submissions/talent/2022";
const SOON: Duration = Duration::from_secs(10);

/// Sends bytes and reads whatever comes until the service closes the line.
async fn raw(server: &Server, bytes: Vec<u8>) -> (String, Duration) {
    let address = server.base.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _all = stream.write_all(&bytes);
        let mut answer = Vec::new();
        let _closed = stream.read_to_end(&mut answer);
        (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
    })
    .await
    .unwrap()
}

async fn well(server: &Server) {
    server.anonymous().get("/health/live").await.expect(200);
}

#[tokio::test]
async fn an_address_over_its_limit_is_414() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let limit = app.house.config.limits.address_bytes;
    let path = |length: usize| format!("/v1/releases?{}", "x".repeat(length - "/v1/releases?".len()));
    assert_ne!(server.anonymous().get(&path(limit)).await.status, 414);
    let said = problem(&server.anonymous().get(&path(limit + 1)).await, 414, "address-too-long");
    assert!(said["detail"].as_str().unwrap().contains(&limit.to_string()), "{said}");
    problem(&server.anonymous().get(&format!("/{}", "x/".repeat(30_000))).await, 414, "address-too-long");
    well(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_head_over_its_limits_is_431() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let limits = app.house.config.limits.clone();
    let request =
        |head: String| format!("GET /v1/releases HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{head}\r\n").into_bytes();
    let lines = |count: usize| (0..count).map(|at| format!("x-{at}: y\r\n")).collect::<String>();
    // Two lines are there already.
    let (answer, _) = raw(&server, request(lines(limits.header_lines - 2))).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for head in [lines(limits.header_lines - 1), format!("x-large: {}\r\n", "y".repeat(limits.header_bytes))] {
        let (answer, _) = raw(&server, request(head)).await;
        assert!(
            answer.starts_with("HTTP/1.1 431") && answer.contains("urn:zhiqiao:problem:head-too-large"),
            "{answer}"
        );
    }
    // Beyond what a head can be at all, the line is answered and closed.
    for head in [lines(5_000), format!("x-large: {}\r\n", "y".repeat(1 << 20))] {
        let (answer, took) = raw(&server, request(head)).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(took < SOON, "{took:?}");
    }
    well(&server).await;
    server.stop().await;
}

async fn hasty(app: &TestApp) -> Server {
    let change = |config: &mut Config| {
        config.limits.header_timeout_seconds = 1;
        config.limits.body_grace_seconds = 1;
        config.limits.body_bytes_per_second = 1_000;
    };
    Server::over(&app.otherwise(change).await)
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_cut_off() {
    let app = TestApp::new().await;
    let server = hasty(&app).await;
    for half in ["", "G", "GET /v1/releases HTTP/1.1\r\nhost: x\r\n", "GET /v1/releases HTTP/1.1\r\nhost: x\r\nx-a: "] {
        let (answer, took) = raw(&server, half.as_bytes().to_vec()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{half:?}: {answer}");
        assert!(took < SOON, "{half:?}: {took:?}");
    }
    well(&server).await;
    server.stop().await;
}

/// Who asks and asks and never reads: the answers pile up on the line until the system ends it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_never_reads_its_answers_is_cut_off() {
    let app = TestApp::new().await;
    let server = Server::over(&app.otherwise(|config| config.limits.answer_timeout_seconds = 1).await);
    let address = server.base.trim_start_matches("http://").to_owned();
    let (end, took) = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        loop {
            if let Err(fault) = stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n") {
                return (fault.kind(), began.elapsed());
            }
        }
    })
    .await
    .unwrap();
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
    assert!(matches!(end, BrokenPipe | ConnectionReset), "{end:?} after {took:?}");
    assert!(took < Duration::from_secs(25), "{took:?}");
    well(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_408() {
    let app = TestApp::new().await;
    let server = hasty(&app).await;
    let token = server.client("school-62001").await.token.unwrap();
    for (path, kind) in [(TABLE, "application/json"), ("/graphql", "application/json"), ("/v1/batches", "text/csv")] {
        let method = if path == TABLE { "PUT" } else { "POST" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {kind}\r\ncontent-length: 100000\r\n\r\n{{"
        );
        let (answer, took) = raw(&server, head.into_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 408") && answer.contains("urn:zhiqiao:problem:too-slow"),
            "{path}: {answer}"
        );
        assert!(took < SOON, "{path}: {took:?}");
    }
    well(&server).await;
    server.stop().await;
}

/// JSON nested a hundred thousand deep is refused by whoever reads it, and no stack overflows.
#[tokio::test]
async fn nesting_without_end_is_refused_everywhere() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let province = server.client("province-620000").await;
    let deep =
        |open: &str, inside: &str, close: &str| format!("{}{inside}{}", open.repeat(100_000), close.repeat(100_000));
    let json = [("content-type", "application/json")];
    for (caller, method, path, before, after) in [
        (&school, "PUT", TABLE, "{\"observations\":", "}"),
        (&school, "PATCH", TABLE, "{\"observations\":", "}"),
        (&school, "POST", &*format!("{TABLE}/submit"), "{\"justifications\":", "}"),
        (&province, "POST", "/v1/releases", "{\"kind\":", "}"),
        (&province, "POST", "/v1/datasets", "", ""),
        (&province, "POST", "/v1/rules", "{\"expression\":", "}"),
        (&school, "POST", "/v1/webhooks", "{\"url\":", "}"),
        (&school, "POST", "/graphql", "{\"query\":\"{a}\",\"variables\":", "}"),
        (&server.anonymous(), "POST", "/v1/session", "{\"username\":", "}"),
    ] {
        for nested in [deep("[", "", "]"), deep("{\"a\":", "0", "}")] {
            let body = format!("{before}{nested}{after}");
            let answer = send(caller, method, path, &json, body).await;
            assert!((400..500).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
        }
    }
    well(&server).await;
    server.stop().await;
}

fn form(parts: &str) -> String {
    format!("{parts}\r\n--b--\r\n")
}

#[tokio::test]
async fn a_form_has_one_part_with_a_head_of_some_size() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let part = |name: &str| {
        format!(
            "\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nschool,dataset,period,indicator,value\r\n"
        )
    };
    let post = async |body: String| send(&school, "POST", "/v1/batches?dry_run=true", &kind, body).await;
    assert_ne!(post(form(&part("a.csv"))).await.status / 100, 5);
    problem(&post(form(&part("a.csv").repeat(2))).await, 400, "malformed");
    problem(&post(form(&part("a.csv").repeat(10_000))).await, 400, "malformed");
    let endless = format!("\r\n--b\r\ncontent-disposition: form-data; name=\"{}", "x".repeat(8 << 20));
    problem(&post(endless).await, 400, "malformed");
    let many: String = (0..10_000).map(|at| format!("x-{at}: y\r\n")).collect();
    problem(&post(format!("\r\n--b\r\n{many}\r\nx\r\n--b--\r\n")).await, 400, "malformed");
    well(&server).await;
    server.stop().await;
}
