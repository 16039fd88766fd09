//! Inside a school, one may fill in and another sign off.

use entity::words::{Duty, Role as Word};
use serde_json::json;
use zhiqiao::{
    authz::Role,
    domain::clients::{self, Add, ClientSecret},
    error::Error,
};

use crate::{
    app::{Caller, Server, TestApp},
    stage,
    wire::{problem, send},
};

const PATH: &str = "/v1/schools/62001/submissions/talent/2021";

fn new(name: &str, role: Word, org: &str, duty: Duty) -> Add {
    Add {
        client_id: name.to_owned(),
        name: name.to_owned(),
        role,
        org: Some(org.to_owned()),
        duty,
        secret: ClientSecret::Random,
    }
}

async fn caller(app: &TestApp, server: &Server, name: &str, duty: Duty) -> Caller {
    let told = clients::add(&app.as_(Role::Admin, ""), new(name, Word::School, "62001", duty)).await.unwrap();
    server.holder(name, told.secret.expose()).await
}

#[tokio::test]
async fn who_fills_in_does_not_sign_off_and_the_other_way_round() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (fills, signs) =
        (caller(&app, &server, "fills", Duty::Fill).await, caller(&app, &server, "signs", Duty::Sign).await);
    let body = json!({ "observations": stage::talent(8_000) });
    let refused = |answer, duty: &str| {
        let said = problem(&answer, 403, "forbidden");
        assert!(said["detail"].as_str().unwrap().contains(duty), "{said}");
    };
    refused(signs.put(PATH, None, &body).await, "fill");
    refused(signs.put(&format!("{PATH}?dry_run=true"), None, &body).await, "fill");
    let headers = [("content-type", "text/csv")];
    refused(send(&signs, "POST", "/v1/batches", &headers, Vec::new()).await, "fill");
    let tag = fills.put(PATH, None, &body).await.expect(201).header("etag").unwrap().to_owned();
    refused(signs.send("PATCH", PATH, &[("if-match", "*")], Some(&body)).await, "fill");
    refused(fills.post(&format!("{PATH}/submit"), Some(&tag), &json!({})).await, "sign");
    // Both read; the one who signs binds to what it has read.
    assert_eq!(signs.get(PATH).await.expect(200).header("etag"), Some(tag.as_str()));
    signs.post(&format!("{PATH}/submit"), Some(&tag), &json!({})).await.expect(200);
    refused(fills.post(&format!("{PATH}/recall"), None, &json!({})).await, "sign");
    signs.post(&format!("{PATH}/recall"), None, &json!({})).await.expect(200);
    // By GraphQL too.
    let mutation = r#"mutation { submitSubmission(input: { school: "62001", dataset: "talent", period: "2021", ifMatch: "*" }) { receipt } }"#;
    let said = fills.graphql(mutation, json!({})).await;
    assert_eq!(said["errors"][0]["extensions"]["code"], "FORBIDDEN", "{said}");
    assert_eq!(Caller::data(fills.graphql("{ me { duty } }", json!({})).await)["me"]["duty"], "FILL");
    // A school that parts nothing loses nothing.
    let all = server.client("school-62001").await;
    all.put(PATH, Some("*"), &body).await.expect(200);
    all.post(&format!("{PATH}/submit"), Some("*"), &json!({})).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn only_a_school_parts_the_two() {
    let app = TestApp::new().await;
    let admin = app.as_(Role::Admin, "");
    for (role, org) in [(Word::City, "620100"), (Word::Province, "620000")] {
        let Err(Error::Invalid(found)) = clients::add(&admin, new("parted", role, org, Duty::Sign)).await else {
            panic!("{role:?}")
        };
        assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["duty"]);
        clients::add(&admin, new(&format!("whole-{org}"), role, org, Duty::All)).await.unwrap();
    }
}
