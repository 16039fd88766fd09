//! Sealing: what a thief of the database must not have is encrypted with a key that is not in it.
//!
//! ChaCha20-Poly1305 with a random nonce. The context (what it is, and whose) is bound to the text, so that
//! one row's secret is not taken for another's.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::secrets::random_bytes;
use crate::{
    config::{Keys, Secret},
    error::{Error, Result},
};

/// The form of a sealed text; another one will begin otherwise.
const FORM: &str = "s1.";

/// The key of the configuration, if there is one.
///
/// # Errors
/// Where the file that was named cannot be read.
pub fn key(keys: &Keys) -> Result<Option<Secret>> {
    match (&keys.encryption_key, &keys.encryption_key_file) {
        (Some(key), _) => Ok(Some(key.clone())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .map_err(|fault| Error::Internal(format!("keys.encryption_key_file: {}: {fault}", file.display())))?;
            let key = Secret::new(text.trim());
            opened(&key)?;
            Ok(Some(key))
        }
        (None, None) => Ok(None),
    }
}

/// Seals some bytes for one context.
pub fn seal(key: &Secret, context: &str, bytes: &[u8]) -> Result<String> {
    let nonce: [u8; NONCE_LEN] = random_bytes()?;
    let mut text = bytes.to_vec();
    opened(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text)
        .map_err(Error::internal)?;
    let all: Vec<u8> = nonce.into_iter().chain(text).collect();
    Ok(format!("{FORM}{}", URL_SAFE_NO_PAD.encode(all)))
}

/// Opens what was sealed for this context.
///
/// # Errors
/// [`Error::Internal`] for another key, another context, or a text that was changed.
pub fn open(key: &Secret, context: &str, sealed: &str) -> Result<Vec<u8>> {
    let wrong = || Error::internal("a sealed text does not open: another key, or it was changed");
    let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(FORM).ok_or_else(wrong)?).map_err(|_| wrong())?;
    let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
    let mut text = text.to_vec();
    let plain = opened(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut text)
        .map_err(|_| wrong())?;
    Ok(plain.to_vec())
}

fn opened(key: &Secret) -> Result<LessSafeKey> {
    let wrong = || Error::internal("the encryption key is not 32 bytes in Base64");
    let bytes = STANDARD.decode(key.expose()).map_err(|_| wrong())?;
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_context_alone() {
        let key = |byte: u8| Secret::new(STANDARD.encode([byte; 32]));
        let sealed = seal(&key(1), "totp:a", b"secret").unwrap();
        assert_eq!(open(&key(1), "totp:a", &sealed).unwrap(), b"secret");
        assert_ne!(sealed, seal(&key(1), "totp:a", b"secret").unwrap(), "every seal has its own nonce");
        assert!(open(&key(2), "totp:a", &sealed).is_err());
        assert!(open(&key(1), "totp:b", &sealed).is_err());
        for broken in
            ["", "s1.", "s1.AAAA", sealed.trim_start_matches("s1."), &format!("{sealed}A"), &sealed.replace("s1", "s2")]
        {
            assert!(open(&key(1), "totp:a", broken).is_err(), "{broken}");
        }
        assert!(seal(&Secret::new("c2hvcnQ="), "totp:a", b"secret").is_err());
    }

    #[test]
    fn a_key_comes_from_the_setting_or_from_a_file() {
        let text = STANDARD.encode([7; 32]);
        assert!(key(&Keys::default()).unwrap().is_none());
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        std::fs::write(&file, format!("{text}\n")).unwrap();
        let of_file = Keys { encryption_key: None, encryption_key_file: Some(file.clone()) };
        assert_eq!(key(&of_file).unwrap().unwrap().expose(), text);
        std::fs::write(&file, "short").unwrap();
        assert!(key(&of_file).is_err());
        let of_nothing = Keys { encryption_key: None, encryption_key_file: Some("/nowhere/key".into()) };
        assert!(key(&of_nothing).unwrap_err().to_string().contains("/nowhere/key"));
    }
}
