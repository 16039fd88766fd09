//! Applications to join a consortium, and leaving one.

use chrono::NaiveDate;
use entity::{
    consortium, consortium_application as application, consortium_member,
    ids::{ConsortiumCode, EnterpriseCode, RowId, SchoolCode},
    words::{ApplicationState as State, EntryKind, MemberRole},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{expect_lead, is_own, leads};
use crate::{
    authz::{self, Action, Kind, Role},
    ctx::Ctx,
    db::{Transaction, now},
    domain::{
        faults::{Faults, MAX_PROSE},
        journal::{self, Event, Party},
        partnerships::{day, today},
        precondition::Match,
    },
    error::{Error, Result, Text},
    memory::{self, Thing},
    page::{self, Ask, Page},
};

/// Where members that came by an application stand among those of a file: behind them.
const ENTERED: i32 = i32::MAX;

/// The noun of the table of rights.
const KIND: Kind = Kind::ConsortiumApplication;

/// An application to make.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// The consortium.
    pub consortium: String,
    /// What its leads are to know.
    pub message: Option<String>,
}

/// What a lead gives an applicant.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// `member` or `vice_chair`; `member` where nothing is said.
    pub role: Option<String>,
    /// The first day of the membership; today where nothing is said.
    pub joined_on: Option<String>,
}

/// Which applications; what is not named keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// To this consortium.
    pub consortium: Option<String>,
    /// In these states.
    pub state: Option<Vec<State>>,
}

/// Where an application stands in the list: as it came.
pub type Place = Uuid;

/// The place of a row.
pub const fn place(row: &application::Model) -> Place {
    row.id.0
}

/// The strong ETag of an application.
pub fn etag(row: &application::Model) -> String {
    format!("\"{}\"", row.version)
}

/// The applications that are there for the caller: its own, and those to consortia that it leads; in the order in
/// which they came.
///
/// # Errors
/// 401 without a token.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<Place>) -> Result<Page<application::Model>> {
    use application::Column as C;
    ctx.known(KIND)?;
    let registry = ctx.memory.registry();
    let consortium = filter.consortium.as_deref().map(|code| registry.survivor(EntryKind::Consortium, code));
    let kept = Condition::all()
        .add_option(consortium.map(|code| C::ConsortiumCode.eq(code)))
        .add_option(filter.state.as_ref().map(|states| C::State.is_in(states.iter().copied())));
    let all = ctx.visible::<application::Entity>().filter(kept);
    let total = all.clone().count(ctx.db.read()).await?;
    let mut cursor = all.cursor_by(C::Id);
    if let Some(after) = ask.after {
        cursor.after(RowId(after));
    }
    cursor.first(u64::try_from(ask.limit).map_err(Error::internal)? + 1);
    let mut items = cursor.all(ctx.db.read()).await?;
    let has_next = items.len() > ask.limit;
    items.truncate(ask.limit);
    Ok(Page { items, has_next, has_previous: ask.after.is_some(), total })
}

/// A cursor of [`list`].
pub fn cursor(place: Place) -> String {
    page::cursor(&[&place.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 for what is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Place> {
    let [id] = page::read_cursor(cursor, pointer)?;
    id.parse().map_err(|_| page::no_cursor(pointer))
}

fn which(id: &str) -> Result<Condition> {
    let id: Uuid = id.parse().map_err(|_| Error::NotFound(KIND))?;
    Ok(Condition::all().add(application::Column::Id.eq(RowId(id))))
}

/// One application.
///
/// # Errors
/// 401 without a token, 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<application::Model> {
    ctx.one::<application::Entity>(ctx.db.read(), Action::Read, which(id)?).await
}

/// Asks to join a consortium, as the caller's own school or enterprise.
///
/// # Errors
/// 401, 404 where there is no such consortium, 403, 409 where it is a member or has asked already, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn apply(ctx: &Ctx, apply: Apply) -> Result<application::Model> {
    use application::Column as C;
    ctx.known(KIND)?;
    let registry = ctx.memory.registry();
    let consortium = registry.consortia.get(&apply.consortium).ok_or(Error::NotFound(Kind::Registry))?;
    ctx.require(Action::Create, KIND)?;
    let mut faults = Faults::default();
    apply.message.iter().for_each(|text| faults.prose("/message", text, MAX_PROSE, false));
    faults.verdict()?;
    if registry.members.of(consortium.code.as_str()).any(|row| is_own(ctx, row)) {
        return Err(Error::Conflict(Text::new(
            "本单位已是该联合体成员",
            "Your organisation is a member of the consortium already",
        )));
    }
    let is_school = ctx.actor.role == Role::School;
    let (at, org) = (now(), ctx.actor.org());
    let row = application::Model {
        id: RowId(Uuid::now_v7()),
        consortium_code: consortium.code.clone(),
        school_code: is_school.then(|| SchoolCode::from(org)),
        enterprise_code: (!is_school).then(|| EnterpriseCode::from(org)),
        state: State::Pending,
        message: apply.message,
        reason: None,
        role: None,
        version: 1,
        created_by: ctx.actor.subject.clone(),
        created_at: at,
        updated_at: at,
    };
    let tx = ctx.begin().await?;
    // Of two that come at once the later one waits here, and then finds the other.
    let this = consortium::Column::Code.eq(row.consortium_code.clone());
    authz::whole::<consortium::Entity>().filter(this).lock_exclusive().one(&tx).await?;
    let own = if is_school { C::SchoolCode.eq(org) } else { C::EnterpriseCode.eq(org) };
    let waiting = ctx
        .visible::<application::Entity>()
        .filter(own)
        .filter(C::ConsortiumCode.eq(row.consortium_code.clone()))
        .filter(C::State.eq(State::Pending));
    if waiting.count(&tx).await? > 0 {
        return Err(Error::Conflict(Text::new(
            "本单位的加入申请正在等待答复",
            "Your organisation has asked to join already, and waits for the answer",
        )));
    }
    application::Entity::insert(application::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "application.submitted", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Begins a step on an application that waits.
async fn begin(
    ctx: &Ctx,
    id: &str,
    action: Action,
    if_match: Option<&Match>,
) -> Result<(Transaction, application::Model)> {
    ctx.known(KIND)?;
    let tx = ctx.begin().await?;
    let row = ctx.one::<application::Entity>(&tx, action, which(id)?).await?;
    if action == Action::Approve {
        expect_lead(ctx, &tx, row.consortium_code.as_str()).await?;
    } else if !is_applicant(ctx, &row) {
        return Err(Error::Forbidden(Text::new(
            "只有申请单位（SCHOOL、ENTERPRISE）可以撤回",
            "Only the applicant (SCHOOL, ENTERPRISE) withdraws it",
        )));
    }
    Match::judge(if_match, etag(&row))?;
    if row.state != State::Pending {
        return Err(Error::Conflict(Text::new(
            format!("该申请已办结：{}", row.state.word()),
            format!("The application is settled: {}", row.state.word()),
        )));
    }
    Ok((tx, row))
}

fn is_applicant(ctx: &Ctx, row: &application::Model) -> bool {
    match ctx.actor.role {
        Role::School => row.school_code.as_ref().is_some_and(|code| *code == ctx.actor.org()),
        Role::Enterprise => row.enterprise_code.as_ref().is_some_and(|code| *code == ctx.actor.org()),
        _ => false,
    }
}

/// Says yes: the applicant is a member from a day on.
///
/// # Errors
/// In this order: 404, 403 for whoever does not lead, 428 and 412, 409 where it is settled, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn accept(
    ctx: &Ctx,
    id: &str,
    decision: Decision,
    if_match: Option<&Match>,
) -> Result<(application::Model, consortium_member::Model)> {
    let (tx, old) = begin(ctx, id, Action::Approve, if_match).await?;
    let mut faults = Faults::default();
    let role = match decision.role.as_deref() {
        None | Some("member") => MemberRole::Member,
        Some("vice_chair") => MemberRole::ViceChair,
        Some(other) => {
            let text = (
                "新成员的角色应为 member 或 vice_chair；牵头单位由省级登记",
                "A new member is a `member` or a `vice_chair`; leads are entered by the province",
            );
            faults.add("role", "/role", text, "member, vice_chair", other);
            MemberRole::Member
        }
    };
    let today = today(ctx);
    let joined_on = match &decision.joined_on {
        None => Some(today),
        Some(text) => day("/joined_on", text, &mut faults),
    };
    if let Some(day) = joined_on.filter(|day| *day > today) {
        to_come("/joined_on", day, today, &mut faults);
    }
    faults.verdict()?;
    // Whoever has been entered meanwhile is no member twice; upkeep of the registry waits for the same epoch.
    memory::raise(&tx, Thing::Registry).await?;
    if is_member(&tx, &old).await? {
        return Err(Error::Conflict(Text::new(
            "申请单位已是该联合体成员：请拒绝此申请",
            "The applicant is a member already: refuse the application",
        )));
    }
    let row = application::Model { state: State::Accepted, role: Some(role), ..old.clone() };
    let member = consortium_member::Model {
        id: RowId(Uuid::now_v7()),
        consortium_code: row.consortium_code.clone(),
        position: ENTERED,
        member_type: if row.school_code.is_some() { "school" } else { "enterprise" }.to_owned(),
        school_code: row.school_code.clone(),
        enterprise_code: row.enterprise_code.clone(),
        institution_code: None,
        role,
        name_as_printed: None,
        source: String::new(),
        joined_on,
        left_on: None,
        version: 1,
    };
    consortium_member::Entity::insert(consortium_member::ActiveModel::from(member.clone()))
        .exec_without_returning(&tx)
        .await?;
    let row = settle(ctx, &tx, &old, row).await?;
    note(ctx, &tx, "application.accepted", &row).await?;
    told(ctx, &tx, "membership.joined", &member).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok((row, member))
}

/// Whether the applicant is a present member.
async fn is_member(db: &impl ConnectionTrait, row: &application::Model) -> Result<bool> {
    use consortium_member::Column as C;
    let same = authz::whole::<consortium_member::Entity>()
        .filter(C::ConsortiumCode.eq(row.consortium_code.clone()))
        .filter(C::LeftOn.is_null());
    let same = match (&row.school_code, &row.enterprise_code) {
        (Some(school), _) => same.filter(C::SchoolCode.eq(school.clone())),
        (None, enterprise) => same.filter(C::EnterpriseCode.eq(enterprise.clone())),
    };
    Ok(same.count(db).await? > 0)
}

/// A day that has not come.
pub(super) fn to_come(at: &str, day: NaiveDate, today: NaiveDate, faults: &mut Faults) {
    let text = ("日期不能晚于今天", "The day has not come yet");
    faults.add("day_to_come", at, text, format!("≤ {today}"), day.to_string());
}

/// Says no, and why.
///
/// # Errors
/// As [`accept`].
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn refuse(ctx: &Ctx, id: &str, reason: String, if_match: Option<&Match>) -> Result<application::Model> {
    let (tx, old) = begin(ctx, id, Action::Approve, if_match).await?;
    let mut faults = Faults::default();
    faults.prose("/reason", &reason, MAX_PROSE, true);
    faults.verdict()?;
    let row = application::Model { state: State::Refused, reason: Some(reason), ..old.clone() };
    let row = settle(ctx, &tx, &old, row).await?;
    note(ctx, &tx, "application.refused", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Takes an application back before it is answered.
///
/// # Errors
/// In this order: 404, 403 for whoever has not made it, 428 and 412, 409 where it is settled.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn withdraw(ctx: &Ctx, id: &str, if_match: Option<&Match>) -> Result<application::Model> {
    let (tx, old) = begin(ctx, id, Action::Change, if_match).await?;
    let row = settle(ctx, &tx, &old, application::Model { state: State::Withdrawn, ..old.clone() }).await?;
    note(ctx, &tx, "application.withdrawn", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Leaves a consortium, as the caller's own school or enterprise, on a day that has come; today where none is named.
/// The last lead stays until the province has entered another.
///
/// # Errors
/// 401, 404 where there is no such consortium, 403, 409 for who is no member or the last lead, 422.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn leave(ctx: &Ctx, consortium: &str, left_on: Option<String>) -> Result<consortium_member::Model> {
    use consortium_member::Column as C;
    ctx.known(KIND)?;
    let registry = ctx.memory.registry();
    // By the code that is there now, whatever it was asked for by.
    let consortium = registry.consortia.get(consortium).ok_or(Error::NotFound(Kind::Registry))?.code.as_str();
    ctx.require(Action::Change, KIND)?;
    let mut faults = Faults::default();
    let today = today(ctx);
    let day = match &left_on {
        None => today,
        Some(text) => day("/left_on", text, &mut faults).unwrap_or(today),
    };
    if day > today {
        to_come("/left_on", day, today, &mut faults);
    }
    faults.verdict()?;
    let is_member = |row: &&consortium_member::Model| row.consortium_code == *consortium;
    let Some(old) = registry.members.of(consortium).filter(is_member).find(|row| is_own(ctx, row)) else {
        return Err(Error::Conflict(Text::new(
            "本单位不是该联合体成员",
            "Your organisation is not a member of the consortium",
        )));
    };
    let others = registry.members.of(consortium).filter(is_member).filter(|row| row.id != old.id);
    if leads(old) && !others.into_iter().any(leads) {
        return Err(Error::Conflict(Text::new(
            "本单位是唯一的牵头单位：请先由省级登记新的牵头单位",
            "Your organisation is the only lead: the province has to enter another first",
        )));
    }
    if let Some(from) = old.joined_on.filter(|from| day < *from) {
        let mut faults = Faults::default();
        let text = ("退出日早于加入日", "It left before it joined");
        faults.add("left_before_joining", "/left_on", text, format!("≥ {from}"), day.to_string());
        faults.verdict()?;
    }
    let tx = ctx.begin().await?;
    let new = consortium_member::Model { left_on: Some(day), version: old.version + 1, ..old.clone() };
    let done = ctx
        .change::<consortium_member::Entity>()
        .col_expr(C::LeftOn, Expr::value(new.left_on))
        .col_expr(C::Version, Expr::value(new.version))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(&tx)
        .await?;
    if done.rows_affected != 1 {
        return Err(Error::PreconditionFailed { current: None });
    }
    told(ctx, &tx, "membership.left", &new).await?;
    memory::raise(&tx, Thing::Registry).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new)
}

/// Replaces an application's row if it still is the one that was read.
async fn settle(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    old: &application::Model,
    new: application::Model,
) -> Result<application::Model> {
    use application::Column as C;
    let new = application::Model { version: old.version + 1, updated_at: now(), ..new };
    let done = ctx
        .change::<application::Entity>()
        .col_expr(C::State, Expr::value(new.state))
        .col_expr(C::Reason, Expr::value(new.reason.clone()))
        .col_expr(C::Role, Expr::value(new.role))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::UpdatedAt, Expr::value(new.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(new) } else { Err(Error::PreconditionFailed { current: None }) }
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, action: &'static str, row: &application::Model) -> Result<()> {
    let school = row.school_code.as_ref().map(SchoolCode::as_str);
    let data = json!({
        "version": row.version, "state": row.state.word(), "consortium": row.consortium_code.as_str(),
        "school": school, "enterprise": row.enterprise_code.as_ref().map(EnterpriseCode::as_str),
    });
    let registry = ctx.memory.registry();
    let applicant = school.map(|code| Party(Role::School, code));
    let applicant =
        applicant.or_else(|| row.enterprise_code.as_ref().map(|code| Party(Role::Enterprise, code.as_str())));
    let leading = registry.members.of(row.consortium_code.as_str());
    let leading = leading.filter(|member| member.consortium_code == row.consortium_code && leads(member));
    let leading = leading.filter_map(|member| {
        let school = member.school_code.as_ref().map(|code| Party(Role::School, code.as_str()));
        school.or_else(|| member.enterprise_code.as_ref().map(|code| Party(Role::Enterprise, code.as_str())))
    });
    let parties = applicant.into_iter().chain(leading).collect();
    journal::record(db, ctx, Event { action, object: row.id.to_string(), parties, data, ..Event::default() }).await
}

/// Who is a member is public, so everybody is told.
async fn told(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    row: &consortium_member::Model,
) -> Result<()> {
    let member = row.school_code.as_ref().map(SchoolCode::as_str);
    let member = member.or_else(|| row.enterprise_code.as_ref().map(EnterpriseCode::as_str)).unwrap_or_default();
    let data = json!({ "consortium": row.consortium_code.as_str(), "member": member, "role": row.role.word() });
    let object = format!("{}/{member}", ConsortiumCode::as_str(&row.consortium_code));
    journal::record(db, ctx, Event { action, object, data, ..Event::default() }).await
}
