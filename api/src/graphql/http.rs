//! GraphQL over HTTP: methods, media types, statuses, the page for a browser, and the line of a
//! websocket. The only file of the room that names the server.

use std::sync::LazyLock;

use actix_web::{
    Error as ActixError, HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
    web,
};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseReason, Session};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Utc;
use sha2::{Digest, Sha256};

use super::{
    charges::Charged,
    request::{GraphqlAnswer, GraphqlRequest, Media, reply},
    socket::{self, Heard, Line, PROTOCOL},
};
use crate::{
    House,
    config::Shown,
    ctx::Ctx,
    domain::refusals::Attempt,
    error::{Code, Error, Result, Text},
    rate::Budget,
    request_id,
    rest::{body, console, extract::bearer, problem::Problem, rates::tell},
};

/// How the journal names a websocket.
const DOOR: &str = "WEBSOCKET /graphql";

const RESPONSE: &str = "application/graphql-response+json";
const LEGACY: &str = "application/json";

/// Puts the interface at `/graphql`.
pub fn mount(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/graphql")
            .route(web::get().to(get))
            .route(web::post().to(post))
            .default_service(web::route().to(other_method)),
    );
}

async fn other_method() -> HttpResponse {
    let mut answer = Problem::from(Error::MethodNotAllowed).error_response();
    answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, POST"));
    answer
}

/// A query, the page for a browser, or a websocket.
async fn get(
    request: HttpRequest,
    ctx: Ctx,
    house: web::Data<House>,
    payload: web::Payload,
) -> Result<HttpResponse, ActixError> {
    if request.headers().contains_key(header::SEC_WEBSOCKET_KEY) {
        // To open one is a read, and so is every operation on it.
        Charged::default().take(&house.rates, &ctx, Budget::Reads, 1).await.map_err(Problem::from)?;
        return open(&request, house, payload);
    }
    if house.config.graphql.page && wants_page(request.headers()) {
        let mut charged = Charged::default();
        charged.take(&house.rates, &ctx, Budget::Structure, 1).await.map_err(Problem::from)?;
        let mut answer = page(house.config.graphql.introspection);
        tell(answer.headers_mut(), &charged.standings);
        return Ok(answer);
    }
    let media = media(request.headers()).map_err(Problem::from)?;
    let read = GraphqlRequest::read_address(request.query_string());
    Ok(answer(reply(&house.schema, ctx, read, true).await, media))
}

/// A websocket, if the client speaks the protocol.
fn open(request: &HttpRequest, house: web::Data<House>, payload: web::Payload) -> Result<HttpResponse, ActixError> {
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|one| one.trim() == PROTOCOL) {
        return Err(Problem::from(Error::Malformed(Text::new(
            format!("WebSocket 子协议应为 {PROTOCOL}（Sec-WebSocket-Protocol）"),
            format!("The websocket speaks {PROTOCOL}: offer it in Sec-WebSocket-Protocol"),
        )))
        .into());
    }
    let headers = request.headers();
    let token = match bearer(headers).map_err(Problem::from)? {
        Some(token) => Some(token),
        // A websocket is not kept from other sites by the browser: a page of ours must have opened it.
        None if console::opens_here(&house.config, headers) => {
            console::token(&house.config, headers).map_err(Problem::from)?
        }
        None => None,
    };
    let token = token.map(str::to_owned);
    let (response, session, messages) = actix_ws::handle_with_protocols(request, payload, &[PROTOCOL])?;
    let bytes = house.config.limits.graphql_body_bytes;
    let messages = messages.max_frame_size(bytes).aggregate_continuations().max_continuation_size(bytes);
    let refused = request_id::Refused::default();
    let current = request_id::Request {
        id: request_id::current_id(),
        language: request_id::current_language(),
        address: request_id::current_address(),
        door: DOOR.to_owned(),
        refused: refused.clone(),
    };
    let (address, id) = (current.address.clone(), current.id.clone());
    actix_web::rt::spawn(request_id::scope(current, async move {
        let mut line = Websocket { session, messages };
        let (ending, actor) = socket::converse(&house, token, &mut line).await;
        let mut codes = refused.take();
        if ending.is_some_and(|(code, _)| matches!(code, 4401 | 4403)) {
            *codes.entry(Code::Unauthenticated.row().name).or_default() += 1;
        }
        let attempt = Attempt { actor: actor.as_ref(), address: address.as_deref(), door: DOOR, request_id: &id };
        house.refusals.count(Utc::now(), attempt, &codes);
        let reason = ending.map(|(code, words)| CloseReason { code: code.into(), description: Some(words.to_owned()) });
        // Whoever has gone need not be told.
        let _closed = line.session.close(reason).await;
    }));
    Ok(response)
}

struct Websocket {
    session: Session,
    messages: AggregatedMessageStream,
}

impl Line for Websocket {
    async fn hear(&mut self) -> Heard {
        match self.messages.recv().await {
            Some(Ok(AggregatedMessage::Text(text))) => Heard::Text(text.to_string()),
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                let is_there = self.session.pong(&bytes).await.is_ok();
                if is_there { Heard::Sign } else { Heard::Gone }
            }
            Some(Ok(AggregatedMessage::Pong(_))) => Heard::Sign,
            Some(Ok(AggregatedMessage::Binary(_)) | Err(_)) => Heard::Noise,
            Some(Ok(AggregatedMessage::Close(_))) | None => Heard::Gone,
        }
    }

    async fn say(&mut self, text: String) -> bool {
        self.session.text(text).await.is_ok()
    }

    async fn ask(&mut self) -> bool {
        self.session.ping(b"").await.is_ok()
    }
}

/// Any operation.
async fn post(
    request: HttpRequest,
    ctx: Ctx,
    house: web::Data<House>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    // Read first: an answer before the end of the body would cost the client its connection.
    let body = body::read(payload.into_inner(), house.config.limits.graphql_body_bytes).await?;
    let media = media(request.headers())?;
    is_json(request.headers())?;
    Ok(answer(reply(&house.schema, ctx, GraphqlRequest::read(&body), false).await, media))
}

fn answer(answer: GraphqlAnswer, media: Media) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status(media)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.insert_header((header::ALLOW, "POST"));
    }
    if let Some(seconds) = answer.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    let kind = match media {
        Media::Response => RESPONSE,
        Media::Legacy => LEGACY,
    };
    let mut response = response
        .insert_header((header::CONTENT_TYPE, format!("{kind}; charset=utf-8")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept"))
        .body(answer.body);
    tell(response.headers_mut(), &answer.standings);
    response
}

/// The values of a list header, each with its weight in thousandths.
fn wishes(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, u16)> {
    let weight = |parameter: &str| -> Option<u16> {
        let (key, value) = parameter.split_once('=')?;
        let digits: String = value.trim().chars().filter(char::is_ascii_digit).chain("000".chars()).take(4).collect();
        key.trim().eq_ignore_ascii_case("q").then(|| digits.parse::<u16>().unwrap_or(0).min(1_000))
    };
    headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|item| {
            let mut parts = item.split(';');
            let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            (range, parts.find_map(weight).unwrap_or(1_000))
        })
        .filter(|(range, _)| !range.is_empty())
        .collect()
}

/// The kind of answer that the client prefers. Who names none is one of old.
fn media(headers: &HeaderMap) -> Result<Media> {
    let wishes = wishes(headers, &header::ACCEPT);
    if wishes.is_empty() {
        return Ok(Media::Legacy);
    }
    let named = |kind: &str| wishes.iter().find(|(range, _)| range == kind).map(|(_, weight)| *weight);
    let any = named("application/*").or_else(|| named("*/*"));
    // Named by itself it wins over one that a wildcard lets in, and at equal weight over the old one.
    let (response, legacy) = (named(RESPONSE), named(LEGACY).or(any));
    match (response.unwrap_or(0), legacy.unwrap_or(0)) {
        (0, 0) if any.is_some_and(|weight| weight > 0) => Ok(Media::Response),
        (0, 0) => Err(Error::NotAcceptable(Text::new(
            format!("此处只提供 {RESPONSE} 或 {LEGACY}"),
            format!("Only {RESPONSE} and {LEGACY} can be made here"),
        ))),
        (response, legacy) if response >= legacy => Ok(Media::Response),
        _ => Ok(Media::Legacy),
    }
}

fn is_json(headers: &HeaderMap) -> Result<()> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let is_utf8 = parameters.split(';').all(|one| match one.split_once('=') {
        Some((key, value)) if key.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if kind.trim().eq_ignore_ascii_case(LEGACY) && is_utf8 {
        return Ok(());
    }
    let got = if kind.is_empty() { "-" } else { kind.trim() };
    Err(Error::UnsupportedMediaType(Text::new(
        format!("此处只读取 UTF-8 的 {LEGACY}（收到 {got}）"),
        format!("Only {LEGACY} in UTF-8 is read here (got {got})"),
    )))
}

/// Whether a browser asks, which names HTML by itself.
fn wants_page(headers: &HeaderMap) -> bool {
    wishes(headers, &header::ACCEPT).iter().any(|(range, weight)| range == "text/html" && *weight > 0)
}

/// The page with the schema in it, and the policy that lets its own script and style run and nothing else.
struct Page {
    html: String,
    /// The same without the schema, where not everybody may see it: the page asks for no token.
    bare: String,
    policy: String,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let template = include_str!("page.html");
    let inside = |tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        template.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map_or("", |(inside, _)| inside)
    };
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let escaped = super::sdl().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Page {
        policy: format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(inside("script")),
            hash(inside("style"))
        ),
        html: template.replace("<!--schema-->", &escaped),
        bare: template.replace("<!--schema-->", ""),
    }
});

fn page(introspection: Shown) -> HttpResponse {
    let page = if introspection == Shown::Everyone { &PAGE.html } else { &PAGE.bare };
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE.policy.as_str()))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "Accept"))
        .body(page.as_str())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !value.is_empty() {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_client_chooses_the_kind_of_answer() {
        for (accept, expected) in [
            ("", Some(Media::Legacy)),
            ("*/*", Some(Media::Legacy)),
            ("application/*", Some(Media::Legacy)),
            ("application/json", Some(Media::Legacy)),
            ("application/json; charset=utf-8", Some(Media::Legacy)),
            ("application/graphql-response+json", Some(Media::Response)),
            ("application/graphql-response+json, application/json", Some(Media::Response)),
            ("application/json, application/graphql-response+json", Some(Media::Response)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Media::Response)),
            ("application/graphql-response+json;q=0.5, application/json", Some(Media::Legacy)),
            ("application/graphql-response+json, */*", Some(Media::Response)),
            ("application/json;q=0, */*", Some(Media::Response)),
            ("text/plain", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(media(&with(header::ACCEPT, accept)).ok(), expected, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=gb18030", false),
            ("text/plain", false),
            ("application/graphql", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            assert_eq!(is_json(&with(header::CONTENT_TYPE, kind)).is_ok(), expected, "{kind}");
        }
    }

    #[test]
    fn a_browser_gets_the_page_and_its_policy_fits() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(wants_page(&with(header::ACCEPT, browser)));
        assert!(!wants_page(&with(header::ACCEPT, "*/*")));
        let html = &PAGE.html;
        for tag in ["script", "style"] {
            assert_eq!(html.matches(&format!("<{tag}>")).count(), 1, "{tag}");
            let (_, rest) = html.split_once(&format!("<{tag}>")).unwrap();
            let (inside, _) = rest.split_once(&format!("</{tag}>")).unwrap();
            assert!(
                PAGE.policy.contains(&format!("{tag}-src 'sha256-{}'", STANDARD.encode(Sha256::digest(inside)))),
                "{tag}"
            );
        }
        assert!(html.contains("type School implements Node"));
        for outside in ["http://", "https://", " onclick", " style="] {
            assert!(!html.split_once("<pre").unwrap().0.contains(outside), "{outside}");
        }
    }
}
