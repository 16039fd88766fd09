//! Checkpoints: the service's signed word on how far the journal has come, and with which chain hash.
//!
//! Whoever owns the database can compute a whole chain anew, but cannot sign it; and whoever keeps a
//! checkpoint elsewhere finds out even where all checkpoints are gone.

use chrono::Utc;
use entity::{journal_checkpoint, journal_seal};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    authn::{
        jws::Refusal,
        keys::{KeySet, PublicKeys},
    },
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Result},
};

/// The `typ` of a checkpoint: never taken for a token, a receipt or a manifest.
pub const TYPE: &str = "zhiqiao-checkpoint+jws";

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Who signed: the public address of the service.
    pub iss: String,
    /// When it was signed, in seconds.
    pub iat: i64,
    /// Which checkpoint it is, from 1 without gaps.
    pub number: i64,
    /// The last entry that it covers.
    pub sequence: i64,
    /// The chain hash of that entry.
    pub chain_hash: String,
    /// How many entries the journal had then.
    pub entries: i64,
    /// The first entry that is kept; those before were removed when their time was over.
    pub first: i64,
    /// The chain hash of the entry before the first; empty where there was none.
    pub before: String,
}

/// Public keys to verify with: those of the database, or those that somebody has kept elsewhere.
pub enum Keys<'a> {
    /// As the service holds them.
    Own(KeySet<'a>),
    /// As a JWKS document has them.
    Kept(&'a PublicKeys),
}

impl Keys<'_> {
    /// Opens a checkpoint.
    pub fn open(&self, token: &str) -> std::result::Result<Checkpoint, Refusal> {
        let opened = match self {
            Self::Own(keys) => keys.open(token, &[TYPE])?,
            Self::Kept(keys) => keys.open(token, &[TYPE])?,
        };
        serde_json::from_slice(&opened.payload).map_err(|_| Refusal::Claims)
    }
}

/// All public keys of the service, also those that sign no more, as a JWKS document.
pub fn jwks(ctx: &Ctx) -> serde_json::Value {
    let keys = ctx.memory.keys();
    let keys = keys.iter().map(|key| {
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid, "x": key.public_key })
    });
    json!({ "keys": keys.collect::<Vec<_>>() })
}

/// The newest checkpoint.
pub async fn newest(ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Option<journal_checkpoint::Model>> {
    ctx.require(Action::Read, Kind::Journal)?;
    let all = ctx.visible::<journal_checkpoint::Entity>().order_by_desc(journal_checkpoint::Column::Number);
    Ok(all.limit(1).one(db).await?)
}

/// Where the journal begins: the first entry that is kept, and the chain hash before it.
///
/// By the newest checkpoint whose signature is good: a bad one has no say.
pub async fn beginning(ctx: &Ctx, db: &impl ConnectionTrait, keys: &Keys<'_>) -> Result<(i64, String)> {
    let mut below = i64::MAX;
    loop {
        let rows = ctx
            .visible::<journal_checkpoint::Entity>()
            .filter(journal_checkpoint::Column::Number.lt(below))
            .order_by_desc(journal_checkpoint::Column::Number)
            .limit(100)
            .all(db)
            .await?;
        let Some(last) = rows.last() else { return Ok((1, String::new())) };
        below = last.number;
        if let Some(good) = rows.iter().find_map(|row| keys.open(&row.token).ok()) {
            return Ok((good.first, good.before));
        }
    }
}

/// Signs a checkpoint if there is something new to cover, and a key to sign with. Safe to run on every instance
/// at once: only one of them writes it.
pub async fn sign(ctx: &Ctx) -> Result<Option<Checkpoint>> {
    let last = ctx
        .visible::<journal_seal::Entity>()
        .order_by_desc(journal_seal::Column::Sequence)
        .limit(1)
        .one(ctx.db.read())
        .await?;
    let (Some(last), Ok(_)) = (last, KeySet::new(&ctx.memory.keys()).signer()) else { return Ok(None) };
    let newest = newest(ctx, ctx.db.read()).await?;
    if newest.as_ref().is_some_and(|newest| newest.sequence >= last.sequence) {
        return Ok(None);
    }
    let keys = ctx.memory.keys();
    let (first, before) = beginning(ctx, ctx.db.read(), &Keys::Own(KeySet::new(&keys))).await?;
    let number = newest.map_or(1, |newest| newest.number + 1);
    let tx = ctx.begin().await?;
    match store(ctx, &tx, number, &last, (first, before)).await {
        Ok(checkpoint) => {
            tx.commit().await?;
            Ok(Some(checkpoint))
        }
        // Another instance was faster.
        Err(Error::Conflict(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Signs and writes one.
pub(super) async fn store(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    number: i64,
    last: &journal_seal::Model,
    (first, before): (i64, String),
) -> Result<Checkpoint> {
    ctx.require(Action::Create, Kind::Journal)?;
    let checkpoint = Checkpoint {
        iss: ctx.issuer.to_string(),
        iat: Utc::now().timestamp(),
        number,
        sequence: last.sequence,
        chain_hash: last.chain_hash.clone(),
        entries: last.sequence - first + 1,
        first,
        before,
    };
    let payload = serde_json::to_vec(&checkpoint).map_err(Error::internal)?;
    let token = KeySet::new(&ctx.memory.keys()).sign(&payload, TYPE)?;
    journal_checkpoint::Entity::insert(journal_checkpoint::ActiveModel {
        number: Set(number),
        sequence: Set(checkpoint.sequence),
        chain_hash: Set(checkpoint.chain_hash.clone()),
        at: Set(now()),
        token: Set(token),
    })
    .exec_without_returning(db)
    .await?;
    Ok(checkpoint)
}
