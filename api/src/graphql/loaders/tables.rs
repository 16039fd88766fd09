//! What is fetched of tables: what they say and said, how far their collections are, with what they are compared.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_graphql::dataloader::Loader;
use entity::{collection, collection_extension, ids::SchoolCode, submission};

use super::seen::Seen;
use crate::{
    ctx::Ctx,
    domain::{
        collections::{self, Progress},
        submissions::{
            self, Content, Key,
            history::{self, Head, Past, Sight, Span},
            review::{self, Comparisons, Peers},
        },
    },
    error::Finding,
    formats::document::Cells,
    graphql::error::{GqlError, GqlResult},
};

/// The tables of a school.
pub(super) struct Tables(pub(super) Ctx);

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

/// What tables say; nothing for those whose values are not the caller's to see.
pub(super) struct Insides(pub(super) Ctx);

impl Loader<Seen<submission::Model>> for Insides {
    type Value = Arc<Content>;
    type Error = GqlError;

    async fn load(
        &self,
        states: &[Seen<submission::Model>],
    ) -> GqlResult<HashMap<Seen<submission::Model>, Self::Value>> {
        let rows: Vec<submission::Model> = states.iter().map(|state| (*state.0).clone()).collect();
        let mut found = submissions::contents(&self.0, self.0.db.read(), &rows).await?;
        Ok(states
            .iter()
            .filter_map(|state| Some((state.clone(), Arc::new(found.remove(&Key::of(&state.0))?))))
            .collect())
    }
}

/// How far collections are.
pub(super) struct Progresses(pub(super) Ctx);

impl Loader<Seen<collection::Model>> for Progresses {
    type Value = Arc<Progress>;
    type Error = GqlError;

    async fn load(
        &self,
        asked: &[Seen<collection::Model>],
    ) -> GqlResult<HashMap<Seen<collection::Model>, Self::Value>> {
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
pub(super) struct Extensions(pub(super) Ctx);

impl Loader<Seen<collection::Model>> for Extensions {
    type Value = Arc<Vec<collection_extension::Model>>;
    type Error = GqlError;

    async fn load(
        &self,
        asked: &[Seen<collection::Model>],
    ) -> GqlResult<HashMap<Seen<collection::Model>, Self::Value>> {
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
pub(super) struct Pasts(pub(super) Ctx);

impl Loader<Seen<submission::Model>> for Pasts {
    type Value = Arc<Past>;
    type Error = GqlError;

    async fn load(
        &self,
        states: &[Seen<submission::Model>],
    ) -> GqlResult<HashMap<Seen<submission::Model>, Self::Value>> {
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
pub(super) struct Compared(pub(super) Ctx);

impl Loader<Seen<submission::Model>> for Compared {
    type Value = Arc<Comparisons>;
    type Error = GqlError;

    async fn load(
        &self,
        states: &[Seen<submission::Model>],
    ) -> GqlResult<HashMap<Seen<submission::Model>, Self::Value>> {
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
pub(super) struct Stretch {
    pub(super) past: Arc<Past>,
    pub(super) first: i32,
    pub(super) last: i32,
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
pub(super) struct Heads(pub(super) Ctx);

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
pub(super) struct Saids(pub(super) Ctx);

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
pub(super) struct Founds(pub(super) Ctx);

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
pub(super) type Form = (String, String);

/// The medians of peers: once for all schools that are asked about.
pub(super) struct Medians(pub(super) Ctx);

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
