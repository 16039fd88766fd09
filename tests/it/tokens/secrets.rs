//! Secrets of clients: one after the other, beside each other for a while, and told of before they end.

use std::process::Command;

use chrono::{TimeDelta, Utc};
use entity::{
    client, journal,
    words::{Duty, Role as Word},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::Value;
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        clients::{self, Add, ClientSecret, Renewal},
        expiry,
        feed::{self, Place},
    },
    error::Error,
};

use super::{form, refused};
use crate::{
    app::{Answer, Server, TestApp},
    stage,
    tour::on,
};

async fn ask(server: &Server, client: &str, secret: &str) -> Answer {
    form(server, "/oauth/token", Some((client, secret)), &[("grant_type", "client_credentials")]).await
}

fn new(client: &str, role: Word, org: Option<&str>, secret: ClientSecret) -> Add {
    Add {
        client_id: client.to_owned(),
        name: "校园系统".to_owned(),
        role,
        org: org.map(str::to_owned),
        duty: Duty::All,
        secret,
    }
}

#[tokio::test]
async fn two_secrets_are_good_beside_each_other_for_a_while() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = app.as_(Role::Admin, "");
    let db = app.house.db.write();
    let first = clients::add(&admin, new("campus", Word::School, Some("62001"), ClientSecret::Random)).await.unwrap();
    let renewal = Renewal { overlap: Some(TimeDelta::hours(24)), expires_in: Some(TimeDelta::days(365)) };
    let second = clients::renew(&admin, "campus", renewal).await.unwrap();
    let left = second.row.previous_until.unwrap() - Utc::now();
    assert!(left > TimeDelta::hours(23) && left <= TimeDelta::hours(24), "{left}");
    ask(&server, "campus", first.secret.expose()).await.expect(200);
    ask(&server, "campus", second.secret.expose()).await.expect(200);
    // Of three, the first is gone.
    let third = clients::renew(&admin, "campus", renewal).await.unwrap();
    refused(&ask(&server, "campus", first.secret.expose()).await, 401, "invalid_client");
    ask(&server, "campus", second.secret.expose()).await.expect(200);
    ask(&server, "campus", third.secret.expose()).await.expect(200);
    // Then the overlap is over.
    let past = Some(Utc::now() - TimeDelta::seconds(1));
    let over = client::Entity::update_many().col_expr(client::Column::PreviousUntil, Expr::value(past));
    over.filter(client::Column::ClientId.eq("campus")).exec(db).await.unwrap();
    refused(&ask(&server, "campus", second.secret.expose()).await, 401, "invalid_client");
    ask(&server, "campus", third.secret.expose()).await.expect(200);
    // And then the secret itself is.
    let over = client::Entity::update_many().col_expr(client::Column::SecretExpiresAt, Expr::value(past));
    over.filter(client::Column::ClientId.eq("campus")).exec(db).await.unwrap();
    let ended = ask(&server, "campus", third.secret.expose()).await;
    refused(&ended, 401, "invalid_client");
    assert_eq!(ended.text, ask(&server, "campus", "wrong").await.text);
    // What has ended does not come back by being replaced.
    let fourth = clients::renew(&admin, "campus", Renewal { expires_in: None, ..renewal }).await.unwrap();
    refused(&ask(&server, "campus", third.secret.expose()).await, 401, "invalid_client");
    ask(&server, "campus", fourth.secret.expose()).await.expect(200);

    for renewal in [
        Renewal { overlap: Some(TimeDelta::days(31)), expires_in: Some(TimeDelta::zero()) },
        Renewal { overlap: Some(TimeDelta::seconds(-1)), expires_in: Some(TimeDelta::days(10_000)) },
    ] {
        let Err(Error::Invalid(found)) = clients::renew(&admin, "campus", renewal).await else { panic!() };
        let codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["overlap_hours", "expires_days"]);
    }
    // A secret that everybody knows is replaced at once or not at all.
    let demo = clients::renew(&admin, "demo-analyst", Renewal { expires_in: None, ..renewal }).await;
    assert!(matches!(demo, Err(Error::Conflict(_))), "{demo:?}");
    server.stop().await;
}

/// The clients whose secrets a caller's feed says of that they end soon.
async fn feed(ctx: &Ctx) -> Vec<String> {
    let (mut found, mut place) = (Vec::new(), Place::default());
    loop {
        let page = feed::read(ctx, place, 1_000).await.unwrap();
        let told = page.items.into_iter().filter(|event| event.kind == "client.expiring");
        found.extend(told.map(|event| event.object));
        if page.is_at_end {
            return found;
        }
        place = page.next;
    }
}

#[tokio::test]
async fn a_secret_that_ends_soon_is_told_of_once_and_to_its_own() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let admin = app.as_(Role::Admin, "");
    let usher = |app: &TestApp| app.house.ctx(Actor::system("usher"));
    for (name, role, org, days) in [
        ("campus-62001", Word::School, Some("62001"), 13),
        ("campus-62002", Word::School, Some("62002"), 15),
        ("office-620100", Word::City, Some("620100"), 1),
        ("reader", Word::Analyst, None, 3),
        ("gone", Word::School, Some("62001"), 5),
    ] {
        let secret = ClientSecret::Expiring(TimeDelta::days(days));
        clients::add(&admin, new(name, role, org, secret)).await.unwrap();
    }
    clients::disable(&admin, "gone").await.unwrap();
    let (here, there) = (usher(&app), usher(&twin));
    let (a, b) = tokio::join!(expiry::warn(&here), expiry::warn(&there));
    assert_eq!(a.unwrap() + b.unwrap(), 3);
    assert_eq!(expiry::warn(&there).await.unwrap(), 0);
    let told = journal::Entity::find().filter(journal::Column::Action.eq("client.expiring"));
    assert_eq!(told.count(app.house.db.read()).await.unwrap(), 3);
    stage::sealed(&app).await;

    let reader = app.house.ctx(Actor::with(Role::Analyst, None, "client:reader", "reader"));
    let nothing: [&str; 0] = [];
    assert_eq!(feed(&app.as_(Role::School, "62001")).await, ["campus-62001"]);
    assert_eq!(feed(&app.as_(Role::School, "62002")).await, nothing);
    assert_eq!(feed(&app.as_(Role::City, "620100")).await, ["office-620100"]);
    assert_eq!(feed(&app.as_(Role::City, "620500")).await, nothing);
    assert_eq!(feed(&app.as_(Role::Province, "620000")).await, nothing);
    assert_eq!(feed(&reader).await, ["reader"]);
    for role in [Role::Analyst, Role::Auditor] {
        assert_eq!(feed(&app.as_(role, "")).await, nothing, "{role:?}");
    }
    let mut all = feed(&admin).await;
    all.sort();
    assert_eq!(all, ["campus-62001", "office-620100", "reader"]);

    // Another secret with an end of its own is told of again.
    let renewal = Renewal { overlap: None, expires_in: Some(TimeDelta::days(2)) };
    clients::renew(&admin, "campus-62001", renewal).await.unwrap();
    assert_eq!(expiry::warn(&here).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_do_the_same() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let run = |arguments: &[&str], code: i32| {
        // The service goes on meanwhile: it may hold what the command waits for.
        let output = tokio::task::block_in_place(|| on(app.url(), app.dir()).args(arguments).output().unwrap());
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        if code == 0 { out } else { err }
    };
    // Keys instead of a secret.
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    let file = app.dir().join("key.json");
    let path = file.display().to_string();
    std::fs::write(&file, jwk).unwrap();
    let school = ["--name", "Campus system", "--role", "school", "--org", "62001"];
    let out = run(&[&["client", "add", "by-key", "--jwks", &path][..], &school].concat(), 0);
    assert!(out.contains("no secret") && !out.contains("client_secret"), "{out}");
    assert!(run(&["client", "keys", "by-key"], 0).starts_with(&format!("{kid}  EdDSA  ")));
    assert!(run(&["client", "keys", "by-key", "--add", &path], 1).contains("has a key of this name"));
    run(&["client", "keys", "by-key", "--remove", kid], 0);
    assert_eq!(run(&["client", "keys", "by-key", "--list"], 0), "no keys\n");
    assert!(run(&["client", "keys", "by-key", "--add", &path], 0).contains(kid));
    assert!(run(&["client", "rotate", "by-key"], 1).contains("zhiqiao client keys"));
    std::fs::write(&file, jwk.replace('{', r#"{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#)).unwrap();
    let said = run(&["client", "keys", "by-key", "--add", &path], 1);
    assert!(said.contains("private") && said.contains("私钥") && !said.contains("nWGxne"), "{said}");
    run(&["client", "keys", "by-key", "--add", "/nowhere"], 1);

    // Secrets with an end, and with an overlap.
    let secret =
        |out: &str| out.lines().find_map(|line| line.strip_prefix("client_secret: ")).unwrap().trim().to_owned();
    let out = run(&[&["client", "add", "by-secret", "--expires", "365d"][..], &school].concat(), 0);
    assert!(out.contains("expires:"), "{out}");
    let old = secret(&out);
    let out = run(&["client", "rotate", "by-secret", "--overlap", "24h", "--expires", "90d"], 0);
    assert!(out.contains("the old one is good until"), "{out}");
    let new = secret(&out);
    ask(&server, "by-secret", &old).await.expect(200);
    ask(&server, "by-secret", &new).await.expect(200);
    assert!(run(&["client", "rotate", "by-secret", "--overlap", "40d"], 1).contains("30 days"));
    run(&["client", "rotate", "by-secret", "--overlap", "soon"], 2);
    let newest = secret(&run(&["client", "rotate", "by-secret"], 0));
    refused(&ask(&server, "by-secret", &new).await, 401, "invalid_client");
    ask(&server, "by-secret", &newest).await.expect(200);

    // People move.
    let person = ["user", "change", "school-62001"];
    assert!(
        run(&[&person[..], &["--org", "62002", "--duty", "fill"]].concat(), 0).contains("SCHOOL of 62002, duty fill")
    );
    assert!(run(&[&person[..], &["--role", "city"]].concat(), 1).contains("acts for an organisation"));
    assert!(run(&[&person[..], &["--role", "analyst"]].concat(), 0).contains("is ANALYST, duty all"));
    run(&person, 2);

    // A fresh key for the keys, without any configuration, and another each time.
    let fresh = || {
        let output = Command::new(env!("CARGO_BIN_EXE_zhiqiao"))
            .args(["key", "secret"])
            .env("ZHIQIAO_LISTEN", "nonsense")
            .current_dir(app.dir())
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, other) = (fresh(), fresh());
    assert!(one.trim().len() == 44 && one != other);
    let both: Value = serde_json::json!([zhiqiao::config::EncryptionKey::parse(&one).is_ok(), true]);
    assert_eq!(both, serde_json::json!([true, true]));
    server.stop().await;
}
