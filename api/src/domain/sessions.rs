//! People at the door: sign-in and sign-out, the change of a password, the enrolment of a second factor.
//!
//! Everything here is asked with a password or by its owner, and looked up by the service itself: before the
//! door there is no caller yet. Every attempt is counted (`lockout`) before it is judged. Refusals come in a
//! fixed order: locked (429), password (401), first password (403), a bad new one (422), code (401), enrolment (403).

use entity::{
    account,
    hidden::Hidden,
    ids::{AccountId, FamilyId},
    second_factor,
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::{
    accounts,
    grants::{self, Opened, Terms, holder},
    journal::{self, Event},
    lockout::{self, Attempt},
    second_factor::{self as factor, Proof},
};
use crate::{
    authn::{self, passwords, policy, totp},
    authz::{Actor, Role},
    config::{Config, Secret},
    ctx::Ctx,
    db::Transaction,
    error::{Error, Finding, Result, Text},
    memory::{self, Thing},
};

/// What somebody says at the door.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// Another password, to have from now on.
    pub new_password: Option<Secret>,
    /// A code of the second factor, or a recovery code.
    pub code: Option<String>,
}

/// Somebody who is let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who it is.
    pub row: account::Model,
    /// The sign-in that its tokens come from.
    pub family: FamilyId,
    /// What it goes on with, where it takes one.
    pub refresh: Option<Opened>,
}

/// What somebody who is let in holds from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// An access token and a refresh token.
    Tokens,
    /// A cookie with an access token, and nothing to go on with.
    Cookie,
}

/// Who wants something of a second factor: whoever is signed in, or a name and a password.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// The user name, where nobody is signed in.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// A secret for an authenticator, told this once.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// In Base32, to be typed.
    pub secret: Secret,
    /// `otpauth://…`, to be shown as a picture.
    pub uri: Secret,
}

/// Somebody who has shown the right password, and the attempt that it was.
struct Proven {
    row: account::Model,
    attempt: Attempt,
}

/// The service itself, which looks up whoever stands at the door.
fn door(ctx: &Ctx) -> Ctx {
    ctx.as_(Actor::system("authn"))
}

/// Counts an attempt and judges the password. A refusal here is the same for everybody and in the same time;
/// whoever writes refused sign-ins to the journal does it with what comes out of this.
async fn prove(door: &Ctx, config: &Config, username: &str, password: &Secret) -> Result<Proven> {
    let attempt = lockout::attempt(door, &config.people, username).await?;
    let row = authn::authenticate_person(door.db.read(), username, password).await?;
    Ok(Proven { row, attempt })
}

/// Ends an attempt that was no guess with its refusal.
async fn not_a_guess<T>(door: &Ctx, attempt: &Attempt, refusal: Error) -> Result<T> {
    attempt.undo(door).await?;
    Err(refusal)
}

/// Opens a sign-in for somebody who is let in.
async fn admit(
    tx: &Transaction,
    ctx: &Ctx,
    config: &Config,
    row: account::Model,
    holds: Holds,
    proof: Option<&'static str>,
) -> Result<Admitted> {
    let terms = Terms::from(&config.token);
    let family = grants::open(tx, ctx, terms, &row, proof).await?;
    let refresh = match holds {
        Holds::Tokens => Some(grants::first(tx, terms, &family).await?),
        Holds::Cookie => None,
    };
    Ok(Admitted { row, family: family.id, refresh })
}

/// Lets somebody in.
///
/// # Errors
/// In the order of the module.
#[tracing::instrument(skip_all)]
pub async fn sign_in(ctx: &Ctx, config: &Config, said: SignIn, holds: Holds) -> Result<Admitted> {
    let door = door(ctx);
    let Proven { row, attempt } = prove(&door, config, &said.username, &said.password).await?;
    if row.must_change_password && said.new_password.is_none() {
        return not_a_guess(&door, &attempt, Error::PasswordChangeRequired).await;
    }
    let faults = bad(said.new_password.as_ref(), &said.password, &row);
    if !faults.is_empty() {
        return not_a_guess(&door, &attempt, Error::Invalid(faults)).await;
    }
    let factor = factor::confirmed(&door, row.id).await?;
    let proof = match (&factor, said.code.as_deref()) {
        (None, _) => None,
        (Some(_), None) => {
            let text = Text::new(
                "此账号使用第二因素：请在 code 中给出验证码或恢复码",
                "This account has a second factor: give a code or a recovery code as `code`",
            );
            return not_a_guess(&door, &attempt, Error::SecondFactorRequired(text)).await;
        }
        // A wrong one stays counted.
        (Some(factor), Some(code)) => Some(factor::judge(&door, factor, code).await?),
    };
    let must_enrol = asks(config, &row, factor.as_ref());
    let new_hash = hashed(said.new_password.as_ref()).await?;

    let tx = door.begin().await?;
    attempt.good(&tx, &door).await?;
    if let Some(proof) = &proof {
        factor::spend(&tx, &door, row.id, proof).await?;
    }
    let is_changed = new_hash.is_some();
    let row = match new_hash {
        None => row,
        Some(hash) => change(&tx, &door, &holder(ctx, &row), row, hash).await?,
    };
    let admitted = if must_enrol {
        Err(Error::EnrolmentRequired)
    } else {
        Ok(admit(&tx, ctx, config, row, holds, proof.as_ref().map(Proof::word)).await?)
    };
    // Whoever must enrol first has used up its code and changed its password all the same.
    tx.commit().await?;
    if is_changed {
        ctx.memory.refresh().await?;
    }
    admitted
}

/// Whether somebody without a second factor must have one.
fn asks(config: &Config, row: &account::Model, factor: Option<&second_factor::Model>) -> bool {
    factor.is_none() && config.people.asks_second_factor(row.role.word())
}

/// Everything that is wrong with a new password.
fn bad(new: Option<&Secret>, old: &Secret, row: &account::Model) -> Vec<Finding> {
    const AT: &str = "/new_password";
    let Some(new) = new else { return Vec::new() };
    if new == old {
        let text = Text::new("新密码不能与原密码相同", "The new password is the old one");
        return vec![Finding::error("password_same", AT, text)];
    }
    policy::check(AT, new, &row.username)
}

async fn hashed(new: Option<&Secret>) -> Result<Option<Hidden>> {
    match new {
        // Before the transaction: a hash takes its time, and SQLite has one writer.
        Some(new) => Ok(Some(Hidden::from(passwords::hash(new).await?))),
        None => Ok(None),
    }
}

async fn change(
    tx: &impl ConnectionTrait,
    door: &Ctx,
    person: &Ctx,
    row: account::Model,
    hash: Hidden,
) -> Result<account::Model> {
    let row = accounts::set_password(tx, door, row, hash).await?;
    record(tx, person, "account.password_changed", &row).await?;
    memory::raise(tx, Thing::Credentials).await?;
    Ok(row)
}

/// The account that is signed in.
///
/// # Errors
/// 401 without a token, 403 for a client.
pub fn require_person(ctx: &Ctx) -> Result<AccountId> {
    let id = ctx.actor.subject.strip_prefix("account:").and_then(|id| Uuid::parse_str(id).ok());
    match id {
        Some(id) => Ok(AccountId(id)),
        None if ctx.actor.role == Role::Public => Err(Error::Unauthenticated(Text::new(
            "请先登录，或给出 username 和 password",
            "Sign in first, or give `username` and `password`",
        ))),
        None => Err(Error::Forbidden(Text::new(
            "客户端没有密码：请以人员账号登录（POST /v1/session），角色不限（ADMIN、PROVINCE、SCHOOL 等）",
            "A client has no password: sign in as a person (POST /v1/session), in whatever role (ADMIN, PROVINCE, SCHOOL …)",
        ))),
    }
}

async fn own(ctx: &Ctx, door: &Ctx) -> Result<account::Model> {
    authn::person(door.db.read(), require_person(ctx)?).await
}

/// Changes one's own password. Every sign-in ends with its tokens; the answer opens a new one to go on with.
///
/// # Errors
/// 401, 403, 422, 429.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change_password(
    ctx: &Ctx,
    config: &Config,
    password: &Secret,
    new: &Secret,
    holds: Holds,
) -> Result<Admitted> {
    let door = door(ctx);
    let row = own(ctx, &door).await?;
    let Proven { row, attempt } = prove(&door, config, &row.username, password).await?;
    let faults = bad(Some(new), password, &row);
    if !faults.is_empty() {
        return not_a_guess(&door, &attempt, Error::Invalid(faults)).await;
    }
    let hash = Hidden::from(passwords::hash(new).await?);
    let tx = door.begin().await?;
    attempt.good(&tx, &door).await?;
    let row = change(&tx, &door, ctx, row, hash).await?;
    let admitted = admit(&tx, ctx, config, row, holds, None).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(admitted)
}

/// The person who claims to be one: by its password, whether it is signed in or not.
async fn claimant(ctx: &Ctx, door: &Ctx, config: &Config, claim: &Claim) -> Result<Proven> {
    let username = match &claim.username {
        Some(username) => username.clone(),
        None => own(ctx, door).await?.username,
    };
    let missing = || {
        let text = Text::new("请给出密码", "Give the password");
        Error::Invalid(vec![Finding::error("missing", "/password", text)])
    };
    let password = claim.password.as_ref().ok_or_else(missing)?;
    let proven = prove(door, config, &username, password).await?;
    if proven.row.must_change_password {
        return not_a_guess(door, &proven.attempt, Error::PasswordChangeRequired).await;
    }
    Ok(proven)
}

/// Makes a secret for an authenticator. It counts for nothing until [`confirm`].
///
/// # Errors
/// 401, 403, 429 as at sign-in; 409 where there is a second factor already.
#[tracing::instrument(skip_all)]
pub async fn enrol(ctx: &Ctx, config: &Config, claim: &Claim) -> Result<Enrolment> {
    let door = door(ctx);
    let Proven { row, attempt } = claimant(ctx, &door, config, claim).await?;
    attempt.undo(&door).await?;
    let tx = door.begin().await?;
    let secret = factor::begin(&tx, &door, row.id).await?;
    record(&tx, &holder(ctx, &row), "account.enrolment_begun", &row).await?;
    tx.commit().await?;
    Ok(Enrolment { secret: totp::base32(&secret), uri: totp::uri(&row.username, &secret) })
}

/// Takes the first code of a new authenticator; answers the recovery codes, this once.
///
/// # Errors
/// 401 for a wrong code, which is counted; 409 where nothing is to be confirmed.
#[tracing::instrument(skip_all)]
pub async fn confirm(ctx: &Ctx, config: &Config, claim: &Claim, code: &str) -> Result<Vec<Secret>> {
    let door = door(ctx);
    let Proven { row, attempt } = match (&claim.username, &claim.password) {
        // Who is signed in has given the password when it began.
        (None, None) => {
            let row = own(ctx, &door).await?;
            let attempt = lockout::attempt(&door, &config.people, &row.username).await?;
            Proven { row, attempt }
        }
        _ => claimant(ctx, &door, config, claim).await?,
    };
    let (begun, step) = match factor::judge_first(&door, row.id, code).await {
        Ok(judged) => judged,
        // A wrong code stays counted.
        Err(wrong @ Error::SecondFactorRequired(_)) => return Err(wrong),
        Err(other) => return not_a_guess(&door, &attempt, other).await,
    };
    let tx = door.begin().await?;
    attempt.good(&tx, &door).await?;
    let codes = factor::confirm(&tx, &door, &begun, step).await?;
    record(&tx, &holder(ctx, &row), "account.enrolled", &row).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Takes one's own second factor away, by password and a code of it; another one is enrolled as the first was.
/// A role that must have one gets in next time when it has.
///
/// # Errors
/// 401, 403, 422, 429 as at sign-in; 409 where there is none.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn remove_factor(ctx: &Ctx, config: &Config, password: &Secret, code: &str) -> Result<()> {
    let door = door(ctx);
    let claim = Claim { username: None, password: Some(password.clone()) };
    let Proven { row, attempt } = claimant(ctx, &door, config, &claim).await?;
    let Some(factor) = factor::confirmed(&door, row.id).await? else {
        return not_a_guess(&door, &attempt, factor::none()).await;
    };
    // A wrong one stays counted.
    let proof = factor::judge(&door, &factor, code).await?;
    let tx = door.begin().await?;
    attempt.good(&tx, &door).await?;
    factor::spend(&tx, &door, row.id, &proof).await?;
    factor::remove(&tx, &door, row.id).await?;
    record(&tx, &holder(ctx, &row), "account.factor_removed", &row).await?;
    tx.commit().await?;
    Ok(())
}

async fn record(db: &impl ConnectionTrait, ctx: &Ctx, action: &'static str, row: &account::Model) -> Result<()> {
    let data = json!({ "role": row.role.word(), "org": row.org });
    journal::record(db, ctx, Event { action, object: row.id.to_string(), data, ..Event::default() }).await
}
