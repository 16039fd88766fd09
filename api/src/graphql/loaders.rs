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
use entity::{
    collection, collection_extension,
    ids::{RowId, SchoolCode},
    submission, target, task,
};
use futures::future::BoxFuture;

use super::error::{GqlError, GqlResult};
use crate::{
    ctx::Ctx,
    domain::{
        cities::{self, TableProgress},
        collections::{self, Progress},
        compliance::{self, Compliance},
        submissions::{
            self, Content, Key,
            history::{self, Head, Past, Sight, Span},
            review::{self, Comparisons, Peers},
        },
        targets::{self, Judgement},
        tasks::{self, History, progress},
    },
    error::{Error, Finding},
    formats::document::Cells,
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

/// What tables were before, and which of their revisions the caller may see.
struct Pasts(Ctx);

impl Loader<State> for Pasts {
    type Value = Arc<Past>;
    type Error = GqlError;

    async fn load(&self, states: &[State]) -> GqlResult<HashMap<State, Self::Value>> {
        let rows: Vec<submission::Model> = states.iter().map(|state| (*state.0).clone()).collect();
        let found = history::pasts(&self.0, self.0.db.read(), &rows).await?;
        let found: HashMap<Key, Arc<Past>> = found.into_iter().map(|(key, past)| (key, Arc::new(past))).collect();
        Ok(states
            .iter()
            .filter_map(|state| Some((state.clone(), Arc::clone(found.get(&Key::of(&state.0))?))))
            .collect())
    }
}

/// With what tables are compared for their review.
struct Compared(Ctx);

impl Loader<State> for Compared {
    type Value = Arc<Comparisons>;
    type Error = GqlError;

    async fn load(&self, states: &[State]) -> GqlResult<HashMap<State, Self::Value>> {
        let rows: Vec<submission::Model> = states.iter().map(|state| (*state.0).clone()).collect();
        let mut found = review::comparisons(&self.0, self.0.db.read(), &rows).await?;
        Ok(states
            .iter()
            .filter_map(|state| Some((state.clone(), Arc::new(found.remove(&Key::of(&state.0))?))))
            .collect())
    }
}

/// Some revisions of a table that follow each other, as the key of what is told of them.
#[derive(Clone)]
struct Stretch {
    past: Arc<Past>,
    first: i32,
    last: i32,
}

impl PartialEq for Stretch {
    fn eq(&self, other: &Self) -> bool {
        self.past.key == other.past.key && (self.first, self.last) == (other.first, other.last)
    }
}

impl Eq for Stretch {}

impl Hash for Stretch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.past.key.hash(state);
        (self.first, self.last).hash(state);
    }
}

/// What is told of revisions, newest first.
struct Heads(Ctx);

impl Loader<Stretch> for Heads {
    type Value = Arc<Vec<Head>>;
    type Error = GqlError;

    async fn load(&self, asked: &[Stretch]) -> GqlResult<HashMap<Stretch, Self::Value>> {
        let spans: Vec<Span<'_>> =
            asked.iter().map(|one| Span { past: &one.past, first: one.first, last: one.last }).collect();
        let mut of: HashMap<Key, Vec<Head>> = HashMap::new();
        for (key, head) in history::heads(&self.0, self.0.db.read(), &spans).await? {
            of.entry(key).or_default().push(head);
        }
        Ok(asked
            .iter()
            .map(|one| {
                let all = of.get(&one.past.key).into_iter().flatten();
                let within = all.filter(|head| (one.first..=one.last).contains(&head.number));
                (one.clone(), Arc::new(within.cloned().collect()))
            })
            .collect())
    }
}

/// What revisions say.
struct Saids(Ctx);

impl Loader<Sight> for Saids {
    type Value = Arc<Cells>;
    type Error = GqlError;

    async fn load(&self, sights: &[Sight]) -> GqlResult<HashMap<Sight, Self::Value>> {
        let wanted: BTreeSet<Sight> = sights.iter().cloned().collect();
        let found = history::cells(&self.0, self.0.db.read(), &wanted).await?;
        Ok(found.into_iter().map(|(sight, cells)| (sight, Arc::new(cells))).collect())
    }
}

/// What the checks found in revisions.
struct Founds(Ctx);

impl Loader<Sight> for Founds {
    type Value = Arc<Vec<Finding>>;
    type Error = GqlError;

    async fn load(&self, sights: &[Sight]) -> GqlResult<HashMap<Sight, Self::Value>> {
        let wanted: BTreeSet<Sight> = sights.iter().cloned().collect();
        let found = history::findings(&self.0, self.0.db.read(), &wanted).await?;
        Ok(found.into_iter().map(|(sight, findings)| (sight, Arc::new(findings))).collect())
    }
}

/// A table and a period, whosever it is.
type Form = (String, String);

/// The medians of peers: once for all schools that are asked about.
struct Medians(Ctx);

impl Loader<Form> for Medians {
    type Value = Arc<Peers>;
    type Error = GqlError;

    async fn load(&self, forms: &[Form]) -> GqlResult<HashMap<Form, Self::Value>> {
        let mut all = HashMap::new();
        for (dataset, period) in forms {
            let peers = review::peers(&self.0, dataset, period).await?;
            all.insert((dataset.clone(), period.clone()), Arc::new(peers));
        }
        Ok(all)
    }
}

/// What was said of tasks, as far as it is the caller's to see. A task is asked for in the state that was seen.
struct Histories(Ctx);

impl Loader<(RowId, i32)> for Histories {
    type Value = Arc<History>;
    type Error = GqlError;

    async fn load(&self, asked: &[(RowId, i32)]) -> GqlResult<HashMap<(RowId, i32), Self::Value>> {
        let ids: Vec<RowId> = asked.iter().map(|(id, _)| *id).collect();
        let found = progress::histories(&self.0, self.0.db.read(), &ids).await?;
        let found: HashMap<RowId, Arc<History>> = found.into_iter().map(|(id, one)| (id, Arc::new(one))).collect();
        Ok(asked.iter().filter_map(|key| Some((*key, Arc::clone(found.get(&key.0)?)))).collect())
    }
}

/// The tasks of a city.
struct TasksOf(Ctx);

impl Loader<String> for TasksOf {
    type Value = Arc<Vec<Arc<task::Model>>>;
    type Error = GqlError;

    async fn load(&self, cities: &[String]) -> GqlResult<HashMap<String, Self::Value>> {
        let filter = tasks::Filter { city: Some(cities.to_vec()), ..tasks::Filter::default() };
        let mut of: HashMap<String, Vec<Arc<task::Model>>> = HashMap::new();
        for row in tasks::all(&self.0, &filter).await? {
            of.entry(row.city_code.0.clone()).or_default().push(Arc::new(row));
        }
        Ok(of.into_iter().map(|(city, rows)| (city, Arc::new(rows))).collect())
    }
}

/// A target as it was seen, as the key of what the data say of it.
#[derive(Clone)]
struct Promised(Arc<target::Model>);

impl PartialEq for Promised {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id && self.0.version == other.0.version
    }
}

impl Eq for Promised {}

impl Hash for Promised {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
        self.0.version.hash(state);
    }
}

/// What the newest release says of targets.
struct Judgements(Ctx);

impl Loader<Promised> for Judgements {
    type Value = Arc<Judgement>;
    type Error = GqlError;

    async fn load(&self, asked: &[Promised]) -> GqlResult<HashMap<Promised, Self::Value>> {
        let rows: Vec<&target::Model> = asked.iter().map(|one| &*one.0).collect();
        let judged = targets::judge(&self.0, &rows, None).await?;
        Ok(asked.iter().cloned().zip(judged.into_iter().map(Arc::new)).collect())
    }
}

/// A city, and the period that is meant.
type CityPeriod = (String, Option<String>);

/// How far the tables of cities are.
struct CityProgresses(Ctx);

impl Loader<CityPeriod> for CityProgresses {
    type Value = Arc<Vec<TableProgress>>;
    type Error = GqlError;

    async fn load(&self, asked: &[CityPeriod]) -> GqlResult<HashMap<CityPeriod, Self::Value>> {
        let mut of: HashMap<Option<String>, BTreeSet<String>> = HashMap::new();
        for (city, period) in asked {
            of.entry(period.clone()).or_default().insert(city.clone());
        }
        let mut all = HashMap::new();
        for (period, cities) in of {
            let found = cities::progress(&self.0, &cities, period.as_deref()).await?;
            all.extend(found.into_iter().map(|(city, tables)| ((city, period.clone()), Arc::new(tables))));
        }
        Ok(all)
    }
}

/// Who meets the standards in a period: once for all cities that are asked about.
struct Compliances(Ctx);

impl Loader<Option<String>> for Compliances {
    type Value = Arc<Compliance>;
    type Error = GqlError;

    async fn load(&self, asked: &[Option<String>]) -> GqlResult<HashMap<Option<String>, Self::Value>> {
        let mut all = HashMap::new();
        for said in asked {
            let period = match said {
                Some(period) => Some(period.clone()),
                None => cities::standards_period(&self.0).await?,
            };
            let Some(period) = period else { continue };
            let ask = compliance::Ask { period, ..compliance::Ask::default() };
            match compliance::compliance(&self.0, &ask).await {
                Ok(found) => {
                    all.insert(said.clone(), Arc::new(found));
                }
                // There is no release yet.
                Err(Error::NotFound(_)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(all)
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
    pasts: DataLoader<Pasts>,
    compared: DataLoader<Compared>,
    heads: DataLoader<Heads>,
    saids: DataLoader<Saids>,
    founds: DataLoader<Founds>,
    medians: DataLoader<Medians>,
    histories: DataLoader<Histories>,
    tasks_of: DataLoader<TasksOf>,
    judgements: DataLoader<Judgements>,
    city_progresses: DataLoader<CityProgresses>,
    compliances: DataLoader<Compliances>,
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
            pasts: DataLoader::new(Pasts(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            compared: DataLoader::new(Compared(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            heads: DataLoader::new(Heads(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            saids: DataLoader::new(Saids(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            founds: DataLoader::new(Founds(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            medians: DataLoader::new(Medians(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            histories: DataLoader::new(Histories(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            tasks_of: DataLoader::new(TasksOf(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            judgements: DataLoader::new(Judgements(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            city_progresses: DataLoader::new(CityProgresses(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
            compliances: DataLoader::new(Compliances(ctx.clone()), when_quiet(&asked)).delay(Duration::ZERO),
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

    /// What a table was before.
    pub async fn past(&self, row: &Arc<submission::Model>) -> GqlResult<Arc<Past>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let past = self.pasts.load_one(State(Arc::clone(row))).await?;
        past.ok_or_else(|| Error::internal("a table without a past").into())
    }

    /// With what a table is compared for its review; with nothing where its values are not the caller's to see.
    pub async fn compared(&self, row: &Arc<submission::Model>) -> GqlResult<Arc<Comparisons>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.compared.load_one(State(Arc::clone(row))).await?.unwrap_or_default())
    }

    /// The revisions of a table from the first number to the last, newest first.
    pub async fn heads(&self, past: &Arc<Past>, first: i32, last: i32) -> GqlResult<Arc<Vec<Head>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.heads.load_one(Stretch { past: Arc::clone(past), first, last }).await?.unwrap_or_default())
    }

    /// What a revision says.
    pub async fn said(&self, sight: Sight) -> GqlResult<Arc<Cells>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let said = self.saids.load_one(sight).await?;
        said.ok_or_else(|| Error::internal("a revision without a document").into())
    }

    /// What the checks found in a revision.
    pub async fn found(&self, sight: Sight) -> GqlResult<Arc<Vec<Finding>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.founds.load_one(sight).await?.unwrap_or_default())
    }

    /// The medians of the peers of a table.
    pub async fn medians(&self, row: &submission::Model) -> GqlResult<Arc<Peers>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let peers = self.medians.load_one((row.dataset_code.0.clone(), row.period_code.0.clone())).await?;
        peers.ok_or_else(|| Error::internal("a table without peers").into())
    }

    /// What was said of a task.
    pub async fn task_history(&self, row: &task::Model) -> GqlResult<Arc<History>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.histories.load_one((row.id, row.version)).await?.unwrap_or_default())
    }

    /// The tasks of a city that are there for the caller.
    pub async fn tasks(&self, city: &str) -> GqlResult<Arc<Vec<Arc<task::Model>>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.tasks_of.load_one(city.to_owned()).await?.unwrap_or_default())
    }

    /// What the newest release says of a target.
    pub async fn judgement(&self, row: &Arc<target::Model>) -> GqlResult<Arc<Judgement>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let judged = self.judgements.load_one(Promised(Arc::clone(row))).await?;
        judged.ok_or_else(|| Error::internal("a target without a judgement").into())
    }

    /// How far the tables of a city are.
    pub async fn city_progress(&self, city: &str, period: Option<String>) -> GqlResult<Arc<Vec<TableProgress>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.city_progresses.load_one((city.to_owned(), period)).await?.unwrap_or_default())
    }

    /// Who meets the standards in a period, or in the newest; nothing where nothing is published.
    pub async fn compliance(&self, period: Option<String>) -> GqlResult<Option<Arc<Compliance>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.compliances.load_one(period).await
    }
}
