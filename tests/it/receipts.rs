//! Receipts: what the service vouches for, checked without the service.

use std::process::Command;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use entity::journal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use zhiqiao::{authz::Role, domain::keys, formats::document::sha256};

use crate::{
    app::{Answer, Server, TestApp},
    batches::files::csv,
    python, stage,
    wire::send,
};

const PATH: &str = "/v1/schools/62001/submissions/talent/2020";

fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// Verifies a receipt by its parts alone: nothing of the service's own code has a say. Returns header and payload.
fn opened(receipt: &str, jwks: &Value) -> (Value, Value) {
    let parts: Vec<&str> = receipt.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{receipt}") };
    let head: Value = serde_json::from_slice(&decoded(header)).unwrap();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let point: [u8; 32] = decoded(key["x"].as_str().unwrap()).try_into().unwrap();
    let signature = Signature::from_slice(&decoded(signature)).unwrap();
    let signed = format!("{header}.{payload}");
    VerifyingKey::from_bytes(&point).unwrap().verify(signed.as_bytes(), &signature).unwrap();
    (head, serde_json::from_slice(&decoded(payload)).unwrap())
}

/// What a JOSE library of another language makes of a receipt, where one is installed.
fn elsewhere(receipt: &str, jwks: &Value) -> Option<Value> {
    const SCRIPT: &str = "
import json, sys
from jwcrypto import jwk, jws
token = jws.JWS()
token.deserialize(sys.argv[1])
keys = jwk.JWKSet.from_json(sys.argv[2])
token.verify(keys.get_key(token.jose_header['kid']))
print(token.payload.decode())
";
    let python = python::with("jwcrypto", "the receipts were verified with ed25519-dalek alone")?;
    let said = Command::new(python).args(["-c", SCRIPT, receipt, &jwks.to_string()]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Some(serde_json::from_slice(&said.stdout).unwrap())
}

async fn jwks(server: &Server) -> Value {
    server.anonymous().get("/.well-known/jwks.json").await.expect(200).json()
}

fn receipt(answer: &Answer) -> String {
    answer.json()["receipt"].as_str().unwrap_or_else(|| panic!("no receipt: {}", answer.text)).to_owned()
}

#[tokio::test]
async fn a_batch_has_a_receipt_of_its_file_and_of_what_it_stated() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let rows = [
        ["62001", "talent", "2031", "talent.graduates", "8000"],
        ["62001", "talent", "2032", "talent.graduates", "x"],
        ["62001", "scale", "2031", "scale.students", "25688"],
    ];
    let file = csv(&rows);
    let post = async |query: &str| {
        let headers = [("content-type", "text/csv")];
        send(&school, "POST", &format!("/v1/batches{query}"), &headers, file.clone()).await.expect(200)
    };
    assert!(post("?dry_run=true").await.json()["receipt"].is_null(), "nothing was to be stored");
    let answer = post("").await;
    let (json, text) = (answer.json(), receipt(&answer));
    let keys = jwks(&server).await;
    let (head, said) = opened(&text, &keys);
    assert_eq!(head["typ"], "zhiqiao-receipt+jws");
    assert!(elsewhere(&text, &keys).is_none_or(|theirs| theirs == said));
    assert_eq!((&said["event"], &said["batch"]), (&json!("batch.finished"), &json["id"]));
    assert_eq!((&said["hash"], &json["hash"]), (&json!(sha256(&file)), &json!(sha256(&file))));
    assert_eq!(said["size_bytes"], file.len());
    assert_eq!(said["rows"], json!({ "accepted": 2, "rejected": 1 }));
    assert_eq!(said["tables"], json!({ "accepted": 2, "rejected": 1 }));
    let lines = "62001/scale/2031 1 draft\n62001/talent/2031 1 draft\n62001/talent/2032 0 rejected\n";
    assert_eq!(said["revisions"], sha256(lines));
    assert_eq!(said["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(school.get(answer.header("location").unwrap()).await.expect(200).json(), json, "it is kept");
    let row = journal::Entity::find().filter(journal::Column::Action.eq("batch.finished"));
    let rows = row.filter(journal::Column::Object.eq(json["id"].as_str().unwrap())).all(app.house.db.read()).await;
    let data: Value = serde_json::from_str(&rows.unwrap()[0].data).unwrap();
    assert_eq!(data["receipt"], sha256(&text));
    server.stop().await;
}

#[tokio::test]
async fn every_push_and_submit_has_a_receipt_that_anybody_can_verify() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let body = json!({ "observations": stage::talent(8_000) });
    let pushed = school.put(PATH, None, &body).await.expect(201);
    let same = school.put(PATH, Some("*"), &body).await.expect(200);
    let patch = json!({ "observations": { "talent.graduates": 8_001, "talent.further_study": 8_002 } });
    let patched = school.send("PATCH", PATH, &[("if-match", "*")], Some(&patch)).await.expect(200);
    let patched_again = json!({ "observations": { "talent.graduates": 8_001, "talent.further_study": null } });
    let mended = school.send("PATCH", PATH, &[("if-match", "*")], Some(&patched_again)).await.expect(200);
    let submitted = school.post(&format!("{PATH}/submit"), Some("*"), &json!({})).await.expect(200);
    let keys = jwks(&server).await;
    for (answer, event, errors, state) in [
        (&pushed, "submission.pushed", 0, "draft"),
        (&same, "submission.pushed", 0, "draft"),
        (&patched, "submission.pushed", 2, "draft"),
        (&mended, "submission.pushed", 0, "draft"),
        (&submitted, "submission.submitted", 0, "submitted"),
    ] {
        let (text, json) = (receipt(answer), answer.json());
        let (head, said) = opened(&text, &keys);
        assert_eq!((&head["alg"], &head["typ"]), (&json!("EdDSA"), &json!("zhiqiao-receipt+jws")));
        assert!(elsewhere(&text, &keys).is_none_or(|theirs| theirs == said));
        for member in ["school", "dataset", "period", "revision", "hash", "state"] {
            assert_eq!(said[member], json[member], "{member}");
        }
        assert_eq!(said["state"], state);
        assert_eq!(said["cells"], json["observations"].as_object().unwrap().len());
        let found = |severity: &str| {
            json["findings"].as_array().unwrap().iter().filter(|one| one["severity"] == severity).count()
        };
        let counts = json!({ "error": found("error"), "warning": found("warning"), "info": found("info") });
        assert_eq!((&said["findings"], found("error")), (&counts, errors));
        assert_eq!(said["event"], event);
        assert_eq!(said["iss"], app.house.config.public_url);
        assert_eq!(said["request_id"].as_str(), answer.header("x-request-id"));
        let time = |text: &Value| chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
        let age = time(&said["time"]).timestamp() - said["iat"].as_i64().unwrap();
        assert!((-5..=0).contains(&age), "{said}");
    }
    // The journal names the receipt of each change; a push that changed nothing has no row.
    let rows = journal::Entity::find().filter(journal::Column::Object.eq("62001/talent/2020"));
    let named: Vec<Value> = rows
        .all(app.house.db.read())
        .await
        .unwrap()
        .iter()
        .map(|row| serde_json::from_str::<Value>(&row.data).unwrap()["receipt"].clone())
        .collect();
    for answer in [&pushed, &patched, &mended, &submitted] {
        assert!(named.contains(&json!(sha256(receipt(answer)))), "{named:?}");
    }
    assert_eq!(named.len(), 4);
    // Nobody who only looks, and no reviewer, is given one.
    assert!(school.get(PATH).await.expect(200).json().get("receipt").is_none());
    let city = server.client("city-620100").await;
    let approved = city.post(&format!("{PATH}/approve"), Some("*"), &json!({})).await.expect(200);
    assert!(approved.json().get("receipt").is_none());
    server.stop().await;
}

#[tokio::test]
async fn graphql_gives_the_same_receipts() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let table = r#"school: "62001", dataset: "scale", period: "2019""#;
    let push = format!(
        r#"mutation {{ it: pushSubmission(input: {{ {table}, observations: [{{ indicator: "scale.students", value: 1 }},
            {{ indicator: "scale.intake", value: 1 }}, {{ indicator: "scale.graduates", value: 1 }}] }})
            {{ receipt submission {{ hash }} }} }}"#
    );
    let submit = format!(
        r#"mutation {{ it: submitSubmission(input: {{ {table}, ifMatch: "*" }}) {{ receipt submission {{ hash }} }} }}"#
    );
    let keys = jwks(&server).await;
    for (query, state) in [(push, "draft"), (submit, "submitted")] {
        let data = crate::app::Caller::data(school.graphql(&query, json!({})).await);
        let (_, said) = opened(data["it"]["receipt"].as_str().unwrap(), &keys);
        assert_eq!((&said["hash"], &said["state"]), (&data["it"]["submission"]["hash"], &json!(state)));
    }
    server.stop().await;
}

/// The command, without a database, a network or a configuration.
#[tokio::test]
async fn the_command_tells_a_good_receipt_from_a_bad_one() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let pushed = school.put(PATH, None, &json!({ "observations": stage::talent(8_000) })).await.expect(201);
    let old = jwks(&server).await;
    keys::rotate(&app.system()).await.unwrap();
    let new = jwks(&server).await;
    server.stop().await;

    let text = receipt(&pushed);
    let parts: Vec<&str> = text.split('.').collect();
    let mut forged: Value = serde_json::from_slice(&decoded(parts[1])).unwrap();
    forged["revision"] = json!(2);
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(forged.to_string()), parts[2]);
    let token = app.house.ctx(zhiqiao::authz::Actor::with(Role::School, None, "x", "x"));
    let other = zhiqiao::authn::keys::sign(&token.memory.keys(), b"{}", "at+jwt").unwrap();
    let others = json!({ "keys": [new["keys"][0]] });

    let file = |name: &str, text: &str| {
        let path = app.dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (old, new, others) = (
        file("old.json", &old.to_string()),
        file("new.json", &new.to_string()),
        file("others.json", &others.to_string()),
    );
    let broken = file("broken.json", "not json");
    for (name, text, jwks, code, says) in [
        ("bare", text.as_str(), &old, 0, "good: submission.pushed"),
        ("answer", pushed.text.as_str(), &old, 0, "  revision: 1"),
        // A key that is retired still vouches for what it has signed.
        ("retired", text.as_str(), &new, 0, "  school: 62001"),
        ("forged", forged.as_str(), &old, 1, "wrong signature"),
        ("another-kind", other.as_str(), &new, 1, "signed as another type"),
        ("unknown-key", text.as_str(), &others, 1, "unknown key"),
        ("no-receipt", "{}", &old, 1, "no member `receipt`"),
        ("no-keys", text.as_str(), &broken, 1, "not a JWKS document"),
        ("nonsense", "nonsense", &old, 1, "malformed"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_zhiqiao"))
            .args(["receipt", "verify"])
            .arg(file(name, text))
            .arg("--jwks")
            .arg(jwks)
            .current_dir(app.dir())
            .output()
            .unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{name}: {stdout}{stderr}");
        assert!(if code == 0 { &stdout } else { &stderr }.contains(says), "{name}: {stdout}{stderr}");
    }
}
