//! An enterprise is certified, by its real roles, with every refusal on the way.

use chrono::Datelike;
use entity::words::Role;
use serde_json::{Value, json};

use super::{ANOTHER, OF_LANZHOU, caller, codes, day, etag, events, open_batch, send};
use crate::app::{Caller, TestApp};

fn papers(batch: &str) -> Value {
    json!({
        "batch": batch, "statement": "与三所职业学校共建产业学院", "staff": 100, "internship_places": 2,
        "evidence": ["https://example.org/report.pdf"],
    })
}

#[tokio::test]
async fn an_enterprise_goes_from_its_application_to_its_certificate_and_loses_it() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let (city, foreign) = (server.client("city-620100").await, server.client("city-620500").await);
    let own = caller(&app, &server, Role::Enterprise, OF_LANZHOU).await;
    let other = caller(&app, &server, Role::Enterprise, ANOTHER).await;
    let (school, public) = (server.client("school-62001").await, server.anonymous());
    let year = day(0).year();

    // The province opens a batch; nobody else does.
    let new = json!({ "year": year, "number": 1, "title": "第一批", "apply_from": day(-1), "apply_until": day(30) });
    for (who, status) in [(&public, 401), (&school, 403), (&city, 403), (&own, 403)] {
        send(who, "POST", "/v1/certification-batches", None, &new).await.expect(status);
    }
    let wrong = json!({ "year": 1, "number": 0, "title": " ", "apply_from": day(3), "apply_until": day(1) });
    let refused = send(&province, "POST", "/v1/certification-batches", None, &wrong).await.expect(422);
    assert_eq!(codes(&refused), ["days_reversed", "missing", "other_year", "out_of_bounds", "out_of_bounds"]);
    let batch = open_batch(&province, year, 1).await;
    send(&province, "POST", "/v1/certification-batches", None, &new).await.expect(409);
    let at = format!("/v1/certification-batches/{batch}");
    send(&province, "PATCH", &at, None, &json!({})).await.expect(428);
    send(&province, "PATCH", &at, Some("\"9\""), &json!({})).await.expect(412);
    send(&province, "PATCH", "/v1/certification-batches/none", Some("*"), &json!({})).await.expect(404);
    let changed = send(&province, "PATCH", &at, Some("\"1\""), &json!({ "title": "首批" })).await.expect(200);
    assert_eq!((changed.json()["title"].as_str(), etag(&changed).as_str()), (Some("首批"), "\"2\""));
    let over = json!({ "year": year, "number": 2, "title": "x", "apply_from": day(-9), "apply_until": day(-1) });
    send(&province, "POST", "/v1/certification-batches", None, &over).await.expect(201);

    // The enterprise applies.
    let all = "/v1/enterprise-certifications";
    for (who, status) in [(&public, 401), (&school, 403), (&city, 403), (&province, 403)] {
        send(who, "POST", all, None, &papers(&batch)).await.expect(status);
    }
    let refused =
        send(&own, "POST", all, None, &json!({ "batch": "none", "evidence": ["http://a"] })).await.expect(422);
    assert_eq!(codes(&refused), ["link", "missing", "missing", "missing", "unknown_batch"]);
    send(&own, "POST", all, None, &papers(&format!("{year}-2"))).await.expect(403);
    let mut negative = papers(&batch);
    negative["staff"] = json!(-1);
    assert_eq!(codes(&send(&own, "POST", all, None, &negative).await.expect(422)), ["out_of_bounds"]);
    let made = send(&own, "POST", all, None, &papers(&batch)).await.expect(201);
    assert_eq!(made.json()["state"], "submitted");
    assert_eq!(made.json()["city"], "620100");
    send(&own, "POST", all, None, &papers(&batch)).await.expect(409);
    let at = format!("{all}/{}", made.json()["id"].as_str().unwrap());
    let verdicts = format!("{at}/verdicts");

    // Nobody else knows of it.
    for who in [&public, &other, &foreign, &school] {
        who.get(&at).await.expect(404);
        send(who, "POST", &verdicts, Some("*"), &json!({ "verdict": "recommend" })).await.expect(404);
        let list = who.get(&format!("{all}?enterprise={OF_LANZHOU}")).await.expect(200).json();
        assert_eq!(list["certifications"], json!([]));
    }
    for who in [&own, &city, &province] {
        assert_eq!(who.get(&at).await.expect(200).json()["statement"], "与三所职业学校共建产业学院");
    }

    // The city: in the right state, with the right tag, and with a reason.
    let tag = etag(&made);
    let judge = async |who: &Caller, tag: Option<&str>, body: Value| send(who, "POST", &verdicts, tag, &body).await;
    judge(&own, Some("*"), json!({ "verdict": "recommend" })).await.expect(403);
    judge(&province, Some("*"), json!({ "verdict": "recommend" })).await.expect(403);
    let yes = json!({ "verdict": "certify", "valid_from": day(0), "valid_until": day(700) });
    judge(&province, Some("*"), yes.clone()).await.expect(409);
    judge(&city, Some("*"), yes.clone()).await.expect(403);
    judge(&city, None, json!({ "verdict": "recommend" })).await.expect(428);
    judge(&city, Some("\"7\""), json!({ "verdict": "recommend" })).await.expect(412);
    let refused = judge(&city, Some(&tag), json!({ "verdict": "perhaps" })).await.expect(422);
    assert_eq!(codes(&refused), ["unknown_word"]);
    for verdict in ["return", "refuse"] {
        let refused = judge(&city, Some(&tag), json!({ "verdict": verdict, "reason": " " })).await.expect(422);
        assert_eq!(codes(&refused), ["reason_missing"]);
    }
    send(&own, "PATCH", &at, Some(&tag), &json!({ "staff": 101 })).await.expect(409);
    let back = judge(&city, Some(&tag), json!({ "verdict": "return", "reason": "请补充佐证" })).await.expect(200);
    assert_eq!((back.json()["state"].as_str(), back.json()["reason"].as_str()), (Some("returned"), Some("请补充佐证")));
    judge(&city, Some("*"), json!({ "verdict": "recommend" })).await.expect(409);

    // Corrected, it is before the city again.
    send(&own, "PATCH", &at, None, &json!({ "staff": 101 })).await.expect(428);
    send(&own, "PATCH", &at, Some(&tag), &json!({ "staff": 101 })).await.expect(412);
    send(&city, "PATCH", &at, Some("*"), &json!({ "staff": 101 })).await.expect(403);
    let again = send(&own, "PATCH", &at, Some(&etag(&back)), &json!({ "staff": 101 })).await.expect(200);
    assert_eq!((again.json()["state"].as_str(), again.json()["staff"].as_i64()), (Some("submitted"), Some(101)));
    let tag = etag(&judge(&city, Some(&etag(&again)), json!({ "verdict": "recommend" })).await.expect(200));
    judge(&city, Some(&tag), json!({ "verdict": "refuse", "reason": "x" })).await.expect(409);

    // The province.
    let refused = judge(&province, Some(&tag), json!({ "verdict": "certify" })).await.expect(422);
    assert_eq!(codes(&refused), ["day_form", "day_form"]);
    let reversed = json!({ "verdict": "certify", "valid_from": day(3), "valid_until": day(1) });
    assert_eq!(codes(&judge(&province, Some(&tag), reversed).await.expect(422)), ["days_reversed"]);
    let certified = judge(&province, Some(&tag), yes).await.expect(200);
    assert_eq!(certified.json()["state"], "certified");

    // Everybody knows now, and of the papers nobody more than before.
    for who in [&public, &other, &foreign, &school] {
        let seen = who.get(&at).await.expect(200).json();
        assert_eq!((seen["state"].as_str(), seen["enterprise"].as_str()), (Some("certified"), Some(OF_LANZHOU)));
        for member in ["statement", "evidence", "reason", "steps"] {
            assert!(seen.get(member).is_none(), "{member}: {seen}");
        }
    }
    judge(&foreign, Some("*"), json!({ "verdict": "refuse", "reason": "x" })).await.expect(403);
    send(&other, "PATCH", &at, Some("*"), &json!({ "staff": 1 })).await.expect(403);
    let steps: Vec<Value> = own.get(&at).await.expect(200).json()["steps"].as_array().unwrap().clone();
    let path: Vec<&str> = steps.iter().map(|step| step["to"].as_str().unwrap()).collect();
    assert_eq!(path, ["submitted", "returned", "submitted", "recommended", "certified"]);

    incentives(&province, &city, &foreign, &own, &other, &public).await;

    // 101 people owe three places, not two.
    let duty = |list: Value| list.as_array().unwrap().iter().find(|one| one["enterprise"] == OF_LANZHOU).cloned();
    let missing = public.get("/v1/internship-duties?standing=misses").await.expect(200).json();
    assert_eq!(
        duty(missing),
        Some(
            json!({ "enterprise": OF_LANZHOU, "standing": "misses", "staff": 101, "required": 3, "offered": 2, "missing": 1 })
        )
    );
    assert_eq!(codes(&public.get("/v1/internship-duties?standing=x").await.expect(422)), ["unknown_word"]);
    send(&own, "PATCH", &at, Some("*"), &json!({ "statement": "另一个" })).await.expect(409);
    send(&own, "PATCH", &at, Some("*"), &json!({ "internship_places": 3 })).await.expect(200);
    let query = format!(
        "{{ enterprise(code: \"{OF_LANZHOU}\") {{ certifications {{ state statement }} incentives {{ amount }}
            internshipDuty {{ standing required offered missing }} }} }}"
    );
    let told = Caller::data(public.graphql(&query, json!({})).await);
    assert_eq!(
        told["enterprise"],
        json!({ "certifications": [{ "state": "CERTIFIED", "statement": null }], "incentives": [],
            "internshipDuty": { "standing": "MEETS", "required": 3, "offered": 3, "missing": 0 } })
    );
    let told = Caller::data(own.graphql(&query, json!({})).await);
    // Two, of which one was taken back.
    let amounts: Vec<f64> = told["enterprise"]["incentives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["amount"].as_f64().unwrap())
        .collect();
    assert_eq!(amounts, [1_200_000.5, 1_200_000.5]);

    // The end of it.
    judge(&city, Some("*"), json!({ "verdict": "withdraw", "reason": "x" })).await.expect(403);
    let refused = judge(&province, Some("*"), json!({ "verdict": "withdraw" })).await.expect(422);
    assert_eq!(codes(&refused), ["reason_missing"]);
    let gone = judge(&province, Some("*"), json!({ "verdict": "withdraw", "reason": "停止合作" })).await.expect(200);
    assert_eq!(gone.json()["state"], "withdrawn");
    judge(&province, Some("*"), json!({ "verdict": "withdraw", "reason": "x" })).await.expect(409);
    public.get(&at).await.expect(404);
    assert_eq!(duty(public.get("/v1/internship-duties").await.expect(200).json()), None);

    // Those whom it concerns were told, and nobody else.
    let all = ["submitted", "returned", "submitted", "recommended", "certified", "updated", "withdrawn"]
        .map(|verb| format!("enterprise_certification.{verb}"));
    for who in [&own, &city, &province] {
        assert_eq!(events(&app, who, "enterprise_certification").await, all);
    }
    for who in [&other, &foreign, &school] {
        assert_eq!(events(&app, who, "enterprise_certification").await, Vec::<String>::new());
        assert_eq!(events(&app, who, "incentive").await, Vec::<String>::new());
    }
    // What it was given is told to nobody by an event.
    let rows = crate::stage::sealed(&app).await;
    assert!(rows.iter().all(|row| !row.data.contains("1200000")));
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}

async fn incentives(province: &Caller, city: &Caller, foreign: &Caller, own: &Caller, other: &Caller, public: &Caller) {
    let all = "/v1/incentives";
    let given = json!({
        "enterprise": OF_LANZHOU, "kind": "financial", "amount": "1200000.50", "granted_on": day(0),
        "source": "兰财〔2026〕1号",
    });
    for (who, status) in [(public, 401), (own, 403), (foreign, 403)] {
        send(who, "POST", all, None, &given).await.expect(status);
    }
    let wrong = json!({ "enterprise": "none", "kind": "gift", "amount": "1.005", "granted_on": day(1), "source": "" });
    let refused = send(city, "POST", all, None, &wrong).await.expect(422);
    assert_eq!(codes(&refused), ["amount_form", "in_the_future", "kind", "missing", "unknown_enterprise"]);
    let mut uncertified = given.clone();
    uncertified["enterprise"] = json!(ANOTHER);
    send(city, "POST", all, None, &uncertified).await.expect(409);
    let made = send(city, "POST", all, None, &given).await.expect(201);
    assert_eq!(made.json()["amount"], "1200000.5");
    let second = send(province, "POST", all, None, &given).await.expect(201);

    public.get(all).await.expect(401);
    for (who, rows) in [(own, 2), (city, 2), (province, 2), (foreign, 0), (other, 0)] {
        assert_eq!(who.get(all).await.expect(200).json().as_array().unwrap().len(), rows);
    }
    let cancel = |one: &crate::app::Answer| format!("{all}/{}/cancel", one.json()["id"].as_str().unwrap());
    let (at, of_province) = (cancel(&made), cancel(&second));
    let why = json!({ "reason": "重复登记" });
    send(foreign, "POST", &at, Some("*"), &why).await.expect(404);
    send(own, "POST", &at, Some("*"), &why).await.expect(403);
    send(city, "POST", &of_province, Some("*"), &why).await.expect(403);
    send(province, "POST", &of_province, None, &why).await.expect(428);
    send(province, "POST", &of_province, Some("\"4\""), &why).await.expect(412);
    let refused = send(province, "POST", &of_province, Some("\"1\""), &json!({ "reason": "" })).await.expect(422);
    assert_eq!(codes(&refused), ["reason_missing"]);
    let gone = send(province, "POST", &of_province, Some("\"1\""), &why).await.expect(200).json();
    assert_eq!(gone["cancelled_because"], "重复登记");
    send(province, "POST", &of_province, Some("*"), &why).await.expect(409);
    // What was taken back is still there to be seen, and the whole amount of the other.
    let there = own.get(all).await.expect(200).json();
    assert_eq!(there.as_array().unwrap().iter().filter(|one| one["cancelled_at"].is_null()).count(), 1);
}

/// Where no city is known the province judges alone; by GraphQL, the same verbs and refusals.
#[tokio::test]
async fn without_a_city_the_province_judges_alone() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let registry = app.house.memory.registry();
    let placeless = registry.enterprises.all().iter().find(|row| row.city_code.is_none()).unwrap().code.0.clone();
    let own = caller(&app, &server, Role::Enterprise, &placeless).await;
    let batch = open_batch(&province, day(0).year(), 1).await;
    let apply = format!(
        "mutation {{ it: applyForEnterpriseCertification(input: {{ batch: \"{batch}\", statement: \"申请\", staff: 51,
            internshipPlaces: 2 }}) {{ certification {{ id state etag }} }} }}"
    );
    let made = Caller::data(own.graphql(&apply, json!({})).await)["it"]["certification"].clone();
    assert_eq!(made["state"], "SUBMITTED");
    let judge = |verdict: &str| {
        format!(
            "mutation {{ it: judgeEnterpriseCertification(input: {{ id: {}, ifMatch: \"*\", verdict: {verdict} }}) {{
                certification {{ state reason steps {{ to role org }} }} }} }}",
            made["id"]
        )
    };
    let code = |answer: Value| answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    let refused = province.graphql(&judge("REFUSE"), json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/reason", "{refused}");
    let day_missing = province.graphql(&judge("CERTIFY"), json!({})).await;
    assert_eq!(day_missing["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/validFrom", "{day_missing}");
    assert_eq!(code(own.graphql(&judge("WITHDRAW, reason: \"x\""), json!({})).await), "FORBIDDEN");
    let done = Caller::data(province.graphql(&judge("REFUSE, reason: \"条件不符\""), json!({})).await);
    assert_eq!(done["it"]["certification"]["state"], "REFUSED");
    assert_eq!(
        done["it"]["certification"]["steps"][1],
        json!({ "to": "refused", "role": "PROVINCE", "org": "620000" })
    );
    assert_eq!(code(province.graphql(&judge("REFUSE, reason: \"x\""), json!({})).await), "CONFLICT");
    // What was refused is nobody else's to know.
    let query = format!("{{ enterpriseCertification(id: {}) {{ state }} }}", made["id"]);
    assert_eq!(Caller::data(own.graphql(&query, json!({})).await)["enterpriseCertification"]["state"], "REFUSED");
    for who in [server.anonymous(), server.client("city-620100").await, server.client("analyst").await] {
        assert_eq!(Caller::data(who.graphql(&query, json!({})).await)["enterpriseCertification"], Value::Null);
    }
    server.stop().await;
}
