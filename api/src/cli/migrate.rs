//! `zhiqiao migrate up|down|status`.

use clap::{Args as ClapArgs, Subcommand};
use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::DbErr;

use super::{Failure, output};
use crate::{config::Config, db::Db, error::Error, house, house::grants};

/// What to do with the schema.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Apply every migration that is missing (the default).
    Up {
        /// Then give this PostgreSQL role what the service needs, as `migrate grant` does.
        #[arg(long, value_name = "ROLE")]
        grant: Option<String>,
    },
    /// Give a PostgreSQL role what the service needs, table by table, and nothing else.
    Grant {
        /// The role under which `zhiqiao serve` connects; it must be there, and own no table.
        #[arg(long, value_name = "ROLE")]
        role: String,
    },
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
    match args.what.unwrap_or(What::Up { grant: None }) {
        What::Up { grant } => {
            let pending = Migrator::get_pending_migrations_read_only(db.write()).await.map_err(Error::from)?.len();
            house::migrate(&db).await?;
            output::line(format!("{pending} migrations applied; the schema is up to date"))?;
            if let Some(role) = grant {
                give(&db, &role).await?;
            }
        }
        What::Grant { role } => {
            expect_current(&db).await?;
            give(&db, &role).await?;
        }
        What::Down { steps } => {
            Migrator::down(db.write(), Some(steps)).await.map_err(Error::from)?;
            output::line(format!("{steps} migrations taken back"))?;
        }
        What::Status => {
            let all = Migrator::get_migration_with_status_read_only(db.write()).await.map_err(Error::from)?;
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

async fn give(db: &Db, role: &str) -> Result<(), Failure> {
    let tables = grants::grant(db, role).await?;
    Ok(output::line(format!(
        "{role} may use {tables} tables as the service needs them; what is written once it cannot change"
    ))?)
}

/// Refuses a database whose schema a newer binary made.
pub async fn refuse_newer(db: &Db) -> Result<(), Failure> {
    // Reads only: the role of the service may make no table, not even one that is there.
    let said = match Migrator::get_migration_with_status_read_only(db.write()).await {
        Ok(_) => return Ok(()),
        Err(DbErr::Custom(said)) => said,
        Err(fault) => return Err(Error::from(fault).into()),
    };
    // The library says it in a sentence, with the name between quotes.
    let newer = said.split('\'').nth(1).unwrap_or_default();
    Err(Failure::Refused(format!(
        "the database has the migration {newer}, which this binary does not know: it was made by a newer version. \
         Run that version, or restore a backup.\n数据库由更新的版本创建（迁移 {newer}），请使用相应版本的程序。"
    )))
}

/// Refuses a database whose schema is not exactly this binary's.
pub async fn expect_current(db: &Db) -> Result<(), Failure> {
    refuse_newer(db).await?;
    let pending = Migrator::get_pending_migrations_read_only(db.write()).await.map_err(Error::from)?;
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "{} migrations are missing: run `zhiqiao migrate up` first\n数据库结构尚未更新（缺 {} 项），请先运行 `zhiqiao migrate up`",
        pending.len(),
        pending.len()
    )))
}
