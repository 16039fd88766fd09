//! `zhiqiao release create|list|verify`.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use entity::words::ReleaseKind;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, output};
use crate::{
    House,
    authn::keys::PublicKeys,
    authz::{Actor, Role},
    domain::releases::{self, New, Progress, copies},
};

/// What to do with releases.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Build a release from everything that is accepted.
    Create {
        /// Corrections, new data, or changed definitions.
        #[arg(long, value_enum)]
        kind: Kind,
        /// What this release is for.
        #[arg(long)]
        note: String,
        /// Bring only this period up to date.
        #[arg(long)]
        period: Option<String>,
        /// Hide it until then (RFC 3339, for example 2027-02-01T09:00:00+08:00).
        #[arg(long, value_name = "TIME")]
        publish_at: Option<DateTime<Utc>>,
    },
    /// Say what a release would change, and change nothing.
    Preview {
        /// Corrections, new data, or changed definitions.
        #[arg(long, value_enum)]
        kind: Kind,
        /// Bring only this period up to date.
        #[arg(long)]
        period: Option<String>,
    },
    /// List the releases, newest first.
    List,
    /// Write a release into a folder, to be kept elsewhere and verified offline.
    Export {
        /// A version or a range: 1.0.0, 2.*
        #[arg(value_name = "VERSION")]
        which: String,
        /// The folder.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// With the protected columns and what verifies them: for officials only.
        #[arg(long)]
        protected: bool,
    },
    /// Recompute every sum and the signature of a release; with --export offline, without database and configuration.
    Verify {
        /// A version or a range: 1.0.0, 2.*
        #[arg(value_name = "VERSION", required_unless_present = "export")]
        which: Option<String>,
        /// A folder made by `release export`, instead of the database.
        #[arg(long, value_name = "DIR", conflicts_with = "which")]
        export: Option<PathBuf>,
        /// Public keys that were kept elsewhere, as /.well-known/jwks.json gave them; else those in the folder.
        #[arg(long, value_name = "FILE", requires = "export")]
        jwks: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Major,
    Minor,
    Patch,
}

impl From<Kind> for ReleaseKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Major => Self::Major,
            Kind::Minor => Self::Minor,
            Kind::Patch => Self::Patch,
        }
    }
}

impl Args {
    /// Whether it needs neither database nor configuration.
    pub const fn offline(&self) -> bool {
        matches!(self.what, What::Verify { export: Some(_), .. })
    }
}

/// A bar on a terminal, ten plain lines elsewhere.
#[derive(Default)]
struct Tables {
    bar: Option<ProgressBar>,
    tenths: usize,
}

impl Tables {
    fn say(&mut self, progress: Progress) {
        let (done, of) = (progress.done, progress.of);
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::new(u64::try_from(of).unwrap_or(u64::MAX));
                if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} tables, {eta} left") {
                    bar.set_style(style);
                }
                bar
            });
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
            if done == of {
                bar.finish_and_clear();
            }
            return;
        }
        let tenths = done * 10 / of.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            eprintln!("{done} of {of} tables");
        }
    }
}

/// Verifies a folder.
pub fn run_offline(args: &Args) -> Result<(), Failure> {
    let What::Verify { export: Some(dir), jwks, .. } = &args.what else { return Ok(()) };
    let keys = jwks.as_deref().map(read_keys).transpose()?;
    let found = copies::examine(dir, keys.as_ref()).map_err(Failure::Refused)?;
    if found.has_own_keys {
        eprintln!(
            "the signature was held against the keys in the folder itself: give --jwks with keys from elsewhere \
             to know who signed / 签名是按文件夹自带的公钥核验的，要确认签署者请用 --jwks 给出另行保存的公钥"
        );
    }
    if !found.faults.is_empty() {
        return Err(Failure::Refused(format!(
            "release {} does not verify:\n  {}",
            found.version,
            found.faults.join("\n  ")
        )));
    }
    output::line(format!("release {} verifies, {} protected tables with it", found.version, found.protected))?;
    Ok(())
}

fn read_keys(path: &Path) -> Result<PublicKeys, Failure> {
    let refused = |fault: &dyn std::fmt::Display| Failure::Refused(format!("{}: {fault}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|fault| refused(&fault))?;
    PublicKeys::read(&text).map_err(|fault| refused(&fault))
}

/// Runs the command: whoever holds the database acts for the province here.
pub async fn run(args: Args, house: &House) -> Result<(), Failure> {
    let ctx = house.ctx(Actor::with(Role::Province, None, "job:release", "release"));
    match args.what {
        What::Create { kind, note, period, publish_at } => {
            let mut tables = Tables::default();
            let new = New { period, kind: kind.into(), publish_at, note };
            let release = releases::build(&ctx, new, &mut |progress| tables.say(progress)).await?;
            output::line(format!("{} with {} tables", release.row.version, release.tables.len()))?;
        }
        What::Preview { kind, period } => {
            let mut tables = Tables::default();
            let new = New { period, kind: kind.into(), publish_at: None, note: "preview".to_owned() };
            let preview = releases::preview(&ctx, new, &mut |progress| tables.say(progress)).await?;
            output::line(format!(
                "{} would say {} of {} tables differently",
                preview.version,
                preview.tables.len(),
                preview.all
            ))?;
            for table in preview.tables {
                output::line(format!(
                    "{:20} {:9} {:>7} cells  {:>4} told anew  {:>4} stand  {:>4} suppressed{}",
                    table.dataset,
                    table.period,
                    table.cells,
                    table.told,
                    table.standing,
                    table.suppressed,
                    if table.is_new { "  new" } else { "" }
                ))?;
            }
        }
        What::List => {
            for release in releases::list(&ctx).await? {
                output::line(format!(
                    "{:10} {:6} {} {:3} tables  {}",
                    release.row.version.as_str(),
                    release.row.kind.word(),
                    release.row.publish_at.format("%Y-%m-%d %H:%M"),
                    release.tables.len(),
                    release.row.note
                ))?;
            }
        }
        What::Export { which, out, protected } => {
            let version = copies::export(&ctx, &which, &out, protected).await?;
            output::line(format!("{version} into {}", out.display()))?;
        }
        What::Verify { which, .. } => {
            let which = which.unwrap_or_default();
            let faults = releases::verify(&ctx, &which).await?;
            if !faults.is_empty() {
                return Err(Failure::Refused(format!("release {which} does not verify:\n  {}", faults.join("\n  "))));
            }
            output::line(format!("release {which} verifies"))?;
        }
    }
    Ok(())
}
