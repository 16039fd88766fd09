//! What was found in a day: to be read by whoever it concerns, and announced once when the day is over.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    ids::{JournalId, OpportunityId},
    opportunity_match,
};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::{Builder, Uuid};

use super::{Party, by_ids, local_day, owner};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::{
        audit::midnight,
        journal::{self, Event},
    },
    error::{Error, Finding, Result, Text},
};

/// The most matches that one digest lists; `total` counts them all.
const MOST: u64 = 1_000;

/// How many days back a job looks for digests that nobody made, for an instance that stood still.
const DAYS_BACK: i64 = 7;

/// What was found to meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digested {
    /// What is offered.
    pub supply: OpportunityId,
    /// What is sought.
    pub demand: OpportunityId,
    /// How well, of 100, when it was found.
    pub score: i32,
    /// When.
    pub found_at: DateTime<Utc>,
}

/// What was found in a day, as far as it concerns the caller.
#[derive(Clone, Debug)]
pub struct Digest {
    /// The local day (Asia/Shanghai).
    pub day: NaiveDate,
    /// How many matches were found.
    pub total: u64,
    /// The first of them, in the order in which they were found.
    pub matches: Vec<Digested>,
}

fn of_day(ctx: &Ctx, day: NaiveDate) -> sea_orm::Select<opportunity_match::Entity> {
    ctx.visible::<opportunity_match::Entity>()
        .filter(opportunity_match::Column::FoundAt.gte(midnight(day)))
        .filter(opportunity_match::Column::FoundAt.lt(midnight(day + TimeDelta::days(1))))
}

/// The digest of a day; of today without one.
///
/// # Errors
/// 401, 403, 422 for what is no day.
pub async fn digest(ctx: &Ctx, day: Option<&str>) -> Result<Digest> {
    ctx.require(Action::Read, Kind::Match)?;
    let day = match day {
        None => local_day(ctx.actor.at),
        Some(text) => {
            let read = text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == text);
            read.filter(|day| (1949..=2199).contains(&chrono::Datelike::year(day))).ok_or_else(|| {
                let said = Text::new("日期应如 2026-12-31", "A day is written like 2026-12-31");
                Error::Invalid(vec![Finding::error("day_form", "/day", said).with("YYYY-MM-DD", text)])
            })?
        }
    };
    let db = ctx.db.read();
    let total = of_day(ctx, day).count(db).await?;
    let rows = of_day(ctx, day)
        .order_by_asc(opportunity_match::Column::FoundAt)
        .order_by_asc(opportunity_match::Column::SupplyId)
        .order_by_asc(opportunity_match::Column::DemandId)
        .limit(MOST)
        .all(db)
        .await?;
    let digested = |row: opportunity_match::Model| Digested {
        supply: row.supply_id,
        demand: row.demand_id,
        score: row.score,
        found_at: row.found_at,
    };
    Ok(Digest { day, total, matches: rows.into_iter().map(digested).collect() })
}

/// Announces the digests of the days that are over, each once for every owner; returns how many it wrote. `done`
/// are the days that need not be looked at again.
///
/// # Errors
/// Only where the database fails.
pub async fn make_digests(ctx: &Ctx, done: &mut HashSet<NaiveDate>) -> Result<usize> {
    ctx.require(Action::Create, Kind::Journal)?;
    let today = local_day(now());
    let mut made = 0;
    for back in (1..=DAYS_BACK).rev() {
        let day = today - TimeDelta::days(back);
        if done.contains(&day) {
            continue;
        }
        made += make(ctx, day).await?;
        done.insert(day);
    }
    done.retain(|day| *day >= today - TimeDelta::days(DAYS_BACK));
    Ok(made)
}

async fn make(ctx: &Ctx, day: NaiveDate) -> Result<usize> {
    let rows = of_day(ctx, day).all(ctx.db.read()).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids: HashSet<OpportunityId> = rows.iter().flat_map(|row| [row.supply_id, row.demand_id]).collect();
    let mut owners: HashMap<OpportunityId, Party> = HashMap::new();
    let ids: Vec<OpportunityId> = ids.into_iter().collect();
    for some in ids.chunks(1_000) {
        let found = by_ids(ctx, ctx.db.read(), some.iter().copied()).await?;
        owners.extend(found.into_iter().filter_map(|(id, row)| Some((id, owner(&row)?))));
    }
    let mut counts: BTreeMap<Party, usize> = BTreeMap::new();
    for row in &rows {
        for id in [row.supply_id, row.demand_id] {
            if let Some(party) = owners.get(&id) {
                *counts.entry(party.clone()).or_default() += 1;
            }
        }
    }
    let mut made = 0;
    for (party, matches) in counts {
        let id = id(day, &party);
        if journal::is_recorded(ctx, id).await? {
            continue;
        }
        let event = Event {
            action: "digest.made",
            object: day.to_string(),
            parties: vec![party.addressed()],
            data: json!({ "day": day, "matches": matches }),
            ..Event::default()
        };
        let tx = ctx.begin().await?;
        let is_new = journal::record_once(&tx, ctx, id, event).await?;
        tx.commit().await?;
        made += usize::from(is_new);
    }
    Ok(made)
}

/// The same on every instance, so that the journal has it once; in the order of the day, as all ids are.
fn id(day: NaiveDate, party: &Party) -> JournalId {
    let name = format!("urn:zhiqiao:digest.made:{day}:{}:{}", party.role().name(), party.code());
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    let millis = u64::try_from(midnight(day + TimeDelta::days(1)).timestamp_millis()).unwrap_or(0);
    let random = digest.as_bytes().last_chunk::<10>().copied().unwrap_or_default();
    JournalId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
