//! Nothing by which a person is known comes in, by any text of a certification.

use chrono::Datelike;
use entity::words::Role;
use serde_json::{Value, json};

use super::{
    OF_LANZHOU, caller, codes, day, open_batch, send,
    teachers::{ALL, Cast, ENGINEERING, application, apply, judge},
};
use crate::app::TestApp;

/// Of nobody: the place does not exist, and the check digit is wrong. And a mobile number of nobody.
const NUMBERS: [&str; 4] = ["990000199002300012", "99000019900230001X", "13000000000", "990000900230001"];

#[tokio::test]
async fn what_looks_like_the_number_of_a_person_is_refused_everywhere() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::new(&app, &server).await;
    let enterprise = caller(&app, &server, Role::Enterprise, OF_LANZHOU).await;
    let batch = open_batch(&cast.province, day(0).year(), 1).await;
    let at = apply(&cast.school, "T-1").await;
    let verdicts = format!("{at}/verdicts");
    let returned = apply(&cast.school, "T-2").await;
    judge(&cast.city, &returned, "return").await.expect(200);
    let refused = apply(&cast.school, "T-3").await;
    judge(&cast.city, &refused, "refuse").await.expect(200);
    let papers = json!({ "batch": batch, "statement": "申请", "staff": 10, "internship_places": 1 });
    let made = send(&enterprise, "POST", "/v1/enterprise-certifications", None, &papers).await.expect(201).json();
    let of_enterprise = format!("/v1/enterprise-certifications/{}/verdicts", made["id"].as_str().unwrap());

    for number in NUMBERS {
        let text = format!("联系人 {number}");
        let with = |mut body: Value, member: &str, value: Value| {
            body[member] = value;
            body
        };
        let appeal = format!("{refused}/appeal");
        let agency = json!({ "name": &text, "major_categories": [&text] });
        let another = format!("{}-2", day(0).year());
        let new =
            json!({ "year": day(0).year(), "number": 2, "title": &text, "apply_from": day(0), "apply_until": day(1) });
        let incentive = json!({
            "enterprise": "E0D8750A7", "kind": "land", "amount": "1", "granted_on": day(0), "source": &text,
        });
        for (who, method, path, body) in [
            (&cast.school, "POST", ALL, with(application("x"), "number", json!(number))),
            (&cast.school, "POST", ALL, with(application("T-9"), "evidence", json!([&text]))),
            (&cast.school, "POST", ALL, with(application("T-9"), "major_category", json!(&text))),
            (&cast.school, "PATCH", returned.as_str(), json!({ "evidence": [&text] })),
            (&cast.school, "POST", appeal.as_str(), json!({ "reason": &text })),
            (&cast.city, "POST", verdicts.as_str(), json!({ "verdict": "return", "reason": &text })),
            (&cast.city, "POST", verdicts.as_str(), json!({ "verdict": "refuse", "reason": &text })),
            (&cast.province, "PUT", "/v1/certification-agencies/new", agency),
            (&cast.province, "POST", "/v1/certification-batches", new),
            (&cast.city, "POST", "/v1/incentives", incentive),
            (&cast.city, "POST", of_enterprise.as_str(), json!({ "verdict": "return", "reason": &text })),
            (
                &enterprise,
                "POST",
                "/v1/enterprise-certifications",
                with(with(papers.clone(), "batch", json!(&another)), "statement", json!(&text)),
            ),
        ] {
            let answer = send(who, method, path, (method != "POST" || path != ALL).then_some("*"), &body).await;
            assert_eq!(answer.status, 422, "{method} {path} {body}: {}", answer.text);
            assert!(codes(&answer).contains(&"personal_data".to_owned()), "{method} {path} {body}: {}", answer.text);
            // It is not told again, either.
            assert!(!answer.text.contains(number), "{}", answer.text);
        }
    }
    let list = cast.province.get(ALL).await.expect(200).text;
    assert!(NUMBERS.iter().all(|number| !list.contains(number)) && list.contains(ENGINEERING));
    server.stop().await;
}
