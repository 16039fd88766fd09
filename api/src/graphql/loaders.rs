//! Loaders: what many fields of one query ask for, fetched together.
//!
//! Made per request from the caller's `Ctx`: one shared between callers would hand over
//! another's rows. Nothing is kept after a batch, because a mutation later in the same
//! document may have changed it. This is the only file of the room that may name the ORM.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_graphql::dataloader::{DataLoader, Loader};
use entity::{collection, collection_extension, ids::SchoolCode, submission};
use futures::future::BoxFuture;

use super::error::{GqlError, GqlResult};
use crate::{
    ctx::Ctx,
    domain::{
        collections::{self, Progress},
        submissions::{self, Content, Key},
    },
};

/// The tables of a school.
struct Tables(Ctx);

impl Loader<SchoolCode> for Tables {
    type Value = Arc<Vec<Arc<submission::Model>>>;
    type Error = GqlError;

    async fn load(&self, schools: &[SchoolCode]) -> GqlResult<HashMap<SchoolCode, Self::Value>> {
        let found = submissions::of_schools(&self.0, schools).await?;
        Ok(found
            .into_iter()
            .map(|(school, rows)| (school, Arc::new(rows.into_iter().map(Arc::new).collect())))
            .collect())
    }
}

/// One state of a table, as the key of what it says.
#[derive(Clone)]
struct State(Arc<submission::Model>);

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        Key::of(&self.0) == Key::of(&other.0) && self.0.version == other.0.version
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.school_code.hash(state);
        self.0.dataset_code.hash(state);
        self.0.period_code.hash(state);
        self.0.version.hash(state);
    }
}

/// What tables say; nothing for those whose values are not the caller's to see.
struct Insides(Ctx);

impl Loader<State> for Insides {
    type Value = Arc<Content>;
    type Error = GqlError;

    async fn load(&self, states: &[State]) -> GqlResult<HashMap<State, Self::Value>> {
        let rows: Vec<submission::Model> = states.iter().map(|state| (*state.0).clone()).collect();
        let mut found = submissions::contents(&self.0, self.0.db.read(), &rows).await?;
        Ok(states
            .iter()
            .filter_map(|state| Some((state.clone(), Arc::new(found.remove(&Key::of(&state.0))?))))
            .collect())
    }
}

/// One state of a collection, as the key of what hangs on it.
#[derive(Clone)]
struct Collected(Arc<collection::Model>);

impl PartialEq for Collected {
    fn eq(&self, other: &Self) -> bool {
        collections::Key::of(&self.0) == collections::Key::of(&other.0) && self.0.version == other.0.version
    }
}

impl Eq for Collected {}

impl Hash for Collected {
    fn hash<H: Hasher>(&self, state: &mut H) {
        collections::Key::of(&self.0).hash(state);
        self.0.version.hash(state);
    }
}

/// How far collections are.
struct Progresses(Ctx);

impl Loader<Collected> for Progresses {
    type Value = Arc<Progress>;
    type Error = GqlError;

    async fn load(&self, asked: &[Collected]) -> GqlResult<HashMap<Collected, Self::Value>> {
        let rows: Vec<collection::Model> = asked.iter().map(|one| (*one.0).clone()).collect();
        let found = collections::progress(&self.0, &rows).await?;
        let found: HashMap<_, _> = found.into_iter().map(|(key, progress)| (key, Arc::new(progress))).collect();
        Ok(asked
            .iter()
            .filter_map(|one| Some((one.clone(), Arc::clone(found.get(&collections::Key::of(&one.0))?))))
            .collect())
    }
}

/// Who was given longer, as far as it is the caller's to see.
struct Extensions(Ctx);

impl Loader<Collected> for Extensions {
    type Value = Arc<Vec<collection_extension::Model>>;
    type Error = GqlError;

    async fn load(&self, asked: &[Collected]) -> GqlResult<HashMap<Collected, Self::Value>> {
        let keys: BTreeSet<collections::Key> = asked.iter().map(|one| collections::Key::of(&one.0)).collect();
        let found = collections::extensions(&self.0, self.0.db.read(), &keys).await?;
        let found: HashMap<_, _> = found.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect();
        Ok(asked
            .iter()
            .filter_map(|one| Some((one.clone(), Arc::clone(found.get(&collections::Key::of(&one.0))?))))
            .collect())
    }
}

/// How many turns of the executor nobody may add to a batch before it is fetched.
const QUIET_TURNS: usize = 8;

/// Starts a batch once nobody adds to it any more. One turn of the executor is not enough for that:
/// of a long list it polls two rows that wait, then gives way, and a batch would be those two.
fn when_quiet(asked: &Arc<AtomicUsize>) -> impl Fn(BoxFuture<'static, ()>) + Send + Sync + use<> {
    let asked = Arc::clone(asked);
    move |batch| {
        let asked = Arc::clone(&asked);
        tokio::spawn(async move {
            let (mut before, mut quiet) = (asked.load(Ordering::Relaxed), 0);
            while quiet < QUIET_TURNS {
                tokio::task::yield_now().await;
                let now = asked.load(Ordering::Relaxed);
                quiet = if now == before { quiet + 1 } else { 0 };
                before = now;
            }
            batch.await;
        });
    }
}

/// The loaders of one request.
pub struct Loaders {
    tables: DataLoader<Tables>,
    insides: DataLoader<Insides>,
    progresses: DataLoader<Progresses>,
    extensions: DataLoader<Extensions>,
    /// How often something was asked for.
    asked: Arc<AtomicUsize>,
}

impl Loaders {
    /// Loaders for a caller.
    pub fn new(ctx: &Ctx) -> Self {
        let asked = Arc::default();
        // No delay by the clock: a batch is everything that is asked for before the query waits for it.
        Self {
            tables: DataLoader::new(Tables(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            insides: DataLoader::new(Insides(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            progresses: DataLoader::new(Progresses(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            extensions: DataLoader::new(Extensions(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            asked,
        }
    }

    /// The tables of a school that are there for the caller.
    pub async fn tables(&self, school: &SchoolCode) -> GqlResult<Arc<Vec<Arc<submission::Model>>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.tables.load_one(school.clone()).await?.unwrap_or_default())
    }

    /// What a table says, if that is the caller's to see.
    pub async fn inside(&self, row: &Arc<submission::Model>) -> GqlResult<Option<Arc<Content>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.insides.load_one(State(Arc::clone(row))).await
    }

    /// How far a collection is, over the caller's own schools.
    pub async fn progress(&self, row: &Arc<collection::Model>) -> GqlResult<Arc<Progress>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.progresses.load_one(Collected(Arc::clone(row))).await?.unwrap_or_default())
    }

    /// Who was given longer in a collection, as far as it is the caller's to see.
    pub async fn extensions(&self, row: &Arc<collection::Model>) -> GqlResult<Arc<Vec<collection_extension::Model>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.extensions.load_one(Collected(Arc::clone(row))).await?.unwrap_or_default())
    }
}
