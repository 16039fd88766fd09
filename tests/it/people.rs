//! People at the door: first passwords, lockouts, second factors, and what administrators do with accounts.

mod factors;
mod upkeep;

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use entity::{
    account, journal, lockout,
    words::{Duty, Role},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use zhiqiao::{
    House,
    config::Config,
    domain::accounts::{self, Add, Password},
};

use crate::{
    app::{Answer, Caller, Server, TestApp},
    wire::{bare, problem},
};

const GOOD: &str = "Trout-lamp.river9";
const OTHER: &str = "copper kettle on the 3rd shelf";

/// A server over the database of a test, under other settings.
async fn serve(app: &TestApp, settings: impl FnOnce(&mut Config)) -> Server {
    let mut config = app.house.config.clone();
    settings(&mut config);
    Server::over(&House::over(config, app.house.db.clone()).await.unwrap())
}

/// Settings under which the second failure is the last free one.
fn narrow(config: &mut Config) {
    config.people.failures_account = 2;
    config.people.failures_address = 1_000;
    config.people.lock_seconds = 100;
    config.people.lock_longest_seconds = 800;
}

async fn ask(server: &Server, body: Value) -> Answer {
    server.anonymous().post("/v1/session", None, &body).await
}

async fn sign_in(server: &Server, username: &str, password: &str) -> Answer {
    ask(server, json!({ "username": username, "password": password })).await
}

fn with(server: &Server, answer: &Answer) -> Caller {
    let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned();
    Caller { token: Some(token), ..server.anonymous() }
}

/// A new person; the password that was handed over.
async fn add(app: &TestApp, username: &str, role: Role, org: Option<&str>) -> String {
    let add = Add {
        username: username.to_owned(),
        display_name: username.to_owned(),
        role,
        org: org.map(str::to_owned),
        duty: Duty::All,
        password: Password::Random,
    };
    accounts::add(&app.system(), add).await.unwrap().password.expose().to_owned()
}

/// A new person with a password of its own.
async fn settled(app: &TestApp, server: &Server, username: &str, role: Role, org: Option<&str>) {
    let first = add(app, username, role, org).await;
    ask(server, json!({ "username": username, "password": first, "new_password": GOOD })).await.expect(200);
}

/// What the journal says happened to accounts and sessions.
async fn journalled(app: &TestApp) -> Vec<journal::Model> {
    journal::Entity::find().all(app.house.db.read()).await.unwrap()
}

#[tokio::test]
async fn a_first_password_opens_nothing_but_its_own_change() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let first = add(&app, "office", Role::Province, Some("620000")).await;
    let refused = sign_in(&server, "office", &first).await;
    let said = problem(&refused, 403, "password-change-required");
    assert!(said["detail"].as_str().unwrap().contains("new_password"));
    for (new, code) in [
        ("short", "password_length"),
        (&"ab3!x".repeat(26), "password_length"),
        ("aaaaaaaaaaaaaaaa", "password_repeats"),
        ("Password2026!!", "password_common"),
        ("office-office-2026", "password_common"),
        (&first, "password_same"),
    ] {
        let answer = ask(&server, json!({ "username": "office", "password": first, "new_password": new })).await;
        let said = problem(&answer, 422, "invalid");
        assert_eq!(said["errors"][0]["code"], code, "{new}");
        assert_eq!(said["errors"][0]["pointer"], "/new_password");
        assert!(!answer.text.contains(new), "{}", answer.text);
    }
    let now = GOOD;
    ask(&server, json!({ "username": "office", "password": first, "new_password": now })).await.expect(200);
    sign_in(&server, "office", &first).await.expect(401);
    let again = sign_in(&server, "office", now).await.expect(200);
    with(&server, &again).get("/v1/submissions").await.expect(200);

    // A reset ends what is open, and must be changed again.
    let told = accounts::reset(&app.system(), "office", Password::Random).await.unwrap();
    with(&server, &again).get("/v1/submissions").await.expect(401);
    sign_in(&server, "office", now).await.expect(401);
    problem(&sign_in(&server, "office", told.password.expose()).await, 403, "password-change-required");
    // The demo's accounts are what everybody tries first, and need no change.
    sign_in(&server, "province-620000", "demo-province-620000-password").await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_here_and_elsewhere() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    settled(&app, &here, "office", Role::Province, Some("620000")).await;
    let (one, other) = (sign_in(&here, "office", GOOD).await, sign_in(&here, "office", GOOD).await);
    let (one, other) = (with(&here, &one), with(&here, &other));
    let elsewhere = Caller { base: there.base.clone(), ..other.clone() };
    elsewhere.get("/v1/submissions").await.expect(200);

    let change = async |caller: &Caller, old: &str, new: &str| {
        caller.put("/v1/session/password", None, &json!({ "password": old, "new_password": new })).await
    };
    assert_eq!(change(&here.anonymous(), GOOD, OTHER).await.status, 401);
    assert_eq!(change(&here.client("province-620000").await, GOOD, OTHER).await.status, 403);
    assert_eq!(change(&one, "not the password", OTHER).await.status, 401);
    assert_eq!(change(&one, GOOD, "Zhiqiao-2026-admin").await.json()["errors"][0]["code"], "password_common");
    one.get("/v1/submissions").await.expect(200);
    let changed = change(&one, GOOD, OTHER).await.expect(200);
    let at = Instant::now();
    with(&here, &changed).get("/v1/submissions").await.expect(200);
    one.get("/v1/submissions").await.expect(401);
    other.get("/v1/submissions").await.expect(401);
    while elsewhere.get("/v1/submissions").await.status != 401 {
        assert!(at.elapsed() < Duration::from_secs(1), "still in after {:?}", at.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sign_in(&here, "office", GOOD).await.expect(401);
    sign_in(&there, "office", OTHER).await.expect(200);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn whoever_guesses_waits_and_nobody_learns_who_exists() {
    let app = TestApp::new().await;
    let server = serve(&app, narrow).await;
    accounts::disable(&app.system(), "analyst").await.unwrap();
    let names = ["city-620100", "nobody-at-all", "analyst"];
    // Attempt by attempt the same answer, whoever it is; the fourth is locked.
    for attempt in 1..=4 {
        let mut said = Vec::new();
        for name in names {
            let answer = sign_in(&server, name, "not-the-password").await;
            let retry = answer.header("retry-after").map(str::to_owned);
            assert_eq!(answer.status, if attempt <= 3 { 401 } else { 429 }, "{name} {attempt}: {}", answer.text);
            assert_eq!(retry.is_some(), attempt == 4, "{name}");
            let (status, mut body) = bare(&answer);
            if attempt == 4 {
                problem(&answer, 429, "locked-out");
                let seconds: u64 = retry.unwrap().parse().unwrap();
                assert!((90..=101).contains(&seconds), "{seconds}");
                // The seconds run on from one request to the next.
                body["detail"] = Value::Null;
            }
            said.push((status, body));
        }
        assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    }
    // The right password neither.
    problem(&sign_in(&server, "city-620100", "demo-city-620100-password").await, 429, "locked-out");
    // Somebody else is not concerned.
    sign_in(&server, "city-620500", "demo-city-620500-password").await.expect(200);

    // The lock is over: the next failure locks for twice as long, and so on up to the longest.
    let db = app.house.db.write();
    let over = |expr| lockout::Entity::update_many().col_expr(lockout::Column::LockedUntil, expr).exec(db);
    for expected in [200_u64, 400, 800, 800] {
        over(Expr::value(Some(Utc::now() - TimeDelta::seconds(1)))).await.unwrap();
        sign_in(&server, "nobody-at-all", "not-the-password").await.expect(401);
        let retry: u64 =
            sign_in(&server, "nobody-at-all", "x").await.expect(429).header("retry-after").unwrap().parse().unwrap();
        assert!((expected - 15..=expected + 1).contains(&retry), "{retry} and not {expected}");
    }
    // In time all is forgotten.
    over(Expr::value(Some(Utc::now() - TimeDelta::seconds(1)))).await.unwrap();
    let long_ago = Expr::value(Utc::now() - TimeDelta::days(2));
    lockout::Entity::update_many().col_expr(lockout::Column::LastAt, long_ago).exec(db).await.unwrap();
    for _ in 0..2 {
        sign_in(&server, "city-620100", "not-the-password").await.expect(401);
    }
    sign_in(&server, "city-620100", "demo-city-620100-password").await.expect(200);
    // What went well leaves nothing behind; nobody's name stands in the table.
    let rows = lockout::Entity::find().all(app.house.db.read()).await.unwrap();
    assert!(rows.iter().all(|row| row.digest.0.len() == 64));
    sign_in(&server, "city-620100", "not-the-password").await.expect(401);
    sign_in(&server, "city-620100", "demo-city-620100-password").await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn a_reset_lifts_a_lock_and_an_address_has_one_of_its_own() {
    let app = TestApp::new().await;
    let server = serve(&app, narrow).await;
    settled(&app, &server, "office", Role::Province, Some("620000")).await;
    for _ in 0..3 {
        sign_in(&server, "office", "not-the-password").await.expect(401);
    }
    sign_in(&server, "office", GOOD).await.expect(429);
    let told = accounts::reset(&app.system(), "office", Password::Random).await.unwrap();
    problem(&sign_in(&server, "office", told.password.expose()).await, 403, "password-change-required");
    server.stop().await;

    // From one address under many names: nobody is let in from there.
    let server = serve(&app, |config| {
        narrow(config);
        config.people.failures_address = 6;
    })
    .await;
    let mut refused = 0;
    for number in 0..7 {
        refused += i32::from(sign_in(&server, &format!("name-{number}"), "not-the-password").await.status == 429);
    }
    assert!(refused >= 1, "the failures above count, too");
    sign_in(&server, "city-620100", "demo-city-620100-password").await.expect(429);
    server.stop().await;
}

#[tokio::test]
async fn a_burst_of_guesses_over_two_instances_is_counted_one_by_one() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (serve(&app, narrow).await, serve(&twin, narrow).await);
    let guesses = (0..16).map(|number| {
        let server = if number % 2 == 0 { &here } else { &there };
        sign_in(server, "city-620100", "not-the-password")
    });
    let answers = futures::future::join_all(guesses).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(401), count(429)), (3, 13), "two free, the third locks, and none got past");
    here.stop().await;
    there.stop().await;
}

/// The time tells nothing either: an unknown name costs the same hash as a wrong password.
#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let app = TestApp::new().await;
    let server = serve(&app, |config| {
        config.people.failures_account = 1_000;
        config.people.failures_address = 1_000;
    })
    .await;
    accounts::disable(&app.system(), "analyst").await.unwrap();
    let names = ["city-620100", "nobody-at-all", "analyst"];
    let mut took: [Vec<Duration>; 3] = Default::default();
    for _ in 0..9 {
        for (name, took) in names.iter().zip(&mut took) {
            let at = Instant::now();
            sign_in(&server, name, "not-the-password").await.expect(401);
            took.push(at.elapsed());
        }
    }
    let medians = took.map(|mut all| {
        all.sort();
        all[4]
    });
    // Without the hash it would be a tenth; between one hash and another lies noise alone.
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(*most < *least * 3, "{medians:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_happens_at_the_door_is_in_the_journal_without_a_name() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    settled(&app, &server, "office-of-li", Role::Province, Some("620000")).await;
    let session = sign_in(&server, "office-of-li", GOOD).await.expect(200);
    with(&server, &session).send("DELETE", "/v1/session", &[], None).await.expect(204);
    accounts::reset(&app.system(), "office-of-li", Password::Random).await.unwrap();
    let row = account::Entity::find()
        .filter(account::Column::Username.eq("office-of-li"))
        .one(app.house.db.read())
        .await
        .unwrap()
        .unwrap();
    // A session has a name of its own; whose it is, says who did it.
    let (object, actor) = (row.id.to_string(), format!("account:{}", row.id));
    let rows: Vec<journal::Model> =
        journalled(&app).await.into_iter().filter(|one| one.object == object || one.actor == actor).collect();
    let mut actions: Vec<&str> = rows.iter().map(|one| one.action.as_str()).collect();
    actions.sort_unstable();
    let expected = [
        "account.added",
        "account.password_changed",
        "account.reset",
        "session.closed",
        "session.opened",
        "session.opened",
    ];
    assert_eq!(actions, expected);
    for row in &rows {
        assert!(!format!("{row:?}").contains("office-of-li"), "{row:?}");
        let is_own = row.action.starts_with("session.") || row.action == "account.password_changed";
        assert_eq!(row.actor.starts_with("account:"), is_own, "{row:?}");
    }
    server.stop().await;
}
