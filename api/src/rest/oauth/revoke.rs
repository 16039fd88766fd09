//! The end of tokens before their time: `/oauth/revoke` (RFC 7009).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post, web};
use utoipa::ToSchema;

use super::{
    BODY_BYTES, OauthErrorView, answer_refused,
    form::{Asker, Form, NOBODY, Refused, ungranted},
    proof, unstored,
};
use crate::{
    House,
    authn::{
        CONSOLE,
        tokens::{Ticket, Tokens},
    },
    config::Secret,
    ctx::Ctx,
    domain::grants::{self, Verdict},
    error::Result,
    rest::{
        body,
        problem::{Problem, ProblemView},
    },
};

/// What is to end.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the document; it is read by hand, every fault has its own answer")]
pub struct RevocationForm {
    /// An access token or a refresh token.
    token: String,
    /// Not needed: the kind shows.
    token_type_hint: Option<String>,
    /// Where it is not in `Authorization: Basic`; `console` for a sign-in.
    client_id: Option<String>,
    /// Where it is not in `Authorization: Basic`.
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.
    client_assertion_type: Option<String>,
    /// Instead of a secret.
    client_assertion: Option<String>,
}

const FOREIGN: Refused = ungranted("The token was issued to another client.");

/// End of a token
///
/// For the client that the token was issued to, which proves itself as at the token endpoint. Tokens of a sign-in
/// are the public console's: whoever has one may end it. A refresh token takes all tokens of its sign-in along,
/// an access token ends alone. What is unknown or has expired is ended already: 200.
#[utoipa::path(
    tag = "identity",
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is good no more, or never was"),
        (status = 400, description = "The request is not in order, or the token was issued to another client", body = OauthErrorView),
        (status = 401, description = "Unknown client, wrong proof, or disabled", body = OauthErrorView),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = ProblemView, content_type = "application/problem+json"),
    )
)]
#[post("/oauth/revoke")]
pub async fn revoke(
    house: web::Data<House>,
    ctx: Ctx,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(payload.into_inner(), BODY_BYTES).await?;
    let asked = Form::read(request.headers(), &bytes).and_then(|form| form.revocation(request.headers()));
    let (token, asker) = match asked {
        Ok(asked) => asked,
        Err(refused) => return Ok(answer_refused(&refused)),
    };
    let client = match asker {
        // Any other client has a proof, and is to show it.
        Asker::Unproved(Some(name)) if name != CONSOLE => return Ok(answer_refused(&NOBODY)),
        Asker::Unproved(_) => None,
        Asker::Proved(proof) => match proof::check(&house, &proof).await? {
            Ok(client) => Some(client.client_id),
            Err(refused) => return Ok(answer_refused(&refused)),
        },
    };
    match end(&house, &ctx, &token, client.as_deref()).await? {
        Ok(()) => Ok(unstored(StatusCode::OK).finish()),
        Err(refused) => Ok(answer_refused(&refused)),
    }
}

async fn end(house: &House, ctx: &Ctx, token: &Secret, client: Option<&str>) -> Result<Result<(), Refused>> {
    if let Some(ticket) = Tokens::new(&house.config).ticket(&house.memory, token.expose()).await? {
        return access(ctx, &ticket, client).await;
    }
    Ok(match grants::revoke_refresh(ctx, token, client.unwrap_or(CONSOLE)).await? {
        Verdict::Revoked | Verdict::Unknown => Ok(()),
        Verdict::Foreign => Err(FOREIGN),
    })
}

async fn access(ctx: &Ctx, ticket: &Ticket, client: Option<&str>) -> Result<Result<(), Refused>> {
    if ticket.client_id != client.unwrap_or(CONSOLE) {
        return Ok(Err(if client.is_some() { FOREIGN } else { NOBODY }));
    }
    grants::revoke_access(ctx, ticket).await?;
    Ok(Ok(()))
}
