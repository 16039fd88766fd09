//! Numbers by which a person is known: nowhere in the database, and nowhere in what the service logs.

use std::{
    io,
    sync::{Mutex, Once},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};
use zhiqiao::{config::Config, formats::personal};

use crate::{app::TestApp, schema::database};

/// What the services of this process have logged so far: how many lines, and those with such a number in them.
static LOGGED: Mutex<(usize, Vec<String>)> = Mutex::new((0, Vec::new()));

/// Reads the log as it is written, instead of the terminal.
struct Reader;

impl io::Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut logged = LOGGED.lock().unwrap();
        logged.0 += 1;
        logged.1.extend(found(&text).map(|_| text.to_string()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has the log read from now on: what a service logs by its usual setting, in the form of a service.
pub fn listen(config: &Config) {
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
        let filter = EnvFilter::new(&config.log.filter);
        tracing_subscriber::registry().with(lines.with_writer(|| Reader)).with(filter).init();
    });
}

/// At the end of a walk: no such number in its database, nor in the log of all that has run here so far.
pub async fn expect_nowhere(app: &TestApp) {
    assert!(expect_none(app.house.db.write()).await > 1_000);
    let logged = LOGGED.lock().unwrap();
    assert!(logged.0 > 0, "it logs its requests");
    assert!(logged.1.is_empty(), "{:?}", logged.1);
}

/// What of a text has the shape of an identity number or of a mobile number, and is no part of a longer word, such as
/// a hash.
pub fn found(text: &str) -> Option<&str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| {
        let digits = word.trim_end_matches(['X', 'x']);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && personal::find(word).is_some()
    })
}

/// Every row of every table, as text.
async fn rows(db: &DatabaseConnection, table: &str) -> Vec<String> {
    if db.get_database_backend() == DbBackend::Postgres {
        return database::texts(db, &format!("SELECT t::text FROM \"{table}\" AS t")).await;
    }
    let columns = database::texts(db, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
    let texts: Vec<String> = columns
        .iter()
        .map(|name| format!("CASE typeof(\"{name}\") WHEN 'blob' THEN '' ELSE coalesce(\"{name}\", '') END"))
        .collect();
    database::texts(db, &format!("SELECT {} FROM \"{table}\"", texts.join(" || char(10) || "))).await
}

/// Looks at everything that a database holds; says how many rows that were.
pub async fn expect_none(db: &DatabaseConnection) -> usize {
    let mut seen = 0;
    for table in database::tables(db).await {
        for row in rows(db, &table).await {
            seen += 1;
            if let Some(number) = found(&row) {
                panic!("{table} has {number}: {row}");
            }
        }
    }
    seen
}

#[test]
fn a_number_is_found_among_words_and_not_inside_of_them() {
    assert_eq!(found(r#"{"note":"电话13000000000，"}"#), Some("13000000000"));
    assert_eq!(found("证号 99000019900230001X"), Some("99000019900230001X"));
    for text in ["a13000000000f", "2026-11-23T05:35:03.130000", "1795412345678", "0931-8888888", ""] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[tokio::test]
async fn what_lies_in_a_database_is_found() {
    let app = crate::app::TestApp::new().await;
    let db = app.house.db.write();
    assert!(expect_none(db).await > 1_000);
    let forged = "UPDATE enterprise SET source = '电话13000000000' WHERE code = 'EEADEB0F3'";
    db.execute_raw(Statement::from_string(db.get_database_backend(), forged)).await.unwrap();
    let all = database::tables(db).await;
    assert!(all.iter().any(|table| table == "enterprise"));
    let rows = rows(db, "enterprise").await;
    assert!(rows.iter().any(|row| found(row).is_some()));
}
