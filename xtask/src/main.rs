//! `cargo xtask <task>`: every daily act of the house, with nothing to install but cargo.
//!
//! Little more than the standard library, so that it compiles in seconds.

#![expect(clippy::print_stdout, reason = "this program talks to the person at the terminal")]

mod bench;
mod conform;
mod postgres;
mod sbom;
mod steps;
mod tasks;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <task>

  demo [args]      build and run `zhiqiao demo`: SQLite, reference data, demo accounts;
                   arguments go through: cargo xtask demo --port 9000
  test [--long]    everything that must hold: lint, then the tests on SQLite and on PostgreSQL;
                   --long kills the service 50 and 20 times where else it does so 3 times,
                   and attacks 1,000 random cases of disclosure where else it attacks 60
  lint             format, clippy, documentation, dependencies
  bench [--quick]  how fast it is: functions, then the release binary on SQLite and on PostgreSQL
                   beside the limits of both; prints what docs/performance.md holds.
                   --only=import (or feed, push, reads, cold, sqlite, postgresql) runs that part alone
  sbom [file]      write what is in the binary, CycloneDX 1.6 in JSON; sbom.cdx.json unless named
  conform [--seconds N]
                   the demo, asked by schemathesis as nobody and as a school, a city, the province, an enterprise, an agency,
                   an administrator and an auditor, N seconds each (60 unless given); skipped where schemathesis is not installed
  fuzz [--seconds N] [target]
                   every parser of outside bytes, N seconds each (600 unless given), with what it was asked;
                   targets are the tests of tests/it/fuzz.rs
  golden [filter]  rewrite the golden files from what the code says now, and list what changed
  help             this text

PostgreSQL for the tests: TEST_DATABASE_URL (for bench: BENCH_DATABASE_URL) if it is set, else a throw-away cluster made with
the binaries found on this machine. Without either that part is skipped, and fails if CI=true.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next();
    let rest: Vec<String> = arguments.skip_while(|argument| argument == "--").collect();
    match (task.as_deref().unwrap_or("help"), rest.as_slice()) {
        ("demo", arguments) => tasks::demo(arguments),
        ("test", []) => tasks::test(false),
        ("test", [long]) if long == "--long" => tasks::test(true),
        ("lint", []) => tasks::lint(),
        ("bench", options) if options.iter().all(|one| one == "--quick" || one.starts_with("--only=")) => {
            bench::bench(options)
        }
        ("sbom", []) => sbom::sbom(None),
        ("sbom", [file]) => sbom::sbom(Some(file)),
        ("conform", options) => match seconds(options, 60) {
            Some((seconds, [])) => tasks::conform(seconds),
            _ => unknown("conform", options),
        },
        ("fuzz", options) => match seconds(options, 600) {
            Some((seconds, [])) => tasks::fuzz(seconds, ""),
            Some((seconds, [target])) => tasks::fuzz(seconds, target),
            _ => unknown("fuzz", options),
        },
        ("golden", filter) => tasks::golden(filter),
        ("help" | "--help" | "-h", _) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        (task, rest) => unknown(task, rest),
    }
}

fn unknown(task: &str, rest: &[String]) -> ExitCode {
    eprintln!("cargo xtask does not know `{}`\n\n{HELP}", [&[task.to_owned()], rest].concat().join(" "));
    ExitCode::from(2)
}

/// `--seconds N` before the rest; nothing where N is no number.
fn seconds(options: &[String], unless_given: u64) -> Option<(u64, &[String])> {
    match options {
        [name, number, rest @ ..] if name == "--seconds" => Some((number.parse().ok()?, rest)),
        rest => Some((unless_given, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_stand_before_the_rest() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(seconds(&words("--seconds 5 csv"), 600), Some((5, &words("csv")[..])));
        assert_eq!(seconds(&words("csv"), 600), Some((600, &words("csv")[..])));
        assert_eq!(seconds(&words("--seconds soon"), 600), None);
    }
}
