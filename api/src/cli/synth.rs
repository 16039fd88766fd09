//! `zhiqiao synth`.

use std::io::IsTerminal;

use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::{
    ctx::Ctx,
    domain::synth::{self, Size, Summary},
    error::Result,
};

/// How much.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// How many schools; about 32 of them share a city.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    schools: u32,
    /// How many indicators, in tables of at most 150.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    indicators: u32,
    /// How many calendar years, the newest being 2023.
    #[arg(long, value_name = "Y", value_parser = clap::value_parser!(u32).range(1..=50))]
    years: u32,
    /// The same seed gives the same data.
    #[arg(long, value_name = "S")]
    seed: u64,
    /// Build a release over them.
    #[arg(long)]
    release: bool,
}

/// Runs the command.
pub async fn run(args: Args, ctx: &Ctx) -> Result<()> {
    let size = Size { schools: args.schools, indicators: args.indicators, years: args.years, seed: args.seed };
    let mut tables = Tables::new(size.submissions());
    let Summary { written, took, release } =
        synth::fill(ctx, size, args.release, &mut |done, all| tables.say(done, all)).await?;
    tables.done();
    let nanos = took.as_nanos().max(1);
    let rate = u128::try_from(written.observations).unwrap_or_default() * 1_000_000_000 / nanos;
    output::line(format!(
        "synthetic 合成数据: {} schools in {} cities, {} tables ({} were there), {} observations in {:.1} s: {rate} observations/s",
        size.schools,
        size.cities(),
        written.tables + written.unchanged,
        written.unchanged,
        written.observations,
        took.as_secs_f64(),
    ))?;
    if let Some(version) = release {
        output::line(format!("release 发布版本: {version}"))?;
    }
    Ok(())
}

/// A bar on a terminal, ten plain lines elsewhere.
struct Tables {
    bar: Option<ProgressBar>,
    tenths: u64,
}

impl Tables {
    fn new(all: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(all);
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} tables, {eta} left") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, tenths: 0 }
    }

    fn say(&mut self, done: u64, all: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None => {
                let tenths = done * 10 / all.max(1);
                if tenths > self.tenths {
                    self.tenths = tenths;
                    eprintln!("{done} of {all} tables");
                }
            }
        }
    }

    fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
