//! Passwords: Argon2id, beside the threads that answer, a few at a time.
//!
//! Each hash takes 19 MiB and some tens of milliseconds by design. Without the bound, a
//! burst of sign-ins would take the machine's memory; with it, sign-ins queue.

use std::{hint::black_box, sync::LazyLock, thread};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, phc::PasswordHash},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::Semaphore;

use super::secrets::random_bytes;
use crate::{
    config::Secret,
    error::{Error, Result},
};

/// Longest password that is looked at, in characters; `policy` lets in half of it.
const LONGEST: usize = 256;

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// As many at once as there are processors.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(thread::available_parallelism().map_or(2, usize::from)));

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A new random password of 144 bits.
pub fn random() -> Result<Secret> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random_bytes::<18>()?)))
}

/// What is kept of a password: a PHC string with its own salt.
pub async fn hash(password: &Secret) -> Result<String> {
    let password = password.clone();
    aside(move || made(&argon2()?, &password)).await
}

/// Whether a password has this hash. Without a hash (an unknown user) the answer is no, after the same work.
pub async fn verify(password: &Secret, hash: Option<&str>) -> Result<bool> {
    if password.expose().chars().count() > LONGEST {
        return Ok(false);
    }
    let (password, hash) = (password.clone(), hash.map(str::to_owned));
    aside(move || {
        let argon2 = argon2()?;
        let Some(hash) = hash else {
            black_box(made(&argon2, &password)?);
            return Ok(false);
        };
        let hash = PasswordHash::new(&hash).map_err(Error::internal)?;
        match argon2.verify_password(password.expose().as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(fault) => Err(Error::internal(fault)),
        }
    })
    .await
}

fn made(argon2: &Argon2<'_>, password: &Secret) -> Result<String> {
    let hash: PasswordHash = argon2.hash_password(password.expose().as_bytes()).map_err(Error::internal)?;
    Ok(hash.to_string())
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let turn = TURNS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        // Held by the work itself: a caller that has gone away does not free it early.
        let _turn = turn;
        work()
    })
    .await
    .map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_password_is_told_from_others_and_unknown_users() {
        let password = Secret::new("correct horse 电池 staple");
        let kept = hash(&password).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hash(&password).await.unwrap(), "every hash has its own salt");
        assert!(verify(&password, Some(&kept)).await.unwrap());
        assert!(!verify(&Secret::new("correct horse"), Some(&kept)).await.unwrap());
        assert!(!verify(&password, None).await.unwrap());
        assert!(!verify(&Secret::new("x".repeat(257)), Some(&kept)).await.unwrap());
        assert!(verify(&password, Some("not a hash")).await.is_err());
    }
}
