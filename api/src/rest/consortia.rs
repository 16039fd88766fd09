//! Consortia: applications to join, leaving, activities, and how they overlap.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get,
    http::header::{self},
    patch, post, web,
};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{consortium_activity, consortium_application, consortium_member, words::ApplicationState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body},
    partnerships::word,
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::consortia::{self, Activity, Apply, Decision, Filter},
    error::{Error, Result},
    page,
};

/// A school or an enterprise that wants to join a consortium.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsortiumApplicationView {
    /// Its id.
    pub id: String,
    /// The consortium, by code.
    pub consortium: String,
    /// The applicant, if it is a school.
    pub school: Option<String>,
    /// The applicant, if it is an enterprise.
    pub enterprise: Option<String>,
    /// `pending`, `accepted`, `refused` or `withdrawn`.
    pub state: &'static str,
    /// What the applicant says.
    pub message: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// The part in the consortium that was given.
    pub role: Option<&'static str>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl From<&consortium_application::Model> for ConsortiumApplicationView {
    fn from(row: &consortium_application::Model) -> Self {
        Self {
            id: row.id.to_string(),
            consortium: row.consortium_code.0.clone(),
            school: row.school_code.as_ref().map(|code| code.0.clone()),
            enterprise: row.enterprise_code.as_ref().map(|code| code.0.clone()),
            state: row.state.word(),
            message: row.message.clone(),
            reason: row.reason.clone(),
            role: row.role.map(|role| role.word()),
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: consortia::etag(row),
        }
    }
}

fn tagged(answer: HttpResponseBuilder, row: &consortium_application::Model) -> HttpResponse {
    let view = ConsortiumApplicationView::from(row);
    tags::tagged(answer, &view.etag.clone(), view)
}

/// A page of applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsortiumApplicationsView {
    /// As they came.
    pub applications: Vec<ConsortiumApplicationView>,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which applications, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsortiumApplicationsQuery {
    /// Only to this consortium, by code.
    pub consortium: Option<String>,
    /// Only in this state: `pending`, `accepted`, `refused`, `withdrawn`.
    pub state: Option<String>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// The caller's own applications, and those to consortia that it leads.
#[utoipa::path(
    tag = "consortia", params(ConsortiumApplicationsQuery),
    responses((status = 200, body = ConsortiumApplicationsView), (status = 401, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/consortium-applications")]
pub async fn list(ctx: Ctx, query: web::Query<ConsortiumApplicationsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(|cursor| consortia::read_cursor(cursor, "/cursor")).transpose()?,
        before: None,
        from_end: false,
    };
    let states = "pending, accepted, refused, withdrawn";
    let state = word("state", query.state.as_deref(), ApplicationState::of, states)?.map(|state| vec![state]);
    let page = consortia::list(&ctx, &Filter { consortium: query.consortium, state }, &ask).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|last| consortia::cursor(consortia::place(last)));
    let applications = page.items.iter().map(ConsortiumApplicationView::from).collect();
    let view = ConsortiumApplicationsView { applications, next };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One application.
#[utoipa::path(
    tag = "consortia", params(("application" = String, Path)),
    responses((status = 200, body = ConsortiumApplicationView), (status = 401, body = ProblemView),
              (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/consortium-applications/{application}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(tagged(HttpResponse::Ok(), &consortia::get(&ctx, &id).await?))
}

/// An application to make.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewApplicationBody {
    /// What the leads are to know.
    pub message: Option<String>,
}

/// Asks to join a consortium, as the caller's own school or enterprise.
#[utoipa::path(
    tag = "consortia", params(("consortium" = String, Path)), request_body = NewApplicationBody,
    responses((status = 201, body = ConsortiumApplicationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/consortia/{consortium}/applications")]
pub async fn apply(ctx: Ctx, consortium: web::Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::ConsortiumApplication)?;
    let body: NewApplicationBody = body::json(&body.0)?;
    let apply = Apply { consortium: consortium.into_inner(), message: body.message };
    Ok(tagged(HttpResponse::Created(), &consortia::apply(&ctx, apply).await?))
}

/// What the lead gives an applicant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcceptApplicationBody {
    /// `member` (where nothing is said) or `vice_chair`.
    pub role: Option<String>,
    /// The first day of the membership; today where nothing is said.
    pub joined_on: Option<String>,
}

/// Takes an applicant into a consortium, as its lead; as the province where no lead has an account.
#[utoipa::path(
    tag = "consortia", params(("application" = String, Path)), request_body = AcceptApplicationBody,
    responses((status = 200, body = ConsortiumApplicationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/consortium-applications/{application}/accept")]
pub async fn accept(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::ConsortiumApplication)?;
    let body: AcceptApplicationBody = body::json(&body.0)?;
    let decision = Decision { role: body.role, joined_on: body.joined_on };
    let (row, _) = consortia::accept(&ctx, &id, decision, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseApplicationBody {
    /// Reaches the applicant.
    pub reason: String,
}

/// Refuses an applicant, as the lead of the consortium, and says why.
#[utoipa::path(
    tag = "consortia", params(("application" = String, Path)), request_body = RefuseApplicationBody,
    responses((status = 200, body = ConsortiumApplicationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 422, body = ProblemView), (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/consortium-applications/{application}/refuse")]
pub async fn refuse(
    ctx: Ctx,
    id: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::ConsortiumApplication)?;
    let body: RefuseApplicationBody = body::json(&body.0)?;
    let row = consortia::refuse(&ctx, &id, body.reason, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// Takes an application back before it is answered.
#[utoipa::path(
    tag = "consortia", params(("application" = String, Path)),
    responses((status = 200, body = ConsortiumApplicationView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 409, body = ProblemView), (status = 412, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/consortium-applications/{application}/withdraw")]
pub async fn withdraw(ctx: Ctx, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let row = consortia::withdraw(&ctx, &id, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), &row))
}

/// When a member leaves.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeaveBody {
    /// The first day on which it is a member no more; today where nothing is said.
    pub left_on: Option<String>,
}

/// A membership that is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftView {
    /// The consortium, by code.
    pub consortium: String,
    /// The part that the member had.
    pub role: &'static str,
    /// Since which day it was a member, where that is known.
    pub joined_on: Option<NaiveDate>,
    /// The first day on which it is a member no more.
    pub left_on: Option<NaiveDate>,
}

impl From<consortium_member::Model> for LeftView {
    fn from(row: consortium_member::Model) -> Self {
        let consortium_member::Model { consortium_code, role, joined_on, left_on, .. } = row;
        Self { consortium: consortium_code.0, role: role.word(), joined_on, left_on }
    }
}

/// Leaves a consortium, as the caller's own school or enterprise.
#[utoipa::path(
    tag = "consortia", params(("consortium" = String, Path)), request_body = LeaveBody,
    responses((status = 200, body = LeftView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 409, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/consortia/{consortium}/leave")]
pub async fn leave(ctx: Ctx, consortium: web::Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::ConsortiumApplication)?;
    let body: LeaveBody = body::json(&body.0)?;
    let row = consortia::leave(&ctx, &consortium, body.left_on).await?;
    Ok(HttpResponse::Ok().json(LeftView::from(row)))
}

/// What a consortium has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityView {
    /// Its id.
    pub id: String,
    /// The consortium, by code.
    pub consortium: String,
    /// The day.
    pub held_on: NaiveDate,
    /// What it was.
    pub title: String,
    /// An open code list: `meeting`, `contest`, `joint_class` …
    pub kind: String,
    /// Addresses of what shows it.
    pub evidence: Vec<String>,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl From<&consortium_activity::Model> for ActivityView {
    fn from(row: &consortium_activity::Model) -> Self {
        Self {
            id: row.id.to_string(),
            consortium: row.consortium_code.0.clone(),
            held_on: row.held_on,
            title: row.title.clone(),
            kind: row.kind.clone(),
            evidence: consortia::evidence_of(&row.evidence),
            etag: format!("\"{}\"", row.version),
        }
    }
}

/// The activities of a consortium.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivitiesView {
    /// Newest first.
    pub activities: Vec<ActivityView>,
}

/// What a consortium has done, newest first.
#[utoipa::path(
    tag = "consortia", params(("consortium" = String, Path)),
    responses((status = 200, body = ActivitiesView), (status = 404, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/consortia/{consortium}/activities")]
pub async fn activities(ctx: Ctx, consortium: web::Path<String>) -> Result<HttpResponse, Problem> {
    let registry = ctx.memory.registry();
    // What was merged is asked for by its old code, too.
    let consortium = registry.consortia.get(&consortium).ok_or(Error::NotFound(Kind::Registry))?;
    let activities = registry.activities.of(consortium.code.as_str()).map(ActivityView::from).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(ActivitiesView { activities }))
}

/// What a consortium has done; a new one needs day, title and kind.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ActivityBody {
    /// The day.
    pub held_on: Option<String>,
    /// What it was.
    pub title: Option<String>,
    /// A word of the open list of kinds: `meeting`.
    pub kind: Option<String>,
    /// https addresses of what shows it, all of them.
    pub evidence: Option<Vec<String>>,
}

impl From<ActivityBody> for Activity {
    fn from(body: ActivityBody) -> Self {
        let ActivityBody { held_on, title, kind, evidence } = body;
        Self { held_on, title, kind, evidence }
    }
}

/// Enters what a consortium has done, as its lead; as the province where no lead has an account.
#[utoipa::path(
    tag = "consortia", params(("consortium" = String, Path)), request_body = ActivityBody,
    responses((status = 201, body = ActivityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/consortia/{consortium}/activities")]
pub async fn add_activity(ctx: Ctx, consortium: web::Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::ConsortiumActivity)?;
    let body: ActivityBody = body::json(&body.0)?;
    let row = consortia::add_activity(&ctx, &consortium, body.into()).await?;
    let view = ActivityView::from(&row);
    Ok(HttpResponse::Created().insert_header((header::ETAG, view.etag.clone())).json(view))
}

/// Corrects what was entered of an activity.
#[utoipa::path(
    tag = "consortia", params(("consortium" = String, Path), ("activity" = String, Path)),
    request_body = ActivityBody,
    responses((status = 200, body = ActivityView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/consortia/{consortium}/activities/{activity}")]
pub async fn change_activity(
    ctx: Ctx,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::ConsortiumActivity)?;
    let body: ActivityBody = body::json(&body.0)?;
    let if_match = tags::if_match(request.headers());
    let row = consortia::change_activity(&ctx, &path.0, &path.1, body.into(), if_match.as_ref()).await?;
    let view = ActivityView::from(&row);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, view.etag.clone())).json(view))
}

/// A consortium by its members.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompositionView {
    /// The consortium, by code.
    pub consortium: String,
    /// How many members it has.
    pub members: usize,
    /// How many of each type.
    pub by_type: BTreeMap<String, usize>,
    /// How many of each city, by code; members of which no city is known are left out.
    pub by_city: BTreeMap<String, usize>,
}

/// Two consortia that share members.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverlapView {
    /// The one that comes first in the list, by code.
    pub consortium: String,
    /// The other, by code.
    pub other: String,
    /// The members of both, by code.
    pub members: Vec<String>,
}

/// How consortia are made up and overlap, and who is in none.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverviewView {
    /// In the order of the list.
    pub consortia: Vec<CompositionView>,
    /// Members of any consortium by type, each body counted once.
    pub by_type: BTreeMap<String, usize>,
    /// The same by city.
    pub by_city: BTreeMap<String, usize>,
    /// Pairs that share members, those that share most first.
    pub overlaps: Vec<OverlapView>,
    /// Schools that are in none, by code.
    pub schools_in_none: Vec<String>,
    /// Certified enterprises that are in none, by code.
    pub certified_in_none: Vec<String>,
    /// Industry chains that no consortium serves, by code.
    pub chains_in_none: Vec<String>,
}

/// How consortia are made up and overlap, and who is in none.
#[utoipa::path(
    tag = "consortia",
    responses((status = 200, body = OverviewView)),
    security((), ("bearer" = []))
)]
#[get("/v1/consortium-overview")]
pub async fn overview(ctx: Ctx) -> Result<HttpResponse, Problem> {
    let found = consortia::overview(&ctx)?;
    let composition = |one: consortia::Composition| CompositionView {
        consortium: one.consortium,
        members: one.members,
        by_type: one.by_type,
        by_city: one.by_city,
    };
    let overlap =
        |one: consortia::Overlap| OverlapView { consortium: one.consortium, other: one.other, members: one.members };
    let view = OverviewView {
        consortia: found.consortia.into_iter().map(composition).collect(),
        by_type: found.by_type,
        by_city: found.by_city,
        overlaps: found.overlaps.into_iter().map(overlap).collect(),
        schools_in_none: found.schools_in_none,
        certified_in_none: found.certified_in_none,
        chains_in_none: found.chains_in_none,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}
