//! One state of everything that is held in memory and has an epoch, as it is read from the database.

use std::{collections::HashMap, sync::Arc, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use entity::{
    account, client, epoch, hidden::Hidden, ids::ReleaseVersion, release, release_table, revocation, signing_key,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait};

use super::{ReleaseHead, Revoked, Standing, TableHead, Thing, frame::Frame, registry::Registry, vault::Vault};
use crate::{
    authz::{self, Actor},
    db::{Db, now},
    error::{Error, Result},
};

/// One state of everything with an epoch; replaced as a whole.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) epochs: Arc<HashMap<String, i64>>,
    pub(super) registry: Arc<Registry>,
    pub(super) frame: Arc<Frame>,
    pub(super) releases: Arc<Vec<Arc<ReleaseHead>>>,
    pub(super) standings: Arc<HashMap<String, Standing>>,
    pub(super) keys: Arc<Vec<signing_key::Model>>,
    pub(super) revoked: Arc<Revoked>,
    pub(super) checked: Instant,
}

impl State {
    /// Reads what has changed since `before`; everything if there is no before.
    pub(super) async fn load(db: &Db, vault: Option<&Vault>, before: Option<&Self>) -> Result<Self> {
        let db = db.read();
        let checked = Instant::now();
        if let Some(before) = before
            && sum_of_epochs(db).await? == before.epochs.values().sum::<i64>()
        {
            // An epoch is only ever raised: the same sum means the same epochs.
            return Ok(Self { checked, ..before.clone() });
        }
        let epochs: HashMap<String, i64> =
            authz::whole::<epoch::Entity>().all(db).await?.into_iter().map(|row| (row.name, row.value)).collect();
        let same = |thing: Thing| before.filter(|before| before.epochs.get(thing.name()) == epochs.get(thing.name()));

        let (registry, frame) = match same(Thing::Registry) {
            Some(before) => (Arc::clone(&before.registry), Arc::clone(&before.frame)),
            None => {
                let registry = Arc::new(Registry::load(db).await?);
                let frame = Arc::new(Frame::of(&registry));
                (registry, frame)
            }
        };
        Ok(Self {
            registry,
            frame,
            releases: match same(Thing::Releases) {
                Some(before) => Arc::clone(&before.releases),
                None => Arc::new(releases(db).await?),
            },
            standings: match same(Thing::Credentials) {
                Some(before) => Arc::clone(&before.standings),
                None => Arc::new(standings(db).await?),
            },
            keys: match same(Thing::Keys) {
                Some(before) => Arc::clone(&before.keys),
                None => Arc::new(keys(db, vault).await?),
            },
            revoked: match same(Thing::Revocations) {
                Some(before) => Arc::clone(&before.revoked),
                None => Arc::new(revoked(db).await?),
            },
            epochs: Arc::new(epochs),
            checked,
        })
    }
}

async fn keys(db: &impl ConnectionTrait, vault: Option<&Vault>) -> Result<Vec<signing_key::Model>> {
    let mut rows = authz::visible::<signing_key::Entity>(&Actor::system("memory"))
        .order_by_desc(signing_key::Column::CreatedAt)
        .all(db)
        .await?;
    for row in &mut rows {
        // What does not open, or never was sealed, signs nothing; whoever starts the service is told.
        let opened = vault.and_then(|vault| vault.open(&row.kid, &row.private_key).ok());
        row.private_key = Hidden(opened.map_or_else(String::new, |bytes| STANDARD.encode(bytes)));
    }
    Ok(rows)
}

async fn revoked(db: &impl ConnectionTrait) -> Result<Revoked> {
    let rows = authz::visible::<revocation::Entity>(&Actor::system("memory"))
        .filter(revocation::Column::Until.gt(now()))
        .select_only()
        .column(revocation::Column::Name)
        .into_tuple::<String>();
    Ok(rows.all(db).await?.into_iter().collect())
}

/// What is asked four times a second, and before an answer that must be the newest: one row of one number.
async fn sum_of_epochs(db: &impl ConnectionTrait) -> Result<i64> {
    let sum = epoch::Column::Value.sum().cast_as("bigint");
    let row = authz::whole::<epoch::Entity>().select_only().column_as(sum, "sum").into_tuple::<Option<i64>>();
    row.one(db).await?.flatten().ok_or_else(|| Error::Internal("no epochs".to_owned()))
}

async fn releases(db: &impl ConnectionTrait) -> Result<Vec<Arc<ReleaseHead>>> {
    let actor = Actor::system("memory");
    let rows = authz::visible::<release::Entity>(&actor)
        .order_by_desc(release::Column::Major)
        .order_by_desc(release::Column::Minor)
        .order_by_desc(release::Column::Patch)
        .all(db)
        .await?;
    let mut tables: HashMap<ReleaseVersion, Vec<TableHead>> = HashMap::new();
    let heads = authz::visible::<release_table::Entity>(&actor)
        .select_only()
        .columns([
            release_table::Column::Version,
            release_table::Column::DatasetCode,
            release_table::Column::PeriodCode,
            release_table::Column::Schools,
            release_table::Column::PublicHash,
            release_table::Column::ProtectedHash,
            release_table::Column::DisclosureHash,
        ])
        .order_by_asc(release_table::Column::DatasetCode)
        .order_by_asc(release_table::Column::PeriodCode)
        .into_model::<TableHead>()
        .all(db)
        .await?;
    for head in heads {
        tables.entry(head.version.clone()).or_default().push(head);
    }
    Ok(rows
        .into_iter()
        .map(|row| Arc::new(ReleaseHead { tables: tables.remove(&row.version).unwrap_or_default(), row }))
        .collect())
}

async fn standings(db: &impl ConnectionTrait) -> Result<HashMap<String, Standing>> {
    let actor = Actor::system("memory");
    let accounts = authz::visible::<account::Entity>(&actor)
        .filter(account::Column::IsDisabled.eq(false))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let standing = Standing {
                role: row.role.into(),
                org: row.org,
                name: row.display_name,
                duty: row.duty,
                generation: row.generation,
            };
            (format!("account:{}", row.id), standing)
        });
    let clients = authz::visible::<client::Entity>(&actor)
        .filter(client::Column::IsDisabled.eq(false))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let standing = Standing {
                role: row.role.into(),
                org: row.org,
                name: row.name,
                duty: row.duty,
                generation: row.generation,
            };
            (format!("client:{}", row.client_id), standing)
        });
    Ok(accounts.chain(clients).collect())
}
