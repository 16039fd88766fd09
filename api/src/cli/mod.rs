//! The command line: one file a command. Each enters the house at `domain`, under a name of its own.

pub mod audit;
pub mod backup;
pub mod client;
pub mod demo;
pub mod key;
pub mod load;
pub mod migrate;
pub mod output;
pub mod print;
pub mod receipt;
pub mod reconcile;
pub mod release;
pub mod report;
pub mod serve;
pub mod synth;
pub mod user;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Parser, Subcommand};

use crate::{
    House,
    authz::Actor,
    config::{Config, ConfigFaults},
    ctx::Ctx,
    error::{Error, Finding, Language},
    house, telemetry,
};

/// The vocational-education data exchange of a province. 职桥：省级职业教育数据交换平台。
#[derive(Debug, Parser)]
#[command(name = "zhiqiao", version, about, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// A configuration file instead of ./zhiqiao.toml; ZHIQIAO_* variables win over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Show the whole chain of causes when something fails.
    #[arg(long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: SQLite, the Gansu 2023 reference data, demo accounts, on this machine only.
    Demo(demo::Args),
    /// Run the service, configured by zhiqiao.toml and ZHIQIAO_* variables.
    Serve,
    /// Bring the database schema up, take it down a step, or show where it stands.
    Migrate(migrate::Args),
    /// Load a folder of reference data (CSV): registry, catalogue and claims; all or nothing.
    Load(load::Args),
    /// People who sign in.
    User(user::Args),
    /// Service accounts: a school's system, an analyst's script.
    Client(client::Args),
    /// The keys that sign tokens and releases.
    Key(key::Args),
    /// Print the GraphQL schema (SDL), equal to schema.graphql.
    Schema,
    /// Print the OpenAPI 3.1 document, equal to /openapi.json.
    Openapi,
    /// The journal as evidence: verify, sign, export, and remove what is over.
    Audit(audit::Args),
    /// Copy a SQLite database while the service runs.
    Backup(backup::Args),
    /// Put a copy of a SQLite database in place, after verifying it.
    Restore(backup::RestoreArgs),
    /// Signed receipts: check one offline.
    Receipt(receipt::Args),
    /// Published versions: build, list, verify.
    Release(release::Args),
    /// Hold every printed figure against the data, and against the others.
    Reconcile(reconcile::Args),
    /// Write the annual report's tables and drawings.
    Report(report::Args),
    /// Write synthetic, clearly labelled data of any size.
    Synth(synth::Args),
}

/// Why a command ended without doing its work.
#[derive(Debug)]
pub enum Failure {
    /// The work failed.
    Work(Error),
    /// The configuration is at fault, or a precondition that the operator must mend.
    Refused(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Work(error)
    }
}

impl From<ConfigFaults> for Failure {
    fn from(faults: ConfigFaults) -> Self {
        Self::Refused(faults.to_string())
    }
}

impl Failure {
    /// What is said on stderr; with the chain of causes where it was asked for.
    pub fn text(&self, verbose: bool) -> String {
        match self {
            Self::Refused(text) => text.clone(),
            Self::Work(error) => {
                let public = error.public();
                // An operator at the console is one of us: our own faults are said in full.
                let mut text = match error {
                    Error::Db(cause) | Error::Contended(cause) => format!("database: {cause}"),
                    Error::Internal(cause) => format!("internal: {cause}"),
                    Error::Unavailable(why) => format!("unavailable: {why}"),
                    Error::Invalid(findings) => findings_text(&public.en, findings),
                    _ => public.en.clone(),
                };
                if public.zh != public.en && !matches!(error, Error::Invalid(_)) {
                    text.push_str(&format!(" / {}", public.in_(Language::Chinese)));
                }
                if verbose {
                    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
                    while let Some(inner) = cause {
                        text.push_str(&format!("\n  caused by: {inner}"));
                        cause = inner.source();
                    }
                }
                text
            }
        }
    }
}

fn findings_text(summary: &str, findings: &[Finding]) -> String {
    // What follows here are the errors that the summary points to.
    let mut text = summary.replace(", see errors", ":");
    for one in findings {
        text.push_str(&format!("\n  {}  {} / {}", one.pointer, one.message.en, one.message.zh));
        if let Some(expected) = &one.expected {
            text.push_str(&format!("; expected {expected}"));
        }
        if let Some(got) = one.got.as_ref().filter(|got| !got.is_empty()) {
            text.push_str(&format!("; got {got}"));
        }
    }
    text
}

impl Cli {
    /// Whether causes are to be shown.
    pub const fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Runs the command to its end.
    pub async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Schema => return Ok(print::schema()?),
            Command::Openapi => return Ok(print::openapi()?),
            Command::Receipt(args) => return receipt::run(args),
            Command::Audit(args) if args.offline() => return audit::run_offline(args),
            Command::Release(args) if args.offline() => return release::run_offline(&args),
            Command::Backup(args) => return backup::run(args, &configured(self.config.as_deref())?).await,
            Command::Restore(args) => return backup::restore(args, &configured(self.config.as_deref())?).await,
            Command::Key(args) if args.is_secret() => return Ok(key::secret()?),
            Command::Demo(args) => return demo::run(args).await,
            Command::Serve => return serve::run(self.config.as_deref()).await,
            Command::Migrate(args) => return migrate::run(args, &configured(self.config.as_deref())?).await,
            _ => {}
        }
        let config = match &self.command {
            Command::Reconcile(args) => found(self.config.as_deref(), args.data_dir.as_deref())?,
            Command::Report(args) => found(self.config.as_deref(), args.data_dir.as_deref())?,
            _ => configured(self.config.as_deref())?,
        };
        let house = at_work(&config).await?;
        match self.command {
            Command::Load(args) => load::run(args, &as_job(&house, "load")).await?,
            Command::User(args) => user::run(args, &as_job(&house, "user")).await?,
            Command::Client(args) => client::run(args, &as_job(&house, "client")).await?,
            Command::Audit(args) => audit::run(args, &house, &as_job(&house, "audit")).await?,
            Command::Key(args) => key::run(args, &as_job(&house, "key")).await?,
            Command::Release(args) => release::run(args, &house).await?,
            Command::Report(args) => report::run(args, &house).await?,
            Command::Reconcile(args) => reconcile::run(args, &house).await?,
            Command::Synth(args) => synth::run(args, &as_job(&house, "synth")).await?,
            Command::Demo(_)
            | Command::Serve
            | Command::Migrate(_)
            | Command::Schema
            | Command::Openapi
            | Command::Backup(_)
            | Command::Restore(_)
            | Command::Receipt(_) => {}
        }
        Ok(())
    }
}

fn configured(path: Option<&std::path::Path>) -> Result<Config, Failure> {
    let config = Config::load(path)?;
    telemetry::init(&config.log);
    Ok(config)
}

/// The configuration of a command that only reads: where none is there, the demo's data in this folder.
fn found(path: Option<&Path>, data_dir: Option<&Path>) -> Result<Config, Failure> {
    const DEMO: &str = "zhiqiao-data";
    let has_database = |dir: &Path| dir.join("zhiqiao.db").is_file();
    let is_named = std::env::var_os("ZHIQIAO_DATABASE__URL").is_some_and(|url| !url.is_empty());
    let dir = match data_dir {
        Some(dir) if !has_database(dir) => {
            let dir = dir.display();
            return Err(Failure::Refused(format!(
                "there is no zhiqiao.db in {dir}: `zhiqiao demo --data-dir {dir}` makes one / {dir} 中没有演示数据"
            )));
        }
        Some(dir) => dir,
        None if path.is_none() && !is_named && !Path::new("zhiqiao.toml").exists() && has_database(Path::new(DEMO)) => {
            Path::new(DEMO)
        }
        None => return configured(path),
    };
    let config = Config::for_demo(0, dir)?;
    telemetry::init(&config.log);
    Ok(config)
}

/// The house for a command that works on the data: the schema must be the binary's own.
async fn at_work(config: &Config) -> Result<Arc<House>, Failure> {
    let db = crate::db::Db::connect(&house::reach(config)).await?;
    migrate::expect_current(&db).await?;
    Ok(House::over(config.clone(), db).await?)
}

fn as_job(house: &House, task: &str) -> Ctx {
    house.ctx(Actor::system(task))
}
