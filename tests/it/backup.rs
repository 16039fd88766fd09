//! Copies: made while the service runs, verified before they are trusted, equal to what they were made of.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};
use sha2::{Digest, Sha256};
use zhiqiao::domain::{audit::checkpoints, submissions::Key};

use crate::{
    app::{TestApp, empty_database, postgres},
    schema::database::{tables, texts},
    stage,
    tour::{end, on, said},
};

/// The hash of every table: of all its rows, whatever their order.
async fn hashes(db: &DatabaseConnection) -> BTreeMap<String, String> {
    let mut hashes = BTreeMap::new();
    for table in tables(db).await {
        let rows = match db.get_database_backend() {
            DbBackend::Postgres => texts(db, &format!("SELECT t::text FROM {table} AS t")).await,
            _ => {
                let columns = texts(db, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let row: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                texts(db, &format!("SELECT {} FROM {table}", row.join(" || ',' || "))).await
            }
        };
        let mut rows = rows;
        rows.sort();
        let hash = Sha256::digest(rows.join("\n"));
        hashes.insert(
            table,
            format!("{} rows, {}", rows.len(), hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        );
    }
    assert!(hashes.len() > 30, "{hashes:?}");
    hashes
}

async fn open(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn staged() -> TestApp {
    let app = TestApp::new().await;
    stage::push(&app, &Key::new("62001", "talent", "2013"), &stage::talent(8_000)).await;
    stage::sealed(&app).await;
    checkpoints::sign(&app.system()).await.unwrap().unwrap();
    app
}

fn works(output: &Output) -> String {
    let (out, err) = said(output);
    assert!(output.status.success(), "{out}{err}");
    out
}

fn fails(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{:?}", said(output));
    said(output).1
}

#[tokio::test]
async fn a_copy_made_while_the_service_runs_is_whole_and_equal() {
    if postgres().is_some() {
        return;
    }
    let app = staged().await;
    let server = app.serve().await;
    let (url, dir) = (app.url().to_owned(), app.dir().to_owned());
    // Somebody writes all the time.
    let school = server.client("school-62001").await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        let mut pushed = 0_u32;
        while stopped.try_recv().is_err() {
            let body = serde_json::json!({ "observations": stage::talent(9_000 + pushed) });
            school.put("/v1/schools/62001/submissions/talent/2019", Some("*"), &body).await;
            pushed += 1;
        }
        pushed
    });
    let copied = {
        let (url, dir) = (url.clone(), dir.clone());
        tokio::task::spawn_blocking(move || end(on(&url, &dir).args(["backup", "--out", "copy.db"]))).await.unwrap()
    };
    stop.send(()).unwrap();
    assert!(writing.await.unwrap() > 0);
    assert!(works(&copied).contains("SHA-256"));
    assert!(dir.join("copy.db.json").exists() && !dir.join("copy.db-wal").exists());
    assert!(fails(&end(on(&url, &dir).args(["backup", "--out", "copy.db"]))).contains("is there already"));

    // Not over the one that runs, not even by force.
    assert!(fails(&end(on(&url, &dir).args(["restore", "copy.db"]))).contains("--force"));
    let forced = tokio::task::spawn_blocking({
        let (url, dir) = (url.clone(), dir.clone());
        move || end(on(&url, &dir).args(["restore", "copy.db", "--force"]))
    });
    assert!(fails(&forced.await.unwrap()).contains("stop the service first"));
    server.stop().await;

    // Somewhere else it is whole.
    let elsewhere = format!("sqlite://{}?mode=rwc", dir.join("restored/zhiqiao.db").display());
    works(&end(on(&elsewhere, &dir).args(["restore", "copy.db"])));
    let out = works(&end(on(&elsewhere, &dir).args(["audit", "verify"])));
    assert!(out.contains("good: "), "{out}");
    let copy = format!("sqlite://{}?mode=ro", dir.join("copy.db").display());
    assert_eq!(hashes(&open(&elsewhere).await).await, hashes(&open(&copy).await).await);
}

#[tokio::test]
async fn a_copy_of_a_quiet_database_hashes_like_it_and_a_broken_one_is_refused() {
    if postgres().is_some() {
        return;
    }
    let app = staged().await;
    let (url, dir) = (app.url().to_owned(), app.dir().to_owned());
    works(&end(on(&url, &dir).args(["backup", "--out", "copy.db"])));
    let target = dir.join("restored.db");
    let elsewhere = format!("sqlite://{}?mode=rwc", target.display());
    let restore = || end(on(&elsewhere, &dir).args(["restore", "copy.db"]));
    works(&restore());
    assert_eq!(hashes(&open(&elsewhere).await).await, hashes(app.house.db.read()).await);
    std::fs::remove_file(&target).unwrap();

    // A bit that has flipped.
    let good = std::fs::read(dir.join("copy.db")).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(dir.join("copy.db"), &bad).unwrap();
    assert!(fails(&restore()).contains("not what was made"));
    // An edited journal, with a label that fits.
    std::fs::write(dir.join("copy.db"), &good).unwrap();
    let db = open(&format!("sqlite://{}", dir.join("copy.db").display())).await;
    for sql in ["DROP TRIGGER tr_journal_no_update", "UPDATE journal SET actor = 'x'"] {
        db.execute_unprepared(sql).await.unwrap();
    }
    db.close().await.unwrap();
    let edited = std::fs::read(dir.join("copy.db")).unwrap();
    let hash: String = Sha256::digest(&edited).iter().map(|byte| format!("{byte:02x}")).collect();
    let label = dir.join("copy.db.json");
    let mut about: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&label).unwrap()).unwrap();
    about["sha256"] = hash.into();
    about["bytes"] = edited.len().into();
    std::fs::write(&label, about.to_string()).unwrap();
    assert!(fails(&restore()).contains("the journal of the copy does not verify"));
    assert!(!target.exists() && !dir.join("restored.db.restoring").exists());
    std::fs::remove_file(&label).unwrap();
    assert!(fails(&restore()).contains("copy.db.json"));
}

/// A tool of PostgreSQL, where it is installed.
fn tool(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.filter_map(Result::ok).map(|version| version.path().join("bin").join(name)).find(|path| path.exists())
}

fn run(tool: &Path, arguments: &[&str]) {
    let output = Command::new(tool).args(arguments).output().unwrap();
    assert!(output.status.success(), "{tool:?} {arguments:?}: {:?}", said(&output));
}

#[tokio::test]
async fn a_dump_of_postgresql_restores_verifies_and_hashes_equal() {
    if postgres().is_none() {
        return;
    }
    let (Some(dump), Some(restore)) = (tool("pg_dump"), tool("pg_restore")) else {
        assert!(std::env::var_os("CI").is_none(), "pg_dump and pg_restore are missing");
        println!("SKIPPED: pg_dump and pg_restore are missing");
        return;
    };
    let app = staged().await;
    let (url, dir) = (app.url().to_owned(), app.dir().to_owned());
    assert!(fails(&end(on(&url, &dir).args(["backup", "--out", "copy.db"]))).contains("pg_dump"));
    assert!(fails(&end(on(&url, &dir).args(["restore", "copy.db"]))).contains("pg_restore"));

    let file = dir.join("zhiqiao.dump");
    let file = file.to_str().unwrap();
    run(&dump, &["--format=custom", "--no-owner", "--no-privileges", "--file", file, "--dbname", &url]);
    let (empty, kept) = empty_database().await;
    empty.close().await.unwrap();
    run(
        &restore,
        &["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname", &kept.url, file],
    );
    let out = works(&end(on(&kept.url, &dir).args(["audit", "verify"])));
    assert!(out.contains("good: ") && out.contains("signed to the end"), "{out}");
    let restored = open(&kept.url).await;
    assert_eq!(hashes(&restored).await, hashes(app.house.db.read()).await);
    restored.close().await.unwrap();
}
