//! Tasks, targets, policies, printed figures of cities: looked at and looked after.

use async_graphql::{Context, Enum, InputObject, MaybeUndefined, Object, SimpleObject};

use crate::{
    domain::{
        precondition::Match,
        targets,
        tasks::{
            self, Change, Judge, New, Report,
            evaluations::{self, Evaluate},
        },
    },
    error::Error,
    graphql::{
        self,
        error::{GqlResult, maybe, relocated},
        ids,
        limits::{self, CELLS, MEMBERS, SOME},
        scalars::Day,
        types::{
            target::{CityFigure, Policy, Target},
            task::{Task, TaskEvaluation, TaskReport, TaskState, TaskVerdict, TaskVerdictKind},
        },
        upkeep::{of_input, text},
    },
};

/// Which tasks. What is left out keeps all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TaskFilter {
    /// Only of these cities' lists, by code.
    #[graphql(validator(max_items = 1_000))]
    city: Option<Vec<String>>,
    /// Only of these schools, by code; a city's own tasks are none of a school.
    #[graphql(validator(max_items = 1_000))]
    school: Option<Vec<String>>,
    /// Only those that name one of these departments, or are given to it.
    #[graphql(validator(max_items = 1_000))]
    department: Option<Vec<String>>,
    /// Only those that are due in one of these years.
    #[graphql(validator(max_items = 300))]
    due_year: Option<Vec<i32>>,
    /// Only those without an end (长期坚持), or only those with one.
    is_standing: Option<bool>,
    /// Only those that stand there, of those whose state is told to the caller.
    state: Option<Vec<TaskState>>,
    /// Only those that are overdue, or that are not, of those whose state is told to the caller.
    is_overdue: Option<bool>,
}

/// Who promises.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetOwner {
    /// The province.
    Province,
    /// A city.
    City,
    /// A school.
    School,
}

impl TargetOwner {
    const fn word(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::School => "school",
        }
    }
}

/// Which targets. What is left out keeps all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TargetFilter {
    /// Only those that one of these has promised.
    owner: Option<Vec<TargetOwner>>,
    /// Only of these cities, by code.
    #[graphql(validator(max_items = 1_000))]
    city: Option<Vec<String>>,
    /// Only of these schools, by code.
    #[graphql(validator(max_items = 1_000))]
    school: Option<Vec<String>>,
    /// Only those that are due in one of these years.
    #[graphql(validator(max_items = 300))]
    due_year: Option<Vec<i32>>,
    /// Only those that the data can judge, or only the others.
    has_expression: Option<bool>,
}

/// Years that no year is are kept by nothing.
fn years(years: Option<Vec<i32>>) -> Option<Vec<i16>> {
    years.map(|years| years.into_iter().filter_map(|year| i16::try_from(year).ok()).collect())
}

/// Tasks, targets and what stands beside them.
#[derive(Default)]
pub struct TasksQuery;

#[Object]
impl TasksQuery {
    /// The tasks that are there for the caller, by city and in the order of their list. What is printed is everybody's.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn tasks(&self, cx: &Context<'_>, filter: Option<TaskFilter>) -> GqlResult<Vec<Task>> {
        let filter = filter.unwrap_or_default();
        let filter = tasks::Filter {
            city: filter.city,
            school: filter.school,
            department: filter.department,
            due_year: years(filter.due_year),
            is_standing: filter.is_standing,
            state: filter.state.map(|states| states.into_iter().map(Into::into).collect()),
            is_overdue: filter.is_overdue,
        };
        Ok(tasks::all(graphql::ctx(cx), &filter).await?.into_iter().map(Task::from).collect())
    }

    /// A task by its key or its id.
    async fn task(&self, cx: &Context<'_>, id: String) -> GqlResult<Option<Task>> {
        Ok(maybe(tasks::get(graphql::ctx(cx), &ids::key("Task", &id)).await)?.map(Task::from))
    }

    /// The yearly evaluations that are there for the caller, newest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn task_evaluations(
        &self,
        cx: &Context<'_>,
        year: Option<i32>,
        city: Option<String>,
        school: Option<String>,
    ) -> GqlResult<Vec<TaskEvaluation>> {
        // A year that none is has no evaluation.
        let year = year.map(|year| i16::try_from(year).unwrap_or(0));
        let found = evaluations::all(graphql::ctx(cx), &evaluations::Filter { year, city, school }).await?;
        Ok(found.into_iter().map(|row| TaskEvaluation(row.into())).collect())
    }

    /// A yearly evaluation by its key or its id.
    async fn task_evaluation(&self, cx: &Context<'_>, id: String) -> GqlResult<Option<TaskEvaluation>> {
        let found = evaluations::get(graphql::ctx(cx), &ids::key("TaskEvaluation", &id)).await;
        Ok(maybe(found)?.map(|row| TaskEvaluation(row.into())))
    }

    /// What was promised in figures, in the order of the file.
    #[graphql(complexity = "limits::times(2 * CELLS, child_complexity)")]
    async fn targets(&self, cx: &Context<'_>, filter: Option<TargetFilter>) -> Vec<Target> {
        let filter = filter.unwrap_or_default();
        let owner_type = |owners: Vec<TargetOwner>| owners.into_iter().map(|one| one.word().to_owned()).collect();
        let filter = targets::Filter {
            owner_type: filter.owner.map(owner_type),
            city: filter.city,
            school: filter.school,
            due_year: years(filter.due_year),
            has_expression: filter.has_expression,
        };
        let registry = graphql::registry(cx);
        registry.targets.iter().filter(|row| filter.keeps(row)).cloned().map(Target::from).collect()
    }

    /// A target by its key or its id.
    async fn target(&self, cx: &Context<'_>, id: String) -> GqlResult<Option<Target>> {
        Ok(maybe(targets::get(graphql::ctx(cx), &ids::key("Target", &id)).await)?.map(Target::from))
    }

    /// The policies, in the order of their list; only of a city's document where one is named.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn policies<'a>(&self, cx: &Context<'a>, city: Option<String>) -> Vec<Policy<'a>> {
        let registry = graphql::registry(cx);
        let of_city = |row: &&entity::policy::Model| {
            city.as_ref().is_none_or(|city| row.city_code.as_ref().is_some_and(|code| code.0 == *city))
        };
        registry.policies.iter().filter(of_city).map(|row| Policy(registry, row)).collect()
    }

    /// Figures that were printed of cities, in the order of the file; only of one city where it is named.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn city_figures<'a>(&self, cx: &Context<'a>, city: Option<String>) -> Vec<CityFigure<'a>> {
        let registry = graphql::registry(cx);
        let of_city = |row: &&entity::city_figure::Model| city.as_ref().is_none_or(|city| row.city_code.0 == *city);
        registry.city_figures.iter().filter(of_city).map(|row| CityFigure(registry, row)).collect()
    }
}

/// A task to set.
#[derive(Clone, Debug, InputObject)]
pub struct AddTaskInput {
    /// Whose list, by code; a city's own, or that of the school's city, where nothing is said.
    city: Option<String>,
    /// The school that is to do it, by code.
    school: Option<String>,
    /// The department of the city that is to do it.
    department: Option<String>,
    /// What is to be done.
    title: String,
    /// In English.
    title_en: Option<String>,
    /// The departments that it names.
    #[graphql(default)]
    departments: Vec<String>,
    /// Until when, as in `2026年6月`, `2026年`, `长期坚持`.
    due: Option<String>,
    /// The last day (Asia/Shanghai) in time; follows from `due` where nothing is said.
    due_on: Option<Day>,
}

/// What is to be different about a task; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeTaskInput {
    /// Which task, by its key.
    task: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The school that is to do it; `null` gives it to the city.
    school: MaybeUndefined<String>,
    /// The department that is to do it; `null` gives it to the city.
    department: MaybeUndefined<String>,
    /// What is to be done.
    title: Option<String>,
    /// In English; `null` takes it away.
    title_en: MaybeUndefined<String>,
    /// The departments that it names.
    departments: Option<Vec<String>>,
    /// Until when, as in `2026年6月`, `2026年`, `长期坚持`.
    due: Option<String>,
    /// The last day (Asia/Shanghai) in time.
    due_on: Option<Day>,
}

/// What who is to do a task says of it.
#[derive(Clone, Debug, InputObject)]
pub struct ReportTaskInput {
    /// Which task, by its key.
    task: String,
    /// What was done.
    text: String,
    /// How far it is, 0 to 100.
    percent: Option<i32>,
    /// Where it can be seen: addresses by https, at most 20.
    #[graphql(default)]
    evidence: Vec<String>,
    /// Whether it is done, and waits for its verdict; of a task without an end, for this year's.
    #[graphql(default)]
    is_done: bool,
}

/// What the level above says of a task.
#[derive(Clone, Debug, InputObject)]
pub struct JudgeTaskInput {
    /// Which task, by its key.
    task: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The verdict.
    verdict: TaskVerdictKind,
    /// Why.
    reason: String,
}

/// What is to be evaluated.
#[derive(Clone, Debug, InputObject)]
pub struct EvaluateTasksInput {
    /// Which year.
    year: i32,
    /// Of which city, by code: the province.
    city: Option<String>,
    /// Of which school, by code: its city, or the province where it is the province's own.
    school: Option<String>,
    /// What else is to be said.
    remark: Option<String>,
}

/// A target to add: the province's own where neither city nor school is named (by a city: its own).
#[derive(Clone, Debug, InputObject)]
pub struct AddTargetInput {
    /// The city that promises, by code.
    city: Option<String>,
    /// The school that promises, by code.
    school: Option<String>,
    /// What is promised.
    label: String,
    /// In English.
    label_en: Option<String>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about.
    comparator: String,
    /// Digits, or a ratio such as `4:6`.
    value: String,
    /// The unit.
    unit: Option<String>,
    /// The year with whose end it is due.
    due_year: Option<i32>,
    /// What it is judged by, in the language of the claims.
    expression: Option<String>,
    /// Where it is printed.
    source: Option<String>,
}

/// What is to be different about a target; what is left out stays, and so does who has promised it.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeTargetInput {
    /// Which target, by its key.
    target: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What is promised.
    label: Option<String>,
    /// In English; `null` takes it away.
    label_en: MaybeUndefined<String>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about.
    comparator: Option<String>,
    /// Digits, or a ratio such as `4:6`.
    value: Option<String>,
    /// The unit; `null` takes it away.
    unit: MaybeUndefined<String>,
    /// The year with whose end it is due; `null` takes it away.
    due_year: MaybeUndefined<i32>,
    /// What it is judged by, in the language of the claims; `null` takes it away.
    expression: MaybeUndefined<String>,
    /// Where it is printed.
    source: Option<String>,
}

/// What a task has become.
#[derive(SimpleObject)]
pub struct TaskPayload {
    /// The task as it now stands.
    task: Task,
}

/// What was reported.
#[derive(SimpleObject)]
pub struct ReportTaskPayload {
    /// The task as it now stands.
    task: Task,
    /// The report.
    report: TaskReport,
}

/// How a task was judged.
#[derive(SimpleObject)]
pub struct JudgeTaskPayload {
    /// The task as it now stands.
    task: Task,
    /// The verdict.
    verdict: TaskVerdict,
}

/// What was evaluated.
#[derive(SimpleObject)]
pub struct EvaluateTasksPayload {
    /// The document.
    evaluation: TaskEvaluation,
}

/// What a target has become.
#[derive(SimpleObject)]
pub struct TargetPayload {
    /// The target as it now stands.
    target: Target,
}

fn placed(error: Error) -> graphql::error::GqlError {
    relocated(error, of_input)
}

impl AddTaskInput {
    /// Sets it.
    pub async fn add(self, cx: &Context<'_>) -> GqlResult<TaskPayload> {
        let new = New {
            city: self.city,
            school: self.school,
            department: self.department,
            title: self.title,
            title_en: self.title_en,
            departments: self.departments,
            due: self.due,
            due_on: self.due_on.map(|day| day.0.to_string()),
        };
        let row = tasks::add(graphql::ctx(cx), new).await.map_err(placed)?;
        Ok(TaskPayload { task: row.into() })
    }
}

impl ChangeTaskInput {
    /// Changes it.
    pub async fn change(self, cx: &Context<'_>) -> GqlResult<TaskPayload> {
        let if_match = self.if_match.as_deref().map(Match::read);
        let change = Change {
            school: text(self.school),
            department: text(self.department),
            title: self.title,
            title_en: text(self.title_en),
            departments: self.departments,
            due: self.due,
            due_on: self.due_on.map(|day| day.0.to_string()),
        };
        let changed = tasks::change(graphql::ctx(cx), &self.task, change, if_match.as_ref()).await;
        Ok(TaskPayload { task: changed.map_err(placed)?.into() })
    }
}

impl ReportTaskInput {
    /// Reports it.
    pub async fn report(self, cx: &Context<'_>) -> GqlResult<ReportTaskPayload> {
        let report = Report {
            text: self.text,
            percent: self.percent.map(i64::from),
            evidence: self.evidence,
            is_done: self.is_done,
        };
        let (row, said) = tasks::report(graphql::ctx(cx), &self.task, report).await.map_err(placed)?;
        Ok(ReportTaskPayload { task: row.into(), report: TaskReport(said) })
    }
}

impl JudgeTaskInput {
    /// Judges it.
    pub async fn judge(self, cx: &Context<'_>) -> GqlResult<JudgeTaskPayload> {
        let if_match = self.if_match.as_deref().map(Match::read);
        let judge = Judge { verdict: self.verdict.into(), reason: self.reason };
        let judged = tasks::judge(graphql::ctx(cx), &self.task, judge, if_match.as_ref()).await;
        let (row, said) = judged.map_err(placed)?;
        Ok(JudgeTaskPayload { task: row.into(), verdict: TaskVerdict(said) })
    }
}

impl EvaluateTasksInput {
    /// Evaluates it.
    pub async fn evaluate(self, cx: &Context<'_>) -> GqlResult<EvaluateTasksPayload> {
        // A year that is none is refused by the verb.
        let year = i16::try_from(self.year).unwrap_or(i16::MAX);
        let ask = Evaluate { year, city: self.city, school: self.school, remark: self.remark };
        let row = evaluations::evaluate(graphql::ctx(cx), ask).await.map_err(placed)?;
        Ok(EvaluateTasksPayload { evaluation: TaskEvaluation(row.into()) })
    }
}

impl AddTargetInput {
    /// Adds it.
    pub async fn add(self, cx: &Context<'_>) -> GqlResult<TargetPayload> {
        let said = targets::Said {
            label: Some(self.label),
            label_en: Some(self.label_en),
            comparator: Some(self.comparator),
            value: Some(self.value),
            unit: Some(self.unit),
            due_year: Some(self.due_year.map(i64::from)),
            expression: Some(self.expression),
            source: self.source,
        };
        let new = targets::New { city: self.city, school: self.school, said };
        let row = targets::add(graphql::ctx(cx), new).await.map_err(placed)?;
        Ok(TargetPayload { target: row.into() })
    }
}

impl ChangeTargetInput {
    /// Changes it.
    pub async fn change(self, cx: &Context<'_>) -> GqlResult<TargetPayload> {
        let if_match = self.if_match.as_deref().map(Match::read);
        let said = targets::Said {
            label: self.label,
            label_en: text(self.label_en),
            comparator: self.comparator,
            value: self.value,
            unit: text(self.unit),
            due_year: match self.due_year {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(year) => Some(Some(i64::from(year))),
            },
            expression: text(self.expression),
            source: self.source,
        };
        let changed = targets::change(graphql::ctx(cx), &self.target, said, if_match.as_ref()).await;
        Ok(TargetPayload { target: changed.map_err(placed)?.into() })
    }
}
