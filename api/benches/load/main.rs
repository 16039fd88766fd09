//! The load run: the release binary, and beside it the two limits it is held against.
//!
//! `cargo xtask bench` calls it. For SQLite, and for PostgreSQL where `BENCH_DATABASE_URL` names a server,
//! it fills a database with 11,000 synthetic schools × 200 indicators and a release, lays one row per
//! observation beside it, starts `zhiqiao serve` and a second server that answers a constant or runs
//! the bare SQL through the same driver, and asks all three the same questions in alternating rounds.
//! Everything is asked by the same client over connections that stay open. Then it measures how soon
//! a commit reaches a reader of the feed, and imports a file of three million observations beside a
//! bare `COPY` of the same. The tables go to stdout as Markdown, for `docs/performance.md`.
//!
//! `--quick` measures less often and imports a tenth. `--only=…` takes a part: a database (`sqlite`,
//! `postgresql`) or a question (`cold`, `reads`, `push`, `feed`, `import`), several by several.
//! `--rows=…` and `--schools=…` are for trying the bench itself. `limits DATABASE PORT` as arguments
//! makes it the second server.

#![expect(clippy::print_stdout, reason = "a benchmark talks to the person at the terminal")]

mod client;
mod database;
mod feed;
mod import;
mod limits;
mod process;
mod questions;
mod report;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use client::{Asks, Figures};
use database::Prepared;
use process::Process;
use questions::{Question, Target};
use report::Report;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Fault = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Fault>;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Alternating rounds; the median counts.
    rounds: usize,
    /// One measurement.
    span: Duration,
    /// Restarts for the cold query.
    restarts: usize,
    /// Commits whose delivery is timed.
    deliveries: usize,
    /// Observations of the import.
    rows: u64,
}

const FULL: Effort =
    Effort { rounds: 5, span: Duration::from_millis(1_000), restarts: 7, deliveries: 400, rows: 3_000_000 };
const QUICK: Effort =
    Effort { rounds: 3, span: Duration::from_millis(300), restarts: 3, deliveries: 100, rows: 300_000 };

/// What can be asked for alone.
const DATABASES: &[&str] = &["sqlite", "postgresql"];
const PARTS: &[&str] = &["cold", "reads", "push", "feed", "import"];

/// What is measured.
#[derive(Clone, Debug)]
struct Options {
    effort: Effort,
    schools: u32,
    only: Vec<String>,
}

impl Options {
    fn read(arguments: &[&str]) -> Outcome<Self> {
        let effort = if arguments.contains(&"--quick") { QUICK } else { FULL };
        let mut options = Self { effort, schools: database::SCHOOLS, only: Vec::new() };
        for argument in arguments {
            match argument.split_once('=') {
                Some(("--only", name)) if DATABASES.contains(&name) || PARTS.contains(&name) => {
                    options.only.push(name.to_owned());
                }
                Some(("--rows", rows)) => options.effort.rows = rows.parse()?,
                Some(("--schools", schools)) => options.schools = schools.parse()?,
                None if ["--quick", "--bench"].contains(argument) => {}
                _ => {
                    return Err(format!("{argument}: not known; --only= takes {DATABASES:?} and {PARTS:?}").into());
                }
            }
        }
        Ok(options)
    }

    /// Whether one of a group is wanted: all of them are while none is named.
    fn wants(&self, group: &[&str], name: &str) -> bool {
        let mut named = self.only.iter().filter(|one| group.contains(&one.as_str())).peekable();
        named.peek().is_none() || named.any(|one| one == name)
    }
}

/// Open connections, few and many.
const CONNECTIONS: [usize; 2] = [1, 32];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["limits", url, port] => limits::serve(url, port.parse()?),
        options if options.contains(&"--bench") => {
            let options = Options::read(options)?;
            // One thread: the servers need the processors more.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(both(&options))
        }
        // `cargo test --all-targets` comes by; there is nothing to test.
        _ => Ok(()),
    }
}

async fn both(options: &Options) -> Outcome<()> {
    let folder = tempfile::Builder::new().prefix("load-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    if options.wants(DATABASES, "sqlite") {
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("zhiqiao.db").display());
        one("SQLite", &url, folder.path(), options).await?;
    }
    match std::env::var("BENCH_DATABASE_URL") {
        Ok(server) if options.wants(DATABASES, "postgresql") => {
            let url = database::create(&server).await?;
            let outcome = one("PostgreSQL", &url, folder.path(), options).await;
            database::remove(&server, &url).await?;
            outcome?;
        }
        Err(_) if options.wants(DATABASES, "postgresql") => {
            println!("\nPostgreSQL: SKIPPED, BENCH_DATABASE_URL is not set")
        }
        _ => {}
    }
    Ok(())
}

/// Everything on one database.
async fn one(name: &str, url: &str, folder: &Path, options: &Options) -> Outcome<()> {
    let began = Instant::now();
    let prepared = database::prepare(url, folder, options.schools).await?;
    eprintln!("{name}: {} (all in {:.0} s)", prepared.filled, began.elapsed().as_secs_f64());
    let mut report = Report::new(name, &prepared.filled);

    if options.wants(PARTS, "cold") {
        cold(&prepared, folder, options.effort, &mut report).await?;
    }
    if options.wants(PARTS, "reads") || options.wants(PARTS, "push") {
        warm(name, &prepared, folder, options, &mut report).await?;
    }
    if options.wants(PARTS, "feed") {
        let here = Process::product(&prepared, folder).await?;
        let deliveries = options.effort.deliveries;
        report.feed("the same", deliveries, feed::measure([&here, &here], &prepared, 2026, deliveries).await?);
        if !url.starts_with("sqlite:") {
            let there = Process::product(&prepared, folder).await?;
            report.feed("another", deliveries, feed::measure([&here, &there], &prepared, 2027, deliveries).await?);
        }
        eprintln!("{name}: feed");
    }
    if options.wants(PARTS, "import") {
        report.import(&import::measure(&prepared, folder, options.effort.rows).await?);
    }
    println!("{}", report.text());
    eprintln!("{name}: {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Every question, of all that answer it, over few connections and many.
async fn warm(name: &str, prepared: &Prepared, folder: &Path, options: &Options, report: &mut Report) -> Outcome<()> {
    let service = Process::product(prepared, folder).await?;
    let limits = Process::limits(prepared).await?;
    let tokens = client::tokens(service.address, &prepared.clients).await?;
    for question in questions::all(prepared, &tokens) {
        if !options.wants(PARTS, if question.is_push() { "push" } else { "reads" }) {
            continue;
        }
        let size = check(&service, &limits, &question).await?;
        for connections in CONNECTIONS {
            let targets = [
                (Target::Constant, question.constant(size), limits.address),
                (Target::Sql, question.sql.clone(), limits.address),
                (Target::Service, question.service.clone(), service.address),
            ];
            let mut rounds: [Vec<Figures>; 3] = Default::default();
            for _ in 0..options.effort.rounds {
                for (figures, (_, asks, address)) in rounds.iter_mut().zip(&targets) {
                    if !asks.is_empty() {
                        let measured = client::load(*address, asks, connections, options.effort.span).await;
                        figures.push(measured.map_err(|fault| format!("{} at {connections}: {fault}", question.name))?);
                    }
                }
            }
            report.warm(&question, connections, &rounds, size);
            eprintln!("{name}: {} at {connections}", question.name);
        }
    }
    report.note(format!("Memory of the service after that: {}", service.memory()));
    Ok(())
}

/// Whether all three answer the question, and how long the service's answer is.
async fn check(service: &Process, limits: &Process, question: &Question) -> Outcome<usize> {
    let answer = client::once(service.address, question.service.first()).await?;
    let text = String::from_utf8_lossy(&answer);
    if text.contains("\"errors\":[{") || !text.contains(question.expects) {
        return Err(format!("{}: {}", question.name, text.chars().take(600).collect::<String>()).into());
    }
    if !question.sql.is_empty() {
        let sql = client::once(limits.address, question.sql.first()).await?;
        if !String::from_utf8_lossy(&sql).contains(question.expects) {
            return Err(format!("{}: the SQL says {}", question.name, String::from_utf8_lossy(&sql)).into());
        }
    }
    Ok(answer.len())
}

/// The first aggregate of a process that has read no column yet, and the first of each further indicator.
async fn cold(prepared: &Prepared, folder: &Path, effort: Effort, report: &mut Report) -> Outcome<()> {
    let mut first: [Vec<Duration>; 2] = Default::default();
    let mut further: [Vec<Duration>; 2] = Default::default();
    let mut starts = Vec::new();
    for _ in 0..effort.restarts {
        let began = Instant::now();
        let service = Process::product(prepared, folder).await?;
        starts.push(began.elapsed());
        let limits = Process::limits(prepared).await?;
        for (target, address) in [(Target::Service, service.address), (Target::Sql, limits.address)] {
            let place = usize::from(target == Target::Sql);
            let mut connection = client::Connection::open(address).await?;
            // The way there is warm: a connection, a handler, a first statement.
            connection.ask(questions::point(target, None).first()).await?;
            for number in questions::COLD {
                let ask = questions::aggregate(target, number);
                let began = Instant::now();
                connection.ask(ask.first()).await?;
                let took = began.elapsed();
                let of = if number == questions::COLD.start { &mut first } else { &mut further };
                of.get_mut(place).ok_or("a place")?.push(took);
            }
        }
    }
    report.cold(&first, &further, &starts);
    Ok(())
}

/// The one request of a list that stands for all.
trait First {
    fn first(&self) -> &[u8];
}

impl First for Asks {
    fn first(&self) -> &[u8] {
        <[Vec<Vec<u8>>]>::first(self).and_then(|list| list.first()).map_or(&[], Vec::as_slice)
    }
}
