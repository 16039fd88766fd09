//! Opportunities (供求信息): what schools and enterprises seek and offer.
//!
//! Here is what is read: one, a list, those of an owner or a city. The verbs of owners and officials are in
//! `posting`, what is wrong with an input in `fields`, who meets whom in `meeting`, the digest of a day in
//! `digest`. A contact is told by `interests` alone, and to the owner itself.

mod digest;
mod fields;
mod meeting;
mod posting;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    ids::{CityCode, EnterpriseCode, OpportunityId, SchoolCode},
    opportunity,
    words::{EntryKind, OpportunityKind, OpportunitySide, OpportunityState},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub(super) use self::fields::{contact as contact_faults, major_fields, open_text};
pub use self::{
    digest::{Digest, Digested, digest, make_digests},
    fields::{Contact, New, contact_of, filled},
    meeting::{Matched, matches, of_rows},
    posting::{Close, approve, change, close, expire, post, refuse, withdraw},
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    domain::{faults::Faults, journal},
    error::{Error, Result},
    page::{self, Page},
};

/// A school or an enterprise: who posts and who is interested.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// A school.
    School(SchoolCode),
    /// An enterprise.
    Enterprise(EnterpriseCode),
}

impl Party {
    /// The caller as a party; nothing for the other roles.
    pub fn of(ctx: &Ctx) -> Option<Self> {
        let org = ctx.actor.org.as_deref()?;
        match ctx.actor.role {
            Role::School => Some(Self::School(org.into())),
            Role::Enterprise => Some(Self::Enterprise(org.into())),
            _ => None,
        }
    }

    /// The one of two codes that is there.
    pub fn either(school: Option<&SchoolCode>, enterprise: Option<&EnterpriseCode>) -> Option<Self> {
        let school = school.cloned().map(Self::School);
        school.or_else(|| enterprise.cloned().map(Self::Enterprise))
    }

    /// Its code.
    pub fn code(&self) -> &str {
        match self {
            Self::School(code) => code.as_str(),
            Self::Enterprise(code) => code.as_str(),
        }
    }

    /// As the journal addresses it.
    pub(super) fn addressed(&self) -> journal::Party<'_> {
        journal::Party(self.role(), self.code())
    }

    /// The role that acts for it.
    pub const fn role(&self) -> Role {
        match self {
            Self::School(_) => Role::School,
            Self::Enterprise(_) => Role::Enterprise,
        }
    }
}

/// Whose opportunity it is.
pub fn owner(row: &opportunity::Model) -> Option<Party> {
    Party::either(row.school_code.as_ref(), row.enterprise_code.as_ref())
}

/// Whether it is the caller's own.
pub fn is_own(ctx: &Ctx, row: &opportunity::Model) -> bool {
    Party::of(ctx).is_some_and(|party| owner(row) == Some(party))
}

/// Whether the caller is the owner, or an official in whose scope the owner is.
pub fn is_insider(ctx: &Ctx, row: &opportunity::Model) -> bool {
    match ctx.actor.role {
        Role::Province => true,
        Role::City => row.owner_city_code.as_ref().is_some_and(|city| city.as_str() == ctx.actor.org()),
        _ => is_own(ctx, row),
    }
}

/// The local day (Asia/Shanghai) of an instant.
pub fn local_day(at: DateTime<Utc>) -> NaiveDate {
    (at + TimeDelta::hours(8)).date_naive()
}

/// Where it stands at an instant: on the day after its last it is expired, whenever a job comes to say so.
pub fn state(row: &opportunity::Model, at: DateTime<Utc>) -> OpportunityState {
    match row.state {
        OpportunityState::Published if row.valid_until < local_day(at) => OpportunityState::Expired,
        state => state,
    }
}

/// The strong ETag of an opportunity.
pub fn etag(row: &opportunity::Model) -> String {
    format!("\"{}\"", row.version)
}

/// A list that is stored as JSON.
pub fn listed(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Reads an id; what is none stands for nothing.
///
/// # Errors
/// 404.
pub fn read_id(id: &str) -> Result<OpportunityId> {
    id.parse::<Uuid>().map(OpportunityId).map_err(|_| Error::NotFound(Kind::Opportunity))
}

/// Which opportunities; what is not named keeps all. Within a list one word is enough.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these kinds.
    pub kind: Option<Vec<String>>,
    /// Only of this side.
    pub side: Option<String>,
    /// Only in these states.
    pub state: Option<Vec<String>>,
    /// Only in these cities.
    pub city: Option<Vec<String>>,
    /// Only of this school.
    pub school: Option<String>,
    /// Only of this enterprise.
    pub enterprise: Option<String>,
}

impl Filter {
    fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use opportunity::Column as C;
        let mut faults = Faults::default();
        let mut kept = Condition::all();
        if let Some(words) = &self.kind {
            let read = |word: &String| faults.word("kind", word, OpportunityKind::ALL, OpportunityKind::word);
            let kinds: Vec<OpportunityKind> = words.iter().filter_map(read).collect();
            kept = kept.add(C::Kind.is_in(kinds));
        }
        if let Some(word) = &self.side {
            let side = faults.word("side", word, OpportunitySide::ALL, OpportunitySide::word);
            kept = kept.add_option(side.map(|side| C::Side.eq(side)));
        }
        if let Some(words) = &self.state {
            let mut any = Condition::any();
            let today = local_day(ctx.actor.at);
            for word in words {
                match faults.word("state", word, OpportunityState::ALL, OpportunityState::word) {
                    Some(OpportunityState::Published) => {
                        let open = Condition::all().add(C::State.eq(OpportunityState::Published));
                        any = any.add(open.add(C::ValidUntil.gte(today)));
                    }
                    Some(OpportunityState::Expired) => {
                        let over = Condition::all().add(C::State.eq(OpportunityState::Published));
                        any = any.add(C::State.eq(OpportunityState::Expired)).add(over.add(C::ValidUntil.lt(today)));
                    }
                    Some(state) => any = any.add(C::State.eq(state)),
                    None => {}
                }
            }
            // Of an empty list nothing is kept, as with every other.
            kept =
                if words.is_empty() { kept.add(C::State.is_in(Vec::<OpportunityState>::new())) } else { kept.add(any) };
        }
        let registry = ctx.memory.registry();
        let cities = self.city.as_ref().map(|codes| C::CityCode.is_in(codes.iter().map(String::as_str)));
        kept = kept
            .add_option(cities)
            .add_option(self.school.as_deref().map(|code| C::SchoolCode.eq(code)))
            .add_option(self.enterprise.as_deref().map(|code| {
                // What was merged is asked for by its old code, too.
                C::EnterpriseCode.eq(registry.survivor(EntryKind::Enterprise, code))
            }));
        faults.verdict()?;
        Ok(kept)
    }
}

/// One opportunity.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<opportunity::Model> {
    let id = read_id(id)?;
    ctx.one::<opportunity::Entity>(ctx.db.read(), Action::Read, opportunity::Column::Id.eq(id)).await
}

/// A page of those that are there for the caller, newest first.
///
/// # Errors
/// 422 for words that the lists do not have.
pub async fn list(
    ctx: &Ctx,
    filter: &Filter,
    limit: usize,
    after: Option<OpportunityId>,
) -> Result<Page<opportunity::Model>> {
    let db = ctx.db.read();
    let all = ctx.visible::<opportunity::Entity>().filter(filter.condition(ctx)?);
    let total = all.clone().count(db).await?;
    let mut some = all.order_by_desc(opportunity::Column::Id);
    if let Some(after) = after {
        some = some.filter(opportunity::Column::Id.lt(after));
    }
    let over = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut items = some.limit(over).all(db).await?;
    let has_next = items.len() > limit;
    items.truncate(limit);
    Ok(Page { items, has_next, has_previous: after.is_some(), total })
}

/// A cursor of [`list`].
pub fn cursor(row: &opportunity::Model) -> String {
    page::cursor(&["opportunity", &row.id.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 for what is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<OpportunityId> {
    let [tag, id] = page::read_cursor(cursor, pointer)?;
    let id = id.parse::<Uuid>().ok().filter(|_| tag == "opportunity");
    id.map(OpportunityId).ok_or_else(|| page::no_cursor(pointer))
}

/// Those with these ids that are there for the caller: one statement.
///
/// # Errors
/// Only where the database fails.
pub async fn by_ids(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = OpportunityId>,
) -> Result<HashMap<OpportunityId, opportunity::Model>> {
    let rows = ctx.visible::<opportunity::Entity>().filter(opportunity::Column::Id.is_in(ids)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Whose opportunities are asked for together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// Of a school or an enterprise.
    Party(Party),
    /// In a city.
    City(CityCode),
}

/// The most of one owner or city that are told at once; the list has them all.
const MOST_OF_ONE: usize = 200;

/// Those of several owners and cities that are there for the caller, newest first: one statement.
///
/// # Errors
/// Only where the database fails.
pub async fn of_all(ctx: &Ctx, asked: &[Of]) -> Result<HashMap<Of, Vec<opportunity::Model>>> {
    use opportunity::Column as C;
    let (mut schools, mut enterprises, mut cities) = (Vec::new(), Vec::new(), Vec::new());
    for one in asked {
        match one {
            Of::Party(Party::School(code)) => schools.push(code.clone()),
            Of::Party(Party::Enterprise(code)) => enterprises.push(code.clone()),
            Of::City(code) => cities.push(code.clone()),
        }
    }
    let any = Condition::any()
        .add(C::SchoolCode.is_in(schools))
        .add(C::EnterpriseCode.is_in(enterprises))
        .add(C::CityCode.is_in(cities));
    let rows = ctx.visible::<opportunity::Entity>().filter(any).order_by_desc(C::Id).all(ctx.db.read()).await?;
    let mut found: HashMap<Of, Vec<opportunity::Model>> = asked.iter().map(|one| (one.clone(), Vec::new())).collect();
    for row in rows {
        let keys = [owner(&row).map(Of::Party), row.city_code.clone().map(Of::City)];
        for key in keys.into_iter().flatten() {
            if let Some(rows) = found.get_mut(&key)
                && rows.len() < MOST_OF_ONE
            {
                rows.push(row.clone());
            }
        }
    }
    Ok(found)
}
