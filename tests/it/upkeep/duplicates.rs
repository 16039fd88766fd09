//! Two entries that are one: proposed by similarity, decided by a person, and nothing is lost.

use serde_json::{Value, json};

use super::{PROVINCE, codes, mutate, refused};
use crate::{
    app::{Caller, TestApp, reference},
    wire::problem,
};

/// The codes of the two Jinchuans: the one of table 17, and the one of table 18.
fn jinchuan(app: &TestApp) -> (String, String) {
    let registry = app.house.memory.registry();
    let code = |name: &str| registry.enterprises.all().iter().find(|row| row.name == name).unwrap().code.0.clone();
    (code("金川集团公司"), code("金川集团股份有限公司"))
}

fn names(pairs: &Value) -> Vec<(String, String, Value)> {
    let text = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let mut all: Vec<_> = pairs
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            let (one, other) = (text(&pair["one"]), text(&pair["other"]));
            if one < other { (one, other, pair["basis"].clone()) } else { (other, one, pair["basis"].clone()) }
        })
        .collect();
    all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    all
}

const PAIRS: &str = "{ duplicates(kind: ENTERPRISE) { kind one { code name } other { code name } score basis } }";

#[tokio::test]
async fn the_two_jinchuans_are_proposed_and_other_neighbours_are_not() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let listed = province.get("/v1/registry/duplicates?kind=enterprise").await.expect(200).json();
    let pairs = names(&listed["duplicates"]);
    let the_two = pairs.iter().find(|(one, other, _)| one == "金川集团公司" && other == "金川集团股份有限公司");
    assert_eq!(the_two.map(|(_, _, basis)| basis), Some(&json!(["suggested", "same_core"])), "{pairs:?}");
    // The smelter and the copper works are firms of their own.
    assert!(!pairs.iter().any(|(one, other, _)| format!("{one}{other}").contains("镍冶炼厂")), "{pairs:?}");
    // A short list that a person can go through.
    assert!(pairs.len() < 20, "{pairs:?}");
    let told = Caller::data(province.graphql(PAIRS, json!({})).await);
    assert_eq!(told["duplicates"].as_array().unwrap().len(), pairs.len());
    assert_eq!(told["duplicates"][0]["score"], listed["duplicates"][0]["score"]);
    server.stop().await;
}

#[tokio::test]
async fn what_was_said_to_be_two_is_not_proposed_again() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, city) = (server.client(PROVINCE).await, server.client("city-620500").await);
    let (one, other) = jinchuan(&app);
    let body = json!({ "kind": "enterprise", "one": one, "other": other, "reason": "两家独立法人" });
    problem(&city.post("/v1/registry/duplicates/distinguish", None, &body).await, 403, "forbidden");
    province.post("/v1/registry/duplicates/distinguish", None, &body).await.expect(204);
    let listed = province.get("/v1/registry/duplicates").await.expect(200).json();
    assert!(!listed.to_string().contains("金川集团股份有限公司"), "{listed}");
    problem(&province.post("/v1/registry/duplicates/distinguish", None, &body).await, 409, "conflict");
    let wrong = json!({ "kind": "school", "one": "62001", "other": "62002" });
    assert_eq!(codes(&province.post("/v1/registry/duplicates/distinguish", None, &wrong).await), ["kind /kind"]);
    let wrong = json!({ "kind": "ENTERPRISE", "keep": one, "merge": one });
    let answer = mutate(&province, "mergeDuplicates", &wrong, "kept").await;
    assert_eq!(answer["errors"][0]["extensions"]["errors"][0]["code"], "same_entry");
    server.stop().await;
}

#[tokio::test]
async fn of_two_that_are_merged_one_stays_and_has_everything() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let (gone, kept) = jinchuan(&app);
    let registry = app.house.memory.registry();
    let partnerships = |code: &str| registry.partnerships.of(code).count();
    let (of_both, members) = (partnerships(&gone) + partnerships(&kept), registry.members.of(&gone).count());
    assert!(of_both > 0 && members == 2);

    // A person of the one that goes is signed in.
    let admin = server.client("admin").await;
    let new = json!({ "client_id": "jinchuan", "name": "jinchuan", "role": "ENTERPRISE", "org": gone });
    let secret = admin.post("/v1/clients", None, &new).await.expect(201).json()["client_secret"].clone();
    let signed_in = server.holder("jinchuan", secret.as_str().unwrap()).await;
    signed_in.get("/v1/webhooks").await.expect(200);
    // It has asked for something, and wants to join a consortium.
    let until = (chrono::Utc::now() + chrono::Duration::days(100)).date_naive().to_string();
    let posted = json!({
        "kind": "talent", "side": "demand", "title": "招聘焊工", "text": "镍冶炼", "valid_until": until,
        "contact": { "department": "人力资源部", "telephone": "0935-1234567" },
    });
    let posted = signed_in.post("/v1/opportunities", None, &posted).await.expect(201).json()["id"].clone();
    let asked = signed_in.post("/v1/consortia/CD9B599D7/applications", None, &json!({})).await.expect(201);
    let asked = asked.json()["id"].clone();

    let input = json!({ "kind": "ENTERPRISE", "keep": kept, "merge": gone, "reason": "同一企业" });
    let city = server.client("city-620100").await;
    assert_eq!(refused(&mutate(&city, "mergeDuplicates", &input, "kept").await), "FORBIDDEN");
    let done = Caller::data(mutate(&province, "mergeDuplicates", &input, "kept gone moved").await);
    assert_eq!((&done["it"]["kept"], &done["it"]["gone"]), (&json!(kept), &json!(gone)));

    let query = format!(
        r#"{{ enterprises {{ totalCount }} kept: enterprise(code: "{kept}") {{ name aliases mergedCodes
            partnerships {{ id }} consortia {{ id }} }} gone: enterprise(code: "{gone}") {{ code }} }}"#
    );
    let anybody = server.anonymous();
    let told = Caller::data(anybody.graphql(&query, json!({})).await);
    assert_eq!((&told["enterprises"]["totalCount"], &told["gone"]["code"]), (&json!(98), &json!(kept)));
    let one = &told["kept"];
    assert_eq!((&one["name"], &one["mergedCodes"]), (&json!("金川集团股份有限公司"), &json!([gone])));
    for name in ["金川集团公司", "金川集团"] {
        assert!(one["aliases"].as_array().unwrap().contains(&json!(name)), "{one}");
    }
    assert_eq!(one["partnerships"].as_array().unwrap().len(), of_both);
    assert_eq!(one["consortia"].as_array().unwrap().len(), members);
    assert_eq!(anybody.get(&format!("/v1/enterprises/{gone}")).await.expect(200).json()["code"], json!(kept));
    let listed = province.get("/v1/registry/duplicates").await.expect(200).json();
    assert!(!listed.to_string().contains("金川集团公司"));

    // Its program has moved, and signs in anew.
    assert_eq!(signed_in.get("/v1/webhooks").await.status, 401);
    let clients = admin.get("/v1/clients/jinchuan").await.expect(200).json();
    assert_eq!(clients["org"], json!(kept));
    server.holder("jinchuan", secret.as_str().unwrap()).await.get("/v1/webhooks").await.expect(200);
    // Under its new code it keeps its own words, and its old code leads there.
    let own = server.holder("jinchuan", secret.as_str().unwrap()).await;
    // What it had asked for is still its own.
    for path in
        ["/v1/opportunities", "/v1/consortium-applications"].map(str::to_owned).into_iter().zip([&posted, &asked])
    {
        let found = own.get(&format!("{}/{}", path.0, path.1.as_str().unwrap())).await.expect(200).json();
        assert!(found.to_string().contains(&format!("\"{kept}\"")), "{found}");
    }
    super::patch(&own, &format!("/v1/enterprises/{gone}"), "*", &json!({ "profile": "镍" })).await.expect(200);

    // A load of the same folder brings nothing back.
    let loaded = zhiqiao::domain::load::load(&app.system(), &reference(), &mut |_| {}).await.unwrap();
    assert!(!loaded.has_changes(), "{loaded}");
    assert_eq!(Caller::data(anybody.graphql(&query, json!({})).await)["enterprises"], told["enterprises"]);
    // A new enterprise does not get the old name, nor the old code.
    let again = province.post("/v1/enterprises", None, &json!({ "name": "金川集团公司" })).await;
    problem(&again, 409, "conflict");

    crate::stage::sealed(&app).await;
    let heard = server.client("school-62001").await.get("/v1/changes?limit=1000").await.expect(200).json();
    assert!(heard["events"].as_array().unwrap().iter().any(|event| event["type"] == "registry.merged"));
    server.stop().await;
}

#[tokio::test]
async fn a_member_twice_over_is_one_member() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let (gone, kept) = jinchuan(&app);
    let consortium = app.house.memory.registry().members.of(&gone).next().unwrap().consortium_code.0.clone();
    let body = json!({ "consortium": consortium, "member": kept, "role": "member" });
    province.post("/v1/consortium-members", None, &body).await.expect(201);
    assert_eq!(codes(&province.post("/v1/consortium-members", None, &body).await), ["is_member /member"]);
    let body = json!({ "kind": "enterprise", "keep": kept, "merge": gone });
    province.post("/v1/registry/duplicates/merge", None, &body).await.expect(200);
    let members = province.get(&format!("/v1/consortium-members?of={consortium}")).await.expect(200).json();
    let of = |code: &str| members["items"].as_array().unwrap().iter().filter(|row| row["member"] == code).count();
    assert_eq!((of(&kept), of(&gone)), (1, 0));
    server.stop().await;
}

/// Two consortia that are one: what they have done, who wants to join, and every question by the old code.
#[tokio::test]
async fn of_two_consortia_one_stays_and_the_old_code_leads_on() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, public) = (server.client(PROVINCE).await, server.anonymous());
    let (kept, gone) = ("C056B4CFB", "CD9B599D7");
    let school = server.client("school-62001").await;
    let asked = school.post(&format!("/v1/consortia/{gone}/applications"), None, &json!({})).await.expect(201);
    let asked = format!("/v1/consortium-applications/{}", asked.json()["id"].as_str().unwrap());
    let held = json!({ "held_on": "2024-05-01", "title": "年会", "kind": "meeting" });
    province.post(&format!("/v1/consortia/{gone}/activities"), None, &held).await.expect(201);

    let body = json!({ "kind": "consortium", "keep": kept, "merge": gone, "reason": "同一机构" });
    let done = province.post("/v1/registry/duplicates/merge", None, &body).await.expect(200).json();
    assert!(done["moved"].as_u64().unwrap() > 3, "{done}");
    let activities = |code: &str| format!("/v1/consortia/{code}/activities");
    for code in [kept, gone] {
        assert_eq!(public.get(&activities(code)).await.expect(200).json()["activities"].as_array().unwrap().len(), 1);
    }
    // Its lead sees who wants to join what is one now, and takes it in; by the old code, too.
    let lead = server.client("school-62002").await;
    assert_eq!(lead.get(&asked).await.expect(200).json()["consortium"], kept);
    for code in [kept, gone] {
        let list = format!("/v1/consortium-applications?consortium={code}");
        assert_eq!(lead.get(&list).await.expect(200).json()["applications"].as_array().unwrap().len(), 1);
    }
    lead.post(&format!("{asked}/accept"), Some("*"), &json!({})).await.expect(200);
    lead.post(&activities(gone), None, &held).await.expect(201);
    assert_eq!(public.get(&activities(kept)).await.expect(200).json()["activities"].as_array().unwrap().len(), 2);
    let list = |code: &str| format!("/v1/consortium-members?of={code}");
    let members = public.get(&list(kept)).await.expect(200).json();
    assert_eq!(public.get(&list(gone)).await.expect(200).json(), members);

    // Lists, aggregates and files are asked by either.
    let query = |code: &str| {
        format!(
            r#"{{ schools(filter: {{ consortium: "{code}" }}) {{ nodes {{ code }} }}
                 partnerships(filter: {{ consortium: "{code}" }}) {{ totalCount }}
                 aggregate(input: {{ indicators: ["scale.students"], period: "2023", filter: {{ consortium: "{code}" }},
                     release: "live" }}) {{ groups {{ cells {{ expected schools value }} }} }} }}"#
        )
    };
    let told = Caller::data(province.graphql(&query(kept), json!({})).await);
    assert!(told["schools"]["nodes"].as_array().unwrap().contains(&json!({ "code": "62001" })), "{told}");
    assert_eq!(Caller::data(province.graphql(&query(gone), json!({})).await), told);
    let file = |code: &str| {
        format!(
            "/v1/data/scale.csv?period=2023&indicator=scale.students&group_by=province&release=live&consortium={code}"
        )
    };
    let csv = province.get(&file(kept)).await.expect(200).text;
    assert_eq!(province.get(&file(gone)).await.expect(200).text, csv);
    // `leave` is of what is there now, whatever it is called.
    school.post(&format!("/v1/consortia/{gone}/leave"), None, &json!({})).await.expect(200);
    let former = public.get(&format!("{}&ended=true", list(gone))).await.expect(200).json();
    assert_eq!(former["items"][0]["member"], "62001");
    server.stop().await;
}
