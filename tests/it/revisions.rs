//! The history of a table: its revisions, what differs between them, and what waits for whom.

use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{
        precondition::Precondition,
        reviews::{self, Step},
        submissions::{Key, chain},
    },
};

use crate::{
    app::{Caller, Server, TestApp},
    stage,
    wire::problem,
};

const SCHOOL: &str = "62001";
const PERIOD: &str = "2031";
const PATH: &str = "/v1/schools/62001/submissions/talent/2031";

fn key() -> Key {
    Key::new(SCHOOL, "talent", PERIOD)
}

/// Takes a step as whoever may, on whatever is there.
async fn take(app: &TestApp, role: Role, org: &str, step: Step) {
    reviews::take(&app.as_(role, org), &key(), step, &Precondition::if_match(Some("*"))).await.unwrap();
}

async fn submit(app: &TestApp) {
    take(app, Role::School, SCHOOL, Step::Submit { justifications: Default::default() }).await;
}

fn back(reason: &str) -> Step {
    Step::Return { reason: reason.to_owned(), remarks: Vec::new() }
}

/// The figure of a revision, which stands nowhere else.
fn figure(number: u32) -> u32 {
    71_000_000 + number * 1_111
}

/// Five revisions: the city has had the first, both reviewers the third, nobody the second, and the fourth and
/// the fifth are being written.
async fn staged() -> TestApp {
    let app = TestApp::new().await;
    let push = async |number: u32| {
        let mut cells = stage::talent(figure(number));
        cells["talent.graduates"] = json!({ "value": figure(number), "note": format!("secret-{number}") });
        stage::push(&app, &key(), &cells).await;
    };
    push(1).await;
    submit(&app).await;
    take(&app, Role::City, "620100", back("too many")).await;
    push(2).await;
    push(3).await;
    submit(&app).await;
    take(&app, Role::City, "620100", Step::Approve).await;
    take(&app, Role::Province, "620000", back("not yet")).await;
    push(4).await;
    push(5).await;
    app
}

/// What a caller sees of the revisions by either door, as REST writes it.
async fn both(server: &Server, caller: &str, number: i32) -> (Value, String) {
    let caller = server.client(caller).await;
    let rest = caller.get(&format!("{PATH}/revisions/{number}")).await.expect(200);
    let query = "query ($n: Int!) { submission(school: \"62001\", dataset: \"talent\", period: \"2031\") { revisionAt(number: $n) {
        number createdAt hash chainHash author source against observations { indicator { code } value status note }
        findings { code } diff { indicator { code } change before { value status note } after { value status note } } } } }";
    let answer = caller.graphql(query, json!({ "n": number })).await;
    let text = format!("{} {answer}", rest.text);
    let graphql = Caller::data(answer)["submission"]["revisionAt"].clone();
    let rest = rest.json();
    for (one, other) in [
        ("number", "number"),
        ("hash", "hash"),
        ("chain_hash", "chainHash"),
        ("author", "author"),
        ("against", "against"),
    ] {
        assert_eq!(rest[one], graphql[other], "{one}");
    }
    let words = |value: &Value| {
        let all = value.as_array().cloned().unwrap_or_default();
        all.into_iter()
            .map(|mut one| {
                one["change"] = json!(one["change"].as_str().unwrap().to_lowercase());
                if one["indicator"].is_object() {
                    one["indicator"] = one["indicator"]["code"].take();
                }
                one
            })
            .collect::<Vec<Value>>()
    };
    assert_eq!(words(&rest["diff"]), words(&graphql["diff"]));
    assert_eq!(rest["observations"].is_object(), graphql["observations"].is_array());
    (rest, text)
}

/// The figures and notes of which revisions stand in a text.
fn told(text: &str) -> Vec<u32> {
    (1..=5)
        .filter(|number| text.contains(&figure(*number).to_string()) || text.contains(&format!("secret-{number}")))
        .collect()
}

#[tokio::test]
async fn a_school_sees_every_revision_and_what_each_changed() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let first = json!({ "talent.graduates": 900, "talent.placed": 800, "talent.monthly_income": 4000.5 });
    let second = json!({ "talent.graduates": 900, "talent.placed": { "value": 800, "note": "counted again" },
        "talent.monthly_income": { "status": "NOT_APPLICABLE" }, "talent.promotion_rate_3y": 44.01 });
    let third =
        json!({ "talent.graduates": 901, "talent.promotion_rate_3y": { "value": 44.01, "status": "ESTIMATED" } });
    for cells in [&first, &second, &third, &third] {
        let answer = school.put(PATH, Some("*"), &json!({ "observations": cells })).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
    let list = school.get(&format!("{PATH}/revisions")).await.expect(200).json();
    let all = list["revisions"].as_array().unwrap();
    let numbers: Vec<i64> = all.iter().map(|one| one["number"].as_i64().unwrap()).collect();
    assert_eq!((numbers, &list["next"]), (vec![3, 2, 1], &Value::Null), "newest first, and the same again is none");
    let mut before = String::new();
    for one in all.iter().rev() {
        let hash = one["hash"].as_str().unwrap();
        before = chain(hash, &before);
        assert_eq!(one["chain_hash"], before);
        assert_eq!((&one["source"], one["author"].as_str().unwrap().starts_with("client:")), (&json!("rest"), true));
        assert!(one["created_at"].is_string() && one.get("observations").is_none() && one.get("diff").is_none());
    }
    assert_eq!(school.get(PATH).await.json()["hash"], all[0]["hash"]);

    let (two, _) = both(&server, "school-62001", 2).await;
    assert_eq!(two["against"], 1);
    assert_eq!(
        two["diff"],
        json!([
            { "indicator": "talent.placed", "change": "changed",
              "before": { "value": 800, "status": "REPORTED", "note": null },
              "after": { "value": 800, "status": "REPORTED", "note": "counted again" } },
            { "indicator": "talent.monthly_income", "change": "changed",
              "before": { "value": 4000.5, "status": "REPORTED", "note": null },
              "after": { "value": null, "status": "NOT_APPLICABLE", "note": null } },
            { "indicator": "talent.promotion_rate_3y", "change": "added", "before": null,
              "after": { "value": 44.01, "status": "REPORTED", "note": null } },
        ])
    );
    assert_eq!(
        two["observations"]["talent.placed"],
        json!({ "value": 800, "status": "REPORTED", "note": "counted again" })
    );
    let (one, _) = both(&server, "school-62001", 1).await;
    assert_eq!((&one["against"], one["diff"].as_array().unwrap().len()), (&Value::Null, 3), "all is new after nothing");
    assert!(one["diff"].as_array().unwrap().iter().all(|cell| cell["change"] == "added"));
    // Between any two, forwards and backwards; to itself nothing.
    let against = async |number: i32, other: i32| {
        let answer = school.get(&format!("{PATH}/revisions/{number}?against={other}")).await.expect(200).json();
        assert_eq!(answer["against"], other);
        let cells = answer["diff"].as_array().unwrap().iter().map(|one| {
            format!(
                "{} {}",
                one["change"].as_str().unwrap(),
                one["indicator"].as_str().unwrap().split_once('.').unwrap().1
            )
        });
        cells.collect::<Vec<_>>()
    };
    assert_eq!(
        against(3, 1).await,
        ["changed graduates", "removed placed", "removed monthly_income", "added promotion_rate_3y"]
    );
    assert_eq!(
        against(1, 3).await,
        ["changed graduates", "added placed", "added monthly_income", "removed promotion_rate_3y"]
    );
    assert!(against(2, 2).await.is_empty());
    let query = "{ submission(school: \"62001\", dataset: \"talent\", period: \"2031\") {
        it: diff(from: 1, to: 3) { change indicator { code } } none: diff(from: 1, to: 4) { change } zero: diff(from: 0, to: 1) { change } } }";
    let data = Caller::data(school.graphql(query, json!({})).await)["submission"].clone();
    assert_eq!((data["it"].as_array().unwrap().len(), &data["none"], &data["zero"]), (4, &Value::Null, &Value::Null));

    for path in [
        "revisions/0",
        "revisions/4",
        "revisions/-1",
        "revisions/x",
        "revisions/99999999999",
        "revisions/1?against=4",
        "revisions/1?against=0",
    ] {
        problem(&school.get(&format!("{PATH}/{path}")).await, 404, "not-found");
    }
    problem(&school.get(&format!("{PATH}/revisions/1?against=x")).await, 400, "malformed");
    problem(&school.get(&format!("{PATH}/revisions/1?agianst=1")).await, 400, "malformed");
    server.stop().await;
}

#[tokio::test]
async fn the_history_is_paged_by_both_doors() {
    let app = TestApp::new().await;
    for number in 1..=5 {
        stage::push(&app, &key(), &stage::talent(1_000 + number)).await;
    }
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let (mut rest, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = school.get(&format!("{PATH}/revisions?limit=2{cursor}")).await.expect(200).json();
        rest.push(
            page["revisions"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect::<Vec<_>>(),
        );
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(rest, [vec![5, 4], vec![3, 2], vec![1]]);
    let query = "query ($after: String) { submission(school: \"62001\", dataset: \"talent\", period: \"2031\") {
        revisions(first: 2, after: $after) { totalCount nodes { number } pageInfo { hasNextPage hasPreviousPage endCursor } } } }";
    let (mut graphql, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = Caller::data(school.graphql(query, json!({ "after": after })).await);
        let page = &data["submission"]["revisions"];
        assert_eq!((&page["totalCount"], &page["pageInfo"]["hasPreviousPage"]), (&json!(5), &json!(!after.is_null())));
        graphql.push(
            page["nodes"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect::<Vec<_>>(),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(graphql, rest);
    for (query, code) in [
        ("limit=0", "page_size"),
        ("limit=1001", "page_size"),
        ("cursor=x", "cursor"),
        ("cursor=NjIwMDEfc2NhbGU", "cursor"),
    ] {
        let said = problem(&school.get(&format!("{PATH}/revisions?{query}")).await, 422, "invalid");
        assert_eq!(said["errors"][0]["code"], code, "{query}");
    }
    server.stop().await;
}

/// What a reviewer has had before it stays; what it never had is a number and a date.
#[tokio::test]
async fn a_reviewer_sees_what_was_put_before_it_and_no_draft() {
    let app = staged().await;
    let server = app.serve().await;
    for (caller, seen) in [("school-62001", &[1, 2, 3, 4, 5][..]), ("city-620100", &[1, 3]), ("province-620000", &[3])]
    {
        let client = server.client(caller).await;
        let list = client.get(&format!("{PATH}/revisions")).await.expect(200);
        let own = server.client("school-62001").await.get(&format!("{PATH}/revisions")).await.json();
        assert_eq!(list.json()["revisions"].as_array().unwrap().len(), 5, "{caller}");
        for (one, whole) in
            list.json()["revisions"].as_array().unwrap().iter().zip(own["revisions"].as_array().unwrap())
        {
            let number = one["number"].as_i64().unwrap();
            if seen.contains(&number) {
                assert_eq!(one["hash"], whole["hash"], "{caller} {number}");
                // The chain holds the hashes before it, and with a hidden one among them it is a way to test guesses.
                let is_whole = (1..=number).all(|before| seen.contains(&before));
                assert_eq!(one.get("chain_hash").is_some(), is_whole, "{caller} {number}");
            } else {
                assert_eq!(*one, json!({ "number": number, "created_at": whole["created_at"] }), "{caller}");
                for word in ["hash", "chain_hash"] {
                    assert!(!list.text.contains(whole[word].as_str().unwrap()), "{caller} {number} {word}");
                }
            }
        }
        for number in 1..=5_i64 {
            let (view, text) = both(&server, caller, i32::try_from(number).unwrap()).await;
            let before = seen.iter().copied().filter(|before| *before < number).max();
            if !seen.contains(&number) {
                assert_eq!(
                    view,
                    json!({ "number": number, "created_at": own["revisions"][5 - usize::try_from(number).unwrap()]["created_at"] })
                );
                assert!(told(&text).is_empty(), "{caller} {number}: {text}");
                continue;
            }
            let figures: Vec<u32> =
                before.into_iter().chain([number]).map(|number| u32::try_from(number).unwrap()).collect();
            assert_eq!(told(&text), figures, "{caller} {number}: the diff is to what the caller has seen");
            assert_eq!(view["against"], json!(before), "{caller} {number}");
        }
        // No comparison leads round it.
        for number in 1..=5 {
            for other in 1..=5 {
                let is_open = seen.contains(&number) && seen.contains(&other);
                let answer = client.get(&format!("{PATH}/revisions/{number}?against={other}")).await;
                assert_eq!(
                    answer.status,
                    if is_open { 200 } else { 403 },
                    "{caller} {number} {other}: {}",
                    answer.text
                );
                let query = format!(
                    "{{ submission(school: \"62001\", dataset: \"talent\", period: \"2031\") {{ diff(from: {other}, to: {number}) {{ change before {{ value note }} after {{ value note }} }} }} }}"
                );
                let graphql = client.graphql(&query, json!({})).await;
                assert_eq!(graphql["data"]["submission"]["diff"].is_array(), is_open, "{caller}: {graphql}");
                let allowed: Vec<u32> = seen.iter().map(|one| u32::try_from(*one).unwrap()).collect();
                let is = told(&format!("{} {graphql}", answer.text));
                assert!(is.iter().all(|one| allowed.contains(one)), "{caller} {number} {other}: {is:?}");
            }
        }
        // The table itself is with the school again.
        assert_eq!(client.get(PATH).await.json().get("hash").is_some(), caller.starts_with("school"), "{caller}");
    }
    for caller in ["school-62002", "city-620500", "analyst", "admin"] {
        let client = server.client(caller).await;
        for path in ["revisions", "revisions/1", "revisions/1?against=3", "revisions/9"] {
            problem(&client.get(&format!("{PATH}/{path}")).await, 404, "not-found");
        }
    }
    problem(&server.anonymous().get(&format!("{PATH}/revisions")).await, 401, "unauthenticated");
    server.stop().await;
}

/// Where a table stands, and nothing of what it says.
#[tokio::test]
async fn the_list_says_what_waits_for_whom() {
    use entity::words::SubmissionState as State;
    let app = TestApp::new().await;
    for (school, state) in [
        ("62001", State::Draft),
        ("62002", State::Submitted),
        ("62004", State::Approved),
        ("62007", State::Returned),
        ("62005", State::Submitted),
        ("62010", State::Accepted),
    ] {
        stage::bring(&app, &Key::new(school, "talent", PERIOD), &stage::talent(9_000), state).await;
    }
    let server = app.serve().await;
    let ask = async |caller: &str, query: &str| {
        let answer = server.client(caller).await.get(&format!("/v1/submissions?{query}")).await.expect(200);
        let rows = answer.json()["submissions"].as_array().unwrap().clone();
        let short = |row: &Value| {
            format!(
                "{} {} {} {}",
                row["school"].as_str().unwrap(),
                row["state"].as_str().unwrap(),
                row["waits_for"].as_str().unwrap_or("-"),
                row.get("etag").is_some()
            )
        };
        rows.iter().map(short).collect::<Vec<_>>()
    };
    assert_eq!(
        ask("province-620000", "period=2031").await,
        [
            "62001 draft school false",
            "62002 submitted city false",
            "62004 approved province true",
            "62005 submitted city false",
            "62007 returned school false",
            "62010 accepted - true",
        ]
    );
    assert_eq!(
        ask("city-620100", "period=2031").await,
        [
            "62001 draft school false",
            "62002 submitted city true",
            "62004 approved province true",
            "62007 returned school false"
        ]
    );
    assert_eq!(ask("school-62001", "period=2031").await, ["62001 draft school true"]);
    // Several words, by commas or by repetition; empty is not asked; filters narrow together.
    assert_eq!(ask("province-620000", "period=2031&state=draft,returned&dataset=").await.len(), 2);
    assert_eq!(ask("province-620000", "period=2031&state=draft&state=returned,approved").await.len(), 3);
    assert_eq!(ask("province-620000", "period=2031,2030&city=620500&dataset=talent,scale").await.len(), 2);
    assert_eq!(
        ask("province-620000", "period=2031&school=62001,62010&state=accepted").await,
        ["62010 accepted - true"]
    );
    assert!(ask("city-620100", "period=2031&school=62005").await.is_empty(), "a filter widens no scope");

    // Pages, in the order of the keys.
    let province = server.client("province-620000").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = province.get(&format!("/v1/submissions?period=2031&limit=4{cursor}")).await.expect(200).json();
        seen.extend(
            page["submissions"].as_array().unwrap().iter().map(|row| row["school"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["62001", "62002", "62004", "62005", "62007", "62010"]);
    let row = province.get("/v1/submissions?period=2031&school=62004").await.json()["submissions"][0].clone();
    assert_eq!((&row["dataset"], &row["period"], &row["revision"]), (&json!("talent"), &json!(PERIOD), &json!(1)));
    let unseen = province.get("/v1/submissions?period=2031&state=draft").await.json()["submissions"].clone();
    assert!(unseen.as_array().unwrap().iter().all(|row| row.get("revision").is_none()), "{unseen}");
    assert!(!unseen.as_array().unwrap().is_empty());
    let table = province.get("/v1/schools/62004/submissions/talent/2031").await;
    assert_eq!((row["etag"].as_str(), &row["updated_at"]), (table.header("etag"), &table.json()["updated_at"]));
    assert!(row.get("observations").is_none());
    // GraphQL says the same.
    let query = "{ submissions(filter: { period: [\"2031\"] }) { nodes { school { code } waitsFor } } }";
    let nodes = Caller::data(province.graphql(query, json!({})).await)["submissions"]["nodes"].clone();
    let sides: Vec<&Value> = nodes.as_array().unwrap().iter().map(|one| &one["waitsFor"]).collect();
    assert_eq!(json!(sides), json!(["SCHOOL", "CITY", "PROVINCE", "CITY", "SCHOOL", null]));

    // Everything that is wrong, at once.
    let wrong = "state=draft,open&dataset=talents&period=31&city=999999&school=1,62001&limit=0&cursor=x";
    let said = problem(&province.get(&format!("/v1/submissions?{wrong}")).await, 422, "invalid");
    let mut codes: Vec<(&str, &str)> = said["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            ("/city", "unknown_city"),
            ("/cursor", "cursor"),
            ("/dataset", "unknown_dataset"),
            ("/limit", "page_size"),
            ("/period", "period_form"),
            ("/school", "unknown_school"),
            ("/state", "unknown_state"),
        ]
    );
    for query in ["limit=x", "stat=draft"] {
        problem(&province.get(&format!("/v1/submissions?{query}")).await, 400, "malformed");
    }
    server.stop().await;
}

/// What a school takes back before a reviewer has acted is its own again, as if it had never been sent.
#[tokio::test]
async fn what_was_taken_back_was_never_put_before_the_reviewer() {
    let app = TestApp::new().await;
    stage::push(&app, &key(), &stage::talent(figure(1))).await;
    submit(&app).await;
    let server = app.serve().await;
    let (school, city) = (server.client("school-62001").await, server.client("city-620100").await);
    let first = async || city.get(&format!("{PATH}/revisions/1")).await;
    assert!(first().await.expect(200).text.contains(&figure(1).to_string()), "while it waits the city reads it");
    take(&app, Role::School, SCHOOL, Step::Recall).await;
    let hidden = first().await.expect(200);
    assert!(!hidden.text.contains(&figure(1).to_string()), "{}", hidden.text);
    assert!(hidden.json()["hash"].is_null() && hidden.json()["observations"].is_null(), "{}", hidden.text);
    assert!(school.get(&format!("{PATH}/revisions/1")).await.expect(200).text.contains(&figure(1).to_string()));
    // What was judged once stays judged, whatever is taken back later.
    submit(&app).await;
    take(&app, Role::City, "620100", back("look again")).await;
    submit(&app).await;
    take(&app, Role::School, SCHOOL, Step::Recall).await;
    assert!(first().await.expect(200).text.contains(&figure(1).to_string()));
    server.stop().await;
}
