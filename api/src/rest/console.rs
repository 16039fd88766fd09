//! The console's session: an access token in a cookie, and what keeps other sites from using it.
//!
//! A browser sends a cookie by itself, so a change needs more: the header `X-CSRF-Token`, which only a page of
//! ours can set, with a value that only whoever signed in was told; and where the browser says where the
//! request comes from, that must be here. A request with `Authorization` never looks at the cookie.

use actix_web::http::{
    Method, Uri,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    config::{Config, Secret},
    error::{Error, Result, Text},
};

/// The header of a change by cookie.
pub const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The name of the cookie. Browsers take the prefix only over https; the demo speaks http on loopback.
pub fn name(config: &Config) -> &'static str {
    if is_https(config) { "__Host-zhiqiao" } else { "zhiqiao" }
}

fn is_https(config: &Config) -> bool {
    config.public_url.starts_with("https://")
}

/// The token in the cookie, if there is one.
///
/// # Errors
/// [`Error::Unauthenticated`] where there are two: one of them was slipped in.
pub fn token<'a>(config: &Config, headers: &'a HeaderMap) -> Result<Option<&'a str>> {
    let mut found = headers
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .filter(|(key, _)| *key == name(config))
        .map(|(_, value)| value.trim());
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(token), None) => Ok(Some(token).filter(|token| !token.is_empty())),
        (Some(_), Some(_)) => {
            let text =
                Text::new("同名 Cookie 出现多次，请重新登录", "The cookie is there more than once: sign in again");
            Err(Error::Unauthenticated(text))
        }
    }
}

/// What a page sends as `X-CSRF-Token` with this token in its cookie. It follows from the token, which no page
/// can read; so it belongs to this session and to no other, and nothing has to be kept.
pub fn csrf(token: &str) -> Result<Secret> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(token.as_bytes()).map_err(Error::internal)?;
    mac.update(b"zhiqiao csrf");
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// Judges a request that comes with the cookie alone.
///
/// # Errors
/// [`Error::Csrf`] for a change that another site may have had sent.
pub fn check(config: &Config, method: &Method, headers: &HeaderMap, token: &str) -> Result<()> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return Ok(());
    }
    from_here(config, headers)?;
    let mut given = headers.get_all(&CSRF);
    let is_right = match (given.next(), given.next()) {
        (Some(value), None) => {
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(token.as_bytes()).map_err(Error::internal)?;
            mac.update(b"zhiqiao csrf");
            // Compared in the same time wherever the two differ.
            URL_SAFE_NO_PAD.decode(value.as_bytes()).is_ok_and(|value| mac.verify_slice(&value).is_ok())
        }
        _ => false,
    };
    if is_right {
        return Ok(());
    }
    Err(Error::Csrf(Text::new(
        "以 Cookie 登录的更改请求须带 X-CSRF-Token 请求头，其值为登录时返回的 csrf_token",
        "A change by cookie needs the header X-CSRF-Token with the csrf_token that the sign-in answered",
    )))
}

/// Refuses a request that a browser says comes from another site. Who says nothing is no browser of today.
///
/// # Errors
/// [`Error::Csrf`].
pub fn from_here(config: &Config, headers: &HeaderMap) -> Result<()> {
    let is_elsewhere = |name: &HeaderName, is_here: &dyn Fn(&str) -> bool| {
        headers.get_all(name).any(|value| !value.to_str().is_ok_and(is_here))
    };
    // `none`: typed by the person, or a bookmark.
    if is_elsewhere(&SEC_FETCH_SITE, &|site| matches!(site, "same-origin" | "none"))
        || is_elsewhere(&header::ORIGIN, &|origin| is_own(config, headers, origin))
    {
        return Err(Error::Csrf(Text::new(
            "请求来自其他网站，已拒绝",
            "The request comes from another site and is refused",
        )));
    }
    Ok(())
}

/// Whether an origin is this service: the configured address, or the very host that was asked.
fn is_own(config: &Config, headers: &HeaderMap, origin: &str) -> bool {
    let origin_of = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?).to_ascii_lowercase())
    };
    if origin_of(&config.public_url).is_some_and(|own| own == origin.to_ascii_lowercase()) {
        return true;
    }
    // Reached by another name than the configured one: a browser lets no page choose `Host`.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if is_https(config) { "https" } else { "http" };
    !host.is_empty() && origin.eq_ignore_ascii_case(&format!("{scheme}://{host}"))
}

/// Whether a websocket by cookie is opened by a page of ours: browsers say so, and no other site may.
pub fn opens_here(config: &Config, headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) && from_here(config, headers).is_ok()
}

/// The cookie of a session that lives for so many seconds.
pub fn set(config: &Config, token: &str, seconds: u64) -> Result<HeaderValue> {
    // Name and token have no letter that would have to be quoted.
    let secure = if is_https(config) { "; Secure" } else { "" };
    let text = format!("{}={token}; HttpOnly{secure}; SameSite=Strict; Path=/; Max-Age={seconds}", name(config));
    HeaderValue::from_str(&text).map_err(Error::internal)
}

/// The cookie that takes the other away.
pub fn clear(config: &Config) -> Result<HeaderValue> {
    set(config, "", 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::path::Path;

    use super::*;

    fn config(url: &str) -> Config {
        Config { public_url: url.to_owned(), ..Config::for_demo(0, Path::new("d")).unwrap() }
    }

    fn headers(all: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_and_other_sites() {
        let https = config("https://zhiqiao.example.org");
        let cookie = set(&https, "a.b.c", 900).unwrap();
        assert_eq!(
            cookie.to_str().unwrap(),
            "__Host-zhiqiao=a.b.c; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=900"
        );
        let http = set(&config("http://127.0.0.1:8080"), "a.b.c", 900).unwrap();
        assert_eq!(http.to_str().unwrap(), "zhiqiao=a.b.c; HttpOnly; SameSite=Strict; Path=/; Max-Age=900");
        assert!(clear(&https).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let https = config("https://zhiqiao.example.org");
        for (sent, expected) in [
            (&[][..], Some(None)),
            (&["a=b; __Host-zhiqiao=x.y.z; c=d"], Some(Some("x.y.z"))),
            (&["a=b", "__Host-zhiqiao=x.y.z"], Some(Some("x.y.z"))),
            (&["zhiqiao=x.y.z"], Some(None)),
            (&["__Host-zhiqiao="], Some(None)),
            (&["__Host-zhiqiao=x; __Host-zhiqiao=y"], None),
        ] {
            let all: Vec<_> = sent.iter().map(|value| (header::COOKIE, *value)).collect();
            assert_eq!(token(&https, &headers(&all)).ok(), expected, "{sent:?}");
        }
    }

    #[test]
    fn a_change_by_cookie_shows_where_it_comes_from() {
        let https = config("https://zhiqiao.example.org");
        let right = csrf("a.b.c").unwrap();
        let other = csrf("a.b.d").unwrap();
        let origin = |value| (header::ORIGIN, value);
        let site = |value| (SEC_FETCH_SITE, value);
        let good = (CSRF, right.expose());
        for (all, expected) in [
            (vec![], false),
            (vec![good.clone()], true),
            (vec![(CSRF, other.expose())], false),
            (vec![(CSRF, "")], false),
            (vec![good.clone(), good.clone()], false),
            (vec![good.clone(), origin("https://zhiqiao.example.org")], true),
            (vec![good.clone(), origin("https://zhiqiao.example.org:444")], false),
            (vec![good.clone(), origin("http://zhiqiao.example.org")], false),
            (vec![good.clone(), origin("https://evil.example.org")], false),
            (vec![good.clone(), origin("null")], false),
            (vec![good.clone(), (header::HOST, "inside:8443"), origin("https://inside:8443")], true),
            (vec![good.clone(), (header::HOST, "inside:8443"), origin("https://outside:8443")], false),
            (vec![good.clone(), site("same-origin")], true),
            (vec![good.clone(), site("same-site")], false),
            (vec![good.clone(), site("cross-site")], false),
            (vec![good.clone(), site("same-origin"), origin("https://evil.example.org")], false),
        ] {
            assert_eq!(check(&https, &Method::POST, &headers(&all), "a.b.c").is_ok(), expected, "{all:?}");
            assert!(check(&https, &Method::GET, &headers(&all), "a.b.c").is_ok(), "a read changes nothing");
        }
    }
}
