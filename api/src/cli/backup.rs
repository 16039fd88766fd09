//! `zhiqiao backup --out FILE` and `zhiqiao restore FILE`: a SQLite database, copied while the service runs.
//!
//! Beside the copy stands `FILE.json` with its SHA-256, the version of its schema and the end of its journal.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use clap::Args as ClapArgs;
use migration::{Migrator, MigratorTrait};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Failure, migrate, output};
use crate::{
    House,
    authn::keys::KeySet,
    authz::Actor,
    config::{Config, Secret},
    db::Db,
    domain::{
        audit::{self, checkpoints::Keys},
        copies,
    },
    error::Error,
    house,
};

/// Where the copy goes.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// A file that is not there yet; what belongs to it is written beside it, as FILE.json.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Which copy.
#[derive(Debug, ClapArgs)]
pub struct RestoreArgs {
    /// A file made by `backup`, with its FILE.json beside it.
    file: PathBuf,
    /// Replace the database that is there. Stop the service first.
    #[arg(long)]
    force: bool,
}

/// What stands beside a copy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    format: String,
    version: u32,
    /// Which zhiqiao made it.
    made_by: String,
    made_at: DateTime<Utc>,
    /// Of the file, in hexadecimal.
    sha256: String,
    bytes: u64,
    /// The newest migration.
    schema: String,
    /// The last entry of the journal.
    journal_sequence: i64,
}

const FORMAT: &str = "zhiqiao-backup";
const VERSION: u32 = 1;

fn refused(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::Refused(format!("{}: {why}", path.display()))
}

/// The file of the configured database.
fn sqlite(config: &Config, tool: &str) -> Result<PathBuf, Failure> {
    let Some(rest) = config.database.url.expose().strip_prefix("sqlite://") else {
        return Err(Failure::Refused(format!(
            "this is for SQLite; on PostgreSQL use {tool}, see docs/operations.md\n\
             此命令用于 SQLite；PostgreSQL 请使用 {tool}，见 docs/operations.md"
        )));
    };
    let path = rest.split('?').next().unwrap_or(rest);
    Ok(PathBuf::from(path.replace("%3F", "?").replace("%23", "#").replace("%25", "%")))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The same configuration over another file.
fn over(config: &Config, file: &Path) -> Config {
    let mut config = config.clone();
    let path = file.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    config.database.url = Secret::new(format!("sqlite://{path}?mode=rwc"));
    config
}

fn sha256(path: &Path) -> std::io::Result<(String, u64)> {
    let (mut file, mut hash, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        bytes += u64::try_from(count).unwrap_or_default();
    }
    Ok((hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), bytes))
}

/// Copies the database.
pub async fn run(args: Args, config: &Config) -> Result<(), Failure> {
    sqlite(config, "pg_dump")?;
    let out = args.out;
    let label = beside(&out, ".json");
    for path in [&out, &label] {
        if path.exists() {
            return Err(refused(path, "is there already; a copy is never written over another"));
        }
    }
    let part = beside(&out, ".part");
    if part.exists() {
        return Err(refused(&part, "is left from another copy; remove it"));
    }
    let db = Db::connect(&house::reach(config)).await?;
    migrate::refuse_newer(&db).await?;
    copies::copy(&db, &part.to_string_lossy()).await?;
    db.close().await?;

    let (schema, journal_sequence) = look(&over(config, &part)).await?;
    let (sha256, bytes) = sha256(&part).map_err(|fault| refused(&part, fault))?;
    let made = Label {
        format: FORMAT.to_owned(),
        version: VERSION,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: Utc::now(),
        sha256,
        bytes,
        schema,
        journal_sequence,
    };
    let text = serde_json::to_string_pretty(&made).map_err(Error::internal)? + "\n";
    File::open(&part).and_then(|file| file.sync_all()).map_err(|fault| refused(&part, fault))?;
    std::fs::write(&label, text).map_err(|fault| refused(&label, fault))?;
    std::fs::rename(&part, &out).map_err(|fault| refused(&out, fault))?;
    Ok(output::line(format!("{}: {} bytes, SHA-256 {}", out.display(), made.bytes, made.sha256))?)
}

/// The newest migration of a copy, and the end of its journal; refused where the file is broken.
async fn look(config: &Config) -> Result<(String, i64), Failure> {
    let db = Db::connect(&house::reach(config)).await?;
    let broken = copies::broken(&db).await?;
    if !broken.is_empty() {
        return Err(Failure::Refused(format!("the database file is broken:\n  {}", broken.join("\n  "))));
    }
    migrate::refuse_newer(&db).await?;
    let applied = Migrator::get_applied_migrations_read_only(db.read()).await.map_err(Error::from)?;
    let schema = applied.last().map(|one| one.name().to_owned()).unwrap_or_default();
    let pending = Migrator::get_pending_migrations_read_only(db.read()).await.map_err(Error::from)?;
    let last = if pending.is_empty() {
        let house = House::over(config.clone(), db.clone()).await?;
        house.memory.sealed().await?
    } else {
        0
    };
    db.close().await?;
    Ok((schema, last))
}

/// Verifies a copy and puts it in place.
pub async fn restore(args: RestoreArgs, config: &Config) -> Result<(), Failure> {
    let target = sqlite(config, "pg_restore")?;
    let file = args.file;
    let label = beside(&file, ".json");
    let text = std::fs::read_to_string(&label).map_err(|fault| refused(&label, fault))?;
    let made: Label = serde_json::from_str(&text).map_err(|fault| refused(&label, fault))?;
    if made.format != FORMAT || made.version != VERSION {
        return Err(refused(&label, format!("expected {FORMAT} {VERSION}, got {} {}", made.format, made.version)));
    }
    let is_there = target.metadata().is_ok_and(|about| about.len() > 0);
    if is_there && !args.force {
        return Err(refused(
            &target,
            "there is a database; --force replaces it\n已有数据库；加 --force 以替换（请先停止服务）",
        ));
    }
    if is_there && is_open(config, &target).await {
        return Err(refused(&target, "somebody has it open: stop the service first\n数据库正在使用，请先停止服务"));
    }
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|fault| refused(folder, fault))?;
    }
    let part = beside(&target, ".restoring");
    std::fs::copy(&file, &part).map_err(|fault| refused(&file, fault))?;
    let checked = check(config, &part, &made).await;
    if let Err(fault) = checked {
        for end in ["", "-wal", "-shm"] {
            let _was_there = std::fs::remove_file(beside(&part, end));
        }
        return Err(fault);
    }
    for end in ["-wal", "-shm"] {
        let _was_there = std::fs::remove_file(beside(&target, end));
    }
    std::fs::rename(&part, &target).map_err(|fault| refused(&target, fault))?;
    Ok(output::line(format!(
        "{}: restored from {}, made at {}; the journal verifies up to entry {}",
        target.display(),
        file.display(),
        made.made_at.to_rfc3339(),
        made.journal_sequence
    ))?)
}

/// Whether another process has the database open: whoever closes it last takes the log away with it.
async fn is_open(config: &Config, target: &Path) -> bool {
    if let Ok(db) = Db::connect(&house::reach(&over(config, target))).await {
        let _closed = db.close().await;
    }
    beside(target, "-wal").exists()
}

async fn check(config: &Config, part: &Path, made: &Label) -> Result<(), Failure> {
    let (sha256, bytes) = sha256(part).map_err(|fault| refused(part, fault))?;
    if (sha256.as_str(), bytes) != (made.sha256.as_str(), made.bytes) {
        return Err(Failure::Refused(format!(
            "the copy is not what was made: expected {} bytes with SHA-256 {}, got {bytes} bytes with {sha256}\n\
             备份文件与其校验值不符",
            made.bytes, made.sha256
        )));
    }
    let config = over(config, part);
    let (schema, last) = look(&config).await?;
    if schema != made.schema {
        return Err(Failure::Refused(format!("the schema of the copy: expected {}, got {schema}", made.schema)));
    }
    let db = Db::connect(&house::reach(&config)).await?;
    if !Migrator::get_pending_migrations_read_only(db.read()).await.map_err(Error::from)?.is_empty() {
        // Of an older version: it can be verified once it is brought up to date.
        output::line("the copy is of an older version: run `zhiqiao migrate up`, then `zhiqiao audit verify`")?;
        return Ok(db.close().await?);
    }
    let house = House::over(config, db.clone()).await?;
    let keys = house.memory.keys();
    let ctx = house.ctx(Actor::system("restore"));
    let verified = audit::verify(&ctx, &Keys::Own(KeySet::new(&keys)), &[], &mut |_, _| {}).await?;
    db.close().await?;
    if let Some(fault) = verified.found.faults.first() {
        return Err(Failure::Refused(format!(
            "the journal of the copy does not verify: {fault}\n备份中的日志未通过验证"
        )));
    }
    if last != made.journal_sequence {
        let expected = made.journal_sequence;
        return Err(Failure::Refused(format!("the journal of the copy: expected {expected} entries, got {last}")));
    }
    Ok(())
}
