//! What a thief of the database must not have, sealed: private signing keys and second factors, by
//! ChaCha20-Poly1305 under the key of the configuration.
//!
//! What lies in the database is `v1.<which key>.<nonce and ciphertext>`. Its name (the `kid` of a signing key,
//! `totp:` and the account of a second factor) is bound to it as associated data: put into another row, it
//! does not open. Which key sealed it is told by a fingerprint, so that a wrong key is told from a changed text.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::hidden::Hidden;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

use crate::{
    config::EncryptionKey,
    error::{Error, Result},
    formats::document::sha256,
};

/// What a sealed text begins with.
const VERSION: &str = "v1";

/// Why a text does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It was never sealed: it is from an earlier version.
    Clear,
    /// Another key has sealed it.
    AnotherKey,
    /// It, or the name that it is bound to, is not what was sealed.
    Changed,
}

/// Seals and opens under one key.
#[derive(Clone)]
pub struct Vault {
    key: LessSafeKey,
    mark: String,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("mark", &self.mark).finish_non_exhaustive()
    }
}

impl Vault {
    /// Under this key.
    ///
    /// # Errors
    /// [`Error::Internal`] where the cipher does not take it, which is never.
    pub fn new(key: &EncryptionKey) -> Result<Self> {
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, key.expose()).map_err(Error::internal)?;
        // One way, and of a purpose of its own: it says nothing of the key.
        let named: Vec<u8> = b"zhiqiao encryption key v1\n".iter().chain(key.expose()).copied().collect();
        let mark = sha256(named).chars().take(16).collect();
        Ok(Self { key: LessSafeKey::new(unbound), mark })
    }

    /// Seals bytes under a name.
    ///
    /// # Errors
    /// [`Error::Internal`] where the system has no randomness.
    pub fn seal(&self, name: &str, bytes: &[u8]) -> Result<Hidden> {
        // Random and 96 bits wide: enough for a key now and then and a second factor for each person.
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(Error::internal)?;
        let mut sealed = bytes.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(name), &mut sealed)
            .map_err(Error::internal)?;
        let whole: Vec<u8> = nonce.into_iter().chain(sealed).collect();
        Ok(Hidden(format!("{VERSION}.{}.{}", self.mark, URL_SAFE_NO_PAD.encode(whole))))
    }

    /// Opens what was sealed under this name.
    ///
    /// # Errors
    /// Why it does not open.
    pub fn open(&self, name: &str, sealed: &Hidden) -> std::result::Result<Vec<u8>, Closed> {
        let rest =
            sealed.expose().strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.')).ok_or(Closed::Clear)?;
        let (mark, text) = rest.split_once('.').ok_or(Closed::Changed)?;
        if mark != self.mark {
            return Err(Closed::AnotherKey);
        }
        let whole = URL_SAFE_NO_PAD.decode(text).map_err(|_| Closed::Changed)?;
        let (nonce, sealed) = whole.split_first_chunk::<NONCE_LEN>().ok_or(Closed::Changed)?;
        let mut bytes = sealed.to_vec();
        let opened = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad(name), &mut bytes)
            .map_err(|_| Closed::Changed)?;
        Ok(opened.to_vec())
    }
}

fn aad(name: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("zhiqiao sealed v1\n{name}").into_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::string_slice, reason = "tests")]
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&EncryptionKey::parse(&STANDARD.encode([byte; 32])).unwrap()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_under_its_name_and_key_alone() {
        let (vault, bytes) = (vault(7), b"a private key".as_slice());
        let sealed = vault.seal("kid-1", bytes).unwrap();
        assert_eq!(vault.open("kid-1", &sealed).unwrap(), bytes);
        assert_ne!(sealed, vault.seal("kid-1", bytes).unwrap(), "every sealing has its own nonce");
        assert_eq!(vault.open("kid-2", &sealed), Err(Closed::Changed));
        assert_eq!(self::vault(8).open("kid-1", &sealed), Err(Closed::AnotherKey));
        assert_eq!(vault.open("kid-1", &Hidden(STANDARD.encode(bytes))), Err(Closed::Clear));
        assert!(!sealed.expose().contains(&STANDARD.encode(bytes)));
    }

    #[test]
    fn every_letter_counts() {
        let vault = vault(7);
        let sealed = vault.seal("kid", b"a private key").unwrap().0;
        for at in 0..sealed.len() {
            let changed: String =
                sealed.char_indices().map(|(place, old)| if place == at && old != 'A' { 'A' } else { old }).collect();
            assert!(changed == sealed || vault.open("kid", &Hidden(changed)).is_err(), "{at}");
        }
        for short in ["v1", "v1.", "v1..", &sealed[..20], &sealed[..40]] {
            assert!(vault.open("kid", &Hidden(short.to_owned())).is_err(), "{short}");
        }
    }
}
