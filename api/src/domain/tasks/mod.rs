//! Tasks (任务清单): who is to do what by when, and where it stands.
//!
//! Here are the lists and their upkeep. `words` reads what is said of a task, `progress` has the reports and the
//! verdicts, `evaluations` the years, `reminders` the calendar.
//!
//! What is printed of a task is everybody's; where it stands, what was reported and how it was judged is the
//! province's, the city's and, of its own tasks, the school's.

pub mod evaluations;
pub mod progress;
pub mod reminders;
mod words;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    ids::{CityCode, RowId, SchoolCode},
    task,
    words::{TaskSetter, TaskState},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

pub(super) use self::words::{maybe_text, text};
pub use self::{
    progress::{History, Judge, Report, judge, report},
    words::{Change, New},
};
use super::{
    journal::{self, Event, Party},
    precondition::Match,
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::now,
    error::{Error, Result, Text},
    page::{self, Ask, Page},
};

/// How far Asia/Shanghai is ahead of UTC, in every season.
const AHEAD: TimeDelta = TimeDelta::hours(8);

/// The local day (Asia/Shanghai) of an instant.
pub fn today(at: DateTime<Utc>) -> NaiveDate {
    at.checked_add_signed(AHEAD).unwrap_or(at).date_naive()
}

/// The strong ETag of a task.
pub fn etag(row: &task::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Whether where a task stands is the caller's to know.
pub fn concerns(ctx: &Ctx, row: &task::Model) -> bool {
    match ctx.actor.role {
        Role::Province => true,
        Role::City => ctx.actor.org() == row.city_code.as_str(),
        Role::School => row.school_code.as_ref().is_some_and(|school| ctx.actor.org() == school.as_str()),
        Role::System | Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Enterprise | Role::Analyst => {
            false
        }
    }
}

/// Whether a task has no end, and is judged year by year.
pub const fn is_standing(row: &task::Model) -> bool {
    row.due_on.is_none()
}

/// Whether its last day is over, and nobody has said that it is done.
pub fn is_overdue(row: &task::Model, today: NaiveDate) -> bool {
    row.state == TaskState::Open && row.due_on.is_some_and(|due| due < today)
}

/// The departments that a task names, in their order.
pub fn departments(row: &task::Model) -> impl Iterator<Item = &str> {
    row.departments.split('|').filter(|name| !name.is_empty())
}

/// Which tasks; what is not named keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these cities.
    pub city: Option<Vec<String>>,
    /// Of these schools: tasks of a city are none of a school.
    pub school: Option<Vec<String>>,
    /// That name or are given to one of these departments.
    pub department: Option<Vec<String>>,
    /// Due in one of these years.
    pub due_year: Option<Vec<i16>>,
    /// Without an end, or with one.
    pub is_standing: Option<bool>,
    /// That stand there; only of tasks that concern the caller.
    pub state: Option<Vec<TaskState>>,
    /// That are overdue, or are not; only of tasks that concern the caller.
    pub is_overdue: Option<bool>,
}

impl Filter {
    /// What of it the database decides.
    fn rows(&self) -> Condition {
        use task::Column as C;
        let some = |column: C, words: &Option<Vec<String>>| {
            words.as_ref().map(|words| column.is_in(words.iter().map(String::as_str)))
        };
        Condition::all()
            .add_option(some(C::CityCode, &self.city))
            .add_option(some(C::SchoolCode, &self.school))
            .add_option(self.due_year.as_ref().map(|years| C::DueYear.is_in(years.iter().copied())))
            .add_option(self.is_standing.map(|is| if is { C::DueOn.is_null() } else { C::DueOn.is_not_null() }))
    }

    /// The rest of it. Where a task stands answers nobody whom it does not concern.
    fn keeps(&self, ctx: &Ctx, row: &task::Model) -> bool {
        let of_department = self.department.as_ref().is_none_or(|wanted| {
            let own = row.department.as_deref();
            wanted.iter().any(|name| own == Some(name.as_str()) || departments(row).any(|one| one == name))
        });
        let stands = self.state.as_ref().is_none_or(|states| states.contains(&row.state));
        let is_late = self.is_overdue.is_none_or(|is| is == is_overdue(row, today(ctx.actor.at)));
        let asks_more = self.state.is_some() || self.is_overdue.is_some();
        of_department && stands && is_late && (!asks_more || concerns(ctx, row))
    }
}

/// Every task that the filter keeps and that is there for the caller: by city, then in the order of its list.
pub async fn all(ctx: &Ctx, filter: &Filter) -> Result<Vec<task::Model>> {
    use task::Column as C;
    let rows = ctx.visible::<task::Entity>().filter(filter.rows());
    let mut rows =
        rows.order_by_asc(C::CityCode).order_by_asc(C::Position).order_by_asc(C::Id).all(ctx.db.read()).await?;
    rows.retain(|row| filter.keeps(ctx, row));
    Ok(rows)
}

/// Where a task stands in its list, for a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    fn of(row: &task::Model) -> Self {
        Self(row.id.to_string())
    }
}

/// A page of [`all`].
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<Key>) -> Result<Page<task::Model>> {
    Ok(page::cut(all(ctx, filter).await?, ask, Key::of))
}

/// A cursor of [`list`].
pub fn cursor(row: &task::Model) -> String {
    page::cursor(&[&row.id.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 for what is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Key> {
    let [id] = page::read_cursor(cursor, pointer)?;
    Ok(Key(id))
}

/// The condition of an id, if the text is one.
fn is(id: &str) -> Result<Condition> {
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound(Kind::Task))?;
    Ok(Condition::all().add(task::Column::Id.eq(RowId(id))))
}

/// One task.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<task::Model> {
    ctx.one::<task::Entity>(ctx.db.read(), Action::Read, is(id)?).await
}

/// Adds a task to the list of a city.
///
/// # Errors
/// 403 for a city that adds to another's list, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, new: New) -> Result<task::Model> {
    ctx.require(Action::Create, Kind::Task)?;
    let registry = ctx.memory.registry();
    let at = now();
    let row = task::Model {
        id: RowId(Uuid::now_v7()),
        position: 0,
        set_by: if ctx.actor.role == Role::City { TaskSetter::City } else { TaskSetter::Province },
        source: None,
        state: TaskState::Open,
        is_amended: true,
        version: 1,
        created_at: at,
        updated_at: at,
        ..new.read(ctx, &registry)?
    };
    if ctx.actor.role == Role::City && ctx.actor.org() != row.city_code.as_str() {
        return Err(foreign());
    }
    let tx = ctx.begin().await?;
    let last = ctx
        .visible::<task::Entity>()
        .filter(task::Column::CityCode.eq(row.city_code.clone()))
        .order_by_desc(task::Column::Position)
        .one(&tx)
        .await?;
    let row = task::Model { position: last.map_or(0, |last| last.position) + 1, ..row };
    task::Entity::insert(task::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "task.added", &row, json!({})).await?;
    tx.commit().await?;
    Ok(row)
}

/// Changes what is said of a task.
///
/// # Errors
/// In this order: 404; 403 for another city's task, or for one that the province has set; 428 without and 412 with
/// another version than the present one; 409 once it is judged; 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, id: &str, change: Change, if_match: Option<&Match>) -> Result<task::Model> {
    let tx = ctx.begin().await?;
    let old = ctx.one::<task::Entity>(&tx, Action::Change, is(id)?).await?;
    if !concerns(ctx, &old) {
        return Err(foreign());
    }
    if ctx.actor.role == Role::City && old.set_by == TaskSetter::Province {
        return Err(Error::Forbidden(Text::new(
            "此任务由省级下达，须由角色 PROVINCE 修改",
            "The province has set this task: it takes the role PROVINCE to change it",
        )));
    }
    Match::judge(if_match, etag(&old))?;
    if matches!(old.state, TaskState::Fulfilled | TaskState::Missed) {
        return Err(closed());
    }
    let row = change.apply(ctx, &ctx.memory.registry(), &old)?;
    if row == old {
        return Ok(old);
    }
    let row = task::Model { is_amended: true, version: old.version + 1, updated_at: now(), ..row };
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "task.changed", &row, json!({})).await?;
    tx.commit().await?;
    Ok(row)
}

fn foreign() -> Error {
    Error::Forbidden(Text::new(
        "任务清单由该市（CITY）自己或省级（PROVINCE）制定和修改",
        "A list is made and changed by its own city (CITY) and by the province (PROVINCE)",
    ))
}

fn closed() -> Error {
    Error::Conflict(Text::new(
        "此任务已有评定：如需继续，请由上一级以 reopened 退回",
        "This task has its verdict: the level above can give it back with `reopened`",
    ))
}

/// Replaces a task's row if it still is the one that was read.
async fn replace(ctx: &Ctx, db: &impl ConnectionTrait, old: &task::Model, new: &task::Model) -> Result<()> {
    use task::Column as C;
    let done = ctx
        .change::<task::Entity>()
        .col_expr(C::CityCode, Expr::value(new.city_code.0.clone()))
        .col_expr(C::SchoolCode, Expr::value(new.school_code.as_ref().map(|code| code.0.clone())))
        .col_expr(C::Department, Expr::value(new.department.clone()))
        .col_expr(C::Title, Expr::value(new.title.clone()))
        .col_expr(C::TitleEn, Expr::value(new.title_en.clone()))
        .col_expr(C::Departments, Expr::value(new.departments.clone()))
        .col_expr(C::Due, Expr::value(new.due.clone()))
        .col_expr(C::DueYear, Expr::value(new.due_year))
        .col_expr(C::DueOn, Expr::value(new.due_on))
        .col_expr(C::State, Expr::value(new.state.word()))
        .col_expr(C::IsAmended, Expr::value(new.is_amended))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::UpdatedAt, Expr::value(new.updated_at))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// Tells of what happened to a task. What was written of it stands with it and not in the event.
async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    row: &task::Model,
    more: serde_json::Value,
) -> Result<()> {
    journal::record(db, ctx, event(action, row, more)).await
}

fn event<'a>(action: &'static str, row: &'a task::Model, more: serde_json::Value) -> Event<'a> {
    let mut data = json!({
        "city": row.city_code.as_str(), "school": row.school_code.as_ref().map(|code| code.as_str()),
        "state": row.state.word(), "due_on": row.due_on, "version": row.version,
    });
    if let (Some(data), serde_json::Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    Event {
        action,
        object: row.id.to_string(),
        parties: parties(&row.city_code, row.school_code.as_ref()),
        data,
        ..Event::default()
    }
}

/// Who hears of a task: its city, and the school that is to do it.
fn parties<'a>(city: &'a CityCode, school: Option<&'a SchoolCode>) -> Vec<Party<'a>> {
    let school = school.map(|code| Party(Role::School, code.as_str()));
    std::iter::once(Party(Role::City, city.as_str())).chain(school).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_day_begins_at_sixteen_of_the_day_before() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(today(at("2025-12-31T15:59:59Z")).to_string(), "2025-12-31");
        assert_eq!(today(at("2025-12-31T16:00:00Z")).to_string(), "2026-01-01");
    }
}
