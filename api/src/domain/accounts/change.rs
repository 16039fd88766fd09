//! A person moves: another role, organisation or duty. Whatever it was let in with before ends.

use entity::{
    account,
    words::{Duty, Role},
};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};

use super::{is, mandate, record};
use crate::{
    authz::Action,
    ctx::Ctx,
    error::{Error, Finding, Result},
    memory::{self, Thing},
};

/// What a person is from now on.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another role; with it the organisation is stated anew.
    pub role: Option<Role>,
    /// Another organisation.
    pub org: Option<String>,
    /// Another part of its school's reporting.
    pub duty: Option<Duty>,
}

/// Changes what a person may do. Sign-ins and tokens end at once; where nothing changes, nothing happens.
///
/// # Errors
/// Everything that is wrong with what the person would be.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, username: &str, change: Change) -> Result<account::Model> {
    let tx = ctx.begin().await?;
    let row = ctx.one::<account::Entity>(&tx, Action::Change, is(username)).await?;
    let role = change.role.unwrap_or(row.role);
    // An organisation belongs to a role: that of the old one is not carried over to another.
    let org = change.org.or_else(|| row.org.clone().filter(|_| role == row.role));
    let duty = change.duty.unwrap_or(if role == row.role { row.duty } else { Duty::All });
    let problems: Vec<Finding> = mandate::check(&ctx.memory.registry(), role, org.as_deref())
        .into_iter()
        .chain(mandate::check_duty(role, duty))
        .collect();
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let new = account::Model { role, org, duty, ..row.clone() };
    if new == row {
        return Ok(row);
    }
    let new = account::Model { generation: row.generation + 1, ..new };
    ctx.change::<account::Entity>()
        .col_expr(account::Column::Role, Expr::value(new.role))
        .col_expr(account::Column::Org, Expr::value(new.org.clone()))
        .col_expr(account::Column::Duty, Expr::value(new.duty))
        .col_expr(account::Column::Generation, Expr::value(new.generation))
        .filter(account::Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    record(&tx, ctx, "account.changed", &new).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new)
}
