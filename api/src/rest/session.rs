//! The sign-in of people at `/v1/session`: with a token in the answer, or in a cookie for the console.
//!
//! Bodies are read by hand, so that no password is echoed. None of this takes an `Idempotency-Key`: nobody keeps
//! tokens and secrets, and failed attempts are to be counted.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, delete,
    http::{StatusCode, header},
    post, put, web,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    body::Body,
    console, extract,
    oauth::{self, BODY_BYTES, TokenView},
    problem::{Problem, ProblemView},
};
use crate::{
    House,
    authn::{
        keys::KeySet,
        tokens::{Holder, Tokens},
    },
    authz::Role,
    config::Secret,
    ctx::Ctx,
    domain::{
        grants,
        sessions::{self, Admitted, Claim, Holds, SignIn},
    },
    error::{Error, Finding, Result, Text},
};

/// Where people sign in and out.
pub const PATH: &str = "/v1/session";

/// A sign-in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the document; it is read by hand, so that no password is echoed")]
pub struct SessionBody {
    /// The user name.
    username: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// Another password, to have from now on; needed where the first one or a reset one must be changed.
    #[schema(format = Password)]
    new_password: Option<String>,
    /// A code of the second factor, or a recovery code, for whoever has enrolled.
    code: Option<String>,
    /// `true`: the token goes into a cookie and not into the answer.
    cookie: Option<bool>,
}

/// How the token is handed over.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// `true`: in a cookie, for a console in a browser.
    pub cookie: Option<bool>,
}

/// The answer to a sign-in whose token is in a cookie.
#[derive(Debug, Serialize, ToSchema)]
pub struct CookieView {
    /// Send it as `X-CSRF-Token` with every request that is not a GET.
    pub csrf_token: String,
    /// Seconds until the session expires.
    pub expires_in: u64,
}

/// A change of one's own password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the document; it is read by hand, so that no password is echoed")]
pub struct PasswordBody {
    /// The present password.
    #[schema(format = Password)]
    password: String,
    /// The one to have from now on.
    #[schema(format = Password)]
    new_password: String,
}

/// Who wants a second factor.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the document; it is read by hand, so that no password is echoed")]
pub struct EnrolBody {
    /// The user name, where nobody is signed in.
    username: Option<String>,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

/// The first code of a second factor.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the document; it is read by hand, so that no password is echoed")]
pub struct ConfirmBody {
    /// The user name, where nobody is signed in.
    username: Option<String>,
    /// The password, where nobody is signed in.
    #[schema(format = Password)]
    password: Option<String>,
    /// What the authenticator shows.
    code: String,
}

/// Who no longer wants its second factor.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the document; it is read by hand, so that no password is echoed")]
pub struct RemoveFactorBody {
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// What the authenticator shows, or a recovery code.
    code: String,
}

/// A secret for an authenticator, this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentView {
    /// In Base32, to be typed.
    pub secret: String,
    /// `otpauth://…`, to be shown as a picture.
    pub otpauth_uri: String,
}

/// Codes that stand in for an authenticator, this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryView {
    /// Each is good once.
    pub recovery_codes: Vec<String>,
}

/// Sign-in of a person
///
/// The token is of the same kind as a client's and lives as long. With it comes a refresh token for the next; a
/// cookie has none. Who must change the password sends a `new_password`, who has a second factor a `code`;
/// without them the answer says so.
#[utoipa::path(
    tag = "identity",
    params(SessionQuery),
    request_body = SessionBody,
    responses(
        (status = 200, description = "The token; with `cookie` a cookie and a CSRF token in its stead", body = TokenView),
        (status = 400, description = "The body does not read", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Unknown user, wrong password, or disabled; or a code is needed", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "The password must be changed, or a second factor enrolled, first", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "The password was changed by another request at the same time", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemView, content_type = "application/problem+json"),
        (status = 422, description = "A member is missing, unknown or no text; or the new password will not do", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts under this name or from this address; `Retry-After`", body = ProblemView, content_type = "application/problem+json"),
    )
)]
#[post("/v1/session")]
pub async fn session(
    request: HttpRequest,
    ctx: Ctx,
    house: web::Data<House>,
    query: web::Query<SessionQuery>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let mut said = Said::read(&body, &["username", "password"], &["new_password", "code"], &["cookie"])?;
    said.check()?;
    let by_cookie = query.cookie == Some(true) || said.flags.get("cookie") == Some(&true);
    if by_cookie {
        // Nobody shall be signed in by another site as somebody else.
        console::from_here(&house.config, request.headers())?;
    }
    let sign_in = SignIn {
        username: said.text("username").unwrap_or_default(),
        password: said.secret("password").unwrap_or_else(|| Secret::new("")),
        new_password: said.secret("new_password"),
        code: said.text("code"),
    };
    let admitted = sessions::sign_in(&ctx, &house.config, sign_in, holds(by_cookie)).await?;
    answer(&house, admitted)
}

const fn holds(by_cookie: bool) -> Holds {
    if by_cookie { Holds::Cookie } else { Holds::Tokens }
}

/// Sign-out
///
/// Ends all tokens of the sign-in that the access token or the cookie comes from, on every instance, and takes the
/// cookie away. A client's token ends alone. Done twice, nothing happens.
#[utoipa::path(
    tag = "identity",
    params(("X-CSRF-Token" = Option<String>, Header, description = "Needed where the cookie is still good")),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "A bad token in `Authorization`", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "By cookie, and not from a page of the service", body = ProblemView, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []))
)]
#[delete("/v1/session")]
pub async fn end(request: HttpRequest, ctx: Ctx, house: web::Data<House>) -> Result<HttpResponse, Problem> {
    // Nobody is signed out of nothing: a cookie that is good no more is taken away all the same.
    if ctx.actor.role != Role::Public
        && let Some(token) = extract::token_of(&house, request.headers())?
        // It was good a moment ago; one that has expired since is over by itself.
        && let Some(ticket) = Tokens::new(&house.config).ticket(&house.memory, token).await?
    {
        grants::sign_out(&ctx, &ticket).await?;
    }
    Ok(HttpResponse::NoContent().insert_header((header::SET_COOKIE, console::clear(&house.config)?)).finish())
}

/// Change of one's own password
///
/// Ends every other session of the account with its refresh tokens; the answer has tokens, or a cookie, to go on with.
#[utoipa::path(
    tag = "identity",
    request_body = PasswordBody,
    responses(
        (status = 200, description = "A new token; a cookie and a CSRF token for whoever came by cookie", body = TokenView),
        (status = 400, description = "The body does not read", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in, or the present password is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "A client has no password", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "The password was changed by another request at the same time", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemView, content_type = "application/problem+json"),
        (status = 422, description = "The new password will not do", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After`", body = ProblemView, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/session/password")]
pub async fn password(
    request: HttpRequest,
    ctx: Ctx,
    house: web::Data<House>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let mut said = Said::read(&body, &["password", "new_password"], &[], &[])?;
    sessions::require_person(&ctx)?;
    said.check()?;
    let (Some(password), Some(new)) = (said.secret("password"), said.secret("new_password")) else {
        return Err(Error::internal("a body without its members").into());
    };
    let by_cookie = !request.headers().contains_key(header::AUTHORIZATION);
    answer(&house, sessions::change_password(&ctx, &house.config, &password, &new, holds(by_cookie)).await?)
}

/// Enrolment of a second factor
///
/// Whoever must enrol before the first session gives `username` and `password`. The secret counts for nothing
/// until a code of it was confirmed.
#[utoipa::path(
    tag = "identity",
    request_body = EnrolBody,
    responses(
        (status = 200, description = "The secret, this once", body = EnrolmentView),
        (status = 400, description = "The body does not read", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in, or the password is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "A client has none; or the password must be changed first", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "There is one already, or the service has no encryption key", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemView, content_type = "application/problem+json"),
        (status = 422, description = "A member is missing, unknown or no text", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After`", body = ProblemView, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []))
)]
#[post("/v1/session/totp")]
pub async fn enrol(ctx: Ctx, house: web::Data<House>, body: Body) -> Result<HttpResponse, Problem> {
    let mut said = Said::read(&body, &["password"], &["username"], &[])?;
    let claim = said.claim(&ctx)?;
    let told = sessions::enrol(&ctx, &house.config, &claim).await?;
    Ok(oauth::unstored(StatusCode::OK)
        .json(EnrolmentView { secret: told.secret.expose().to_owned(), otpauth_uri: told.uri.expose().to_owned() }))
}

/// Confirmation of a second factor
///
/// With its first code it counts; the answer has ten recovery codes, this once.
#[utoipa::path(
    tag = "identity",
    request_body = ConfirmBody,
    responses(
        (status = 200, description = "The recovery codes, this once", body = RecoveryView),
        (status = 400, description = "The body does not read", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in, or the password or the code is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "A client has none; or the password must be changed first", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Nothing is to be confirmed", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemView, content_type = "application/problem+json"),
        (status = 422, description = "A member is missing, unknown or no text", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After`", body = ProblemView, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []))
)]
#[post("/v1/session/totp/confirm")]
pub async fn confirm(ctx: Ctx, house: web::Data<House>, body: Body) -> Result<HttpResponse, Problem> {
    let mut said = Said::read(&body, &["code"], &["username", "password"], &[])?;
    let claim = said.claim(&ctx)?;
    let code = said.text("code").unwrap_or_default();
    let codes = sessions::confirm(&ctx, &house.config, &claim, &code).await?;
    let recovery_codes = codes.iter().map(|code| code.expose().to_owned()).collect();
    Ok(oauth::unstored(StatusCode::OK).json(RecoveryView { recovery_codes }))
}

/// The end of one's own second factor
///
/// Asked with the password and a code, of the authenticator or for recovery. Another one is enrolled as the first
/// was; a role that must have one does so before it gets in again.
#[utoipa::path(
    tag = "identity",
    request_body = RemoveFactorBody,
    responses(
        (status = 204, description = "It is gone, with its recovery codes"),
        (status = 400, description = "The body does not read", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in, or the password or the code is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "A client has none", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "There is none", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemView, content_type = "application/problem+json"),
        (status = 422, description = "A member is missing, unknown or no text", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After`", body = ProblemView, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
#[post("/v1/session/totp/remove")]
pub async fn remove(ctx: Ctx, house: web::Data<House>, body: Body) -> Result<HttpResponse, Problem> {
    sessions::require_person(&ctx)?;
    let mut said = Said::read(&body, &["password", "code"], &[], &[])?;
    said.check()?;
    let secret = said.secret("password").unwrap_or_else(|| Secret::new(""));
    let code = said.text("code").unwrap_or_default();
    sessions::remove_factor(&ctx, &house.config, &secret, &code).await?;
    Ok(oauth::unstored(StatusCode::NO_CONTENT).finish())
}

/// Answers with new tokens, or with one in a cookie.
fn answer(house: &House, admitted: Admitted) -> Result<HttpResponse, Problem> {
    let holder = Holder::person(&admitted.row, admitted.family);
    if admitted.refresh.is_some() {
        return oauth::answer(house, &holder, admitted.refresh);
    }
    let issued = Tokens::new(&house.config).issue(KeySet::new(&house.memory.keys()), &holder)?;
    let view =
        CookieView { csrf_token: console::csrf(&issued.token)?.expose().to_owned(), expires_in: issued.expires_in };
    let cookie = console::set(&house.config, &issued.token, issued.expires_in)?;
    Ok(oauth::unstored(StatusCode::OK).insert_header((header::SET_COOKIE, cookie)).json(view))
}

/// What stands in a body, by the members that are known; whatever is wrong is said without repeating it.
struct Said {
    texts: BTreeMap<&'static str, String>,
    flags: BTreeMap<&'static str, bool>,
    problems: Vec<Finding>,
}

impl Said {
    fn read(body: &Body, required: &[&'static str], optional: &[&'static str], flags: &[&'static str]) -> Result<Self> {
        if body.0.len() > BODY_BYTES {
            return Err(Error::TooLarge { limit_bytes: BODY_BYTES });
        }
        let members: Map<String, Value> = serde_json::from_slice(&body.0).map_err(|fault| {
            let (line, column) = (fault.line(), fault.column());
            Error::Malformed(Text::new(
                format!("请求内容不是 JSON 对象（第 {line} 行第 {column} 列）"),
                format!("The body is not a JSON object (line {line}, column {column})"),
            ))
        })?;
        let mut said = Self { texts: BTreeMap::new(), flags: BTreeMap::new(), problems: Vec::new() };
        let known = |list: &[&'static str], name: &str| list.iter().find(|one| **one == name).copied();
        let mut seen = Vec::new();
        for (name, value) in members {
            let text = known(required, &name).or_else(|| known(optional, &name));
            seen.extend(text);
            match (text, known(flags, &name), value) {
                (Some(key), _, Value::String(text)) => {
                    said.texts.insert(key, text);
                }
                (Some(key), _, _) => {
                    said.fault("wrong_type", key, Text::new("必须是字符串", "It must be a string"));
                }
                (None, Some(key), Value::Bool(flag)) => {
                    said.flags.insert(key, flag);
                }
                (None, Some(key), _) => {
                    said.fault("wrong_type", key, Text::new("必须是 true 或 false", "It must be true or false"));
                }
                (None, None, _) => {
                    let at = crate::formats::document::pointer(&name);
                    said.fault("unknown_member", &at, Text::new("未知成员", "Unknown member"));
                }
            }
        }
        for name in required.iter().filter(|name| !seen.contains(*name)) {
            said.fault("missing", name, Text::new("缺少此成员", "It is missing"));
        }
        Ok(said)
    }

    fn fault(&mut self, code: &str, at: &str, text: Text) {
        self.problems.push(Finding::error(code, format!("/{at}"), text));
    }

    /// Refuses a body with everything that is wrong with it.
    fn check(&mut self) -> Result<()> {
        let problems = std::mem::take(&mut self.problems);
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.texts.remove(name)
    }

    fn secret(&mut self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::new)
    }

    /// Who is meant: by name and password, or whoever is signed in.
    fn claim(&mut self, ctx: &Ctx) -> Result<Claim> {
        if !self.texts.contains_key("username") {
            sessions::require_person(ctx)?;
        }
        self.check()?;
        Ok(Claim { username: self.text("username"), password: self.secret("password") })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;

    use super::*;

    fn read(text: &str) -> Result<(String, Option<bool>)> {
        let body = Body(Bytes::copy_from_slice(text.as_bytes()));
        let mut said = Said::read(&body, &["username", "password"], &["code"], &["cookie"])?;
        said.check()?;
        Ok((said.text("username").unwrap_or_default(), said.flags.get("cookie").copied()))
    }

    #[test]
    fn a_sign_in_is_read_strictly_and_told_all_at_once() {
        assert!(matches!(read(r#"{"username":"a","password":"b"}"#), Ok((name, None)) if name == "a"));
        assert!(matches!(read(r#"{"username":"a","password":"b","cookie":true}"#), Ok((_, Some(true)))));
        for (text, codes) in [
            ("{}", &["missing", "missing"][..]),
            (r#"{"username":"a"}"#, &["missing"]),
            (r#"{"username":"a","password":7}"#, &["wrong_type"]),
            (r#"{"username":"a","password":"b","code":123456}"#, &["wrong_type"]),
            (r#"{"username":"a","password":"b","cookie":"yes"}"#, &["wrong_type"]),
            (r#"{"username":null,"password":"b","remember":true}"#, &["unknown_member", "wrong_type"]),
        ] {
            let Err(Error::Invalid(findings)) = read(text) else { panic!("{text}") };
            let mut found: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
            found.sort_unstable();
            assert_eq!(found, codes, "{text}");
        }
        for text in ["", "[]", "null", "{\"password\":\"geheim\"", "\"geheim\""] {
            let Err(Error::Malformed(said)) = read(text) else { panic!("{text}") };
            assert!(!said.en.contains("geheim") && !said.zh.contains("geheim"));
        }
    }
}
