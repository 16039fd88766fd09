//! Errors as `application/problem+json` (RFC 9457): one small translation of [`Error`].

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::{Error, Finding, Language, MOST_FINDINGS},
    request_id,
};

/// What a caller gets when something is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemView {
    /// `urn:zhiqiao:problem:<kind>`, stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is, in the caller's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, and what to do.
    pub detail: String,
    /// To be named when asking for help.
    pub request_id: String,
    /// Everything that is wrong with the input, not the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FindingView>,
}

impl ProblemView {
    /// An error in the language of the request, as far as it may be told.
    pub fn new(error: &Error) -> Self {
        let language = request_id::current_language();
        let row = error.code().row();
        Self {
            kind: format!("urn:zhiqiao:problem:{}", row.kind),
            title: match language {
                Language::Chinese => row.zh,
                Language::English => row.en,
            }
            .to_owned(),
            status: row.status,
            detail: error.public().in_(language).to_owned(),
            request_id: request_id::current_id(),
            errors: match error {
                Error::Invalid(findings) => {
                    findings.iter().take(MOST_FINDINGS).map(|one| FindingView::new(one, language)).collect()
                }
                _ => Vec::new(),
            },
        }
    }
}

/// Something that is wrong with a table or an input: what, where, expected, got.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// `error` blocks, `warning` needs a justification, `info` tells.
    pub severity: &'static str,
    /// The stable name of the rule.
    pub code: String,
    /// JSON pointer into the document that was sent.
    pub pointer: String,
    /// In the caller's language.
    pub message: String,
    /// What would have been right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
    /// The same cell in the period before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

impl FindingView {
    /// A finding in one language.
    pub fn new(finding: &Finding, language: Language) -> Self {
        Self {
            severity: finding.severity.word(),
            code: finding.code.clone(),
            pointer: finding.pointer.clone(),
            message: finding.message.in_(language).to_owned(),
            expected: finding.expected.clone(),
            got: finding.got.clone(),
            previous: finding.previous.clone(),
        }
    }
}

/// An error on its way out of REST.
#[derive(Debug)]
pub struct Problem(Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.code().row().kind)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code().row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log();
        let language = request_id::current_language();
        let mut answer = HttpResponse::build(self.status_code());
        match &self.0 {
            Error::Unauthenticated(_) | Error::SecondFactorRequired(_) => {
                answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"zhiqiao\""));
            }
            Error::PreconditionFailed { current: Some(etag) } | Error::PreconditionRequired { current: etag } => {
                answer.insert_header((header::ETAG, etag.as_str()));
            }
            Error::RateLimited { retry_after, .. } => {
                answer.insert_header((header::RETRY_AFTER, retry_after.to_string()));
            }
            Error::LockedOut { seconds } => {
                answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
            }
            Error::NoSuchPart { length } => {
                answer.insert_header((header::CONTENT_RANGE, format!("bytes */{length}")));
            }
            Error::Unavailable(_) | Error::Contended(_) => {
                answer.insert_header((header::RETRY_AFTER, "1"));
            }
            _ => {}
        }
        let view = ProblemView::new(&self.0);
        // A view of strings and numbers always serializes.
        let body = serde_json::to_string(&view).unwrap_or_default();
        answer
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::CONTENT_LANGUAGE, if language == Language::Chinese { "zh" } else { "en" }))
            .content_type("application/problem+json")
            .body(body)
    }
}
