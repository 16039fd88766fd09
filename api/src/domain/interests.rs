//! Interest and contact (对接意向): one side says it is interested, the other accepts or declines. What either wrote
//! of how it is reached is told to the other once both have said yes, and every telling is in the journal.

use std::collections::HashMap;

use entity::{
    ids::{InterestId, OpportunityId},
    opportunity, opportunity_interest,
    words::{InterestState as State, OpportunityState},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    faults::{Faults, MAX_PROSE},
    journal::{self, Event},
    opportunities::{self, Contact, Party, contact_of, open_text},
    precondition::Match,
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::{Transaction, now},
    error::{Error, Result, Text},
    page::{self, Page},
};

/// An interest that is expressed.
#[derive(Clone, Debug, Default)]
pub struct Express {
    /// What the other side is to know before it decides.
    pub note: Option<String>,
    /// How the interested side is reached.
    pub contact: Contact,
}

/// How both sides are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contacts {
    /// Of the opportunity's owner.
    pub owner: Contact,
    /// Of the interested side.
    pub interested: Contact,
}

/// What is done to an interest.
#[derive(Clone, Debug)]
pub enum Step {
    /// The owner says yes.
    Accept,
    /// The owner says no, with a reason or without.
    Decline(Option<String>),
    /// The interested side takes it back, while nobody has answered.
    Withdraw,
}

/// An interest with its opportunity, where that is the caller's to see.
#[derive(Clone, Debug)]
pub struct Known {
    /// The interest.
    pub row: opportunity_interest::Model,
    /// Its opportunity.
    pub of: Option<opportunity::Model>,
}

/// Who is interested.
pub fn party(row: &opportunity_interest::Model) -> Option<Party> {
    Party::either(row.school_code.as_ref(), row.enterprise_code.as_ref())
}

/// The strong ETag of an interest.
pub fn etag(row: &opportunity_interest::Model) -> String {
    format!("\"{}\"", row.version)
}

fn contact_of_interest(row: &opportunity_interest::Model) -> Contact {
    Contact {
        department: row.contact_department.clone(),
        telephone: row.contact_telephone.clone(),
        email: row.contact_email.clone(),
    }
}

fn read_id(id: &str) -> Result<InterestId> {
    id.parse::<Uuid>().map(InterestId).map_err(|_| Error::NotFound(Kind::Interest))
}

/// Says that the caller is interested in an opportunity of another.
///
/// # Errors
/// In this order: 401, 404, 403, 409 where it is over, its own, or was said before, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn express(ctx: &Ctx, opportunity: &str, new: Express) -> Result<Known> {
    ctx.known(Kind::Interest)?;
    let id = opportunities::read_id(opportunity)?;
    let tx = ctx.begin().await?;
    let of = ctx.one::<opportunity::Entity>(&tx, Action::Read, opportunity::Column::Id.eq(id)).await?;
    ctx.require(Action::Create, Kind::Interest)?;
    let own = Party::of(ctx).ok_or_else(|| Error::internal("a caller without an organisation"))?;
    if opportunities::is_own(ctx, &of) {
        return Err(conflict("这是本单位自己发布的信息", "It is the caller's own opportunity"));
    }
    if opportunities::state(&of, ctx.actor.at) != OpportunityState::Published {
        return Err(conflict("该信息已不再有效", "The opportunity does not stand any more"));
    }
    use opportunity_interest::Column as C;
    let (school, enterprise) = match own.clone() {
        Party::School(code) => (Some(code), None),
        Party::Enterprise(code) => (None, Some(code)),
    };
    let mine = Condition::any()
        .add_option(school.clone().map(|code| C::SchoolCode.eq(code)))
        .add_option(enterprise.clone().map(|code| C::EnterpriseCode.eq(code)));
    let before = ctx.visible::<opportunity_interest::Entity>().filter(C::OpportunityId.eq(id)).filter(mine);
    if before.one(&tx).await?.is_some() {
        return Err(conflict("本单位已对该信息表达过意向", "The caller has said so of this opportunity before"));
    }
    let mut faults = Faults::default();
    if let Some(note) = &new.note {
        open_text(&mut faults, "/note", note, MAX_PROSE, false);
    }
    opportunities::contact_faults(&mut faults, &new.contact);
    faults.verdict()?;
    let at = now();
    let row = opportunity_interest::Model {
        id: InterestId(Uuid::now_v7()),
        opportunity_id: id,
        party: ctx.actor.org().to_owned(),
        school_code: school,
        enterprise_code: enterprise,
        note: new.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty()),
        contact_department: new.contact.department,
        contact_telephone: new.contact.telephone,
        contact_email: new.contact.email,
        state: State::Expressed,
        reason: None,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    let insert = opportunity_interest::Entity::insert(opportunity_interest::ActiveModel::from(row.clone()));
    insert.exec_without_returning(&tx).await?;
    record(ctx, &tx, "interest.expressed", &row, &of).await?;
    tx.commit().await?;
    Ok(Known { row, of: Some(of) })
}

fn conflict(zh: &str, en: &str) -> Error {
    Error::Conflict(Text::new(zh, en))
}

/// Takes a step.
///
/// # Errors
/// In this order: 404, 403, 412 or 428, 409 where it was answered already, 422 for a reason that will not do.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn take(ctx: &Ctx, id: &str, step: Step, seen: Option<&Match>) -> Result<Known> {
    ctx.known(Kind::Interest)?;
    let id = read_id(id)?;
    let tx = ctx.begin().await?;
    let (old, of) = with_opportunity(ctx, &tx, Action::Change, id).await?;
    let is_may = match step {
        Step::Accept | Step::Decline(_) => opportunities::is_own(ctx, &of),
        Step::Withdraw => Party::of(ctx) == party(&old),
    };
    if !is_may {
        return Err(Error::Forbidden(Text::new(
            "接受或谢绝由发布单位（SCHOOL、ENTERPRISE）决定，撤回由表达意向的单位决定",
            "The owner of the opportunity (SCHOOL, ENTERPRISE) accepts or declines; who is interested withdraws",
        )));
    }
    Match::judge(seen, etag(&old))?;
    if old.state != State::Expressed {
        let state = old.state.word();
        return Err(Error::Conflict(Text::new(
            format!("该意向已有结果（{state}）"),
            format!("The interest was answered already; it is {state}"),
        )));
    }
    let (state, action, reason) = match step {
        Step::Accept => {
            if matches!(of.state, OpportunityState::Withdrawn | OpportunityState::Refused) {
                return Err(conflict("该信息已撤回", "The opportunity was taken back"));
            }
            (State::Accepted, "interest.accepted", None)
        }
        Step::Decline(reason) => {
            if let Some(text) = &reason {
                let mut faults = Faults::default();
                open_text(&mut faults, "/reason", text, MAX_PROSE, true);
                faults.verdict()?;
            }
            (State::Declined, "interest.declined", reason.map(|text| text.trim().to_owned()))
        }
        Step::Withdraw => (State::Withdrawn, "interest.withdrawn", None),
    };
    let row = opportunity_interest::Model { state, reason, version: old.version + 1, updated_at: now(), ..old.clone() };
    use opportunity_interest::Column as C;
    let done = ctx
        .change::<opportunity_interest::Entity>()
        .col_expr(C::State, Expr::value(row.state))
        .col_expr(C::Reason, Expr::value(row.reason.clone()))
        .col_expr(C::Version, Expr::value(row.version))
        .col_expr(C::UpdatedAt, Expr::value(row.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(&tx)
        .await?;
    if done.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    record(ctx, &tx, action, &row, &of).await?;
    tx.commit().await?;
    Ok(Known { row, of: Some(of) })
}

async fn with_opportunity(
    ctx: &Ctx,
    tx: &Transaction,
    action: Action,
    id: InterestId,
) -> Result<(opportunity_interest::Model, opportunity::Model)> {
    let row = ctx.one::<opportunity_interest::Entity>(tx, action, opportunity_interest::Column::Id.eq(id)).await?;
    let of = ctx.visible::<opportunity::Entity>().filter(opportunity::Column::Id.eq(row.opportunity_id)).one(tx);
    let of = of.await?.ok_or(Error::NotFound(Kind::Interest))?;
    Ok((row, of))
}

async fn record(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    row: &opportunity_interest::Model,
    of: &opportunity::Model,
) -> Result<()> {
    let data = json!({
        "opportunity": row.opportunity_id.to_string(), "state": row.state.word(), "version": row.version,
    });
    let both = sides(row, of);
    journal::record(db, ctx, event(action, row, &both, data)).await
}

/// The owner and who is interested.
fn sides(row: &opportunity_interest::Model, of: &opportunity::Model) -> Vec<Party> {
    opportunities::owner(of).into_iter().chain(party(row)).collect()
}

/// An event that is told to both sides.
fn event<'a>(
    action: &'static str,
    row: &opportunity_interest::Model,
    both: &'a [Party],
    data: serde_json::Value,
) -> Event<'a> {
    let parties = both.iter().map(Party::addressed).collect();
    Event { action, object: row.id.to_string(), parties, data, ..Event::default() }
}

/// One interest.
///
/// # Errors
/// 401, 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<Known> {
    ctx.known(Kind::Interest)?;
    let id = read_id(id)?;
    let which = opportunity_interest::Column::Id.eq(id);
    let row = ctx.one::<opportunity_interest::Entity>(ctx.db.read(), Action::Read, which).await?;
    let mut of = opportunities::by_ids(ctx, ctx.db.read(), [row.opportunity_id]).await?;
    let of = of.remove(&row.opportunity_id);
    Ok(Known { row, of })
}

/// A page of those that are there for the caller, newest first: its own, those in its own opportunities, those of
/// its city's owners.
///
/// # Errors
/// 401, 403, 404 where an opportunity is named that is not there.
pub async fn list(
    ctx: &Ctx,
    opportunity: Option<&str>,
    limit: usize,
    after: Option<InterestId>,
) -> Result<Page<Known>> {
    use opportunity_interest::Column as C;
    ctx.require(Action::Read, Kind::Interest)?;
    let of = opportunity.map(opportunities::read_id).transpose()?;
    let db = ctx.db.read();
    let all = ctx
        .visible::<opportunity_interest::Entity>()
        .filter(Condition::all().add_option(of.map(|id| C::OpportunityId.eq(id))));
    let total = all.clone().count(db).await?;
    let some = all.filter(Condition::all().add_option(after.map(|after| C::Id.lt(after)))).order_by_desc(C::Id);
    let over = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut rows = some.limit(over).all(db).await?;
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    let found = opportunities::by_ids(ctx, db, rows.iter().map(|row| row.opportunity_id)).await?;
    let known = |row: opportunity_interest::Model| Known { of: found.get(&row.opportunity_id).cloned(), row };
    Ok(Page { items: rows.into_iter().map(known).collect(), has_next, has_previous: after.is_some(), total })
}

/// A cursor of [`list`].
pub fn cursor(row: &opportunity_interest::Model) -> String {
    page::cursor(&["interest", &row.id.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 for what is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<InterestId> {
    let [tag, id] = page::read_cursor(cursor, pointer)?;
    let id = id.parse::<Uuid>().ok().filter(|_| tag == "interest");
    id.map(InterestId).ok_or_else(|| page::no_cursor(pointer))
}

/// How both sides are reached; recorded before it is told.
///
/// # Errors
/// In this order: 401, 404, 403 for who is neither side, 409 before both have said yes.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn contact(ctx: &Ctx, id: &str) -> Result<Contacts> {
    let known = get(ctx, id).await?;
    if !is_side(ctx, &known) {
        return Err(Error::Forbidden(Text::new(
            "联系方式只供对接双方（SCHOOL、ENTERPRISE）查看",
            "A contact is for the two sides alone (SCHOOL, ENTERPRISE)",
        )));
    }
    let id = known.row.id;
    let mut told = tell(ctx, vec![known]).await?;
    told.remove(&id)
        .ok_or_else(|| conflict("双方均同意后才显示联系方式", "A contact is told once both sides have said yes"))
}

fn is_side(ctx: &Ctx, known: &Known) -> bool {
    let is_owner = known.of.as_ref().is_some_and(|of| opportunities::is_own(ctx, of));
    is_owner || (matches!(ctx.actor.role, Role::School | Role::Enterprise) && Party::of(ctx) == party(&known.row))
}

/// The contacts of several interests, as far as they are the caller's to be told; each telling is recorded, in one
/// transaction, before it is told.
///
/// # Errors
/// Only where that cannot be recorded: then nothing is told.
pub async fn contacts(ctx: &Ctx, ids: &[InterestId]) -> Result<HashMap<InterestId, Contacts>> {
    let which = opportunity_interest::Column::Id.is_in(ids.iter().copied());
    let rows = ctx.visible::<opportunity_interest::Entity>().filter(which).all(ctx.db.read()).await?;
    let ids: Vec<OpportunityId> = rows.iter().map(|row| row.opportunity_id).collect();
    let found = opportunities::by_ids(ctx, ctx.db.read(), ids).await?;
    let known = rows.into_iter().map(|row| Known { of: found.get(&row.opportunity_id).cloned(), row });
    tell(ctx, known.collect()).await
}

/// The one place where a contact leaves.
async fn tell(ctx: &Ctx, known: Vec<Known>) -> Result<HashMap<InterestId, Contacts>> {
    let mut told = HashMap::new();
    let mut shown = Vec::new();
    for known in known {
        if known.row.state != State::Accepted || !is_side(ctx, &known) {
            continue;
        }
        let Some(of) = &known.of else { continue };
        let contacts = Contacts { owner: contact_of(of), interested: contact_of_interest(&known.row) };
        told.insert(known.row.id, contacts);
        let both = sides(&known.row, of);
        shown.push((known.row, both));
    }
    if !shown.is_empty() {
        let events = shown.iter().map(|(row, both)| {
            let data = json!({ "opportunity": row.opportunity_id.to_string(), "to": ctx.actor.org() });
            event("contact.shown", row, both, data)
        });
        let events = events.collect();
        let tx = ctx.begin().await?;
        journal::record_all(&tx, ctx, events).await?;
        tx.commit().await?;
    }
    Ok(told)
}
