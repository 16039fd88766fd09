//! The harness: a fresh database for every test, the real server where one is asked for.
//!
//! `TEST_DATABASE_URL` decides which database: without it SQLite. A filled database is made once
//! and copied, so that every test has the reference data and none sees another's changes.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use serde_json::Value;
use tokio::sync::OnceCell;
use zhiqiao::{
    House,
    authz::{Actor, Role},
    config::Config,
    ctx::Ctx,
    db::Db,
    domain::demo,
    house::{self, Listeners, Running},
};

/// A client. A process has to be told once by whom its cryptography is, whichever test comes first.
pub fn http() -> reqwest::Client {
    let _was_first = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// The address of the PostgreSQL server to test on; none for SQLite.
pub fn postgres() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// The reference data of the repository.
pub fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023")
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn name() -> String {
    format!("zhiqiao_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// A database that goes away with its test.
pub struct Guard {
    pub url: String,
    /// The folder of a SQLite file, or of nothing but the demo's own files.
    pub dir: tempfile::TempDir,
    postgres: Option<(String, String)>,
}

impl Guard {
    /// An empty database, or a copy of a prepared one.
    async fn new(template: Option<&Guard>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let Some(server) = postgres() else {
            let file = dir.path().join("zhiqiao.db");
            if let Some(template) = template {
                std::fs::copy(template.dir.path().join("zhiqiao.db"), &file).unwrap();
            }
            return Self { url: format!("sqlite://{}?mode=rwc", file.display()), dir, postgres: None };
        };
        let name = name();
        let from = template.map_or("template0", |template| template.postgres.as_ref().map_or("", |(_, name)| name));
        // PostgreSQL copies one template at a time.
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = TURN.lock().await;
        administer(&server, &format!("CREATE DATABASE {name} TEMPLATE {from}")).await;
        Self { url: at(&server, &name), dir, postgres: Some((server, name)) }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some((server, name)) = self.postgres.take() else { return };
        // A test's own runtime may be gone or going; this one is not.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(administer(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let _ended = dropping.join();
    }
}

async fn administer(server: &str, statement: &str) {
    let mut options = ConnectOptions::new(server);
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.unwrap();
    connection.execute_unprepared(statement).await.unwrap();
    connection.close().await.unwrap();
}

fn at(server: &str, database: &str) -> String {
    let (server, query) = server.split_once('?').map_or((server, String::new()), |(s, q)| (s, format!("?{q}")));
    let host = server
        .rsplit_once('/')
        .filter(|(host, _)| host.contains("//") && !host.ends_with('/'))
        .map_or(server, |(h, _)| h);
    format!("{host}/{database}{query}")
}

/// An empty database without a schema.
pub async fn empty_database() -> (DatabaseConnection, Guard) {
    let guard = Guard::new(None).await;
    let mut options = ConnectOptions::new(guard.url.as_str());
    options.max_connections(1).sqlx_logging(false);
    (Database::connect(options).await.unwrap(), guard)
}

/// What the private signing keys of the tests are encrypted with; one for all, for databases are copied.
pub const ENCRYPTION_KEY: &str = "YSBrZXkgZm9yIHRlc3RzLCBhbmQgbm8gb3RoZXIhISE=";

fn config(guard: &Guard) -> Config {
    let url = toml_string(&guard.url);
    let text = format!(
        "listen = \"127.0.0.1:0\"\n[database]\nurl = {url}\nmax_connections = 4\n[server]\nworkers = 2\nshutdown_seconds = 5\n[webhooks]\nprivate_targets = \"allow\"\n[rate]\nenabled = false\n[keys]\nencryption_key = \"{ENCRYPTION_KEY}\"\n"
    );
    let file = guard.dir.path().join("zhiqiao.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(Some(&file)).unwrap()
}

fn toml_string(text: &str) -> String {
    format!("{text:?}")
}

async fn open(guard: &Guard) -> Arc<House> {
    let config = config(guard);
    crate::persons::listen(&config);
    House::open(config).await.unwrap()
}

/// One instance over a database of its own.
pub struct TestApp {
    pub house: Arc<House>,
    guard: Arc<Guard>,
}

impl TestApp {
    /// With the schema and nothing else.
    pub async fn empty() -> Self {
        let guard = Guard::new(None).await;
        let db = Db::connect(&house::reach(&config(&guard))).await.unwrap();
        house::migrate(&db).await.unwrap();
        db.close().await.unwrap();
        Self { house: open(&guard).await, guard: Arc::new(guard) }
    }

    /// With the reference data, the demo's accounts and release 1.0.0.
    pub async fn new() -> Self {
        static FILLED: OnceCell<Guard> = OnceCell::const_new();
        let filled = FILLED
            .get_or_init(|| async {
                let app = Self::empty().await;
                demo::fill(&app.system(), &reference(), &mut |_| {}).await.unwrap();
                app.house.db.clone().close().await.unwrap();
                let Self { house, guard } = app;
                drop(house);
                Arc::try_unwrap(guard).ok().unwrap()
            })
            .await;
        let guard = Guard::new(Some(filled)).await;
        Self { house: open(&guard).await, guard: Arc::new(guard) }
    }

    /// A second house over the same connections, set up otherwise. Ended before the first, or it takes them along.
    pub async fn otherwise(&self, change: impl FnOnce(&mut Config)) -> Arc<House> {
        let mut config = self.house.config.clone();
        change(&mut config);
        House::over(config, self.house.db.clone()).await.unwrap()
    }

    /// A second instance over the same database.
    pub async fn twin(&self) -> Self {
        Self { house: open(&self.guard).await, guard: Arc::clone(&self.guard) }
    }

    /// An instance over the same database, by another address: as another role.
    pub async fn under(&self, url: &str) -> Self {
        let mut config = self.house.config.clone();
        config.database.url = zhiqiao::config::Secret::new(url);
        Self { house: House::open(config).await.unwrap(), guard: Arc::clone(&self.guard) }
    }

    /// The address of the database.
    pub fn url(&self) -> &str {
        &self.guard.url
    }

    /// A folder that goes away with the test.
    pub fn dir(&self) -> &Path {
        self.guard.dir.path()
    }

    /// The service itself.
    pub fn system(&self) -> Ctx {
        self.house.ctx(Actor::system("test"))
    }

    /// A caller of a role, past authentication.
    pub fn as_(&self, role: Role, org: &str) -> Ctx {
        let org = (!org.is_empty()).then_some(org);
        self.house.ctx(Actor::with(role, org, format!("test:{}", role.name()), "test"))
    }

    /// A caller without a token.
    pub fn anonymous(&self) -> Ctx {
        self.house.ctx(Actor::public())
    }

    /// Starts the real server, with its jobs.
    pub async fn serve(&self) -> Server {
        Server::over(&self.house)
    }
}

/// A server that runs; dropping it without [`Server::stop`] leaves it to the end of the process.
pub struct Server {
    pub base: String,
    running: Running,
    pub http: reqwest::Client,
}

impl Server {
    /// Serves a house on a port of its own.
    pub fn over(house: &Arc<House>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let running = house::serve(house, Listeners { service: listener, metrics: None }, false).unwrap();
        Self { base, running, http: http() }
    }

    /// A caller without a token.
    pub fn anonymous(&self) -> Caller {
        Caller { base: self.base.clone(), http: self.http.clone(), token: None }
    }

    /// A demo client with a fresh token, by the last part of its name: `school-62001`.
    pub async fn client(&self, name: &str) -> Caller {
        self.holder(&format!("demo-{name}"), &format!("demo-{name}-secret")).await
    }

    /// A client with its token.
    pub async fn holder(&self, client: &str, secret: &str) -> Caller {
        let answer = self
            .http
            .post(format!("{}/oauth/token", self.base))
            .basic_auth(client, Some(secret))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        let token = body["access_token"].as_str().unwrap().to_owned();
        Caller { token: Some(token), ..self.anonymous() }
    }

    /// Stops taking requests, finishes what runs, and waits for it.
    pub async fn stop(self) {
        self.running.stop().await.unwrap();
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    pub http: reqwest::Client,
    pub token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The answer, if its status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

impl Caller {
    /// Sends a request with headers and, where there is one, a JSON body.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub async fn put(&self, path: &str, if_match: Option<&str>, body: &Value) -> Answer {
        let headers: Vec<(&str, &str)> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
        self.send("PUT", path, &headers, Some(body)).await
    }

    pub async fn post(&self, path: &str, if_match: Option<&str>, body: &Value) -> Answer {
        let headers: Vec<(&str, &str)> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
        self.send("POST", path, &headers, Some(body)).await
    }

    /// A GraphQL query; the whole answer, `data` and `errors`.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let answer =
            self.send("POST", "/graphql", &[("accept", "application/graphql-response+json")], Some(&body)).await;
        let json = answer.json();
        assert!(json.is_object(), "{} {}", answer.status, answer.text);
        json
    }

    /// The `data` of a GraphQL query that must go well.
    #[track_caller]
    pub fn data(answer: Value) -> Value {
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }
}

/// Compares a text with a committed one; `UPDATE=1` rewrites it, for the diff to be reviewed.
#[track_caller]
pub fn golden(path: &str, is: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, is).unwrap();
        return;
    }
    let was = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        was == is,
        "{path} is not what the code says now. Review with `cargo xtask golden` and `git diff`.\n{}",
        first_difference(&was, is)
    );
}

fn first_difference(was: &str, is: &str) -> String {
    let at = was.lines().zip(is.lines()).take_while(|(a, b)| a == b).count();
    format!("line {}: `{}` became `{}`", at + 1, was.lines().nth(at).unwrap_or(""), is.lines().nth(at).unwrap_or(""))
}
