//! The tasks themselves.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use crate::{
    conform,
    postgres::{self, Keeps, Server},
    steps::Steps,
};

/// How long schemathesis asks as each caller among the other checks.
const CONFORM_SECONDS: u64 = 20;

/// Where the tests find PostgreSQL.
const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

/// Where a copy of the database of advisories lies, for machines that cannot fetch it.
const ADVISORY_DB: &str = "ADVISORY_DB";

/// What makes the tests take their time.
const TEST_LONG: &str = "TEST_LONG";

/// Builds and runs `zhiqiao demo` in the present folder, in the profile of the tests.
pub(crate) fn demo(arguments: &[String]) -> ExitCode {
    let mut command = Command::new(program());
    command.args(["run", "--package", "zhiqiao", "--bin", "zhiqiao", "--manifest-path"]);
    command.arg(root().join("Cargo.toml")).args(["--", "demo"]).args(arguments);
    become_(&mut command)
}

/// Everything that must hold; `is_long` for the tests that have a long form.
pub(crate) fn test(is_long: bool) -> ExitCode {
    let mut steps = Steps::default();
    linting(&mut steps);
    let tests = || {
        let mut command = tests();
        command.envs(is_long.then_some((TEST_LONG, "1")));
        command
    };
    steps.run("tests on SQLite", tests().arg("--workspace"));
    tests_on_postgres(&mut steps, &tests);
    conform::conform(&mut steps, CONFORM_SECONDS);
    steps.finish()
}

/// Asks the demo by schemathesis whether it keeps to its document.
pub(crate) fn conform(seconds: u64) -> ExitCode {
    let mut steps = Steps::default();
    conform::conform(&mut steps, seconds);
    steps.finish()
}

/// Gives each parser of outside bytes as many inputs as fit into some seconds; all of them, or those of a name.
pub(crate) fn fuzz(seconds: u64, target: &str) -> ExitCode {
    let mut steps = Steps::default();
    let mut command = tests();
    command.env("FUZZ_SECONDS", seconds.to_string()).args(["--package", "zhiqiao", "--test", "it", "--"]);
    command.args([&format!("fuzz::{target}"), "--nocapture", "--test-threads=1"]);
    steps.run("fuzz", &mut command);
    steps.finish()
}

/// Everything that must hold before a test runs.
pub(crate) fn lint() -> ExitCode {
    let mut steps = Steps::default();
    linting(&mut steps);
    steps.finish()
}

/// Rewrites the golden files; what changed is for a person to review.
pub(crate) fn golden(filter: &[String]) -> ExitCode {
    let mut steps = Steps::default();
    steps.run(
        "golden files",
        tests().env("UPDATE", "1").args(["--package", "zhiqiao", "--test", "it", "--"]).args(filter),
    );
    steps.run("what changed", Command::new("git").current_dir(root()).args(["status", "--short"]));
    steps.finish()
}

fn linting(steps: &mut Steps) {
    steps.run("format", cargo().args(["fmt", "--all", "--", "--check"]));
    dependencies(steps);
    steps.run("clippy", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    steps.run(
        "documentation",
        cargo().env("RUSTDOCFLAGS", "-D warnings").args([
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ]),
    );
}

/// Licences, duplicates, sources; then known faults of what we use, where the database of advisories can be had.
fn dependencies(steps: &mut Steps) {
    let name = "dependencies";
    let quiet = |command: &mut Command| {
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let can_deny = quiet(cargo().args(["deny", "--version"]));
    if can_deny {
        steps.run(
            name,
            cargo().args(["deny", "--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]),
        );
    } else {
        steps.skip(name, "cargo-deny is not installed: cargo install --locked cargo-deny");
    }
    let unknown = "known faults of dependencies were NOT looked for";
    let unreached = format!("{unknown}: the database of advisories cannot be fetched from here");
    let name = "advisories";
    let is_fetched = can_deny && quiet(cargo().args(["deny", "--workspace", "fetch", "db"]));
    if !can_deny {
        steps.skip(name, &format!("{unknown}: cargo-deny is not installed"));
    } else if is_fetched {
        steps.run(name, cargo().args(["deny", "--workspace", "--offline", "check", "advisories"]));
    } else {
        steps.skip(name, &unreached);
    }
    let name = "audit";
    let copy = env::var_os(ADVISORY_DB).filter(|copy| !copy.is_empty());
    if !quiet(cargo().args(["audit", "--version"])) {
        steps.skip(name, "cargo-audit is not installed: cargo install --locked cargo-audit");
    } else if let Some(copy) = copy {
        // How old it is, whoever gave it knows.
        steps.run(name, cargo().args(["audit", "--no-fetch", "--stale", "--db"]).arg(copy));
    } else if is_fetched {
        steps.run(name, cargo().arg("audit"));
    } else {
        steps.skip(name, &format!("{unreached}; {ADVISORY_DB} may name a copy of it"));
    }
}

fn tests_on_postgres(steps: &mut Steps, tests: &dyn Fn() -> Command) {
    let name = "tests on PostgreSQL";
    let mut run = |url: &str| {
        steps.run(name, tests().args(["--package", "zhiqiao", "--test", "it"]).env(TEST_DATABASE_URL, url));
    };
    if let Some(url) = env::var(TEST_DATABASE_URL).ok().filter(|url| !url.is_empty()) {
        return run(&url);
    }
    match postgres::binaries() {
        Some(binaries) => match Server::start(&binaries, Keeps::Nothing) {
            // Dropped, and so removed, before the summary is printed.
            Ok(server) => run(server.url()),
            Err(why) => steps.fail(name, &why),
        },
        None => {
            let why = "no PostgreSQL found: install it (Debian: postgresql) or set TEST_DATABASE_URL";
            if env::var("CI").is_ok_and(|ci| ci == "true") { steps.fail(name, why) } else { steps.skip(name, why) }
        }
    }
}

/// `cargo test` that only this call configures: no settings and no database from outside.
fn tests() -> Command {
    let mut command = cargo();
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("ZHIQIAO_") {
            command.env_remove(name);
        }
    }
    command.env_remove(TEST_DATABASE_URL).env_remove(TEST_LONG).arg("test");
    command
}

pub(crate) fn cargo() -> Command {
    let mut command = Command::new(program());
    command.current_dir(root());
    command
}

/// The cargo that runs us.
fn program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Goes on as another program, so that signals reach it and nobody else.
#[cfg(unix)]
fn become_(command: &mut Command) -> ExitCode {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    eprintln!("{} cannot be started: {error}", command.get_program().to_string_lossy());
    ExitCode::FAILURE
}

/// Waits for another program; there is no becoming one here.
#[cfg(not(unix))]
fn become_(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{} cannot be started: {error}", command.get_program().to_string_lossy());
            ExitCode::FAILURE
        }
    }
}
