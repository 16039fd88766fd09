//! A large batch: a file of millions of observations, sent by the province and worked off by the job.
//!
//! Beside it the same observations go, one row each, the fastest way the database has without asking
//! whether they are right: `COPY` on PostgreSQL, prepared inserts of many rows on SQLite, into a table
//! with a primary key and foreign keys to school and indicator.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait, Value, sqlx::postgres::PgPoolCopyExt,
};
use zhiqiao::formats::{
    decimal,
    document::{self, Cell, Status},
};

use super::{
    Outcome, client,
    database::{self, Prepared},
    process::Process,
    questions::PUSHED,
};

/// The years that are imported; the year before the first is there, and every table is held against its last year.
const YEARS: [u32; 2] = [2024, 2025];

/// How many rows an insert takes: SQLite has 32,766 parameters.
const ROWS: usize = 5_000;

/// How often it is asked whether the job is done.
const LOOK: Duration = Duration::from_millis(20);

/// What an import gave.
#[derive(Clone, Copy, Debug)]
pub struct Imported {
    /// Observations, one a row of the file.
    pub rows: u64,
    /// Tables that they make.
    pub tables: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// From the first byte sent to the answer.
    pub sent: Duration,
    /// From the first byte sent to the end of the job.
    pub took: Duration,
    /// The same rows without validation, one row each.
    pub bare: Duration,
    /// Memory of the service before it, in kB.
    pub idle: u64,
    /// The most that it held meanwhile, in kB.
    pub peak: u64,
}

/// The same observations twice: as a batch, and as rows for the bare table.
#[derive(Debug)]
struct Files {
    batch: PathBuf,
    bare: PathBuf,
    rows: u64,
    tables: u64,
}

/// Imports a file of about so many rows, then writes the same bare.
pub async fn measure(prepared: &Prepared, folder: &Path, rows: u64) -> Outcome<Imported> {
    let connection = database::connect(&prepared.url).await?;
    let files = write(&connection, folder, rows).await?;
    let bytes = std::fs::metadata(&files.batch)?.len();

    let service = Process::product(prepared, folder).await?;
    let tokens = client::tokens(service.address, std::slice::from_ref(&prepared.province)).await?;
    let token = tokens.first().ok_or("no token")?;
    let idle = service.forget_peak()?;
    let began = Instant::now();
    let answer = client::upload(service.address, "/v1/batches", token, "text/csv", &files.batch).await?;
    let sent = began.elapsed();
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let took = loop {
        let row = one(&connection, "SELECT state, rows_accepted FROM batch ORDER BY created_at DESC LIMIT 1").await?;
        let (state, accepted): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match state.as_str() {
            "running" => tokio::time::sleep(LOOK).await,
            "done" if u64::try_from(accepted)? == files.rows => break began.elapsed(),
            _ => return Err(format!("the batch is {state}, {accepted} rows accepted: {answer}").into()),
        }
    };
    let peak = service.peak()?;
    // Nobody else is at work while the bare rows are written.
    drop(service);
    let bare = bare(&connection, &files).await?;
    for file in [&files.batch, &files.bare] {
        std::fs::remove_file(file)?;
    }
    connection.execute_unprepared("DROP TABLE bench_import").await?;
    connection.close().await?;
    Ok(Imported { rows: files.rows, tables: files.tables, bytes, sent, took, bare, idle, peak })
}

async fn one(connection: &DatabaseConnection, sql: &str) -> Outcome<sea_orm::QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    Ok(connection.query_one_raw(statement).await?.ok_or("no row")?)
}

/// Last year's figures of every school, moved by some percent, in the order of the tables.
async fn write(connection: &DatabaseConnection, folder: &Path, rows: u64) -> Outcome<Files> {
    let (batch, bare) = (folder.join("import.csv"), folder.join("import.rows"));
    let mut to = [BufWriter::new(File::create(&batch)?), BufWriter::new(File::create(&bare)?)];
    let [csv, lines] = &mut to;
    writeln!(csv, "school,dataset,period,indicator,value,status,note")?;
    let (mut written, mut tables) = (0, 0);
    'all: for year in YEARS {
        let mut after = String::new();
        loop {
            let sql = "SELECT school_code, document FROM revision WHERE dataset_code = $1 AND period_code = '2023' \
                       AND number = 1 AND school_code > $2 ORDER BY school_code LIMIT 500";
            let values: [Value; 2] = [PUSHED.into(), after.as_str().into()];
            let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
            let found = connection.query_all_raw(statement).await?;
            if found.is_empty() {
                break;
            }
            for row in found {
                if written >= rows {
                    break 'all;
                }
                let (school, text): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                tables += 1;
                for (place, (code, cell)) in (0_i64..).zip(document::read(&text, decimals)?) {
                    let value = moved(&code, &cell, place + i64::from(year));
                    let digits = value.map(|value| decimal::digits(value, decimals(&code))).unwrap_or_default();
                    let status = if cell.status == Status::Reported { "" } else { cell.status.word() };
                    writeln!(csv, "{school},{PUSHED},{year},{code},{digits},{status},")?;
                    let value = value.map(|value| value.to_string()).unwrap_or_default();
                    writeln!(lines, "{school},{code},{year},{value}")?;
                    written += 1;
                }
                after = school;
            }
        }
    }
    for file in &mut to {
        file.flush()?;
    }
    if written < rows {
        return Err(format!("there are no more than {written} observations to import").into());
    }
    Ok(Files { batch, bare, rows: written, tables })
}

/// The decimals of a synthetic indicator; its last digit says of which kind it is.
fn decimals(code: &str) -> i16 {
    if code.ends_with(['0', '5', '7']) { 2 } else { 0 }
}

/// A figure of the next year: within what is usual. A percentage stays, for it has bounds.
fn moved(code: &str, cell: &Cell, chance: i64) -> Option<i64> {
    let value = cell.value?;
    Some(if code.ends_with('0') { value } else { value + value * (chance % 9 - 4) / 100 })
}

const TABLE: &str = "CREATE TABLE bench_import (
    school_code varchar NOT NULL REFERENCES school (code),
    indicator_code varchar NOT NULL REFERENCES indicator (code),
    period_code varchar NOT NULL,
    value bigint,
    PRIMARY KEY (school_code, indicator_code, period_code)
)";

async fn bare(connection: &DatabaseConnection, files: &Files) -> Outcome<Duration> {
    if connection.get_database_backend() == DbBackend::Sqlite {
        connection.execute_unprepared("PRAGMA foreign_keys = ON").await?;
        connection.execute_unprepared(&format!("{TABLE} WITHOUT ROWID")).await?;
        return insert(connection, files).await;
    }
    connection.execute_unprepared(TABLE).await?;
    let pool = connection.get_postgres_connection_pool();
    let mut file = File::open(&files.bare)?;
    let mut chunk = vec![0; 1 << 20];
    let began = Instant::now();
    let mut copy = pool.copy_in_raw("COPY bench_import FROM STDIN (FORMAT csv)").await?;
    loop {
        let read = file.read(&mut chunk)?;
        match chunk.get(..read) {
            Some([]) | None => break,
            Some(bytes) => copy.send(bytes).await?,
        };
    }
    let copied = copy.finish().await?;
    let took = began.elapsed();
    if copied == files.rows { Ok(took) } else { Err(format!("{copied} rows copied").into()) }
}

/// One transaction of prepared inserts.
async fn insert(connection: &DatabaseConnection, files: &Files) -> Outcome<Duration> {
    let head = "INSERT INTO bench_import (school_code, indicator_code, period_code, value) VALUES ";
    let of = |rows: usize| format!("{head}{}", vec!["(?, ?, ?, ?)"; rows].join(", "));
    let full = of(ROWS);
    let began = Instant::now();
    let tx = connection.begin().await?;
    let mut values: Vec<Value> = Vec::with_capacity(ROWS * 4);
    for line in BufReader::new(File::open(&files.bare)?).lines() {
        let line = line?;
        let mut fields = line.split(',');
        values.extend(fields.by_ref().take(3).map(Value::from));
        values.push(fields.next().and_then(|value| value.parse::<i64>().ok()).into());
        if values.len() == ROWS * 4 {
            let values = std::mem::replace(&mut values, Vec::with_capacity(ROWS * 4));
            tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, &full, values)).await?;
        }
    }
    if !values.is_empty() {
        let rest = of(values.len() / 4);
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, &rest, values)).await?;
    }
    tx.commit().await?;
    Ok(began.elapsed())
}
