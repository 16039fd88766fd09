//! Releases: immutable, numbered, hidden until their day, and verified to the byte.

use chrono::{Duration, Utc};
use entity::{
    release, release_table,
    words::{ReleaseKind, SubmissionState as State},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        aggregates::{self, Answer, Ask},
        cube::{Dimension, Figures},
        load, observations,
        releases::{self, New},
        submissions::Key,
    },
    error::{Code, Error},
};

use crate::{
    app::{TestApp, reference},
    stage,
};

fn ask(by: &[Dimension], release: Option<&str>) -> Ask {
    Ask {
        indicators: vec!["scale.students".to_owned(), "scale.intake".to_owned()],
        period: "2023".to_owned(),
        group_by: by.to_vec(),
        release: release.map(str::to_owned),
        ..Ask::default()
    }
}

/// Everything that a release says of enrolment, in every grouping.
async fn figures(ctx: &Ctx, release: Option<&str>) -> String {
    let mut all = String::new();
    for by in [
        &[][..],
        &[Dimension::City],
        &[Dimension::Ownership],
        &[Dimension::Category],
        &[Dimension::Tier],
        &[Dimension::Consortium],
    ] {
        let answer = aggregates::answer(ctx, &ask(by, release)).await.unwrap();
        all.push_str(&format!("{by:?} {:?}\n", answer.groups().collect::<Vec<_>>()));
    }
    all
}

/// The first cell of the first group.
fn first(answer: &Answer) -> &Figures {
    answer.groups().next().unwrap().cells().next().unwrap()
}

/// The sum of students that a release, `live` or `current` gives, and where from.
async fn students(ctx: &Ctx, release: Option<&str>) -> (String, String) {
    let answer = aggregates::answer(ctx, &ask(&[], release)).await.unwrap();
    (answer.release.clone(), first(&answer).value.unwrap().to_string())
}

fn said(release: &str, students: &str) -> (String, String) {
    (release.to_owned(), students.to_owned())
}

/// 62001 corrects its enrolment by one, all the way.
async fn correct(app: &TestApp, students: u32) {
    let cells = json!({ "scale.students": students, "scale.intake": 9011, "scale.graduates": 7717 });
    stage::bring(app, &Key::new("62001", "scale", "2023"), &cells, State::Accepted).await;
}

#[tokio::test]
async fn a_later_push_and_a_later_category_move_no_released_figure() {
    let app = TestApp::new().await;
    // What is published is judged by the moment a caller came in.
    let anonymous = || app.anonymous();
    let province = app.as_(Role::Province, "620000");
    let before = figures(&anonymous(), Some("1.0.0")).await;

    correct(&app, 25_689).await;
    assert_eq!(figures(&anonymous(), Some("1.0.0")).await, before);
    assert_eq!(students(&anonymous(), None).await, said("1.0.0", "294013"), "accepted is not yet published");
    assert_eq!(students(&province, Some("live")).await, said("live", "294014"));

    assert_eq!(stage::release(&app, ReleaseKind::Patch).await.row.version, "1.0.1");
    assert_eq!(students(&anonymous(), None).await, said("1.0.1", "294014"));

    // The registry changes by its own door, and both releases keep the one of their day.
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(reference()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let path = dir.path().join("schools.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with("1,") {
                line.replace("science_engineering", "medical").replace("620100", "620500")
            } else {
                line.to_owned()
            }
        })
        .collect();
    std::fs::write(&path, changed.join("\n") + "\n").unwrap();
    let later = figures(&anonymous(), Some("1.0.1")).await;
    load::load(&app.system(), dir.path(), &mut |_| {}).await.unwrap();
    assert_ne!(figures(&province, Some("live")).await, later, "the school has moved");
    assert_eq!(figures(&anonymous(), Some("1.0.0")).await, before);
    assert_eq!(figures(&anonymous(), Some("1.0.1")).await, later);
    // An instance that has held nothing in memory says the same.
    assert_eq!(figures(&app.twin().await.anonymous(), Some("1.0.0")).await, before);
    // A changed registry alone is worth a release.
    assert_eq!(stage::release(&app, ReleaseKind::Major).await.row.version, "2.0.0");
    assert_ne!(figures(&anonymous(), Some("2.0.0")).await, later);
}

#[tokio::test]
async fn versions_count_up_and_ranges_take_the_newest() {
    let app = TestApp::new().await;
    let mut students = 30_000;
    for (kind, version) in [
        (ReleaseKind::Patch, "1.0.1"),
        (ReleaseKind::Patch, "1.0.2"),
        (ReleaseKind::Minor, "1.1.0"),
        (ReleaseKind::Minor, "1.2.0"),
        (ReleaseKind::Major, "2.0.0"),
        (ReleaseKind::Patch, "2.0.1"),
    ] {
        students += 1;
        correct(&app, students).await;
        assert_eq!(stage::release(&app, kind).await.row.version, version);
    }
    let anonymous = app.anonymous();
    for (wanted, found) in [
        (None, Some("2.0.1")),
        (Some("*"), Some("2.0.1")),
        (Some("1.*"), Some("1.2.0")),
        (Some("1.0.*"), Some("1.0.2")),
        (Some("~1.0"), Some("1.0.2")),
        (Some("^1.0.1"), Some("1.2.0")),
        (Some("=1.1.0"), Some("1.1.0")),
        (Some("1.0.0"), Some("1.0.0")),
        (Some("1.0.9"), None),
        (Some("3.*"), None),
    ] {
        let is = releases::resolve(&anonymous, wanted).await.ok().map(|release| release.row.version.0.clone());
        assert_eq!(is.as_deref(), found, "{wanted:?}");
    }
    let all: Vec<String> =
        releases::list(&anonymous).await.unwrap().iter().map(|one| one.row.version.0.clone()).collect();
    assert_eq!(all, ["2.0.1", "2.0.0", "1.2.0", "1.1.0", "1.0.2", "1.0.1", "1.0.0"]);
    for version in all {
        assert_eq!(releases::verify(&anonymous, &version).await.unwrap(), Vec::<String>::new(), "{version}");
    }
}

#[tokio::test]
async fn nothing_new_is_no_release_and_only_the_province_makes_one() {
    let app = TestApp::new().await;
    let province = app.as_(Role::Province, "620000");
    let new = || stage::new_release(ReleaseKind::Patch);
    let refused = releases::create(&province, new()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Conflict, "{refused}");
    // What waits for review is nothing new either.
    let key = Key::new("62001", "talent", "2023");
    stage::bring(&app, &key, &stage::talent(8_000), State::Approved).await;
    assert_eq!(releases::create(&province, new()).await.unwrap_err().code(), Code::Conflict);

    for (role, org, code) in [
        (Role::Public, "", Code::Unauthenticated),
        (Role::City, "620100", Code::Forbidden),
        (Role::School, "62001", Code::Forbidden),
        (Role::Analyst, "", Code::Forbidden),
        (Role::Admin, "", Code::Forbidden),
    ] {
        let refused = releases::create(&app.as_(role, org), new()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{role:?}");
    }
    for wrong in [New { note: " ".to_owned(), ..new() }, New { period: Some("23".to_owned()), ..new() }] {
        assert_eq!(releases::create(&province, wrong).await.unwrap_err().code(), Code::Invalid);
    }
}

/// Only one period is brought up to date; the others stand as before.
#[tokio::test]
async fn a_release_of_one_period_leaves_the_others_as_they_were() {
    let app = TestApp::new().await;
    let province = app.as_(Role::Province, "620000");
    correct(&app, 25_690).await;
    stage::bring(&app, &Key::new("62001", "talent", "2022"), &stage::talent(8_000), State::Accepted).await;
    let new = New { period: Some("2022".to_owned()), ..stage::new_release(ReleaseKind::Minor) };
    assert_eq!(releases::create(&province, new).await.unwrap().row.version, "1.1.0");
    assert_eq!(students(&app.anonymous(), None).await, said("1.1.0", "294013"));
    let graduates =
        Ask { indicators: vec!["talent.graduates".to_owned()], period: "2022".to_owned(), ..Ask::default() };
    let answer = aggregates::answer(&app.anonymous(), &graduates).await.unwrap();
    assert_eq!(first(&answer).value.unwrap().to_string(), "8000");
}

#[tokio::test]
async fn an_embargo_hides_a_release_from_all_but_the_province() {
    let app = TestApp::new().await;
    let province = app.as_(Role::Province, "620000");
    correct(&app, 25_689).await;
    let day = Utc::now() + Duration::hours(1);
    let new = New { publish_at: Some(day), ..stage::new_release(ReleaseKind::Minor) };
    let made = releases::create(&province, new).await.unwrap();
    assert_eq!(made.row.version, "1.1.0");
    let codes = ["scale.students".to_owned()];

    let mut callers = vec![("anonymous", app.anonymous(), false), ("province", province, true)];
    for (role, org) in
        [(Role::City, "620100"), (Role::School, "62001"), (Role::Analyst, ""), (Role::Admin, ""), (Role::Auditor, "")]
    {
        callers.push((role.name(), app.as_(role, org), false));
    }
    // The same caller a moment before and at the moment itself.
    let at = |at| app.house.ctx(Actor { at, ..Actor::public() });
    callers.push(("just before", at(made.row.publish_at - Duration::microseconds(1)), false));
    callers.push(("on the day", at(made.row.publish_at), true));

    for (name, ctx, sees) in callers {
        let newest = if sees { said("1.1.0", "294014") } else { said("1.0.0", "294013") };
        assert_eq!(students(&ctx, None).await, newest, "{name}");
        assert_eq!(students(&ctx, Some("1.*")).await, newest, "{name}");
        assert_eq!(releases::list(&ctx).await.unwrap().len(), 1 + usize::from(sees), "{name}");
        let own = observations::of_school(&ctx, "62001", "2023", Some(&codes), false).await.unwrap();
        assert_eq!(own[0].value.unwrap().to_string(), if sees { "25689" } else { "25688" }, "{name}");
        let (hidden, absent) = (
            aggregates::answer(&ctx, &ask(&[], Some("1.1.0"))).await.map(|answer| answer.release),
            aggregates::answer(&ctx, &ask(&[], Some("7.7.7"))).await.map(|answer| answer.release),
        );
        let text = |outcome: &Result<String, Error>| format!("{outcome:?}");
        assert_eq!(text(&hidden) == text(&absent), !sees, "{name}: {hidden:?}");
        assert_eq!(releases::verify(&ctx, "1.1.0").await.is_ok(), sees, "{name}");
    }
}

/// By the public door: a hidden release and one that never was are the same answer.
#[tokio::test]
async fn a_hidden_release_is_not_there_by_rest_either() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    correct(&app, 25_689).await;
    let day = (Utc::now() + Duration::hours(1)).to_rfc3339();
    let made = province
        .post("/v1/releases", None, &json!({ "kind": "minor", "note": "later", "publish_at": day }))
        .await
        .expect(201);
    assert_eq!(made.header("location"), Some("/v1/releases/1.1.0"));
    province.get("/v1/releases/1.1.0").await.expect(200);

    for caller in [server.anonymous(), server.client("city-620100").await, server.client("analyst").await] {
        let hidden = caller.get("/v1/releases/1.1.0").await.expect(404);
        let absent = caller.get("/v1/releases/1.9.0").await.expect(404);
        let bare = |text: &str| {
            let mut body: serde_json::Value = serde_json::from_str(text).unwrap();
            body["request_id"].take();
            body
        };
        assert_eq!(bare(&hidden.text), bare(&absent.text));
        let list = caller.get("/v1/releases").await.expect(200);
        assert!(!list.text.contains("1.1.0"), "{}", list.text);
        assert_eq!(caller.get("/v1/releases/1.*").await.expect(200).json()["version"], "1.0.0");
    }

    // A release is cumulative: one that is there at once would publish what the hidden one hides.
    correct(&app, 25_690).await;
    let early = province.post("/v1/releases", None, &json!({ "kind": "patch", "note": "at once" })).await.expect(422);
    assert_eq!(early.json()["errors"][0]["pointer"], "/publish_at", "{}", early.text);
    server.stop().await;
}

/// While a release is built, whoever reads has the one before, whole, and at the end the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_notice_nothing_while_a_release_is_built() {
    let app = TestApp::new().await;
    correct(&app, 25_689).await;
    let province = app.as_(Role::Province, "620000");
    let building =
        tokio::spawn(async move { releases::create(&province, stage::new_release(ReleaseKind::Patch)).await });
    let (before, after) = (said("1.0.0", "294013"), said("1.0.1", "294014"));
    let (mut reads, mut has_turned) = (0, false);
    while !building.is_finished() || reads < 5 {
        let is = students(&app.anonymous(), None).await;
        assert!(is == after || (is == before && !has_turned), "{is:?}");
        has_turned |= is == after;
        assert_eq!(students(&app.anonymous(), Some("1.0.0")).await, before);
        reads += 1;
    }
    assert_eq!(building.await.unwrap().unwrap().row.version, "1.0.1");
    assert_eq!(students(&app.anonymous(), None).await, after);
}

async fn run(app: &TestApp, statement: &str) {
    app.house.db.write().execute_unprepared(statement).await.unwrap();
}

/// What keeps rows for good, taken away: only who owns the database can do this.
async fn allow_changes(app: &TestApp, table: &str) {
    match app.house.db.backend() {
        DbBackend::Postgres => run(app, &format!("DROP TRIGGER tr_{table}_no_change ON {table}")).await,
        _ => run(app, &format!("DROP TRIGGER tr_{table}_no_update")).await,
    }
}

#[tokio::test]
async fn verify_finds_a_changed_byte() {
    let app = TestApp::new().await;
    let anonymous = app.anonymous();
    assert_eq!(releases::verify(&anonymous, "1.0.0").await.unwrap(), Vec::<String>::new());

    let db = app.house.db.write();
    let row = release_table::Entity::find()
        .filter(release_table::Column::DatasetCode.eq("scale"))
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let mut bytes = row.public_columns.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let change = release_table::Entity::update_many()
        .col_expr(release_table::Column::PublicColumns, Expr::value(bytes))
        .filter(release_table::Column::DatasetCode.eq("scale"));
    let refused = change.clone().exec(db).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
    allow_changes(&app, "release_table").await;
    change.exec(db).await.unwrap();
    assert_eq!(releases::verify(&anonymous, "1.0.0").await.unwrap(), ["scale 2023: the public columns differ"]);

    // The protected columns, and what everybody is told of them, are held to the commitment.
    for (dataset, column, value) in [
        ("majors", release_table::Column::ProtectedColumns, Expr::value(vec![1_u8, 2, 3])),
        ("online", release_table::Column::Disclosure, Expr::value("{}")),
    ] {
        let change = release_table::Entity::update_many()
            .col_expr(column, value)
            .filter(release_table::Column::DatasetCode.eq(dataset));
        change.exec(db).await.unwrap();
        let faults = releases::verify(&anonymous, "1.0.0").await.unwrap();
        let fault = format!("{dataset} 2023: the protected columns, or what is told of them, differ");
        assert!(faults.contains(&fault), "{faults:?}");
    }

    // Somebody who also adjusts the sums of the manifest has no signature for it.
    allow_changes(&app, "release").await;
    let head = release::Entity::find().one(db).await.unwrap().unwrap();
    let manifest = head.manifest.replace("\"schools\":29", "\"schools\":28");
    assert_ne!(manifest, head.manifest);
    release::Entity::update_many().col_expr(release::Column::Manifest, Expr::value(manifest)).exec(db).await.unwrap();
    let faults = releases::verify(&app.twin().await.anonymous(), "1.0.0").await.unwrap();
    assert!(faults.iter().any(|fault| fault.starts_with("signature")), "{faults:?}");

    // A table that is gone, and one too many.
    match app.house.db.backend() {
        DbBackend::Postgres => {}
        _ => run(&app, "DROP TRIGGER tr_release_table_no_delete").await,
    }
    release_table::Entity::delete_many()
        .filter(release_table::Column::DatasetCode.eq("majors"))
        .exec(db)
        .await
        .unwrap();
    let faults = releases::verify(&anonymous, "1.0.0").await.unwrap();
    assert!(faults.contains(&"majors 2023: the table is gone".to_owned()), "{faults:?}");

    let unknown = releases::verify(&anonymous, "4.0.0").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}
