//! The upkeep of the registry: entries are added, changed and ended, and nothing is ever deleted.
//!
//! An [`Entry`] says what an entry of its kind has to say and how it is read; everything else is the same for all of
//! them and stands here: who may, what it builds on, its term, its history, its event. What an official has changed
//! stays as the official has said it: `load` leaves it alone (`load::kept`).

pub mod ask;
mod belongings;
pub mod bodies;
pub mod changes;
pub mod duplicates;
pub mod majors;
pub mod merging;
pub mod ties;

use std::sync::Arc;

use chrono::NaiveDate;
use entity::{ids::RowId, registry_change, registry_term, words::EntryKind};
use sea_orm::{
    ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, sea_query::OnConflict,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::ask::Ask;
use super::{
    catalogue,
    journal::{self, Event},
    precondition::Match,
};
use crate::{
    authz::{self, Action, Actor, Kind, Whole},
    ctx::Ctx,
    db::now,
    error::{Error, Result, Text},
    formats::document,
    memory::{
        registry::{Registry, Term},
        search::{Names, Words},
    },
};

/// What is said of an entry: member and value, as in the JSON of the REST interface.
pub type Said = Map<String, Value>;

/// A kind of entries of the registry.
pub trait Entry:
    Whole
    + EntityTrait<
        Model: IntoActiveModel<<Self as EntityTrait>::ActiveModel> + Clone + PartialEq + Send + Sync,
        ActiveModel: Send,
    >
{
    /// What it is called.
    const KIND: EntryKind;
    /// Whose it is to keep.
    const RIGHT: Kind;
    /// Whether its last day may still be to come; of what is only listed while it is there, it may not.
    const ENDS_LATER: bool = true;

    /// Its code, or its id where it has no code.
    fn code(row: &Self::Model) -> String;

    /// What of it is listed, in order.
    fn listed(registry: &Registry) -> &[Self::Model];

    /// What of it has ended and is listed no more, in order; nothing where what has ended stays in the list.
    fn ended(_registry: &Registry) -> Option<&[Self::Model]> {
        None
    }

    /// The listed entry with this code.
    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a Self::Model> {
        Self::listed(registry).iter().find(|row| Self::code(row) == code)
    }

    /// The codes of what it belongs to.
    fn owners(row: &Self::Model) -> Vec<&str>;

    /// Since when and until when it is.
    fn term(registry: &Registry, row: &Self::Model) -> Term {
        registry.term(Self::KIND, &Self::code(row))
    }

    /// The same row with this term; nothing where its table has no place for it.
    fn with_term(_row: &Self::Model, _term: Term) -> Option<Self::Model> {
        None
    }

    /// What it says, but for its term.
    fn says(row: &Self::Model) -> Value;

    /// Reads what is said of a new one, or of one that is there; nothing after a fault.
    fn read(ask: &mut Ask<'_>, old: Option<&Self::Model>) -> Option<Self::Model>;

    /// Whether this one is the caller's to keep.
    fn is_kept_by(_actor: &Actor, _row: &Self::Model) -> bool {
        true
    }

    /// The only members that the caller may say; nothing where it may say them all.
    fn sayable(_actor: &Actor) -> Option<&'static [&'static str]> {
        None
    }
}

/// An entry as it stands.
#[derive(Clone, Debug)]
pub struct Entered<M> {
    /// The row.
    pub row: M,
    /// Since when and until when it is.
    pub term: Term,
    /// The registry beside it.
    pub registry: Arc<Registry>,
}

/// Everything that is said of an entry.
pub fn told<E: Entry>(row: &E::Model, term: Term) -> Said {
    let mut said = match E::says(row) {
        Value::Object(said) => said,
        _ => Map::new(),
    };
    said.insert("since".to_owned(), json!(term.since));
    said.insert("until".to_owned(), json!(term.until));
    said
}

/// The strong ETag of an entry: it stands for what is said of it.
pub fn etag<E: Entry>(row: &E::Model, term: Term) -> String {
    let hash: String = document::sha256(Value::Object(told::<E>(row, term)).to_string()).chars().take(16).collect();
    format!("\"{hash}\"")
}

/// Which entries of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that belong to this: the code of a city, a school, an enterprise, a consortium, a major, a chain.
    pub of: Option<String>,
    /// Only those that answer to these words.
    pub search: Option<String>,
    /// Only those whose last day lies before this one, instead of those that are listed.
    pub ended_before: Option<NaiveDate>,
}

impl Filter {
    /// The entries that it chooses from.
    pub fn list<'a, E: Entry>(&self, registry: &'a Registry) -> &'a [E::Model] {
        let ended = self.ended_before.and_then(|_| E::ended(registry));
        ended.unwrap_or_else(|| E::listed(registry))
    }
}

/// The code that a code leads to, whatever of it was merged. Codes of different kinds never meet.
fn lead<'a>(registry: &'a Registry, code: &'a str) -> &'a str {
    let kinds = [EntryKind::Enterprise, EntryKind::Institution, EntryKind::Consortium];
    kinds.into_iter().fold(code, |code, kind| registry.survivor(kind, code))
}

/// The positions of the entries that a filter keeps; with words those that answer best come first.
pub fn kept<E: Entry>(registry: &Registry, filter: &Filter) -> Vec<usize> {
    let words = filter.search.as_deref().map(Words::new);
    let is_over = |row: &E::Model| {
        // What is listed no more has ended, on that very day too.
        let is_apart = E::ended(registry).is_some();
        filter.ended_before.is_none_or(|day| is_apart || E::term(registry, row).until.is_some_and(|until| until < day))
    };
    let mut kept: Vec<(u32, usize)> = filter
        .list::<E>(registry)
        .iter()
        .enumerate()
        .filter(|(_, row)| is_over(row))
        .filter(|(_, row)| {
            let of = filter.of.as_deref().map(|code| lead(registry, code));
            of.is_none_or(|code| E::owners(row).into_iter().any(|owner| lead(registry, owner) == code))
        })
        .filter_map(|(at, row)| {
            let Some(words) = &words else { return Some((0, at)) };
            let rank = match registry.names(E::KIND, &E::code(row)) {
                Some(names) => words.rank(names),
                // What has no name of its own answers by what it says.
                None => {
                    let said = E::says(row);
                    let texts = said.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
                    words.rank(&Names::new(texts))
                }
            };
            rank.map(|rank| (rank, at))
        })
        .collect();
    kept.sort_unstable();
    kept.into_iter().map(|(_, at)| at).collect()
}

/// The entry with this code; what was merged is found as what it was merged into.
///
/// # Errors
/// 404 where there is none.
pub fn get<E: Entry>(ctx: &Ctx, code: &str) -> Result<Entered<E::Model>> {
    let registry = ctx.memory.registry();
    let row = E::held(&registry, registry.survivor(E::KIND, code)).cloned().ok_or(Error::NotFound(E::RIGHT))?;
    let term = E::term(&registry, &row);
    Ok(Entered { row, term, registry })
}

/// Adds an entry.
///
/// # Errors
/// 403 where it is not the caller's to keep, 409 where there is one of this code, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), entry.kind = E::KIND.word()))]
pub async fn add<E: Entry>(ctx: &Ctx, said: Said) -> Result<Entered<E::Model>> {
    ctx.require(Action::Create, E::RIGHT)?;
    let (tx, mut registry) = catalogue::begin(ctx).await?;
    let mut ask = Ask::new(&registry, said, ctx.actor.at);
    let row = E::read(&mut ask, None);
    let term = ask.term(Term::default(), E::ENDS_LATER);
    let (when, reason) = ask.history(None);
    if let Some(row) = &row
        && authz::whole::<E>().all(&tx).await?.iter().any(|other| E::code(other) == E::code(row))
    {
        ask.faults.taken(&E::code(row));
    }
    ask.verdict()?;
    let row = row.ok_or_else(|| Error::internal("an entry without a row and without a fault"))?;
    if !E::is_kept_by(&ctx.actor, &row) {
        return Err(not_yours());
    }
    let after = written::<E>(&tx, &mut registry, row, term).await?;
    let change =
        Change { code: E::code(&after), kind: E::KIND, before: None, after: told::<E>(&after, term), when, reason };
    note(ctx, &tx, change, "registry.added").await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Entered { row: after, term, registry: Arc::new(registry) })
}

/// Changes what is said of an entry, or ends it.
///
/// # Errors
/// 403, 404, 428 without and 412 with another state than the present one, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), entry.kind = E::KIND.word(), entry.code = code))]
pub async fn change<E: Entry>(
    ctx: &Ctx,
    code: &str,
    said: Said,
    if_match: Option<&Match>,
) -> Result<Entered<E::Model>> {
    ctx.require(Action::Change, E::RIGHT)?;
    let (tx, mut registry) = catalogue::begin(ctx).await?;
    let code = registry.survivor(E::KIND, code).to_owned();
    // What is listed no more can still be looked at, and given back.
    let rows = authz::whole::<E>().all(&tx).await?;
    let old = rows.into_iter().find(|row| E::code(row) == code).ok_or(Error::NotFound(E::RIGHT))?;
    if !E::is_kept_by(&ctx.actor, &old) {
        return Err(not_yours());
    }
    if let Some(only) = E::sayable(&ctx.actor)
        && said.keys().any(|member| !only.contains(&member.as_str()) && !HISTORY.contains(&member.as_str()))
    {
        let list = only.join(", ");
        return Err(Error::Forbidden(Text::new(
            format!("您只能修改 {list}；其余由所在市州或省级维护（CITY、PROVINCE）"),
            format!("These are yours to change: {list}; the rest is kept by the city or the province (CITY, PROVINCE)"),
        )));
    }
    let was = E::term(&registry, &old);
    Match::judge(if_match, etag::<E>(&old, was))?;
    let mut ask = Ask::new(&registry, said, ctx.actor.at);
    let row = E::read(&mut ask, Some(&old));
    let term = ask.term(was, E::ENDS_LATER);
    let (when, reason) = ask.history(term.until.filter(|_| term.until != was.until));
    if let Some(row) = &row
        && !E::is_kept_by(&ctx.actor, row)
    {
        let text =
            ("改后即不归您维护，请由省级修改", "It would not be yours to keep any more: the province can change this");
        ask.faults.add("not_yours", "", text, "", "");
    }
    ask.verdict()?;
    let row = row.ok_or_else(|| Error::internal("an entry without a row and without a fault"))?;
    let (before, after) = (told::<E>(&old, was), told::<E>(&row, term));
    if before == after {
        return Ok(Entered { row: old, term: was, registry: Arc::new(registry) });
    }
    let row = written::<E>(&tx, &mut registry, row, term).await?;
    let change = Change { code, kind: E::KIND, before: Some(before), after, when, reason };
    note(ctx, &tx, change, "registry.changed").await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Entered { row, term, registry: Arc::new(registry) })
}

/// Members that tell of the change and not of the entry.
const HISTORY: &[&str] = &["effective_on", "reason"];

fn not_yours() -> Error {
    Error::Forbidden(Text::new(
        "这一条不由您的机构维护：市州（CITY）维护本市州的企业，企业和学校维护自己的信息，其余由省级（PROVINCE）维护",
        "This entry is not your organisation's to keep: a CITY keeps the enterprises of its city, enterprises and schools \
         keep what is their own, the PROVINCE the rest",
    ))
}

/// Writes a row, and its term where its table has no place for it.
async fn written<E: Entry>(
    db: &impl ConnectionTrait,
    registry: &mut Registry,
    row: E::Model,
    term: Term,
) -> Result<E::Model> {
    let Some(row) = E::with_term(&row, term) else {
        put::<E>(db, row.clone()).await?;
        if term != registry.term(E::KIND, &E::code(&row)) {
            let (kind, code, Term { since, until }) = (E::KIND, E::code(&row), term);
            put::<registry_term::Entity>(db, registry_term::Model { kind, code: code.clone(), since, until }).await?;
            registry.set_term(kind, code, term);
        }
        return Ok(row);
    };
    put::<E>(db, row.clone()).await?;
    Ok(row)
}

/// Puts a row in its place, whether there was one or not. Whoever writes waits at the epoch, so nobody is between.
async fn put<E>(db: &impl ConnectionTrait, row: E::Model) -> Result<()>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let others = E::Column::iter().filter(|column| E::PrimaryKey::from_column(*column).is_none());
    let there = OnConflict::columns(keys).update_columns(others).to_owned();
    E::insert(row.into_active_model()).on_conflict(there).exec_without_returning(db).await?;
    Ok(())
}

/// What has become of an entry.
struct Change {
    kind: EntryKind,
    code: String,
    before: Option<Said>,
    after: Said,
    when: NaiveDate,
    reason: Option<String>,
}

/// Writes the row of the history and that of the journal. The epoch has been raised at the beginning.
async fn note(ctx: &Ctx, db: &impl ConnectionTrait, change: Change, action: &'static str) -> Result<()> {
    let Change { kind, code, before, after, when, reason } = change;
    let (before, after) = (before.map(Value::Object), Value::Object(after));
    let hash = |said: &Value| document::sha256(said.to_string());
    let (was, is) = (before.as_ref().map(hash), hash(&after));
    let data = json!({
        "kind": kind.word(), "code": code, "effective_on": when, "reason": reason, "was": before, "is": after,
    });
    let object = format!("{}/{code}", kind.word());
    let event = Event { action, object, before: was.as_deref(), after: Some(&is), data, ..Event::default() };
    journal::record(db, ctx, event).await?;
    let row = registry_change::Model {
        id: RowId(Uuid::now_v7()),
        kind,
        code,
        changed_at: now(),
        effective_on: when,
        before: before.map(|said| said.to_string()),
        after: after.to_string(),
        reason,
        changed_by: ctx.actor.subject.clone(),
        changed_role: ctx.actor.role.name().to_owned(),
        changed_org: ctx.actor.org.clone(),
    };
    registry_change::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Whether the caller looks after the registry as a whole: who may is told what may be the same.
fn require_official(ctx: &Ctx) -> Result<()> {
    ctx.require(Action::Change, Kind::Registry)
}
