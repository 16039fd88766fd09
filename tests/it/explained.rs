//! Reconciliations that are kept, and words about contradictions.

use entity::{claim_explanation, reconciliation};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::claims::{self, Ask, Explain},
};

use crate::{
    app::{Caller, TestApp},
    stage,
    tour::{end, on, said},
};

const CLAIM: &str = "policy.students_full_time.2023.附表6";
const OTHER: &str = "policy.students_full_time.2023.1.2.1";

fn words(cause: &str, text: &str) -> Value {
    json!({ "claim": CLAIM, "other": OTHER, "cause": cause, "text": text })
}

/// The explanation of the pair, as the reconciliation tells it.
async fn told(caller: &Caller) -> Value {
    let all = caller.get("/v1/claims/reconciliation?verdict=contradicts").await.expect(200).json();
    let mut pairs = all.as_array().unwrap().iter();
    pairs.find(|one| one["claim"] == CLAIM && one["other"] == OTHER).unwrap()["explanation"].clone()
}

#[tokio::test]
async fn the_province_says_why_and_everybody_reads_it() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, public) = (server.client("province-620000").await, server.anonymous());
    assert_eq!(told(&public).await, Value::Null);
    let before = stage::changes(&app).await;
    let route = "/v1/claims/explanations";
    let first = province.post(route, None, &words("scope", "附表6不含五年一贯制")).await.expect(201).json();
    assert_eq!((&first["number"], &first["cause"]), (&json!(1), &json!("scope")));
    assert_eq!(told(&public).await, json!({ "cause": "scope", "text": "附表6不含五年一贯制" }));
    // Whichever way round it is named, it is the same pair; the newest word counts.
    let turned = json!({ "claim": OTHER, "other": CLAIM, "cause": "period", "text": "<b>年末</b>" });
    assert_eq!(province.post(route, None, &turned).await.expect(201).json()["number"], 2);
    assert_eq!(told(&public).await["text"], "<b>年末</b>");
    let list = public.get(route).await.expect(200).json();
    assert_eq!(list["explanations"].as_array().unwrap().len(), 1);
    assert_eq!(stage::changes(&app).await, before + 2);
    stage::sealed(&app).await;
    let feed = province.get("/v1/changes?limit=1000&wait=1").await.expect(200).json();
    let events: Vec<&Value> =
        feed["events"].as_array().unwrap().iter().filter(|event| event["type"] == "claim.explained").collect();
    assert_eq!((events.len(), &events[0]["object"], &events[0]["data"]["other"]), (2, &json!(CLAIM), &json!(OTHER)));

    // By GraphQL the same; `withdrawn` takes it back.
    let query =
        "mutation($input: ExplainClaimInput!) { explainClaim(input: $input) { explanation { claim cause text } } }";
    let input = json!({ "input": { "claim": CLAIM, "other": OTHER, "cause": "WITHDRAWN", "text": "误记" } });
    let done = Caller::data(province.graphql(query, input.clone()).await);
    assert_eq!(done["explainClaim"]["explanation"]["cause"], "WITHDRAWN");
    assert_eq!(told(&public).await, Value::Null);
    assert!(public.get(route).await.expect(200).json()["explanations"].as_array().unwrap().is_empty());
    assert_eq!(claim_explanation::Entity::find().count(app.house.db.read()).await.unwrap(), 3);

    // Everything that is wrong, at once; and nobody else's to say.
    let wrong = json!({ "claim": CLAIM, "other": "nonsense", "cause": "nonsense", "text": " " });
    let refused = province.post(route, None, &wrong).await.expect(422).json();
    let codes: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["cause", "reason_missing", "no_contradiction"]);
    for client in ["city-620100", "school-62001", "analyst", "admin", "auditor"] {
        server.client(client).await.post(route, None, &words("scope", "x")).await.expect(403);
        let answer = server.client(client).await.graphql(query, input.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    }
    public.post(route, None, &words("scope", "x")).await.expect(401);
    assert_eq!(stage::changes(&app).await, before + 3);
    server.stop().await;
}

#[tokio::test]
async fn two_words_at_once_are_both_there() {
    let app = TestApp::new().await;
    let province = app.as_(Role::Province, "620000");
    let say = |text: &str| Explain {
        claim: CLAIM.to_owned(),
        other: OTHER.to_owned(),
        cause: "scope".to_owned(),
        text: text.to_owned(),
    };
    let (one, other) = tokio::join!(claims::explain(&province, say("一")), claims::explain(&province, say("二")));
    let stood = [one, other].into_iter().filter(Result::is_ok).count();
    // On PostgreSQL the second may be told that somebody else was first; neither is lost without a word.
    let rows = claim_explanation::Entity::find().count(app.house.db.read()).await.unwrap();
    assert!(stood >= 1 && rows == u64::try_from(stood).unwrap(), "{stood} {rows}");
}

/// The header of a file of claims, and one that holds.
const FILE: &str = "key,label_zh,indicator,statistic,scope,scope_code,period,comparator,value,unit,source\n\
                    a,在校生,scale.students,value,province,620000,2023,=,294013,人,年鉴\n\
                    b,在校生,scale.students,value,city,620100,2023,=,1,人,市年鉴\n";

async fn send(caller: &Caller, query: &str, kind: &str, body: &str) -> crate::app::Answer {
    let mut request = caller
        .http
        .post(format!("{}/v1/claims/reconciliation{query}", caller.base))
        .header("content-type", kind)
        .body(body.to_owned());
    if let Some(token) = &caller.token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    crate::app::Answer { status, headers, text: answer.text().await.unwrap() }
}

#[tokio::test]
async fn an_official_has_a_file_reconciled_and_finds_it_again() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, city) = (server.client("province-620000").await, server.client("city-620100").await);
    let other_city = server.client("city-620500").await;
    let answer = send(&city, "", "text/csv; charset=utf-8", FILE).await.expect(201);
    let place = answer.header("location").unwrap().to_owned();
    let kept = answer.json();
    assert_eq!((&kept["holds"], &kept["differs"], &kept["of_file"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!((&kept["release"], &kept["actor"]), (&json!("1.0.0"), &json!("client:demo-city-620100")));
    assert_eq!(kept["outcomes"][1]["verdict"], "differs");

    // Its own and the province's; to others it is not there.
    assert_eq!(city.get(&place).await.expect(200).json(), kept);
    assert_eq!(province.get(&place).await.expect(200).json()["id"], kept["id"]);
    other_city.get(&place).await.expect(404);
    server.client("school-62001").await.get(&place).await.expect(404);
    server.anonymous().get(&place).await.expect(401);
    let count = async |caller: &Caller| {
        let list = caller.get("/v1/claims/reconciliations").await.expect(200).json();
        assert!(list["reconciliations"].as_array().unwrap().iter().all(|one| one.get("outcomes").is_none()));
        list["reconciliations"].as_array().unwrap().len()
    };
    assert_eq!((count(&city).await, count(&other_city).await, count(&province).await), (1, 0, 1));

    // Those of the registry, without a file; and the command may keep its own.
    let all = province.send("POST", "/v1/claims/reconciliation", &[], None).await.expect(201).json();
    assert_eq!(all["outcomes"].as_array().unwrap().iter().filter(|one| one["basis"] == "data").count(), 222);
    let output = end(on(app.url(), app.dir()).args(["reconcile", "--keep", "--only", "differs"]));
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    let page = province.get("/v1/claims/reconciliations?limit=2").await.expect(200).json();
    assert_eq!(page["reconciliations"][0]["actor"], "job:reconcile");
    // The same claims have the same sum, whoever had them reconciled.
    assert_eq!(page["reconciliations"][0]["claims_sha256"], page["reconciliations"][1]["claims_sha256"]);
    let next = page["next"].as_str().unwrap();
    let next = province.get(&format!("/v1/claims/reconciliations?limit=2&cursor={next}")).await.expect(200).json();
    assert_eq!((&next["reconciliations"][0]["id"], &next["next"]), (&kept["id"], &Value::Null));

    // What is wrong with it is said, and nothing is kept.
    let before = stage::changes(&app).await;
    for (kind, body, status) in [
        ("application/json", "{}", 415),
        ("text/csv", "key\nx\n", 422),
        ("text/csv", "\u{0}\u{0}", 422),
        ("text/csv", &format!("{FILE}c,x,,(((((((((((,province,620000,2023,=,1,人,此处\n"), 422),
    ] {
        send(&city, "", kind, body).await.expect(status);
    }
    send(&city, "?release=7.7.7", "text/csv", FILE).await.expect(404);
    send(&server.client("analyst").await, "", "text/csv", FILE).await.expect(403);
    send(&server.anonymous(), "", "text/csv", FILE).await.expect(401);
    assert_eq!(stage::changes(&app).await, before);
    assert_eq!(reconciliation::Entity::find().count(app.house.db.read()).await.unwrap(), 3);
    server.stop().await;
}

#[tokio::test]
async fn who_reads_protected_figures_in_one_that_was_kept_is_recorded() {
    use entity::words::{ReleaseKind, SubmissionState as State};
    let app = TestApp::new().await;
    let key = zhiqiao::domain::submissions::Key::new("62001", "conditions", "2023");
    stage::bring(&app, &key, &stage::conditions(20.5), State::Accepted).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let kept = claims::keep(&app.as_(Role::Province, "620000"), Ask::default()).await.unwrap();
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let path = format!("/v1/claims/reconciliations/{}", kept.row.id);
    province.send("GET", &path, &[("x-request-id", "kept-door")], None).await.expect(200);
    // The keeper writes what it has when it stops.
    server.stop().await;
    let rows = entity::data_access::Entity::find().all(app.house.db.read()).await.unwrap();
    let access = rows.iter().find(|row| row.request_id.as_deref() == Some("kept-door")).unwrap();
    let tables = entity::data_access_table::Entity::find().all(app.house.db.read()).await.unwrap();
    let tables: Vec<String> = tables
        .into_iter()
        .filter(|table| table.access_id == access.id)
        .map(|table| format!("{}/{}", table.dataset_code, table.period_code))
        .collect();
    assert_eq!(tables, ["conditions/2023"]);
}
