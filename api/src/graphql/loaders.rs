//! Loaders: what many fields of one query ask for, fetched together.
//!
//! Made per request from the caller's `Ctx`: one shared between callers would hand over
//! another's rows. Nothing is kept after a batch, because a mutation later in the same
//! document may have changed it. This is the only file of the room that may name the ORM.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use async_graphql::dataloader::{DataLoader, Loader};
use entity::{ids::SchoolCode, period, submission};
use sea_orm::QueryOrder;

use super::error::{GqlError, GqlResult};
use crate::{
    ctx::Ctx,
    domain::submissions::{self, Content, Key},
    error::{Error, Result},
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

/// The loaders of one request.
pub struct Loaders {
    tables: DataLoader<Tables>,
    insides: DataLoader<Insides>,
}

impl Loaders {
    /// Loaders for a caller.
    pub fn new(ctx: &Ctx) -> Self {
        // No delay: a batch is everything that was asked for before the executor came round to it.
        Self {
            tables: DataLoader::new(Tables(ctx.clone()), tokio::spawn).delay(Duration::ZERO),
            insides: DataLoader::new(Insides(ctx.clone()), tokio::spawn).delay(Duration::ZERO),
        }
    }

    /// The tables of a school that are there for the caller.
    pub async fn tables(&self, school: &SchoolCode) -> GqlResult<Arc<Vec<Arc<submission::Model>>>> {
        Ok(self.tables.load_one(school.clone()).await?.unwrap_or_default())
    }

    /// What a table says, if that is the caller's to see.
    pub async fn inside(&self, row: &Arc<submission::Model>) -> GqlResult<Option<Arc<Content>>> {
        self.insides.load_one(State(Arc::clone(row))).await
    }
}

/// Every period that something was reported for, in the order of their beginning.
pub async fn periods(ctx: &Ctx) -> Result<Vec<period::Model>> {
    ctx.visible::<period::Entity>()
        .order_by_asc(period::Column::StartsOn)
        .order_by_asc(period::Column::Code)
        .all(ctx.db.read())
        .await
        .map_err(Error::from)
}
