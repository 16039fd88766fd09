//! The body of a request: bounded, of the right kind, and read to its end before anything is answered.

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header,
    web::{self, Bytes, BytesMut},
};
use futures::{StreamExt, future::LocalBoxFuture};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{bounds, problem::Problem};
use crate::{
    House,
    error::{Error, Result, Text},
};

/// The bytes of a JSON body, with its media type already judged.
#[derive(Debug)]
pub struct Body(pub Bytes);

/// A member that is there, `null` or not.
pub(super) fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// What a JSON body may call itself.
const JSON: &[&str] = &["application/json", "application/merge-patch+json"];

impl FromRequest for Body {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = of_kind(request, payload, JSON);
        Box::pin(async move { bytes.await.map(Self) })
    }
}

/// The bytes of a CSV file, with its media type already judged; none where there is no body.
#[derive(Debug)]
pub struct CsvBody(pub Bytes);

/// What a CSV file may call itself.
const CSV: &[&str] = &["text/csv"];

impl FromRequest for CsvBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = of_kind(request, payload, CSV);
        Box::pin(async move { bytes.await.map(Self) })
    }
}

/// A bounded body of one of these kinds.
fn of_kind(
    request: &HttpRequest,
    payload: &mut Payload,
    kinds: &'static [&'static str],
) -> LocalBoxFuture<'static, Result<Bytes, Problem>> {
    let limit = request.app_data::<web::Data<House>>().map_or(0, |house| house.config.limits.body_bytes);
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let payload = payload.take();
    Box::pin(async move {
        let bytes = read(payload, limit).await?;
        match kind.as_deref() {
            // Some clients name no type for an empty body.
            None if bytes.is_empty() => Ok(bytes),
            Some(kind) if kinds.contains(&kind) => Ok(bytes),
            other => Err(Error::UnsupportedMediaType(Text::new(
                format!("此处只读取 {}（收到 {}）", kinds.first().unwrap_or(&""), other.unwrap_or("无类型")),
                format!("Only {} is read here (got {})", kinds.first().unwrap_or(&""), other.unwrap_or("none")),
            ))
            .into()),
        }
    })
}

/// Reads a body up to its limit. One that is larger is read on a little and thrown away:
/// answering before the end would cost the client its connection.
pub async fn read(mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    let mut total = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|fault| bounds::broken(&fault))?;
        total = total.saturating_add(chunk.len());
        if total <= limit {
            bytes.extend_from_slice(&chunk);
        } else if total > limit.saturating_mul(4) {
            break;
        }
    }
    if total > limit { Err(Error::TooLarge { limit_bytes: limit }) } else { Ok(bytes.freeze()) }
}

/// Reads a JSON body into a type that knows all its members.
pub fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T> {
    serde_json::from_slice(body).map_err(|fault| not_json(&fault))
}

/// The error for a body that does not read.
pub fn not_json(fault: &serde_json::Error) -> Error {
    // The library's sentence names the member and, where there is one, the place; it never holds data of others.
    Error::Malformed(Text::new(format!("JSON 无法读取：{fault}"), format!("The JSON does not read: {fault}")))
}
