//! Standard Webhooks: secrets, and the signature over id, time and body.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use entity::webhook;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    authn::secrets::random_bytes,
    config::Secret,
    error::{Error, Result},
};

/// How a secret begins.
const PREFIX: &str = "whsec_";

/// A new secret: 256 random bits.
pub fn secret() -> Result<Secret> {
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(random_bytes::<32>()?))))
}

/// The value of `webhook-signature`: one by the secret, and while it is good one by the secret before.
pub fn signatures(row: &webhook::Model, id: &str, at: DateTime<Utc>, body: &str) -> Result<String> {
    let previous = row.previous_secret.as_ref().filter(|_| row.previous_until.is_some_and(|until| at < until));
    let all: Result<Vec<String>> =
        [Some(&row.secret), previous].into_iter().flatten().map(|secret| sign(secret.expose(), id, at, body)).collect();
    Ok(all?.join(" "))
}

fn sign(secret: &str, id: &str, at: DateTime<Utc>, body: &str) -> Result<String> {
    let key = secret.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
    let key = key.ok_or_else(|| Error::internal("the secret of a webhook cannot be read"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(Error::internal)?;
    mac.update(format!("{id}.{}.{body}", at.timestamp()).as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_example_of_the_specification_comes_out() {
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
