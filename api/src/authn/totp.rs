//! Second factors: codes of an authenticator (RFC 6238) and recovery codes that stand in for it once.
//!
//! SHA-1, six digits, thirty seconds: what every authenticator can do. That a code is good once only is kept
//! by whoever has the database (`domain::second_factor`).

use totp_rs::{Builder, Secret as Seed};

use super::secrets::random_bytes;
use crate::{
    config::Secret,
    error::{Error, Result},
};

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// What an authenticator computes its codes from: 160 bits.
pub type Bytes = [u8; 20];

/// A new secret.
pub fn secret() -> Result<Bytes> {
    random_bytes()
}

/// A secret as people type it into an authenticator.
pub fn base32(secret: &Bytes) -> Secret {
    Secret::new(Seed::new_stack(*secret).to_base32())
}

/// A secret as an authenticator scans it. User names have no letter that an address would have to quote.
pub fn uri(username: &str, secret: &Bytes) -> Secret {
    let secret = base32(secret);
    Secret::new(format!("otpauth://totp/zhiqiao:{username}?secret={}&issuer=zhiqiao", secret.expose()))
}

/// The step that a code belongs to, if it is one of now, of the step before or of the one after.
pub fn step(secret: &Bytes, code: &str, now: i64) -> Result<Option<i64>> {
    let totp = Builder::new().with_secret(Seed::new_stack(*secret)).with_skew(1).build().map_err(Error::internal)?;
    let now = u64::try_from(now).map_err(Error::internal)?;
    totp.check(code, now).map(|step| i64::try_from(step).map_err(Error::internal)).transpose()
}

/// What somebody gives for the second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Six digits of an authenticator.
    Digits(String),
    /// A recovery code, as it is hashed.
    Recovery(Secret),
}

impl Given {
    /// Reads a code; blanks and hyphens are for the eye.
    pub fn read(code: &str) -> Self {
        let plain: String = code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Digits(plain)
        } else {
            Self::Recovery(Secret::new(plain.to_ascii_lowercase()))
        }
    }
}

/// A new recovery code of 80 bits: as it is shown, in groups of four.
pub fn recovery_code() -> Result<Secret> {
    let bytes: [u8; 10] = random_bytes()?;
    let text = Seed::new(Box::new(bytes)).to_base32().to_ascii_lowercase();
    let groups: Vec<String> =
        text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    Ok(Secret::new(groups.join("-")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The secret of RFC 6238, appendix B; its codes are cut to six digits here.
    const RFC: &Bytes = b"12345678901234567890";

    #[test]
    fn the_codes_of_rfc_6238_come_out() {
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step(RFC, code, at).unwrap(), Some(at / 30), "{at}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after() {
        for (at, is_good) in [(29, true), (59, true), (60, true), (89, true), (90, false)] {
            assert_eq!(step(RFC, "287082", at).unwrap(), is_good.then_some(1), "{at}");
        }
        for bad in ["", "28708", "2870820", "28708x", "２８７０８２"] {
            assert_eq!(step(RFC, bad, 59).unwrap(), None, "{bad}");
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        assert_eq!(Given::read(" 287 082"), Given::Digits("287082".to_owned()));
        let code = recovery_code().unwrap();
        assert_eq!(code.expose().len(), 19, "{}", code.expose());
        let plain = Secret::new(code.expose().replace('-', ""));
        for typed in [code.expose().to_owned(), code.expose().to_uppercase(), plain.expose().to_owned()] {
            assert_eq!(Given::read(&typed), Given::Recovery(plain.clone()));
        }
        assert_ne!(code, recovery_code().unwrap());
    }

    #[test]
    fn an_authenticator_scans_the_address() {
        let uri = uri("city-620100", RFC);
        let expected = "otpauth://totp/zhiqiao:city-620100?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=zhiqiao";
        assert_eq!(uri.expose(), expected);
    }
}
