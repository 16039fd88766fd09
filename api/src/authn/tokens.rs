//! Access tokens (RFC 9068): issued for a quarter of an hour at most, verified without the database.
//!
//! A token says who its holder was when it was issued. Whether that still holds is asked of
//! the memory at every use, so a disabled client is out at once here and within a second on
//! other instances. Only where a token names a key or a holder that this instance has not
//! heard of is the memory refreshed, once for all requests that wait for it.
//!
//! A client's `sub` is its `client_id`. A person's `sub` is the account's id, and its
//! `client_id` is [`CONSOLE`], which no client may be called.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use chrono::Utc;
use entity::{account, client};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{CONSOLE, jws::Refusal, keys::KeySet};
use crate::{
    authz::{Actor, Role},
    config::Config,
    error::{Error, Result},
    memory::{Memory, Standing},
};

/// The media type of an access token in the header `typ`, in the form we write.
pub const TYPE: &str = "at+jwt";
/// The forms that RFC 9068 has us read.
const TYPES: &[&str] = &[TYPE, "application/at+jwt"];

/// The one scope: everything that the holder's role may do.
pub const SCOPE: &str = "zhiqiao";

/// Longest life of a token, whatever is configured.
const LONGEST_SECONDS: i64 = 900;

/// How far the clocks of two instances may be apart.
const LEEWAY_SECONDS: i64 = 5;

/// Longest token that is looked at; ours are a quarter of it.
const LONGEST_BYTES: usize = 4_096;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    jti: String,
    iat: i64,
    exp: i64,
    scope: String,
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    /// Of people: which generation of sessions it belongs to; a later one has ended it.
    #[serde(default, skip_serializing_if = "is_first")]
    generation: i32,
}

// By reference, as serde asks.
const fn is_first(generation: &i32) -> bool {
    *generation == 0
}

impl Claims {
    /// The holder's name in memory and journal.
    fn subject(&self) -> Option<String> {
        if self.client_id == CONSOLE {
            Uuid::parse_str(&self.sub).ok().map(|id| format!("account:{id}"))
        } else {
            (self.sub == self.client_id).then(|| format!("client:{}", self.sub))
        }
    }
}

/// Whom a token is for.
#[derive(Clone, Debug)]
pub struct Holder {
    subject: String,
    client_id: String,
    role: Role,
    org: Option<String>,
    generation: i32,
}

impl Holder {
    /// A service account.
    pub fn client(row: &client::Model) -> Self {
        Self {
            subject: row.client_id.clone(),
            client_id: row.client_id.clone(),
            role: row.role.into(),
            org: row.org.clone(),
            generation: 0,
        }
    }

    /// A person who has signed in.
    pub fn person(row: &account::Model) -> Self {
        Self {
            subject: row.id.to_string(),
            client_id: CONSOLE.to_owned(),
            role: row.role.into(),
            org: row.org.clone(),
            generation: row.generation,
        }
    }
}

/// A new token.
#[derive(Clone)]
pub struct Issued {
    /// The token itself.
    pub token: String,
    /// How long it lives.
    pub expires_in: u64,
    /// Its scope.
    pub scope: &'static str,
}

/// Issues and verifies, by the settings of an instance.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    issuer: &'a str,
    audience: &'a str,
    lifetime_seconds: i64,
}

impl<'a> Tokens<'a> {
    /// By these settings.
    pub fn new(config: &'a Config) -> Self {
        Self {
            issuer: &config.public_url,
            audience: &config.token.audience,
            lifetime_seconds: i64::try_from(config.token.lifetime_seconds)
                .unwrap_or(LONGEST_SECONDS)
                .min(LONGEST_SECONDS),
        }
    }

    /// A token for somebody who has just proved who they are.
    pub fn issue(&self, keys: KeySet<'_>, holder: &Holder) -> Result<Issued> {
        self.issue_at(keys, holder, Utc::now().timestamp())
    }

    fn issue_at(&self, keys: KeySet<'_>, holder: &Holder, now: i64) -> Result<Issued> {
        let claims = Claims {
            iss: self.issuer.to_owned(),
            sub: holder.subject.clone(),
            aud: self.audience.to_owned(),
            client_id: holder.client_id.clone(),
            jti: Uuid::new_v4().to_string(),
            iat: now,
            exp: now + self.lifetime_seconds,
            scope: SCOPE.to_owned(),
            role: holder.role.name().to_owned(),
            org: holder.org.clone(),
            generation: holder.generation,
        };
        let payload = serde_json::to_vec(&claims).map_err(Error::internal)?;
        Ok(Issued {
            token: keys.sign(&payload, TYPE)?,
            expires_in: u64::try_from(self.lifetime_seconds).map_err(Error::internal)?,
            scope: SCOPE,
        })
    }

    /// Who a token stands for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with the reason; [`Error::Unavailable`] where the instance has
    /// been cut off from the database for so long that it cannot tell.
    pub async fn authenticate(&self, memory: &Memory, token: &str) -> Result<Actor> {
        match self.judge(memory, token)? {
            Ok(actor) => Ok(actor),
            // Another instance may have made the key or the client a moment ago.
            Err(Refusal::Key | Refusal::Standing) => {
                memory.refresh().await?;
                Ok(self.judge(memory, token)??)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    fn judge(&self, memory: &Memory, token: &str) -> Result<Result<Actor, Refusal>> {
        let keys = memory.keys();
        let claims = match self.verify(KeySet::new(&keys), token, Utc::now().timestamp()) {
            Ok(claims) => claims,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(subject) = claims.subject() else {
            return Ok(Err(Refusal::Claims));
        };
        let standing = memory.standing(&subject)?;
        Ok(stands(&claims, subject, standing))
    }

    /// Everything that a token itself can be asked. What a signature vouches for is remembered; time and key are not.
    fn verify(&self, keys: KeySet<'_>, token: &str, now: i64) -> Result<Arc<Claims>, Refusal> {
        if token.len() > LONGEST_BYTES {
            return Err(Refusal::Malformed);
        }
        let digest: [u8; 32] = Sha256::digest(token).into();
        let (vouched, is_new) = match SEEN.get(&digest) {
            Some(vouched) => (vouched, false),
            None => (open(keys, token)?, true),
        };
        let key = keys.get(&vouched.kid).filter(|key| key.public_key == vouched.public_key).ok_or(Refusal::Key)?;
        self.check(&vouched.claims, now)?;
        // Whoever may have stolen a retired key signs no new tokens with it.
        if key.retired_at.is_some_and(|retired| vouched.claims.iat > retired.timestamp() + LEEWAY_SECONDS) {
            return Err(Refusal::Key);
        }
        let claims = Arc::clone(&vouched.claims);
        if is_new {
            SEEN.put(digest, vouched);
        }
        Ok(claims)
    }

    fn check(&self, claims: &Claims, now: i64) -> Result<(), Refusal> {
        let refusals = [
            (claims.iss != self.issuer, Refusal::Issuer),
            (claims.aud != self.audience, Refusal::Audience),
            (claims.jti.is_empty() || claims.sub.is_empty() || claims.exp <= claims.iat, Refusal::Claims),
            (claims.exp.saturating_sub(claims.iat) > LONGEST_SECONDS, Refusal::Lifetime),
            (now >= claims.exp.saturating_add(LEEWAY_SECONDS), Refusal::Expired),
            (claims.iat > now.saturating_add(LEEWAY_SECONDS), Refusal::Early),
            (!claims.scope.split(' ').any(|scope| scope == SCOPE), Refusal::Scope),
        ];
        refusals.into_iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, refusal)| Err(refusal))
    }
}

/// The holder as it stands now, if it still is what the token says.
fn stands(claims: &Claims, subject: String, standing: Option<Standing>) -> Result<Actor, Refusal> {
    let standing = standing
        .filter(|standing| standing.role.name() == claims.role && standing.org == claims.org)
        .filter(|standing| standing.generation == claims.generation)
        .ok_or(Refusal::Standing)?;
    Ok(Actor::with(standing.role, standing.org.as_deref(), subject, standing.name).on(standing.duty))
}

/// Verifies the signature, whatever it says.
fn open(keys: KeySet<'_>, token: &str) -> Result<Vouched, Refusal> {
    let opened = keys.open(token, TYPES)?;
    let public_key = keys.get(&opened.kid).ok_or(Refusal::Key)?.public_key.clone();
    let claims = serde_json::from_slice(&opened.payload).map_err(|_| Refusal::Claims)?;
    Ok(Vouched { kid: opened.kid, public_key, claims: Arc::new(claims) })
}

/// A signature that was verified: this key has said this.
#[derive(Clone, Debug)]
struct Vouched {
    kid: String,
    public_key: String,
    claims: Arc<Claims>,
}

/// Signatures that were verified lately. Whether a key has signed a text never changes, so
/// all instances of a process share what they know; everything else is asked every time.
static SEEN: LazyLock<Seen> = LazyLock::new(Seen::default);

/// How many tokens a generation holds.
const GENERATION: usize = 10_000;

/// By the SHA-256 of the token. When the young are many, the old are dropped and the young become old.
#[derive(Debug, Default)]
struct Seen(RwLock<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<[u8; 32], Vouched>,
    old: HashMap<[u8; 32], Vouched>,
}

impl Seen {
    fn get(&self, digest: &[u8; 32]) -> Option<Vouched> {
        let both = self.0.read().unwrap_or_else(PoisonError::into_inner);
        both.young.get(digest).or_else(|| both.old.get(digest)).cloned()
    }

    fn put(&self, digest: [u8; 32], vouched: Vouched) {
        let mut both = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if both.young.len() >= GENERATION {
            both.old = std::mem::take(&mut both.young);
        }
        both.young.insert(digest, vouched);
    }
}

#[cfg(test)]
mod tests;
