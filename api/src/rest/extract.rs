//! Who asks: the layer that turns `Authorization` into a [`Ctx`], and the extractor that hands it over.
//!
//! Where there is no header the console's cookie is looked at; no cookie is a caller too, the public. A header that is not good is refused at every
//! address; it is never taken for none.

use std::future::{Ready, ready};

use actix_web::{
    Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};
use futures::StreamExt;

use super::{console, oauth, problem::Problem, rates, session};
use crate::{
    House,
    authn::tokens::Tokens,
    authz::Actor,
    ctx::Ctx,
    error::{Error, Result, Text},
};

const INVALID_TOKEN: HeaderValue = HeaderValue::from_static("Bearer realm=\"zhiqiao\", error=\"invalid_token\"");

/// Finds out who asks, once for each request.
pub async fn authenticate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let Some(house) = request.app_data::<web::Data<House>>().cloned() else {
        return Err(Problem::from(Error::internal("a server without its house")).into());
    };
    // There, the header speaks of a client and its secret.
    let (who, by_cookie) =
        if oauth::is_of_clients(request.path()) { (Ok(Actor::public()), false) } else { asked(&house, &request).await };
    match who {
        Ok(actor) => {
            tracing::Span::current().record("actor.role", actor.role.name());
            request.extensions_mut().insert(house.ctx(actor));
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(error) => {
            // Who tries tokens counts by its address.
            if let Err(refusal) = rates::charge(&request, None).await {
                return Ok(rates::refuse(request, refusal).await);
            }
            // Behind an upgrade there is no body but a line, which has no end.
            if !request.headers().contains_key(header::UPGRADE) {
                drain(request.take_payload(), house.config.limits.body_bytes).await;
            }
            let is_stale = by_cookie && matches!(error, Error::Unauthenticated(_));
            let mut answer = refusal(error);
            if is_stale && let Ok(cleared) = console::clear(&house.config) {
                // Or the browser would be refused everywhere until the cookie's time is over.
                answer.headers_mut().append(header::SET_COOKIE, cleared);
            }
            Ok(request.into_response(answer))
        }
    }
}

/// The access token that a request comes with, by its header or by the console's cookie.
pub fn token_of<'a>(house: &House, headers: &'a HeaderMap) -> Result<Option<&'a str>> {
    match bearer(headers)? {
        Some(token) => Ok(Some(token)),
        None => console::token(&house.config, headers),
    }
}

/// Who a request that only reads says it is, if that is good now.
pub async fn caller(house: &House, headers: &HeaderMap) -> Result<Actor> {
    match token_of(house, headers)? {
        None => Ok(Actor::public()),
        Some(token) => Tokens::new(&house.config).authenticate(&house.memory, token).await,
    }
}

/// Who asks, if that is good now; and whether a cookie says so.
async fn asked(house: &House, request: &ServiceRequest) -> (Result<Actor>, bool) {
    let headers = request.headers();
    match bearer(headers) {
        Err(error) => return (Err(error), false),
        // Whoever sends a header never means the cookie.
        Ok(Some(token)) => return (Tokens::new(&house.config).authenticate(&house.memory, token).await, false),
        Ok(None) => {}
    }
    // Who signs in anew is not asked who it was.
    if request.method() == Method::POST && request.path() == session::PATH {
        return (Ok(Actor::public()), false);
    }
    let token = match console::token(&house.config, headers) {
        Ok(Some(token)) => token,
        Ok(None) => return (Ok(Actor::public()), false),
        Err(error) => return (Err(error), true),
    };
    let who = match console::check(&house.config, request.method(), headers, token) {
        Ok(()) => Tokens::new(&house.config).authenticate(&house.memory, token).await,
        Err(error) => Err(error),
    };
    // Whoever wants to be out is let out, however old the cookie.
    if request.method() == Method::DELETE && request.path() == session::PATH && is_unknown(&who) {
        return (Ok(Actor::public()), false);
    }
    (who, true)
}

fn is_unknown(who: &Result<Actor>) -> bool {
    matches!(who, Err(Error::Unauthenticated(_)))
}

/// The token of the one `Authorization: Bearer`; nothing where there is no such header.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut all = headers.get_all(header::AUTHORIZATION);
    let Some(value) = all.next() else {
        return Ok(None);
    };
    match (value.to_str().ok().and_then(token), all.next()) {
        (Some(token), None) => Ok(Some(token)),
        (None, _) | (_, Some(_)) => Err(not_understood()),
    }
}

/// The token of `Bearer …`.
pub fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}

/// The refusal of anything else.
pub fn not_understood() -> Error {
    Error::Unauthenticated(Text::new(
        "Authorization 请求头无法识别：请写成一个 Authorization: Bearer <访问令牌>，或不带该请求头",
        "The Authorization header is not understood: send one `Authorization: Bearer <access token>`, or none",
    ))
}

fn refusal(error: Error) -> HttpResponse {
    let is_caller_unknown = matches!(error, Error::Unauthenticated(_));
    let mut answer = Problem::from(error).error_response();
    if is_caller_unknown {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, INVALID_TOKEN);
    }
    answer
}

/// Reads a body and throws it away: an answer before its end would cost the client its
/// connection, and often the answer, too.
pub(super) async fn drain(mut payload: Payload, limit: usize) {
    let mut total = 0_usize;
    while let Some(Ok(chunk)) = payload.next().await {
        total = total.saturating_add(chunk.len());
        if total > limit {
            break;
        }
    }
}

impl FromRequest for Ctx {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Put there by the layer above and by nothing else: without it, the route stands outside.
        let ctx = request.extensions().get::<Self>().cloned();
        ready(ctx.ok_or_else(|| Error::internal("a route outside of authentication").into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_found() {
        assert_eq!(bearer(&headers(&[])).unwrap(), None);
        for good in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c "] {
            assert_eq!(bearer(&headers(&[good])).unwrap(), Some("a.b.c"), "{good}");
        }
    }

    #[test]
    fn a_bad_header_is_never_no_header() {
        for bad in [
            &["Basic YTpi"][..],
            &["Bearer"],
            &["Bearer "],
            &[""],
            &["a.b.c"],
            &["Bearer\ta.b.c"],
            &["Bearer 职桥"],
            &["Bearer a.b.c", "Bearer a.b.c"],
            &["Bearer a.b.c", "Basic YTpi"],
        ] {
            assert!(matches!(bearer(&headers(bad)), Err(Error::Unauthenticated(_))), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wanted() {
        let answer = refusal(Error::Unauthenticated(Text::default()));
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers().get_all(header::WWW_AUTHENTICATE).collect::<Vec<_>>(), [&INVALID_TOKEN]);
        assert!(!refusal(Error::Unavailable("late")).headers().contains_key(header::WWW_AUTHENTICATE));
    }
}
