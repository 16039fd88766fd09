//! Numbers of persons that are sent nevertheless: refused by every door, and neither stored nor logged.

use serde_json::{Value, json};

use super::{Place, Process, connect, prepare};
use crate::{
    app::{Answer, Caller, TestApp},
    persons,
};

/// Of a place that does not exist, with a wrong check digit; and a number that nobody has.
const NUMBERS: &[&str] = &["990000199002300012", "13000000000"];

/// Where somebody writes words, and what would be taken there but for the number in it.
fn doors(number: &str) -> Vec<(&'static str, String, Value)> {
    let words = format!("联系人 {number}");
    let school = "school-62001";
    vec![
        (
            school,
            "/v1/partnerships".to_owned(),
            json!({ "enterprise": "EEADEB0F3", "kind": "order_class", "name": words }),
        ),
        ("enterprise-eeadeb0f3", "/v1/consortia/CD9B599D7/applications".to_owned(), json!({ "message": words })),
        (
            school,
            "/v1/opportunities".to_owned(),
            json!({
                "kind": "talent", "side": "supply", "title": "毕业生", "text": words, "valid_until": "2098-12-31",
                "contact": { "department": "就业处", "telephone": "0931-1234567" },
            }),
        ),
        (
            school,
            "/v1/opportunities".to_owned(),
            json!({
                "kind": "talent", "side": "supply", "title": "毕业生", "text": "焊接专业", "valid_until": "2098-12-31",
                "contact": { "department": "就业处", "telephone": number },
            }),
        ),
        (
            school,
            "/v1/teacher-certifications".to_owned(),
            json!({ "number": number, "level": "junior", "major_category": "装备制造大类" }),
        ),
        ("city-620100", "/v1/tasks".to_owned(), json!({ "title": words, "due": "2098年" })),
        (
            "province-620000",
            "/v1/enterprises".to_owned(),
            json!({ "name": "某企业", "source": words, "reason": "新增" }),
        ),
    ]
}

/// Sends it, and expects a refusal that does not say the number again.
async fn refused(caller: &Caller, path: &str, body: &Value, number: &str) {
    let answer: Answer = caller.post(path, None, body).await;
    assert_eq!(answer.status, 422, "{path}: {}", answer.text);
    assert!(answer.text.contains("personal_data"), "{path}: {}", answer.text);
    assert!(!answer.text.contains(number), "{path}: {}", answer.text);
}

#[tokio::test]
async fn numbers_of_persons_are_neither_stored_nor_logged() {
    let app = TestApp::new().await;
    let place = Place::of(&app);
    prepare(&app).await;
    let process = Process::serve(&place).await;
    for number in NUMBERS {
        for (client, path, body) in doors(number) {
            refused(&process.client(client).await, &path, &body, number).await;
        }
    }
    let log = process.said();
    assert!(log.lines().count() > NUMBERS.len(), "it logs its requests");
    assert_eq!(persons::found(&log), None, "{log}");
    drop(process);
    let db = connect(&app).await;
    assert!(persons::expect_none(db.write()).await > 1_000);
}
