//! Other people's objects by their ids: to whom they are not, they are as if they had never been, to the byte.

use chrono::Utc;
use entity::{
    ids::{DeliveryId, WebhookId},
    webhook_delivery,
    words::{DeliveryState, SubmissionState as State},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;
use zhiqiao::{
    authz::Role,
    domain::submissions::{self, Key},
    page,
};

use super::{is_well, refused, soon};
use crate::{
    app::{Answer, Caller, Server, TestApp},
    stage,
    wire::{bare, send},
};

/// A period of which nobody has anything but what is staged here.
const PERIOD: &str = "2031";
/// A note that stands in the draft of 62001 and nowhere else.
const NOTE: &str = "only-for-62001";

/// What belongs to 62001: a table with two revisions, a batch, a webhook and one of its messages.
struct Owned {
    batch: String,
    webhook: String,
    delivery: String,
}

async fn owned(app: &TestApp, server: &Server) -> Owned {
    let mut cells = stage::talent(8_000);
    stage::push(app, &Key::new("62001", "talent", PERIOD), &cells).await;
    cells["talent.graduates"] = json!({ "value": 8_001, "note": NOTE });
    stage::push(app, &Key::new("62001", "talent", PERIOD), &cells).await;
    let school = server.client("school-62001").await;
    let file =
        "school,dataset,period,indicator,value\n62001,scale,2031,scale.students,7\n62001,scale,2031,scale.nothing,1\n";
    let batch = send(&school, "POST", "/v1/batches", &[("content-type", "text/csv")], file).await.expect(200).json();
    let wish = json!({ "url": "http://127.0.0.1:9/hook", "events": ["release.published"] });
    let webhook = school.post("/v1/webhooks", None, &wish).await.expect(201).json();
    let (webhook, delivery) = (webhook["id"].as_str().unwrap().to_owned(), Uuid::now_v7());
    let message = webhook_delivery::Model {
        id: DeliveryId(delivery),
        webhook_id: WebhookId(Uuid::parse_str(&webhook).unwrap()),
        place: "x".to_owned(),
        event: "release.published".to_owned(),
        body: "{}".to_owned(),
        state: DeliveryState::Failed,
        attempts: 1,
        next_at: Utc::now(),
        leased_until: None,
        last_at: None,
        last_status: None,
        last_error: None,
        created_at: Utc::now(),
    };
    let message = webhook_delivery::ActiveModel::from(message);
    let db = app.house.db.write();
    webhook_delivery::Entity::insert(message).exec_without_returning(db).await.unwrap();
    Owned { batch: batch["id"].as_str().unwrap().to_owned(), webhook, delivery: delivery.to_string() }
}

/// Who has no business with it. None of them is the city or the province, which see that there is a table.
const STRANGERS: &[&str] = &[
    "school-62002",
    "school-62005",
    "city-620500",
    "analyst",
    "enterprise-eeadeb0f3",
    "agency-engineering",
    "admin",
    "auditor",
];

/// Every address with an id in it: as it is, and with ids of what never was.
fn addresses(own: &Owned) -> Vec<(&'static str, String, String, Option<Value>)> {
    let table =
        |school: &str, period: &str, end: &str| format!("/v1/schools/{school}/submissions/talent/{period}{end}");
    let nobody = Uuid::now_v7().to_string();
    let cells = json!({ "observations": { "talent.graduates": 1 } });
    let mut all = Vec::new();
    for (method, end, body) in [
        ("GET", "", None),
        ("PUT", "", Some(cells.clone())),
        ("PUT", "?dry_run=true", Some(cells.clone())),
        ("PATCH", "", Some(cells)),
        ("POST", "/submit", Some(json!({ "justifications": { "talent.graduates": "x" } }))),
        ("POST", "/recall", Some(json!({}))),
        ("POST", "/approve", Some(json!({}))),
        ("POST", "/accept", Some(json!({}))),
        ("POST", "/return", Some(json!({ "reason": "x" }))),
        ("POST", "/reopen", Some(json!({ "reason": "x" }))),
        ("GET", "/revisions", None),
        ("GET", "/revisions?limit=1", None),
        ("GET", "/revisions/1", None),
        ("GET", "/revisions/2?against=1", None),
        ("GET", "/revisions/99", None),
    ] {
        all.push((method, table("62001", PERIOD, end), table("62099", PERIOD, end), body.clone()));
        all.push((method, table("62001", PERIOD, end), table("62001", "2032", end), body));
    }
    let form = |school: &str| format!("/v1/templates/talent.xlsx?school={school}&period={PERIOD}");
    all.push(("GET", form("62001"), form("62099"), None));
    all.push(("GET", format!("/v1/batches/{}", own.batch), format!("/v1/batches/{nobody}"), None));
    for (method, end, body) in [
        ("GET", String::new(), None),
        ("PATCH", String::new(), Some(json!({ "enabled": false }))),
        ("DELETE", String::new(), None),
        ("GET", "/deliveries".to_owned(), None),
        ("POST", "/rotate".to_owned(), Some(json!({}))),
        ("POST", format!("/deliveries/{}/redeliver", own.delivery), None),
    ] {
        let of = |id: &str| format!("/v1/webhooks/{id}{end}");
        all.push((method, of(&own.webhook), of(&nobody), body));
    }
    all
}

/// What of an answer is the same from one request to the next: everything but its id, its date, and the id in the body.
fn steady(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let (status, body) = bare(answer);
    (status, headers, body)
}

#[tokio::test]
async fn what_is_anothers_is_as_if_it_had_never_been() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let own = owned(&app, &server).await;
    for name in STRANGERS {
        let caller = server.client(name).await;
        for (method, there, nowhere, body) in addresses(&own) {
            // Its own schools a city sees well enough; a school that is none is none to it as well.
            let about = format!("{method} {there} as {name}");
            let tag = [("if-match", "*")];
            let foreign = soon(&about, caller.send(method, &there, &tag, body.as_ref())).await;
            let absent = caller.send(method, &nowhere, &tag, body.as_ref()).await;
            refused(&foreign, &about);
            assert!(!foreign.text.contains(NOTE) && !foreign.text.contains("8001"), "{about}: {}", foreign.text);
            assert_eq!(foreign.status, 404, "{about}: {}", foreign.text);
            assert_eq!(steady(&foreign), steady(&absent), "{about}");
            // Byte by byte, but for the id of the request.
            let id = |answer: &Answer| answer.header("x-request-id").unwrap().to_owned();
            assert_eq!(foreign.text.replace(&id(&foreign), "-"), absent.text.replace(&id(&absent), "-"), "{about}");
        }
        // A message of somebody else's under an endpoint of one's own.
        if let "school-62002" | "school-62005" | "city-620500" | "enterprise-eeadeb0f3" = *name {
            let wish = json!({ "url": "http://127.0.0.1:9/own", "events": ["release.published"] });
            let mine = caller.post("/v1/webhooks", None, &wish).await.expect(201).json();
            let path = |delivery: &str| {
                format!("/v1/webhooks/{}/deliveries/{delivery}/redeliver", mine["id"].as_str().unwrap())
            };
            let foreign = caller.send("POST", &path(&own.delivery), &[], None).await.expect(404);
            let absent = caller.send("POST", &path(&Uuid::now_v7().to_string()), &[], None).await.expect(404);
            assert_eq!(steady(&foreign), steady(&absent), "{name}");
            let listed = caller.get("/v1/webhooks").await.expect(200).json();
            assert!(!listed.to_string().contains(&own.webhook), "{listed}");
        }
    }
    // The owner finds everything where it was.
    let school = server.client("school-62001").await;
    for (path, status) in [
        (format!("/v1/schools/62001/submissions/talent/{PERIOD}"), 200),
        (format!("/v1/batches/{}", own.batch), 200),
        (format!("/v1/webhooks/{}", own.webhook), 200),
    ] {
        school.get(&path).await.expect(status);
    }
    let message = webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::Id.eq(DeliveryId(Uuid::parse_str(&own.delivery).unwrap())))
        .one(app.house.db.read())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(message.state, DeliveryState::Failed, "nobody has had it sent again");
    is_well(&server).await;
    server.stop().await;
}

/// The same by GraphQL, by every way that takes an id or a key; and ids that were made up.
#[tokio::test]
async fn an_id_of_anothers_is_an_id_of_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    owned(&app, &server).await;
    let id = |parts: &[&str]| page::cursor(parts);
    let (there, nowhere) =
        (id(&["Submission", "62001", "talent", PERIOD]), id(&["Submission", "62099", "talent", PERIOD]));
    let inside = "... on Submission { id state observations { value note } revisions { totalCount nodes { number hash } } review { findings { code } } }";
    let key = |school: &str| format!("school: \"{school}\", dataset: \"talent\", period: \"{PERIOD}\"");
    let mut pairs = vec![(
        format!("{{ it: node(id: \"{there}\") {{ {inside} }} }}"),
        format!("{{ it: node(id: \"{nowhere}\") {{ {inside} }} }}"),
    )];
    let mut both = |make: &dyn Fn(&str) -> String| pairs.push((make("62001"), make("62099")));
    both(&|school| format!("{{ it: submission({}) {{ {inside} }} }}", key(school)));
    both(&|school| {
        format!(
            "{{ it: submissions(filter: {{ school: [\"{school}\"], period: [\"{PERIOD}\"] }}) {{ totalCount nodes {{ id }} edges {{ cursor }} pageInfo {{ endCursor hasNextPage }} }} }}"
        )
    });
    for (verb, more) in [
        ("push", "observations: [{ indicator: \"talent.graduates\", value: 1 }], ifMatch: \"*\""),
        ("patch", "observations: [{ indicator: \"talent.graduates\", value: 1 }], ifMatch: \"*\""),
        ("submit", "ifMatch: \"*\""),
        ("recall", "ifMatch: \"*\""),
        ("approve", "ifMatch: \"*\""),
        ("accept", "ifMatch: \"*\""),
        ("return", "reason: \"x\""),
        ("reopen", "reason: \"x\""),
    ] {
        both(&|school| {
            format!("mutation {{ it: {verb}Submission(input: {{ {}, {more} }}) {{ __typename }} }}", key(school))
        });
    }
    for name in STRANGERS {
        let caller = server.client(name).await;
        for (foreign, absent) in &pairs {
            let about = format!("{foreign} as {name}");
            let ask = async |query: &str| caller.send("POST", "/graphql", &[], Some(&json!({ "query": query }))).await;
            let (foreign, absent) = (soon(&about, ask(foreign)).await, ask(absent).await);
            assert!(!foreign.text.contains(NOTE), "{about}: {}", foreign.text);
            // The places in the query are the same, as both keys are of one length.
            assert_eq!(steady(&foreign), steady(&absent), "{about}");
        }
        // Ids of kinds that have none, of no kind, cut off, too long, or with more parts.
        for made_up in [
            id(&["Account", "1"]),
            id(&["Client", "demo-admin"]),
            id(&["SigningKey", "x"]),
            id(&["Journal", "1"]),
            id(&["Webhook", "x"]),
            id(&["Batch", "x"]),
            id(&["Submission"]),
            id(&["Submission", "62001", "talent"]),
            id(&["Submission", "62001", "talent", PERIOD, "1"]),
            id(&["submission", "62001", "talent", PERIOD]),
            id(&["Release", "' OR 1=1 --"]),
            id(&["", "", ""]),
            there[..there.len() - 2].to_owned(),
            format!("{there}=="),
            "\u{202e}".to_owned(),
            "A".repeat(100_000),
        ] {
            let body = json!({ "query": "query ($id: ID!) { node(id: $id) { id __typename } }", "variables": { "id": made_up } });
            let answer = soon(name, caller.send("POST", "/graphql", &[], Some(&body))).await;
            let said = answer.json();
            let is_refused = said["errors"][0]["extensions"]["code"].as_str().is_some_and(|code| code != "INTERNAL");
            assert!(is_refused || said["data"] == json!({ "node": null }), "{made_up} as {name}: {}", answer.text);
        }
    }
    is_well(&server).await;
    server.stop().await;
}

/// Neither do they differ in what they cost: a table that is not the caller's is looked for like one that never was.
#[tokio::test]
async fn what_is_anothers_costs_as_much_as_what_never_was() {
    let app = TestApp::new().await;
    stage::bring(&app, &Key::new("62001", "talent", PERIOD), &stage::talent(8_000), State::Accepted).await;
    for (role, org) in [(Role::School, "62002"), (Role::City, "620500"), (Role::Analyst, ""), (Role::Admin, "")] {
        let ctx = app.as_(role, org);
        let mut costs = Vec::new();
        let ask = page::Ask { limit: 10, after: None, before: None, from_end: false };
        for (school, period) in [("62001", PERIOD), ("62001", "2032"), ("62099", PERIOD)] {
            let key = Key::new(school, "talent", period);
            let before = app.house.db.statements();
            assert!(submissions::get(&ctx, &key).await.is_err());
            assert!(submissions::history::list_revisions(&ctx, &key, &ask).await.is_err());
            costs.push(app.house.db.statements() - before);
        }
        assert_eq!(costs[0], costs[1], "{role:?}");
        // A school that is not in the registry may cost less: the registry is public.
        assert!(costs[2] <= costs[0], "{role:?}: {costs:?}");
    }
}

/// A place in the feed that was given to somebody else is a place like any other: it shows its new holder its own.
#[tokio::test]
async fn a_cursor_of_anothers_opens_no_more_than_ones_own() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    owned(&app, &server).await;
    stage::bring(&app, &Key::new("62005", "talent", PERIOD), &stage::talent(8_000), State::Draft).await;
    stage::sealed(&app).await;
    let own = server.client("school-62001").await.get("/v1/changes?limit=1000").await.expect(200).json();
    let events = own["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["type"] == "batch.finished" || event["type"] == "submission.pushed"));
    for name in ["school-62002", "school-62005", "city-620500", "analyst", "auditor", "enterprise-eeadeb0f3"] {
        let caller = server.client(name).await;
        for event in events.iter().take(50) {
            let path = format!("/v1/changes?limit=1000&after={}", event["cursor"].as_str().unwrap());
            let told = caller.get(&path).await.expect(200);
            assert!(!told.text.contains("62001/"), "{name}: {}", told.text);
        }
    }
    // Cursors of lists, made for another list or made up.
    let school = server.client("school-62002").await;
    for cursor in [page::cursor(&["62001", "talent", PERIOD]), page::cursor(&["62001", "talent", "2030"])] {
        let page = school.get(&format!("/v1/submissions?cursor={cursor}")).await.expect(200);
        assert!(!page.text.contains("62001"), "{}", page.text);
        let query =
            format!("{{ submissions(first: 5, after: \"{cursor}\") {{ totalCount nodes {{ school {{ code }} }} }} }}");
        let data = Caller::data(school.graphql(&query, json!({})).await);
        assert!(!data.to_string().contains("62001"), "{data}");
    }
    is_well(&server).await;
    server.stop().await;
}
