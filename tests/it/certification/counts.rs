//! What the reference data say of certifications, and how many teachers are certified.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use super::{
    send,
    teachers::{ALL, Cast, apply, judge},
};
use crate::app::{Caller, TestApp, reference};

const COUNTS: &str = "/v1/teacher-certification-statistics";

/// The lines of a file by its header.
fn csv(file: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(reference().join(file)).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_printed_table_comes_out_as_it_was_printed() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let public = server.anonymous();
    let printed = csv("teacher_certification.csv");
    let word = |zh: &str| match zh {
        "职业本科" => "undergraduate_vocational",
        "高职" => "higher_vocational",
        other => panic!("{other}"),
    };
    let total = printed.iter().find(|line| line["seq"].is_empty()).unwrap();
    let number = |text: &String| text.parse::<i64>().unwrap();

    let all = public.get(COUNTS).await.expect(200).json();
    assert_eq!((all["total"].as_i64(), all["total"].as_i64()), (Some(number(&total["total"])), Some(5765)));
    let of = |list: &Value, member: &str, word: &str| {
        let groups = list["groups"].as_array().unwrap();
        groups.iter().find(|one| one[member] == word).unwrap()["teachers"].as_i64().unwrap()
    };
    let levels = public.get(&format!("{COUNTS}?group_by=level")).await.expect(200).json();
    for level in ["junior", "intermediate", "senior"] {
        assert_eq!(of(&levels, "level", level), number(&total[level]), "{level}");
    }
    assert_eq!(
        (of(&levels, "level", "junior"), of(&levels, "level", "intermediate"), of(&levels, "level", "senior")),
        (2743, 2435, 587)
    );
    let cells = public.get(&format!("{COUNTS}?group_by=category,level&basis=historical")).await.expect(200).json();
    let categories = public.get(&format!("{COUNTS}?group_by=category")).await.expect(200).json();
    let lines: Vec<_> = printed.iter().filter(|line| !line["seq"].is_empty()).collect();
    assert_eq!(cells["groups"].as_array().unwrap().len(), 3 * lines.len());
    for line in lines {
        let category = word(&line["category_zh"]);
        assert_eq!(of(&categories, "category", category), number(&line["total"]), "{category}");
        for level in ["junior", "intermediate", "senior"] {
            let groups = cells["groups"].as_array().unwrap();
            let cell = groups.iter().find(|one| one["category"] == category && one["level"] == level).unwrap();
            assert_eq!(cell["teachers"].as_i64().unwrap(), number(&line[level]), "{category} {level}");
        }
    }
    let query = "{ teacherCertificationStatistics(groupBy: [LEVEL]) { total groups { level teachers category { __typename } } } }";
    let query = query.replace(" category { __typename }", "");
    let told = Caller::data(public.graphql(&query, json!({})).await)["teacherCertificationStatistics"].clone();
    assert_eq!(told["total"], 5765);
    assert_eq!(told["groups"][0], json!({ "level": "JUNIOR", "teachers": 2743 }));
    server.stop().await;
}

#[tokio::test]
async fn the_55_of_the_list_are_certified_and_public() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let public = server.anonymous();
    let named: Vec<String> = csv("enterprises.csv")
        .into_iter()
        .filter(|line| line["certification"] == "产教融合型企业建设培育")
        .map(|line| line["name_zh"].clone())
        .collect();
    assert_eq!(named.len(), 55);
    let batches = public.get("/v1/certification-batches").await.expect(200).json();
    let batch = batches[0].clone();
    assert_eq!(
        (batches.as_array().unwrap().len(), &batch["source"], &batch["year"]),
        (1, &json!("001 表18"), &Value::Null)
    );
    let code = batch["code"].as_str().unwrap();
    let query = format!(
        "{{ enterpriseCertifications(filter: {{ batch: [\"{code}\"] }}, first: 200) {{ totalCount nodes {{ state validUntil
            enterprise {{ name }} }} }} }}"
    );
    let told = Caller::data(public.graphql(&query, json!({})).await)["enterpriseCertifications"].clone();
    assert_eq!(told["totalCount"], 55);
    let mut names: Vec<&str> =
        told["nodes"].as_array().unwrap().iter().map(|one| one["enterprise"]["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut expected: Vec<&str> = named.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    // Nobody knows their staff, and nobody makes it up.
    let duties = public.get("/v1/internship-duties").await.expect(200).json();
    assert!(duties.as_array().unwrap().iter().all(|one| one["standing"] == "no_data"));
    assert_eq!(duties.as_array().unwrap().len(), 55);
    // A batch that is printed takes no applications, and is not changed.
    let enterprise = server.client("enterprise-eeadeb0f3").await;
    let papers = json!({ "batch": code, "statement": "申请", "staff": 1, "internship_places": 1 });
    send(&enterprise, "POST", "/v1/enterprise-certifications", None, &papers).await.expect(403);
    let province = server.client("province-620000").await;
    send(&province, "PATCH", &format!("/v1/certification-batches/{code}"), Some("*"), &json!({})).await.expect(409);

    // All of it in as many statements as there are lists, however many enterprises.
    let query = "{ enterprises(first: 200) { nodes { certifications { state steps { to } } incentives { amount } internshipDuty { standing } } } }";
    Caller::data(province.graphql(query, json!({})).await);
    let before = app.house.db.statements();
    Caller::data(province.graphql(query, json!({})).await);
    let statements = app.house.db.statements() - before;
    assert!(statements < 12, "{statements}");
    server.stop().await;
}

#[tokio::test]
async fn officials_count_their_own_and_others_are_told_no_small_numbers() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let cast = Cast::new(&app, &server).await;
    let public = server.anonymous();
    for (school, number) in [(&cast.school, "T-1"), (&cast.school, "T-2"), (&cast.other, "T-3")] {
        let at = apply(school, number).await;
        for who in [&cast.city, &cast.agency, &cast.province] {
            judge(who, &at, "approve").await.expect(200);
        }
    }
    let ask = async |who: &Caller, query: &str| who.get(&format!("{COUNTS}?{query}")).await.expect(200).json();
    let numbers = async |who: &Caller, query: &str| {
        let told = ask(who, query).await;
        let groups = told["groups"].as_array().unwrap();
        groups.iter().map(|one| one["teachers"].as_i64()).collect::<Vec<_>>()
    };

    // Three teachers of two schools: everybody is told that there is somebody, and not how many, by no basis.
    let told = ask(&public, "basis=certificates&group_by=level").await;
    assert_eq!(
        (told["status"].as_str(), &told["total"], &told["groups"]),
        (
            Some("SUPPRESSED"),
            &Value::Null,
            &json!([{ "level": "intermediate", "teachers": null, "status": "SUPPRESSED" }])
        )
    );
    assert_eq!(ask(&public, "").await["total"], Value::Null);
    let levels = ask(&cast.school, "group_by=level").await;
    let hidden: Vec<&Value> = levels["groups"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["teachers"].is_null())
        .map(|one| &one["level"])
        .collect();
    assert_eq!(hidden, ["intermediate"]);
    assert_eq!(ask(&public, "basis=historical").await["total"], 5765);

    // By tier and city the province alone is told, and city and school of what is their own.
    for query in ["group_by=city", "group_by=level,tier"] {
        for who in [&public, &cast.school, &cast.city, &cast.agency] {
            who.get(&format!("{COUNTS}?{query}")).await.expect(403);
        }
    }
    for who in [&public, &cast.agency] {
        who.get(&format!("{COUNTS}?own=true")).await.expect(403);
    }
    assert_eq!(numbers(&cast.province, "basis=certificates&group_by=city").await, [Some(3)]);
    assert_eq!(ask(&cast.province, "").await["total"], 5768);
    assert_eq!(ask(&cast.city, "own=true").await["total"], 3);
    assert_eq!(ask(&cast.foreign, "own=true").await["total"], 0);
    assert_eq!(ask(&cast.school, "own=true&group_by=tier,level").await["total"], 2);
    let by_city = ask(&cast.province, "group_by=city,tier").await;
    let unknown = by_city["groups"].as_array().unwrap().iter().find(|one| one.get("city").is_none()).unwrap();
    assert_eq!(unknown["teachers"], 5765, "what documents counted is of no city");

    // A certificate that was taken away counts no more.
    let list = cast.province.get(&format!("{ALL}?state=certified")).await.expect(200).json();
    let at = format!("{ALL}/{}", list["certifications"][0]["id"].as_str().unwrap());
    judge(&cast.province, &at, "revoke").await.expect(200);
    assert_eq!(ask(&cast.province, "basis=certificates").await["total"], 2);
    public.get(&format!("{COUNTS}?group_by=school")).await.expect(422);
    server.stop().await;
}
