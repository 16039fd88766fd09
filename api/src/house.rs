//! One instance: its configuration, its database, its memory, and the server in front of them.
//!
//! `main` and the tests build it with the same functions.

pub mod grants;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    middleware::{Compress, Condition, from_fn},
    web,
};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Statement};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    authn::keys::KeySet,
    authz::Actor,
    config::Config,
    ctx::{Ctx, once::Turns, trail::Queue},
    db::{Db, Reach},
    domain::{batches::Tray, refusals::Refusals},
    error::{Error, Result},
    graphql,
    jobs::Jobs,
    memory::{Memory, vault::Vault},
    rate::Rates,
    rest::{self, Known, OpenApiText, border, headers::Manners},
    telemetry, tls,
};

/// The most bytes that released tables may take in memory.
const MEMORY_BYTES: u64 = 2 << 30;

/// Everything a request needs; one for each instance.
pub struct House {
    /// How it is set up.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// What it holds in memory.
    pub memory: Arc<Memory>,
    /// The GraphQL schema.
    pub schema: graphql::Schema,
    issuer: Arc<str>,
    /// The idempotency keys that are at work here.
    pub turns: Arc<Turns>,
    /// What was read of the unpublished, and is to be written.
    pub accesses: Arc<Queue>,
    /// What was refused, and is to be written.
    pub refusals: Arc<Refusals>,
    /// How much each caller may still ask for.
    pub rates: Arc<Rates>,
    /// What every answer says to browsers.
    pub manners: Manners,
    /// The large batches that this instance has taken in.
    pub tray: Tray,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("config", &self.config).finish_non_exhaustive()
    }
}

impl House {
    /// Opens the database and fills the memory. The schema must be there; see [`migrate`].
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        let db = Db::connect(&reach(&config)).await?;
        Self::over(config, db).await
    }

    /// The same over a database that is open already.
    pub async fn over(config: Config, db: Db) -> Result<Arc<Self>> {
        let idle = Duration::from_secs(config.server.memory_idle_seconds);
        let key = config.keys.read().map_err(|text| Error::Internal(format!("encryption key: {}", text.en)))?;
        let vault = key.as_ref().map(Vault::new).transpose()?;
        let memory = Arc::new(Memory::open(db.clone(), vault, idle, MEMORY_BYTES).await?);
        memory.market().configure(config.matching.clone());
        let rates = Arc::new(Rates::new(&config.rate, &db));
        let schema = graphql::schema(&config, &rates);
        let issuer = Arc::from(config.public_url.as_str());
        let manners = Manners::new(&config);
        let (turns, accesses, refusals, tray) = Default::default();
        Ok(Arc::new(Self { config, db, memory, schema, issuer, turns, accesses, refusals, rates, manners, tray }))
    }

    /// A caller in this house.
    pub fn ctx(&self, actor: Actor) -> Ctx {
        let (memory, issuer) = (Arc::clone(&self.memory), Arc::clone(&self.issuer));
        let terms = self.config.certification;
        Ctx::new(actor, self.db.clone(), memory, issuer, terms, Arc::clone(&self.accesses))
    }

    /// What must be well before requests are taken.
    pub async fn ready(&self) -> Vec<(&'static str, bool)> {
        let answers = self.db.read().query_one_raw(Statement::from_string(self.db.backend(), "SELECT 1")).await.is_ok();
        let migrated = answers
            && Migrator::get_pending_migrations_read_only(self.db.read()).await.is_ok_and(|pending| pending.is_empty());
        let can_sign = KeySet::new(&self.memory.keys()).can_sign();
        vec![("database", answers), ("migrations", migrated), ("signing_key", can_sign)]
    }
}

/// How the configuration reaches its database.
pub fn reach(config: &Config) -> Reach {
    Reach {
        url: config.database.url.clone(),
        max_connections: config.database.max_connections,
        acquire_timeout: Duration::from_secs(config.database.acquire_timeout_seconds),
        statement_timeout: Some(config.database.statement_timeout_seconds)
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
    }
}

/// Brings the schema up to date. Two instances that start together do it one after the other.
pub async fn migrate(db: &Db) -> Result<()> {
    use sea_orm::{DbBackend, TransactionTrait};
    if db.backend() == DbBackend::Postgres {
        // Held by this transaction while the migrations run on other connections.
        let lock = db.write().begin().await?;
        lock.execute_raw(Statement::from_string(DbBackend::Postgres, "SELECT pg_advisory_xact_lock(7236477)")).await?;
        Migrator::up(db.write(), None).await?;
        lock.commit().await?;
    } else {
        Migrator::up(db.write(), None).await?;
    }
    Ok(())
}

/// A server that runs, with its jobs.
#[derive(Debug)]
pub struct Running {
    /// To stop it.
    pub handle: ServerHandle,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    metrics: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    metrics_handle: Option<ServerHandle>,
    jobs: Jobs,
    memory: Arc<Memory>,
}

impl Running {
    /// Waits until the server has stopped and everything that ran has finished.
    pub async fn wait(self) -> Result<()> {
        let ended = self.server.await;
        self.jobs.stop().await;
        if let (Some(handle), Some(server)) = (self.metrics_handle, self.metrics) {
            handle.stop(true).await;
            let _ended = server.await;
        }
        ended.map_err(Error::internal)?.map_err(Error::internal)
    }

    /// Stops taking requests, finishes what runs, and waits for it. Who waits for news goes without.
    pub async fn stop(self) -> Result<()> {
        self.memory.bell().end();
        self.handle.stop(true).await;
        self.wait().await
    }
}

/// Where a house is served.
#[derive(Debug)]
pub struct Listeners {
    /// The service itself.
    pub service: TcpListener,
    /// Metrics, where somebody reads them.
    pub metrics: Option<TcpListener>,
}

impl Listeners {
    /// Takes the addresses of the configuration, before anything is begun that would be for nothing.
    pub fn bind(config: &Config) -> Result<Self> {
        let bind = |address: SocketAddr| {
            TcpListener::bind(address).map_err(|fault| Error::Internal(format!("cannot listen on {address}: {fault}")))
        };
        Ok(Self { service: bind(config.listen)?, metrics: config.metrics.listen.map(bind).transpose()? })
    }
}

/// Serves a house. `signals` says whether the server watches for Ctrl-C itself.
pub fn serve(house: &Arc<House>, listeners: Listeners, signals: bool) -> Result<Running> {
    let memory = Arc::clone(&house.memory);
    memory.bell().begin();
    if signals {
        // The server has its own ear for them, and waits for every request that runs.
        tokio::spawn(end_on_signal(Arc::clone(&memory)));
    }
    let server = server(house, listeners.service, signals)?;
    let handle = server.handle();
    let (metrics, metrics_handle) = match listeners.metrics {
        None => (None, None),
        Some(listener) => {
            telemetry::metrics();
            let server = HttpServer::new(|| App::new().route("/metrics", web::get().to(async || telemetry::render())))
                .workers(1)
                .disable_signals()
                .listen(listener)
                .map_err(Error::internal)?
                .run();
            let handle = server.handle();
            (Some(tokio::spawn(server)), Some(handle))
        }
    };
    Ok(Running { handle, server: tokio::spawn(server), metrics, metrics_handle, jobs: Jobs::start(house), memory })
}

/// Sends home who waits for news as soon as the service is told to stop.
async fn end_on_signal(memory: Arc<Memory>) {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await.is_some(),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<bool>();
    tokio::select! {
        _ = interrupted => {}
        _ = terminated => {}
    }
    memory.bell().end();
}

/// Has the system end lines whose client takes nothing of what it is sent for so long: an answer that nobody reads
/// would be kept for ever. What a listener accepts inherits it. Elsewhere than on Linux there is no such word.
fn cut_off_silence(listener: &TcpListener, seconds: u64) -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        let milliseconds = u32::try_from(seconds.saturating_mul(1_000)).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(listener, milliseconds).map_err(Error::internal)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _nobody_asks = (listener, seconds);
    Ok(())
}

fn server(house: &Arc<House>, listener: TcpListener, signals: bool) -> Result<Server> {
    let limits = &house.config.limits;
    let data = web::Data::from(Arc::clone(house));
    let document = rest::openapi();
    let known = web::Data::new(Known::new(&document));
    let text = web::Data::new(OpenApiText(rest::openapi_text()));
    let origins = house.config.cors.origins.clone();
    let other_origins = !origins.is_empty();
    let mut server = HttpServer::new(move || {
        App::new()
            // Addresses are looked for in this order, by patterns: the one that most come for stands first.
            .configure(graphql::http::mount)
            .into_utoipa_app()
            .configure(rest::routes)
            .into_app()
            .app_data(data.clone())
            .app_data(known.clone())
            .app_data(text.clone())
            .app_data(web::QueryConfig::default().error_handler(border::unreadable))
            .app_data(web::PathConfig::default().error_handler(border::unreadable))
            .app_data(border::parameters())
            .app_data(border::addresses())
            .configure(rest::data::heads)
            .configure(rest::sdmx::others)
            .route("/openapi.json", web::get().to(rest::document))
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")))
            .default_service(web::route().to(border::nothing_here))
            .wrap(from_fn(rest::idempotency::once))
            .wrap(from_fn(rest::rates::limit))
            .wrap(from_fn(rest::extract::authenticate))
            .wrap(Compress::default())
            .wrap(Condition::new(other_origins, rest::headers::cors(&origins)))
            .wrap(from_fn(border::border))
    })
    .client_request_timeout(Duration::from_secs(limits.header_timeout_seconds))
    .shutdown_timeout(house.config.server.shutdown_seconds);
    if let Some(workers) = house.config.server.workers {
        server = server.workers(workers);
    }
    if !signals {
        server = server.disable_signals();
    }
    cut_off_silence(&listener, limits.answer_timeout_seconds)?;
    let listening = match tls::server(&house.config.tls)? {
        Some(encrypted) => server.listen_rustls_0_23(listener, encrypted),
        None => server.listen(listener),
    };
    Ok(listening.map_err(Error::internal)?.run())
}
