//! Requests for tokens (RFC 6749, sections 2.3.1, 4.4 and 6; RFC 7523) and for their end (RFC 7009), taken apart.
//!
//! Pure: headers and bytes in, a grant and a proof of who asks out, or the refusal that the RFC asks for.

use actix_web::http::{
    StatusCode,
    header::{self, HeaderMap},
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{authn::tokens::SCOPE, config::Secret};

/// The grants.
pub const GRANTS: [&str; 2] = ["client_credentials", "refresh_token"];

/// What an assertion of a client is called (RFC 7523).
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const FORM: &str = "application/x-www-form-urlencoded";

/// Base64 with or without its padding: both are sent.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A refusal (RFC 6749, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// 400, or 401 where the client is in doubt.
    pub status: StatusCode,
    /// The code.
    pub error: &'static str,
    /// What to do; ASCII, as the RFC asks.
    pub description: &'static str,
}

/// The answer to an unknown client, a wrong secret and a disabled client alike.
pub const UNKNOWN: Refused = unknown("Unknown client, wrong or expired secret, or the client is disabled.");

/// The answer to whoever does not say which client it is, where only a client is served.
pub const NOBODY: Refused =
    unknown("Give client_id and client_secret by HTTP Basic or in the body, or a client_assertion.");

const fn invalid(description: &'static str) -> Refused {
    Refused { status: StatusCode::BAD_REQUEST, error: "invalid_request", description }
}

/// The client is in doubt.
pub const fn unknown(description: &'static str) -> Refused {
    Refused { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description }
}

/// What was shown is good for nothing, or not for this client.
pub const fn ungranted(description: &'static str) -> Refused {
    Refused { status: StatusCode::BAD_REQUEST, error: "invalid_grant", description }
}

/// How a client proves who it is.
#[derive(Debug)]
pub enum Proof {
    /// By a secret that both know.
    Secret(String, Secret),
    /// By a signature; the id is what it has said beside it.
    Assertion(Secret, Option<String>),
}

/// Who asks.
#[derive(Debug)]
pub enum Asker {
    /// A client that proves it.
    Proved(Proof),
    /// Whoever asks without proof, under the name of a public client or under none.
    Unproved(Option<String>),
}

/// What is asked of the token endpoint.
#[derive(Debug)]
pub enum Grant {
    /// A token for the client itself.
    Client,
    /// The next tokens of a sign-in.
    Refresh(Secret),
}

/// The members of the form that mean something here; empty ones count as left out.
#[derive(Debug, Default)]
pub struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    client_assertion: Option<Secret>,
    client_assertion_type: Option<String>,
    refresh_token: Option<Secret>,
    token: Option<Secret>,
    scope: Option<String>,
}

impl Form {
    /// Reads the body. Members that are not known are ignored, as the RFC asks.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refused> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
            return Err(invalid("Send the parameters in the body as application/x-www-form-urlencoded."));
        }
        let members: Vec<(String, String)> =
            serde_urlencoded::from_bytes(body).map_err(|_| invalid("The body is not a form."))?;
        let mut form = Self::default();
        for (name, value) in members {
            if value.is_empty() {
                continue;
            }
            let again = match name.as_str() {
                "grant_type" => form.grant_type.replace(value).is_some(),
                "client_id" => form.client_id.replace(value).is_some(),
                "client_secret" => form.client_secret.replace(Secret::new(value)).is_some(),
                "client_assertion" => form.client_assertion.replace(Secret::new(value)).is_some(),
                "client_assertion_type" => form.client_assertion_type.replace(value).is_some(),
                "refresh_token" => form.refresh_token.replace(Secret::new(value)).is_some(),
                "token" => form.token.replace(Secret::new(value)).is_some(),
                "scope" => form.scope.replace(value).is_some(),
                _ => false,
            };
            if again {
                return Err(invalid("A parameter is there more than once."));
            }
        }
        Ok(form)
    }

    /// What is asked for, and by whom.
    pub fn grant(mut self, headers: &HeaderMap) -> Result<(Grant, Asker), Refused> {
        let grant = match (self.grant_type.as_deref(), self.refresh_token.take()) {
            (Some("client_credentials"), _) => Grant::Client,
            (Some("refresh_token"), Some(token)) => Grant::Refresh(token),
            (Some("refresh_token"), None) => return Err(invalid("refresh_token is missing.")),
            (Some(_), _) => {
                return Err(Refused {
                    status: StatusCode::BAD_REQUEST,
                    error: "unsupported_grant_type",
                    description: "The grants are client_credentials and refresh_token; people sign in at /v1/session.",
                });
            }
            (None, _) => return Err(invalid("grant_type is missing: send client_credentials or refresh_token.")),
        };
        if self.scope.take().is_some_and(|scope| scope.split(' ').any(|scope| scope != SCOPE)) {
            return Err(Refused {
                status: StatusCode::BAD_REQUEST,
                error: "invalid_scope",
                description: "The only scope is zhiqiao; leave it out or ask for that.",
            });
        }
        let asker = self.asker(headers)?;
        match (&grant, &asker) {
            (Grant::Client, Asker::Unproved(_)) => Err(NOBODY),
            _ => Ok((grant, asker)),
        }
    }

    /// The token that is to be revoked, and who asks for it. A hint of its kind is not needed: it shows.
    pub fn revocation(mut self, headers: &HeaderMap) -> Result<(Secret, Asker), Refused> {
        let token = self.token.take().ok_or(invalid("token is missing."))?;
        Ok((token, self.asker(headers)?))
    }

    /// Who asks, by one way and no more.
    fn asker(self, headers: &HeaderMap) -> Result<Asker, Refused> {
        let mut all = headers.get_all(header::AUTHORIZATION);
        let (first, more) = (all.next(), all.next());
        if more.is_some() {
            return Err(invalid("There is more than one Authorization header."));
        }
        let assertion = match (self.client_assertion_type.as_deref(), self.client_assertion) {
            (None, None) => None,
            (Some(ASSERTION), Some(assertion)) => Some(assertion),
            (Some(ASSERTION), None) => return Err(invalid("client_assertion is missing.")),
            (Some(_), _) => {
                return Err(unknown(
                    "The only client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
                ));
            }
            (None, Some(_)) => return Err(invalid("client_assertion_type is missing.")),
        };
        let ways = [first.is_some(), self.client_secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|is_there| *is_there).count() > 1 {
            return Err(invalid("Give one proof of the client: by HTTP Basic, in the body, or an assertion."));
        }
        if let Some(assertion) = assertion {
            return Ok(Asker::Proved(Proof::Assertion(assertion, self.client_id)));
        }
        let Some(value) = first else {
            return match (self.client_id, self.client_secret) {
                (Some(id), Some(secret)) => Ok(Asker::Proved(Proof::Secret(id, secret))),
                (None, Some(_)) => Err(unknown("client_id is missing beside client_secret.")),
                (id, None) => Ok(Asker::Unproved(id)),
            };
        };
        let (id, secret) = value.to_str().ok().and_then(basic).ok_or(unknown(
            "The Authorization header is not HTTP Basic with form-encoded client_id and client_secret.",
        ))?;
        if self.client_id.is_some_and(|other| other != id) {
            return Err(invalid("The client_id of the body is not that of HTTP Basic."));
        }
        Ok(Asker::Proved(Proof::Secret(id, secret)))
    }
}

/// Id and secret of an `Authorization: Basic` header, each form-encoded as RFC 6749 asks.
fn basic(value: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(encoded.trim_matches(' ')).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let (id, secret) = (form_decode(id)?, form_decode(secret)?);
    (!id.is_empty() && !secret.is_empty()).then(|| (id, Secret::new(secret)))
}

/// One form-encoded text: `+` is a blank, `%XX` a byte.
fn form_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use actix_web::http::header::HeaderValue;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn ask(authorization: Option<&str>, body: &str) -> Result<(String, String), (u16, &'static str)> {
        let mut headers = HeaderMap::new();
        headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"));
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        Form::read(&headers, body.as_bytes())
            .and_then(|form| form.grant(&headers))
            .map(|(_, asker)| match asker {
                Asker::Proved(Proof::Secret(id, secret)) => (id, secret.expose().to_owned()),
                Asker::Proved(Proof::Assertion(text, id)) => (id.unwrap_or_default(), text.expose().to_owned()),
                Asker::Unproved(id) => (id.unwrap_or_default(), String::new()),
            })
            .map_err(|refused| (refused.status.as_u16(), refused.error))
    }

    fn of(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn credentials_come_by_header_or_body() {
        let grant = "grant_type=client_credentials";
        let expected = Ok(("school".to_owned(), "se cret:+%".to_owned()));
        for header in ["school:se+cret:%2B%25", "school:se%20cret%3a%2b%25", "%73chool:se+cret:%2B%25"] {
            assert_eq!(ask(Some(&of(header)), grant), expected, "{header}");
        }
        let lower = of("school:se+cret:%2B%25").replace("Basic", "bAsic");
        assert_eq!(ask(Some(&lower), grant), expected);
        assert_eq!(ask(Some(of("school:se+cret:%2B%25").trim_end_matches('=')), grant), expected);
        assert_eq!(ask(None, &format!("{grant}&client_id=school&client_secret=se+cret:%2B%25")), expected);
        assert_eq!(
            ask(Some(&of("a:b")), &format!("{grant}&scope=zhiqiao&client_id=a&future=1&future=2")),
            Ok(("a".to_owned(), "b".to_owned()))
        );
    }

    #[test]
    fn every_fault_has_its_code() {
        let grant = "grant_type=client_credentials";
        let both = format!("{grant}&client_id=a&client_secret=b");
        let good = of("a:b");
        let (request, client) = (Err((400, "invalid_request")), Err((401, "invalid_client")));
        for (header, body, expected) in [
            (Some(good.as_str()), "", &request),
            (Some(&good), "grant_type=", &request),
            (Some(&good), "grant_type=password", &Err((400, "unsupported_grant_type"))),
            (Some(&good), "grant_type=client_credentials&grant_type=client_credentials", &request),
            (Some(&good), &both, &request),
            (Some(&good), "grant_type=client_credentials&client_id=other", &request),
            (Some(&good), "grant_type=client_credentials&scope=admin", &Err((400, "invalid_scope"))),
            (Some(&good), "grant_type=client_credentials&scope=zhiqiao+admin", &Err((400, "invalid_scope"))),
            (None, grant, &client),
            (None, "grant_type=client_credentials&client_id=a", &client),
            (Some("Bearer a.b.c"), grant, &client),
            (Some("Basic"), grant, &client),
            (Some("Basic %%%"), grant, &client),
            (Some(&of("ab")), grant, &client),
            (Some(&of(":b")), grant, &client),
            (Some(&of("a:")), grant, &client),
            (Some(&of("a:%4")), grant, &client),
            (Some(&of("a:%zz")), grant, &client),
            (Some(&of("a:%ff")), grant, &client),
        ] {
            assert_eq!(&ask(header, body), expected, "{header:?} {body}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert_eq!(Form::read(&headers, b"{}").unwrap_err().error, "invalid_request");
        assert_eq!(Form::read(&HeaderMap::new(), grant.as_bytes()).unwrap_err().error, "invalid_request");
    }

    #[test]
    fn a_client_proves_itself_in_one_way() {
        let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let grant = "grant_type=client_credentials";
        let good = format!("{grant}&{kind}&client_assertion=a.b.c");
        let told = |id: &str| Ok((id.to_owned(), "a.b.c".to_owned()));
        let (request, client) = (Err((400, "invalid_request")), Err((401, "invalid_client")));
        assert_eq!(ask(None, &good), told(""));
        assert_eq!(ask(None, &format!("{good}&client_id=a")), told("a"));
        let basic = of("a:b");
        for (header, body, expected) in [
            (Some(basic.as_str()), good.clone(), &request),
            (None, format!("{good}&client_id=a&client_secret=b"), &request),
            (None, format!("{good}&client_assertion=d.e.f"), &request),
            (None, format!("{grant}&{kind}"), &request),
            (None, format!("{grant}&client_assertion=a.b.c"), &request),
            (None, good.replace("jwt-bearer", "saml2-bearer"), &client),
            (None, format!("{grant}&client_secret=b"), &client),
        ] {
            assert_eq!(&ask(header, &body), expected, "{header:?} {body}");
        }
    }

    #[test]
    fn a_refresh_token_needs_no_client() {
        let grant = "grant_type=refresh_token";
        assert_eq!(ask(None, &format!("{grant}&refresh_token=x")), Ok((String::new(), String::new())));
        assert_eq!(
            ask(None, &format!("{grant}&refresh_token=x&client_id=console")),
            Ok(("console".to_owned(), String::new()))
        );
        assert_eq!(ask(Some(&of("a:b")), &format!("{grant}&refresh_token=x")), Ok(("a".to_owned(), "b".to_owned())));
        for bad in ["grant_type=refresh_token", "grant_type=refresh_token&refresh_token=x&refresh_token=y"] {
            assert_eq!(ask(None, bad), Err((400, "invalid_request")), "{bad}");
        }
    }

    #[test]
    fn descriptions_are_ascii() {
        assert!(UNKNOWN.description.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\'));
    }
}
