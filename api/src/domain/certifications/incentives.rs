//! Incentives (激励): what a certified enterprise was given, in exact yuan, recorded by its city or the province.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{
    enterprise_certification as certification,
    ids::{EnterpriseCode, RowId},
    incentive,
    words::{EnterpriseCertificationState, EntryKind, IncentiveKind},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{day, id, reason as because};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::now,
    domain::{
        faults::Faults,
        journal::{self, Event, Party},
        precondition::Match,
    },
    error::{Error, Result, Text},
    formats::decimal,
};

/// Yuan have two decimals.
const DECIMALS: i16 = 2;

/// What is to be recorded.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The enterprise, by code.
    pub enterprise: String,
    /// `financial`, `fiscal`, `land` or `credit`.
    pub kind: String,
    /// Yuan, in digits, with at most two decimals.
    pub amount: String,
    /// The day on which it was given, written like `2026-12-31`.
    pub granted_on: String,
    /// Where it is written: the number of a document.
    pub source: String,
}

/// The strong ETag of a record.
pub fn etag(row: &incentive::Model) -> String {
    format!("\"{}\"", row.version)
}

/// The amount in yuan, in digits.
pub fn yuan(row: &incentive::Model) -> String {
    decimal::digits(row.amount_fen, DECIMALS)
}

/// Records what an enterprise was given.
///
/// # Errors
/// 403 for other roles and other cities, 409 for an enterprise that is not certified, 422 with everything that is
/// wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn record(ctx: &Ctx, new: New) -> Result<incentive::Model> {
    ctx.require(Action::Create, Kind::Incentive)?;
    let mut faults = Faults::default();
    let registry = ctx.memory.registry();
    let enterprise = registry.enterprises.get(&new.enterprise);
    if enterprise.is_none() {
        let said = (format!("没有企业“{}”", new.enterprise), format!("There is no enterprise `{}`", new.enterprise));
        faults.add("unknown_enterprise", "/enterprise", said, "", new.enterprise.as_str());
    }
    let kind = faults.word("kind", &new.kind, IncentiveKind::ALL, IncentiveKind::word);
    let amount = decimal::parse(&new.amount, DECIMALS).ok().filter(|amount| *amount > 0);
    if amount.is_none() {
        let said = ("金额应为正数，单位元，最多两位小数", "Yuan above zero, with at most two decimals");
        faults.add("amount_form", "/amount", said, "1200000.50", new.amount.chars().take(40).collect::<String>());
    }
    let granted_on = day("/granted_on", &new.granted_on, &mut faults);
    let today = ctx.actor.today();
    if let Some(day) = granted_on.filter(|day| *day > today) {
        let said = ("日期不能晚于今日", "It lies in the future");
        faults.add("in_the_future", "/granted_on", said, format!("≤ {today}"), day.to_string());
    }
    faults.text("/source", &new.source, true);
    faults.verdict()?;
    let (Some(enterprise), Some(kind), Some(amount_fen), Some(granted_on)) = (enterprise, kind, amount, granted_on)
    else {
        return Err(Error::internal("an incentive without a fault could not be read"));
    };
    if ctx.actor.role == Role::City && enterprise.city_code.as_ref().is_none_or(|city| *city != *ctx.actor.org()) {
        return Err(Error::Forbidden(Text::new(
            "市州只登记本市州企业所获激励，其他由 PROVINCE 登记",
            "A city records what its own enterprises were given; others are for their CITY and PROVINCE",
        )));
    }
    let tx = ctx.begin().await?;
    expect_certified(ctx, &tx, &enterprise.code, granted_on).await?;
    let row = incentive::Model {
        id: RowId(Uuid::now_v7()),
        enterprise_code: enterprise.code.clone(),
        city_code: enterprise.city_code.clone(),
        kind,
        amount_fen,
        granted_on,
        source: new.source,
        recorded_role: ctx.actor.role.name().to_owned(),
        cancelled_at: None,
        cancelled_because: None,
        version: 1,
        created_at: now(),
    };
    incentive::Entity::insert(incentive::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "incentive.recorded", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Takes a record back that is wrong, with a reason; it stays, and counts no more.
///
/// # Errors
/// In this order: 404, 403, 428, 412, 409 where it was taken back already, 422 without a reason.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn cancel(ctx: &Ctx, text: &str, reason: &str, if_match: Option<&Match>) -> Result<incentive::Model> {
    use incentive::Column as C;
    ctx.known(Kind::Incentive)?;
    let id = id(text).ok_or(Error::NotFound(Kind::Incentive))?;
    let tx = ctx.begin().await?;
    let old = ctx.one::<incentive::Entity>(&tx, Action::Change, C::Id.eq(id)).await?;
    Match::judge(if_match, etag(&old))?;
    if old.cancelled_at.is_some() {
        return Err(Error::Conflict(Text::new("此记录已作废", "This record was taken back already")));
    }
    if old.recorded_role == Role::Province.name() && ctx.actor.role != Role::Province {
        return Err(Error::Forbidden(Text::new(
            "省级登记的记录由 PROVINCE 作废",
            "What the province has recorded is for PROVINCE to take back",
        )));
    }
    let mut faults = Faults::default();
    because(reason, &mut faults);
    faults.verdict()?;
    let row = incentive::Model {
        cancelled_at: Some(now()),
        cancelled_because: Some(reason.to_owned()),
        version: old.version + 1,
        ..old.clone()
    };
    let done = ctx
        .change::<incentive::Entity>()
        .col_expr(C::CancelledAt, Expr::value(row.cancelled_at))
        .col_expr(C::CancelledBecause, Expr::value(row.cancelled_because.clone()))
        .col_expr(C::Version, Expr::value(row.version))
        .filter(C::Id.eq(id))
        .filter(C::Version.eq(old.version))
        .exec(&tx)
        .await?;
    if done.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    note(ctx, &tx, "incentive.cancelled", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// What the caller may know of, oldest first; of one enterprise, or of all.
///
/// # Errors
/// 401 without a token, 403 for roles that have nothing to do with it.
pub async fn list(ctx: &Ctx, enterprise: Option<&str>) -> Result<Vec<incentive::Model>> {
    ctx.require(Action::Read, Kind::Incentive)?;
    let rows = ctx.visible::<incentive::Entity>();
    let registry = ctx.memory.registry();
    let rows = match enterprise.map(|code| registry.survivor(EntryKind::Enterprise, code)) {
        Some(code) => rows.filter(incentive::Column::EnterpriseCode.eq(code)),
        None => rows,
    };
    Ok(rows.order_by_asc(incentive::Column::Id).all(ctx.db.read()).await?)
}

/// One record.
///
/// # Errors
/// 401 without a token, 404.
pub async fn get(ctx: &Ctx, text: &str) -> Result<incentive::Model> {
    ctx.known(Kind::Incentive)?;
    let id = id(text).ok_or(Error::NotFound(Kind::Incentive))?;
    ctx.one::<incentive::Entity>(ctx.db.read(), Action::Read, incentive::Column::Id.eq(id)).await
}

/// What several enterprises were given, as far as it is the caller's to see: one statement.
pub async fn of_enterprises(
    ctx: &Ctx,
    codes: &[EnterpriseCode],
) -> Result<HashMap<EnterpriseCode, Vec<incentive::Model>>> {
    let rows = ctx
        .visible::<incentive::Entity>()
        .filter(incentive::Column::EnterpriseCode.is_in(codes.iter().cloned()))
        .order_by_asc(incentive::Column::Id)
        .all(ctx.db.read())
        .await?;
    let mut of: HashMap<EnterpriseCode, Vec<incentive::Model>> = HashMap::new();
    for row in rows {
        of.entry(row.enterprise_code.clone()).or_default().push(row);
    }
    Ok(of)
}

/// Only who was certified on that day is given anything for it; where no day is known, who is certified at all.
async fn expect_certified(ctx: &Ctx, db: &impl ConnectionTrait, code: &EnterpriseCode, on: NaiveDate) -> Result<()> {
    use certification::Column as C;
    let states = [EnterpriseCertificationState::Certified, EnterpriseCertificationState::Withdrawn];
    let found = ctx
        .visible::<certification::Entity>()
        .filter(C::EnterpriseCode.eq(code.clone()))
        .filter(C::State.is_in(states))
        .filter(Condition::any().add(C::ValidFrom.is_null()).add(C::ValidFrom.lte(on)))
        .filter(Condition::any().add(C::ValidUntil.is_null()).add(C::ValidUntil.gte(on)))
        .count(db)
        .await?;
    if found > 0 {
        return Ok(());
    }
    Err(Error::Conflict(Text::new(
        format!("企业 {code} 于 {on} 未获认定，不能登记激励"),
        format!("The enterprise {code} was not certified on {on}: nothing is recorded for it"),
    )))
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, action: &'static str, row: &incentive::Model) -> Result<()> {
    let mut parties = vec![Party(Role::Enterprise, row.enterprise_code.as_str())];
    parties.extend(row.city_code.as_ref().map(|city| Party(Role::City, city.as_str())));
    let event = Event {
        action,
        object: row.id.to_string(),
        // Never the amount: what is told once is told for good.
        data: json!({ "enterprise": row.enterprise_code.0, "kind": row.kind.word(), "granted_on": row.granted_on }),
        parties,
        ..Event::default()
    };
    journal::record(db, ctx, event).await
}
