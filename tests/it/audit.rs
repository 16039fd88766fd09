//! The journal as evidence: whatever is done to it by whoever owns the database is found, in the
//! database and in an export of it.

mod attacks;
mod exports;
mod reading;
mod retention;

use entity::journal;
use sea_orm::{ConnectionTrait, DbBackend};
use zhiqiao::{
    authn::keys::KeySet,
    ctx::Ctx,
    domain::{
        audit::{
            self, Verified,
            checkpoints::{self, Checkpoint, Keys},
        },
        journal as writing,
        submissions::Key,
    },
};

use crate::{app::TestApp, stage};

/// A database with a journal of some length, numbered, with a checkpoint at its end. The rows in their order.
async fn staged() -> (TestApp, Vec<journal::Model>) {
    let app = TestApp::new().await;
    for period in 2011..2016 {
        stage::push(&app, &Key::new("62001", "talent", &period.to_string()), &stage::talent(8_123)).await;
    }
    let rows = stage::sealed(&app).await;
    assert!(rows.len() > 9, "{}", rows.len());
    checkpoints::sign(&app.system()).await.unwrap().unwrap();
    (app, rows)
}

/// Verifies with the database's own keys.
async fn verify(app: &TestApp, kept: &[Checkpoint]) -> Verified {
    let keys = app.house.memory.keys();
    audit::verify(&app.system(), &Keys::Own(KeySet::new(&keys)), kept, &mut |_, _| {}).await.unwrap()
}

/// The faults, a line each.
async fn faults(app: &TestApp) -> Vec<String> {
    verify(app, &[]).await.found.faults.iter().map(ToString::to_string).collect()
}

/// What whoever owns the database can do before anything else.
async fn lift(app: &TestApp) {
    for table in ["journal", "journal_seal", "journal_checkpoint"] {
        for trigger in match app.house.db.backend() {
            DbBackend::Postgres => vec![format!("tr_{table}_no_change ON {table}")],
            _ => vec![format!("tr_{table}_no_update"), format!("tr_{table}_no_delete")],
        } {
            act(app, &format!("DROP TRIGGER {trigger}")).await;
        }
    }
}

async fn act(app: &TestApp, sql: &str) {
    app.house.db.write().execute_unprepared(sql).await.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
}

/// A row's id as this database writes it.
fn id(app: &TestApp, row: &journal::Model) -> String {
    match app.house.db.backend() {
        DbBackend::Postgres => format!("'{}'", row.id),
        _ => format!("X'{}'", row.id.0.simple()),
    }
}

/// Numbers what waits.
async fn seal(ctx: &Ctx) {
    while writing::seal(ctx).await.unwrap().0 > 0 {}
}

#[tokio::test]
async fn a_journal_that_nobody_touched_verifies() {
    let (app, rows) = staged().await;
    let good = verify(&app, &[]).await;
    assert_eq!(good.found.count, 0, "{:?}", good.found);
    let length = i64::try_from(rows.len()).unwrap();
    assert_eq!((good.first, good.last, good.checkpoints, good.signed), (1, length, 1, Some(length)));
    // Nothing new, nothing to sign; what is new is chained until it is signed.
    assert!(checkpoints::sign(&app.system()).await.unwrap().is_none());
    stage::push(&app, &Key::new("62001", "talent", "2016"), &stage::talent(8_123)).await;
    assert_eq!(verify(&app, &[]).await.waiting.0, 1);
    seal(&app.system()).await;
    let good = verify(&app, &[]).await;
    assert_eq!((good.found.count, good.last, good.signed), (0, length + 1, Some(length)));
    assert_eq!(checkpoints::sign(&app.system()).await.unwrap().unwrap().number, 2);
}

#[tokio::test]
async fn several_instances_sign_and_none_twice() {
    let (app, _) = staged().await;
    let twin = app.twin().await;
    for round in 0..5 {
        stage::push(&app, &Key::new("62001", "talent", "2017"), &stage::talent(9_000 + round)).await;
        seal(&app.system()).await;
        let (one, other) = (app.system(), twin.system());
        let (one, other) = tokio::join!(checkpoints::sign(&one), checkpoints::sign(&other));
        let signed = [one.unwrap(), other.unwrap()];
        assert!(signed.iter().flatten().count() >= 1, "{signed:?}");
    }
    let good = verify(&app, &[]).await;
    assert_eq!((good.found.count, good.signed), (0, Some(good.last)));
}

#[tokio::test]
async fn the_end_of_a_service_is_signed() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let body = serde_json::json!({ "observations": stage::talent(8_123) });
    school.put("/v1/schools/62001/submissions/talent/2019", None, &body).await.expect(201);
    school.get("/v1/schools/62002/submissions/talent/2019").await.expect(404);
    server.stop().await;
    let good = verify(&app, &[]).await;
    assert_eq!((good.found.count, good.waiting.0, good.signed), (0, 0, Some(good.last)));
    assert!(good.entries > 2);
}

#[tokio::test]
async fn however_many_wait_the_sealer_takes_so_many_at_a_time() {
    const MANY: usize = 5_300;
    let app = TestApp::new().await;
    let ctx = app.system();
    seal(&ctx).await;
    let before = verify(&app, &[]).await.last;
    // As after an hour in which nobody sealed.
    let tx = ctx.begin().await.unwrap();
    let events = (0..MANY).map(|number| writing::Event {
        action: "submission.pushed",
        object: format!("62001/talent/{number}"),
        ..writing::Event::default()
    });
    writing::record_all(&tx, &ctx, events.collect()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(verify(&app, &[]).await.waiting.0, u64::try_from(MANY).unwrap());
    let mut rounds = Vec::new();
    loop {
        match writing::seal(&ctx).await.unwrap().0 {
            0 => break,
            count => rounds.push(count),
        }
    }
    assert_eq!(rounds, [1_000, 1_000, 1_000, 1_000, 1_000, 300]);
    let good = verify(&app, &[]).await;
    assert_eq!((good.found.count, good.waiting.0), (0, 0));
    assert_eq!(good.last - before, i64::try_from(MANY).unwrap());
}
