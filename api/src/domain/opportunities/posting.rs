//! What is done to an opportunity: posted, changed, reviewed, closed; and what time does to it.
//!
//! An enterprise's first posting waits for its city, or for the province where the city is not known. Once one of
//! its postings has been published, and for schools always, publishing needs nobody.

use entity::{
    ids::OpportunityId,
    opportunity,
    words::{OpportunityOutcome, OpportunityState as State},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Party, etag,
    fields::{self, New, filled},
    is_insider, is_own, local_day, meeting, owner, read_id, state,
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::{Transaction, now},
    domain::{
        faults::{Faults, MAX_PROSE},
        journal::{self, Event},
        precondition::Match,
    },
    error::{Error, Result, Text},
    memory::market::stamp,
};

/// The most postings of one owner that wait or stand at once.
const MOST_OPEN: u64 = 2_000;

/// What has come of an opportunity.
#[derive(Clone, Debug, Default)]
pub struct Close {
    /// `met`, `partly_met` or `unmet`.
    pub outcome: String,
    /// How many were met; needed where only a part was.
    pub number: Option<i64>,
}

/// Posts an opportunity: published at once, or put before the city.
///
/// # Errors
/// 401, 403, 409 where the owner has too many, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn post(ctx: &Ctx, new: New) -> Result<opportunity::Model> {
    ctx.require(Action::Create, Kind::Opportunity)?;
    let party = Party::of(ctx).ok_or_else(|| Error::internal("a poster without an organisation"))?;
    let at = now();
    let (school, enterprise) = match party.clone() {
        Party::School(code) => (Some(code), None),
        Party::Enterprise(code) => (None, Some(code)),
    };
    let bare = opportunity::Model {
        id: OpportunityId(Uuid::now_v7()),
        owner_city_code: city_of(ctx, &party)?,
        school_code: school,
        enterprise_code: enterprise,
        city_code: None,
        kind: entity::words::OpportunityKind::Talent,
        side: entity::words::OpportunitySide::Supply,
        state: State::Pending,
        title: String::new(),
        text: String::new(),
        majors: String::new(),
        major_words: String::new(),
        industry: None,
        headcount: None,
        valid_until: local_day(at),
        contact_department: None,
        contact_telephone: None,
        contact_email: None,
        reason: None,
        outcome: None,
        outcome_number: None,
        stamp: 0,
        version: 1,
        created_at: at,
        updated_at: at,
        published_at: None,
    };
    let row = filled(ctx, new, bare)?;

    let tx = ctx.begin().await?;
    let stamp = stamp(&tx).await?;
    ctx.memory.market().sync(&tx).await?;
    let open = ctx
        .visible::<opportunity::Entity>()
        .filter(of_party(&party))
        .filter(opportunity::Column::State.is_in([State::Pending, State::Published]));
    if open.count(&tx).await? >= MOST_OPEN {
        return Err(Error::Conflict(Text::new(
            format!("每个单位最多同时有 {MOST_OPEN} 条供求信息，请先关闭或撤回不用的"),
            format!("An owner has at most {MOST_OPEN} opportunities at once: close or withdraw some"),
        )));
    }
    let is_published = is_trusted(ctx, &tx, &party).await?;
    let row = opportunity::Model { stamp, ..row };
    let row = if is_published { published(row) } else { row };
    opportunity::Entity::insert(opportunity::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "opportunity.posted", &row, json!({})).await?;
    if is_published {
        meeting::announce(ctx, &tx, &row).await?;
    }
    tx.commit().await?;
    Ok(row)
}

/// The city of a party.
fn city_of(ctx: &Ctx, party: &Party) -> Result<Option<entity::ids::CityCode>> {
    let registry = ctx.memory.registry();
    let gone = || {
        Error::Forbidden(Text::new(
            "本令牌的单位不在名录中，请联系省级（PROVINCE）",
            "The organisation of this token is not in the registry: ask the province (PROVINCE)",
        ))
    };
    match party {
        Party::School(code) => {
            registry.schools.get(code.as_str()).map(|row| Some(row.city_code.clone())).ok_or_else(gone)
        }
        Party::Enterprise(code) => {
            registry.enterprises.get(code.as_str()).map(|row| row.city_code.clone()).ok_or_else(gone)
        }
    }
}

fn of_party(party: &Party) -> Condition {
    use opportunity::Column as C;
    match party {
        Party::School(code) => Condition::all().add(C::SchoolCode.eq(code.clone())),
        Party::Enterprise(code) => Condition::all().add(C::EnterpriseCode.eq(code.clone())),
    }
}

/// Whether what this party posts needs no review: a school, or an enterprise of which something was published.
async fn is_trusted(ctx: &Ctx, db: &impl ConnectionTrait, party: &Party) -> Result<bool> {
    let Party::Enterprise(_) = party else { return Ok(true) };
    let before = ctx
        .visible::<opportunity::Entity>()
        .filter(of_party(party))
        .filter(opportunity::Column::PublishedAt.is_not_null())
        .limit(1);
    Ok(before.one(db).await?.is_some())
}

fn published(row: opportunity::Model) -> opportunity::Model {
    let at = row.updated_at;
    opportunity::Model { state: State::Published, published_at: row.published_at.or(Some(at)), reason: None, ..row }
}

/// States an opportunity anew, whole. One that was refused waits for its review again.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 where it is over, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, id: &str, new: New, seen: Option<&Match>) -> Result<opportunity::Model> {
    let (tx, stamp, old) = begin(ctx, id, Action::Change, seen).await?;
    if !matches!(old.state, State::Pending | State::Refused | State::Published | State::Expired) {
        return Err(over(&old));
    }
    let party = owner(&old).ok_or_else(|| Error::internal("an opportunity without an owner"))?;
    let row = filled(ctx, new, old.clone())?;
    let row = if old.published_at.is_some() || is_trusted(ctx, &tx, &party).await? {
        published(next(row, stamp))
    } else {
        opportunity::Model { state: State::Pending, reason: None, ..next(row, stamp) }
    };
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "opportunity.changed", &row, json!({})).await?;
    if row.state == State::Published {
        meeting::announce(ctx, &tx, &row).await?;
    }
    tx.commit().await?;
    Ok(row)
}

/// The city, or the province, publishes what waits.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 where it does not wait or its day is over.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn approve(ctx: &Ctx, id: &str, seen: Option<&Match>) -> Result<opportunity::Model> {
    let (tx, stamp, old) = begin(ctx, id, Action::Approve, seen).await?;
    if old.state != State::Pending {
        return Err(not_in(&old, "只有待审核的信息才能通过", "Only what waits for its review is approved"));
    }
    if old.valid_until < local_day(ctx.actor.at) {
        return Err(not_in(&old, "有效期已过，请退回修改", "It is past its last day: refuse it, to be changed"));
    }
    let row = published(next(old.clone(), stamp));
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "opportunity.published", &row, json!({})).await?;
    meeting::announce(ctx, &tx, &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// The city, or the province, refuses what waits, or takes down what should not stand, with a reason.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 where it neither waits nor stands, 422 without a reason.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn refuse(ctx: &Ctx, id: &str, reason: &str, seen: Option<&Match>) -> Result<opportunity::Model> {
    let (tx, stamp, old) = begin(ctx, id, Action::Return, seen).await?;
    if !matches!(old.state, State::Pending | State::Published) {
        return Err(not_in(&old, "只有待审核或已发布的信息才能退回", "Only what waits or stands is refused"));
    }
    let mut faults = Faults::default();
    fields::open_text(&mut faults, "/reason", reason, MAX_PROSE, true);
    faults.verdict()?;
    let reason = Some(reason.trim().to_owned());
    // What is taken down counts as never published, whatever becomes of it: it is no reason to trust its owner.
    let row = opportunity::Model { state: State::Refused, reason, published_at: None, ..next(old.clone(), stamp) };
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "opportunity.refused", &row, json!({ "reason": row.reason })).await?;
    tx.commit().await?;
    Ok(row)
}

/// The owner takes it back.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 where it is over.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn withdraw(ctx: &Ctx, id: &str, seen: Option<&Match>) -> Result<opportunity::Model> {
    let (tx, stamp, old) = begin(ctx, id, Action::Change, seen).await?;
    if !matches!(old.state, State::Pending | State::Refused | State::Published) {
        return Err(over(&old));
    }
    let row = opportunity::Model { state: State::Withdrawn, ..next(old.clone(), stamp) };
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "opportunity.withdrawn", &row, json!({})).await?;
    tx.commit().await?;
    Ok(row)
}

/// The owner says what has come of it.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 where it never stood or is over, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn close(ctx: &Ctx, id: &str, close: Close, seen: Option<&Match>) -> Result<opportunity::Model> {
    let (tx, stamp, old) = begin(ctx, id, Action::Change, seen).await?;
    if !matches!(old.state, State::Published | State::Expired) {
        return Err(not_in(&old, "只有发布过的信息才能关闭", "Only what has stood is closed"));
    }
    let mut faults = Faults::default();
    let outcome = faults.word("outcome", &close.outcome, OpportunityOutcome::ALL, OpportunityOutcome::word);
    let most = old.headcount.map_or(100_000, i64::from);
    let range = match outcome {
        Some(OpportunityOutcome::Unmet) => 0..=0,
        Some(OpportunityOutcome::PartlyMet) => 1..=most,
        Some(OpportunityOutcome::Met) | None => 1..=100_000,
    };
    let is_missing = close.number.is_none() && outcome == Some(OpportunityOutcome::PartlyMet);
    if is_missing || close.number.is_some_and(|number| !range.contains(&number)) {
        let expected = format!("{}..={}", range.start(), range.end());
        let said = (format!("对接数量应在 {expected} 之内"), format!("The number that was met lies within {expected}"));
        let got = close.number.map(|number| number.to_string()).unwrap_or_default();
        faults.add("outcome_number", "/number", said, expected, got);
    }
    faults.verdict()?;
    let outcome_number = close.number.and_then(|number| i32::try_from(number).ok());
    let row = opportunity::Model { state: State::Closed, outcome, outcome_number, ..next(old.clone(), stamp) };
    replace(ctx, &tx, &old, &row).await?;
    let data = json!({ "outcome": row.outcome.map(OpportunityOutcome::word) });
    note(ctx, &tx, "opportunity.closed", &row, data).await?;
    tx.commit().await?;
    Ok(row)
}

/// Says of what is past its last day that it is over; returns of how many. Safe on every instance at once.
///
/// # Errors
/// Only where the database fails.
pub async fn expire(ctx: &Ctx) -> Result<usize> {
    use opportunity::Column as C;
    ctx.require(Action::Change, Kind::Opportunity)?;
    let past = ctx
        .visible::<opportunity::Entity>()
        .filter(C::State.eq(State::Published))
        .filter(C::ValidUntil.lt(local_day(now())))
        .all(ctx.db.read())
        .await?;
    let mut count = 0;
    for old in past {
        let tx = ctx.begin().await?;
        let stamp = stamp(&tx).await?;
        let row = opportunity::Model { state: State::Expired, ..next(old.clone(), stamp) };
        match replace(ctx, &tx, &old, &row).await {
            Ok(()) => {}
            // Its owner or another instance was quicker.
            Err(Error::PreconditionFailed { .. }) => continue,
            Err(fault) => return Err(fault),
        }
        note(ctx, &tx, "opportunity.expired", &row, json!({})).await?;
        tx.commit().await?;
        count += 1;
    }
    Ok(count)
}

fn next(row: opportunity::Model, stamp: i64) -> opportunity::Model {
    opportunity::Model { stamp, version: row.version + 1, updated_at: now(), ..row }
}

/// Begins a change: 404, 403, 412 or 428, in this order. With the stamp of what will be written; whoever comes at
/// the same time waits, so that of two that meet the second always sees the first.
async fn begin(
    ctx: &Ctx,
    id: &str,
    action: Action,
    seen: Option<&Match>,
) -> Result<(Transaction, i64, opportunity::Model)> {
    // What is published is everybody's to read; nobody changes anything without a token.
    ctx.known(Kind::Match)?;
    let id = read_id(id)?;
    let tx = ctx.begin().await?;
    let stamp = stamp(&tx).await?;
    ctx.memory.market().sync(&tx).await?;
    let row = ctx.one::<opportunity::Entity>(&tx, action, opportunity::Column::Id.eq(id)).await?;
    let is_may = match action {
        Action::Approve | Action::Return => is_insider(ctx, &row),
        _ => is_own(ctx, &row),
    };
    if !is_may {
        return Err(Error::Forbidden(whose(&row, action)));
    }
    Match::judge(seen, etag(&row))?;
    Ok((tx, stamp, row))
}

/// Who could.
fn whose(row: &opportunity::Model, action: Action) -> Text {
    if matches!(action, Action::Approve | Action::Return) {
        return Text::new(
            "只有发布单位所在市州（CITY）或省级（PROVINCE）可以审核",
            "It is for the city of its owner (CITY), or the province (PROVINCE), to review it",
        );
    }
    let role = owner(row).map_or(Role::Enterprise, |owner| owner.role()).name();
    Text::new(format!("只有发布单位自己（{role}）可以更改"), format!("Only its owner ({role}) can do this"))
}

fn not_in(row: &opportunity::Model, zh: &str, en: &str) -> Error {
    let state = row.state.word();
    Error::Conflict(Text::new(format!("{zh}（当前状态 {state}）"), format!("{en}; it is {state}")))
}

fn over(row: &opportunity::Model) -> Error {
    not_in(row, "该信息已结束", "It is over")
}

/// Replaces a row if it still is the one that was read.
async fn replace(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    old: &opportunity::Model,
    new: &opportunity::Model,
) -> Result<()> {
    use opportunity::Column as C;
    let done = ctx
        .change::<opportunity::Entity>()
        .col_expr(C::CityCode, Expr::value(new.city_code.clone()))
        .col_expr(C::Kind, Expr::value(new.kind))
        .col_expr(C::Side, Expr::value(new.side))
        .col_expr(C::State, Expr::value(new.state))
        .col_expr(C::Title, Expr::value(new.title.clone()))
        .col_expr(C::Text, Expr::value(new.text.clone()))
        .col_expr(C::Majors, Expr::value(new.majors.clone()))
        .col_expr(C::MajorWords, Expr::value(new.major_words.clone()))
        .col_expr(C::Industry, Expr::value(new.industry.clone()))
        .col_expr(C::Headcount, Expr::value(new.headcount))
        .col_expr(C::ValidUntil, Expr::value(new.valid_until))
        .col_expr(C::ContactDepartment, Expr::value(new.contact_department.clone()))
        .col_expr(C::ContactTelephone, Expr::value(new.contact_telephone.clone()))
        .col_expr(C::ContactEmail, Expr::value(new.contact_email.clone()))
        .col_expr(C::Reason, Expr::value(new.reason.clone()))
        .col_expr(C::Outcome, Expr::value(new.outcome))
        .col_expr(C::OutcomeNumber, Expr::value(new.outcome_number))
        .col_expr(C::PublishedAt, Expr::value(new.published_at))
        .col_expr(C::Stamp, Expr::value(new.stamp))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::UpdatedAt, Expr::value(new.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// The row of the journal: told to the owner, and to the city that reviews it. Never a contact, never a text.
async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    row: &opportunity::Model,
    more: Value,
) -> Result<()> {
    let mut data = json!({
        "kind": row.kind.word(), "side": row.side.word(), "state": state(row, now()).word(), "version": row.version,
    });
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    let city = row.owner_city_code.iter().map(|city| journal::Party(Role::City, city.as_str()));
    let owner = owner(row);
    let parties = owner.iter().map(Party::addressed).chain(city).collect();
    let event = Event { action, object: row.id.to_string(), parties, data, ..Event::default() };
    journal::record(db, ctx, event).await
}
