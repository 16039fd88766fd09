//! Standard Webhooks: secrets, which lie in the database sealed, and the signature over id, time and body.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use entity::{hidden::Hidden, ids::WebhookId, webhook};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    authn::secrets::random_bytes,
    config::Secret,
    ctx::Ctx,
    error::{Error, Result, Text},
    memory::vault::{Closed, Vault},
};

/// How a secret begins.
const PREFIX: &str = "whsec_";

/// A new secret: 256 random bits.
pub fn secret() -> Result<Secret> {
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(random_bytes::<32>()?))))
}

/// What a secret is bound to in the vault.
fn name(id: WebhookId) -> String {
    format!("webhook:{id}")
}

/// A secret as it lies in the database.
///
/// # Errors
/// [`Error::Conflict`] where the service has no key to seal it with.
pub fn sealed(ctx: &Ctx, id: WebhookId, secret: &Secret) -> Result<Hidden> {
    let vault = ctx.memory.vault().ok_or_else(|| {
        Error::Conflict(Text::new(
            "本服务尚未配置加密密钥，无法保存 webhook 的密钥：请运维人员设置 keys.encryption_key",
            "The service has no encryption key, so it cannot keep a webhook's secret: its operator sets keys.encryption_key",
        ))
    })?;
    vault.seal(&name(id), secret.expose().as_bytes())
}

fn opened(vault: Option<&Vault>, id: WebhookId, secret: &Hidden) -> Result<Secret> {
    let vault =
        vault.ok_or_else(|| Error::internal("the secret of a webhook, and no keys.encryption_key to open it"))?;
    match vault.open(&name(id), secret) {
        Ok(bytes) => Ok(Secret::new(String::from_utf8(bytes).map_err(Error::internal)?)),
        // Of a time before there was a vault; the next rotation seals.
        Err(Closed::Clear) => Ok(Secret::new(secret.expose())),
        Err(why) => Err(Error::Internal(format!("the secret of a webhook does not open: {why:?}"))),
    }
}

/// The value of `webhook-signature`: one by the secret, and while it is good one by the secret before.
pub fn signatures(
    vault: Option<&Vault>,
    row: &webhook::Model,
    id: &str,
    at: DateTime<Utc>,
    body: &str,
) -> Result<String> {
    let previous = row.previous_secret.as_ref().filter(|_| row.previous_until.is_some_and(|until| at < until));
    let secrets = [Some(&row.secret), previous].into_iter().flatten();
    let all: Result<Vec<String>> =
        secrets.map(|secret| sign(opened(vault, row.id, secret)?.expose(), id, at, body)).collect();
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
