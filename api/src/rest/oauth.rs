//! Tokens and keys: `/oauth/token` (RFC 6749), the discovery document (RFC 8414), the public keys.
//!
//! The token endpoint answers refusals in the form of RFC 6749, in English and ASCII as it
//! asks; our own faults are problems as everywhere.

mod client_credentials;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get,
    http::{StatusCode, header},
    post, web,
};
use serde::Serialize;
use utoipa::ToSchema;

use self::client_credentials::{Form, Refused};
use super::{
    body,
    problem::{Problem, ProblemView},
};
use crate::{
    House,
    authn::{
        self,
        keys::{Jwks, KeySet},
        tokens::{Holder, Issued, SCOPE, Tokens},
    },
    error::{Error, Result},
};

/// The one address where `Authorization` speaks of a client and its secret.
pub const TOKEN_PATH: &str = "/oauth/token";

const KEYS_PATH: &str = "/.well-known/jwks.json";

/// Largest body of a request for a token, or of a sign-in.
pub(super) const BODY_BYTES: usize = 8_192;

/// A new access token.
#[derive(Serialize, ToSchema)]
pub struct TokenView {
    /// A JWT (RFC 9068); send it as `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// What it is good for.
    pub scope: &'static str,
}

impl From<Issued> for TokenView {
    fn from(issued: Issued) -> Self {
        Self { access_token: issued.token, token_type: "Bearer", expires_in: issued.expires_in, scope: issued.scope }
    }
}

/// A request for a token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the document; it is read by hand, every fault has its own answer")]
pub struct TokenForm {
    /// `client_credentials`.
    grant_type: String,
    /// Where it is not in `Authorization: Basic`.
    client_id: Option<String>,
    /// Where it is not in `Authorization: Basic`.
    client_secret: Option<String>,
    /// `zhiqiao`, or nothing.
    scope: Option<String>,
}

/// A refusal of the token endpoint (RFC 6749, section 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct OauthErrorView {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    pub error: &'static str,
    /// What to do, for whoever writes the client.
    pub error_description: &'static str,
}

/// Access token for a client
///
/// Give the client's id and secret by `Authorization: Basic` (each form-encoded) or in the body, not both.
#[utoipa::path(
    tag = "identity",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = TokenView),
        (status = 400, description = "The request is not in order", body = OauthErrorView),
        (status = 401, description = "Unknown client, wrong secret, or disabled", body = OauthErrorView),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = ProblemView, content_type = "application/problem+json"),
    )
)]
#[post("/oauth/token")]
pub async fn token(
    house: web::Data<House>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload.into_inner(), BODY_BYTES).await?;
    let (id, secret) = match Form::read(request.headers(), &bytes).and_then(|form| form.credentials(request.headers()))
    {
        Ok(credentials) => credentials,
        Err(refused) => return Ok(answer_refused(&refused)),
    };
    match authn::authenticate_client(house.db.read(), &id, &secret).await {
        Ok(client) => issue(&house, &Holder::client(&client)),
        Err(Error::Unauthenticated(_)) => Ok(answer_refused(&client_credentials::UNKNOWN)),
        Err(fault) => Err(fault.into()),
    }
}

/// Answers with a new access token.
pub(super) fn issue(house: &House, holder: &Holder) -> Result<HttpResponse, Problem> {
    let issued = Tokens::new(&house.config).issue(KeySet::new(&house.memory.keys()), holder)?;
    Ok(unstored(StatusCode::OK).json(TokenView::from(issued)))
}

fn answer_refused(refused: &Refused) -> HttpResponse {
    let mut answer = unstored(refused.status);
    if refused.status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"zhiqiao\", charset=\"UTF-8\""));
    }
    answer.json(OauthErrorView { error: refused.error, error_description: refused.description })
}

/// An answer that nobody keeps.
pub(super) fn unstored(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"));
    answer
}

/// Public keys
///
/// The keys that verify access tokens and release manifests, newest first.
#[utoipa::path(tag = "identity", responses((status = 200, description = "A JWK set (RFC 7517)", body = Jwks)))]
#[get("/.well-known/jwks.json")]
pub async fn jwks(house: web::Data<House>) -> HttpResponse {
    HttpResponse::Ok()
        // Short: whoever verifies offline is to learn of a new key before the old tokens are gone.
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(KeySet::new(&house.memory.keys()).jwks())
}

/// The discovery document (RFC 8414): what is really there, and nothing else.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetadataView {
    /// The `iss` of every token.
    pub issuer: String,
    /// Where tokens are.
    pub token_endpoint: String,
    /// Where the public keys are.
    pub jwks_uri: String,
    /// The scopes.
    pub scopes_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    pub response_types_supported: [&'static str; 0],
    /// The grants.
    pub grant_types_supported: [&'static str; 1],
    /// How a client proves who it is.
    pub token_endpoint_auth_methods_supported: [&'static str; 2],
}

/// Discovery document
#[utoipa::path(tag = "identity", responses((status = 200, description = "RFC 8414", body = MetadataView)))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn metadata(house: web::Data<House>) -> HttpResponse {
    let issuer = house.config.public_url.clone();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(MetadataView {
        token_endpoint: format!("{issuer}{TOKEN_PATH}"),
        jwks_uri: format!("{issuer}{KEYS_PATH}"),
        issuer,
        scopes_supported: [SCOPE],
        response_types_supported: [],
        grant_types_supported: [client_credentials::GRANT],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    })
}
