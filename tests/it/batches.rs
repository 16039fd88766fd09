//! Batches: many tables in one file, by the checks of a push, all or nothing for each table.

pub mod files;
mod malformed;
mod once;

use entity::{batch, batch_part, journal, revision, words::SubmissionState as State};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        batches::{self, Intake, Tray},
        submissions::{Key, Terms},
    },
    error::Error,
    formats::{batch::Format, document::sha256},
    memory,
};

use self::files::{Cells, csv, form, gbk, ndjson, xlsx};
use crate::{
    app::{Answer, Caller, TestApp},
    stage,
    wire::{problem, send},
};

async fn post(caller: &Caller, query: &str, kind: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let headers = [("content-type", kind), ("accept-language", "en")];
    send(caller, "POST", &format!("/v1/batches{query}"), &headers, bytes.into()).await
}

/// The states and revisions of the tables of a batch, by their keys.
fn tables(batch: &Value) -> Vec<(String, String, Value)> {
    let text = |table: &Value, name: &str| table[name].as_str().unwrap().to_owned();
    batch["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            let key = ["school", "dataset", "period"].map(|name| text(table, name)).join("/");
            (key, text(table, "state"), table["revision"].clone())
        })
        .collect()
}

fn table(key: &str, state: &str, revision: Value) -> (String, String, Value) {
    (key.to_owned(), state.to_owned(), revision)
}

#[tokio::test]
async fn a_batch_states_whole_tables() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let rows = [
        ["62001", "talent", "2031", "talent.graduates", "8000"],
        ["62001", "scale", "2031", "scale.students", "25688"],
        // Of a table that had begun before.
        ["62001", "talent", "2031", "talent.placed", "7000"],
    ];
    let first = post(&school, "", "text/csv", csv(&rows)).await.expect(200);
    let batch = first.json();
    assert_eq!(batch["state"], "done");
    assert_eq!(batch["dry_run"], false);
    assert_eq!(batch["rows"], json!({ "read": 3, "accepted": 3, "rejected": 0, "total": 3 }));
    assert_eq!(batch["causes"], json!([]));
    let both = [table("62001/scale/2031", "draft", json!(1)), table("62001/talent/2031", "draft", json!(1))];
    assert_eq!(tables(&batch), both);
    let id = batch["id"].as_str().unwrap();
    assert_eq!(first.header("location"), Some(format!("/v1/batches/{id}").as_str()));
    assert_eq!(school.get(&format!("/v1/batches/{id}")).await.expect(200).json(), batch);

    // Identical content makes no revision; what is left out is removed.
    let again = post(&school, "", "text/csv", csv(&rows)).await.expect(200).json();
    assert_eq!(tables(&again), both);
    let less = post(&school, "", "text/csv", csv(&rows[..1])).await.expect(200).json();
    assert_eq!(tables(&less), [table("62001/talent/2031", "draft", json!(2))]);
    let now = school.get("/v1/schools/62001/submissions/talent/2031").await.expect(200).json();
    assert_eq!(now["observations"].as_object().unwrap().keys().collect::<Vec<_>>(), ["talent.graduates"]);

    let rows = stage::sealed(&app).await;
    let told: Vec<&journal::Model> = rows.iter().filter(|row| row.action.starts_with("batch.")).collect();
    assert_eq!(told.len(), 3);
    assert_eq!((told[0].action.as_str(), told[0].object.as_str()), ("batch.finished", id));
    assert_eq!(told[0].school_code.as_deref(), Some("62001"));
    let pushed = rows.iter().filter(|row| row.action == "submission.pushed" && row.data.contains(id)).count();
    assert_eq!(pushed, 2);
    server.stop().await;
}

#[tokio::test]
async fn every_format_and_both_languages_say_the_same() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let name = app.house.memory.registry().schools.get("62001").unwrap().name.clone();
    let (graduates, rate) = ("talent.graduates", "talent.local_placement_rate");
    let codes = |period: &'static str| -> Vec<Cells<'static>> {
        vec![["62001", "talent", period, graduates, "8000"], ["62001", "talent", period, rate, "61.25"]]
    };
    let chinese = |period: &str| {
        format!(
            "统计期,指标,数值,学校,报表\r\n{period},毕业生人数,\"8,000\",{name},人才培养质量计分卡\r\n\
             {period},毕业生本省去向落实率,６１．２５％,{name},talent\r\n"
        )
    };
    let shown = {
        let first = files::row(2, &["62001", "talent", "2036", graduates, "8000.0000000000001"]);
        let second =
            files::row(3, &["62001", "talent", "2036", rate, r#"<c r="@" s="1"><v>0.61250000000000004</v></c>"#]);
        files::workbook(&[("说明", &files::row(1, &["如何填报"])), ("data", &(files::header() + &first + &second))])
    };
    let json = |period: &'static str| ndjson(&codes(period)).replace("\"2032\"", "2032");
    let bodies = [
        ("2031", "text/csv".to_owned(), csv(&codes("2031")).into_bytes()),
        ("2032", "application/x-ndjson".to_owned(), json("2032").into_bytes()),
        ("2033", "text/csv; charset=gbk".to_owned(), gbk(&chinese("2033"))),
        ("2034", "text/csv".to_owned(), format!("\u{feff}{}", chinese("２０３４")).into_bytes()),
        ("2035", String::new(), xlsx(&codes("2035"))),
        ("2036", String::new(), shown),
        ("2037", "text/csv".to_owned(), csv(&codes("2037")).replace('\n', "\r\n").into_bytes()),
    ];
    let mut said = Vec::new();
    for (period, kind, bytes) in bodies {
        let (kind, bytes) = if kind.is_empty() { form("表.xlsx", &bytes) } else { (kind, bytes) };
        let answer = post(&school, "", &kind, bytes).await;
        let batch = answer.json();
        assert_eq!(answer.status, 200, "{period}: {}", answer.text);
        assert_eq!(tables(&batch), [table(&format!("62001/talent/{period}"), "draft", json!(1))], "{}", answer.text);
        let table = school.get(&format!("/v1/schools/62001/submissions/talent/{period}")).await.expect(200).json();
        said.push(table["observations"].clone());
    }
    assert_eq!(said[0]["talent.graduates"]["value"], 8000);
    assert_eq!(said[0]["talent.local_placement_rate"]["value"], json!(61.25));
    assert!(said.iter().all(|one| *one == said[0]), "{said:#?}");
    server.stop().await;
}

#[tokio::test]
async fn a_table_with_a_fault_is_rejected_whole_and_spoils_no_other() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let under_review = Key::new("62001", "talent", "2030");
    stage::bring(&app, &under_review, &stage::talent(8_000), State::Submitted).await;
    let path = "/v1/schools/62001/submissions/talent/2030";
    let body = json!({ "observations": { "talent.graduates": 1 } });
    let refused = send(
        &school,
        "PUT",
        path,
        &[("if-match", "*"), ("content-type", "application/json"), ("accept-language", "en")],
        body.to_string(),
    )
    .await
    .expect(409)
    .json();
    let rows = [
        ["62001", "talent", "2031", "talent.graduates", "8000"],
        ["62001", "talent", "2031", "talent.placed", "7000.5"],
        ["62001", "talent", "2032", "talent.graduates", "8000"],
        ["62001", "talent", "2030", "talent.graduates", "1"],
        ["62001", "talent", "2030", "talent.placed", "1"],
        ["62002", "talent", "2031", "talent.graduates", "1"],
    ];
    let batch = post(&school, "", "text/csv", csv(&rows)).await.expect(200).json();
    assert_eq!(batch["rows"], json!({ "read": 6, "accepted": 1, "rejected": 5, "total": 6 }));
    assert_eq!(
        tables(&batch),
        [
            table("62001/talent/2030", "rejected", Value::Null),
            table("62001/talent/2031", "rejected", Value::Null),
            table("62001/talent/2032", "draft", json!(1)),
        ]
    );
    let causes = batch["causes"].as_array().unwrap();
    let of =
        |code: &str| causes.iter().find(|cause| cause["code"] == code).unwrap_or_else(|| panic!("{code}: {batch}"));
    assert_eq!((&of("conflict")["rows"], &of("conflict")["message"]), (&json!(2), &refused["detail"]));
    let decimals = of("too_many_decimals");
    assert_eq!((&decimals["rows"], &decimals["rejected"]), (&json!(1), &json!(2)));
    assert_eq!(decimals["example"]["row"], 3);
    assert_eq!(decimals["example"]["got"], "7000.5");
    assert_eq!(decimals["example"]["indicator"], "talent.placed");
    assert_eq!(of("unknown_school")["rows"], 1);
    let rejected: i64 = causes.iter().map(|cause| cause["rejected"].as_i64().unwrap()).sum();
    assert_eq!(rejected, 5, "every rejected row has its cause: {batch}");
    school.get("/v1/schools/62001/submissions/talent/2031").await.expect(404);
    school.get("/v1/schools/62001/submissions/talent/2032").await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn one_missing_code_is_one_cause() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let schools: Vec<String> = app.house.memory.registry().schools.all().iter().map(|one| one.code.0.clone()).collect();
    let mut text = format!("{}\n", files::HEADER);
    for at in 0..1_000 {
        let school = &schools[at % schools.len()];
        let period = 1950 + at / schools.len();
        text.push_str(&format!(
            "{school},talent,{period},talent.graduates,8000,,\n{school},talent,{period},talent.welders,1,,\n"
        ));
    }
    let batch = post(&province, "", "text/csv", text).await.expect(200).json();
    let causes = batch["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1, "{causes:?}");
    assert_eq!(causes[0]["code"], "unknown_indicator");
    assert_eq!((&causes[0]["rows"], &causes[0]["rejected"]), (&json!(1_000), &json!(2_000)));
    assert_eq!(batch["rows"]["rejected"], 2_000);
    server.stop().await;
}

#[tokio::test]
async fn a_school_states_its_own_tables_and_the_province_any() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let row = |school| csv(&[[school, "talent", "2031", "talent.graduates", "8000"]]);
    let school = server.client("school-62001").await;
    let mut same = Vec::new();
    for foreign in ["62002", "62099"] {
        let batch = post(&school, "", "text/csv", row(foreign)).await.expect(200).json();
        assert_eq!(batch["tables"], json!([]));
        same.push(batch["causes"].to_string().replace(foreign, "…"));
    }
    assert_eq!(same[0], same[1], "what is not the caller's is not there");
    let province = server.client("province-620000").await;
    let batch = post(&province, "", "text/csv", row("62002")).await.expect(200).json();
    assert_eq!(tables(&batch), [table("62002/talent/2031", "draft", json!(1))]);
    let id = batch["id"].as_str().unwrap();

    // A batch is its sender's alone.
    for (client, status) in
        [("province-620000", 200), ("school-62002", 404), ("school-62001", 404), ("city-620100", 404), ("admin", 404)]
    {
        let answer = server.client(client).await.get(&format!("/v1/batches/{id}")).await;
        assert_eq!(answer.status, status, "{client}");
    }
    for client in ["city-620100", "admin", "auditor", "analyst"] {
        let answer = post(&server.client(client).await, "", "text/csv", row("62001")).await;
        problem(&answer, 403, "forbidden");
    }
    problem(&post(&server.anonymous(), "", "text/csv", row("62001")).await, 401, "unauthenticated");
    server.stop().await;
}

#[tokio::test]
async fn a_dry_run_says_everything_and_stores_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let rows =
        [["62001", "talent", "2031", "talent.graduates", "8000"], ["62001", "talent", "2032", "talent.graduates", "x"]];
    let revisions = revision::Entity::find().count(app.house.db.read()).await.unwrap();
    let batch = post(&school, "?dry_run=true", "text/csv", csv(&rows)).await.expect(200).json();
    assert_eq!(batch["dry_run"], true);
    assert_eq!(
        tables(&batch),
        [table("62001/talent/2031", "draft", json!(1)), table("62001/talent/2032", "rejected", Value::Null)]
    );
    assert_eq!(batch["causes"][0]["code"], "wrong_type");
    assert_eq!(revision::Entity::find().count(app.house.db.read()).await.unwrap(), revisions);
    school.get("/v1/schools/62001/submissions/talent/2031").await.expect(404);
    problem(&post(&school, "?dryrun=true", "text/csv", csv(&rows)).await, 400, "malformed");
    server.stop().await;
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let good = csv(&[["62001", "talent", "2031", "talent.graduates", "8000"]]);
    problem(&post(&school, "", "application/json", "{}").await, 415, "unsupported-media-type");
    problem(&post(&school, "", "multipart/form-data", good.clone()).await, 400, "malformed");
    let (kind, _) = form("a.csv", b"");
    problem(&post(&school, "", &kind, "--x--\r\n").await, 400, "malformed");
    problem(&post(&school, "", &kind, "nothing").await, 400, "malformed");
    let (kind, body) = form("a.doc", good.as_bytes());
    problem(&post(&school, "", &kind, body).await, 415, "unsupported-media-type");
    let (kind, body) = form("a.csv", good.as_bytes());
    let twice = [&body[..body.len() - 7], &body[..]].concat();
    problem(&post(&school, "", &kind, twice).await, 400, "malformed");
    // A CSV in a form is as good as one of its own.
    post(&school, "", &kind, body).await.expect(200);
    server.stop().await;
}

/// A demo client past authentication, as a job finds it again.
fn client(app: &TestApp, role: Role, org: &str, name: &str) -> Ctx {
    app.house.ctx(Actor::with(role, Some(org), format!("client:demo-{name}"), "test"))
}

/// A file of more rows than are answered at once: every school, many periods, one table with a fault each.
fn large(app: &TestApp) -> (String, usize, usize) {
    let registry = app.house.memory.registry();
    let mut text = format!("{}\n", files::HEADER);
    let (mut tables, mut rows) = (0, 0);
    for school in registry.schools.all() {
        for period in 1960..2005 {
            tables += 1;
            for at in 0..8 {
                rows += 1;
                let line = registry.lines("talent").nth(at).unwrap();
                let value = if period == 1960 && at == 7 { "x" } else { "10" };
                text.push_str(&format!("{},talent,{period},{},{value},,\n", school.code, line.code));
            }
        }
    }
    (text, tables, rows)
}

/// Takes a file in, by an instance that has no other.
async fn take_in(ctx: &Ctx, text: &str) -> batches::Batch {
    take_in_by(&Tray::default(), ctx, text).await
}

async fn take_in_by(tray: &Tray, ctx: &Ctx, text: &str) -> batches::Batch {
    let mut intake = Intake::new(ctx, tray, Format::Csv, Terms::default(), 100 << 20).unwrap();
    for chunk in text.as_bytes().chunks(100_000) {
        intake.take(chunk).await.unwrap();
    }
    intake.end().await.unwrap()
}

#[tokio::test]
async fn a_large_batch_is_kept_and_goes_on_where_it_was_left() {
    let app = TestApp::new().await;
    let province = client(&app, Role::Province, "620000", "province-620000");
    let (text, count, rows) = large(&app);
    let before = revision::Entity::find().count(app.house.db.read()).await.unwrap();
    let kept = take_in(&province, &text).await;
    assert_eq!(kept.row.state.word(), "running");

    // The first instance is told to stop after its first block.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stops = || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= 1;
    assert!(batches::work(&app.system(), &app.house.tray, &stops).await.unwrap());
    let half = batches::get(&province, kept.row.id.0).await.unwrap();
    assert_eq!(half.row.state.word(), "running");
    assert_eq!(half.row.rows_total, Some(i64::try_from(rows).unwrap()));
    assert!(!half.tables.is_empty() && half.tables.len() < count, "{}", half.tables.len());
    assert_eq!(half.row.rows_read, half.row.rows_accepted + half.row.rows_rejected);

    // Another instance takes it up, and nothing happens twice.
    let twin = app.twin().await;
    assert!(batches::work(&twin.system(), &twin.house.tray, &|| false).await.unwrap());
    assert!(!batches::work(&twin.system(), &twin.house.tray, &|| false).await.unwrap(), "there is nothing left to do");
    let done = batches::get(&province, kept.row.id.0).await.unwrap();
    let schools = app.house.memory.registry().schools.all().len();
    assert_eq!(done.row.state.word(), "done");
    assert_eq!(done.tables.len(), count);
    assert_eq!(done.row.content_hash, Some(sha256(&text)));
    assert!(half.row.receipt.is_none() && done.row.receipt.is_some(), "at its end and not before");
    assert_eq!(done.row.rows_read, i64::try_from(rows).unwrap());
    assert_eq!(done.row.rows_rejected, i64::try_from(schools * 8).unwrap());
    assert_eq!(done.causes.len(), 1);
    assert_eq!(done.causes[0].rows, u64::try_from(schools).unwrap());
    assert!(done.tables.iter().all(|one| one.revision.is_none_or(|revision| revision == 1)));
    let db = app.house.db.read();
    let written = revision::Entity::find().count(db).await.unwrap() - before;
    assert_eq!(written, u64::try_from(count - schools).unwrap());
    assert_eq!(batch_part::Entity::find().count(db).await.unwrap(), 0, "the file is thrown away");
    let told = journal::Entity::find().filter(journal::Column::Action.eq("batch.finished")).count(db).await.unwrap();
    assert_eq!(told, 1);

    // A batch is forgotten a month after its end; what it stated stays.
    batches::purge(&app.system()).await.unwrap();
    assert!(batches::get(&province, kept.row.id.0).await.is_ok());
    let long_ago = chrono::Utc::now() - chrono::Duration::days(31);
    batch::Entity::update_many()
        .col_expr(batch::Column::FinishedAt, Expr::value(long_ago))
        .exec(app.house.db.write())
        .await
        .unwrap();
    batches::purge(&app.system()).await.unwrap();
    assert!(matches!(batches::get(&province, kept.row.id.0).await, Err(Error::NotFound(_))));
    assert_eq!(revision::Entity::find().count(db).await.unwrap() - before, written);
}

/// The pieces of every file are gone: whoever works it off now must have read it before.
async fn lose_the_files(app: &TestApp) {
    batch_part::Entity::delete_many().exec(app.house.db.write()).await.unwrap();
}

#[tokio::test]
async fn who_takes_a_large_batch_in_reads_it_on_the_way() {
    let app = TestApp::new().await;
    let province = client(&app, Role::Province, "620000", "province-620000");
    let (text, count, rows) = large(&app);
    // In GBK this is seen in the last row; all of it is read again, and says the same.
    let text = format!("{}统计期\n", text.trim_end());
    let gbk = gbk(&text);
    assert!(std::str::from_utf8(&gbk).is_err());
    for bytes in [text.as_bytes(), gbk.as_slice()] {
        let mut intake = Intake::new(
            &province,
            &app.house.tray,
            Format::Csv,
            Terms { is_dry_run: true, ..Terms::default() },
            100 << 20,
        )
        .unwrap();
        for chunk in bytes.chunks(700_001) {
            intake.take(chunk).await.unwrap();
        }
        let kept = intake.end().await.unwrap();
        lose_the_files(&app).await;
        assert!(batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap());
        let done = batches::get(&province, kept.row.id.0).await.unwrap();
        assert_eq!((done.row.state.word(), done.tables.len()), ("done", count));
        assert_eq!(done.row.rows_total, Some(i64::try_from(rows).unwrap()));
        assert_eq!(done.row.rows_read, i64::try_from(rows).unwrap());
    }
}

#[tokio::test]
async fn what_was_read_by_other_names_is_read_again() {
    let app = TestApp::new().await;
    let province = client(&app, Role::Province, "620000", "province-620000");
    let (text, count, _) = large(&app);
    let kept = take_in_by(&app.house.tray, &province, &text).await;
    memory::raise(app.house.db.write(), memory::Thing::Registry).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    assert!(batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap());
    assert_eq!(batches::get(&province, kept.row.id.0).await.unwrap().tables.len(), count);

    let kept = take_in_by(&app.house.tray, &province, &text).await;
    memory::raise(app.house.db.write(), memory::Thing::Registry).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    lose_the_files(&app).await;
    batches::work(&app.system(), &app.house.tray, &|| false).await.expect_err("it is not there any more");
    assert_eq!(batches::get(&province, kept.row.id.0).await.unwrap().row.state.word(), "running");
}

#[tokio::test]
async fn a_batch_is_worked_on_by_one_instance_until_it_falls_silent() {
    let app = TestApp::new().await;
    let province = client(&app, Role::Province, "620000", "province-620000");
    let kept = take_in(&province, &large(&app).0).await;
    let claim = |until: chrono::DateTime<chrono::Utc>| {
        batch::Entity::update_many()
            .col_expr(batch::Column::Lease, Expr::value(uuid::Uuid::new_v4()))
            .col_expr(batch::Column::LeaseUntil, Expr::value(until))
    };
    let now = chrono::Utc::now();
    claim(now + chrono::Duration::minutes(1)).exec(app.house.db.write()).await.unwrap();
    assert!(!batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap(), "another instance has it");
    claim(now - chrono::Duration::minutes(1)).exec(app.house.db.write()).await.unwrap();
    assert!(batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap());
    assert_eq!(batches::get(&province, kept.row.id.0).await.unwrap().row.state.word(), "done");
}

#[tokio::test]
async fn a_large_batch_through_the_door_is_accepted_and_then_done() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let (text, count, _) = large(&app);
    let answer = post(&province, "", "text/csv", text).await.expect(202);
    let path = answer.header("location").unwrap().to_owned();
    assert_eq!(answer.json()["state"], "running");
    let mut read = -1;
    let done = loop {
        let batch = province.get(&path).await.expect(200).json();
        let now = batch["rows"]["read"].as_i64().unwrap();
        assert!(now >= read, "progress goes forward");
        read = now;
        if batch["state"] != "running" {
            break batch;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(done["state"], "done");
    assert_eq!(done["tables"].as_array().unwrap().len(), count);
    server.stop().await;
}

#[tokio::test]
async fn a_large_file_that_is_wrong_fails_and_changes_nothing() {
    let app = TestApp::new().await;
    let province = client(&app, Role::Province, "620000", "province-620000");
    let mut text = large(&app).0;
    text.push_str("62001,talent\n");
    text.push_str(&"#".repeat(3 << 20));
    let before = revision::Entity::find().count(app.house.db.read()).await.unwrap();
    let kept = take_in(&province, &text).await;
    assert!(batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap());
    let failed = batches::get(&province, kept.row.id.0).await.unwrap();
    assert_eq!(failed.row.state.word(), "failed");
    let codes: Vec<&str> = failed.causes.iter().map(|cause| cause.code.as_str()).collect();
    assert_eq!(codes, ["ragged_row", "row_too_long"]);
    assert!(failed.tables.is_empty());
    assert_eq!(revision::Entity::find().count(app.house.db.read()).await.unwrap(), before);
}

#[tokio::test]
async fn a_file_over_its_limit_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let school = client(&app, Role::School, "62001", "school-62001");
    let mut intake = Intake::new(&school, &app.house.tray, Format::Csv, Terms::default(), 8 << 20).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..8 {
        intake.take(&chunk).await.unwrap();
    }
    assert!(batch_part::Entity::find().count(app.house.db.read()).await.unwrap() > 0, "it is not held in memory");
    assert!(matches!(intake.take(b"x").await, Err(Error::TooLarge { limit_bytes }) if limit_bytes == 8 << 20));
    intake.abandon().await;
    assert_eq!(batch_part::Entity::find().count(app.house.db.read()).await.unwrap(), 0);
    assert_eq!(batch::Entity::find().count(app.house.db.read()).await.unwrap(), 0);
    let city = app.as_(Role::City, "620100");
    assert!(matches!(Intake::new(&city, &app.house.tray, Format::Csv, Terms::default(), 1), Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn batches_and_pushes_at_the_same_time_lose_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let school = server.client("school-62001").await;
    let keys: Vec<String> = (2040..2050).map(|period| period.to_string()).collect();
    let batch = |value: usize| {
        let mut text = format!("{}\n", files::HEADER);
        // Each in another order: whoever takes rows in the order of the file would meet the others crosswise.
        for at in 0..keys.len() {
            let period = &keys[(at + value) % keys.len()];
            text.push_str(&format!("62001,talent,{period},talent.graduates,{value},,\n"));
        }
        text
    };
    let batches = (1..9).map(|value| post(&province, "", "text/csv", batch(value)));
    let body = json!({ "observations": { "talent.graduates": 99 } });
    let paths: Vec<String> =
        keys.iter().map(|period| format!("/v1/schools/62001/submissions/talent/{period}")).collect();
    let pushes = paths.iter().map(|path| school.put(path, Some("*"), &body));
    let (batches, pushes) = futures::join!(futures::future::join_all(batches), futures::future::join_all(pushes));
    for batch in batches {
        let batch = batch.expect(200).json();
        assert_eq!(batch["rows"]["accepted"], 10, "{batch}");
    }
    // A push may be told that another came first; it is never lost in silence.
    assert!(pushes.iter().all(|push| [200, 201, 409, 412].contains(&push.status)), "{pushes:?}");
    for period in &keys {
        let rows = revision::Entity::find()
            .filter(revision::Column::SchoolCode.eq("62001"))
            .filter(revision::Column::DatasetCode.eq("talent"))
            .filter(revision::Column::PeriodCode.eq(period.as_str()))
            .all(app.house.db.read())
            .await
            .unwrap();
        let numbers: std::collections::BTreeSet<i32> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers.len(), rows.len());
        assert_eq!(numbers.last().copied(), i32::try_from(rows.len()).ok(), "no gap");
        assert!(rows.len() >= 8, "every batch has said something else: {}", rows.len());
    }
    server.stop().await;
}
