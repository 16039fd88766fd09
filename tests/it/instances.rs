//! Several instances over one database: nothing that matters lives in one process only.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use entity::{journal, revision, words::ReleaseKind, words::SubmissionState as State};
use futures::future::join_all;
use sea_orm::{ColumnTrait, ConnectionTrait, Database, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use tokio::sync::Barrier;
use zhiqiao::{
    authz::Role,
    domain::{
        aggregates::{self, Ask},
        clients,
        submissions::Key,
    },
    error::Error,
};

use crate::{
    app::{Caller, TestApp, postgres},
    stage,
};

/// How soon every instance must know.
const SOON: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_disabled_client_is_out_at_once_here_and_within_a_second_elsewhere() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let school = here.client("school-62002").await;
    let elsewhere = Caller { base: there.base.clone(), ..school.clone() };
    let path = "/v1/schools/62002/submissions/scale/2023";
    school.get(path).await.expect(200);
    elsewhere.get(path).await.expect(200);

    clients::disable(&app.as_(Role::Admin, ""), "demo-school-62002").await.unwrap();
    let since = Instant::now();
    let refused = school.get(path).await.expect(401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"zhiqiao\", error=\"invalid_token\""));
    while elsewhere.get(path).await.status != 401 {
        assert!(since.elapsed() < SOON, "still taken for a good one");
        tokio::task::yield_now().await;
    }
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    for server in [&here, &there] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "demo-school-62002"),
            ("client_secret", "demo-school-62002-secret"),
        ];
        let answer = server.http.post(format!("{}/oauth/token", server.base)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_release_made_here_is_in_the_next_aggregate_there() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let province = here.client("province-620000").await;
    let query = "{ aggregate(input: { indicators: [\"scale.students\"], period: \"2023\" }) { release groups { cells { value } } } }";
    for number in 1..=5_u32 {
        let cells = json!({ "scale.students": 25_688 + number, "scale.intake": 1, "scale.graduates": 1 });
        stage::bring(&app, &Key::new("62001", "scale", "2023"), &cells, State::Accepted).await;
        province.post("/v1/releases", None, &json!({ "kind": "patch", "note": "a correction" })).await.expect(201);
        let answer = Caller::data(there.anonymous().graphql(query, json!({})).await);
        assert_eq!(answer["aggregate"]["release"], format!("1.0.{number}"));
        assert_eq!(answer["aggregate"]["groups"][0]["cells"][0]["value"], 294_013 + number);
        there.anonymous().get(&format!("/v1/releases/1.0.{number}")).await.expect(200);
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn of_two_writers_of_one_table_exactly_one_wins() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let one = here.client("school-62001").await;
    let other = Caller { base: there.base.clone(), ..one.clone() };
    let path = "/v1/schools/62001/submissions/talent/2020";
    let mut tag: Option<String> = None;
    for round in 1..=12_u32 {
        let body = |graduates: u32| json!({ "observations": stage::talent(graduates) });
        let (mine, yours) = (body(10_000 + round), body(20_000 + round));
        let (a, b) = tokio::join!(one.put(path, tag.as_deref(), &mine), other.put(path, tag.as_deref(), &yours));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        // The first push makes the table; the one that comes second then lacks its tag.
        assert_eq!(statuses[0], if tag.is_none() { 201 } else { 200 }, "{} {}", a.text, b.text);
        assert!([409, 412, 428].contains(&statuses[1]), "{} {}", a.text, b.text);
        let (winner, graduates) = if a.status < 300 { (&a, 10_000 + round) } else { (&b, 20_000 + round) };
        let now = other.get(path).await.expect(200).json();
        assert_eq!((&now["etag"], &now["revision"]), (&winner.json()["etag"], &json!(round)));
        assert_eq!(now["observations"]["talent.graduates"]["value"], graduates);
        tag = now["etag"].as_str().map(str::to_owned);
    }
    // Nothing is lost, and nothing is there twice: one revision and one row of the journal a round.
    let db = app.house.db.read();
    let revisions = revision::Entity::find().filter(revision::Column::PeriodCode.eq("2020")).count(db).await.unwrap();
    let rows = journal::Entity::find().filter(journal::Column::Object.eq("62001/talent/2020")).count(db).await.unwrap();
    assert_eq!((revisions, rows), (12, 12));
    here.stop().await;
    there.stop().await;
}

/// A verdict and another, a correction and a submit: who comes second has built on what is no more.
#[tokio::test]
async fn of_two_steps_at_once_one_counts() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let (city, school) = (here.client("city-620100").await, here.client("school-62001").await);
    let elsewhere = |caller: &Caller| Caller { base: there.base.clone(), ..caller.clone() };
    let nothing = json!({});
    for period in 2001..=2012 {
        let is_review = period % 2 == 0;
        let state = if is_review { State::Submitted } else { State::Draft };
        stage::bring(&app, &Key::new("62001", "talent", &period.to_string()), &stage::talent(8_000), state).await;
        let path = format!("/v1/schools/62001/submissions/talent/{period}");
        let tag = school.get(&path).await.expect(200).header("etag").unwrap().to_owned();
        let (one, other, done) = if is_review {
            let (yes, no) = (format!("{path}/approve"), format!("{path}/return"));
            let (there, reason) = (elsewhere(&city), json!({ "reason": "no" }));
            let (yes, no) = tokio::join!(city.post(&yes, Some(&tag), &nothing), there.post(&no, Some(&tag), &reason));
            (yes, no, ["approved", "returned"])
        } else {
            let (submit, correction) = (format!("{path}/submit"), json!({ "observations": stage::talent(9_000) }));
            let there = elsewhere(&school);
            let (a, b) =
                tokio::join!(school.post(&submit, Some(&tag), &nothing), there.put(&path, Some(&tag), &correction));
            (a, b, ["submitted", "draft"])
        };
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert!(statuses[0] == 200 && [409, 412].contains(&statuses[1]), "{} {}", one.text, other.text);
        let (winner, done) = if one.status == 200 { (&one, done[0]) } else { (&other, done[1]) };
        let now = school.get(&path).await.expect(200).json();
        assert_eq!(now["state"], done, "{}", winner.text);
        // Whoever returns a table sees it no more.
        assert!(done == "returned" || now["etag"] == winner.json()["etag"], "{now} {}", winner.text);
    }
    stage::sealed(&app).await;
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn fifty_parallel_pushers_lose_nothing_and_see_no_error() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let one = here.client("school-62001").await;
    let other = Caller { base: there.base.clone(), ..one.clone() };
    let pushes = (0..50_u32).map(|number| {
        let caller = if number % 2 == 0 { &one } else { &other };
        async move {
            // Two tables a period, so that two make the same new period at once.
            let (period, dataset) = (1950 + number / 2, if number % 2 == 0 { "talent" } else { "conditions" });
            let path = format!("/v1/schools/62001/submissions/{dataset}/{period}");
            let cells = if number % 2 == 0 {
                stage::talent(9_000 + number)
            } else {
                stage::conditions(f64::from(number) + 20.5)
            };
            let first = caller.put(&path, None, &json!({ "observations": cells })).await.expect(201);
            let tag = first.header("etag").unwrap().to_owned();
            caller.post(&format!("{path}/submit"), Some(&tag), &json!({})).await
        }
    });
    for answer in join_all(pushes).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!((&answer.json()["state"], &answer.json()["revision"]), (&json!("submitted"), &json!(1)));
    }
    let count = async |action: &str| {
        let rows = journal::Entity::find()
            .filter(journal::Column::Action.eq(action))
            .filter(journal::Column::Actor.eq("client:demo-school-62001"));
        rows.count(app.house.db.read()).await.unwrap()
    };
    assert_eq!((count("submission.pushed").await, count("submission.submitted").await), (50, 50));
    // Both instances seal, and a third: the chain is one.
    stage::sealed(&app).await;
    here.stop().await;
    there.stop().await;
}

/// The accepted revision of a table is always there, also in the moment in which another takes its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_figure_never_loses_a_school_while_tables_move() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let moving = async {
        for number in 0..40_u32 {
            let cells = json!({ "scale.students": 25_688 + number, "scale.intake": 1, "scale.graduates": 1 });
            stage::bring(&app, &Key::new("62001", "scale", "2023"), &cells, State::Accepted).await;
        }
    };
    let province = twin.as_(Role::Province, "620000");
    let ask = |release: &str| Ask {
        indicators: vec!["scale.students".to_owned()],
        period: "2023".to_owned(),
        release: Some(release.to_owned()),
        ..Ask::default()
    };
    let (live, current) = (ask("live"), ask("current"));
    let asking = async {
        for round in 0.. {
            for ask in [&live, &current] {
                let answer = aggregates::answer(&province, ask).await.unwrap();
                let cell = answer.groups().next().and_then(|group| group.cells().next()).unwrap();
                assert_eq!(cell.schools, Some(29), "{:?} in round {round}", ask.release);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = moving => {}
        () = asking => {}
    }
}

/// Whoever has been told of a release meets it on every instance, however lately that one has been asked.
#[tokio::test]
async fn a_release_that_was_told_of_is_everywhere() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let ask = Ask { indicators: vec!["scale.students".to_owned()], period: "2023".to_owned(), ..Ask::default() };
    let asking = async {
        loop {
            aggregates::answer(&twin.anonymous(), &ask).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let making = async {
        for graduates in 8_001..8_006 {
            let key = Key::new("62001", "talent", "2022");
            stage::bring(&app, &key, &stage::talent(graduates), State::Accepted).await;
            let made = stage::release(&app, ReleaseKind::Minor).await;
            let met = aggregates::answer(&twin.anonymous(), &ask).await.unwrap();
            assert_eq!(met.release, made.row.version.0);
        }
    };
    tokio::select! {
        () = making => {}
        () = asking => {}
    }
}

/// Two releases at once get two numbers, or one finds nothing new.
#[tokio::test]
async fn two_releases_at_once_do_not_share_a_number() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    stage::bring(&app, &Key::new("62001", "talent", "2022"), &stage::talent(8_000), State::Accepted).await;
    let province = |app: &TestApp| app.as_(Role::Province, "620000");
    let (here, there) = (province(&app), province(&twin));
    let new = || stage::new_release(ReleaseKind::Minor);
    let (a, b) =
        tokio::join!(zhiqiao::domain::releases::create(&here, new()), zhiqiao::domain::releases::create(&there, new()));
    assert_eq!(a.is_ok() as u8 + b.is_ok() as u8, 1, "{a:?} {b:?}");
    let refused = a.err().or(b.err()).unwrap();
    assert_eq!(refused.code(), zhiqiao::error::Code::Conflict);
    assert_eq!(zhiqiao::domain::releases::list(&province(&twin)).await.unwrap().len(), 2);
}

/// Whom the database sends away because others are writing the same rows is told to come again, and not that the
/// service is broken.
#[tokio::test]
async fn who_was_in_anothers_way_may_come_again() {
    let app = TestApp::new().await;
    let touch = |school: &str| format!("UPDATE school SET name = name WHERE code = '{school}'");
    let faults = if postgres().is_some() {
        // Each has what the other wants.
        let crossing = async |first: &str, then: &str, both: &Barrier| {
            let tx = app.house.db.begin().await.unwrap();
            tx.execute_unprepared("SET LOCAL deadlock_timeout = '20ms'").await.unwrap();
            tx.execute_unprepared(&touch(first)).await.unwrap();
            both.wait().await;
            let ended = tx.execute_unprepared(&touch(then)).await;
            tx.rollback().await.unwrap();
            ended.err()
        };
        let both = Barrier::new(2);
        let (one, other) = tokio::join!(crossing("62001", "62002", &both), crossing("62002", "62001", &both));
        [one, other]
    } else {
        let held = app.house.db.begin().await.unwrap();
        let impatient = Database::connect(app.url()).await.unwrap();
        impatient.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
        let refused = impatient.execute_unprepared(&touch("62001")).await.err();
        impatient.close().await.unwrap();
        held.rollback().await.unwrap();
        [refused, None]
    };
    let faults: Vec<Error> = faults.into_iter().flatten().map(Error::from).collect();
    assert!(matches!(faults.as_slice(), [Error::Contended(_)]), "{faults:?}");
    assert_eq!(faults[0].code().row().status, 503);
}

#[tokio::test]
async fn a_graceful_shutdown_finishes_what_runs() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let token = server.client("school-62001").await.token.unwrap();
    let address = server.base.trim_start_matches("http://").to_owned();
    let body = json!({ "observations": stage::talent(8_000) }).to_string();
    let head = format!(
        "PUT /v1/schools/62001/submissions/talent/2020 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    let to = address.clone();
    // The request runs: the service has read its head and asks for the body.
    let stream = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&asked));
        stream
    })
    .await
    .unwrap();
    let stopping = tokio::spawn(server.stop());
    let answer = tokio::task::spawn_blocking(move || {
        // Nobody new is let in any more, and the one who is in is served.
        while TcpStream::connect(&address).is_ok_and(|mut late| {
            late.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .is_ok_and(|()| late.read(&mut [0; 1]).is_ok_and(|read| read > 0))
        }) {
            std::thread::yield_now();
        }
        let mut stream = stream;
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        let _closed = stream.read_to_string(&mut answer);
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    stopping.await.unwrap();
    // Asked of another instance: the connections of this one have gone with its workers.
    let pushed = journal::Entity::find().filter(journal::Column::Object.eq("62001/talent/2020"));
    assert_eq!(pushed.count(app.twin().await.house.db.read()).await.unwrap(), 1);
}
