//! Partnerships: the walk from a proposal to its end by its real roles, every refusal on the way, what everybody sees
//! of it, the 66 of the reference data, and the derived table by every door.

use std::{collections::BTreeMap, path::Path};

use entity::words::ReleaseKind;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{load::load, partnerships, synth},
};

use crate::{
    app::{Answer, Caller, Server, TestApp, reference},
    data::rows,
    stage,
    surface::status_of,
};

/// An enterprise of the demo, in 620900.
const ENTERPRISE: &str = "EEADEB0F3";

fn proposal() -> Value {
    json!({
        "enterprise": ENTERPRISE, "kind": "order_class", "name": "焊接订单班", "starts_on": "2023-09-01",
        "students": 40, "investment": 1_250_000.5, "evidence": ["https://example.org/agreement"],
    })
}

struct Cast {
    school: Caller,
    sibling: Caller,
    foreign: Caller,
    enterprise: Caller,
    province: Caller,
    city: Caller,
    public: Caller,
}

impl Cast {
    async fn of(server: &Server) -> Self {
        Self {
            school: server.client("school-62001").await,
            sibling: server.client("school-62002").await,
            foreign: server.client("school-62005").await,
            enterprise: server.client("enterprise-eeadeb0f3").await,
            province: server.client("province-620000").await,
            city: server.client("city-620100").await,
            public: server.anonymous(),
        }
    }
}

async fn step(caller: &Caller, id: &str, verb: &str, if_match: Option<&str>, body: Value) -> Answer {
    caller.post(&format!("/v1/partnerships/{id}/{verb}"), if_match, &body).await
}

fn codes(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    let mut codes: Vec<String> = errors.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes
}

async fn events(caller: &Caller, noun: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = caller.get(&format!("/v1/changes?limit=1000&after={after}")).await.expect(200).json();
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events.iter().filter_map(|event| {
            let kind = event["type"].as_str().unwrap();
            kind.strip_prefix(noun).map(|end| end.trim_start_matches('.').to_owned())
        }));
        after = page["next"].as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn a_partnership_goes_from_proposal_to_end_between_its_two_sides() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::of(&server).await;

    // What cannot be entered is refused with everything that is wrong.
    let wrong = json!({
        "school": "62002", "enterprise": "E00000000", "kind": "Order Class", "name": " ", "major": "12",
        "starts_on": "2024-02-30", "ends_on": "soon", "students": -1, "investment": 0.001,
        "evidence": ["http://example.org/", "https://user:secret@example.org/"],
    });
    let answer = cast.school.post("/v1/partnerships", None, &wrong).await.expect(422);
    assert_eq!(
        codes(&answer),
        [
            "day_form",
            "day_form",
            "investment",
            "kind_form",
            "link",
            "link",
            "major_code",
            "missing",
            "not_own",
            "students",
            "unknown_code"
        ]
    );
    let mut late = proposal();
    late["ends_on"] = json!("2023-08-31");
    assert_eq!(codes(&cast.school.post("/v1/partnerships", None, &late).await.expect(422)), ["ends_before_start"]);
    let mut personal = proposal();
    personal["name"] = json!("联系 138 0013 8000");
    assert_eq!(codes(&cast.school.post("/v1/partnerships", None, &personal).await.expect(422)), ["personal_data"]);
    cast.public.post("/v1/partnerships", None, &proposal()).await.expect(401);
    cast.city.post("/v1/partnerships", None, &proposal()).await.expect(403);
    let mut unknown = proposal();
    unknown["headcount"] = json!(1);
    cast.school.post("/v1/partnerships", None, &unknown).await.expect(400);

    // The school proposes.
    let made = cast.school.post("/v1/partnerships", None, &proposal()).await.expect(201);
    let (id, first) = (made.json()["id"].as_str().unwrap().to_owned(), made.header("etag").unwrap().to_owned());
    let said = made.json();
    assert_eq!(
        (&said["state"], &said["proposed_by"], &said["school"]),
        (&json!("proposed"), &json!("school"), &json!("62001"))
    );
    assert!(made.text.contains("\"investment\":1250000.5"), "{}", made.text);
    cast.school.post("/v1/partnerships", None, &proposal()).await.expect(409);

    // Its two sides, their cities and the province see it, and nobody else.
    let path = format!("/v1/partnerships/{id}");
    let city_of_enterprise = app.as_(Role::City, "620900");
    assert!(partnerships::get(&city_of_enterprise, &id).await.is_ok());
    for (caller, status) in [
        (&cast.school, 200),
        (&cast.enterprise, 200),
        (&cast.province, 200),
        (&cast.city, 200),
        (&cast.sibling, 404),
        (&cast.foreign, 404),
        (&cast.public, 404),
    ] {
        caller.get(&path).await.expect(status);
        let listed = caller.get("/v1/partnerships?state=proposed&limit=1000").await.expect(200).json();
        let is_listed = listed["partnerships"].as_array().unwrap().iter().any(|one| one["id"] == id.as_str());
        assert_eq!(is_listed, status == 200, "{listed}");
    }
    let of_school =
        "query ($id: String!) { partnership(id: $id) { state } school(code: \"62001\") { partnerships { code } } }";
    let seen = Caller::data(cast.public.graphql(of_school, json!({ "id": id })).await);
    assert_eq!(seen["partnership"], Value::Null);
    assert!(!seen["school"]["partnerships"].to_string().contains(&id));

    // Who proposed it cannot confirm it, and nobody can without what it builds on.
    step(&cast.school, &id, "confirm", Some("*"), json!({})).await.expect(403);
    step(&cast.province, &id, "confirm", Some("*"), json!({})).await.expect(403);
    step(&cast.sibling, &id, "confirm", Some("*"), json!({})).await.expect(404);
    step(&cast.public, &id, "confirm", Some("*"), json!({})).await.expect(401);
    step(&cast.enterprise, &id, "confirm", None, json!({})).await.expect(428);
    step(&cast.enterprise, &id, "withdraw", Some("*"), json!({})).await.expect(403);
    step(&cast.enterprise, &id, "end", Some("*"), json!({ "reason": "x" })).await.expect(409);

    // Until it is answered its proposer changes it; who confirms an older word is told so.
    cast.enterprise.send("PATCH", &path, &[("if-match", "*")], Some(&json!({ "students": 45 }))).await.expect(403);
    let changed = cast.school.send("PATCH", &path, &[("if-match", &first)], Some(&json!({ "students": 45 }))).await;
    let second = changed.expect(200).header("etag").unwrap().to_owned();
    step(&cast.enterprise, &id, "confirm", Some(&first), json!({})).await.expect(412);
    let confirmed = step(&cast.enterprise, &id, "confirm", Some(&second), json!({})).await.expect(200).json();
    assert_eq!((&confirmed["state"], &confirmed["status"]), (&json!("active"), &json!("existing")));
    step(&cast.enterprise, &id, "confirm", Some("*"), json!({})).await.expect(409);
    step(&cast.enterprise, &id, "refuse", Some("*"), json!({ "reason": "late" })).await.expect(409);

    // Now everybody sees it, by every way.
    cast.public.get(&path).await.expect(200);
    let ways = "query ($id: String!) { partnership(id: $id) { state students investment endsOn }
        school(code: \"62001\") { partnerships { code } } enterprise(code: \"EEADEB0F3\") { partnerships { code } }
        a: city(code: \"620100\") { partnerships { code } } b: city(code: \"620900\") { partnerships { code } } }";
    let seen = Caller::data(cast.public.graphql(ways, json!({ "id": id })).await);
    assert_eq!(
        seen["partnership"],
        json!({ "state": "ACTIVE", "students": 45, "investment": 1_250_000.5, "endsOn": null })
    );
    for way in ["school", "enterprise", "a", "b"] {
        assert!(seen[way]["partnerships"].to_string().contains(&id), "{way}: {seen}");
    }

    // What was agreed stays; what comes of it either side says.
    let kind = json!({ "kind": "internship" });
    let refused = cast.school.send("PATCH", &path, &[("if-match", "*")], Some(&kind)).await.expect(422);
    assert_eq!(codes(&refused), ["fixed"]);
    cast.foreign.send("PATCH", &path, &[("if-match", "*")], Some(&json!({ "students": 1 }))).await.expect(403);
    let more = json!({ "students": 50, "ends_on": "2098-06-30" });
    cast.enterprise.send("PATCH", &path, &[("if-match", "*")], Some(&more)).await.expect(200);

    // And it ends, with a reason, on a day that has come.
    assert_eq!(
        codes(&step(&cast.school, &id, "end", Some("*"), json!({ "reason": "" })).await.expect(422)),
        ["missing"]
    );
    let early = json!({ "reason": "done", "ended_on": "2020-01-01" });
    assert_eq!(codes(&step(&cast.school, &id, "end", Some("*"), early).await.expect(422)), ["ended_on"]);
    let done = json!({ "reason": "done", "ended_on": "2025-07-01" });
    step(&cast.foreign, &id, "end", Some("*"), done.clone()).await.expect(403);
    let ended = step(&cast.school, &id, "end", Some("*"), done.clone()).await.expect(200).json();
    assert_eq!(
        (&ended["state"], &ended["ends_on"], &ended["reason"]),
        (&json!("ended"), &json!("2025-07-01"), &json!("done"))
    );
    step(&cast.school, &id, "end", Some("*"), done).await.expect(409);
    cast.school.send("PATCH", &path, &[("if-match", "*")], Some(&json!({ "students": 1 }))).await.expect(409);
    cast.public.get(&path).await.expect(200);

    // Both sides, their cities and the province have heard of every step; nobody else has.
    while zhiqiao::domain::journal::seal(&app.system()).await.unwrap().0 > 0 {}
    let told = ["proposed", "changed", "confirmed", "changed", "ended"];
    for caller in [&cast.school, &cast.enterprise, &cast.province, &cast.city] {
        assert_eq!(events(caller, "partnership").await, told);
    }
    for caller in [&cast.sibling, &cast.foreign] {
        assert_eq!(events(caller, "partnership").await, [""; 0]);
    }
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}

#[tokio::test]
async fn a_proposal_is_refused_with_a_reason_or_withdrawn_by_graphql_alike() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::of(&server).await;
    let propose = "mutation ($input: ProposePartnershipInput!) { proposePartnership(input: $input) { partnership { code state etag } } }";
    let input = |name: &str| json!({ "input": { "school": "62001", "kind": "internship", "name": name, "investment": "12.30" } });
    let code_of = |answer: &Value| answer["errors"][0]["extensions"]["code"].as_str().map(status_of);
    let mutation = |verb: &str, kind: &str| {
        format!(
            "mutation ($input: {kind}PartnershipInput!) {{ it: {verb}Partnership(input: $input) {{ partnership {{ state reason investment }} }} }}"
        )
    };

    // The enterprise proposes, the school refuses.
    let made = Caller::data(cast.enterprise.graphql(propose, input("顶岗实习")).await);
    let id = made["proposePartnership"]["partnership"]["code"].as_str().unwrap().to_owned();
    let refuse = mutation("refuse", "Refuse");
    let with = |reason: &str| json!({ "input": { "partnership": id, "ifMatch": "*", "reason": reason } });
    assert_eq!(code_of(&cast.enterprise.graphql(&refuse, with("no")).await), Some(403));
    assert_eq!(code_of(&cast.foreign.graphql(&refuse, with("no")).await), Some(404));
    assert_eq!(code_of(&cast.school.graphql(&refuse, with(" ")).await), Some(422));
    assert_eq!(code_of(&cast.school.graphql(&refuse, with("证件 110101199003078515")).await), Some(422));
    let refused = Caller::data(cast.school.graphql(&refuse, with("人数不足")).await);
    assert_eq!(refused["it"]["partnership"], json!({ "state": "REFUSED", "reason": "人数不足", "investment": 12.3 }));
    // The other side reads why; nobody else that it ever was.
    assert_eq!(cast.enterprise.get(&format!("/v1/partnerships/{id}")).await.expect(200).json()["reason"], "人数不足");
    cast.public.get(&format!("/v1/partnerships/{id}")).await.expect(404);
    // The same may be proposed again, and be taken back.
    let again = Caller::data(cast.enterprise.graphql(propose, input("顶岗实习")).await);
    let id = again["proposePartnership"]["partnership"]["code"].as_str().unwrap().to_owned();
    let withdraw =
        "mutation ($input: PartnershipStepInput!) { it: withdrawPartnership(input: $input) { partnership { state } } }";
    let input = json!({ "input": { "partnership": id, "ifMatch": "*" } });
    assert_eq!(code_of(&cast.school.graphql(withdraw, input.clone()).await), Some(403));
    assert_eq!(
        Caller::data(cast.enterprise.graphql(withdraw, input.clone()).await)["it"]["partnership"]["state"],
        "WITHDRAWN"
    );
    assert_eq!(code_of(&cast.enterprise.graphql(withdraw, input).await), Some(409));
    server.stop().await;
}

/// The rows of a file of the reference data.
fn file(name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(reference().join(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn counted(words: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

#[tokio::test]
async fn the_66_of_the_reference_data_are_what_a_count_over_the_file_gives() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let public = server.anonymous();
    let printed = file("partnerships.csv");
    assert_eq!(printed.len(), 66);

    let query = "{ partnerships(first: 200) { totalCount pageInfo { hasNextPage } nodes { kind status state proposedBy isPrinted } } }";
    let data = Caller::data(public.graphql(query, json!({})).await);
    let all = data["partnerships"]["nodes"].as_array().unwrap();
    assert_eq!((&data["partnerships"]["totalCount"], all.len()), (&json!(66), 66));
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    for (column, field) in [("kind", "kind"), ("status", "status")] {
        let is = counted(all.iter().map(|one| word(one, field)));
        assert_eq!(is, counted(printed.iter().map(|row| row[column].clone())), "{field}");
    }
    for one in all {
        let state = if one["status"] == "planned" { "PROPOSED" } else { "ACTIVE" };
        assert_eq!((word(one, "state").as_str(), word(one, "proposedBy").as_str()), (state, "PROVINCE"));
    }

    // Page by page by REST the same, once each.
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = public.get(&format!("/v1/partnerships?limit=20{cursor}")).await.expect(200).json();
        ids.extend(page["partnerships"].as_array().unwrap().iter().map(|one| word(one, "id")));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(ids.len(), 66);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 66);

    // What only stands on paper is not counted; the rest is, by kind and by school.
    let standing = || printed.iter().filter(|row| row["status"] != "planned");
    let by_kind = public.get("/v1/partnership-statistics?group_by=kind").await.expect(200).json();
    assert_eq!(by_kind["total"]["partnerships"], standing().count());
    let groups: BTreeMap<String, u64> = by_kind["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (word(group, "key"), group["partnerships"].as_u64().unwrap()))
        .collect();
    assert_eq!(groups, counted(standing().map(|row| row["kind"].clone())));
    let by_school =
        "{ partnershipStatistics(groupBy: SCHOOL) { partnerships students groups { school { name } partnerships } } }";
    let data = Caller::data(public.graphql(by_school, json!({})).await)["partnershipStatistics"].clone();
    // No head of the reference data is one of a partnership: nobody says so is not zero.
    assert_eq!(data["students"], Value::Null);
    let names: Vec<String> = file("schools.csv").into_iter().map(|row| row["name_zh"].clone()).collect();
    let expected = counted(standing().map(|row| row["school_name_zh"].clone()).filter(|name| names.contains(name)));
    let is: BTreeMap<String, u64> = data["groups"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|group| !group["school"].is_null())
        .map(|group| (word(&group["school"], "name"), group["partnerships"].as_u64().unwrap()))
        .collect();
    assert_eq!(is, expected);
    public.get("/v1/partnership-statistics?group_by=colour").await.expect(422);
    public.get("/v1/partnership-statistics?period=soon").await.expect(422);

    // The lists of the catalogue are as they were; whoever names the derived table finds it.
    let query = "{ datasets { code } indicators { code } dataset(code: \"partnerships\") { indicators { code } } }";
    let data = Caller::data(public.graphql(query, json!({})).await);
    assert_eq!((data["datasets"].as_array().unwrap().len(), data["indicators"].as_array().unwrap().len()), (10, 151));
    assert_eq!(data["dataset"]["indicators"].as_array().unwrap().len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn a_second_load_changes_nothing_and_keeps_what_has_happened_since() {
    let app = TestApp::new().await;
    let enterprise = app.as_(Role::Province, "620000");
    let registry = app.house.memory.registry();
    let printed = registry.partnerships.all().iter().find(|row| row.school_code.is_some() && row.status == "existing");
    let printed = printed.unwrap().id.to_string();
    let any = zhiqiao::domain::precondition::Match::Any;
    let ended = partnerships::end(&enterprise, &printed, None, "over".to_owned(), Some(&any)).await.unwrap();
    let new = partnerships::New {
        school: Some("62001".to_owned()),
        enterprise: Some(ENTERPRISE.to_owned()),
        said: partnerships::Said {
            kind: Some("training".to_owned()),
            name: Some("培训".to_owned()),
            ..partnerships::Said::default()
        },
    };
    let entered = partnerships::propose(&enterprise, new).await.unwrap();
    let summary = load(&app.system(), Path::new(&reference()), &mut |_| {}).await.unwrap();
    assert!(!summary.has_changes(), "{:?}", summary.kinds);
    let kind = summary.kinds.iter().find(|kind| kind.kind == "partnerships").unwrap();
    assert_eq!((kind.unchanged, kind.left), (66, 1));
    let there = partnerships::get(&app.anonymous(), &printed).await.unwrap();
    assert_eq!(there, ended);
    assert_eq!(partnerships::get(&app.anonymous(), &entered.id.to_string()).await.unwrap(), entered);
}

/// Partnerships of several schools, recorded by the province.
async fn recorded(app: &TestApp) {
    let province = app.as_(Role::Province, "620000");
    for (number, (school, from, until, students, investment)) in [
        ("62001", "2022-01-01", None, Some(30), Some("1000.05")),
        ("62001", "2023-06-01", None, Some(12), None),
        ("62002", "2023-12-31", None, None, Some("99.95")),
        ("62005", "2019-01-01", Some("2022-12-31"), Some(500), Some("7")),
        ("62005", "2024-01-01", None, Some(700), Some("8")),
    ]
    .into_iter()
    .enumerate()
    {
        let said = partnerships::Said {
            kind: Some("training".to_owned()),
            name: Some(format!("合作 {number}")),
            starts_on: Some(Some(from.to_owned())),
            ends_on: Some(until.map(str::to_owned)),
            students: Some(students),
            investment: Some(investment.map(str::to_owned)),
            ..partnerships::Said::default()
        };
        let (school, enterprise) = (Some(school.to_owned()), Some(ENTERPRISE.to_owned()));
        partnerships::propose(&province, partnerships::New { school, enterprise, said }).await.unwrap();
    }
}

fn number(text: &str) -> Option<Decimal> {
    (!text.is_empty()).then(|| text.parse::<Decimal>().unwrap().normalize())
}

#[tokio::test]
async fn the_derived_table_is_the_same_by_every_door() {
    let app = TestApp::new().await;
    recorded(&app).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let server = app.serve().await;
    let (public, province) = (server.anonymous(), server.client("province-620000").await);

    // What the rows come to, counted here: those of 2023, by the school's city.
    let registry = app.house.memory.registry();
    let mut expected: BTreeMap<(String, &str), Decimal> = BTreeMap::new();
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    for row in registry.partnerships.all() {
        let Some(school) = &row.school_code else { continue };
        let stood = row.state != entity::words::PartnershipState::Proposed
            && row.starts_on.is_none_or(|from| from <= day("2023-12-31"))
            && row.ends_on.is_none_or(|until| until >= day("2023-01-01"));
        if stood {
            let city = registry.schools.get(school.as_str()).unwrap().city_code.0.clone();
            let mut add = |code, value: Decimal| *expected.entry((city.clone(), code)).or_default() += value;
            add("partnerships.count", Decimal::ONE);
            add("partnerships.students", row.students.unwrap_or_default().into());
            add("partnerships.investment", Decimal::new(row.investment.unwrap_or_default(), 2));
        }
    }
    assert_eq!(expected[&("620100".to_owned(), "partnerships.students")], Decimal::from(42));
    assert_eq!(expected[&("620100".to_owned(), "partnerships.investment")], Decimal::from(1100));
    assert_eq!(
        expected.get(&("620500".to_owned(), "partnerships.students")).copied().unwrap_or_default(),
        Decimal::ZERO
    );

    let query = "query ($release: String) { aggregate(input: { period: \"2023\", groupBy: [CITY], release: $release,
        indicators: [\"partnerships.count\", \"partnerships.students\", \"partnerships.investment\"] })
        { groups { city { code } cells { indicator { code } value schools expected status } } } }";
    let told = |answer: Value| -> BTreeMap<(String, String), Option<Decimal>> {
        let data = Caller::data(answer);
        let groups = data["aggregate"]["groups"].as_array().unwrap();
        groups
            .iter()
            .flat_map(|group| {
                group["cells"].as_array().unwrap().iter().map(|cell| {
                    let key = (group["city"]["code"].as_str().unwrap(), cell["indicator"]["code"].as_str().unwrap());
                    let value = Some(&cell["value"]).filter(|value| !value.is_null());
                    ((key.0.to_owned(), key.1.to_owned()), value.and_then(|value| number(&value.to_string())))
                })
            })
            .collect()
    };
    let released = told(public.graphql(query, json!({})).await);
    for ((city, code), value) in &released {
        let is = expected.get(&(city.clone(), code.as_str())).copied().unwrap_or_default().normalize();
        // A city of whose partnerships none says a number has none.
        assert!(
            *value == Some(is) || (value.is_none() && is.is_zero() && code != "partnerships.count"),
            "{city} {code} {value:?} {is}"
        );
    }
    assert!(released.values().flatten().any(|value| !value.is_zero()));
    // Officials ask for what is not released yet: nothing has changed.
    for live in ["live", "current"] {
        assert_eq!(told(province.graphql(query, json!({ "release": live })).await), released, "{live}");
    }
    let file = rows(&public, "/v1/data/partnerships.csv?period=2023&group_by=city").await;
    let file: BTreeMap<(String, String), Option<Decimal>> =
        file.iter().map(|row| ((row["city"].clone(), row["indicator"].clone()), number(&row["value"]))).collect();
    assert_eq!(file, released);
    let accept = [("accept", "application/vnd.sdmx.data+csv;version=1.0.0")];
    let sdmx =
        crate::data::fetch(&public, "GET", "/sdmx/2.1/data/partnerships/all?startPeriod=2023&endPeriod=2023", &accept)
            .await;
    let sdmx = sdmx.expect(200).bytes;
    let mut found = 0;
    for row in csv::Reader::from_reader(sdmx.as_slice()).into_deserialize() {
        let row: BTreeMap<String, String> = row.unwrap();
        let key = (row["REF_AREA"].clone(), format!("partnerships.{}", row["INDICATOR"]));
        let is_total = ["OWNERSHIP", "CATEGORY", "TIER"].iter().all(|dimension| row[*dimension] == "_T");
        if let Some(value) = released.get(&key).filter(|_| is_total) {
            assert_eq!(number(&row["OBS_VALUE"]), *value, "{key:?}");
            found += 1;
        }
    }
    assert_eq!(found, released.len());
    let flow = public.get("/sdmx/2.1/dataflow/ZHIQIAO/partnerships/latest?references=all").await.expect(200);
    assert!(flow.text.contains("校企合作统计"), "{}", flow.text);

    // A proposal moves nothing; a confirmed change moves what is live, and a release only the next.
    let later = json!({ "school": "62005", "enterprise": ENTERPRISE, "kind": "training", "name": "又一", "starts_on": "2023-01-01", "students": 9 });
    province.post("/v1/partnerships", None, &later).await.expect(201);
    let live = told(province.graphql(query, json!({ "release": "live" })).await);
    assert_eq!(live[&("620500".to_owned(), "partnerships.students".to_owned())], Some(Decimal::from(9)));
    assert_eq!(told(public.graphql(query, json!({})).await), released);
    stage::release(&app, ReleaseKind::Minor).await;
    assert_eq!(told(public.graphql(query, json!({})).await), live);
    // Nothing new, nothing to release.
    let again = json!({ "kind": "minor", "note": "again" });
    province.post("/v1/releases", None, &again).await.expect(409);
    server.stop().await;
}

#[tokio::test]
async fn nobody_states_or_changes_the_derived_table() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, province) = (server.client("school-62001").await, server.client("province-620000").await);
    let push = json!({ "observations": { "partnerships.count": 1 } });
    let answer = school.put("/v1/schools/62001/submissions/partnerships/2023", None, &push).await.expect(422);
    assert_eq!(codes(&answer), ["derived_dataset"]);
    let template = school.get("/v1/templates/partnerships.xlsx?school=62001&period=2023").await.expect(422);
    assert_eq!(codes(&template), ["derived_dataset"]);
    let batch = school
        .http
        .post(format!("{}/v1/batches", school.base))
        .bearer_auth(school.token.as_deref().unwrap())
        .header("content-type", "text/csv")
        .body("school,dataset,period,indicator,value,status,note\n62001,partnerships,2023,partnerships.count,1,,\n");
    let batch: Value = batch.send().await.unwrap().json().await.unwrap();
    assert_eq!((&batch["rows"]["accepted"], &batch["rows"]["rejected"]), (&json!(0), &json!(1)), "{batch}");
    let collection =
        json!({ "dataset": "partnerships", "period": "2023", "opens_on": "2024-01-01", "due_on": "2024-02-01" });
    assert_eq!(codes(&province.post("/v1/collections", None, &collection).await.expect(422)), ["derived_dataset"]);
    let rule = json!({ "code": "partnerships.some", "severity": "info", "expression": "partnerships.count > 1.0", "message_zh": "一", "message_en": "a" });
    assert!(codes(&province.post("/v1/rules", None, &rule).await.expect(422)).contains(&"derived_dataset".to_owned()));
    for (path, body) in [
        ("/v1/datasets/partnerships", json!({ "name": "x" })),
        ("/v1/indicators/partnerships.count", json!({ "name": "x" })),
    ] {
        let answer = province.send("PATCH", path, &[("if-match", "*")], Some(&body)).await.expect(422);
        assert_eq!(codes(&answer), ["derived_dataset"], "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn partnerships_are_found_by_words_and_by_major() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::of(&server).await;
    let mut with_major = proposal();
    with_major["major"] = json!("460104");
    with_major["name"] = json!("100%_订单班");
    let made = cast.school.post("/v1/partnerships", None, &with_major).await.expect(201).json();
    let found = async |caller: &Caller, query: &str| -> Vec<String> {
        let page = caller.get(&format!("/v1/partnerships?limit=1000&{query}")).await.expect(200).json();
        let all = page["partnerships"].as_array().unwrap();
        assert_eq!(page["total"], json!(all.len()));
        all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let own = [made["id"].as_str().unwrap().to_owned()];
    assert_eq!(found(&cast.school, "major=460104").await, own);
    assert_eq!(found(&cast.school, "major=460105").await, [""; 0]);
    // What is only proposed is found by its two sides, and by nobody else.
    assert_eq!(found(&cast.public, "major=460104").await, [""; 0]);
    assert_eq!(found(&cast.enterprise, "search=100%25_").await, own);
    assert_eq!(found(&cast.enterprise, "search=100_%25").await, [""; 0], "marks stand for themselves");
    // Each word in one of its names: of a side, in full-width forms, in pieces, or its own.
    let registry = app.house.memory.registry();
    let of = |code: &str| registry.partnerships.of(code).map(|row| row.id.to_string()).collect::<Vec<_>>();
    let names = ["兰州石化职业技术大学", "石化大学", "（石化）　大学"];
    for words in names {
        let mut is = found(&cast.public, &format!("search={words}")).await;
        let mut must = of("62001");
        is.sort();
        must.sort();
        assert!(!must.is_empty());
        assert!(must.iter().all(|id| is.contains(id)), "{words}");
    }
    let both = found(&cast.school, "search=石化大学 订单班").await;
    assert!(both.contains(&own[0]) && both.len() < found(&cast.school, "search=订单班").await.len() + 1, "{both:?}");
    assert_eq!(found(&cast.school, "search=石化大学 无此词语").await, [""; 0]);
    let query = "{ partnerships(filter: { search: \"石化大学\", major: [\"460104\"] }) { totalCount nodes { code } } }";
    let by_graphql = Caller::data(cast.school.graphql(query, json!({})).await);
    assert_eq!(by_graphql["partnerships"], json!({ "totalCount": 1, "nodes": [{ "code": own[0] }] }));
    server.stop().await;
}

/// What somebody types becomes part of a statement: so much of it, and no more, whoever asks.
#[tokio::test]
async fn a_search_without_bounds_is_refused() {
    let app = TestApp::empty().await;
    let size = synth::Size { schools: 1_100, indicators: 1, years: 1, seed: 7 };
    synth::fill(&app.system(), size, false, &mut |_, _| {}).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    let server = app.serve().await;
    let public = server.anonymous();
    // Each of these schools has all of these in its names.
    let chinese = "合 成 学 校 合成 成学 学校 合成学 成学校 合成学校";
    let english = "s y n t h e i c sy yn";
    let other = (0..21).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
    for (typed, refused) in [
        (other, Some("too_many")),
        (format!("{chinese} {english}"), Some("too_general")),
        (chinese.to_owned(), None),
        ("校 ".repeat(500), None),
    ] {
        let answer = public.get(&format!("/v1/partnerships?search={typed}")).await;
        let query = "query ($typed: String) { partnerships(filter: { search: $typed }) { totalCount } }";
        let by_graphql = public.graphql(query, json!({ "typed": typed })).await;
        let Some(code) = refused else {
            answer.expect(200);
            assert!(by_graphql["errors"].is_null(), "{by_graphql}");
            continue;
        };
        assert_eq!(answer.expect(422).json()["errors"][0]["code"], code);
        assert_eq!(by_graphql["errors"][0]["extensions"]["code"], "INVALID", "{by_graphql}");
    }
    server.stop().await;
}
