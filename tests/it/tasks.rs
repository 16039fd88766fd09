//! Tasks: the lists of the files, and the way of a task from its setting to its evaluation, by every role.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use entity::journal;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        feed, load,
        tasks::{self, reminders},
    },
    formats::document::sha256,
    graphql::request::{GraphqlRequest, execute},
};

use crate::{
    app::{Answer, Caller, TestApp, reference},
    stage,
    wire::problem,
};

/// What GraphQL answers a caller past authentication.
pub async fn told(app: &TestApp, ctx: &Ctx, query: &str) -> Value {
    let body = json!({ "query": query }).to_string();
    let answer = execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
    Caller::data(serde_json::from_slice(&answer.body).unwrap())
}

/// The lines of a file of the reference data, by column.
pub fn lines(file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(reference().join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// How many lines have each of the words that a line is given.
fn count<T>(all: &[T], words: impl Fn(&T) -> Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in all.iter().flat_map(words) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The codes and places of the findings of a 422.
fn findings(answer: &Answer) -> Vec<String> {
    let body = problem(answer, 422, "invalid");
    let errors = body["errors"].as_array().unwrap();
    let mut all: Vec<String> = errors
        .iter()
        .map(|one| format!("{} {}", one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    all.sort_unstable();
    all
}

fn day(from_now: i64) -> NaiveDate {
    let today = tasks::today(Utc::now());
    if from_now < 0 { today - Days::new(from_now.unsigned_abs()) } else { today + Days::new(from_now.unsigned_abs()) }
}

async fn with(caller: &Caller, method: &str, path: &str, tag: Option<&str>, body: &Value) -> Answer {
    let header = tag.map(|tag| [("if-match", tag)]);
    caller.send(method, path, header.as_ref().map_or(&[], |header| header.as_slice()), Some(body)).await
}

#[tokio::test]
async fn the_lists_are_those_of_the_files() {
    let app = TestApp::new().await;
    let printed = lines("tasks.csv");
    let query = "{ tasks { title due dueYear dueOn isStanding departments source city { code } setBy state reports { number } etag } }";
    let data = told(&app, &app.anonymous(), query).await;
    let all = data["tasks"].as_array().unwrap();
    assert_eq!((all.len(), printed.len()), (20, 20));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let year = |one: &Value| one["dueYear"].as_i64().map_or_else(String::new, |year| year.to_string());
    assert_eq!(count(all, |one| vec![year(one)]), count(&printed, |line| vec![line["due_year"].clone()]));
    assert_eq!(
        count(all, |one| one["departments"].as_array().unwrap().iter().map(text).collect()),
        count(&printed, |line| line["departments_zh"].split('|').map(str::to_owned).collect())
    );
    for (one, line) in all.iter().zip(&printed) {
        assert_eq!((&text(&one["title"]), &text(&one["due"])), (&line["title_zh"], &line["due"]));
        // The documents are Qingyang's own; where its tasks stand is not printed.
        assert_eq!((&one["city"]["code"], &one["setBy"]), (&json!("621000"), &json!("CITY")));
        assert_eq!((&one["state"], &one["reports"], &one["etag"]), (&json!(null), &json!(null), &json!(null)));
        assert_eq!(one["isStanding"], line["due"] == "长期坚持");
    }
    assert_eq!((&all[0]["due"], &all[0]["dueOn"]), (&json!("2021年4月"), &json!("2021-04-30")));
    assert_eq!((&all[1]["due"], &all[1]["dueOn"]), (&json!("2025年"), &json!("2025-12-31")));

    // Each department and year is asked for, and gives what a count over the file gives.
    let of_department = "{ tasks(filter: { department: [\"市财政局\"], dueYear: [2021, 2023] }) { title } }";
    let expected = printed.iter().filter(|line| {
        ["2021", "2023"].contains(&line["due_year"].as_str())
            && line["departments_zh"].split('|').any(|name| name == "市财政局")
    });
    let data = told(&app, &app.anonymous(), of_department).await;
    assert_eq!(data["tasks"].as_array().unwrap().len(), expected.count());
    let standing = told(&app, &app.anonymous(), "{ tasks(filter: { isStanding: true }) { title } }").await;
    assert_eq!(standing["tasks"].as_array().unwrap().len(), 7);

    // Where they stand answers those whom it concerns, and nobody else by way of a filter.
    let overdue =
        "{ tasks(filter: { isOverdue: true }) { isOverdue state } open: tasks(filter: { state: [OPEN] }) { state } }";
    for (role, org, is) in [
        (Role::Public, "", 0),
        (Role::Analyst, "", 0),
        (Role::City, "620100", 0),
        (Role::School, "62021", 0),
        (Role::City, "621000", 13),
        (Role::Province, "620000", 13),
    ] {
        let ctx = if role == Role::Public { app.anonymous() } else { app.as_(role, org) };
        let data = told(&app, &ctx, overdue).await;
        assert_eq!(data["tasks"].as_array().unwrap().len(), is, "{role:?} {org}");
        assert_eq!(data["open"].as_array().unwrap().len(), if is == 0 { 0 } else { 20 }, "{role:?} {org}");
    }

    let printed = lines("policies.csv");
    let data =
        told(&app, &app.anonymous(), "{ policies { content city { code } } cityFigures { key value city { code } } }")
            .await;
    let policies: Vec<String> = data["policies"].as_array().unwrap().iter().map(|one| text(&one["content"])).collect();
    assert_eq!(policies, printed.iter().map(|line| line["content_zh"].clone()).collect::<Vec<_>>());
    let printed = lines("city_figures.csv");
    let figures = data["cityFigures"].as_array().unwrap();
    assert_eq!(figures.len(), 14);
    for (one, line) in figures.iter().zip(&printed) {
        assert_eq!((&text(&one["key"]), &one["value"].to_string()), (&line["key"], &line["value"]));
    }
}

#[tokio::test]
async fn a_task_of_a_school_goes_from_its_setting_to_its_evaluation() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let after = feed::end(&app.as_(Role::Province, "620000")).await.unwrap();
    let server = app.serve().await;
    let (public, province) = (server.anonymous(), server.client("province-620000").await);
    let (city, elsewhere) = (server.client("city-620100").await, server.client("city-620500").await);
    let (school, sibling) = (server.client("school-62001").await, server.client("school-62002").await);
    let (analyst, enterprise) = (server.client("analyst").await, server.client("enterprise-eeadeb0f3").await);

    // Setting it.
    let due_on = day(10).to_string();
    let new = json!({ "school": "62001", "title": "制定“一校一案”", "departments": ["市教育局"], "due_on": due_on });
    problem(&public.post("/v1/tasks", None, &new).await, 401, "unauthenticated");
    for other in [&school, &analyst, &enterprise] {
        problem(&other.post("/v1/tasks", None, &new).await, 403, "forbidden");
    }
    problem(&elsewhere.post("/v1/tasks", None, &new).await, 403, "forbidden");
    let wrong = json!({
        "school": "62099", "department": "市教育局", "title": " ", "departments": ["甲|乙"], "due": "明年",
        "title_en": "call 13800138000",
    });
    assert_eq!(
        findings(&city.post("/v1/tasks", None, &wrong).await),
        [
            "/department two_assignees",
            "/departments/0 bar_in_name",
            "/due due_form",
            "/school unknown_school",
            "/title missing",
            "/title_en personal_data",
        ]
    );
    assert_eq!(
        findings(&province.post("/v1/tasks", None, &json!({ "title": "a", "due": "长期坚持" })).await),
        ["/city missing"]
    );
    let elsewhere_school = json!({ "city": "620500", "school": "62001", "title": "a", "due": "长期坚持" });
    assert_eq!(findings(&province.post("/v1/tasks", None, &elsewhere_school).await), ["/school school_elsewhere"]);
    let set = city.post("/v1/tasks", None, &new).await.expect(201);
    let task = set.json();
    assert_eq!((&task["state"], &task["set_by"], &task["city"]), (&json!("open"), &json!("city"), &json!("620100")));
    assert_eq!((&task["due"], &task["overdue"]), (&json!(due_on), &json!(false)));
    let path = format!("/v1/tasks/{}", task["id"].as_str().unwrap());

    // Seeing it: whom it concerns, and nobody else.
    for who in [&province, &city, &school] {
        assert_eq!(who.get(&path).await.expect(200).json()["etag"], task["etag"]);
    }
    for who in [&public, &elsewhere, &sibling, &analyst, &enterprise] {
        problem(&who.get(&path).await, 404, "not-found");
        let seen = who.get("/v1/tasks?city=620100").await.expect(200).json();
        assert_eq!((&seen["tasks"], &seen["total"]), (&json!([]), &json!(0)));
    }

    // Changing it.
    let later = json!({ "due_on": day(12).to_string() });
    problem(&with(&elsewhere, "PATCH", &path, Some("*"), &later).await, 404, "not-found");
    problem(&with(&school, "PATCH", &path, Some("*"), &later).await, 403, "forbidden");
    problem(&with(&city, "PATCH", &path, None, &later).await, 428, "precondition-required");
    problem(&with(&city, "PATCH", &path, Some("\"9\""), &later).await, 412, "precondition-failed");
    let changed = with(&city, "PATCH", &path, task["etag"].as_str(), &later).await.expect(200).json();
    assert_eq!((&changed["due_on"], &changed["version"]), (&later["due_on"], &json!(2)));
    assert_eq!(
        findings(&with(&province, "PATCH", &path, Some("*"), &json!({ "title": "", "due_on": "2026-13-01" })).await),
        ["/due_on day_form", "/title missing"]
    );

    // Reporting on it: the school alone.
    let reports = format!("{path}/reports");
    let half = json!({ "text": "初稿已完成", "percent": 50, "evidence": ["https://example.edu.cn/plan.pdf"] });
    problem(&public.post(&reports, None, &half).await, 401, "unauthenticated");
    for other in [&city, &province] {
        problem(&other.post(&reports, None, &half).await, 403, "forbidden");
    }
    for other in [&sibling, &elsewhere, &analyst] {
        problem(&other.post(&reports, None, &half).await, 404, "not-found");
    }
    let wrong = json!({ "text": "", "percent": 101, "evidence": ["ftp://example.edu.cn"] });
    assert_eq!(
        findings(&school.post(&reports, None, &wrong).await),
        ["/evidence/0 link", "/percent out_of_bounds", "/text missing"]
    );
    let first = school.post(&reports, None, &half).await.expect(201);
    assert_eq!((&first.json()["number"], first.header("etag")), (&json!(1), Some("\"3\"")));

    // Judging it: its city alone, and only what is said to be done.
    let verdicts = format!("{path}/verdicts");
    let verdict = |word: &str| json!({ "verdict": word, "reason": "材料齐全" });
    problem(&public.post(&verdicts, Some("*"), &verdict("fulfilled")).await, 401, "unauthenticated");
    problem(&school.post(&verdicts, Some("*"), &verdict("fulfilled")).await, 403, "forbidden");
    problem(&province.post(&verdicts, Some("*"), &verdict("fulfilled")).await, 403, "forbidden");
    problem(&elsewhere.post(&verdicts, Some("*"), &verdict("fulfilled")).await, 404, "not-found");
    for early in ["fulfilled", "missed", "returned", "reopened"] {
        problem(&city.post(&verdicts, Some("*"), &verdict(early)).await, 409, "conflict");
    }
    let done = json!({ "text": "已报备案", "percent": 100, "done": true });
    let reported = school.post(&reports, None, &done).await.expect(201);
    let tag = reported.header("etag").unwrap().to_owned();
    problem(&city.post(&verdicts, None, &verdict("returned")).await, 428, "precondition-required");
    problem(&city.post(&verdicts, Some("\"3\""), &verdict("returned")).await, 412, "precondition-failed");
    assert_eq!(
        findings(&city.post(&verdicts, Some(&tag), &json!({ "verdict": "returned", "reason": "" })).await),
        ["/reason missing"]
    );
    assert_eq!(
        findings(&city.post(&verdicts, Some(&tag), &json!({ "verdict": "good", "reason": "a" })).await),
        ["/verdict verdict"]
    );
    city.post(&verdicts, Some(&tag), &verdict("returned")).await.expect(201);
    assert_eq!(school.get(&path).await.json()["state"], "open");
    school.post(&reports, None, &done).await.expect(201);
    city.post(&verdicts, Some("*"), &verdict("fulfilled")).await.expect(201);
    let judged = school.get(&path).await.json();
    assert_eq!((&judged["state"], &judged["verdicts"][1]["verdict"]), (&json!("fulfilled"), &json!("fulfilled")));
    assert_eq!(judged["reports"].as_array().unwrap().len(), 3);
    // With its verdict it is closed, until the level above gives it back.
    problem(&school.post(&reports, None, &half).await, 409, "conflict");
    problem(&with(&city, "PATCH", &path, Some("*"), &later).await, 409, "conflict");
    problem(&city.post(&verdicts, Some("*"), &verdict("missed")).await, 409, "conflict");

    // The year.
    let year = tasks::today(Utc::now()).format("%Y").to_string().parse::<i64>().unwrap();
    let evaluations = "/v1/task-evaluations";
    let of_year = json!({ "year": year, "school": "62001", "remark": "良好" });
    problem(&public.post(evaluations, None, &of_year).await, 401, "unauthenticated");
    for other in [&school, &province, &elsewhere, &analyst] {
        problem(&other.post(evaluations, None, &of_year).await, 403, "forbidden");
    }
    assert_eq!(
        findings(&city.post(evaluations, None, &json!({ "year": year + 1, "school": "62001" })).await),
        ["/year year_ahead"]
    );
    let frozen = city.post(evaluations, None, &of_year).await.expect(201).json();
    let counts = &frozen["document"]["counts"];
    let is_due = day(12).format("%Y").to_string() == year.to_string();
    assert_eq!((&counts["tasks"], &counts["fulfilled"]), (&json!(u8::from(is_due)), &json!(u8::from(is_due))));
    problem(&city.post(evaluations, None, &of_year).await, 409, "conflict");
    let kept = format!("{evaluations}/{}", frozen["id"].as_str().unwrap());
    for who in [&province, &city, &school] {
        assert_eq!(who.get(&kept).await.expect(200).json(), frozen);
    }
    for who in [&sibling, &elsewhere, &analyst] {
        problem(&who.get(&kept).await, 404, "not-found");
        assert_eq!(who.get(evaluations).await.expect(200).json()["evaluations"], json!([]));
    }
    problem(&public.get(&kept).await, 401, "unauthenticated");

    // What happens afterwards is not in it.
    city.post(&verdicts, Some("*"), &verdict("reopened")).await.expect(201);
    assert_eq!(school.get(&path).await.json()["state"], "open");
    school.post(&reports, None, &half).await.expect(201);
    assert_eq!(school.get(&kept).await.expect(200).json(), frozen);
    let data = told(
        &app,
        &app.as_(Role::School, "62001"),
        &format!("{{ taskEvaluations(year: {year}) {{ hash document school {{ code }} }} }}"),
    )
    .await;
    let document = data["taskEvaluations"][0]["document"].as_str().unwrap();
    assert_eq!(frozen["hash"], sha256(document));
    assert_eq!(serde_json::from_str::<Value>(document).unwrap(), frozen["document"]);
    // Canonical: as it comes, in the order of its keys.
    assert_eq!(serde_json_canonicalizer::to_string(&frozen["document"]).unwrap(), document);
    server.stop().await;

    // Whom it concerns has heard of every step, and nobody else of any.
    stage::sealed(&app).await;
    let nothing: &[&str] = &[];
    let steps: &[&str] = &[
        "task.added",
        "task.changed",
        "task.reported",
        "task.reported",
        "task.judged",
        "task.reported",
        "task.judged",
        "task.evaluated",
        "task.judged",
        "task.reported",
    ];
    for (role, org, expected) in [
        (Role::Province, "620000", steps),
        (Role::City, "620100", steps),
        (Role::School, "62001", steps),
        (Role::City, "620500", nothing),
        (Role::School, "62002", nothing),
        (Role::Enterprise, "EEADEB0F3", nothing),
        (Role::Analyst, "", nothing),
    ] {
        let events = feed::read(&app.as_(role, org), after, 100).await.unwrap().items;
        let kinds: Vec<&str> =
            events.iter().map(|one| one.kind.as_str()).filter(|kind| kind.starts_with("task.")).collect();
        assert_eq!(kinds, expected, "{role:?} {org}");
        // What was written stands with the task.
        assert!(events.iter().all(|one| !json!(one.data).to_string().contains("初稿")), "{role:?}");
    }
    crate::persons::expect_nowhere(&app).await;
}

#[tokio::test]
async fn a_task_of_a_city_is_the_provinces_to_judge() {
    let app = TestApp::new().await;
    let (province, city) = (app.as_(Role::Province, "620000"), app.as_(Role::City, "621000"));
    let school = app.as_(Role::School, "62021");
    // Of those that are printed: overdue, and nobody has said anything.
    let data = told(&app, &city, "{ tasks(filter: { dueYear: [2021] }) { key etag state isOverdue } }").await;
    let (key, state) = (data["tasks"][0]["key"].as_str().unwrap().to_owned(), data["tasks"][0]["state"].clone());
    assert_eq!((state, &data["tasks"][0]["isOverdue"]), (json!("OPEN"), &json!(true)));
    let raw = async |ctx: &Ctx, query: &str| -> Value {
        let body = json!({ "query": query }).to_string();
        let answer =
            execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
        serde_json::from_slice(&answer.body).unwrap()
    };
    let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("-").to_owned();
    let report = |done: bool| {
        format!(
            "mutation {{ reportTask(input: {{ task: \"{key}\", text: \"方案已备案\", isDone: {done} }}) {{ task {{ state etag isOverdue }} report {{ number isDone }} }} }}"
        )
    };
    let judge = |verdict: &str, tag: &str| {
        format!(
            "mutation {{ judgeTask(input: {{ task: \"{key}\", ifMatch: {tag}, verdict: {verdict}, reason: \"核实\" }}) {{ task {{ state }} verdict {{ verdict reason }} }} }}"
        )
    };
    // What is printed is seen by everybody, and done by its city alone.
    for (ctx, expected) in [
        (app.anonymous(), "UNAUTHENTICATED"),
        (school, "FORBIDDEN"),
        (app.as_(Role::City, "620100"), "FORBIDDEN"),
        (province.clone(), "FORBIDDEN"),
        (app.as_(Role::Analyst, ""), "FORBIDDEN"),
    ] {
        assert_eq!(code(&raw(&ctx, &report(true)).await), expected, "{:?}", ctx.actor.role);
    }
    // Nobody has said that it is done, and its day is over: it can be judged missed, and taken back.
    assert_eq!(code(&raw(&city, &judge("MISSED", "\"*\"")).await), "FORBIDDEN");
    assert_eq!(code(&raw(&province, &judge("MISSED", "null")).await), "PRECONDITION_REQUIRED");
    assert_eq!(raw(&province, &judge("MISSED", "\"*\"")).await["data"]["judgeTask"]["task"]["state"], "MISSED");
    assert_eq!(code(&raw(&city, &report(true)).await), "CONFLICT");
    assert_eq!(raw(&province, &judge("REOPENED", "\"*\"")).await["data"]["judgeTask"]["task"]["state"], "OPEN");
    let reported = raw(&city, &report(true)).await;
    assert_eq!(reported["data"]["reportTask"]["task"]["state"], "REPORTED", "{reported}");
    // What waits for its verdict is late no more.
    assert_eq!(reported["data"]["reportTask"]["task"]["isOverdue"], false);
    let tag = reported["data"]["reportTask"]["task"]["etag"].to_string();
    assert_eq!(raw(&province, &judge("FULFILLED", &tag)).await["data"]["judgeTask"]["task"]["state"], "FULFILLED");

    // A task without an end is judged year by year, and stays open.
    let data = told(&app, &city, "{ tasks(filter: { isStanding: true }) { key } }").await;
    let key = data["tasks"][0]["key"].as_str().unwrap();
    let ask = tasks::Report { text: "本年已落实".to_owned(), is_done: true, ..tasks::Report::default() };
    tasks::report(&city, key, ask).await.unwrap();
    let yes = tasks::Judge { verdict: entity::words::TaskVerdict::Fulfilled, reason: "核实".to_owned() };
    let (row, _) = tasks::judge(&province, key, yes, Some(&zhiqiao::domain::precondition::Match::Any)).await.unwrap();
    assert_eq!(row.state, entity::words::TaskState::Open);

    // What the province sets, its city does not change.
    let new = tasks::New {
        city: Some("621000".to_owned()),
        department: Some("市财政局".to_owned()),
        title: "落实生均经费".to_owned(),
        due: Some("2099年6月".to_owned()),
        ..tasks::New::default()
    };
    let row = tasks::add(&province, new).await.unwrap();
    assert_eq!((row.due_year, row.due_on.unwrap().to_string()), (Some(2099), "2099-06-30".to_owned()));
    let key = row.id.to_string();
    let change = format!(
        "mutation {{ changeTask(input: {{ task: \"{key}\", ifMatch: \"*\", due: \"2099年12月\" }}) {{ task {{ dueOn }} }} }}"
    );
    assert_eq!(code(&raw(&city, &change).await), "FORBIDDEN");
    assert_eq!(raw(&province, &change).await["data"]["changeTask"]["task"]["dueOn"], "2099-12-31");
    assert_eq!(
        told(&app, &app.anonymous(), &format!("{{ task(id: \"{key}\") {{ title }} }}")).await["task"],
        json!(null)
    );

    // What was done with a printed task stays when the file is loaded again, and so do an official's words.
    let first = told(&app, &city, "{ tasks { key title state etag } }").await;
    let amended = first["tasks"][4]["key"].as_str().unwrap();
    let words = tasks::Change { due: Some("2030年".to_owned()), ..tasks::Change::default() };
    tasks::change(&city, amended, words, Some(&zhiqiao::domain::precondition::Match::Any)).await.unwrap();
    let before = told(&app, &city, "{ tasks { key title due state etag } }").await;
    let summary = load::load(&app.system(), &reference(), &mut |_| {}).await.unwrap();
    assert!(!summary.has_changes(), "{summary:?}");
    assert_eq!(told(&app, &city, "{ tasks { key title due state etag } }").await, before);
    crate::persons::expect_nowhere(&app).await;
}

#[tokio::test]
async fn who_is_to_do_it_is_reminded_once_whoever_looks() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let city = app.as_(Role::City, "620100");
    let due: NaiveDate = "2031-03-31".parse().unwrap();
    let new = tasks::New {
        school: Some("62001".to_owned()),
        title: "建设精品课程".to_owned(),
        due_on: Some(due.to_string()),
        ..tasks::New::default()
    };
    let row = tasks::add(&city, new).await.unwrap();
    let usher = |app: &TestApp, local: &str| -> Ctx {
        let at = DateTime::parse_from_rfc3339(&format!("{local}+08:00")).unwrap().to_utc();
        app.house.ctx(Actor { at, ..Actor::system("usher") })
    };
    let look = async |local: &str| {
        let (here, there) = (usher(&app, local), usher(&twin, local));
        let (one, other) = tokio::join!(reminders::remind(&here), reminders::remind(&there));
        one.unwrap() + other.unwrap()
    };
    for (local, told) in [
        ("2031-02-28T23:59:59", 0),
        ("2031-03-01T00:00:00", 1),
        ("2031-03-01T00:10:00", 0),
        ("2031-03-23T23:59:59", 0),
        ("2031-03-24T00:00:00", 1),
        ("2031-03-30T12:00:00", 0),
        ("2031-03-31T00:00:00", 1),
        ("2031-03-31T23:59:59", 0),
        ("2031-04-01T00:00:00", 0),
    ] {
        assert_eq!(look(local).await, told, "{local}");
    }
    let events = journal::Entity::find()
        .filter(journal::Column::Action.eq("task.due"))
        .filter(journal::Column::Object.eq(row.id.to_string()));
    let told: Vec<i64> = events
        .all(app.house.db.read())
        .await
        .unwrap()
        .iter()
        .map(|row| serde_json::from_str::<Value>(&row.data).unwrap()["reminder"].as_i64().unwrap())
        .collect();
    assert_eq!(told.len(), 3);
    assert!([30, 7, 0].iter().all(|days| told.contains(days)), "{told:?}");
    // The school and its city hear of it.
    stage::sealed(&app).await;
    for (role, org, is) in [(Role::School, "62001", 3), (Role::City, "620100", 3), (Role::School, "62002", 0)] {
        let events = feed::read(&app.as_(role, org), feed::Place::default(), 1_000).await.unwrap().items;
        assert_eq!(events.iter().filter(|one| one.kind == "task.due").count(), is, "{role:?}");
    }
    // Another day is another reminder; what is judged has none.
    let later = tasks::Change { due_on: Some("2031-05-31".to_owned()), ..tasks::Change::default() };
    let any = zhiqiao::domain::precondition::Match::Any;
    tasks::change(&city, &row.id.to_string(), later, Some(&any)).await.unwrap();
    assert_eq!(look("2031-05-05T00:00:00").await, 1);
    let school = app.as_(Role::School, "62001");
    let done = tasks::Report { text: "已建成".to_owned(), is_done: true, ..tasks::Report::default() };
    tasks::report(&school, &row.id.to_string(), done).await.unwrap();
    assert_eq!(look("2031-05-31T00:00:00").await, 0);
    // None of the printed ones, whose days are long over.
    let all = journal::Entity::find().filter(journal::Column::Action.eq("task.due"));
    assert_eq!(all.count(app.house.db.read()).await.unwrap(), 4);
}
