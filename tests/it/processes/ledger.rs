//! What was acknowledged to the clients, and whether the database says the same: no more, no less.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    batch, batch_table, finding, idempotency, journal, revision, submission, transition,
    words::{BatchState, SubmissionState as State},
};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::Value;
use uuid::Uuid;
use zhiqiao::{domain::submissions::chain, formats::document};

use crate::{app::TestApp, stage};

/// A table, as the journal names it: `62001/talent/2023`.
pub type Table = String;

/// One revision that a client was told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its number.
    pub revision: i32,
    /// What was stated.
    pub cells: BTreeMap<String, Value>,
    /// Of a push: its hash and its receipt.
    pub push: Option<(String, String)>,
    /// Of a table of a batch: the batch.
    pub batch: Option<Uuid>,
}

/// A batch that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// How many rows were sent.
    pub rows: i64,
    /// How many tables they state.
    pub tables: usize,
}

/// Everything that one or all clients were told.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Every revision of every table.
    pub revisions: BTreeMap<Table, Vec<Told>>,
    /// The tables that were submitted.
    pub submitted: BTreeSet<Table>,
    /// Every batch.
    pub batches: BTreeMap<Uuid, Taken>,
    /// Requests that were sent, and sent again.
    pub sent: u64,
    /// Answers under a key.
    pub answered: u64,
    /// Requests that had no answer and were sent again.
    pub again: u64,
    /// Of those, the ones whose effect was there already.
    pub replayed: u64,
}

impl Ledger {
    /// Two ledgers as one; no two clients write to one table.
    pub fn add(&mut self, other: Self) {
        for (table, told) in other.revisions {
            assert!(self.revisions.insert(table, told).is_none());
        }
        self.submitted.extend(other.submitted);
        self.batches.extend(other.batches);
        self.sent += other.sent;
        self.answered += other.answered;
        self.again += other.again;
        self.replayed += other.replayed;
    }
}

fn key(school: &str, dataset: &str, period: &str) -> Table {
    format!("{school}/{dataset}/{period}")
}

/// What was in a database before the clients began.
#[derive(Debug)]
pub struct Before {
    tables: BTreeSet<Table>,
    events: BTreeSet<Uuid>,
}

impl Before {
    /// Reads it.
    pub async fn of(app: &TestApp) -> Self {
        let db = app.house.db.read();
        let rows = submission::Entity::find().all(db).await.unwrap();
        let tables = rows
            .iter()
            .map(|row| key(row.school_code.as_str(), row.dataset_code.as_str(), row.period_code.as_str()))
            .collect();
        let events = journal::Entity::find().all(db).await.unwrap().iter().map(|row| row.id.0).collect();
        Self { tables, events }
    }
}

/// Holds a database against what was acknowledged.
pub async fn audit(app: &TestApp, before: &Before, ledger: &Ledger) {
    let db = app.house.db.read();
    let events: Vec<journal::Model> =
        stage::sealed(app).await.into_iter().filter(|row| !before.events.contains(&row.id.0)).collect();
    revisions(app, before, ledger, &events).await;

    // The steps: one transition and one event each.
    let steps = transition::Entity::find().all(db).await.unwrap();
    let steps: Vec<Table> = steps
        .iter()
        .map(|row| key(row.school_code.as_str(), row.dataset_code.as_str(), row.period_code.as_str()))
        .filter(|table| !before.tables.contains(table))
        .collect();
    let of = |action: &str| -> Vec<Table> {
        events.iter().filter(|row| row.action == action).map(|row| row.object.clone()).collect()
    };
    let told: Vec<Table> = ledger.submitted.iter().cloned().collect();
    for mut there in [steps, of("submission.submitted")] {
        there.sort_unstable();
        assert_eq!(there, told, "every submit once");
    }

    // The batches: every one that was taken is done, and no other has had an effect.
    let finished = of("batch.finished");
    let rows = batch::Entity::find().all(db).await.unwrap();
    let tables = batch_table::Entity::find().all(db).await.unwrap();
    for row in &rows {
        let own: Vec<_> = tables.iter().filter(|one| one.batch_id == row.id).collect();
        let events = finished.iter().filter(|id| **id == row.id.to_string()).count();
        let Some(taken) = ledger.batches.get(&row.id.0) else {
            // Its client was cut off while it sent the file.
            assert_eq!(row.state, BatchState::Receiving, "a batch that nobody was told of has begun: {row:?}");
            assert_eq!((own.len(), events), (0, 0));
            continue;
        };
        assert_eq!(row.state, BatchState::Done, "{row:?}");
        let counts = (row.rows_total, row.rows_read, row.rows_accepted, row.rows_rejected);
        assert_eq!(counts, (Some(taken.rows), taken.rows, taken.rows, 0), "{row:?}");
        assert_eq!((own.len(), events), (taken.tables, 1), "{row:?}");
        let cells: i64 = own.iter().map(|one| i64::from(one.cells)).sum();
        assert_eq!(cells, taken.rows, "{row:?}");
    }
    let again = rows.iter().filter(|row| row.attempts > 1).count();
    println!("{again} of {} batches were taken up again", rows.len());
    let there: BTreeSet<Uuid> = rows.iter().map(|row| row.id.0).collect();
    assert!(ledger.batches.keys().all(|id| there.contains(id)), "a batch is gone");

    // One answer is kept for each key, and nothing happened without one.
    let kept = idempotency::Entity::find().all(db).await.unwrap();
    assert_eq!(u64::try_from(kept.len()).unwrap(), ledger.answered);
    assert!(kept.iter().all(|row| (200..300).contains(&row.status)));
}

/// The revisions: the set that was acknowledged is the set that is stored, each whole and in its chain.
async fn revisions(app: &TestApp, before: &Before, ledger: &Ledger, events: &[journal::Model]) {
    let db = app.house.db.read();
    let mut stored: BTreeMap<Table, Vec<revision::Model>> = BTreeMap::new();
    for row in revision::Entity::find().order_by_asc(revision::Column::Number).all(db).await.unwrap() {
        let table = key(row.school_code.as_str(), row.dataset_code.as_str(), row.period_code.as_str());
        if !before.tables.contains(&table) {
            stored.entry(table).or_default().push(row);
        }
    }
    let mut heads: HashMap<Table, submission::Model> = HashMap::new();
    for row in submission::Entity::find().all(db).await.unwrap() {
        heads.insert(key(row.school_code.as_str(), row.dataset_code.as_str(), row.period_code.as_str()), row);
    }
    let mut pushed: HashMap<(Table, i64), Vec<(&journal::Model, Value)>> = HashMap::new();
    let mut count = 0;
    for row in events.iter().filter(|row| row.action == "submission.pushed") {
        let data: Value = serde_json::from_str(&row.data).unwrap();
        pushed.entry((row.object.clone(), data["revision"].as_i64().unwrap())).or_default().push((row, data));
        count += 1;
    }
    assert_eq!(
        stored.keys().collect::<Vec<_>>(),
        ledger.revisions.keys().collect::<Vec<_>>(),
        "the tables that are stored, and those that were acknowledged"
    );
    let mut total = 0;
    for (table, told) in &ledger.revisions {
        let rows = &stored[table];
        assert_eq!(
            rows.iter().map(|row| row.number).collect::<Vec<_>>(),
            told.iter().map(|one| one.revision).collect::<Vec<_>>(),
            "{table}: the revisions that are stored, and those that were acknowledged"
        );
        let (mut chained, mut hash) = (String::new(), String::new());
        for ((number, row), one) in (1..).zip(rows).zip(told) {
            total += 1;
            assert_eq!(row.number, number, "{table}: a gap");
            assert_eq!(row.content_hash, document::sha256(&row.document), "{table} {number}");
            chained = chain(&row.content_hash, &chained);
            assert_eq!(row.chain_hash, chained, "{table} {number}");
            let document: Value = serde_json::from_str(&row.document).unwrap();
            let cells: BTreeMap<String, Value> = serde_json::from_value(document["observations"].clone()).unwrap();
            assert_eq!(cells, one.cells, "{table} {number}: what is stored is what was stated");
            let own = pushed.get(&(table.clone(), i64::from(number))).map_or(&[][..], Vec::as_slice);
            let [(event, data)] = own else { panic!("{table} {number}: {} events", own.len()) };
            let previous = Some(hash).filter(|hash| !hash.is_empty());
            assert_eq!((&event.before_hash, &event.after_hash), (&previous, &Some(row.content_hash.clone())));
            if let Some((told, receipt)) = &one.push {
                assert_eq!(*told, row.content_hash, "{table} {number}");
                assert_eq!(data["receipt"], document::sha256(receipt), "{table} {number}");
            }
            assert_eq!(data["batch"].as_str().map(str::to_owned), one.batch.map(|id| id.to_string()));
            hash = row.content_hash.clone();
        }
        let head = &heads[table];
        let is_submitted = ledger.submitted.contains(table);
        assert_eq!(head.state, if is_submitted { State::Submitted } else { State::Draft }, "{table}");
        assert_eq!((head.revision, &head.content_hash), (told.last().unwrap().revision, &hash), "{table}");
        assert_eq!(head.version, head.revision + i32::from(is_submitted), "{table}");
    }
    assert_eq!(count, total, "one event for each revision");
    let of_none = finding::Entity::find().all(db).await.unwrap().into_iter().find(|row| {
        let table = key(row.school_code.as_str(), row.dataset_code.as_str(), row.period_code.as_str());
        !before.tables.contains(&table) && !stored[&table].iter().any(|one| one.number == row.number)
    });
    assert_eq!(of_none, None, "a finding without its revision");
}
