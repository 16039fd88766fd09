//! `zhiqiao load DIR`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

use super::output;
use crate::{ctx::Ctx, domain::load, error::Result};

/// Which folder.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// A folder of CSV files in the layout of data/gansu-2023.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Runs the command.
pub async fn run(args: Args, ctx: &Ctx) -> Result<()> {
    let steps = Steps::new();
    let summary = load::load(ctx, &args.dir, &mut |step| steps.say(step)).await?;
    steps.done();
    output::raw(&summary.to_string())
}

/// Progress of work that goes in steps: a spinner on a terminal, plain lines elsewhere.
#[derive(Debug)]
pub struct Steps(Option<ProgressBar>);

impl Steps {
    /// Begins.
    pub fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar
        }))
    }

    /// Says what is being done.
    pub fn say(&self, step: &str) {
        match &self.0 {
            Some(bar) => {
                bar.set_message(step.to_owned());
                bar.tick();
            }
            None => eprintln!("{step}"),
        }
    }

    /// Ends.
    pub fn done(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self::new()
    }
}
