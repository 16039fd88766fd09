//! Queries that are small to write and large to answer, and requests that a browser can be made to send.

use serde_json::{Value, json};

use super::{is_well, refused, soon, tells_nothing};
use crate::{
    app::{Answer, Caller, Server, TestApp},
    wire::send,
};

const RESPONSE: (&str, &str) = ("accept", "application/graphql-response+json");

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

fn nested(count: usize, open: &str, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(count), close.repeat(count))
}

/// Queries, each with the variables that go with it.
fn queries() -> Vec<(&'static str, String, Value)> {
    let of = |name, query: String| (name, query, json!({}));
    let filter =
        |field: &str| format!("query ($l: [String!]) {{ submissions(filter: {{ {field}: $l }}) {{ totalCount }} }}");
    let words: Vec<String> = (0..40_000).map(|number| format!("{number:x}")).collect();
    let chain = |count: usize, end: &str| {
        let links = repeated(count, |at| format!("fragment F{at} on Query {{ ...F{} }} ", at + 1));
        format!("{{ ...F0 }} {links} fragment F{count} on Query {{ {end} }}")
    };
    let bomb = repeated(8, |at| format!("fragment F{at} on Query {{ {} }} ", format!("...F{} ", at + 1).repeat(40)));
    vec![
        of("1,000 aliases", format!("{{ {} }}", repeated(1_000, |at| format!("a{at}: cities {{ code }} ")))),
        of("10,000 directives", format!("{{ me {} {{ id }} }}", "@include(if: true) ".repeat(10_000))),
        of("unknown directives", format!("{{ me {} {{ id }} }}", "@x ".repeat(10_000))),
        of("9,000 directives in all", format!("{{ {} }}", "__typename @skip(if:true) ".repeat(9_000))),
        of("fields 2,000 deep", nested(2_000, "{ within ", "{ code }", " }")),
        of("fields 10,000 deep", nested(10_000, "{a", "{b}", "}")),
        of("fields 100,000 deep, never closed", "{a".repeat(100_000)),
        of("a list literal 100,000 deep", format!("{{ schools(filter: {{ city: {} }}) {{ totalCount }} }}", nested(100_000, "[", "", "]"))),
        of("an object literal 30,000 deep", format!("{{ schools(filter: {}) {{ totalCount }} }}", nested(30_000, "{city:", "1", "}"))),
        of("a type 50,000 deep", format!("query ($v: {}) {{ me {{ id }} }}", nested(50_000, "[", "Int", "]"))),
        of("20,000 opening brackets and no closing one", "([{".repeat(20_000)),
        of("a fragment that holds itself", "{ ...F } fragment F on Query { me { id } ...F }".to_owned()),
        of("a ring of fragments", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }".to_owned()),
        of("a ring through fields", "{ cities { ...A } } fragment A on City { schools: __typename ...B } fragment B on City { ...A }".to_owned()),
        of("a chain of 2,000 fragments", chain(2_000, "me { id }")),
        of("fragments that spread to billions", format!("{{ ...F0 }} {bomb} fragment F8 on Query {{ me {{ id }} }}")),
        of("an integer of 200,000 digits", format!("{{ schools(first: {}) {{ totalCount }} }}", "9".repeat(200_000))),
        of("an exponent of 100,000 digits", format!("{{ schools(first: 1e{}) {{ totalCount }} }}", "9".repeat(100_000))),
        of("a negative number of 100,000 digits", format!("{{ schools(first: -{}) {{ totalCount }} }}", "9".repeat(100_000))),
        of("10,000 times the same field", format!("{{ {} }}", "me { id } ".repeat(10_000))),
        of("3,000 times the same list", format!("{{ {} }}", "schools { nodes { code } } ".repeat(2_400))),
        of("3,000 times the same argument", format!("{{ school({}) {{ code }} }}", "code: \"62001\" ".repeat(3_000))),
        of("3,000 variables of one name", format!("query ({}) {{ __typename }}", "$a: Int ".repeat(3_000))),
        of("1,000 operations", repeated(1_000, |at| format!("query Q{at} {{ __typename }} "))),
        of("the schema over and over", format!("{{ __type(name: \"Node\") {{ {} }} }}", nested(6, "possibleTypes { interfaces { ", "name", "} }"))),
        of("the schema over and over, by fields", format!("{{ __schema {{ types {{ {} }} }} }}", nested(6, "fields { type { ", "name", "} }"))),
        of("the schema 50 times", format!("{{ {} }}", repeated(45, |at| format!("a{at}: __schema {{ types {{ fields {{ args {{ type {{ name }} }} }} }} }} ")))),
        of("all schools of all schools", "{ schools(first: 200) { nodes { city { name } consortia { consortium { members { school { consortia { consortium { members { role } } } } } } } } } }".to_owned()),
        of("a comment of 200 KB", format!("# {}", "x".repeat(200_000))),
        of("a string that does not end", format!("{{ school(code: \"{}", "x".repeat(200_000))),
        of("a block string that does not end", format!("{{ school(code: \"\"\"{}", "\"\"".repeat(100_000))),
        of("commas", ",".repeat(250_000)),
        of("byte order marks", "\u{feff}".repeat(80_000)),
        of("a NUL", "{ me\u{0} { id } }".to_owned()),
        of("a mutation as a fragment", "{ ...F } fragment F on Mutation { createRelease(input: { kind: PATCH, note: \"x\" }) { release { id } } }".to_owned()),
        ("40,000 schools", filter("school"), json!({ "l": words })),
        ("40,000 cities", filter("city"), json!({ "l": words })),
        ("40,000 tables", filter("dataset"), json!({ "l": words })),
        ("40,000 periods", filter("period"), json!({ "l": words })),
        ("40,000 tables with a collection", "query ($l: [String!]) { collections(filter: { dataset: $l }) { etag } }".to_owned(), json!({ "l": words })),
        ("40,000 indicators", "query ($l: [String!]!) { aggregate(input: { indicators: $l, period: \"2023\" }) { release } }".to_owned(), json!({ "l": words })),
        ("20,000 figures of one school", "query ($l: [String!]!) { school(code: \"62001\") { observations(period: \"2023\", indicators: $l) { value } } }".to_owned(), json!({ "l": words[..20_000] })),
        ("a page of the largest number", "query ($n: Int) { schools(first: $n) { totalCount } }".to_owned(), json!({ "n": i64::MAX })),
        ("a page of a fraction", "query ($n: Int) { schools(first: $n) { totalCount } }".to_owned(), json!({ "n": 1e300 })),
        ("a list for a number", "query ($n: Int) { schools(first: $n) { totalCount } }".to_owned(), json!({ "n": [1] })),
    ]
}

async fn ask(caller: &Caller, query: &str, variables: &Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    caller.send("POST", "/graphql", &[RESPONSE], Some(&body)).await
}

/// Whether a query was refused: by a status of the caller's, or by an error beside nothing.
#[track_caller]
fn gives_nothing(answer: &Answer, about: &str) {
    if answer.status != 200 {
        return refused(answer, about);
    }
    tells_nothing(&answer.text, about);
    let json = answer.json();
    let errors = json["errors"].as_array().unwrap_or_else(|| panic!("{about} was answered: {}", start(answer)));
    for error in errors {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        assert!(!["INTERNAL", "UNAVAILABLE", ""].contains(&code), "{about}: {}", start(answer));
    }
    let is_nothing = json["data"].as_object().is_none_or(|data| {
        data.values().all(|value| {
            value.is_null() || value.as_object().is_some_and(|members| members.values().all(Value::is_null))
        })
    });
    assert!(is_nothing, "{about}: {}", start(answer));
}

fn start(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text.chars().take(1_000).collect::<String>())
}

#[tokio::test]
async fn a_query_that_would_grow_is_refused_whoever_asks() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let callers = [("anonymous", server.anonymous()), ("province", server.client("province-620000").await)];
    for (name, query, variables) in queries() {
        for (who, caller) in &callers {
            let about = format!("{name} as {who}");
            let answer = soon(&about, ask(caller, &query, &variables)).await;
            gives_nothing(&answer, &about);
            // What is refused is refused in few words.
            assert!(answer.text.len() < 2 * query.len() + 100_000, "{about}: {} bytes", answer.text.len());
        }
    }
    is_well(&server).await;
    server.stop().await;
}

/// What tools ask of the schema is not taken for an attack.
#[tokio::test]
async fn the_schema_can_be_read() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let kind = (0..7).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let query = format!(
        "{{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
            types {{ kind name description fields(includeDeprecated: true) {{ name description args {{ ...I }} type {{ ...T }} isDeprecated deprecationReason }}
            inputFields {{ ...I }} interfaces {{ ...T }} enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} possibleTypes {{ ...T }} }}
            directives {{ name description locations args {{ ...I }} }} }} }}
         fragment I on __InputValue {{ name description type {{ ...T }} defaultValue }} fragment T on __Type {{ {kind} }}"
    );
    let data = Caller::data(server.anonymous().graphql(&query, json!({})).await);
    assert!(data["__schema"]["types"].as_array().unwrap().len() > 50);
    server.stop().await;
}

/// Bodies that are no request: batches, deep JSON, doubled members, other encodings, broken texts.
#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.client("province-620000").await;
    let kind = ("content-type", "application/json");
    let one = r#"{"query":"mutation { createRelease(input: { kind: PATCH, note: \"x\" }) { release { id } } }"}"#;
    let deep = |open: &str, close: &str, count: usize| {
        format!(r#"{{"query":"{{__typename}}","variables":{{"v":{}1{}}}}}"#, open.repeat(count), close.repeat(count))
    };
    let limit = app.house.config.limits.graphql_body_bytes;
    let mut gzip_like = b"\x1f\x8b\x08\x00".to_vec();
    gzip_like.extend([0; 64]);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("a batch of one", format!("[{one}]").into()),
        ("a batch of a thousand", format!("[{}]", vec![r#"{"query":"{__typename}"}"#; 1_000].join(",")).into()),
        ("a batch in a batch", format!("[[{one}]]").into()),
        ("JSON lines", format!("{one}\n{one}").into()),
        ("variables 100,000 deep in lists", deep("[", "]", 100_000).into()),
        ("variables 40,000 deep in objects", deep("{\"a\":", "}", 40_000).into()),
        ("100,000 brackets and nothing else", "[".repeat(100_000).into()),
        ("100,000 braces and nothing else", "{\"a\":".repeat(40_000).into()),
        (
            "extensions 100,000 deep",
            format!(r#"{{"query":"{{__typename}}","extensions":{}"#, "{\"a\":".repeat(40_000)).into(),
        ),
        ("the query twice", r#"{"query":"{__typename}","query":"{me{id}}"}"#.into()),
        ("an unknown member", r#"{"query":"{__typename}","role":"ADMIN"}"#.into()),
        ("a query that is an object", r#"{"query":{"a":1}}"#.into()),
        (
            "an integer of a million digits",
            format!(r#"{{"query":"{{__typename}}","variables":{{"v":{}}}}}"#, "9".repeat(1_000_000)).into(),
        ),
        ("a string of megabytes", format!(r#"{{"query":"{}"}}"#, "x".repeat(3_000_000)).into()),
        ("one byte over the limit", format!("{}{}", r#"{"query":"{__typename}"}"#, " ".repeat(limit)).into()),
        ("half a surrogate", r#"{"query":"{ school(code: \"\ud800\") { code } }"}"#.into()),
        ("invalid UTF-8", b"{\"query\":\"{ school(code: \\\"\xff\xfe\\\") { code } }\"}".to_vec()),
        ("UTF-16", one.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a byte order mark", format!("\u{feff}{one}").into()),
        ("something compressed", gzip_like),
        ("NaN", r#"{"query":"{__typename}","variables":{"v":NaN}}"#.into()),
        ("nothing", Vec::new()),
        ("blanks", " ".repeat(10_000).into()),
    ];
    for (name, body) in bodies {
        let answer = soon(name, send(&caller, "POST", "/graphql", &[kind, RESPONSE], body)).await;
        refused(&answer, name);
    }
    is_well(&server).await;
    assert_eq!(releases(&server).await, 1);
    server.stop().await;
}

async fn releases(server: &Server) -> usize {
    let data =
        Caller::data(server.client("province-620000").await.graphql("{ releases { version } }", json!({})).await);
    data["releases"].as_array().unwrap().len()
}

/// A page of somebody else's can have a browser send forms, texts and images, with whatever the browser knows of us.
#[tokio::test]
async fn what_a_foreign_page_can_send_changes_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let mutation = "mutation { createRelease(input: { kind: PATCH, note: \"x\" }) { release { id } } }";
    let body = json!({ "query": mutation }).to_string();
    let encoded: String = mutation.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let multipart = format!(
        "--b\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{body}\r\n--b\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{{}}\r\n--b--\r\n"
    );
    let origin = ("origin", "https://attacker.example");
    for (method, path, kind, sent) in [
        ("POST", "/graphql", "text/plain", body.as_str()),
        ("POST", "/graphql", "text/plain;charset=UTF-8", &body),
        ("POST", "/graphql", "application/x-www-form-urlencoded", &format!("query={encoded}")),
        ("POST", "/graphql", "application/x-www-form-urlencoded", &body),
        ("POST", "/graphql", "multipart/form-data; boundary=b", &multipart),
        ("POST", "/graphql", "application/graphql", mutation),
        ("POST", "/graphql", "", &body),
        ("POST", "/graphql", "text/plain, application/json", &body),
        ("GET", &format!("/graphql?query={encoded}"), "", ""),
        ("GET", &format!("/graphql?query={encoded}&operationName="), "application/json", &body),
        ("HEAD", &format!("/graphql?query={encoded}"), "", ""),
        ("POST", "/v1/releases", "text/plain", r#"{"kind":"patch","note":"x"}"#),
        ("POST", "/v1/releases", "application/x-www-form-urlencoded", "kind=patch&note=x"),
        ("POST", "/v1/releases", "multipart/form-data; boundary=b", &multipart),
        ("POST", "/v1/session", "text/plain", r#"{"username":"x","password":"y"}"#),
        ("POST", "/v1/webhooks", "text/plain", r#"{"url":"https://example.org"}"#),
    ] {
        let headers: Vec<(&str, &str)> =
            [("content-type", kind), origin].into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let about = format!("{method} {path} {kind}");
        let answer = soon(&about, send(&province, method, path, &headers, sent.to_owned())).await;
        refused(&answer, &about);
        // Nobody else's page may read what is answered.
        assert_eq!(answer.header("access-control-allow-origin"), None, "{about}");
    }
    // Nor is the verb to be smuggled in beside the method.
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        let answer = province.send("GET", "/v1/releases", &[(name, "POST")], None).await.expect(200);
        assert!(answer.json()["releases"].is_array());
    }
    assert_eq!(releases(&server).await, 1);
    is_well(&server).await;
    server.stop().await;
}
