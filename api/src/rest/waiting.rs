//! `/v1/submissions`: what waits for whom.

use actix_web::{HttpResponse, get, http::header, web};
use chrono::{DateTime, Utc};
use entity::submission;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Problem, ProblemView};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        precondition::etag,
        submissions::{self, Key, turns, turns::Wanted},
    },
    error::{Error, Result, Text},
    memory::registry::Registry,
};

/// Where a table stands; not what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingView {
    /// The school's code.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// `draft`, `submitted`, `approved`, `accepted` or `returned`.
    pub state: &'static str,
    /// The number of the newest revision, for those who may see the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whose turn it is: `school`, `city` or `province`; `null` once it is accepted.
    pub waits_for: Option<&'static str>,
    /// Stands for revision and state together, for those who may see the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl StandingView {
    fn new(ctx: &Ctx, registry: &Registry, row: submission::Model) -> Self {
        let school = registry.schools.get(row.school_code.as_str());
        let sees = submissions::sees_values(ctx, registry, &row);
        Self {
            waits_for: school.and_then(|school| turns::waits_for(row.state, school.affiliation)).map(turns::Side::word),
            etag: sees.then(|| etag(&row)),
            school: row.school_code.0,
            dataset: row.dataset_code.0,
            period: row.period_code.0,
            state: row.state.word(),
            revision: sees.then_some(row.revision),
            updated_at: row.updated_at,
        }
    }
}

/// A page of tables, by school, table and period.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingsView {
    /// Where they stand.
    pub submissions: Vec<StandingView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which tables. Every filter takes several words, parted by commas or given more than once. This describes the
/// parameters; they are read as pairs.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StandingsQuery {
    /// Only in these states.
    pub state: Option<String>,
    /// Only these tables.
    pub dataset: Option<String>,
    /// Only these periods.
    pub period: Option<String>,
    /// Only schools of these cities.
    pub city: Option<String>,
    /// Only these schools.
    pub school: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Reads the parameters; a name that is not known is refused as it is everywhere.
fn read(pairs: &[(String, String)]) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    for (name, value) in pairs {
        let words = value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
        match name.as_str() {
            "state" => wanted.state.extend(words),
            "dataset" => wanted.dataset.extend(words),
            "period" => wanted.period.extend(words),
            "city" => wanted.city.extend(words),
            "school" => wanted.school.extend(words),
            "limit" => {
                wanted.limit = Some(value.parse().map_err(|_| {
                    Error::Malformed(Text::new(
                        format!("地址参数无法读取：limit 应为整数，而不是“{value}”"),
                        format!("The parameters could not be read: `limit` is a whole number, not `{value}`"),
                    ))
                })?);
            }
            "cursor" => wanted.cursor = Some(value.clone()).filter(|cursor| !cursor.is_empty()),
            other => {
                return Err(Error::Malformed(Text::new(
                    format!("地址参数无法读取：没有参数“{other}”"),
                    format!(
                        "The parameters could not be read: unknown parameter `{other}`, expected state, dataset, \
                         period, city, school, limit or cursor"
                    ),
                )));
            }
        }
    }
    Ok(wanted)
}

/// The tables that are there for the caller and whose turn it is with each: where they stand, not what they say.
#[utoipa::path(
    tag = "submissions", params(StandingsQuery),
    responses((status = 200, body = StandingsView), (status = 400, body = ProblemView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/submissions")]
pub async fn list(ctx: Ctx, query: web::Query<Vec<(String, String)>>) -> Result<HttpResponse, Problem> {
    let wanted = read(&query)?;
    ctx.require(Action::Read, Kind::Submission)?;
    let registry = ctx.memory.registry();
    let (filter, ask) = wanted.read(&registry)?;
    let page = submissions::list(&ctx, &filter, &ask).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|row| submissions::cursor(&Key::of(row)));
    let submissions = page.items.into_iter().map(|row| StandingView::new(&ctx, &registry, row)).collect();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .json(StandingsView { submissions, next }))
}
