//! How much a caller may ask for, at the door: which budget a request takes from, and what the answer says of it.
//!
//! `RateLimit` and `RateLimit-Policy` are those of the IETF draft (ratelimit-headers); a refusal is 429 with
//! `Retry-After`. GraphQL takes from its budgets itself: only it knows what is asked.

use std::{fmt::Write, sync::Arc};

use actix_web::{
    Error as ActixError, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, RefOr, ResponseBuilder};

use super::{extract::drain, oauth, problem::Problem};
use crate::{
    House,
    authz::Actor,
    ctx::Ctx,
    rate::{Budget, Caller, Refusal, Standing},
    request_id,
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where people and clients say who they are; counted by address, whatever else comes with the request.
const LOGIN: &[&str] = &[oauth::TOKEN_PATH, oauth::REVOKE_PATH, "/v1/session"];

/// The budget that a request takes from; nothing where it is not counted here.
pub fn budget(method: &Method, path: &str) -> Option<Budget> {
    if path == "/graphql" || path.starts_with("/health/") {
        return None;
    }
    if (*method == Method::POST && LOGIN.contains(&path)) || path.starts_with("/v1/session/") {
        return Some(Budget::Login);
    }
    if path == "/openapi.json" || path == "/docs" || path.starts_with("/docs/") {
        return Some(Budget::Structure);
    }
    let is_read = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    Some(if is_read { Budget::Reads } else { Budget::Writes })
}

/// Takes from the caller's budget, or answers 429.
pub async fn limit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let actor = request.extensions().get::<Ctx>().map(|ctx| Arc::clone(&ctx.actor));
    match charge(&request, actor.as_deref()).await {
        Ok(standing) => {
            let mut answer = next.call(request).await?.map_into_boxed_body();
            tell(answer.headers_mut(), standing.as_slice());
            Ok(answer)
        }
        Err(refusal) => Ok(refuse(request, refusal).await.map_into_boxed_body()),
    }
}

/// Takes for a request from the budget of whoever sends it; a caller that is not known counts by its address.
pub async fn charge(request: &ServiceRequest, actor: Option<&Actor>) -> Result<Option<Standing>, Refusal> {
    let (Some(house), Some(budget)) =
        (request.app_data::<web::Data<House>>(), budget(request.method(), request.path()))
    else {
        return Ok(None);
    };
    let address = request_id::current_address();
    let caller = match actor {
        Some(actor) if budget != Budget::Login => Caller::of(actor, address.as_deref()),
        _ => Some(Caller::at(address.as_deref())),
    };
    match caller {
        Some(caller) => house.rates.take(caller, budget, 1).await,
        None => Ok(None),
    }
}

/// Answers a request whose budget is spent, at the end of its body.
pub async fn refuse(mut request: ServiceRequest, refusal: Refusal) -> ServiceResponse {
    let most = request.app_data::<web::Data<House>>().map_or(0, |house| house.config.limits.body_bytes);
    drain(request.take_payload(), most).await;
    let mut answer = Problem::from(refusal.error()).error_response();
    tell(answer.headers_mut(), &[refusal.standing]);
    request.into_response(answer)
}

/// Says where the caller stands.
pub fn tell(headers: &mut HeaderMap, standings: &[Standing]) {
    if standings.is_empty() {
        return;
    }
    let (mut limit, mut policy) = (String::with_capacity(48), String::with_capacity(48));
    for (at, standing) in standings.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let name = standing.budget.name();
        // Writing into a text cannot fail.
        let _written = write!(limit, "{comma}\"{name}\";r={};t={}", standing.remaining, standing.reset);
        let _written = write!(policy, "{comma}\"{name}\";q={};w={}", standing.quota, standing.window);
    }
    for (name, value) in [(RATE_LIMIT, limit), (RATE_LIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// Puts the refusal into the document of an operation that does not have it.
pub fn describe(item: &mut PathItem) {
    for operation in
        [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
    {
        operation.responses.responses.entry("429".to_owned()).or_insert_with(|| {
            let schema = Ref::from_schema_name("ProblemView");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new()
                .description("A budget is spent; `Retry-After` says until when")
                .content("application/problem+json", content)
                .build();
            RefOr::T(response)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_its_budget() {
        for (method, path, expected) in [
            (Method::GET, "/v1/releases", Some(Budget::Reads)),
            (Method::HEAD, "/v1/releases", Some(Budget::Reads)),
            (Method::PUT, "/v1/schools/62001/submissions/scale/2023", Some(Budget::Writes)),
            (Method::POST, "/v1/batches", Some(Budget::Writes)),
            (Method::POST, "/oauth/token", Some(Budget::Login)),
            (Method::POST, "/v1/session", Some(Budget::Login)),
            (Method::DELETE, "/v1/session", Some(Budget::Writes)),
            (Method::GET, "/oauth/token", Some(Budget::Reads)),
            (Method::GET, "/openapi.json", Some(Budget::Structure)),
            (Method::GET, "/docs/index.html", Some(Budget::Structure)),
            (Method::GET, "/docsx", Some(Budget::Reads)),
            (Method::POST, "/graphql", None),
            (Method::GET, "/health/ready", None),
            (Method::GET, "/nothing/here", Some(Budget::Reads)),
        ] {
            assert_eq!(budget(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn standings_are_told_as_the_draft_writes_them() {
        let standing = |budget, remaining| Standing { budget, quota: 200, window: 10, remaining, reset: 3 };
        let mut headers = HeaderMap::new();
        tell(&mut headers, &[]);
        assert!(headers.is_empty());
        tell(&mut headers, &[standing(Budget::Reads, 150), standing(Budget::Cost, 7)]);
        let said = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(said("ratelimit"), "\"reads\";r=150;t=3, \"cost\";r=7;t=3");
        assert_eq!(said("ratelimit-policy"), "\"reads\";q=200;w=10, \"cost\";q=200;w=10");
    }
}
