//! Teachers on their way to a certificate, from the school's side: application, correction, appeal, and looking.
//!
//! A teacher is a number that the school has issued. No name comes in, and no number by which a person is known.

use std::collections::HashMap;

use entity::{
    ids::RowId,
    teacher_certification as certification, teacher_certification_step as step,
    words::{
        Affiliation, SchoolTier, TeacherCertificationState as State, TeacherCertificationStep as Step, TeacherLevel,
    },
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{Taken, after, agencies, id, paged, reason, references, stored};
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
    page::{Ask, Page},
};

/// The most digits of a number that a school issues: an identity number has fifteen or eighteen, a mobile eleven.
const MOST_DIGITS: usize = 10;
/// The longest number, in characters.
const LONGEST: usize = 32;

/// What a school applies with.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The teacher, by the number that the school has issued.
    pub number: String,
    /// `junior`, `intermediate` or `senior`.
    pub level: String,
    /// 专业大类, in the words of the table of agencies.
    pub major_category: String,
    /// References to what proves it.
    pub evidence: Vec<String>,
}

/// What is corrected; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct Correct {
    /// `junior`, `intermediate` or `senior`.
    pub level: Option<String>,
    /// 专业大类; only before an agency has evaluated it.
    pub major_category: Option<String>,
    /// References to what proves it.
    pub evidence: Option<Vec<String>>,
}

/// The strong ETag of an application.
pub fn etag(row: &certification::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Whether whoever has to act is late.
pub fn is_overdue(ctx: &Ctx, row: &certification::Model) -> bool {
    is_open(row.state) && row.due_on.is_some_and(|due| due < ctx.actor.today())
}

/// Whether an application is on its way.
pub(super) const fn is_open(state: State) -> bool {
    matches!(state, State::City | State::Agency | State::Province | State::Returned)
}

/// Whether a school's applications go through its city: those of secondary schools, and of the city's own.
pub const fn goes_through_city(tier: SchoolTier, affiliation: Affiliation) -> bool {
    matches!(tier, SchoolTier::SecondaryVocational) || matches!(affiliation, Affiliation::City)
}

/// The state in which a step has to be taken.
pub(super) const fn waiting(step: Step) -> State {
    match step {
        Step::City => State::City,
        Step::Agency => State::Agency,
        Step::Province => State::Province,
    }
}

/// How long whoever has to act in a state has for it.
fn days(ctx: &Ctx, state: State) -> Option<u32> {
    match state {
        State::City => Some(ctx.terms.city_days),
        State::Agency => Some(ctx.terms.agency_days),
        State::Province => Some(ctx.terms.province_days),
        State::Returned => Some(ctx.terms.correction_days),
        State::Refused => Some(ctx.terms.appeal_days),
        State::Certified | State::Revoked => None,
    }
}

/// Brings an application to a state: whose it is, until when, and whether it is still on its way.
pub(super) async fn enter(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &mut certification::Model,
    to: State,
) -> Result<()> {
    if to == State::Agency {
        let agency = agencies::of_category(ctx, db, &row.major_category).await?;
        row.agency_code = Some(agency.ok_or_else(|| agencies::nobody(&row.major_category))?);
        // A refusal of the city that was overruled is not looked at again.
        row.step = None;
    }
    row.state = to;
    let may_end = to != State::Refused || !row.is_appealed;
    row.due_on = days(ctx, to).filter(|_| may_end).map(|days| after(ctx.actor.today(), days));
    row.open_key = is_open(to).then(|| format!("{}/{}", row.school_code, row.staff_number));
    Ok(())
}

fn number(text: &str, faults: &mut Faults) {
    let digits = text.chars().filter(|letter| letter.is_numeric()).count();
    if digits > MOST_DIGITS {
        let said = (
            format!("校内编号最多含 {MOST_DIGITS} 位数字，不得使用居民身份证号或手机号码"),
            format!(
                "A number of the school's own has at most {MOST_DIGITS} digits; identity and mobile numbers are not taken"
            ),
        );
        faults.add("personal_data", "/number", said, format!("≤ {MOST_DIGITS}"), "");
        return;
    }
    let is_good = (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        // A word without a digit may be a name.
        && digits > 0;
    if !is_good {
        let said = (
            format!("校内编号由字母、数字和连字符组成，至少一位数字，最长 {LONGEST} 位，不得含姓名"),
            format!("A number has letters, digits and hyphens, a digit at least, at most {LONGEST}, and no name"),
        );
        faults.add("number_form", "/number", said, "T-2026-0017", "");
    }
}

fn level(text: &str, faults: &mut Faults) -> Option<TeacherLevel> {
    faults.word("level", text, TeacherLevel::ALL, TeacherLevel::word)
}

async fn category(ctx: &Ctx, db: &impl ConnectionTrait, text: &str, faults: &mut Faults) -> Result<()> {
    faults.text("/major_category", text, true);
    if !text.is_empty() && agencies::of_category(ctx, db, text).await?.is_none() {
        let said = (
            format!("专业大类“{}”尚无评估机构：请使用认定机构表中的名称，或请 PROVINCE 指定", clipped(text)),
            format!(
                "Nobody evaluates `{}`: use a name of the table of agencies, or ask PROVINCE to assign it",
                clipped(text)
            ),
        );
        faults.add("unassigned_category", "/major_category", said, "", "");
    }
    Ok(())
}

fn clipped(text: &str) -> String {
    // What looks like a person's number is not told again.
    let text: String = text.chars().take(40).collect();
    if text.chars().filter(|letter| letter.is_numeric()).count() > MOST_DIGITS { String::new() } else { text }
}

/// Applies for a teacher of the caller's own school.
///
/// # Errors
/// 403 for other roles, 409 where an application of this number is on its way, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), school.code = ctx.actor.org()))]
pub async fn apply(ctx: &Ctx, new: New) -> Result<certification::Model> {
    ctx.require(Action::Create, Kind::TeacherCertification)?;
    let registry = ctx.memory.registry();
    let school = registry.schools.get(ctx.actor.org()).ok_or(Error::NotFound(Kind::TeacherCertification))?;
    let mut faults = Faults::default();
    number(&new.number, &mut faults);
    let level = level(&new.level, &mut faults);
    references(&new.evidence, &mut faults);
    let tx = ctx.begin().await?;
    let major_category = new.major_category.trim();
    category(ctx, &tx, major_category, &mut faults).await?;
    faults.verdict()?;
    let Some(level) = level else { return Err(Error::internal("a level without a fault could not be read")) };

    let at = now();
    let today = ctx.actor.today();
    let mut row = certification::Model {
        id: RowId(Uuid::now_v7()),
        school_code: school.code.clone(),
        staff_number: new.number,
        open_key: None,
        level,
        major_category: major_category.to_owned(),
        evidence: stored(&new.evidence),
        year: chrono::Datelike::year(&today),
        state: State::City,
        step: None,
        agency_code: None,
        due_on: None,
        reason: None,
        is_appealed: false,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    let through_city = goes_through_city(school.tier, school.affiliation);
    enter(ctx, &tx, &mut row, if through_city { State::City } else { State::Agency }).await?;
    let key = row.open_key.clone();
    let before = ctx.visible::<certification::Entity>().filter(certification::Column::OpenKey.eq(key));
    if let Some(before) = before.one(&tx).await? {
        lapse(ctx, &tx, before).await?;
    }
    certification::Entity::insert(certification::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "teacher_certification.submitted", None, &row, None).await?;
    tx.commit().await?;
    Ok(row)
}

/// Makes room for another application: one that was returned and not corrected in time is over.
async fn lapse(ctx: &Ctx, db: &impl ConnectionTrait, old: certification::Model) -> Result<()> {
    if old.state != State::Returned || !is_overdue(ctx, &old) {
        return Err(Error::Conflict(Text::new(
            "此编号已有申请正在办理，办结后方可再次申请",
            "An application of this number is on its way: another one is taken when it is over",
        )));
    }
    let mut row = certification::Model { is_appealed: true, ..old.clone() };
    row.reason = Some("逾期未修改 / not corrected in time".to_owned());
    enter(ctx, db, &mut row, State::Refused).await?;
    let row = replace(ctx, db, &old, row).await?;
    note(ctx, db, "teacher_certification.refused", Some(&old), &row, row.reason.clone()).await
}

/// Corrects an application that was returned; it comes back to the step that returned it.
///
/// # Errors
/// In this order: 404, 403, 428, 412, 409 in any other state, 403 after the last day, 422 with everything that is
/// wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn correct(ctx: &Ctx, text: &str, said: Correct, if_match: Option<&Match>) -> Result<certification::Model> {
    let tx = ctx.begin().await?;
    let old = one(ctx, &tx, Action::Change, text).await?;
    Match::judge(if_match, etag(&old))?;
    let (State::Returned, Some(step)) = (old.state, old.step) else { return Err(unfit_state(&old)) };
    in_time(ctx, &old, "修改", "corrections are taken")?;
    let mut faults = Faults::default();
    let mut row = old.clone();
    if let Some(text) = &said.level {
        row.level = level(text, &mut faults).unwrap_or(old.level);
    }
    if let Some(list) = &said.evidence {
        references(list, &mut faults);
        row.evidence = stored(list);
    }
    if let Some(text) = said.major_category.as_deref().map(str::trim).filter(|text| *text != old.major_category) {
        category(ctx, &tx, text, &mut faults).await?;
        if step == Step::Province {
            let said = (
                "评估机构已按原专业大类评估，不能再改；请另行申请",
                "An agency has evaluated it under its major category, which stays: apply anew",
            );
            faults.fixed("major_category", &old.major_category, &clipped(text), said);
        }
        row.major_category = text.to_owned();
    }
    faults.verdict()?;
    row.reason = None;
    enter(ctx, &tx, &mut row, waiting(step)).await?;
    let row = replace(ctx, &tx, &old, row).await?;
    note(ctx, &tx, "teacher_certification.submitted", Some(&old), &row, None).await?;
    tx.commit().await?;
    Ok(row)
}

/// Appeals against a refusal, once; the province decides.
///
/// # Errors
/// In this order: 404, 403, 428, 412, 409 where nothing was refused or the appeal was used, 403 after the last day,
/// 422 without a reason.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn appeal(ctx: &Ctx, text: &str, why: &str, if_match: Option<&Match>) -> Result<certification::Model> {
    let tx = ctx.begin().await?;
    let old = one(ctx, &tx, Action::Submit, text).await?;
    Match::judge(if_match, etag(&old))?;
    if old.state != State::Refused {
        return Err(unfit_state(&old));
    }
    if old.is_appealed {
        return Err(Error::Conflict(Text::new("申诉仅限一次，已经用过", "There is one appeal, and it was used")));
    }
    in_time(ctx, &old, "申诉", "an appeal is taken")?;
    let mut faults = Faults::default();
    reason(why, &mut faults);
    faults.verdict()?;
    let mut row = certification::Model { is_appealed: true, reason: Some(why.to_owned()), ..old.clone() };
    enter(ctx, &tx, &mut row, State::Province).await?;
    let row = replace(ctx, &tx, &old, row).await?;
    note(ctx, &tx, "teacher_certification.appealed", Some(&old), &row, Some(why.to_owned())).await?;
    tx.commit().await?;
    Ok(row)
}

/// Refuses what a school does after its last day.
fn in_time(ctx: &Ctx, row: &certification::Model, zh: &str, en: &str) -> Result<()> {
    match row.due_on {
        Some(due) if due < ctx.actor.today() => Err(Error::Forbidden(Text::new(
            format!("{zh}的截止日为 {due}，已经逾期；可另行申请"),
            format!("Until {due} {en}, and that is over; apply anew"),
        ))),
        _ => Ok(()),
    }
}

/// One application, to do something with.
pub(super) async fn one(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: Action,
    text: &str,
) -> Result<certification::Model> {
    ctx.known(Kind::TeacherCertification)?;
    let id = id(text).ok_or(Error::NotFound(Kind::TeacherCertification))?;
    ctx.one::<certification::Entity>(db, action, certification::Column::Id.eq(id)).await
}

/// One application, as far as it is there for the caller.
///
/// # Errors
/// 401 without a token, 404.
pub async fn get(ctx: &Ctx, text: &str) -> Result<certification::Model> {
    one(ctx, ctx.db.read(), Action::Read, text).await
}

/// Which applications; what is empty keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these schools.
    pub school: Vec<String>,
    /// Only in these states.
    pub state: Vec<State>,
    /// Only for these levels.
    pub level: Vec<TeacherLevel>,
    /// Only those of which somebody is late, or only the others.
    pub is_overdue: Option<bool>,
}

impl Filter {
    fn condition(&self, ctx: &Ctx) -> Condition {
        use certification::Column as C;
        let late = late(ctx);
        Condition::all()
            .add_option((!self.school.is_empty()).then(|| C::SchoolCode.is_in(self.school.iter().map(String::as_str))))
            .add_option((!self.state.is_empty()).then(|| C::State.is_in(self.state.iter().copied())))
            .add_option((!self.level.is_empty()).then(|| C::Level.is_in(self.level.iter().copied())))
            .add_option(self.is_overdue.map(|is| if is { late } else { late.not() }))
    }
}

/// The applications of which somebody is late today.
pub(super) fn late(ctx: &Ctx) -> Condition {
    use certification::Column as C;
    let open = [State::City, State::Agency, State::Province, State::Returned];
    Condition::all().add(C::State.is_in(open)).add(C::DueOn.is_not_null()).add(C::DueOn.lt(ctx.actor.today()))
}

/// The applications that are there for the caller, oldest first.
///
/// # Errors
/// 401 without a token, 403 for roles that have nothing to do with it.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<RowId>) -> Result<Page<certification::Model>> {
    ctx.require(Action::Read, Kind::TeacherCertification)?;
    let all = ctx.visible::<certification::Entity>().filter(filter.condition(ctx));
    let total = all.clone().count(ctx.db.read()).await?;
    let mut cursor = all.cursor_by(certification::Column::Id);
    if let Some(after) = ask.after {
        cursor.after(after);
    }
    if let Some(before) = ask.before {
        cursor.before(before);
    }
    let over = u64::try_from(ask.limit).map_err(Error::internal)? + 1;
    if ask.from_end {
        cursor.last(over)
    } else {
        cursor.first(over)
    };
    Ok(paged(cursor.all(ctx.db.read()).await?, ask, total))
}

/// What applications have gone through, oldest first: one statement.
pub async fn steps(ctx: &Ctx, ids: &[RowId]) -> Result<HashMap<RowId, Vec<Taken>>> {
    let rows = ctx
        .visible::<step::Entity>()
        .filter(step::Column::ApplicationId.is_in(ids.iter().copied()))
        .order_by_asc(step::Column::Number)
        .all(ctx.db.read())
        .await?;
    let mut of: HashMap<RowId, Vec<Taken>> = HashMap::new();
    for row in rows {
        of.entry(row.application_id).or_default().push(Taken {
            from: row.from_state.map(State::word),
            to: row.to_state.word(),
            role: row.role,
            org: row.by_org,
            reason: row.reason,
            at: row.at,
        });
    }
    Ok(of)
}

/// What stands in the way of a step.
pub(super) fn unfit_state(row: &certification::Model) -> Error {
    let (zh, en) = match row.state {
        State::City => ("申请待市州审核", "It waits for the city"),
        State::Agency => ("申请待评估机构评估", "It waits for the agency"),
        State::Province if row.is_appealed && row.step.is_some() => {
            ("申诉待省级裁定：只能通过或维持不通过", "The appeal waits for the province: it approves, or refuses")
        }
        State::Province => ("申请待省级审定", "It waits for the province"),
        State::Returned => ("申请已退回学校修改", "It was returned to the school, to be corrected"),
        State::Refused => ("申请未获通过", "It was refused"),
        State::Certified => ("已发证", "The certificate is issued"),
        State::Revoked => ("证书已撤销", "The certificate was revoked"),
    };
    Error::Conflict(Text::new(zh, en))
}

/// Replaces an application's row if it still is the one that was read.
pub(super) async fn replace(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    old: &certification::Model,
    row: certification::Model,
) -> Result<certification::Model> {
    use certification::Column as C;
    let row = certification::Model { version: old.version + 1, updated_at: now(), ..row };
    let done = ctx
        .change::<certification::Entity>()
        .col_expr(C::OpenKey, Expr::value(row.open_key.clone()))
        .col_expr(C::Level, Expr::value(row.level))
        .col_expr(C::MajorCategory, Expr::value(row.major_category.clone()))
        .col_expr(C::Evidence, Expr::value(row.evidence.clone()))
        .col_expr(C::State, Expr::value(row.state))
        .col_expr(C::Step, Expr::value(row.step))
        .col_expr(C::AgencyCode, Expr::value(row.agency_code.clone()))
        .col_expr(C::DueOn, Expr::value(row.due_on))
        .col_expr(C::Reason, Expr::value(row.reason.clone()))
        .col_expr(C::IsAppealed, Expr::value(row.is_appealed))
        .col_expr(C::Version, Expr::value(row.version))
        .col_expr(C::UpdatedAt, Expr::value(row.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(row) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// The city of an application's school.
pub(super) fn city(ctx: &Ctx, row: &certification::Model) -> Option<String> {
    let registry = ctx.memory.registry();
    registry.schools.get(row.school_code.as_str()).map(|school| school.city_code.0.clone())
}

/// An application, told to those whom it concerns. Never the number of the teacher.
pub(super) fn event<'e>(action: &'static str, row: &'e certification::Model, city: Option<&'e str>) -> Event<'e> {
    let mut parties = vec![Party(Role::School, row.school_code.as_str())];
    parties.extend(city.map(|city| Party(Role::City, city)));
    parties.extend(row.agency_code.as_ref().map(|agency| Party(Role::Agency, agency.as_str())));
    Event {
        action,
        object: row.id.to_string(),
        data: json!({
            "school": row.school_code.0, "level": row.level.word(), "major_category": row.major_category,
            "year": row.year, "state": row.state.word(), "due_on": row.due_on, "version": row.version,
        }),
        parties,
        ..Event::default()
    }
}

/// The step and the journal row of a change.
pub(super) async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    old: Option<&certification::Model>,
    row: &certification::Model,
    reason: Option<String>,
) -> Result<()> {
    let taken = step::Model {
        application_id: row.id,
        number: row.version,
        from_state: old.map(|old| old.state),
        to_state: row.state,
        role: ctx.actor.role.name().to_owned(),
        by_org: ctx.actor.org.clone(),
        reason,
        at: row.updated_at,
    };
    step::Entity::insert(step::ActiveModel::from(taken)).exec_without_returning(db).await?;
    let city = city(ctx, row);
    journal::record(db, ctx, event(action, row, city.as_deref())).await
}
