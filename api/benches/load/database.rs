//! A database filled by `synth`, and beside it one row per observation for the bare SQL.

use std::{path::Path, time::Instant};

use entity::words::{Duty, Role};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::value::RawValue;
use zhiqiao::{
    House,
    authz::Actor,
    config::Config,
    ctx::Ctx,
    db::Db,
    domain::{
        clients::{self, Add, ClientSecret},
        keys,
        synth::{self, Size},
    },
    house,
};

use super::{Outcome, questions};

/// As in the figures of the alternatives.
const SIZE: Size = Size { schools: 11_000, indicators: 200, years: 1, seed: 1 };

/// How many schools push at once.
const PUSHERS: u32 = 32;

/// A database ready to be asked.
#[derive(Debug)]
pub struct Prepared {
    /// Where it is.
    pub url: String,
    /// Client id and secret, one for each school that pushes.
    pub clients: Vec<(String, String)>,
    /// For each of those schools two bodies that take turns.
    pub bodies: Vec<[String; 2]>,
    /// What it took.
    pub filled: String,
}

/// The code of a synthetic school.
pub fn school(number: u32) -> String {
    format!("9{number:05}")
}

/// Makes a database of its own on the server.
pub async fn create(server: &str) -> Outcome<String> {
    let name = format!("zhiqiao_bench_{}", std::process::id());
    let connection = connect(server).await?;
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
    connection.close().await?;
    let (host, _) = server.rsplit_once('/').ok_or("the URL of PostgreSQL names no database")?;
    Ok(format!("{host}/{name}"))
}

/// Removes it again.
pub async fn remove(server: &str, url: &str) -> Outcome<()> {
    let (_, name) = url.rsplit_once('/').ok_or("no name")?;
    let connection = connect(server).await?;
    connection.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    Ok(connection.close().await?)
}

async fn connect(url: &str) -> Outcome<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

/// Fills a database.
pub async fn prepare(url: &str, folder: &Path) -> Outcome<Prepared> {
    let file = folder.join("prepare.toml");
    std::fs::write(&file, format!("[database]\nurl = {url:?}\n"))?;
    let config = Config::load(Some(&file))?;
    let db = Db::connect(&house::reach(&config)).await?;
    house::migrate(&db).await?;
    let house = House::over(config, db).await?;
    let ctx = house.ctx(Actor::system("bench"));
    keys::rotate(&ctx).await?;
    let summary = synth::fill(&ctx, SIZE, false, &mut |_, _| {}).await?;
    let began = Instant::now();
    let province = ctx.as_(Actor::with(zhiqiao::authz::Role::Province, None, "job:bench", "bench"));
    let new = zhiqiao::domain::releases::New {
        period: None,
        kind: entity::words::ReleaseKind::Major,
        publish_at: None,
        note: "Synthetic data of a benchmark".to_owned(),
    };
    zhiqiao::domain::releases::create(&province, new).await?;
    let released = began.elapsed();
    let clients = add_clients(&ctx).await?;
    house.db.clone().close().await?;

    let connection = connect(url).await?;
    let began = Instant::now();
    let statements = match connection.get_database_backend() {
        DbBackend::Sqlite => SQLITE,
        _ => POSTGRESQL,
    };
    for statement in statements {
        connection.execute_unprepared(statement).await?;
    }
    let rows = began.elapsed();
    let bodies = bodies(&connection).await?;
    connection.close().await?;
    let observations = u32::try_from(summary.written.observations)?;
    Ok(Prepared {
        url: url.to_owned(),
        clients,
        bodies,
        filled: format!(
            "{observations} observations in {} tables, written by `synth` in {:.1} s = {:.0} observations/s; \
             release built in {:.1} s; the same as one row per observation, inside the database, in {:.1} s",
            summary.written.tables,
            summary.took.as_secs_f64(),
            f64::from(observations) / summary.took.as_secs_f64(),
            released.as_secs_f64(),
            rows.as_secs_f64(),
        ),
    })
}

async fn add_clients(ctx: &Ctx) -> Outcome<Vec<(String, String)>> {
    let mut added = Vec::new();
    for number in 1..=PUSHERS {
        let org = school(number);
        let add = Add {
            client_id: format!("bench-{org}"),
            name: format!("Benchmark {org}"),
            role: Role::School,
            org: Some(org),
            duty: Duty::All,
            secret: ClientSecret::Random,
        };
        let told = clients::add(ctx, add).await?;
        added.push((told.row.client_id, told.secret.expose().to_owned()));
    }
    Ok(added)
}

/// What the schools push for the next year: the figures of this year, and the same with one moved by one.
async fn bodies(connection: &DatabaseConnection) -> Outcome<Vec<[String; 2]>> {
    #[derive(serde::Deserialize)]
    struct Document {
        observations: std::collections::BTreeMap<String, Box<RawValue>>,
    }
    let sql = "SELECT document FROM revision WHERE school_code = $1 AND dataset_code = $2 AND number = 1";
    let mut bodies = Vec::new();
    for number in 1..=PUSHERS {
        let values = [school(number).into(), questions::PUSHED.into()];
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        let row = connection.query_one_raw(statement).await?.ok_or("no document")?;
        let text: String = row.try_get_by_index(0)?;
        let document: Document = serde_json::from_str(&text)?;
        let mut pair = [String::new(), String::new()];
        for (more, body) in pair.iter_mut().enumerate() {
            let mut cells = document.observations.iter().map(|(code, cell)| (code, cell.get().to_owned()));
            let (code, cell) = cells.next().ok_or("an empty table")?;
            let moved = cell.parse::<usize>()? + more;
            let rest: String = cells.map(|(code, cell)| format!(",{code:?}:{cell}")).collect();
            *body = format!("{{\"observations\":{{{code:?}:{moved}{rest}}}}}");
        }
        bodies.push(pair);
    }
    Ok(bodies)
}

/// Indexes for every question that is asked, each holding all columns it needs.
const SQLITE: &[&str] = &[
    "PRAGMA foreign_keys = OFF",
    "CREATE TABLE bench_observation (
        school_code varchar NOT NULL REFERENCES school (code),
        indicator_code varchar NOT NULL REFERENCES indicator (code),
        period_code varchar NOT NULL REFERENCES period (code),
        value bigint NOT NULL,
        PRIMARY KEY (school_code, indicator_code, period_code)
    ) WITHOUT ROWID",
    "INSERT INTO bench_observation
        SELECT o.school_code, o.indicator_code, o.period_code,
            CAST(round(o.value * CASE i.decimals WHEN 2 THEN 100 ELSE 1 END) AS integer)
        FROM observation o JOIN indicator i ON i.code = o.indicator_code
        WHERE o.value IS NOT NULL ORDER BY 1, 2, 3",
    "CREATE INDEX bench_by_indicator ON bench_observation (indicator_code, period_code, school_code, value)",
    "CREATE TABLE bench_document (
        school_code varchar NOT NULL REFERENCES school (code),
        dataset_code varchar NOT NULL REFERENCES dataset (code),
        period_code varchar NOT NULL,
        document text NOT NULL,
        PRIMARY KEY (school_code, dataset_code, period_code)
    )",
    "CREATE TABLE bench_journal (id uuid NOT NULL PRIMARY KEY, at text NOT NULL, actor text NOT NULL, object text NOT NULL)",
    "ANALYZE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
];

const POSTGRESQL: &[&str] = &[
    "CREATE TABLE bench_observation (
        school_code varchar NOT NULL, indicator_code varchar NOT NULL, period_code varchar NOT NULL, value bigint NOT NULL
    )",
    "INSERT INTO bench_observation
        SELECT o.school_code, o.indicator_code, o.period_code,
            round(o.value * CASE i.decimals WHEN 2 THEN 100 ELSE 1 END)::bigint
        FROM observation o JOIN indicator i ON i.code = o.indicator_code
        WHERE o.value IS NOT NULL ORDER BY 1, 2, 3",
    "ALTER TABLE bench_observation
        ADD PRIMARY KEY (school_code, indicator_code, period_code),
        ADD FOREIGN KEY (school_code) REFERENCES school (code),
        ADD FOREIGN KEY (indicator_code) REFERENCES indicator (code),
        ADD FOREIGN KEY (period_code) REFERENCES period (code)",
    "CREATE INDEX bench_by_indicator ON bench_observation (indicator_code, period_code) INCLUDE (school_code, value)",
    "CREATE TABLE bench_document (
        school_code varchar NOT NULL REFERENCES school (code),
        dataset_code varchar NOT NULL REFERENCES dataset (code),
        period_code varchar NOT NULL,
        document text NOT NULL,
        PRIMARY KEY (school_code, dataset_code, period_code)
    )",
    "CREATE TABLE bench_journal (id uuid NOT NULL PRIMARY KEY, at text NOT NULL, actor text NOT NULL, object text NOT NULL)",
    "VACUUM ANALYZE",
    "CHECKPOINT",
];
