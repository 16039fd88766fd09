//! Settings that keep callers within bounds: rates, what is shown to whom, other origins, encryption.

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::error::Text;

/// The keys that hold a [`Pace`].
pub(super) const PACES: [&str; 9] = [
    "rate.client_reads",
    "rate.client_writes",
    "rate.client_structure",
    "rate.client_cost",
    "rate.address_reads",
    "rate.address_writes",
    "rate.address_structure",
    "rate.address_cost",
    "rate.login",
];

/// A pace that nobody meets who is not out to meet it.
pub(super) const WIDE: &str = "1000000/s, 10000000";

/// How much a caller may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Whether anything is counted.
    pub enabled: bool,
    /// Whether the instances share the budgets; on PostgreSQL only.
    pub shared: bool,
    /// What the holder of a token may read.
    pub client_reads: Pace,
    /// What the holder of a token may change.
    pub client_writes: Pace,
    /// How often the holder of a token may ask how the interface is made.
    pub client_structure: Pace,
    /// What the GraphQL operations of the holder of a token may cost.
    pub client_cost: Pace,
    /// What an address without a token may read.
    pub address_reads: Pace,
    /// How often an address without a token may try to change something.
    pub address_writes: Pace,
    /// How often an address without a token may ask how the interface is made.
    pub address_structure: Pace,
    /// What the GraphQL operations of an address without a token may cost.
    pub address_cost: Pace,
    /// How often an address may say who it is.
    pub login: Pace,
}

/// So much in a time, and so much at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// After how many nanoseconds one comes back.
    pub nanos: u64,
    /// How much may come at once.
    pub burst: u64,
}

impl Pace {
    /// Reads `20/s, 200`.
    pub fn read(text: &str) -> Result<Self, Text> {
        let wrong = || Text::new("无法读取", "cannot be read");
        let (rate, burst) = text.split_once(',').ok_or_else(wrong)?;
        let (count, unit) = rate.trim().split_once('/').ok_or_else(wrong)?;
        let time = match unit.trim() {
            "s" => Duration::from_secs(1),
            "min" => Duration::from_secs(60),
            _ => return Err(wrong()),
        };
        let whole = |text: &str| text.trim().parse::<u64>().ok().filter(|number| (1..=1_000_000_000).contains(number));
        let (count, burst) = (whole(count).ok_or_else(wrong)?, whole(burst).ok_or_else(wrong)?);
        let time = u64::try_from(time.as_nanos()).map_err(|_| wrong())?;
        Ok(Self { nanos: (time / count).max(1), burst })
    }

    /// How long it takes until all of it is there again, in whole seconds, at least one.
    pub const fn window(self) -> u64 {
        let seconds = self.nanos.saturating_mul(self.burst).div_ceil(1_000_000_000);
        if seconds == 0 { 1 } else { seconds }
    }
}

impl<'de> Deserialize<'de> for Pace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(|fault| D::Error::custom(fault.en))
    }
}

/// What of GraphQL is shown to whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graphql {
    /// Who may ask for the schema.
    pub introspection: Shown,
    /// Whether a browser gets the query page.
    pub page: bool,
}

/// To whom something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// To everybody.
    Everyone,
    /// To those who have a token.
    Members,
    /// To nobody.
    Nobody,
}

/// Pages of other origins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Those that may call, or `*`.
    pub origins: Vec<String>,
}

/// An origin as browsers send it, or `*`.
pub(super) fn origin(text: &str) -> Result<(), Text> {
    if text == "*" {
        return Ok(());
    }
    super::addresses::public_url(text)?;
    match text.split_once("://") {
        Some((_, host)) if !host.contains('/') && !text.contains(char::is_uppercase) => Ok(()),
        _ => Err(Text::new(
            "来源只含协议、主机与端口，且须小写",
            "an origin has scheme, host and port alone, in lower case",
        )),
    }
}

/// Encryption by the service itself; both files, or none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain of certificates, PEM.
    pub certificate: Option<PathBuf>,
    /// The private key, PEM.
    pub key: Option<PathBuf>,
}

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `::1/128`, or an address alone.
    pub fn read(text: &str) -> Result<Self, Text> {
        let wrong = || Text::new(format!("不是地址或网段：{text}"), format!("no address and no network: {text}"));
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(most), |prefix| prefix.trim().parse().ok()).filter(|bits| *bits <= most);
        Ok(Self { address, prefix: prefix.ok_or_else(wrong)? })
    }

    /// Whether an address belongs to it.
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(32_u32.saturating_sub(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(128_u32.saturating_sub(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(|fault| D::Error::custom(fault.en))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_rate_and_a_burst() {
        let pace = |text| Pace::read(text).ok().map(|pace| (pace.nanos, pace.burst, pace.window()));
        assert_eq!(pace("20/s, 200"), Some((50_000_000, 200, 10)));
        assert_eq!(pace("1/min,1"), Some((60_000_000_000, 1, 60)));
        assert_eq!(pace(" 2000000/min , 2000000 "), Some((30_000, 2_000_000, 60)));
        assert_eq!(pace(WIDE).map(|(nanos, ..)| nanos), Some(1_000));
        for wrong in ["", "20", "20/s", "0/s, 1", "20/s, 0", "20/h, 1", "-1/s, 1", "1.5/s, 1", "1/s, 2, 3", "off"] {
            assert!(Pace::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, address, is_in) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::/0", "::1", true),
        ] {
            assert_eq!(Network::read(network).unwrap().has(address.parse().unwrap()), is_in, "{network} {address}");
        }
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "proxy", "10.0.0.0/x"] {
            assert!(Network::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in ["*", "https://www.example.org", "http://localhost:3000"] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for wrong in
            ["", "www.example.org", "https://example.org/", "https://example.org/a", "https://Example.org", "null"]
        {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
