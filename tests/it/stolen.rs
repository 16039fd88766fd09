//! A stolen database: whoever has the file, or a dump of it, has no secret that opens anything.
//!
//! Secrets are really issued, used and changed, and then looked for in what the database has on disk: as text, in
//! base64 and in hexadecimal, whole and in halves, for a long value may lie on two pages.

use std::collections::BTreeSet;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use entity::words::{Duty, Role};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use zhiqiao::{
    authn::keys::expose,
    config::Secret,
    domain::{accounts, clients, keys},
    formats::document::hex,
};

use crate::app::{Caller, Server, TestApp};

/// A secret that was issued.
struct Issued {
    what: &'static str,
    /// Every form of it that would open something.
    forms: Vec<Vec<u8>>,
}

/// A secret by its text, and by the bytes that the text may stand for.
fn issued(what: &'static str, text: &str) -> Issued {
    let mut raw = vec![text.as_bytes().to_vec()];
    let inside = text.strip_prefix("whsec_").unwrap_or(text);
    raw.extend(
        [STANDARD.decode(inside), URL_SAFE_NO_PAD.decode(inside)]
            .into_iter()
            .flatten()
            .filter(|bytes| bytes.len() >= 16),
    );
    let mut forms = Vec::new();
    for bytes in raw {
        for text in [
            STANDARD.encode(&bytes),
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE.encode(&bytes),
            hex(&bytes),
            hex(&bytes).to_uppercase(),
        ] {
            forms.push(text.into_bytes());
        }
        forms.push(bytes);
    }
    let halves: Vec<Vec<u8>> = forms
        .iter()
        .filter(|form| form.len() >= 32)
        .flat_map(|form| {
            let (first, second) = form.split_at(form.len() / 2);
            [first.to_vec(), second.to_vec()]
        })
        .collect();
    forms.extend(halves);
    Issued { what, forms }
}

/// Everything that a thief of the database has.
async fn stolen(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let db = app.house.db.read();
    if db.get_database_backend() == DbBackend::Sqlite {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(app.dir()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // The file itself, and what has not found its way into it yet.
            if name.starts_with("zhiqiao.db") {
                all.push((name, std::fs::read(path).unwrap()));
            }
        }
        assert!(all.iter().any(|(_, bytes)| bytes.len() > 100_000), "there is no database");
        return all;
    }
    let ask = async |sql: String| -> Vec<String> {
        let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    };
    let mut all = Vec::new();
    for table in ask("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()".to_owned()).await {
        let rows = ask(format!("SELECT t::text FROM \"{table}\" AS t")).await;
        all.push((table, rows.join("\n").into_bytes()));
    }
    all
}

fn holds(hay: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let mut from = 0;
    while let Some(at) = hay[from..].iter().position(|byte| byte == first) {
        if hay[from + at..].starts_with(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

/// Signs in for the first time.
async fn sign_in(server: &Server, username: &str, password: &str, chosen: &str) -> String {
    let body = json!({ "username": username, "password": password, "new_password": chosen });
    let token = server.anonymous().post("/v1/session", None, &body).await.expect(200).json();
    token["access_token"].as_str().unwrap().to_owned()
}

/// A service's life, with every secret that it hands out.
async fn life(app: &TestApp, server: &Server) -> Vec<Issued> {
    let mut all = Vec::new();
    let admin = app.system();
    for (name, secret) in
        [("client secret", clients::ClientSecret::Random), ("client secret, rotated", clients::ClientSecret::Random)]
    {
        let client_id = format!("stolen-{}", all.len());
        let add = clients::Add {
            client_id: client_id.clone(),
            name: name.to_owned(),
            role: Role::School,
            org: Some("62002".to_owned()),
            duty: Duty::All,
            secret,
        };
        let told = clients::add(&admin, add).await.unwrap();
        let secret = if name.ends_with("rotated") {
            clients::renew(&admin, &client_id, clients::Renewal::default()).await.unwrap().secret
        } else {
            told.secret.clone()
        };
        let caller = server.holder(&client_id, secret.expose()).await;
        all.extend([issued(name, told.secret.expose()), issued(name, secret.expose())]);
        all.push(issued("access token of a client", &caller.token.unwrap()));
    }
    let add = accounts::Add {
        username: "stolen-person".to_owned(),
        display_name: "人".to_owned(),
        role: Role::School,
        org: Some("62002".to_owned()),
        duty: Duty::All,
        password: accounts::Password::Chosen(Secret::new("a pass-phrase of some length 职桥")),
    };
    accounts::add(&admin, add).await.unwrap();
    all.push(issued("password, chosen", "a pass-phrase of some length 职桥"));
    let reset = accounts::reset(&admin, "stolen-person", accounts::Password::Random).await.unwrap();
    all.push(issued("password, made up", reset.password.expose()));
    let chosen = "another phrase, for the first sign-in";
    let token = sign_in(server, "stolen-person", reset.password.expose(), chosen).await;
    all.push(issued("password, changed", chosen));
    all.push(issued("access token of a person", &token));
    // Tried in vain, and in the wrong place.
    let wrong = "the password of something else entirely";
    let body = json!({ "username": wrong, "password": wrong });
    server.anonymous().post("/v1/session", None, &body).await.expect(401);
    all.push(issued("password that was refused", wrong));

    let school = Caller { token: Some(token), ..server.anonymous() };
    let wish = json!({ "url": "http://127.0.0.1:9/hook", "events": ["release.published"] });
    let secret = |answer: Value| answer["secret"].as_str().unwrap().to_owned();
    let webhook = school.post("/v1/webhooks", None, &wish).await.expect(201).json();
    let path = format!("/v1/webhooks/{}/rotate", webhook["id"].as_str().unwrap());
    let again = school.post(&path, None, &json!({ "overlap_hours": 1 })).await.expect(200).json();
    let keyed = school
        .send("POST", "/v1/webhooks", &[("idempotency-key", "a-key-of-mine")], Some(&wish))
        .await
        .expect(201)
        .json();
    let gone = format!("/v1/webhooks/{}", keyed["id"].as_str().unwrap());
    all.push(issued("webhook secret", &secret(webhook)));
    all.push(issued("webhook secret, rotated", &secret(again)));
    all.push(issued("webhook secret, told under a key", &secret(keyed)));
    // Gone is not forgotten.
    school.send("DELETE", &gone, &[], None).await.expect(204);
    all.push(issued("idempotency key", "a-key-of-mine"));

    let table = json!({ "observations": { "scale.students": 1, "scale.intake": 1, "scale.graduates": 1 } });
    let pushed = school
        .send(
            "PUT",
            "/v1/schools/62002/submissions/scale/2024",
            &[("idempotency-key", "another-key-of-mine")],
            Some(&table),
        )
        .await;
    assert!(pushed.expect(201).json()["receipt"].is_string());
    all.push(issued("idempotency key", "another-key-of-mine"));
    let before = app.house.memory.keys();
    keys::rotate(&admin).await.unwrap();
    let after = app.house.memory.keys();
    let open: Vec<Vec<u8>> = before.iter().chain(after.iter()).filter_map(|key| expose(key).ok()).collect();
    assert!(open.len() >= 2, "the old key and the new one");
    for bytes in open {
        all.push(issued("signing key", &STANDARD.encode(&bytes)));
        // The seed within the PKCS#8: the last 32 of its first 48 bytes.
        all.push(issued("signing key", &STANDARD.encode(&bytes[16..48])));
    }
    all
}

#[tokio::test]
async fn a_stolen_database_opens_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let secrets = life(&app, &server).await;
    server.stop().await;
    let pieces = stolen(&app).await;
    // What is no secret is there: the search finds what there is to find.
    for known in ["stolen-person", "stolen-0", "62002"] {
        assert!(pieces.iter().any(|(_, bytes)| holds(bytes, known.as_bytes())), "{known}");
    }
    let mut found = BTreeSet::new();
    for secret in &secrets {
        for (name, bytes) in &pieces {
            if secret.forms.iter().any(|form| holds(bytes, form)) {
                println!("{} lies in {name}", secret.what);
                found.insert(secret.what);
            }
        }
    }
    assert_eq!(found, BTreeSet::new(), "these lie in the database");
}
