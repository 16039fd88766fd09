//! Enterprises on their way to a certificate: the application, the city's word, the province's, and the end of it.
//!
//! `Verdict::leads` is the whole state machine: who may take which step from where, and where it leads.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{
    enterprise_certification as certification, enterprise_certification_step as step,
    ids::{CertificationBatchCode, EnterpriseCode, RowId},
    words::{EnterpriseCertificationState as State, EntryKind},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use super::{Taken, batches, day, id, in_order, paged, reason, stored, whole};
use crate::{
    authz::{Action, Actor, Kind, Role},
    ctx::Ctx,
    db::now,
    domain::{
        faults::{Faults, MAX_PROSE},
        journal::{self, Event, Party},
        precondition::Match,
    },
    error::{Error, Result, Text},
    page::{Ask, Page},
};

/// More people than any enterprise has.
const MOST: i32 = 10_000_000;

/// What an enterprise applies with, or corrects.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// What it says for itself.
    pub statement: Option<String>,
    /// People who work there.
    pub staff: Option<i32>,
    /// Places for interns that it offers.
    pub internship_places: Option<i32>,
    /// Addresses of what proves it.
    pub evidence: Option<Vec<String>>,
}

/// What is said of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The city is for it.
    Recommend,
    /// Back to the enterprise, to be corrected.
    Return(String),
    /// No.
    Refuse(String),
    /// The province says yes, from the first to the last day of its validity.
    Certify {
        /// Written like `2026-12-31`.
        valid_from: String,
        /// Written like `2026-12-31`.
        valid_until: String,
    },
    /// The certificate is taken away.
    Withdraw(String),
}

impl Verdict {
    /// What the table of rights calls it.
    const fn action(&self) -> Action {
        match self {
            Self::Recommend => Action::Approve,
            Self::Return(_) | Self::Refuse(_) => Action::Return,
            Self::Certify { .. } => Action::Accept,
            Self::Withdraw(_) => Action::Reopen,
        }
    }

    const fn event(&self) -> &'static str {
        match self {
            Self::Recommend => "enterprise_certification.recommended",
            Self::Return(_) => "enterprise_certification.returned",
            Self::Refuse(_) => "enterprise_certification.refused",
            Self::Certify { .. } => "enterprise_certification.certified",
            Self::Withdraw(_) => "enterprise_certification.withdrawn",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Return(reason) | Self::Refuse(reason) | Self::Withdraw(reason) => Some(reason),
            Self::Recommend | Self::Certify { .. } => None,
        }
    }

    /// Where it leads from a state, for a role; nothing where it cannot be taken. Where no city is known the
    /// province judges directly.
    pub fn leads(&self, role: Role, from: State, has_city: bool) -> Option<State> {
        let is_with_province = from == State::Recommended || (from == State::Submitted && !has_city);
        let is_with_city = from == State::Submitted && has_city;
        match (self, role) {
            (Self::Recommend, Role::City) if is_with_city => Some(State::Recommended),
            (Self::Return(_), Role::City) if is_with_city => Some(State::Returned),
            (Self::Refuse(_), Role::City) if is_with_city => Some(State::Refused),
            (Self::Return(_), Role::Province) if is_with_province => Some(State::Returned),
            (Self::Refuse(_), Role::Province) if is_with_province => Some(State::Refused),
            (Self::Certify { .. }, Role::Province) if is_with_province => Some(State::Certified),
            (Self::Withdraw(_), Role::Province) if from == State::Certified => Some(State::Withdrawn),
            _ => None,
        }
    }
}

/// The strong ETag of an application.
pub fn etag(row: &certification::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Whether the papers of an application are this caller's to see, and not only that it is certified.
pub fn sees_papers(actor: &Actor, row: &certification::Model) -> bool {
    match actor.role {
        Role::Province | Role::System => true,
        Role::City => row.city_code.as_ref().is_some_and(|city| city == actor.org()),
        Role::Enterprise => row.enterprise_code == actor.org(),
        Role::Public | Role::Admin | Role::Auditor | Role::School | Role::Agency | Role::Analyst => false,
    }
}

/// Whether it is certified on this day.
pub fn is_valid(row: &certification::Model, today: NaiveDate) -> bool {
    row.state == State::Certified
        && row.valid_from.is_none_or(|from| from <= today)
        && row.valid_until.is_none_or(|until| today <= until)
}

fn check(papers: &Papers, faults: &mut Faults) {
    if let Some(text) = &papers.statement {
        faults.prose("/statement", text, MAX_PROSE, false);
    }
    faults.links("/evidence", papers.evidence.as_deref().unwrap_or_default());
    for (at, count) in [("/staff", papers.staff), ("/internship_places", papers.internship_places)] {
        if let Some(count) = count {
            whole(at, count, (0, MOST), faults);
        }
    }
}

/// What an application must say before it is judged.
fn complete(row: &certification::Model, faults: &mut Faults) {
    if row.statement.as_deref().is_none_or(|text| text.trim().is_empty()) {
        faults.missing("/statement");
    }
    for (at, count) in [("/staff", row.staff), ("/internship_places", row.internship_places)] {
        if count.is_none() {
            faults.missing(at);
        }
    }
}

/// Applies, as the caller's own enterprise, in a batch.
///
/// # Errors
/// 403 for other roles and on other days than those of the batch, 409 where it has applied already, 422 with
/// everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn apply(ctx: &Ctx, batch: &str, papers: Papers) -> Result<certification::Model> {
    ctx.require(Action::Create, Kind::EnterpriseCertification)?;
    let registry = ctx.memory.registry();
    let enterprise = registry.enterprises.get(ctx.actor.org()).ok_or(Error::NotFound(Kind::EnterpriseCertification))?;
    let mut faults = Faults::default();
    check(&papers, &mut faults);
    let at = now();
    let row = certification::Model {
        id: RowId(Uuid::now_v7()),
        batch_code: CertificationBatchCode(batch.to_owned()),
        enterprise_code: enterprise.code.clone(),
        city_code: enterprise.city_code.clone(),
        state: State::Submitted,
        statement: papers.statement,
        staff: papers.staff,
        internship_places: papers.internship_places,
        evidence: stored(&papers.evidence.unwrap_or_default()),
        reason: None,
        valid_from: None,
        valid_until: None,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    complete(&row, &mut faults);
    let tx = ctx.begin().await?;
    let found = batches::find(ctx, &tx, batch).await?;
    if found.is_none() {
        let said = (format!("没有批次“{batch}”"), format!("There is no batch `{batch}`"));
        faults.add("unknown_batch", "/batch", said, "", batch);
    }
    faults.verdict()?;
    let Some(found) = found else { return Err(Error::NotFound(Kind::CertificationPlan)) };
    batches::expect_open(ctx, &found)?;
    let before = ctx
        .visible::<certification::Entity>()
        .filter(certification::Column::BatchCode.eq(batch))
        .filter(certification::Column::EnterpriseCode.eq(ctx.actor.org()));
    if before.one(&tx).await?.is_some() {
        return Err(Error::Conflict(Text::new(
            format!("本企业在批次 {batch} 中已有申请，请修改它"),
            format!("There is an application of this enterprise in the batch {batch} already: correct it"),
        )));
    }
    certification::Entity::insert(certification::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "enterprise_certification.submitted", None, &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Corrects an application that was returned, and puts it before its judge again; of one that is certified the
/// enterprise keeps staff and places up to date, and nothing else.
///
/// # Errors
/// In this order: 404, 403, 428, 412, 409 in any other state, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn correct(ctx: &Ctx, text: &str, papers: Papers, if_match: Option<&Match>) -> Result<certification::Model> {
    let tx = ctx.begin().await?;
    let old = own(ctx, &tx, Action::Change, text).await?;
    Match::judge(if_match, etag(&old))?;
    let is_figures_only = papers.statement.is_none() && papers.evidence.is_none();
    let (state, action) = match old.state {
        State::Returned => (State::Submitted, "enterprise_certification.submitted"),
        State::Certified if is_figures_only => (State::Certified, "enterprise_certification.updated"),
        State::Certified => {
            return Err(Error::Conflict(Text::new(
                "已认定的企业只能更新职工数与实习岗位数",
                "Of a certified enterprise only `staff` and `internship_places` are kept up to date",
            )));
        }
        other => return Err(unfit_state(other)),
    };
    let mut faults = Faults::default();
    check(&papers, &mut faults);
    let row = certification::Model {
        state,
        statement: papers.statement.or_else(|| old.statement.clone()),
        staff: papers.staff.or(old.staff),
        internship_places: papers.internship_places.or(old.internship_places),
        evidence: papers.evidence.map_or_else(|| old.evidence.clone(), |list| stored(&list)),
        reason: None,
        ..old.clone()
    };
    if state == State::Submitted {
        complete(&row, &mut faults);
    }
    faults.verdict()?;
    let row = replace(ctx, &tx, &old, row).await?;
    note(ctx, &tx, action, Some(&old), &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Says what is to become of an application.
///
/// # Errors
/// In this order: 404, 403, 428, 412, 409 where the state does not allow it, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn judge(ctx: &Ctx, text: &str, said: Verdict, if_match: Option<&Match>) -> Result<certification::Model> {
    let tx = ctx.begin().await?;
    let old = own(ctx, &tx, said.action(), text).await?;
    Match::judge(if_match, etag(&old))?;
    let to = said.leads(ctx.actor.role, old.state, old.city_code.is_some()).ok_or_else(|| unfit_state(old.state))?;
    let mut faults = Faults::default();
    let mut row = certification::Model { state: to, reason: said.reason().map(str::to_owned), ..old.clone() };
    if let Some(text) = said.reason() {
        reason(text, &mut faults);
    }
    if let Verdict::Certify { valid_from, valid_until } = &said {
        row.valid_from = day("/valid_from", valid_from, &mut faults);
        row.valid_until = day("/valid_until", valid_until, &mut faults);
        in_order("/valid_until", row.valid_from, row.valid_until, &mut faults);
    }
    faults.verdict()?;
    let row = replace(ctx, &tx, &old, row).await?;
    note(ctx, &tx, said.event(), Some(&old), &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// One application whose papers are the caller's, to do something with. Of others it may only know that they are
/// certified: 403.
async fn own(ctx: &Ctx, db: &impl ConnectionTrait, action: Action, text: &str) -> Result<certification::Model> {
    let row = seen(ctx, db, action, text).await?;
    if sees_papers(&ctx.actor, &row) {
        return Ok(row);
    }
    Err(Error::Forbidden(Text::new(
        "只有申请企业、其所在市州与省级可以办理",
        "This is for the enterprise itself, its own CITY and PROVINCE",
    )))
}

async fn seen(ctx: &Ctx, db: &impl ConnectionTrait, action: Action, text: &str) -> Result<certification::Model> {
    let Some(id) = id(text) else {
        ctx.known(Kind::EnterpriseCertification)?;
        return Err(Error::NotFound(Kind::EnterpriseCertification));
    };
    ctx.one::<certification::Entity>(db, action, certification::Column::Id.eq(id)).await
}

/// One application, as far as it is there for the caller.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, text: &str) -> Result<certification::Model> {
    seen(ctx, ctx.db.read(), Action::Read, text).await
}

/// Which applications; what is empty keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these batches.
    pub batch: Vec<String>,
    /// Only of these enterprises.
    pub enterprise: Vec<String>,
    /// Only of enterprises of these cities.
    pub city: Vec<String>,
    /// Only in these states.
    pub state: Vec<State>,
}

impl Filter {
    fn condition(&self, ctx: &Ctx) -> Condition {
        use certification::Column as C;
        let some =
            |column: C, words: &[String]| (!words.is_empty()).then(|| column.is_in(words.iter().map(String::as_str)));
        // What was merged is asked for by its old code, too; that of what could not be moved stays as well.
        let registry = ctx.memory.registry();
        let enterprises = self.enterprise.iter().map(String::as_str);
        let enterprises = enterprises.flat_map(|code| [code, registry.survivor(EntryKind::Enterprise, code)]);
        Condition::all()
            .add_option(some(C::BatchCode, &self.batch))
            .add_option((!self.enterprise.is_empty()).then(|| C::EnterpriseCode.is_in(enterprises)))
            .add_option(some(C::CityCode, &self.city))
            .add_option((!self.state.is_empty()).then(|| C::State.is_in(self.state.iter().copied())))
    }
}

/// The applications that are there for the caller, oldest first.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<RowId>) -> Result<Page<certification::Model>> {
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

/// The certifications of several enterprises, as far as they are there for the caller: one statement.
pub async fn of_enterprises(
    ctx: &Ctx,
    codes: &[EnterpriseCode],
) -> Result<HashMap<EnterpriseCode, Vec<certification::Model>>> {
    let rows = ctx
        .visible::<certification::Entity>()
        .filter(certification::Column::EnterpriseCode.is_in(codes.iter().cloned()))
        .order_by_asc(certification::Column::Id)
        .all(ctx.db.read())
        .await?;
    let mut of: HashMap<EnterpriseCode, Vec<certification::Model>> = HashMap::new();
    for row in rows {
        of.entry(row.enterprise_code.clone()).or_default().push(row);
    }
    Ok(of)
}

/// What applications have gone through, oldest first, as far as it is the caller's to see: one statement.
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

fn unfit_state(state: State) -> Error {
    let (zh, en) = match state {
        State::Submitted => (
            "申请待市州审核（所在市州不明的由省级直接审定）",
            "It waits for its city, or for the province where no city is known",
        ),
        State::Recommended => ("申请已由市州推荐，待省级审定", "It was recommended and waits for the province"),
        State::Returned => ("申请已退回企业修改", "It was returned to the enterprise, to be corrected"),
        State::Refused => ("申请未获通过", "It was refused"),
        State::Certified => ("企业已获认定", "The enterprise is certified"),
        State::Withdrawn => ("认定已撤销", "The certificate was withdrawn"),
    };
    Error::Conflict(Text::new(zh, en))
}

/// Replaces an application's row if it still is the one that was read.
async fn replace(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    old: &certification::Model,
    row: certification::Model,
) -> Result<certification::Model> {
    use certification::Column as C;
    let row = certification::Model { version: old.version + 1, updated_at: now(), ..row };
    let done = ctx
        .change::<certification::Entity>()
        .col_expr(C::State, Expr::value(row.state))
        .col_expr(C::Statement, Expr::value(row.statement.clone()))
        .col_expr(C::Staff, Expr::value(row.staff))
        .col_expr(C::InternshipPlaces, Expr::value(row.internship_places))
        .col_expr(C::Evidence, Expr::value(row.evidence.clone()))
        .col_expr(C::Reason, Expr::value(row.reason.clone()))
        .col_expr(C::ValidFrom, Expr::value(row.valid_from))
        .col_expr(C::ValidUntil, Expr::value(row.valid_until))
        .col_expr(C::Version, Expr::value(row.version))
        .col_expr(C::UpdatedAt, Expr::value(row.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(row) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// The step and the journal row of a change.
async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    old: Option<&certification::Model>,
    row: &certification::Model,
) -> Result<()> {
    let taken = step::Model {
        application_id: row.id,
        number: row.version,
        from_state: old.map(|old| old.state),
        to_state: row.state,
        role: ctx.actor.role.name().to_owned(),
        by_org: ctx.actor.org.clone(),
        reason: row.reason.clone(),
        at: row.updated_at,
    };
    step::Entity::insert(step::ActiveModel::from(taken)).exec_without_returning(db).await?;
    let mut parties = vec![Party(Role::Enterprise, row.enterprise_code.as_str())];
    parties.extend(row.city_code.as_ref().map(|city| Party(Role::City, city.as_str())));
    let event = Event {
        action,
        object: row.id.to_string(),
        data: json!({
            "enterprise": row.enterprise_code.0, "batch": row.batch_code.0, "state": row.state.word(),
            "valid_from": row.valid_from, "valid_until": row.valid_until, "version": row.version,
        }),
        parties,
        ..Event::default()
    };
    journal::record(db, ctx, event).await
}
