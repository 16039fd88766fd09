//! Assertions by which a client proves who it is without a shared secret (RFC 7523, `private_key_jwt`).
//!
//! The key is one that was registered for this client, and the algorithm is that key's: what the header says
//! of it must agree, and whatever else it offers (`jku`, `jwk`, `x5u`, …) is refused. An assertion names this
//! service, lives five minutes at most, and is good once, over all instances.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{client, client_assertion, client_key};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, SqlErr};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{client_keys::ClientKey, door};
use crate::{
    authz,
    db::Db,
    error::{Error, Result},
    formats::document::sha256,
};
/// Longest life that is left to an assertion when it comes.
pub const LONGEST_SECONDS: i64 = 300;

/// How far the clock of a client may be off.
const LEEWAY_SECONDS: i64 = 5;

/// Longest assertion that is looked at.
const LONGEST_BYTES: usize = 4_096;

/// Longest `jti`, in bytes.
const LONGEST_JTI: usize = 256;

/// Headers by which an assertion would bring its own key, or ask to be understood in another way.
const OFFERS: &[&str] = &["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "enc"];

/// Types that an assertion may have; without one it is a JWT.
const TYPES: &[&str] = &["jwt", "client-authentication+jwt"];

/// Why an assertion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no JWT.
    Malformed,
    /// Signed as something else.
    Type,
    /// It brings a key along, or asks for extensions.
    Offer,
    /// `iss` and `sub` are not the client.
    Subject,
    /// Unknown or disabled client, unknown key, another algorithm, or wrong signature: not told apart.
    Unproved,
    /// Meant for somebody else.
    Audience,
    /// `exp` is missing, past, or too far ahead; or its time has not come.
    Time,
    /// `jti` is missing or too long.
    Identifier,
    /// It was used before.
    Replayed,
}

impl Refusal {
    /// What to do, for whoever writes the client; ASCII, as RFC 6749 asks.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Malformed => "The client_assertion is not a signed JWT.",
            Self::Type => "The client_assertion is signed as something else: leave typ out, or set it to JWT.",
            Self::Offer => "The header of the client_assertion may have alg, kid and typ, and brings no key along.",
            Self::Subject => "iss and sub of the client_assertion are both the client_id.",
            Self::Unproved => {
                "Unknown client, unknown key, wrong algorithm or signature of the client_assertion, or the client is disabled."
            }
            Self::Audience => "aud of the client_assertion is the token endpoint or the issuer, and nothing beside it.",
            Self::Time => "exp of the client_assertion is required and at most 300 seconds ahead; check the clock.",
            Self::Identifier => "jti of the client_assertion is required, 1 to 256 bytes, new each time.",
            Self::Replayed => "This client_assertion has been used: make a new one, with a new jti, for each request.",
        }
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    #[serde(default)]
    aud: Value,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    jti: Option<String>,
}

/// An assertion taken apart. Nothing of it is proved yet.
#[derive(Debug)]
pub struct Assertion<'a> {
    message: &'a str,
    signature: &'a str,
    algorithm: String,
    kid: Option<String>,
    claims: Claims,
    /// Whom it claims to be of.
    pub client_id: String,
}

impl<'a> Assertion<'a> {
    /// Takes it apart.
    ///
    /// # Errors
    /// What is wrong with it, whoever has signed it.
    pub fn read(text: &'a str) -> std::result::Result<Self, Refusal> {
        if text.len() > LONGEST_BYTES {
            return Err(Refusal::Malformed);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Refusal::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed);
        let header: Map<String, Value> = serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::Malformed)?;
        let claims: Claims = serde_json::from_slice(&decode(payload)?).map_err(|_| Refusal::Malformed)?;
        decode(signature)?;
        if OFFERS.iter().any(|offer| header.contains_key(*offer)) {
            return Err(Refusal::Offer);
        }
        let word = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::Malformed),
        };
        if word("typ")?.is_some_and(|typ| !TYPES.contains(&typ.to_ascii_lowercase().as_str())) {
            return Err(Refusal::Type);
        }
        let client_id = match (&claims.iss, &claims.sub) {
            (Some(iss), Some(sub)) if iss == sub && !iss.is_empty() => iss.clone(),
            _ => return Err(Refusal::Subject),
        };
        let algorithm = word("alg")?.ok_or(Refusal::Malformed)?;
        Ok(Self { message, signature, algorithm, kid: word("kid")?, claims, client_id })
    }

    /// Whether one of the client's keys has signed it: the one that it names, or the only one.
    fn is_signed_by(&self, keys: &[ClientKey]) -> bool {
        let key = match (&self.kid, keys) {
            (Some(kid), _) => keys.iter().find(|key| key.kid == *kid),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        key.is_some_and(|key| key.algorithm() == self.algorithm && key.has_signed(self.message, self.signature))
    }

    /// What it says of audience and time; returns its `jti`, and when it is over.
    fn check(&self, audiences: &[&str], now: i64) -> std::result::Result<(&str, i64), Refusal> {
        let is_meant = |aud: &Value| aud.as_str().is_some_and(|aud| audiences.contains(&aud));
        let right = match &self.claims.aud {
            // One that is meant for others as well could be handed on by them.
            Value::Array(all) => matches!(all.as_slice(), [only] if is_meant(only)),
            one => is_meant(one),
        };
        if !right {
            return Err(Refusal::Audience);
        }
        let exp = self.claims.exp.ok_or(Refusal::Time)?;
        let latest = now.saturating_add(LEEWAY_SECONDS);
        let is_late = exp.saturating_add(LEEWAY_SECONDS) <= now || exp > latest.saturating_add(LONGEST_SECONDS);
        if is_late || [self.claims.nbf, self.claims.iat].into_iter().flatten().any(|at| at > latest) {
            return Err(Refusal::Time);
        }
        let jti = self.claims.jti.as_deref().filter(|jti| (1..=LONGEST_JTI).contains(&jti.len()));
        Ok((jti.ok_or(Refusal::Identifier)?, exp))
    }
}

/// The client that an assertion proves. It is used up, whatever comes of the request.
///
/// # Errors
/// The outer one is ours, the inner one the client's.
pub async fn authenticate(
    db: &Db,
    audiences: &[&str],
    text: &str,
    now: DateTime<Utc>,
) -> Result<std::result::Result<client::Model, Refusal>> {
    let assertion = match Assertion::read(text) {
        Ok(assertion) => assertion,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let is_it = client::Column::ClientId.eq(assertion.client_id.as_str());
    let row = authz::visible::<client::Entity>(&door()).filter(is_it).one(db.read()).await?;
    let Some(row) = row.filter(|row| !row.is_disabled) else { return Ok(Err(Refusal::Unproved)) };
    let keys = authz::visible::<client_key::Entity>(&door())
        .filter(client_key::Column::ClientId.eq(row.id))
        .all(db.read())
        .await?;
    let keys = keys.iter().map(|key| ClientKey::stored(&key.jwk)).collect::<Result<Vec<_>>>()?;
    if !assertion.is_signed_by(&keys) {
        return Ok(Err(Refusal::Unproved));
    }
    let (jti, exp) = match assertion.check(audiences, now.timestamp()) {
        Ok(good) => good,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // Only what is proved is written down: nobody else can fill the table, or use up another's name.
    let until = DateTime::from_timestamp(exp, 0).ok_or_else(|| Error::internal("an instant"))?;
    let used = client_assertion::ActiveModel {
        digest: Set(sha256(format!("{}\n{jti}", row.id))),
        until: Set(until + TimeDelta::seconds(60)),
    };
    match client_assertion::Entity::insert(used).exec_without_returning(db.write()).await {
        Ok(_) => Ok(Ok(row)),
        Err(fault) if matches!(fault.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Ok(Err(Refusal::Replayed))
        }
        Err(fault) => Err(fault.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const HERE: [&str; 2] = ["https://here.example/oauth/token", "https://here.example"];

    fn text(header: &Value, claims: &Value) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn good() -> Value {
        json!({ "iss": "a", "sub": "a", "aud": HERE[0], "exp": NOW + 300, "jti": "one" })
    }

    fn verdict(claims: &Value) -> std::result::Result<i64, Refusal> {
        let text = text(&json!({ "alg": "EdDSA" }), claims);
        Assertion::read(&text)?.check(&HERE, NOW).map(|(_, exp)| exp)
    }

    #[test]
    fn every_claim_is_checked() {
        assert_eq!(verdict(&good()), Ok(NOW + 300));
        for (claim, value, expected) in [
            ("aud", json!(HERE[1]), Ok(NOW + 300)),
            ("aud", json!([HERE[1]]), Ok(NOW + 300)),
            ("aud", json!([HERE[0], HERE[1]]), Err(Refusal::Audience)),
            ("aud", json!([]), Err(Refusal::Audience)),
            ("aud", json!("https://here.example/"), Err(Refusal::Audience)),
            ("aud", json!("https://there.example"), Err(Refusal::Audience)),
            ("aud", Value::Null, Err(Refusal::Audience)),
            ("iss", json!("b"), Err(Refusal::Subject)),
            ("sub", json!("b"), Err(Refusal::Subject)),
            ("sub", Value::Null, Err(Refusal::Subject)),
            ("exp", json!(NOW + 305), Ok(NOW + 305)),
            ("exp", json!(NOW + 306), Err(Refusal::Time)),
            ("exp", json!(i64::MAX), Err(Refusal::Time)),
            ("exp", json!(NOW - 4), Ok(NOW - 4)),
            ("exp", json!(NOW - 5), Err(Refusal::Time)),
            ("exp", json!(i64::MIN), Err(Refusal::Time)),
            ("exp", Value::Null, Err(Refusal::Time)),
            ("exp", json!("soon"), Err(Refusal::Malformed)),
            ("nbf", json!(NOW + 6), Err(Refusal::Time)),
            ("iat", json!(NOW + 6), Err(Refusal::Time)),
            ("iat", json!(NOW), Ok(NOW + 300)),
            ("jti", Value::Null, Err(Refusal::Identifier)),
            ("jti", json!(""), Err(Refusal::Identifier)),
            ("jti", json!("x".repeat(257)), Err(Refusal::Identifier)),
        ] {
            let mut claims = good();
            claims[claim] = value.clone();
            assert_eq!(verdict(&claims), expected, "{claim} = {value}");
        }
        let mut empty = good();
        empty["iss"] = json!("");
        empty["sub"] = json!("");
        assert_eq!(verdict(&empty), Err(Refusal::Subject));
    }

    #[test]
    fn every_header_is_checked() {
        for (header, expected) in [
            (json!({ "alg": "EdDSA", "kid": "k", "typ": "JWT" }), None),
            (json!({ "alg": "EdDSA", "typ": "client-authentication+jwt" }), None),
            (json!({ "alg": "EdDSA", "typ": "at+jwt" }), Some(Refusal::Type)),
            (json!({ "alg": "EdDSA", "jku": "https://elsewhere.example/keys" }), Some(Refusal::Offer)),
            (json!({ "alg": "EdDSA", "jwk": {} }), Some(Refusal::Offer)),
            (json!({ "alg": "EdDSA", "x5u": "https://elsewhere.example" }), Some(Refusal::Offer)),
            (json!({ "alg": "EdDSA", "x5c": [] }), Some(Refusal::Offer)),
            (json!({ "alg": "EdDSA", "crit": [] }), Some(Refusal::Offer)),
            (json!({ "alg": "EdDSA", "kid": 1 }), Some(Refusal::Malformed)),
            (json!({ "kid": "k" }), Some(Refusal::Malformed)),
            (json!([]), Some(Refusal::Malformed)),
        ] {
            assert_eq!(Assertion::read(&text(&header, &good())).err(), expected, "{header}");
        }
    }

    #[test]
    fn descriptions_are_ascii() {
        for refusal in [Refusal::Malformed, Refusal::Unproved, Refusal::Audience, Refusal::Time, Refusal::Replayed] {
            let said = refusal.description();
            assert!(said.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\'), "{said}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,300}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,80}", 0..5)) {
            let _refused = Assertion::read(&text).is_ok();
            let _refused = Assertion::read(&parts.join(".")).is_ok();
        }

        #[test]
        fn no_object_breaks_the_reader(header in "[ -~]{0,60}", claims in "[ -~]{0,120}") {
            let text = format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let _refused = Assertion::read(&text).is_ok();
        }
    }
}
