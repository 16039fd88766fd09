//! The second factor of a person: enrolled with the password, confirmed with a first code, asked for at sign-in.
//!
//! Secrets are sealed with a key that is not in the database, recovery codes kept as hashes. A code is good
//! once: the step of the last one is kept, and only a later one is taken.

use chrono::{DateTime, Utc};
use entity::{account, hidden::Hidden, ids::AccountId, recovery_code, second_factor};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use crate::{
    authn::{
        secrets,
        totp::{self, Given},
    },
    config::Secret,
    ctx::Ctx,
    db::now,
    error::{Error, Result, Text},
};

/// A code that was good and is not used up yet.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Of an authenticator.
    Step(i64),
    /// A recovery code, by its hash.
    Recovery(Hidden),
}

impl Proof {
    /// What the journal says of it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Step(_) => "totp",
            Self::Recovery(_) => "recovery_code",
        }
    }
}

/// What its secret is sealed under.
fn name(account: AccountId) -> String {
    format!("totp:{account}")
}

fn wrong() -> Error {
    Error::SecondFactorRequired(Text::new(
        "验证码不正确或已用过：请等待下一个验证码，或使用恢复码",
        "The code is wrong or was used: wait for the next one, or give a recovery code",
    ))
}

/// The second factor of an account, whether it counts yet or not.
async fn of(db: &impl ConnectionTrait, ctx: &Ctx, account: AccountId) -> Result<Option<second_factor::Model>> {
    Ok(ctx.visible::<second_factor::Entity>().filter(second_factor::Column::AccountId.eq(account)).one(db).await?)
}

/// The second factor that an account is asked for.
pub async fn confirmed(ctx: &Ctx, account: AccountId) -> Result<Option<second_factor::Model>> {
    Ok(of(ctx.db.read(), ctx, account).await?.filter(|row| row.confirmed_at.is_some()))
}

/// Which of these accounts have a second factor.
pub async fn enrolled(ctx: &Ctx, accounts: &[account::Model]) -> Result<Vec<AccountId>> {
    Ok(ctx
        .visible::<second_factor::Entity>()
        .select_only()
        .column(second_factor::Column::AccountId)
        .filter(second_factor::Column::AccountId.is_in(accounts.iter().map(|row| row.id)))
        .filter(second_factor::Column::ConfirmedAt.is_not_null())
        .into_tuple::<AccountId>()
        .all(ctx.db.read())
        .await?)
}

/// Judges a code; it is used up by [`spend`], in the transaction of what it is given for.
///
/// # Errors
/// [`Error::SecondFactorRequired`] where there is none, or a wrong one.
pub async fn judge(ctx: &Ctx, row: &second_factor::Model, code: &str) -> Result<Proof> {
    match Given::read(code) {
        Given::Digits(digits) => {
            let step = step(ctx, row, &digits)?.filter(|step| *step > row.last_step).ok_or_else(wrong)?;
            Ok(Proof::Step(step))
        }
        Given::Recovery(code) => {
            let hash = Hidden::from(secrets::hash(&code));
            ctx.visible::<recovery_code::Entity>()
                .filter(recovery_code::Column::AccountId.eq(row.account_id))
                .filter(recovery_code::Column::Hash.eq(hash.clone()))
                .filter(recovery_code::Column::UsedAt.is_null())
                .one(ctx.db.read())
                .await?
                .ok_or_else(wrong)?;
            Ok(Proof::Recovery(hash))
        }
    }
}

fn step(ctx: &Ctx, row: &second_factor::Model, digits: &str) -> Result<Option<i64>> {
    let vault = ctx.memory.vault();
    let vault = vault.ok_or_else(|| Error::internal("a second factor, and no keys.encryption_key to open it with"))?;
    let secret = vault
        .open(&name(row.account_id), &row.secret)
        .map_err(|why| Error::Internal(format!("a second factor does not open: {why:?}")))?;
    let secret: totp::Bytes =
        secret.try_into().map_err(|_| Error::internal("the secret of a second factor has another length"))?;
    totp::step(&secret, digits, now().timestamp())
}

/// Uses a code up.
///
/// # Errors
/// [`Error::SecondFactorRequired`] where somebody else was first.
pub async fn spend(db: &impl ConnectionTrait, ctx: &Ctx, account: AccountId, proof: &Proof) -> Result<()> {
    let spent = match proof {
        Proof::Step(step) => {
            ctx.change::<second_factor::Entity>()
                .col_expr(second_factor::Column::LastStep, Expr::value(*step))
                .filter(second_factor::Column::AccountId.eq(account))
                .filter(second_factor::Column::LastStep.lt(*step))
                .exec(db)
                .await?
        }
        Proof::Recovery(hash) => {
            ctx.change::<recovery_code::Entity>()
                .col_expr(recovery_code::Column::UsedAt, Expr::value(Some(now())))
                .filter(recovery_code::Column::AccountId.eq(account))
                .filter(recovery_code::Column::Hash.eq(hash.clone()))
                .filter(recovery_code::Column::UsedAt.is_null())
                .exec(db)
                .await?
        }
    };
    if spent.rows_affected == 1 { Ok(()) } else { Err(wrong()) }
}

/// Puts a new secret beside an account; it counts for nothing until its first code is there.
///
/// # Errors
/// [`Error::Conflict`] where there is a second factor already, or no key to seal a new one with.
pub async fn begin(db: &impl ConnectionTrait, ctx: &Ctx, account: AccountId) -> Result<totp::Bytes> {
    let vault = ctx.memory.vault().ok_or_else(|| {
        Error::Conflict(Text::new(
            "本服务尚未配置加密密钥，无法登记第二因素：请运维人员设置 keys.encryption_key",
            "The service has no encryption key, so no second factor can be enrolled: its operator sets keys.encryption_key",
        ))
    })?;
    if of(db, ctx, account).await?.is_some_and(|row| row.confirmed_at.is_some()) {
        return Err(taken());
    }
    remove(db, ctx, account).await?;
    let secret = totp::secret()?;
    second_factor::Entity::insert(second_factor::ActiveModel {
        account_id: Set(account),
        secret: Set(vault.seal(&name(account), &secret)?),
        last_step: Set(0),
        confirmed_at: Set(None),
        created_at: Set(now()),
    })
    .exec_without_returning(db)
    .await?;
    Ok(secret)
}

fn taken() -> Error {
    Error::Conflict(Text::new(
        "已登记第二因素；如需更换，请先凭验证码移除（POST /v1/session/totp/remove），或请管理员重置（zhiqiao user reset --second-factor）",
        "There is a second factor already: take it away with a code of it first (POST /v1/session/totp/remove), or have an administrator reset it (zhiqiao user reset --second-factor)",
    ))
}

/// The refusal of whoever has no second factor to take away.
pub fn none() -> Error {
    Error::Conflict(Text::new("尚未登记第二因素，无可移除", "There is no second factor to take away"))
}

/// Judges the first code of a secret that was put beside an account.
pub async fn judge_first(ctx: &Ctx, account: AccountId, code: &str) -> Result<(second_factor::Model, i64)> {
    let row = of(ctx.db.read(), ctx, account).await?.ok_or_else(|| {
        Error::Conflict(Text::new(
            "尚未开始登记：请先调用 POST /v1/session/totp",
            "Nothing to confirm: begin with POST /v1/session/totp",
        ))
    })?;
    if row.confirmed_at.is_some() {
        return Err(taken());
    }
    let Given::Digits(digits) = Given::read(code) else { return Err(wrong()) };
    let step = step(ctx, &row, &digits)?.ok_or_else(wrong)?;
    Ok((row, step))
}

/// Makes a second factor count, and hands out its recovery codes.
pub async fn confirm(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    row: &second_factor::Model,
    step: i64,
) -> Result<Vec<Secret>> {
    use second_factor::Column as C;
    let confirmed_at: Option<DateTime<Utc>> = Some(now());
    let confirmed = ctx
        .change::<second_factor::Entity>()
        .col_expr(C::ConfirmedAt, Expr::value(confirmed_at))
        .col_expr(C::LastStep, Expr::value(step))
        .filter(C::AccountId.eq(row.account_id))
        // Of the very secret that the code was computed from.
        .filter(C::Secret.eq(row.secret.clone()))
        .filter(C::ConfirmedAt.is_null())
        .exec(db)
        .await?;
    if confirmed.rows_affected != 1 {
        return Err(taken());
    }
    let codes: Vec<Secret> = (0..totp::RECOVERY_CODES).map(|_| totp::recovery_code()).collect::<Result<_>>()?;
    let rows = codes.iter().map(|code| {
        let Given::Recovery(plain) = Given::read(code.expose()) else {
            return Err(Error::internal("a recovery code reads as something else"));
        };
        Ok(recovery_code::ActiveModel {
            account_id: Set(row.account_id),
            hash: Set(Hidden::from(secrets::hash(&plain))),
            used_at: Set(None),
        })
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    recovery_code::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(codes)
}

/// Takes the second factor of an account away, with its recovery codes; says whether there was one.
pub async fn remove(db: &impl ConnectionTrait, ctx: &Ctx, account: AccountId) -> Result<bool> {
    ctx.remove::<recovery_code::Entity>().filter(recovery_code::Column::AccountId.eq(account)).exec(db).await?;
    let gone = ctx.remove::<second_factor::Entity>().filter(second_factor::Column::AccountId.eq(account)).exec(db);
    Ok(gone.await?.rows_affected > 0)
}
