//! A city's page: its whole picture in one request, for whom it is there, within a fixed number of statements.

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    ctx::Ctx,
    domain::{
        collections::{self, New},
        submissions::Key,
        tasks,
    },
    graphql::request::{GraphqlRequest, execute},
};

use crate::{
    app::{Caller, TestApp},
    stage,
};

const PAGE: &str = "name schoolCount
    schools(first: 50) { totalCount nodes { code name } }
    submissionsProgress { dataset { code } period { code } dueOn expected received submitted approved accepted overdue }
    compliance { release period { code } group { schools meetingAll shareMeetingAll cells { indicator { code } value gap meets } } schools(first: 50) { nodes { school { code } meetsAll } } }
    consortia { code name }
    tasks { title state isOverdue reports { number } verdicts { verdict } }
    targets { label judgement { verdict figure reason } }";

/// What it answers, and with how many statements. No server runs: its jobs send some of their own.
async fn asked(app: &TestApp, ctx: &Ctx, query: &str) -> (u64, Value) {
    let body = json!({ "query": query }).to_string();
    let before = app.house.db.statements();
    let answer = execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
    let sent = app.house.db.statements() - before;
    (sent, Caller::data(serde_json::from_slice(&answer.body).unwrap()))
}

/// The fewest of some times: between two questions to the releases that lie further apart than five milliseconds
/// the epochs are compared, which takes one statement and has nothing to do with what is asked.
async fn fewest(app: &TestApp, ctx: &Ctx, query: &str) -> (u64, Value) {
    let mut best = asked(app, ctx, query).await;
    for _ in 0..6 {
        let again = asked(app, ctx, query).await;
        if again.0 < best.0 {
            best = again;
        }
    }
    best
}

async fn staged() -> TestApp {
    let app = TestApp::new().await;
    let province = app.as_(Role::Province, "620000");
    for (school, area) in [("62001", 20.5), ("62002", 12.5), ("62005", 30.0), ("62021", 20.0)] {
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &stage::conditions(area), State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    let new = New {
        dataset: "talent".to_owned(),
        period: "2031".to_owned(),
        opens_on: "2000-01-01".to_owned(),
        due_on: "2001-01-01".to_owned(),
        closes_on: Some("2098-12-31".to_owned()),
        note: None,
    };
    collections::open(&province, new).await.unwrap();
    stage::bring(&app, &Key::new("62001", "talent", "2031"), &stage::talent(8_000), State::Submitted).await;
    stage::bring(&app, &Key::new("62002", "talent", "2031"), &stage::talent(8_000), State::Draft).await;
    for (city, school) in [("620100", Some("62001")), ("620100", None), ("620500", None), ("621000", None)] {
        let new = tasks::New {
            city: Some(city.to_owned()),
            school: school.map(str::to_owned),
            title: "任务".to_owned(),
            due: Some("2020年".to_owned()),
            ..tasks::New::default()
        };
        tasks::add(&province, new).await.unwrap();
    }
    app
}

#[tokio::test]
async fn a_bureau_sees_its_whole_picture_at_once() {
    let app = staged().await;
    let query = format!("{{ city(code: \"620100\") {{ {PAGE} }} }}");
    let (_, data) = asked(&app, &app.as_(Role::City, "620100"), &query).await;
    let city = &data["city"];
    let registry = app.house.memory.registry();
    let schools = registry.schools_of_city["620100"].len();
    assert_eq!((&city["schools"]["totalCount"], &city["schoolCount"]), (&json!(schools), &json!(schools)));
    let of = |dataset: &str, period: &str| -> Value {
        let all = city["submissionsProgress"].as_array().unwrap();
        let one = all.iter().find(|one| one["dataset"]["code"] == dataset && one["period"]["code"] == period);
        one.unwrap_or_else(|| panic!("{dataset} {period} in {all:?}")).clone()
    };
    let talent = of("talent", "2031");
    for (member, is) in
        [("expected", schools), ("received", 2), ("submitted", 1), ("approved", 0), ("overdue", schools - 1)]
    {
        assert_eq!(talent[member], is, "{member}");
    }
    let scale = of("scale", "2023");
    assert_eq!((&scale["accepted"], &scale["dueOn"], &scale["overdue"]), (&json!(schools), &json!(null), &json!(0)));
    let compliance = &city["compliance"];
    assert_eq!((&compliance["release"], &compliance["period"]["code"]), (&json!("1.1.0"), &json!("2023")));
    assert_eq!((&compliance["group"]["schools"], &compliance["group"]["meetingAll"]), (&json!(2), &json!(1)));
    assert_eq!(compliance["schools"]["nodes"].as_array().unwrap().len(), schools);
    assert!(!city["consortia"].as_array().unwrap().is_empty());
    let tasks = city["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 2);
    assert!(tasks.iter().all(|one| one["isOverdue"] == true && one["reports"] == json!([])));

    // The same page for others: what is public of it, and nothing else.
    for ctx in [app.anonymous(), app.as_(Role::City, "620500"), app.as_(Role::School, "62002")] {
        let (_, data) = asked(&app, &ctx, &query).await;
        let city = &data["city"];
        assert_eq!(city["submissionsProgress"], json!(null), "{:?}", ctx.actor.role);
        assert_eq!(city["tasks"], json!([]), "{:?}", ctx.actor.role);
        assert_eq!(city["compliance"]["group"]["meetingAll"], json!(null), "{:?}", ctx.actor.role);
        assert_eq!(city["schools"]["totalCount"], schools);
    }
    // Qingyang's promises, and what was printed of its tasks.
    let query = format!("{{ city(code: \"621000\") {{ {PAGE} }} }}");
    let (_, data) = asked(&app, &app.anonymous(), &query).await;
    assert_eq!(data["city"]["tasks"].as_array().unwrap().len(), 20);
    assert!(data["city"]["tasks"].as_array().unwrap().iter().all(|one| one["state"].is_null()));
    let targets = app.house.memory.registry();
    let own = targets.targets.iter().filter(|row| row.city_code.as_ref().is_some_and(|code| code.0 == "621000"));
    assert_eq!(data["city"]["targets"].as_array().unwrap().len(), own.count());
}

#[tokio::test]
async fn a_page_costs_as_many_statements_for_thirteen_schools_as_for_one() {
    let app = staged().await;
    let province = app.as_(Role::Province, "620000");
    let of = |city: &str| format!("{{ city(code: \"{city}\") {{ {PAGE} }} }}");
    let all = format!("{{ cities {{ {} }} }}", PAGE.replace("(first: 50)", "(first: 5)"));
    // The first reads the released columns into memory.
    asked(&app, &province, &of("620100")).await;
    let (few, data) = fewest(&app, &province, &of("620500")).await;
    assert!(data["city"]["schools"]["totalCount"].as_u64().unwrap() < 5);
    let (many, data) = fewest(&app, &province, &of("620100")).await;
    assert!(data["city"]["schools"]["totalCount"].as_u64().unwrap() > 10);
    // Six of them read tasks, what was said of them, collections, extensions and tables; the others ask whether
    // there is another release.
    assert!(few <= 14 && many <= 14, "{few} {many}");
    assert!(many <= few + 2 && few <= many + 2, "{few} {many}");
    // Targets are judged all together.
    let (judged, data) = fewest(&app, &province, &of("621000")).await;
    assert!(data["city"]["targets"].as_array().unwrap().len() > 40);
    assert!(judged <= many + 8, "{judged} {many}");
    // All cities at once cost what one costs; their columns are one after the other.
    let (every, data) = fewest(&app, &province, &all.replace("compliance {", "compliance(period: \"2023\") {")).await;
    assert_eq!(data["cities"].as_array().unwrap().len(), 14);
    assert!(every <= judged + 6, "{every} {judged}");
}
