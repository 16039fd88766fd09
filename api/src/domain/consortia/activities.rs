//! What a consortium has done, entered by its leads and public at once.

use chrono::NaiveDate;
use entity::{
    consortium_activity as activity,
    ids::{ConsortiumCode, RowId},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use super::{applications::to_come, expect_lead};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::{Transaction, now},
    domain::{
        faults::Faults,
        journal::{self, Event},
        partnerships::{day, evidence, kind, title, today},
        precondition::Match,
    },
    error::{Error, Result},
    memory::{self, Thing},
};

/// What is said of an activity. What is not named stays; a new one needs day, title and kind.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// The day, `2026-05-01`.
    pub held_on: Option<String>,
    /// What it was.
    pub title: Option<String>,
    /// A word of the open list of kinds: `meeting`.
    pub kind: Option<String>,
    /// Addresses of what shows it.
    pub evidence: Option<Vec<String>>,
}

/// Enters what a consortium has done.
///
/// # Errors
/// 401, 404 where there is no such consortium, 403 for whoever does not lead it, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, consortium: &str, said: Activity) -> Result<activity::Model> {
    let (tx, consortium) = begin(ctx, consortium, Action::Create).await?;
    let at = now();
    let blank = activity::Model {
        id: RowId(Uuid::now_v7()),
        consortium_code: consortium,
        held_on: NaiveDate::default(),
        title: String::new(),
        kind: String::new(),
        evidence: "[]".to_owned(),
        version: 1,
        created_at: at,
        updated_at: at,
    };
    let row = applied(ctx, &blank, &said, true)?;
    activity::Entity::insert(activity::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    finish(ctx, tx, "activity.added", &row).await?;
    Ok(row)
}

/// Corrects what was entered.
///
/// # Errors
/// 401, 404, 403 for whoever does not lead the consortium, 428 and 412, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(
    ctx: &Ctx,
    consortium: &str,
    id: &str,
    said: Activity,
    if_match: Option<&Match>,
) -> Result<activity::Model> {
    use activity::Column as C;
    let (tx, consortium) = begin(ctx, consortium, Action::Change).await?;
    let registry = ctx.memory.registry();
    let id: Option<Uuid> = id.parse().ok();
    let there = registry.activities.of(consortium.as_str()).find(|row| Some(row.id.0) == id);
    let old = there.ok_or(Error::NotFound(Kind::ConsortiumActivity))?;
    Match::judge(if_match, format!("\"{}\"", old.version))?;
    let row = applied(ctx, old, &said, false)?;
    if row == *old {
        return Ok(row);
    }
    let row = activity::Model { version: old.version + 1, updated_at: now(), ..row };
    let done = ctx
        .change::<activity::Entity>()
        .col_expr(C::HeldOn, Expr::value(row.held_on))
        .col_expr(C::Title, Expr::value(row.title.clone()))
        .col_expr(C::Kind, Expr::value(row.kind.clone()))
        .col_expr(C::Evidence, Expr::value(row.evidence.clone()))
        .col_expr(C::Version, Expr::value(row.version))
        .col_expr(C::UpdatedAt, Expr::value(row.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(&tx)
        .await?;
    if done.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    finish(ctx, tx, "activity.changed", &row).await?;
    Ok(row)
}

/// Begins, with the code that is there now, whatever it was asked for by.
async fn begin(ctx: &Ctx, consortium: &str, action: Action) -> Result<(Transaction, ConsortiumCode)> {
    let registry = ctx.memory.registry();
    let consortium = registry.consortia.get(consortium).ok_or(Error::NotFound(Kind::Registry))?.code.clone();
    ctx.require(action, Kind::ConsortiumActivity)?;
    let tx = ctx.begin().await?;
    expect_lead(ctx, &tx, consortium.as_str()).await?;
    Ok((tx, consortium))
}

fn applied(ctx: &Ctx, there: &activity::Model, said: &Activity, is_new: bool) -> Result<activity::Model> {
    let (mut row, mut faults) = (there.clone(), Faults::default());
    match &said.held_on {
        Some(text) => {
            let today = today(ctx);
            let held_on = day("/held_on", text, &mut faults);
            if let Some(held_on) = held_on.filter(|day| *day > today) {
                to_come("/held_on", held_on, today, &mut faults);
            }
            row.held_on = held_on.unwrap_or(row.held_on);
        }
        None if is_new => faults.missing("/held_on"),
        None => {}
    }
    match &said.title {
        Some(text) => {
            title("/title", text, &mut faults);
            row.title.clone_from(text);
        }
        None if is_new => faults.missing("/title"),
        None => {}
    }
    match &said.kind {
        Some(word) => {
            kind("/kind", word, "meeting", &mut faults);
            row.kind.clone_from(word);
        }
        None if is_new => faults.missing("/kind"),
        None => {}
    }
    if let Some(addresses) = &said.evidence {
        row.evidence = evidence("/evidence", addresses, &mut faults);
    }
    faults.verdict()?;
    Ok(row)
}

async fn finish(ctx: &Ctx, tx: Transaction, action: &'static str, row: &activity::Model) -> Result<()> {
    note(ctx, &tx, action, row).await?;
    memory::raise(&tx, Thing::Registry).await?;
    tx.commit().await?;
    ctx.memory.refresh().await
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, action: &'static str, row: &activity::Model) -> Result<()> {
    let data = json!({
        "version": row.version, "consortium": row.consortium_code.as_str(), "kind": row.kind,
        "held_on": row.held_on,
    });
    journal::record(db, ctx, Event { action, object: row.id.to_string(), data, ..Event::default() }).await
}
