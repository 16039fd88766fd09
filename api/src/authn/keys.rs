//! Signing keys: Ed25519, made here, kept sealed in the database (`memory::vault`), held open in memory.
//!
//! The newest key that is not retired signs; every key verifies, so that a rotation
//! breaks no manifest. What a retired key may still vouch for is limited in `tokens`.

use std::collections::HashMap;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::Utc;
use entity::signing_key;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{AlgorithmParameters, Jwk as PublicKey, ThumbprintHash},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    jws::{self, ALGORITHM, Opened, Refusal},
    secrets::random_bytes,
};
use crate::error::{Error, Result};

/// PKCS#8 (RFC 8410) of an Ed25519 key, up to the 32 bytes of the key itself.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A new key, not sealed and not stored yet. Its name is its thumbprint (RFC 7638).
pub fn generate() -> Result<signing_key::Model> {
    of(random_bytes()?)
}

fn of(seed: [u8; 32]) -> Result<signing_key::Model> {
    let private: Vec<u8> = PKCS8.into_iter().chain(seed).collect();
    let public =
        PublicKey::from_encoding_key(&EncodingKey::from_ed_der(&private), Algorithm::EdDSA).map_err(Error::internal)?;
    let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(Error::internal)?;
    let AlgorithmParameters::OctetKeyPair(pair) = public.algorithm else {
        return Err(Error::internal("a new key is not an Ed25519 key"));
    };
    Ok(signing_key::Model {
        kid,
        algorithm: ALGORITHM.to_owned(),
        public_key: pair.x,
        private_key: STANDARD.encode(private).into(),
        created_at: Utc::now(),
        retired_at: None,
    })
}

/// A public key as JWK (RFC 7517, RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Jwk {
    /// Key type.
    #[schema(example = "OKP")]
    pub kty: &'static str,
    /// Curve.
    #[schema(example = "Ed25519")]
    pub crv: &'static str,
    /// Algorithm.
    #[schema(example = "EdDSA")]
    pub alg: &'static str,
    /// What the key is for.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub use_: &'static str,
    /// The key's name in token headers: its RFC 7638 thumbprint.
    pub kid: String,
    /// The public point, base64url.
    pub x: String,
}

/// The public keys, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Jwks {
    /// Every key that still verifies.
    pub keys: Vec<Jwk>,
}

/// Signs some bytes as a thing of this type, with the key that signs now; `keys` come newest first.
///
/// # Errors
/// [`Error::Unavailable`] where no key signs.
pub fn sign(keys: &[signing_key::Model], payload: &[u8], typ: &str) -> Result<String> {
    KeySet::new(keys).sign(payload, typ)
}

/// Whether a compact JWS of this type vouches for these very bytes.
pub fn verify(
    keys: &[signing_key::Model],
    signature: &str,
    payload: &[u8],
    typ: &str,
) -> std::result::Result<(), Refusal> {
    let opened = KeySet::new(keys).open(signature, &[typ])?;
    if opened.payload == payload { Ok(()) } else { Err(Refusal::Signature) }
}

/// The keys in memory, newest first: what signs and what verifies.
#[derive(Clone, Copy)]
pub struct KeySet<'a>(&'a [signing_key::Model]);

impl<'a> KeySet<'a> {
    /// A view on the keys, which come newest first.
    pub const fn new(keys: &'a [signing_key::Model]) -> Self {
        Self(keys)
    }

    /// The key of a name.
    pub fn get(&self, kid: &str) -> Option<&'a signing_key::Model> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// The key that signs now.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where there is none.
    pub fn signer(&self) -> Result<&'a signing_key::Model> {
        self.0.iter().find(|key| key.retired_at.is_none()).ok_or(Error::Unavailable("no signing key"))
    }

    /// Whether there is a key that signs, and its private part is open here.
    pub fn can_sign(&self) -> bool {
        self.signer().is_ok_and(|key| private(key).is_some())
    }

    /// The document of `/.well-known/jwks.json`. Retired keys stay in it: receipts and manifests that they
    /// signed are to be verified for years, and what they vouch for of tokens is limited in `tokens`.
    pub fn jwks(&self) -> Jwks {
        let public = |key: &signing_key::Model| Jwk {
            kty: "OKP",
            crv: "Ed25519",
            alg: ALGORITHM,
            use_: "sig",
            kid: key.kid.clone(),
            x: key.public_key.clone(),
        };
        Jwks { keys: self.0.iter().map(public).collect() }
    }

    /// Signs some bytes as a thing of this type: a compact JWS.
    pub fn sign(&self, payload: &[u8], typ: &str) -> Result<String> {
        let key = self.signer()?;
        let private = private(key).ok_or(Error::Unavailable(
            "the private signing key is closed: configure the [keys] encryption key that it was made with",
        ))?;
        jws::sign(&EncodingKey::from_ed_der(&private), &key.kid, typ, payload)
    }

    /// Opens a compact JWS of one of these types, whichever of the keys signed it.
    pub fn open(&self, text: &str, types: &[&str]) -> std::result::Result<Opened, Refusal> {
        jws::open(text, types, |kid| self.get(kid).and_then(verifier))
    }
}

/// Public keys as somebody outside holds them: what `/.well-known/jwks.json` said.
pub struct PublicKeys(HashMap<String, DecodingKey>);

impl PublicKeys {
    /// Reads a JWKS document; keys of other kinds than ours are passed over.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Key>,
        }
        #[derive(Deserialize)]
        struct Key {
            kid: Option<String>,
            crv: Option<String>,
            x: Option<String>,
        }
        let document: Document = serde_json::from_str(text)?;
        let keys = document.keys.into_iter().filter_map(|key| {
            key.crv.filter(|crv| crv == "Ed25519")?;
            Some((key.kid?, point(&key.x?)?))
        });
        Ok(Self(keys.collect()))
    }

    /// Opens a compact JWS of one of these types.
    pub fn open(&self, text: &str, types: &[&str]) -> std::result::Result<Opened, Refusal> {
        jws::open(text, types, |kid| self.0.get(kid).cloned())
    }
}

/// The private part, where it is open: PKCS#8.
fn private(key: &signing_key::Model) -> Option<Vec<u8>> {
    STANDARD.decode(key.private_key.expose()).ok().filter(|bytes| bytes.len() == PKCS8.len() + 32)
}

/// The private part, as it is to be sealed.
///
/// # Errors
/// [`Error::Internal`] where it is not open, which a new key always is.
pub fn expose(key: &signing_key::Model) -> Result<Vec<u8>> {
    private(key).ok_or_else(|| Error::internal("a private key that is not open"))
}

fn verifier(key: &signing_key::Model) -> Option<DecodingKey> {
    point(&key.public_key)
}

/// A public point, ready to verify with; nothing where it is not 32 bytes long.
fn point(text: &str) -> Option<DecodingKey> {
    let point = URL_SAFE_NO_PAD.decode(text).ok()?;
    (point.len() == 32).then(|| DecodingKey::from_ed_der(&point))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let key = generate().unwrap();
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, key.public_key);
        assert_eq!(key.kid, URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)));
        assert_ne!(key.kid, generate().unwrap().kid);
        assert_eq!(URL_SAFE_NO_PAD.decode(&key.public_key).unwrap().len(), 32);
    }

    #[test]
    fn the_example_of_rfc_8037_comes_out() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = of(seed.try_into().unwrap()).unwrap();
        assert_eq!(key.public_key, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_newest_signs_and_all_verify() {
        let old = generate().unwrap();
        let text = sign(std::slice::from_ref(&old), b"{}", "release+jws").unwrap();
        let new = generate().unwrap();
        let retired = signing_key::Model { retired_at: Some(Utc::now()), ..old };
        let all = [new.clone(), retired.clone()];
        assert_eq!(KeySet::new(&all).signer().unwrap().kid, new.kid);
        assert_eq!(verify(&all, &text, b"{}", "release+jws"), Ok(()));
        assert_eq!(verify(&all, &text, b"{ }", "release+jws"), Err(Refusal::Signature));
        assert_eq!(verify(&all, &text, b"{}", "at+jwt"), Err(Refusal::Type));
        assert_eq!(verify(&[new], &text, b"{}", "release+jws"), Err(Refusal::Key));
        assert!(sign(&[retired], b"{}", "release+jws").is_err());
        let shown = serde_json::to_value(KeySet::new(&all).jwks()).unwrap();
        assert_eq!(shown["keys"][0]["use"], "sig");
        assert_eq!(shown["keys"].as_array().unwrap().len(), 2);
        assert!(!shown.to_string().contains(all[0].private_key.expose()));
    }
}
