//! What every answer says to browsers, and which pages of other origins may ask.

use actix_cors::Cors;
use actix_web::http::{
    Method,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use crate::config::Config;

/// Nothing may run, nothing may be loaded, nobody may frame it: an answer is data and no page.
const DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The reader of the OpenAPI document: files of this service alone, pictures that stand in its style sheet, and
/// the one style that it writes by itself, into its emblem.
const READER: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (
        header::PERMISSIONS_POLICY,
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Two years, as the lists of browsers ask.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What every answer of one instance says to browsers.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    is_encrypted: bool,
}

impl Manners {
    /// As the configuration has it: where the public address is https, browsers are to use no other.
    pub fn new(config: &Config) -> Self {
        Self { is_encrypted: config.public_url.starts_with("https://") }
    }

    /// Puts the headers on an answer. A page that has brought its own policy keeps it.
    pub fn apply(self, path: &str, headers: &mut HeaderMap) {
        for (name, value) in ALWAYS {
            headers.insert(name, value);
        }
        if self.is_encrypted {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
        }
        if path.starts_with("/docs/") {
            headers.insert(header::CONTENT_SECURITY_POLICY, READER);
        } else if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
            headers.insert(header::CONTENT_SECURITY_POLICY, DATA);
        }
    }
}

/// Which pages of other origins may ask, with a token of their own and never with cookies.
pub fn cors(origins: &[String]) -> Cors {
    let name = HeaderName::from_static;
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_MODIFIED_SINCE,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            name("idempotency-key"),
            name("x-request-id"),
        ])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            header::ETAG,
            header::LAST_MODIFIED,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            name("ratelimit"),
            name("ratelimit-policy"),
            name("x-request-id"),
        ])
        .max_age(3_600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin().send_wildcard();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
