//! The sign-in of people at `/v1/session`.

use actix_web::{HttpResponse, post, web};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    body::Body,
    oauth::{self, BODY_BYTES, TokenView},
    problem::{Problem, ProblemView},
};
use crate::{
    House, authn,
    config::Secret,
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
};

/// A sign-in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the document; it is read by hand, so that no password is echoed")]
pub struct SessionBody {
    /// The user name.
    username: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

/// Sign-in of a person
///
/// The token is of the same kind as a client's and lives as long. With it comes a refresh token for the next.
#[utoipa::path(
    tag = "identity",
    request_body = SessionBody,
    responses(
        (status = 200, description = "The token", body = TokenView),
        (status = 400, description = "The body does not read", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Unknown user, wrong password, or disabled", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemView, content_type = "application/problem+json"),
        (status = 422, description = "A member is missing, unknown or no text", body = ProblemView, content_type = "application/problem+json"),
    )
)]
#[post("/v1/session")]
pub async fn session(house: web::Data<House>, ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    if body.0.len() > BODY_BYTES {
        return Err(Error::TooLarge { limit_bytes: BODY_BYTES }.into());
    }
    let (username, password) = credentials(&body.0)?;
    let person = authn::authenticate_person(house.db.read(), &username, &password).await?;
    oauth::admit(&house, &ctx, &person).await
}

/// Name and password of a body; whatever is wrong with it is said without repeating what stood in it.
fn credentials(body: &[u8]) -> Result<(String, Secret)> {
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|fault| {
        let (line, column) = (fault.line(), fault.column());
        Error::Malformed(Text::new(
            format!("请求内容不是 JSON 对象（第 {line} 行第 {column} 列）"),
            format!("The body is not a JSON object (line {line}, column {column})"),
        ))
    })?;
    let (mut username, mut password, mut problems) = (None, None, Vec::new());
    for (name, value) in members {
        let place = match name.as_str() {
            "username" => &mut username,
            "password" => &mut password,
            _ => {
                let at = format!("/{}", crate::formats::document::pointer(&name));
                problems.push(Finding::error("unknown_member", at, Text::new("未知成员", "Unknown member")));
                continue;
            }
        };
        if let Value::String(text) = value {
            *place = Some(text);
        } else {
            let message = Text::new("必须是字符串", "It must be a string");
            problems.push(Finding::error("wrong_type", format!("/{name}"), message));
            *place = Some(String::new());
        }
    }
    for (name, there) in [("username", username.is_some()), ("password", password.is_some())] {
        if !there {
            problems.push(Finding::error("missing", format!("/{name}"), Text::new("缺少此成员", "It is missing")));
        }
    }
    match (username, password) {
        (Some(username), Some(password)) if problems.is_empty() => Ok((username, Secret::new(password))),
        _ => Err(Error::Invalid(problems)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_read_strictly_and_told_all_at_once() {
        let read = |text: &str| credentials(text.as_bytes());
        assert!(matches!(read(r#"{"username":"a","password":"b"}"#), Ok((name, _)) if name == "a"));
        for (text, codes) in [
            ("{}", &["missing", "missing"][..]),
            (r#"{"username":"a"}"#, &["missing"]),
            (r#"{"username":"a","password":7}"#, &["wrong_type"]),
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
