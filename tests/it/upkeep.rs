//! The registry is looked after: entries are added, changed and ended by whoever keeps them, by both doors, and
//! nothing is forgotten.

mod duplicates;
mod majors;
mod search;

use serde_json::{Value, json};

use crate::{
    app::{Answer, Caller, TestApp, reference},
    wire::problem,
};

pub const PROVINCE: &str = "province-620000";
pub const JIUGANG: &str = "EEADEB0F3";

pub async fn patch(caller: &Caller, path: &str, tag: &str, body: &Value) -> Answer {
    caller.send("PATCH", path, &[("if-match", tag)], Some(body)).await
}

/// The codes of what is wrong and where, in order.
pub fn codes(answer: &Answer) -> Vec<String> {
    let all = problem(answer, 422, "invalid")["errors"].as_array().unwrap().clone();
    all.iter().map(|one| format!("{} {}", one["code"].as_str().unwrap(), one["pointer"].as_str().unwrap())).collect()
}

/// The code of the first error of GraphQL.
pub fn refused(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// A mutation with one input.
pub async fn mutate(caller: &Caller, name: &str, input: &Value, back: &str) -> Value {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let query = format!("mutation ($input: {kind}!) {{ it: {name}(input: $input) {{ {back} }} }}");
    caller.graphql(&query, json!({ "input": input })).await
}

fn school() -> Value {
    json!({
        "name": "金昌新材料职业学院", "name_en": "Jinchang College", "tier": "secondary_vocational",
        "ownership": "public", "category": "science_engineering", "city": "620300",
        "effective_on": "2024-09-01", "reason": "甘政函〔2024〕1号",
    })
}

#[tokio::test]
async fn a_school_is_added_changed_and_closed_and_its_history_stays() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let anybody = server.anonymous();

    let added = province.post("/v1/schools", None, &school()).await.expect(201);
    // The next number that no school ever had.
    assert_eq!(added.header("location"), Some("/v1/schools/62030"));
    let (tag, json) = (added.header("etag").unwrap().to_owned(), added.json());
    assert_eq!((json["code"].as_str(), json["affiliation"].as_str()), (Some("62030"), Some("city")));
    assert_eq!(json["etag"].as_str(), Some(tag.as_str()));

    // What is built upon has to be named, and has to be what is there.
    let closed = json!({ "until": "2025-08-31", "reason": "并入" });
    problem(&province.send("PATCH", "/v1/schools/62030", &[], Some(&closed)).await, 428, "precondition-required");
    problem(&patch(&province, "/v1/schools/62030", "\"0\"", &closed).await, 412, "precondition-failed");
    let renamed = json!({ "name": "金昌镍都职业学院", "effective_on": "2025-01-01" });
    let renamed = patch(&province, "/v1/schools/62030", &tag, &renamed).await.expect(200);
    problem(&patch(&province, "/v1/schools/62030", &tag, &closed).await, 412, "precondition-failed");
    let tag = renamed.header("etag").unwrap();
    let closed = patch(&province, "/v1/schools/62030", tag, &closed).await.expect(200).json();
    assert_eq!((&closed["until"], &closed["name"]), (&json!("2025-08-31"), &json!("金昌镍都职业学院")));
    // The same once more changes nothing.
    let again = patch(&province, "/v1/schools/62030", "*", &json!({ "until": "2025-08-31" })).await.expect(200);
    assert_eq!(again.json()["etag"], closed["etag"]);

    // Everybody sees it, and what it was.
    let query = r#"{ school(code: "62030") { name since until etag city { code } aliases }
        registryChanges(kind: SCHOOL, code: "62030", first: 10) { totalCount nodes {
            kind code effectiveOn role org reason before after } } }"#;
    let told = Caller::data(anybody.graphql(query, json!({})).await);
    assert_eq!(told["school"]["until"], "2025-08-31");
    assert_eq!(told["school"]["etag"], closed["etag"]);
    let history = &told["registryChanges"];
    assert_eq!(history["totalCount"], 3);
    let days: Vec<&str> =
        history["nodes"].as_array().unwrap().iter().map(|one| one["effectiveOn"].as_str().unwrap()).collect();
    // Newest first; what ends holds from its last day, if that has come.
    assert_eq!(days, ["2025-08-31", "2025-01-01", "2024-09-01"]);
    assert_eq!(history["nodes"][2]["before"], Value::Null);
    assert_eq!(history["nodes"][1]["before"]["name"], "金昌新材料职业学院");
    assert_eq!(history["nodes"][1]["after"]["name"], "金昌镍都职业学院");
    assert_eq!(history["nodes"][0]["role"], "PROVINCE");
    let first = anybody.get("/v1/registry/changes?kind=school&code=62030&limit=2").await.expect(200).json();
    assert_eq!(first["changes"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let rest = anybody.get(&format!("/v1/registry/changes?kind=school&code=62030&cursor={next}")).await.expect(200);
    assert_eq!(rest.json()["changes"][0]["reason"], "甘政函〔2024〕1号");
    assert!(!rest.text.contains("account:") && !rest.text.contains("client:"), "who it was is the auditor's to know");

    // And hears of it.
    crate::stage::sealed(&app).await;
    let heard = server.client("analyst").await.get("/v1/changes?limit=1000").await.expect(200).json();
    let of_it = heard["events"].as_array().unwrap().iter().filter(|event| event["object"] == "school/62030");
    let kinds: Vec<&str> = of_it.map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["registry.added", "registry.changed", "registry.changed"]);
    server.stop().await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_entry_is_told_at_once_and_stores_nothing() {
    let app = TestApp::new().await;
    let before = crate::stage::changes(&app).await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;

    let nothing = province.post("/v1/schools", None, &json!({})).await;
    assert_eq!(
        codes(&nothing),
        ["missing /city", "missing /name", "missing /tier", "missing /ownership", "missing /category"]
    );
    let wrong = json!({
        "name": "兰州石化 职业技术大学", "tier": "primary", "ownership": "public",
        "category": "medical", "city": "999999", "national_code": "12", "since": "2024-09-01", "until": "2023-09-01",
        "effective_on": "2999-01-01", "source": "电话13000000000",
    });
    let wrong = province.post("/v1/schools", None, &wrong).await;
    let told = codes(&wrong);
    for fault in [
        "unknown_code /city",
        "tier /tier",
        "form /national_code",
        "validity /until",
        "future /effective_on",
        "personal_data /source",
        "name_taken /name",
    ] {
        assert!(told.iter().any(|one| one == fault), "{fault} among {told:?}");
    }
    assert!(!wrong.text.contains("13000000000"), "a number of a person is not told again");
    // A code is never used twice.
    let mut taken = school();
    taken["code"] = json!("62001");
    problem(&province.post("/v1/schools", None, &taken).await, 409, "conflict");
    let moved = patch(&province, "/v1/schools/62001", "*", &json!({ "code": "62099" })).await;
    assert_eq!(codes(&moved), ["fixed /code"]);
    problem(&patch(&province, "/v1/schools/62999", "*", &json!({})).await, 404, "not-found");
    problem(&province.post("/v1/schools", None, &json!({ "nmae": "x" })).await, 400, "malformed");

    // The same in the words of GraphQL.
    let answer = mutate(&province, "addSchool", &json!({ "name": "某校", "city": "999999" }), "school { id }").await;
    assert_eq!(refused(&answer), "INVALID");
    assert_eq!(answer["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/city");
    let answer = mutate(&province, "changeSchool", &json!({ "code": "62001", "name": "某校" }), "school { id }").await;
    assert_eq!(refused(&answer), "PRECONDITION_REQUIRED");
    assert_eq!(crate::stage::changes(&app).await, before);
    server.stop().await;
}

/// What a new entry of every kind says, by REST, and how it is changed. `$school` and the like stand for codes.
fn kinds() -> Vec<(&'static str, &'static str, Value, Value)> {
    vec![
        ("cities", "City", json!({ "code": "629900", "name": "某新区" }), json!({ "name_en": "New Area" })),
        (
            "institutions",
            "Institution",
            json!({ "name": "某大学", "kind": "university", "city": "620100" }),
            json!({ "city": null }),
        ),
        (
            "consortia",
            "Consortium",
            json!({ "name": "某产教联合体", "kind": "city_consortium", "scope": "city" }),
            json!({ "founded_on": "2024" }),
        ),
        (
            "consortium-members",
            "ConsortiumMember",
            json!({ "consortium": "C", "member": "62010", "role": "vice_chair", "since": "2024-01-01" }),
            json!({ "until": "2024-12-31" }),
        ),
        (
            "designations",
            "Designation",
            json!({ "school": "62001", "name": "某示范校", "level": "provincial", "since": "2020-01-01" }),
            json!({ "until": "2099-12-31" }),
        ),
        (
            "aliases",
            "Alias",
            json!({ "entity_type": "school", "entity": "62001", "alias": "石化大", "basis": "short_form" }),
            json!({ "note": "校内用" }),
        ),
        (
            "school-successions",
            "SchoolSuccession",
            json!({ "school": "62002", "predecessor": "62902", "predecessor_name": "前校", "kind": "renamed", "happened_on": "2019-09-01" }),
            json!({ "kind": "upgraded" }),
        ),
        (
            "majors",
            "Major",
            json!({ "code": "999901", "name": "某专业", "category": "某大类", "class": "某类", "level": "secondary", "edition": "2021" }),
            json!({ "edition": "2025" }),
        ),
        ("industry-chains", "IndustryChain", json!({ "name": "某产业链" }), json!({ "name_en": "A chain" })),
    ]
}

/// What GraphQL calls the field of the answer.
fn payload(kind: &str) -> &'static str {
    match kind {
        "City" => "city",
        "Institution" => "institution",
        "Consortium" => "consortium",
        "ConsortiumMember" => "membership",
        "Designation" => "designation",
        "Alias" => "alias",
        "SchoolSuccession" => "predecessor",
        "Major" => "major",
        "IndustryChain" => "industryChain",
        other => panic!("{other}"),
    }
}

/// The members of a body as an input of GraphQL has them.
fn input(body: &Value) -> Value {
    let words = ["kind", "scope", "role", "entity_type", "level"];
    let named = |name: &str| {
        let mut parts = name.split('_');
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| format!("{all}{}{}", part[..1].to_uppercase(), &part[1..]))
    };
    let is_word = |name: &str, value: &str| words.contains(&name) && !["university", "provincial"].contains(&value);
    let members = body.as_object().unwrap().iter().map(|(name, value)| {
        let value = match value.as_str() {
            Some(text) if is_word(name, text) => json!(text.to_uppercase()),
            _ => value.clone(),
        };
        (named(name), value)
    });
    Value::Object(members.collect())
}

#[tokio::test]
async fn every_kind_of_entries_is_kept_by_the_province_through_both_doors() {
    for by_rest in [true, false] {
        let app = TestApp::new().await;
        let server = app.serve().await;
        let province = server.client(PROVINCE).await;
        let strangers =
            [server.client("city-620100").await, server.client("school-62001").await, server.client("analyst").await];
        let registry = app.house.memory.registry();
        let stranger = |code: &str| {
            !registry.members.of(code).any(|row| row.school_code.as_ref().is_some_and(|school| school == "62010"))
        };
        let consortium =
            registry.consortia.all().iter().find(|row| stranger(row.code.as_str())).unwrap().code.0.clone();
        for (path, kind, mut new, change) in kinds() {
            if new["consortium"] == "C" {
                new["consortium"] = json!(consortium);
            }
            for stranger in &strangers {
                problem(&stranger.post(&format!("/v1/{path}"), None, &new).await, 403, "forbidden");
                let answer = mutate(stranger, &format!("add{kind}"), &input(&new), "__typename").await;
                assert_eq!(refused(&answer), "FORBIDDEN", "{kind}");
            }
            let back = format!("{} {{ id etag }}", payload(kind));
            let (at, seen) = if by_rest {
                let added = province.post(&format!("/v1/{path}"), None, &new).await.expect(201);
                (added.header("location").unwrap().to_owned(), added.json()["etag"].clone())
            } else {
                let added = Caller::data(mutate(&province, &format!("add{kind}"), &input(&new), &back).await);
                let entry = &added["it"][payload(kind)];
                let key = zhiqiao::page::read_cursor::<2>(entry["id"].as_str().unwrap(), "").unwrap()[1].clone();
                (format!("/v1/{path}/{key}"), entry["etag"].clone())
            };
            let key = at.rsplit('/').next().unwrap();
            // One state behind both doors.
            assert_eq!(province.get(&at).await.expect(200).json()["etag"], seen, "{kind}");
            for stranger in &strangers {
                problem(&patch(stranger, &at, "*", &change).await, 403, "forbidden");
            }
            problem(&patch(&province, &at, "\"0\"", &change).await, 412, "precondition-failed");
            let tag = if by_rest {
                patch(&province, &at, seen.as_str().unwrap(), &change).await.expect(200).json()["etag"].clone()
            } else {
                let mut change = input(&change);
                let by = if ["City", "Institution", "Consortium", "Major", "IndustryChain"].contains(&kind) {
                    "code"
                } else {
                    "id"
                };
                change[by] = json!(key);
                change["ifMatch"] = seen.clone();
                let changed = Caller::data(mutate(&province, &format!("change{kind}"), &change, &back).await);
                changed["it"][payload(kind)]["etag"].clone()
            };
            assert_ne!(tag, seen, "{kind}");
            let told = server.anonymous().get(&format!("/v1/registry/changes?code={key}")).await.expect(200).json();
            assert_eq!(told["changes"].as_array().unwrap().len(), 2, "{kind}: {told}");
            assert_ne!(told["changes"][0]["before"], told["changes"][0]["after"]);
        }
        // What has ended is listed no more, or tells its last day.
        let members = server.anonymous().get(&format!("/v1/consortium-members?of={consortium}&limit=1000")).await;
        assert!(!members.expect(200).text.contains("\"62010\""));
        let school = r#"{ school(code: "62002") { predecessors { code kind } } }"#;
        let told = Caller::data(province.graphql(school, json!({})).await);
        assert_eq!(told["school"]["predecessors"], json!([{ "code": "62902", "kind": "UPGRADED" }]));
        let titles = r#"{ school(code: "62001") { aliases designations { name until } } }"#;
        let told = Caller::data(province.graphql(titles, json!({})).await);
        assert!(told["school"]["aliases"].as_array().unwrap().contains(&json!("石化大")));
        let title = json!({ "name": "某示范校", "until": "2099-12-31" });
        assert!(told["school"]["designations"].as_array().unwrap().contains(&title));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_city_keeps_its_enterprises_and_an_enterprise_some_words_about_itself() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let [province, lanzhou, tianshui, itself, school] =
        [PROVINCE, "city-620100", "city-620500", "enterprise-eeadeb0f3", "school-62001"];
    let province = server.client(province).await;
    let (lanzhou, tianshui) = (server.client(lanzhou).await, server.client(tianshui).await);
    let (itself, school) = (server.client(itself).await, server.client(school).await);

    let new = json!({ "name": "兰州某机床有限公司", "city": "620100", "industry": "制造业" });
    problem(&tianshui.post("/v1/enterprises", None, &new).await, 403, "forbidden");
    problem(&school.post("/v1/enterprises", None, &new).await, 403, "forbidden");
    problem(&itself.post("/v1/enterprises", None, &new).await, 403, "forbidden");
    let added = lanzhou.post("/v1/enterprises", None, &new).await.expect(201);
    let at = added.header("location").unwrap().to_owned();
    problem(&patch(&tianshui, &at, "*", &json!({ "industry": "农业" })).await, 403, "forbidden");
    problem(&patch(&itself, &at, "*", &json!({ "industry": "农业" })).await, 403, "forbidden");
    // It cannot give one away, nor take one.
    let given = patch(&lanzhou, &at, "*", &json!({ "city": "620500" })).await;
    assert_eq!(codes(&given), ["not_yours "]);
    patch(&lanzhou, &at, "*", &json!({ "until": "2030-12-31" })).await.expect(200);
    patch(&province, &at, "*", &json!({ "city": "620500" })).await.expect(200);
    problem(&patch(&lanzhou, &at, "*", &json!({ "industry": "农业" })).await, 403, "forbidden");

    let own = format!("/v1/enterprises/{JIUGANG}");
    let words = json!({ "website": "https://example.com", "profile": "镍钴生产", "industry": "有色金属" });
    patch(&itself, &own, "*", &words).await.expect(200);
    let more = patch(&itself, &own, "*", &json!({ "name": "另一个名称" })).await;
    let told = problem(&more, 403, "forbidden");
    assert!(told["detail"].as_str().unwrap().contains("website"), "{told}");
    let known = patch(&itself, &own, "*", &json!({ "profile": "联系人电话 130 0000 0000" })).await;
    assert_eq!(codes(&known), ["personal_data /profile"]);
    let query = format!(r#"{{ enterprise(code: "{JIUGANG}") {{ website profile industry certification }} }}"#);
    let told = Caller::data(server.anonymous().graphql(&query, json!({})).await);
    assert_eq!(told["enterprise"]["profile"], "镍钴生产");
    server.stop().await;
}

#[tokio::test]
async fn a_social_credit_code_is_checked_wherever_it_comes_in() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let own = format!("/v1/enterprises/{JIUGANG}");
    let wrong = patch(&province, &own, "*", &json!({ "uscc": "91350100M000100Y44" })).await;
    assert_eq!(codes(&wrong), ["uscc /uscc"]);
    let wrong = mutate(&province, "addEnterprise", &json!({ "name": "某", "uscc": "1" }), "enterprise { id }").await;
    assert_eq!(wrong["errors"][0]["extensions"]["errors"][0]["code"], "uscc");
    patch(&province, &own, "*", &json!({ "uscc": "91350100M000100Y43" })).await.expect(200);
    let twice = province.post("/v1/enterprises", None, &json!({ "name": "某", "uscc": "91350100M000100Y43" })).await;
    assert_eq!(codes(&twice), ["uscc_taken /uscc"]);
    server.stop().await;
}

#[tokio::test]
async fn no_school_comes_after_itself_and_a_mistake_is_taken_back() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let say = |school: &str, predecessor: &str| json!({ "school": school, "predecessor": predecessor, "kind": "merged", "happened_on": "2020-01-01" });
    let own = province.post("/v1/school-successions", None, &say("62001", "62001")).await;
    assert_eq!(codes(&own), ["cycle /predecessor"]);
    let first = province.post("/v1/school-successions", None, &say("62001", "62002")).await.expect(201);
    let back = province.post("/v1/school-successions", None, &say("62002", "62001")).await;
    assert_eq!(codes(&back), ["cycle /predecessor"]);
    let frame = app.house.memory.frame();
    assert_eq!(frame.successions.len(), 1, "series of figures follow it");
    let at = first.header("location").unwrap();
    patch(&province, at, "*", &json!({ "until": "2020-01-01", "reason": "误录" })).await.expect(200);
    assert!(app.house.memory.frame().successions.is_empty());
    // It is still known, and can be given back.
    problem(&province.get(at).await, 404, "not-found");
    patch(&province, at, "*", &json!({ "until": null })).await.expect(200);
    province.get(at).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn what_an_official_has_changed_a_load_leaves_alone() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let body = json!({ "name": "兰州石化大学", "effective_on": "2024-05-01" });
    patch(&province, "/v1/schools/62001", "*", &body).await.expect(200);
    let loaded = zhiqiao::domain::load::load(&app.system(), &reference(), &mut |_| {}).await.unwrap();
    assert!(!loaded.has_changes(), "{loaded}");
    assert!(loaded.left_alone[0].starts_with("school: 1 ×"), "{loaded}");
    let told = province.get("/v1/schools/62001").await.expect(200).json();
    assert_eq!(told["name"], "兰州石化大学");
    server.stop().await;
}

#[tokio::test]
async fn the_reference_data_answer_with_the_numbers_of_their_files() {
    use std::collections::BTreeMap;
    let app = TestApp::new().await;
    let server = app.serve().await;
    let rows = |file: &str| -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(reference().join(format!("{file}.csv"))).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    };
    let count = |rows: &[BTreeMap<String, String>], by: &dyn Fn(&BTreeMap<String, String>) -> Option<String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        rows.iter().filter_map(by).for_each(|key| *counts.entry(key).or_default() += 1);
        counts
    };
    let query = "{ consortia(first: 200) { totalCount nodes { kind scope members { role school { name } } } }
        enterprises(first: 200) { totalCount nodes { certification } }
        certified: enterprises(filter: { certification: [\"产教融合型企业建设培育\"] }) { totalCount } }";
    let told = Caller::data(server.anonymous().graphql(query, json!({})).await);

    let consortia = rows("consortia");
    assert_eq!((told["consortia"]["totalCount"].as_u64(), consortia.len()), (Some(27), 27));
    let nodes = told["consortia"]["nodes"].as_array().unwrap();
    let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes {
        let key = format!("{} {}", node["kind"].as_str().unwrap(), node["scope"].as_str().unwrap());
        *by_kind.entry(key.to_lowercase()).or_default() += 1;
    }
    assert_eq!(by_kind, count(&consortia, &|row| Some(format!("{} {}", row["kind"], row["scope"]))));

    let schools: Vec<String> = rows("schools").into_iter().map(|row| row["name_zh"].clone()).collect();
    let leads = count(&rows("consortium_members"), &|row| {
        let leads = ["lead", "co_lead"].contains(&row["role"].as_str());
        (leads && schools.contains(&row["member_name_zh"])).then(|| row["member_name_zh"].clone())
    });
    let mut led: BTreeMap<String, usize> = BTreeMap::new();
    for member in nodes.iter().flat_map(|node| node["members"].as_array().unwrap()) {
        if let (Some("LEAD" | "CO_LEAD"), Some(school)) = (member["role"].as_str(), member["school"]["name"].as_str()) {
            *led.entry(school.to_owned()).or_default() += 1;
        }
    }
    assert!(leads.len() > 5 && led == leads, "{led:?}\n{leads:?}");

    let enterprises = rows("enterprises");
    let certified = enterprises.iter().filter(|row| !row["certification"].is_empty()).count();
    assert_eq!((enterprises.len(), certified), (99, 55));
    assert_eq!(told["enterprises"]["totalCount"], 99);
    let answered = told["enterprises"]["nodes"].as_array().unwrap();
    assert_eq!(answered.iter().filter(|one| one["certification"].is_string()).count(), certified);
    let culture = count(&enterprises, &|row| Some(row["certification"].clone()));
    assert_eq!(
        told["certified"]["totalCount"].as_u64().map(usize::try_from),
        culture.get("产教融合型企业建设培育").map(|n| Ok(*n))
    );
    server.stop().await;
}
