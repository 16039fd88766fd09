//! The registry: one shape for every kind of entries. Lists and single entries are everybody's; to add and to change
//! is for whoever keeps them.

pub mod bodies;
pub mod majors;
pub mod ties;
pub mod upkeep;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::Problem;
use crate::{
    ctx::Ctx,
    domain::registry::{self, Entered, Entry, Filter, Said},
    error::{Error, Result},
    page::{self, Ask},
};

/// Which entries of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// Only those that answer to these words: by code, name or another name. A Chinese word is also found in pieces;
    /// those that answer best come first.
    pub search: Option<String>,
    /// Only those that belong to this: the code of a city, a school, an enterprise, a consortium, a major or a chain.
    pub of: Option<String>,
    /// With `true` those that have ended, instead of those that are there: former members of a consortium.
    pub ended: Option<bool>,
    /// 1 to 1,000; more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// An entry as it is told: what is said of it, and its ETag.
fn told<E: Entry>(entered: &Entered<E::Model>) -> (Said, String) {
    let tag = registry::etag::<E>(&entered.row, entered.term);
    (registry::told::<E>(&entered.row, entered.term), tag)
}

/// Entries with their ETags, and where the next page begins.
type Listed = (Vec<(Said, String)>, Option<String>);

/// A page of a list.
fn listed<E: Entry>(ctx: &Ctx, query: &EntryQuery) -> Result<Listed, Problem> {
    let limit = page::limit(query.limit, 100, 1_000, "/limit")?;
    let registry = ctx.memory.registry();
    let ended_before = query.ended.unwrap_or_default().then(|| ctx.actor.today());
    let filter = Filter { of: query.of.clone(), search: query.search.clone(), ended_before };
    let all = filter.list::<E>(&registry);
    let after = match &query.cursor {
        None => None,
        Some(cursor) => {
            let [code] = page::read_cursor(cursor, "/cursor")?;
            // A code that is not there any more stands after everything.
            Some(all.iter().position(|row| E::code(row) == code).unwrap_or(usize::MAX))
        }
    };
    let ask = Ask { limit, after, before: None, from_end: false };
    let found = page::cut(registry::kept::<E>(&registry, &filter), &ask, |at| *at);
    let rows: Vec<&E::Model> = found.items.iter().filter_map(|at| all.get(*at)).collect();
    let next = rows.last().filter(|_| found.has_next).map(|row| page::cursor(&[&E::code(row)]));
    let told = |row: &&E::Model| {
        let term = E::term(&registry, row);
        (registry::told::<E>(row, term), registry::etag::<E>(row, term))
    };
    Ok((rows.iter().map(told).collect(), next))
}

/// A member of what is said.
fn member(said: &mut Said, member: &str) -> Option<String> {
    match said.remove(member)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// What a body says, as the domain takes it.
fn said(body: impl Serialize) -> Result<Said> {
    match serde_json::to_value(body).map_err(Error::internal)? {
        Value::Object(said) => Ok(said),
        _ => Err(Error::internal("a body is an object")),
    }
}

/// The four routes of a kind of entries, in a module of their own, with what they take and tell.
macro_rules! routes {
    (
        $(#[$about:meta])*
        $module:ident: $entity:ident at $list:tt, $one:tt, $param:tt;
        $(#[$list_doc:meta])* list $views:ident,
        $(#[$get_doc:meta])* get,
        $(#[$add_doc:meta])* add,
        $(#[$change_doc:meta])* change;
        $(#[$view_doc:meta])* view $view:ident { $($(#[$key_doc:meta])* $key:ident),* $(,)? }
        $(#[$body_doc:meta])* body $body:ident { $($(#[$given_doc:meta])* $given:ident),* $(,)? }
        both { $($(#[$doc:meta])* $member:ident),* $(,)? }
    ) => {
        $(#[$about])*
        pub mod $module {
            use actix_web::{HttpRequest, HttpResponse, get, http::header, patch, post, web};
            use entity::$entity::Entity;
            use serde::{Deserialize, Serialize};
            use utoipa::ToSchema;

            use crate::{
                authz::Action,
                ctx::Ctx,
                domain::registry::{self, Entry, Said},
                rest::{
                    body::{self, Body},
                    catalogue::open,
                    problem::{Problem, ProblemView},
                    registry::{EntryQuery, listed, member, said, told},
                    tags,
                },
            };

            $(#[$view_doc])*
            #[derive(Debug, Serialize, ToSchema)]
            pub struct $view {
                $($(#[$key_doc])* pub $key: Option<String>,)*
                $($(#[$doc])* pub $member: Option<String>,)*
                /// Its first day, where that is known.
                pub since: Option<String>,
                /// Its last day, where it has one.
                pub until: Option<String>,
                /// Hand it back in `If-Match`.
                pub etag: String,
            }

            impl From<(Said, String)> for $view {
                fn from((mut said, etag): (Said, String)) -> Self {
                    Self {
                        $($key: member(&mut said, stringify!($key)),)*
                        $($member: member(&mut said, stringify!($member)),)*
                        since: member(&mut said, "since"),
                        until: member(&mut said, "until"),
                        etag,
                    }
                }
            }

            /// A page of a list.
            #[derive(Debug, Serialize, ToSchema)]
            pub struct $views {
                /// In the order of the list; what answers best to the words first.
                pub items: Vec<$view>,
                /// Hand it back as `cursor` for the next page; nothing on the last.
                pub next: Option<String>,
            }

            $(#[$body_doc])*
            #[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
            #[serde(deny_unknown_fields, default)]
            pub struct $body {
                $(
                    $(#[$given_doc])*
                    #[serde(
                        deserialize_with = "crate::rest::body::stated",
                        skip_serializing_if = "Option::is_none"
                    )]
                    #[schema(value_type = Option<String>)]
                    pub $given: Option<Option<String>>,
                )*
                $(
                    $(#[$doc])*
                    #[serde(
                        deserialize_with = "crate::rest::body::stated",
                        skip_serializing_if = "Option::is_none"
                    )]
                    #[schema(value_type = Option<String>)]
                    pub $member: Option<Option<String>>,
                )*
                /// Its first day; `null` takes it away.
                #[serde(
                    deserialize_with = "crate::rest::body::stated",
                    skip_serializing_if = "Option::is_none"
                )]
                #[schema(value_type = Option<String>)]
                pub since: Option<Option<String>>,
                /// Its last day; `null` takes it away. Nothing is ever deleted.
                #[serde(
                    deserialize_with = "crate::rest::body::stated",
                    skip_serializing_if = "Option::is_none"
                )]
                #[schema(value_type = Option<String>)]
                pub until: Option<Option<String>>,
                /// Since which day it is so in the world; today unless said otherwise.
                #[serde(
                    deserialize_with = "crate::rest::body::stated",
                    skip_serializing_if = "Option::is_none"
                )]
                #[schema(value_type = Option<String>)]
                pub effective_on: Option<Option<String>>,
                /// Why; it stands in the history.
                #[serde(
                    deserialize_with = "crate::rest::body::stated",
                    skip_serializing_if = "Option::is_none"
                )]
                #[schema(value_type = Option<String>)]
                pub reason: Option<Option<String>>,
            }

            $(#[$list_doc])*
            #[utoipa::path(
                tag = "registry", params(EntryQuery),
                responses((status = 200, body = $views), (status = 422, body = ProblemView))
            )]
            #[get($list)]
            pub async fn list(ctx: Ctx, query: web::Query<EntryQuery>) -> Result<HttpResponse, Problem> {
                let (items, next) = listed::<Entity>(&ctx, &query)?;
                Ok(open($views { items: items.into_iter().map($view::from).collect(), next }))
            }

            $(#[$get_doc])*
            #[utoipa::path(
                tag = "registry", params(($param = String, Path)),
                responses((status = 200, body = $view), (status = 404, body = ProblemView))
            )]
            #[get($one)]
            pub async fn get(ctx: Ctx, path: web::Path<String>) -> Result<HttpResponse, Problem> {
                let (said, tag) = told::<Entity>(&registry::get::<Entity>(&ctx, &path)?);
                Ok(HttpResponse::Ok()
                    .insert_header((header::ETAG, tag.clone()))
                    .insert_header((header::CACHE_CONTROL, "no-cache"))
                    .json($view::from((said, tag))))
            }

            $(#[$add_doc])*
            #[utoipa::path(
                tag = "registry", request_body = $body,
                responses((status = 201, body = $view), (status = 401, body = ProblemView),
                          (status = 403, body = ProblemView), (status = 409, body = ProblemView),
                          (status = 422, body = ProblemView)),
                security(("bearer" = []))
            )]
            #[post($list)]
            pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
                ctx.require(Action::Create, <Entity as Entry>::RIGHT)?;
                let body: $body = body::json(&body.0)?;
                let entered = registry::add::<Entity>(&ctx, said(body)?).await?;
                let (said, tag) = told::<Entity>(&entered);
                let at = format!("{}/{}", $list, <Entity as Entry>::code(&entered.row));
                Ok(HttpResponse::Created()
                    .insert_header((header::ETAG, tag.clone()))
                    .insert_header((header::LOCATION, at))
                    .json($view::from((said, tag))))
            }

            $(#[$change_doc])*
            #[utoipa::path(
                tag = "registry",
                params(($param = String, Path),
                       ("If-Match" = Option<String>, Header, description = "Required: an ETag, or *")),
                request_body = $body,
                responses((status = 200, body = $view), (status = 401, body = ProblemView),
                          (status = 403, body = ProblemView), (status = 404, body = ProblemView),
                          (status = 412, body = ProblemView), (status = 422, body = ProblemView),
                          (status = 428, body = ProblemView)),
                security(("bearer" = []))
            )]
            #[patch($one)]
            pub async fn change(
                ctx: Ctx,
                path: web::Path<String>,
                request: HttpRequest,
                body: Body,
            ) -> Result<HttpResponse, Problem> {
                ctx.require(Action::Change, <Entity as Entry>::RIGHT)?;
                let body: $body = body::json(&body.0)?;
                let seen = tags::if_match(request.headers());
                let entered = registry::change::<Entity>(&ctx, &path, said(body)?, seen.as_ref()).await?;
                let (said, tag) = told::<Entity>(&entered);
                Ok(HttpResponse::Ok().insert_header((header::ETAG, tag.clone())).json($view::from((said, tag))))
            }
        }
    };
}
use routes;
