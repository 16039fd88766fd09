//! The journal for auditors, by both doors.

use serde_json::{Value, json};

use super::staged;
use crate::{
    app::{Caller, TestApp},
    stage,
};
use zhiqiao::domain::submissions::Key;

const QUERY: &str = "query ($filter: JournalFilter, $first: Int, $after: String) {
    it: journal(filter: $filter, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
        nodes { sequence chainHash time actor role org action object school beforeHash afterHash requestId address data } } }";

#[tokio::test]
async fn an_auditor_reads_all_of_it_by_both_doors() {
    let (app, rows) = staged().await;
    let server = app.serve().await;
    let auditor = server.client("auditor").await;
    let (mut sequences, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = auditor.graphql(QUERY, json!({ "first": 7, "after": after })).await;
        let it = Caller::data(answer)["it"].clone();
        sequences.extend(it["nodes"].as_array().unwrap().iter().map(|one| one["sequence"].as_i64().unwrap()));
        after = it["pageInfo"]["endCursor"].clone();
        if it["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let expected: Vec<i64> = (1..).take(sequences.len()).collect();
    assert_eq!(sequences, expected);
    assert!(sequences.len() >= rows.len());

    let entry = |filter: &str| format!("/v1/audit?{filter}");
    let of = |answer: Value| -> Vec<Value> { answer["entries"].as_array().unwrap().clone() };
    let pushed = of(auditor.get(&entry("action=submission.pushed&object=62001/talent/2013")).await.expect(200).json());
    assert_eq!(pushed.len(), 1);
    let by_graphql = json!({ "filter": { "action": "submission.pushed", "object": "62001/talent/2013" } });
    let same = Caller::data(auditor.graphql(QUERY, by_graphql).await)["it"]["nodes"][0].clone();
    for (rest, graphql) in
        [("sequence", "sequence"), ("chain_hash", "chainHash"), ("after_hash", "afterHash"), ("data", "data")]
    {
        assert_eq!(pushed[0][rest], same[graphql], "{rest}");
        assert!(!pushed[0][rest].is_null(), "{rest}");
    }
    let submissions = of(auditor.get(&entry("action=submission&school=62001&limit=1000")).await.expect(200).json());
    assert!(submissions.len() >= 5 && submissions.iter().all(|one| one["school"] == "62001"));
    let page = auditor.get(&entry("limit=3")).await.expect(200).json();
    let next =
        auditor.get(&entry(&format!("limit=3&cursor={}", page["next"].as_str().unwrap()))).await.expect(200).json();
    assert_eq!((&of(page)[2]["sequence"], &of(next)[0]["sequence"]), (&json!(3), &json!(4)));
    let later = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let later = later.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert_eq!(of(auditor.get(&entry(&format!("from={later}"))).await.expect(200).json()).len(), 0);
    assert!(!of(auditor.get(&entry(&format!("to={later}"))).await.expect(200).json()).is_empty());
    auditor.get("/v1/audit?nonsense=1").await.expect(400);
    auditor.get("/v1/audit?limit=1001").await.expect(422);

    let file = auditor.get("/v1/audit/export").await.expect(200);
    assert_eq!(file.header("content-type"), Some("application/x-ndjson"));
    let examined = zhiqiao::domain::audit::export::examine(file.text.as_bytes(), None, &[], None, &mut |_| {}).unwrap();
    assert_eq!(examined.verified.found.count, 0, "{examined:?}");
    assert!(examined.verified.entries >= u64::try_from(rows.len()).unwrap());

    for (caller, status) in [("admin", 403), ("province-620000", 403), ("school-62001", 403), ("analyst", 403)] {
        let caller = server.client(caller).await;
        caller.get("/v1/audit").await.expect(status);
        caller.get("/v1/audit/export").await.expect(status);
        let refused = caller.graphql(QUERY, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
    server.stop().await;
}

/// The figures, and what stands in a note, as they would be found in a text.
const FIGURES: [&str; 4] = ["8123", "8023", "4012.5", "61.25"];

#[tokio::test]
async fn the_journal_tells_no_figures() {
    let app = TestApp::new().await;
    let key = Key::new("62001", "talent", "2013");
    for state in [entity::words::SubmissionState::Returned, entity::words::SubmissionState::Accepted] {
        stage::bring(&app, &key, &stage::talent(8_123), state).await;
    }
    stage::release(&app, entity::words::ReleaseKind::Minor).await;
    let rows = stage::sealed(&app).await;
    let told: Vec<&String> = rows.iter().map(|row| &row.data).collect();
    assert!(told.len() > 8, "{told:?}");
    for data in told {
        // Hashes may hold any digits.
        let words: Vec<&str> = data.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.')).collect();
        for figure in FIGURES {
            assert!(!words.contains(&figure), "{data} tells {figure}");
        }
    }
}
