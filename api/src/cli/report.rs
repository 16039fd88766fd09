//! `zhiqiao report`: the annual report's tables and drawings, as files in a folder.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::{Failure, output, reconcile::Spoken};
use crate::{
    House,
    authz::{Actor, Role},
    domain::reports::{self, Ask},
};

/// Which report, and where to.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The period, as 2023 or 2022-2023.
    #[arg(long)]
    period: String,
    /// The folder; it is made where it is not there, and files of the same names are written anew.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A version or range, or `live`; the newest release without it.
    #[arg(long, value_name = "VERSION")]
    release: Option<String>,
    /// With what only officials see; every page then says that it is internal.
    #[arg(long)]
    internal: bool,
    /// The language.
    #[arg(long, value_enum, default_value_t = Spoken::Zh)]
    language: Spoken,
    /// The data of a demo; ./zhiqiao-data where no database is configured.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

/// Runs the command: whoever holds the database acts for the province here.
pub async fn run(args: Args, house: &House) -> Result<(), Failure> {
    let ctx = house.ctx(Actor::with(Role::Province, None, "job:report", "report"));
    let Args { period, out, release, internal, language, .. } = args;
    let made =
        reports::compile(&ctx, &Ask { period, release, is_internal: internal, language: language.into() }).await?;
    let fault =
        |what: &std::path::Path, fault: std::io::Error| Failure::Refused(format!("{}: {fault}", what.display()));
    std::fs::create_dir_all(&out).map_err(|cause| fault(&out, cause))?;
    for name in made.names() {
        let Some(file) = made.file(&name)? else { continue };
        let path = out.join(&file.name);
        std::fs::write(&path, &file.bytes).map_err(|cause| fault(&path, cause))?;
    }
    for table in &made.report.tables {
        output::line(format!("{:12} {} {}", table.file, table.number, table.name))?;
    }
    for drawing in &made.report.drawings {
        output::line(format!("{}  {}", drawing.file, drawing.title))?;
    }
    output::line(format!("{}: {}", made.release, out.join("index.html").display()))?;
    Ok(())
}
