//! What an instance holds in memory, and how it stays true.
//!
//! The registry, the credentials and the list of releases change rarely and are asked
//! for always. Each has an *epoch*, a counter that whoever changes the thing raises in the
//! same transaction. An instance compares epochs four times a second ([`Memory::refresh`],
//! driven by `jobs::pulse`), at once after a change of its own, and before an answer that
//! must be the newest ([`Memory::current`]). Released tables never change: they are read
//! when first asked for and dropped when nobody asks. [`Bell`] says how far the journal is sealed.
//!
//! Drafts are never here.

pub mod bell;
pub mod columns;
pub mod derived;
pub mod disclosed;
pub mod editions;
pub mod frame;
pub mod market;
pub mod registry;
pub mod search;
mod state;
pub mod vault;

use std::{
    collections::HashSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bell::Bell;
use bytes::Bytes;
use columns::Table;
use entity::{
    epoch,
    ids::{DatasetCode, PeriodCode, ReleaseVersion},
    journal_seal, registry_snapshot, release, release_table, signing_key,
    words::{Duty, ReleaseKind},
};
use frame::Frame;
use moka::future::Cache;
use registry::Registry;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use state::State;
use vault::Vault;

use crate::{
    authz::{self, Actor, Role},
    db::Db,
    error::{Error, Result},
    formats::columns::File,
};

/// A comparison of epochs is good for this long. Whoever makes a release waits as long before saying so:
/// so an instance that is asked afterwards has either compared since, or does so now.
pub const FRESH: Duration = Duration::from_millis(5);

/// Without news from the database for this long, tokens are no longer trusted.
const STALE: Duration = Duration::from_secs(5);

/// The things that have an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// Registry and catalogue.
    Registry,
    /// The list of releases.
    Releases,
    /// Accounts and clients.
    Credentials,
    /// Signing keys.
    Keys,
    /// Tokens that are good no more before their time is over.
    Revocations,
    /// What schools and enterprises seek and offer.
    Opportunities,
}

impl Thing {
    const fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Releases => "releases",
            Self::Credentials => "credentials",
            Self::Keys => "keys",
            Self::Revocations => "revocations",
            Self::Opportunities => "opportunities",
        }
    }
}

/// Raises a thing's epoch, in the transaction that changes it.
#[expect(clippy::disallowed_methods, reason = "epochs have no rows of anybody")]
pub async fn raise(db: &impl ConnectionTrait, thing: Thing) -> Result<()> {
    epoch::Entity::update_many()
        .col_expr(epoch::Column::Value, Expr::col(epoch::Column::Value).add(1))
        .filter(epoch::Column::Name.eq(thing.name()))
        .exec(db)
        .await?;
    Ok(())
}

/// Who may act with a token right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// The organisation, for the roles that have one.
    pub org: Option<String>,
    /// What it is called on its own screen.
    pub name: String,
    /// Its part of its school's reporting.
    pub duty: Duty,
    /// Tokens of another generation are not its own any more.
    pub generation: i32,
}

/// The names of what was revoked, of tokens that have not expired: `token:<jti>`, `family:<id>`.
pub type Revoked = HashSet<String>;

/// One table of a release, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct TableHead {
    /// The release.
    pub version: ReleaseVersion,
    /// The dataset.
    pub dataset_code: DatasetCode,
    /// The period.
    pub period_code: PeriodCode,
    /// How many schools have a public figure in it.
    pub schools: i32,
    /// SHA-256 of the public columns.
    pub public_hash: String,
    /// SHA-256 of the protected columns.
    pub protected_hash: String,
    /// SHA-256 of what outsiders are told of them.
    pub disclosure_hash: Option<String>,
}

/// A release without the bytes of its tables.
#[derive(Clone, Debug)]
pub struct ReleaseHead {
    /// The row.
    pub row: release::Model,
    /// Its tables, by dataset and period.
    pub tables: Vec<TableHead>,
}

impl ReleaseHead {
    /// The version as numbers.
    pub fn version(&self) -> semver::Version {
        let part = |number: i32| u64::try_from(number).unwrap_or(0);
        semver::Version::new(part(self.row.major), part(self.row.minor), part(self.row.patch))
    }

    /// Its table for a dataset and period.
    pub fn table(&self, dataset: &str, period: &str) -> Option<&TableHead> {
        self.tables.iter().find(|head| head.dataset_code == dataset && head.period_code == period)
    }

    /// What it changed.
    pub const fn kind(&self) -> ReleaseKind {
        self.row.kind
    }
}

/// See the module.
#[derive(Debug)]
pub struct Memory {
    db: Db,
    vault: Option<Vault>,
    state: RwLock<Arc<State>>,
    bell: Bell,
    market: market::Market,
    refreshing: tokio::sync::Mutex<()>,
    begun: AtomicU64,
    done: AtomicU64,
    frames: Cache<String, Arc<Frame>>,
    tables: Cache<(String, String, String), Arc<Table>>,
}

impl Memory {
    /// Fills the memory. `idle` is how long an unused table of a release stays, `bytes` how much they may take together.
    /// `vault` opens private signing keys and second factors; without one nothing can be signed here.
    pub async fn open(db: Db, vault: Option<Vault>, idle: Duration, bytes: u64) -> Result<Self> {
        let state = State::load(&db, vault.as_ref(), None).await?;
        let bell = Bell::new(sealed(db.read()).await?);
        let memory = Self {
            db,
            vault,
            state: RwLock::new(Arc::new(state)),
            bell,
            market: market::Market::default(),
            refreshing: tokio::sync::Mutex::new(()),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            frames: Cache::builder().time_to_idle(idle).max_capacity(16).build(),
            tables: Cache::builder()
                .time_to_idle(idle)
                .max_capacity(bytes)
                .weigher(|_, table: &Arc<Table>| u32::try_from(table.size_bytes()).unwrap_or(u32::MAX))
                .build(),
        };
        memory.expect_questions().await;
        Ok(memory)
    }

    /// Reads the frame of the newest release before anybody asks for it: that is the longest part of a first answer.
    async fn expect_questions(&self) {
        let newest = self.state().releases.first().cloned();
        let Some(newest) = newest else { return };
        if let Err(fault) = self.frame_of(&newest).await {
            // Whoever asks is told the same.
            tracing::warn!(%fault, "the newest release cannot be read");
        }
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Compares epochs and reads again what has changed. Callers that wait for the same answer share one.
    pub async fn refresh(&self) -> Result<()> {
        let asked = self.begun.load(Ordering::SeqCst);
        let _turn = self.refreshing.lock().await;
        if self.done.load(Ordering::SeqCst) > asked {
            // One that began after we asked has just finished.
            return Ok(());
        }
        let begun = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let before = self.state();
        let after = State::load(&self.db, self.vault.as_ref(), Some(&before)).await?;
        let has_new_releases = !Arc::ptr_eq(&before.releases, &after.releases);
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        self.done.store(begun, Ordering::SeqCst);
        if has_new_releases {
            self.expect_questions().await;
        }
        Ok(())
    }

    /// Rung whenever something has been sealed, here or elsewhere.
    pub const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// What is published of supply and demand.
    pub const fn market(&self) -> &market::Market {
        &self.market
    }

    /// Asks the database how far the journal is sealed, and rings for what is new.
    pub async fn sealed(&self) -> Result<i64> {
        let sealed = sealed(self.db.read()).await?;
        self.bell.ring(sealed);
        Ok(sealed)
    }

    /// The registry and the catalogue, at most a quarter of a second behind other instances.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.state().registry)
    }

    /// The frame of now.
    pub fn frame(&self) -> Arc<Frame> {
        Arc::clone(&self.state().frame)
    }

    /// What seals private signing keys and second factors, where a key for it is configured.
    pub const fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// What was revoked, here or elsewhere a moment ago.
    pub fn revoked(&self) -> Arc<Revoked> {
        Arc::clone(&self.state().revoked)
    }

    /// Signing keys, newest first; of the one that signs the private part is open, where the vault opens it.
    pub fn keys(&self) -> Arc<Vec<signing_key::Model>> {
        Arc::clone(&self.state().keys)
    }

    /// Who may act as this subject now; nothing for the disabled and the unknown.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database has not been heard of for so long that a
    /// disabled account could still be taken for a good one.
    pub fn standing(&self, subject: &str) -> Result<Option<Standing>> {
        let state = self.state();
        if state.checked.elapsed() > STALE {
            return Err(Error::Unavailable("no news from the database"));
        }
        Ok(state.standings.get(subject).cloned())
    }

    /// The releases that are there for the caller, newest first, as of a moment ago.
    pub fn releases(&self, actor: &Actor) -> Vec<Arc<ReleaseHead>> {
        self.state()
            .releases
            .iter()
            .filter(|release| authz::sees_release(actor, release.row.publish_at))
            .cloned()
            .collect()
    }

    /// The releases that are there for the caller, newest first, with those that another instance has told of.
    pub async fn current(&self, actor: &Actor) -> Result<Vec<Arc<ReleaseHead>>> {
        if self.state().checked.elapsed() >= FRESH {
            self.refresh().await?;
        }
        Ok(self.releases(actor))
    }

    /// The version of the newest release that is known here, hidden or not.
    pub fn newest(&self) -> Option<ReleaseVersion> {
        self.state().releases.first().map(|release| release.row.version.clone())
    }

    /// The frame of a release.
    pub async fn frame_of(&self, release: &ReleaseHead) -> Result<Arc<Frame>> {
        let hash = release.row.registry_hash.clone();
        let db = self.db.clone();
        self.frames
            .try_get_with(hash.clone(), async move {
                let row = authz::whole::<registry_snapshot::Entity>()
                    .filter(registry_snapshot::Column::Hash.eq(hash))
                    .one(db.read())
                    .await?
                    .ok_or_else(|| Error::Internal("a release without its registry".to_owned()))?;
                Ok(Arc::new(Frame::read(&row.document)?))
            })
            .await
            .map_err(|fault: Arc<Error>| Error::internal(fault))
    }

    /// A table of a release, on the release's own frame.
    pub async fn table(&self, head: &TableHead, frame: &Arc<Frame>) -> Result<Arc<Table>> {
        let told = head.disclosure_hash.clone().unwrap_or_default();
        let key = (head.public_hash.clone(), head.protected_hash.clone() + &told, frame.hash.clone());
        let (db, frame, head) = (self.db.clone(), Arc::clone(frame), head.clone());
        self.tables
            .try_get_with(key, async move {
                let row = authz::visible::<release_table::Entity>(&Actor::system("memory"))
                    .filter(release_table::Column::Version.eq(head.version))
                    .filter(release_table::Column::DatasetCode.eq(head.dataset_code))
                    .filter(release_table::Column::PeriodCode.eq(head.period_code))
                    .one(db.read())
                    .await?
                    .ok_or_else(|| Error::Internal("a release without one of its tables".to_owned()))?;
                let open = |bytes: Vec<u8>| File::open(Bytes::from(bytes)).map_err(Error::internal);
                let disclosed = row.disclosure.as_deref().map(serde_json::from_str).transpose();
                let table = Table::new(open(row.public_columns)?, open(row.protected_columns)?, &frame)?
                    .telling(disclosed.map_err(Error::internal)?);
                Ok(Arc::new(table))
            })
            .await
            .map_err(|fault: Arc<Error>| Error::internal(fault))
    }

    /// Forgets released tables, so that the next query is a cold one; benchmarks use it.
    pub fn forget_tables(&self) {
        self.tables.invalidate_all();
    }
}

/// The last number of the journal; zero for an empty one.
async fn sealed(db: &impl ConnectionTrait) -> Result<i64> {
    let last = authz::visible::<journal_seal::Entity>(&Actor::system("memory"))
        .select_only()
        .column_as(journal_seal::Column::Sequence.max(), "last")
        .into_tuple::<Option<i64>>();
    Ok(last.one(db).await?.flatten().unwrap_or(0))
}
