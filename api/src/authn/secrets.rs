//! Client secrets: 256 random bits, kept as a hash only.
//!
//! A secret of that length cannot be guessed, so a plain SHA-256 is enough and cheap;
//! passwords are another matter (`passwords`). Base64url without padding has neither `%`
//! nor `+`: it survives clients that forget the form-encoding of RFC 6749.

use std::hint::black_box;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rand::{TryRng, rngs::SysRng};

use crate::{
    config::Secret,
    error::{Error, Result},
    formats::document::sha256,
};

/// A hash that no secret has; what an unknown client is compared with.
pub const NOBODY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Random bytes of the operating system.
pub fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// A new secret.
pub fn random() -> Result<Secret> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?)))
}

/// A new key for what lies in the database, in the base64 that everybody reads.
pub fn encryption_key() -> Result<Secret> {
    Ok(Secret::new(STANDARD.encode(random_bytes::<32>()?)))
}

/// What is kept of a secret.
pub fn hash(secret: &Secret) -> String {
    sha256(secret.expose())
}

/// Whether a secret has this hash; takes the same time wherever the two differ.
pub fn matches(secret: &Secret, expected: &str) -> bool {
    let got = hash(secret);
    let differences = got.bytes().zip(expected.bytes()).fold(0, |found, (a, b)| black_box(found | (a ^ b)));
    got.len() == expected.len() && differences == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_and_no_other() {
        let (secret, other) = (random().unwrap(), random().unwrap());
        assert_ne!(secret, other);
        assert!(matches(&secret, &hash(&secret)));
        assert!(!matches(&secret, &hash(&other)));
        assert!(!matches(&secret, NOBODY));
        assert!(!matches(&secret, ""));
        assert!(!matches(&secret, &format!("{}0", hash(&secret))));
    }

    #[test]
    fn a_secret_has_256_bits_and_survives_a_form() {
        let secret = random().unwrap();
        assert_eq!(secret.expose().len(), 43);
        assert!(secret.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert!(!format!("{secret:?}").contains(secret.expose()));
    }
}
