//! GraphQL over HTTP: media types, methods, statuses, one request at a time, bounds that name
//! themselves, and a fixed number of SQL statements however much is asked for.

use std::sync::Arc;

use serde_json::{Value, json};
use zhiqiao::{
    House,
    authz::Role,
    config::Config,
    ctx::Ctx,
    domain::{keys, synth},
    graphql::request::{GraphqlRequest, execute},
};

use crate::{
    app::{Answer, Caller, Server, TestApp},
    wire::send,
};

const RESPONSE: &str = "application/graphql-response+json";
const LEGACY: &str = "application/json";
const JSON: (&str, &str) = ("content-type", "application/json");

/// What is sent, the statuses of the answer in the new and in the old media type, and whether there is `data`.
const REQUESTS: &[(&str, u16, u16, bool)] = &[
    (r#"{"query": "{ me { id } }"}"#, 200, 200, true),
    (r#"{"query": "query A { me { id } } query B { cities { code } }", "operationName": "B"}"#, 200, 200, true),
    (r#"{"query": "{ submission(school: \"62001\", dataset: \"scale\", period: \"2023\") { id } }"}"#, 200, 200, true),
    (
        r#"{"query": "query ($c: String!) { city(code: $c) { code } }", "variables": {"c": "620100"}, "extensions": {"x": 1}}"#,
        200,
        200,
        true,
    ),
    (r#"{"query": "{ nothing }"}"#, 400, 200, false),
    (r#"{"query": "{ me { id "}"#, 400, 200, false),
    (r#"{"query": "{ me }"}"#, 400, 200, false),
    (r#"{"query": "query A { me { id } } query B { me { id } }"}"#, 400, 200, false),
    (r#"{"query": "query A { me { id } }", "operationName": "B"}"#, 400, 200, false),
    (r#"{"query": "query ($c: String!) { city(code: $c) { code } }"}"#, 400, 200, false),
    (r#"{"query": "query ($c: String!) { city(code: $c) { code } }", "variables": {"c": 1}}"#, 400, 200, false),
    (r#"{"query": "subscription { events { id } }"}"#, 400, 200, false),
    (r#"{"variables": {}}"#, 400, 400, false),
    (r#"{"query": 1}"#, 400, 400, false),
    (r#"{"query": "{ me { id } }", "variables": []}"#, 400, 400, false),
    (r#"{"query": "{ me { id } }", "quarry": 1}"#, 400, 400, false),
    (r#"[{"query": "{ me { id } }"}]"#, 400, 400, false),
    ("[]", 400, 400, false),
    ("", 400, 400, false),
    ("{", 400, 400, false),
];

#[tokio::test]
async fn statuses_and_media_types_are_those_of_the_specification() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.anonymous();
    for (body, response, legacy, has_data) in REQUESTS {
        for (accept, status, kind) in [
            (RESPONSE, *response, RESPONSE),
            (LEGACY, *legacy, LEGACY),
            ("*/*", *legacy, LEGACY),
            ("application/graphql-response+json, application/json;q=0.9", *response, RESPONSE),
        ] {
            let answer = send(&caller, "POST", "/graphql", &[JSON, ("accept", accept)], *body).await;
            assert_eq!(answer.status, status, "{accept} {body}: {}", answer.text);
            assert_eq!(answer.header("content-type"), Some(format!("{kind}; charset=utf-8").as_str()), "{body}");
            let said = answer.json();
            // Where a request was not run there is no `data` at all, not even a null.
            assert_eq!(said.get("data").is_some(), *has_data, "{body}: {}", answer.text);
            for error in said["errors"].as_array().into_iter().flatten() {
                let extensions = &error["extensions"];
                assert_eq!(extensions["requestId"].as_str(), answer.header("x-request-id"), "{body}: {}", answer.text);
                assert!(extensions["code"].is_string(), "{body}: {}", answer.text);
                assert!(
                    extensions["type"].as_str().unwrap().starts_with("urn:zhiqiao:problem:"),
                    "{body}: {}",
                    answer.text
                );
            }
            assert_eq!(said["errors"].is_null(), *has_data && !body.contains("submission("), "{body}: {}", answer.text);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn get_asks_and_changes_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let encode = |query: &str| query.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let get = async |query: &str, more: &str| province.get(&format!("/graphql?query={}{more}", encode(query))).await;
    assert_eq!(get("{ me { role } }", "").await.expect(200).json()["data"]["me"]["role"], "PROVINCE");
    let variables = format!("&variables={}", encode("{\"c\": \"620100\"}"));
    let city = get("query ($c: String!) { city(code: $c) { nameEn } }", &variables).await.expect(200);
    assert_eq!(city.json()["data"]["city"]["nameEn"], "Lanzhou");
    for mutation in [
        "mutation { createRelease(input: { kind: PATCH, note: \"x\" }) { release { id } } }",
        "mutation { reopenSubmission(input: { school: \"62001\", dataset: \"scale\", period: \"2023\", reason: \"x\" }) { submission { id } } }",
    ] {
        let refused = get(mutation, "").await.expect(405);
        assert_eq!(refused.header("allow"), Some("POST"));
        assert_eq!(refused.json()["errors"][0]["extensions"]["code"], "METHOD_NOT_ALLOWED");
    }
    // Beside a query, too, it is the named operation that counts.
    let both =
        "query A { me { id } } mutation B { createRelease(input: { kind: PATCH, note: \"x\" }) { release { id } } }";
    get(both, "&operationName=A").await.expect(200);
    get(both, "&operationName=B").await.expect(405);
    province.get("/graphql").await.expect(400);
    let state =
        "{ submission(school: \"62001\", dataset: \"scale\", period: \"2023\") { state } releases { version } }";
    let data = Caller::data(province.graphql(state, json!({})).await);
    assert_eq!(data, json!({ "submission": { "state": "ACCEPTED" }, "releases": [{ "version": "1.0.0" }] }));
    server.stop().await;
}

/// A second house over the same database, with other bounds.
async fn bounded(app: &TestApp, change: impl FnOnce(&mut Config)) -> (Arc<House>, Server) {
    let mut config = app.house.config.clone();
    change(&mut config);
    let house = House::over(config, app.house.db.clone()).await.unwrap();
    let server = Server::over(&house);
    (house, server)
}

fn nested(depth: usize) -> String {
    let inner = depth - 2;
    format!(
        "{{ indicator(code: \"talent.employed_primary\") {{ {} code {} }} }}",
        "within { ".repeat(inner),
        "} ".repeat(inner)
    )
}

fn operations(count: usize) -> String {
    (0..count).map(|at| format!("query Q{at} {{ me {{ id }} }} ")).collect()
}

#[tokio::test]
async fn each_bound_holds_at_one_over_and_says_so() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.anonymous();
    let limits = &app.house.config.limits;
    let aliases =
        |count: usize| format!("{{ {} }}", (0..count).map(|at| format!("a{at}: __typename ")).collect::<String>());
    let directives = |count: usize| format!("{{ {} }}", "__typename @include(if: true) ".repeat(count));
    let tokens = |count: usize| format!("{{ {} }}", "__typename ".repeat(count - 2));
    for (bound, limit, make) in [
        ("depth", limits.graphql_depth, &nested as &dyn Fn(usize) -> String),
        ("aliases", limits.graphql_aliases, &aliases),
        ("directives", limits.graphql_directives, &directives),
        ("tokens", limits.graphql_tokens, &tokens),
        ("operations", limits.graphql_operations, &operations),
    ] {
        let ask = async |count: usize| {
            let name = (bound == "operations").then_some("Q0");
            let body = json!({ "query": make(count), "operationName": name });
            caller.send("POST", "/graphql", &[("accept", RESPONSE)], Some(&body)).await
        };
        let at = ask(limit).await.expect(200);
        assert!(at.json()["errors"].is_null(), "{bound}: {}", at.text);
        refused(&ask(limit + 1).await, bound, limit);
        // Far over is no harder to refuse.
        if bound != "tokens" {
            let far = ask(limit * 20).await.expect(400).json();
            assert_eq!(far["errors"][0]["extensions"]["code"], "TOO_COSTLY", "{bound}: {far}");
        }
    }
    server.stop().await;
}

#[track_caller]
fn refused(answer: &Answer, bound: &str, limit: usize) {
    assert_eq!(answer.status, 400, "{bound}: {}", answer.text);
    let error = &answer.json()["errors"][0];
    let extensions = &error["extensions"];
    let expected = json!(["TOO_COSTLY", bound, limit, limit + 1]);
    assert_eq!(
        json!([extensions["code"], extensions["bound"], extensions["limit"], extensions["cost"]]),
        expected,
        "{}",
        answer.text
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(bound) && message.contains(&limit.to_string()), "{message}");
}

const COSTLY: &str = "{ schools(first: 20) { nodes { code city { name } consortia { role } submissions { state } observations(period: \"2023\") { value } } } }";

#[tokio::test]
async fn the_complexity_bound_holds_at_one_over_and_says_what_the_query_costs() {
    let app = TestApp::new().await;
    // All run to the end: the connections of one go with its workers, and the others share them.
    let (_, first) = bounded(&app, |config| config.limits.graphql_complexity = 100).await;
    let body = json!({ "query": COSTLY });
    let ask =
        async |server: &Server| server.anonymous().send("POST", "/graphql", &[("accept", RESPONSE)], Some(&body)).await;
    let cost = ask(&first).await.expect(400).json()["errors"][0]["extensions"]["cost"].as_u64().unwrap();
    let cost = usize::try_from(cost).unwrap();
    assert!((20 * 40..=20_000).contains(&cost), "{cost}");
    let (_, enough) = bounded(&app, |config| config.limits.graphql_complexity = cost).await;
    let (_, short) = bounded(&app, |config| config.limits.graphql_complexity = cost - 1).await;
    let answer = ask(&enough).await.expect(200);
    assert!(answer.json()["errors"].is_null(), "{}", answer.text);
    refused(&ask(&short).await, "complexity", cost - 1);
    for server in [first, enough, short] {
        server.stop().await;
    }
}

#[tokio::test]
async fn the_body_bound_holds_at_one_over() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let limit = app.house.config.limits.graphql_body_bytes;
    let mut body = "{\"query\": \"{ me { id } }\"}".to_owned();
    body.push_str(&" ".repeat(limit - body.len()));
    send(&server.anonymous(), "POST", "/graphql", &[JSON], body.clone()).await.expect(200);
    body.push(' ');
    let refused = send(&server.anonymous(), "POST", "/graphql", &[JSON], body).await;
    let said = crate::wire::problem(&refused, 413, "too-large");
    assert!(said["detail"].as_str().unwrap().contains(&limit.to_string()), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn a_page_over_200_is_refused_and_never_clamped() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    for field in ["schools", "enterprises", "consortia", "submissions"] {
        let ends: &[&str] = if field == "submissions" { &["first"] } else { &["first", "last"] };
        for end in ends {
            let ask = async |count: i64| {
                province
                    .graphql(&format!("{{ {field}({end}: {count}) {{ totalCount nodes {{ id }} }} }}"), json!({}))
                    .await
            };
            let most = Caller::data(ask(200).await);
            let total = most[field]["totalCount"].as_u64().unwrap().min(200) as usize;
            assert_eq!(most[field]["nodes"].as_array().unwrap().len(), total, "{field}");
            for wrong in [201, 0, -1] {
                let error = &ask(wrong).await["errors"][0]["extensions"];
                assert_eq!(
                    (&error["code"], &error["errors"][0]["pointer"]),
                    (&json!("INVALID"), &json!(format!("/{end}"))),
                    "{field} {wrong}"
                );
            }
        }
        // Page by page is the same list as all at once.
        let all =
            Caller::data(province.graphql(&format!("{{ {field}(first: 200) {{ nodes {{ id }} }} }}"), json!({})).await);
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let query = format!(
                "query ($after: String) {{ {field}(first: 7, after: $after) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            let page = Caller::data(province.graphql(&query, json!({ "after": after })).await)[field].take();
            seen.extend(page["nodes"].as_array().unwrap().clone());
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(json!(seen), all[field]["nodes"], "{field}");
    }
    server.stop().await;
}

/// How many statements a query sends, and what it answers. No server runs: its jobs send some of their own.
async fn counted(app: &TestApp, ctx: &Ctx, query: &str, first: usize) -> (u64, Value) {
    let body = json!({ "query": query, "variables": { "first": first } }).to_string();
    let before = app.house.db.statements();
    let answer = execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
    let sent = app.house.db.statements() - before;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    (sent, Caller::data(answer))
}

#[tokio::test]
async fn fifty_schools_cost_as_many_statements_as_five() {
    let app = TestApp::empty().await;
    keys::rotate(&app.system()).await.unwrap();
    let size = synth::Size { schools: 210, indicators: 12, years: 1, seed: 7 };
    synth::fill(&app.system(), size, true, &mut |_, _| {}).await.unwrap();
    let codes: Vec<String> = (1..=10).map(|number| format!("\"synthetic_1.i{number:03}\"")).collect();
    let nested = format!(
        "query ($first: Int!) {{ schools(first: $first) {{ totalCount nodes {{ code name city {{ name }} consortia {{ role consortium {{ name }} }} observations(period: \"2023\", indicators: [{}]) {{ value status }} submissions {{ state }} }} }} }}",
        codes.join(", ")
    );
    let tables = "query ($first: Int!) { submissions(first: $first) { totalCount nodes { school { code } etag observations { value } findings { code } missing { code } } } }";
    let province = app.as_(Role::Province, "620000");
    let nested_ctx = [("anonymous", app.anonymous()), ("province", province.clone())];
    for (name, ctx) in &nested_ctx {
        // The first reads the released columns into memory.
        counted(&app, ctx, &nested, 5).await;
        let (few, _) = counted(&app, ctx, &nested, 5).await;
        let (many, data) = counted(&app, ctx, &nested, 50).await;
        let schools = data["schools"]["nodes"].as_array().unwrap();
        assert_eq!((schools.len(), &data["schools"]["totalCount"]), (50, &json!(210)));
        assert!(schools.iter().all(|school| school["observations"].as_array().unwrap().len() == 10), "{name}");
        assert!(schools.iter().any(|school| school["observations"][0]["status"] == "REPORTED"), "{name}");
        assert_eq!(few, many, "{name}");
        assert!(many <= 2, "{name}: {many}");
    }
    let (few, _) = counted(&app, &province, tables, 5).await;
    let (many, data) = counted(&app, &province, tables, 50).await;
    let nodes = data["submissions"]["nodes"].as_array().unwrap();
    assert_eq!((nodes.len(), &data["submissions"]["totalCount"]), (50, &json!(210)));
    assert!(nodes.iter().all(|one| !one["observations"].as_array().unwrap().is_empty()));
    assert_eq!(few, many);
    assert!(many <= 6, "{many}");
    // A full page is no exception.
    let (full, data) = counted(&app, &province, tables, 200).await;
    assert_eq!((full, data["submissions"]["nodes"].as_array().unwrap().len()), (many, 200));
    let (full, _) = counted(
        &app,
        &province,
        "query ($first: Int!) { schools(first: $first) { nodes { submissions { state } } } }",
        200,
    )
    .await;
    assert_eq!(full, 1);
    // Aggregates over what is in memory ask the database for the list of releases and nothing more.
    let by_city = format!(
        "query ($first: Int) {{ schools(first: $first) {{ totalCount }} aggregate(input: {{ indicators: [{}], period: \"2023\", groupBy: [CITY] }}) {{ groups {{ cells {{ value median }} }} }} }}",
        codes.join(", ")
    );
    counted(&app, &province, &by_city, 5).await;
    let (sent, _) = counted(&app, &province, &by_city, 5).await;
    assert!(sent <= 1, "{sent}");
}
