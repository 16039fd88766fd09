//! One configuration, checked whole before anything starts.
//!
//! Three layers, the later wins: the commented defaults compiled in from
//! `zhiqiao.default.toml`, then `zhiqiao.toml` (or the file given by `--config`),
//! then `ZHIQIAO_*` from the environment, where `__` goes one level down:
//! `ZHIQIAO_DATABASE__URL`. Every fault of all layers is named at once.
//!
//! What a key may hold stands in one table, `keys::KEYS`. A new setting is a field
//! here, a row there, and a commented line in the defaults; a test compares them.

mod addresses;
mod encryption;
mod faults;
mod keys;
mod layers;
mod matching;
mod protection;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{Figment, value::Value};
use serde::Deserialize;

use self::layers::Layer;
pub use self::{
    encryption::EncryptionKey,
    faults::{ConfigFaults, Fault},
    matching::{Matching, Neighbours},
    protection::{Cors, Graphql, Network, Pace, Rate, Shown, Tls},
};
use crate::error::Text;

const DEFAULTS: &str = include_str!("zhiqiao.default.toml");
const FILE: &str = "zhiqiao.toml";

/// All settings of one instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port of the service.
    pub listen: SocketAddr,
    /// The address clients use, without a slash at the end; the issuer of every token.
    pub public_url: String,
    /// Where the data are.
    pub database: Database,
    /// Access tokens.
    pub token: Token,
    /// Passwords, second factors and lockouts.
    pub people: People,
    /// The key that private signing keys and second factors are encrypted with.
    pub keys: Keys,
    /// Bounds of one request.
    pub limits: Limits,
    /// The metrics listener.
    pub metrics: Metrics,
    /// What is logged, and how.
    pub log: Log,
    /// The process itself.
    pub server: Server,
    /// Messages about events.
    pub webhooks: Webhooks,
    /// Evidence.
    pub audit: Audit,
    /// How long each step of the certification of teachers may take.
    pub certification: Certification,
    /// By what supply and demand are matched.
    pub matching: Matching,
    /// How much a caller may ask for.
    pub rate: Rate,
    /// What of GraphQL is shown to whom.
    pub graphql: Graphql,
    /// Pages of other origins.
    pub cors: Cors,
    /// Encryption by the service itself.
    pub tls: Tls,
}

/// Where the data are, and how patiently to ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; may hold a password.
    pub url: Secret,
    /// Connections of this instance (SQLite: readers).
    pub max_connections: u32,
    /// How long a request waits for a free connection.
    pub acquire_timeout_seconds: u64,
    /// How long one SQL statement may run on PostgreSQL.
    pub statement_timeout_seconds: u64,
    /// What to do if the service's role owns the tables, and so could change what is written once (PostgreSQL).
    pub owner: Owner,
}

/// Access tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The `aud` claim.
    pub audience: String,
    /// From `iat` to `exp`; never above 15 minutes.
    pub lifetime_seconds: u64,
    /// How long a sign-in may be refreshed altogether.
    pub refresh_lifetime_seconds: u64,
    /// How long a refresh token waits to be used.
    pub refresh_idle_seconds: u64,
}

/// What private signing keys and second factors are encrypted with: 32 bytes, from one place, never in the database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The key itself, in base64.
    pub encryption_key: Option<Secret>,
    /// A file that holds it.
    pub encryption_key_file: Option<PathBuf>,
}

impl Keys {
    /// The key, from wherever it stands; nothing where none is named.
    ///
    /// # Errors
    /// What is wrong with it, or with its file.
    pub fn read(&self) -> Result<Option<EncryptionKey>, Text> {
        match (&self.encryption_key, &self.encryption_key_file) {
            (Some(text), _) => EncryptionKey::parse(text.expose()).map(Some),
            (None, Some(file)) => EncryptionKey::of_file(file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// Passwords, second factors and lockouts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Whether the roles below get in without a second factor.
    pub second_factor: SecondFactor,
    /// The roles that it is asked of, by the contract's names with commas between.
    pub second_factor_roles: String,
    /// How many failures under one name are free; the next one locks.
    pub failures_account: u32,
    /// How many failures from one address are free; the next one locks.
    pub failures_address: u32,
    /// How long the first lock lasts; each further one lasts twice as long.
    pub lock_seconds: u32,
    /// How long a lock lasts at most.
    pub lock_longest_seconds: u32,
    /// After this long without another one, a failure is forgotten.
    pub forget_seconds: u32,
}

impl People {
    /// Whether a role, by the contract's name, does not get in without a second factor.
    pub fn asks_second_factor(&self, role: &str) -> bool {
        self.second_factor == SecondFactor::Required
            && self.second_factor_roles.split(',').any(|one| one.trim() == role)
    }
}

/// Whether a second factor is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactor {
    /// Who has none must enrol before anything else.
    Required,
    /// Only who has enrolled is asked for a code.
    Optional,
}

/// Bounds of one request; what exceeds them is refused, never clamped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest body of a REST request.
    pub body_bytes: usize,
    /// Largest file of a batch.
    pub batch_bytes: usize,
    /// Largest body of a GraphQL request.
    pub graphql_body_bytes: usize,
    /// Deepest nesting of a GraphQL document.
    pub graphql_depth: usize,
    /// Highest cost of a GraphQL document.
    pub graphql_complexity: usize,
    /// Most aliases in a GraphQL document.
    pub graphql_aliases: usize,
    /// Most directives in a GraphQL document.
    pub graphql_directives: usize,
    /// Most tokens in a GraphQL document.
    pub graphql_tokens: usize,
    /// Most operations in a GraphQL document.
    pub graphql_operations: usize,
    /// How long a client may take to send its headers.
    pub header_timeout_seconds: u64,
    /// How long a client may leave unread what it is answered.
    pub answer_timeout_seconds: u64,
    /// How long one request may take altogether.
    pub request_timeout_seconds: u64,
    /// Longest address with its query, in bytes.
    pub address_bytes: usize,
    /// Most header lines of a request.
    pub header_lines: usize,
    /// Largest head of a request: names and values of its headers together, in bytes.
    pub header_bytes: usize,
    /// How long a body may come slowly before its speed is looked at.
    pub body_grace_seconds: u64,
    /// What a body must bring on average from then on, in bytes a second.
    pub body_bytes_per_second: u64,
}

/// The metrics listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Its address; no listener without one.
    pub listen: Option<SocketAddr>,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, then exceptions per module, as `tracing` reads them.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The process itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Worker threads; as many as processors without it.
    pub workers: Option<usize>,
    /// How long running requests may take to finish at shutdown.
    pub shutdown_seconds: u64,
    /// How long the columns of a release stay in memory after their last use.
    pub memory_idle_seconds: u64,
    /// The proxies whose word about the client's address is taken.
    pub trusted_proxies: Vec<Network>,
}

/// Evidence.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// How often a checkpoint of the journal is signed, if there is something new.
    pub checkpoint_seconds: u64,
}

/// How long each step of the certification of teachers may take, in days, and how long a certificate is valid.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certification {
    /// The city's verdict.
    pub city_days: u32,
    /// The agency's evaluation.
    pub agency_days: u32,
    /// The province's verdict.
    pub province_days: u32,
    /// The school's correction; later it is not taken any more.
    pub correction_days: u32,
    /// The school's appeal; later it is not taken any more.
    pub appeal_days: u32,
    /// A certificate, where the verdict states nothing else.
    pub validity_years: u32,
}

/// What to do about a role that owns the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// Say so in the log.
    Warn,
    /// Do not start.
    Refuse,
    /// Say nothing.
    Allow,
}

/// Messages about events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Whether they may go into private networks.
    pub private_targets: PrivateTargets,
}

/// Whether messages may go into private networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateTargets {
    /// Only https, and only outside.
    Refuse,
    /// Anywhere, by http too.
    Allow,
}

/// A text that no log, message or `Debug` may show.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Config {
    /// Reads and checks all layers; `path` is what `--config` named.
    ///
    /// # Errors
    /// Every fault of every layer, not the first.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigFaults> {
        let path = path.or_else(|| Some(Path::new(FILE)).filter(|path| path.exists()));
        Self::read(path.map(Layer::file), layers::environment(std::env::vars_os()))
    }

    /// The demo: SQLite in `data_dir`, on loopback, metrics one port further up.
    ///
    /// Takes nothing from files or the environment but how to log, so that demo data
    /// never end up in a database that a leftover setting names.
    ///
    /// # Errors
    /// Faults of `ZHIQIAO_LOG__*`.
    pub fn for_demo(port: u16, data_dir: &Path) -> Result<Self, ConfigFaults> {
        let metrics_port = if port == 0 { 0 } else { port.checked_add(1).unwrap_or(0) };
        let demo = [
            ("listen", format!("127.0.0.1:{port}")),
            ("public_url", format!("http://127.0.0.1:{port}")),
            ("database.url", sqlite_url(&data_dir.join("zhiqiao.db"))),
            ("metrics.listen", format!("127.0.0.1:{metrics_port}")),
            // Whoever tries it has the receiver on the same machine.
            ("webhooks.private_targets", "allow".to_owned()),
            ("people.second_factor", "optional".to_owned()),
        ]
        .map(|(key, value)| Layer::one("demo", key, Value::from(value)));
        // So wide that nobody who tries it meets a limit, nor is locked out by what it tries.
        let wide = protection::PACES.map(|key| Layer::one("demo", key, Value::from(protection::WIDE)));
        let patient = ["people.failures_account", "people.failures_address"]
            .map(|key| Layer::one("demo", key, Value::from(1_000_000_i64)));
        let log = layers::environment(std::env::vars_os()).filter(|layer| layer.is_about("log"));
        Self::read(None, demo.into_iter().chain(wide).chain(patient).chain(log))
    }

    fn read(
        file: Option<Result<Layer, ConfigFaults>>,
        above: impl Iterator<Item = Layer>,
    ) -> Result<Self, ConfigFaults> {
        let defaults = Layer::text("zhiqiao.default.toml", DEFAULTS)?;
        let (file, unreadable) = match file.transpose() {
            Ok(layer) => (layer, None),
            Err(faults) => (None, Some(faults)),
        };
        let merged = file.into_iter().chain(above).fold(Figment::from(defaults), Figment::merge);
        let mut faults = keys::check(&merged);
        if let Some(unreadable) = unreadable {
            // What is missing may well stand in the file that could not be read.
            faults.retain(|fault| !fault.is_missing());
            faults.splice(..0, unreadable);
        }
        if !faults.is_empty() {
            return Err(ConfigFaults::new(faults));
        }
        merged.extract::<Self>().map_err(|error| ConfigFaults::from(Fault::unforeseen(&error)))
    }
}

/// A path as SQLite URL: `%`, `?` and `#` mean something there.
fn sqlite_url(path: &Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}?mode=rwc")
}

#[cfg(test)]
mod tests;
