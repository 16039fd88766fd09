//! The journal for whoever audits it: every entry, with everything that it says.

use chrono::{DateTime, Utc};
use entity::{journal, journal_seal};
use sea_orm::{ColumnTrait, Condition, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationTrait};

use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::Result,
    page::{self, Ask, Page},
};

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this actor: `account:<id>`, `client:<client_id>`, `job:<task>` or `public`.
    pub actor: Option<String>,
    /// Only this action, `submission.pushed`; or all of a noun, `submission`.
    pub action: Option<String>,
    /// Only of this object, as in `62001/talent/2023`.
    pub object: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
    /// Only since then.
    pub from: Option<DateTime<Utc>>,
    /// Only before then.
    pub to: Option<DateTime<Utc>>,
    /// Only of this request.
    pub request_id: Option<String>,
}

impl Filter {
    pub(super) fn condition(&self) -> Condition {
        use journal::Column as C;
        let action = self.action.as_deref().map(|action| {
            if action.contains('.') { C::Action.eq(action) } else { C::Action.starts_with(format!("{action}.")) }
        });
        Condition::all()
            .add_option(self.actor.as_deref().map(|actor| C::Actor.eq(actor)))
            .add_option(action)
            .add_option(self.object.as_deref().map(|object| C::Object.eq(object)))
            .add_option(self.school.as_deref().map(|school| C::SchoolCode.eq(school)))
            .add_option(self.from.map(|from| C::At.gte(from)))
            .add_option(self.to.map(|to| C::At.lt(to)))
            .add_option(self.request_id.as_deref().map(|id| C::RequestId.eq(id)))
    }
}

/// An entry with its number.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its number.
    pub sequence: i64,
    /// Its chain hash.
    pub chain_hash: String,
    /// What it says.
    pub row: journal::Model,
}

/// The numbered entries, in the order of their numbers; an auditor's alone.
///
/// # Errors
/// 401 without a token, 403 for everybody else.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<i64>) -> Result<Page<Listed>> {
    ctx.require(Action::Read, Kind::Journal)?;
    let db = ctx.db.read();
    let all = ctx
        .visible::<journal_seal::Entity>()
        .join(JoinType::InnerJoin, journal_seal::Relation::Journal.def())
        .filter(filter.condition());
    let total = all.clone().count(db).await?;
    let mut wanted = ctx
        .visible::<journal_seal::Entity>()
        .find_also_related(journal::Entity)
        .filter(filter.condition())
        .order_by_asc(journal_seal::Column::Sequence)
        .limit(u64::try_from(ask.limit).unwrap_or(u64::MAX).saturating_add(1));
    if let Some(after) = ask.after {
        wanted = wanted.filter(journal_seal::Column::Sequence.gt(after));
    }
    let rows = wanted.all(db).await?;
    let has_next = rows.len() > ask.limit;
    let items = rows
        .into_iter()
        .take(ask.limit)
        .filter_map(|(seal, row)| Some(Listed { sequence: seal.sequence, chain_hash: seal.chain_hash, row: row? }));
    Ok(Page { items: items.collect(), has_next, has_previous: ask.after.is_some(), total })
}

/// A cursor of [`list`].
pub fn cursor(sequence: i64) -> String {
    page::cursor(&["journal", &sequence.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 where it is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<i64> {
    match page::read_cursor(cursor, pointer)? {
        [kind, sequence] if kind == "journal" => sequence.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| page::no_cursor(pointer))
}
