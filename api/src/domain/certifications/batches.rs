//! Batches (批次): in which year, and from when to when, enterprises apply for certification.

use chrono::Datelike;
use entity::{certification_batch, ids::CertificationBatchCode};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

use super::{day, in_order, whole};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::{
        faults::Faults,
        journal::{self, Event},
        precondition::Match,
    },
    error::{Error, Result, Text},
};

/// A batch to open. Days are written like `2026-12-31`.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The year it is of.
    pub year: i32,
    /// Which of that year, from 1.
    pub number: i32,
    /// What it is called.
    pub title: String,
    /// The first day on which applications are taken.
    pub apply_from: String,
    /// The last one.
    pub apply_until: String,
}

/// What is to be different; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What it is called.
    pub title: Option<String>,
    /// The first day on which applications are taken.
    pub apply_from: Option<String>,
    /// The last one.
    pub apply_until: Option<String>,
}

/// The strong ETag of a batch.
pub fn etag(row: &certification_batch::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Opens a batch.
///
/// # Errors
/// 403, 409 where there is one of this year and number, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn open(ctx: &Ctx, new: New) -> Result<certification_batch::Model> {
    ctx.require(Action::Create, Kind::CertificationPlan)?;
    let mut faults = Faults::default();
    whole("/year", new.year, (2000, 2199), &mut faults);
    whole("/number", new.number, (1, 99), &mut faults);
    let at = now();
    let mut row = certification_batch::Model {
        code: CertificationBatchCode(format!("{}-{}", new.year, new.number)),
        year: Some(new.year),
        title: new.title,
        apply_from: day("/apply_from", &new.apply_from, &mut faults),
        apply_until: day("/apply_until", &new.apply_until, &mut faults),
        source: None,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    row.title = row.title.trim().to_owned();
    check(&row, &mut faults);
    faults.verdict()?;

    let tx = ctx.begin().await?;
    if find(ctx, &tx, &row.code.0).await?.is_some() {
        return Err(Error::Conflict(Text::new(
            format!("批次 {} 已存在，请修改它", row.code),
            format!("There is a batch {} already: change it", row.code),
        )));
    }
    let active = certification_batch::ActiveModel::from(row.clone());
    certification_batch::Entity::insert(active).exec_without_returning(&tx).await?;
    note(ctx, &tx, "certification_batch.opened", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Changes a batch that takes applications here.
///
/// # Errors
/// In this order: 404, 403, 428 without and 412 with another version than the present one, 409 for one that was
/// decided elsewhere, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(
    ctx: &Ctx,
    code: &str,
    change: Change,
    if_match: Option<&Match>,
) -> Result<certification_batch::Model> {
    use certification_batch::Column as C;
    ctx.known(Kind::CertificationPlan)?;
    let tx = ctx.begin().await?;
    let old = ctx.one::<certification_batch::Entity>(&tx, Action::Change, C::Code.eq(code)).await?;
    Match::judge(if_match, etag(&old))?;
    if old.source.is_some() {
        return Err(Error::Conflict(Text::new(
            "此批次按文件登记，不受理申请，也不修改",
            "This batch is recorded as it is printed: it takes no applications, and is not changed",
        )));
    }
    let mut faults = Faults::default();
    let mut row = old.clone();
    if let Some(title) = change.title {
        row.title = title.trim().to_owned();
    }
    if let Some(text) = change.apply_from {
        row.apply_from = day("/apply_from", &text, &mut faults);
    }
    if let Some(text) = change.apply_until {
        row.apply_until = day("/apply_until", &text, &mut faults);
    }
    check(&row, &mut faults);
    faults.verdict()?;
    if row == old {
        return Ok(old);
    }
    (row.version, row.updated_at) = (old.version + 1, now());
    let done = ctx
        .change::<certification_batch::Entity>()
        .col_expr(C::Title, Expr::value(row.title.clone()))
        .col_expr(C::ApplyFrom, Expr::value(row.apply_from))
        .col_expr(C::ApplyUntil, Expr::value(row.apply_until))
        .col_expr(C::Version, Expr::value(row.version))
        .col_expr(C::UpdatedAt, Expr::value(row.updated_at))
        .filter(C::Code.eq(code))
        .filter(C::Version.eq(old.version))
        .exec(&tx)
        .await?;
    if done.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    note(ctx, &tx, "certification_batch.changed", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Every batch, by code.
pub async fn all(ctx: &Ctx) -> Result<Vec<certification_batch::Model>> {
    let rows = ctx.visible::<certification_batch::Entity>().order_by_asc(certification_batch::Column::Code);
    Ok(rows.all(ctx.db.read()).await?)
}

/// The batch with this code, if there is one.
pub(super) async fn find(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<certification_batch::Model>> {
    let rows = ctx.visible::<certification_batch::Entity>().filter(certification_batch::Column::Code.eq(code));
    Ok(rows.one(db).await?)
}

/// Refuses an application on any other day than those of its batch; every day counts whole.
pub(super) fn expect_open(ctx: &Ctx, row: &certification_batch::Model) -> Result<()> {
    let today = ctx.actor.today();
    let (Some(from), Some(until)) = (row.apply_from, row.apply_until) else {
        return Err(Error::Forbidden(Text::new(
            format!("批次 {} 按文件登记，不受理申请", row.code),
            format!("The batch {} is recorded as it is printed and takes no applications", row.code),
        )));
    };
    if (from..=until).contains(&today) {
        return Ok(());
    }
    Err(Error::Forbidden(Text::new(
        format!("批次 {} 的申请期为 {from} 至 {until}，今日为 {today}；期限可由 PROVINCE 修改", row.code),
        format!(
            "The batch {} takes applications from {from} to {until}, and today is {today}; PROVINCE can change it",
            row.code
        ),
    )))
}

fn check(row: &certification_batch::Model, faults: &mut Faults) {
    faults.text("/title", &row.title, true);
    in_order("/apply_until", row.apply_from, row.apply_until, faults);
    if let (Some(year), Some(from)) = (row.year, row.apply_from)
        && (from.year() - year).abs() > 1
    {
        let said = ("开始日与年度不符", "It begins in another year than the one it is of");
        faults.add("other_year", "/apply_from", said, year.to_string(), from.to_string());
    }
}

async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    row: &certification_batch::Model,
) -> Result<()> {
    let data = json!({
        "version": row.version, "year": row.year, "apply_from": row.apply_from, "apply_until": row.apply_until,
    });
    journal::record(db, ctx, Event { action, object: row.code.0.clone(), data, ..Event::default() }).await
}
