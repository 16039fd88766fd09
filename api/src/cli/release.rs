//! `zhiqiao release create|list|verify`.

use chrono::{DateTime, Utc};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use entity::words::ReleaseKind;

use super::{Failure, output};
use crate::{
    House,
    authz::{Actor, Role},
    domain::releases::{self, New},
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
    /// List the releases, newest first.
    List,
    /// Recompute every sum and the signature of a release.
    Verify {
        /// A version or a range: 1.0.0, 2.*
        #[arg(value_name = "VERSION")]
        which: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Major,
    Minor,
    Patch,
}

/// Runs the command: whoever holds the database acts for the province here.
pub async fn run(args: Args, house: &House) -> Result<(), Failure> {
    let ctx = house.ctx(Actor::with(Role::Province, None, "job:release", "release"));
    match args.what {
        What::Create { kind, note, period, publish_at } => {
            let kind = match kind {
                Kind::Major => ReleaseKind::Major,
                Kind::Minor => ReleaseKind::Minor,
                Kind::Patch => ReleaseKind::Patch,
            };
            let release = releases::create(&ctx, New { period, kind, publish_at, note }).await?;
            output::line(format!("{} with {} tables", release.row.version, release.tables.len()))?;
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
        What::Verify { which } => {
            let faults = releases::verify(&ctx, &which).await?;
            if !faults.is_empty() {
                return Err(Failure::Refused(format!("release {which} does not verify:\n  {}", faults.join("\n  "))));
            }
            output::line(format!("release {which} verifies"))?;
        }
    }
    Ok(())
}
