//! Who is not to see a figure does not see it, whatever it tries: by address, field, id, filter,
//! order, count, cursor, aggregate or error.

use entity::words::SubmissionState as State;
use serde_json::{Value, json};
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, Server, TestApp},
    stage,
    surface::{BOTH, Verb},
    wire::bare,
};

/// A period that nobody has a table for but those below.
const PERIOD: &str = "2031";

/// Tables of schools, each with a figure and a note that stand nowhere else.
const TABLES: &[(&str, State)] = &[
    ("62001", State::Draft),
    ("62002", State::Draft),
    ("62004", State::Submitted),
    ("62007", State::Approved),
    ("62008", State::Returned),
    ("62005", State::Draft),
    ("62006", State::Submitted),
    ("62010", State::Approved),
];

/// The figure that gives a table of a school away.
fn figure(school: &str) -> u32 {
    70_000_000 + school.parse::<u32>().unwrap()
}

fn note(school: &str) -> String {
    format!("secret-of-{school}")
}

async fn staged() -> TestApp {
    let app = TestApp::new().await;
    for (school, state) in TABLES {
        let mut cells = stage::talent(figure(school));
        cells["talent.graduates"] = json!({ "value": figure(school), "note": note(school) });
        stage::bring(&app, &Key::new(school, "talent", PERIOD), &cells, *state).await;
    }
    app
}

/// Whether a caller may know of a table at all, and whether of what it says.
fn rights(caller: &str, school: &str, state: State) -> (bool, bool) {
    let city = if matches!(school, "62005" | "62006" | "62010") { "city-620500" } else { "city-620100" };
    let sees = match state {
        State::Draft | State::Returned => &[][..],
        State::Submitted => &["city"],
        State::Approved | State::Accepted => &["city", "province"],
    };
    let is_own = caller == format!("school-{school}");
    let knows = is_own || caller == city || caller == "province-620000";
    (knows, is_own || knows && sees.iter().any(|role| caller.starts_with(role)))
}

const CALLERS: &[&str] = &[
    "",
    "analyst",
    "enterprise-eeadeb0f3",
    "agency-engineering",
    "admin",
    "auditor",
    "school-62001",
    "school-62002",
    "school-62005",
    "city-620100",
    "city-620500",
    "province-620000",
];

async fn caller(server: &Server, name: &str) -> Caller {
    if name.is_empty() { server.anonymous() } else { server.client(name).await }
}

/// What the owner is told of its table and others may not learn.
struct Secret {
    school: &'static str,
    state: State,
    id: String,
    etag: String,
    hash: String,
}

impl Secret {
    /// Every word that gives the table's inside away.
    fn words(&self) -> [String; 4] {
        [figure(self.school).to_string(), note(self.school), self.etag.trim_matches('"').to_owned(), self.hash.clone()]
    }
}

async fn secrets(app: &TestApp, server: &Server) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (school, state) in TABLES {
        // Not every school has a demo client: the row is read as the school itself.
        let ctx = app.as_(zhiqiao::authz::Role::School, school);
        let table = zhiqiao::domain::submissions::get(&ctx, &Key::new(school, "talent", PERIOD)).await.unwrap();
        let id = zhiqiao::page::cursor(&["Submission", school, "talent", PERIOD]);
        secrets.push(Secret { school, state: *state, id, etag: table.etag().unwrap(), hash: table.row.content_hash });
    }
    // The id is the one that the owner is given.
    let own = server
        .client("school-62001")
        .await
        .graphql("{ submission(school: \"62001\", dataset: \"talent\", period: \"2031\") { id } }", json!({}))
        .await;
    assert_eq!(own["data"]["submission"]["id"], secrets[0].id);
    secrets
}

#[track_caller]
fn hides(text: &str, secret: &Secret, about: &str) {
    for word in secret.words() {
        assert!(!text.contains(&word), "{about} tells `{word}`: {text}");
    }
}

const INSIDE: &str = "fragment F on Submission { id school { code } dataset { code } period { code } state revision hash etag createdAt updatedAt
    observations { value status note indicator { code } } findings { code got previous message } missing { code } }";

/// Every way to a submission by GraphQL.
fn ways(secrets: &[Secret]) -> Vec<String> {
    let mut ways = vec![
        "{ submissions(first: 200) { totalCount nodes { ...F } edges { cursor node { ...F } } } }".to_owned(),
        "{ submissions(first: 200, filter: { period: [\"2031\"] }) { totalCount nodes { ...F } pageInfo { startCursor endCursor hasNextPage } } }".to_owned(),
        "{ submissions(first: 200, filter: { state: [DRAFT, SUBMITTED, APPROVED, RETURNED] }) { totalCount nodes { ...F } } }".to_owned(),
        "{ submissions(first: 200, filter: { city: [\"620100\", \"620500\"] }) { totalCount nodes { ...F } } }".to_owned(),
        "{ schools(first: 50) { nodes { submissions { ...F } } } }".to_owned(),
        "{ schools(first: 50, orderBy: { field: CITY, direction: DESC }) { nodes { submissions(period: \"2031\") { ...F } } } }".to_owned(),
        "{ schools(filter: { search: \"6200\" }) { nodes { code submissions(period: \"2031\") { ...F } observations(period: \"2031\") { value note } } } }".to_owned(),
    ];
    for Secret { school, id, .. } in secrets {
        ways.push(format!("{{ node(id: \"{id}\") {{ ...F }} }}"));
        ways.push(format!("{{ submission(school: \"{school}\", dataset: \"talent\", period: \"2031\") {{ ...F }} }}"));
        ways.push(format!("{{ submissions(filter: {{ school: [\"{school}\"] }}) {{ totalCount nodes {{ ...F }} }} }}"));
        ways.push(format!("{{ school(code: \"{school}\") {{ submissions {{ ...F }} observations(period: \"2031\", indicators: [\"talent.graduates\"]) {{ value note }} }} }}"));
        // A cursor that another caller was given, just before this table.
        let before = zhiqiao::page::cursor(&[school, "talent", "2030"]);
        ways.push(format!("{{ submissions(first: 1, after: \"{before}\") {{ totalCount nodes {{ ...F }} }} }}"));
    }
    ways
}

#[tokio::test]
async fn no_way_leads_to_a_figure_that_is_not_the_callers() {
    let app = staged().await;
    let server = app.serve().await;
    let secrets = secrets(&app, &server).await;
    for name in CALLERS {
        let caller = caller(&server, name).await;
        for way in ways(&secrets) {
            let query = if way.contains("...F") { format!("{way} {INSIDE}") } else { way.clone() };
            let text = caller.graphql(&query, json!({})).await.to_string();
            for secret in &secrets {
                let (knows, sees) = rights(name, secret.school, secret.state);
                let about = format!("`{name}`: {way}");
                if !sees {
                    hides(&text, secret, &about);
                }
                if !knows {
                    assert!(!text.contains(&secret.id), "{about} names {}'s table: {text}", secret.school);
                }
            }
        }
        for secret in &secrets {
            let (knows, sees) = rights(name, secret.school, secret.state);
            let path = format!("/v1/schools/{}/submissions/talent/{PERIOD}", secret.school);
            let answer = caller.get(&path).await;
            assert_eq!(answer.status == 200, knows, "`{name}` {path}: {}", answer.text);
            assert_eq!(answer.header("etag").is_some(), sees, "`{name}` {path}");
            assert_eq!(answer.text.contains(&note(secret.school)), sees, "`{name}` {path}: {}", answer.text);
            if !sees {
                hides(&format!("{:?} {}", answer.headers, answer.text), secret, &format!("`{name}` {path}"));
            }
            // Whoever knows of it may know its state and dates.
            assert_eq!(answer.json()["state"].is_string() && answer.json()["updated_at"].is_string(), knows);
        }
    }
    server.stop().await;
}

/// Nobody learns from a count, a page or a filter how much there is that it may not see.
#[tokio::test]
async fn counts_and_pages_are_those_of_ones_own() {
    let app = staged().await;
    let server = app.serve().await;
    let reference = |schools: &[u32]| schools.len();
    for (name, all, of_period, drafts) in [
        ("", 0, 0, 0),
        ("analyst", 0, 0, 0),
        ("admin", 0, 0, 0),
        ("school-62001", 4, 1, 1),
        ("school-62002", 4, 1, 1),
        ("school-62005", 3, 1, 1),
        ("city-620500", 0, reference(&[62_005, 62_006, 62_010]), 1),
        ("city-620100", 0, 5, 2),
        ("province-620000", 76 + 8, 8, 3),
    ] {
        let caller = caller(&server, name).await;
        let query = "{ all: submissions(first: 1) { totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage } }
            period: submissions(filter: { period: [\"2031\"] }) { totalCount nodes { id } }
            drafts: submissions(filter: { state: [DRAFT], dataset: [\"talent\"] }) { totalCount nodes { id } }
            others: submissions(filter: { school: [\"62003\"] }) { totalCount } none: submissions(filter: { school: [] }) { totalCount } }";
        let data = Caller::data(caller.graphql(query, json!({})).await);
        if !name.starts_with("city") {
            assert_eq!(data["all"]["totalCount"], all, "`{name}`");
        }
        assert_eq!(
            (&data["period"]["totalCount"], &data["drafts"]["totalCount"]),
            (&json!(of_period), &json!(drafts)),
            "`{name}`"
        );
        assert_eq!(data["period"]["nodes"].as_array().unwrap().len(), of_period, "`{name}`");
        let total = data["all"]["totalCount"].as_u64().unwrap();
        assert_eq!(data["all"]["pageInfo"], json!({ "hasNextPage": total > 1, "hasPreviousPage": false }), "`{name}`");
        assert_eq!(data["others"]["totalCount"].as_u64().unwrap() > 0, name == "province-620000", "`{name}`");
        assert_eq!(data["none"]["totalCount"], 0, "`{name}`: an empty list keeps nothing");
    }
    server.stop().await;
}

/// Figures that are not published reach an official only from its own schools, and only in its turn.
#[tokio::test]
async fn unpublished_aggregates_hold_what_the_official_may_see() {
    let app = staged().await;
    let server = app.serve().await;
    let ask = async |name: &'static str, release: &str, more: &str| {
        let query = format!(
            "{{ aggregate(input: {{ indicators: [\"talent.graduates\"], period: \"2031\", release: \"{release}\" {more} }}) {{ groups {{ city {{ code }} cells {{ schools expected value min max }} }} }} }}"
        );
        caller(&server, name).await.graphql(&query, json!({})).await
    };
    for name in ["", "analyst", "school-62001", "enterprise-eeadeb0f3", "admin", "auditor", "agency-engineering"] {
        for release in ["live", "current"] {
            let answer = ask(name, release, "").await;
            let code = if name.is_empty() { "UNAUTHENTICATED" } else { "FORBIDDEN" };
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "`{name}` {answer}");
        }
    }
    // The province: what is approved. A city: what is submitted or further on, of its own schools.
    for (name, seen, expected) in [
        ("province-620000", &["62007", "62010"][..], 29),
        ("city-620100", &["62004", "62007"], 14),
        ("city-620500", &["62006", "62010"], 3),
    ] {
        let cell = ask(name, "current", "").await["data"]["aggregate"]["groups"][0]["cells"][0].take();
        let figures: Vec<u64> = seen.iter().map(|school| figure(school).into()).collect();
        assert_eq!(cell["value"], figures.iter().sum::<u64>(), "{name}");
        assert_eq!((&cell["min"], &cell["max"]), (&json!(figures[0]), &json!(figures[1])), "{name}");
        assert_eq!((&cell["schools"], &cell["expected"]), (&json!(2), &json!(expected)), "{name}");
        let live = ask(name, "live", "").await["data"]["aggregate"]["groups"][0]["cells"][0].take();
        assert_eq!((&live["schools"], &live["value"]), (&json!(0), &Value::Null), "{name}: nothing is accepted");
    }
    // A filter widens no scope, and a grouping names no group of others.
    for more in ["filter: { city: [\"620100\"] }", "filter: { search: \"62007\" }"] {
        let cell = ask("city-620500", "current", more).await["data"]["aggregate"]["groups"][0]["cells"][0].take();
        assert_eq!((&cell["schools"], &cell["expected"]), (&json!(0), &json!(0)), "{more}");
    }
    let groups = ask("city-620500", "current", "groupBy: [CITY]").await["data"]["aggregate"]["groups"].take();
    assert_eq!((groups.as_array().unwrap().len(), &groups[0]["city"]["code"]), (1, &json!("620500")));
    server.stop().await;
}

/// What a refusal says is not a way round what an answer hides.
#[tokio::test]
async fn a_refusal_tells_no_tag_and_no_figure() {
    let app = staged().await;
    let server = app.serve().await;
    let secrets = secrets(&app, &server).await;
    let verbs = [
        Verb::Put(json!({ "talent.graduates": 1, "talent.placed": 2 })),
        Verb::Patch(json!({ "talent.graduates": -1 })),
        Verb::Submit(json!({ "nothing": "x" })),
        Verb::Approve,
        Verb::Return("no", json!({ "scale.students": "x" })),
        Verb::Accept,
        Verb::Reopen("again"),
    ];
    for surface in BOTH {
        for name in CALLERS {
            let caller = caller(&server, name).await;
            for secret in &secrets {
                let (knows, sees) = rights(name, secret.school, secret.state);
                if sees {
                    continue;
                }
                for verb in &verbs {
                    // No tag, a wrong one, the right one: the same answer to all who may not know.
                    let mut answers = Vec::new();
                    for tag in
                        [None, Some("\"1-1-0000000000000000\""), Some(secret.etag.as_str()), Some(secret.hash.as_str())]
                    {
                        let said = surface.act(&caller, [secret.school, "talent", PERIOD], verb, tag).await;
                        let about = format!("{surface:?} `{name}` {verb:?} {tag:?}");
                        assert!(said.status >= 400, "{about}: {}", said.text);
                        hides(&said.text, secret, &about);
                        answers.push(said.status);
                    }
                    answers.dedup();
                    assert_eq!(
                        answers.len(),
                        1,
                        "{surface:?} `{name}` {} {verb:?}: a tag can be guessed by {answers:?}",
                        secret.school
                    );
                    let expected: &[u16] = if name.is_empty() {
                        &[401]
                    } else if knows {
                        &[403, 409]
                    } else {
                        &[404]
                    };
                    assert!(expected.contains(&answers[0]), "{surface:?} `{name}` {verb:?}: {answers:?}");
                }
            }
        }
    }
    server.stop().await;
}

/// A table that is somebody else's and a table that never was: the same answer, to the letter.
#[tokio::test]
async fn a_strangers_table_cannot_be_told_from_none() {
    let app = staged().await;
    let server = app.serve().await;
    for name in ["school-62001", "school-62005", "city-620500", "analyst", "admin", "agency-engineering"] {
        let caller = caller(&server, name).await;
        let there = caller.get("/v1/schools/62002/submissions/talent/2031").await;
        for absent in [
            "62002/submissions/talent/2032",
            "62003/submissions/talent/2031",
            "62099/submissions/talent/2031",
            "x/submissions/talent/2031",
        ] {
            let absent = caller.get(&format!("/v1/schools/{absent}")).await;
            assert_eq!(bare(&there), bare(&absent), "{name}");
            assert_eq!(there.headers.len(), absent.headers.len(), "{name}");
        }
    }
    server.stop().await;
}

/// That somebody has begun a table for a new period is nobody else's business.
#[tokio::test]
async fn a_period_is_not_there_for_others_before_something_of_it_is() {
    let app = staged().await;
    let server = app.serve().await;
    for (name, sees) in [
        ("", false),
        ("analyst", false),
        ("school-62001", true),
        ("city-620500", true),
        ("province-620000", true),
        ("admin", false),
    ] {
        let data = Caller::data(caller(&server, name).await.graphql("{ periods { code } }", json!({})).await);
        let codes: Vec<&str> =
            data["periods"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
        assert_eq!(codes.contains(&PERIOD), sees, "`{name}` {codes:?}");
        assert!(codes.contains(&"2023"), "`{name}` {codes:?}");
    }
    server.stop().await;
}
