//! What schools and industry do together, by mutations alone: every verb that REST has, and each thing found again by
//! the id that it is told under, by whom it is there for.

use chrono::{Datelike, TimeDelta, Utc};
use entity::words::Role as Word;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use zhiqiao::{domain::opportunities, memory};

use crate::{
    app::{Caller, TestApp},
    certification::{self, OF_LANZHOU, day},
    upkeep::{PROVINCE, refused},
};

/// A mutation with one input. Steps that say nothing but of what they are have one type of inputs for all.
async fn mutate(caller: &Caller, name: &str, input: &Value, back: &str) -> Value {
    let kind = match name {
        "approveOpportunity" | "withdrawOpportunity" => "OpportunityInput",
        "acceptInterest" | "withdrawInterest" => "InterestInput",
        "confirmPartnership" => "PartnershipStepInput",
        _ => "",
    };
    if kind.is_empty() {
        return crate::upkeep::mutate(caller, name, input, back).await;
    }
    let query = format!("mutation ($input: {kind}!) {{ it: {name}(input: $input) {{ {back} }} }}");
    caller.graphql(&query, json!({ "input": input })).await
}

/// What a mutation answers, where it goes well.
async fn done(caller: &Caller, name: &str, input: &Value, back: &str) -> Value {
    let data = Caller::data(mutate(caller, name, input, back).await);
    let payload = data["it"].as_object().unwrap();
    payload.values().next().unwrap().clone()
}

/// What `node(id)` finds for a caller: the name of the type, or nothing.
async fn node(caller: &Caller, id: &Value) -> Value {
    let query = "query ($id: ID!) { node(id: $id) { __typename id } }";
    let found = caller.graphql(query, json!({ "id": id })).await["data"]["node"].clone();
    assert!(found.is_null() || found["id"] == *id, "{found}");
    found["__typename"].clone()
}

fn in_days(days: i64) -> String {
    opportunities::local_day(Utc::now() + TimeDelta::days(days)).to_string()
}

fn posting(side: &str) -> Value {
    json!({
        "kind": "TALENT", "side": side, "title": "焊接", "majorWords": ["焊接"], "industry": "装备制造",
        "headcount": 10, "validUntil": in_days(50), "contact": { "department": "办公室", "telephone": "0931-1234567" },
    })
}

#[tokio::test]
async fn opportunities_and_interests_go_all_their_ways_by_graphql() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, works) = (server.client("school-62001").await, server.client("enterprise-eeadeb0f3").await);
    let city = certification::caller(&app, &server, Word::City, "620900").await;
    let (province, public) = (server.client(PROVINCE).await, server.anonymous());
    let back = "opportunity { id key state etag reason outcome outcomeNumber headcount }";

    // One is refused and stated anew, one approved.
    let first = done(&works, "postOpportunity", &posting("DEMAND"), back).await;
    assert_eq!(first["state"], "PENDING");
    for (caller, seen) in [(&works, true), (&city, true), (&province, true), (&school, false), (&public, false)] {
        assert_eq!(node(caller, &first["id"]).await, if seen { json!("Opportunity") } else { Value::Null });
    }
    let step = |one: &Value| json!({ "id": one["id"], "ifMatch": one["etag"] });
    let with = |mut input: Value, more: Value| {
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let why = with(step(&first), json!({ "reason": "请写明工种" }));
    assert_eq!(refused(&mutate(&works, "refuseOpportunity", &why, back).await), "FORBIDDEN");
    let first = done(&city, "refuseOpportunity", &why, back).await;
    assert_eq!((&first["state"], &first["reason"]), (&json!("REFUSED"), &json!("请写明工种")));
    let mut anew = posting("DEMAND");
    anew["headcount"] = json!(12);
    let stale = json!({ "id": first["id"], "ifMatch": "\"1\"", "opportunity": anew });
    assert_eq!(refused(&mutate(&works, "changeOpportunity", &stale, back).await), "PRECONDITION_FAILED");
    let first = done(&works, "changeOpportunity", &with(step(&first), json!({ "opportunity": anew })), back).await;
    assert_eq!((&first["state"], &first["headcount"]), (&json!("PENDING"), &json!(12)));
    let first = done(&city, "approveOpportunity", &step(&first), back).await;
    assert_eq!(first["state"], "PUBLISHED");
    assert_eq!(refused(&mutate(&city, "approveOpportunity", &step(&first), back).await), "CONFLICT");
    let second = done(&works, "postOpportunity", &posting("DEMAND"), back).await;
    let second = done(&works, "withdrawOpportunity", &step(&second), back).await;
    assert_eq!(second["state"], "WITHDRAWN");

    // Interest: taken back by a school, declined and accepted by the enterprise.
    let interest = "interest { id key state etag reason }";
    let hello = json!({ "opportunity": first["id"], "note": "愿意合作", "contact": { "telephone": "0931-7654321" } });
    let of_school = done(&school, "expressInterest", &hello, interest).await;
    assert_eq!(refused(&mutate(&school, "expressInterest", &hello, interest).await), "CONFLICT");
    for (caller, seen) in [(&school, true), (&works, true), (&city, true), (&province, true), (&public, false)] {
        assert_eq!(node(caller, &of_school["id"]).await, if seen { json!("Interest") } else { Value::Null });
    }
    assert_eq!(refused(&mutate(&works, "withdrawInterest", &step(&of_school), interest).await), "FORBIDDEN");
    assert_eq!(done(&school, "withdrawInterest", &step(&of_school), interest).await["state"], "WITHDRAWN");
    let (sibling, foreign) = (server.client("school-62002").await, server.client("school-62005").await);
    let of_sibling = done(&sibling, "expressInterest", &hello, interest).await;
    assert_eq!(node(&foreign, &of_sibling["id"]).await, Value::Null);
    let no = with(step(&of_sibling), json!({ "reason": "名额已满" }));
    assert_eq!(refused(&mutate(&sibling, "declineInterest", &no, interest).await), "FORBIDDEN");
    let declined = done(&works, "declineInterest", &no, interest).await;
    assert_eq!((&declined["state"], &declined["reason"]), (&json!("DECLINED"), &json!("名额已满")));
    let of_foreign = done(&foreign, "expressInterest", &hello, interest).await;
    assert_eq!(done(&works, "acceptInterest", &step(&of_foreign), interest).await["state"], "ACCEPTED");
    assert_eq!(refused(&mutate(&works, "acceptInterest", &step(&of_foreign), interest).await), "PRECONDITION_FAILED");

    let met = with(step(&first), json!({ "outcome": "PARTLY_MET", "number": 3 }));
    let closed = done(&works, "closeOpportunity", &met, back).await;
    assert_eq!((&closed["outcome"], &closed["outcomeNumber"]), (&json!("PARTLY_MET"), &json!(3)));
    crate::persons::expect_nowhere(&app).await;
    server.stop().await;
}

#[tokio::test]
async fn enterprises_are_certified_and_given_incentives_by_graphql() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, city) = (server.client(PROVINCE).await, server.client("city-620100").await);
    let own = certification::caller(&app, &server, Word::Enterprise, OF_LANZHOU).await;
    let (other, public) = (server.client("enterprise-eeadeb0f3").await, server.anonymous());

    let batch = json!({
        "year": day(0).year(), "number": 7, "title": "第七批", "applyFrom": day(-1), "applyUntil": day(1),
    });
    assert_eq!(refused(&mutate(&city, "openCertificationBatch", &batch, "batch { code }").await), "FORBIDDEN");
    let opened = done(&province, "openCertificationBatch", &batch, "batch { id code etag }").await;
    assert_eq!(refused(&mutate(&province, "openCertificationBatch", &batch, "batch { code }").await), "CONFLICT");
    let longer = json!({ "code": opened["code"], "ifMatch": opened["etag"], "applyUntil": day(9) });
    let changed = done(&province, "changeCertificationBatch", &longer, "batch { id applyUntil }").await;
    assert_eq!(changed["applyUntil"], json!(day(9)));
    assert_eq!(node(&public, &changed["id"]).await, "CertificationBatch");

    let back = "certification { id key state staff etag }";
    let papers = json!({ "batch": opened["code"], "statement": "申请", "staff": 51, "internshipPlaces": 1 });
    let made = done(&own, "applyForEnterpriseCertification", &papers, back).await;
    for (caller, seen) in [(&own, true), (&city, true), (&province, true), (&other, false), (&public, false)] {
        let found = node(caller, &made["id"]).await;
        assert_eq!(found, if seen { json!("EnterpriseCertification") } else { Value::Null });
    }
    // By its id or by its key.
    let judge = |id: &Value, verdict: &str| json!({ "id": id, "ifMatch": "*", "verdict": verdict, "reason": "核实" });
    let returned = done(&city, "judgeEnterpriseCertification", &judge(&made["key"], "RETURN"), back).await;
    assert_eq!(returned["state"], "RETURNED");
    let more = json!({ "id": made["id"], "ifMatch": returned["etag"], "staff": 52 });
    assert_eq!(refused(&mutate(&other, "correctEnterpriseCertification", &more, back).await), "NOT_FOUND");
    let corrected = done(&own, "correctEnterpriseCertification", &more, back).await;
    assert_eq!((&corrected["state"], &corrected["staff"]), (&json!("SUBMITTED"), &json!(52)));
    let mut yes = judge(&made["id"], "RECOMMEND");
    done(&city, "judgeEnterpriseCertification", &yes, back).await;
    yes["verdict"] = json!("CERTIFY");
    yes["validFrom"] = json!(day(0));
    yes["validUntil"] = json!(day(900));
    assert_eq!(done(&province, "judgeEnterpriseCertification", &yes, back).await["state"], "CERTIFIED");
    assert_eq!(node(&public, &made["id"]).await, "EnterpriseCertification");

    let given = json!({
        "enterprise": OF_LANZHOU, "kind": "CREDIT", "amount": "12.30", "grantedOn": day(0), "source": "兰财〔2026〕1号",
    });
    assert_eq!(refused(&mutate(&own, "recordIncentive", &given, "incentive { id }").await), "FORBIDDEN");
    let incentive = done(&city, "recordIncentive", &given, "incentive { id key amount etag }").await;
    assert_eq!(incentive["amount"], json!(12.3));
    for (caller, seen) in [(&own, true), (&city, true), (&province, true), (&other, false), (&public, false)] {
        assert_eq!(node(caller, &incentive["id"]).await, if seen { json!("Incentive") } else { Value::Null });
    }
    let wrong = json!({ "id": incentive["id"], "ifMatch": incentive["etag"], "reason": "重复登记" });
    let cancelled = done(&city, "cancelIncentive", &wrong, "incentive { cancelledAt cancelledBecause }").await;
    assert_eq!(cancelled["cancelledBecause"], "重复登记");
    server.stop().await;
}

#[tokio::test]
async fn a_teacher_is_certified_by_graphql() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, city) = (server.client(PROVINCE).await, server.client("city-620100").await);
    let (school, sibling) = (server.client("school-62001").await, server.client("school-62002").await);
    let (agency, public) = (server.client("agency-engineering").await, server.anonymous());
    let humanities = certification::caller(&app, &server, Word::Agency, "humanities").await;

    let said = json!({ "code": "humanities", "name": "人文类专业评估机构", "majorCategories": ["文化艺术大类"] });
    assert_eq!(refused(&mutate(&agency, "stateCertificationAgency", &said, "agency { code }").await), "FORBIDDEN");
    let stated = done(&province, "stateCertificationAgency", &said, "agency { id majorCategories }").await;
    assert_eq!(stated["majorCategories"], json!(["文化艺术大类"]));
    assert_eq!(node(&public, &stated["id"]).await, "CertificationAgency");

    let back = "certification { id key state level etag certificate { code number } }";
    let new = json!({ "number": "T-31", "level": "JUNIOR", "majorCategory": "文化艺术大类" });
    let made = done(&school, "applyForTeacherCertification", &new, back).await;
    let sees = [(&school, true), (&city, true), (&province, true), (&sibling, false), (&humanities, false)];
    for (caller, seen) in sees {
        let found = node(caller, &made["id"]).await;
        assert_eq!(found, if seen { json!("TeacherCertification") } else { Value::Null });
    }
    let judge = |verdict: &str| json!({ "id": made["id"], "ifMatch": "*", "verdict": verdict, "reason": "材料不足" });
    let returned = done(&city, "judgeTeacherCertification", &judge("RETURN"), back).await;
    let better = json!({ "id": made["id"], "ifMatch": returned["etag"], "level": "INTERMEDIATE" });
    let corrected = done(&school, "correctTeacherCertification", &better, back).await;
    assert_eq!((&corrected["state"], &corrected["level"]), (&json!("CITY"), &json!("INTERMEDIATE")));
    done(&city, "judgeTeacherCertification", &judge("APPROVE"), back).await;
    assert_eq!(node(&humanities, &made["id"]).await, "TeacherCertification", "it is assigned now");
    assert_eq!(node(&agency, &made["id"]).await, Value::Null, "and to nobody else");
    done(&humanities, "judgeTeacherCertification", &judge("REFUSE"), back).await;
    let appeal = json!({ "id": made["key"], "ifMatch": "*", "reason": "材料齐全" });
    assert_eq!(refused(&mutate(&sibling, "appealTeacherCertification", &appeal, back).await), "NOT_FOUND");
    done(&school, "appealTeacherCertification", &appeal, back).await;
    assert_eq!(refused(&mutate(&school, "appealTeacherCertification", &appeal, back).await), "CONFLICT");
    let mut at = done(&province, "judgeTeacherCertification", &judge("APPROVE"), back).await;
    if at["state"] != "CERTIFIED" {
        at = done(&province, "judgeTeacherCertification", &judge("APPROVE"), back).await;
    }
    assert_eq!(at["state"], "CERTIFIED");
    let query = format!("{{ certificate(code: {}) {{ number state level }} }}", at["certificate"]["code"]);
    let seen = Caller::data(public.graphql(&query, json!({})).await);
    assert_eq!(
        seen["certificate"],
        json!({ "number": at["certificate"]["number"], "state": "VALID", "level": "INTERMEDIATE" })
    );
    server.stop().await;
}

#[tokio::test]
async fn partnerships_and_consortia_go_all_their_ways_by_graphql() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, works) = (server.client("school-62001").await, server.client("enterprise-eeadeb0f3").await);
    let (lead, foreign) = (server.client("school-62002").await, server.client("school-62005").await);
    let public = server.anonymous();

    let back = "partnership { id code state students etag reason }";
    let new = json!({ "enterprise": "EEADEB0F3", "kind": "training", "name": "员工培训", "students": 5 });
    let one = done(&school, "proposePartnership", &new, back).await;
    let step = |one: &Value| json!({ "partnership": one["code"], "ifMatch": one["etag"] });
    for (caller, seen) in [(&school, true), (&works, true), (&foreign, false), (&public, false)] {
        assert_eq!(node(caller, &one["id"]).await, if seen { json!("Partnership") } else { Value::Null });
    }
    assert_eq!(refused(&mutate(&school, "confirmPartnership", &step(&one), back).await), "FORBIDDEN");
    let one = done(&works, "confirmPartnership", &step(&one), back).await;
    assert_eq!((&one["state"], node(&public, &one["id"]).await), (&json!("ACTIVE"), json!("Partnership")));
    let mut more = step(&one);
    more["students"] = json!(8);
    let one = done(&works, "changePartnership", &more, back).await;
    assert_eq!(one["students"], 8);
    let mut end = step(&one);
    end["reason"] = json!("协议到期");
    let one = done(&school, "endPartnership", &end, back).await;
    assert_eq!((&one["state"], &one["reason"]), (&json!("ENDED"), &json!("协议到期")));
    assert_eq!(refused(&mutate(&school, "endPartnership", &end, back).await), "PRECONDITION_FAILED");

    // Of a consortium that 62002 leads alone.
    let (led, back) = ("C056B4CFB", "application { id code state etag reason }");
    let ask = json!({ "consortium": led });
    let waits = done(&school, "applyToConsortium", &ask, back).await;
    for (caller, seen) in [(&school, true), (&lead, true), (&foreign, false), (&works, false), (&public, false)] {
        assert_eq!(node(caller, &waits["id"]).await, if seen { json!("ConsortiumApplication") } else { Value::Null });
    }
    let step = |one: &Value| json!({ "application": one["code"], "ifMatch": one["etag"] });
    assert_eq!(refused(&mutate(&foreign, "withdrawConsortiumApplication", &step(&waits), back).await), "NOT_FOUND");
    let gone = done(&school, "withdrawConsortiumApplication", &step(&waits), back).await;
    assert_eq!(gone["state"], "WITHDRAWN");
    let waits = done(&works, "applyToConsortium", &ask, back).await;
    let mut no = step(&waits);
    no["reason"] = json!("名额已满");
    assert_eq!(refused(&mutate(&works, "refuseConsortiumApplication", &no, back).await), "FORBIDDEN");
    let no = done(&lead, "refuseConsortiumApplication", &no, back).await;
    assert_eq!((&no["state"], &no["reason"]), (&json!("REFUSED"), &json!("名额已满")));

    let back = "activity { id code title etag }";
    let held = json!({ "consortium": led, "heldOn": "2024-05-01", "title": "年会", "kind": "meeting" });
    assert_eq!(refused(&mutate(&school, "addConsortiumActivity", &held, back).await), "FORBIDDEN");
    let held = done(&lead, "addConsortiumActivity", &held, back).await;
    assert_eq!(node(&public, &held["id"]).await, "ConsortiumActivity");
    let title = json!({ "consortium": led, "activity": held["code"], "ifMatch": held["etag"], "title": "2024 年年会" });
    assert_eq!(done(&lead, "changeConsortiumActivity", &title, back).await["title"], "2024 年年会");
    assert_eq!(refused(&mutate(&lead, "changeConsortiumActivity", &title, back).await), "PRECONDITION_FAILED");
    server.stop().await;
}

#[tokio::test]
async fn tasks_targets_and_bulletins_by_graphql() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (province, city) = (server.client(PROVINCE).await, server.client("city-620100").await);
    let (school, foreign) = (server.client("school-62001").await, server.client("city-620500").await);
    let public = server.anonymous();

    let back = "task { id key state }";
    let new = json!({ "school": "62001", "title": "建成实训基地", "due": "2098年" });
    assert_eq!(refused(&mutate(&school, "addTask", &new, back).await), "FORBIDDEN");
    let task = done(&city, "addTask", &new, back).await;
    for (caller, seen) in [(&city, true), (&school, true), (&province, true), (&foreign, false), (&public, false)] {
        assert_eq!(node(caller, &task["id"]).await, if seen { json!("Task") } else { Value::Null });
    }
    let year = json!({ "year": day(0).year(), "school": "62001", "remark": "进展正常" });
    let evaluation = "evaluation { id key hash document }";
    assert_eq!(refused(&mutate(&school, "evaluateTasks", &year, evaluation).await), "FORBIDDEN");
    let frozen = done(&city, "evaluateTasks", &year, evaluation).await;
    assert_eq!(refused(&mutate(&city, "evaluateTasks", &year, evaluation).await), "CONFLICT");
    for (caller, seen) in [(&city, true), (&school, true), (&province, true), (&foreign, false), (&public, false)] {
        assert_eq!(node(caller, &frozen["id"]).await, if seen { json!("TaskEvaluation") } else { Value::Null });
        let query = format!("{{ taskEvaluation(id: {}) {{ hash }} }}", frozen["id"]);
        let by_id = caller.graphql(&query, json!({})).await["data"]["taskEvaluation"]["hash"].clone();
        assert_eq!(by_id, if seen { frozen["hash"].clone() } else { Value::Null });
    }

    let back = "target { id key value etag }";
    let new = json!({ "city": "620100", "label": "实训基地", "comparator": ">=", "value": "3", "dueYear": 2098 });
    assert_eq!(refused(&mutate(&school, "addTarget", &new, back).await), "FORBIDDEN");
    let target = done(&city, "addTarget", &new, back).await;
    assert_eq!(node(&public, &target["id"]).await, "Target");
    let four = json!({ "target": target["key"], "ifMatch": target["etag"], "value": "4" });
    assert_eq!(refused(&mutate(&foreign, "changeTarget", &four, back).await), "FORBIDDEN");
    assert_eq!(done(&city, "changeTarget", &four, back).await["value"], "4");
    server.stop().await;
}

/// Every posting of a year that is over: as if it had been published then.
async fn a_year_earlier(app: &TestApp) {
    let sql = format!("UPDATE opportunity SET published_at = '{}-06-01 04:00:00+00:00'", last_year());
    app.house.db.write().execute_unprepared(&sql).await.unwrap();
}

fn last_year() -> i32 {
    day(0).year() - 1
}

#[tokio::test]
async fn a_bulletin_is_published_once_its_year_is_over_and_stays_as_it_is() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let (city, public) = (server.client("city-620100").await, server.anonymous());
    // Three owners, so that what came of it is told.
    let mut last = Value::Null;
    for school in ["62001", "62002", "62005"] {
        let caller = server.client(&format!("school-{school}")).await;
        last = done(&caller, "postOpportunity", &posting("SUPPLY"), "opportunity { id etag }").await;
    }
    a_year_earlier(&app).await;
    let (year, now) = (last_year(), day(0).year());
    let at = |year: i32, form: &str| format!("/v1/bulletins/{year}.{form}");
    let publish = |year: i32| format!("/v1/bulletins/{year}");

    let before = public.get(&at(year, "json")).await.expect(200).json();
    let total = |bulletin: &Value| bulletin["lines"][0].clone();
    assert_eq!(total(&before)["outcomes"], json!({ "met": 0, "partly_met": 0, "unmet": 0, "open": 3, "heads_met": 0 }));
    assert_eq!((&before["is_final"], &before["published_at"]), (&json!(true), &Value::Null));
    public.post(&publish(year), None, &json!({})).await.expect(401);
    for who in [&city, &server.client("school-62001").await, &server.client("admin").await] {
        who.post(&publish(year), None, &json!({})).await.expect(403);
    }
    province.post(&publish(1998), None, &json!({})).await.expect(404);
    province.post(&publish(now + 1), None, &json!({})).await.expect(404);
    province.post("/v1/bulletins/last", None, &json!({})).await.expect(404);
    let early = province.post(&publish(now), None, &json!({})).await.expect(409);
    assert!(early.text.contains("尚未结束"), "{}", early.text);
    let by_city = mutate(&city, "publishBulletin", &json!({ "year": year }), "bulletin { year }").await;
    assert_eq!(refused(&by_city), "FORBIDDEN");

    let made = province.post(&publish(year), None, &json!({})).await.expect(201);
    assert_eq!(made.header("location"), Some(at(year, "json").as_str()));
    let made = made.json();
    let (document, hash) = (made["document"].as_str().unwrap(), made["hash"].as_str().unwrap());
    assert_eq!(zhiqiao::formats::document::sha256(document), hash);
    let read: Value = serde_json::from_str(document).unwrap();
    assert_eq!(
        (&read["year"], read["lines"].as_array().unwrap().len()),
        (&json!(year), made["lines"].as_array().unwrap().len())
    );
    province.post(&publish(year), None, &json!({})).await.expect(409);
    let again = mutate(&province, "publishBulletin", &json!({ "year": year }), "bulletin { year }").await;
    assert_eq!(refused(&again), "CONFLICT");

    // What happens afterwards, and another name of a city, is for no bulletin that was published.
    let owner = server.client("school-62005").await;
    let met = json!({ "id": last["id"], "ifMatch": "*", "outcome": "MET" });
    done(&owner, "closeOpportunity", &met, "opportunity { state }").await;
    let files = ["csv", "html"];
    let mut told = Vec::new();
    for form in files {
        told.push(public.get(&at(year, form)).await.expect(200).text);
    }
    let city_of = "/v1/cities/620500";
    let tag = province.get(city_of).await.expect(200).json()["etag"].as_str().unwrap().to_owned();
    crate::upkeep::patch(&province, city_of, &tag, &json!({ "name": "某某市" })).await.expect(200);
    memory::Memory::refresh(&app.house.memory).await.unwrap();
    let after = public.get(&at(year, "json")).await.expect(200).json();
    assert_eq!(after, made);
    for (form, was) in files.iter().zip(&told) {
        let is = public.get(&at(year, form)).await.expect(200).text;
        assert_eq!(&is, was, "{form}");
        assert!(!is.contains("某某市"));
    }
    assert!(told[1].contains(hash), "the page says what it is");
    let query =
        format!("{{ bulletin(year: {year}) {{ hash document publishedAt lines {{ outcomes {{ open met }} }} }} }}");
    let by_graphql = Caller::data(public.graphql(&query, json!({})).await)["bulletin"].clone();
    assert_eq!((&by_graphql["hash"], &by_graphql["document"]), (&made["hash"], &made["document"]));
    assert_eq!(by_graphql["lines"][0]["outcomes"], json!({ "open": 3, "met": 0 }));
    // Whoever has a token hears of it, once.
    let heard = certification::events(&app, &server.client("analyst").await, "bulletin").await;
    assert_eq!(heard, ["bulletin.published"]);
    server.stop().await;
}
