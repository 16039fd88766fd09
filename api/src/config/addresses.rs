//! What an address must look like, as far as it can be told without asking anybody.

use crate::error::Text;

/// An absolute http address, fit to be the issuer of a token: RFC 8414 wants no query and no fragment.
pub(super) fn public_url(url: &str) -> Result<(), Text> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(|| Text::new("须以 http:// 或 https:// 开头", "must begin with http:// or https://"))?;
    if rest.contains(['?', '#', '@']) || rest.contains(char::is_whitespace) {
        return Err(Text::new("不得含查询、片段、用户名或空白", "no query, fragment, user or blanks here"));
    }
    if rest.ends_with('/') {
        return Err(Text::new("末尾不得有斜杠", "no slash at the end"));
    }
    host(rest.split('/').next().unwrap_or_default())
}

/// The address of a database that we speak. No problem quotes it: it may hold a password.
pub(super) fn database_url(url: &str) -> Result<(), Text> {
    match url.split_once("://") {
        Some(("sqlite", rest)) => sqlite(rest),
        Some(("postgres" | "postgresql", rest)) => postgres(rest),
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            Err(Text::new(format!("不支持的数据库 {scheme}"), format!("not a database we speak: {scheme}")))
        }
        _ => Err(Text::new("须以 sqlite:// 或 postgres:// 开头", "must begin with sqlite:// or postgres://")),
    }
}

fn sqlite(rest: &str) -> Result<(), Text> {
    let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
    if file.is_empty() {
        return Err(Text::new("没有写文件名", "names no file"));
    }
    if file == ":memory:" || query.split('&').any(|pair| pair == "mode=memory") {
        return Err(Text::new("内存数据库会在停止时丢失数据", "a database in memory loses its data at the end"));
    }
    Ok(())
}

fn postgres(rest: &str) -> Result<(), Text> {
    let escape = || {
        Text::new(
            "地址读不通；密码中的特殊字符须写成 %XX",
            "cannot be read; write special characters in the password as %XX",
        )
    };
    if rest.contains('#') || rest.contains(char::is_whitespace) {
        return Err(escape());
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let (authority, name) = place.split_once('/').unwrap_or((place, ""));
    let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains('@') {
        return Err(escape());
    }
    if !(server.is_empty() && asks("host")) {
        // An `@` that comes too late was meant for the user: its password holds a `/` or a `?`.
        let late = rest.contains('@') && !authority.contains('@');
        host(server).map_err(|problem| if late { escape() } else { problem })?;
    }
    if name.is_empty() && !asks("dbname") {
        return Err(Text::new("没有写库名", "names no database"));
    }
    Ok(())
}

/// `name`, `name:port` or `[IPv6]:port`.
fn host(text: &str) -> Result<(), Text> {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, rest)) => (address, Some(rest.strip_prefix(':').unwrap_or("none"))),
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    if name.is_empty() {
        return Err(Text::new("没有写主机", "names no host"));
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(_)) => Err(Text::new("端口须为 0 至 65535 的数", "the port must be a number up to 65535")),
    }
}
