//! Files of released figures: what stands in them, in every format, for whom, and how they are fetched.

mod package;
pub mod same;

use std::collections::{BTreeMap, BTreeSet};

use entity::words::{ReleaseKind, SubmissionState as State};
use zhiqiao::domain::submissions::Key;

use crate::{
    app::{Caller, TestApp},
    stage,
    wire::problem,
};

/// A row of a CSV by the names of its columns.
pub type Row = BTreeMap<String, String>;

/// An answer as it came over the wire.
pub struct Fetched {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Fetched {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }
}

pub async fn fetch(caller: &Caller, method: &str, path: &str, headers: &[(&str, &str)]) -> Fetched {
    let mut request = caller.http.request(method.parse().unwrap(), format!("{}{path}", caller.base));
    if let Some(token) = &caller.token {
        request = request.bearer_auth(token);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Fetched { status, headers, bytes: answer.bytes().await.unwrap().to_vec() }
}

fn read(text: &[u8]) -> (Vec<String>, Vec<Row>) {
    let mut reader = csv::Reader::from_reader(text);
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (names, reader.deserialize().map(Result::unwrap).collect())
}

/// The rows of a CSV that must be there.
pub async fn rows(caller: &Caller, path: &str) -> Vec<Row> {
    read(&fetch(caller, "GET", path, &[]).await.expect(200).bytes).1
}

/// Two schools report protected figures, and one of them a status without a value.
async fn staged() -> TestApp {
    let app = TestApp::new().await;
    for (school, area) in [("62001", 20.5), ("62002", 21.25), ("62005", 30.75)] {
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &stage::conditions(area), State::Accepted).await;
    }
    stage::bring(&app, &Key::new("62001", "talent", "2022"), &stage::talent(8_000), State::Accepted).await;
    stage::release(&app, ReleaseKind::Minor).await;
    app
}

#[tokio::test]
async fn single_schools_have_the_columns_of_a_batch_and_groups_begin_with_their_codes() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let file = fetch(&anonymous, "GET", "/v1/data/scale.csv?period=2023", &[]).await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"scale-1.0.0.csv\"");
    let (names, all) = read(&file.bytes);
    assert_eq!(names, ["school", "dataset", "period", "indicator", "value", "status"]);
    assert_eq!(all.len(), 29 * 3);
    let students: u64 = all
        .iter()
        .filter(|row| row["indicator"] == "scale.students")
        .map(|row| row["value"].parse::<u64>().unwrap())
        .sum();
    assert_eq!(students, 294_013);

    let file =
        fetch(&anonymous, "GET", "/v1/data/scale.csv?period=2023&group_by=city,ownership", &[]).await.expect(200);
    let (names, crossed) = read(&file.bytes);
    let expected = "city ownership indicator schools value sum mean median min max p25 p75 expected status period";
    assert_eq!(names.join(" "), expected);
    let lanzhou = crossed
        .iter()
        .find(|row| row["city"] == "620100" && row["ownership"] == "private" && row["indicator"] == "scale.students");
    assert_eq!(lanzhou.unwrap()["schools"], "2");
    for nothing in ["group_by=", "group_by=province"] {
        let path = format!("/v1/data/scale.csv?period=2023&indicator=scale.students&{nothing}");
        let whole = fetch(&anonymous, "GET", &path, &[]).await.expect(200);
        let (names, whole) = read(&whole.bytes);
        assert_eq!((names[0].as_str(), whole.len()), ("indicator", 1), "{nothing}");
        assert_eq!((whole[0]["schools"].as_str(), whole[0]["value"].as_str()), ("29", "294013"));
        assert_eq!((whole[0]["status"].as_str(), whole[0]["period"].as_str()), ("REPORTED", "2023"));
    }
    // Filters keep what they say.
    for (filter, schools) in [
        ("city=620100", 14),
        ("city=620100,620500", 17),
        ("city=620100&city=620500", 17),
        ("ownership=private", 3),
        ("ownership=PRIVATE&city=620100", 2),
        ("tier=undergraduate_vocational", 2),
        ("school=62001,62002", 2),
        ("search=62002", 1),
    ] {
        let all = rows(&anonymous, &format!("/v1/data/scale.csv?period=2023&indicator=scale.students&{filter}")).await;
        assert_eq!(all.len(), schools, "{filter}");
    }
    server.stop().await;
}

#[tokio::test]
async fn names_stand_beside_codes_and_a_mark_before_them_where_they_are_asked_for() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let path = "/v1/data/scale.csv?period=2023&indicator=scale.students";
    let zh = rows(&anonymous, &format!("{path}&labels=zh&school=62001")).await;
    let en = rows(&anonymous, &format!("{path}&labels=en&group_by=city,tier")).await;
    assert_eq!((zh[0]["unit"].as_str(), zh[0]["status"].as_str()), ("人", "REPORTED"));
    assert!(!zh[0]["school_name"].is_empty() && !zh[0]["indicator_name"].is_empty());
    assert_eq!((en[0]["city_name"].as_str(), en[0]["unit"].as_str()), ("Lanzhou", "persons"));
    assert!(en.iter().any(|row| row["tier_name"] == "Undergraduate vocational"));
    let plain = fetch(&anonymous, "GET", path, &[]).await.expect(200);
    let marked = fetch(&anonymous, "GET", &format!("{path}&bom=true"), &[]).await.expect(200);
    assert_eq!(marked.bytes, [&b"\xef\xbb\xbf"[..], &plain.bytes].concat());
    assert_ne!(marked.header("etag"), plain.header("etag"));
    server.stop().await;
}

#[tokio::test]
async fn several_periods_stand_in_one_file() {
    let app = staged().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let talent = rows(&anonymous, "/v1/data/talent.csv?indicator=talent.graduates").await;
    assert!(talent.iter().all(|row| row["period"] == "2022"), "the release has no other");
    assert_eq!(talent.iter().filter(|row| row["status"] == "MISSING").count(), 28);
    let periods = rows(&anonymous, "/v1/data/talent.csv?indicator=talent.graduates&period=2021,2022&group_by=").await;
    let said: Vec<_> =
        periods.iter().map(|row| (row["period"].as_str(), row["value"].as_str(), row["status"].as_str())).collect();
    assert_eq!(said, [("2021", "", "MISSING"), ("2022", "8000", "REPORTED")]);
    server.stop().await;
}

#[tokio::test]
async fn protected_figures_are_suppressed_beside_their_status() {
    let app = staged().await;
    let server = app.serve().await;
    let line = "conditions.floor_area_per_student";
    let path = format!("/v1/data/conditions.csv?period=2023&indicator={line}");
    for (name, sees) in [
        ("", &[][..]),
        ("analyst", &[]),
        ("school-62001", &["62001"]),
        ("school-62002", &["62002"]),
        ("city-620100", &["62001", "62002"]),
        ("city-620500", &["62005"]),
        ("province-620000", &["62001", "62002", "62005"]),
    ] {
        let caller = if name.is_empty() { server.anonymous() } else { server.client(name).await };
        let all = rows(&caller, &path).await;
        let told: BTreeSet<&str> =
            all.iter().filter(|row| !row["value"].is_empty()).map(|row| row["school"].as_str()).collect();
        assert_eq!(told, sees.iter().copied().collect(), "`{name}`");
        let own = |row: &Row| match name.split_once('-') {
            Some(("province", _)) => true,
            Some(("school", code)) => row["school"] == code,
            Some(("city", code)) => app.house.memory.registry().schools.get(&row["school"]).unwrap().city_code == code,
            _ => false,
        };
        // Reported or not: who is no official of a school cannot tell.
        assert!(all.iter().all(|row| (row["status"] == "SUPPRESSED") != own(row)), "`{name}`");

        // The province's total is there for all; groups of too few schools are not.
        let total = rows(&caller, &format!("{path}&group_by=province")).await;
        assert_eq!((total[0]["schools"].as_str(), total[0]["value"].as_str()), ("3", "21.25"), "`{name}`");
        let refused = fetch(&caller, "GET", &format!("{path}&group_by=ownership"), &[]).await;
        let is_official = name.starts_with("province");
        assert_eq!(refused.status, if is_official { 200 } else { 403 }, "`{name}`");
        let unnamed = rows(&caller, "/v1/data/conditions.csv?period=2023&group_by=tier").await;
        let hides = |row: &Row| row["status"] == "SUPPRESSED" && row["schools"].is_empty() && row["median"].is_empty();
        assert!(unnamed.iter().all(|row| hides(row) != is_official), "`{name}`: {unnamed:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_published_is_for_officials_and_their_own_schools() {
    let app = staged().await;
    stage::bring(&app, &Key::new("62001", "talent", "2021"), &stage::talent(7_000), State::Accepted).await;
    let server = app.serve().await;
    let path = "/v1/data/talent.csv?indicator=talent.graduates&period=2021&group_by=&release=live";
    fetch(&server.anonymous(), "GET", path, &[]).await.expect(401);
    fetch(&server.client("analyst").await, "GET", path, &[]).await.expect(403);
    for (client, schools) in [("province-620000", "1"), ("city-620100", "1"), ("city-620500", "0")] {
        let caller = server.client(client).await;
        let file = fetch(&caller, "GET", path, &[]).await.expect(200);
        assert_eq!((file.header("etag"), file.header("cache-control")), ("", "no-store"));
        assert_eq!(read(&file.bytes).1[0]["schools"], schools, "{client}");
        let single = fetch(&caller, "GET", "/v1/data/talent.csv?period=2021&release=live", &[]).await;
        assert_eq!(single.status, 422);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_question_is_told_everything_at_once() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let path = "/v1/data/scale.csv?period=23&indicator=scale.students,talent.graduates,nothing&group_by=city,city,planet\
        &ownership=nobody&city=999999&consortium=C1&labels=fr&school=62099&release=new&bom=maybe";
    let said = problem(&anonymous.send("GET", path, &[("accept-language", "en")], None).await, 422, "invalid");
    let found: BTreeSet<(&str, &str)> = said["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["pointer"].as_str().unwrap()))
        .collect();
    let expected = [
        ("duplicate_dimension", "/group_by/1"),
        ("flag", "/bom"),
        ("labels", "/labels"),
        ("period_form", "/period/0"),
        ("release_form", "/release"),
        ("school_in_groups", "/school"),
        ("unknown_code", "/city/0"),
        ("unknown_code", "/consortium/0"),
        ("unknown_code", "/school/0"),
        ("unknown_dimension", "/group_by/2"),
        ("unknown_indicator", "/indicator/1"),
        ("unknown_indicator", "/indicator/2"),
        ("unknown_word", "/ownership/0"),
    ];
    assert_eq!(found, expected.into_iter().collect());
    for (path, status) in [
        ("/v1/data/nothing.csv", 404),
        ("/v1/data/nothing.csv?period=23", 404),
        ("/v1/data/scale.pdf", 404),
        ("/v1/data/scale", 404),
        ("/v1/data/scale.csv?release=9.9.9", 404),
        ("/v1/data/scale.csv?periods=2023", 400),
        ("/v1/data/scale.csv?release=1.*", 200),
    ] {
        assert_eq!(fetch(&anonymous, "GET", path, &[]).await.status, status, "{path}");
    }
    let refused = fetch(&anonymous, "POST", "/v1/data/scale.csv", &[]).await;
    assert_eq!((refused.status, refused.header("allow")), (405, "GET"));
    server.stop().await;
}

const FORMATS: [&str; 5] = ["csv", "json", "parquet", "xlsx", "arrow"];

#[tokio::test]
async fn a_file_is_fetched_again_only_when_it_has_changed_and_in_parts_where_it_broke_off() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let mut tags = BTreeSet::new();
    for format in FORMATS {
        let path = format!("/v1/data/scale.{format}?period=2023");
        let whole = fetch(&anonymous, "GET", &path, &[]).await.expect(200);
        let (tag, modified) = (whole.header("etag").to_owned(), whole.header("last-modified").to_owned());
        assert!(tag.starts_with('"') && tag.len() > 20 && tags.insert(tag.clone()), "{format}: `{tag}`");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert_eq!(whole.header("cache-control"), "public, no-cache");
        assert_eq!(whole.header("content-encoding"), "");
        let again = fetch(&anonymous, "GET", &path, &[]).await.expect(200);
        assert!(again.bytes == whole.bytes, "{format}: the same file is the same bytes");

        let unchanged = fetch(&anonymous, "GET", &path, &[("if-none-match", &tag)]).await.expect(304);
        assert_eq!((unchanged.header("etag"), unchanged.bytes.len()), (tag.as_str(), 0), "{format}");
        let other = format!("\"other\", W/{tag}");
        fetch(&anonymous, "GET", &path, &[("if-none-match", &other)]).await.expect(304);
        fetch(&anonymous, "GET", &path, &[("if-none-match", "\"other\"")]).await.expect(200);
        fetch(&anonymous, "GET", &path, &[("if-modified-since", &modified)]).await.expect(304);
        fetch(&anonymous, "GET", &path, &[("if-modified-since", "Mon, 01 Jan 2001 00:00:00 GMT")]).await.expect(200);
        // A tag says more than a date.
        let both = [("if-none-match", "\"other\""), ("if-modified-since", modified.as_str())];
        fetch(&anonymous, "GET", &path, &both).await.expect(200);

        let head = fetch(&anonymous, "HEAD", &path, &[]).await.expect(200);
        assert_eq!((head.header("etag"), head.bytes.len()), (tag.as_str(), 0), "{format}");
        let length = whole.bytes.len();
        if ["parquet", "xlsx"].contains(&format) {
            assert_eq!(head.header("content-length"), length.to_string(), "{format}");
        }
        for (range, from, to) in [
            ("bytes=0-99".to_owned(), 0, 100),
            (format!("bytes={}-", length - 50), length - 50, length),
            ("bytes=-7".to_owned(), length - 7, length),
        ] {
            for condition in [None, Some(("if-range", tag.as_str())), Some(("if-range", modified.as_str()))] {
                let headers: Vec<(&str, &str)> =
                    [("range", range.as_str()), ("accept-encoding", "gzip")].into_iter().chain(condition).collect();
                let part = fetch(&anonymous, "GET", &path, &headers).await.expect(206);
                assert_eq!(part.bytes, whole.bytes[from..to], "{format} {range}");
                assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{length}", to - 1));
                assert_eq!((part.header("etag"), part.header("content-encoding")), (tag.as_str(), ""));
            }
        }
        let other = [("range", "bytes=0-9"), ("if-range", "\"other\"")];
        assert!(fetch(&anonymous, "GET", &path, &other).await.expect(200).bytes == whole.bytes, "{format}");
        let past = format!("bytes={length}-");
        let nowhere = fetch(&anonymous, "GET", &path, &[("range", &past)]).await.expect(416);
        assert_eq!(nowhere.header("content-range"), format!("bytes */{length}"));

        // Strong tags: other bytes on the wire, another tag. What is packed is not packed again.
        let packed = fetch(&anonymous, "GET", &path, &[("accept-encoding", "gzip")]).await.expect(200);
        let is_packed_anyway = ["parquet", "xlsx"].contains(&format);
        assert_eq!(packed.header("content-encoding"), if is_packed_anyway { "" } else { "gzip" }, "{format}");
        assert_eq!(packed.header("etag") == tag, is_packed_anyway, "{format}");
    }
    // Another release is another file; the old one stands as it was.
    let before = fetch(&anonymous, "GET", "/v1/data/scale.csv?release=1.0.0", &[]).await.expect(200);
    stage::bring(&app, &Key::new("62001", "talent", "2022"), &stage::talent(8_000), State::Accepted).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let newest = fetch(&anonymous, "GET", "/v1/data/scale.csv", &[("if-none-match", before.header("etag"))]).await;
    assert_eq!(newest.status, 200);
    let known = [("if-none-match", before.header("etag"))];
    fetch(&anonymous, "GET", "/v1/data/scale.csv?release=1.0.0", &known).await.expect(304);
    server.stop().await;
}

/// What an official has fetched is not what is kept for everybody.
#[tokio::test]
async fn a_kept_file_is_nobody_elses() {
    let app = staged().await;
    let server = app.serve().await;
    let path = "/v1/data/conditions.parquet?period=2023";
    let mut seen: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for name in ["province-620000", "", "city-620100", "city-620500", "school-62001", "analyst", "province-620000"] {
        let caller = if name.is_empty() { server.anonymous() } else { server.client(name).await };
        let file = fetch(&caller, "GET", path, &[]).await.expect(200);
        let is_public = ["", "analyst"].contains(&name);
        assert_eq!(file.header("cache-control"), if is_public { "public, no-cache" } else { "private, no-cache" });
        let tag = file.header("etag").to_owned();
        let kept = seen.entry(tag).or_insert_with(|| file.bytes.clone());
        assert!(*kept == file.bytes, "`{name}`");
    }
    assert_eq!(seen.len(), 5, "the public's, the province's, two cities' and a school's");
    server.stop().await;
}
