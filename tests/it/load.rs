//! `load`: all or nothing, idempotent, journalled, and known to the instance at once.

use std::{fs, path::Path};

use entity::{enterprise, epoch, indicator, journal, journal_pending, school};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use tempfile::TempDir;
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::load::{KindCount, Summary, load},
    error::{Error, Result},
};

use crate::app::TestApp;

/// A copy of the reference data that a test may change.
fn gansu() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023");
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn replace(dir: &TempDir, file: &str, from: &str, to: &str) {
    let path = dir.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{file}: {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

async fn run(ctx: &Ctx, dir: &TempDir) -> Result<Summary> {
    load(ctx, dir.path(), &mut |_| {}).await
}

/// Created, changed, unchanged, left: over all kinds.
fn total(summary: &Summary) -> [usize; 4] {
    let sum = |count: fn(&KindCount) -> usize| summary.kinds.iter().map(count).sum();
    [sum(|kind| kind.created), sum(|kind| kind.changed), sum(|kind| kind.unchanged), sum(|kind| kind.left)]
}

async fn epoch(ctx: &Ctx) -> i64 {
    let row = epoch::Entity::find().filter(epoch::Column::Name.eq("registry")).one(ctx.db.read()).await.unwrap();
    row.unwrap().value
}

async fn journalled(ctx: &Ctx) -> Vec<journal::Model> {
    journal::Entity::find().filter(journal::Column::Action.eq("registry.loaded")).all(ctx.db.read()).await.unwrap()
}

#[tokio::test]
async fn the_reference_data_fill_registry_catalogue_and_claims() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    let before = epoch(&ctx).await;
    let mut lines = Vec::new();
    let summary = load(&ctx, dir.path(), &mut |line| lines.push(line.to_owned())).await.unwrap();

    assert_eq!(total(&summary), [1026, 0, 0, 0]);
    assert_eq!(lines.len(), 22);
    assert_eq!(epoch(&ctx).await, before + 1);

    // The instance knows at once, without waiting for its pulse.
    let registry = ctx.memory.registry();
    assert_eq!((registry.schools.all().len(), registry.indicators.all().len()), (29, 151));
    assert_eq!(registry.schools.get("62005").unwrap().city_code, "620500");
    assert_eq!(registry.schools_of_city.get("620100").unwrap().len(), 14);
    assert!(!registry.schools_of_city.contains_key("623000"));
    assert_eq!(registry.designations.of("62001").count(), registry.designations.positions("62001").len());
    assert_eq!(registry.claims.len(), 222);
    let floor = registry.indicators.get("conditions.floor_area_per_student").unwrap();
    assert_eq!((floor.threshold, floor.decimals), (Some(1600), 2));

    let events = journalled(&ctx).await;
    assert_eq!(events.len(), 1);
    let data: serde_json::Value = serde_json::from_str(&events[0].data).unwrap();
    assert_eq!(data["schools"]["created"], 29);
    assert_eq!(data["claims"]["changed"], 0);
    assert!(journal_pending::Entity::find().count(ctx.db.read()).await.unwrap() <= 1);
}

#[tokio::test]
async fn a_second_load_changes_nothing() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    run(&ctx, &dir).await.unwrap();
    let (before, statements) = (epoch(&ctx).await, ctx.db.statements());

    let again = run(&ctx, &dir).await.unwrap();
    assert_eq!(total(&again), [0, 0, 1026, 0]);
    assert_eq!(epoch(&ctx).await, before);
    assert_eq!(journalled(&ctx).await.len(), 1);
    // It looked at each table once.
    assert!(ctx.db.statements() - statements < 36, "{}", ctx.db.statements() - statements);
}

#[tokio::test]
async fn a_changed_label_changes_one_row() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    run(&ctx, &dir).await.unwrap();
    replace(&dir, "indicators.csv", ",0,1,0,在校生人数,Students enrolled,", ",0,1,0,在校学生人数,Students enrolled,");
    replace(&dir, "partnerships.csv", "奥迪订单班", "奥迪定向班");

    let summary = run(&ctx, &dir).await.unwrap();
    assert_eq!(total(&summary), [0, 2, 1024, 0]);
    let changed: Vec<_> = summary.kinds.iter().filter(|kind| kind.changed > 0).map(|kind| kind.kind).collect();
    assert_eq!(changed, ["indicators", "partnerships"]);
    assert_eq!(ctx.memory.registry().indicators.get("scale.students").unwrap().label, "在校学生人数");
    // What did not change is as it was.
    let row = indicator::Entity::find().filter(indicator::Column::Code.eq("scale.intake"));
    assert_eq!(row.one(ctx.db.read()).await.unwrap().unwrap().label, "招生数");

    let events = journalled(&ctx).await;
    assert_eq!(events.len(), 2);
    let told = serde_json::json!({ "indicators": { "created": 0, "changed": 1 }, "partnerships": { "created": 0, "changed": 1 } });
    assert!(events.iter().any(|event| serde_json::from_str::<serde_json::Value>(&event.data).unwrap() == told));
}

#[tokio::test]
async fn what_the_folder_no_longer_has_is_left_and_counted() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    run(&ctx, &dir).await.unwrap();
    // A renamed enterprise is a new one.
    replace(&dir, "enterprises.csv", "窑街煤电集团有限公司", "窑街煤电股份有限公司");

    let summary = run(&ctx, &dir).await.unwrap();
    assert_eq!(total(&summary), [2, 0, 1024, 1]);
    assert_eq!(enterprise::Entity::find().count(ctx.db.read()).await.unwrap(), 100);
}

#[tokio::test]
async fn a_fault_in_the_last_file_leaves_the_first_unwritten() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    replace(
        &dir,
        "claims.csv",
        "scale.students,value,school,62001,2023,=,25688",
        "scale.students,value,school,62999,2023,=,25688",
    );

    let Err(Error::Invalid(findings)) = run(&ctx, &dir).await else { panic!("it was loaded") };
    assert_eq!(
        findings.iter().map(|finding| finding.pointer.as_str()).collect::<Vec<_>>(),
        ["claims.csv#/215/scope_code"]
    );
    assert_eq!(school::Entity::find().count(ctx.db.read()).await.unwrap(), 0);
    assert_eq!(journalled(&ctx).await.len(), 0);
}

#[tokio::test]
async fn nobody_but_the_service_loads() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    for role in Role::ALL.iter().filter(|role| **role != Role::System) {
        let caller = ctx.as_(Actor::with(*role, Some("620000"), "account:someone", "someone"));
        let refused = run(&caller, &dir).await;
        assert!(matches!(refused, Err(Error::Forbidden(_) | Error::Unauthenticated(_))), "{role:?}: {refused:?}");
    }
    assert_eq!(school::Entity::find().count(ctx.db.read()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_table_of_many_statements_is_loaded_whole() {
    let app = TestApp::empty().await;
    let ctx = app.system();
    let dir = gansu();
    let mut schools =
        String::from("seq,name_zh,name_en,tier,tier_zh,ownership,category_zh,category,city_code,source,code\n");
    for number in 1..=7_000 {
        schools.push_str(&format!(
            "{number},合成学校{number},,higher_vocational,高职,public,理工类,science_engineering,620100,合成,62-{number}\n"
        ));
    }
    fs::write(dir.path().join("schools.csv"), schools).unwrap();
    for file in ["designations.csv", "consortium_members.csv", "entity_aliases.csv", "partnerships.csv", "claims.csv"] {
        let text = fs::read_to_string(dir.path().join(file)).unwrap();
        fs::write(dir.path().join(file), text.lines().next().unwrap()).unwrap();
    }
    run(&ctx, &dir).await.unwrap();
    assert_eq!(school::Entity::find().count(ctx.db.read()).await.unwrap(), 7_000);
    let again = run(&ctx, &dir).await.unwrap();
    assert_eq!(total(&again)[..2], [0, 0]);
}
