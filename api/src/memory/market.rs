//! The market: what is published of supply and demand, ready to be matched. Never a contact, and never what waits
//! for its review.
//!
//! Every change of an opportunity has a stamp, which is the epoch that the change has raised; the row of the epoch
//! is held until the commit, so stamps are in the order of commits. Before a ranking the rows behind the last
//! stamp are read ([`Market::sync`]) and nothing else: a new posting costs one row.

use std::{
    collections::HashMap,
    sync::{OnceLock, PoisonError, RwLock},
};

use chrono::NaiveDate;
use entity::{epoch, opportunity, words::OpportunityState};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Thing, raise};
use crate::{
    authz::{self, Actor},
    config::Matching,
    error::{Error, Result},
    matching::{
        Posting, Score, Surroundings, Texts,
        index::{Found, Index, Scratch},
        score,
    },
};

/// What is known, and up to which stamp.
#[derive(Debug, Default)]
struct Shelf {
    index: Index,
    /// The stamp of each posting that was ever here: of two readers the later one wins.
    stamps: HashMap<Uuid, i64>,
    through: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Market {
    shelf: RwLock<Shelf>,
    settings: OnceLock<Matching>,
}

/// Raises the epoch of opportunities and gives what it is now: the stamp of every row that the transaction writes.
///
/// # Errors
/// Only where the database fails.
pub async fn stamp(db: &impl ConnectionTrait) -> Result<i64> {
    raise(db, Thing::Opportunities).await?;
    let row = authz::whole::<epoch::Entity>()
        .filter(epoch::Column::Name.eq(Thing::Opportunities.name()))
        .one(db)
        .await?
        .ok_or_else(|| Error::internal("no epoch of opportunities"))?;
    Ok(row.value)
}

fn list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// A row as it is compared.
pub fn posting(row: &opportunity::Model) -> Posting {
    let owner = row.school_code.as_ref().map(|code| code.0.clone());
    let owner = owner.or_else(|| row.enterprise_code.as_ref().map(|code| code.0.clone()));
    let majors = list(&row.major_words);
    let posting = Posting {
        id: row.id.0,
        side: row.side,
        kind: row.kind,
        owner: owner.unwrap_or_default(),
        city: row.city_code.as_ref().map(|code| code.0.clone()),
        majors: list(&row.majors).into_iter().collect(),
        major_words: Default::default(),
        industry_words: Default::default(),
        words: Default::default(),
        headcount: row.headcount.and_then(|count| u32::try_from(count).ok()),
        valid_until: row.valid_until,
    };
    let industry = row.industry.as_deref().unwrap_or_default();
    posting.saying(&Texts { title: &row.title, text: &row.text, majors: &majors, industry })
}

impl Market {
    /// Says by which settings it ranks; the first word counts.
    pub fn configure(&self, settings: Matching) {
        let _is_first = self.settings.set(settings);
    }

    /// By which settings it ranks.
    pub fn settings(&self) -> Matching {
        self.settings.get().cloned().unwrap_or_default()
    }

    /// Reads what has changed since the last time. Inside a transaction call it before the first own write.
    ///
    /// # Errors
    /// Only where the database fails.
    pub async fn sync(&self, db: &impl ConnectionTrait) -> Result<()> {
        use opportunity::Column as C;
        let through = self.shelf.read().unwrap_or_else(PoisonError::into_inner).through;
        let is_new = Condition::all().add(C::Stamp.gt(through));
        // What has gone before the first look was never here.
        let is_new = if through == 0 { is_new.add(C::State.eq(OpportunityState::Published)) } else { is_new };
        let rows = authz::visible::<opportunity::Entity>(&Actor::system("memory"))
            .filter(is_new)
            .order_by_asc(C::Stamp)
            .all(db)
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        // Words are read before anybody has to wait.
        let read: Vec<(Uuid, i64, Option<Posting>)> = rows
            .iter()
            .map(|row| {
                let there = (row.state == OpportunityState::Published).then(|| posting(row));
                (row.id.0, row.stamp, there)
            })
            .collect();
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        for (id, stamp, there) in read {
            if shelf.stamps.get(&id).is_some_and(|known| *known >= stamp) {
                continue;
            }
            shelf.stamps.insert(id, stamp);
            shelf.through = shelf.through.max(stamp);
            match there {
                Some(posting) => shelf.index.put(posting),
                None => {
                    shelf.index.take(id);
                }
            }
        }
        Ok(())
    }

    /// The best counterparts of a posting that stand on a day, with what their scores are made of.
    pub fn meet(&self, of: &Posting, most: usize, on: NaiveDate, around: &Surroundings) -> Vec<(Posting, Score)> {
        let least = self.settings().least;
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let found: Vec<Found> = shelf.index.top(of, most, least, on, around, &mut Scratch::default());
        found
            .into_iter()
            .filter_map(|found| {
                let other = shelf.index.get(found.id)?;
                Some((other.clone(), score(of, other, around)?))
            })
            .collect()
    }
}
