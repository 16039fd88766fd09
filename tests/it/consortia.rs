//! Consortia: the walk from an application to leaving by the real roles, every refusal on the way, activities, the
//! overview, and the counts of the reference data.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    app::{Answer, Caller, TestApp, reference},
    stage,
};

/// A consortium that 62002 leads alone.
const LED: &str = "C056B4CFB";
/// One whose only lead has no account here.
const UNLED: &str = "CD9B599D7";

async fn step(caller: &Caller, id: &str, verb: &str, if_match: Option<&str>, body: Value) -> Answer {
    caller.post(&format!("/v1/consortium-applications/{id}/{verb}"), if_match, &body).await
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn members(caller: &Caller, code: &str) -> Vec<(String, String)> {
    let query = format!(
        "{{ consortium(code: \"{code}\") {{ members {{ role since school {{ code }} enterprise {{ code }} }} }} }}"
    );
    let data = Caller::data(caller.graphql(&query, json!({})).await);
    let members = data["consortium"]["members"].as_array().unwrap();
    members
        .iter()
        .filter_map(|one| {
            let code = one["school"]["code"].as_str().or_else(|| one["enterprise"]["code"].as_str())?;
            Some((code.to_owned(), one["role"].as_str().unwrap().to_owned()))
        })
        .collect()
}

#[tokio::test]
async fn a_member_applies_is_taken_in_by_the_lead_and_leaves() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, lead) = (server.client("school-62001").await, server.client("school-62002").await);
    let (foreign, enterprise) = (server.client("school-62005").await, server.client("enterprise-eeadeb0f3").await);
    let (province, public) = (server.client("province-620000").await, server.anonymous());
    let apply = |code: &str| format!("/v1/consortia/{code}/applications");

    public.post(&apply(LED), None, &json!({})).await.expect(401);
    province.post(&apply(LED), None, &json!({})).await.expect(403);
    school.post(&apply("C00000000"), None, &json!({})).await.expect(404);
    lead.post(&apply(LED), None, &json!({})).await.expect(409);
    let personal = school.post(&apply(LED), None, &json!({ "message": "电话 13800138000" })).await.expect(422);
    assert_eq!(personal.json()["errors"][0]["code"], "personal_data");
    let first = id(&school.post(&apply(LED), None, &json!({ "message": "愿共建实训基地" })).await.expect(201));
    school.post(&apply(LED), None, &json!({})).await.expect(409);
    let second = id(&enterprise.post(&apply(LED), None, &json!({})).await.expect(201));

    // The applicant, the lead and the province see it; nobody else, and no applicant another's.
    for (caller, status) in
        [(&school, 200), (&lead, 200), (&province, 200), (&foreign, 404), (&enterprise, 404), (&public, 401)]
    {
        caller.get(&format!("/v1/consortium-applications/{first}")).await.expect(status);
    }
    let listed = |page: Value| page["applications"].as_array().unwrap().len();
    assert_eq!(listed(school.get("/v1/consortium-applications").await.expect(200).json()), 1);
    assert_eq!(listed(lead.get("/v1/consortium-applications?state=pending").await.expect(200).json()), 2);
    assert_eq!(listed(foreign.get("/v1/consortium-applications").await.expect(200).json()), 0);

    // The lead decides, and nobody in its stead while it has an account.
    step(&school, &first, "accept", Some("*"), json!({})).await.expect(403);
    step(&province, &first, "accept", Some("*"), json!({})).await.expect(403);
    step(&foreign, &first, "accept", Some("*"), json!({})).await.expect(404);
    step(&lead, &first, "accept", None, json!({})).await.expect(428);
    step(&lead, &first, "accept", Some("\"9\""), json!({})).await.expect(412);
    step(&lead, &first, "withdraw", Some("*"), json!({})).await.expect(403);
    let wrong = json!({ "role": "lead", "joined_on": "2098-01-01" });
    let wrong = step(&lead, &first, "accept", Some("*"), wrong).await.expect(422).json();
    let codes: BTreeSet<&str> =
        wrong["errors"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, BTreeSet::from(["day_to_come", "role"]));
    let yes = json!({ "role": "vice_chair", "joined_on": "2024-01-01" });
    let accepted = step(&lead, &first, "accept", Some("*"), yes).await.expect(200).json();
    assert_eq!((&accepted["state"], &accepted["role"]), (&json!("accepted"), &json!("vice_chair")));
    step(&lead, &first, "refuse", Some("*"), json!({ "reason": "late" })).await.expect(409);
    step(&lead, &second, "refuse", Some("*"), json!({ "reason": "" })).await.expect(422);
    step(&lead, &second, "refuse", Some("*"), json!({ "reason": "名额已满" })).await.expect(200);
    let refused = enterprise.get(&format!("/v1/consortium-applications/{second}")).await.expect(200).json();
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("refused"), &json!("名额已满")));

    // Everybody sees the member, from both ends.
    assert!(members(&public, LED).await.contains(&("62001".to_owned(), "VICE_CHAIR".to_owned())));
    let query = "{ school(code: \"62001\") { consortia { consortium { code } role since } } }";
    let data = Caller::data(public.graphql(query, json!({})).await);
    assert_eq!(
        data["school"]["consortia"],
        json!([{ "consortium": { "code": LED }, "role": "VICE_CHAIR", "since": "2024-01-01" }])
    );
    school.post(&apply(LED), None, &json!({})).await.expect(409);

    // Leaving: not before joining, not to come, not who is no member, and not the last lead.
    let leave = format!("/v1/consortia/{LED}/leave");
    enterprise.post(&leave, None, &json!({})).await.expect(409);
    lead.post(&leave, None, &json!({})).await.expect(409);
    school.post(&leave, None, &json!({ "left_on": "2098-01-01" })).await.expect(422);
    school.post(&leave, None, &json!({ "left_on": "2023-01-01" })).await.expect(422);
    let left = school.post(&leave, None, &json!({ "left_on": "2024-07-01" })).await.expect(200).json();
    assert_eq!((&left["role"], &left["left_on"]), (&json!("vice_chair"), &json!("2024-07-01")));
    assert!(!members(&public, LED).await.iter().any(|(code, _)| code == "62001"));
    school.post(&leave, None, &json!({})).await.expect(409);
    // That it was a member, and from when to when, stays to be read.
    let query = format!("{{ consortium(code: \"{LED}\") {{ formerMembers {{ school {{ code }} since until }} }} }}");
    let data = Caller::data(public.graphql(&query, json!({})).await);
    let term = json!([{ "school": { "code": "62001" }, "since": "2024-01-01", "until": "2024-07-01" }]);
    assert_eq!(data["consortium"]["formerMembers"], term);
    for (of, ended, count) in [(LED, true, 1), ("62001", true, 1), ("62002", true, 0), ("62001", false, 0)] {
        let page = public.get(&format!("/v1/consortium-members?of={of}&ended={ended}")).await.expect(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{of}");
        assert!(count == 0 || page["items"][0]["until"] == "2024-07-01");
    }
    // Whoever has left may come again.
    let again = id(&school.post(&apply(LED), None, &json!({})).await.expect(201));
    step(&school, &again, "withdraw", Some("*"), json!({})).await.expect(200);
    step(&school, &again, "withdraw", Some("*"), json!({})).await.expect(409);

    // A second load brings nobody back and takes nobody away.
    let summary = zhiqiao::domain::load::load(&app.system(), &reference(), &mut |_| {}).await.unwrap();
    assert!(!summary.has_changes());
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}

#[tokio::test]
async fn the_province_decides_where_no_lead_has_an_account() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, province) = (server.client("school-62001").await, server.client("province-620000").await);
    let apply = "mutation ($code: String!) { it: applyToConsortium(input: { consortium: $code }) { application { code etag state } } }";
    let made = Caller::data(school.graphql(apply, json!({ "code": UNLED })).await);
    let application = &made["it"]["application"];
    let accept = "mutation ($input: AcceptConsortiumApplicationInput!) { it: acceptConsortiumApplication(input: $input) { application { state role } } }";
    let input = json!({ "input": { "application": application["code"], "ifMatch": application["etag"] } });
    let refused = school.graphql(accept, input.clone()).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("PROVINCE"), "{refused}");
    let before = stage::changes(&app).await;
    let accepted = Caller::data(province.graphql(accept, input).await);
    assert_eq!(accepted["it"]["application"], json!({ "state": "ACCEPTED", "role": "MEMBER" }));
    // The decision, and that there is a member.
    assert_eq!(stage::changes(&app).await, before + 2);
    assert!(members(&school, UNLED).await.contains(&("62001".to_owned(), "MEMBER".to_owned())));
    let leave = "mutation ($code: String!) { leaveConsortium(input: { consortium: $code }) { leftOn } }";
    let left = Caller::data(school.graphql(leave, json!({ "code": UNLED })).await);
    assert!(left["leaveConsortium"]["leftOn"].is_string());
    server.stop().await;
}

#[tokio::test]
async fn leads_enter_what_their_consortium_has_done() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (lead, other) = (server.client("school-62002").await, server.client("school-62001").await);
    let (province, public) = (server.client("province-620000").await, server.anonymous());
    let path = format!("/v1/consortia/{LED}/activities");
    let meeting = json!({ "held_on": "2024-05-01", "title": "年度会议", "kind": "meeting", "evidence": ["https://example.org/minutes"] });
    public.post(&path, None, &meeting).await.expect(401);
    other.post(&path, None, &meeting).await.expect(403);
    province.post(&path, None, &meeting).await.expect(403);
    lead.post("/v1/consortia/C00000000/activities", None, &meeting).await.expect(404);
    let wrong = json!({ "held_on": "2098-05-01", "kind": "A", "evidence": ["ftp://example.org/"] });
    let wrong = lead.post(&path, None, &wrong).await.expect(422).json();
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 4, "{wrong}");
    let made = lead.post(&path, None, &meeting).await.expect(201);
    let (one, tag) = (format!("{path}/{}", id(&made)), made.header("etag").unwrap().to_owned());
    let contest = json!({ "kind": "contest" });
    lead.send("PATCH", &one, &[], Some(&contest)).await.expect(428);
    other.send("PATCH", &one, &[("if-match", &tag)], Some(&contest)).await.expect(403);
    lead.send("PATCH", &one, &[("if-match", &tag)], Some(&contest)).await.expect(200);
    lead.send("PATCH", &one, &[("if-match", &tag)], Some(&contest)).await.expect(412);
    // The province acts where no lead is here.
    province.post(&format!("/v1/consortia/{UNLED}/activities"), None, &meeting).await.expect(201);
    let query = format!("{{ consortium(code: \"{LED}\") {{ activities {{ heldOn title kind evidence }} }} }}");
    let data = Caller::data(public.graphql(&query, json!({})).await);
    let expected = json!([{ "heldOn": "2024-05-01", "title": "年度会议", "kind": "contest", "evidence": ["https://example.org/minutes"] }]);
    assert_eq!(data["consortium"]["activities"], expected);
    assert_eq!(public.get(&path).await.expect(200).json()["activities"].as_array().unwrap().len(), 1);
    server.stop().await;
}

type Row = BTreeMap<String, String>;

fn file(name: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(reference().join(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn counted(words: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

#[tokio::test]
async fn the_counts_of_the_reference_data_are_those_of_the_files() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let public = server.anonymous();
    let query = "{ consortia(first: 200) { totalCount nodes { code name kind scope members { role memberType
        school { name } enterprise { name } institution { name } } } } }";
    let data = Caller::data(public.graphql(query, json!({})).await);
    let all = data["consortia"]["nodes"].as_array().unwrap();
    let (consortia, members) = (file("consortia.csv"), file("consortium_members.csv"));
    assert_eq!((all.len(), consortia.len(), &data["consortia"]["totalCount"]), (27, 27, &json!(27)));
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_lowercase();
    for field in ["kind", "scope"] {
        assert_eq!(
            counted(all.iter().map(|one| word(one, field))),
            counted(consortia.iter().map(|row| row[field].clone()))
        );
    }
    // Leads per school.
    let is_lead = |role: &str| ["lead", "co_lead"].contains(&role);
    let schools: BTreeSet<String> = file("schools.csv").into_iter().map(|row| row["name_zh"].clone()).collect();
    let led = all.iter().flat_map(|one| one["members"].as_array().unwrap()).filter(|one| is_lead(&word(one, "role")));
    let led = counted(led.filter_map(|one| Some(one["school"]["name"].as_str()?.to_owned())));
    let printed = members.iter().filter(|row| is_lead(&row["role"])).map(|row| row["member_name_zh"].clone());
    assert_eq!(led, counted(printed.filter(|name| schools.contains(name))));

    // The overview: members by type, pairs that share some, who is in none.
    let overview = public.get("/v1/consortium-overview").await.expect(200).json();
    let bodies: BTreeMap<String, String> =
        members.iter().map(|row| (row["member_name_zh"].clone(), row["member_type"].clone())).collect();
    let by_type: BTreeMap<String, usize> = serde_json::from_value(overview["by_type"].clone()).unwrap();
    assert_eq!(by_type, counted(bodies.values().cloned()));
    let in_any: BTreeSet<&String> = bodies.keys().collect();
    let none = schools.iter().filter(|name| !in_any.contains(name)).count();
    assert_eq!(overview["schools_in_none"].as_array().unwrap().len(), none);
    let certified = file("enterprises.csv");
    let certified = certified.iter().filter(|row| !row["certification"].is_empty());
    let certified = certified.filter(|row| !in_any.contains(&row["name_zh"])).count();
    assert_eq!(overview["certified_in_none"].as_array().unwrap().len(), certified);
    let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &members {
        of.entry(&row["member_name_zh"]).or_default().insert(&row["consortium_name_zh"]);
    }
    let mut pairs = BTreeSet::new();
    for places in of.values() {
        for one in places {
            pairs.extend(places.iter().filter(|other| one < *other).map(|other| (*one, *other)));
        }
    }
    let overlaps = overview["overlaps"].as_array().unwrap();
    assert_eq!(overlaps.len(), pairs.len());
    assert!(overlaps.len() > 3 && overlaps.iter().all(|pair| !pair["members"].as_array().unwrap().is_empty()));
    let query = "{ consortiumOverview { schoolsInNone { code } byCity { key members } overlaps { count consortium { code } other { code } } } }";
    let told = Caller::data(public.graphql(query, json!({})).await)["consortiumOverview"].clone();
    assert_eq!(told["overlaps"].as_array().unwrap().len(), pairs.len());
    assert_eq!(told["schoolsInNone"].as_array().unwrap().len(), none);
    let by_city: BTreeMap<String, usize> = serde_json::from_value(overview["by_city"].clone()).unwrap();
    assert_eq!(told["byCity"].as_array().unwrap().len(), by_city.len());

    // The 55 certified enterprises and the 99 of the list.
    assert_eq!(app.house.memory.registry().enterprises.all().len(), 99);
    server.stop().await;
}

#[tokio::test]
async fn who_asks_twice_at_once_has_asked_once_and_nobody_is_a_member_twice() {
    let app = TestApp::new().await;
    let (server, twin) = (app.serve().await, app.twin().await);
    let other = twin.serve().await;
    let (one, same) = (server.client("school-62001").await, other.client("school-62001").await);
    let apply = format!("/v1/consortia/{LED}/applications");
    let body = json!({});
    let (first, second) = tokio::join!(one.post(&apply, None, &body), same.post(&apply, None, &body));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", first.text, second.text);
    let application = id(if first.status == 201 { &first } else { &second });

    // It is entered by the province before the lead has answered.
    let (lead, province) = (server.client("school-62002").await, server.client("province-620000").await);
    let member = json!({ "consortium": LED, "member": "62001" });
    province.post("/v1/consortium-members", None, &member).await.expect(201);
    let late = step(&lead, &application, "accept", Some("*"), json!({})).await.expect(409);
    assert!(late.text.contains("已是该联合体成员"), "{}", late.text);
    assert_eq!(members(&one, LED).await.iter().filter(|(code, _)| code == "62001").count(), 1);
    step(&lead, &application, "refuse", Some("*"), json!({ "reason": "已是成员" })).await.expect(200);
    other.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn chains_that_no_consortium_serves_are_named() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, public) = (server.client("province-620000").await, server.anonymous());
    let mut codes = Vec::new();
    for name in ["镍产业链", "铜产业链"] {
        let made = province.post("/v1/industry-chains", None, &json!({ "name": name })).await.expect(201);
        codes.push(made.json()["code"].clone());
    }
    let none = |answer: Answer| answer.json()["chains_in_none"].clone();
    let overview = "/v1/consortium-overview";
    assert_eq!(none(public.get(overview).await.expect(200)), json!(codes));
    let path = format!("/v1/consortia/{LED}");
    let tag = public.get(&path).await.expect(200).header("etag").unwrap().to_owned();
    let unknown = json!({ "chain": "I00000000" });
    let refused = province.send("PATCH", &path, &[("if-match", &tag)], Some(&unknown)).await.expect(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/chain");
    let serves = json!({ "chain": codes[0] });
    let changed = province.send("PATCH", &path, &[("if-match", &tag)], Some(&serves)).await.expect(200);
    assert_eq!(changed.json()["chain"], codes[0]);
    assert_eq!(none(public.get(overview).await.expect(200)), json!([codes[1]]));
    let query = format!(
        "{{ consortiumOverview {{ chainsInNone {{ code }} }} consortium(code: \"{LED}\") {{ industryChain {{ name consortia {{ code }} }} }} }}"
    );
    let data = Caller::data(public.graphql(&query, json!({})).await);
    assert_eq!(data["consortiumOverview"]["chainsInNone"], json!([{ "code": codes[1] }]));
    assert_eq!(data["consortium"]["industryChain"], json!({ "name": "镍产业链", "consortia": [{ "code": LED }] }));
    // A load of the files leaves it.
    zhiqiao::domain::load::load(&app.system(), &reference(), &mut |_| {}).await.unwrap();
    assert_eq!(public.get(&path).await.expect(200).json()["chain"], codes[0]);
    server.stop().await;
}
