//! Signing keys: sealed in the database, rotated without a gap, and nothing of them in a stolen file.

use base64::{Engine, engine::general_purpose::STANDARD};
use entity::signing_key;
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::Value;
use zhiqiao::{
    House,
    authn::tokens::{Holder, Tokens},
    authz::{Actor, Role},
    config::Secret,
    domain::keys::{self, Signer},
    error::Error,
    memory::vault::Closed,
};

use super::{good, pair, refresh, sign_in};
use crate::app::{TestApp, postgres};

/// Everything that lies in the folder of a SQLite database: the file, its log, its index.
fn files(app: &TestApp) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(app.dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("zhiqiao.db") {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    assert!(all.len() > 100_000);
    all
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    assert!(part.len() >= 16, "{} bytes are found anywhere", part.len());
    all.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_stolen_file_has_neither_keys_nor_tokens() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let first = sign_in(&server, "school-62001").await;
    let second = pair(refresh(&server, &first.refresh).await);
    let machine = server.client("school-62001").await.token.unwrap();
    keys::rotate(&app.system()).await.unwrap();
    let rows = signing_key::Entity::find().all(app.house.db.read()).await.unwrap();
    let mut texts = vec![first.refresh, first.access, second.refresh, second.access, machine];
    for key in app.house.memory.keys().iter() {
        let lies = rows.iter().find(|row| row.kid == key.kid).unwrap();
        if key.retired_at.is_some() {
            assert_eq!(lies.private_key.expose(), "", "a key that signs no more has no private part");
            continue;
        }
        assert!(lies.private_key.expose().starts_with("v1."), "sealed");
        let open = STANDARD.decode(key.private_key.expose()).unwrap();
        let seed = &open[16..];
        assert_eq!(seed.len(), 32);
        texts.push(key.private_key.expose().to_owned());
        for form in [STANDARD.encode(seed), base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(seed)] {
            texts.push(form);
        }
        if postgres().is_none() {
            assert!(!contains(&files(&app), seed) && !contains(&files(&app), &open));
        }
    }
    assert_eq!(texts.len(), 8);
    server.stop().await;
    if postgres().is_none() {
        let all = files(&app);
        for text in &texts {
            assert!(!contains(&all, text.as_bytes()), "{}…", &text[..8]);
        }
        // What is looked for would be found: the public half is there.
        assert!(contains(&all, rows[0].public_key.as_bytes()));
    }
}

#[tokio::test]
async fn nothing_is_signed_without_the_key_of_the_keys() {
    let app = TestApp::new().await;
    let other = |key: Option<&str>| {
        let mut config = app.house.config.clone();
        config.keys.encryption_key = key.map(Secret::new);
        House::over(config, app.house.db.clone())
    };
    assert_eq!(keys::signer(&app.system()).await.unwrap(), Signer::Ready);
    let another = STANDARD.encode([9; 32]);
    for (house, state) in [
        (other(None).await.unwrap(), Signer::Locked),
        (other(Some(&another)).await.unwrap(), Signer::Closed(Closed::AnotherKey)),
    ] {
        let ctx = house.ctx(Actor::system("test"));
        assert_eq!(keys::signer(&ctx).await.unwrap(), state);
        let set = house.memory.keys();
        let keys = zhiqiao::authn::keys::KeySet::new(&set);
        assert!(matches!(keys.sign(b"{}", "at+jwt"), Err(Error::Unavailable(_))));
        assert_eq!(house.ready().await[2], ("signing_key", false));
        // What is public verifies as ever.
        assert_eq!(keys.jwks().keys.len(), 1);
    }
    let locked = other(None).await.unwrap();
    let said = keys::rotate(&locked.ctx(Actor::system("test"))).await.unwrap_err();
    assert!(matches!(&said, Error::Conflict(text) if text.en.contains("zhiqiao key secret")), "{said:?}");
    assert!(other(Some("nonsense")).await.is_err());

    // A key in another row, and one that was never sealed, open nothing.
    let db = app.house.db.write();
    for (text, state) in [
        (app.house.memory.vault().unwrap().seal("another", &[1; 48]).unwrap().0, Closed::Changed),
        (STANDARD.encode([1; 48]), Closed::Clear),
    ] {
        let change = signing_key::Entity::update_many().col_expr(signing_key::Column::PrivateKey, Expr::value(text));
        change.exec(db).await.unwrap();
        assert_eq!(keys::signer(&app.system()).await.unwrap(), Signer::Closed(state));
        let house = other(Some(crate::app::ENCRYPTION_KEY)).await.unwrap();
        assert!(!zhiqiao::authn::keys::KeySet::new(&house.memory.keys()).can_sign());
    }
    // The way out: another signing key. What the old one signed stays good.
    keys::rotate(&app.system()).await.unwrap();
    assert_eq!(keys::signer(&app.system()).await.unwrap(), Signer::Ready);
    let release = zhiqiao::domain::releases::list(&app.as_(Role::Province, "620000")).await.unwrap();
    assert!(!release.is_empty());
}

#[tokio::test]
async fn a_rotation_leaves_no_gap() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let before = here.client("school-62001").await.token.unwrap();
    let old = app.house.memory.keys().first().unwrap().clone();
    keys::rotate(&app.system()).await.unwrap();
    keys::rotate(&twin.system()).await.unwrap();
    let after = there.client("school-62001").await.token.unwrap();
    for server in [&here, &there] {
        good(server, &before).await;
        good(server, &after).await;
    }
    // Whoever has kept the old private key makes no new tokens with it.
    let thief = [signing_key::Model { retired_at: None, ..old.clone() }];
    let row = entity::client::Entity::find().one(app.house.db.read()).await.unwrap().unwrap();
    let stolen = Tokens::new(&app.house.config)
        .issue(zhiqiao::authn::keys::KeySet::new(&thief), &Holder::client(&row))
        .unwrap()
        .token;
    let retire = |at| {
        signing_key::Entity::update_many()
            .col_expr(signing_key::Column::RetiredAt, Expr::value(at))
            .filter(sea_orm::ColumnTrait::eq(&signing_key::Column::Kid, old.kid.as_str()))
    };
    // Longer ago than the clocks may differ.
    use sea_orm::QueryFilter;
    retire(chrono::Utc::now() - chrono::TimeDelta::seconds(60)).exec(app.house.db.write()).await.unwrap();
    zhiqiao::memory::raise(app.house.db.write(), zhiqiao::memory::Thing::Keys).await.unwrap();
    app.house.memory.refresh().await.unwrap();
    super::with(&here, &stolen).get("/v1/releases").await.expect(401);
    // All of them stay published, for releases and receipts; the document may be kept for a while.
    let answer = here.anonymous().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let shown: Value = answer.json();
    assert_eq!(shown["keys"].as_array().unwrap().len(), 3);
    assert!(!answer.text.contains("\"d\""));
    here.stop().await;
    there.stop().await;
}
