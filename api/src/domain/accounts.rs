//! People who sign in at the console.
//!
//! The journal names an account by its id: user names and display names are names of persons.

use entity::{
    account,
    hidden::Hidden,
    ids::AccountId,
    words::{Duty, Role},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use uuid::Uuid;

pub use super::holders::Wish;
use super::{
    holders::{self, Said},
    journal::{self, Event},
    lockout, mandate,
    precondition::Match,
    second_factor,
};
use crate::{
    authn::{passwords, policy},
    authz::{Action, Kind},
    config::Secret,
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    memory::{self, Thing},
    page::{Ask, Page},
};

/// Where a password comes from.
#[derive(Clone, Debug)]
pub enum Password {
    /// Made at random.
    Random,
    /// Chosen by whoever hands it over.
    Chosen(Secret),
    /// Known to everybody: the account is marked, and `serve` refuses it.
    Demo(Secret),
}

impl Password {
    const fn is_demo(&self) -> bool {
        matches!(self, Self::Demo(_))
    }

    fn settle(self) -> Result<Secret> {
        match self {
            Self::Random => passwords::random(),
            Self::Chosen(password) | Self::Demo(password) => Ok(password),
        }
    }
}

/// A new account.
#[derive(Clone, Debug)]
pub struct Add {
    /// What the person types to sign in: 2 to 64 of `a-z0-9-`.
    pub username: String,
    /// What the console calls the person.
    pub display_name: String,
    /// The role.
    pub role: Role,
    /// The code of the organisation, for the roles that have one.
    pub org: Option<String>,
    /// Its part of its school's reporting.
    pub duty: Duty,
    /// The password.
    pub password: Password,
}

/// An account and its password, which is told this once.
#[derive(Clone, Debug)]
pub struct Told {
    /// The account.
    pub row: account::Model,
    /// To be handed over and forgotten.
    pub password: Secret,
}

/// Adds an account.
///
/// # Errors
/// Everything that is wrong with the input at once.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), role = add.role.word()))]
pub async fn add(ctx: &Ctx, add: Add) -> Result<Told> {
    ctx.require(Action::Create, Kind::Account)?;
    let is_demo = add.password.is_demo();
    let password = add.password.settle()?;
    let mut problems: Vec<Finding> = Vec::new();
    if !mandate::is_name(&add.username) {
        problems.push(
            Finding::error(
                "username",
                "/username",
                Text::new(
                    "用户名须为 2 至 64 位小写字母、数字或连字符，首尾为字母或数字",
                    "A user name has 2 to 64 lower-case letters, digits and hyphens, no hyphen first or last",
                ),
            )
            .with("school-62001", &add.username),
        );
    } else if ctx.visible::<account::Entity>().filter(is(&add.username)).count(ctx.db.read()).await? > 0 {
        problems.push(
            Finding::error("taken", "/username", Text::new("用户名已被使用", "The user name is taken"))
                .with("", &add.username),
        );
    }
    let new = Said { name: add.display_name, role: add.role, org: add.org, duty: add.duty, is_disabled: false };
    problems.extend(new.check(&ctx.memory.registry(), LABEL));
    if !is_demo {
        problems.extend(policy::check("/password", &password, &add.username));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }

    // Before the transaction: a hash takes its time, and SQLite has one writer.
    let password_hash = Hidden::from(passwords::hash(&password).await?);
    let row = account::Model {
        id: AccountId(Uuid::now_v7()),
        username: add.username,
        display_name: new.name,
        password_hash,
        role: new.role,
        org: new.org,
        duty: new.duty,
        is_disabled: new.is_disabled,
        is_demo,
        // Whoever made the account knows it, too; the demo's everybody knows and is to keep.
        must_change_password: !is_demo,
        version: 1,
        created_at: now(),
        generation: 1,
    };
    let tx = ctx.begin().await?;
    account::Entity::insert(account::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    record(&tx, ctx, "account.added", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Told { row, password })
}

/// Disables an account: it signs in no more, and its tokens are good no more. Done twice, nothing happens.
///
/// # Errors
/// [`Error::Conflict`] for the last administrator who is enabled.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn disable(ctx: &Ctx, username: &str) -> Result<account::Model> {
    let tx = ctx.begin().await?;
    let row = ctx.one::<account::Entity>(&tx, Action::Change, is(username)).await?;
    if row.is_disabled {
        return Ok(row);
    }
    keep_an_administrator(&tx, ctx, &row).await?;
    let new = account::Model { is_disabled: true, version: row.version + 1, ..row.clone() };
    write(&tx, ctx, &row, &new).await?;
    record(&tx, ctx, "account.disabled", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new)
}

/// Refuses to take the last enabled administrator away, also where two are taken away at once.
async fn keep_an_administrator(db: &impl ConnectionTrait, ctx: &Ctx, row: &account::Model) -> Result<()> {
    if row.role != Role::Admin || row.is_disabled {
        return Ok(());
    }
    // Held until the transaction ends: whoever takes away another one waits here, and then counts what is left.
    let enabled = ctx
        .visible::<account::Entity>()
        .filter(account::Column::Role.eq(Role::Admin))
        .filter(account::Column::IsDisabled.eq(false))
        .order_by_asc(account::Column::Id)
        .lock_exclusive()
        .all(db)
        .await?;
    if enabled.iter().any(|one| one.id != row.id) {
        return Ok(());
    }
    Err(Error::Conflict(Text::new(
        "这是最后一个启用的管理员，不能停用：请先添加另一个管理员",
        "This is the last enabled administrator: add another one first",
    )))
}

/// Writes what an administrator changes, if the row is still the one that was read. Who it was let in as ends.
async fn write(db: &impl ConnectionTrait, ctx: &Ctx, old: &account::Model, new: &account::Model) -> Result<()> {
    use account::Column as C;
    let is_another = said(new).is_another(&said(old));
    let written = ctx
        .change::<account::Entity>()
        .col_expr(C::DisplayName, Expr::value(new.display_name.as_str()))
        .col_expr(C::Role, Expr::value(new.role.word()))
        .col_expr(C::Org, Expr::value(new.org.clone()))
        .col_expr(C::Duty, Expr::value(new.duty.word()))
        .col_expr(C::IsDisabled, Expr::value(new.is_disabled))
        .col_expr(C::Version, Expr::value(old.version + 1))
        .col_expr(C::Generation, Expr::col(C::Generation).add(i32::from(is_another)))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if written.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// Gives an account another password, which it must change at its next sign-in. Its sessions end, and its lock.
pub async fn reset(ctx: &Ctx, username: &str, password: Password) -> Result<Told> {
    reset_where(ctx, is(username), password, false).await
}

/// The same, and takes the second factor away where that is asked for: whoever has lost it has shown who it is.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn reset_where(ctx: &Ctx, which: Condition, password: Password, with_factor: bool) -> Result<Told> {
    use account::Column as C;
    // Asked before the costly part; asked again within the transaction.
    let row = ctx.one::<account::Entity>(ctx.db.read(), Action::Change, which.clone()).await?;
    let is_demo = password.is_demo();
    let password = password.settle()?;
    let problems = if is_demo { Vec::new() } else { policy::check("/password", &password, &row.username) };
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let password_hash = Hidden::from(passwords::hash(&password).await?);
    let tx = ctx.begin().await?;
    let old = ctx.one::<account::Entity>(&tx, Action::Change, which).await?;
    // In the order in which a sign-in takes them.
    lockout::lift_name(&tx, ctx, &old.username).await?;
    let is_removed = with_factor && second_factor::remove(&tx, ctx, old.id).await?;
    let row = account::Model {
        password_hash,
        is_demo,
        must_change_password: !is_demo,
        generation: old.generation + 1,
        version: old.version + 1,
        ..old.clone()
    };
    let written = ctx
        .change::<account::Entity>()
        .col_expr(C::PasswordHash, Expr::value(row.password_hash.0.clone()))
        .col_expr(C::IsDemo, Expr::value(row.is_demo))
        .col_expr(C::MustChangePassword, Expr::value(row.must_change_password))
        .col_expr(C::Generation, Expr::value(row.generation))
        .col_expr(C::Version, Expr::value(row.version))
        .filter(C::Id.eq(row.id))
        .filter(C::Version.eq(old.version))
        .filter(C::Generation.eq(old.generation))
        .exec(&tx)
        .await?;
    if written.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    record(&tx, ctx, "account.reset", &row).await?;
    if is_removed {
        record(&tx, ctx, "account.factor_removed", &row).await?;
    }
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Told { row, password })
}

/// Gives an account the password that its owner has chosen, and ends its sessions; only if it is still the one
/// that was judged.
pub(super) async fn set_password(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    row: account::Model,
    password_hash: Hidden,
) -> Result<account::Model> {
    use account::Column as C;
    let generation = row.generation + 1;
    let written = ctx
        .change::<account::Entity>()
        .col_expr(C::PasswordHash, Expr::value(password_hash.0.clone()))
        .col_expr(C::IsDemo, Expr::value(false))
        .col_expr(C::MustChangePassword, Expr::value(false))
        .col_expr(C::Generation, Expr::value(generation))
        .filter(C::Id.eq(row.id))
        .filter(C::PasswordHash.eq(row.password_hash.clone()))
        .filter(C::Generation.eq(row.generation))
        .exec(db)
        .await?;
    if written.rows_affected != 1 {
        return Err(Error::Conflict(Text::new(
            "密码同时被另一请求更改，请重新登录",
            "The password was changed by another request at the same time: sign in again",
        )));
    }
    Ok(account::Model { password_hash, is_demo: false, must_change_password: false, generation, ..row })
}

/// The strong ETag of an account.
pub fn etag(row: &account::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Accounts in the order of their making.
pub async fn list(ctx: &Ctx, ask: &Ask<Uuid>) -> Result<Page<account::Model>> {
    holders::list::<account::Entity>(ctx, account::Column::Id, ask).await
}

/// One account.
pub async fn get(ctx: &Ctx, id: AccountId) -> Result<account::Model> {
    ctx.one::<account::Entity>(ctx.db.read(), Action::Read, with_id(id)).await
}

/// Changes an account. With another role, organisation or duty all that it was let in with before ends; where
/// nothing changes, nothing happens.
///
/// # Errors
/// 404, 412 or 428, 409 for the last administrator, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, which: Condition, wish: Wish, seen: Option<&Match>) -> Result<account::Model> {
    let tx = ctx.begin().await?;
    let old = ctx.one::<account::Entity>(&tx, Action::Change, which).await?;
    Match::judge(seen, etag(&old))?;
    let (was, is) = (said(&old), said(&old).after(wish));
    let problems = is.check_from(&was, &ctx.memory.registry(), LABEL);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    if is == was {
        return Ok(old);
    }
    let action = is.word(&was, ["account.disabled", "account.enabled", "account.changed"]);
    let new = account::Model {
        display_name: is.name,
        role: is.role,
        org: is.org,
        duty: is.duty,
        is_disabled: is.is_disabled,
        ..old.clone()
    };
    if new.is_disabled {
        keep_an_administrator(&tx, ctx, &old).await?;
    }
    write(&tx, ctx, &old, &new).await?;
    record(&tx, ctx, action, &new).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(account::Model { version: old.version + 1, ..new })
}

/// Where its name stands in an input.
const LABEL: &str = "/display_name";

fn said(row: &account::Model) -> Said {
    Said {
        name: row.display_name.clone(),
        role: row.role,
        org: row.org.clone(),
        duty: row.duty,
        is_disabled: row.is_disabled,
    }
}

/// The account with this id.
pub fn with_id(id: AccountId) -> Condition {
    Condition::all().add(account::Column::Id.eq(id))
}

/// The account with this user name.
pub fn is(username: &str) -> Condition {
    Condition::all().add(account::Column::Username.eq(username))
}

async fn record(db: &impl ConnectionTrait, ctx: &Ctx, action: &'static str, row: &account::Model) -> Result<()> {
    let event = Event {
        action,
        object: row.id.to_string(),
        data: json!({ "role": row.role.word(), "org": row.org, "duty": row.duty.word() }),
        ..Event::default()
    };
    journal::record(db, ctx, event).await
}
