//! Receipts: the service's signed word that it has taken what was sent.
//!
//! A compact JWS over a small JSON document. Whoever holds one can prove, offline and with the public
//! keys alone, what was stated, when, and that the service had it.

use chrono::{DateTime, Utc};
use entity::{submission, words::Severity};
use serde::{Deserialize, Serialize};

use crate::{
    authn::{
        jws::Refusal,
        keys::{KeySet, PublicKeys},
    },
    ctx::Ctx,
    error::{Error, Finding, Result},
    request_id,
};

/// The `typ` of a receipt: never taken for a token or a manifest.
pub const TYPE: &str = "zhiqiao-receipt+jws";

/// What every receipt says, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt<T> {
    /// Who issued it: the public address of the service.
    pub iss: String,
    /// When it was signed, in seconds.
    pub iat: i64,
    /// What happened, named as in the journal.
    pub event: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The request that did it, as `X-Request-Id` names it.
    pub request_id: Option<String>,
    /// What was taken.
    #[serde(flatten)]
    pub what: T,
}

/// A table that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The school that reports.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The number of the revision.
    pub revision: i32,
    /// Where the table stands.
    pub state: String,
    /// SHA-256 of the canonical document.
    pub hash: String,
    /// How many cells it has.
    pub cells: usize,
    /// What the checks found, by severity.
    pub findings: Counts,
}

/// How many findings there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// What blocks a submit.
    pub error: usize,
    /// What needs a justification.
    pub warning: usize,
    /// What only tells.
    pub info: usize,
}

impl Counts {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Self {
        findings.iter().fold(Self::default(), |mut counts, one| {
            match one.severity {
                Severity::Error => counts.error += 1,
                Severity::Warning => counts.warning += 1,
                Severity::Info => counts.info += 1,
            }
            counts
        })
    }
}

impl Stated {
    /// A table as it now stands.
    pub fn of(row: &submission::Model, cells: usize, findings: &[Finding]) -> Self {
        Self {
            school: row.school_code.0.clone(),
            dataset: row.dataset_code.0.clone(),
            period: row.period_code.0.clone(),
            revision: row.revision,
            state: row.state.word().to_owned(),
            hash: row.content_hash.clone(),
            cells,
            findings: Counts::of(findings),
        }
    }
}

/// Signs the receipt of an event; call it before the journal row of the event, which names its hash.
///
/// # Errors
/// [`Error::Unavailable`] where no key signs: nothing is taken without a receipt.
pub fn of(ctx: &Ctx, event: &str, time: DateTime<Utc>, what: &impl Serialize) -> Result<String> {
    let receipt = Receipt {
        iss: ctx.issuer.to_string(),
        iat: Utc::now().timestamp(),
        event: event.to_owned(),
        time,
        request_id: Some(request_id::current_id()).filter(|id| !id.is_empty()),
        what,
    };
    let payload = serde_json::to_vec(&receipt).map_err(Error::internal)?;
    KeySet::new(&ctx.memory.keys()).sign(&payload, TYPE)
}

/// A receipt that was found good, and the key that signed it.
#[derive(Clone, Debug)]
pub struct Good {
    /// The `kid` of the key.
    pub kid: String,
    /// What it says.
    pub receipt: Receipt<serde_json::Map<String, serde_json::Value>>,
}

/// Verifies a receipt with public keys alone.
pub fn verify(text: &str, keys: &PublicKeys) -> std::result::Result<Good, Refusal> {
    let opened = keys.open(text, &[TYPE])?;
    let receipt = serde_json::from_slice(&opened.payload).map_err(|_| Refusal::Claims)?;
    Ok(Good { kid: opened.kid, receipt })
}
