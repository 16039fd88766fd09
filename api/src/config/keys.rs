//! The table of settings: every key, what it may hold, whether it must be given.

use std::{net::SocketAddr, ops::RangeInclusive, path::Path};

use entity::words::Role;
use figment::{
    Figment,
    value::{Dict, Value},
};
use tracing_subscriber::EnvFilter;

use super::{addresses, encryption, faults::Fault, matching, protection};
use crate::error::Text;

/// What a key may hold.
#[derive(Debug)]
enum Holds {
    /// `IP:port`.
    Address,
    /// An absolute http address without a slash at the end.
    PublicUrl,
    /// A database that we speak; may hold a password.
    DatabaseUrl,
    /// A whole number within bounds.
    Whole(RangeInclusive<i128>),
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// One word.
    Word,
    /// A log filter.
    Filter,
    /// Yes or no.
    Flag,
    /// So many in a time, and so many at once.
    Pace,
    /// Networks, each as `address/prefix`.
    Networks,
    /// Pairs of cities' codes.
    Borders,
    /// Origins of pages, or `*`.
    Origins,
    /// A file.
    File,
    /// 32 bytes in base64; a secret.
    EncryptionKey,
    /// A file that holds them.
    EncryptionKeyFile,
    /// Roles of the contract, with commas between.
    Roles,
}

use Holds::{
    Address, Borders, DatabaseUrl, EncryptionKey, EncryptionKeyFile, File, Filter, Flag, Networks, OneOf, Origins,
    Pace, PublicUrl, Roles, Whole, Word,
};

/// Every key there is, in the order of the defaults file.
const KEYS: &[(&str, Holds)] = &[
    ("listen", Address),
    ("public_url", PublicUrl),
    (DATABASE_URL, DatabaseUrl),
    ("database.max_connections", Whole(1..=1_000)),
    ("database.acquire_timeout_seconds", Whole(1..=60)),
    ("database.statement_timeout_seconds", Whole(1..=3_600)),
    ("database.owner", OneOf(&["warn", "refuse", "allow"])),
    ("token.audience", Word),
    ("token.lifetime_seconds", Whole(60..=900)),
    ("token.refresh_lifetime_seconds", Whole(60..=2_592_000)),
    ("token.refresh_idle_seconds", Whole(60..=2_592_000)),
    ("people.second_factor", OneOf(&["required", "optional"])),
    ("people.second_factor_roles", Roles),
    ("people.failures_account", Whole(1..=1_000_000)),
    ("people.failures_address", Whole(1..=1_000_000)),
    ("people.lock_seconds", Whole(1..=3_600)),
    ("people.lock_longest_seconds", Whole(1..=86_400)),
    ("people.forget_seconds", Whole(1..=86_400)),
    (ENCRYPTION_KEY, EncryptionKey),
    (ENCRYPTION_KEY_FILE, EncryptionKeyFile),
    ("limits.body_bytes", Whole(1_024..=268_435_456)),
    ("limits.batch_bytes", Whole(1_024..=4_294_967_296)),
    ("limits.graphql_body_bytes", Whole(1_024..=16_777_216)),
    ("limits.graphql_depth", Whole(1..=100)),
    ("limits.graphql_complexity", Whole(1..=100_000_000)),
    ("limits.graphql_aliases", Whole(0..=100_000)),
    ("limits.graphql_directives", Whole(0..=100_000)),
    ("limits.graphql_tokens", Whole(1..=1_000_000)),
    ("limits.graphql_operations", Whole(1..=1_000)),
    ("limits.header_timeout_seconds", Whole(1..=300)),
    ("limits.answer_timeout_seconds", Whole(1..=3_600)),
    ("limits.request_timeout_seconds", Whole(1..=3_600)),
    ("limits.address_bytes", Whole(256..=65_536)),
    ("limits.header_lines", Whole(16..=96)),
    ("limits.header_bytes", Whole(1_024..=131_072)),
    ("limits.body_grace_seconds", Whole(1..=3_600)),
    ("limits.body_bytes_per_second", Whole(1..=1_048_576)),
    (METRICS_LISTEN, Address),
    ("log.format", OneOf(&["auto", "pretty", "json"])),
    ("log.filter", Filter),
    ("server.workers", Whole(1..=1_024)),
    ("server.shutdown_seconds", Whole(1..=600)),
    ("server.memory_idle_seconds", Whole(1..=86_400)),
    ("server.trusted_proxies", Networks),
    ("webhooks.private_targets", OneOf(&["refuse", "allow"])),
    ("audit.checkpoint_seconds", Whole(1..=3_600)),
    ("certification.city_days", Whole(1..=365)),
    ("certification.agency_days", Whole(1..=365)),
    ("certification.province_days", Whole(1..=365)),
    ("certification.correction_days", Whole(1..=365)),
    ("certification.appeal_days", Whole(1..=365)),
    ("certification.validity_years", Whole(1..=50)),
    ("matching.neighbours", Borders),
    ("matching.least", Whole(1..=100)),
    ("matching.most", Whole(1..=50)),
    ("rate.enabled", Flag),
    ("rate.shared", Flag),
    ("rate.client_reads", Pace),
    ("rate.client_writes", Pace),
    ("rate.client_structure", Pace),
    ("rate.client_cost", Pace),
    ("rate.address_reads", Pace),
    ("rate.address_writes", Pace),
    ("rate.address_structure", Pace),
    ("rate.address_cost", Pace),
    ("rate.login", Pace),
    ("graphql.introspection", OneOf(&["everyone", "members", "nobody"])),
    ("graphql.page", Flag),
    ("cors.origins", Origins),
    (TLS_CERTIFICATE, File),
    (TLS_KEY, File),
];

const DATABASE_URL: &str = "database.url";
const ENCRYPTION_KEY: &str = "keys.encryption_key";
const ENCRYPTION_KEY_FILE: &str = "keys.encryption_key_file";
const METRICS_LISTEN: &str = "metrics.listen";
const TLS_CERTIFICATE: &str = "tls.certificate";
const TLS_KEY: &str = "tls.key";
/// The keys without default that a start needs.
const REQUIRED: &[&str] = &[DATABASE_URL];

fn holds(key: &str) -> Option<&'static Holds> {
    KEYS.iter().find(|(name, _)| *name == key).map(|(_, holds)| holds)
}

/// A variable's text as the value its key asks for.
pub(super) fn typed(key: &str, text: String) -> Value {
    match (holds(key), text.parse::<i64>()) {
        (Some(Whole(_)), Ok(number)) => Value::from(number),
        (Some(Flag), _) if text == "true" || text == "false" => Value::from(text == "true"),
        (Some(Networks | Origins | Borders), _) => {
            Value::from(text.split(',').map(|one| one.trim().to_owned()).collect::<Vec<String>>())
        }
        _ => Value::from(text),
    }
}

/// Every fault of the merged settings, in the order of their keys.
pub(super) fn check(merged: &Figment) -> Vec<Fault> {
    let mut checked = Checked { merged, faults: Vec::new() };
    match merged.extract::<Dict>() {
        Ok(root) => checked.section("", &root),
        Err(error) => checked.faults.push(Fault::unforeseen(&error)),
    }
    checked.required();
    checked.listeners();
    checked.certificate();
    checked.one_encryption_key();
    checked.faults
}

struct Checked<'a> {
    merged: &'a Figment,
    faults: Vec<Fault>,
}

impl Checked<'_> {
    fn section(&mut self, path: &str, values: &Dict) {
        for (name, value) in values {
            let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match (holds(&key), value) {
                (Some(holds), value) => {
                    if let Err(problem) = holds.accepts(value) {
                        let got =
                            if holds.is_secret() { "（不显示 / not shown）".to_owned() } else { shown(value) };
                        self.fault(key, problem, Some(holds.expected()), Some(got));
                    }
                }
                (None, Value::Dict(_, inner)) if is_section(&key) => self.section(&key, inner),
                (None, _) if is_section(&key) => {
                    let expected = format!("[{key}]");
                    let problem = Text::new("这是一节，不是一个值", "this is a section, not a value");
                    self.fault(key, problem, Some(Text::new(expected.clone(), expected)), None);
                }
                (None, _) => {
                    let known = siblings(path).join(", ");
                    let problem = Text::new("没有这个配置项", "there is no such setting");
                    self.fault(key, problem, Some(Text::new(known.clone(), known)), None);
                }
            }
        }
    }

    fn required(&mut self) {
        for key in REQUIRED {
            if !self.merged.contains(key) {
                let variable = format!("ZHIQIAO_{}", key.to_ascii_uppercase().replace('.', "__"));
                let problem = Text::new(
                    format!("必须给出，也可用环境变量 {variable}"),
                    format!("must be given, here or as {variable}"),
                );
                self.fault((*key).to_owned(), problem, holds(key).map(Holds::expected), None);
            }
        }
    }

    /// Two listeners cannot share a port; port 0 is a free one for each.
    fn listeners(&mut self) {
        let address =
            |key: &str| self.merged.extract_inner::<SocketAddr>(key).ok().filter(|address| address.port() != 0);
        if let (Some(service), Some(metrics)) = (address("listen"), address(METRICS_LISTEN))
            && service.port() == metrics.port()
            && (service.ip() == metrics.ip() || service.ip().is_unspecified() || metrics.ip().is_unspecified())
        {
            let problem = Text::new("与 listen 使用同一端口", "the same port as listen");
            let expected = Text::new("另一个端口", "another port");
            self.fault(METRICS_LISTEN.to_owned(), problem, Some(expected), Some(metrics.to_string()));
        }
    }

    /// A certificate is of no use without its key, nor the key without it.
    fn certificate(&mut self) {
        for (key, other) in [(TLS_CERTIFICATE, TLS_KEY), (TLS_KEY, TLS_CERTIFICATE)] {
            if self.merged.contains(other) && !self.merged.contains(key) {
                let problem =
                    Text::new(format!("已给出 {other}，此项也必须给出"), format!("{other} is given, so this must be"));
                self.fault(key.to_owned(), problem, Some(File.expected()), None);
            }
        }
    }

    /// One key from one place: of two, nobody could say which is meant.
    fn one_encryption_key(&mut self) {
        if self.merged.contains(ENCRYPTION_KEY) && self.merged.contains(ENCRYPTION_KEY_FILE) {
            let problem = Text::new(
                format!("与 {ENCRYPTION_KEY} 只能写一个"),
                format!("either this or {ENCRYPTION_KEY}, not both"),
            );
            self.fault(ENCRYPTION_KEY_FILE.to_owned(), problem, None, None);
        }
    }

    fn fault(&mut self, key: String, problem: Text, expected: Option<Text>, got: Option<String>) {
        let origin = self.merged.find_metadata(&key).map(|metadata| metadata.name.clone().into_owned());
        self.faults.push(Fault { key, origin, problem, expected, got });
    }
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|(key, _)| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The names that may stand in a section, each once.
fn siblings(section: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter_map(|(key, _)| {
            if section.is_empty() {
                Some(*key)
            } else {
                key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
            }
        })
        .filter_map(|rest| rest.split('.').next())
        .collect();
    names.dedup();
    names
}

impl Holds {
    const fn is_secret(&self) -> bool {
        matches!(self, DatabaseUrl | EncryptionKey)
    }

    fn expected(&self) -> Text {
        match self {
            Address => Text::new("IP:端口，如 127.0.0.1:8080", "IP:port, as in 127.0.0.1:8080"),
            PublicUrl => Text::new(
                "完整的 http(s) 地址，末尾无斜杠，如 https://zhiqiao.example.org",
                "an absolute http(s) address without a slash at the end, as in https://zhiqiao.example.org",
            ),
            DatabaseUrl => Text::new(
                "sqlite://文件?mode=rwc 或 postgres://用户:密码@主机:端口/库名",
                "sqlite://file?mode=rwc or postgres://user:password@host:port/name",
            ),
            Whole(range) => Text::new(
                format!("整数，{} 至 {}", range.start(), range.end()),
                format!("a whole number, {} to {}", range.start(), range.end()),
            ),
            OneOf(words) => Text::new(words.join("、"), words.join(", ")),
            Word => Text::new("一个不含空白的词", "one word without blanks"),
            EncryptionKey => Text::new(
                "32 字节的 base64，可用 zhiqiao key secret 生成",
                "32 bytes in base64; `zhiqiao key secret` makes them",
            ),
            EncryptionKeyFile => Text::new(
                "内含 32 字节 base64 的文件，可用 zhiqiao key secret 生成其内容",
                "a file with 32 bytes in base64; `zhiqiao key secret` makes them",
            ),
            Roles => Text::new(
                "以逗号分隔的角色，如 ADMIN,AUDITOR,PROVINCE,CITY",
                "roles with commas between, as in ADMIN,AUDITOR,PROVINCE,CITY",
            ),
            Filter => Text::new("级别[,模块=级别…]，如 info,sqlx=warn", "level[,module=level…], as in info,sqlx=warn"),
            Flag => Text::new("true 或 false", "true or false"),
            Pace => Text::new(
                "次数/s 或 次数/min，逗号，可累积的次数，如 \"20/s, 200\"",
                "so many a second (/s) or minute (/min), then how many at once, as in \"20/s, 200\"",
            ),
            Networks => Text::new(
                "地址或网段的列表，如 [\"10.0.0.0/8\", \"::1\"]",
                "a list of addresses or networks, as in [\"10.0.0.0/8\", \"::1\"]",
            ),
            Borders => Text::new(
                "相邻市州代码对的列表，如 [\"620100-620400\"]",
                "a list of pairs of cities' codes, as in [\"620100-620400\"]",
            ),
            Origins => Text::new(
                "来源的列表，如 [\"https://www.example.org\"]，或 [\"*\"]",
                "a list of origins, as in [\"https://www.example.org\"], or [\"*\"]",
            ),
            File => Text::new("文件路径", "the path of a file"),
        }
    }

    fn accepts(&self, value: &Value) -> Result<(), Text> {
        let kind = || Text::new("类型不对", "wrong type");
        if let Whole(range) = self {
            let number = value.to_i128().ok_or_else(kind)?;
            let outside = || Text::new("超出范围", "out of range");
            return if range.contains(&number) { Ok(()) } else { Err(outside()) };
        }
        if let Flag = self {
            return if matches!(value, Value::Bool(..)) { Ok(()) } else { Err(kind()) };
        }
        if let Networks | Origins | Borders = self {
            let Value::Array(_, values) = value else { return Err(kind()) };
            return values.iter().try_for_each(|one| {
                let text = one.as_str().ok_or_else(kind)?;
                match self {
                    Networks => protection::Network::read(text).map(drop),
                    Borders => matching::Neighbours::read(text).map(drop),
                    _ => protection::origin(text),
                }
            });
        }
        let text = value.as_str().ok_or_else(kind)?;
        match self {
            Address => text.parse::<SocketAddr>().map(drop).map_err(|_| Text::new("不是地址", "not an address")),
            PublicUrl => addresses::public_url(text),
            DatabaseUrl => addresses::database_url(text),
            OneOf(words) if !words.contains(&text) => Err(Text::new("没有这个选项", "no such choice")),
            Word if text.is_empty() || text.contains(char::is_whitespace) => {
                Err(Text::new("为空或含空白", "empty or with blanks"))
            }
            Filter => EnvFilter::try_new(text)
                .map(drop)
                .map_err(|error| Text::new(format!("无法读取：{error}"), format!("cannot be read: {error}"))),
            Pace => protection::Pace::read(text).map(drop),
            File if text.is_empty() => Err(Text::new("为空", "empty")),
            EncryptionKey => encryption::EncryptionKey::parse(text).map(drop),
            EncryptionKeyFile => encryption::EncryptionKey::of_file(Path::new(text)).map(drop),
            Roles => match text.split(',').find(|one| Role::of(one.trim()).is_none()) {
                None => Ok(()),
                Some(one) => Err(Text::new(format!("没有角色“{one}”"), format!("there is no role `{one}`"))),
            },
            OneOf(_) | Word | Whole(_) | Flag | Networks | Origins | Borders | File => Ok(()),
        }
    }
}

fn shown(value: &Value) -> String {
    const MOST: usize = 80;
    match value {
        Value::String(_, text) if text.chars().nth(MOST).is_some() => {
            format!("{:?}…", text.chars().take(MOST).collect::<String>())
        }
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, char) => format!("{char:?}"),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|whole| whole.to_string())
            .or_else(|| number.to_f64().map(|fraction| fraction.to_string()))
            .unwrap_or_else(|| "数 / a number".to_owned()),
        Value::Dict(..) => "一节 / a section".to_owned(),
        Value::Array(..) => "一列值 / a list".to_owned(),
        Value::Empty(..) => "空 / nothing".to_owned(),
    }
}

/// Every key, for the tests.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(name, _)| *name)
}
