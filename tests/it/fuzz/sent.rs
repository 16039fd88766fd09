//! What schools, enterprises, offices and their programs send: every route with a body of its own shape and values
//! that are almost right, messages of a websocket, forms that come back, proofs of who somebody is, codes and words.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{Cursor, Read},
    time::{Duration, Instant},
};

use entity::words::SubmissionState as State;
use futures::{SinkExt, StreamExt, TryStreamExt};
use proptest::{prelude::*, strategy::Union};
use serde_json::{Map, Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use zhiqiao::{
    authn::{assertions::Assertion, client_keys, keys, policy, totp::Given},
    authz::Role,
    config::Secret,
    domain::{
        audit::export::{self, Span},
        submissions::Key,
        templates,
        webhooks::target as hook,
    },
    formats::{batch::Format, guarded, personal, uscc, words},
    matching::words::terms,
};
use zip::ZipArchive;

use super::{mutated, mutated_text, read, runtime, target, texts};
use crate::{access, app::TestApp, attacks, batches::files, contract, stage};

/// What stands in members and parameters: what leads somewhere, what almost does, and what nobody would write.
const TEXTS: &[&str] = &[
    "62001",
    "62002",
    "62005",
    "620000",
    "620100",
    "EEADEB0F3",
    "engineering",
    "talent",
    "scale",
    "talent.graduates",
    "talent.placed <= talent.graduates",
    "schools('tier=junior_college')",
    "2023",
    "2022-2023",
    "2031",
    "1.*",
    "1.0.0",
    "2098-1",
    "T-1",
    "91350100M000100Y43",
    "91350100m000100y44",
    "460101",
    "46",
    "装备制造大类",
    "一个标题",
    "长期坚持",
    "words",
    "",
    " ",
    "true",
    "null",
    "-1",
    "0",
    "1",
    "12.50",
    "1e400",
    "99999999999999999999",
    "2031-01-01",
    "2024-02-30",
    "9999-12-31",
    "-262143-01-01",
    "2031-01-01T00:00:00Z",
    "2031-01-01T25:00:00+99:99",
    "0197a1b2-7c3d-7000-8000-000000000000",
    "submitted",
    "order_class",
    "https://example.org/hook",
    "http://[::ffff:127.0.0.1]:9/",
    "0931-8888888",
    "13000000000",
    "990000199002300012",
    "=1+1",
    "%",
    "' OR 1=1 --",
    "\0",
    "\u{202e}職橋",
    "*",
];

const DAYS: &[&str] =
    &["2031-01-01", "2001-12-31", "2024-02-29", "2024-02-30", "9999-12-31", "0000-01-01", "+262142-12-31"];

fn text() -> BoxedStrategy<String> {
    let long = proptest::sample::select(vec![200, 2_001, 20_000]).prop_map(|length| "长".repeat(length));
    prop_oneof![
        12 => proptest::sample::select(TEXTS).prop_map(str::to_owned),
        4 => mutated_text(TEXTS),
        1 => long,
    ]
    .boxed()
}

fn number() -> BoxedStrategy<Value> {
    let numbers = vec![
        json!(0),
        json!(1),
        json!(3),
        json!(-1),
        json!(2_024),
        json!(i32::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.1),
        json!(1e300),
        json!(999_999_999_999_999_u64),
    ];
    proptest::sample::select(numbers).boxed()
}

/// A value of any kind.
fn anything() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        2 => number(),
        1 => proptest::sample::select(vec![json!(null), json!(true), json!([]), json!({}), json!([null]), json!({ "a": [{}] })]),
    ]
    .boxed()
}

/// Values of a schema of the document, and now and then of none.
fn of_schema(document: &Value, schema: &Value, depth: u32) -> BoxedStrategy<Value> {
    let Some(deeper) = depth.checked_sub(1) else { return anything() };
    if let Some(place) = schema["$ref"].as_str() {
        return of_schema(document, document.pointer(place.trim_start_matches('#')).unwrap(), deeper);
    }
    for name in ["oneOf", "anyOf", "allOf"] {
        if let Some(arms) = schema[name].as_array() {
            return Union::new(arms.iter().map(|arm| of_schema(document, arm, deeper))).boxed();
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return prop_oneof![9 => proptest::sample::select(words.clone()), 1 => anything()].boxed();
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let of_kind = |kind: &&str| match *kind {
        "string" if schema["format"].as_str().is_some_and(|format| format.starts_with("date")) => {
            proptest::sample::select(DAYS).prop_map(Value::from).boxed()
        }
        "string" => text().prop_map(Value::from).boxed(),
        "integer" | "number" => number(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "null" => Just(Value::Null).boxed(),
        "array" => {
            proptest::collection::vec(of_schema(document, &schema["items"], deeper), 0..4).prop_map(Value::from).boxed()
        }
        "object" => object(document, schema, deeper),
        _ => anything(),
    };
    let arms: Vec<BoxedStrategy<Value>> = kinds.iter().map(of_kind).collect();
    if arms.is_empty() {
        return anything();
    }
    prop_oneof![12 => Union::new(arms), 1 => anything()].boxed()
}

fn object(document: &Value, schema: &Value, depth: u32) -> BoxedStrategy<Value> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let members: Vec<BoxedStrategy<Option<(String, Value)>>> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, of)| {
            let name = name.clone();
            let often = if required.contains(&name.as_str()) { 0.97 } else { 0.5 };
            let value = of_schema(document, of, depth).prop_map(move |value| (name.clone(), value));
            proptest::option::weighted(often, value).boxed()
        })
        .collect();
    let others = match &schema["additionalProperties"] {
        of @ Value::Object(_) => proptest::collection::vec((text(), of_schema(document, of, depth)), 0..4).boxed(),
        _ => Just(Vec::new()).boxed(),
    };
    (members, others)
        .prop_map(|(members, others)| Value::Object(members.into_iter().flatten().chain(others).collect::<Map<_, _>>()))
        .boxed()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

/// A request as it goes out, and the route that it is of: none where a place of its address was filled in otherwise.
type Sent = (String, Option<String>, Option<Value>, Vec<(&'static str, String)>, usize);

/// All requests that the document tells of, on the objects of the table of verdicts.
fn requests(document: &Value) -> BoxedStrategy<Sent> {
    let mut bodies: BTreeMap<String, BoxedStrategy<Option<Value>>> = BTreeMap::new();
    let mut parameters: BTreeMap<String, BoxedStrategy<Vec<Option<String>>>> = BTreeMap::new();
    let addresses: Vec<(String, String)> = access::asked()
        .into_iter()
        // A wait of a minute is none of this test's time, and who has signed out is nobody.
        .filter(|(route, _)| !["GET /v1/changes", "DELETE /v1/session"].contains(route))
        .map(|(route, object)| (route.to_owned(), access::placed(route.split_once(' ').unwrap().1, object)))
        .collect();
    for (route, _) in &addresses {
        let (method, path) = route.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let body = match (schema, access::body(route)) {
            (Value::Null, _) => Just(None).boxed(),
            (schema, Some(good)) => {
                prop_oneof![8 => of_schema(document, schema, 8).prop_map(Some), 1 => Just(Some(good))].boxed()
            }
            (schema, None) => of_schema(document, schema, 8).prop_map(Some).boxed(),
        };
        bodies.insert(route.clone(), body);
        let named: Vec<BoxedStrategy<Option<String>>> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["in"] == "query")
            .map(|one| {
                let name = one["name"].as_str().unwrap().to_owned();
                let value = of_schema(document, &one["schema"], 4).prop_map(move |value| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    format!("{name}={}", encoded(&value.chars().take(300).collect::<String>()))
                });
                proptest::option::weighted(0.4, value).boxed()
            })
            .collect();
        parameters.insert(route.clone(), named.boxed());
    }
    let headers = (
        proptest::option::weighted(0.8, prop_oneof![4 => Just("*".to_owned()), 1 => mutated_text(&["\"1-1-0\"", "*"])]),
        proptest::option::weighted(0.1, mutated_text(&["k1", "k2"])),
    );
    (proptest::sample::select(addresses), proptest::option::weighted(0.1, text()), headers, 0..access::ROLES.len())
        .prop_flat_map(move |((route, path), place, (tag, key), who)| {
            (Just((route.clone(), path, place, tag, key, who)), bodies[&route].clone(), parameters[&route].clone())
        })
        .prop_map(|((route, path, place, tag, key, who), body, parameters)| {
            let (method, _) = route.split_once(' ').unwrap();
            let (before, last) = path.rsplit_once('/').unwrap();
            let word = place.map(|place| encoded(&place.chars().take(300).collect::<String>()));
            let path = format!("{before}/{}", word.as_deref().unwrap_or(last));
            let query = parameters.into_iter().flatten().collect::<Vec<_>>().join("&");
            let address = if query.is_empty() { path } else { format!("{path}?{query}") };
            let visible = |text: String| text.chars().filter(char::is_ascii_graphic).take(200).collect::<String>();
            let headers = [("if-match", tag), ("idempotency-key", key)]
                .into_iter()
                .filter_map(|(name, value)| {
                    value.map(visible).filter(|value| !value.is_empty()).map(|value| (name, value))
                })
                .collect();
            (format!("{method} {address}"), word.is_none().then_some(route), body, headers, who)
        })
        .boxed()
}

/// How long callers keep their tokens: those of the test live longer.
const TOKENS: Duration = Duration::from_secs(300);

/// Every route as every role, with bodies and parameters of the shape that the document tells: no failure of ours,
/// and no answer that the document does not tell of.
#[test]
fn every_route() {
    let runtime = runtime();
    let app = runtime.block_on(access::staged());
    let server = runtime.block_on(app.serve());
    let document = contract::document();
    let known = RefCell::new((Instant::now(), runtime.block_on(access::callers(&server))));
    target("every route", 300, requests(&document), |(line, route, body, headers, who)| {
        if known.borrow().0.elapsed() > TOKENS {
            known.replace((Instant::now(), runtime.block_on(access::callers(&server))));
        }
        let anonymous = server.anonymous();
        let known = known.borrow();
        // There `Authorization` speaks of a client and its secret.
        let caller = if line.starts_with("POST /oauth/") { &anonymous } else { &known.1[who] };
        let (method, address) = line.split_once(' ').unwrap();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = runtime.block_on(caller.send(method, address, &headers, body.as_ref()));
        let stray = route.and_then(|route| contract::strays(&document, &route, &answer));
        if (answer.status >= 500 && answer.status != 501) || answer.text.contains(".rs:") || stray.is_some() {
            return Err(format!(
                "as {}: {line} {body:?}: {} {} {stray:?}",
                access::ROLES[who].0,
                answer.status,
                answer.text
            ));
        }
        Ok(())
    });
    runtime.block_on(async {
        attacks::is_well(&server).await;
        server.stop().await;
        drop(app);
    });
}

const MESSAGES: &[&str] = &[
    r#"{"type":"connection_init"}"#,
    r#"{"type":"connection_init","payload":{"Authorization":"Bearer a.b.c"}}"#,
    r#"{"type":"ping","payload":{"a":1}}"#,
    r#"{"type":"pong"}"#,
    r#"{"id":"1","type":"subscribe","payload":{"query":"subscription { events(after: \"1\") { type } }"}}"#,
    r#"{"id":"2","type":"subscribe","payload":{"query":"query ($c: String!) { city(code: $c) { name } }","variables":{"c":"620100"}}}"#,
    r#"{"id":"1","type":"complete"}"#,
];

/// Messages of a websocket, in any order: each connection goes on or is ended by a code of the protocol.
#[test]
fn websocket_messages() {
    let runtime = runtime();
    let app = runtime.block_on(TestApp::new());
    let server = runtime.block_on(app.serve());
    let message =
        prop_oneof![3 => proptest::sample::select(MESSAGES).prop_map(str::to_owned), 2 => mutated_text(MESSAGES)];
    let strategy = (any::<bool>(), proptest::collection::vec((message, any::<bool>()), 1..8));
    target("websocket messages", 100, strategy, |(greets, messages)| {
        runtime.block_on(async {
            let mut request =
                format!("{}/graphql", server.base.replace("http://", "ws://")).into_client_request().unwrap();
            request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
            let mut socket = connect_async(request).await.map_err(|fault| fault.to_string())?.0;
            if greets {
                let _gone = socket.send(Message::text(MESSAGES[0])).await;
            }
            for (text, is_binary) in messages {
                let one = if is_binary && text.len() % 7 == 0 {
                    Message::binary(text.into_bytes())
                } else {
                    Message::text(text)
                };
                // It may have been ended before.
                let _gone = socket.send(one).await;
            }
            let _gone = socket.send(Message::text(r#"{"type":"ping"}"#)).await;
            let _gone = socket.close(None).await;
            let told = tokio::time::timeout(Duration::from_secs(15), async {
                let mut told = Vec::new();
                while let Some(Ok(one)) = socket.next().await {
                    told.push(one);
                }
                told
            });
            for one in told.await.map_err(|_| "no end in sight".to_owned())? {
                match one {
                    Message::Text(text)
                        if text.contains("\"INTERNAL\"") || serde_json::from_str::<Value>(&text).is_err() =>
                    {
                        return Err(text.to_string());
                    }
                    Message::Close(Some(frame)) if u16::from(frame.code) == 1011 => return Err(frame.to_string()),
                    _ => {}
                }
            }
            Ok(())
        })
    });
    runtime.block_on(async {
        attacks::is_well(&server).await;
        server.stop().await;
        drop(app);
    });
}

/// Forms in Excel as they were handed out, with their parts changed.
#[test]
fn xlsx_forms() {
    let runtime = runtime();
    let app = runtime.block_on(TestApp::new());
    let school = app.as_(Role::School, "62001");
    let form = runtime.block_on(templates::form(&school, &Key::new("62001", "talent", "2031"))).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(form)).unwrap();
    let parts: Vec<(String, Vec<u8>)> = (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect();
    let samples: Vec<Vec<u8>> = parts.iter().map(|(_, bytes)| bytes.clone()).collect();
    target("xlsx forms", 200, (0..parts.len(), mutated(samples)), |(at, bytes)| {
        let parts: Vec<(&str, Vec<u8>)> = parts
            .iter()
            .enumerate()
            .map(|(place, (name, old))| (name.as_str(), if place == at { bytes.clone() } else { old.clone() }))
            .collect();
        read(&files::zipped(&parts), Format::Xlsx)
    });
    runtime.block_on(async { drop(app) });
}

/// Assertions and keys of clients, codes and passwords of people.
#[test]
fn proofs() {
    let part = |value: &Value| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let claims = json!({ "iss": "a", "sub": "a", "aud": ["x"], "exp": 1, "iat": 1, "nbf": 1, "jti": "j" });
    let assertion = format!("{}.{}.AAAA", part(&json!({ "alg": "EdDSA", "kid": "k", "typ": "JWT" })), part(&claims));
    let jwk = keys::KeySet::new(&[keys::generate().unwrap()]).jwks();
    let set = serde_json::to_string(&jwk).unwrap();
    let one = serde_json::to_value(&jwk).unwrap()["keys"][0].to_string();
    let es256 = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"e"}"#;
    let samples = [
        assertion.as_str(),
        &set,
        &one,
        es256,
        "123456",
        "12 34-56",
        "abcd-efgh-ijkl-mnop",
        "correct horse battery staple",
        "Passw0rd!2024",
    ];
    target("proofs", 600, mutated_text(&samples), |text| {
        if let Ok(assertion) = Assertion::read(&text)
            && assertion.client_id.is_empty()
        {
            return Err("a proof of nobody".to_owned());
        }
        if let Ok(keys) = client_keys::read_all(&text) {
            for key in keys {
                let _signed = key.has_signed("a.b", &text);
            }
        }
        if let Given::Digits(digits) = Given::read(&text)
            && (digits.len() != 6 || !digits.is_ascii())
        {
            return Err(format!("{digits} are not six digits"));
        }
        let found = policy::check("/password", &Secret::new(text.clone()), "school-62001");
        if text.len() > 8 && found.iter().any(|finding| finding.got.as_ref().is_some_and(|got| got.contains(&text))) {
            return Err("a password was said again".to_owned());
        }
        Ok(())
    });
}

/// Codes with a check digit, numbers of persons, words that are searched and matched, addresses that are called.
#[test]
fn codes_and_words() {
    target("codes and words", 1_000, mutated_text(TEXTS), |text| {
        if uscc::is_uscc(&text) && !(text.len() == 18 && text.is_ascii()) {
            return Err(format!("{text} is no code"));
        }
        let _number = personal::find(&text);
        let folded = words::fold(&text);
        let grams = words::grams(&folded);
        if grams.iter().any(|gram| gram.is_empty() || !folded.contains(*gram)) {
            return Err(format!("{grams:?} of {folded}"));
        }
        if terms(&text).iter().any(String::is_empty) {
            return Err(format!("an empty term of {text:?}"));
        }
        if guarded::cell(&text).starts_with(['=', '+', '-', '@', '\t', '\r']) {
            return Err(format!("{text:?} is a formula"));
        }
        if let Ok(url) = hook::check(&text, false)
            && (url.scheme() != "https" || hook::is_written_inside(&url))
        {
            return Err(format!("{url} is not to be called"));
        }
        Ok(())
    });
}

/// An export of the journal as an auditor gets it, with lines changed: it is read to its end or refused.
#[test]
fn journal_exports() {
    let runtime = runtime();
    let text = runtime.block_on(async {
        let app = TestApp::new().await;
        stage::bring(&app, &Key::new("62001", "talent", "2031"), &stage::talent(8_000), State::Accepted).await;
        stage::sealed(&app).await;
        let pieces: Vec<bytes::Bytes> =
            export::write(&app.system(), Span::default()).await.unwrap().try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    });
    let lines: Vec<&str> = text.lines().collect();
    // The first line, some entries and the end: most changes of a long file are far from what is read with care.
    let short = [&lines[..1], &lines[lines.len().saturating_sub(5)..]].concat().join("\n") + "\n";
    target("journal exports", 200, mutated(texts(&[&short, &text])), |bytes| {
        let mut said = |_| {};
        if let Ok(examined) = export::examine(bytes.as_slice(), None, &[], Some(1), &mut said)
            && examined.verified.found.count == 0
            && examined.verified.entries > u64::try_from(lines.len()).unwrap()
        {
            return Err("more entries than there are".to_owned());
        }
        Ok(())
    });
}
