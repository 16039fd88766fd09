//! The steps of a partnership: proposed, confirmed or refused or withdrawn, changed, ended.

use chrono::{NaiveDate, TimeDelta};
use entity::{
    ids::RowId,
    partnership,
    words::{PartnershipSide as Side, PartnershipState as State},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

use super::{
    ENTERED, called, etag,
    said::{self, New, Said},
    which,
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::{Transaction, now},
    domain::{
        faults::{Faults, MAX_PROSE},
        journal::{self, Event, Party},
        precondition::Match,
    },
    error::{Error, Result, Text},
    memory::{self, Thing, registry::Registry},
};

/// Today in Asia/Shanghai, by the instant of the request.
pub(in crate::domain) fn today(ctx: &Ctx) -> NaiveDate {
    ctx.actor.at.checked_add_signed(TimeDelta::hours(8)).unwrap_or(ctx.actor.at).date_naive()
}

/// The side that the caller is on.
fn side(ctx: &Ctx) -> Side {
    match ctx.actor.role {
        Role::School => Side::School,
        Role::Enterprise => Side::Enterprise,
        _ => Side::Province,
    }
}

/// Enters a partnership. A school's or an enterprise's is proposed to the other side; the province records what is.
///
/// # Errors
/// 401, 403, 422 with everything that is wrong with it, 409 where the same is there already.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn propose(ctx: &Ctx, new: New) -> Result<partnership::Model> {
    use partnership::Column as C;
    ctx.require(Action::Create, Kind::Partnership)?;
    let mut faults = Faults::default();
    let (school, enterprise) = said::sides(ctx, &new, &mut faults);
    let (at, by) = (now(), side(ctx));
    let is_recorded = by == Side::Province;
    let blank = partnership::Model {
        id: RowId(Uuid::now_v7()),
        position: ENTERED,
        school_code: school.map(Into::into),
        institution_code: None,
        enterprise_code: enterprise.map(Into::into),
        kind: String::new(),
        count: None,
        unit: None,
        qualifier: None,
        label: String::new(),
        label_en: None,
        status: if is_recorded { "existing" } else { "planned" }.to_owned(),
        other_partner: None,
        source: String::new(),
        state: if is_recorded { State::Active } else { State::Proposed },
        proposed_by: by,
        major_code: None,
        starts_on: None,
        ends_on: None,
        students: None,
        investment: None,
        evidence: "[]".to_owned(),
        reason: None,
        is_printed: false,
        version: 1,
        created_by: Some(ctx.actor.subject.clone()),
        created_at: Some(at),
        updated_at: Some(at),
    };
    let row = said::applied(&blank, &new.said, true, &mut faults);
    faults.verdict()?;
    let tx = ctx.begin().await?;
    let same = ctx
        .visible::<partnership::Entity>()
        .filter(C::SchoolCode.eq(row.school_code.clone()))
        .filter(C::EnterpriseCode.eq(row.enterprise_code.clone()))
        .filter(C::Kind.eq(row.kind.clone()))
        .filter(C::Label.eq(row.label.clone()))
        .filter(C::State.is_in([State::Proposed, State::Active]));
    if same.count(&tx).await? > 0 {
        return Err(Error::Conflict(Text::new(
            "双方已有同类别、同名称的合作（待确认或进行中）：请修改它，或换一个名称",
            "The two sides have one of this kind and name already, proposed or active: change it, or name this otherwise",
        )));
    }
    partnership::Entity::insert(partnership::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    let action = if is_recorded { "partnership.recorded" } else { "partnership.proposed" };
    finish(ctx, tx, action, None, row).await
}

/// Begins a step: the row as the caller sees it, what it may do by its role, and the version that it builds on.
async fn begin(
    ctx: &Ctx,
    id: &str,
    action: Action,
    if_match: Option<&Match>,
    may: fn(&Ctx, &partnership::Model) -> Result<()>,
) -> Result<(Transaction, partnership::Model)> {
    ctx.known(Kind::Partnership)?;
    // Reading is everybody's, a step takes a token.
    if ctx.actor.role == Role::Public {
        ctx.require(action, Kind::Partnership)?;
    }
    let tx = ctx.begin().await?;
    let row = ctx.one::<partnership::Entity>(&tx, action, which(id)?).await?;
    let is_party = match ctx.actor.role {
        Role::School => row.school_code.as_ref().is_some_and(|code| *code == ctx.actor.org()),
        Role::Enterprise => row.enterprise_code.as_ref().is_some_and(|code| *code == ctx.actor.org()),
        _ => true,
    };
    if !is_party {
        return Err(Error::Forbidden(Text::new(
            "只有合作双方（SCHOOL、ENTERPRISE）或省级（PROVINCE）可以办理",
            "Only its two sides (SCHOOL, ENTERPRISE) or the province (PROVINCE) can do this",
        )));
    }
    may(ctx, &row)?;
    Match::judge(if_match, etag(&row))?;
    Ok((tx, row))
}

/// Refuses a step from another state than this one.
fn expect(row: &partnership::Model, state: State) -> Result<()> {
    if row.state == state {
        return Ok(());
    }
    Err(Error::Conflict(Text::new(
        format!("该合作当前状态为 {}，此步骤只适用于 {}", row.state.word(), state.word()),
        format!("The partnership is {}; this step is for one that is {}", row.state.word(), state.word()),
    )))
}

/// Refuses the answer of whoever asked: the other side answers, and of what the province has recorded either.
fn expect_other(ctx: &Ctx, row: &partnership::Model) -> Result<()> {
    let other = match row.proposed_by {
        Side::School => Side::Enterprise,
        Side::Enterprise => Side::School,
        Side::Province => return Ok(()),
    };
    if side(ctx) == other {
        return Ok(());
    }
    let (zh, en) = called(other);
    Err(Error::Forbidden(Text::new(format!("须由对方{zh}答复"), format!("The answer is the other side's: {en}"))))
}

/// Says yes to a partnership that the other side has proposed.
///
/// # Errors
/// In this order: 404, 403 for whoever is not the other side, 428 and 412, 409 where it is not proposed.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn confirm(ctx: &Ctx, id: &str, if_match: Option<&Match>) -> Result<partnership::Model> {
    let (tx, old) = begin(ctx, id, Action::Approve, if_match, expect_other).await?;
    expect(&old, State::Proposed)?;
    let row = partnership::Model { state: State::Active, status: "existing".to_owned(), ..old.clone() };
    finish(ctx, tx, "partnership.confirmed", Some(old), row).await
}

/// Says no to a partnership that the other side has proposed, and why.
///
/// # Errors
/// As [`confirm`], and 422 without a reason.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn refuse(ctx: &Ctx, id: &str, reason: String, if_match: Option<&Match>) -> Result<partnership::Model> {
    let (tx, old) = begin(ctx, id, Action::Approve, if_match, expect_other).await?;
    reasoned(&reason)?;
    expect(&old, State::Proposed)?;
    let row = partnership::Model { state: State::Refused, reason: Some(reason), ..old.clone() };
    finish(ctx, tx, "partnership.refused", Some(old), row).await
}

/// Takes a proposal back before it is answered.
///
/// # Errors
/// As [`confirm`]; 403 for whoever has not proposed it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn withdraw(ctx: &Ctx, id: &str, if_match: Option<&Match>) -> Result<partnership::Model> {
    let (tx, old) = begin(ctx, id, Action::Change, if_match, expect_proposer).await?;
    expect(&old, State::Proposed)?;
    let row = partnership::Model { state: State::Withdrawn, ..old.clone() };
    finish(ctx, tx, "partnership.withdrawn", Some(old), row).await
}

fn expect_proposer(ctx: &Ctx, row: &partnership::Model) -> Result<()> {
    if side(ctx) == row.proposed_by {
        return Ok(());
    }
    let (zh, en) = called(row.proposed_by);
    Err(Error::Forbidden(Text::new(
        format!("此提议由{zh}提出，答复之前只有提出方可以修改或撤回"),
        format!("It was proposed by {en}: until it is answered only who proposed it changes or withdraws it"),
    )))
}

/// Changes what is said of a partnership. A proposal is its proposer's alone; of an active one both sides know what
/// was agreed: its kind and its name stay.
///
/// # Errors
/// In this order: 404, 403, 428 and 412, 409 where it is over, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, id: &str, said: Said, if_match: Option<&Match>) -> Result<partnership::Model> {
    let may = |ctx: &Ctx, row: &partnership::Model| match row.state {
        State::Proposed => expect_proposer(ctx, row),
        _ => Ok(()),
    };
    let (tx, old) = begin(ctx, id, Action::Change, if_match, may).await?;
    let mut faults = Faults::default();
    if old.state != State::Proposed {
        expect(&old, State::Active)?;
        let fixed = [("/kind", &said.kind, &old.kind), ("/name", &said.name, &old.label)];
        for (at, new, is) in fixed {
            if let Some(new) = new.as_ref().filter(|new| *new != is) {
                let text = (
                    "已确认的合作不能改变类别和名称：请结束它，另行登记",
                    "Kind and name of a confirmed partnership stay: end it and enter another",
                );
                faults.add("fixed", at, text, is.as_str(), new.chars().take(200).collect::<String>());
            }
        }
    }
    let row = said::applied(&old, &said, false, &mut faults);
    faults.verdict()?;
    if row == old {
        return Ok(old);
    }
    finish(ctx, tx, "partnership.changed", Some(old), row).await
}

/// Ends an active partnership on a day that has come, with a reason; today where no day is named.
///
/// # Errors
/// In this order: 404, 403, 428 and 412, 409 where it is not active, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn end(
    ctx: &Ctx,
    id: &str,
    ended_on: Option<String>,
    reason: String,
    if_match: Option<&Match>,
) -> Result<partnership::Model> {
    let (tx, old) = begin(ctx, id, Action::Change, if_match, |_, _| Ok(())).await?;
    expect(&old, State::Active)?;
    let mut faults = Faults::default();
    faults.prose("/reason", &reason, MAX_PROSE, true);
    let today = today(ctx);
    let day = match &ended_on {
        Some(text) => said::day("/ended_on", text, &mut faults),
        None => Some(today),
    };
    if let Some(day) = day.filter(|day| *day > today || old.starts_on.is_some_and(|from| *day < from)) {
        let from = old.starts_on.map(|from| from.to_string()).unwrap_or_default();
        let text = (
            "结束日不能早于开始日，也不能晚于今天；约定的结束日请用修改（ends_on）",
            "It ends neither before it begins nor after today; an agreed last day is said by a change (ends_on)",
        );
        faults.add("ended_on", "/ended_on", text, format!("{from}..={today}"), day.to_string());
    }
    faults.verdict()?;
    let row = partnership::Model { state: State::Ended, ends_on: day, reason: Some(reason), ..old.clone() };
    finish(ctx, tx, "partnership.ended", Some(old), row).await
}

fn reasoned(reason: &str) -> Result<()> {
    let mut faults = Faults::default();
    faults.prose("/reason", reason, MAX_PROSE, true);
    faults.verdict()
}

/// Whom it concerns: its two sides, and their cities.
fn parties<'r>(registry: &'r Registry, row: &'r partnership::Model) -> Vec<Party<'r>> {
    let school = row.school_code.as_ref().map(|code| code.as_str());
    let enterprise = row.enterprise_code.as_ref().map(|code| code.as_str());
    let cities = [
        school.and_then(|code| Some(registry.schools.get(code)?.city_code.as_str())),
        enterprise.and_then(|code| Some(registry.enterprises.get(code)?.city_code.as_ref()?.as_str())),
    ];
    let sides = school.map(|code| Party(Role::School, code)).into_iter();
    let sides = sides.chain(enterprise.map(|code| Party(Role::Enterprise, code)));
    sides.chain(cities.into_iter().flatten().map(|code| Party(Role::City, code))).collect()
}

/// Whether everybody sees it.
const fn is_public(row: &partnership::Model) -> bool {
    row.is_printed || matches!(row.state, State::Active | State::Ended)
}

/// Writes what a row has become with its journal row, and raises the registry where everybody is to know.
async fn finish(
    ctx: &Ctx,
    tx: Transaction,
    action: &'static str,
    old: Option<partnership::Model>,
    new: partnership::Model,
) -> Result<partnership::Model> {
    let new = match &old {
        None => new,
        Some(old) => {
            let new = partnership::Model { version: old.version + 1, updated_at: Some(now()), ..new };
            replace(ctx, &tx, old, &new).await?;
            new
        }
    };
    let data = json!({
        "version": new.version, "state": new.state.word(), "kind": new.kind,
        "school": new.school_code.as_ref().map(|code| code.as_str()),
        "enterprise": new.enterprise_code.as_ref().map(|code| code.as_str()),
        "proposed_by": new.proposed_by.word(),
    });
    let registry = ctx.memory.registry();
    let parties = parties(&registry, &new);
    journal::record(&tx, ctx, Event { action, object: new.id.to_string(), parties, data, ..Event::default() }).await?;
    let is_to_know = is_public(&new) || old.as_ref().is_some_and(is_public);
    if is_to_know {
        memory::raise(&tx, Thing::Registry).await?;
    }
    tx.commit().await?;
    if is_to_know {
        ctx.memory.refresh().await?;
    }
    Ok(new)
}

/// Replaces a row if it still is the one that was read.
async fn replace(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    old: &partnership::Model,
    new: &partnership::Model,
) -> Result<()> {
    use partnership::Column as C;
    let done = ctx
        .change::<partnership::Entity>()
        .col_expr(C::Kind, Expr::value(new.kind.clone()))
        .col_expr(C::Label, Expr::value(new.label.clone()))
        .col_expr(C::LabelEn, Expr::value(new.label_en.clone()))
        .col_expr(C::Status, Expr::value(new.status.clone()))
        .col_expr(C::State, Expr::value(new.state))
        .col_expr(C::MajorCode, Expr::value(new.major_code.clone()))
        .col_expr(C::StartsOn, Expr::value(new.starts_on))
        .col_expr(C::EndsOn, Expr::value(new.ends_on))
        .col_expr(C::Students, Expr::value(new.students))
        .col_expr(C::Investment, Expr::value(new.investment))
        .col_expr(C::Evidence, Expr::value(new.evidence.clone()))
        .col_expr(C::Reason, Expr::value(new.reason.clone()))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::UpdatedAt, Expr::value(new.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}
