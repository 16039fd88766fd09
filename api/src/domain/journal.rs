//! The journal: one row per change, in the change's own transaction.
//!
//! The row has no number yet. The sealer ([`seal`]) gives numbers and chain hashes in the
//! order in which it sees rows committed, so the numbered part is complete by construction
//! and no transaction waits for another.

use chrono::{DateTime, Utc};
use entity::{ids::JournalId, journal, journal_pending, journal_seal};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, TryInsertResult, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    authz::{self, Role},
    ctx::Ctx,
    db::{now, statements},
    error::Result,
    formats::document::sha256,
    request_id,
};

/// Whose doing an entry is, and by which request.
#[derive(Clone, Debug)]
pub struct By {
    /// As [`crate::authz::Actor::subject`].
    pub actor: String,
    /// The contract's name of the role.
    pub role: String,
    /// The code of the organisation.
    pub org: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
}

impl By {
    /// The caller and the current request.
    fn now(ctx: &Ctx) -> Self {
        Self {
            actor: ctx.actor.subject.clone(),
            role: ctx.actor.role.name().to_owned(),
            org: ctx.actor.org.clone(),
            request_id: Some(request_id::current_id()).filter(|id| !id.is_empty()),
            address: request_id::current_address(),
        }
    }
}

/// An organisation that an event is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party<'a>(
    /// In which role it hears of it.
    pub Role,
    /// Its code.
    pub &'a str,
);

/// What happened.
#[derive(Debug, Default)]
pub struct Event<'a> {
    /// `<noun>.<past verb>`, for example `submission.pushed`.
    pub action: &'static str,
    /// What it happened to, for example `62001/talent/2023`.
    pub object: String,
    /// The school whose feed it belongs to.
    pub school: Option<&'a str>,
    /// Whom else it concerns: who hears of events that are addressed ([`authz::Audience::Parties`]).
    pub parties: Vec<Party<'a>>,
    /// The content hash before.
    pub before: Option<&'a str>,
    /// The content hash after.
    pub after: Option<&'a str>,
    /// What else a reader of the feed wants to know. Never a figure, a secret or a person's name.
    pub data: serde_json::Value,
}

/// Writes the row of a change. Call it inside the change's transaction.
pub async fn record(db: &impl ConnectionTrait, ctx: &Ctx, event: Event<'_>) -> Result<()> {
    record_all(db, ctx, vec![event]).await
}

/// The same under an id of the caller's: whoever comes second with it writes nothing, and is told so.
pub async fn record_once(db: &impl ConnectionTrait, ctx: &Ctx, id: JournalId, event: Event<'_>) -> Result<bool> {
    let is_there = OnConflict::column(journal::Column::Id).do_nothing().to_owned();
    let inserted = journal::Entity::insert(row(By::now(ctx), id, event))
        .on_conflict(is_there)
        .try_insert()
        .exec_without_returning(db)
        .await?;
    if !matches!(inserted, TryInsertResult::Inserted(1..)) {
        return Ok(false);
    }
    journal_pending::Entity::insert(journal_pending::ActiveModel { journal_id: Set(id) })
        .exec_without_returning(db)
        .await?;
    Ok(true)
}

/// Writes the rows of many changes at once, in their order.
pub async fn record_all(db: &impl ConnectionTrait, ctx: &Ctx, events: Vec<Event<'_>>) -> Result<()> {
    record_of(db, events.into_iter().map(|event| (By::now(ctx), event)).collect()).await
}

/// The same for events that others have brought about, each under its own name.
pub async fn record_of(db: &impl ConnectionTrait, events: Vec<(By, Event<'_>)>) -> Result<()> {
    for some in statements(events) {
        let rows: Vec<journal::ActiveModel> =
            some.into_iter().map(|(by, event)| row(by, JournalId(Uuid::now_v7()), event)).collect();
        let pending: Vec<journal_pending::ActiveModel> =
            rows.iter().map(|row| journal_pending::ActiveModel { journal_id: row.id.clone() }).collect();
        journal::Entity::insert_many(rows).exec_without_returning(db).await?;
        journal_pending::Entity::insert_many(pending).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(by: By, id: JournalId, event: Event<'_>) -> journal::ActiveModel {
    journal::ActiveModel {
        id: Set(id),
        at: Set(now()),
        actor: Set(by.actor),
        actor_role: Set(by.role),
        actor_org: Set(by.org),
        action: Set(event.action.to_owned()),
        object: Set(event.object),
        school_code: Set(event.school.map(str::to_owned)),
        parties: Set(addressed(event.parties)),
        before_hash: Set(event.before.map(str::to_owned)),
        after_hash: Set(event.after.map(str::to_owned)),
        request_id: Set(by.request_id),
        address: Set(by.address),
        data: Set(event.data.to_string()),
    }
}

/// The parties as they are stored: each once, in order, so that the same event always says the same.
fn addressed(mut parties: Vec<Party<'_>>) -> Option<String> {
    parties.sort_unstable();
    parties.dedup();
    (!parties.is_empty())
        .then(|| parties.iter().map(|Party(role, org)| authz::party(*role, org)).collect::<Vec<_>>())
        // One separator between two is enough for both.
        .map(|parties| parties.concat().replace(";;", ";"))
}

/// Whether there is a row with this id.
pub async fn is_recorded(ctx: &Ctx, id: JournalId) -> Result<bool> {
    let rows = authz::visible::<journal::Entity>(&ctx.actor).filter(journal::Column::Id.eq(id));
    Ok(rows.count(ctx.db.read()).await? > 0)
}

/// Where sealers tell the other instances on PostgreSQL that there is something new.
pub const CHANNEL: &str = "zhiqiao_sealed";

/// How many rows one round of the sealer takes.
const ROUND: u64 = 1_000;

/// Numbers and chains the committed rows that have no number yet; returns how many and how old the oldest was.
///
/// Safe to run on every instance at once: only one at a time gets past the lock.
pub async fn seal(ctx: &Ctx) -> Result<(usize, Option<DateTime<Utc>>)> {
    let tx = ctx.db.begin().await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        // Held until the end of the transaction; the number is any constant of ours.
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, "SELECT pg_advisory_xact_lock(7236478)")).await?;
    }
    let pending = pending(ctx, &tx).await?;
    let Some(oldest) = pending.first().map(|row| row.at) else {
        return Ok((0, None));
    };
    let last = authz::visible::<journal_seal::Entity>(&ctx.actor)
        .order_by_desc(journal_seal::Column::Sequence)
        .limit(1)
        .one(&tx)
        .await?;
    let (mut sequence, mut chain) = last.map_or((0, String::new()), |seal| (seal.sequence, seal.chain_hash));
    let sealed_at = now();
    let mut seals = Vec::with_capacity(pending.len());
    for row in &pending {
        sequence += 1;
        chain = link(&chain, row);
        seals.push(journal_seal::ActiveModel {
            sequence: Set(sequence),
            journal_id: Set(row.id),
            chain_hash: Set(chain.clone()),
            sealed_at: Set(sealed_at),
        });
    }
    for some in statements(seals) {
        journal_seal::Entity::insert_many(some).exec_without_returning(&tx).await?;
    }
    done(&tx, &pending).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        // Heard when this commits. Said here, where one at a time gets past the lock, and not by every
        // writer: commits that notify wait for each other.
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, format!("NOTIFY {CHANNEL}"))).await?;
    }
    tx.commit().await?;
    ctx.memory.bell().ring(sequence);
    Ok((pending.len(), Some(oldest)))
}

/// Whether there is anything to seal; a read only, so that an idle service never takes the writer.
#[expect(clippy::disallowed_methods, reason = "the queue of the sealer holds keys only, and has no caller")]
pub async fn has_pending(ctx: &Ctx) -> Result<bool> {
    Ok(journal_pending::Entity::find().limit(1).one(ctx.db.read()).await?.is_some())
}

/// What waits, in the order of its ids. In two statements: joined, the rows before would be read every time.
#[expect(clippy::disallowed_methods, reason = "the queue of the sealer holds keys only, and has no caller")]
async fn pending(ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Vec<journal::Model>> {
    let ids: Vec<JournalId> = journal_pending::Entity::find()
        .order_by_asc(journal_pending::Column::JournalId)
        .limit(ROUND)
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.journal_id)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = authz::visible::<journal::Entity>(&ctx.actor).filter(journal::Column::Id.is_in(ids));
    Ok(rows.order_by_asc(journal::Column::Id).all(db).await?)
}

#[expect(clippy::disallowed_methods, reason = "the queue of the sealer holds keys only, and has no caller")]
async fn done(db: &impl ConnectionTrait, rows: &[journal::Model]) -> Result<()> {
    for some in statements(rows) {
        journal_pending::Entity::delete_many()
            .filter(journal_pending::Column::JournalId.is_in(some.into_iter().map(|row| row.id)))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// The chain hash of a row: SHA-256 over the hash before and everything the row says.
pub fn link(before: &str, row: &journal::Model) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut parts = vec![
        before.to_owned(),
        row.id.to_string(),
        // To the microsecond: PostgreSQL keeps no more.
        row.at.timestamp_micros().to_string(),
        row.actor.clone(),
        row.actor_role.clone(),
        text(&row.actor_org),
        row.action.clone(),
        row.object.clone(),
        text(&row.school_code),
        text(&row.before_hash),
        text(&row.after_hash),
        text(&row.request_id),
        text(&row.address),
        row.data.clone(),
    ];
    // Rows from before there were parties have none, and keep their hash.
    parts.extend(row.parties.clone());
    // Lengths before the parts, so that no two rows make the same bytes.
    sha256(parts.iter().map(|part| format!("{}:{part}", part.len())).collect::<String>())
}
