//! Bytes that are no HTTP, or almost: requests within requests, headers without end, bodies that never come.
//!
//! What waits here is the server, by limits of its own that the test makes short.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use zhiqiao::{House, config::Limits};

use super::{INSIDE, is_well};
use crate::app::{Server, TestApp};

/// How long a connection may take to end, after what the server itself waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server over the same database with other limits.
async fn limited(app: &TestApp, change: impl FnOnce(&mut Limits)) -> (Arc<House>, Server) {
    let mut config = app.house.config.clone();
    change(&mut config.limits);
    let house = House::over(config, app.house.db.clone()).await.unwrap();
    let server = Server::over(&house);
    (house, server)
}

fn address(server: &Server) -> String {
    server.base.trim_start_matches("http://").to_owned()
}

/// How a sender goes on after its bytes.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Waits for what comes.
    Waits,
    /// Closes its half: nothing more will come.
    Stops,
}

/// Sends bytes and reads until the other side closes, or until it has said something and waits for more.
fn send(address: &str, bytes: &[u8], then: Then) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    // A server that has had enough may close in the middle.
    let _broken_off = stream.write_all(bytes);
    if then == Then::Stops {
        let _closed = stream.shutdown(Shutdown::Write);
    }
    let (mut answer, mut piece) = (Vec::new(), [0; 8192]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&piece[..read]),
            Err(fault) if fault.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(fault) => panic!("after {:?}: {fault}", String::from_utf8_lossy(&answer)),
        }
        if is_whole(&answer) {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether one answer is there with all of its body.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(str::to_owned));
    length.and_then(|length| length.trim().parse::<usize>().ok()).is_some_and(|length| body.len() >= length)
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[track_caller]
fn tells_nothing(answer: &str, about: &str) {
    for word in INSIDE {
        assert!(!answer.contains(word), "{about} says `{word}`: {answer}");
    }
}

/// Requests that two readers would take for different ones, and such as nobody should take for one.
fn ambiguous() -> Vec<(&'static str, Vec<u8>)> {
    let post = |headers: &str, body: &str| {
        format!("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n{body}")
            .into_bytes()
    };
    let (query, chunked) = ("{\"query\":\"{me{id}}\"}", "14\r\n{\"query\":\"{me{id}}\"}\r\n0\r\n\r\n");
    let get = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n").into_bytes();
    let mut raw_path = b"GET /v1/".to_vec();
    raw_path.extend(b"\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut nul_path = b"GET /v1/\0 HTTP/1.1\r\n".to_vec();
    nul_path.extend(b"host: x\r\n\r\n");
    vec![
        ("a length and chunks", post("content-length: 20\r\ntransfer-encoding: chunked\r\n", chunked)),
        ("chunks and a length", post("transfer-encoding: chunked\r\ncontent-length: 4\r\n", chunked)),
        ("two lengths", post("content-length: 20\r\ncontent-length: 5\r\n", query)),
        ("the same length twice", post("content-length: 20\r\ncontent-length: 20\r\n", query)),
        ("a list of lengths", post("content-length: 20, 20\r\n", query)),
        ("a length with a sign", post("content-length: +20\r\n", query)),
        ("a negative length", post("content-length: -1\r\n", query)),
        ("a length in hexadecimal", post("content-length: 0x14\r\n", query)),
        ("a length that no number holds", post("content-length: 99999999999999999999999999\r\n", query)),
        ("an unknown coding", post("transfer-encoding: xchunked\r\n", chunked)),
        ("chunks that are not the last coding", post("transfer-encoding: chunked, identity\r\n", chunked)),
        ("two codings in two lines", post("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", chunked)),
        (
            "chunks in HTTP/1.0",
            String::from_utf8(post("transfer-encoding: chunked\r\n", chunked))
                .unwrap()
                .replace("/1.1", "/1.0")
                .into_bytes(),
        ),
        ("a folded header", post("x-a: b\r\n  c\r\ncontent-length: 20\r\n", query)),
        ("a folded length", post("content-length:\r\n 20\r\n", query)),
        ("a blank before the colon", post("content-length : 20\r\n", query)),
        ("a header without a name", post(": x\r\ncontent-length: 20\r\n", query)),
        ("a bare carriage return", post("x-a: b\rc\r\ncontent-length: 20\r\n", query)),
        ("a NUL in a header", post("x-a: b\0c\r\ncontent-length: 20\r\n", query)),
        ("a chunk whose length is no number", post("transfer-encoding: chunked\r\n", "zz\r\nx\r\n0\r\n\r\n")),
        ("a chunk of a negative length", post("transfer-encoding: chunked\r\n", "-14\r\nx\r\n0\r\n\r\n")),
        ("a chunk larger than the world", post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\nx\r\n")),
        ("no host", get("GET /health/live HTTP/1.1", "")),
        ("two hosts", get("GET /health/live HTTP/1.1", "host: a\r\nhost: b\r\n")),
        ("another version", get("GET /health/live HTTP/9.9", "host: x\r\n")),
        ("no version", get("GET /health/live", "")),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("a tunnel", get("CONNECT internal:80 HTTP/1.1", "host: x\r\n")),
        ("a trace", get("TRACE /health/live HTTP/1.1", "host: x\r\ncookie: secret\r\n")),
        ("bytes in a path", raw_path),
        ("a NUL in a path", nul_path),
        ("broken percent-encoding in a path", get("GET /v1/releases/%zz HTTP/1.1", "host: x\r\n")),
        ("broken percent-encoding in a query", get("GET /v1/releases?limit=%zz HTTP/1.1", "host: x\r\n")),
        ("bytes that are no UTF-8 in a query", get("GET /v1/releases?cursor=%ff%fe HTTP/1.1", "host: x\r\n")),
        ("a path out of the house", get("GET /docs/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1", "host: x\r\n")),
        ("the same in dots", get("GET /../../../etc/passwd HTTP/1.1", "host: x\r\n")),
        ("a NUL in the name of a file", get("GET /docs/index.html%00.png HTTP/1.1", "host: x\r\n")),
        ("a slash within a name", get("GET /v1%2freleases HTTP/1.1", "host: x\r\n")),
        (
            "an address of 200 KB",
            get(&format!("GET /v1/releases?cursor={} HTTP/1.1", "a".repeat(200_000)), "host: x\r\n"),
        ),
        ("a thousand headers", get("GET /health/live HTTP/1.1", &format!("host: x\r\n{}", "x-a: b\r\n".repeat(1_000)))),
        (
            "a header of a megabyte",
            get("GET /health/live HTTP/1.1", &format!("host: x\r\nx-a: {}\r\n", "b".repeat(1 << 20))),
        ),
        (
            "a header without end",
            format!("GET /health/live HTTP/1.1\r\nhost: x\r\nx-a: {}", "b".repeat(1 << 20)).into_bytes(),
        ),
    ]
}

#[tokio::test]
async fn bytes_that_are_no_request_are_refused() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let to = address(&server);
    tokio::task::spawn_blocking(move || {
        for (name, bytes) in ambiguous() {
            let began = Instant::now();
            let answer = send(&to, &bytes, Then::Waits);
            // Cut off without a word is an answer, too: there may be megabytes that nobody read.
            assert!(answer.is_empty() || (400..500).contains(&status(&answer)), "{name}: {answer}");
            assert!(!answer.contains("\"data\"") && !answer.contains("cookie"), "{name}: {answer}");
            tells_nothing(&answer, name);
            assert!(began.elapsed() < PATIENCE, "{name}");
        }
    })
    .await
    .unwrap();
    is_well(&server).await;
    server.stop().await;
}

/// What stands behind a request in the same packet is its body or a request of its own, and never both.
#[tokio::test]
async fn no_request_hides_within_another() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let to = address(&server);
    tokio::task::spawn_blocking(move || {
        let hidden = "GET /v1/changes HTTP/1.1\r\nhost: x\r\n\r\n";
        // As the body of a method that has none, and of one that has.
        for (line, more) in [("GET /health/live", ""), ("POST /graphql", "content-type: application/json\r\n")] {
            let request = format!("{line} HTTP/1.1\r\nhost: x\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{hidden}", hidden.len());
            let mut stream = TcpStream::connect(&to).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            let _reset = stream.read_to_string(&mut answer);
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
            assert!(!answer.contains("WWW-Authenticate") && !answer.contains("www-authenticate"), "{answer}");
        }
        // Behind a refused one nothing is read any more: nobody knows where it ends.
        let refused = format!("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");
        let mut stream = TcpStream::connect(&to).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(refused.as_bytes()).unwrap();
        let mut answer = String::new();
        let _reset = stream.read_to_string(&mut answer);
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{answer}");
    })
    .await
    .unwrap();
    is_well(&server).await;
    server.stop().await;
}

/// Headers and bodies that do not come to their end are waited for as long as the settings say, and no longer.
#[tokio::test]
async fn who_sends_slowly_is_cut_off_and_takes_nobodys_place() {
    let app = TestApp::new().await;
    let (_house, server) = limited(&app, |limits| {
        limits.header_timeout_seconds = 1;
        limits.request_timeout_seconds = 1;
    })
    .await;
    let token = server.client("school-62001").await.token.unwrap();
    let bearer = format!("authorization: Bearer {token}\r\n");
    let begun = |line: &str, headers: &str, body: &str| format!("{line} HTTP/1.1\r\nhost: x\r\n{headers}{body}");
    let json = "content-type: application/json\r\n";
    let form = "content-type: multipart/form-data; boundary=b\r\n";
    let part = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nschool,dataset";
    let cases = vec![
        ("half a line", "GET /health/li".to_owned()),
        ("half of the headers", begun("GET /health/live", "x-a: b\r\nx-b", "")),
        ("no end of the headers", begun("POST /graphql", json, "")),
        ("half a query", begun("POST /graphql", &format!("{json}content-length: 1000\r\n\r\n"), "{\"query\":")),
        (
            "half a chunk",
            begun("POST /graphql", &format!("{json}transfer-encoding: chunked\r\n\r\n"), "ff\r\n{\"query\":"),
        ),
        ("no chunk at all", begun("POST /graphql", &format!("{json}transfer-encoding: chunked\r\n\r\n"), "")),
        (
            "half a table",
            begun(
                "PUT /v1/schools/62001/submissions/talent/2031",
                &format!("{bearer}{json}content-length: 1000\r\n\r\n"),
                "{",
            ),
        ),
        (
            "half a table under a key",
            begun(
                "PUT /v1/schools/62001/submissions/talent/2031",
                &format!("{bearer}{json}idempotency-key: KEY\r\ncontent-length: 1000\r\n\r\n"),
                "{",
            ),
        ),
        (
            "half a table with a bad token",
            begun(
                "PUT /v1/schools/62001/submissions/talent/2031",
                &format!("authorization: Bearer x\r\n{json}content-length: 1000\r\n\r\n"),
                "{",
            ),
        ),
        (
            "half a batch",
            begun(
                "POST /v1/batches",
                &format!("{bearer}content-type: text/csv\r\ncontent-length: 1000\r\n\r\n"),
                "school,",
            ),
        ),
        ("half a form", begun("POST /v1/batches", &format!("{bearer}{form}content-length: 100000\r\n\r\n"), part)),
        (
            "half a batch of nobody's",
            begun("POST /v1/batches", "content-type: text/csv\r\ncontent-length: 1000\r\n\r\n", "school,"),
        ),
        ("half a sign-in", begun("POST /v1/session", &format!("{json}content-length: 100\r\n\r\n"), "{")),
        (
            "half a request for a token",
            begun(
                "POST /oauth/token",
                "content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\n",
                "grant_type=",
            ),
        ),
        (
            "a body after an upgrade",
            begun(
                "POST /graphql",
                &format!("{json}connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 20\r\n\r\n"),
                "{\"query\":\"{me{id}}\"}",
            ),
        ),
    ];
    let to = address(&server);
    let waiting: Vec<_> = cases
        .into_iter()
        .flat_map(|(name, bytes)| {
            let to = to.clone();
            // A few of each at once.
            // Of one key the second would wait for the first.
            (0..3).map(move |number| {
                let (to, bytes) = (to.clone(), bytes.replace("KEY", &format!("key-{number}")));
                std::thread::spawn(move || (name, send(&to, bytes.as_bytes(), Then::Waits)))
            })
        })
        .collect();
    // Others are served meanwhile.
    is_well(&server).await;
    tokio::task::spawn_blocking(move || {
        for one in waiting {
            let (name, answer) = one.join().unwrap();
            assert_eq!(status(&answer), 408, "{name}: {answer}");
            tells_nothing(&answer, name);
        }
    })
    .await
    .unwrap();
    is_well(&server).await;
    server.stop().await;
}

/// A body that breaks off is not taken for a shorter one.
#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let bearer = format!("authorization: Bearer {}\r\n", school.token.clone().unwrap());
    let table = "{\"observations\":{\"talent.graduates\":1}}";
    let rows = "school,dataset,period,indicator,value\n62001,talent,2031,talent.graduates,1\n";
    let to = address(&server);
    tokio::task::spawn_blocking(move || {
        for (name, line, kind, body) in [
            ("a table", "PUT /v1/schools/62001/submissions/talent/2031", "application/json", table),
            ("a batch", "POST /v1/batches", "text/csv", rows),
            ("a query", "POST /graphql", "application/json", "{\"query\":\"{me{id}}\"}"),
        ] {
            for headers in
                [format!("content-length: {}\r\n", body.len() + 1), "transfer-encoding: chunked\r\n".to_owned()]
            {
                let body = if headers.starts_with("transfer") {
                    format!("{:x}\r\n{body}\r\n", body.len())
                } else {
                    body.to_owned()
                };
                let bytes =
                    format!("{line} HTTP/1.1\r\nhost: x\r\n{bearer}content-type: {kind}\r\n{headers}\r\n{body}");
                let answer = send(&to, bytes.as_bytes(), Then::Stops);
                assert!(answer.is_empty() || status(&answer) == 400, "{name}: {answer}");
                tells_nothing(&answer, name);
            }
        }
    })
    .await
    .unwrap();
    school.get("/v1/schools/62001/submissions/talent/2031").await.expect(404);
    is_well(&server).await;
    server.stop().await;
}
