//! Collections: from when to when a table is taken, to the second; who is given longer; how far it is.

use chrono::DateTime;
use entity::words::{BatchVerdict, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        batches::{self, Intake},
        collections::{self, Change, Extend, New, Stage},
        feed::{self, Place},
        precondition::{Match, Precondition},
        reviews::{self, Step},
        submissions::{self, Extent, Key, Push, Terms},
    },
    error::{Error, Result, Text},
    formats::{batch::Format, document},
    graphql::request::{GraphqlRequest, execute},
};

use crate::{
    app::{Caller, TestApp},
    batches::files::{Cells, csv},
    stage,
    wire::{problem, send},
};

/// A caller at an instant, said in the time of Shanghai. As a demo client, whom a job finds again.
fn at(app: &TestApp, role: Role, org: &str, local: &str) -> Ctx {
    let at = DateTime::parse_from_rfc3339(&format!("{local}+08:00")).unwrap().to_utc();
    let subject = format!("client:demo-{}-{org}", role.name().to_lowercase());
    app.house.ctx(Actor { at, ..Actor::with(role, Some(org), subject, "test") })
}

fn new(dataset: &str, period: &str, opens_on: &str, due_on: &str, closes_on: Option<&str>) -> New {
    New {
        dataset: dataset.to_owned(),
        period: period.to_owned(),
        opens_on: opens_on.to_owned(),
        due_on: due_on.to_owned(),
        closes_on: closes_on.map(str::to_owned),
        note: None,
    }
}

fn extend(school: &str, until: &str) -> Extend {
    Extend { school: school.to_owned(), until: until.to_owned(), reason: "校区搬迁".to_owned() }
}

/// Three days that are one after another, and a school that was given longer than the others.
async fn november(app: &TestApp) -> collections::Key {
    let province = app.as_(Role::Province, "620000");
    let days = new("talent", "2026", "2026-11-01", "2026-11-30", Some("2026-12-10"));
    collections::open(&province, days).await.unwrap();
    let key = collections::Key::new("talent", "2026");
    collections::extend(&province, &key, extend("62001", "2026-12-31")).await.unwrap();
    // The later word counts, though it is the shorter one.
    collections::extend(&province, &key, extend("62001", "2026-12-20")).await.unwrap();
    key
}

/// Instants around every boundary, and what 62001, which was given longer, and 62002 are told there.
const BOUNDARIES: [(&str, &str, &str); 12] = [
    ("2026-10-31T23:59:59", "early", "early"),
    ("2026-11-01T00:00:00", "taken", "taken"),
    ("2026-11-01T00:00:01", "taken", "taken"),
    ("2026-11-30T23:59:59", "taken", "taken"),
    ("2026-12-01T00:00:00", "taken", "taken"),
    ("2026-12-10T23:59:58", "taken", "taken"),
    ("2026-12-10T23:59:59", "taken", "taken"),
    ("2026-12-11T00:00:00", "taken", "closed"),
    ("2026-12-11T00:00:01", "taken", "closed"),
    ("2026-12-20T23:59:59", "taken", "closed"),
    ("2026-12-21T00:00:00", "closed", "closed"),
    ("2026-12-21T00:00:01", "closed", "closed"),
];

/// What a text says of the days; it names the one that counts, in both languages, and who can do something about it.
fn said(text: &Text, is_extended: bool) -> &'static str {
    let (word, day) = match text.en.contains("is not open before") {
        true => ("early", "2026-11-01"),
        false => ("closed", if is_extended { "2026-12-20" } else { "2026-12-10" }),
    };
    assert!(word == "early" || text.en.contains("is closed since the end of"), "{text:?}");
    for text in [&text.zh, &text.en] {
        assert!(text.contains(day) && text.contains("PROVINCE"), "{text}");
    }
    word
}

fn told<T>(outcome: Result<T>, is_extended: bool) -> &'static str {
    match outcome {
        Ok(_) => "taken",
        Err(Error::Forbidden(text)) => said(&text, is_extended),
        // Asked with a tag of no state: what comes before it was passed.
        Err(Error::PreconditionFailed { .. }) => "stale",
        Err(other) => panic!("{other:?}"),
    }
}

async fn state(who: &Ctx, cells: &Value, extent: Extent, precondition: Precondition) -> Result<submissions::Pushed> {
    let body = json!({ "observations": cells }).to_string();
    let given = document::read_push(body.as_bytes()).unwrap();
    let key = Key::new(who.actor.org(), "talent", "2026");
    submissions::push(
        who,
        Push { key, extent, given, precondition, source: entity::words::Source::Rest, terms: Terms::default() },
    )
    .await
}

fn any() -> Precondition {
    Precondition::if_match(Some("*"))
}

fn stale() -> Precondition {
    Precondition::if_match(Some("9-9-0000000000000000"))
}

#[tokio::test]
async fn every_write_of_a_school_is_bound_to_the_second() {
    let app = TestApp::new().await;
    // The tables were begun before there was a collection.
    for school in ["62001", "62002"] {
        stage::push(&app, &Key::new(school, "talent", "2026"), &stage::talent(8_000)).await;
    }
    let key = november(&app).await;
    for (round, (local, longer, plain)) in (0_u32..).zip(BOUNDARIES) {
        for (school, expected) in [("62001", longer), ("62002", plain)] {
            let is_extended = school == "62001";
            let who = at(&app, Role::School, school, local);
            let stale_is = if expected == "taken" { "stale" } else { expected };
            let name = format!("{school} at {local}");

            let pushed = state(&who, &stage::talent(8_001 + round), Extent::Whole, any()).await;
            assert_eq!(told(pushed, is_extended), expected, "push, {name}");
            let graduates = json!({ "talent.graduates": 9_000 + round });
            let patched = state(&who, &graduates, Extent::Patch, any()).await;
            assert_eq!(told(patched, is_extended), expected, "patch, {name}");
            let pushed = state(&who, &json!({}), Extent::Whole, stale()).await;
            assert_eq!(told(pushed, is_extended), stale_is, "403 comes before 412, {name}");
            let table = Key::new(school, "talent", "2026");
            let submit = Step::Submit { justifications: Default::default() };
            let submitted = reviews::take(&who, &table, submit.clone(), &stale()).await;
            assert_eq!(told(submitted, is_extended), stale_is, "submit, {name}");
            let submitted = reviews::take(&who, &table, submit, &any()).await;
            assert_eq!(told(submitted, is_extended), expected, "submit, {name}");
            let recalled = reviews::take(&who, &table, Step::Recall, &stale()).await;
            assert_eq!(told(recalled, is_extended), stale_is, "recall, {name}");
            if expected == "taken" {
                // Reviewers are bound by no day.
                let city = at(&app, Role::City, "620100", "2030-01-01T00:00:00");
                let back = Step::Return { reason: "again".to_owned(), remarks: Vec::new() };
                assert_eq!(reviews::take(&city, &table, back, &any()).await.unwrap().row.state, State::Returned);
            }

            let graduates = (7_000 + round).to_string();
            let rows: [Cells<'_>; 1] = [[school, "talent", "2026", "talent.graduates", &graduates]];
            let mut intake = Intake::new(
                &who,
                &app.house.tray,
                Format::Csv,
                Terms { may_shrink: true, ..Terms::default() },
                1 << 20,
            )
            .unwrap();
            intake.take(csv(&rows).as_bytes()).await.unwrap();
            let batch = intake.end().await.unwrap();
            let is = match (batch.tables[0].state, batch.causes.first()) {
                (BatchVerdict::Draft, None) => "taken",
                (BatchVerdict::Rejected, Some(cause)) => {
                    let word = said(&cause.message(), is_extended);
                    let code = if word == "early" { "collection_not_open" } else { "collection_closed" };
                    assert_eq!((cause.code.as_str(), cause.rows, cause.rejected), (code, 1, 1), "{name}");
                    word
                }
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(is, expected, "batch, {name}");

            let row = collections::get(&who, &key).await.unwrap();
            let keys = [key.clone()].into();
            let own = collections::extensions(&who, app.house.db.read(), &keys).await.unwrap();
            let is_in_time = local < "2026-12-01" || is_extended;
            let stage = match expected {
                "early" => Stage::Upcoming,
                "closed" => Stage::Closed,
                _ if is_in_time => Stage::Open,
                _ => Stage::Overdue,
            };
            let own = own.get(&key).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(own.len(), usize::from(is_extended), "{name}");
            assert_eq!(collections::stage(&who, &row, own), stage, "{name}");
        }
    }
}

/// A table and period without a collection is open, and one collection says nothing of another table or period.
#[tokio::test]
async fn without_a_collection_a_table_is_open() {
    let app = TestApp::new().await;
    november(&app).await;
    for (dataset, period, cells) in
        [("talent", "2027", stage::talent(8_000)), ("conditions", "2026", stage::conditions(20.0))]
    {
        for local in ["1999-01-01T00:00:00", "2099-01-01T00:00:00"] {
            let who = at(&app, Role::School, "62002", local);
            stage::try_push(&who, &Key::new("62002", dataset, period), &cells, any()).await.unwrap();
        }
    }
    // What is not well-formed is said as before.
    let who = at(&app, Role::School, "62002", "2099-01-01T00:00:00");
    let pushed = stage::try_push(&who, &Key::new("62002", "talent", "2026x"), &json!({}), any()).await;
    assert!(matches!(pushed, Err(Error::Invalid(found)) if found[0].code == "period_form"));
    // A school of no concern to the caller is not there, closed or not.
    let pushed = stage::try_push(&who, &Key::new("62005", "talent", "2026"), &json!({}), any()).await;
    assert!(matches!(pushed, Err(Error::NotFound(_))));
}

/// A large file counts by the instant at which its request came, however long it waits for its turn.
#[tokio::test]
async fn a_large_batch_that_came_in_time_is_in_time() {
    let app = TestApp::new().await;
    november(&app).await;
    for (local, verdict, graduates) in
        [("2026-12-10T23:59:59", BatchVerdict::Draft, "8001"), ("2026-12-11T00:00:00", BatchVerdict::Rejected, "8002")]
    {
        let who = at(&app, Role::School, "62002", local);
        let rows: [Cells<'_>; 2] = [
            ["62002", "talent", "2026", "talent.graduates", graduates],
            ["62002", "talent", "2027", "talent.graduates", graduates],
        ];
        // Over the size that is answered at once.
        let text = csv(&rows) + &"\n".repeat(3 << 20);
        let mut intake =
            Intake::new(&who, &app.house.tray, Format::Csv, Terms { may_shrink: true, ..Terms::default() }, 8 << 20)
                .unwrap();
        for piece in text.as_bytes().chunks(1 << 20) {
            intake.take(piece).await.unwrap();
        }
        let kept = intake.end().await.unwrap();
        assert_eq!(kept.row.state.word(), "running");
        assert!(batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap());
        let done = batches::get(&who, kept.row.id.0).await.unwrap();
        assert_eq!(done.row.state.word(), "done", "{:?}", done.causes);
        let tables: Vec<_> = done.tables.iter().map(|one| (one.period_code.as_str(), one.state)).collect();
        assert_eq!(tables, [("2026", verdict), ("2027", BatchVerdict::Draft)], "{local}");
        let causes: Vec<_> = done.causes.iter().map(|one| (one.code.as_str(), one.rejected)).collect();
        let expected: &[(&str, u64)] =
            if verdict == BatchVerdict::Rejected { &[("collection_closed", 1)] } else { &[] };
        assert_eq!(causes, expected, "{local}");
    }
}

/// The codes of the findings of a problem, and where they point.
fn found(problem: &Value) -> Vec<(&str, &str)> {
    let all = problem["errors"].as_array().unwrap().iter();
    all.map(|one| (one["code"].as_str().unwrap(), one["pointer"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn the_province_opens_changes_and_extends() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let (first, second) = (server.client("school-62001").await, server.client("school-62002").await);
    let (city, foreign) = (server.client("city-620100").await, server.client("city-620500").await);

    // Everything that is wrong, at once.
    let wrong = json!({
        "dataset": "nothing", "period": "2026x", "opens_on": "2026-11-31", "due_on": "2026-3-1",
        "closes_on": "soon", "note": "x".repeat(4_001),
    });
    let said = problem(&province.post("/v1/collections", None, &wrong).await, 422, "invalid");
    let all = [
        ("unknown_dataset", "/dataset"),
        ("period_form", "/period"),
        ("day_form", "/opens_on"),
        ("day_form", "/due_on"),
        ("day_form", "/closes_on"),
        ("too_long", "/note"),
    ];
    assert_eq!(found(&said), all);
    let wrong = json!({
        "dataset": "talent", "period": "2022-2023", "opens_on": "2020-02-01", "due_on": "2020-01-31",
        "closes_on": "2020-01-30",
    });
    let said = problem(&province.post("/v1/collections", None, &wrong).await, 422, "invalid");
    let all = [("period_form", "/period"), ("due_before_opening", "/due_on"), ("closes_before_due", "/closes_on")];
    assert_eq!(found(&said), all);

    // One that is over, and closes on the day on which it is due.
    let body = json!({
        "dataset": "talent", "period": "2026", "opens_on": "2020-01-01", "due_on": "2020-01-31", "note": "年度采集",
    });
    let opened = province.post("/v1/collections", None, &body).await.expect(201);
    let tag = opened.header("etag").unwrap().to_owned();
    let is = opened.json();
    assert_eq!((&is["closes_on"], &is["state"], &is["version"]), (&json!("2020-01-31"), &json!("closed"), &json!(1)));
    assert_eq!((&is["extensions"], &is["note"]), (&json!([]), &json!("年度采集")));
    problem(&province.post("/v1/collections", None, &body).await, 409, "conflict");
    let path = "/v1/collections/talent/2026";
    assert_eq!(first.get(path).await.expect(200).json(), is);

    // A school is told in its own language, by every door.
    let cells = json!({ "observations": stage::talent(8_000) });
    let table = "/v1/schools/62001/submissions/talent/2026";
    let refused = first.put(table, None, &cells).await;
    let detail = problem(&refused, 403, "forbidden")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("2020-01-31") && detail.contains("PROVINCE") && detail.contains("延期"), "{detail}");
    let english = first.send("PUT", table, &[("accept-language", "en")], Some(&cells)).await;
    let detail = problem(&english, 403, "forbidden")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("closed since the end of 2020-01-31"), "{detail}");
    let mutation = "mutation { pushSubmission(input: { school: \"62001\", dataset: \"talent\", period: \"2026\", observations: [] }) { isFirst } }";
    let answer = first.graphql(mutation, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    let rows: [Cells<'_>; 2] = [
        ["62001", "talent", "2026", "talent.graduates", "8000"],
        ["62001", "talent", "2027", "talent.graduates", "8000"],
    ];
    let headers = [("content-type", "text/csv"), ("accept-language", "en")];
    let batch = send(&first, "POST", "/v1/batches", &headers, csv(&rows)).await.expect(200).json();
    assert_eq!(batch["rows"], json!({ "read": 2, "accepted": 1, "rejected": 1, "total": 2 }));
    assert_eq!(batch["causes"][0]["code"], "collection_closed", "{batch}");
    assert_eq!(batch["causes"][0]["example"]["period"], "2026", "{batch}");
    // The province's own batch is no way around it.
    let batch = send(&province, "POST", "/v1/batches", &headers, csv(&rows[..1])).await.expect(200).json();
    assert_eq!(batch["causes"][0]["code"], "collection_closed", "{batch}");

    // More time for one of them.
    let extensions = format!("{path}/extensions");
    let wrong = json!({ "school": "62099", "until": "2020-01-31", "reason": " " });
    let said = problem(&province.post(&extensions, None, &wrong).await, 422, "invalid");
    let all = [("unknown_school", "/school"), ("extension_too_early", "/until"), ("reason_missing", "/reason")];
    assert_eq!(found(&said), all);
    let grant = json!({ "school": "62001", "until": "2098-12-31", "reason": "校区搬迁" });
    problem(&first.post(&extensions, None, &grant).await, 403, "forbidden");
    let granted = province.post(&extensions, None, &grant).await.expect(201).json();
    assert_eq!((&granted["until"], &granted["reason"]), (&json!("2098-12-31"), &json!("校区搬迁")));
    first.put(table, None, &cells).await.expect(201);
    problem(&second.put(&table.replace("62001", "62002"), None, &cells).await, 403, "forbidden");
    // Who sees that, and where it stands for whom.
    for (who, grants, state) in [
        // It was given longer to be in time.
        (&first, json!([granted]), "open"),
        (&second, json!([]), "closed"),
        (&city, json!([granted]), "closed"),
        (&foreign, json!([]), "closed"),
        (&province, json!([granted]), "closed"),
    ] {
        let seen = who.get(path).await.expect(200).json();
        assert_eq!((&seen["extensions"], &seen["state"]), (&grants, &json!(state)));
        let listed = who.get("/v1/collections?dataset=talent").await.expect(200).json();
        assert_eq!(listed["collections"], json!([seen]));
        let query = "{ collection(dataset: \"talent\", period: \"2026\") { state extensions { school { code } until reason } } }";
        let seen = Caller::data(who.graphql(query, json!({})).await);
        assert_eq!(seen["collection"]["state"], state.to_uppercase());
        assert_eq!(seen["collection"]["extensions"].as_array().unwrap().len(), grants.as_array().unwrap().len());
    }

    // The days are changed by whoever has seen them.
    let later = json!({ "due_on": "2098-01-31" });
    province.send("PATCH", path, &[], Some(&later)).await.expect(428);
    province.send("PATCH", path, &[("if-match", "\"9\"")], Some(&later)).await.expect(412);
    let changed = province.send("PATCH", path, &[("if-match", &tag)], Some(&later)).await.expect(200);
    assert_eq!((&changed.json()["closes_on"], &changed.json()["state"]), (&json!("2098-01-31"), &json!("open")));
    second.put(&table.replace("62001", "62002"), None, &cells).await.expect(201);
    let wrong = json!({ "closes_on": "2098-01-30", "opens_on": "x" });
    let said = problem(&province.send("PATCH", path, &[("if-match", "*")], Some(&wrong)).await, 422, "invalid");
    assert_eq!(found(&said), [("day_form", "/opens_on"), ("closes_before_due", "/closes_on")]);
    // What is the same is no change.
    let same = province.send("PATCH", path, &[("if-match", "*")], Some(&later)).await.expect(200);
    assert_eq!(same.header("etag"), changed.header("etag"));
    server.stop().await;
}

#[tokio::test]
async fn by_graphql_it_is_the_same() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let open = "mutation ($due: Date!, $closes: Date) { openCollection(input: { dataset: \"scale\", period: \"2026\", opensOn: \"2020-01-01\", dueOn: $due, closesOn: $closes }) { collection { dataset { code } period { code } closesOn state etag } } }";
    let wrong = province.graphql(open, json!({ "due": "2019-12-31", "closes": "2019-12-30" })).await;
    let found: Vec<&Value> =
        wrong["errors"][0]["extensions"]["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(found, ["/input/dueOn", "/input/closesOn"]);
    let opened = Caller::data(province.graphql(open, json!({ "due": "2020-12-31", "closes": "2098-12-31" })).await);
    assert_eq!(
        opened["openCollection"]["collection"],
        json!({
            "dataset": { "code": "scale" }, "period": { "code": "2026" }, "closesOn": "2098-12-31",
            "state": "OVERDUE", "etag": "\"1\"",
        })
    );
    let change = "mutation ($tag: String) { changeCollection(input: { dataset: \"scale\", period: \"2026\", ifMatch: $tag, closesOn: null, note: \"说明\" }) { collection { closesOn dueOn note state etag } } }";
    let refused = province.graphql(change, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "PRECONDITION_REQUIRED");
    let changed = Caller::data(province.graphql(change, json!({ "tag": "\"1\"" })).await);
    assert_eq!(
        changed["changeCollection"]["collection"],
        json!({
            "closesOn": "2020-12-31", "dueOn": "2020-12-31", "note": "说明", "state": "CLOSED", "etag": "\"2\"",
        })
    );
    let extend = "mutation ($until: Date!) { extendCollection(input: { dataset: \"scale\", period: \"2026\", school: \"62001\", until: $until, reason: \"校区搬迁\" }) { collection { state extensions { until } } extension { school { code } until reason } } }";
    let refused = province.graphql(extend, json!({ "until": "2020-12-31" })).await;
    assert_eq!(refused["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/until", "{refused}");
    let extended = Caller::data(province.graphql(extend, json!({ "until": "2098-12-31" })).await);
    assert_eq!(
        extended["extendCollection"],
        json!({
            "collection": { "state": "CLOSED", "extensions": [{ "until": "2098-12-31" }] },
            "extension": { "school": { "code": "62001" }, "until": "2098-12-31", "reason": "校区搬迁" },
        })
    );
    let listed = "{ all: collections { period { code } } none: collections(filter: { period: [] }) { note } other: collections(filter: { dataset: [\"talent\"] }) { note } }";
    let listed = Caller::data(province.graphql(listed, json!({})).await);
    assert_eq!(listed, json!({ "all": [{ "period": { "code": "2026" } }], "none": [], "other": [] }));
    server.stop().await;
}

/// A list of REST is the same page by page.
#[tokio::test]
async fn collections_are_paged() {
    let app = TestApp::new().await;
    let official = app.as_(Role::Province, "620000");
    for period in 2026..2031 {
        for dataset in ["talent", "scale"] {
            let days = new(dataset, &period.to_string(), "2026-01-01", "2026-12-31", None);
            collections::open(&official, days).await.unwrap();
        }
    }
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let all = province.get("/v1/collections").await.expect(200).json();
    assert_eq!((all["collections"].as_array().unwrap().len(), &all["next"]), (10, &Value::Null));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = province.get(&format!("/v1/collections?limit=3{cursor}")).await.expect(200).json();
        seen.extend(page["collections"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), all["collections"]);
    problem(&province.get("/v1/collections?limit=1001").await, 422, "invalid");
    problem(&province.get("/v1/collections?cursor=x").await, 422, "invalid");
    server.stop().await;
}

/// What GraphQL answers a caller, and with how many statements. No server runs: its jobs send some of their own.
async fn asked(app: &TestApp, ctx: &Ctx, query: &str) -> (u64, Value) {
    let body = json!({ "query": query }).to_string();
    let before = app.house.db.statements();
    let answer = execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
    let sent = app.house.db.statements() - before;
    (sent, Caller::data(serde_json::from_slice(&answer.body).unwrap()))
}

fn counts(progress: &Value) -> [u64; 6] {
    ["expected", "received", "submitted", "approved", "accepted", "overdue"]
        .map(|name| progress[name].as_u64().unwrap_or_else(|| panic!("{name} of {progress}")))
}

#[tokio::test]
async fn progress_is_counted_over_the_own_schools() {
    let app = TestApp::new().await;
    // Of Lanzhou; 62001 was given longer.
    let registry = app.house.memory.registry();
    let of_lanzhou: Vec<String> = registry.schools_of_city["620100"]
        .iter()
        .map(|school| registry.schools.at(*school).unwrap().code.0.clone())
        .collect();
    assert!(of_lanzhou.len() > 6 && of_lanzhou[0] == "62001", "{of_lanzhou:?}");
    let (everybody, lanzhou) = (registry.schools.all().len(), of_lanzhou.len());
    let states = [State::Draft, State::Returned, State::Submitted, State::Approved, State::Accepted];
    for (school, state) in of_lanzhou.iter().skip(1).zip(states) {
        stage::bring(&app, &Key::new(school, "talent", "2026"), &stage::talent(8_000), state).await;
    }
    stage::bring(&app, &Key::new("62005", "talent", "2026"), &stage::talent(8_000), State::Submitted).await;
    // Of another period and of another table: not counted.
    stage::bring(&app, &Key::new("62001", "talent", "2025"), &stage::talent(8_000), State::Accepted).await;
    november(&app).await;

    let query = "{ collections { state progress { expected received submitted approved accepted overdue cities { city { code } expected received submitted approved accepted overdue } } } }";
    let progress = async |role: Role, org: &str, local: &str| {
        let (_, data) = asked(&app, &at(&app, role, org, local), query).await;
        let one = data["collections"][0].clone();
        let cities: Vec<(String, [u64; 6])> = one["progress"]["cities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["city"]["code"].as_str().unwrap().to_owned(), counts(line)))
            .collect();
        (one["state"].as_str().unwrap().to_owned(), counts(&one["progress"]), cities)
    };
    let (all, own) = (everybody as u64, lanzhou as u64);
    // In time to the last second of the day; then all are late who owe, but for the one that was given longer.
    for (local, state, late) in [
        ("2026-11-30T23:59:59", "OPEN", None),
        ("2026-12-01T00:00:00", "OVERDUE", Some(1)),
        ("2026-12-11T00:00:00", "CLOSED", Some(1)),
        ("2026-12-20T23:59:59", "CLOSED", Some(1)),
        ("2026-12-21T00:00:00", "CLOSED", Some(0)),
    ] {
        let owe = |schools: u64, submitted: u64| late.map_or(0, |given_longer| schools - submitted - given_longer);
        let (is, total, cities) = progress(Role::Province, "620000", local).await;
        assert_eq!((is.as_str(), total), (state, [all, 6, 4, 2, 1, owe(all, 4)]), "{local}");
        assert_eq!(cities.len(), registry.schools_of_city.len());
        let mut sum = [0; 6];
        for (_, line) in &cities {
            for (sum, one) in sum.iter_mut().zip(line) {
                *sum += one;
            }
        }
        assert_eq!(sum, total, "the cities add up");
        let line = ("620100".to_owned(), [own, 5, 3, 2, 1, owe(own, 3)]);
        assert!(cities.contains(&line), "{local}: {cities:?}");
        let (_, total, cities) = progress(Role::City, "620100", local).await;
        assert_eq!((total, cities), (line.1, vec![line]), "{local}");
    }
    let (state, total, cities) = progress(Role::School, "62001", "2026-12-20T23:59:59").await;
    assert_eq!((state.as_str(), total, cities.len()), ("OPEN", [1, 0, 0, 0, 0, 0], 1));
    let (state, total, _) = progress(Role::School, "62001", "2026-12-21T00:00:00").await;
    assert_eq!((state.as_str(), total), ("CLOSED", [1, 0, 0, 0, 0, 1]));
    let (_, total, _) = progress(Role::School, of_lanzhou[3].as_str(), "2027-01-01T00:00:00").await;
    assert_eq!(total, [1, 1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn many_collections_cost_as_many_statements_as_one() {
    let app = TestApp::new().await;
    november(&app).await;
    let province = app.as_(Role::Province, "620000");
    let query = "{ collections { dataset { code } state extensions { until school { code } } progress { overdue cities { city { name } expected } } } }";
    let (few, _) = asked(&app, &province, query).await;
    for period in 2027..2057 {
        let days = new("talent", &period.to_string(), "2026-01-01", "2026-02-01", None);
        collections::open(&province, days).await.unwrap();
        let key = collections::Key::new("talent", &period.to_string());
        collections::extend(&province, &key, extend("62002", "2026-03-01")).await.unwrap();
    }
    let (many, data) = asked(&app, &province, query).await;
    let all = data["collections"].as_array().unwrap();
    assert_eq!(all.len(), 31);
    assert!(all.iter().all(|one| one["extensions"].as_array().unwrap().len() == 1), "{data}");
    assert_eq!((few, many), (4, 4));

    // A push asks once more than it would without collections, and a block of a batch once.
    let push = async |period: &str| {
        let who = at(&app, Role::School, "62001", "2026-11-15T00:00:00");
        let before = app.house.db.statements();
        stage::try_push(&who, &Key::new("62001", "talent", period), &stage::talent(8_000), any()).await.unwrap();
        app.house.db.statements() - before
    };
    assert_eq!(push("2026").await, push("2025").await, "whether there is a collection or not");
}

#[tokio::test]
async fn who_reports_or_reviews_hears_of_it() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let after = feed::end(&app.as_(Role::Province, "620000")).await.unwrap();
    let key = november(&app).await;
    let province = app.as_(Role::Province, "620000");
    let change = Change { due_on: Some("2026-12-05".to_owned()), ..Change::default() };
    collections::change(&province, &key, change, Some(&Match::Any)).await.unwrap();
    // What is refused leaves no trace.
    collections::extend(&province, &key, extend("62001", "2026-12-01")).await.unwrap_err();
    stage::sealed(&app).await;
    let days = ["collection.opened talent/2026", "collection.changed talent/2026"];
    let longer = "collection.extended 62001/talent/2026";
    for (role, org, expected) in [
        (Role::Province, "620000", vec![days[0], longer, longer, days[1]]),
        (Role::City, "620100", vec![days[0], longer, longer, days[1]]),
        (Role::City, "620500", vec![days[0], days[1]]),
        (Role::School, "62001", vec![days[0], longer, longer, days[1]]),
        (Role::School, "62002", vec![days[0], days[1]]),
        (Role::Enterprise, "EEADEB0F3", vec![]),
        (Role::Analyst, "", vec![]),
        (Role::Auditor, "", vec![]),
    ] {
        let events = feed::read(&app.as_(role, org), after, 100).await.unwrap().items;
        let lines: Vec<String> = events.iter().map(|one| format!("{} {}", one.kind, one.object)).collect();
        assert_eq!(lines, expected, "{role:?} {org}");
        if let Some(last) = events.iter().rfind(|one| one.kind == "collection.extended") {
            // Days, to the city too; the reason stands with the extension.
            assert_eq!(json!(last.data), json!({ "until": "2026-12-20", "number": 2 }), "{role:?}");
        }
        if let Some(last) = events.last() {
            assert_eq!((&last.data["due_on"], &last.data["version"]), (&json!("2026-12-05"), &json!(2)));
        }
    }
    assert!(feed::read(&app.anonymous(), Place::default(), 1).await.is_err());
}
