//! Rules as data: they judge pushes, say what they could not ask, and officials look after them.

use entity::{journal, words::SubmissionState as State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, TestApp},
    stage,
    surface::{BOTH, Surface, Verb},
    wire::problem,
};

/// The codes of the findings of a table.
fn codes(table: &Value) -> Vec<String> {
    let mut codes: Vec<String> =
        table["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes
}

async fn put(caller: &Caller, dataset: &str, period: &str, cells: Value) -> Value {
    let said = Surface::Rest.act(caller, ["62001", dataset, period], &Verb::Put(cells), Some("*")).await;
    assert!(said.status < 300, "{}", said.text);
    said.table
}

#[tokio::test]
async fn rules_standards_and_history_are_told_with_the_push() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;

    // Last year, without anything to say; what cannot be asked is named.
    let table =
        put(&school, "scale", "2021", json!({ "scale.students": 1000, "scale.intake": 400, "scale.graduates": 300 }))
            .await;
    assert_eq!(codes(&table), [""; 0]);
    assert_eq!(table["skipped_rules"], json!(["scale.cohort"]));
    // Students doubled: neither the cohort nor the usual change allows it.
    let cells = json!({ "scale.students": 2000, "scale.intake": 400, "scale.graduates": 300 });
    let table = put(&school, "scale", "2022", cells).await;
    assert_eq!(codes(&table), ["scale.cohort", "scale.students.change"]);
    assert_eq!(table["skipped_rules"], json!([]));
    let change =
        table["findings"].as_array().unwrap().iter().find(|one| one["code"] == "scale.students.change").unwrap();
    assert_eq!(
        (&change["severity"], &change["pointer"], &change["got"], &change["previous"], &change["expected"]),
        (
            &json!("warning"),
            &json!("/observations/scale.students"),
            &json!("2000"),
            &json!("1000"),
            &json!("1000 ± 30 %")
        )
    );
    let cohort = table["findings"].as_array().unwrap().iter().find(|one| one["code"] == "scale.cohort").unwrap();
    assert_eq!(cohort["previous"], "1000");
    assert!(cohort["got"].as_str().unwrap().contains("prev.scale.students = 1000"), "{cohort}");

    // 30 % is still usual, a hair more is not; a figure that was zero or missing has no history.
    for (students, is_told) in [(1300, false), (1301, true), (700, false), (699, true)] {
        let cells = json!({ "scale.students": students, "scale.intake": 400, "scale.graduates": 300 });
        let table = put(&school, "scale", "2022", cells).await;
        assert_eq!(codes(&table).contains(&"scale.students.change".to_owned()), is_told, "{students}");
    }

    // A standard (16 square metres a student) is met by exactly so much.
    let table = put(&school, "conditions", "2021", stage::conditions(16.0)).await;
    assert_eq!(codes(&table), [""; 0]);
    let table = put(&school, "conditions", "2021", stage::conditions(15.99)).await;
    assert_eq!(codes(&table), ["conditions.floor_area_per_student.standard"]);
    server.stop().await;
}

/// What another table says counts from the moment it is there, at the latest at submit.
#[tokio::test]
async fn a_submit_asks_the_rules_again() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, city) = (server.client("school-62001").await, server.client("city-620100").await);
    for (surface, period) in BOTH.into_iter().zip(["2021", "2022"]) {
        let key = ["62001", "talent", period];
        let act = async |who: &Caller, verb: Verb| surface.act(who, key, &verb, Some("*")).await;
        let pushed = act(&school, Verb::Put(stage::talent(8_000))).await.table;
        assert_eq!(codes(&pushed), [""; 0]);
        assert!(pushed["skipped_rules"].as_array().unwrap().contains(&json!("talent.graduates_agree_scale")));
        // The other table says something else.
        put(
            &school,
            "scale",
            period,
            json!({ "scale.students": 26000, "scale.intake": 9000, "scale.graduates": 7999 }),
        )
        .await;
        let refused = act(&school, Verb::Submit(json!({}))).await;
        assert_eq!((refused.status, refused.codes()), (422, vec!["talent.graduates_agree_scale".to_owned()]));
        let why = json!({ "talent.graduates_agree_scale": "口径不同" });
        let done = act(&school, Verb::Submit(why.clone())).await;
        assert_eq!((done.status, &done.table["state"]), (200, &json!("submitted")), "{}", done.text);
        // The reviewer sees the warning that was justified, and the word on it.
        let seen = act(&city, Verb::Get).await.table;
        assert_eq!(codes(&seen), ["talent.graduates_agree_scale"]);
        // It does not learn the figure of the table that is still a draft.
        assert_eq!(seen["findings"][0]["got"], "talent.graduates = 8000");
        assert_eq!(seen["last_step"]["justifications"], why);
        assert_eq!(seen["skipped_rules"], json!(["talent.outcomes_within_placed"]), "further study is not stated");
    }
    server.stop().await;
}

#[tokio::test]
async fn officials_try_add_and_switch_rules() {
    let app = TestApp::new().await;
    for (school, intake) in [("62001", 500), ("62002", 600), ("62005", 700)] {
        let cells = json!({ "scale.students": 1000, "scale.intake": intake, "scale.graduates": 300 });
        stage::bring(&app, &Key::new(school, "scale", "2022"), &cells, State::Accepted).await;
    }
    let server = app.serve().await;
    let (province, school) = (server.client("province-620000").await, server.client("school-62001").await);

    // Tried first: what would it say of whom?
    let expression = "scale.intake <= 0.55 * scale.students";
    let body = json!({ "dataset": "scale", "expression": expression, "periods": ["2022", "2019"] });
    let tried = province.post("/v1/rules/dry-run", None, &body).await.expect(200).json();
    assert_eq!(
        tried["periods"],
        json!([
            { "period": "2022", "schools": 3, "skipped": 0, "flagged": ["62002", "62005"] },
            { "period": "2019", "schools": 0, "skipped": 0, "flagged": [] },
        ])
    );
    let body = json!({ "dataset": "scale", "expression": "scale.students > prev.scale.students", "periods": ["2022"] });
    let tried = province.post("/v1/rules/dry-run", None, &body).await.expect(200).json();
    assert_eq!(tried["periods"][0]["skipped"], 3);

    // Everything that is wrong with a rule, at once.
    let wrong = json!({
        "code": "nothing.rule", "severity": "warning", "expression": "scale.intake <=", "enabled": true,
        "message_zh": "", "message_en": "x".repeat(501), "valid_from": "2022-2023x",
    });
    let said = problem(&province.post("/v1/rules", None, &wrong).await, 422, "invalid");
    let found: Vec<&str> = said["errors"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(found, ["unknown_dataset", "message", "message", "period_form", "expression"]);
    assert_eq!(said["errors"][4]["got"], "1:16");

    let rule = json!({
        "code": "scale.intake_share", "severity": "warning", "expression": expression,
        "message_zh": "招生过多", "message_en": "Too many admitted", "valid_from": "2022",
    });
    let added = province.post("/v1/rules", None, &rule).await.expect(201);
    assert_eq!(added.json()["enabled"], false, "tried before it judges");
    problem(&province.post("/v1/rules", None, &rule).await, 409, "conflict");

    let cells = json!({ "scale.students": 1000, "scale.intake": 700, "scale.graduates": 300 });
    assert_eq!(codes(&put(&school, "scale", "2021", cells.clone()).await), [""; 0], "it is off");
    // Switched on by whoever has seen it.
    let path = "/v1/rules/scale.intake_share";
    let on = json!({ "enabled": true });
    province.send("PATCH", path, &[], Some(&on)).await.expect(428);
    province.send("PATCH", path, &[("if-match", "\"9\"")], Some(&on)).await.expect(412);
    let tag = added.header("etag").unwrap();
    let changed = province.send("PATCH", path, &[("if-match", tag)], Some(&on)).await.expect(200);
    assert_eq!((&changed.json()["enabled"], &changed.json()["version"]), (&json!(true), &json!(2)));
    assert_eq!(codes(&put(&school, "scale", "2021", cells.clone()).await), [""; 0], "before its time");
    assert!(codes(&put(&school, "scale", "2024", cells).await).contains(&"scale.intake_share".to_owned()));

    // By GraphQL the same rule, off again and without its bound.
    let query = "mutation ($tag: String!) { changeRule(input: { code: \"scale.intake_share\", ifMatch: $tag, isEnabled: false, validFrom: null }) { rule { isEnabled validFrom etag } } }";
    let answer = Caller::data(province.graphql(query, json!({ "tag": changed.header("etag") })).await);
    assert_eq!(answer["changeRule"]["rule"], json!({ "isEnabled": false, "validFrom": null, "etag": "\"3\"" }));
    let listed = server.anonymous().get("/v1/rules?dataset=scale").await.expect(200).json();
    let listed: Vec<&str> =
        listed["rules"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(
        listed,
        ["scale.intake_within_students", "scale.graduates_plausible", "scale.cohort", "scale.intake_share"]
    );

    // What it said before is kept.
    let rows = journal::Entity::find()
        .filter(journal::Column::Object.eq("rule/scale.intake_share"))
        .order_by_asc(journal::Column::Id)
        .all(app.house.db.read())
        .await
        .unwrap();
    let said: Vec<(String, Value)> = rows
        .into_iter()
        .map(|row| (row.action, serde_json::from_str::<Value>(&row.data).unwrap()["enabled"].clone()))
        .collect();
    let change = |on: bool| ("rule.changed".to_owned(), json!(on));
    assert_eq!(said, [("rule.added".to_owned(), json!(false)), change(true), change(false)]);
    server.stop().await;
}
