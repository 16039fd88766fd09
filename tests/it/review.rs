//! What a reviewer needs in one query, and that it gives nothing away by it.

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    ctx::Ctx,
    domain::{
        keys,
        precondition::Precondition,
        reviews::{self, Step},
        submissions::{Key, Remark, review as peers},
        synth,
    },
    formats::document::Status,
    graphql::request::{GraphqlRequest, execute},
};

use crate::{
    app::{Caller, Server, TestApp},
    stage,
};

const REVIEW: &str = "review { findings { code severity justification }
    sinceAccepted { indicator { code } change before { value period { code } } after { value period { code } } }
    sinceLastYear { indicator { code } change before { value period { code } } after { value } }
    peers { indicator { code } value city { median schools status reason } category { median schools status reason } }
    returns { from to by revision at reason cells { indicator { code } remark } } }";

async fn review(caller: &Caller, [school, dataset, period]: [&str; 3]) -> Value {
    let query = format!(
        "{{ submission(school: \"{school}\", dataset: \"{dataset}\", period: \"{period}\") {{ state {REVIEW} }} }}"
    );
    Caller::data(caller.graphql(&query, json!({})).await)["submission"].clone()
}

fn any() -> Precondition {
    Precondition::if_match(Some("*"))
}

async fn take(app: &TestApp, key: &Key, role: Role, org: &str, step: Step) {
    reviews::take(&app.as_(role, org), key, step, &any()).await.unwrap();
}

fn back(reason: &str, indicator: &str, remark: &str) -> Step {
    let remarks = vec![Remark { indicator: indicator.to_owned(), remark: remark.to_owned() }];
    Step::Return { reason: reason.to_owned(), remarks }
}

/// Changes of a diff as words: what, from what, to what.
fn words(diff: &Value) -> Vec<String> {
    let one = |cell: &Value| {
        format!(
            "{} {} {} {}",
            cell["indicator"]["code"].as_str().unwrap(),
            cell["change"].as_str().unwrap(),
            cell["before"]["value"],
            cell["after"]["value"]
        )
    };
    diff.as_array().unwrap_or_else(|| panic!("{diff}")).iter().map(one).collect()
}

/// A table with all that a review can hold: last year, an accepted revision, returns by both, a warning with its word.
#[tokio::test]
async fn one_query_has_all_that_a_reviewer_needs() {
    let app = TestApp::new().await;
    let key = Key::new("62001", "talent", "2031");
    stage::bring(&app, &Key::new("62001", "talent", "2030"), &stage::talent(9_900), State::Accepted).await;
    stage::bring(&app, &key, &stage::talent(10_000), State::Accepted).await;
    take(&app, &key, Role::Province, "620000", Step::Reopen { reason: "an error was found".to_owned() }).await;
    let mut cells = stage::talent(10_100);
    cells["talent.monthly_income"] = json!(8000);
    let submit = async |cells: &Value| {
        let pushed = stage::push(&app, &key, cells).await;
        let findings = pushed.table.content.unwrap().findings;
        let justifications = findings.into_iter().map(|one| (one.code, "wages rose".to_owned())).collect();
        take(&app, &key, Role::School, "62001", Step::Submit { justifications }).await;
    };
    submit(&cells).await;
    take(&app, &key, Role::City, "620100", back("look again", "talent.graduates", "10,100?")).await;
    cells["talent.graduates"] = json!(10_200);
    submit(&cells).await;
    take(&app, &key, Role::City, "620100", Step::Approve).await;
    take(&app, &key, Role::Province, "620000", back("and the income", "talent.monthly_income", "twice as much")).await;
    cells["talent.graduates"] = json!(10_300);
    submit(&cells).await;
    take(&app, &key, Role::City, "620100", Step::Approve).await;
    let server = app.serve().await;

    let mut all = Vec::new();
    for caller in ["school-62001", "city-620100", "province-620000"] {
        let table = review(&server.client(caller).await, ["62001", "talent", "2031"]).await;
        let review = &table["review"];
        assert_eq!(table["state"], "APPROVED");
        assert_eq!(
            review["findings"],
            json!([{ "code": "talent.monthly_income.change", "severity": "WARNING", "justification": "wages rose" }]),
            "{caller}"
        );
        assert_eq!(
            words(&review["sinceAccepted"]),
            [
                "talent.graduates CHANGED 10000 10300",
                "talent.placed CHANGED 9900 10000",
                "talent.monthly_income CHANGED 4012.5 8000"
            ],
            "{caller}"
        );
        assert_eq!(review["sinceAccepted"][0]["before"]["period"]["code"], "2031");
        assert_eq!(
            words(&review["sinceLastYear"]),
            [
                "talent.graduates CHANGED 9900 10300",
                "talent.placed CHANGED 9800 10000",
                "talent.monthly_income CHANGED 4012.5 8000"
            ],
            "{caller}"
        );
        assert_eq!(review["sinceLastYear"][0]["before"]["period"]["code"], "2030");
        let returns = review["returns"].as_array().unwrap();
        let sides: Vec<Value> = returns.iter().map(|one| json!([one["by"], one["from"], one["revision"]])).collect();
        assert_eq!(
            json!(sides),
            json!([["PROVINCE", "ACCEPTED", 1], ["CITY", "SUBMITTED", 2], ["PROVINCE", "APPROVED", 3]]),
            "{caller}"
        );
        assert_eq!(returns[2]["reason"], "and the income");
        assert_eq!(
            returns[2]["cells"][0],
            json!({ "indicator": { "code": "talent.monthly_income" }, "remark": "twice as much" })
        );
        all.push(review.clone());
    }
    // The city's words were about a revision that never came before the province, and may quote it.
    for (at, words) in [(0, json!("look again")), (1, json!("look again")), (2, Value::Null)] {
        assert_eq!(all[at]["returns"][1]["reason"], words);
        assert_eq!(all[at]["returns"][1]["cells"].as_array().unwrap().is_empty(), words.is_null());
    }
    // Where there is nothing to compare with there is no comparison, and where nothing differs an empty one.
    stage::bring(&app, &Key::new("62002", "talent", "2031"), &stage::talent(9_000), State::Accepted).await;
    let other = review(&server.client("city-620100").await, ["62002", "talent", "2031"]).await;
    assert_eq!((&other["review"]["sinceLastYear"], &other["review"]["sinceAccepted"]), (&Value::Null, &json!([])));
    // What is not one's turn is not there.
    stage::push(&app, &Key::new("62002", "talent", "2032"), &stage::talent(9_000)).await;
    for caller in ["city-620100", "province-620000"] {
        let table = review(&server.client(caller).await, ["62002", "talent", "2032"]).await;
        assert_eq!(table, json!({ "state": "DRAFT", "review": null }), "{caller}");
    }
    server.stop().await;
}

/// Last year's table is compared with as far as the caller may see it.
#[tokio::test]
async fn last_year_is_what_the_caller_may_see_of_it() {
    let app = TestApp::new().await;
    let last = Key::new("62001", "talent", "2030");
    stage::bring(&app, &last, &stage::talent(7_700), State::Returned).await;
    stage::push(&app, &last, &stage::talent(7_800)).await;
    stage::bring(&app, &Key::new("62001", "talent", "2031"), &stage::talent(8_000), State::Approved).await;
    let server = app.serve().await;
    let first = async |caller: &str| {
        let table = review(&server.client(caller).await, ["62001", "talent", "2031"]).await;
        table["review"]["sinceLastYear"][0]["before"]["value"].clone()
    };
    // The school its newest, the city what it returned, the province nothing of it.
    assert_eq!(first("school-62001").await, 7_800);
    assert_eq!(first("city-620100").await, 7_700);
    assert_eq!(first("province-620000").await, Value::Null);
    // Once something of it is accepted that counts, also for the school that corrects it.
    stage::bring(&app, &last, &stage::talent(7_900), State::Accepted).await;
    stage::bring(&app, &last, &stage::talent(7_950), State::Draft).await;
    for caller in ["school-62001", "city-620100", "province-620000"] {
        assert_eq!(first(caller).await, 7_900, "{caller}");
    }
    server.stop().await;
}

/// Protected lines of four schools of Lanzhou, three of Tianshui and one of Jiuquan.
const REPORTING: &[(&str, f64)] = &[
    ("62001", 20.5),
    ("62002", 21.25),
    ("62004", 30.75),
    ("62007", 17.75),
    ("62005", 18.25),
    ("62006", 19.5),
    ("62010", 40.5),
    ("62016", 25.5),
];

const FLOOR: &str = "conditions.floor_area_per_student";

/// The peers of a line.
fn line(table: &Value, code: &str) -> Value {
    let peers = table["review"]["peers"].as_array().unwrap_or_else(|| panic!("{table}"));
    peers.iter().find(|one| one["indicator"]["code"] == code).unwrap().clone()
}

fn figures(group: &Value) -> Value {
    json!([group["median"], group["schools"], group["status"]])
}

async fn published() -> TestApp {
    let app = TestApp::new().await;
    for (school, floor_area) in REPORTING {
        let key = Key::new(school, "conditions", "2023");
        stage::bring(&app, &key, &stage::conditions(*floor_area), State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    app
}

/// What `aggregate` answers the same caller: of the group with this key, or the code of its refusal.
async fn aggregate(caller: &Caller, release: Option<&str>, indicator: &str, by: &str, key: &str) -> Value {
    let query = "query ($input: AggregateInput!) { aggregate(input: $input) { groups { city { code } category cells { median schools status } } } }";
    let input = json!({ "indicators": [indicator], "period": "2023", "groupBy": [by], "release": release });
    let answer = caller.graphql(query, json!({ "input": input })).await;
    if let Some(error) = answer["errors"].get(0) {
        return error["extensions"]["code"].clone();
    }
    let groups = answer["data"]["aggregate"]["groups"].as_array().unwrap();
    let group = groups.iter().find(|one| one["city"]["code"] == key || one["category"] == key).unwrap();
    figures(&group["cells"][0])
}

/// Officials are told of their own schools, everybody else what a release tells everybody.
#[tokio::test]
async fn peers_are_told_what_aggregate_tells_and_no_more() {
    let app = published().await;
    let server = app.serve().await;
    let (school, city, category) = (["62001", "conditions", "2023"], "620100", "SCIENCE_ENGINEERING");

    // The province: all of both, from what is accepted.
    let province = server.client("province-620000").await;
    let floor = line(&review(&province, school).await, FLOOR);
    assert_eq!(floor["value"], 20.5);
    assert_eq!(figures(&floor["city"]), json!([20.875, 4, "REPORTED"]));
    // 20.5, 21.25, 17.75, 19.5, 40.5: Lanzhou's and Tianshui's of that field.
    assert_eq!(figures(&floor["category"]), json!([20.5, 5, "REPORTED"]));
    for (group, by, key) in [("city", "CITY", city), ("category", "CATEGORY", category)] {
        assert_eq!(figures(&floor[group]), aggregate(&province, Some("live"), FLOOR, by, key).await);
        assert_eq!(floor[group]["reason"], Value::Null);
    }

    // The city: all of its own, and of the field in the province only what is published, which is nothing.
    let officer = server.client("city-620100").await;
    let floor = line(&review(&officer, school).await, FLOOR);
    assert_eq!(figures(&floor["city"]), aggregate(&officer, Some("live"), FLOOR, "CITY", city).await);
    assert_eq!(figures(&floor["city"]), json!([20.875, 4, "REPORTED"]));
    assert_eq!(aggregate(&officer, None, FLOOR, "CATEGORY", category).await, "FORBIDDEN");
    assert_eq!(figures(&floor["category"]), json!([null, null, "SUPPRESSED"]));
    assert!(floor["category"]["reason"].as_str().unwrap().contains(FLOOR), "{floor}");

    // A school: the published partition and nothing else, also of its own city.
    let own = server.client("school-62001").await;
    let floor = line(&review(&own, school).await, FLOOR);
    assert_eq!(floor["value"], 20.5);
    assert_eq!(figures(&floor["city"]), aggregate(&own, None, FLOOR, "CITY", city).await);
    assert_eq!(figures(&floor["category"]), json!([null, null, "SUPPRESSED"]));

    // Tianshui is suppressed with Jiuquan: its school is told so, its officer is told all.
    let tianshui = ["62005", "conditions", "2023"];
    let own = server.client("school-62005").await;
    let floor = line(&review(&own, tianshui).await, FLOOR);
    assert_eq!((&floor["value"], figures(&floor["city"])), (&json!(18.25), json!([null, null, "SUPPRESSED"])));
    assert_eq!(figures(&floor["city"]), aggregate(&own, None, FLOOR, "CITY", "620500").await);
    assert!(floor["city"]["reason"].is_string());
    let floor = line(&review(&server.client("city-620500").await, tianshui).await, FLOOR);
    assert_eq!(figures(&floor["city"]), json!([19.5, 3, "REPORTED"]));

    // Every line, as `aggregate` answers it to the same caller.
    for caller in ["school-62001", "city-620100", "province-620000"] {
        let client = server.client(caller).await;
        let table = review(&client, school).await;
        for one in table["review"]["peers"].as_array().unwrap() {
            let code = one["indicator"]["code"].as_str().unwrap();
            let release = (!caller.starts_with("school")).then_some("live");
            assert_eq!(figures(&one["city"]), aggregate(&client, release, code, "CITY", city).await, "{caller} {code}");
        }
        assert_eq!(table["review"]["peers"].as_array().unwrap().len(), 6, "{caller}");
    }

    // What is public is public: the school and the city learn the published medians of the whole field.
    for caller in ["school-62001", "city-620100"] {
        let client = server.client(caller).await;
        let students = line(&review(&client, ["62001", "scale", "2023"]).await, "scale.students");
        let told = aggregate(&client, None, "scale.students", "CATEGORY", category).await;
        assert_eq!((figures(&students["category"]), &students["category"]["reason"]), (told, &Value::Null), "{caller}");
        assert!(students["category"]["median"].is_number(), "{caller}");
    }
    server.stop().await;
}

/// What is accepted counts for officials at once, and for everybody else when it is published.
#[tokio::test]
async fn officials_are_told_what_is_accepted_and_others_what_is_published() {
    let app = published().await;
    stage::bring(&app, &Key::new("62008", "conditions", "2023"), &stage::conditions(10.25), State::Accepted).await;
    let server = app.serve().await;
    // 10.25, 17.75, 20.5, 21.25, 30.75
    for (caller, told) in [
        ("province-620000", json!([20.5, 5, "REPORTED"])),
        ("city-620100", json!([20.5, 5, "REPORTED"])),
        ("school-62001", json!([20.875, 4, "REPORTED"])),
    ] {
        let table = review(&server.client(caller).await, ["62001", "conditions", "2023"]).await;
        assert_eq!(figures(&line(&table, FLOOR)["city"]), told, "{caller}");
    }
    server.stop().await;
}

/// Before it submits a school sees where its anonymous peers lie, of the last period that is published.
#[tokio::test]
async fn a_school_compares_itself_before_it_submits() {
    let app = published().await;
    let scale = json!({ "scale.students": 12_345, "scale.intake": 4_000, "scale.graduates": 3_000 });
    for school in ["62001", "62016"] {
        stage::bring(&app, &Key::new(school, "scale", "2024"), &scale, State::Draft).await;
    }
    stage::bring(&app, &Key::new("62001", "conditions", "2024"), &stage::conditions(30.5), State::Draft).await;
    let server = app.serve().await;
    let own = server.client("school-62001").await;
    let path = "/v1/schools/62001/submissions/scale/2024/peers";
    let told = own.get(path).await.expect(200).json();
    let line = |told: &Value, code: &str| {
        let all = told["indicators"].as_array().unwrap_or_else(|| panic!("{told}"));
        all.iter().find(|one| one["indicator"] == code).unwrap_or_else(|| panic!("{code}: {told}")).clone()
    };
    let students = line(&told, "scale.students");
    assert_eq!((&students["value"], &students["category"]["period"]), (&json!(12_345), &json!("2023")));
    let query = "{ aggregate(input: { indicators: [\"scale.students\"], period: \"2023\", groupBy: [CATEGORY] }) {
        groups { category cells { p25 median p75 schools status } } } }";
    let groups = Caller::data(own.graphql(query, json!({})).await)["aggregate"]["groups"].clone();
    let of = |category: &str| {
        groups.as_array().unwrap().iter().find(|one| one["category"] == category).unwrap()["cells"][0].clone()
    };
    let expected = of("SCIENCE_ENGINEERING");
    for name in ["p25", "median", "p75", "schools", "status"] {
        assert_eq!(students["category"][name], expected[name], "{name}");
        assert!(!expected[name].is_null(), "{name}");
    }
    // The same by GraphQL.
    let query =
        "{ submission(school: \"62001\", dataset: \"scale\", period: \"2024\") { peers { indicator { code } value
        category { p25 median p75 schools period { code } status } city { p25 median p75 schools status } } } }";
    let data = Caller::data(own.graphql(query, json!({})).await)["submission"]["peers"].clone();
    let graph = data.as_array().unwrap().iter().find(|one| one["indicator"]["code"] == "scale.students").unwrap();
    for (group, name) in [("category", "p25"), ("category", "p75"), ("category", "median"), ("city", "p75")] {
        assert_eq!(graph[group][name], students[group][name], "{group} {name}");
    }
    assert_eq!((&graph["value"], &graph["category"]["period"]["code"]), (&json!(12_345), &json!("2023")));

    // Protected: nothing of its field, and of its city the line's own statistic, the median.
    let told = own.get("/v1/schools/62001/submissions/conditions/2024/peers").await.expect(200).json();
    let floor = line(&told, FLOOR);
    assert_eq!(floor["category"]["status"], "SUPPRESSED");
    assert!(floor["category"]["median"].is_null() && floor["category"]["reason"].as_str().unwrap().contains(FLOOR));
    let city = &floor["city"];
    assert_eq!(json!([city["median"], city["schools"], city["status"]]), json!([20.875, 4, "REPORTED"]), "{floor}");
    assert!(city["p25"].is_null() && city["p75"].is_null(), "{floor}");

    // Peers that could be told apart are none: a city or a field of one or two schools, although the figures are public.
    let key = Key::new("62016", "scale", "2024");
    let told = peers::compared(&app.as_(Role::School, "62016"), &key).await.unwrap();
    let alone = told.into_iter().find(|one| one.indicator == "scale.students").unwrap();
    assert_eq!((alone.value.as_deref(), alone.city.median, alone.city.schools), (Some("12345"), None, None));
    assert!(alone.city.status == Status::Suppressed && alone.city.reason.is_some(), "{alone:?}");
    assert!(alone.category.schools.is_some_and(|schools| schools >= 3), "{alone:?}");

    // Its official sees the peers of a draft, and not what the draft says; no other school sees anything.
    let officer = server.client("city-620100").await.get(path).await.expect(200).json();
    assert!(line(&officer, "scale.students")["value"].is_null());
    server.client("school-62002").await.get(path).await.expect(404);
    server.anonymous().get(path).await.expect(401);
    server.stop().await;
}

/// A figure that nobody has accepted is in no median, whoever asks; and a draft is in nobody's answer.
#[tokio::test]
async fn a_draft_is_in_no_median_and_in_no_answer() {
    let app = published().await;
    let server = app.serve().await;
    let callers = ["school-62001", "school-62002", "city-620100", "province-620000"];
    let ask = async || {
        let mut all = Vec::new();
        for caller in callers {
            let client = server.client(caller).await;
            for school in ["62001", "62002"] {
                all.push(review(&client, [school, "conditions", "2023"]).await["review"]["peers"].to_string());
            }
        }
        all
    };
    let before = ask().await;
    // 62004 is opened again and corrects its figure, 62008 begins; 62009 puts its first before the city.
    stage::bring(&app, &Key::new("62004", "conditions", "2023"), &stage::conditions(88.77), State::Draft).await;
    stage::bring(&app, &Key::new("62008", "conditions", "2023"), &stage::conditions(88.76), State::Draft).await;
    stage::bring(&app, &Key::new("62009", "conditions", "2023"), &stage::conditions(88.75), State::Submitted).await;
    assert_eq!(ask().await, before);
    let query = format!(
        "{{ submissions(first: 12, filter: {{ dataset: [\"conditions\"] }}) {{ nodes {{ school {{ code }} {REVIEW} }} }} }}"
    );
    for caller in callers {
        let text = server.client(caller).await.graphql(&query, json!({})).await.to_string();
        for secret in ["88.77", "88.76"] {
            assert!(!text.contains(secret), "{caller}: {text}");
        }
        assert_eq!(text.contains("88.75"), caller.starts_with("city"), "{caller}: {text}");
    }
    server.stop().await;
}

/// How many statements a query sends. No server runs: its jobs send some of their own.
async fn counted(app: &TestApp, ctx: &Ctx, query: &str, first: usize) -> (u64, Value) {
    let body = json!({ "query": query, "variables": { "first": first } }).to_string();
    let before = app.house.db.statements();
    let answer = execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
    let sent = app.house.db.statements() - before;
    (sent, serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test]
async fn fifty_reviews_cost_as_many_statements_as_five() {
    let app = TestApp::empty().await;
    keys::rotate(&app.system()).await.unwrap();
    let size = synth::Size { schools: 60, indicators: 12, years: 2, seed: 7 };
    synth::fill(&app.system(), size, true, &mut |_, _| {}).await.unwrap();
    // Each part for itself, so that fifty of them stay within the bound on complexity.
    let parts = [
        "findings { code justification } returns { at }",
        "sinceAccepted { change } sinceLastYear { change before { value } after { value } }",
        "peers { value city { median } category { median } }",
    ];
    let city = app.house.memory.registry().schools.at(0).unwrap().city_code.0.clone();
    for (role, org) in [(Role::Province, "620000"), (Role::City, city.as_str())] {
        let ctx = app.as_(role, org);
        for part in parts {
            let query = format!(
                "query ($first: Int!) {{ submissions(first: $first, filter: {{ period: [\"2023\"] }}) {{ nodes {{ review {{ {part} }} }} }} }}"
            );
            counted(&app, &ctx, &query, 2).await;
            let (few, _) = counted(&app, &ctx, &query, 2).await;
            let (many, answer) = counted(&app, &ctx, &query, 50).await;
            let nodes = Caller::data(answer)["submissions"]["nodes"].as_array().unwrap().len();
            assert!(nodes > 2, "{role:?}: {nodes}");
            // Memory may or may not look for news meanwhile.
            assert!(many <= few + 1, "{role:?} {part}: {few} for two, {many} for {nodes}");
            assert!(many <= 12, "{role:?} {part}: {many}");
        }
        let history = "query ($first: Int!) { submissions(first: $first, filter: { period: [\"2023\"] }) { nodes { revisions(first: 2) { nodes { number hash diff { change } findings { code } } } } } }";
        counted(&app, &ctx, history, 2).await;
        let (few, _) = counted(&app, &ctx, history, 2).await;
        let (many, _) = counted(&app, &ctx, history, 20).await;
        assert!(many <= few + 1 && many <= 8, "{role:?}: {few} for two, {many} for twenty");
    }
    // Everything of one table.
    let province = app.as_(Role::Province, "620000");
    let one = format!("query ($first: Int!) {{ submissions(first: $first) {{ nodes {{ {REVIEW} }} }} }}");
    counted(&app, &province, &one, 1).await;
    let (sent, answer) = counted(&app, &province, &one, 1).await;
    assert!(Caller::data(answer)["submissions"]["nodes"][0]["review"]["peers"].is_array());
    assert!(sent <= 14, "{sent}");
    // A review is dear, and its price is known before it runs.
    let (sent, answer) = counted(&app, &province, &one, 200).await;
    assert_eq!((sent, &answer["errors"][0]["extensions"]["code"]), (0, &json!("TOO_COSTLY")), "{answer}");
}

/// Whoever has no part in a table has none in its review.
#[tokio::test]
async fn a_stranger_has_no_review() {
    let app = published().await;
    let server: Server = app.serve().await;
    for caller in ["school-62002", "city-620500", "analyst", "enterprise-eeadeb0f3", "admin", "auditor"] {
        let table = review(&server.client(caller).await, ["62001", "conditions", "2023"]).await;
        assert_eq!(table, Value::Null, "{caller}");
    }
    server.stop().await;
}
