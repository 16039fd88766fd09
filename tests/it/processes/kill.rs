//! Clients push tables, submit them and send batches under idempotency keys, while the service is killed
//! at random and started again on the same data. Whoever gets no answer asks again with the same key. At
//! the end the set of what was acknowledged is the set of what is stored.
//!
//! The short form is part of every run; `cargo xtask test --long` (`TEST_LONG=1`) kills 50 times on SQLite
//! and 20 times on PostgreSQL. `TEST_SEED` draws the same moments again.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::Utc;
use entity::batch;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use super::{
    Place, Process, connect,
    ledger::{Before, Ledger, Taken, Told, audit},
    prepare, setting,
};
use crate::{
    app::{Answer, Caller, TestApp, postgres},
    batches::files,
    stage,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A large batch that the service has died on so often is let come to its end: it is given up after ten.
const PER_BATCH: u32 = 6;

/// The periods that are stated.
const PERIODS: std::ops::Range<u32> = 1949..2019;

/// SplitMix64: the same moments for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Where the service is at present: its number counts the starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Service {
    number: u32,
    base: String,
}

/// What clients and killer know of each other.
#[derive(Clone)]
struct Scene {
    service: watch::Receiver<Service>,
    answers: Arc<watch::Sender<u64>>,
    batches: Arc<watch::Sender<u64>>,
    is_over: Arc<AtomicBool>,
}

/// A client and what it was told.
struct Client {
    scene: Scene,
    caller: Caller,
    name: String,
    keys: u64,
    ledger: Ledger,
}

impl Client {
    fn is_over(&self) -> bool {
        self.scene.is_over.load(Ordering::SeqCst)
    }

    /// The service as it is now, once it is there.
    async fn service(&mut self, after: u32) -> Service {
        let found = timeout(PATIENCE, self.scene.service.wait_for(|one| one.number > after)).await;
        found.expect("no answer from a service that was not killed").unwrap().clone()
    }

    async fn try_send(
        &self,
        base: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, reqwest::Error> {
        let began = Instant::now();
        loop {
            let mut request = self.caller.http.request(method.parse().unwrap(), format!("{base}{path}"));
            request = request.bearer_auth(self.caller.token.as_deref().unwrap()).body(body.to_owned());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = request.send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let answer = Answer { status, headers, text: answer.text().await? };
            // A service that is short of time after its start says that it cannot know who may act, and does nothing.
            if answer.status != 503 || began.elapsed() > PATIENCE {
                return Ok(answer);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends a write under a key of its own until it is answered.
    async fn write(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.keys += 1;
        let key = format!("{}-{}", self.name, self.keys);
        let mut headers = headers.to_vec();
        headers.push(("idempotency-key", &key));
        let (mut last, mut tries) = (0, 0);
        loop {
            let service = self.service(last).await;
            self.ledger.sent += 1;
            tries += 1;
            match self.try_send(&service.base, method, path, &headers, body).await {
                Ok(answer) => {
                    self.ledger.answered += 1;
                    let is_replay = answer.header("idempotency-replayed").is_some();
                    assert!(tries > 1 || !is_replay, "{key}: an answer to what was never asked");
                    self.ledger.again += u64::from(tries > 1);
                    self.ledger.replayed += u64::from(is_replay);
                    self.scene.answers.send_modify(|count| *count += 1);
                    return answer;
                }
                Err(_) => last = service.number,
            }
        }
    }

    /// States a table whole, and says what became of it.
    async fn push(&mut self, table: &str, tag: Option<&str>, cells: Value) -> Answer {
        let headers: Vec<(&str, &str)> =
            [("content-type", "application/json")].into_iter().chain(tag.map(|tag| ("if-match", tag))).collect();
        let body = json!({ "observations": cells }).to_string();
        let answer = self.write("PUT", &path(table), &headers, &body).await;
        // After a retry, too: what was done before is not refused now.
        let answer = answer.expect(if tag.is_none() { 201 } else { 200 });
        let said = answer.json();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        self.ledger.revisions.entry(table.to_owned()).or_default().push(Told {
            revision: i32::try_from(said["revision"].as_i64().unwrap()).unwrap(),
            cells: serde_json::from_value(cells).unwrap(),
            push: Some((text("hash"), text("receipt"))),
            batch: None,
        });
        answer
    }

    /// Three revisions of a table, and the submit of it; then the next period. The last is stated again and again.
    async fn push_tables(mut self, school: &str, dataset: &str) -> Ledger {
        for period in PERIODS {
            let table = format!("{school}/{dataset}/{period}");
            let mut tag = None::<String>;
            let revisions = if period + 1 == PERIODS.end { u32::MAX } else { 3 };
            for revision in 1..=revisions {
                if self.is_over() {
                    return self.ledger;
                }
                let cells = match dataset {
                    "talent" => stage::talent(8_000 + revision % 100),
                    _ => stage::conditions(f64::from(revision % 5) + 20.5),
                };
                let answer = self.push(&table, tag.as_deref(), cells).await;
                tag = answer.header("etag").map(str::to_owned);
            }
            let tag = tag.unwrap();
            let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
            let answer = self.write("POST", &format!("{}/submit", path(&table)), &headers, "{}").await;
            assert_eq!(answer.expect(200).json()["state"], "submitted");
            self.ledger.submitted.insert(table);
        }
        self.ledger
    }

    /// Notes what a batch has stated: every table in its next revision.
    fn note(&mut self, batch: &Value, stated: &[(String, BTreeMap<String, Value>)]) {
        let id: Uuid = batch["id"].as_str().unwrap().parse().unwrap();
        let tables = batch["tables"].as_array().unwrap();
        assert_eq!((tables.len(), &batch["causes"]), (stated.len(), &json!([])), "{batch}");
        let mut cells: BTreeMap<&str, _> = stated.iter().map(|(table, cells)| (table.as_str(), cells)).collect();
        let rows: usize = stated.iter().map(|(_, cells)| cells.len()).sum();
        for one in tables {
            let table = ["school", "dataset", "period"].map(|name| one[name].as_str().unwrap()).join("/");
            let told = Told {
                revision: i32::try_from(one["revision"].as_i64().unwrap()).unwrap(),
                cells: cells.remove(table.as_str()).unwrap().clone(),
                push: None,
                batch: Some(id),
            };
            self.ledger.revisions.entry(table).or_default().push(told);
        }
        let taken = Taken { rows: i64::try_from(rows).unwrap(), tables: stated.len() };
        assert!(self.ledger.batches.insert(id, taken).is_none(), "one batch was the answer to two");
    }

    /// Small batches, each answered at once: five tables, again and again.
    async fn send_small(mut self, school: &str) -> Ledger {
        for round in 1.. {
            if self.is_over() {
                break;
            }
            let periods = (0..5).map(|at| format!("{school}/scale/{}", PERIODS.start + at));
            let stated: Vec<_> = periods
                .map(|table| {
                    let cells = [("scale.students", 20_000 + round), ("scale.intake", 1), ("scale.graduates", 1)];
                    (table, cells.into_iter().map(|(code, value)| (code.to_owned(), json!(value))).collect())
                })
                .collect();
            let answer = self.write("POST", "/v1/batches", &[("content-type", "text/csv")], &csv(&stated)).await;
            self.note(&answer.expect(200).json(), &stated);
        }
        self.ledger
    }

    /// Large ones, each a job of several transactions that goes on after the end of its process.
    async fn send_large(mut self, schools: Vec<String>) -> Ledger {
        // More than two megabytes.
        let note = "x".repeat(2_000);
        for round in 1.. {
            if self.is_over() {
                break;
            }
            let tables = schools
                .iter()
                .flat_map(|school| (0..25).map(move |at| format!("{school}/talent/{}", PERIODS.start + at)));
            let stated: Vec<_> = tables
                .map(|table| {
                    let cell = |value: i32| json!({ "note": note, "status": "REPORTED", "value": value });
                    let cells = [
                        ("talent.graduates", 8_000 + round),
                        ("talent.placed", 7_000),
                        ("talent.local_placement_rate", 60),
                        ("talent.monthly_income", 4_000),
                        ("talent.employed_in_sectors", 5_000),
                    ];
                    (table, cells.into_iter().map(|(code, value)| (code.to_owned(), cell(value))).collect())
                })
                .collect();
            let answer = self.write("POST", "/v1/batches", &[("content-type", "text/csv")], &csv(&stated)).await;
            let at = answer.header("location").unwrap().to_owned();
            assert_eq!(answer.expect(202).json()["state"], "running");
            let done = self.done(&at).await;
            assert_eq!(done["state"], "done", "{}", done["causes"]);
            self.note(&done, &stated);
            self.scene.batches.send_modify(|count| *count += 1);
        }
        self.ledger
    }

    /// Follows a batch to its end, across the ends of its service.
    async fn done(&mut self, path: &str) -> Value {
        let (began, mut last) = (Instant::now(), 0);
        loop {
            let service = self.service(last).await;
            match self.try_send(&service.base, "GET", path, &[], "").await {
                Ok(answer) => {
                    let batch = answer.expect(200).json();
                    if batch["state"] != "running" {
                        return batch;
                    }
                    assert!(began.elapsed() < PATIENCE, "a batch does not come to its end: {}", batch["rows"]);
                    sleep(Duration::from_millis(50)).await;
                }
                Err(_) => last = service.number,
            }
        }
    }
}

fn path(table: &str) -> String {
    let [school, dataset, period] = table.split('/').collect::<Vec<_>>().try_into().unwrap();
    format!("/v1/schools/{school}/submissions/{dataset}/{period}")
}

/// Tables as a file.
fn csv(stated: &[(String, BTreeMap<String, Value>)]) -> String {
    let mut text = format!("{}\n", files::HEADER);
    for (table, cells) in stated {
        for (code, cell) in cells {
            let (value, note) =
                cell.as_object().map_or((cell, ""), |cell| (&cell["value"], cell["note"].as_str().unwrap()));
            text.push_str(&format!("{},{code},{value},,{note}\n", table.replace('/', ",")));
        }
    }
    text
}

/// A killed instance holds its batches for thirty seconds more. That is not what is tested here.
async fn end_leases(app: &TestApp) {
    let db = connect(app).await;
    let past = Utc::now() - chrono::Duration::seconds(1);
    batch::Entity::update_many()
        .col_expr(batch::Column::LeaseUntil, Expr::value(past))
        .filter(batch::Column::LeaseUntil.is_not_null())
        .exec(db.write())
        .await
        .unwrap();
    db.close().await.unwrap();
}

/// Kills the service so often, each time at a moment that is drawn, and leaves it running.
async fn kill(
    app: &TestApp,
    place: &Place,
    scene: &Scene,
    tell: &watch::Sender<Service>,
    chance: &mut Chance,
    times: u32,
) -> Process {
    // How often it was started since a large batch has last come to its end, and how many have.
    let (mut starts, mut batches) = (0, 0);
    let (mut answers, mut done) = (scene.answers.subscribe(), scene.batches.subscribe());
    let mut number = 0;
    loop {
        if number < times && chance.below(8) == 0 {
            // Not up yet.
            let mut process = Process::start(place);
            sleep(Duration::from_millis(chance.below(300))).await;
            process.kill();
            (number, starts) = (number + 1, starts + 1);
        }
        let mut process = Process::serve(place).await;
        let base = process.base.clone();
        tell.send_modify(|service| *service = Service { number: service.number + 1, base });
        end_leases(app).await;
        if number >= times {
            return process;
        }
        let now = *done.borrow_and_update();
        starts = if now > batches { 1 } else { starts + 1 };
        batches = now;
        if starts > PER_BATCH {
            timeout(PATIENCE, done.wait_for(|count| *count > now)).await.expect("no large batch ends").unwrap();
        }
        // Now and then at once, mostly amid the work.
        if chance.below(5) > 0 {
            let goal = *answers.borrow_and_update() + 1 + chance.below(30);
            timeout(PATIENCE, answers.wait_for(|count| *count >= goal)).await.expect("no answers").unwrap();
        }
        sleep(Duration::from_micros(chance.below(200_000))).await;
        process.kill();
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_and_nothing_else() {
    let times = match (setting("TEST_LONG"), postgres()) {
        (None, _) => 3,
        (Some(_), None) => 50,
        (Some(_), Some(_)) => 20,
    };
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let seed =
        setting("TEST_SEED").map_or_else(|| u64::try_from(now() & 0xffff_ffff).unwrap(), |seed| seed.parse().unwrap());
    // Shown where the test fails.
    println!("TEST_SEED={seed}");
    let mut chance = Chance(seed);

    let app = TestApp::new().await;
    let before = Before::of(&app).await;
    let registry = app.house.memory.registry();
    let codes = registry.schools.all().iter().map(|school| school.code.0.clone());
    let others = codes.filter(|code| !["62001", "62002", "62005"].contains(&code.as_str())).take(10).collect();
    prepare(&app).await;
    let place = Place::of(&app);

    // Tokens outlive the services that gave them.
    let first = Process::serve(&place).await;
    let mut callers = Vec::new();
    for name in ["school-62001", "school-62001", "school-62002", "school-62005", "school-62005", "province-620000"] {
        callers.push(first.client(name).await);
    }
    drop(first);
    let (tell, service) = watch::channel(Service::default());
    let scene = Scene {
        service,
        answers: Arc::new(watch::channel(0).0),
        batches: Arc::new(watch::channel(0).0),
        is_over: Arc::default(),
    };
    let mut clients = callers.into_iter().zip(1..).map(|(caller, number)| Client {
        scene: scene.clone(),
        caller,
        name: format!("client-{number}"),
        keys: 0,
        ledger: Ledger::default(),
    });
    let mut next = || clients.next().unwrap();
    let began = Instant::now();
    let mut running = JoinSet::new();
    running.spawn(next().push_tables("62001", "talent"));
    running.spawn(next().push_tables("62001", "conditions"));
    running.spawn(next().push_tables("62002", "talent"));
    running.spawn(next().push_tables("62005", "conditions"));
    running.spawn(next().send_small("62005"));
    running.spawn(next().send_large(others));
    let mut last = tokio::select! {
        last = kill(&app, &place, &scene, &tell, &mut chance, times) => last,
        ended = running.join_next() => panic!("a client has ended: {ended:?}"),
    };
    scene.is_over.store(true, Ordering::SeqCst);
    let mut ledger = Ledger::default();
    while let Some(client) = running.join_next().await {
        ledger.add(client.unwrap_or_else(|fault| panic!("{fault}\n{}", last.said())));
    }
    // Once more when all is said: an answer waits for nothing that comes after it.
    last.kill();
    println!(
        "{times} kills in {:.0} s: {} requests, {} answered, {} of them asked again, {} of those done before; \
         {} revisions of {} tables, {} submits, {} batches",
        began.elapsed().as_secs_f64(),
        ledger.sent,
        ledger.answered,
        ledger.again,
        ledger.replayed,
        ledger.revisions.values().map(Vec::len).sum::<usize>(),
        ledger.revisions.len(),
        ledger.submitted.len(),
        ledger.batches.len(),
    );
    audit(&app.twin().await, &before, &ledger).await;
}
