//! A task, what was said of it, and the yearly evaluation.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::{task, task_evaluation, task_report, task_verdict};

use super::{city::City, promised, school::School};
use crate::{
    domain::tasks::{self, History, progress},
    graphql::{
        self,
        error::GqlResult,
        ids,
        limits::{self, SOME},
        loaders::Loaders,
        scalars::{Day, Instant},
    },
};

/// Where a task stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::words::TaskState")]
pub enum TaskState {
    /// Not done yet, as far as anybody has said.
    Open,
    /// Said to be done; waits for its verdict.
    Reported,
    /// Done, by the verdict of the level above.
    Fulfilled,
    /// Not done in time, by the verdict of the level above.
    Missed,
}

/// What the level above says of a task.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(name = "TaskVerdictKind", remote = "entity::words::TaskVerdict")]
pub enum TaskVerdictKind {
    /// Done.
    Fulfilled,
    /// Not done in time.
    Missed,
    /// What was reported is not enough: go on.
    Returned,
    /// The verdict is taken back: go on.
    Reopened,
}

/// Who has set a task.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::words::TaskSetter")]
pub enum TaskSetter {
    /// The province: a city does not change it.
    Province,
    /// The city itself.
    City,
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Task(pub Arc<task::Model>);

impl From<task::Model> for Task {
    fn from(row: task::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Task {
    fn told<T>(&self, cx: &Context<'_>, of: impl FnOnce(&task::Model) -> T) -> Option<T> {
        tasks::concerns(graphql::ctx(cx), &self.0).then(|| of(&self.0))
    }

    async fn history(&self, cx: &Context<'_>) -> GqlResult<Option<Arc<History>>> {
        if !tasks::concerns(graphql::ctx(cx), &self.0) {
            return Ok(None);
        }
        Ok(Some(cx.data_unchecked::<Loaders>().task_history(&self.0).await?))
    }
}

/// A task of a task list (任务清单). What is printed is everybody's; where it stands is `null` for whoever is not of
/// its city, of the school that is to do it, or of the province.
#[Object]
impl Task {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Task", &self.0.id.to_string())
    }

    /// Its id in REST and in mutations.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// The city whose list it stands in.
    async fn city<'a>(&self, cx: &Context<'a>) -> GqlResult<City<'a>> {
        promised(City::of(graphql::registry(cx), self.0.city_code.as_str()))
    }

    /// The school that is to do it, where it is not the city.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), self.0.school_code.as_ref()?.as_str())
    }

    /// The department of the city that is to do it, where it was given to one.
    async fn department(&self) -> Option<&str> {
        self.0.department.as_deref()
    }

    /// What is to be done.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// In English.
    async fn title_en(&self) -> Option<&str> {
        self.0.title_en.as_deref()
    }

    /// The departments that it names.
    async fn departments(&self) -> Vec<&str> {
        tasks::departments(&self.0).collect()
    }

    /// Until when, as printed: `2021年4月`, `2025年`, `长期坚持`.
    async fn due(&self) -> &str {
        &self.0.due
    }

    /// The year of that; `null` where it has no end.
    async fn due_year(&self) -> Option<i32> {
        self.0.due_year.map(i32::from)
    }

    /// The last day (Asia/Shanghai) in time; `null` where it has no end.
    async fn due_on(&self) -> Option<Day> {
        self.0.due_on.map(Day)
    }

    /// Whether it has no end (长期坚持) and is judged year by year.
    async fn is_standing(&self) -> bool {
        tasks::is_standing(&self.0)
    }

    /// Who has set it, and may change it.
    async fn set_by(&self) -> TaskSetter {
        self.0.set_by.into()
    }

    /// Where it is printed; `null` for one that was set here.
    async fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// Where it stands.
    async fn state(&self, cx: &Context<'_>) -> Option<TaskState> {
        self.told(cx, |row| row.state.into())
    }

    /// Whether its last day is over and nobody has said that it is done.
    async fn is_overdue(&self, cx: &Context<'_>) -> Option<bool> {
        let today = tasks::today(graphql::ctx(cx).actor.at);
        self.told(cx, |row| tasks::is_overdue(row, today))
    }

    /// What who is to do it has said of it, oldest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn reports(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<TaskReport>>> {
        let history = self.history(cx).await?;
        Ok(history.map(|history| history.reports.iter().cloned().map(TaskReport).collect()))
    }

    /// How the level above has judged it, oldest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn verdicts(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<TaskVerdict>>> {
        let history = self.history(cx).await?;
        Ok(history.map(|history| history.verdicts.iter().cloned().map(TaskVerdict).collect()))
    }

    /// Hand it back as `ifMatch`; goes up with every change, report and verdict.
    async fn etag(&self, cx: &Context<'_>) -> Option<String> {
        self.told(cx, tasks::etag)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct TaskReport(pub task_report::Model);

/// What who is to do a task says of it.
#[Object]
impl TaskReport {
    /// Counts the reports of the task from 1.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// What was done.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// How far it is, 0 to 100, where it was said.
    async fn percent(&self) -> Option<i32> {
        self.0.percent.map(i32::from)
    }

    /// Where it can be seen.
    async fn evidence(&self) -> Vec<String> {
        progress::evidence(&self.0)
    }

    /// Whether it is said to be done.
    async fn is_done(&self) -> bool {
        self.0.is_done
    }

    /// When it was said.
    async fn at(&self) -> Instant {
        Instant(self.0.at)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct TaskVerdict(pub task_verdict::Model);

/// How the level above has judged a task.
#[Object]
impl TaskVerdict {
    /// Counts the verdicts of the task from 1.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// The verdict.
    async fn verdict(&self) -> TaskVerdictKind {
        self.0.verdict.into()
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// When.
    async fn at(&self) -> Instant {
        Instant(self.0.at)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct TaskEvaluation(pub Arc<task_evaluation::Model>);

/// The yearly evaluation (年度考核) of a city or of a school: a document that never changes.
#[Object]
impl TaskEvaluation {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("TaskEvaluation", &self.0.id.to_string())
    }

    /// Its id, as in REST.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// Which year.
    async fn year(&self) -> i32 {
        i32::from(self.0.year)
    }

    /// The city, or the city of the school.
    async fn city<'a>(&self, cx: &Context<'a>) -> GqlResult<City<'a>> {
        promised(City::of(graphql::registry(cx), self.0.city_code.as_str()))
    }

    /// The school, where one was evaluated.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), self.0.school_code.as_ref()?.as_str())
    }

    /// The document: canonical JSON (RFC 8785).
    async fn document(&self) -> &str {
        &self.0.document
    }

    /// SHA-256 of the document, in hexadecimal.
    async fn hash(&self) -> &str {
        &self.0.hash
    }

    /// When it was written.
    async fn at(&self) -> Instant {
        Instant(self.0.at)
    }
}
