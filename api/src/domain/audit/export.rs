//! The journal as a file: NDJSON that is verified without the service.
//!
//! The first line says where it begins and brings the public keys along, then an entry a line, each
//! checkpoint behind its entry, and a last line by which a reader knows that it is the last.

use std::{collections::VecDeque, io::BufRead};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use entity::{ids::JournalId, journal, journal_checkpoint, journal_seal};
use futures::{Stream, stream};
use sea_orm::{ColumnTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    chain::{Chain, Entry, Fault, Findings},
    checkpoints::{self, Checkpoint, Keys},
    verifying::{PIECE, Verified},
};
use crate::{
    authn::keys::{KeySet, PublicKeys},
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Result},
};

/// What the first line says that it is.
const NAME: &str = "zhiqiao-journal";
const VERSION: u32 = 1;

/// The longest line that is read; an entry is far below.
const LINE_BYTES: u64 = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Begin(Begin),
    Entry(Box<EntryLine>),
    Checkpoint(String),
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    format: String,
    version: u32,
    issuer: String,
    exported_at: DateTime<Utc>,
    /// The number of the first entry of the file.
    first: i64,
    /// The chain hash of the entry before it; empty where there is none.
    before: String,
    /// The public keys, as a JWKS document.
    jwks: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine {
    sequence: i64,
    chain_hash: String,
    sealed_at: DateTime<Utc>,
    id: Uuid,
    /// To the microsecond, as it is hashed.
    at: String,
    actor: String,
    role: String,
    org: Option<String>,
    action: String,
    object: String,
    school: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parties: Option<String>,
    before_hash: Option<String>,
    after_hash: Option<String>,
    request_id: Option<String>,
    address: Option<String>,
    /// The very text that is hashed, which is JSON itself.
    data: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: u64,
    last: i64,
    chain_hash: String,
}

impl EntryLine {
    fn new(seal: journal_seal::Model, row: journal::Model) -> Self {
        Self {
            sequence: seal.sequence,
            chain_hash: seal.chain_hash,
            sealed_at: seal.sealed_at,
            id: row.id.0,
            at: row.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            actor: row.actor,
            role: row.actor_role,
            org: row.actor_org,
            action: row.action,
            object: row.object,
            school: row.school_code,
            parties: row.parties,
            before_hash: row.before_hash,
            after_hash: row.after_hash,
            request_id: row.request_id,
            address: row.address,
            data: row.data,
        }
    }

    fn entry(self) -> std::result::Result<Entry, chrono::ParseError> {
        let row = journal::Model {
            id: JournalId(self.id),
            at: DateTime::parse_from_rfc3339(&self.at)?.to_utc(),
            actor: self.actor,
            actor_role: self.role,
            actor_org: self.org,
            action: self.action,
            object: self.object,
            school_code: self.school,
            parties: self.parties,
            before_hash: self.before_hash,
            after_hash: self.after_hash,
            request_id: self.request_id,
            address: self.address,
            data: self.data,
        };
        Ok(Entry { sequence: self.sequence, chain_hash: self.chain_hash, row: Some(row) })
    }
}

fn line(line: &Line) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line).map_err(Error::internal)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Which entries are exported: from the first that is not before `from` to the last that is before `to`, and
/// everything between them, so that the chain is whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// From then; from the beginning without it.
    pub from: Option<DateTime<Utc>>,
    /// Up to then; to the end without it.
    pub to: Option<DateTime<Utc>>,
}

/// What is left to be written.
struct Writing {
    ctx: Ctx,
    at: i64,
    last: i64,
    hash: String,
    entries: u64,
    checkpoint: i64,
    ready: VecDeque<Vec<u8>>,
    is_over: bool,
}

/// The lines of an export, in pieces. The whole of it is never held.
///
/// # Errors
/// 401 and 403 for who may not read the journal; an error within the stream is its end.
pub async fn write(ctx: &Ctx, span: Span) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    ctx.require(Action::Read, Kind::Journal)?;
    let db = ctx.db.read();
    let keys = ctx.memory.keys();
    let (kept, base) = checkpoints::beginning(ctx, db, &Keys::Own(KeySet::new(&keys))).await?;
    let end = ctx.memory.sealed().await?;
    let seals = || {
        ctx.visible::<journal_seal::Entity>()
            .join(JoinType::InnerJoin, journal_seal::Relation::Journal.def())
            .filter(journal_seal::Column::Sequence.lte(end))
            .limit(1)
    };
    let first = match span.from {
        None => Some(kept),
        Some(from) => seals()
            .filter(journal::Column::At.gte(from))
            .order_by_asc(journal_seal::Column::Sequence)
            .one(db)
            .await?
            .map(|seal| seal.sequence),
    };
    let last = match span.to {
        None => Some(end),
        Some(to) => seals()
            .filter(journal::Column::At.lt(to))
            .order_by_desc(journal_seal::Column::Sequence)
            .one(db)
            .await?
            .map(|seal| seal.sequence),
    };
    // Nothing of that time is an export without entries, and not an error.
    let (first, last) = match (first, last) {
        (Some(first), Some(last)) if first <= last => (first, last),
        (first, _) => (first.unwrap_or(end + 1), first.unwrap_or(end + 1) - 1),
    };
    let before = if first == kept {
        base
    } else {
        let seal = ctx.visible::<journal_seal::Entity>().filter(journal_seal::Column::Sequence.eq(first - 1));
        seal.one(db).await?.map(|seal| seal.chain_hash).unwrap_or_default()
    };
    let begin = Begin {
        format: NAME.to_owned(),
        version: VERSION,
        issuer: ctx.issuer.to_string(),
        exported_at: Utc::now(),
        first,
        before: before.clone(),
        jwks: checkpoints::jwks(ctx),
    };
    let ready = VecDeque::from([line(&Line::Begin(begin))?]);
    let writing = Writing {
        ctx: ctx.clone(),
        at: first - 1,
        last,
        hash: before,
        entries: 0,
        checkpoint: 0,
        ready,
        is_over: false,
    };
    Ok(stream::try_unfold(writing, |mut writing| async move {
        loop {
            if let Some(bytes) = writing.ready.pop_front() {
                return Ok(Some((Bytes::from(bytes), writing)));
            }
            if writing.is_over {
                return Ok(None);
            }
            writing.read().await?;
        }
    }))
}

impl Writing {
    /// Reads the next piece, or writes the last line.
    async fn read(&mut self) -> Result<()> {
        let db = self.ctx.db.read();
        let rows = self
            .ctx
            .visible::<journal_seal::Entity>()
            .filter(journal_seal::Column::Sequence.gt(self.at))
            .filter(journal_seal::Column::Sequence.lte(self.last))
            .order_by_asc(journal_seal::Column::Sequence)
            .limit(PIECE)
            .find_also_related(journal::Entity)
            .all(db)
            .await?;
        let Some(until) = rows.last().map(|(seal, _)| seal.sequence) else {
            let end = End { entries: self.entries, last: self.at, chain_hash: self.hash.clone() };
            self.ready.push_back(line(&Line::End(end))?);
            self.is_over = true;
            return Ok(());
        };
        let checkpoints = self
            .ctx
            .visible::<journal_checkpoint::Entity>()
            .filter(journal_checkpoint::Column::Number.gt(self.checkpoint))
            .filter(journal_checkpoint::Column::Sequence.gt(self.at))
            .filter(journal_checkpoint::Column::Sequence.lte(until))
            .order_by_asc(journal_checkpoint::Column::Number)
            .all(db)
            .await?;
        let mut checkpoints = VecDeque::from(checkpoints);
        let mut bytes = Vec::new();
        for (seal, row) in rows {
            let Some(row) = row else {
                return Err(Error::Internal(format!("entry {} has no row: run `zhiqiao audit verify`", seal.sequence)));
            };
            self.hash.clone_from(&seal.chain_hash);
            self.entries += 1;
            let sequence = seal.sequence;
            bytes.extend(line(&Line::Entry(Box::new(EntryLine::new(seal, row))))?);
            while let Some(checkpoint) = checkpoints.pop_front_if(|one| one.sequence <= sequence) {
                self.checkpoint = checkpoint.number;
                bytes.extend(line(&Line::Checkpoint(checkpoint.token))?);
            }
        }
        self.at = until;
        self.ready.push_back(bytes);
        Ok(())
    }
}

/// What an export says of itself, and what is wrong with it.
#[derive(Debug)]
pub struct Examined {
    /// As for a database; nothing waits in a file.
    pub verified: Verified,
    /// Who issued it, as it says.
    pub issuer: String,
    /// Whether its signatures were held against keys from elsewhere, or only against those it brings along.
    pub has_own_keys: bool,
    /// The chain hash of an entry that was asked for.
    pub asked: Option<String>,
}

/// Verifies an export: without a database, a network or a configuration. `jwks` are public keys that were kept
/// elsewhere, `kept` tokens of checkpoints that were; `ask` is an entry whose chain hash is wanted.
///
/// # Errors
/// Only where it cannot be read at all; what is wrong stands in the answer.
pub fn examine(
    mut file: impl BufRead,
    jwks: Option<&PublicKeys>,
    kept: &[String],
    ask: Option<i64>,
    said: &mut dyn FnMut(u64),
) -> std::io::Result<Examined> {
    let mut found = Findings::default();
    let mut text = String::new();
    let read = |file: &mut dyn BufRead, text: &mut String| -> std::io::Result<bool> {
        text.clear();
        let mut limited = std::io::Read::take(file, LINE_BYTES);
        Ok(limited.read_line(text)? > 0)
    };
    read(&mut file, &mut text)?;
    let begin = match serde_json::from_str(&text) {
        Ok(Line::Begin(begin)) if begin.format == NAME && begin.version == VERSION => begin,
        _ => {
            let got = text.chars().take(80).collect::<String>();
            return Err(std::io::Error::other(format!(
                "line 1: expected the first line of an export of the journal (version {VERSION}), got {got:?}"
            )));
        }
    };
    let own = PublicKeys::read(&begin.jwks.to_string()).map_err(std::io::Error::other)?;
    let keys = Keys::Kept(jwks.unwrap_or(&own));
    let mut chain = Chain::new(begin.first, &begin.before);
    let mut kept: Vec<Checkpoint> = kept
        .iter()
        .filter_map(|token| match keys.open(token) {
            Ok(checkpoint) => Some(checkpoint),
            Err(refusal) => {
                found.add(Fault::new("the kept checkpoint", "a signature of the service", format!("{refusal}")));
                None
            }
        })
        .collect();
    kept.sort_by_key(|one| one.sequence);
    let (mut checkpoints, mut asked, mut ended) = (0_u64, None, false);
    let mut beginning: Option<(i64, String)> = None;
    let mut at = 1_u64;
    while read(&mut file, &mut text)? {
        at += 1;
        let place = format!("line {at}");
        if ended {
            found.add(Fault::new(place, "nothing after the last line", "more lines"));
            break;
        }
        match serde_json::from_str(&text) {
            Ok(Line::Entry(entry)) => match entry.entry() {
                Ok(entry) => {
                    chain.entry(&entry, &mut found);
                    for one in kept.iter().filter(|one| one.sequence == entry.sequence) {
                        chain.checkpoint("the kept checkpoint", one, &mut found);
                    }
                    if ask == Some(entry.sequence) {
                        asked = Some(entry.chain_hash);
                    }
                    if chain.entries.is_multiple_of(PIECE) {
                        said(chain.entries);
                    }
                }
                Err(fault) => found.add(Fault::new(place, "an instant", fault.to_string())),
            },
            Ok(Line::Checkpoint(token)) => {
                checkpoints += 1;
                match keys.open(&token) {
                    Ok(said) => {
                        chain.checkpoint(&format!("{place}: checkpoint {}", said.number), &said, &mut found);
                        beginning = Some((said.first, said.before));
                    }
                    Err(refusal) => {
                        let name = format!("{place}: a checkpoint");
                        found.add(Fault::new(name, "a signature of the service", format!("{refusal}")));
                    }
                }
            }
            Ok(Line::End(end)) => {
                ended = true;
                let is = (chain.entries, chain.last(), chain.hash().to_owned());
                let says = (end.entries, end.last, end.chain_hash);
                if is != says {
                    found.add(Fault::new(place, format!("{says:?}"), format!("{is:?}")));
                }
            }
            Ok(Line::Begin(_)) => found.add(Fault::new(place, "an entry", "another first line")),
            Err(fault) => found.add(Fault::new(place, "a line of an export", format!("{fault}"))),
        }
    }
    if !ended {
        found.add(Fault::new("the end of the file", "the last line of an export", "nothing: truncated"));
    }
    if let Some(beyond) = kept.iter().rev().find(|one| one.sequence > chain.last()) {
        chain.checkpoint("the kept checkpoint", beyond, &mut found);
    }
    if let Some((first, before)) = beginning
        && (begin.first < first || (begin.first == first && begin.before != before))
    {
        let expected = format!("entry {first} after {before:?} (signed)");
        found.add(Fault::new("line 1", expected, format!("entry {} after {:?}", begin.first, begin.before)));
    }
    let verified = Verified {
        first: chain.first(),
        last: chain.last(),
        entries: chain.entries,
        checkpoints,
        signed: chain.signed,
        waiting: (0, None),
        found,
    };
    Ok(Examined { verified, issuer: begin.issuer, has_own_keys: jwks.is_none(), asked })
}
