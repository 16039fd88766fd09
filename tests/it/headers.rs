//! What answers say to browsers: policies, and pages that keep to them; other origins.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::{Answer, Server, TestApp};

const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (caller, browser) = (server.anonymous(), [("accept", "text/html")]);
    for (method, path, headers, body) in [
        ("GET", "/health/live", &[][..], None),
        ("GET", "/v1/releases", &[], None),
        ("GET", "/openapi.json", &[], None),
        ("GET", "/docs/", &[], None),
        ("GET", "/docs/swagger-ui.css", &[], None),
        ("GET", "/graphql", &browser[..], None),
        ("POST", "/graphql", &[], Some(json!({ "query": "{ me { id } }" }))),
        ("POST", "/graphql", &[], Some(json!([]))),
        ("PUT", "/v1/schools/62001/submissions/scale/2023", &[], Some(json!({}))),
        ("GET", "/nothing/here", &[], None),
        ("GET", "/v1/releases?limit=x", &[], None),
        ("DELETE", "/health/live", &[], None),
        ("GET", "/v1/releases", &[("authorization", "Bearer x")], None),
    ] {
        let answer = caller.send(method, path, headers, body.as_ref()).await;
        for (name, value) in ALWAYS {
            let all: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert_eq!(all, [value], "{method} {path}: {name}");
        }
        let policies: Vec<_> = answer.headers.get_all("content-security-policy").iter().collect();
        assert_eq!(policies.len(), 1, "{method} {path}");
        let policy = policies[0].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{path}: {policy}");
        // The service speaks http here: a browser is not to be locked out.
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    server.stop().await;
}

#[tokio::test]
async fn where_the_address_is_https_browsers_are_to_use_no_other() {
    let app = TestApp::empty().await;
    let house = app.otherwise(|config| config.public_url = "https://zhiqiao.example.org".to_owned()).await;
    let server = Server::over(&house);
    for path in ["/health/live", "/nothing/here", "/docs/"] {
        let answer = server.anonymous().get(path).await;
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"), "{path}");
    }
    server.stop().await;
}

/// The insides of a tag, with its attributes: `<script src="x">…</script>`.
fn tags<'a>(page: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    page.match_indices(&format!("<{name}"))
        .filter_map(|(at, found)| {
            let rest = &page[at + found.len()..];
            let (attributes, rest) = rest.split_once('>')?;
            (attributes.is_empty() || attributes.starts_with(' ')).then_some(())?;
            Some((attributes, rest.split_once(&format!("</{name}>")).map_or("", |(inside, _)| inside)))
        })
        .collect()
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    attributes.split_once(&format!("{name}=\""))?.1.split('"').next()
}

/// What a policy says of one kind of thing.
fn allowed<'a>(policy: &'a str, directive: &str) -> Vec<&'a str> {
    policy
        .split(';')
        .filter_map(|part| part.trim().strip_prefix(directive)?.strip_prefix(' '))
        .flat_map(|sources| sources.split(' '))
        .collect()
}

/// Everything of a page that its policy would not let run or load.
fn forbidden(page: &Answer) -> Vec<String> {
    let policy = page.header("content-security-policy").unwrap();
    let mut wrong = Vec::new();
    for (tag, directive) in [("script", "script-src"), ("style", "style-src")] {
        let sources = allowed(policy, directive);
        for (attributes, inside) in tags(&page.text, tag) {
            let is_allowed = match attribute(attributes, "src") {
                Some(source) => sources.contains(&"'self'") && !source.contains("//"),
                None => {
                    let hash = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inside)));
                    sources.contains(&hash.as_str())
                }
            };
            if !is_allowed {
                wrong.push(format!("<{tag}{attributes}>"));
            }
        }
    }
    for (attributes, _) in tags(&page.text, "link") {
        let target = attribute(attributes, "href").unwrap_or_default();
        let directive = if attributes.contains("stylesheet") { "style-src" } else { "img-src" };
        if target.contains("//") || !allowed(policy, directive).contains(&"'self'") {
            wrong.push(format!("<link{attributes}>"));
        }
    }
    let markup = page.text.split("<pre").next().unwrap();
    for handler in [" onclick=", " onload=", " onerror=", " style=\"", "javascript:"] {
        if markup.contains(handler) {
            wrong.push(handler.to_owned());
        }
    }
    wrong
}

#[tokio::test]
async fn every_page_keeps_to_the_policy_that_comes_with_it() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.anonymous();
    for (path, scripts) in [("/graphql", 1), ("/docs/", 3)] {
        let page = caller.send("GET", path, &[("accept", "text/html")], None).await.expect(200);
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
        assert_eq!(tags(&page.text, "script").len(), scripts, "{path}");
        assert_eq!(forbidden(&page), Vec::<String>::new(), "{path}");
        // Both talk to the service itself and to nobody else.
        let policy = page.header("content-security-policy").unwrap();
        assert_eq!(allowed(policy, "connect-src"), ["'self'"], "{path}");
        for source in tags(&page.text, "script").iter().filter_map(|(attributes, _)| attribute(attributes, "src")) {
            caller.get(&format!("{path}{}", source.trim_start_matches("./"))).await.expect(200);
        }
    }
    // The check itself can fail.
    let page = caller.send("GET", "/graphql", &[("accept", "text/html")], None).await;
    let spoilt = Answer { text: page.text.replace("<script>", "<script> "), ..page };
    assert_eq!(forbidden(&spoilt), ["<script>"]);
    server.stop().await;
}

#[tokio::test]
async fn other_origins_are_let_in_by_name() {
    let app = TestApp::new().await;
    let closed = app.serve().await;
    let house = app.otherwise(|config| config.cors.origins = vec!["https://www.example.org".to_owned()]).await;
    let some = Server::over(&house);
    let house = app.otherwise(|config| config.cors.origins = vec!["*".to_owned()]).await;
    let all = Server::over(&house);
    let path = "/v1/schools/62001/submissions/scale/2023";
    for (server, origin, expected) in [
        (&closed, "https://www.example.org", None),
        (&some, "https://www.example.org", Some("https://www.example.org")),
        (&some, "https://example.org", None),
        (&some, "https://www.example.org.evil.test", None),
        (&some, "null", None),
        (&all, "https://anybody.test", Some("*")),
    ] {
        let caller = server.anonymous();
        // The question that a browser asks beforehand needs no token, and a plain request is answered in any case.
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization,content-type,if-match,idempotency-key"),
        ];
        let before = caller.send("OPTIONS", path, &asked, None).await;
        assert_eq!(before.header("access-control-allow-origin"), expected, "{origin}: {}", before.text);
        if expected.is_some() {
            assert_eq!(before.status, 200);
            let methods = before.header("access-control-allow-methods").unwrap();
            assert!(methods.contains("PUT") && methods.contains("PATCH") && !methods.contains("TRACE"), "{methods}");
            let headers = before.header("access-control-allow-headers").unwrap().to_lowercase();
            assert!(headers.contains("authorization") && headers.contains("if-match"), "{headers}");
        }
        let answer = caller.send("GET", "/v1/releases", &[("origin", origin)], None).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
        if expected.is_some() {
            let told = answer.header("access-control-expose-headers").unwrap().to_lowercase();
            assert!(told.contains("etag") && told.contains("ratelimit"), "{told}");
        }
        for answer in [&before, &answer] {
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    }
    let cors = [("origin", "https://www.example.org"), ("authorization", "Bearer x")];
    // A refusal must be readable, too.
    let refused = some.anonymous().send("GET", path, &cors, None).await.expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://www.example.org"));
    for server in [closed, some, all] {
        server.stop().await;
    }
}
