//! The sign-out of people: `DELETE /v1/session`.

use actix_web::{HttpRequest, HttpResponse, delete, web};

use crate::{
    House,
    authn::tokens::Tokens,
    authz::Kind,
    ctx::Ctx,
    domain::grants,
    error::{Error, Result},
    rest::{
        extract,
        problem::{Problem, ProblemView},
    },
};

/// Sign-out
///
/// Ends all tokens of the sign-in that the access token comes from, on every instance. A client's token ends alone.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "No token", body = ProblemView, content_type = "application/problem+json"),
    )
)]
#[delete("/v1/session")]
pub async fn sign_out(house: web::Data<House>, ctx: Ctx, request: HttpRequest) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Grant)?;
    let token = extract::bearer(request.headers())?.ok_or_else(|| Error::internal("a caller without its token"))?;
    // It was good a moment ago; one that has expired since is over by itself.
    if let Some(ticket) = Tokens::new(&house.config).ticket(&house.memory, token).await? {
        grants::sign_out(&ctx, &ticket).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}
