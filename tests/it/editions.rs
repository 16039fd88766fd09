//! The catalogue is looked after: a table is judged by what holds in its own period, whenever it is pushed.

use std::{fs, io::Cursor, path::Path, time::Instant};

use calamine::{Reader, Xlsx};
use entity::{indicator_edition, journal, words::ReleaseKind, words::SubmissionState as State};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{load::load, submissions::Key, templates},
    error::Error,
};

use crate::{
    app::{Answer, Caller, TestApp},
    stage,
    surface::{BOTH, Surface, Verb},
    wire::{problem, send},
};

const RATE: &str = "talent.self_employment_rate";

async fn patch(caller: &Caller, path: &str, tag: &str, body: &Value) -> Answer {
    caller.send("PATCH", path, &[("if-match", tag)], Some(body)).await
}

/// Changes an indicator whatever its version; it must go well.
async fn change(caller: &Caller, code: &str, body: Value) -> Value {
    patch(caller, &format!("/v1/indicators/{code}"), "*", &body).await.expect(200).json()
}

/// What the catalogue says of an indicator: of now, or of a period.
async fn seen(caller: &Caller, code: &str, period: &str) -> Value {
    let period = if period.is_empty() { String::new() } else { format!("&period={period}") };
    let listed = caller.get(&format!("/v1/indicators?dataset=talent{period}")).await.expect(200).json();
    listed["indicators"].as_array().unwrap().iter().find(|one| one["code"] == code).cloned().unwrap_or_default()
}

fn with_rate(rate: f64) -> Value {
    let mut cells = stage::talent(8_000);
    cells[RATE] = json!(rate);
    cells
}

/// The codes of what is wrong, in the order in which they are told.
fn codes(problem: &Value) -> Vec<String> {
    let all = problem["errors"].as_array().unwrap();
    all.iter().map(|one| format!("{} {}", one["code"].as_str().unwrap(), one["pointer"].as_str().unwrap())).collect()
}

async fn form(app: &TestApp, period: &str) -> Vec<u8> {
    templates::form(&app.as_(Role::School, "62001"), &Key::new("62001", "talent", period)).await.unwrap()
}

/// Everything that stands in a form.
fn words(form: &[u8]) -> String {
    let mut book = Xlsx::new(Cursor::new(form)).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    range.rows().flatten().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_table_is_judged_by_the_catalogue_of_its_own_period() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, school) = (server.client("province-620000").await, server.client("school-62001").await);
    let push = async |surface: Surface, period: &str, rate: f64| {
        surface.act(&school, ["62001", "talent", period], &Verb::Put(with_rate(rate)), Some("*")).await
    };
    for period in ["2043", "2044"] {
        assert_eq!(push(Surface::Rest, period, 60.0).await.status, 201);
    }
    let before = [form(&app, "2043").await, form(&app, "2044").await];
    let changed = change(&province, RATE, json!({ "from": "2044", "maximum": 50, "name": "自主创业比例" })).await;
    assert_eq!(
        (&changed["maximum"], &changed["changes"], &changed["version"], &changed["etag"]),
        (&json!(50), &json!(["2044"]), &json!(2), &json!("\"2\""))
    );

    for surface in BOTH {
        assert!(push(surface, "2043", 60.5).await.status < 300);
        assert!(push(surface, "2044", 50.0).await.status < 300);
        let refused = push(surface, "2044", 50.01).await;
        assert_eq!((refused.status, refused.codes()), (422, vec!["above_maximum".to_owned()]), "{}", refused.text);
        assert_eq!(refused.errors[0]["expected"], "≤ 50");
    }
    for (period, maximum, name) in [("2043", 100, "自主创业率"), ("2044", 50, "自主创业比例"), ("", 50, "自主创业比例")]
    {
        let line = seen(&school, RATE, period).await;
        assert_eq!((&line["maximum"], &line["name"]), (&json!(maximum), &json!(name)), "{period}");
    }
    let query = "{ indicators(filter: { period: \"2043\", dataset: [\"talent\"] }) { code maximum }
                   dataset(code: \"talent\") { indicators(period: \"2044\") { code maximum } } }";
    let told = Caller::data(school.graphql(query, json!({})).await);
    let maximum =
        |list: &Value| list.as_array().unwrap().iter().find(|one| one["code"] == RATE).unwrap()["maximum"].clone();
    assert_eq!((maximum(&told["indicators"]), maximum(&told["dataset"]["indicators"])), (json!(100), json!(50)));

    // Forms: each with its own labels; one from before is outdated only where something has changed.
    let (old, new) = (words(&form(&app, "2043").await), words(&form(&app, "2044").await));
    assert!(old.contains("自主创业率") && !old.contains("自主创业比例"), "{old}");
    assert!(new.contains("自主创业比例") && !new.contains("自主创业率"), "{new}");
    for (bytes, is_outdated) in before.iter().zip([false, true]) {
        let (kind, body) = crate::batches::files::form("talent.xlsx", bytes);
        let batch = send(&school, "POST", "/v1/batches?confirm=shrink", &[("content-type", &kind)], body)
            .await
            .expect(200)
            .json();
        assert_eq!(batch["causes"][0]["code"] == "form_outdated", is_outdated, "{batch}");
    }
    // Files: a label is that of the period.
    let file = "学校,报表,统计期,指标,数值\n62001,talent,2043,自主创业率,60\n62001,talent,2044,自主创业率,40\n";
    let headers = [("content-type", "text/csv")];
    let batch =
        send(&school, "POST", "/v1/batches?dry_run=true&confirm=shrink", &headers, file).await.expect(200).json();
    assert_eq!(batch["rows"]["rejected"], 1, "{batch}");
    assert_eq!((&batch["causes"][0]["code"], &batch["causes"][0]["rows"]), (&json!("unknown_indicator"), &json!(1)));
    assert_eq!(batch["causes"][0]["example"]["period"], "2044");
    server.stop().await;
}

#[tokio::test]
async fn an_indicator_begins_and_ends_with_its_periods() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, school) = (server.client("province-620000").await, server.client("school-62001").await);
    let rest = async |period: &str, verb: Verb| {
        Surface::Rest.act(&school, ["62001", "talent", period], &verb, Some("*")).await
    };
    // A draft from before the change.
    assert_eq!(rest("2044", Verb::Put(stage::talent(8_000))).await.status, 201);
    let last = change(&province, "talent.promotion_rate_3y", json!({ "valid_to": "2043" })).await;
    assert_eq!((&last["valid_to"], &last["changes"]), (&json!("2043"), &json!([])));
    let new = json!({
        "code": "talent.promotion_rate_5y", "name": "毕业五年晋升率", "name_en": "Promoted within five years",
        "unit": "%", "decimals": 2, "aggregation": "weighted_mean", "weight": "talent.graduates",
        "minimum": 0, "maximum": 100, "required": true, "disclosure": "public", "valid_from": "2044",
    });
    let added = province.post("/v1/indicators", None, &new).await.expect(201);
    assert_eq!(added.header("etag"), Some("\"1\""));
    let added = added.json();
    for (member, value) in new.as_object().unwrap() {
        assert_eq!(added[member], *value, "{member}");
    }
    problem(&province.post("/v1/indicators", None, &new).await, 409, "conflict");

    // Where it does not hold it is unknown, and the answer says from when until when it does.
    for surface in BOTH {
        let refused =
            surface.act(&school, ["62001", "talent", "2044"], &Verb::Put(stage::talent(8_000)), Some("*")).await;
        assert_eq!((refused.status, refused.codes()), (422, vec!["unknown_indicator".to_owned()]), "{}", refused.text);
        assert_eq!((&refused.errors[0]["expected"], &refused.errors[0]["got"]), (&json!("–2043"), &json!("2044")));
        assert!(refused.errors[0]["message"].as_str().unwrap().contains("2043"));
    }
    let early = json!({ "talent.promotion_rate_5y": 50 });
    let refused = rest("2044", Verb::Patch(early.clone())).await;
    assert_eq!(refused.codes(), ["unknown_indicator"], "the draft still has the old one");
    let mended = json!({ "talent.promotion_rate_3y": null });
    let mended = rest("2044", Verb::Patch(mended)).await;
    assert_eq!(mended.status, 200, "{}", mended.text);
    assert_eq!(mended.table["removed"], json!(["talent.promotion_rate_3y"]));
    assert_eq!(mended.table["missing"], json!(["talent.promotion_rate_5y"]));
    // What is required is required from its own period on.
    let refused = rest("2044", Verb::Submit(json!({}))).await;
    assert_eq!((refused.status, refused.codes()), (422, vec!["talent.promotion_rate_5y.required".to_owned()]));
    assert_eq!(rest("2044", Verb::Patch(early.clone())).await.status, 200);
    let done = rest("2044", Verb::Submit(json!({}))).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let mut cells = stage::talent(8_000);
    assert_eq!(rest("2043", Verb::Put(cells.clone())).await.status, 201);
    assert_eq!(rest("2043", Verb::Submit(json!({}))).await.status, 200);
    cells["talent.promotion_rate_5y"] = json!(50);
    let refused = rest("2042", Verb::Put(cells)).await;
    assert_eq!((refused.status, &refused.errors[0]["expected"]), (422, &json!("2044–")), "{}", refused.text);
    // The reviewer and the release go by the same.
    assert!(seen(&school, "talent.promotion_rate_5y", "2043").await.is_null());
    assert!(seen(&school, "talent.promotion_rate_3y", "2044").await.is_null());
    assert_eq!(seen(&school, "talent.promotion_rate_3y", "2043").await["valid_to"], "2043");
    server.stop().await;
}

#[tokio::test]
async fn editions_are_split_corrected_and_kept() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let maximum = async |period: &str| seen(&province, RATE, period).await["maximum"].clone();
    change(&province, RATE, json!({ "from": "2044", "maximum": 50 })).await;
    // Between two editions, by GraphQL; what holds afterwards stays.
    let query = "mutation ($tag: String!) { changeIndicator(input: { code: \"talent.self_employment_rate\", ifMatch: $tag, from: \"2040\", maximum: 80 }) { indicator { maximum changes etag } } }";
    let told = Caller::data(province.graphql(query, json!({ "tag": "\"2\"" })).await);
    let told = &told["changeIndicator"]["indicator"];
    assert_eq!(*told, json!({ "maximum": 50, "changes": ["2040", "2044"], "etag": "\"3\"" }));
    for (period, is) in [("2039", 100), ("2040", 80), ("2043", 80), ("2044", 50), ("2050", 50)] {
        assert_eq!(maximum(period).await, is, "{period}");
    }
    // Corrections in place: of the first edition, of one by its first period, of the present one.
    change(&province, RATE, json!({ "from": null, "maximum": 99 })).await;
    change(&province, RATE, json!({ "from": "2040", "maximum": 79.5 })).await;
    let now = change(&province, RATE, json!({ "maximum": 49 })).await;
    assert_eq!((&now["changes"], &now["version"]), (&json!(["2040", "2044"]), &json!(6)));
    for (period, is) in [("2039", json!(99)), ("2043", json!(79.5)), ("2044", json!(49))] {
        assert_eq!(maximum(period).await, is, "{period}");
    }
    // The same again is no change.
    assert_eq!(change(&province, RATE, json!({ "maximum": 49 })).await["version"], 6);

    // What was said before is kept, each row after the one before it.
    let rows = journal::Entity::find()
        .filter(journal::Column::Object.eq(format!("indicator/{RATE}")))
        .order_by_asc(journal::Column::Id)
        .all(app.house.db.read())
        .await
        .unwrap();
    assert!(rows.iter().all(|row| row.action == "indicator.changed" && row.before_hash != row.after_hash));
    let said: Vec<(Value, Value)> = rows
        .iter()
        .map(|row| serde_json::from_str::<Value>(&row.data).unwrap())
        .map(|data| (data["was"]["maximum"].clone(), data["definition"]["maximum"].clone()))
        .collect();
    let pairs = [("100", "50"), ("100", "80"), ("100", "99"), ("80", "79.5"), ("50", "49")];
    assert_eq!(said, pairs.map(|(was, is)| (json!(was), json!(is))));
    // Whoever has a token hears of it.
    stage::sealed(&app).await;
    let told = server.client("analyst").await.get("/v1/changes?limit=1000").await.expect(200).json();
    let told = told["events"].as_array().unwrap().iter().filter(|event| event["type"] == "indicator.changed").count();
    assert_eq!(told, 5);
    // Sent twice under one key it is done once, and the answer knows what it has done.
    let body = json!({ "from": "2046", "maximum": 48 });
    let headers = [("if-match", "\"6\""), ("idempotency-key", "from-2046")];
    let path = format!("/v1/indicators/{RATE}");
    let once = province.send("PATCH", &path, &headers, Some(&body)).await.expect(200);
    assert_eq!(once.json()["changes"], json!(["2040", "2044", "2046"]));
    let again = province.send("PATCH", &path, &headers, Some(&body)).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.text), (Some("true"), &once.text));
    assert_eq!((maximum("2045").await, maximum("2046").await), (json!(49), json!(48)));
    server.stop().await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_definition_is_told_at_once() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let wrong = json!({
        "code": "talent.graduates", "unit": "", "decimals": 16, "aggregation": "product", "disclosure": "secret",
        "minimum": 5, "maximum": 4, "threshold": 1, "weight": "talent.nothing", "parent": "scale.students",
        "within": "talent.graduates", "usual_change": -1, "valid_from": "2024", "valid_to": "2023", "position": -1,
        "name_en": "x".repeat(501),
    });
    let said = problem(&province.post("/v1/indicators", None, &wrong).await, 422, "invalid");
    assert_eq!(
        codes(&said),
        [
            "code_taken /code",
            "missing /unit",
            "decimals /decimals",
            "aggregation /aggregation",
            "usual_change /usual_change",
            "disclosure /disclosure",
            "validity /valid_to",
            "position /position",
            "missing /name",
            "too_long /name_en",
            "bounds /maximum",
            "threshold /better",
            "weight /weight",
            "unknown_indicator /parent",
            "unknown_indicator /weight",
        ]
    );
    let bare = problem(&province.post("/v1/indicators", None, &json!({ "code": "Talent" })).await, 422, "invalid");
    let needed = ["missing /unit", "missing /decimals", "missing /aggregation", "missing /disclosure", "missing /name"];
    assert_eq!(codes(&bare), [&["indicator_code /code"][..], &needed].concat());
    problem(
        &province.post("/v1/indicators", None, &json!({ "code": "talent.x", "colour": 1 })).await,
        400,
        "malformed",
    );

    let path = "/v1/indicators/talent.graduates";
    province.send("PATCH", path, &[], Some(&json!({}))).await.expect(428);
    let stale = patch(&province, path, "\"9\"", &json!({})).await.expect(412);
    assert_eq!(stale.header("etag"), Some("\"1\""));
    problem(&patch(&province, "/v1/indicators/talent.nothing", "*", &json!({})).await, 404, "not-found");
    for (body, found) in [
        (
            json!({ "unit": "万人", "decimals": 1, "aggregation": "mean", "code": "talent.x", "dataset": "scale" }),
            &["fixed /code", "fixed /dataset", "fixed /unit", "fixed /decimals", "fixed /aggregation"][..],
        ),
        (json!({ "minimum": 0.5, "maximum": "9" }), &["too_many_decimals /minimum", "wrong_type /maximum"][..]),
        (json!({ "from": "2022-2023" }), &["period_form /from"][..]),
        (json!({ "from": "2024", "valid_to": "2023" }), &["edition_from /from"][..]),
        (json!({ "name": "毕业生去向落实人数 ", "within": "talent.graduates" }), &["cycle /within"][..]),
        (json!({ "name": "自主创业率" }), &["name_taken /name"][..]),
    ] {
        let said = problem(&patch(&province, path, "*", &body).await, 422, "invalid");
        assert_eq!(codes(&said), found, "{body}: {said}");
    }
    // What public lines give away is no secret: a sum but for one of its lines, and one side of a rule that binds.
    for (indicator, by) in [
        ("talent.employed_in_sectors", "talent.employed_primary"),
        ("talent.employed_primary", "talent.employed_tertiary"),
    ] {
        let path = format!("/v1/indicators/{indicator}");
        let said = problem(&patch(&province, &path, "*", &json!({ "disclosure": "aggregate" })).await, 422, "invalid");
        assert_eq!(codes(&said), ["given_away /disclosure"], "{said}");
        let words = said["errors"][0]["message"].as_str().unwrap();
        assert!(words.contains(indicator) && words.contains(by), "{words}");
    }
    let rule = json!({ "code": "talent.ratio", "severity": "error", "message_zh": "说明", "message_en": "words",
        "expression": "talent.promotion_rate_3y == talent.placed / talent.graduates", "enabled": true });
    let said = problem(&province.post("/v1/rules", None, &rule).await, 422, "invalid");
    assert_eq!(codes(&said), ["given_away /expression"]);
    // A circle that two changes make together, in periods in which both hold.
    change(&province, "talent.placed", json!({ "from": "2044", "within": "talent.graduates" })).await;
    let circle = json!({ "from": "2046", "within": "talent.placed" });
    let said = problem(&patch(&province, path, "*", &circle).await, 422, "invalid");
    assert_eq!(said["errors"][0]["got"], "talent.graduates → talent.placed → talent.graduates");
    change(&province, "talent.placed", json!({ "from": "2045", "within": null })).await;
    patch(&province, path, "*", &circle).await.expect(200);
    // The unit as it is may be sent along.
    patch(&province, path, "*", &json!({ "unit": "人", "decimals": 0 })).await.expect(200);

    let wrong = json!({ "code": "prev", "name": "", "period_kind": "month", "valid_from": "2024x" });
    let said = problem(&province.post("/v1/datasets", None, &wrong).await, 422, "invalid");
    let found = ["dataset_code /code", "period_kind /period_kind", "missing /name", "period_form /valid_from"];
    assert_eq!(codes(&said), found);
    let said = patch(&province, "/v1/datasets/talent", "*", &json!({ "period_kind": "school_year" })).await;
    assert_eq!(codes(&problem(&said, 422, "invalid")), ["fixed /period_kind"]);
    let wrong = json!({ "code": "2024", "kind": "school_year", "starts_on": "2024-09-01", "ends_on": "2024-12-31" });
    let said = problem(&province.post("/v1/periods", None, &wrong).await, 422, "invalid");
    assert_eq!(codes(&said), ["kind /kind", "period_days /starts_on"]);

    // By GraphQL the same findings, in the words of the input.
    let query = "mutation { addIndicator(input: { code: \"talent.x\", name: \"x\", unit: \"人\", decimals: 0, aggregation: SUM, disclosure: PUBLIC, minimum: 0.5, validFrom: \"x\" }) { indicator { id } } }";
    let said = province.graphql(query, json!({})).await;
    assert_eq!(
        codes(&said["errors"][0]["extensions"]),
        ["too_many_decimals /input/minimum", "period_form /input/validFrom"]
    );
    assert_eq!(indicator_edition::Entity::find().count(app.house.db.read()).await.unwrap(), 3);
    server.stop().await;
}

#[tokio::test]
async fn tables_and_periods_are_looked_after() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, school) = (server.client("province-620000").await, server.client("school-62001").await);
    let dataset =
        json!({ "code": "ai", "name": "人工智能课程表", "period_kind": "calendar_year", "valid_from": "2044" });
    let added = province.post("/v1/datasets", None, &dataset).await.expect(201).json();
    assert_eq!(
        (&added["indicators"], &added["valid_from"], &added["etag"]),
        (&json!(0), &json!("2044"), &json!("\"1\""))
    );
    let query = "mutation { addIndicator(input: { code: \"ai.courses\", name: \"课程数\", unit: \"门\", decimals: 0, aggregation: SUM, disclosure: PUBLIC, minimum: 0, isRequired: true }) { indicator { code isRequired minimum dataset { code } etag } } }";
    let told = Caller::data(province.graphql(query, json!({})).await);
    let is =
        json!({ "code": "ai.courses", "isRequired": true, "minimum": 0, "dataset": { "code": "ai" }, "etag": "\"1\"" });
    assert_eq!(told["addIndicator"]["indicator"], is);
    for surface in BOTH {
        let push = async |period: &str| {
            surface.act(&school, ["62001", "ai", period], &Verb::Put(json!({ "ai.courses": 3 })), Some("*")).await
        };
        assert!(push("2044").await.status < 300);
        let early = push("2043").await;
        assert_eq!((early.status, early.codes()), (422, vec!["period_validity".to_owned()]), "{}", early.text);
    }
    let query = "mutation { changeDataset(input: { code: \"ai\", ifMatch: \"1\", name: \"人工智能表\", validTo: \"2050\" }) { dataset { name validFrom validTo etag } } }";
    let told = Caller::data(province.graphql(query, json!({})).await);
    let is = json!({ "name": "人工智能表", "validFrom": "2044", "validTo": "2050", "etag": "\"2\"" });
    assert_eq!(told["changeDataset"]["dataset"], is);
    for (period, is_there) in [("2043", false), ("2044", true), ("2050", true), ("2051", false), ("2044-2045", false)] {
        let list = school.get(&format!("/v1/datasets?period={period}")).await.expect(200).json();
        let has = list["datasets"].as_array().unwrap().iter().any(|one| one["code"] == "ai");
        assert_eq!(has, is_there, "{period}");
    }
    school.get("/v1/indicators?period=nonsense").await.expect(422);

    // A period is there for everybody once it is announced; that somebody drafts for it tells nobody.
    let known = async |period: &str| {
        let list = server.anonymous().get("/v1/periods").await.expect(200).json();
        list["periods"].as_array().unwrap().iter().find(|one| one["code"] == period).cloned()
    };
    assert_eq!(known("2044").await, None);
    let whole = json!({ "code": "2044", "kind": "calendar_year", "starts_on": "2044-01-01", "ends_on": "2044-12-31" });
    assert_eq!(province.post("/v1/periods", None, &json!({ "code": "2044" })).await.expect(201).json(), whole);
    assert_eq!(known("2044").await, Some(whole.clone()));
    problem(&province.post("/v1/periods", None, &whole).await, 409, "conflict");
    let query = "mutation { addPeriod(input: { code: \"2044-2045\", kind: SCHOOL_YEAR, endsOn: \"2045-08-31\" }) { period { code startsOn } } }";
    let told = Caller::data(province.graphql(query, json!({})).await);
    assert_eq!(told["addPeriod"]["period"], json!({ "code": "2044-2045", "startsOn": "2044-09-01" }));
    assert!(known("2044-2045").await.is_some());
    server.stop().await;
}

#[tokio::test]
async fn another_instance_goes_by_the_new_catalogue() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let province = here.client("province-620000").await;
    let school = Caller { base: there.base.clone(), ..here.client("school-62001").await };
    change(&province, RATE, json!({ "from": "2044", "maximum": 50 })).await;
    let since = Instant::now();
    while seen(&school, RATE, "2044").await["maximum"] != 50 {
        assert!(since.elapsed().as_secs() < 1, "the other instance has not heard of it");
        tokio::task::yield_now().await;
    }
    let act = async |period: &str| {
        Surface::Rest.act(&school, ["62001", "talent", period], &Verb::Put(with_rate(60.0)), Some("*")).await.status
    };
    assert_eq!((act("2043").await, act("2044").await), (201, 422));
    here.stop().await;
    there.stop().await;
}

/// A class of disclosure holds for the figures of its own periods, in releases too.
#[tokio::test]
async fn figures_are_protected_from_the_period_on() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, public) = (server.client("province-620000").await, server.anonymous());
    change(&province, "talent.graduates", json!({ "from": "2024", "disclosure": "aggregate" })).await;
    for period in ["2023", "2024"] {
        for school in ["62001", "62002", "62005"] {
            let key = Key::new(school, "talent", period);
            stage::bring(&app, &key, &stage::talent(8_000), State::Accepted).await;
        }
    }
    let release = stage::release(&app, ReleaseKind::Minor).await;
    let ask = async |period: &str| {
        let query = "query ($p: String!) { aggregate(input: { indicators: [\"talent.graduates\"], period: $p, groupBy: [OWNERSHIP] }) { groups { cells { value } } }
            school(code: \"62001\") { observations(period: $p, indicators: [\"talent.graduates\"]) { value status } } }";
        public.graphql(query, json!({ "p": period })).await
    };
    let open = Caller::data(ask("2023").await);
    assert_eq!(open["school"]["observations"][0], json!({ "value": 8_000, "status": "REPORTED" }));
    let kept = ask("2024").await;
    assert_eq!(kept["errors"][0]["extensions"]["code"], "FORBIDDEN", "{kept}");
    let alone = "{ school(code: \"62001\") { observations(period: \"2024\", indicators: [\"talent.graduates\"]) { value status } } }";
    let kept = Caller::data(public.graphql(alone, json!({})).await);
    assert_eq!(kept["school"]["observations"][0], json!({ "value": null, "status": "SUPPRESSED" }));
    let official = app.as_(Role::Province, "620000");
    let faults = zhiqiao::domain::releases::verify(&official, release.row.version.as_str()).await.unwrap();
    assert_eq!(faults, [""; 0]);
    server.stop().await;
}

/// The files say what holds from the beginning; validity and what holds from a period on are the officials'.
#[tokio::test]
async fn a_load_leaves_later_editions_alone() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023");
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    change(&province, RATE, json!({ "from": "2044", "maximum": 50 })).await;
    change(&province, RATE, json!({ "from": null, "maximum": 90, "valid_to": "2060" })).await;
    change(&province, "talent.graduates", json!({ "name": "毕业生总数", "valid_from": "2000" })).await;
    let run = async || load(&app.system(), dir.path(), &mut |_| {}).await;
    let count = |summary: &zhiqiao::domain::load::Summary| -> [usize; 2] {
        let sum = |count: fn(&zhiqiao::domain::load::KindCount) -> usize| summary.kinds.iter().map(count).sum();
        [sum(|kind| kind.created), sum(|kind| kind.changed)]
    };
    assert_eq!(count(&run().await.unwrap()), [0, 2]);
    let line = seen(&province, RATE, "2043").await;
    assert_eq!((&line["maximum"], &line["valid_to"], &line["version"]), (&json!(100), &json!("2060"), &json!(4)));
    assert_eq!(seen(&province, RATE, "2044").await["maximum"], 50);
    let line = seen(&province, "talent.graduates", "").await;
    assert_eq!((&line["name"], &line["valid_from"]), (&json!("毕业生人数"), &json!("2000")));
    assert_eq!(count(&run().await.unwrap()), [0, 0], "the second time nothing is left to do");

    let file = dir.path().join("indicators.csv");
    let text = fs::read_to_string(&file).unwrap();
    let other = text.replacen(",毕业生人数,人,persons,0,sum,", ",毕业生人数,万人,persons,2,sum,", 1);
    assert_ne!(text, other);
    fs::write(&file, other).unwrap();
    let Err(Error::Invalid(faults)) = run().await else { panic!("it was loaded") };
    let faults: Vec<(&str, &str)> = faults.iter().map(|one| (one.code.as_str(), one.pointer.as_str())).collect();
    assert_eq!(faults, [("fixed", "indicators.csv#/2/unit_zh"), ("fixed", "indicators.csv#/2/decimals")]);
    server.stop().await;
}
