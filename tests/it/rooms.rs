//! The rooms of the house, held against the source: who may name whom, and what may stand nowhere.

use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file with its path below `api/src`, without its unit tests.
fn files() -> Vec<(String, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&source(), &mut found);
    assert!(found.len() > 30, "the walk has lost its way");
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            (path.strip_prefix(source()).unwrap().display().to_string(), text)
        })
        .filter(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"))
        .collect()
}

/// The room a file belongs to: its first folder, or its own name.
fn room(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The code of a file: comments may name what they like.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Rooms from the inside out. A room may name those before it in the list, and itself.
const ORDER: &[&[&str]] = &[
    &["error", "request_id", "page", "formats"],
    &["authz"],
    &["config", "telemetry"],
    &["db"],
    &["memory"],
    &["authn", "ctx"],
    &["domain"],
    &["rest", "graphql", "jobs", "house"],
    &["cli"],
    &["main", "lib"],
];

/// Names that a room must not take from the same layer.
const APART: &[(&str, &str)] = &[("jobs", "rest"), ("jobs", "graphql"), ("rest", "graphql"), ("formats", "page")];

/// The one exception to the order: an error names the kind of thing that is not there.
const EXCEPTIONS: &[(&str, &str)] = &[("error", "authz")];

#[test]
fn a_room_names_only_rooms_further_in() {
    let level = |room: &str| ORDER.iter().position(|rooms| rooms.contains(&room));
    let all: Vec<&str> = ORDER.iter().flat_map(|rooms| rooms.iter().copied()).collect();
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let own = room(&path).to_owned();
        let own_level = level(&own).unwrap_or_else(|| panic!("{path} is in a room without a place in ORDER"));
        if own == "main" || own == "lib" {
            continue;
        }
        let text = code(&text);
        for other in &all {
            if *other == own {
                continue;
            }
            let named = names(&text, other);
            let too_far = level(other).unwrap() > own_level;
            let apart = APART.contains(&(own.as_str(), other));
            if named && (too_far || apart) && !EXCEPTIONS.contains(&(own.as_str(), other)) {
                wrong.push(format!("{path} names {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a text takes something from a room: `crate::room`, alone or within braces.
fn names(text: &str, room: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("crate::") {
        rest = &rest[at + "crate::".len()..];
        if let Some(inside) = rest.strip_prefix('{') {
            // The braces of one `use`: the first name of each part, at depth one.
            let mut depth = 0;
            let mut part = String::new();
            for letter in inside.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        if first(&part) == room {
                            return true;
                        }
                        part.clear();
                        continue;
                    }
                    _ => {}
                }
                part.push(letter);
            }
            if first(&part) == room {
                return true;
            }
        } else if first(rest) == room {
            return true;
        }
    }
    false
}

fn first(path: &str) -> &str {
    let path = path.trim();
    let end = path.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(path.len());
    &path[..end]
}

/// Words that may not stand in a room, or nowhere but in the named files.
const FORBIDDEN: &[(&str, &[&str], &[&str])] = &[
    // (word, rooms it may not stand in — all if empty —, files that may)
    ("sea_orm", &["rest", "graphql", "formats", "page", "request_id"], &["graphql/loaders.rs"]),
    ("actix_web", &["domain", "authz", "memory", "ctx", "formats", "page", "error", "jobs", "db", "config"], &[]),
    ("async_graphql", &["domain", "authz", "memory", "ctx", "formats", "page", "error", "jobs", "rest", "authn"], &[]),
    ("entity::", &["formats", "page", "request_id"], &[]),
    // Generated finders and writers that the lint does not see: a read begins at `authz::visible`.
    (".load_one(", &[], &["graphql/loaders.rs"]),
    (".load_many(", &[], &["graphql/loaders.rs"]),
    ("find_by_", &[], &[]),
    // `insert`, `update` and `save` of an active model go by key alone, past the scope.
    ("ActiveModelTrait", &[], &["domain/load/store.rs"]),
    ("todo!", &[], &[]),
    ("unimplemented!", &[], &[]),
    // Statements as text are few, and each is known.
    ("Statement::from_string", &[], &["domain/journal.rs", "domain/releases.rs", "house.rs"]),
    ("from_sql_and_values", &[], &["ctx/once.rs"]),
    ("execute_unprepared", &[], &["db/transaction.rs"]),
    // A verb begins with `Ctx::begin`, or its effect stands outside of the request's idempotency key.
    ("db.begin()", &["rest", "graphql", "domain", "jobs", "cli"], &["domain/journal.rs"]),
];

#[test]
fn nothing_stands_where_it_must_not() {
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let own = room(&path);
        let text = code(&text);
        for (word, rooms, except) in FORBIDDEN {
            if (rooms.is_empty() || rooms.contains(&own)) && !except.contains(&path.as_str()) && text.contains(word) {
                wrong.push(format!("{path} says {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where an unscoped start of a query is allowed, with the reason beside it in the file.
const UNSCOPED: &[(&str, usize)] = &[
    ("authz/events.rs", 1),
    ("authz/scope.rs", 4),
    ("domain/batches/queue.rs", 2),
    ("domain/datasets.rs", 1),
    ("domain/indicators/mod.rs", 2),
    ("domain/journal.rs", 3),
    ("domain/rules.rs", 1),
    ("memory/mod.rs", 1),
];

#[test]
fn unscoped_starts_are_counted() {
    for (path, text) in files() {
        let stand = text.matches("clippy::disallowed_methods").count();
        let may = UNSCOPED.iter().find(|(file, _)| *file == path).map_or(0, |(_, count)| *count);
        assert_eq!(stand, may, "{path}: a new way past the scope needs a decision, and a line here");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in files() {
        assert!(text.starts_with("//! "), "{path} does not open with what it is for");
    }
}

#[test]
fn a_table_that_is_read_whole_is_public() {
    // What has rows of a school must never be `Whole`.
    let text = std::fs::read_to_string(source().join("authz/scope.rs")).unwrap();
    let list = text.split("whole!(").nth(1).unwrap().split(");").next().unwrap();
    for table in [
        "submission",
        "revision",
        "finding",
        "transition",
        "batch",
        "batch_part",
        "batch_table",
        "collection",
        "collection_extension",
        "account",
        "client",
        "lockout",
        "recovery_code",
        "second_factor",
        "signing_key",
        "client_key",
        "client_assertion",
        "token_family",
        "refresh_token",
        "revocation",
        "journal",
        "release,",
        "release_table",
    ] {
        assert!(!list.lines().any(|line| line.trim().trim_end_matches(',') == table.trim_end_matches(',')), "{table}");
    }
}
