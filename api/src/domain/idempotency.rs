//! Idempotency keys: the answer of a change is kept with its effect, in one transaction, and given again.
//!
//! What is refused has no effect and leaves nothing behind: the same key may be tried again, and a
//! corrected body under it is a first one. How a key is held meanwhile is a matter of `ctx::once`.

use chrono::TimeDelta;
use entity::idempotency;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, SqlErr};

use crate::{
    ctx::{Ctx, once::Once},
    db::now,
    error::{Error, Finding, Result, Text},
    memory::FRESH,
    request_id,
};

/// How long an answer is kept, at least; the broom comes by every few minutes.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// The longest key.
const LONGEST: usize = 255;

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, 200 to 299.
    pub status: u16,
    /// The headers that belong to the answer, not to its transport.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: String,
}

/// An answer that is kept, and the body that it answers.
#[derive(Clone, Debug)]
pub struct Kept {
    fingerprint: String,
    answer: Answer,
}

impl Kept {
    /// The answer, for the very body that it was given to.
    ///
    /// # Errors
    /// 422 for another body.
    pub fn to(self, fingerprint: &str) -> Result<Answer> {
        if self.fingerprint == fingerprint {
            return Ok(self.answer);
        }
        Err(Error::Invalid(vec![
            Finding::error(
                "idempotency_key",
                "/Idempotency-Key",
                Text::new(
                    "该 Idempotency-Key 已用于内容不同的请求；请为新的内容使用新的键",
                    "This Idempotency-Key was used with another body; take a new key for a new body",
                ),
            )
            .with(format!("SHA-256 {}", self.fingerprint), format!("SHA-256 {fingerprint}")),
        ]))
    }
}

/// Refuses a key that is none: 1 to 255 visible ASCII characters.
pub fn check(key: &[u8]) -> Result<&str> {
    std::str::from_utf8(key)
        .ok()
        .filter(|key| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| {
            Error::Malformed(Text::new(
                format!("Idempotency-Key 应为一个由 1 至 {LONGEST} 个可见 ASCII 字符组成的值"),
                format!("Idempotency-Key is one value of 1 to {LONGEST} visible ASCII characters"),
            ))
        })
}

/// The answer that is kept under a key of the caller's.
pub async fn find(ctx: &Ctx, once: &Once) -> Result<Option<Kept>> {
    let row = ctx
        .visible::<idempotency::Entity>()
        .filter(idempotency::Column::Digest.eq(once.digest()))
        .one(ctx.db.read())
        .await?;
    row.map(|row| {
        Ok(Kept {
            fingerprint: row.fingerprint,
            answer: Answer {
                status: u16::try_from(row.status).map_err(Error::internal)?,
                headers: serde_json::from_str(&row.headers).map_err(Error::internal)?,
                body: row.body,
            },
        })
    })
    .transpose()
}

/// Keeps an answer and commits what it speaks of, together. Says whether it did: another request of the
/// key may have been first, and then nothing of this one is left.
pub async fn keep(ctx: &Ctx, once: &Once, route: &str, fingerprint: String, answer: &Answer) -> Result<bool> {
    let tx = match once.end(&ctx.db, &ctx.actor).await {
        Ok(tx) => tx,
        Err(Error::Conflict(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let row = idempotency::ActiveModel {
        digest: Set(once.digest().to_owned()),
        subject: Set(ctx.actor.subject.clone()),
        route: Set(route.to_owned()),
        fingerprint: Set(fingerprint),
        status: Set(i32::from(answer.status)),
        headers: Set(serde_json::to_string(&answer.headers).map_err(Error::internal)?),
        body: Set(answer.body.clone()),
        request_id: Set(Some(request_id::current_id()).filter(|id| !id.is_empty())),
        created_at: Set(now()),
    };
    match idempotency::Entity::insert(row).exec_without_returning(&tx).await {
        Ok(_) => {}
        Err(fault) if matches!(fault.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => return Ok(false),
        Err(fault) => return Err(fault.into()),
    }
    let newest = ctx.memory.newest();
    tx.commit().await?;
    // What the verb raised before this commit was not to be seen yet. It is done, whatever comes of this.
    if let Err(fault) = ctx.memory.refresh().await {
        tracing::warn!(%fault, "no news from the database");
    }
    if ctx.memory.newest() != newest {
        // As where a release is made without a key: told of, it is to be met everywhere.
        tokio::time::sleep(FRESH).await;
    }
    Ok(true)
}

/// Throws away what has been kept for a day; returns how many answers.
pub async fn purge(ctx: &Ctx) -> Result<u64> {
    let is_old = idempotency::Column::CreatedAt.lt(now() - KEPT);
    // A read first, so that an idle service never takes the writer.
    let oldest = ctx.visible::<idempotency::Entity>().filter(is_old.clone()).limit(1).one(ctx.db.read()).await?;
    if oldest.is_none() {
        return Ok(0);
    }
    Ok(ctx.remove::<idempotency::Entity>().filter(is_old).exec(ctx.db.write()).await?.rows_affected)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        for good in ["k", "0197a1b2-7c3d-7000-8000-000000000000", "\"quoted\"", "!~", &"x".repeat(255)] {
            assert_eq!(check(good.as_bytes()).unwrap(), good);
        }
        for bad in ["", "a b", "a\tb", "键", "a\u{7f}", &"x".repeat(256)] {
            assert!(matches!(check(bad.as_bytes()), Err(Error::Malformed(_))), "{bad:?}");
        }
        assert!(check(&[0xff]).is_err());
    }
}
