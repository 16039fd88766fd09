//! A teacher is certified, by the real roles, with every refusal on the way.

use chrono::{Datelike, Months, NaiveDate};
use entity::{journal, words::Role};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use zhiqiao::{domain::certifications::overdue, memory};

use super::{caller, codes, day, etag, events, send};
use crate::app::{Answer, Caller, Server, TestApp};

pub const ALL: &str = "/v1/teacher-certifications";
/// What the demo's agency evaluates.
pub const ENGINEERING: &str = "装备制造大类";

/// The callers of a walk.
pub struct Cast {
    pub province: Caller,
    pub city: Caller,
    pub foreign: Caller,
    pub school: Caller,
    pub other: Caller,
    pub agency: Caller,
    pub stranger: Caller,
}

impl Cast {
    pub async fn new(app: &TestApp, server: &Server) -> Self {
        Self {
            province: server.client("province-620000").await,
            city: server.client("city-620100").await,
            foreign: server.client("city-620500").await,
            school: server.client("school-62001").await,
            other: server.client("school-62002").await,
            agency: server.client("agency-engineering").await,
            stranger: caller(app, server, Role::Agency, "humanities").await,
        }
    }
}

pub fn application(number: &str) -> Value {
    json!({ "number": number, "level": "intermediate", "major_category": ENGINEERING, "evidence": ["企业实践证明 2026-03"] })
}

/// Applies, and answers the address of the application.
pub async fn apply(school: &Caller, number: &str) -> String {
    let made = send(school, "POST", ALL, None, &application(number)).await.expect(201);
    format!("{ALL}/{}", made.json()["id"].as_str().unwrap())
}

/// Takes a step, whatever the state was before.
pub async fn judge(who: &Caller, at: &str, verdict: &str) -> Answer {
    let body = match verdict {
        "approve" => json!({ "verdict": verdict }),
        _ => json!({ "verdict": verdict, "reason": "材料不足" }),
    };
    send(who, "POST", &format!("{at}/verdicts"), Some("*"), &body).await
}

async fn state(who: &Caller, at: &str) -> String {
    who.get(at).await.expect(200).json()["state"].as_str().unwrap().to_owned()
}

/// Changes the database behind the service's back: the calendar cannot be turned on from outside.
async fn behind(app: &TestApp, sql: &str) {
    app.house.db.write().execute_unprepared(sql).await.unwrap();
}

#[tokio::test]
async fn a_teacher_goes_through_all_levels_to_a_certificate() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let Cast { province, city, foreign, school, other, agency, stranger } = Cast::new(&app, &server).await;
    let public = server.anonymous();

    // The province says who evaluates whom.
    let table = "/v1/certification-agencies/humanities";
    let said = json!({ "name": "人文类专业评估机构", "major_categories": ["文化艺术大类", ENGINEERING, ENGINEERING] });
    for (who, status) in [(&public, 401), (&school, 403), (&city, 403), (&agency, 403)] {
        send(who, "PUT", table, None, &said).await.expect(status);
    }
    let refused = send(&province, "PUT", table, None, &said).await.expect(422);
    assert_eq!(codes(&refused), ["assigned_elsewhere", "assigned_elsewhere", "twice"]);
    let said = json!({ "name": "人文类专业评估机构", "major_categories": ["文化艺术大类"] });
    send(&province, "PUT", "/v1/certification-agencies/Not-A-Code", None, &said).await.expect(422);
    send(&province, "PUT", table, None, &said).await.expect(201);
    send(&province, "PUT", table, None, &said).await.expect(428);
    send(&province, "PUT", table, Some("\"9\""), &said).await.expect(412);
    send(&province, "PUT", table, Some("\"1\""), &said).await.expect(200);
    let agencies = public.get("/v1/certification-agencies").await.expect(200).json();
    assert_eq!(agencies[1]["major_categories"], json!(["文化艺术大类"]));

    // The school applies.
    for (who, status) in [(&public, 401), (&city, 403), (&province, 403), (&agency, 403)] {
        send(who, "POST", ALL, None, &application("T-0017")).await.expect(status);
    }
    let wrong = json!({ "number": "王小明", "level": "highest", "major_category": "无此大类", "evidence": [""] });
    let refused = send(&school, "POST", ALL, None, &wrong).await.expect(422);
    assert_eq!(codes(&refused), ["level", "missing", "number_form", "unassigned_category"]);
    let made = send(&school, "POST", ALL, None, &application("T-0017")).await.expect(201);
    let json = made.json();
    assert_eq!((json["state"].as_str(), json["agency"].as_str()), (Some("city"), None));
    assert_eq!(json["due_on"], day(15).to_string());
    send(&school, "POST", ALL, None, &application("T-0017")).await.expect(409);
    // A number is the school's own: another school's is another teacher.
    send(&other, "POST", ALL, None, &application("T-0017")).await.expect(201);
    let at = format!("{ALL}/{}", json["id"].as_str().unwrap());

    // Who has nothing to do with it does not know of it; an agency only of what is assigned to it.
    for who in [&foreign, &other, &agency, &stranger] {
        who.get(&at).await.expect(404);
        judge(who, &at, "approve").await.expect(404);
    }
    public.get(&at).await.expect(401);
    server.client("analyst").await.get(ALL).await.expect(403);
    for (who, rows) in [(&school, 1), (&other, 1), (&city, 2), (&province, 2), (&foreign, 0), (&agency, 0)] {
        let list = who.get(ALL).await.expect(200).json();
        assert_eq!(list["certifications"].as_array().unwrap().len(), rows);
    }

    // The city.
    judge(&school, &at, "approve").await.expect(403);
    judge(&province, &at, "approve").await.expect(409);
    let verdicts = format!("{at}/verdicts");
    let yes = json!({ "verdict": "approve" });
    send(&city, "POST", &verdicts, None, &yes).await.expect(428);
    send(&city, "POST", &verdicts, Some("\"5\""), &yes).await.expect(412);
    let bare = json!({ "verdict": "refuse" });
    assert_eq!(codes(&send(&city, "POST", &verdicts, Some("*"), &bare).await.expect(422)), ["reason_missing"]);
    let early = json!({ "verdict": "approve", "valid_until": day(900) });
    assert_eq!(codes(&send(&city, "POST", &verdicts, Some("*"), &early).await.expect(422)), ["not_yet"]);
    judge(&city, &at, "revoke").await.expect(403);

    // Returned and corrected it comes back to the city.
    judge(&city, &at, "return").await.expect(200);
    judge(&city, &at, "approve").await.expect(409);
    send(&school, "PATCH", &at, None, &json!({})).await.expect(428);
    send(&school, "PATCH", &at, Some("\"1\""), &json!({})).await.expect(412);
    send(&city, "PATCH", &at, Some("*"), &json!({})).await.expect(403);
    send(&other, "PATCH", &at, Some("*"), &json!({})).await.expect(404);
    let fixed = send(&school, "PATCH", &at, Some("\"2\""), &json!({ "level": "junior" })).await.expect(200);
    assert_eq!((fixed.json()["state"].as_str(), fixed.json()["level"].as_str()), (Some("city"), Some("junior")));
    send(&school, "PATCH", &at, Some("*"), &json!({})).await.expect(409);
    let passed = send(&city, "POST", &verdicts, Some(&etag(&fixed)), &yes).await.expect(200);
    assert_eq!(passed.json()["due_on"], day(30).to_string());
    judge(&city, &at, "refuse").await.expect(409);

    // The agency: the one that it is assigned to, and no other.
    stranger.get(&at).await.expect(404);
    judge(&stranger, &at, "approve").await.expect(404);
    assert_eq!(agency.get(ALL).await.expect(200).json()["certifications"].as_array().unwrap().len(), 1);
    judge(&agency, &at, "return").await.expect(200);
    send(&school, "PATCH", &at, Some("*"), &json!({ "evidence": ["证书编号 A-1"] })).await.expect(200);
    assert_eq!(state(&agency, &at).await, "agency");
    judge(&agency, &at, "approve").await.expect(200);
    judge(&agency, &at, "refuse").await.expect(409);

    // The province returns it too; then what the agency has evaluated stays as it was evaluated.
    judge(&province, &at, "return").await.expect(200);
    let other_major = json!({ "major_category": "文化艺术大类" });
    assert_eq!(codes(&send(&school, "PATCH", &at, Some("*"), &other_major).await.expect(422)), ["fixed"]);
    send(&school, "PATCH", &at, Some("*"), &json!({})).await.expect(200);
    let gone = json!({ "verdict": "approve", "valid_until": day(-1) });
    assert_eq!(codes(&send(&province, "POST", &verdicts, Some("*"), &gone).await.expect(422)), ["days_reversed"]);
    judge(&province, &at, "approve").await.expect(200);
    judge(&province, &at, "refuse").await.expect(409);
    send(&school, "POST", &format!("{at}/appeal"), Some("*"), &json!({ "reason": "x" })).await.expect(409);

    // The certificate: numbered, valid, and silent on the person.
    let seen = school.get(&at).await.expect(200).json();
    let path: Vec<&str> = seen["steps"].as_array().unwrap().iter().map(|step| step["to"].as_str().unwrap()).collect();
    assert_eq!(
        path,
        ["city", "returned", "city", "agency", "returned", "agency", "province", "returned", "province", "certified"]
    );
    let code = seen["certificate"]["code"].as_str().unwrap().to_owned();
    let answer = public.get(&format!("/v1/certificates/{code}")).await.expect(200);
    let until = day(0).checked_add_months(Months::new(60)).and_then(|day: NaiveDate| day.pred_opt()).unwrap();
    assert_eq!(
        answer.json(),
        json!({
            "code": code, "number": format!("{}-62-000001", day(0).year()), "state": "valid", "school": "62001",
            "school_name": app.house.memory.registry().schools.get("62001").unwrap().name,
            "category": "undergraduate_vocational", "level": "junior", "major_category": ENGINEERING,
            "valid_from": day(0).to_string(), "valid_until": until.to_string(),
        })
    );
    let query = format!("{{ certificate(code: \"{code}\") {{ number state school {{ code }} level validUntil }} }}");
    let told = Caller::data(public.graphql(&query, json!({})).await)["certificate"].clone();
    assert_eq!((told["state"].as_str(), told["level"].as_str()), (Some("VALID"), Some("JUNIOR")));
    for shown in [answer.text, told.to_string()] {
        assert!(!shown.contains("T-0017") && !shown.contains(seen["id"].as_str().unwrap()), "{shown}");
    }
    for wrong in ["x", &"a".repeat(28), "..%2Fsession", &code.to_uppercase()] {
        public.get(&format!("/v1/certificates/{wrong}")).await.expect(404);
    }

    // It ends with its days, or with the word of the province.
    behind(&app, &format!("UPDATE teacher_certificate SET valid_from = '2020-01-01', valid_until = '{}'", day(-1)))
        .await;
    let shown = async || public.get(&format!("/v1/certificates/{code}")).await.expect(200).json()["state"].clone();
    assert_eq!(shown().await, "expired");
    judge(&province, &at, "revoke").await.expect(200);
    assert_eq!(shown().await, "revoked");
    judge(&province, &at, "revoke").await.expect(409);

    // Those whom it concerns were told; the agency from the day on which it came to it.
    let verbs: Vec<String> = events(&app, &school, "teacher_certification").await;
    assert_eq!(verbs.len(), 11, "{verbs:?}");
    assert_eq!(events(&app, &agency, "teacher_certification").await, verbs[3..]);
    assert_eq!(events(&app, &city, "teacher_certification").await.len(), 12);
    for who in [&foreign, &stranger] {
        assert_eq!(events(&app, who, "teacher_certification").await, Vec::<String>::new());
    }
    let journal: Vec<journal::Model> = journal::Entity::find().all(app.house.db.read()).await.unwrap();
    let journal: String = journal.into_iter().map(|row| row.data).collect();
    assert!(!journal.contains("T-0017"));
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}

#[tokio::test]
async fn an_appeal_is_had_once_and_the_province_decides() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::new(&app, &server).await;
    let Cast { province, city, school, agency, .. } = &cast;
    let why = json!({ "reason": "已补充企业实践证明" });
    let appeal = async |at: &str| send(school, "POST", &format!("{at}/appeal"), Some("*"), &why).await;

    // Refused by the city: who overrules it sends it on to the agency, whose word is the last one then.
    let first = apply(school, "T-1").await;
    appeal(&first).await.expect(409);
    let refused = judge(city, &first, "refuse").await.expect(200).json();
    assert_eq!(
        (refused["step"].as_str(), refused["due_on"].as_str()),
        (Some("city"), Some(day(15).to_string().as_str()))
    );
    let path = format!("{first}/appeal");
    send(school, "POST", &path, None, &why).await.expect(428);
    send(school, "POST", &path, Some("\"1\""), &why).await.expect(412);
    send(city, "POST", &path, Some("*"), &why).await.expect(403);
    send(&cast.other, "POST", &path, Some("*"), &why).await.expect(404);
    let bare = send(school, "POST", &path, Some("*"), &json!({ "reason": "" })).await.expect(422);
    assert_eq!(codes(&bare), ["reason_missing"]);
    assert_eq!(appeal(&first).await.expect(200).json()["state"], "province");
    judge(province, &first, "return").await.expect(409);
    judge(province, &first, "approve").await.expect(200);
    assert_eq!(state(agency, &first).await, "agency");
    judge(agency, &first, "refuse").await.expect(200);
    appeal(&first).await.expect(409);

    // Refused by the agency: overruled it is certified.
    let second = apply(school, "T-2").await;
    judge(city, &second, "approve").await.expect(200);
    judge(agency, &second, "refuse").await.expect(200);
    appeal(&second).await.expect(200);
    judge(province, &second, "approve").await.expect(200);
    assert_eq!(state(school, &second).await, "certified");

    // Refused by the province, and again: that is the end. Then, and not before, another application is taken.
    let third = apply(school, "T-3").await;
    for who in [city, agency] {
        judge(who, &third, "approve").await.expect(200);
    }
    judge(province, &third, "refuse").await.expect(200);
    appeal(&third).await.expect(200);
    send(school, "POST", ALL, None, &application("T-3")).await.expect(409);
    let last = judge(province, &third, "refuse").await.expect(200).json();
    assert_eq!((last["state"].as_str(), &last["due_on"]), (Some("refused"), &Value::Null));
    appeal(&third).await.expect(409);
    apply(school, "T-3").await;
    server.stop().await;
}

#[tokio::test]
async fn who_is_late_is_named_and_what_comes_late_is_refused() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::new(&app, &server).await;
    let Cast { province, city, school, .. } = &cast;
    let late = format!("UPDATE teacher_certification SET due_on = '{}'", day(-1));
    let today = format!("UPDATE teacher_certification SET due_on = '{}'", day(0));
    let overdue_of = async |who: &Caller| {
        let list = who.get(&format!("{ALL}?overdue=true")).await.expect(200).json();
        list["certifications"].as_array().unwrap().len()
    };

    // A reviewer who is late is named once, and may still decide.
    let first = apply(school, "T-1").await;
    behind(&app, &today).await;
    assert_eq!((overdue_of(city).await, overdue::warn(&app.system()).await.unwrap()), (0, 0));
    behind(&app, &late).await;
    assert_eq!((overdue_of(city).await, overdue_of(&cast.foreign).await), (1, 0));
    assert!(city.get(&first).await.expect(200).json()["is_overdue"].as_bool().unwrap());
    assert_eq!(overdue::warn(&app.system()).await.unwrap(), 1);
    assert_eq!(overdue::warn(&app.system()).await.unwrap(), 0);
    assert!(events(&app, city, "teacher_certification.overdue").await.len() == 1);
    judge(city, &first, "return").await.expect(200);

    // A correction on the last day is taken, one after it is not; then there is room for another application.
    behind(&app, &today).await;
    send(school, "PATCH", &first, Some("*"), &json!({})).await.expect(200);
    judge(city, &first, "return").await.expect(200);
    send(school, "POST", ALL, None, &application("T-1")).await.expect(409);
    behind(&app, &late).await;
    send(school, "PATCH", &first, Some("*"), &json!({})).await.expect(403);
    let second = apply(school, "T-1").await;
    assert_eq!(state(school, &first).await, "refused");
    send(school, "POST", &format!("{first}/appeal"), Some("*"), &json!({ "reason": "x" })).await.expect(409);

    // An appeal alike.
    judge(city, &second, "refuse").await.expect(200);
    behind(&app, &late).await;
    send(school, "POST", &format!("{second}/appeal"), Some("*"), &json!({ "reason": "x" })).await.expect(403);
    behind(&app, &today).await;
    send(school, "POST", &format!("{second}/appeal"), Some("*"), &json!({ "reason": "x" })).await.expect(200);
    judge(province, &second, "refuse").await.expect(200);
    server.stop().await;
}

/// Schools of the province itself have no city before them, unless they are secondary schools.
#[tokio::test]
async fn a_school_of_the_province_skips_the_city() {
    let app = TestApp::new().await;
    behind(&app, "UPDATE school SET affiliation = 'province' WHERE code IN ('62001', '62002')").await;
    behind(&app, "UPDATE school SET tier = 'secondary_vocational' WHERE code = '62002'").await;
    let tx = app.house.db.begin().await.unwrap();
    memory::raise(&tx, memory::Thing::Registry).await.unwrap();
    tx.commit().await.unwrap();
    app.house.memory.refresh().await.unwrap();
    let server = app.serve().await;
    let cast = Cast::new(&app, &server).await;
    let at = apply(&cast.school, "T-1").await;
    assert_eq!(state(&cast.agency, &at).await, "agency");
    judge(&cast.city, &at, "approve").await.expect(409);
    let secondary = apply(&cast.other, "T-1").await;
    assert_eq!(state(&cast.city, &secondary).await, "city");
    // By GraphQL the same: the agency's own list, and its word.
    let list = "{ teacherCertifications(filter: { state: [AGENCY] }) { totalCount nodes { id number agency school { code } } } }";
    let told = Caller::data(cast.agency.graphql(list, json!({})).await)["teacherCertifications"].clone();
    assert_eq!((told["totalCount"].as_i64(), told["nodes"][0]["number"].as_str()), (Some(1), Some("T-1")));
    let judge = format!(
        "mutation {{ it: judgeTeacherCertification(input: {{ id: {}, ifMatch: \"*\", verdict: REFUSE, reason: \"材料不足\" }}) {{
            certification {{ state step isAppealed }} }} }}",
        told["nodes"][0]["id"]
    );
    let done = Caller::data(cast.agency.graphql(&judge, json!({})).await);
    assert_eq!(done["it"]["certification"], json!({ "state": "REFUSED", "step": "AGENCY", "isAppealed": false }));
    server.stop().await;
}
