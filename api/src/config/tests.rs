//! Unit tests of the configuration: layers, faults, addresses, secrets.

use super::*;

/// Reads a file's text and variables, as `load` would.
fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigFaults> {
    let variables: Vec<_> = variables.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    Config::read(Some(Layer::text("zhiqiao.toml", file)), layers::environment(variables.into_iter()))
}

fn faulty_keys(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match read(file, variables) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.faults().iter().map(|fault| fault.key.clone()).collect(),
    }
}

const URL: (&str, &str) = ("ZHIQIAO_DATABASE__URL", "postgres://zhiqiao:s3cret@db:5432/zhiqiao");

#[test]
fn the_defaults_need_a_database_and_nothing_else() {
    assert_eq!(faulty_keys("", &[]), ["database.url"]);
    let config = read("", &[URL]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.token.lifetime_seconds, 900);
    assert_eq!(config.limits.body_bytes, 4 * 1024 * 1024);
    assert_eq!(config.metrics.listen, None);
    assert_eq!(config.log.format, LogFormat::Auto);
}

#[test]
fn every_key_stands_in_the_defaults_and_in_the_structure() {
    let mut section = String::new();
    let mut documented = Vec::new();
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        }
        let setting = line.strip_prefix("# ").unwrap_or(line);
        if let Some((key, _)) = setting.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            documented.push(format!("{section}{key}"));
        }
    }
    assert_eq!(documented, keys::names().collect::<Vec<_>>());

    // A key that the table knows and the structure does not is a fault of its own.
    let all = "[metrics]\nlisten = '127.0.0.1:9090'\n[server]\nworkers = 2";
    read(all, &[URL]).unwrap();
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "listen = '0.0.0.0:80'\n[token]\naudience = 'file'\n[database]\nurl = 'sqlite://file.db'";
    let variables =
        [("ZHIQIAO_TOKEN__AUDIENCE", "62"), ("ZHIQIAO_TOKEN__LIFETIME_SECONDS", "300"), ("ZHIQIAO_LISTEN", "")];
    let config = read(file, &variables).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.token.audience, "62");
    assert_eq!(config.token.lifetime_seconds, 300);
    assert_eq!(config.database.url.expose(), "sqlite://file.db");
    assert_eq!(read("", &[URL, ("ZHIQIAO_LISTEN", "[::1]:8080")]).unwrap().listen.to_string(), "[::1]:8080");
}

#[test]
fn all_faults_are_named_at_once_with_their_origin() {
    let file = "
        listne = 1
        public_url = 'zhiqiao.example.org'
        [database]
        url = 'mysql://root:s3cret@db/x'
        [token]
        lifetime_seconds = 3600
        [limits]
        graphql_depth = 'deep'
        graphql_tokens = 1.5
        [log]
        format = 'xml'
        filter = 'info,=='
        [server]
        workers = 0
        [nonsense]
        a = 1
    ";
    let variables = [("ZHIQIAO_LISTEN", "localhost:8080"), ("ZHIQIAO_SERVER__SHUTDOWN_SECONDS", "soon")];
    let faults = read(file, &variables).unwrap_err();
    let found: Vec<_> =
        faults.faults().iter().map(|fault| (fault.key.as_str(), fault.origin.as_deref().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("database.url", "zhiqiao.toml"),
            ("limits.graphql_depth", "zhiqiao.toml"),
            ("limits.graphql_tokens", "zhiqiao.toml"),
            ("listen", "ZHIQIAO_LISTEN"),
            ("listne", "zhiqiao.toml"),
            ("log.filter", "zhiqiao.toml"),
            ("log.format", "zhiqiao.toml"),
            ("nonsense", "zhiqiao.toml"),
            ("public_url", "zhiqiao.toml"),
            ("server.shutdown_seconds", "ZHIQIAO_SERVER__SHUTDOWN_SECONDS"),
            ("server.workers", "zhiqiao.toml"),
            ("token.lifetime_seconds", "zhiqiao.toml"),
        ]
    );
    let printed = faults.to_string();
    assert!(printed.starts_with("配置有 12 处错误 / 12 faults"), "{printed}");
    assert!(printed.contains("整数，60 至 900") && printed.contains("a whole number, 60 to 900"), "{printed}");
    assert!(printed.contains("3600"), "{printed}");
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[test]
fn a_section_is_not_a_value_and_a_value_no_section() {
    assert_eq!(faulty_keys("log = 'info'\n[listen]\nport = 1", &[URL]), ["listen", "log"]);
}

#[test]
fn a_broken_file_is_named_by_line_without_the_line_itself() {
    let broken = "listen = '127.0.0.1:8080'\n[database]\nurl = 'postgres://zhiqiao:s3cret@db\n";
    let faults = read(broken, &[("ZHIQIAO_TOKEN__LIFETIME_SECONDS", "1")]).unwrap_err();
    let keys: Vec<_> = faults.faults().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["zhiqiao.toml", "token.lifetime_seconds"], "what the file may have said is not called missing");
    let printed = faults.to_string();
    assert!(printed.contains("line 3"), "{printed}");
    assert!(!printed.contains("s3cret"), "{printed}");
    let unquoted = read("[database]\nurl = postgres://zhiqiao:s3cret@db", &[]).unwrap_err().to_string();
    assert!(unquoted.contains("line 2") && !unquoted.contains("s3cret"), "{unquoted}");
    assert_eq!(faulty_keys("a = 1\na = 2", &[URL]), ["zhiqiao.toml"]);
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let faults = Config::load(Some(Path::new("/nowhere/zhiqiao.toml"))).unwrap_err();
    assert_eq!(faults.faults().first().unwrap().key, "/nowhere/zhiqiao.toml");
}

#[test]
fn database_addresses() {
    for good in [
        "sqlite://zhiqiao.db",
        "sqlite:///var/lib/zhiqiao/zhiqiao.db?mode=rwc",
        "postgres://zhiqiao@db/zhiqiao",
        "postgresql://zhiqiao:p%40ss@[::1]:5432/zhiqiao?sslmode=require",
        "postgres:///zhiqiao?host=/run/postgresql",
        "postgres://db:5432/?dbname=zhiqiao",
    ] {
        assert_eq!(faulty_keys("", &[("ZHIQIAO_DATABASE__URL", good)]), [""; 0], "{good}");
    }
    for bad in [
        "zhiqiao.db",
        "sqlite::memory:",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite://x?mode=memory",
        "mysql://db/zhiqiao",
        "postgres://db",
        "postgres://db/",
        "postgres:///zhiqiao",
        "postgres://db:99999/zhiqiao",
        "postgres://zhiqiao:p@ss@db/zhiqiao",
        "postgres://zhiqiao:p#ss@db/zhiqiao",
        "postgres://zhiqiao:p/ss@db/zhiqiao",
        "postgres://zhiqiao:p?ss@db/zhiqiao",
        "\"postgres://db/zhiqiao\"",
    ] {
        assert_eq!(faulty_keys("", &[("ZHIQIAO_DATABASE__URL", bad)]), ["database.url"], "{bad}");
    }
}

#[test]
fn public_addresses() {
    for (url, right) in [
        ("https://zhiqiao.example.org", true),
        ("https://example.org/zhiqiao", true),
        ("http://[::1]:8080", true),
        ("https://zhiqiao.example.org/", false),
        ("zhiqiao.example.org", false),
        ("https://", false),
        ("https://user@example.org", false),
        ("https://example.org?x=1", false),
        ("https://example.org:port", false),
        ("ftp://example.org", false),
    ] {
        let faults = faulty_keys("", &[URL, ("ZHIQIAO_PUBLIC_URL", url)]);
        assert_eq!(faults.is_empty(), right, "{url}");
    }
}

#[test]
fn two_listeners_cannot_share_a_port() {
    let metrics = |address| faulty_keys("listen = '0.0.0.0:8080'", &[URL, ("ZHIQIAO_METRICS__LISTEN", address)]);
    assert_eq!(metrics("127.0.0.1:8080"), ["metrics.listen"]);
    assert_eq!(metrics("127.0.0.1:8081"), [""; 0]);
}

#[test]
fn a_secret_shows_nothing() {
    let config = read("", &[URL]).unwrap();
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn the_demo_stays_on_loopback_and_in_its_folder() {
    let config = Config::for_demo(18_080, Path::new("./what? 100%")).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:18080");
    assert_eq!(config.metrics.listen.unwrap().to_string(), "127.0.0.1:18081");
    assert_eq!(config.public_url, "http://127.0.0.1:18080");
    assert_eq!(config.database.url.expose(), "sqlite://./what%3F 100%25/zhiqiao.db?mode=rwc");
    for port in [0, u16::MAX] {
        assert_eq!(Config::for_demo(port, Path::new("d")).unwrap().metrics.listen.unwrap().port(), 0);
    }
}

#[test]
fn the_example_is_right() {
    read(include_str!("../../../zhiqiao.example.toml"), &[URL]).unwrap();
}

#[test]
fn the_encryption_key_comes_from_one_place_and_is_not_shown() {
    let good = "YSBrZXkgZm9yIHRlc3RzLCBhbmQgbm8gb3RoZXIhISE=";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, format!("{good}\n")).unwrap();
    let file = file.display().to_string();
    let (key, named) = ("ZHIQIAO_KEYS__ENCRYPTION_KEY", "ZHIQIAO_KEYS__ENCRYPTION_KEY_FILE");
    assert_eq!(read("", &[URL]).unwrap().keys.read().unwrap(), None);
    let by_text = read("", &[URL, (key, good)]).unwrap().keys.read().unwrap();
    let by_file = read("", &[URL, (named, &file)]).unwrap().keys.read().unwrap();
    assert!(by_text.is_some() && by_text == by_file);
    for (variables, fault) in [
        (&[URL, (key, good), (named, &file)][..], "keys.encryption_key_file"),
        (&[URL, (key, "too short")], "keys.encryption_key"),
        (&[URL, (named, "/nowhere/at/all")], "keys.encryption_key_file"),
    ] {
        let found = read("", variables).unwrap_err();
        assert_eq!(found.faults().iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), [fault]);
        let said = found.to_string();
        assert!(said.contains("zhiqiao key secret") || said.contains("not both"), "{said}");
        assert!(!said.contains(good) && !said.contains("too short"), "{said}");
    }
    assert!(!format!("{:?}", read("", &[URL, (key, good)]).unwrap()).contains(good));
}
