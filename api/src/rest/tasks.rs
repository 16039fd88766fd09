//! `/v1/tasks`: the task lists, what was said of each task, and how it was judged.

pub mod evaluations;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    task, task_report, task_verdict,
    words::{TaskState, TaskVerdict},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body, stated},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::tasks::{self, Change, Filter, History, Judge, New, Report, progress},
    error::{Error, Result, Text},
    page,
};

/// What who is to do a task says of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskReportView {
    /// Counts the reports of the task from 1.
    pub number: i32,
    /// What was done.
    pub text: String,
    /// How far it is, 0 to 100, where it was said.
    pub percent: Option<i16>,
    /// Where it can be seen.
    pub evidence: Vec<String>,
    /// Whether it is said to be done.
    pub done: bool,
    /// When it was said.
    pub at: DateTime<Utc>,
}

impl From<&task_report::Model> for TaskReportView {
    fn from(row: &task_report::Model) -> Self {
        Self {
            number: row.number,
            text: row.text.clone(),
            percent: row.percent,
            evidence: progress::evidence(row),
            done: row.is_done,
            at: row.at,
        }
    }
}

/// How the level above has judged a task.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskVerdictView {
    /// Counts the verdicts of the task from 1.
    pub number: i32,
    /// `fulfilled`, `missed`, `returned` or `reopened`.
    pub verdict: &'static str,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl From<&task_verdict::Model> for TaskVerdictView {
    fn from(row: &task_verdict::Model) -> Self {
        Self { number: row.number, verdict: row.verdict.word(), reason: row.reason.clone(), at: row.at }
    }
}

/// A task of a task list (任务清单). What is printed is everybody's; where it stands is `null` for whoever is not of
/// its city, of the school that is to do it, or of the province.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskView {
    /// Its id.
    pub id: String,
    /// The city whose list it stands in.
    pub city: String,
    /// The school that is to do it, where it is not the city.
    pub school: Option<String>,
    /// The department of the city that is to do it, where it was given to one.
    pub department: Option<String>,
    /// What is to be done.
    pub title: String,
    /// In English.
    pub title_en: Option<String>,
    /// The departments that it names.
    pub departments: Vec<String>,
    /// Until when, as printed: `2021年4月`, `2025年`, `长期坚持`.
    pub due: String,
    /// The year of that; nothing where it has no end.
    pub due_year: Option<i16>,
    /// The last day (Asia/Shanghai) in time; nothing where it has no end.
    pub due_on: Option<NaiveDate>,
    /// Whether it has no end (长期坚持) and is judged year by year.
    pub standing: bool,
    /// `province` or `city`: who has set it, and may change it.
    pub set_by: &'static str,
    /// Where it is printed; nothing for one that was set here.
    pub source: Option<String>,
    /// `open`, `reported`, `fulfilled` or `missed`.
    pub state: Option<&'static str>,
    /// Whether its last day is over and nobody has said that it is done.
    pub overdue: Option<bool>,
    /// What who is to do it has said of it, oldest first.
    pub reports: Option<Vec<TaskReportView>>,
    /// How the level above has judged it, oldest first.
    pub verdicts: Option<Vec<TaskVerdictView>>,
    /// Goes up with every change, report and verdict.
    pub version: Option<i32>,
    /// Hand it back in `If-Match`.
    pub etag: Option<String>,
}

impl TaskView {
    fn new(ctx: &Ctx, row: &task::Model, history: Option<&History>) -> Self {
        let is_told = tasks::concerns(ctx, row);
        let nothing = History::default();
        let history = is_told.then(|| history.unwrap_or(&nothing));
        Self {
            id: row.id.to_string(),
            city: row.city_code.0.clone(),
            school: row.school_code.as_ref().map(|code| code.0.clone()),
            department: row.department.clone(),
            title: row.title.clone(),
            title_en: row.title_en.clone(),
            departments: tasks::departments(row).map(str::to_owned).collect(),
            due: row.due.clone(),
            due_year: row.due_year,
            due_on: row.due_on,
            standing: tasks::is_standing(row),
            set_by: row.set_by.word(),
            source: row.source.clone(),
            state: is_told.then(|| row.state.word()),
            overdue: is_told.then(|| tasks::is_overdue(row, tasks::today(ctx.actor.at))),
            reports: history.map(|history| history.reports.iter().map(Into::into).collect()),
            verdicts: history.map(|history| history.verdicts.iter().map(Into::into).collect()),
            version: is_told.then_some(row.version),
            etag: is_told.then(|| tasks::etag(row)),
        }
    }
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub struct TasksView {
    /// By city, then in the order of their list.
    pub tasks: Vec<TaskView>,
    /// How many there are in all.
    pub total: u64,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which tasks, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TasksQuery {
    /// Only of this city's list.
    pub city: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
    /// Only those that name this department, or are given to it.
    pub department: Option<String>,
    /// Only those that are due in this year.
    pub due_year: Option<i16>,
    /// Only those without an end (长期坚持), or only those with one.
    pub standing: Option<bool>,
    /// Only those that stand there (`open`, `reported`, `fulfilled`, `missed`), of those whose state is told.
    pub state: Option<String>,
    /// Only those that are overdue, or that are not, of those whose state is told.
    pub overdue: Option<bool>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

fn state_of(word: &str) -> Result<TaskState> {
    TaskState::of(word).ok_or_else(|| {
        let words: Vec<&str> = TaskState::ALL.iter().map(|state| state.word()).collect();
        let words = words.join(", ");
        Error::invalid("state", "/state", Text::new(format!("应为 {words} 之一"), format!("is one of {words}")))
    })
}

fn tagged(mut answer: HttpResponseBuilder, view: TaskView) -> HttpResponse {
    if let Some(etag) = &view.etag {
        answer.insert_header((header::ETAG, etag.clone()));
    }
    answer.insert_header((header::CACHE_CONTROL, "no-cache")).json(view)
}

async fn view(ctx: &Ctx, row: &task::Model) -> Result<TaskView> {
    let history = progress::histories(ctx, ctx.db.read(), &[row.id]).await?.remove(&row.id);
    Ok(TaskView::new(ctx, row, history.as_ref()))
}

/// The tasks that are there for the caller.
#[utoipa::path(
    tag = "tasks", params(TasksQuery),
    responses((status = 200, body = TasksView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/tasks")]
pub async fn list(ctx: Ctx, query: web::Query<TasksQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(|cursor| tasks::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    };
    let one = |word: Option<String>| word.map(|word| vec![word]);
    let filter = Filter {
        city: one(query.city),
        school: one(query.school),
        department: one(query.department),
        due_year: query.due_year.map(|year| vec![year]),
        is_standing: query.standing,
        state: query.state.as_deref().map(state_of).transpose()?.map(|state| vec![state]),
        is_overdue: query.overdue,
    };
    let page = tasks::list(&ctx, &filter, &ask).await?;
    let ids: Vec<_> = page.items.iter().map(|row| row.id).collect();
    let histories = progress::histories(&ctx, ctx.db.read(), &ids).await?;
    let next = page.items.last().filter(|_| page.has_next).map(tasks::cursor);
    let view = TasksView {
        tasks: page.items.iter().map(|row| TaskView::new(&ctx, row, histories.get(&row.id))).collect(),
        total: page.total,
        next,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One task.
#[utoipa::path(
    tag = "tasks", params(("task" = String, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/tasks/{task}")]
pub async fn get(ctx: Ctx, task: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = tasks::get(&ctx, &task).await?;
    Ok(tagged(HttpResponse::Ok(), view(&ctx, &row).await?))
}

/// A task to set. Days are written like `2026-12-31`, are those of Asia/Shanghai, and count whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaskBody {
    /// Whose list; a city's own, or that of the school's city, where nothing is said.
    #[serde(default)]
    pub city: Option<String>,
    /// The school that is to do it.
    #[serde(default)]
    pub school: Option<String>,
    /// The department of the city that is to do it.
    #[serde(default)]
    pub department: Option<String>,
    /// What is to be done.
    pub title: String,
    /// In English.
    #[serde(default)]
    pub title_en: Option<String>,
    /// The departments that it names.
    #[serde(default)]
    pub departments: Vec<String>,
    /// Until when, as in `2026年6月`, `2026年`, `长期坚持`.
    #[serde(default)]
    pub due: Option<String>,
    /// The last day in time; follows from `due` where nothing is said.
    #[serde(default)]
    pub due_on: Option<String>,
}

/// Adds a task to a city's list.
#[utoipa::path(
    tag = "tasks", request_body = NewTaskBody,
    responses((status = 201, body = TaskView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/tasks")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Task)?;
    let body: NewTaskBody = body::json(&body.0)?;
    let new = New {
        city: body.city,
        school: body.school,
        department: body.department,
        title: body.title,
        title_en: body.title_en,
        departments: body.departments,
        due: body.due,
        due_on: body.due_on,
    };
    let row = tasks::add(&ctx, new).await?;
    // Nobody has said anything of what has just been set.
    Ok(tagged(HttpResponse::Created(), TaskView::new(&ctx, &row, None)))
}

/// What is to be different about a task; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeTaskBody {
    /// The school that is to do it; `null` gives it to the city.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub school: Option<Option<String>>,
    /// The department that is to do it; `null` gives it to the city.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub department: Option<Option<String>>,
    /// What is to be done.
    pub title: Option<String>,
    /// In English; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub title_en: Option<Option<String>>,
    /// The departments that it names.
    pub departments: Option<Vec<String>>,
    /// Until when, as in `2026年6月`, `2026年`, `长期坚持`.
    pub due: Option<String>,
    /// The last day in time.
    pub due_on: Option<String>,
}

/// Changes what is said of a task.
#[utoipa::path(
    tag = "tasks", params(("task" = String, Path)), request_body = ChangeTaskBody,
    responses((status = 200, body = TaskView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/tasks/{task}")]
pub async fn change(
    ctx: Ctx,
    task: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: ChangeTaskBody = body::json(&body.0)?;
    let change = Change {
        school: body.school,
        department: body.department,
        title: body.title,
        title_en: body.title_en,
        departments: body.departments,
        due: body.due,
        due_on: body.due_on,
    };
    let row = tasks::change(&ctx, &task, change, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), view(&ctx, &row).await?))
}

/// What who is to do a task says of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskReportBody {
    /// What was done.
    pub text: String,
    /// How far it is, 0 to 100.
    #[serde(default)]
    pub percent: Option<i64>,
    /// Where it can be seen: addresses by https, at most 20.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Whether it is done, and waits for its verdict; of a task without an end, for this year's.
    #[serde(default)]
    pub done: bool,
}

/// Says how far a task is: whoever is to do it.
#[utoipa::path(
    tag = "tasks", params(("task" = String, Path)), request_body = TaskReportBody,
    responses((status = 201, body = TaskReportView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/tasks/{task}/reports")]
pub async fn report(ctx: Ctx, task: web::Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Progress)?;
    let body: TaskReportBody = body::json(&body.0)?;
    let report = Report { text: body.text, percent: body.percent, evidence: body.evidence, is_done: body.done };
    let (row, said) = tasks::report(&ctx, &task, report).await?;
    let tag = (header::ETAG, tasks::etag(&row));
    Ok(HttpResponse::Created().insert_header(tag).json(TaskReportView::from(&said)))
}

/// What the level above says of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskVerdictBody {
    /// `fulfilled`, `missed`, `returned` or `reopened`.
    pub verdict: String,
    /// Why.
    pub reason: String,
}

/// Judges a task, or gives it back: the level above, by the state that it has seen.
#[utoipa::path(
    tag = "tasks", params(("task" = String, Path)), request_body = TaskVerdictBody,
    responses((status = 201, body = TaskVerdictView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/tasks/{task}/verdicts")]
pub async fn judge(
    ctx: Ctx,
    task: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Progress)?;
    let body: TaskVerdictBody = body::json(&body.0)?;
    let verdict = TaskVerdict::of(&body.verdict).ok_or_else(|| {
        let words: Vec<&str> = TaskVerdict::ALL.iter().map(|verdict| verdict.word()).collect();
        let words = words.join(", ");
        Error::invalid("verdict", "/verdict", Text::new(format!("应为 {words} 之一"), format!("is one of {words}")))
    })?;
    let judge = Judge { verdict, reason: body.reason };
    let (row, said) = tasks::judge(&ctx, &task, judge, tags::if_match(request.headers()).as_ref()).await?;
    let tag = (header::ETAG, tasks::etag(&row));
    Ok(HttpResponse::Created().insert_header(tag).json(TaskVerdictView::from(&said)))
}
