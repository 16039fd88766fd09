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
    &["error", "request_id", "page", "formats", "matching"],
    &["authz"],
    &["config", "telemetry"],
    &["db"],
    &["memory", "rate"],
    &["authn", "ctx"],
    &["domain"],
    &["rest", "graphql", "jobs", "house", "tls"],
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
    ("sea_orm", &["rest", "graphql", "formats", "matching", "page", "request_id"], &[]),
    (
        "actix_web",
        &["domain", "matching", "authz", "memory", "ctx", "formats", "page", "error", "jobs", "db", "config", "rate"],
        &[],
    ),
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
    (
        "Statement::from_string",
        &[],
        &[
            "domain/audit/pruning.rs",
            "domain/copies.rs",
            "domain/journal.rs",
            "domain/releases.rs",
            "house.rs",
            "house/grants.rs",
            "rate/lease.rs",
        ],
    ),
    ("from_sql_and_values", &[], &["ctx/once.rs", "rate/lease.rs"]),
    ("execute_unprepared", &[], &["db/transaction.rs"]),
    // Ways of the ORM to a row, or to another table, that know no caller and that no code of ours takes.
    ("sea_orm::prelude", &[], &["domain/submissions/taken.rs"]),
    ("Update::many(", &[], &[]),
    ("Update::one(", &[], &[]),
    ("Delete::many(", &[], &[]),
    ("Delete::one(", &[], &[]),
    ("Query::update(", &[], &[]),
    ("Query::delete(", &[], &[]),
    // A seal and its row of the journal have one scope.
    (".find_also_related(", &[], &["domain/audit/reading.rs", "domain/audit/export.rs", "domain/audit/verifying.rs"]),
    (".find_with_related(", &[], &[]),
    (".find_also_linked(", &[], &[]),
    (".find_with_linked(", &[], &[]),
    ("find_related_rev", &[], &[]),
    ("Entity::load()", &[], &[]),
    ("SelectorRaw", &[], &[]),
    // A verb begins with `Ctx::begin`, or its effect stands outside of the request's idempotency key.
    ("db.begin()", &["rest", "graphql", "domain", "jobs", "cli"], &["domain/journal.rs"]),
];

/// The words of a file that must not stand there.
fn misplaced(path: &str, text: &str) -> Vec<&'static str> {
    let (own, text) = (room(path), code(text));
    FORBIDDEN
        .iter()
        .filter(|(word, rooms, except)| {
            (rooms.is_empty() || rooms.contains(&own)) && !except.contains(&path) && text.contains(word)
        })
        .map(|(word, _, _)| *word)
        .collect()
}

#[test]
fn nothing_stands_where_it_must_not() {
    let wrong: Vec<String> = files()
        .into_iter()
        .flat_map(|(path, text)| {
            misplaced(&path, &text).into_iter().map(move |word| format!("{path} says {word}")).collect::<Vec<_>>()
        })
        .collect();
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
    ("domain/registry/merging.rs", 2),
    ("domain/rules.rs", 1),
    ("memory/mod.rs", 1),
];

/// How many ways past the scope a file has, and how many it may have.
fn unscoped(path: &str, text: &str) -> (usize, usize) {
    let may = UNSCOPED.iter().find(|(file, _)| *file == path).map_or(0, |(_, count)| *count);
    (text.matches("disallowed_methods").count(), may)
}

#[test]
fn unscoped_starts_are_counted() {
    for (path, text) in files() {
        let (stand, may) = unscoped(&path, &text);
        assert_eq!(stand, may, "{path}: a new way past the scope needs a decision, and a line here");
    }
}

/// The calls that clippy refuses in this repository.
fn banned() -> Vec<String> {
    let text = std::fs::read_to_string(source().join("../../clippy.toml")).unwrap();
    let list = text.split("disallowed-methods = [").nth(1).unwrap().split("\n]").next().unwrap();
    list.lines().filter_map(|line| Some(line.split("path = \"").nth(1)?.split('"').next()?.to_owned())).collect()
}

/// Every entity: its module, and its source.
fn entities() -> Vec<(String, String)> {
    let folder = source().join("../../entity/src");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("DeriveEntityModel") {
            found.push((path.file_stem().unwrap().to_string_lossy().into_owned(), text));
        }
    }
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// What `authz::scope` puts between these words, as names of entities.
fn between<'a>(text: &'a str, from: &str) -> Vec<&'a str> {
    let list = text.split(from).nth(1).unwrap().split(");").next().unwrap();
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Ways to rows that know no caller, for an entity `$e` and a row of it: the call that clippy refuses, or nothing
/// where the text itself is refused.
const WAYS: &[(&str, &str)] = &[
    ("$e::Entity::find().all(db)", "sea_orm::EntityTrait::find"),
    ("<$e::Entity as EntityTrait>::find().count(db)", "sea_orm::EntityTrait::find"),
    ("$e::Entity::find_by_id(id).one(db)", "sea_orm::EntityTrait::find_by_id"),
    ("$e::Entity::find_related_rev::<other::Entity>()", ""),
    ("$e::Entity::find_by_code(code).one(db)", ""),
    ("$e::Entity::load().all(db)", ""),
    ("$e::Model::find_by_statement(statement).all(db)", ""),
    ("$e::Entity::update(row.into_active_model()).exec(db)", "sea_orm::EntityTrait::update"),
    ("$e::Entity::update_many().exec(db)", "sea_orm::EntityTrait::update_many"),
    ("$e::Entity::delete(row.into_active_model()).exec(db)", "sea_orm::EntityTrait::delete"),
    ("$e::Entity::delete_many().exec(db)", "sea_orm::EntityTrait::delete_many"),
    ("$e::Entity::delete_by_id(id).exec(db)", "sea_orm::EntityTrait::delete_by_id"),
    ("other.find_related($e::Entity).all(db)", "sea_orm::ModelTrait::find_related"),
    ("other.find_linked(link).all(db)", "sea_orm::ModelTrait::find_linked"),
    ("let row: $e::Model = row; row.delete(db)", "sea_orm::ModelTrait::delete"),
    ("use sea_orm::ActiveModelTrait; $e::ActiveModel::from(row).update(db)", ""),
    ("use sea_orm::prelude::*; $e::ActiveModel::from(row).save(db)", ""),
    ("Update::many($e::Entity).exec(db)", ""),
    ("Update::one($e::ActiveModel::from(row)).exec(db)", ""),
    ("Delete::many($e::Entity).exec(db)", ""),
    ("Delete::one(row).exec(db)", ""),
    ("Query::update().table($e::Entity)", ""),
    ("Query::delete().from_table($e::Entity)", ""),
    ("ctx.visible::<school::Entity>().find_also_related($e::Entity)", ""),
    ("ctx.visible::<school::Entity>().find_with_related($e::Entity)", ""),
    ("schools.load_many($e::Entity, db)", ""),
    ("schools.load_one($e::Entity, db)", ""),
    ("db.execute_unprepared(\"DELETE FROM $e\")", ""),
    ("Statement::from_string(backend, \"SELECT * FROM $e\")", ""),
    ("Statement::from_sql_and_values(backend, \"UPDATE $e\", values)", ""),
];

/// The rules of all entities.
fn scopes() -> String {
    let read = |file: &str| std::fs::read_to_string(source().join(file)).unwrap();
    read("authz/scope.rs") + &read("authz/scope/parties.rs")
}

#[test]
fn no_unscoped_way_to_any_entity_passes() {
    let banned = banned();
    let scope = scopes();
    let whole = between(&scope, "whole!(");
    for (entity, _) in entities() {
        for (way, call) in WAYS {
            let text = format!("//! Tried on purpose.\nfn tried() {{ {} }}\n", way.replace("$e", &entity));
            // In any room that does the work of requests.
            for path in ["domain/tried.rs", "jobs/tried.rs", "rest/tried.rs", "graphql/tried.rs", "cli/tried.rs"] {
                let is_refused = if call.is_empty() {
                    !misplaced(path, &text).is_empty()
                } else {
                    banned.iter().any(|one| one == call)
                };
                assert!(is_refused, "{path}: {text}");
                // Whoever lets clippy look away is counted, wherever it stands.
                for escape in [
                    "#[expect(clippy::disallowed_methods, reason = \"x\")]",
                    "#[allow(clippy::disallowed_methods)]",
                    "#![allow(clippy::disallowed_methods)]",
                ] {
                    let (stand, may) = unscoped(path, &format!("{escape}\n{text}"));
                    assert_ne!(stand, may, "{path}: {escape}");
                }
            }
        }
        // `authz::whole` compiles for what is public as a whole, and for nothing else.
        let is_scoped = scope.contains(&format!("impl Scoped for {entity}::Entity"))
            || ["public! {", "of_school!(", "only! {", "of_the_door!("].iter().any(|list| {
                let list = scope.split(&format!("\n{list}")).nth(1).unwrap().split(['}', ')']).next().unwrap();
                list.split(',').any(|one| one.split("=>").next().unwrap().lines().last().unwrap_or("").trim() == entity)
            });
        let is_whole = whole.contains(&entity.as_str());
        // The queue of what is to be sealed holds ids and nothing else; it is read in one place, which is counted.
        // Budgets are numbers under hashes of callers, and no statement but those of `rate/lease.rs` names them.
        let is_nobodys = ["journal_pending", "rate_bucket"].contains(&entity.as_str());
        assert!(is_scoped || is_whole || is_nobodys, "{entity} has neither a scope nor is it public");
    }
}

/// Members of a table whose rows are somebody's.
const SOMEBODYS: &[&str] = &[
    "school_code",
    "subject",
    "sender",
    "org",
    "batch_id",
    "webhook_id",
    "username",
    "password_hash",
    "secret_hash",
    "secret",
    "private_key",
    "journal_id",
    "opportunity_id",
    "supply_id",
    "account_id",
    "client_id",
    "actor",
];

/// Tables that name schools or organisations and are public all the same: the registry.
const REGISTRY: &[&str] = &["consortium_member", "designation", "alias", "school_succession", "programme", "target"];

#[test]
fn what_is_somebodys_is_never_read_whole() {
    let scope = std::fs::read_to_string(source().join("authz/scope.rs")).unwrap();
    let whole = between(&scope, "whole!(");
    for (entity, text) in entities() {
        let member = SOMEBODYS.iter().find(|member| text.contains(&format!("pub {member}: ")));
        if let Some(member) = member
            && !REGISTRY.contains(&entity.as_str())
        {
            assert!(!whole.contains(&entity.as_str()), "{entity} has a `{member}` and is read whole");
        }
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
        "claim_explanation",
        "opportunity",
        "opportunity_interest",
        "opportunity_match",
        "reconciliation",
        "collection",
        "collection_extension",
        "task",
        "task_evaluation",
        "task_report",
        "task_verdict",
        "partnership",
        "consortium_application",
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
        "journal_checkpoint",
        "data_access",
        "data_access_table",
        "enterprise_certification",
        "enterprise_certification_step",
        "incentive",
        "teacher_certification",
        "teacher_certification_step",
        "teacher_certificate",
        "release,",
        "release_table",
    ] {
        assert!(!list.lines().any(|line| line.trim().trim_end_matches(',') == table.trim_end_matches(',')), "{table}");
    }
}
