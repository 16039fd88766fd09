//! Tokens and keys: `/oauth/token` (RFC 6749), `/oauth/revoke` (RFC 7009), the discovery document (RFC 8414),
//! the public keys.
//!
//! The token endpoint answers refusals in the form of RFC 6749, in English and ASCII as it
//! asks; our own faults are problems as everywhere.

mod form;
mod proof;
pub mod revoke;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, get,
    http::{StatusCode, header},
    post, web,
};
use serde::Serialize;
use utoipa::ToSchema;

use entity::client;

use self::form::{Asker, Form, Grant, Refused};
use super::{
    body,
    problem::{Problem, ProblemView},
};
use crate::{
    House,
    authn::{
        client_keys,
        keys::{Jwks, KeySet},
        tokens::{Holder, Issued, SCOPE, Tokens},
    },
    ctx::Ctx,
    domain::grants::{self, Opened, Terms},
    error::Result,
};

/// Where tokens are.
pub const TOKEN_PATH: &str = "/oauth/token";
/// Where they are revoked.
pub const REVOKE_PATH: &str = "/oauth/revoke";

/// Whether `Authorization` speaks of a client and its secret at this address.
pub fn is_of_clients(path: &str) -> bool {
    [TOKEN_PATH, REVOKE_PATH].contains(&path)
}

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
    /// For people: gets the next tokens, once, at `/oauth/token` with `grant_type=refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Seconds until the refresh token is good no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_expires_in: Option<u64>,
}

impl TokenView {
    fn new(issued: Issued, opened: Option<Opened>) -> Self {
        Self {
            access_token: issued.token,
            token_type: "Bearer",
            expires_in: issued.expires_in,
            scope: issued.scope,
            refresh_expires_in: opened.as_ref().map(|opened| opened.expires_in),
            refresh_token: opened.map(|opened| opened.token.expose().to_owned()),
        }
    }
}

/// A request for a token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the document; it is read by hand, every fault has its own answer")]
pub struct TokenForm {
    /// `client_credentials` or `refresh_token`.
    grant_type: String,
    /// Where it is not in `Authorization: Basic`.
    client_id: Option<String>,
    /// Where it is not in `Authorization: Basic`.
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.
    client_assertion_type: Option<String>,
    /// A JWT that a registered key of the client has signed (RFC 7523), instead of a secret.
    client_assertion: Option<String>,
    /// For `refresh_token`: what the last answer has told.
    refresh_token: Option<String>,
    /// `zhiqiao`, or nothing.
    scope: Option<String>,
}

/// A refusal of the token endpoint (RFC 6749, section 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct OauthErrorView {
    /// `invalid_request`, `invalid_client`, `invalid_grant`, `unsupported_grant_type` or `invalid_scope`.
    pub error: &'static str,
    /// What to do, for whoever writes the client.
    pub error_description: &'static str,
}

/// Access token
///
/// For a client (`client_credentials`): give its id and secret by `Authorization: Basic` (each form-encoded) or
/// in the body, or a `client_assertion` instead. For a person who has signed in (`refresh_token`): the answer has
/// the next refresh token, and the one that was shown is good no more. Shown again, it ends the sign-in.
#[utoipa::path(
    tag = "identity",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = TokenView),
        (status = 400, description = "The request is not in order, or the refresh token is good no more", body = OauthErrorView),
        (status = 401, description = "Unknown client, wrong proof, or disabled", body = OauthErrorView),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = ProblemView, content_type = "application/problem+json"),
    )
)]
#[post("/oauth/token")]
pub async fn token(
    house: web::Data<House>,
    ctx: Ctx,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload.into_inner(), BODY_BYTES).await?;
    let asked = Form::read(request.headers(), &bytes).and_then(|form| form.grant(request.headers()));
    let (grant, asker) = match asked {
        Ok(asked) => asked,
        Err(refused) => return Ok(answer_refused(&refused)),
    };
    let client = match asker {
        Asker::Unproved(id) => Asking::Name(id),
        Asker::Proved(proof) => match proof::check(&house, &proof).await? {
            Ok(client) => Asking::Client(client),
            Err(refused) => return Ok(answer_refused(&refused)),
        },
    };
    match (grant, client) {
        (Grant::Client, Asking::Client(client)) => answer(&house, &Holder::client(&client), None),
        (Grant::Client, Asking::Name(_)) => Ok(answer_refused(&form::NOBODY)),
        (Grant::Refresh(token), client) => {
            match grants::refresh(&ctx, Terms::from(&house.config.token), &token, client.name()).await? {
                Some((person, opened)) => answer(&house, &Holder::person(&person, opened.family), Some(opened)),
                None => Ok(answer_refused(&STALE)),
            }
        }
    }
}

/// The answer to every refresh token that gets nothing: which of the reasons it is, is not said.
const STALE: Refused = form::ungranted(
    "The refresh token is unknown, used, expired or revoked, or its holder has changed: sign in again.",
);

/// Who asks, once the proof was checked.
enum Asking {
    Client(client::Model),
    Name(Option<String>),
}

impl Asking {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Client(client) => Some(&client.client_id),
            Self::Name(name) => name.as_deref(),
        }
    }
}

/// Answers with a new access token, and with a refresh token where one goes with it.
pub(super) fn answer(house: &House, holder: &Holder, opened: Option<Opened>) -> Result<HttpResponse, Problem> {
    let issued = Tokens::new(&house.config).issue(KeySet::new(&house.memory.keys()), holder)?;
    Ok(unstored(StatusCode::OK).json(TokenView::new(issued, opened)))
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
    pub grant_types_supported: [&'static str; 2],
    /// How a client proves who it is; `none` is the console, which has only refresh tokens.
    pub token_endpoint_auth_methods_supported: [&'static str; 4],
    /// What an assertion of a client may be signed with.
    pub token_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    /// Where tokens end before their time (RFC 7009).
    pub revocation_endpoint: String,
    /// The same as at the token endpoint.
    pub revocation_endpoint_auth_methods_supported: [&'static str; 4],
    /// The same as at the token endpoint.
    pub revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
}

const METHODS: [&str; 4] = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];

/// Discovery document
#[utoipa::path(tag = "identity", responses((status = 200, description = "RFC 8414", body = MetadataView)))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn metadata(house: web::Data<House>) -> HttpResponse {
    let issuer = house.config.public_url.clone();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(MetadataView {
        token_endpoint: format!("{issuer}{TOKEN_PATH}"),
        revocation_endpoint: format!("{issuer}{REVOKE_PATH}"),
        jwks_uri: format!("{issuer}{KEYS_PATH}"),
        issuer,
        scopes_supported: [SCOPE],
        response_types_supported: [],
        grant_types_supported: form::GRANTS,
        token_endpoint_auth_methods_supported: METHODS,
        token_endpoint_auth_signing_alg_values_supported: client_keys::ALGORITHMS,
        revocation_endpoint_auth_methods_supported: METHODS,
        revocation_endpoint_auth_signing_alg_values_supported: client_keys::ALGORITHMS,
    })
}
