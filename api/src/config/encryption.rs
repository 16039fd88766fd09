//! The key that private signing keys and second factors are encrypted with: 32 bytes, written in base64.

use std::{fmt, path::Path};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::error::Text;

/// Either alphabet, with or without padding: `openssl rand -base64 32` serves as well as our own.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// 256 bits that no log, message or `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey([u8; 32]);

impl EncryptionKey {
    /// Reads base64.
    ///
    /// # Errors
    /// What is wrong with it, without a letter of it.
    pub fn parse(text: &str) -> Result<Self, Text> {
        let text = text.trim();
        let bytes = STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE.decode(text))
            .map_err(|_| Text::new("不是 base64", "not base64"))?;
        let length = bytes.len();
        let bytes = <[u8; 32]>::try_from(bytes)
            .map_err(|_| Text::new(format!("长度为 {length} 字节"), format!("it has {length} bytes")))?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(Text::new("全为零", "nothing but zeros"));
        }
        Ok(Self(bytes))
    }

    /// Reads a file that holds nothing else.
    ///
    /// # Errors
    /// What is wrong with it, without a letter of it.
    pub fn of_file(path: &Path) -> Result<Self, Text> {
        let text = std::fs::read_to_string(path).map_err(|fault| {
            Text::new(format!("文件无法读取：{fault}"), format!("the file cannot be read: {fault}"))
        })?;
        Self::parse(&text)
    }

    /// The bytes, for the one place that encrypts.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_is_read_in_every_form_and_shown_in_none() {
        let bytes: [u8; 32] = std::array::from_fn(|at| 0xff - u8::try_from(at).unwrap());
        let (standard, url_safe) = (STANDARD.encode(bytes), URL_SAFE.encode(bytes));
        assert_ne!(standard, url_safe);
        for text in [&standard, &url_safe, &format!(" {standard}\n"), standard.trim_end_matches('=')] {
            let key = EncryptionKey::parse(text).unwrap();
            assert_eq!(key.expose(), &bytes);
            assert_eq!(format!("{key:?}"), "EncryptionKey");
        }
        for wrong in
            ["", "secret", "职桥", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33]), &STANDARD.encode([0; 32])]
        {
            let said = EncryptionKey::parse(wrong).unwrap_err();
            assert!(wrong.is_empty() || !said.en.contains(wrong), "{said:?}");
        }
        assert!(EncryptionKey::of_file(Path::new("/nowhere/at/all")).unwrap_err().en.contains("cannot be read"));
    }
}
