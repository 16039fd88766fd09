//! Verifies the journal of a database, a piece at a time: however long it is, little of it is held.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{journal, journal_checkpoint, journal_pending, journal_seal};
use sea_orm::{
    ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    chain::{Chain, Entry, Fault, Findings},
    checkpoints::{self, Checkpoint, Keys},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::Result,
};

/// How many entries are read at once.
pub(super) const PIECE: u64 = 1_000;

/// How many rows outside of the chain are named.
const STRAY: u64 = 100;

/// What was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The first entry that is there.
    pub first: i64,
    /// The last entry that was there when it began.
    pub last: i64,
    /// How many entries were looked at.
    pub entries: u64,
    /// How many checkpoints were looked at.
    pub checkpoints: u64,
    /// The last entry that a good checkpoint covers.
    pub signed: Option<i64>,
    /// How many rows wait for their number, and since when the oldest does.
    pub waiting: (u64, Option<DateTime<Utc>>),
    /// What is wrong.
    pub found: Findings,
}

/// Verifies everything: every entry against its hash and the one before, every checkpoint against its signature and
/// its entry, the end against the checkpoints, and that no row stands outside. `kept` are checkpoints that were kept
/// elsewhere. `said` is told how many entries of how many are done.
///
/// # Errors
/// Only where it cannot be done; what is wrong stands in the answer.
pub async fn verify(
    ctx: &Ctx,
    keys: &Keys<'_>,
    kept: &[Checkpoint],
    said: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Verified> {
    ctx.require(Action::Read, Kind::Journal)?;
    let db = ctx.db.read();
    let mut found = Findings::default();
    // First the checkpoints, then the end: what is signed meanwhile covers more than what is looked at.
    let newest = checkpoints::newest(ctx, db).await?;
    let newest_number = newest.as_ref().map_or(0, |newest| newest.number);
    let end = ctx.memory.sealed().await?;
    let (first, before) = checkpoints::beginning(ctx, db, keys).await?;
    let mut chain = Chain::new(first, &before);
    let total = u64::try_from(end - first + 1).unwrap_or_default();
    let mut signed = Signed::new(kept);

    // What was removed when its time was over is gone; whatever else is before the first is too much.
    let early =
        ctx.visible::<journal_seal::Entity>().filter(journal_seal::Column::Sequence.lt(first)).count(db).await?;
    if early > 0 {
        found.add(Fault::new(
            format!("entries before {first}"),
            "none: a checkpoint says that they were removed",
            format!("{early}"),
        ));
    }
    let mut at = first - 1;
    while at < end {
        let rows = ctx
            .visible::<journal_seal::Entity>()
            .filter(journal_seal::Column::Sequence.gt(at))
            .filter(journal_seal::Column::Sequence.lte(end))
            .order_by_asc(journal_seal::Column::Sequence)
            .limit(PIECE)
            .find_also_related(journal::Entity)
            .all(db)
            .await?;
        let Some(until) = rows.last().map(|(seal, _)| seal.sequence) else { break };
        let mut of = signed.between(ctx, keys, at, until, newest_number, &mut found).await?;
        for (seal, row) in rows {
            let entry = Entry { sequence: seal.sequence, chain_hash: seal.chain_hash, row };
            chain.entry(&entry, &mut found);
            for (name, checkpoint) in of.remove(&entry.sequence).unwrap_or_default() {
                chain.checkpoint(&name, &checkpoint, &mut found);
            }
        }
        // Of entries that are missing there are checkpoints, too; the gap has been told.
        at = until;
        said(chain.entries, total);
    }
    // What is left speaks of entries beyond the end.
    let beyond = signed.between(ctx, keys, at, i64::MAX, newest_number, &mut found).await?;
    let mut beyond: Vec<_> = beyond.into_values().flatten().collect();
    beyond.sort_by_key(|(_, checkpoint)| checkpoint.sequence);
    if let Some((name, checkpoint)) = beyond.pop() {
        chain.checkpoint(&name, &checkpoint, &mut found);
    }
    for checkpoint in kept.iter().filter(|one| one.sequence < first) {
        // It was kept from before a removal; that it is signed is all that can be said of it.
        if checkpoint.sequence == first - 1 && checkpoint.chain_hash != before {
            let place = format!("the kept checkpoint at entry {}", checkpoint.sequence);
            found.add(Fault::new(place, format!("chain hash {} (signed)", checkpoint.chain_hash), before.clone()));
        }
    }
    signed.expect_all(newest_number, &mut found);
    stray(ctx, &mut found).await?;
    Ok(Verified {
        first,
        last: chain.last(),
        entries: chain.entries,
        checkpoints: signed.count,
        signed: chain.signed,
        waiting: waiting(ctx).await?,
        found,
    })
}

/// The checkpoints, read along with the entries.
struct Signed<'a> {
    kept: &'a [Checkpoint],
    /// The number of the one that was read last.
    last: i64,
    count: u64,
}

type Named = HashMap<i64, Vec<(String, Checkpoint)>>;

impl<'a> Signed<'a> {
    const fn new(kept: &'a [Checkpoint]) -> Self {
        Self { kept, last: 0, count: 0 }
    }

    /// Those of the entries after `after` up to `until`, by entry.
    async fn between(
        &mut self,
        ctx: &Ctx,
        keys: &Keys<'_>,
        after: i64,
        until: i64,
        newest: i64,
        found: &mut Findings,
    ) -> Result<Named> {
        use journal_checkpoint::Column as C;
        let mut named = Named::new();
        for one in self.kept.iter().filter(|one| one.sequence > after && one.sequence <= until) {
            named.entry(one.sequence).or_default().push(("the kept checkpoint".to_owned(), one.clone()));
        }
        loop {
            // In the order of their numbers, which is that of their entries.
            let rows = ctx
                .visible::<journal_checkpoint::Entity>()
                .filter(C::Number.gt(self.last))
                .filter(C::Number.lte(newest))
                .filter(C::Sequence.lte(until))
                .order_by_asc(C::Number)
                .limit(PIECE)
                .all(ctx.db.read())
                .await?;
            let is_end = rows.len() < usize::try_from(PIECE).unwrap_or(usize::MAX);
            for row in rows {
                let name = format!("checkpoint {}", row.number);
                if row.number != self.last + 1 {
                    self.gap(row.number, found);
                }
                self.last = row.number;
                self.count += 1;
                match keys.open(&row.token) {
                    Err(refusal) => {
                        found.add(Fault::new(name, "a signature of the service", format!("{refusal}")));
                    }
                    Ok(said) => {
                        let columns = (row.number, row.sequence, row.chain_hash.as_str());
                        let signed = (said.number, said.sequence, said.chain_hash.as_str());
                        if columns != signed {
                            found.add(Fault::new(&name, format!("{signed:?} (signed)"), format!("{columns:?}")));
                        }
                        if said.sequence > after && said.sequence <= until {
                            named.entry(said.sequence).or_default().push((name, said));
                        }
                    }
                }
            }
            if is_end {
                return Ok(named);
            }
        }
    }

    fn gap(&self, next: i64, found: &mut Findings) {
        let missing = match next - self.last {
            2 => format!("checkpoint {}", next - 1),
            _ => format!("checkpoints {} to {}", self.last + 1, next - 1),
        };
        found.add(Fault::new(missing, "to be there", "nothing: removed"));
    }

    fn expect_all(&self, newest: i64, found: &mut Findings) {
        if self.last < newest {
            self.gap(newest + 1, found);
        }
    }
}

/// Rows that have no number and do not wait for one: put there past the service, or robbed of their number.
async fn stray(ctx: &Ctx, found: &mut Findings) -> Result<()> {
    let seal = Query::select()
        .expr(Expr::val(1))
        .from(journal_seal::Entity)
        .and_where(
            Expr::col((journal_seal::Entity, journal_seal::Column::JournalId))
                .equals((journal::Entity, journal::Column::Id)),
        )
        .to_owned();
    let pending = Query::select()
        .expr(Expr::val(1))
        .from(journal_pending::Entity)
        .and_where(
            Expr::col((journal_pending::Entity, journal_pending::Column::JournalId))
                .equals((journal::Entity, journal::Column::Id)),
        )
        .to_owned();
    let rows = ctx
        .visible::<journal::Entity>()
        .filter(Expr::exists(seal).not())
        .filter(Expr::exists(pending).not())
        .order_by_asc(journal::Column::Id)
        .limit(STRAY)
        .all(ctx.db.read())
        .await?;
    for row in rows {
        let place = format!("row {} ({} of {}, {})", row.id, row.action, row.object, row.at.to_rfc3339());
        found.add(Fault::new(
            place,
            "a number, or a place in the queue of the sealer",
            "neither: inserted, or its number removed",
        ));
    }
    Ok(())
}

async fn waiting(ctx: &Ctx) -> Result<(u64, Option<DateTime<Utc>>)> {
    let queue = Query::select().column(journal_pending::Column::JournalId).from(journal_pending::Entity).to_owned();
    let rows = ctx.visible::<journal::Entity>().filter(journal::Column::Id.in_subquery(queue));
    let count = rows.clone().count(ctx.db.read()).await?;
    let oldest = rows.order_by_asc(journal::Column::At).limit(1).one(ctx.db.read()).await?;
    Ok((count, oldest.map(|row| row.at)))
}
