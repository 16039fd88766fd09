//! Steps of a task: each is announced and timed, none hides the next one's faults,
//! and the last lines printed are the summary of all.

use std::{
    fmt::Write,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// The steps of a task, done one after another.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

impl Steps {
    /// Runs a command with its output on the terminal.
    pub(crate) fn run(&mut self, name: &'static str, command: &mut Command) {
        println!("\n==> {name}: {}", shown(command));
        let started = Instant::now();
        let outcome = match command.status() {
            Ok(status) if status.success() => Outcome::Passed,
            Ok(status) => Outcome::Failed(status.to_string()),
            Err(error) => Outcome::Failed(format!("cannot be started: {error}")),
        };
        self.done.push(Step { name, outcome, took: started.elapsed() });
    }

    /// Says loudly that a step is not done, and why.
    pub(crate) fn skip(&mut self, name: &'static str, why: &str) {
        println!("\n==> {name}: SKIPPED\n    !! {why}");
        self.done.push(Step { name, outcome: Outcome::Skipped(why.to_owned()), took: Duration::ZERO });
    }

    /// Says that a step could not even begin.
    pub(crate) fn fail(&mut self, name: &'static str, why: &str) {
        println!("\n==> {name}: FAILED\n    !! {why}");
        self.done.push(Step { name, outcome: Outcome::Failed(why.to_owned()), took: Duration::ZERO });
    }

    /// Prints the summary; the exit code is that of the whole.
    pub(crate) fn finish(self) -> ExitCode {
        let (summary, passed) = self.summary();
        println!("\n{summary}");
        if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn summary(&self) -> (String, bool) {
        let mut text = String::from("==> summary\n");
        let (mut failed, mut skipped) = (0_usize, 0_usize);
        for Step { name, outcome, took } in &self.done {
            let (word, note) = match outcome {
                Outcome::Passed => ("ok", ""),
                Outcome::Failed(why) => ("FAILED", why.as_str()),
                Outcome::Skipped(why) => ("skipped", why.as_str()),
            };
            failed = failed.saturating_add(usize::from(matches!(outcome, Outcome::Failed(_))));
            skipped = skipped.saturating_add(usize::from(matches!(outcome, Outcome::Skipped(_))));
            let line = format!("    {word:<8}{:>8.1} s  {name:<22}{note}", took.as_secs_f64());
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "{}", line.trim_end());
        }
        let passed = self.done.len().saturating_sub(failed).saturating_sub(skipped);
        let total: Duration = self.done.iter().map(|step| step.took).sum();
        let _infallible =
            write!(text, "    steps: {passed} ok, {failed} failed, {skipped} skipped, {:.0} s", total.as_secs_f64());
        (text, failed == 0)
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let program = |word: &std::ffi::OsStr| {
        // `cargo` is called by the full path of the tool chain; nobody wants to read that.
        std::path::Path::new(word).file_name().unwrap_or(word).to_string_lossy().into_owned()
    };
    words
        .enumerate()
        .map(|(place, word)| if place == 0 { program(word) } else { word.to_string_lossy().into_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_whole_and_a_skipped_step_does_not() {
        let mut steps = Steps::default();
        steps.run("good", Command::new("cargo").arg("--version"));
        steps.skip("absent", "not installed");
        assert!(steps.summary().1);
        steps.run("missing", &mut Command::new("/nowhere/at-all"));
        let (text, passed) = steps.summary();
        assert!(!passed);
        assert!(text.lines().last().is_some_and(|line| line.contains("1 ok, 1 failed, 1 skipped")), "{text}");
    }
}
