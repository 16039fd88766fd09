//! A submission's life, step by step: the same steps by REST and by GraphQL, with the same answers.

use std::collections::BTreeMap;

use entity::{journal, revision};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, Server, TestApp},
    stage,
    surface::{BOTH, Surface, Verb},
};

/// What a caller says it builds on.
#[derive(Clone, Copy, Debug)]
enum Tag {
    /// Nothing.
    No,
    /// Whatever is there.
    Any,
    /// The tag that the school saw last.
    Last,
    /// The tag that the school saw before that.
    Stale,
    /// The content hash that the school saw last.
    Hash,
}

const KEY: [&str; 3] = ["62001", "talent", "2021"];

/// A table with one error, one warning and one open line.
fn faulty() -> Value {
    json!({
        "talent.graduates": 8000,
        "talent.placed": 7500,
        "talent.further_study": 7501,
        "talent.local_placement_rate": 61.2,
        "talent.monthly_income": { "value": 4012.50, "status": "ESTIMATED", "note": "抽样" },
        "talent.employed_in_sectors": 6000,
        "talent.employed_primary": 1000,
        "talent.employed_secondary": 2000,
        "talent.employed_tertiary": 2999,
        "talent.self_employment_rate": { "status": "NOT_APPLICABLE" },
    })
}

fn none() -> Value {
    json!({})
}

fn why() -> Value {
    json!({ "talent.employed_in_sectors.parts": "一人未就业登记" })
}

/// Who does what, building on what; the status, and the state or the codes of what is wrong.
fn life() -> Vec<(&'static str, Verb, Tag, u16, &'static str)> {
    use Verb::{Accept, Approve, Get, Patch, Put, Recall, Reopen, Return, Submit};
    let (faulty, malformed) = (faulty(), json!({ "talent.graduates": -1, "talent.nothing": 1, "talent.placed": 1.5 }));
    let fixed = || json!({ "talent.further_study": null, "talent.promotion_rate_3y": 44.0 });
    let (school, city, province) = ("school-62001", "city-620100", "province-620000");
    vec![
        // Nothing there yet: 404 comes first, whatever else is wrong.
        (school, Get, Tag::No, 404, ""),
        (school, Patch(fixed()), Tag::Any, 404, ""),
        (school, Submit(none()), Tag::Any, 404, ""),
        (city, Approve, Tag::Any, 404, ""),
        // Others' schools do not exist, one's own are not everybody's to write to.
        ("school-62002", Put(malformed.clone()), Tag::Any, 404, ""),
        ("city-620500", Put(faulty.clone()), Tag::No, 404, ""),
        ("analyst", Put(faulty.clone()), Tag::No, 404, ""),
        ("", Put(faulty.clone()), Tag::No, 401, ""),
        (city, Put(malformed.clone()), Tag::Stale, 403, ""),
        (province, Put(faulty.clone()), Tag::No, 403, ""),
        // Nothing can match a table that is not there, and form faults store nothing.
        (school, Put(malformed.clone()), Tag::Stale, 412, ""),
        (school, Put(malformed.clone()), Tag::No, 422, "below_minimum too_many_decimals unknown_indicator"),
        (school, Get, Tag::No, 404, ""),
        (school, Put(faulty.clone()), Tag::No, 201, "draft"),
        // An overwrite says what it builds on, and that is judged before what it says.
        (school, Put(malformed.clone()), Tag::No, 428, ""),
        (school, Put(malformed.clone()), Tag::Stale, 412, ""),
        (school, Patch(fixed()), Tag::No, 428, ""),
        (school, Put(faulty.clone()), Tag::Last, 200, "draft"),
        (school, Put(malformed), Tag::Last, 422, "below_minimum shrinks too_many_decimals unknown_indicator"),
        // A draft has no reviewer.
        (city, Approve, Tag::Any, 409, ""),
        (city, Return("no", none()), Tag::Any, 409, ""),
        (province, Accept, Tag::Any, 409, ""),
        ("city-620500", Approve, Tag::Any, 404, ""),
        ("school-62002", Submit(none()), Tag::Any, 404, ""),
        (school, Approve, Tag::Any, 403, ""),
        (school, Submit(none()), Tag::No, 428, ""),
        (school, Submit(none()), Tag::Stale, 412, ""),
        (
            school,
            Submit(none()),
            Tag::Last,
            422,
            "talent.employed_in_sectors.parts talent.further_study.within talent.outcomes_within_placed talent.promotion_rate_3y.required",
        ),
        (school, Patch(fixed()), Tag::Last, 200, "draft"),
        (school, Submit(why()), Tag::Stale, 412, ""),
        (
            school,
            Submit(json!({ "talent.employed_in_sectors.parts": " " })),
            Tag::Last,
            422,
            "talent.employed_in_sectors.parts",
        ),
        (
            school,
            Submit(json!({ "nothing": "x" })),
            Tag::Last,
            422,
            "talent.employed_in_sectors.parts unknown_justification",
        ),
        (school, Submit(why()), Tag::Last, 200, "submitted"),
        // What nobody has acted on the school may take back, and nobody else may.
        (city, Recall, Tag::Any, 403, ""),
        ("school-62002", Recall, Tag::Any, 404, ""),
        (school, Recall, Tag::Stale, 412, ""),
        (school, Recall, Tag::No, 200, "draft"),
        (school, Recall, Tag::Any, 409, ""),
        (city, Approve, Tag::Any, 409, ""),
        (school, Submit(why()), Tag::Last, 200, "submitted"),
        // Under review nothing is written, even where nothing would change.
        (school, Submit(why()), Tag::Last, 409, ""),
        (school, Put(none()), Tag::Last, 409, ""),
        (school, Put(none()), Tag::Stale, 412, ""),
        (school, Patch(none()), Tag::Any, 409, ""),
        (province, Accept, Tag::Any, 409, ""),
        (province, Return("no", none()), Tag::Any, 409, ""),
        (province, Approve, Tag::Any, 403, ""),
        ("city-620500", Approve, Tag::Any, 404, ""),
        // The city approves what it has seen, or says what is wrong with it.
        (city, Approve, Tag::No, 428, ""),
        (city, Approve, Tag::Stale, 412, ""),
        (city, Return(" ", none()), Tag::Last, 422, "reason_missing"),
        (
            city,
            Return("no", json!({ "scale.students": "not of this table", "talent.placed": "" })),
            Tag::Last,
            422,
            "reason_missing unknown_indicator",
        ),
        (city, Return("no", none()), Tag::Stale, 412, ""),
        (city, Return("请核对", json!({ "talent.placed": "与去年相差过大" })), Tag::Last, 200, "returned"),
        (city, Approve, Tag::Any, 409, ""),
        // The same content again is no change: the table stays returned.
        (school, Patch(none()), Tag::Any, 200, "returned"),
        (school, Patch(json!({ "talent.placed": 7499 })), Tag::Last, 200, "draft"),
        (school, Submit(why()), Tag::Last, 200, "submitted"),
        // What was seen before the correction is not approved by accident.
        (city, Approve, Tag::Stale, 412, ""),
        (city, Approve, Tag::Hash, 200, "approved"),
        (school, Recall, Tag::Any, 409, ""),
        (city, Approve, Tag::Any, 409, ""),
        (city, Return("late", none()), Tag::Any, 409, ""),
        (school, Put(faulty.clone()), Tag::Any, 409, ""),
        (province, Accept, Tag::No, 428, ""),
        (province, Accept, Tag::Stale, 412, ""),
        (province, Return("", none()), Tag::Any, 422, "reason_missing"),
        (province, Return("again", none()), Tag::Any, 200, "returned"),
        (school, Submit(why()), Tag::Any, 200, "submitted"),
        (city, Approve, Tag::Any, 200, "approved"),
        (province, Reopen("too early"), Tag::Any, 409, ""),
        (province, Accept, Tag::Any, 200, "accepted"),
        // Accepted is the end, unless the province opens it again.
        (province, Accept, Tag::Any, 409, ""),
        (province, Return("too late", none()), Tag::Any, 409, ""),
        (city, Return("too late", none()), Tag::Any, 409, ""),
        (school, Submit(why()), Tag::Any, 409, ""),
        (school, Put(faulty.clone()), Tag::Any, 409, ""),
        (school, Reopen("mine"), Tag::Any, 403, ""),
        (city, Reopen("mine"), Tag::Any, 403, ""),
        (province, Reopen(""), Tag::Any, 422, "reason_missing"),
        (province, Reopen("a slip"), Tag::Any, 200, "returned"),
        (school, Put(faulty), Tag::Any, 200, "draft"),
    ]
}

/// Callers by name, each with one token.
struct Callers<'a>(&'a Server, BTreeMap<&'static str, Caller>);

impl Callers<'_> {
    async fn get(&mut self, name: &'static str) -> Caller {
        if !self.1.contains_key(name) {
            let caller = if name.is_empty() { self.0.anonymous() } else { self.0.client(name).await };
            self.1.insert(name, caller);
        }
        self.1[name].clone()
    }
}

#[tokio::test]
async fn a_table_lives_the_same_life_by_rest_and_by_graphql() {
    for surface in BOTH {
        let app = TestApp::new().await;
        let server = app.serve().await;
        let mut callers = Callers(&server, BTreeMap::new());
        let owner = callers.get("school-62001").await;
        let (mut last, mut stale, mut hash) = (String::new(), "\"9-9-0000000000000000\"".to_owned(), String::new());
        let mut changes = 0_u64;
        let rows = stage::changes(&app).await;
        for (at, (who, verb, tag, status, then)) in life().into_iter().enumerate() {
            let name = format!("{surface:?} {at}: {who} {verb:?} {tag:?}");
            let if_match = match tag {
                Tag::No => None,
                Tag::Any => Some("*"),
                Tag::Last => Some(last.as_str()),
                Tag::Stale => Some(stale.as_str()),
                Tag::Hash => Some(hash.as_str()),
            };
            let outcome = surface.act(&callers.get(who).await, KEY, &verb, if_match).await;
            assert_eq!(outcome.status, status, "{name}: {}", outcome.text);
            if status < 300 {
                assert_eq!(outcome.table["state"], then, "{name}");
            } else {
                assert_eq!(outcome.codes().join(" "), then, "{name}: {}", outcome.text);
            }
            let seen = surface.act(&owner, KEY, &Verb::Get, None).await;
            if let Some(etag) = seen.etag().filter(|etag| *etag != last) {
                stale = std::mem::replace(&mut last, etag);
                changes += 1;
                if stale.is_empty() {
                    stale = "\"1-0-0000000000000000\"".to_owned();
                }
            }
            hash = seen.table["hash"].as_str().unwrap_or_default().to_owned();
        }
        // One row of the journal for each change, and none for what changed nothing.
        let now = stage::changes(&app).await;
        assert_eq!(now - rows, changes, "{surface:?}");
        assert_eq!(changes, 15, "{surface:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn revisions_are_hashed_chained_and_canonical() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let mut chain = String::new();
    let notes = ["plain", "“quoted” \"\\ / \u{8}\n\u{1f} 职桥 \u{10ffff} é", "&<>\u{2028}"];
    for (number, (surface, note)) in (1_i32..).zip(BOTH.iter().cycle().zip(notes)) {
        let mut cells = faulty();
        cells["talent.graduates"] = json!({ "value": 8000 + number, "note": note });
        cells["talent.local_placement_rate"] = json!(61.50);
        let outcome = surface.act(&school, KEY, &Verb::Put(cells), Some("*").filter(|_| number > 1)).await;
        assert!(outcome.status < 300, "{}", outcome.text);
        assert_eq!(outcome.table["revision"], number);
        assert_eq!(outcome.table["observations"]["talent.graduates"]["note"], note);

        let row = revision::Entity::find()
            .filter(revision::Column::DatasetCode.eq("talent"))
            .filter(revision::Column::Number.eq(number))
            .one(app.house.db.read())
            .await
            .unwrap()
            .unwrap();
        let sha = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(row.content_hash, sha(&row.document));
        assert_eq!(outcome.table["hash"], row.content_hash);
        chain = sha(&format!("{}{chain}", row.content_hash));
        assert_eq!(row.chain_hash, chain);
        let parsed: Value = serde_json::from_str(&row.document).unwrap();
        assert_eq!(row.document, serde_json_canonicalizer::to_string(&parsed).unwrap());
        assert_eq!(row.author, "client:demo-school-62001");
        assert_eq!(row.cells, 10);
        assert!(row.document.contains("\"talent.local_placement_rate\":61.5,"), "{}", row.document);
    }
    server.stop().await;
}

/// What is sealed is numbered without a gap, in the order of the journal, and chained.
#[tokio::test]
async fn the_journal_is_sealed_and_its_chain_verifies() {
    let app = TestApp::new().await;
    let key = Key::new("62001", "talent", "2021");
    for graduates in 1_000..1_010 {
        stage::push(&app, &key, &stage::talent(graduates)).await;
    }
    let sealed = stage::sealed(&app).await;
    let pushed: Vec<&journal::Model> = sealed.iter().rev().take(10).collect();
    for (newer, older) in pushed.iter().zip(&pushed[1..]) {
        assert_eq!((newer.action.as_str(), newer.object.as_str()), ("submission.pushed", "62001/talent/2021"));
        assert_eq!(newer.before_hash, older.after_hash);
    }
}

/// The accepted revision stays the live figure while the table is open again.
#[tokio::test]
async fn live_keeps_the_accepted_revision_while_a_table_is_reopened() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, city, province) = (
        server.client("school-62001").await,
        server.client("city-620100").await,
        server.client("province-620000").await,
    );
    let key = ["62001", "scale", "2023"];
    let sums = async |caller: &Caller| {
        let query = "query ($live: AggregateInput!, $now: AggregateInput!) { live: aggregate(input: $live) { groups { cells { value } } } now: aggregate(input: $now) { groups { cells { value } } } }";
        let input = |release: &str| json!({ "indicators": ["scale.students"], "period": "2023", "release": release });
        let data = Caller::data(caller.graphql(query, json!({ "live": input("live"), "now": input("current") })).await);
        let value = |name: &str| data[name]["groups"][0]["cells"][0]["value"].clone();
        [value("live"), value("now")]
    };
    let lanzhou = sums(&city).await[0].as_i64().unwrap();
    let both = |live: i64, now: i64| {
        [[json!(294_013 + live), json!(294_013 + now)], [json!(lanzhou + live), json!(lanzhou + now)]]
    };
    let rest = Surface::Rest;
    for (who, verb, by_province, by_city) in [
        (&province, Verb::Reopen("a slip"), [0, 0], [0, 0]),
        (&school, Verb::Patch(json!({ "scale.students": 25_690 })), [0, 0], [0, 0]),
        (&school, Verb::Submit(none()), [0, 0], [0, 2]),
        (&city, Verb::Approve, [0, 2], [0, 2]),
        (&province, Verb::Accept, [2, 2], [2, 2]),
    ] {
        let outcome = rest.act(who, key, &verb, Some("*")).await;
        assert_eq!(outcome.status, 200, "{verb:?} {}", outcome.text);
        assert_eq!(sums(&province).await, both(by_province[0], by_province[1])[0], "{verb:?}");
        assert_eq!(sums(&city).await, both(by_city[0], by_city[1])[1], "{verb:?}");
    }
    server.stop().await;
}

/// What a reviewer says reaches the school, and what the school says of its warnings the reviewer; to nobody before its turn.
#[tokio::test]
async fn words_reach_those_whom_they_are_for() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, city, province) = (
        server.client("school-62001").await,
        server.client("city-620100").await,
        server.client("province-620000").await,
    );
    for (surface, period) in BOTH.into_iter().zip(["2021", "2022"]) {
        let key = [KEY[0], KEY[1], period];
        let step = async |who: &Caller, verb: Verb| {
            let said = surface.act(who, key, &verb, Some("*")).await;
            assert!(said.status < 300, "{verb:?} {}", said.text);
            said.table["last_step"].clone()
        };
        let told = async |who: &Caller| surface.act(who, key, &Verb::Get, None).await.table["last_step"].clone();
        let mut cells = faulty();
        cells["talent.further_study"].take();
        cells["talent.promotion_rate_3y"] = json!(44);
        assert_eq!(step(&school, Verb::Put(cells)).await, Value::Null, "no review yet");
        step(&school, Verb::Submit(why())).await;
        assert_eq!(told(&city).await["justifications"], why());
        assert_eq!(told(&province).await, Value::Null, "not its turn yet");
        step(&city, Verb::Return("请核对", json!({ "talent.placed": "与去年相差过大" }))).await;
        let said = told(&school).await;
        assert_eq!(
            (&said["from"], &said["to"], &said["reason"]),
            (&json!("submitted"), &json!("returned"), &json!("请核对"))
        );
        assert_eq!(said["cells"], json!([{ "indicator": "talent.placed", "remark": "与去年相差过大" }]));
        assert_eq!(told(&city).await, Value::Null, "the table is the school's again");
        // The words stay while the school corrects, in the answer to the correction too.
        assert_eq!(step(&school, Verb::Patch(json!({ "talent.placed": 7400 }))).await, said);
        assert_eq!(told(&school).await, said);
    }
    server.stop().await;
}

/// `If-Match` in all its forms, `If-None-Match` on both sides.
#[tokio::test]
async fn preconditions_are_read_as_http_has_them() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let path = "/v1/schools/62001/submissions/talent/2021";
    let mut graduates = 8_000;
    let mut put = async |headers: &[(&str, &str)]| {
        graduates += 1;
        school.send("PUT", path, headers, Some(&json!({ "observations": stage::talent(graduates) }))).await
    };
    put(&[("if-match", "\"1-1-0\"")]).await.expect(412);
    let first = put(&[("if-none-match", "*")]).await.expect(201);
    put(&[("if-none-match", "*")]).await.expect(412);
    let mut tag = first.header("etag").unwrap().to_owned();
    let hash = first.json()["hash"].as_str().unwrap().to_owned();
    for (value, status) in [
        (format!("W/{tag}"), 412),
        ("\"nothing\"".to_owned(), 412),
        (String::new(), 412),
        (tag.replace('"', "'"), 412),
        (format!("\"nothing\", {tag}"), 200),
        (format!("\"{hash}\""), 412),
    ] {
        let answer = put(&[("if-match", &value)]).await;
        assert_eq!(answer.status, status, "{value}: {}", answer.text);
        if status == 200 {
            tag = answer.header("etag").unwrap().to_owned();
        } else {
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "the owner is told the present tag");
        }
    }
    // Two header lines are one list.
    put(&[("if-match", "\"nothing\""), ("if-match", &tag)]).await.expect(200);
    let now = school.get(path).await.expect(200).header("etag").unwrap().to_owned();
    for (known, status) in [(now.as_str(), 304), ("*", 304), ("\"nothing\"", 200), (tag.as_str(), 200)] {
        let answer = school.send("GET", path, &[("if-none-match", known)], None).await;
        assert_eq!(answer.status, status, "{known}");
        assert_eq!(answer.header("etag"), Some(now.as_str()), "{known}");
        assert_eq!(answer.text.is_empty(), status == 304, "{known}");
    }
    server.stop().await;
}
