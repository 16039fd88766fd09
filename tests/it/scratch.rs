use serde_json::{Value, json};
use zhiqiao::{authz::Role, domain::{keys, synth}, graphql::request::{GraphqlRequest, execute}};
use crate::app::TestApp;
#[tokio::test]
async fn scratch() {
    let app = TestApp::empty().await;
    keys::rotate(&app.system()).await.unwrap();
    let size = synth::Size { schools: 60, indicators: 12, years: 1, seed: 7 };
    synth::fill(&app.system(), size, true, &mut |_, _| {}).await.unwrap();
    let ctx = app.anonymous();
    for q in ["submissions { state }", "city { name } submissions { state }", "submissions { state } observations(period: \"2023\", indicators: [\"synthetic_1.i001\"]) { value }",
      "submissions { state } consortia { role }", "city { name } consortia { role } observations(period: \"2023\", indicators: [\"synthetic_1.i001\"]) { value }"] {
        for first in [5, 20, 29, 31, 50, 50] {
            let body = json!({ "query": format!("{{ schools(first: {first}) {{ nodes {{ {q} }} }} }}") }).to_string();
            let before = app.house.db.statements();
            let answer = execute(&app.house.schema, ctx.clone(), GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
            let sent = app.house.db.statements() - before;
            let v: Value = serde_json::from_slice(&answer.body).unwrap();
            println!("{first} {sent} {q} {}", v["errors"]);
        }
    }
    let _ = Role::Province;
}
