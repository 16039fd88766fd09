//! Words find schools, enterprises and consortia as people type them, by every door alike.

use serde_json::{Value, json};

use super::{JIUGANG, PROVINCE};
use crate::app::{Caller, TestApp};

async fn found(caller: &Caller, list: &str, words: &str) -> Vec<String> {
    let query = format!("query ($words: String) {{ it: {list}(filter: {{ search: $words }}) {{ nodes {{ name }} }} }}");
    let told = Caller::data(caller.graphql(&query, json!({ "words": words })).await);
    told["it"]["nodes"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_school_is_found_by_what_people_call_it() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anybody = server.anonymous();
    for words in ["石化大学", "石化　大学", "（石化）大学", "兰石化大学", "62001", "６２００１", "兰州石化职业技术学院"]
    {
        let names = found(&anybody, "schools", words).await;
        assert_eq!(names.first().map(String::as_str), Some("兰州石化职业技术大学"), "{words}: {names:?}");
    }
    for words in ["石化学校", "大学石化", "（）", "不存在"] {
        assert!(found(&anybody, "schools", words).await.is_empty(), "{words}");
    }
    assert_eq!(found(&anybody, "schools", "").await.len(), 29);
    // The better answer comes first, and the same question has the same answer.
    let ranked = found(&anybody, "schools", "兰州职业技术学院").await;
    assert_eq!(ranked[0], "兰州职业技术学院", "{ranked:?}");
    assert_eq!(found(&anybody, "schools", "兰州职业技术学院").await, ranked);
    server.stop().await;
}

#[tokio::test]
async fn the_same_words_keep_the_same_schools_by_every_door() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    for words in ["石化大学", "职业技术大学", "兰州"] {
        let names = found(&province, "schools", words).await;
        let query = r#"query ($words: String) {
            aggregate(input: { indicators: ["scale.students"], period: "2023", filter: { search: $words } }) {
                groups { cells { expected } } }
            compliance(period: "2023", filter: { search: $words }) { schools { totalCount } } }"#;
        let told = Caller::data(province.graphql(query, json!({ "words": words })).await);
        assert_eq!(told["aggregate"]["groups"][0]["cells"][0]["expected"], json!(names.len()), "{words}");
        assert_eq!(told["compliance"]["schools"]["totalCount"], json!(names.len()), "{words}");
        let list = province.get(&format!("/v1/schools?search={words}")).await.expect(200).json();
        let listed: Vec<&str> =
            list["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(listed, names, "{words}");
        let path = format!("/v1/data/scale.json?period=2023&indicator=scale.students&search={words}");
        let file = province.get(&path).await.expect(200).json();
        let rows = file.as_array().or_else(|| file["rows"].as_array()).unwrap_or_else(|| panic!("{file}")).len();
        assert_eq!(rows, names.len(), "{words}");
    }
    server.stop().await;
}

#[tokio::test]
async fn enterprises_and_consortia_are_found_by_their_other_names() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anybody = server.anonymous();
    // 金川集团 is the short form of the one, and the beginning of others.
    let names = found(&anybody, "enterprises", "金川集团").await;
    assert_eq!(names[0], "金川集团公司", "{names:?}");
    assert!(names.contains(&"金川集团股份有限公司".to_owned()) && names.len() >= 4, "{names:?}");
    assert_eq!(found(&anybody, "enterprises", &JIUGANG.to_lowercase()).await.len(), 1);
    let names = found(&anybody, "consortia", "有色金属共同体").await;
    assert_eq!(names, ["全国有色金属新材料行业产教融合共同体"]);
    let list: Value = anybody.get("/v1/consortia?search=有色金属共同体").await.expect(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    server.stop().await;
}
