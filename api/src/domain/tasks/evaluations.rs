//! Yearly evaluations (年度考核): what became of a city's or a school's tasks and targets, frozen as a document.
//!
//! A document is written once, as canonical JSON with its SHA-256, and never again: what happens to a task
//! afterwards is in the evaluation of the next year.

use entity::{
    ids::{CityCode, RowId, SchoolCode},
    target, task, task_evaluation,
    words::{Affiliation, TaskState},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{History, is_overdue, is_standing, parties, progress, today, words};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::now,
    domain::{
        faults::Faults,
        journal::{self, Event},
        targets::{self, Judgement},
    },
    error::{Error, Result, Text},
    formats::document::sha256,
};

/// What is to be evaluated.
#[derive(Clone, Debug, Default)]
pub struct Evaluate {
    /// Which year.
    pub year: i16,
    /// Of which city: the province.
    pub city: Option<String>,
    /// Of which school: its city, or the province where it is the province's own.
    pub school: Option<String>,
    /// What else is to be said.
    pub remark: Option<String>,
}

/// Which evaluations; what is not named keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one year.
    pub year: Option<i16>,
    /// Of a city and its schools.
    pub city: Option<String>,
    /// Of a school.
    pub school: Option<String>,
}

/// How many tasks stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    tasks: usize,
    standing: usize,
    open: usize,
    overdue: usize,
    reported: usize,
    fulfilled: usize,
    missed: usize,
}

/// Evaluates a year, once.
///
/// # Errors
/// 403 for who is not the level above, 409 where it is evaluated already, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn evaluate(ctx: &Ctx, ask: Evaluate) -> Result<task_evaluation::Model> {
    ctx.require(Action::Create, Kind::Progress)?;
    let today = today(ctx.actor.at);
    let mut faults = Faults::default();
    let whose = whose(ctx, &ask, &mut faults);
    let end = words::year("/year", ask.year, today, &mut faults);
    words::maybe_text("/remark", ask.remark.as_deref(), &mut faults);
    faults.verdict()?;
    let (Some(whose), Some(_)) = (whose, end) else { return Err(Error::internal("nobody to evaluate, and no fault")) };
    let by = match whose.school {
        Some((_, Affiliation::City)) => Role::City,
        _ => Role::Province,
    };
    let is_own = ctx.actor.role == Role::Province || ctx.actor.org() == whose.city.as_str();
    if ctx.actor.role != by || !is_own {
        let role = by.name();
        return Err(Error::Forbidden(Text::new(
            format!("年度考核由上一级（{role}）进行"),
            format!("The level above evaluates ({role})"),
        )));
    }
    let school = whose.school.map(|(code, _)| code);
    let targets = judged(ctx, &whose.city, school.as_ref()).await?;

    let tx = ctx.begin().await?;
    let code = school.as_ref().map_or_else(|| whose.city.0.clone(), |school| school.0.clone());
    let there = ctx
        .visible::<task_evaluation::Entity>()
        .filter(task_evaluation::Column::Whose.eq(code.as_str()))
        .filter(task_evaluation::Column::Year.eq(ask.year))
        .one(&tx)
        .await?;
    if there.is_some() {
        return Err(Error::Conflict(Text::new(
            format!("{code} 的 {} 年度考核已定稿，不能更改", ask.year),
            format!("{code} has been evaluated for {}, and an evaluation does not change", ask.year),
        )));
    }
    let tasks = ctx.visible::<task::Entity>().filter(task::Column::CityCode.eq(whose.city.clone()));
    let tasks = match &school {
        Some(school) => tasks.filter(task::Column::SchoolCode.eq(school.clone())),
        None => tasks.filter(task::Column::SchoolCode.is_null()),
    };
    // What was due later is for a later year, and what was closed in an earlier year is done with.
    let of_year = Condition::any().add(task::Column::DueYear.is_null()).add(task::Column::DueYear.eq(ask.year)).add(
        Condition::all()
            .add(task::Column::DueYear.lt(ask.year))
            .add(task::Column::State.is_in([TaskState::Open, TaskState::Reported])),
    );
    let tasks = tasks.filter(of_year).order_by_asc(task::Column::Position).order_by_asc(task::Column::Id);
    let tasks = tasks.all(&tx).await?;
    let ids: Vec<RowId> = tasks.iter().map(|row| row.id).collect();
    let histories = progress::histories(ctx, &tx, &ids).await?;
    let nothing = History::default();
    let at = now();
    let mut counts = Counts { tasks: tasks.len(), ..Counts::default() };
    for row in &tasks {
        counts.standing += usize::from(is_standing(row));
        counts.overdue += usize::from(is_overdue(row, today));
        *match row.state {
            TaskState::Open => &mut counts.open,
            TaskState::Reported => &mut counts.reported,
            TaskState::Fulfilled => &mut counts.fulfilled,
            TaskState::Missed => &mut counts.missed,
        } += 1;
    }
    let document = json!({
        "year": ask.year,
        "city": whose.city.as_str(),
        "school": school.as_ref().map(|code| code.as_str()),
        "evaluated_at": at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        "evaluated_by": ctx.actor.role.name(),
        "remark": ask.remark,
        "counts": counts,
        "tasks": tasks
            .iter()
            .map(|row| told(row, histories.get(&row.id).unwrap_or(&nothing), is_overdue(row, today)))
            .collect::<Vec<_>>(),
        "targets": targets,
    });
    let document = serde_json_canonicalizer::to_string(&document).map_err(Error::internal)?;
    let row = task_evaluation::Model {
        id: RowId(Uuid::now_v7()),
        year: ask.year,
        whose: code,
        city_code: whose.city,
        school_code: school,
        hash: sha256(&document),
        document,
        actor: ctx.actor.subject.clone(),
        at,
    };
    let active = task_evaluation::ActiveModel::from(row.clone());
    task_evaluation::Entity::insert(active).exec_without_returning(&tx).await?;
    let event = Event {
        action: "task.evaluated",
        object: row.id.to_string(),
        after: Some(&row.hash),
        parties: parties(&row.city_code, row.school_code.as_ref()),
        data: json!({
            "year": row.year, "city": row.city_code.as_str(),
            "school": row.school_code.as_ref().map(|code| code.as_str()),
        }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    Ok(row)
}

/// A task as it stands in a document.
fn told(row: &task::Model, history: &History, is_overdue: bool) -> Value {
    let at = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let last = history.reports.last();
    json!({
        "id": row.id.to_string(),
        "version": row.version,
        "title": row.title,
        "departments": super::departments(row).collect::<Vec<_>>(),
        "department": row.department,
        "due": row.due,
        "due_on": row.due_on.map(|day| day.to_string()),
        "source": row.source,
        "state": row.state.word(),
        "overdue": is_overdue,
        "reports": history.reports.len(),
        "last_report": last.map(|one| json!({
            "number": one.number, "text": one.text, "percent": one.percent, "done": one.is_done, "at": at(one.at),
            "evidence": progress::evidence(one),
        })),
        "verdicts": history.verdicts.iter().map(|one| json!({
            "number": one.number, "verdict": one.verdict.word(), "reason": one.reason, "at": at(one.at),
        })).collect::<Vec<_>>(),
    })
}

/// The targets of who is evaluated, and what the data say of them. A verdict stands there without its figure: that
/// may be protected, and is asked for where it is told.
async fn judged(ctx: &Ctx, city: &CityCode, school: Option<&SchoolCode>) -> Result<Vec<Value>> {
    let registry = ctx.memory.registry();
    let is_theirs = |row: &&target::Model| match school {
        Some(school) => row.school_code.as_ref() == Some(school),
        None => row.city_code.as_ref() == Some(city),
    };
    let rows: Vec<&target::Model> = registry.targets.iter().filter(is_theirs).collect();
    let judgements = targets::judge(ctx, &rows, None).await?;
    let told = |(row, one): (&&target::Model, Judgement)| {
        json!({
            "id": row.id.to_string(), "version": row.version, "label": row.label, "comparator": row.comparator,
            "value": row.value, "unit": row.unit, "due_year": row.due_year, "verdict": one.verdict.word(),
            "period": one.period, "release": one.release,
        })
    };
    Ok(rows.iter().zip(judgements).map(told).collect())
}

/// Who is evaluated.
struct Whose {
    city: CityCode,
    school: Option<(SchoolCode, Affiliation)>,
}

fn whose(ctx: &Ctx, ask: &Evaluate, faults: &mut Faults) -> Option<Whose> {
    let registry = ctx.memory.registry();
    match (&ask.city, &ask.school) {
        (city, Some(code)) => {
            let Some(school) = registry.schools.get(code) else {
                let said = (format!("没有学校“{code}”"), format!("There is no school `{code}`"));
                faults.add("unknown_school", "/school", said, "", code);
                return None;
            };
            if city.as_ref().is_some_and(|city| *city != school.city_code.0) {
                words::elsewhere(faults);
                return None;
            }
            Some(Whose { city: school.city_code.clone(), school: Some((school.code.clone(), school.affiliation)) })
        }
        (Some(code), None) => words::city(code, &registry, faults).map(|city| Whose { city, school: None }),
        (None, None) => {
            faults.missing("/city");
            None
        }
    }
}

/// The evaluations that are there for the caller, newest first.
///
/// # Errors
/// 401 without a token; for a role that has nothing to do with tasks there are none.
pub async fn all(ctx: &Ctx, filter: &Filter) -> Result<Vec<task_evaluation::Model>> {
    use task_evaluation::Column as C;
    ctx.known(Kind::Progress)?;
    let kept = Condition::all()
        .add_option(filter.year.map(|year| C::Year.eq(year)))
        .add_option(filter.city.as_deref().map(|code| C::CityCode.eq(code)))
        .add_option(filter.school.as_deref().map(|code| C::SchoolCode.eq(code)));
    let rows = ctx.visible::<task_evaluation::Entity>().filter(kept);
    Ok(rows.order_by_desc(C::Year).order_by_asc(C::Whose).all(ctx.db.read()).await?)
}

/// One evaluation.
///
/// # Errors
/// 401 without a token, 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<task_evaluation::Model> {
    ctx.known(Kind::Progress)?;
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound(Kind::Progress))?;
    let which = task_evaluation::Column::Id.eq(RowId(id));
    ctx.one::<task_evaluation::Entity>(ctx.db.read(), Action::Read, which).await
}
