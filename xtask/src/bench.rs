//! `cargo xtask bench`: the functions by criterion, then the load run against the release binary on both databases.

use std::{env, process::ExitCode};

use crate::{
    postgres::{self, Keeps, Server},
    steps::Steps,
    tasks::cargo,
};

/// Where the load run finds PostgreSQL.
const BENCH_DATABASE_URL: &str = "BENCH_DATABASE_URL";

/// Runs both; `--quick` measures less often and for shorter, `--only=…` runs a part of the load run alone.
pub(crate) fn bench(options: &[String]) -> ExitCode {
    let mut steps = Steps::default();
    // One build for all: the load run is told by cargo where the binary is.
    steps.run("build", bench_of(&["core", "matching", "load"]).arg("--no-run"));
    if !options.iter().any(|option| option.starts_with("--only=")) {
        let mut functions = bench_of(&["core", "matching"]);
        functions.args(["--", "--noplot"]).args(options);
        steps.run("functions", &mut functions);
    }
    load(&mut steps, options);
    steps.finish()
}

fn load(steps: &mut Steps, options: &[String]) {
    let name = "load";
    let mut run = |url: Option<&str>| {
        let mut command = bench_of(&["load"]);
        command.envs(url.map(|url| (BENCH_DATABASE_URL, url)));
        command.arg("--").args(options);
        steps.run(name, &mut command);
    };
    if let Some(url) = env::var(BENCH_DATABASE_URL).ok().filter(|url| !url.is_empty()) {
        return run(Some(&url));
    }
    match postgres::binaries() {
        // A commit is worth measuring only where it is kept.
        Some(binaries) => match Server::start(&binaries, Keeps::Everything) {
            Ok(server) => run(Some(server.url())),
            Err(why) => steps.fail(name, &why),
        },
        None => {
            run(None);
            let why = "no PostgreSQL found: install it (Debian: postgresql) or set BENCH_DATABASE_URL";
            steps.skip("load on PostgreSQL", why);
        }
    }
}

/// `cargo bench` that only this call configures.
fn bench_of(benches: &[&str]) -> std::process::Command {
    let mut command = cargo();
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("ZHIQIAO_") {
            command.env_remove(name);
        }
    }
    command.env_remove(BENCH_DATABASE_URL).args(["bench", "--package", "zhiqiao"]);
    for bench in benches {
        command.args(["--bench", bench]);
    }
    command
}
