//! How far a task is: the reports of who is to do it, and the verdicts of the level above.

use std::collections::HashMap;

use entity::{
    ids::RowId,
    task, task_report, task_verdict,
    words::{Affiliation, TaskState as State, TaskVerdict as Verdict},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::{closed, concerns, etag, is, is_overdue, is_standing, note, replace, today, words};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::now,
    domain::{faults::Faults, precondition::Match},
    error::{Error, Result, Text},
    memory::registry::Registry,
};

/// What who is to do a task says of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was done.
    pub text: String,
    /// How far it is, 0 to 100.
    pub percent: Option<i64>,
    /// Where it can be seen: addresses of the web.
    pub evidence: Vec<String>,
    /// Whether it is done: then it waits for a verdict. Of a task without an end, for this year's.
    pub is_done: bool,
}

/// What the level above says of a task.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// What was said of a task on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Oldest first.
    pub reports: Vec<task_report::Model>,
    /// Oldest first.
    pub verdicts: Vec<task_verdict::Model>,
}

/// The addresses of a report.
pub fn evidence(row: &task_report::Model) -> Vec<String> {
    serde_json::from_str(&row.evidence).unwrap_or_default()
}

/// The state that a verdict leads to; nothing where it leads nowhere from there.
///
/// A task without an end stays open: its verdict is one of the year.
const fn leads(state: State, verdict: Verdict, is_standing: bool, is_overdue: bool) -> Option<State> {
    match (state, verdict) {
        (State::Reported, Verdict::Fulfilled | Verdict::Missed) if is_standing => Some(State::Open),
        (State::Reported, Verdict::Fulfilled) => Some(State::Fulfilled),
        (State::Reported, Verdict::Missed) => Some(State::Missed),
        // What nobody has said is done is missed once its day is over.
        (State::Open, Verdict::Missed) if is_overdue => Some(State::Missed),
        (State::Reported, Verdict::Returned) => Some(State::Open),
        (State::Fulfilled | State::Missed, Verdict::Reopened) => Some(State::Open),
        _ => None,
    }
}

/// Who judges a task: the province over a city and over its own schools, a city over its schools.
fn judge_of(registry: &Registry, row: &task::Model) -> Role {
    let school = row.school_code.as_ref().and_then(|code| registry.schools.get(code.as_str()));
    match school {
        Some(school) if school.affiliation == Affiliation::City => Role::City,
        _ => Role::Province,
    }
}

/// A task on which the caller, whom it concerns, acts in a way that its role may.
async fn found(ctx: &Ctx, db: &impl ConnectionTrait, id: &str, action: Action) -> Result<task::Model> {
    ctx.known(Kind::Progress)?;
    let row = ctx.one::<task::Entity>(db, Action::Read, is(id)?).await?;
    ctx.require(action, Kind::Progress)?;
    if !concerns(ctx, &row) {
        return Err(Error::Forbidden(Text::new(
            "此任务属于其他市或学校：由承担者（CITY、SCHOOL）汇报，由上一级（PROVINCE、CITY）评定",
            "This task is another's: whoever is to do it reports (CITY, SCHOOL), the level above judges (PROVINCE, CITY)",
        )));
    }
    Ok(row)
}

/// Says how far a task is.
///
/// # Errors
/// In this order: 404, 403 for who is not to do it, 409 once it is judged, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn report(ctx: &Ctx, id: &str, report: Report) -> Result<(task::Model, task_report::Model)> {
    use task_report::Column as R;
    let tx = ctx.begin().await?;
    let old = found(ctx, &tx, id, Action::Push).await?;
    let is_of_school = old.school_code.is_some();
    if is_of_school != (ctx.actor.role == Role::School) {
        return Err(Error::Forbidden(match is_of_school {
            true => Text::new("此任务由学校（SCHOOL）汇报", "The school itself reports on this task (SCHOOL)"),
            false => Text::new("此任务由市级（CITY）汇报", "The city reports on this task (CITY)"),
        }));
    }
    if matches!(old.state, State::Fulfilled | State::Missed) {
        return Err(closed());
    }
    let mut faults = Faults::default();
    words::text("/text", &report.text, &mut faults);
    let percent = percent(report.percent, &mut faults);
    faults.links("/evidence", &report.evidence);
    faults.verdict()?;

    let last =
        ctx.visible::<task_report::Entity>().filter(R::TaskId.eq(old.id)).order_by_desc(R::Number).one(&tx).await?;
    let said = task_report::Model {
        task_id: old.id,
        number: last.map_or(0, |last| last.number) + 1,
        text: report.text,
        percent,
        evidence: serde_json::to_string(&report.evidence).map_err(Error::internal)?,
        is_done: report.is_done,
        actor: ctx.actor.subject.clone(),
        actor_role: ctx.actor.role.name().to_owned(),
        at: now(),
    };
    // What was said to be done stays so: the level above gives it back.
    let state = if report.is_done { State::Reported } else { old.state };
    let row = task::Model { state, version: old.version + 1, updated_at: said.at, ..old.clone() };
    replace(ctx, &tx, &old, &row).await?;
    let active = task_report::ActiveModel::from(said.clone());
    task_report::Entity::insert(active).exec_without_returning(&tx).await?;
    note(ctx, &tx, "task.reported", &row, json!({ "number": said.number, "is_done": said.is_done })).await?;
    tx.commit().await?;
    Ok((row, said))
}

/// Judges a task, or gives it back.
///
/// # Errors
/// In this order: 404; 403 for who is not the level above; 428 without and 412 with another version than the present
/// one; 409 where the verdict leads nowhere from there; 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn judge(
    ctx: &Ctx,
    id: &str,
    judge: Judge,
    if_match: Option<&Match>,
) -> Result<(task::Model, task_verdict::Model)> {
    use task_verdict::Column as V;
    let tx = ctx.begin().await?;
    let old = found(ctx, &tx, id, Action::Accept).await?;
    let by = judge_of(&ctx.memory.registry(), &old);
    if ctx.actor.role != by {
        let role = by.name();
        return Err(Error::Forbidden(Text::new(
            format!("此任务由上一级（{role}）评定"),
            format!("The level above judges this task ({role})"),
        )));
    }
    Match::judge(if_match, etag(&old))?;
    let is_overdue = is_overdue(&old, today(ctx.actor.at));
    let Some(state) = leads(old.state, judge.verdict, is_standing(&old), is_overdue) else {
        let (verdict, state) = (judge.verdict.word(), old.state.word());
        return Err(Error::Conflict(Text::new(
            format!(
                "处于 {state} 的任务不能评为 {verdict}：汇报完成（reported）后可评为 fulfilled、missed 或 returned，\
                 逾期未报可评为 missed，已评定的可 reopened"
            ),
            format!(
                "A task that is {state} cannot be judged {verdict}: once it is reported done it is fulfilled, missed \
                 or returned; overdue without a report it is missed; judged it can be reopened"
            ),
        )));
    };
    let mut faults = Faults::default();
    words::text("/reason", &judge.reason, &mut faults);
    faults.verdict()?;

    let last =
        ctx.visible::<task_verdict::Entity>().filter(V::TaskId.eq(old.id)).order_by_desc(V::Number).one(&tx).await?;
    let said = task_verdict::Model {
        task_id: old.id,
        number: last.map_or(0, |last| last.number) + 1,
        verdict: judge.verdict,
        reason: judge.reason,
        actor: ctx.actor.subject.clone(),
        actor_role: ctx.actor.role.name().to_owned(),
        at: now(),
    };
    let row = task::Model { state, version: old.version + 1, updated_at: said.at, ..old.clone() };
    replace(ctx, &tx, &old, &row).await?;
    let active = task_verdict::ActiveModel::from(said.clone());
    task_verdict::Entity::insert(active).exec_without_returning(&tx).await?;
    note(ctx, &tx, "task.judged", &row, json!({ "number": said.number, "verdict": said.verdict.word() })).await?;
    tx.commit().await?;
    Ok((row, said))
}

/// What was said of some tasks, as far as it is the caller's to see: two statements, however many they are.
pub async fn histories(ctx: &Ctx, db: &impl ConnectionTrait, ids: &[RowId]) -> Result<HashMap<RowId, History>> {
    let mut of: HashMap<RowId, History> = HashMap::new();
    if !crate::authz::allows(ctx.actor.role, Action::Read, Kind::Progress) {
        return Ok(of);
    }
    let reports = ctx.visible::<task_report::Entity>().filter(task_report::Column::TaskId.is_in(ids.iter().copied()));
    for row in reports.order_by_asc(task_report::Column::Number).all(db).await? {
        of.entry(row.task_id).or_default().reports.push(row);
    }
    let verdicts =
        ctx.visible::<task_verdict::Entity>().filter(task_verdict::Column::TaskId.is_in(ids.iter().copied()));
    for row in verdicts.order_by_asc(task_verdict::Column::Number).all(db).await? {
        of.entry(row.task_id).or_default().verdicts.push(row);
    }
    Ok(of)
}

fn percent(said: Option<i64>, faults: &mut Faults) -> Option<i16> {
    let said = said?;
    let percent = i16::try_from(said).ok().filter(|percent| (0..=100).contains(percent));
    if percent.is_none() {
        let text = ("完成度应为 0 到 100", "How far it is goes from 0 to 100");
        faults.add("out_of_bounds", "/percent", text, "0–100", said.to_string());
    }
    percent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_leads_somewhere_or_nowhere() {
        use {State as S, Verdict as V};
        for state in S::ALL {
            for verdict in V::ALL {
                for is_standing in [false, true] {
                    for is_overdue in [false, true] {
                        let expected = match (state, verdict) {
                            (S::Reported, V::Returned) => Some(S::Open),
                            (S::Reported, V::Fulfilled | V::Missed) if is_standing => Some(S::Open),
                            (S::Reported, V::Fulfilled) => Some(S::Fulfilled),
                            (S::Reported, V::Missed) => Some(S::Missed),
                            (S::Open, V::Missed) => is_overdue.then_some(S::Missed),
                            (S::Fulfilled | S::Missed, V::Reopened) => Some(S::Open),
                            (S::Open, V::Fulfilled | V::Returned | V::Reopened)
                            | (S::Reported, V::Reopened)
                            | (S::Fulfilled | S::Missed, V::Fulfilled | V::Missed | V::Returned) => None,
                        };
                        let is = leads(*state, *verdict, is_standing, is_overdue);
                        assert_eq!(is, expected, "{state:?} {verdict:?} {is_standing} {is_overdue}");
                    }
                }
            }
        }
    }
}
