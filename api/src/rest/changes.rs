//! `/v1/changes`: what happened in the caller's scope.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, http::header, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    extract,
    problem::{Problem, ProblemView},
};
use crate::{
    House,
    authz::{Action, Kind},
    ctx::Ctx,
    domain::feed::{self, Ask},
};

/// Where it is.
pub const PATH: &str = "/v1/changes";

/// How much longer than others a request to it may take.
pub const LONGER: Duration = Duration::from_secs(feed::LONGEST_SECONDS);

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Hand it back as `after` to go on behind this event.
    pub cursor: String,
    /// `<noun>.<past verb>`, for example `submission.pushed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was done. The order of the feed is that of the commits.
    pub time: DateTime<Utc>,
    /// The code of the school that it belongs to.
    pub school: Option<String>,
    /// What it happened to, for example `62001/talent/2023`.
    pub object: String,
    /// What else there is to tell: never a figure, and to reviewers only what is theirs to see.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

impl From<feed::Event> for EventView {
    fn from(event: feed::Event) -> Self {
        Self {
            cursor: event.place.cursor(),
            kind: event.kind,
            time: event.at,
            school: event.school.map(|school| school.0),
            object: event.object,
            data: event.data,
        }
    }
}

/// A piece of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesView {
    /// The events, in the order of their commits, which is the same for everybody.
    pub events: Vec<EventView>,
    /// Hand it back as `after`, also where there were no events.
    pub next: String,
}

/// From where, how many, and how long to wait.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// `next` of the answer before, or the `cursor` of an event; from the beginning without it.
    pub after: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// How many seconds to wait if there are no events, 0 to 60 (0 unless given); more is refused.
    pub wait: Option<i64>,
}

/// What happened in the caller's scope, in one order. Nothing is missed, however late it was committed.
#[utoipa::path(
    tag = "changes", params(ChangesQuery),
    responses((status = 200, body = ChangesView), (status = 401, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/changes")]
pub async fn list(
    request: HttpRequest,
    ctx: Ctx,
    house: web::Data<House>,
    query: web::Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Read, Kind::Event)?;
    let ask = Ask::read(query.after.as_deref().filter(|after| !after.is_empty()), query.limit, query.wait)?;
    let found = feed::wait(&ctx, &ask).await?;
    if !ask.wait.is_zero() && !found.items.is_empty() {
        // Who was good when the wait began need not be so now.
        extract::caller(&house, request.headers()).await?;
    }
    let events = found.items.into_iter().map(EventView::from).collect();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(ChangesView { events, next: found.next.cursor() }))
}
