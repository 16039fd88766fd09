//! `zhiqiao migrate up|down|status`.

use clap::{Args as ClapArgs, Subcommand};
use migration::{MigrationStatus, Migrator, MigratorTrait};

use super::{Failure, output};
use crate::{config::Config, db::Db, error::Error, house};

/// What to do with the schema.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Apply every migration that is missing (the default).
    Up,
    /// Take back the newest migrations. Their data are lost.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Show which migrations are applied.
    Status,
}

/// Runs the command.
pub async fn run(args: Args, config: &Config) -> Result<(), Failure> {
    let db = Db::connect(&house::reach(config)).await?;
    refuse_newer(&db).await?;
    match args.what.unwrap_or(What::Up) {
        What::Up => {
            let pending = Migrator::get_pending_migrations(db.write()).await.map_err(Error::from)?.len();
            house::migrate(&db).await?;
            output::line(format!("{pending} migrations applied; the schema is up to date"))?;
        }
        What::Down { steps } => {
            Migrator::down(db.write(), Some(steps)).await.map_err(Error::from)?;
            output::line(format!("{steps} migrations taken back"))?;
        }
        What::Status => {
            let all = Migrator::get_migration_with_status(db.write()).await.map_err(Error::from)?;
            for one in all {
                let state = match one.status() {
                    MigrationStatus::Applied => "applied",
                    MigrationStatus::Pending => "pending",
                };
                output::line(format!("{state:8} {}", one.name()))?;
            }
        }
    }
    Ok(())
}

/// Refuses a database whose schema a newer binary made.
pub async fn refuse_newer(db: &Db) -> Result<(), Failure> {
    let applied = Migrator::get_migration_models(db.write()).await.map_err(Error::from)?;
    let known: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
    match applied.iter().find(|one| !known.contains(&one.version)) {
        None => Ok(()),
        Some(newer) => Err(Failure::Refused(format!(
            "the database has the migration {}, which this binary does not know: it was made by a newer version. \
             Run that version, or restore a backup.\n数据库由更新的版本创建（迁移 {}），请使用相应版本的程序。",
            newer.version, newer.version
        ))),
    }
}

/// Refuses a database whose schema is not exactly this binary's.
pub async fn expect_current(db: &Db) -> Result<(), Failure> {
    refuse_newer(db).await?;
    let pending = Migrator::get_pending_migrations(db.write()).await.map_err(Error::from)?;
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "{} migrations are missing: run `zhiqiao migrate up` first\n数据库结构尚未更新（缺 {} 项），请先运行 `zhiqiao migrate up`",
        pending.len(),
        pending.len()
    )))
}
