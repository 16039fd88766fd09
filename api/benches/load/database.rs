//! A database filled by `synth`, and beside it one row per observation for the bare SQL.

use std::{path::Path, time::Instant};

use entity::words::{Duty, Role, Severity};
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
        keys, rules,
        synth::{self, Size},
    },
    house,
};

use super::{Outcome, questions};

/// As many as a nation has.
pub const SCHOOLS: u32 = 11_000;

/// Rules of the table that is pushed, as many as the widest table of the reference data has: every push and
/// every table of a batch is judged by them.
const RULES: [&str; 7] = [
    "synthetic_1.i002 <= 50.0 * synthetic_1.i001",
    "synthetic_1.i003 + synthetic_1.i004 <= 100.0 * synthetic_1.i001",
    "synthetic_1.i010 <= 100.0 && synthetic_1.i020 <= 100.0",
    "synthetic_1.i006 >= 0.0 || synthetic_1.i008 >= 0.0",
    "synthetic_1.i011 / synthetic_1.i001 < 50.0",
    "synthetic_1.i001 <= 2.0 * prev.synthetic_1.i001",
    "synthetic_1.i012 + synthetic_1.i014 + synthetic_1.i016 <= 200.0 * synthetic_1.i001",
];

/// What the private signing key is encrypted with.
pub const ENCRYPTION_KEY: &str = "YSBrZXkgZm9yIHRlc3RzLCBhbmQgbm8gb3RoZXIhISE=";

/// How many schools push at once.
const PUSHERS: u32 = 32;

/// A database ready to be asked.
#[derive(Debug)]
pub struct Prepared {
    /// Where it is.
    pub url: String,
    /// Client id and secret, one for each school that pushes.
    pub clients: Vec<(String, String)>,
    /// Client id and secret of the province.
    pub province: (String, String),
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

/// One connection.
pub async fn connect(url: &str) -> Outcome<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

/// Fills a database with so many schools.
pub async fn prepare(url: &str, folder: &Path, schools: u32) -> Outcome<Prepared> {
    let file = folder.join("prepare.toml");
    std::fs::write(&file, format!("[database]\nurl = {url:?}\n[keys]\nencryption_key = {ENCRYPTION_KEY:?}\n"))?;
    let config = Config::load(Some(&file))?;
    let db = Db::connect(&house::reach(&config)).await?;
    house::migrate(&db).await?;
    let house = House::over(config, db).await?;
    let ctx = house.ctx(Actor::system("bench"));
    keys::rotate(&ctx).await?;
    let size = Size { schools, indicators: 200, years: 1, seed: 1 };
    let summary = synth::fill(&ctx, size, false, &mut |_, _| {}).await?;
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
    add_rules(&province).await?;
    let clients = add_clients(&ctx).await?;
    let province = add_client(&ctx, Role::Province, "990000").await?;
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
        province,
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

async fn add_rules(province: &Ctx) -> Outcome<()> {
    for (number, expression) in (1..).zip(RULES) {
        let new = rules::New {
            code: format!("{}.rule_{number}", questions::PUSHED),
            severity: Severity::Warning,
            expression: expression.to_owned(),
            message_zh: format!("合成规则 {number}"),
            message_en: format!("Synthetic rule {number}"),
            is_enabled: true,
            valid_from: None,
            valid_to: None,
        };
        rules::add(province, new).await?;
    }
    Ok(())
}

async fn add_clients(ctx: &Ctx) -> Outcome<Vec<(String, String)>> {
    let mut added = Vec::new();
    for number in 1..=PUSHERS {
        added.push(add_client(ctx, Role::School, &school(number)).await?);
    }
    Ok(added)
}

async fn add_client(ctx: &Ctx, role: Role, org: &str) -> Outcome<(String, String)> {
    let add = Add {
        client_id: format!("bench-{org}"),
        name: format!("Benchmark {org}"),
        role,
        org: Some(org.to_owned()),
        duty: Duty::All,
        secret: ClientSecret::Random,
    };
    let told = clients::add(ctx, add).await?;
    Ok((told.row.client_id, told.secret.expose().to_owned()))
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
