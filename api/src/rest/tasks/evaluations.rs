//! `/v1/task-evaluations`: how a city or a school has done its tasks in a year.

use actix_web::{HttpResponse, get, http::header, post, web};
use chrono::{DateTime, Utc};
use entity::task_evaluation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::tasks::evaluations::{self, Evaluate},
    error::{Error, Result},
    rest::{
        body::{self, Body},
        problem::{Problem, ProblemView},
    },
};

/// The yearly evaluation (年度考核) of a city or of a school: a document that never changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskEvaluationView {
    /// Its id.
    pub id: String,
    /// Which year.
    pub year: i16,
    /// The city, or the city of the school.
    pub city: String,
    /// The school, where one was evaluated.
    pub school: Option<String>,
    /// SHA-256 of the document as canonical JSON (RFC 8785), in hexadecimal.
    pub hash: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What was found: its tasks with their last report and verdicts, its targets with their verdicts, counts.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
}

impl TaskEvaluationView {
    fn new(row: &task_evaluation::Model) -> Result<Self> {
        Ok(Self {
            id: row.id.to_string(),
            year: row.year,
            city: row.city_code.0.clone(),
            school: row.school_code.as_ref().map(|code| code.0.clone()),
            hash: row.hash.clone(),
            at: row.at,
            document: serde_json::from_str(&row.document).map_err(Error::internal)?,
        })
    }
}

/// Yearly evaluations.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskEvaluationsView {
    /// Newest first.
    pub evaluations: Vec<TaskEvaluationView>,
}

/// Which evaluations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskEvaluationsQuery {
    /// Only of this year.
    pub year: Option<i16>,
    /// Only of this city and its schools.
    pub city: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
}

/// The yearly evaluations that are there for the caller.
#[utoipa::path(
    tag = "tasks", params(TaskEvaluationsQuery),
    responses((status = 200, body = TaskEvaluationsView), (status = 401, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/task-evaluations")]
pub async fn list_evaluations(ctx: Ctx, query: web::Query<TaskEvaluationsQuery>) -> Result<HttpResponse, Problem> {
    let TaskEvaluationsQuery { year, city, school } = query.into_inner();
    let rows = evaluations::all(&ctx, &evaluations::Filter { year, city, school }).await?;
    let view =
        TaskEvaluationsView { evaluations: rows.iter().map(TaskEvaluationView::new).collect::<Result<Vec<_>>>()? };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One yearly evaluation.
#[utoipa::path(
    tag = "tasks", params(("evaluation" = String, Path)),
    responses((status = 200, body = TaskEvaluationView), (status = 401, body = ProblemView),
              (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/task-evaluations/{evaluation}")]
pub async fn evaluation(ctx: Ctx, evaluation: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = evaluations::get(&ctx, &evaluation).await?;
    let tag = (header::ETAG, format!("\"{}\"", row.hash));
    Ok(HttpResponse::Ok().insert_header(tag).json(TaskEvaluationView::new(&row)?))
}

/// What is to be evaluated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationBody {
    /// Which year.
    pub year: i64,
    /// Of which city: the province.
    #[serde(default)]
    pub city: Option<String>,
    /// Of which school: its city, or the province where it is the province's own.
    #[serde(default)]
    pub school: Option<String>,
    /// What else is to be said.
    #[serde(default)]
    pub remark: Option<String>,
}

/// Evaluates the tasks and targets of a year, once: the level above.
#[utoipa::path(
    tag = "tasks", request_body = EvaluationBody,
    responses((status = 201, body = TaskEvaluationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/task-evaluations")]
pub async fn evaluate(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Progress)?;
    let body: EvaluationBody = body::json(&body.0)?;
    // A year that is none is refused by the verb.
    let year = i16::try_from(body.year).unwrap_or(i16::MAX);
    let ask = Evaluate { year, city: body.city, school: body.school, remark: body.remark };
    let row = evaluations::evaluate(&ctx, ask).await?;
    Ok(HttpResponse::Created().json(TaskEvaluationView::new(&row)?))
}
