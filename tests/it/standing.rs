//! What a release tells stands: figures of protected lines until three schools have changed, the partition within a
//! major version, the list of what has changed, who meets the standards, and who was there before.

use chrono::NaiveDate;
use entity::{
    ids::{RowId, SchoolCode},
    school_succession,
    words::{ReleaseKind, SubmissionState as State, SuccessionKind},
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{
        releases::{self, copies},
        submissions::Key,
    },
    formats::document::sha256,
    memory::{self, Thing},
};

use crate::{
    app::{Caller, TestApp},
    sharing, stage,
};

const FLOOR: &str = "conditions.floor_area_per_student";
const LANZHOU: &str = "620100";
const TIANSHUI: &str = "620500";

/// Four schools of Lanzhou, three of Tianshui.
const REPORTING: &[(&str, f64)] = &[
    ("62001", 20.5),
    ("62002", 21.25),
    ("62004", 30.75),
    ("62007", 17.75),
    ("62005", 18.25),
    ("62006", 19.5),
    ("62010", 40.5),
];

async fn state(app: &TestApp, school: &str, floor_area: f64) {
    let key = Key::new(school, "conditions", "2023");
    stage::bring(app, &key, &stage::conditions(floor_area), State::Accepted).await;
}

async fn published() -> TestApp {
    let app = TestApp::new().await;
    for (school, floor_area) in REPORTING {
        state(&app, school, *floor_area).await;
    }
    assert_eq!(stage::release(&app, ReleaseKind::Minor).await.row.version, "1.1.0");
    app
}

const QUERY: &str = "query ($input: AggregateInput!) { aggregate(input: $input) { groups { city { code } ownership
    cells { schools value status isWithheld frozenSince } } } }";

async fn ask(caller: &Caller, by: Value) -> Value {
    let input = json!({ "indicators": [FLOOR], "period": "2023", "groupBy": by });
    caller.graphql(QUERY, json!({ "input": input })).await
}

/// The cell of a city, or of the province for nothing.
async fn cell(caller: &Caller, city: Option<&str>) -> Value {
    let by = if city.is_some() { json!(["CITY"]) } else { json!([]) };
    let answer = ask(caller, by).await;
    let groups = answer["data"]["aggregate"]["groups"].as_array().unwrap_or_else(|| panic!("{answer}"));
    groups.iter().find(|group| group["city"]["code"].as_str() == city).unwrap()["cells"][0].clone()
}

#[tokio::test]
async fn a_figure_stands_until_three_schools_have_changed_and_officials_are_told() {
    let app = published().await;
    let server = app.serve().await;
    let (analyst, province) = (server.client("analyst").await, server.client("province-620000").await);
    let lanzhou = server.client("city-620100").await;
    assert_eq!(cell(&analyst, None).await["value"], json!(20.5));
    let before = cell(&analyst, Some(LANZHOU)).await;
    assert_eq!((&before["value"], &before["schools"]), (&json!(20.875), &json!(4)));
    let own = cell(&province, Some(LANZHOU)).await;
    assert_eq!((&own["isWithheld"], &own["frozenSince"]), (&json!(false), &Value::Null));

    // One after another, two schools change: everybody but officials is told what they were told before.
    for (number, (school, floor_area)) in [("62001", 50.5), ("62002", 51.25)].into_iter().enumerate() {
        state(&app, school, floor_area).await;
        stage::release(&app, ReleaseKind::Patch).await;
        assert_eq!(cell(&analyst, Some(LANZHOU)).await, before, "{number}");
        assert_eq!(cell(&analyst, None).await["value"], json!(20.5), "{number}");
        for official in [&province, &lanzhou] {
            let own = cell(official, Some(LANZHOU)).await;
            assert_ne!(own["value"], before["value"], "{number}");
            assert_eq!((&own["frozenSince"], &own["isWithheld"]), (&json!("1.1.0"), &json!(false)), "{number}");
        }
        assert_eq!(cell(&lanzhou, Some(TIANSHUI)).await["frozenSince"], Value::Null);
    }
    // A third school of another city: the total moves, and the cities stand.
    state(&app, "62005", 8.25).await;
    stage::release(&app, ReleaseKind::Patch).await;
    assert_eq!(cell(&analyst, Some(LANZHOU)).await, before);
    assert_eq!(cell(&analyst, None).await["value"], json!(30.75));
    assert_eq!(cell(&province, None).await["frozenSince"], Value::Null);
    // A third school of Lanzhou: less the new figure, the total that stands would be about it and 62005 alone.
    state(&app, "62004", 52.75).await;
    stage::release(&app, ReleaseKind::Patch).await;
    assert_eq!(cell(&analyst, Some(LANZHOU)).await, before);
    assert_eq!(cell(&province, Some(LANZHOU)).await["frozenSince"], "1.1.0");
    // With a fourth it is about three.
    state(&app, "62007", 18.75).await;
    stage::release(&app, ReleaseKind::Patch).await;
    assert_eq!(cell(&analyst, Some(LANZHOU)).await["value"], json!(50.875));
    assert_eq!(cell(&analyst, None).await["value"], json!(30.75));
    assert_eq!(cell(&province, Some(LANZHOU)).await["frozenSince"], Value::Null);
    // What an older release told it still tells, on an instance that has held nothing in memory, too.
    let query = "{ aggregate(input: { indicators: [\"conditions.floor_area_per_student\"], period: \"2023\",
        groupBy: [CITY], release: \"1.1.0\" }) { groups { city { code } cells { value } } } }";
    let older = Caller::data(analyst.graphql(query, json!({})).await);
    let groups = older["aggregate"]["groups"].as_array().unwrap();
    assert_eq!(
        groups.iter().find(|group| group["city"]["code"] == LANZHOU).unwrap()["cells"][0]["value"],
        json!(20.875)
    );
    server.stop().await;
}

#[tokio::test]
async fn officials_are_told_what_nobody_else_is() {
    let app = published().await;
    state(&app, "62016", 25.5).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let server = app.serve().await;
    let (analyst, province) = (server.client("analyst").await, server.client("province-620000").await);
    // The one school of Jiuquan is not yet in any figure that is told.
    let jiuquan = cell(&province, Some("620900")).await;
    assert_eq!((&jiuquan["schools"], &jiuquan["value"]), (&json!(1), &json!(25.5)));
    let told = cell(&analyst, Some("620900")).await;
    assert!(told["value"].is_null() && told["schools"].as_u64().is_none_or(|schools| schools == 0), "{told}");
    // By another grouping nobody else is told anything.
    let by_ownership = ask(&province, json!(["OWNERSHIP"])).await;
    assert_eq!(by_ownership["data"]["aggregate"]["groups"][0]["cells"][0]["isWithheld"], true);
    assert_eq!(ask(&analyst, json!(["OWNERSHIP"])).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    server.stop().await;
}

#[tokio::test]
async fn a_dataset_is_parted_in_one_way_within_a_major_version() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let etag = province.get("/v1/datasets").await.expect(200).json()["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "conditions")
        .unwrap()["etag"]
        .clone();
    let headers = [("if-match", etag.as_str().unwrap())];
    let change = |word: &str| json!({ "parted_by": word });
    let wrong = province.send("PATCH", "/v1/datasets/conditions", &headers, Some(&change("weather"))).await;
    assert_eq!(wrong.expect(422).json()["errors"][0]["pointer"], "/parted_by");
    let good = province.send("PATCH", "/v1/datasets/conditions", &headers, Some(&change("ownership"))).await;
    assert_eq!(good.expect(200).json()["parted_by"], "ownership");

    for (school, floor_area) in REPORTING {
        state(&app, school, *floor_area).await;
    }
    // Not published yet, so there is nothing that it could be another of.
    stage::release(&app, ReleaseKind::Minor).await;
    let analyst = server.client("analyst").await;
    assert_eq!(ask(&analyst, json!(["CITY"])).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert!(ask(&analyst, json!(["OWNERSHIP"])).await["errors"].is_null());

    let back = province.send("PATCH", "/v1/datasets/conditions", &[("if-match", "*")], Some(&change("tier"))).await;
    back.expect(200);
    let refused = province.post("/v1/releases", None, &json!({ "kind": "minor", "note": "a note" })).await.expect(422);
    assert_eq!(refused.json()["errors"][0]["code"], "partition", "{}", refused.text);
    province.post("/v1/releases", None, &json!({ "kind": "major", "note": "a note" })).await.expect(201);
    // A period that was told of in one way is told of in that way: two would take each other apart.
    assert!(ask(&analyst, json!(["OWNERSHIP"])).await["errors"].is_null());
    assert_eq!(ask(&analyst, json!(["TIER"])).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    server.stop().await;
}

#[tokio::test]
async fn a_guessed_table_cannot_be_held_against_the_manifest() {
    let app = published().await;
    let server = app.serve().await;
    let release = server.anonymous().get("/v1/releases/1.1.0").await.expect(200).json();
    let tables = release["manifest"]["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["dataset"] == "conditions").unwrap();
    assert!(table["protected_sha256"].is_null(), "{table}");
    // Whoever has guessed all of it, and what is told of it, has everything but the salt.
    let rows = entity::release_table::Entity::find().all(app.house.db.read()).await.unwrap();
    let row = rows.iter().find(|row| row.version == "1.1.0" && row.dataset_code.as_str() == "conditions").unwrap();
    let (protected, told) = (sha256(&row.protected_columns), sha256(row.disclosure.as_ref().unwrap()));
    let salt = row.salt.as_deref().unwrap();
    assert_eq!(table["protected_commitment"], sha256(format!("{salt}\n{protected}\n{told}")));
    for guess in [format!("{protected}\n{told}"), format!("\n{protected}\n{told}"), protected.clone(), told.clone()] {
        assert_ne!(table["protected_commitment"], sha256(&guess));
    }
    assert!(salt.len() >= 32 && !release.to_string().contains(salt), "{salt}");
    for other in rows.iter().filter(|other| (&other.version, &other.dataset_code) != (&row.version, &row.dataset_code))
    {
        assert_ne!(other.salt.as_deref(), Some(salt), "{} {}", other.version, other.dataset_code);
    }
    // Which schools have stated a table of protected lines is not told either.
    assert_eq!(table["schools"], 0);
    let verified = zhiqiao::domain::releases::verify(&app.anonymous(), "1.1.0").await.unwrap();
    assert_eq!(verified, Vec::<String>::new());
    server.stop().await;
}

#[tokio::test]
async fn what_a_release_changes_is_told_cell_by_cell_with_the_reason() {
    let app = published().await;
    let scale = json!({ "scale.students": 25_689, "scale.intake": 9383, "scale.graduates": 7717 });
    stage::bring(&app, &Key::new("62001", "scale", "2023"), &scale, State::Accepted).await;
    state(&app, "62001", 50.5).await;
    stage::release(&app, ReleaseKind::Patch).await;
    let server = app.serve().await;
    let path = "/v1/releases/1.1.1/changes";
    let open = json!({ "dataset": "scale", "period": "2023", "school": "62001", "indicator": "scale.students",
        "change": "changed", "before": { "value": 25_688, "status": "REPORTED" },
        "after": { "value": 25_689, "status": "REPORTED" }, "reason": "again" });
    for (name, sees) in [
        ("", false),
        ("analyst", false),
        ("school-62005", false),
        ("city-620500", false),
        ("school-62001", true),
        ("city-620100", true),
        ("province-620000", true),
    ] {
        let caller = if name.is_empty() { server.anonymous() } else { server.client(name).await };
        let told = caller.get(path).await.expect(200).json();
        assert_eq!((&told["release"], &told["previous"]), (&json!("1.1.1"), &json!("1.1.0")), "`{name}`");
        let changes = told["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1 + usize::from(sees), "`{name}`: {told}");
        assert_eq!(changes.last().unwrap(), &open, "`{name}`");
        if sees {
            assert_eq!((&changes[0]["indicator"], &changes[0]["after"]["value"]), (&json!(FLOOR), &json!(50.5)));
            // Page by page the same.
            let first = caller.get(&format!("{path}?limit=1")).await.expect(200).json();
            let next = first["next"].as_str().unwrap();
            let second = caller.get(&format!("{path}?limit=1&cursor={next}")).await.expect(200).json();
            assert_eq!((&second["changes"][0], &second["next"]), (&open, &Value::Null));
        }
        let query = "{ release(version: \"1.1.1\") { changes(dataset: \"scale\") { totalCount nodes { before after reason } } } }";
        let node = json!({ "before": 25_688, "after": 25_689, "reason": "again" });
        let data = Caller::data(caller.graphql(query, json!({})).await);
        assert_eq!(data["release"]["changes"], json!({ "totalCount": 1, "nodes": [node] }), "`{name}`");
    }
    server.anonymous().get("/v1/releases/7.7.7/changes").await.expect(404);
    server.anonymous().get("/v1/releases/1.1.1/changes?cursor=x").await.expect(422);
    server.stop().await;
}

#[tokio::test]
async fn who_meets_the_standards_is_told_to_officials_and_the_groups_to_everybody() {
    let app = published().await;
    state(&app, "62007", 12.5).await;
    stage::release(&app, ReleaseKind::Patch).await;
    let server = app.serve().await;
    let at = |answer: &Value, list: &str, key: &str, code: &str| -> Value {
        answer[list].as_array().unwrap().iter().find(|one| one[key] == code).unwrap().clone()
    };
    let floor = |one: &Value| at(one, "cells", "indicator", FLOOR);

    let province = server.client("province-620000").await;
    let all = province.get("/v1/compliance?period=2023").await.expect(200).json();
    assert_eq!(all["standards"].as_array().unwrap().len(), 6, "{all}");
    let lanzhou = at(&all, "cities", "city", LANZHOU);
    assert_eq!((&lanzhou["meeting_all"], &lanzhou["judged_schools"]), (&json!(3), &json!(4)));
    assert_eq!(lanzhou["share_meeting_all"], json!(75));
    assert_eq!((&floor(&lanzhou)["meeting"], &floor(&lanzhou)["share"]), (&json!(3), &json!(75)));
    let missing = floor(&at(&all, "schools", "school", "62007"));
    assert_eq!((&missing["gap"], &missing["meets"]), (&json!(-3.5), &json!(false)));
    assert_eq!(at(&all, "schools", "school", "62001")["meets_all"], true);
    assert_eq!(all["trend"][0]["period"], "2023");

    for (name, own) in [("", None), ("analyst", None), ("school-62001", Some("62001")), ("city-620500", Some("62005"))]
    {
        let caller = if name.is_empty() { server.anonymous() } else { server.client(name).await };
        let told = caller.get("/v1/compliance?period=2023").await.expect(200).json();
        // The figure of before stands, and how many schools meet it is not told.
        let group = at(&told, "cities", "city", LANZHOU);
        assert_eq!((&floor(&group)["value"], &floor(&group)["gap"]), (&json!(20.875), &json!(4.875)), "`{name}`");
        for hidden in ["meeting", "share", "judged_schools"] {
            assert!(floor(&group)[hidden].is_null(), "`{name}` {hidden}: {group}");
        }
        assert!(group["meeting_all"].is_null() && told["province"]["meeting_all"].is_null(), "`{name}`");
        for school in told["schools"].as_array().unwrap() {
            let is_own =
                own.is_some_and(|own| school["school"] == own) || (name == "city-620500" && school["city"] == TIANSHUI);
            assert_eq!(floor(school)["status"] == "SUPPRESSED", !is_own, "`{name}` {school}");
            assert!(is_own || school["meets_all"].is_null(), "`{name}` {school}");
        }
        let refused = caller.get(&format!("/v1/compliance?period=2023&city={LANZHOU}")).await;
        assert_eq!(refused.expect(403).json()["type"], "urn:zhiqiao:problem:forbidden", "`{name}`");
    }
    let wrong = province.get("/v1/compliance?period=2023&tier=high&ownership=x").await.expect(422).json();
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 2);
    server.anonymous().get("/v1/compliance?period=20x3").await.expect(422);
    server.stop().await;
}

/// Over every period that the release has a standard's figures of, with the standards of that period.
#[tokio::test]
async fn who_meets_the_standards_is_told_period_by_period() {
    let app = TestApp::new().await;
    for (period, areas) in [("2021", [10.5, 20.5, 30.5]), ("2022", [16.0, 20.5, 30.5]), ("2023", [15.99, 12.5, 30.5])] {
        for (school, area) in ["62001", "62002", "62005"].into_iter().zip(areas) {
            stage::bring(&app, &Key::new(school, "conditions", period), &stage::conditions(area), State::Accepted)
                .await;
        }
    }
    stage::release(&app, ReleaseKind::Minor).await;
    let server = app.serve().await;
    let floors = async |caller: &Caller| -> Vec<Value> {
        let answer = caller.get("/v1/compliance?period=2023").await.expect(200).json();
        let of = |one: &Value| {
            let cells = one["cells"].as_array().unwrap();
            let cell = cells.iter().find(|cell| cell["indicator"] == FLOOR).unwrap();
            json!([one["period"], cell["value"], cell["gap"], cell["meeting"], one["meeting_all"]])
        };
        answer["trend"].as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(
        floors(&server.client("province-620000").await).await,
        [json!(["2021", 20.5, 4.5, 2, 2]), json!(["2022", 20.5, 4.5, 3, 3]), json!(["2023", 15.99, -0.01, 1, 1])]
    );
    // How many meet a protected standard is no figure of everybody's.
    assert_eq!(
        floors(&server.anonymous()).await,
        [
            json!(["2021", 20.5, 4.5, null, null]),
            json!(["2022", 20.5, 4.5, null, null]),
            json!(["2023", 15.99, -0.01, null, null])
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_comparable_series_is_that_of_who_was_there_before() {
    let app = TestApp::new().await;
    let row = |number: u128, school: &str, predecessor: &str, kind| school_succession::Model {
        id: RowId(uuid::Uuid::from_u128(number)),
        school_code: SchoolCode(school.to_owned()),
        predecessor_code: SchoolCode(predecessor.to_owned()),
        predecessor_name: "from the test".to_owned(),
        kind,
        effective_on: NaiveDate::from_ymd_opt(2024, 9, 1),
        source: "test".to_owned(),
    };
    let db = app.house.db.write();
    for row in [row(1, "62001", "62002", SuccessionKind::Upgraded), row(2, "62005", "62006", SuccessionKind::Merged)] {
        school_succession::Entity::insert(school_succession::ActiveModel::from(row))
            .exec_without_returning(db)
            .await
            .unwrap();
    }
    memory::raise(db, Thing::Registry).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    let cells = json!({ "scale.students": 5_000, "scale.intake": 2_000, "scale.graduates": 1_000 });
    stage::bring(&app, &Key::new("62002", "scale", "2021"), &cells, State::Accepted).await;
    stage::release(&app, ReleaseKind::Major).await;
    let server = app.serve().await;
    let caller = server.anonymous();
    // In years before, a predecessor counts where it stood, and who came out of it is not expected.
    let query = "{ aggregate(input: { indicators: [\"scale.students\"], period: \"2021\", groupBy: [CITY] }) { groups {
        city { code } cells { value schools expected } } } }";
    let groups = Caller::data(caller.graphql(query, json!({})).await)["aggregate"]["groups"].clone();
    for (city, cell) in [
        (LANZHOU, json!({ "value": 5_000, "schools": 1, "expected": 13 })),
        (TIANSHUI, json!({ "value": null, "schools": 0, "expected": 3 })),
    ] {
        let group = groups.as_array().unwrap().iter().find(|group| group["city"]["code"] == city).unwrap();
        assert_eq!(group["cells"][0], cell, "{city}");
    }
    let students = async |school: &str, comparable: bool| {
        let query =
            "query ($school: String!, $comparable: Boolean!) { school(code: $school) { observations(period: \"2023\",
            indicators: [\"scale.students\"], comparable: $comparable) { value status } } }";
        let data = Caller::data(caller.graphql(query, json!({ "school": school, "comparable": comparable })).await);
        data["school"]["observations"][0]["value"].as_i64().unwrap()
    };
    assert_eq!(students("62001", true).await, students("62002", false).await);
    assert_ne!(students("62001", true).await, students("62001", false).await);
    assert_eq!(students("62005", true).await, students("62005", false).await + students("62006", false).await);
    assert_eq!(students("62007", true).await, students("62007", false).await);
    server.stop().await;
}

/// What a school was in another city is told to it and to the province; not to the officials of either city, and not
/// to anybody else. Whoever is told is recorded with the school that stated the figure.
#[tokio::test]
async fn protected_figures_of_a_predecessor_are_not_another_citys() {
    let app = published().await;
    let row = school_succession::Model {
        id: RowId(uuid::Uuid::from_u128(1)),
        school_code: SchoolCode("62001".to_owned()),
        predecessor_code: SchoolCode("62005".to_owned()),
        predecessor_name: "from the test".to_owned(),
        kind: SuccessionKind::Upgraded,
        effective_on: NaiveDate::from_ymd_opt(2024, 9, 1),
        source: "test".to_owned(),
    };
    let db = app.house.db.write();
    school_succession::Entity::insert(school_succession::ActiveModel::from(row))
        .exec_without_returning(db)
        .await
        .unwrap();
    memory::raise(db, Thing::Registry).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    stage::release(&app, ReleaseKind::Major).await;
    let server = app.serve().await;
    for (name, comparable, told, record) in [
        ("city-620100", true, None, None),
        ("city-620500", true, None, None),
        ("school-62005", true, None, None),
        ("school-62002", true, None, None),
        ("analyst", true, None, None),
        ("province-620000", true, Some(18.25), Some("62005/conditions/2023")),
        ("school-62001", true, Some(18.25), Some("62005/conditions/2023")),
        // Not followed back: its own, to its own city.
        ("city-620100", false, Some(20.5), Some("62001/conditions/2023")),
        ("city-620500", false, None, None),
    ] {
        let request = format!("lineage-{name}-{comparable}");
        let query = format!(
            "{{ school(code: \"62001\") {{ observations(period: \"2023\", indicators: [\"{FLOOR}\"], comparable: \
             {comparable}) {{ value status }} }} }}"
        );
        let caller = server.client(name).await;
        let body = json!({ "query": query });
        let answer = caller.send("POST", "/graphql", &[("x-request-id", request.as_str())], Some(&body)).await.json();
        let cell = &answer["data"]["school"]["observations"][0];
        let status = if told.is_some() { "REPORTED" } else { "SUPPRESSED" };
        assert_eq!((cell["value"].as_f64(), &cell["status"]), (told, &json!(status)), "{name}: {answer}");
        if let Some(record) = record {
            assert_eq!(sharing::tables(&sharing::recorded(&app, &request).await), [record], "{name}");
        }
    }
    // Nobody else has left a record of it.
    server.stop().await;
    let seen = zhiqiao::domain::accesses::Filter { school: Some("62005".to_owned()), ..Default::default() };
    let ask = zhiqiao::page::Ask { limit: 100, after: None, before: None, from_end: false };
    let records = zhiqiao::domain::accesses::list(&app.system(), &seen, &ask).await.unwrap().items;
    let mut who: Vec<_> = records.iter().filter_map(|one| one.actor.clone()).collect();
    // What the stage itself has read is not of the test.
    who.retain(|actor| actor.starts_with("client:"));
    who.sort_unstable();
    assert_eq!(who, ["client:demo-province-620000", "client:demo-school-62001"]);
}

/// A table that a release does not build anew stands in it as it stood, to the byte.
#[tokio::test]
async fn tables_that_are_carried_are_those_of_the_release_before() {
    let app = published().await;
    stage::bring(&app, &Key::new("62001", "talent", "2022"), &stage::talent(8_000), State::Accepted).await;
    assert_eq!(stage::release(&app, ReleaseKind::Minor).await.row.version, "1.2.0");
    state(&app, "62001", 50.5).await;
    let new = releases::New { period: Some("2023".to_owned()), ..stage::new_release(ReleaseKind::Patch) };
    let mut steps = Vec::new();
    let province = app.as_(Role::Province, "620000");
    let made = releases::build(&province, new, &mut |step| steps.push((step.done, step.of))).await.unwrap();
    assert_eq!((steps.first().unwrap().0, steps.last().unwrap().0), (0, steps.last().unwrap().1));
    assert!(steps.len() > 2 && steps.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "{steps:?}");
    let rows = entity::release_table::Entity::find().all(app.house.db.read()).await.unwrap();
    let of = |version: &str| -> Vec<entity::release_table::Model> {
        let mut of: Vec<_> = rows.iter().filter(|row| row.version == version).cloned().collect();
        of.sort_by(|a, b| (&a.dataset_code, &a.period_code).cmp(&(&b.dataset_code, &b.period_code)));
        of
    };
    let (before, after) = (of("1.2.0"), of("1.2.1"));
    assert_eq!((before.len(), after.len()), (made.tables.len(), made.tables.len()));
    let mut changed = Vec::new();
    for (old, new) in before.iter().zip(&after) {
        let same = entity::release_table::Model { version: old.version.clone(), ..new.clone() } == *old;
        if !same {
            changed.push((new.dataset_code.as_str(), new.period_code.as_str()));
        }
    }
    assert_eq!(changed, [("conditions", "2023")]);
    assert!(after.iter().any(|row| row.period_code != "2023"), "something is carried");
    assert_eq!(releases::verify(&province, "1.2.1").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_preview_says_what_a_release_would_change_and_changes_nothing() {
    let app = published().await;
    state(&app, "62001", 50.5).await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let path = "/v1/releases/preview";
    let preview = province.post(path, None, &json!({ "kind": "patch" })).await.expect(200).json();
    assert_eq!((&preview["version"], &preview["previous"]), (&json!("1.1.1"), &json!("1.1.0")), "{preview}");
    let tables = preview["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 1, "{preview}");
    assert_eq!(
        (&tables[0]["dataset"], &tables[0]["cells"], &tables[0]["told"]),
        (&json!("conditions"), &json!(1), &json!(0))
    );
    assert!(tables[0]["standing"].as_u64().unwrap() > 0, "{preview}");
    province.get("/v1/releases/1.1.1").await.expect(404);
    // The same by GraphQL.
    let query = "mutation { previewRelease(input: { kind: PATCH }) { version previous allTables tables { dataset period
        isNew cells told standing suppressed } } }";
    let same = Caller::data(province.graphql(query, json!({})).await)["previewRelease"].clone();
    assert_eq!((&same["version"], &same["allTables"]), (&preview["version"], &preview["all_tables"]));
    for name in ["dataset", "period", "cells", "told", "standing", "suppressed"] {
        assert_eq!(same["tables"][0][name], tables[0][name], "{name}");
    }
    let refused = server.client("city-620100").await.graphql(query, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    server.client("city-620100").await.post(path, None, &json!({ "kind": "patch" })).await.expect(403);
    assert_eq!(stage::release(&app, ReleaseKind::Patch).await.row.version, "1.1.1");
    let nothing = province.post(path, None, &json!({ "kind": "patch" })).await.expect(409);
    assert!(nothing.text.contains("1.1.1"), "{}", nothing.text);
    server.stop().await;
}

#[tokio::test]
async fn a_copy_is_verified_without_the_service() {
    let app = published().await;
    let dir = tempfile::tempdir().unwrap();
    let (open, whole) = (dir.path().join("open"), dir.path().join("whole"));
    let province = app.as_(Role::Province, "620000");
    for (folder, with_protected) in [(&open, false), (&whole, true)] {
        assert_eq!(copies::export(&province, "1.*", folder, with_protected).await.unwrap(), "1.1.0");
        let found = copies::examine(folder, None).unwrap();
        assert_eq!((found.faults, found.protected > 0), (Vec::new(), with_protected));
    }
    assert!(!open.join("salts.json").exists());
    // Without the salt the true table is no better than a guessed one.
    let salts = std::fs::read(whole.join("salts.json")).unwrap();
    std::fs::write(whole.join("salts.json"), "{}").unwrap();
    assert!(!copies::examine(&whole, None).unwrap().faults.is_empty());
    std::fs::write(whole.join("salts.json"), salts).unwrap();
    for file in
        ["conditions-2023.protected.parquet", "conditions-2023.told.json", "scale-2023.public.parquet", "manifest.json"]
    {
        let there = std::fs::read(whole.join(file)).unwrap();
        let mut changed = there.clone();
        let at = changed.iter().rposition(u8::is_ascii_digit).unwrap();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        std::fs::write(whole.join(file), changed).unwrap();
        let found = copies::examine(&whole, None);
        assert!(found.is_err() || !found.unwrap().faults.is_empty(), "{file}");
        std::fs::write(whole.join(file), there).unwrap();
    }
    assert_eq!(copies::examine(&whole, None).unwrap().faults, Vec::<String>::new());
}
