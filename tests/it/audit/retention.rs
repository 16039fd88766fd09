//! Entries go when their time is over, and not without a trace.

use chrono::{Days, TimeDelta, Utc};
use entity::journal;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait};
use zhiqiao::domain::audit::{checkpoints, midnight, pruning};

use super::{act, faults, id, lift, seal, staged, verify};
use crate::{
    app::TestApp,
    stage,
    tour::{end, on, said},
};

/// The same journal as if its first entries were from long ago.
async fn aged(count: usize) -> (TestApp, Vec<journal::Model>) {
    let (app, rows) = staged().await;
    lift(&app).await;
    for row in rows.iter().take(count) {
        let at = (row.at - TimeDelta::days(400)).to_rfc3339();
        act(&app, &format!("UPDATE journal SET at = '{at}' WHERE id = {}", id(&app, row))).await;
    }
    act(&app, "DELETE FROM journal_checkpoint").await;
    // Chained anew, as if it had been so from the start.
    act(&app, "INSERT INTO journal_pending SELECT journal_id FROM journal_seal").await;
    act(&app, "DELETE FROM journal_seal").await;
    unlift(&app).await;
    seal(&app.system()).await;
    checkpoints::sign(&app.system()).await.unwrap().unwrap();
    (app, rows)
}

/// Puts the triggers back, as the migration makes them.
async fn unlift(app: &TestApp) {
    for table in ["journal", "journal_seal", "journal_checkpoint"] {
        if app.house.db.backend() == DbBackend::Postgres {
            let made = format!(
                "CREATE TRIGGER tr_{table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            );
            act(app, &made).await;
            continue;
        }
        for what in ["update", "delete"] {
            let made = format!(
                "CREATE TRIGGER tr_{table}_no_{what} BEFORE {what} ON {table} BEGIN
                    SELECT RAISE(ABORT, '{table} is append-only: its rows are never changed or deleted'); END"
            );
            act(app, &made).await;
        }
    }
}

#[tokio::test]
async fn what_is_old_signed_and_exported_goes_and_the_chain_goes_on() {
    let (app, rows) = aged(6).await;
    let (url, dir) = (app.url().to_owned(), app.dir().to_owned());
    let run = |arguments: &[&str]| end(on(&url, &dir).args(arguments));
    let before = (Utc::now() - TimeDelta::days(200)).format("%Y-%m-%d").to_string();
    // Not without an export, not with one that is too short.
    assert_eq!(run(&["audit", "prune", "--before", &before]).status.code(), Some(2));
    let (out, err) = said(&run(&["audit", "export", "--out", "old.ndjson"]));
    assert!(err.is_empty(), "{out}{err}");
    let text = std::fs::read_to_string(dir.join("old.ndjson")).unwrap();
    std::fs::write(dir.join("short.ndjson"), text.lines().take(4).collect::<Vec<_>>().join("\n")).unwrap();
    let (_, err) = said(&run(&["audit", "prune", "--before", &before, "--export", "short.ndjson"]));
    assert!(err.contains("does not verify"), "{err}");
    assert_eq!(verify(&app, &[]).await.first, 1);

    let done = run(&["audit", "prune", "--before", &before, "--export", "old.ndjson"]);
    let (out, err) = said(&done);
    assert!(done.status.success(), "{out}{err}");
    assert!(out.contains("removed entries 1 to 6"), "{out}");
    seal(&app.system()).await;
    let good = verify(&app, &[]).await;
    assert_eq!((good.found.count, good.first), (0, 7), "{:?}", good.found);
    assert_eq!(
        journal::Entity::find().count(app.house.db.read()).await.unwrap(),
        u64::try_from(rows.len() - 6 + 1).unwrap()
    );
    let (out, _) = said(&run(&["audit", "verify"]));
    assert!(out.contains("verified from entry 7"), "{out}");
    // What was removed still verifies as a file; what remains is exported from there.
    let (out, err) = said(&run(&["audit", "verify", "--export", "old.ndjson"]));
    assert!(out.contains("good: "), "{out}{err}");
    said(&run(&["audit", "export", "--out", "rest.ndjson"]));
    let (out, err) = said(&run(&["audit", "verify", "--export", "rest.ndjson"]));
    assert!(out.contains("the export begins at entry 7") && out.contains("signed to the end"), "{out}{err}");
    // The triggers are there again, and the next entries are chained to what is left.
    let by_hand = format!("DELETE FROM journal WHERE id = {}", id(&app, &rows[8]));
    let refused = app.house.db.write().execute_unprepared(&by_hand).await;
    assert!(refused.unwrap_err().to_string().contains("append-only"));
    stage::push(&app, &zhiqiao::domain::submissions::Key::new("62001", "talent", "2016"), &stage::talent(8_000)).await;
    seal(&app.system()).await;
    checkpoints::sign(&app.system()).await.unwrap().unwrap();
    assert_eq!(faults(&app).await, [""; 0]);
    // Removing more by hand is found.
    lift(&app).await;
    act(&app, &format!("DELETE FROM journal_seal WHERE journal_id = {}", id(&app, &rows[6]))).await;
    act(&app, &format!("DELETE FROM journal WHERE id = {}", id(&app, &rows[6]))).await;
    assert_eq!(faults(&app).await, ["entry 7: expected to be there, got nothing: removed"]);
}

#[tokio::test]
async fn nothing_younger_than_190_days_goes() {
    let (app, _) = aged(6).await;
    let ctx = app.system();
    let today = Utc::now().date_naive();
    let day = |days: u64| midnight(today.checked_sub_days(Days::new(days)).unwrap());
    assert!(pruning::due(&ctx, day(185)).await.is_err());
    assert_eq!(pruning::due(&ctx, day(192)).await.unwrap().unwrap().last, 6);
    assert!(pruning::due(&ctx, day(500)).await.unwrap().is_none(), "nothing is that old");
    lift(&app).await;
    act(&app, "DELETE FROM journal_checkpoint").await;
    assert!(pruning::due(&ctx, day(192)).await.unwrap().is_none(), "what is not signed does not go");
}
