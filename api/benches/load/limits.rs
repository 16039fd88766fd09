//! The second server: actix-web as the product has it, answering a constant or what bare SQL says.
//!
//! The SQL is what somebody would write who has one row per observation, the right indexes and nothing
//! else to do: no rights, no statuses, no validation. It goes through SeaORM's raw statements, which
//! hand it to sqlx as it is, prepared once per connection, over a pool like the product's.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::Utc;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;
use zhiqiao::{
    config::Secret,
    db::{Db, Reach},
};

use super::{Outcome, questions};

/// The longest constant.
const LONGEST: usize = 4 << 20;

#[derive(Clone, Debug)]
struct Limits {
    db: Db,
    filler: web::Bytes,
    /// SQLite has no median: whether its own window functions find it faster than we do in the rows.
    windows: bool,
}

/// Serves until it is killed.
pub fn serve(url: &str, port: u16) -> Outcome<()> {
    actix_web::rt::System::new().block_on(async {
        let reach = Reach {
            url: Secret::new(url),
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Some(Duration::from_secs(30)),
        };
        let db = Db::connect(&reach).await?;
        let mut limits = Limits { db, filler: web::Bytes::from(vec![b'x'; LONGEST]), windows: false };
        if limits.db.backend() == DbBackend::Sqlite {
            let rows = limits.time().await?;
            limits.windows = true;
            limits.windows = limits.time().await? < rows;
        }
        let data = web::Data::new(limits);
        HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(LONGEST))
                .route("/ready", web::get().to(async || "ready"))
                .route("/constant/{size}", web::post().to(constant))
                .route("/sql/point", web::post().to(point))
                .route("/sql/nested", web::post().to(nested))
                .route("/sql/aggregate/{by}", web::post().to(aggregate))
                .route("/sql/push/{school}", web::post().to(push))
        })
        .client_request_timeout(Duration::from_secs(10))
        .bind((Ipv4Addr::LOCALHOST, port))?
        .run()
        .await?;
        Ok(())
    })
}

/// What went wrong, for the client to print.
#[derive(Debug)]
struct Broken(super::Fault);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl actix_web::ResponseError for Broken {}

impl<E: Into<super::Fault>> From<E> for Broken {
    fn from(fault: E) -> Self {
        Self(fault.into())
    }
}

type Answered = Result<HttpResponse, Broken>;

fn answered(data: &impl Serialize) -> Answered {
    #[derive(Serialize)]
    struct Outer<'a, T> {
        data: &'a T,
    }
    Ok(HttpResponse::Ok().content_type("application/json").body(serde_json::to_vec(&Outer { data })?))
}

async fn constant(limits: web::Data<Limits>, size: web::Path<usize>, body: web::Bytes) -> HttpResponse {
    std::hint::black_box(body);
    HttpResponse::Ok().content_type("application/json").body(limits.filler.slice(..size.into_inner().min(LONGEST)))
}

impl Limits {
    async fn all(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>, Broken> {
        let statement = Statement::from_sql_and_values(self.db.backend(), sql, values);
        Ok(self.db.read().query_all_raw(statement).await?)
    }

    async fn time(&self) -> Outcome<Duration> {
        let mut times = Vec::new();
        for number in 21..26 {
            let began = Instant::now();
            let code = format!("{}.i{number:03}", questions::PUSHED);
            groups(self, "city", &code).await.map_err(|Broken(fault)| fault)?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Ok(times.get(2).copied().unwrap_or_default())
    }
}

async fn point(limits: web::Data<Limits>, code: String) -> Answered {
    const SQL: &str = "SELECT s.code, s.name, c.code, c.name FROM school s JOIN city c ON c.code = s.city_code \
                       WHERE s.code = $1";
    let rows = limits.all(SQL, [code.into()]).await?;
    let row = rows.first().ok_or("no such school")?;
    answered(&json!({ "school": school(row)? }))
}

fn school(row: &QueryResult) -> Result<serde_json::Value, Broken> {
    let text = |at| row.try_get_by_index::<String>(at);
    Ok(json!({ "code": text(0)?, "name": text(1)?, "city": { "code": text(2)?, "name": text(3)? } }))
}

fn places(from: usize, count: usize) -> String {
    (from..from + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

async fn nested(limits: web::Data<Limits>, body: web::Json<Vec<String>>) -> Answered {
    const SQL: &str = "SELECT s.code, s.name, c.code, c.name FROM school s JOIN city c ON c.code = s.city_code \
                       ORDER BY s.code LIMIT 50";
    let schools = limits.all(SQL, []).await?;
    let codes = schools.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<Vec<_>, _>>()?;

    let sql = format!(
        "SELECT m.school_code, k.code, k.name FROM consortium_member m JOIN consortium k ON k.code = m.consortium_code \
         WHERE m.school_code IN ({}) ORDER BY m.position",
        places(1, codes.len())
    );
    let mut consortia: HashMap<String, Vec<serde_json::Value>> = HashMap::new();
    for row in limits.all(&sql, codes.iter().map(|code| code.as_str().into())).await? {
        let text = |at| row.try_get_by_index::<String>(at);
        let one = json!({ "consortium": { "code": text(1)?, "name": text(2)? } });
        consortia.entry(text(0)?).or_default().push(one);
    }

    let sql = format!(
        "SELECT o.school_code, o.indicator_code, o.value, i.decimals FROM bench_observation o \
         JOIN indicator i ON i.code = o.indicator_code \
         WHERE o.school_code IN ({}) AND o.indicator_code IN ({}) AND o.period_code = '2023'",
        places(1, codes.len()),
        places(1 + codes.len(), body.len())
    );
    let values = codes.iter().chain(body.iter()).map(|code| code.as_str().into());
    let mut observations: HashMap<String, Vec<serde_json::Value>> = HashMap::new();
    for row in limits.all(&sql, values).await? {
        let text = |at| row.try_get_by_index::<String>(at);
        let value = decimal(row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let one = json!({ "indicator": { "code": text(1)? }, "value": value });
        observations.entry(text(0)?).or_default().push(one);
    }

    let mut nodes = Vec::with_capacity(schools.len());
    for (row, code) in schools.iter().zip(&codes) {
        let mut node = school(row)?;
        let members = node.as_object_mut().ok_or("not an object")?;
        members.insert("consortia".to_owned(), consortia.remove(code).unwrap_or_default().into());
        members.insert("observations".to_owned(), observations.remove(code).unwrap_or_default().into());
        nodes.push(node);
    }
    answered(&json!({ "schools": { "nodes": nodes } }))
}

/// Bare SQL may round: it has no exact decimals to keep.
fn decimal(value: i64, decimals: i16) -> serde_json::Value {
    if decimals == 0 {
        return value.into();
    }
    format!("{value}e-{decimals}").parse::<f64>().map_or(serde_json::Value::Null, Into::into)
}

#[derive(Serialize)]
struct Group {
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<City>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<String>,
    cells: [Cell; 1],
}

#[derive(Serialize)]
struct City {
    code: String,
}

#[derive(Serialize)]
struct Cell {
    sum: i64,
    mean: f64,
    median: f64,
}

async fn aggregate(limits: web::Data<Limits>, by: web::Path<String>, code: String) -> Answered {
    let groups: Vec<Group> = groups(&limits, &by, &code)
        .await?
        .into_iter()
        .map(|(key, cell)| match by.as_str() {
            "tier" => Group { city: None, tier: Some(key.to_uppercase()), cells: [cell] },
            _ => Group { city: Some(City { code: key }), tier: None, cells: [cell] },
        })
        .collect();
    answered(&json!({ "aggregate": { "groups": groups } }))
}

async fn groups(limits: &Limits, by: &str, code: &str) -> Result<Vec<(String, Cell)>, Broken> {
    let (key, filter) = match by {
        "tier" => ("s.tier", ""),
        "public" => ("s.city_code", "AND s.ownership = 'public'"),
        _ => ("s.city_code", ""),
    };
    let from = format!(
        "FROM bench_observation o JOIN school s ON s.code = o.school_code \
         WHERE o.indicator_code = $1 AND o.period_code = '2023' {filter}"
    );
    let sql = match (limits.db.backend(), limits.windows) {
        (DbBackend::Sqlite, false) => format!("SELECT {key}, o.value {from} ORDER BY 1, 2"),
        (DbBackend::Sqlite, true) => format!(
            "WITH ranked AS (
                SELECT {key} AS key, o.value, row_number() OVER (PARTITION BY {key} ORDER BY o.value) AS place,
                    count(*) OVER (PARTITION BY {key}) AS count {from}
             )
             SELECT key, sum(value), avg(value),
                avg(CASE WHEN place IN ((count + 1) / 2, (count + 2) / 2) THEN value END)
             FROM ranked GROUP BY key ORDER BY key"
        ),
        _ => format!(
            "SELECT {key}, sum(o.value)::bigint, avg(o.value)::float8,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY o.value)
             {from} GROUP BY {key} ORDER BY 1"
        ),
    };
    let rows = limits.all(&sql, [code.into()]).await?;
    if limits.db.backend() == DbBackend::Sqlite && !limits.windows {
        return in_rows(&rows);
    }
    rows.iter()
        .map(|row| {
            let cell = Cell {
                sum: row.try_get_by_index(1)?,
                mean: row.try_get_by_index(2)?,
                median: row.try_get_by_index(3)?,
            };
            Ok((row.try_get_by_index(0)?, cell))
        })
        .collect()
}

/// The same from rows in order.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "bare SQL counts in floating point, too")]
fn in_rows(rows: &[QueryResult]) -> Result<Vec<(String, Cell)>, Broken> {
    let mut groups: Vec<(String, Vec<i64>)> = Vec::new();
    for row in rows {
        let (key, value): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match groups.last_mut() {
            Some((last, values)) if *last == key => values.push(value),
            _ => groups.push((key, vec![value])),
        }
    }
    let cell = |values: &[i64]| {
        let sum: i64 = values.iter().sum();
        let at = |place: usize| values.get(place).copied().unwrap_or_default() as f64;
        let count = values.len();
        Cell { sum, mean: sum as f64 / count as f64, median: f64::midpoint(at((count - 1) / 2), at(count / 2)) }
    };
    Ok(groups
        .into_iter()
        .map(|(key, values)| {
            let cell = cell(&values);
            (key, cell)
        })
        .collect())
}

async fn push(limits: web::Data<Limits>, school: web::Path<String>, body: String) -> Answered {
    const DOCUMENT: &str = "INSERT INTO bench_document (school_code, dataset_code, period_code, document) \
                            VALUES ($1, $2, '2024', $3) ON CONFLICT (school_code, dataset_code, period_code) \
                            DO UPDATE SET document = excluded.document";
    const JOURNAL: &str = "INSERT INTO bench_journal (id, at, actor, object) VALUES ($1, $2, $3, $4)";
    let backend = limits.db.backend();
    let school = school.into_inner();
    let tx = limits.db.begin().await?;
    let values = [school.clone().into(), questions::PUSHED.into(), body.into()];
    tx.execute_raw(Statement::from_sql_and_values(backend, DOCUMENT, values)).await?;
    let object = format!("{school}/{}/2024", questions::PUSHED);
    let values: [Value; 4] =
        [Uuid::now_v7().into(), Utc::now().to_rfc3339().into(), format!("client:{school}").into(), object.into()];
    tx.execute_raw(Statement::from_sql_and_values(backend, JOURNAL, values)).await?;
    tx.commit().await?;
    answered(&json!({ "school": school }))
}
