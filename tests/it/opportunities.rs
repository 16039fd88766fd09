//! Supply and demand from the first step to the last, by the real roles: posting, review, matching, interest,
//! contact, closing, the digest of a day and the bulletin of a year; and everything that is refused on the way.

use std::collections::HashSet;

use chrono::{TimeDelta, Utc};
use entity::{
    ids::{InterestId, OpportunityId},
    journal, opportunity, opportunity_match,
    words::{Duty, OpportunityState as Stands, Role as Word},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        clients, feed,
        interests::{self, Express, Step},
        opportunities::{self, Contact, Filter, New},
        precondition::Match,
    },
    error::Error,
};

use crate::{
    app::{Caller, Server, TestApp},
    stage,
    wire::problem,
};

/// How the owner of a demand is reached, and who is interested in it; nobody hears of it too early.
const HIDDEN: [&str; 4] = ["0937-7654321", "welding@works.example.org", "0931-1234567", "careers@school.example.org"];

/// The enterprise of the demo, and its city; another enterprise of another city.
const WORKS: (&str, &str) = ("EEADEB0F3", "620900");

fn other_works() -> String {
    let hash = Sha256::digest("兰州兰石集团有限公司".as_bytes());
    format!("E{}", hash.iter().take(4).map(|byte| format!("{byte:02X}")).collect::<String>())
}

fn in_days(days: i64) -> String {
    opportunities::local_day(Utc::now() + TimeDelta::days(days)).to_string()
}

/// A demand for welders, as the works would post it.
fn demand() -> Value {
    json!({
        "kind": "talent", "side": "demand", "title": "招聘电焊工", "text": "高压管道焊接，需持证",
        "majors": ["460104"], "major_words": ["焊接技术"], "industry": "装备制造", "headcount": 30,
        "valid_until": in_days(60),
        "contact": { "department": "人力资源部", "telephone": HIDDEN[0], "email": HIDDEN[1] },
    })
}

/// What a school offers.
fn supply(title: &str, words: &[&str]) -> Value {
    json!({
        "kind": "talent", "side": "supply", "title": title, "major_words": words, "industry": "装备制造",
        "headcount": 40, "valid_until": in_days(90),
        "contact": { "department": "就业处", "telephone": HIDDEN[2], "email": HIDDEN[3] },
    })
}

async fn newcomer(app: &TestApp, server: &Server, role: Word, org: &str) -> Caller {
    let add = clients::Add {
        client_id: format!("new-{}", org.to_lowercase()),
        name: "a newcomer".to_owned(),
        role,
        org: Some(org.to_owned()),
        duty: Duty::All,
        secret: clients::ClientSecret::Random,
    };
    let told = clients::add(&app.system(), add).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    server.holder(&told.row.client_id, told.secret.expose()).await
}

async fn posted(caller: &Caller, body: &Value) -> Value {
    caller.post("/v1/opportunities", None, body).await.expect(201).json()
}

fn at(one: &Value) -> String {
    format!("/v1/opportunities/{}", one["id"].as_str().unwrap())
}

fn tag(one: &Value) -> &str {
    one["etag"].as_str().unwrap()
}

/// Everything that a caller can read of the market, by every door, as one text.
async fn everything(app: &TestApp, caller: &Caller) -> String {
    stage::sealed(app).await;
    let mut all = String::new();
    for path in [
        "/v1/opportunities?limit=1000",
        "/v1/opportunities/digest",
        "/v1/interests",
        "/v1/changes?limit=1000",
        "/v1/audit?limit=1000",
        &format!("/v1/bulletins/{}.json", &in_days(0)[..4]),
        &format!("/v1/bulletins/{}.csv", &in_days(0)[..4]),
        &format!("/v1/bulletins/{}.html", &in_days(0)[..4]),
    ] {
        let answer = caller.get(path).await;
        assert!(answer.status < 500, "{path}: {}", answer.text);
        all.push_str(&answer.text);
    }
    let query = "{ opportunities { nodes { key title text contact { telephone email } matches { opportunity { key contact { email } } } } }
        interests { nodes { key note contact { owner { telephone email } interested { telephone email } } } } }";
    all.push_str(&caller.graphql(query, json!({})).await.to_string());
    all
}

async fn told(app: &TestApp, caller: &Caller) -> Vec<(String, String)> {
    stage::sealed(app).await;
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let place = if after.is_empty() { String::new() } else { format!("&after={after}") };
        let page = caller.get(&format!("/v1/changes?limit=1000{place}")).await.expect(200).json();
        let events = page["events"].as_array().unwrap();
        let word = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        found.extend(events.iter().map(|event| (word(event, "type"), word(event, "object"))));
        if events.is_empty() {
            return found;
        }
        after = page["next"].as_str().unwrap().to_owned();
    }
}

fn of<'a>(events: &'a [(String, String)], noun: &str) -> Vec<&'a str> {
    let of_noun = |(kind, _): &&(String, String)| kind.starts_with(&format!("{noun}."));
    events.iter().filter(of_noun).map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test]
async fn the_whole_walk_from_a_first_posting_to_the_bulletin() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let works = server.client("enterprise-eeadeb0f3").await;
    let school = server.client("school-62001").await;
    let province = server.client("province-620000").await;
    let stranger_city = server.client("city-620100").await;
    let public = server.anonymous();
    let city = newcomer(&app, &server, Word::City, WORKS.1).await;
    let rival = newcomer(&app, &server, Word::Enterprise, &other_works()).await;

    // A school needs nobody.
    let offer = posted(&school, &supply("焊接专业毕业生", &["焊接"])).await;
    assert_eq!((&offer["state"], &offer["city"]), (&json!("published"), &json!("620100")));
    assert_eq!(offer["contact"]["telephone"], HIDDEN[2], "its owner reads what it has written");
    let seen = public.get(&at(&offer)).await.expect(200);
    assert!(seen.json().get("contact").is_none(), "{}", seen.text);

    // An enterprise's first waits for its city, and is there for nobody else.
    let first = posted(&works, &demand()).await;
    assert_eq!(first["state"], "pending");
    for other in [&public, &school, &rival, &stranger_city, &server.client("analyst").await] {
        problem(&other.get(&at(&first)).await, 404, "not-found");
        let list = other.get("/v1/opportunities").await.expect(200).json();
        assert_eq!(list["opportunities"].as_array().unwrap().len(), 1);
        let query = "query ($id: ID!) { opportunity(id: $id) { key } opportunities { totalCount } }";
        let data = Caller::data(other.graphql(query, json!({ "id": first["id"] })).await);
        assert_eq!(data, json!({ "opportunity": null, "opportunities": { "totalCount": 1 } }));
    }
    assert!(of(&told(&app, &rival).await, "opportunity").is_empty());
    assert!(of(&told(&app, &school).await, "match").is_empty(), "nothing was found while it waits");
    // A second one waits, too.
    let second = posted(&works, &demand()).await;
    assert_eq!(second["state"], "pending");
    // Who may look may not all decide.
    let approve = format!("{}/approve", at(&first));
    problem(&works.post(&approve, Some("*"), &json!({})).await, 403, "forbidden");
    problem(&stranger_city.post(&approve, Some("*"), &json!({})).await, 404, "not-found");
    problem(&public.post(&approve, Some("*"), &json!({})).await, 401, "unauthenticated");
    problem(&city.post(&approve, None, &json!({})).await, 428, "precondition-required");
    problem(&city.post(&approve, Some("\"7\""), &json!({})).await, 412, "precondition-failed");
    problem(&city.post(&format!("{}/refuse", at(&second)), Some("*"), &json!({ "reason": " " })).await, 422, "invalid");
    let (refuse, why) = (format!("{}/refuse", at(&second)), json!({ "reason": "请写明工种" }));
    let refused = city.post(&refuse, Some(tag(&second)), &why).await.expect(200).json();
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("refused"), &json!("请写明工种")));
    problem(&city.post(&format!("{}/approve", at(&second)), Some("*"), &json!({})).await, 409, "conflict");
    let first = city.post(&approve, Some(tag(&first)), &json!({})).await.expect(200).json();
    assert_eq!((&first["state"], &first["version"]), (&json!("published"), &json!(2)));
    problem(&city.post(&approve, Some("*"), &json!({})).await, 409, "conflict");

    // Both owners hear that they meet; nobody else does but the province.
    for (caller, hears) in [(&school, 1), (&works, 1), (&province, 1), (&rival, 0), (&city, 0), (&stranger_city, 0)] {
        assert_eq!(of(&told(&app, caller).await, "match").len(), hears);
    }
    // What was refused is corrected, and now needs nobody.
    let again = works.put(&at(&second), Some(tag(&refused)), &demand()).await.expect(200).json();
    assert_eq!(again["state"], "published");
    problem(&works.put(&at(&second), Some(tag(&refused)), &demand()).await, 412, "precondition-failed");
    problem(&school.put(&at(&second), Some("*"), &demand()).await, 403, "forbidden");
    let third = posted(&works, &demand()).await;
    assert_eq!(third["state"], "published");
    let third = works.post(&format!("{}/withdraw", at(&third)), Some(tag(&third)), &json!({})).await.expect(200).json();
    assert_eq!(third["state"], "withdrawn");
    problem(&works.put(&at(&third), Some("*"), &demand()).await, 409, "conflict");
    problem(&public.get(&at(&third)).await, 404, "not-found");

    // The ranking, for those whom it concerns.
    let matches = format!("{}/matches", at(&first));
    let ranked = works.get(&matches).await.expect(200).json();
    let best = &ranked["matches"][0];
    assert_eq!(best["opportunity"]["id"], offer["id"]);
    let parts = best["parts"].as_array().unwrap();
    let sum: u64 = parts.iter().map(|part| part["points"].as_u64().unwrap()).sum();
    assert_eq!((parts.len(), best["score"].as_u64()), (7, Some(sum)));
    assert!(best["opportunity"].get("contact").is_none(), "{best}");
    let in_english = works.send("GET", &matches, &[("accept-language", "en")], None).await.expect(200).json();
    assert_eq!(in_english["matches"][0]["parts"][0]["text"], "The same kind");
    assert_eq!(best["parts"][0]["text"], "类型相同");
    assert_eq!(city.get(&matches).await.expect(200).json(), ranked, "its city reads the same");
    problem(&school.get(&matches).await, 403, "forbidden");
    problem(&public.get(&matches).await, 401, "unauthenticated");
    let by_graphql = "query ($id: ID!) { opportunity(id: $id) { matches(first: 10) { score parts { code points most text } opportunity { key } } } }";
    let data = Caller::data(works.graphql(by_graphql, json!({ "id": first["id"] })).await);
    assert_eq!(data["opportunity"]["matches"][0]["parts"], best["parts"]);
    let data = Caller::data(rival.graphql(by_graphql, json!({ "id": first["id"] })).await);
    assert_eq!(data["opportunity"]["matches"], Value::Null);

    // Interest goes through the platform.
    let express = format!("{}/interests", at(&first));
    let hello = json!({ "note": "愿意合作", "contact": { "telephone": HIDDEN[2], "email": HIDDEN[3] } });
    problem(&public.post(&express, None, &hello).await, 401, "unauthenticated");
    problem(&works.post(&express, None, &hello).await, 409, "conflict");
    problem(&city.post(&express, None, &hello).await, 403, "forbidden");
    problem(&school.post(&express, None, &json!({ "contact": {} })).await, 422, "invalid");
    let interest = school.post(&express, None, &hello).await.expect(201).json();
    problem(&school.post(&express, None, &hello).await, 409, "conflict");
    let one = format!("/v1/interests/{}", interest["id"].as_str().unwrap());
    problem(&rival.get(&one).await, 404, "not-found");
    assert_eq!(works.get(&one).await.expect(200).json()["by"]["code"], "62001");
    for caller in [&school, &works] {
        problem(&caller.get(&format!("{one}/contact")).await, 409, "conflict");
    }
    problem(&rival.get(&format!("{one}/contact")).await, 404, "not-found");
    // Nobody reads the other side's contact too early, by whatever door; the auditor's journal has none at all.
    for (caller, own) in [
        (&public, &[][..]),
        (&rival, &[]),
        (&city, &[]),
        (&province, &[]),
        (&server.client("auditor").await, &[]),
        (&school, &HIDDEN[2..]),
        (&works, &HIDDEN[..2]),
    ] {
        let all = everything(&app, caller).await;
        for hidden in HIDDEN.iter().filter(|hidden| !own.contains(hidden)) {
            assert!(!all.contains(hidden), "{hidden} stands in {all}");
        }
    }
    let accept = format!("{one}/accept");
    problem(&school.post(&accept, Some("*"), &json!({})).await, 403, "forbidden");
    problem(&works.post(&accept, None, &json!({})).await, 428, "precondition-required");
    problem(&works.post(&accept, Some("\"9\""), &json!({})).await, 412, "precondition-failed");
    let accepted = works.post(&accept, Some(tag(&interest)), &json!({})).await.expect(200).json();
    assert_eq!(accepted["state"], "accepted");
    problem(&works.post(&format!("{one}/decline"), Some("*"), &json!({})).await, 409, "conflict");
    problem(&school.post(&format!("{one}/withdraw"), Some("*"), &json!({})).await, 409, "conflict");
    // Now both sides are told, each telling is in the journal, and both hear of it.
    let both = school.get(&format!("{one}/contact")).await.expect(200).json();
    assert_eq!(both["owner"]["telephone"], HIDDEN[0]);
    assert_eq!(works.get(&format!("{one}/contact")).await.expect(200).json(), both);
    problem(&city.get(&format!("{one}/contact")).await, 403, "forbidden");
    problem(&province.get(&format!("{one}/contact")).await, 403, "forbidden");
    problem(&rival.get(&format!("{one}/contact")).await, 404, "not-found");
    assert_eq!(of(&told(&app, &school).await, "contact").len(), 2);
    assert_eq!(of(&told(&app, &works).await, "contact").len(), 2);
    assert!(of(&told(&app, &rival).await, "contact").is_empty());
    let by_graphql = "query ($id: ID!) { interest(id: $id) { contact { owner { telephone } } } }";
    let data = Caller::data(school.graphql(by_graphql, json!({ "id": interest["id"] })).await);
    assert_eq!(data["interest"]["contact"]["owner"]["telephone"], HIDDEN[0]);
    assert_eq!(of(&told(&app, &works).await, "contact").len(), 3);
    let data = Caller::data(province.graphql(by_graphql, json!({ "id": interest["id"] })).await);
    assert_eq!(data["interest"]["contact"], Value::Null);

    // What has come of it.
    let close = format!("{}/close", at(&first));
    problem(&works.post(&close, Some("*"), &json!({ "outcome": "partly_met" })).await, 422, "invalid");
    problem(&works.post(&close, Some("*"), &json!({ "outcome": "unmet", "number": 1 })).await, 422, "invalid");
    problem(&school.post(&close, Some("*"), &json!({ "outcome": "met" })).await, 403, "forbidden");
    let partly = json!({ "outcome": "partly_met", "number": 12 });
    let closed = works.post(&close, Some(tag(&first)), &partly).await.expect(200).json();
    assert_eq!((&closed["state"], &closed["outcome_number"]), (&json!("closed"), &json!(12)));
    problem(&works.post(&close, Some("*"), &json!({ "outcome": "met" })).await, 409, "conflict");
    problem(&public.get(&at(&first)).await, 404, "not-found");
    // Who has shown interest goes on seeing in what.
    school.get(&at(&first)).await.expect(200);
    assert_eq!(school.get(&matches).await.status, 403);
    let year = &in_days(0)[..4];
    let bulletin = public.get(&format!("/v1/bulletins/{year}.json")).await.expect(200).json();
    let total = &bulletin["lines"][0];
    assert_eq!((&total["dimension"], &total["supply"]["postings"]), (&json!("total"), &json!(1)));
    assert_eq!((&total["demand"]["postings"], &total["demand"]["headcount"]), (&json!(3), &json!(90)));
    assert_eq!(total["outcomes"], Value::Null, "of two owners no outcome is told: {bulletin}");
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}

/// Of an enterprise whose only posting was taken down nothing is published: what it states anew waits again.
#[tokio::test]
async fn what_was_taken_down_is_no_reason_to_trust() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let works = server.client("enterprise-eeadeb0f3").await;
    let city = newcomer(&app, &server, Word::City, WORKS.1).await;
    let first = posted(&works, &demand()).await;
    let to = |verb: &str| format!("{}/{verb}", at(&first));
    let seen = city.post(&to("approve"), Some(tag(&first)), &json!({})).await.expect(200).json();
    assert_eq!(seen["state"], "published");
    let why = json!({ "reason": "岗位不实" });
    let down = city.post(&to("refuse"), Some(tag(&seen)), &why).await.expect(200).json();
    assert_eq!(down["state"], "refused");
    let again = works.put(&at(&first), Some(tag(&down)), &demand()).await.expect(200).json();
    assert_eq!(again["state"], "pending");
    assert_eq!(posted(&works, &demand()).await["state"], "pending");
    works.post(&to("withdraw"), Some(tag(&again)), &json!({})).await.expect(200);
    assert_eq!(posted(&works, &demand()).await["state"], "pending");
    server.stop().await;
}

fn stated(body: &Value) -> New {
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let list = |at: &str| -> Vec<String> {
        let all = body.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
        all.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    New {
        kind: text("/kind").unwrap(),
        side: text("/side").unwrap(),
        title: text("/title").unwrap(),
        text: text("/text").unwrap_or_default(),
        city: text("/city"),
        majors: list("/majors"),
        major_words: list("/major_words"),
        industry: text("/industry"),
        headcount: body["headcount"].as_i64(),
        valid_until: text("/valid_until").unwrap(),
        contact: Contact {
            department: text("/contact/department"),
            telephone: text("/contact/telephone"),
            email: text("/contact/email"),
        },
    }
}

fn codes(fault: Error) -> Vec<(String, String)> {
    let Error::Invalid(findings) = fault else { panic!("{fault:?}") };
    findings.into_iter().map(|one| (one.code, one.pointer)).collect()
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_and_no_person_comes_in() {
    let app = TestApp::new().await;
    let school = app.as_(Role::School, "62001");
    let wrong = json!({
        "kind": "jobs", "side": "both", "title": "请打 13000000000", "text": "或写信 a@b.example",
        "city": "629999", "majors": ["4601", "焊接"], "major_words": ["身份证 990000199002300012"],
        "industry": "x".repeat(81), "headcount": 0, "valid_until": "2026-2-3",
        "contact": { "department": "13000000000", "telephone": "call", "email": "nowhere" },
    });
    let before = stage::changes(&app).await;
    let found = codes(opportunities::post(&school, stated(&wrong)).await.unwrap_err());
    let expected = [
        ("kind", "/kind"),
        ("side", "/side"),
        ("personal_data", "/title"),
        ("contact_in_text", "/text"),
        ("unknown_city", "/city"),
        ("major_form", "/majors/0"),
        ("major_form", "/majors/1"),
        ("personal_data", "/major_words/0"),
        ("too_long", "/industry"),
        ("headcount", "/headcount"),
        ("day_form", "/valid_until"),
        ("personal_data", "/contact/department"),
        ("telephone_form", "/contact/telephone"),
        ("email_form", "/contact/email"),
    ];
    assert_eq!(found, expected.map(|(code, at)| (code.to_owned(), at.to_owned())));
    // A mobile number is nobody's office, and a day that is over is none.
    let mut over = demand();
    over["valid_until"] = json!(in_days(-1));
    over["contact"] = json!({ "telephone": "130 0000 0000" });
    let found = codes(opportunities::post(&school, stated(&over)).await.unwrap_err());
    assert_eq!(
        found,
        [
            ("valid_until".to_owned(), "/valid_until".to_owned()),
            ("personal_data".to_owned(), "/contact/telephone".to_owned()),
        ]
    );
    assert_eq!(stage::changes(&app).await, before, "nothing was written");
    // The same by REST and by GraphQL, where the pointers are those of the input.
    let server = app.serve().await;
    let caller = server.client("school-62001").await;
    let answer = caller.post("/v1/opportunities", None, &over).await;
    let said = problem(&answer, 422, "invalid");
    assert_eq!(said["errors"][1]["code"], "personal_data");
    assert!(!answer.text.contains("0000 0000"), "the number is not told again: {}", answer.text);
    let query = "mutation ($input: PostOpportunityInput!) { postOpportunity(input: $input) { opportunity { key } } }";
    let input = json!({
        "kind": "TALENT", "side": "DEMAND", "title": "x", "validUntil": in_days(-1),
        "contact": { "telephone": "130 0000 0000" },
    });
    let said = caller.graphql(query, json!({ "input": input })).await;
    assert_eq!(said["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/validUntil");
    server.stop().await;
}

async fn post(ctx: &Ctx, body: &Value) -> opportunity::Model {
    opportunities::post(ctx, stated(body)).await.unwrap()
}

async fn ranking(ctx: &Ctx, of: &opportunity::Model) -> Vec<(u32, String)> {
    let found = opportunities::matches(ctx, &of.id.to_string(), 100).await.unwrap();
    found.into_iter().map(|one| (one.score.total, one.row.title)).collect()
}

#[tokio::test]
async fn two_runs_rank_the_same_and_synonyms_change_nothing() {
    let words = [
        ("电焊工", "焊工"),
        ("数控车床", "cnc"),
        ("护士", "护理"),
        ("电商", "网店"),
        ("厨师", "烹饪"),
        ("软件", "编程"),
    ];
    let mut runs = Vec::new();
    // The same postings: in another order, and with their words swapped for synonyms of the list.
    for (is_backwards, is_swapped) in [(false, false), (true, false), (false, true)] {
        let app = TestApp::new().await;
        let mut all: Vec<(usize, &str)> =
            words.iter().enumerate().map(|(at, (one, other))| (at, if is_swapped { *other } else { *one })).collect();
        if is_backwards {
            all.reverse();
        }
        for (at, word) in all {
            let other = if is_swapped { words[(at + 1) % words.len()].1 } else { words[(at + 1) % words.len()].0 };
            let school = app.as_(Role::School, ["62001", "62002", "62005"][at % 3]);
            let mut body = supply(word, &[word, other]);
            body["headcount"] = json!(10 * (at + 1));
            post(&school, &body).await;
        }
        // Of a school as well, so that nothing waits.
        let mut wanted = demand();
        wanted["title"] = json!(if is_swapped { "welding 与 网店" } else { "焊接工，电子商务" });
        wanted["text"] = json!("");
        wanted["major_words"] = json!([]);
        let school = app.as_(Role::School, "62003");
        let of = post(&school, &wanted).await;
        let titles = |all: Vec<(u32, String)>| -> Vec<(u32, usize)> {
            let place = |title: &str| words.iter().position(|(one, other)| [*one, *other].contains(&title)).unwrap();
            all.into_iter().map(|(score, title)| (score, place(&title))).collect()
        };
        let first = ranking(&school, &of).await;
        assert_eq!(first, ranking(&school, &of).await);
        // Another instance, which has read them all anew.
        let twin = app.twin().await;
        assert_eq!(first, ranking(&twin.as_(Role::School, "62003"), &of).await);
        runs.push(titles(first));
    }
    assert!(runs[0].len() >= 2, "{runs:?}");
    assert_eq!(runs[0], runs[2], "synonyms");
    // Of equals the one that was posted first comes first, so the order of posting shows among them alone.
    let scores = |run: &[(u32, usize)]| {
        let mut sorted = run.to_vec();
        sorted.sort_by_key(|(score, place)| (std::cmp::Reverse(*score), *place));
        sorted
    };
    assert_eq!(scores(&runs[0]), scores(&runs[1]));
}

#[tokio::test]
async fn an_expired_one_is_gone_at_midnight_and_said_to_be_once() {
    let app = TestApp::new().await;
    let school = app.as_(Role::School, "62001");
    let mut body = supply("焊接", &["焊接"]);
    body["valid_until"] = json!(in_days(0));
    let row = post(&school, &body).await;
    let id = row.id.to_string();
    // The last second of the day, and the first of the next, in Shanghai.
    let last = (row.valid_until + TimeDelta::days(1)).and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::hours(8);
    for (at, sees) in [(last - TimeDelta::seconds(1), true), (last, false)] {
        let public = app.house.ctx(Actor { at, ..Actor::public() });
        assert_eq!(opportunities::get(&public, &id).await.is_ok(), sees, "{at}");
        let page = opportunities::list(&public, &Filter::default(), 10, None).await.unwrap();
        assert_eq!(page.total, u64::from(sees));
        let own = app.house.ctx(Actor { at, ..Actor::with(Role::School, Some("62001"), "test:SCHOOL", "test") });
        let seen = opportunities::get(&own, &id).await.unwrap();
        let state = if sees { Stands::Published } else { Stands::Expired };
        assert_eq!(opportunities::state(&seen, at), state);
        let filter = Filter { state: Some(vec!["expired".to_owned()]), ..Filter::default() };
        assert_eq!(opportunities::list(&own, &filter, 10, None).await.unwrap().total, u64::from(!sees));
    }
    // The day before yesterday for the job, which asks the clock.
    let past = opportunities::local_day(Utc::now()) - TimeDelta::days(2);
    opportunity::Entity::update_many()
        .col_expr(opportunity::Column::ValidUntil, sea_orm::sea_query::Expr::value(past))
        .filter(opportunity::Column::Id.eq(row.id))
        .exec(app.house.db.write())
        .await
        .unwrap();
    let (one, other) = (app.system(), app.twin().await);
    let (one, other) = tokio::join!(opportunities::expire(&one), async {
        let ctx = other.system();
        opportunities::expire(&ctx).await
    });
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(opportunities::expire(&app.system()).await.unwrap(), 0);
    let expired = journal::Entity::find().filter(journal::Column::Action.eq("opportunity.expired"));
    assert_eq!(expired.count(app.house.db.read()).await.unwrap(), 1);
    assert_eq!(opportunities::get(&school, &id).await.unwrap().state, Stands::Expired);
    // It stands again once its owner says until when.
    body["valid_until"] = json!(in_days(5));
    let again = opportunities::change(&school, &id, stated(&body), Some(&Match::Any)).await.unwrap();
    assert_eq!(again.state, Stands::Published);
    assert_eq!(again.published_at, row.published_at, "it was published first when it was");
}

#[tokio::test]
async fn a_digest_is_made_once_for_each_owner() {
    let app = TestApp::new().await;
    let (school, other) = (app.as_(Role::School, "62001"), app.as_(Role::School, "62005"));
    post(&school, &supply("焊接毕业生", &["焊接"])).await;
    post(&other, &demand()).await;
    let today = opportunities::digest(&school, None).await.unwrap();
    assert_eq!((today.total, today.matches.len()), (1, 1));
    assert_eq!(opportunities::digest(&app.as_(Role::School, "62002"), None).await.unwrap().total, 0);
    assert_eq!(opportunities::digest(&app.as_(Role::Province, "620000"), None).await.unwrap().total, 1);
    assert_eq!(opportunities::digest(&app.as_(Role::City, "620100"), None).await.unwrap().total, 1);
    // Yesterday's work: a day that is over.
    opportunity_match::Entity::update_many()
        .col_expr(opportunity_match::Column::FoundAt, sea_orm::sea_query::Expr::value(Utc::now() - TimeDelta::days(1)))
        .exec(app.house.db.write())
        .await
        .unwrap();
    let yesterday = in_days(-1);
    assert_eq!(opportunities::digest(&other, Some(&yesterday)).await.unwrap().total, 1);
    let twin = app.twin().await;
    let (mut done, mut its_own) = (HashSet::new(), HashSet::new());
    let (one, two) = (app.system(), twin.system());
    let (first, second) =
        tokio::join!(opportunities::make_digests(&one, &mut done), opportunities::make_digests(&two, &mut its_own));
    assert_eq!(first.unwrap() + second.unwrap(), 2, "one for each owner, whoever made it");
    assert_eq!(opportunities::make_digests(&app.system(), &mut HashSet::new()).await.unwrap(), 0);
    stage::sealed(&app).await;
    for (ctx, hears) in [(&school, 1), (&other, 1), (&app.as_(Role::School, "62002"), 0)] {
        let events = feed::read(ctx, feed::Place::default(), 1_000).await.unwrap();
        let made: Vec<_> = events.items.iter().filter(|event| event.kind == "digest.made").collect();
        assert_eq!(made.len(), hears);
        assert!(made.iter().all(|event| event.object == yesterday && event.data["matches"] == json!(1)));
    }
}

#[tokio::test]
async fn two_that_come_at_once_find_each_other() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    for round in 0..4 {
        let (one, other) = (app.as_(Role::School, "62001"), twin.as_(Role::School, "62005"));
        let (offered, wanted) = (supply("焊接毕业生", &["焊接"]), demand());
        let (supply, demand) = tokio::join!(post(&one, &offered), post(&other, &wanted));
        let found = opportunity_match::Entity::find()
            .filter(opportunity_match::Column::SupplyId.eq(supply.id))
            .filter(opportunity_match::Column::DemandId.eq(demand.id));
        assert_eq!(found.count(app.house.db.read()).await.unwrap(), 1, "round {round}");
    }
    let told = journal::Entity::find().filter(journal::Column::Action.eq("match.found"));
    let pairs = opportunity_match::Entity::find().count(app.house.db.read()).await.unwrap();
    assert_eq!(told.count(app.house.db.read()).await.unwrap(), pairs, "each pair is told once");
}

#[tokio::test]
async fn who_declines_says_why_and_who_waits_may_go() {
    let app = TestApp::new().await;
    let (school, other) = (app.as_(Role::School, "62001"), app.as_(Role::Enterprise, WORKS.0));
    let offer = post(&school, &supply("焊接毕业生", &["焊接"])).await;
    let third = app.as_(Role::School, "62005");
    let contact = Contact { telephone: Some("0937-1234567".to_owned()), ..Contact::default() };
    let id = offer.id.to_string();
    let telling = Express { note: Some("请回电 0937-1234567".to_owned()), contact: contact.clone() };
    let found = codes(interests::express(&other, &id, telling).await.unwrap_err());
    assert_eq!(found, [("contact_in_text".to_owned(), "/note".to_owned())]);
    let express = || Express { note: None, contact: contact.clone() };
    let one = interests::express(&other, &id, express()).await.unwrap().row;
    let two = interests::express(&third, &id, express()).await.unwrap().row;
    let any = Some(&Match::Any);
    let reason = Step::Decline(Some("名额已满".to_owned()));
    let declined = interests::take(&school, &one.id.to_string(), reason, any).await.unwrap();
    assert_eq!(declined.row.reason.as_deref(), Some("名额已满"));
    assert!(matches!(interests::contact(&other, &one.id.to_string()).await, Err(Error::Conflict(_))));
    interests::take(&third, &two.id.to_string(), Step::Withdraw, any).await.unwrap();
    let late = interests::take(&school, &two.id.to_string(), Step::Accept, any).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    // Each sees its own, the owner both.
    for (ctx, sees) in [(&other, vec![one.id]), (&third, vec![two.id]), (&school, vec![two.id, one.id])] {
        let page = interests::list(ctx, None, 10, None).await.unwrap();
        let ids: Vec<InterestId> = page.items.iter().map(|known| known.row.id).collect();
        assert_eq!(ids, sees);
    }
    // Contacts of several are told together, and only those that were agreed upon.
    let told = interests::contacts(&school, &[one.id, two.id]).await.unwrap();
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn lists_of_cities_and_owners_take_no_statement_each() {
    let app = TestApp::new().await;
    for org in ["62001", "62002", "62005"] {
        post(&app.as_(Role::School, org), &supply("焊接毕业生", &["焊接"])).await;
    }
    post(&app.as_(Role::School, "62003"), &demand()).await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let statements = async |query: &str| {
        let before = app.house.db.statements();
        Caller::data(province.graphql(query, json!({})).await);
        app.house.db.statements() - before
    };
    // Jobs ask in between now and then, so the fewest of some tries.
    let fewest = async |query: &str| {
        let mut fewest = u64::MAX;
        for _ in 0..5 {
            fewest = fewest.min(statements(query).await);
        }
        fewest
    };
    let one = fewest("{ city(code: \"620100\") { opportunities(first: 20) { key } } }").await;
    let all = fewest("{ cities { opportunities(first: 20) { key } } }").await;
    assert!(all <= one + 1, "{all} statements for all cities, {one} for one");
    let one =
        fewest("{ school(code: \"62001\") { opportunities(first: 5) { key matches(first: 3) { score opportunity { key } } } } }").await;
    let all =
        fewest("{ schools(first: 29) { nodes { opportunities(first: 5) { key matches(first: 3) { score opportunity { key } } } } } }")
            .await;
    assert!(all <= one + 1, "{all} statements for all schools, {one} for one");
    let data = Caller::data(
        province.graphql("{ cities { code opportunities(first: 1) { key } } enterprise(code: \"EEADEB0F3\") { opportunities { key } } }", json!({})).await,
    );
    assert!(data["cities"].as_array().unwrap().iter().any(|city| city["opportunities"].as_array().unwrap().len() == 1));
    server.stop().await;
}

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let app = TestApp::new().await;
    let school = app.as_(Role::School, "62001");
    let mut ids: Vec<OpportunityId> = Vec::new();
    for number in 0..5 {
        ids.push(post(&school, &supply(&format!("第 {number} 条"), &["焊接"])).await.id);
    }
    ids.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = opportunities::list(&app.anonymous(), &Filter::default(), 2, after).await.unwrap();
        assert_eq!(page.total, 5);
        seen.extend(page.items.iter().map(|row| row.id));
        after = page.items.last().map(|row| row.id);
        if !page.has_next {
            break;
        }
    }
    assert_eq!(seen, ids);
    let rows =
        opportunity::Entity::find().order_by_desc(opportunity::Column::Id).all(app.house.db.read()).await.unwrap();
    let stamps: HashSet<i64> = rows.iter().map(|row| row.stamp).collect();
    assert_eq!(stamps.len(), 5, "each change has a stamp of its own");
    let wrong = Filter { kind: Some(vec!["jobs".to_owned()]), side: Some("both".to_owned()), ..Filter::default() };
    let found = codes(opportunities::list(&school, &wrong, 10, None).await.unwrap_err());
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn who_is_interested_twice_at_once_has_said_so_once() {
    let app = TestApp::new().await;
    let (server, twin) = (app.serve().await, app.twin().await);
    let other = twin.serve().await;
    let offer = posted(&server.client("school-62001").await, &supply("焊接专业毕业生", &["焊接"])).await;
    let express = format!("{}/interests", at(&offer));
    let hello = json!({ "contact": { "telephone": HIDDEN[0] } });
    for school in ["school-62002", "school-62005", "enterprise-eeadeb0f3"] {
        let (one, same) = (server.client(school).await, other.client(school).await);
        let (first, second) = tokio::join!(one.post(&express, None, &hello), same.post(&express, None, &hello));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", first.text, second.text);
        problem(if first.status == 409 { &first } else { &second }, 409, "conflict");
    }
    let told = journal::Entity::find().filter(journal::Column::Action.eq("interest.expressed"));
    assert_eq!(told.count(app.house.db.read()).await.unwrap(), 3);
    other.stop().await;
    server.stop().await;
}
