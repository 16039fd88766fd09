//! Who meets whom: told to both owners when something is published, and to whoever may ask.

use std::collections::{HashMap, HashSet};

use entity::{
    ids::OpportunityId,
    opportunity, opportunity_match,
    words::{OpportunitySide, OpportunityState},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use serde_json::json;

use super::{Party, by_ids, get, is_insider, local_day, owner, state};
use crate::{
    authz::{Action, Kind},
    config::Neighbours,
    ctx::Ctx,
    db::now,
    domain::journal::{self, Event},
    error::{Error, Result, Text},
    matching::{Posting, Score, Surroundings},
    memory::{market, registry::Registry},
};

/// A counterpart, and why.
#[derive(Clone, Debug)]
pub struct Matched {
    /// The counterpart.
    pub row: opportunity::Model,
    /// How well it meets, and what that is made of.
    pub score: Score,
}

/// Words of a partnership's status that say that it stands.
const STANDING: &[&str] = &["existing", "active"];

/// What lies around a posting: neighbouring cities by the settings, partners of its owner by the registry.
fn around(registry: &Registry, owner: &str, neighbours: &[Neighbours]) -> Surroundings {
    let mut around = Surroundings::default();
    for Neighbours(one, other) in neighbours {
        around.neighbours(one, other);
    }
    for row in registry.partnerships.of(owner).filter(|row| STANDING.contains(&row.status.as_str())) {
        if let (Some(school), Some(enterprise)) = (&row.school_code, &row.enterprise_code) {
            around.partners(school.as_str(), enterprise.as_str());
        }
    }
    around
}

/// The best counterparts of a row that stand at the caller's instant.
fn met(ctx: &Ctx, row: &opportunity::Model, most: usize) -> Vec<(Posting, Score)> {
    let posting = market::posting(row);
    let market = ctx.memory.market();
    let around = around(&ctx.memory.registry(), &posting.owner, &market.settings().neighbours);
    market.meet(&posting, most, local_day(ctx.actor.at), &around)
}

/// The best counterparts of an opportunity now, the best first. For its owner, and for officials in whose scope the
/// owner is.
///
/// # Errors
/// 401 without a token, 404, 403 for who may only look.
pub async fn matches(ctx: &Ctx, id: &str, most: usize) -> Result<Vec<Matched>> {
    ctx.known(Kind::Match)?;
    let row = get(ctx, id).await?;
    ctx.require(Action::Read, Kind::Match)?;
    if !is_insider(ctx, &row) {
        return Err(Error::Forbidden(Text::new(
            "匹配结果只供发布单位（SCHOOL、ENTERPRISE）及其主管市州（CITY）、省级（PROVINCE）查看",
            "Matches are for the owner (SCHOOL, ENTERPRISE), and for its city (CITY) and the province (PROVINCE)",
        )));
    }
    let id = row.id;
    Ok(of_rows(ctx, vec![(row, most)]).await?.remove(&id).unwrap_or_default())
}

/// The same of several, as far as they are the caller's to ask about: two statements for all of them.
///
/// # Errors
/// Only where the database fails.
pub async fn of_rows(
    ctx: &Ctx,
    asked: Vec<(opportunity::Model, usize)>,
) -> Result<HashMap<OpportunityId, Vec<Matched>>> {
    ctx.memory.market().sync(ctx.db.read()).await?;
    let stands = |row: &opportunity::Model| state(row, ctx.actor.at) == OpportunityState::Published;
    let mut all = Vec::new();
    for (row, most) in asked {
        let found = if is_insider(ctx, &row) && stands(&row) { met(ctx, &row, most) } else { Vec::new() };
        all.push((row.id, found));
    }
    let ids: HashSet<OpportunityId> =
        all.iter().flat_map(|(_, found)| found).map(|(posting, _)| OpportunityId(posting.id)).collect();
    let rows = by_ids(ctx, ctx.db.read(), ids).await?;
    let told = all.into_iter().map(|(id, found)| {
        let found = found
            .into_iter()
            .filter_map(|(posting, score)| Some(Matched { row: rows.get(&OpportunityId(posting.id))?.clone(), score }));
        (id, found.collect())
    });
    Ok(told.collect())
}

/// Records whom a new posting meets, and tells both owners. What was found before is not told again.
pub(super) async fn announce(ctx: &Ctx, db: &impl ConnectionTrait, row: &opportunity::Model) -> Result<()> {
    use opportunity_match::Column as C;
    let met = met(ctx, row, ctx.memory.market().settings().most);
    if met.is_empty() {
        return Ok(());
    }
    // By the service's own eyes: the owner of a posting that is approved is not who approves it.
    let known: HashSet<OpportunityId> = ctx
        .as_(crate::authz::Actor::system("matching"))
        .visible::<opportunity_match::Entity>()
        .filter(Condition::any().add(C::SupplyId.eq(row.id)).add(C::DemandId.eq(row.id)))
        .all(db)
        .await?
        .into_iter()
        .map(|one| if one.supply_id == row.id { one.demand_id } else { one.supply_id })
        .collect();
    let registry = ctx.memory.registry();
    let (mut rows, mut told) = (Vec::new(), Vec::new());
    for (posting, score) in met {
        let other = OpportunityId(posting.id);
        if known.contains(&other) {
            continue;
        }
        let (supply_id, demand_id) =
            if row.side == OpportunitySide::Supply { (row.id, other) } else { (other, row.id) };
        let theirs = if registry.schools.get(&posting.owner).is_some() {
            Party::School(posting.owner.as_str().into())
        } else {
            Party::Enterprise(posting.owner.as_str().into())
        };
        let parts: serde_json::Map<String, serde_json::Value> =
            score.parts.iter().map(|part| (part.code.to_owned(), json!(part.points))).collect();
        let object = format!("{supply_id}/{demand_id}");
        told.push((
            theirs,
            object,
            json!({
                "supply": supply_id.to_string(), "demand": demand_id.to_string(), "kind": row.kind.word(),
                "score": score.total, "parts": parts,
            }),
        ));
        rows.push(opportunity_match::ActiveModel::from(opportunity_match::Model {
            supply_id,
            demand_id,
            score: i32::try_from(score.total).unwrap_or(0),
            found_at: now(),
        }));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let is_there = OnConflict::columns([C::SupplyId, C::DemandId]).do_nothing().to_owned();
    opportunity_match::Entity::insert_many(rows).on_conflict(is_there).exec_without_returning(db).await?;
    let own = owner(row);
    let events = told.iter().map(|(theirs, object, data)| Event {
        action: "match.found",
        object: object.clone(),
        parties: own.iter().chain([theirs]).map(Party::addressed).collect(),
        data: data.clone(),
        ..Event::default()
    });
    journal::record_all(db, ctx, events.collect()).await
}
