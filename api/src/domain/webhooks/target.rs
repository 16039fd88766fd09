//! Where messages may go: not into the service's own network.
//!
//! An address is judged three times: as it is written when a webhook is made, as it is written when a
//! message is sent, and by what its name resolves to at the moment of the connection. Only the last
//! stands against a name that resolves to another address the second time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::error::{Finding, Text};

/// The longest address.
const LONGEST: usize = 2_000;

/// Whether an address belongs to a network that outsiders must not reach through us.
pub fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_inside_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| is_inside_v6(address), is_inside_v4),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        // "This network", and everything reserved with the broadcast address.
        || a == 0
        || a >= 240
        // Carrier-grade NAT, protocol assignments, 6to4 relays, benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only global unicast is outside, and of that not what is for tunnels, tests and papers.
    (first & 0xe000) != 0x2000
        || (first == 0x2001 && second < 0x0200)
        || (first == 0x2001 && second == 0x0db8)
        || (first & 0xfff0) == 0x3ff0
}

/// The address of version 4 that stands in one of version 6.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // Mapped (`::ffff:a.b.c.d`) and translated (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// Judges an address as it is written.
pub fn check(text: &str, may_be_inside: bool) -> Result<Url, Box<Finding>> {
    let refuse = |code: &str, zh: &str, en: &str, expected: &str| {
        Err(Box::new(Finding::error(code, "/url", Text::new(zh, en)).with(expected, text)))
    };
    let url = match Url::parse(text) {
        Ok(url) if text.len() <= LONGEST && url.host().is_some() => url,
        _ => return refuse("url", "不是可用的 https 地址", "Not an https address", "https://example.org/hook"),
    };
    let is_right = url.scheme() == "https" || (may_be_inside && url.scheme() == "http");
    if !is_right {
        return refuse("url", "地址必须使用 https", "The address must be https", "https://");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        let en = "The address must have neither a user, nor a password, nor a fragment";
        return refuse("url", "地址中不能有用户名、密码或片段", en, "https://example.org/hook");
    }
    if !may_be_inside && is_written_inside(&url) {
        let en = "The address is in a private network, where messages are not sent";
        return refuse("private_target", "地址位于内部网络，不能向其发送消息", en, "a public address");
    }
    Ok(url)
}

/// Whether an address names an inner network as it is written.
pub fn is_written_inside(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return true };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => is_inside(address),
        Err(_) => {
            let name = bare.trim_end_matches('.').to_ascii_lowercase();
            ["localhost", "local", "internal", "localdomain"]
                .iter()
                .any(|end| name == *end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_networks_are_known_in_all_their_forms() {
        for inside in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2002:c0a8:101::",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
            "3fff::1",
        ] {
            assert!(is_inside(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2400:3200::1",
            "::ffff:1.1.1.1",
            "2002:101:101::",
        ] {
            assert!(!is_inside(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_address_is_judged_as_it_is_written() {
        for (text, code) in [
            ("https://example.org/hook?x=1", None),
            ("https://example.org:8443/", None),
            ("https://1.1.1.1/", None),
            ("http://example.org/hook", Some("url")),
            ("ftp://example.org/", Some("url")),
            ("example.org/hook", Some("url")),
            ("", Some("url")),
            ("https://user@example.org/", Some("url")),
            ("https://user:pass@example.org/", Some("url")),
            ("https://example.org/#part", Some("url")),
            ("https://127.0.0.1/", Some("private_target")),
            ("https://2130706433/", Some("private_target")),
            ("https://0x7f.1/", Some("private_target")),
            ("https://0177.0.0.1/", Some("private_target")),
            ("https://[::1]/", Some("private_target")),
            ("https://[::ffff:169.254.169.254]/", Some("private_target")),
            ("https://LOCALHOST/", Some("private_target")),
            ("https://localhost./", Some("private_target")),
            ("https://db.internal/", Some("private_target")),
        ] {
            let found = check(text, false).err().map(|fault| fault.code);
            assert_eq!(found.as_deref(), code, "{text}");
        }
        assert!(check("http://127.0.0.1:1/", true).is_ok());
        assert!(check("ftp://127.0.0.1/", true).is_err());
        assert!(check(&format!("https://example.org/{}", "x".repeat(2_000)), false).is_err());
    }
}
