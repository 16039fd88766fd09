//! The outermost layer: request id, language, span, time limit, metrics. Everything that leaves passes here.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    Error as ActixError, HttpMessage, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::{InternalError, PayloadError},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::{self, Bytes},
};
use futures::Stream;
use tracing::Instrument;

use super::{changes, problem::Problem};
use crate::{
    House,
    error::{Error, Text},
    request_id, telemetry,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id and its language, and the answer its headers.
pub async fn border(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let began = Instant::now();
    let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let id = request_id::accept_request_id(text(&X_REQUEST_ID));
    let current = request_id::Request {
        language: request_id::accept_language(text(&header::ACCEPT_LANGUAGE)),
        address: request.peer_addr().map(|address| address.ip().to_string()),
        id: id.clone(),
    };
    let route = request.match_pattern();
    let method = request.method().clone();
    let limit = request
        .app_data::<web::Data<House>>()
        .map_or(Duration::from_secs(60), |house| Duration::from_secs(house.config.limits.request_timeout_seconds));
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
    let is_awaited = Rc::new(Cell::new(false));
    match request.take_payload() {
        Payload::None => {}
        payload => request.set_payload(Payload::Stream {
            payload: Box::pin(Arriving { payload, is_awaited: Rc::clone(&is_awaited) }),
        }),
    }
    let answered = async {
        let answer = match tokio::time::timeout(limit, next.call(request)).await {
            Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
            // Whoever trickles its body is not told that we are to blame.
            Err(_) if is_awaited.get() => Err(Problem::from(Error::RequestTimeout).into()),
            Err(_) => Err(Problem::from(Error::Unavailable("time limit")).into()),
        }
        // Made an answer here: outside of the request's scope it would have no id and no language.
        .map_err(|error| error.error_response());
        let status = answer.as_ref().map_or_else(HttpResponse::status, ServiceResponse::status).as_u16();
        tracing::Span::current().record("http.status", status);
        let took = began.elapsed();
        tracing::info!(took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered");
        telemetry::count_request(route.as_deref(), method.as_str(), status, took);
        answer
    };
    match request_id::scope(current, answered.instrument(span)).await {
        Ok(mut answer) => {
            sign(answer.headers_mut(), &id);
            Ok(answer)
        }
        Err(mut answer) => {
            sign(answer.headers_mut(), &id);
            Err(InternalError::from_response("refused", answer).into())
        }
    }
}

/// A body on its way, which tells whether the service is waiting for the client.
struct Arriving {
    payload: Payload,
    is_awaited: Rc<Cell<bool>>,
}

impl Stream for Arriving {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let came = Pin::new(&mut self.payload).poll_next(cx);
        self.is_awaited.set(came.is_pending());
        came
    }
}

/// What every answer has.
fn sign(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
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
