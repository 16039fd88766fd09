//! People who sign in at the console.
//!
//! The journal names an account by its id: user names and display names are names of persons.

mod change;

pub use change::{Change, change};

use entity::{
    account,
    hidden::Hidden,
    ids::AccountId,
    words::{Duty, Role},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    journal::{self, Event},
    mandate,
};
use crate::{
    authn::passwords,
    authz::{Action, Kind},
    config::Secret,
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    memory::{self, Thing},
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
    problems.extend(mandate::check_label("/display_name", &add.display_name));
    problems.extend(mandate::check(&ctx.memory.registry(), add.role, add.org.as_deref()));
    problems.extend(mandate::check_duty(add.role, add.duty));
    problems.extend(passwords::check("/password", &password));
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }

    // Before the transaction: a hash takes its time, and SQLite has one writer.
    let password_hash = Hidden::from(passwords::hash(&password).await?);
    let row = account::Model {
        id: AccountId(Uuid::now_v7()),
        username: add.username,
        display_name: add.display_name,
        password_hash,
        role: add.role,
        org: add.org,
        duty: add.duty,
        is_disabled: false,
        is_demo,
        created_at: now(),
        generation: 1,
    };
    let tx = ctx.begin().await?;
    account::Entity::insert(account::ActiveModel {
        id: Set(row.id),
        username: Set(row.username.clone()),
        display_name: Set(row.display_name.clone()),
        password_hash: Set(row.password_hash.clone()),
        role: Set(row.role),
        org: Set(row.org.clone()),
        duty: Set(row.duty),
        is_disabled: Set(row.is_disabled),
        is_demo: Set(row.is_demo),
        created_at: Set(row.created_at),
        generation: Set(row.generation),
    })
    .exec_without_returning(&tx)
    .await?;
    record(&tx, ctx, "account.added", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Told { row, password })
}

/// Disables an account: it signs in no more, and its tokens are good no more. Done twice, nothing happens.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn disable(ctx: &Ctx, username: &str) -> Result<account::Model> {
    let tx = ctx.begin().await?;
    let row = ctx.one::<account::Entity>(&tx, Action::Change, is(username)).await?;
    if row.is_disabled {
        return Ok(row);
    }
    ctx.change::<account::Entity>()
        .col_expr(account::Column::IsDisabled, Expr::value(true))
        // Nor are they good again, should it ever be let in again.
        .col_expr(account::Column::Generation, Expr::value(row.generation + 1))
        .filter(account::Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    record(&tx, ctx, "account.disabled", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(account::Model { is_disabled: true, ..row })
}

/// Gives an account another password. Whoever is signed in with the old one is signed out, everywhere.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn reset(ctx: &Ctx, username: &str, password: Password) -> Result<Told> {
    // Asked before the costly part; asked again within the transaction.
    ctx.one::<account::Entity>(ctx.db.read(), Action::Change, is(username)).await?;
    let is_demo = password.is_demo();
    let password = password.settle()?;
    if let Some(problem) = passwords::check("/password", &password) {
        return Err(Error::Invalid(vec![problem]));
    }
    let password_hash = Hidden::from(passwords::hash(&password).await?);
    let tx = ctx.begin().await?;
    let row = ctx.one::<account::Entity>(&tx, Action::Change, is(username)).await?;
    ctx.change::<account::Entity>()
        .col_expr(account::Column::PasswordHash, Expr::value(password_hash.0.clone()))
        .col_expr(account::Column::IsDemo, Expr::value(is_demo))
        .col_expr(account::Column::Generation, Expr::value(row.generation + 1))
        .filter(account::Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    record(&tx, ctx, "account.reset", &row).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Told { row: account::Model { password_hash, is_demo, ..row }, password })
}

fn is(username: &str) -> Condition {
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
