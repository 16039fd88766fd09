//! The change feed: who is told what, in which order, how soon, and that nobody misses anything.

use std::{collections::BTreeSet, path::Path, time::Duration};

use chrono::Utc;
use entity::{
    journal,
    words::{ReleaseKind, SubmissionState as State},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use zhiqiao::{
    authz::{Audience, NOUNS, Role},
    ctx::Ctx,
    domain::{
        clients, embargo,
        feed::{self, Ask, Event, Place},
        journal::{Event as Entry, record},
        releases::{self, New},
        submissions::Key,
    },
    error::{Code, Error},
    jobs,
};

use crate::{
    app::{Answer, Caller, TestApp, postgres},
    stage,
    wire::problem,
};

/// Longer than anything here takes, and shorter than the patience of whoever waits for the tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything after a place, read in pages of this size.
async fn all(ctx: &Ctx, after: Place, limit: usize) -> Vec<Event> {
    let (mut found, mut place) = (Vec::new(), after);
    loop {
        let page = feed::read(ctx, place, limit).await.unwrap();
        assert!(page.items.len() <= limit);
        assert!(page.next > place || page.items.is_empty());
        found.extend(page.items);
        place = page.next;
        if page.is_at_end {
            return found;
        }
    }
}

/// Events as lines: what, and to what.
fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| format!("{} {}", event.kind, event.object)).collect()
}

fn talent(school: &str, period: &str) -> Key {
    Key::new(school, "talent", period)
}

async fn wait(ctx: &Ctx, after: Place) -> feed::Events {
    let ask = Ask { after, limit: 100, wait: PATIENCE };
    timeout(PATIENCE * 2, feed::wait(ctx, &ask)).await.unwrap().unwrap()
}

/// What happens in a day: two cities' schools, a release, and the upkeep of keys and clients.
async fn a_day(app: &TestApp) -> Place {
    stage::sealed(app).await;
    let begin = feed::end(&app.as_(Role::Province, "620000")).await.unwrap();
    stage::bring(app, &talent("62001", "2020"), &stage::talent(8_000), State::Accepted).await;
    stage::bring(app, &talent("62002", "2020"), &stage::talent(8_000), State::Returned).await;
    stage::bring(app, &talent("62005", "2020"), &stage::talent(8_000), State::Draft).await;
    clients::disable(&app.as_(Role::Admin, ""), "demo-school-62002").await.unwrap();
    zhiqiao::domain::keys::rotate(&app.system()).await.unwrap();
    stage::release(app, ReleaseKind::Minor).await;
    stage::sealed(app).await;
    begin
}

#[tokio::test]
async fn everybody_is_told_what_is_its_own() {
    let app = TestApp::new().await;
    let begin = a_day(&app).await;
    let own = |school: &str, events: &[&str]| -> Vec<String> {
        events.iter().map(|event| format!("submission.{event} {school}/talent/2020")).collect()
    };
    let first = own("62001", &["pushed", "submitted", "approved", "accepted"]);
    let second = own("62002", &["pushed", "submitted", "returned"]);
    let third = own("62005", &["pushed"]);
    let published = vec!["release.published 1.1.0".to_owned()];
    for (role, org, expected) in [
        (Role::Province, "620000", [&first[..], &second, &third, &published].concat()),
        (Role::City, "620100", [&first[..], &second, &published].concat()),
        (Role::City, "620500", [&third[..], &published].concat()),
        (Role::School, "62001", [&first[..], &published].concat()),
        (Role::School, "62002", [&second[..], &published].concat()),
        (Role::School, "62005", [&third[..], &published].concat()),
        (Role::School, "62009", published.clone()),
        (Role::City, "", published.clone()),
        (Role::School, "", published.clone()),
        (Role::Admin, "", published.clone()),
        (Role::Auditor, "", published.clone()),
        (Role::Agency, "engineering", published.clone()),
        (Role::Enterprise, "EEADEB0F3", published.clone()),
        (Role::Analyst, "", published.clone()),
    ] {
        assert_eq!(lines(&all(&app.as_(role, org), begin, 1_000).await), expected, "{role:?} {org}");
        // From the beginning on, nobody is told of people, clients and keys.
        for event in all(&app.as_(role, org), Place::default(), 1_000).await {
            let (noun, _) = event.kind.split_once('.').unwrap();
            assert!(!["account", "client", "key"].contains(&noun), "{role:?} {event:?}");
        }
    }
    let refused = feed::read(&app.anonymous(), begin, 10).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_reviewer_is_told_no_more_than_it_sees() {
    let app = TestApp::new().await;
    let begin = a_day(&app).await;
    let bare = |from: &str, to: &str| json!({ "from": from, "to": to });
    let with = |from: &str, to: &str| json!({ "from": from, "to": to, "revision": 1 });
    let pushed = json!({ "to": "draft", "revision": 1, "cells": 7, "findings": 0 });
    let hidden = json!({ "to": "draft" });
    for (role, org, school, expected) in [
        (
            Role::School,
            "62001",
            "62001",
            vec![
                pushed.clone(),
                with("draft", "submitted"),
                with("submitted", "approved"),
                with("approved", "accepted"),
            ],
        ),
        (
            Role::City,
            "620100",
            "62001",
            vec![
                hidden.clone(),
                with("draft", "submitted"),
                with("submitted", "approved"),
                with("approved", "accepted"),
            ],
        ),
        (
            Role::Province,
            "620000",
            "62001",
            vec![
                hidden.clone(),
                bare("draft", "submitted"),
                with("submitted", "approved"),
                with("approved", "accepted"),
            ],
        ),
        (Role::School, "62002", "62002", vec![pushed, with("draft", "submitted"), with("submitted", "returned")]),
        (
            Role::City,
            "620100",
            "62002",
            vec![hidden.clone(), with("draft", "submitted"), bare("submitted", "returned")],
        ),
        (Role::Province, "620000", "62005", vec![hidden]),
    ] {
        let told: Vec<Value> = all(&app.as_(role, org), begin, 1_000)
            .await
            .into_iter()
            .filter(|event| event.school.as_ref().is_some_and(|code| *code == *school))
            .map(|mut event| {
                // The hash of a receipt stands where a push or a submit is told of in full, and nowhere else.
                let is_given = event.data.contains_key("cells")
                    || (event.data.contains_key("revision") && event.data["to"] == "submitted");
                assert_eq!(event.data.remove("receipt").is_some(), is_given, "{role:?} {:?}", event.data);
                Value::Object(event.data)
            })
            .collect();
        assert_eq!(told, expected, "{role:?} {org} of {school}");
    }
}

#[tokio::test]
async fn pages_are_the_whole_without_overlap() {
    let app = TestApp::new().await;
    a_day(&app).await;
    let server = app.serve().await;
    for client in ["province-620000", "city-620100", "school-62005", "analyst"] {
        let caller = server.client(client).await;
        let whole = caller.get("/v1/changes?limit=1000").await.expect(200).json();
        let events = whole["events"].as_array().unwrap();
        assert!(!events.is_empty());
        let (mut after, mut walked) = (String::new(), Vec::new());
        loop {
            let page = caller.get(&format!("/v1/changes?limit=1&after={after}")).await.expect(200).json();
            let one = page["events"].as_array().unwrap();
            let next = page["next"].as_str().unwrap().to_owned();
            let Some(event) = one.first() else {
                // At the end nothing comes, and the place stays.
                let again = caller.get(&format!("/v1/changes?after={next}")).await.expect(200).json();
                assert_eq!(again, json!({ "events": [], "next": next }));
                assert_eq!(next, whole["next"].as_str().unwrap(), "{client} has gone past what is not its own");
                break;
            };
            assert_eq!(event["cursor"], next);
            walked.push(event.clone());
            after = next;
        }
        assert_eq!(&walked, events, "{client}");
        // Any event's own cursor goes on behind it.
        let middle = events.len() / 2;
        let rest =
            caller.get(&format!("/v1/changes?limit=1000&after={}", events[middle]["cursor"].as_str().unwrap())).await;
        assert_eq!(rest.expect(200).json()["events"].as_array().unwrap(), &events[middle + 1..], "{client}");
    }
    let shape = server.client("school-62005").await.get("/v1/changes").await.expect(200).json();
    let is_it = |event: &&Value| event["object"] == "62005/talent/2020";
    let event = shape["events"].as_array().unwrap().iter().find(is_it).unwrap().clone();
    assert_eq!((&event["type"], &event["school"]), (&json!("submission.pushed"), &json!("62005")));
    assert!(event["time"].as_str().unwrap().ends_with('Z') && event["data"].is_object());
    assert_eq!(event.as_object().unwrap().len(), 6, "{event}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_said() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let faults = |answer: &Answer| -> Vec<(String, String)> {
        let body = problem(answer, 422, "invalid");
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        body["errors"].as_array().unwrap().iter().map(|one| (text(one, "code"), text(one, "pointer"))).collect()
    };
    let ahead = page_of(1 << 40);
    for (query, expected) in [
        ("limit=1001", &[("page_size", "/limit")][..]),
        ("limit=0", &[("page_size", "/limit")]),
        ("wait=61", &[("wait", "/wait")]),
        ("wait=-1", &[("wait", "/wait")]),
        ("after=x", &[("cursor", "/after")]),
        ("after=0", &[("cursor", "/after")]),
        ("after=%E8%81%8C", &[("cursor", "/after")]),
        (&format!("after={ahead}"), &[("cursor", "/after")]),
        // Of the list of releases.
        ("after=MS4wLjA", &[("cursor", "/after")]),
        ("after=x&limit=5000&wait=3600", &[("cursor", "/after"), ("page_size", "/limit"), ("wait", "/wait")]),
    ] {
        let answer = school.get(&format!("/v1/changes?{query}")).await;
        let found = faults(&answer);
        let found: Vec<_> = found.iter().map(|(code, pointer)| (code.as_str(), pointer.as_str())).collect();
        assert_eq!(found, expected, "{query}");
    }
    for query in ["since=1", "limit=ten", "wait=1.5", "limit=1&limit=2"] {
        problem(&school.get(&format!("/v1/changes?{query}")).await, 400, "malformed");
    }
    school.get("/v1/changes?limit=1000&wait=60&after=").await.expect(200);
    // Who has no token is told that first.
    problem(&server.anonymous().get("/v1/changes?after=x").await, 401, "unauthenticated");
    server.stop().await;
}

fn page_of(number: i64) -> String {
    zhiqiao::page::cursor(&["changes", &number.to_string()])
}

/// A wait ends as soon as something is there for the caller, and not for what is not.
#[tokio::test]
async fn who_waits_is_woken_here_and_elsewhere() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let school = here.client("school-62001").await;
    let elsewhere = Caller { base: there.base.clone(), ..school.clone() };
    let next = school.get("/v1/changes?limit=1000").await.expect(200).json()["next"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?wait=60&after={next}");
    let began = Instant::now();
    let both = async { tokio::join!(school.get(&path), elsewhere.get(&path)) };
    let push = async {
        while !(app.house.memory.bell().is_awaited() && twin.house.memory.bell().is_awaited()) {
            tokio::task::yield_now().await;
        }
        stage::push(&app, &talent("62005", "2020"), &stage::talent(8_000)).await;
        stage::push(&app, &talent("62001", "2020"), &stage::talent(8_000)).await;
    };
    let ((one, other), ()) = tokio::join!(both, push);
    // A minute without a bell.
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    for answer in [one.expect(200), other.expect(200)] {
        let events = answer.json()["events"].as_array().unwrap().clone();
        assert_eq!(events.len(), 1, "{}", answer.text);
        assert_eq!(events[0]["object"], "62001/talent/2020");
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_wait_for_nothing_ends_in_time_where_it_began() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let school = app.as_(Role::School, "62001");
    let end = feed::end(&school).await.unwrap();
    let began = Instant::now();
    let found = feed::wait(&school, &Ask { after: end, limit: 10, wait: Duration::from_millis(300) }).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(found.items.is_empty() && found.next == end);
    // What is not its own moves the place and is not told.
    stage::push(&app, &talent("62005", "2020"), &stage::talent(8_000)).await;
    stage::sealed(&app).await;
    let found = feed::wait(&school, &Ask { after: end, limit: 10, wait: Duration::ZERO }).await.unwrap();
    assert!(found.items.is_empty() && found.next > end, "{found:?}");
}

#[tokio::test]
async fn who_is_shut_out_while_it_waits_is_told_nothing() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let school = server.client("school-62002").await;
    let next = school.get("/v1/changes?limit=1000").await.expect(200).json()["next"].as_str().unwrap().to_owned();
    let then = async {
        while !app.house.memory.bell().is_awaited() {
            tokio::task::yield_now().await;
        }
        clients::disable(&app.as_(Role::Admin, ""), "demo-school-62002").await.unwrap();
        stage::push(&app, &talent("62002", "2020"), &stage::talent(8_000)).await;
    };
    let path = format!("/v1/changes?wait=60&after={next}");
    let (answer, ()) = tokio::join!(school.get(&path), then);
    problem(&answer, 401, "unauthenticated");
    server.stop().await;
}

#[tokio::test]
async fn a_shutdown_sends_home_who_waits() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let next = school.get("/v1/changes?limit=1000").await.expect(200).json()["next"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?wait=60&after={next}");
    let began = Instant::now();
    let stop = async {
        while !app.house.memory.bell().is_awaited() {
            tokio::task::yield_now().await;
        }
        server.stop().await;
    };
    let (answer, ()) = tokio::join!(school.get(&path), stop);
    assert_eq!(answer.expect(200).json(), json!({ "events": [], "next": next }));
    // The server would cut off, after five seconds, whoever is still there.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// A transaction that began earlier and commits later is told later, and is told.
#[tokio::test]
async fn what_commits_late_is_not_missed() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let readers = [app.as_(Role::Province, "620000"), twin.as_(Role::School, "62001")];
    let begin = feed::end(&readers[0]).await.unwrap();

    let late = app.house.db.begin().await.unwrap();
    let event = Entry {
        action: "submission.pushed",
        object: "62001/talent/2020".to_owned(),
        school: Some("62001"),
        data: json!({}),
        ..Entry::default()
    };
    record(&late, &app.as_(Role::School, "62001"), event).await.unwrap();
    let key = talent("62001", "2021");
    let cells = stage::talent(8_000);
    let early = stage::push(&twin, &key, &cells);
    if postgres().is_some() {
        early.await;
        for reader in &readers {
            let found = wait(reader, begin).await;
            assert_eq!(lines(&found.items), ["submission.pushed 62001/talent/2021"]);
            // Read up to the end of all that is sealed: the late one is not behind this place.
            assert!(found.is_at_end);
        }
        let place = feed::end(&readers[0]).await.unwrap();
        late.commit().await.unwrap();
        for reader in &readers {
            let found = wait(reader, place).await;
            assert_eq!(lines(&found.items), ["submission.pushed 62001/talent/2020"]);
        }
    } else {
        // One writes at a time: the other waits for the first, and nothing is told before its time.
        let (_, ()) = tokio::join!(early, async {
            for reader in &readers {
                assert!(feed::read(reader, begin, 10).await.unwrap().items.is_empty());
            }
            late.commit().await.unwrap();
        });
    }
    stage::sealed(&app).await;
    let told = all(&readers[0], begin, 1).await;
    let mut expected = vec!["submission.pushed 62001/talent/2020", "submission.pushed 62001/talent/2021"];
    if postgres().is_some() {
        expected.reverse();
        assert!(told[0].at > told[1].at, "told in the order of commits, not of clocks");
    }
    assert_eq!(lines(&told), expected);
    assert_eq!(all(&readers[1], begin, 1).await.iter().map(|one| one.place).collect::<Vec<_>>(), {
        told.iter().map(|one| one.place).collect::<Vec<_>>()
    });
    here.stop().await;
    there.stop().await;
}

/// Readers on two instances follow while writers on both write: all see the same, each its own part of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_is_the_same_for_all_and_nobody_misses_anything() {
    const PERIODS: std::ops::Range<u32> = 1990..2005;
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let begin = feed::end(&app.as_(Role::Province, "620000")).await.unwrap();
    let follow = async |ctx: Ctx, expected: usize| {
        let (mut found, mut place) = (Vec::new(), begin);
        while found.len() < expected {
            let page = wait(&ctx, place).await;
            found.extend(page.items);
            place = page.next;
        }
        found
    };
    let write = async |app: &TestApp, school: &str| {
        for period in PERIODS {
            stage::push(app, &talent(school, &period.to_string()), &stage::talent(8_000)).await;
        }
    };
    let each = PERIODS.len();
    let (province, elsewhere, city, school, (), (), ()) = tokio::join!(
        follow(app.as_(Role::Province, "620000"), 3 * each),
        follow(twin.as_(Role::Province, "620000"), 3 * each),
        follow(twin.as_(Role::City, "620100"), 2 * each),
        follow(app.as_(Role::School, "62001"), each),
        write(&app, "62001"),
        write(&twin, "62002"),
        write(&app, "62005"),
    );
    assert_eq!(province, elsewhere);
    assert!(province.windows(2).all(|pair| pair[0].place < pair[1].place));
    let of = |schools: &[&str]| -> Vec<(Place, String)> {
        let own = province.iter().filter(|event| schools.contains(&event.school.as_ref().unwrap().as_str()));
        own.map(|event| (event.place, event.object.clone())).collect()
    };
    let seen = |events: &[Event]| -> Vec<(Place, String)> {
        events.iter().map(|event| (event.place, event.object.clone())).collect()
    };
    assert_eq!(seen(&city), of(&["62001", "62002"]));
    assert_eq!(seen(&school), of(&["62001"]));
    let objects: BTreeSet<_> = province.iter().map(|event| event.object.clone()).collect();
    assert_eq!((objects.len(), province.len()), (3 * each, 3 * each));
    let rows = journal::Entity::find().filter(journal::Column::Object.is_in(objects));
    assert_eq!(rows.count(app.house.db.read()).await.unwrap(), u64::try_from(province.len()).unwrap());
    here.stop().await;
    there.stop().await;
}

/// An embargoed release is told of when its day comes, once, to readers that have long gone past its making.
#[tokio::test]
async fn a_hidden_release_is_told_of_when_its_day_comes() {
    let app = TestApp::new().await;
    stage::bring(&app, &talent("62001", "2020"), &stage::talent(8_000), State::Accepted).await;
    stage::sealed(&app).await;
    let twin = app.twin().await;
    let province = app.as_(Role::Province, "620000");
    let begin = feed::end(&province).await.unwrap();
    let day = Utc::now() + chrono::Duration::seconds(2);
    let new = New { publish_at: Some(day), ..stage::new_release(ReleaseKind::Minor) };
    releases::create(&province, new).await.unwrap();
    twin.house.memory.refresh().await.unwrap();
    stage::sealed(&app).await;
    assert_eq!(lines(&all(&province, begin, 10).await), ["release.created 1.1.0"]);
    let public = [
        app.as_(Role::Analyst, ""),
        twin.as_(Role::School, "62001"),
        app.as_(Role::City, "620100"),
        twin.as_(Role::Admin, ""),
    ];
    let mut places = Vec::new();
    for reader in &public {
        let found = feed::read(reader, begin, 10).await.unwrap();
        assert!(found.items.is_empty() && found.next > begin);
        places.push(found.next);
    }
    let (here, there) = (app.serve().await, twin.serve().await);
    for (reader, place) in public.iter().zip(places) {
        let found = wait(reader, place).await;
        assert!(Utc::now() >= day);
        assert_eq!(lines(&found.items), ["release.published 1.1.0"], "{:?}", reader.actor.role);
        assert_eq!(found.items[0].data["version"], "1.1.0");
        // From the beginning, too, it is told once.
        assert_eq!(lines(&all(reader, begin, 10).await), ["release.published 1.1.0"]);
    }
    assert_eq!(lines(&all(&province, begin, 10).await), ["release.created 1.1.0", "release.published 1.1.0"]);
    here.stop().await;
    there.stop().await;
    let over = embargo::over(&app.system());
    assert_eq!(over.len(), 1);
    assert!(!embargo::announce(&app.system(), &over[0]).await.unwrap());
    stage::sealed(&app).await;
}

#[tokio::test]
async fn of_two_heralds_one_announces() {
    let app = TestApp::new().await;
    stage::bring(&app, &talent("62001", "2020"), &stage::talent(8_000), State::Accepted).await;
    let day = Utc::now() + chrono::Duration::milliseconds(300);
    let new = New { publish_at: Some(day), ..stage::new_release(ReleaseKind::Minor) };
    releases::create(&app.as_(Role::Province, "620000"), new).await.unwrap();
    let twin = app.twin().await;
    while embargo::over(&app.system()).is_empty() {
        tokio::task::yield_now().await;
    }
    let over = embargo::over(&twin.system());
    let (here, there) = (app.system(), twin.system());
    let (a, b) = tokio::join!(embargo::announce(&here, &over[0]), embargo::announce(&there, &over[0]));
    assert_ne!(a.unwrap(), b.unwrap());
    let rows = stage::sealed(&app).await;
    assert_eq!(rows.iter().filter(|row| row.action == embargo::PUBLISHED && row.object == "1.1.0").count(), 1);
}

/// Instances over PostgreSQL hear each other: nothing else rings here, because no job but the ear runs.
#[tokio::test]
async fn an_instance_hears_what_another_seals() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let twin = app.twin().await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let ear = tokio::spawn(jobs::ear::listen(twin.house.clone(), stopped));
    if postgres().is_none() {
        // Nothing can be heard: the sealer looks.
        timeout(PATIENCE, ear).await.unwrap().unwrap();
        return;
    }
    let mut waiting = twin.house.memory.bell().listen();
    let mut number = app.house.memory.sealed().await.unwrap();
    // The first may have been found by the look at the beginning, the others are only heard.
    for period in ["2019", "2020", "2021"] {
        stage::push(&app, &talent("62001", period), &stage::talent(8_000)).await;
        stage::sealed(&app).await;
        assert!(timeout(PATIENCE, waiting.beyond(number)).await.unwrap(), "{period}");
        number = app.house.memory.sealed().await.unwrap();
    }
    stop.send(true).unwrap();
    timeout(PATIENCE, ear).await.unwrap().unwrap();
}

/// A new action needs a word on who is told of it.
#[test]
fn every_action_has_an_audience() {
    fn walk(dir: &Path, found: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs")
                && !path.ends_with("tests.rs")
                // The names of settings are no actions.
                && !path.ends_with("config/keys.rs")
                && !path.ends_with("config/protection.rs")
            {
                found.push_str(std::fs::read_to_string(&path).unwrap().split("#[cfg(test)]").next().unwrap());
            }
        }
    }
    let mut source = String::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|one| one.is_ascii_lowercase() || one == '_');
    let actions: BTreeSet<&str> = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|text| text.split_once('.').is_some_and(|(noun, verb)| is_word(noun) && is_word(verb)))
        .filter(|text| text.ends_with("ed"))
        .collect();
    assert!(actions.len() > 12 && actions.contains("submission.pushed"), "{actions:?}");
    let without: Vec<_> = actions
        .iter()
        .filter(|action| !NOUNS.iter().any(|(noun, _)| action.split_once('.').is_some_and(|(own, _)| own == *noun)))
        .collect();
    assert!(without.is_empty(), "who is told of {without:?}? Say it in `authz::NOUNS`");
    let nouns: BTreeSet<_> = NOUNS.iter().map(|(noun, _)| noun).collect();
    assert_eq!(nouns.len(), NOUNS.len());
    for secret in ["account", "client", "key"] {
        assert!(NOUNS.contains(&(secret, Audience::Nobody)), "{secret}");
    }
}

#[tokio::test]
async fn a_place_that_the_journal_has_not_come_to_is_refused() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let school = app.as_(Role::School, "62001");
    let end = feed::end(&school).await.unwrap();
    let beyond = Place::read(&page_of(i64::MAX), "/after").unwrap();
    assert!(beyond > end);
    let Err(Error::Invalid(found)) = feed::read(&school, beyond, 10).await else { panic!() };
    assert_eq!((found[0].code.as_str(), found[0].pointer.as_str()), ("cursor", "/after"));
    assert!(feed::read(&school, end, 10).await.unwrap().items.is_empty());
}
