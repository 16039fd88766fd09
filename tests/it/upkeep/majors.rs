//! Majors, what schools teach, and the industry chains it serves: loaded from files, and kept by hand.

use std::fs;

use serde_json::json;
use zhiqiao::{domain::load::load, error::Error};

use super::{PROVINCE, codes, mutate, patch, refused};
use crate::{
    app::{Caller, TestApp, reference},
    wire::problem,
};

/// The reference data with files that they do not have. The codes are made up, and no catalogue has them.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(reference()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    for (name, text) in files {
        fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
    }
    dir
}

const MAJORS: &str = "code,name_zh,name_en,category_zh,class_zh,level,edition,source
999901,镍钴冶炼,Nickel,材料大类,有色类,higher_vocational,2021,t
999902,电解精炼,,材料大类,有色类,secondary,2021,t
999801,拉面制作,,餐饮大类,餐饮类,secondary,2025,t
";
const CHAINS: &str = "name_zh,name_en,source\n镍钴新材料产业链,Nickel and cobalt,t\n";
const LINKS: &str = "major_code,chain_name_zh,source\n999901,镍钴新材料产业链,t\n999902,镍钴新材料产业链,t\n";
const TAUGHT: &str = "school_name_zh,major_code,since,until,source
兰州石化职业技术大学,999901,2019-09-01,,t
兰州石化职业技术大学,999902,2010-09-01,2018-08-31,t
";

#[tokio::test]
async fn a_folder_may_have_majors_and_everybody_reads_them() {
    let app = TestApp::new().await;
    let dir =
        folder(&[("majors", MAJORS), ("industry_chains", CHAINS), ("major_chains", LINKS), ("programmes", TAUGHT)]);
    let loaded = load(&app.system(), dir.path(), &mut |_| {}).await.unwrap();
    let created = |kind: &str| loaded.kinds.iter().find(|one| one.kind == kind).map(|one| one.created);
    let counts = ["majors", "industry_chains", "major_chains", "programmes"].map(created);
    assert_eq!(counts, [Some(3), Some(1), Some(2), Some(2)], "{loaded}");
    assert!(!load(&app.system(), dir.path(), &mut |_| {}).await.unwrap().has_changes());
    // The reference data have none, and a load of them takes nothing away.
    assert!(!load(&app.system(), &reference(), &mut |_| {}).await.unwrap().has_changes());

    let server = app.serve().await;
    let query = r#"{ all: majors { totalCount } found: majors(filter: { search: "镍钴" }) { nodes { code nameEn } }
        level: majors(filter: { level: [SECONDARY], category: ["99"], edition: ["2021"] }) { nodes { code } }
        major(code: "999901") { name category class level edition programmes { school { code } } industryChains { name } }
        school(code: "62001") { programmes { since until major { code } } }
        industryChains { name majors { major { code programmes { school { code } } } } } }"#;
    let told = Caller::data(server.anonymous().graphql(query, json!({})).await);
    assert_eq!(told["all"]["totalCount"], 3);
    assert_eq!(told["found"]["nodes"], json!([{ "code": "999901", "nameEn": "Nickel" }]));
    assert_eq!(told["level"]["nodes"], json!([{ "code": "999902" }]));
    assert_eq!(told["major"]["level"], "HIGHER_VOCATIONAL");
    assert_eq!(told["major"]["industryChains"][0]["name"], "镍钴新材料产业链");
    let taught = &told["school"]["programmes"];
    assert_eq!(taught[1], json!({ "since": "2010-09-01", "until": "2018-08-31", "major": { "code": "999902" } }));
    let chain: Vec<&str> = told["industryChains"][0]["majors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["major"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(chain, ["999901", "999902"]);
    let listed = server.anonymous().get("/v1/programmes?of=999901").await.expect(200).json();
    assert_eq!(listed["items"][0]["school"], "62001");
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_such_files_is_named_line_by_line() {
    let app = TestApp::new().await;
    let dir = folder(&[
        ("majors", "code,name_zh,category_zh,class_zh,level,edition,source\n9999,甲,乙,丙,tertiary,2021,t\n"),
        ("programmes", "school_name_zh,major_code,since,until,source\n金川集团公司,123456,2020-13-01,,t\n"),
    ]);
    let Err(Error::Invalid(found)) = load(&app.system(), dir.path(), &mut |_| {}).await else { panic!() };
    let told: Vec<&str> = found.iter().map(|one| one.pointer.as_str()).collect();
    for at in
        ["majors.csv#/2/code", "majors.csv#/2/level", "programmes.csv#/2/school_name_zh", "programmes.csv#/2/since"]
    {
        assert!(told.contains(&at), "{at} among {told:?}");
    }
}

#[tokio::test]
async fn a_school_keeps_what_it_teaches_and_nobody_elses() {
    let app = TestApp::new().await;
    let dir = folder(&[("majors", MAJORS)]);
    load(&app.system(), dir.path(), &mut |_| {}).await.unwrap();
    let server = app.serve().await;
    let (own, sibling, city) =
        (server.client("school-62001").await, server.client("school-62002").await, server.client("city-620100").await);
    let body = json!({ "school": "62001", "major": "999901", "since": "2019-09-01" });
    problem(&sibling.post("/v1/programmes", None, &body).await, 403, "forbidden");
    problem(&city.post("/v1/programmes", None, &body).await, 403, "forbidden");
    let added = own.post("/v1/programmes", None, &body).await.expect(201);
    assert_eq!(codes(&own.post("/v1/programmes", None, &body).await), ["is_taught /major"]);
    let at = added.header("location").unwrap();
    problem(&patch(&sibling, at, "*", &json!({ "until": "2024-08-31" })).await, 403, "forbidden");
    let input = json!({ "id": at.rsplit('/').next(), "ifMatch": "*", "until": "2018-01-01" });
    let answer = mutate(&own, "changeProgramme", &input, "programme { until }").await;
    assert_eq!(answer["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/until");
    let input = json!({ "id": at.rsplit('/').next(), "ifMatch": "*", "until": "2024-08-31" });
    assert_eq!(refused(&mutate(&sibling, "changeProgramme", &input, "programme { until }").await), "FORBIDDEN");
    let ended = Caller::data(mutate(&own, "changeProgramme", &input, "programme { until }").await);
    assert_eq!(ended["it"]["programme"]["until"], "2024-08-31");
    // It may be taught again.
    let again = json!({ "school": "62001", "major": "999901", "since": "2025-09-01" });
    server.client(PROVINCE).await.post("/v1/programmes", None, &again).await.expect(201);
    let wrong = own.post("/v1/programmes", None, &json!({ "school": "62001", "major": "123456" })).await;
    assert_eq!(codes(&wrong), ["unknown_code /major"]);
    server.stop().await;
}

#[tokio::test]
async fn chains_are_linked_once() {
    let app = TestApp::new().await;
    let dir = folder(&[("majors", MAJORS), ("industry_chains", CHAINS)]);
    load(&app.system(), dir.path(), &mut |_| {}).await.unwrap();
    let server = app.serve().await;
    let province = server.client(PROVINCE).await;
    let chain = app.house.memory.registry().chains.all()[0].code.0.clone();
    let input = json!({ "major": "999901", "chain": chain });
    let linked = Caller::data(mutate(&province, "addMajorChain", &input, "link { id etag }").await);
    let again = province.post("/v1/major-chains", None, &input).await;
    assert_eq!(codes(&again), ["is_linked /chain"]);
    // By its opaque id, too.
    let id = linked["it"]["link"]["id"].clone();
    let ended = json!({ "id": id, "ifMatch": linked["it"]["link"]["etag"], "until": "2024-01-01" });
    Caller::data(mutate(&province, "changeMajorChain", &ended, "link { id }").await);
    let told = Caller::data(province.graphql("{ industryChains { majors { id } } }", json!({})).await);
    assert_eq!(told["industryChains"][0]["majors"], json!([]));
    server.stop().await;
}
