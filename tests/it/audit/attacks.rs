//! What whoever owns the database can do to the journal, one test each.

use entity::{journal, journal_seal};
use sea_orm::{EntityTrait, QueryOrder};
use zhiqiao::{
    authn::keys::{self, KeySet, PublicKeys},
    domain::{
        audit::{
            self,
            checkpoints::{self, Keys, TYPE},
        },
        journal::link,
    },
};

use super::{act, faults, id, lift, staged, verify};
use crate::app::TestApp;

#[tokio::test]
async fn an_edited_entry_is_found_whatever_was_edited() {
    let (app, rows) = staged().await;
    lift(&app).await;
    let which = id(&app, &rows[4]);
    for (column, to) in [
        ("at", "'2020-01-01 00:00:00+00:00'"),
        ("actor", "'client:somebody-else'"),
        ("actor_role", "'PROVINCE'"),
        ("actor_org", "'620000'"),
        ("action", "'submission.accepted'"),
        ("object", "'62005/talent/2023'"),
        ("school_code", "'62005'"),
        ("before_hash", "'f'"),
        ("after_hash", "'f'"),
        ("request_id", "'another'"),
        ("address", "'192.0.2.1'"),
        ("data", "'{}'"),
    ] {
        act(&app, "CREATE TABLE kept AS SELECT * FROM journal").await;
        act(&app, &format!("UPDATE journal SET {column} = {to} WHERE id = {which}")).await;
        let found = faults(&app).await;
        assert_eq!(found.len(), 1, "{column}: {found:?}");
        assert!(found[0].starts_with("entry 5 ("), "{column}: {found:?}");
        assert!(found[0].contains("expected chain hash"), "{found:?}");
        let back = format!("UPDATE journal SET {column} = (SELECT k.{column} FROM kept k WHERE k.id = journal.id)");
        act(&app, &back).await;
        act(&app, "DROP TABLE kept").await;
        assert_eq!(faults(&app).await, [""; 0], "{column}");
    }
}

#[tokio::test]
async fn a_removed_entry_is_found_with_and_without_its_number() {
    let (app, rows) = staged().await;
    lift(&app).await;
    let which = id(&app, &rows[4]);
    act(&app, &format!("DELETE FROM journal_seal WHERE journal_id = {which}")).await;
    let found = faults(&app).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "entry 5: expected to be there, got nothing: removed");
    assert!(found[1].contains("inserted, or its number removed"), "{found:?}");
    act(&app, &format!("DELETE FROM journal WHERE id = {which}")).await;
    assert_eq!(faults(&app).await, ["entry 5: expected to be there, got nothing: removed"]);
    // Numbering the others anew hides no gap.
    for sequence in 6..=rows.len() {
        act(&app, &format!("UPDATE journal_seal SET sequence = sequence - 1 WHERE sequence = {sequence}")).await;
    }
    let found = faults(&app).await;
    assert!(found[0].starts_with("entry 5 (") && found[0].contains("chain hash"), "{found:?}");
    assert!(found.last().unwrap().contains("truncated"), "{found:?}");
}

#[tokio::test]
async fn entries_in_another_order_are_found() {
    let (app, _) = staged().await;
    lift(&app).await;
    for (from, to) in [(5, 1_000_000), (6, 5), (1_000_000, 6)] {
        act(&app, &format!("UPDATE journal_seal SET sequence = {to} WHERE sequence = {from}")).await;
    }
    let found = faults(&app).await;
    assert!(found[0].starts_with("entry 5 (") && found[1].starts_with("entry 6 ("), "{found:?}");
}

/// A row that nobody wrote.
async fn forge(app: &TestApp, like: &journal::Model) -> journal::Model {
    let forged = journal::Model {
        id: entity::ids::JournalId(uuid::Uuid::now_v7()),
        object: "62005/talent/2023".to_owned(),
        ..like.clone()
    };
    let db = app.house.db.write();
    journal::Entity::insert(journal::ActiveModel::from(forged.clone())).exec_without_returning(db).await.unwrap();
    forged
}

#[tokio::test]
async fn an_inserted_entry_is_found_with_and_without_a_number() {
    let (app, rows) = staged().await;
    let forged = forge(&app, &rows[3]).await;
    let found = faults(&app).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains(&forged.id.to_string()) && found[0].contains("inserted"), "{found:?}");
    // With a number and a chain hash that fit what is before.
    lift(&app).await;
    for sequence in (5..=rows.len()).rev() {
        act(&app, &format!("UPDATE journal_seal SET sequence = sequence + 1 WHERE sequence = {sequence}")).await;
    }
    let db = app.house.db.write();
    let seals = journal_seal::Entity::find().order_by_asc(journal_seal::Column::Sequence).all(db).await.unwrap();
    let seal = journal_seal::Model {
        sequence: 5,
        journal_id: forged.id,
        chain_hash: link(&seals[3].chain_hash, &forged),
        sealed_at: seals[3].sealed_at,
    };
    journal_seal::Entity::insert(journal_seal::ActiveModel::from(seal)).exec_without_returning(db).await.unwrap();
    let found = faults(&app).await;
    assert!(found[0].starts_with("entry 6 ("), "{found:?}");
    // The checkpoint is held against another entry now.
    assert!(found.iter().any(|one| one.starts_with("checkpoint 1 at entry")), "{found:?}");
}

async fn truncate(app: &TestApp, rows: &[journal::Model], count: usize) {
    for row in rows.iter().rev().take(count) {
        let which = id(app, row);
        act(app, &format!("DELETE FROM journal_seal WHERE journal_id = {which}")).await;
        act(app, &format!("DELETE FROM journal WHERE id = {which}")).await;
    }
}

#[tokio::test]
async fn a_truncated_journal_is_found_by_its_checkpoints_or_by_one_kept_elsewhere() {
    let (app, rows) = staged().await;
    let keys = app.house.memory.keys();
    let token = checkpoints::newest(&app.system(), app.house.db.read()).await.unwrap().unwrap().token;
    let kept = Keys::Own(KeySet::new(&keys)).open(&token).unwrap();
    lift(&app).await;
    truncate(&app, &rows, 3).await;
    let (length, ends) = (rows.len(), rows.len() - 3);
    let expected =
        format!("at entry {length}: expected entries up to {length}, got the journal ends at {ends}: truncated");
    assert_eq!(faults(&app).await, [format!("checkpoint 1 {expected}")]);
    // Without its checkpoints it looks whole; whoever has kept one is not deceived.
    act(&app, "DELETE FROM journal_checkpoint").await;
    assert_eq!(faults(&app).await, [""; 0]);
    let found = verify(&app, &[kept]).await.found;
    assert_eq!(found.faults[0].to_string(), format!("the kept checkpoint {expected}"));
}

/// Computes every chain hash anew, as whoever owns the database can.
async fn recompute(app: &TestApp) {
    let db = app.house.db.write();
    let seals = journal_seal::Entity::find()
        .order_by_asc(journal_seal::Column::Sequence)
        .find_also_related(journal::Entity)
        .all(db)
        .await
        .unwrap();
    let mut chain = String::new();
    for (seal, row) in seals {
        chain = link(&chain, &row.unwrap());
        act(app, &format!("UPDATE journal_seal SET chain_hash = '{chain}' WHERE sequence = {}", seal.sequence)).await;
    }
}

#[tokio::test]
async fn a_chain_that_was_computed_anew_is_found_by_its_checkpoint() {
    let (app, rows) = staged().await;
    lift(&app).await;
    act(&app, &format!("UPDATE journal SET object = 'x' WHERE id = {}", id(&app, &rows[4]))).await;
    recompute(&app).await;
    let found = faults(&app).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(&format!("checkpoint 1 at entry {}", rows.len())), "{found:?}");
    assert!(found[0].contains("(signed)"), "{found:?}");

    // Signed with a key of the attacker's own it holds in this database, but not against keys kept elsewhere.
    let kept = PublicKeys::read(&checkpoints::jwks(&app.system()).to_string()).unwrap();
    let forger = keys::generate().unwrap();
    let db = app.house.db.write();
    let seal =
        journal_seal::Entity::find().order_by_desc(journal_seal::Column::Sequence).one(db).await.unwrap().unwrap();
    let said = serde_json::json!({
        "iss": "x", "iat": 0, "number": 1, "sequence": seal.sequence, "chain_hash": seal.chain_hash,
        "entries": seal.sequence, "first": 1, "before": "",
    });
    let token = keys::sign(std::slice::from_ref(&forger), said.to_string().as_bytes(), TYPE).unwrap();
    let set = format!("UPDATE journal_checkpoint SET token = '{token}', chain_hash = '{}'", seal.chain_hash);
    act(&app, &set).await;
    let verified = audit::verify(&app.system(), &Keys::Kept(&kept), &[], &mut |_, _| {}).await.unwrap();
    assert_eq!(
        verified.found.faults[0].to_string(),
        "checkpoint 1: expected a signature of the service, got unknown key"
    );
}

#[tokio::test]
async fn a_checkpoint_that_is_edited_or_gone_is_found() {
    let (app, rows) = staged().await;
    lift(&app).await;
    for _ in 0..2 {
        let key = zhiqiao::domain::submissions::Key::new("62002", "talent", "2019");
        let cells = crate::stage::talent(7_000 + u32::try_from(faults(&app).await.len()).unwrap());
        crate::stage::push(&app, &key, &cells).await;
        zhiqiao::domain::keys::rotate(&app.system()).await.unwrap();
        super::seal(&app.system()).await;
        checkpoints::sign(&app.system()).await.unwrap().unwrap();
    }
    assert_eq!(faults(&app).await, [""; 0], "signed with three keys, of which two sign no more");
    act(&app, "UPDATE journal_checkpoint SET sequence = 3 WHERE number = 1").await;
    let found = faults(&app).await;
    assert!(found[0].starts_with("checkpoint 1: expected (1, "), "{found:?}");
    act(&app, &format!("UPDATE journal_checkpoint SET sequence = {} WHERE number = 1", rows.len())).await;
    act(&app, "DELETE FROM journal_checkpoint WHERE number = 2").await;
    assert_eq!(faults(&app).await, ["checkpoint 2: expected to be there, got nothing: removed"]);
}
