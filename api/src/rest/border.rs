//! The outermost layer: request id, language, span, time limit, metrics. Everything that leaves passes here.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actix_web::{
    Error as ActixError, HttpMessage, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use chrono::Utc;
use tracing::Instrument;

use super::{bounds, changes, oauth, problem::Problem};
use crate::{
    House,
    authz::Role,
    ctx::Ctx,
    domain::refusals::Attempt,
    error::{Code, Error, Text},
    request_id, telemetry,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id and its language, and the answer its headers.
pub async fn border(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let began = Instant::now();
    let house = request.app_data::<web::Data<House>>().cloned();
    let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let id = request_id::accept_request_id(text(&X_REQUEST_ID));
    let route = request.match_pattern();
    let method = request.method().clone();
    let path = request.path().to_owned();
    let door = format!("{method} {}", route.as_deref().unwrap_or("*"));
    let refused = request_id::Refused::default();
    let address = house.as_ref().and_then(|house| {
        let peer = request.peer_addr().map(|address| address.ip());
        bounds::client(peer, request.headers(), &house.config.server.trusted_proxies).map(|ip| ip.to_string())
    });
    let current = request_id::Request {
        language: request_id::accept_language(text(&header::ACCEPT_LANGUAGE)),
        address: address.clone(),
        id: id.clone(),
        door: door.clone(),
        refused: refused.clone(),
    };
    let limit = house
        .as_ref()
        .map_or(Duration::from_secs(60), |house| Duration::from_secs(house.config.limits.request_timeout_seconds));
    let fits = house.as_ref().map_or(Ok(()), |house| bounds::head(&house.config.limits, &request));
    let arrival = house.as_ref().map(|house| bounds::hurry(&house.config.limits, &mut request)).unwrap_or_default();
    // Who waits for news is not slow.
    let limit = if route.as_deref() == Some(changes::PATH) { limit + changes::LONGER } else { limit };
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %method,
        http.route = route.as_deref().unwrap_or("unmatched"),
        http.status = tracing::field::Empty,
        actor.role = tracing::field::Empty,
    );
    let answered = async {
        let answering = async {
            match fits {
                Ok(()) => next.call(request).await.map(ServiceResponse::map_into_boxed_body),
                Err(fault) => Ok(request.into_response(Problem::from(fault).error_response())),
            }
        };
        let answer = match tokio::time::timeout(limit, answering).await {
            Ok(answer) => answer,
            // Whoever trickles its body is not told that we are to blame.
            Err(_) if arrival.is_awaited() => Err(Problem::from(arrival.too_slow()).into()),
            Err(_) => Err(Problem::from(Error::Unavailable("time limit")).into()),
        }
        // Made an answer here: outside of the request's scope it would have no id and no language.
        .map_err(|error| error.error_response());
        let status = answer.as_ref().map_or_else(HttpResponse::status, ServiceResponse::status).as_u16();
        tracing::Span::current().record("http.status", status);
        let took = began.elapsed();
        tracing::info!(took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered");
        telemetry::count_request(route.as_deref(), method.as_str(), status, took);
        if let Some(house) = &house {
            let codes = refusals(refused.take(), status, route.as_deref(), answer.as_ref().ok());
            let extensions = answer.as_ref().ok().map(|answer| answer.request().extensions());
            let ctx = extensions.as_ref().and_then(|all| all.get::<Ctx>());
            let attempt = Attempt {
                actor: ctx.map(|ctx| &*ctx.actor),
                address: address.as_deref(),
                door: &door,
                request_id: &id,
            };
            house.refusals.count(Utc::now(), attempt, &codes);
        }
        answer
    };
    let polite = |headers: &mut HeaderMap| {
        if let Some(house) = &house {
            house.manners.apply(&path, headers);
        }
    };
    match request_id::scope(current, answered.instrument(span)).await {
        Ok(mut answer) => {
            sign(answer.headers_mut(), &id);
            polite(answer.headers_mut());
            Ok(answer)
        }
        Err(mut answer) => {
            sign(answer.headers_mut(), &id);
            polite(answer.headers_mut());
            Err(InternalError::from_response("refused", answer).into())
        }
    }
}

/// What a request was refused that is worth an entry in the journal.
fn refusals(
    mut codes: BTreeMap<&'static str, u64>,
    status: u16,
    route: Option<&str>,
    answer: Option<&ServiceResponse>,
) -> BTreeMap<&'static str, u64> {
    let is_token = route.is_some_and(oauth::is_of_clients);
    if codes.is_empty() {
        // The token endpoint has errors of its own form.
        match status {
            401 => codes.insert(Code::Unauthenticated.row().name, 1),
            403 => codes.insert(Code::Forbidden.row().name, 1),
            400 if is_token => codes.insert(Code::Malformed.row().name, 1),
            _ => None,
        };
    }
    // A school that asks for a table of its own before it has stated it is refused nothing.
    let own = answer.is_some_and(|answer| {
        let request = answer.request();
        let school = request.match_info().get("school");
        request
            .extensions()
            .get::<Ctx>()
            .is_some_and(|ctx| ctx.actor.role == Role::School && school == Some(ctx.actor.org()))
    });
    if own {
        codes.remove(Code::NotFound.row().name);
    }
    codes
}

/// What every answer has.
fn sign(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
    // Said to our own compression; on the wire it means nothing.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "identity") {
        headers.remove(header::CONTENT_ENCODING);
    }
}

/// What is at no address, or at one that knows other methods.
pub async fn nothing_here(request: actix_web::HttpRequest, known: web::Data<super::Known>) -> HttpResponse {
    let allowed = known.methods(request.path());
    if allowed.is_empty() {
        return Problem::from(Error::NotFound(crate::authz::Kind::Route)).error_response();
    }
    let mut answer = Problem::from(Error::MethodNotAllowed).error_response();
    if let Ok(value) = HeaderValue::from_str(&allowed.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, value);
    }
    answer
}

/// Parameters that do not read are a problem like any other.
pub fn parameters() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|fault, _| {
        let text =
            Text::new(format!("地址参数无法读取：{fault}"), format!("The parameters could not be read: {fault}"));
        Problem::from(Error::Malformed(text)).into()
    })
}

/// An address that does not read is one that nothing is at.
pub fn addresses() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| Problem::from(Error::NotFound(crate::authz::Kind::Route)).into())
}

/// An address or a query string that does not read.
pub fn unreadable(fault: impl std::fmt::Display, _: &actix_web::HttpRequest) -> ActixError {
    Problem::from(Error::Malformed(Text::new(
        format!("地址或查询参数无法读取：{fault}"),
        format!("The address or its query does not read: {fault}"),
    )))
    .into()
}
