//! How much a caller may ask for: budgets, their headers, their refusals over REST, GraphQL and websockets, and
//! instances that share them.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;
use zhiqiao::{
    House,
    config::{Network, Pace, Rate, Shown},
    rate::{Budget, Caller as Payer},
};

use crate::{
    app::{Answer, Caller, Server, TestApp, postgres},
    socket::{Came, Socket},
    wire::{problem, send},
};

const TABLE: &str = "/v1/schools/62001/submissions/scale/2023";

/// A pace that brings nothing back while a test runs.
fn pace(burst: u64) -> Pace {
    Pace { nanos: 3_600_000_000_000, burst }
}

/// Budgets so wide that only what a test narrows is met.
fn narrowed(rate: &mut Rate, narrow: impl FnOnce(&mut Rate)) {
    let wide = pace(1_000_000);
    *rate = Rate {
        enabled: true,
        shared: false,
        client_reads: wide,
        client_writes: wide,
        client_structure: wide,
        client_cost: wide,
        address_reads: wide,
        address_writes: wide,
        address_structure: wide,
        address_cost: wide,
        login: wide,
    };
    narrow(rate);
}

async fn serve(app: &TestApp, narrow: impl FnOnce(&mut Rate)) -> (Arc<House>, Server) {
    let house = app.otherwise(|config| narrowed(&mut config.rate, narrow)).await;
    let server = Server::over(&house);
    (house, server)
}

#[track_caller]
fn limited(answer: &Answer, budget: &str) {
    let body = problem(answer, 429, "rate-limited");
    assert!(body["detail"].as_str().unwrap().contains(budget), "{body}");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"{budget}\";r=0;t=")), "{answer:?}");
}

#[tokio::test]
async fn a_budget_is_told_with_every_answer_and_its_end_is_429() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| rate.address_reads = pace(3)).await;
    let caller = server.anonymous();
    for (path, status, left) in [("/v1/releases", 200, 2), ("/nothing/here", 404, 1), ("/v1/releases?limit=0", 422, 0)]
    {
        let answer = caller.get(path).await.expect(status);
        let hours = 3 * 3_600 - left * 3_600;
        assert_eq!(answer.header("ratelimit"), Some(format!("\"reads\";r={left};t={hours}").as_str()), "{path}");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"reads\";q=3;w=10800"));
    }
    for (language, words) in [("zh-CN", "限额已用完"), ("en", "is spent")] {
        let answer = caller.send("GET", "/v1/releases", &[("accept-language", language)], None).await;
        limited(&answer, "reads");
        assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{}", answer.text);
        assert_eq!(answer.header("retry-after"), Some("3600"));
    }
    // Whoever watches the service is not counted.
    for _ in 0..5 {
        let answer = caller.get("/health/live").await.expect(200);
        assert_eq!(answer.header("ratelimit"), None);
    }
    server.stop().await;
}

#[tokio::test]
async fn each_budget_is_spent_for_itself() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| {
        (rate.address_reads, rate.address_writes, rate.address_structure, rate.login) =
            (pace(1), pace(1), pace(2), pace(3));
    })
    .await;
    let caller = server.anonymous();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (method, path, body, times, budget) in [
        ("GET", "/v1/releases", "", 1, "reads"),
        ("DELETE", "/v1/webhooks/x", "", 1, "writes"),
        ("GET", "/openapi.json", "", 2, "structure"),
        ("POST", "/oauth/token", "grant_type=client_credentials&client_id=a&client_secret=b", 3, "login"),
    ] {
        for at in 0..times {
            let answer = send(&caller, method, path, &form, body).await;
            assert!(answer.status != 429, "{at} {path}: {}", answer.text);
            assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"{budget}\"")), "{path}");
        }
        limited(&send(&caller, method, path, &form, body).await, budget);
    }
    limited(&caller.get("/docs/").await, "structure");
    // A sign-in is the address's, whoever is meant, and whatever else stands in the request.
    let body = json!({ "username": "demo-admin", "password": "x" });
    limited(&caller.post("/v1/session", None, &body).await, "login");
    server.stop().await;
}

#[tokio::test]
async fn the_holder_of_a_token_has_its_own_and_a_bad_token_is_its_addresss() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| (rate.client_reads, rate.address_reads) = (pace(4), pace(3))).await;
    let school = server.client("school-62001").await;
    let fresh = server.client("school-62001").await;
    let other = server.client("school-62002").await;
    for caller in [&school, &fresh, &school, &fresh] {
        caller.get(TABLE).await.expect(200);
    }
    // A fresh token is no fresh budget, and nobody else pays for it.
    limited(&fresh.get(TABLE).await, "reads");
    limited(&school.get("/v1/releases").await, "reads");
    other.get("/v1/releases").await.expect(200);
    let guess = Caller { token: Some(format!("{}x", school.token.clone().unwrap())), ..server.anonymous() };
    for _ in 0..3 {
        guess.get(TABLE).await.expect(401);
    }
    limited(&guess.get(TABLE).await, "reads");
    limited(&server.anonymous().get("/v1/releases").await, "reads");
    other.get("/v1/releases").await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_refused_body_is_read_to_its_end() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| rate.client_writes = pace(1)).await;
    let school = server.client("school-62002").await;
    let body = json!({ "observations": { "scale.students": 1 } });
    assert_ne!(school.put(TABLE, None, &body).await.status, 429);
    for _ in 0..3 {
        let large = format!("{{\"observations\": {{}}, \"x\": \"{}\"}}", "x".repeat(1 << 20));
        limited(&send(&school, "PUT", TABLE, &[("content-type", "application/json")], large).await, "writes");
    }
    // What was refused cost nothing of the others.
    assert_eq!(school.get("/v1/releases").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn only_a_trusted_proxy_names_the_client() {
    let app = TestApp::new().await;
    let (_house, naive) = serve(&app, |rate| rate.address_reads = pace(1)).await;
    let from = async |server: &Server, address: &str| {
        server.anonymous().send("GET", "/v1/releases", &[("x-forwarded-for", address)], None).await.status
    };
    assert_eq!((from(&naive, "192.0.2.1").await, from(&naive, "192.0.2.2").await), (200, 429));
    let house = app
        .otherwise(|config| {
            narrowed(&mut config.rate, |rate| rate.address_reads = pace(1));
            config.server.trusted_proxies = vec![Network::read("127.0.0.0/8").unwrap()];
        })
        .await;
    let behind = Server::over(&house);
    assert_eq!((from(&behind, "192.0.2.1").await, from(&behind, "192.0.2.2").await), (200, 200));
    assert_eq!((from(&behind, "192.0.2.1").await, from(&behind, "198.51.100.1, 192.0.2.2").await), (429, 429));
    // One subscriber has many addresses of version 6.
    assert_eq!((from(&behind, "2001:db8::1").await, from(&behind, "2001:db8::2").await), (200, 429));
    naive.stop().await;
    behind.stop().await;
}

const ACCEPT: (&str, &str) = ("accept", "application/graphql-response+json");

async fn ask(caller: &Caller, query: &str) -> Answer {
    caller.send("POST", "/graphql", &[ACCEPT], Some(&json!({ "query": query }))).await
}

#[track_caller]
fn refused(answer: &Answer, budget: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text);
    let said = answer.json();
    let extensions = &said["errors"][0]["extensions"];
    assert_eq!(
        (&extensions["code"], &extensions["type"]),
        (&json!("RATE_LIMITED"), &json!("urn:zhiqiao:problem:rate-limited")),
        "{said}"
    );
    assert_eq!(extensions["requestId"].as_str(), answer.header("x-request-id"));
    assert!(said.get("data").is_none(), "{said}");
    assert!(answer.header("retry-after").is_some());
    assert!(answer.header("ratelimit").unwrap().contains(&format!("\"{budget}\";r=0;")), "{answer:?}");
}

#[tokio::test]
async fn graphql_pays_by_what_is_asked() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| {
        (rate.client_reads, rate.client_writes, rate.client_structure) = (pace(8), pace(1), pace(1));
    })
    .await;
    let province = server.client("province-620000").await;
    let change = "mutation { reopenSubmission(input: { school: \"0\", dataset: \"scale\", period: \"2023\", reason: \"x\" }) { submission { id } } }";
    let answer = ask(&province, change).await.expect(200);
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "NOT_FOUND", "{}", answer.text);
    let said = answer.header("ratelimit").unwrap();
    assert!(
        said.starts_with("\"reads\";r=7;") && said.contains("\"writes\";r=0;") && said.contains("\"cost\""),
        "{said}"
    );
    refused(&ask(&province, change).await, "writes");
    let structure = "{ ...F } fragment F on Query { __schema { queryType { name } } }";
    assert_eq!(ask(&province, structure).await.expect(200).json()["data"]["__schema"]["queryType"]["name"], "Query");
    refused(&ask(&province, structure).await, "structure");
    // What does not parse is a request, too.
    ask(&province, "{").await.expect(400);
    province.send("POST", "/graphql", &[], Some(&json!([]))).await.expect(400);
    ask(&province, "{ me { id } }").await.expect(200);
    assert_eq!(province.get("/graphql?query=%7Bme%7Bid%7D%7D").await.expect(200).status, 200);
    refused(&ask(&province, "{ me { id } }").await, "reads");
    server.stop().await;
}

#[tokio::test]
async fn an_operation_costs_what_its_answer_says() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| rate.address_cost = pace(1_000)).await;
    let caller = server.anonymous();
    let list = "query ($first: Int) { schools(first: $first) { nodes { code name } } }";
    let cost = async |first: u32| {
        let body = json!({ "query": list, "variables": { "first": first } });
        let answer = caller.send("POST", "/graphql", &[ACCEPT], Some(&body)).await;
        let cost = answer.json()["extensions"]["cost"].as_u64();
        (answer, cost)
    };
    let ((_, ten), (_, twenty)) = (cost(10).await, cost(20).await);
    let (ten, twenty) = (ten.unwrap(), twenty.unwrap());
    assert!(ten >= 10 && twenty > ten, "{ten} {twenty}");
    // The second time it is known, and the same.
    let (answer, again) = cost(10).await;
    assert_eq!(again, Some(ten));
    let left = 1_000 - 2 * ten - twenty;
    assert!(answer.header("ratelimit").unwrap().contains(&format!("\"cost\";r={left};")), "{answer:?}");
    let mut left = left;
    while left >= twenty {
        assert_eq!(cost(20).await.1, Some(twenty));
        left -= twenty;
    }
    let (answer, cost_of_refused) = cost(20).await;
    assert_eq!((answer.status, cost_of_refused), (429, None), "{}", answer.text);
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    // What is cheap enough still goes.
    if left > 0 {
        ask(&caller, "{ __typename }").await.expect(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn over_a_websocket_every_operation_pays() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| rate.address_reads = pace(4)).await;
    let mut socket = Socket::open(&server).await;
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.hear().await, Came::Said(json!({ "type": "connection_ack" })));
    for id in ["1", "2", "3"] {
        socket.subscribe(id, "{ cities { code } }", json!({})).await;
        let Came::Said(said) = socket.hear().await else { panic!("closed") };
        assert_eq!(said["type"], "next", "{said}");
        assert!(said["payload"]["extensions"]["cost"].as_u64().is_some(), "{said}");
        assert_eq!(socket.hear().await, Came::Said(json!({ "id": id, "type": "complete" })));
    }
    socket.subscribe("4", "{ cities { code } }", json!({})).await;
    let Came::Said(said) = socket.hear().await else { panic!("closed") };
    assert_eq!(
        (&said["type"], &said["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("RATE_LIMITED")),
        "{said}"
    );
    // No more are opened, either.
    match Socket::try_open(&server, &[("sec-websocket-protocol", "graphql-transport-ws")]).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 429),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened"),
    }
    server.stop().await;
}

#[tokio::test]
async fn the_schema_is_shown_to_whom_the_setting_says() {
    let app = TestApp::new().await;
    let question = "{ __type(name: \"City\") { name } }";
    let browser = [("accept", "text/html,*/*;q=0.8")];
    let mut servers = Vec::new();
    for (shown, everyone, members) in
        [(Shown::Everyone, true, true), (Shown::Members, false, true), (Shown::Nobody, false, false)]
    {
        let house = app
            .otherwise(|config| {
                config.graphql.introspection = shown;
                config.graphql.page = shown != Shown::Nobody;
            })
            .await;
        let server = Server::over(&house);
        let school = server.client("school-62001").await;
        for (caller, may) in [(server.anonymous(), everyone), (school, members)] {
            let said = caller.graphql(question, json!({})).await;
            if may {
                assert_eq!(said["data"]["__type"]["name"], "City", "{shown:?} {said}");
            } else {
                assert_eq!(said["errors"][0]["extensions"]["code"], "FORBIDDEN", "{shown:?} {said}");
                assert!(said.get("data").is_none(), "{said}");
            }
            // Everything else is answered as ever.
            assert_eq!(caller.graphql("{ __typename }", json!({})).await["data"]["__typename"], "Query");
        }
        let page = server.anonymous().send("GET", "/graphql", &browser, None).await;
        assert_eq!(page.header("content-type").unwrap().starts_with("text/html"), shown != Shown::Nobody);
        assert_eq!(page.text.contains("type School implements Node"), everyone, "{shown:?}");
        servers.push(server);
    }
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn names_are_proposed_to_holders_of_a_token_only() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    for query in [
        "{ cities { nam } }",
        "{ city(cod: \"620100\") { name } }",
        "{ citys { name } }",
        // Too complex as well as wrong: the second validation must not say more than the first.
        "{ schools(first: 200) { nodes { observations(period: \"2023\") { value } submissions { observations { value } } consortia { roel } } } }",
    ] {
        let (public, member) =
            (server.anonymous().graphql(query, json!({})).await, school.graphql(query, json!({})).await);
        for said in [&public, &member] {
            assert!(said["errors"][0]["message"].is_string(), "{said}");
        }
        assert!(!public.to_string().contains("Did you mean"), "{public}");
    }
    let member = school.graphql("{ cities { nam } }", json!({})).await;
    assert!(member.to_string().contains("Did you mean"), "{member}");
    server.stop().await;
}

/// How many requests of a caller a house lets through.
async fn let_through(houses: &[&House], most: u32, budget: Budget) -> u64 {
    let mut through = 0;
    for at in 0..most {
        let house = houses[at as usize % houses.len()];
        through += u64::from(house.rates.take(Payer::Holder("client:x"), budget, 1).await.is_ok());
    }
    through
}

/// Two instances hand out one budget together, a piece at a time.
#[tokio::test]
async fn instances_share_a_budget_where_they_are_told_to() {
    let app = TestApp::empty().await;
    let set = |is_shared: bool| {
        move |config: &mut zhiqiao::config::Config| {
            narrowed(&mut config.rate, |rate| {
                rate.shared = is_shared;
                (rate.client_reads, rate.client_writes) = (pace(200), pace(200));
            });
        }
    };
    let (one, other) = (app.otherwise(set(true)).await, app.otherwise(set(true)).await);
    let before = app.house.db.statements();
    let through = let_through(&[&one, &other], 600, Budget::Reads).await;
    let sent = app.house.db.statements() - before;
    if postgres().is_some() {
        assert_eq!(through, 200);
        // Twenty pieces, and one question each that finds nothing; not one for each request.
        assert!((20..=24).contains(&sent), "{sent}");
        // A third comes too late.
        assert_eq!(let_through(&[&*app.otherwise(set(true)).await], 3, Budget::Reads).await, 0);
    } else {
        // One process has the database to itself: there is nobody to share with.
        assert_eq!((through, sent), (400, 0));
    }
    let (one, other) = (app.otherwise(set(false)).await, app.otherwise(set(false)).await);
    assert_eq!(let_through(&[&one, &other], 600, Budget::Writes).await, 400);
}

/// What costs more than a piece is had as long as it is there, and full budgets are swept out.
#[tokio::test]
async fn a_shared_budget_is_exact_for_large_amounts_and_forgotten_when_full() {
    let app = TestApp::empty().await;
    let house = app
        .otherwise(|config| {
            narrowed(&mut config.rate, |rate| {
                rate.shared = true;
                rate.client_cost = pace(1_000);
                rate.client_reads = Pace { nanos: 1, burst: 10 };
            });
        })
        .await;
    let take = async |amount: u64| house.rates.take(Payer::Holder("client:x"), Budget::Cost, amount).await;
    assert!(take(700).await.is_ok());
    assert!(take(700).await.is_err());
    assert!(take(250).await.is_ok());
    assert!(house.rates.take(Payer::Holder("client:x"), Budget::Reads, 1).await.is_ok());
    let swept = house.rates.sweep().await.unwrap();
    assert_eq!(swept, u64::from(postgres().is_some()), "the one that is full again");
}

/// Where the database does not answer, an instance counts for itself: no budget is ever without end.
#[tokio::test]
async fn without_the_shared_table_an_instance_counts_for_itself() {
    let app = TestApp::empty().await;
    let house = app
        .otherwise(|config| {
            narrowed(&mut config.rate, |rate| (rate.shared, rate.client_reads) = (true, pace(50)));
        })
        .await;
    app.house.db.write().execute_unprepared("DROP TABLE rate_bucket").await.unwrap();
    assert_eq!(let_through(&[&house], 80, Budget::Reads).await, 50);
}

#[tokio::test]
async fn the_document_says_that_any_request_may_be_refused() {
    let document: Value = serde_json::from_str(&zhiqiao::rest::openapi_text()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(responses) = operation["responses"].as_object() {
                assert!(responses.contains_key("429"), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn codes_of_certificates_are_not_tried_through() {
    let app = TestApp::new().await;
    let (_house, server) = serve(&app, |rate| (rate.address_reads, rate.address_cost) = (pace(30), pace(1_700))).await;
    let public = server.anonymous();
    // By GraphQL a look costs as much as five hundred fields, whoever asks for how many in one request.
    let code = |letter: char| std::iter::repeat_n(letter, 28).collect::<String>();
    let many: String =
        ('a'..='c').map(|letter| format!("{letter}: certificate(code: \"{}\") {{ number }} ", code(letter))).collect();
    let query = format!("{{ {many} }}");
    let first = Caller::data(public.graphql(&query, json!({})).await);
    assert_eq!(first, json!({ "a": null, "b": null, "c": null }));
    let spent = public.graphql(&query, json!({})).await;
    assert_eq!(spent["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{spent}");
    // By REST each is a read of the address, found or not.
    let mut tried = 0;
    let last = loop {
        let answer = public.get(&format!("/v1/certificates/{}", code('z'))).await;
        if answer.status != 404 {
            break answer;
        }
        tried += 1;
    };
    limited(&last, "reads");
    assert!(tried <= 28, "{tried}");
    server.stop().await;
}
