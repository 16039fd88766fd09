//! `Idempotency-Key` on the writes of `/v1`: the layer that gives the kept answer, or has one made and kept.
//!
//! It stands inside of authentication and outside of every route, so that a route cannot forget it, and a
//! kept answer comes before `If-Match` is looked at. Bodies are not held here: they are hashed on their way.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error as ActixError, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError,
    body::{BoxBody, MessageBody, to_bytes},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{self, Bytes},
};
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use utoipa::openapi::{
    Object, PathItem, RefOr, Required, Type,
    path::{ParameterBuilder, ParameterIn},
};

use super::problem::Problem;
use crate::{
    House,
    authz::Role,
    ctx::{
        Ctx,
        once::{Fate, Once, busy},
    },
    domain::idempotency::{self, Answer},
    error::{Error, Result, Text},
};

/// The header that carries the key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What belongs to an answer and not to its transport.
const KEPT: &[HeaderName] = &[
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::ETAG,
    header::LOCATION,
    header::LAST_MODIFIED,
    header::CACHE_CONTROL,
];

/// Whether a request is one that a key may name. What hands out tokens is not: nobody keeps those.
pub fn applies(method: &Method, path: &str) -> bool {
    [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(method)
        && path.starts_with("/v1/")
        && path != "/v1/session"
        && !path.starts_with("/v1/session/")
}

/// Put into the extensions of an answer that tells a secret: the body that is kept in its stead. The effect is
/// had once, and the secret is told once; the database never has it.
#[derive(Clone, Debug)]
pub struct Kept(pub String);

/// Puts the header into the description of every write that takes it.
pub fn describe(path: &str, item: &mut PathItem) {
    let writes = [
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    for (method, write) in writes {
        if !applies(&method, path) {
            continue;
        }
        if let Some(write) = write {
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("1 to 255 visible ASCII characters: the same key and body get the same answer"))
                .schema(Some(Object::with_type(Type::String)));
            write.parameters.get_or_insert_default().push(RefOr::T(key.build()));
        }
    }
}

/// Has a request with a key its effect once.
pub async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    if !applies(request.method(), request.path()) || !request.headers().contains_key(KEY) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let sent = Rc::new(RefCell::new(Sent::new(request.take_payload(), request.headers())));
    let mut keys = request.headers().get_all(KEY);
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) => key.as_bytes(),
        _ => &[],
    };
    let key = match idempotency::check(key) {
        Ok(key) => key.to_owned(),
        Err(error) => {
            // An answer before the end of the body would cost the client its connection.
            let _broken_off = fingerprint(&sent).await;
            return Ok(request.into_response(Problem::from(error).error_response()));
        }
    };
    request.set_payload(Payload::Stream { payload: Box::pin(Passing(Rc::clone(&sent))) });
    let house = request.app_data::<web::Data<House>>().cloned();
    let ctx = request.extensions().get::<Ctx>().cloned();
    let (Some(house), Some(ctx)) = (house, ctx) else {
        return Err(Problem::from(Error::internal("a route outside of authentication")).into());
    };
    if ctx.actor.role == Role::Public {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    let once = Arc::new(Once::new(&ctx.actor, &format!("{} {address}", request.method()), &key));
    let own = Own { route: format!("{} {}", request.method(), request.path()), ctx, once, sent };

    let Some(_turn) = house.turns.take(&own.once).await else {
        let _broken_off = fingerprint(&own.sent).await;
        return Ok(request.into_response(still_at_work()));
    };
    match own.again().await {
        Ok(None) => {}
        Ok(Some(answer)) => return Ok(request.into_response(answer)),
        Err(error) => return Ok(request.into_response(Problem::from(error).error_response())),
    }
    request.extensions_mut().insert(own.ctx.with(Arc::clone(&own.once)));
    let (request, answer) = next.call(request).await?.map_into_boxed_body().into_parts();
    match own.settle(answer).await {
        Ok(answer) => Ok(ServiceResponse::new(request, answer)),
        Err(error) => Ok(refused(request, error)),
    }
}

fn refused(request: HttpRequest, error: Error) -> ServiceResponse<BoxBody> {
    ServiceResponse::new(request, Problem::from(error).error_response())
}

fn still_at_work() -> HttpResponse {
    let mut answer = Problem::from(busy()).error_response();
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// A request with a key, and what is needed to settle it.
struct Own {
    route: String,
    ctx: Ctx,
    once: Arc<Once>,
    sent: Rc<RefCell<Sent>>,
}

impl Own {
    /// The answer that is kept, if there is one.
    async fn again(&self) -> Result<Option<HttpResponse>> {
        let Some(kept) = idempotency::find(&self.ctx, &self.once).await? else { return Ok(None) };
        let answer = kept.to(&fingerprint(&self.sent).await?)?;
        let mut response = HttpResponseBuilder::new(StatusCode::from_u16(answer.status).map_err(Error::internal)?);
        for (name, value) in &answer.headers {
            response.insert_header((name.as_str(), value.as_str()));
        }
        response.insert_header((REPLAYED, "true"));
        Ok(Some(response.body(answer.body)))
    }

    async fn again_for_sure(&self) -> Result<HttpResponse> {
        self.again().await?.ok_or_else(|| Error::internal("an answer was kept, and is gone"))
    }

    /// Keeps an answer together with its effect; takes the effect back where the request was refused.
    async fn settle(&self, response: HttpResponse) -> Result<HttpResponse> {
        match self.once.fate() {
            Fate::Open if response.status().is_success() => {}
            fate => {
                self.once.abandon().await?;
                return match fate {
                    Fate::Open => Ok(response),
                    Fate::Answered => self.again_for_sure().await,
                    Fate::Busy => Ok(still_at_work()),
                };
            }
        }
        let (head, body) = response.into_parts();
        let body = to_bytes(body).await.map_err(Error::internal)?;
        let without_secret = head.extensions().get::<Kept>().map(|kept| kept.0.clone());
        let answer = Answer {
            status: head.status().as_u16(),
            headers: kept(head.headers()),
            body: without_secret.map_or_else(|| String::from_utf8(body.to_vec()), Ok).map_err(Error::internal)?,
        };
        let fingerprint = fingerprint(&self.sent).await?;
        if idempotency::keep(&self.ctx, &self.once, &self.route, fingerprint, &answer).await? {
            Ok(head.set_body(BoxBody::new(body)))
        } else if self.once.fate() == Fate::Busy {
            Ok(still_at_work())
        } else {
            self.again_for_sure().await
        }
    }
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    KEPT.iter().filter_map(|name| Some((name.as_str().to_owned(), text(name)?))).collect()
}

/// A body on its way: whatever passes is hashed.
struct Sent {
    payload: Payload,
    print: Print,
}

impl Sent {
    fn new(payload: Payload, headers: &HeaderMap) -> Self {
        Self { payload, print: Print::new(boundary(headers)) }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        let passing = Pin::new(&mut self.payload).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &passing {
            self.print.add(bytes);
        }
        passing
    }
}

/// The body as the route reads it.
struct Passing(Rc<RefCell<Sent>>);

impl Stream for Passing {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(cx)
    }
}

/// Reads what is left of a body, and says what all of it was.
async fn fingerprint(sent: &Rc<RefCell<Sent>>) -> Result<String> {
    let mut rest = Passing(Rc::clone(sent));
    while let Some(chunk) = rest.next().await {
        chunk.map_err(|_| Error::Malformed(Text::new("请求内容在传输中中断", "The body broke off on its way")))?;
    }
    Ok(sent.borrow().print.clone().end())
}

/// The longest boundary (RFC 2046); whoever sends a longer one has it hashed like the rest.
const LONGEST_BOUNDARY: usize = 70;

/// The boundary of a body in several parts: clients make up another for each try.
fn boundary(headers: &HeaderMap) -> Option<Vec<u8>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';')?;
    let value = parameters.split(';').find_map(|one| {
        let (name, value) = one.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    let is_parts = kind.trim().to_ascii_lowercase().starts_with("multipart/");
    (is_parts && (1..=LONGEST_BOUNDARY).contains(&value.len())).then(|| value.as_bytes().to_vec())
}

/// SHA-256 of a body, without the boundary between its parts.
#[derive(Clone)]
struct Print {
    hash: Sha256,
    boundary: Option<Vec<u8>>,
    /// The end of what has passed, which may be the beginning of a boundary.
    held: Vec<u8>,
}

impl Print {
    fn new(boundary: Option<Vec<u8>>) -> Self {
        Self { hash: Sha256::new(), boundary, held: Vec::new() }
    }

    fn add(&mut self, bytes: &[u8]) {
        let Some(boundary) = &self.boundary else { return self.hash.update(bytes) };
        self.held.extend_from_slice(bytes);
        let mut passed = 0;
        // Nothing is moved before the end: a body of nothing but boundaries costs no more than another.
        while let Some(rest) = self.held.get(passed..)
            && let Some(at) = rest.windows(boundary.len()).position(|window| window == boundary)
        {
            self.hash.update(rest.get(..at).unwrap_or_default());
            passed += at + boundary.len();
        }
        let end = self.held.len().saturating_sub(boundary.len().saturating_sub(1)).max(passed);
        self.hash.update(self.held.get(passed..end).unwrap_or_default());
        self.held.drain(..end);
    }

    fn end(mut self) -> String {
        self.hash.update(&self.held);
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(boundary: Option<&str>, chunks: &[&str]) -> String {
        let mut print = Print::new(boundary.map(|text| text.as_bytes().to_vec()));
        for chunk in chunks {
            print.add(chunk.as_bytes());
        }
        print.end()
    }

    #[test]
    fn a_fingerprint_does_not_know_how_a_body_was_cut_up() {
        let whole = print(None, &["one two three"]);
        assert_eq!(whole, crate::formats::document::sha256("one two three"));
        assert_eq!(print(None, &["one ", "", "two three"]), whole);
        assert_ne!(print(None, &["one two thre"]), whole);
    }

    #[test]
    fn parts_are_the_same_under_another_boundary() {
        let first = print(Some("--aaab"), &["----aaab\r\nfile\r\n----aaab--\r\n"]);
        for chunks in [&["----xyz\r\nfile\r\n----xyz--\r\n"][..], &["----x", "yz\r\nfi", "le\r\n----xy", "z--\r\n"]] {
            assert_eq!(print(Some("--xyz"), chunks), first, "{chunks:?}");
        }
        assert_ne!(print(Some("--xyz"), &["----xyz\r\nfilm\r\n----xyz--\r\n"]), first);
    }

    /// Each boundary that was found used to move all that stood behind it.
    #[test]
    fn a_body_of_nothing_but_boundaries_is_hashed_like_another() {
        let body = "a".repeat(1 << 20);
        let began = std::time::Instant::now();
        let empty = print(Some("a"), &[]);
        assert_eq!(print(Some("a"), &[&body]), empty);
        assert_eq!(print(Some("a"), &[&body, "b"]), print(None, &["b"]));
        assert_eq!(print(Some("aa"), &["a", "aba", "aab"]), print(None, &["bab"]));
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn keys_are_for_writes_of_v1() {
        for (method, path, is) in [
            (Method::PUT, "/v1/schools/62001/submissions/scale/2023", true),
            (Method::DELETE, "/v1/x", true),
            (Method::GET, "/v1/releases", false),
            (Method::POST, "/v1/session", false),
            (Method::PUT, "/v1/session/password", false),
            (Method::POST, "/v1/sessions", true),
            (Method::POST, "/graphql", false),
            (Method::POST, "/oauth/token", false),
        ] {
            assert_eq!(applies(&method, path), is, "{method} {path}");
        }
    }
}
