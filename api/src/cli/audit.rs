//! `zhiqiao audit verify|checkpoint|export|accesses|prune`.

use std::{
    fs::File,
    io::{BufReader, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use clap::{Args as ClapArgs, Subcommand};
use futures::{StreamExt, pin_mut};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{Failure, output};
use crate::{
    House,
    authn::keys::{KeySet, PublicKeys},
    ctx::Ctx,
    domain::{
        accesses,
        audit::{
            self, Verified,
            chain::Findings,
            checkpoints::{self, Keys},
            export::{self, Examined, Span},
            midnight, pruning,
        },
        journal,
    },
    error::{Error, Result},
    page::Ask,
};

/// What to do with the journal.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Verify every entry, checkpoint and number; with --export offline, without database and configuration.
    Verify {
        /// A file made by `audit export`, instead of the database.
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
        /// Public keys that were kept elsewhere, as /.well-known/jwks.json gave them; else those beside the journal.
        #[arg(long, value_name = "FILE")]
        jwks: Option<PathBuf>,
        /// A checkpoint that was kept elsewhere, as `audit checkpoint` printed it.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Sign the journal as it stands and print the checkpoint; keep it where nobody who owns the database can reach.
    Checkpoint,
    /// Write the journal as NDJSON, to be kept elsewhere and verified offline.
    Export {
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// From this day on (Asia/Shanghai).
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
        /// Up to and with this day.
        #[arg(long, value_name = "DATE")]
        to: Option<NaiveDate>,
    },
    /// Write who has read what is not published, as NDJSON.
    Accesses {
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// From this day on (Asia/Shanghai).
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
        /// Up to and with this day.
        #[arg(long, value_name = "DATE")]
        to: Option<NaiveDate>,
    },
    /// Remove entries older than 190 days that are signed and exported.
    Prune {
        /// What is before this day (Asia/Shanghai) goes.
        #[arg(long, value_name = "DATE")]
        before: NaiveDate,
        /// The export that has them; it is verified first.
        #[arg(long, value_name = "FILE")]
        export: PathBuf,
    },
}

impl Args {
    /// The file to verify without a database, if that is what is asked for.
    pub(super) fn offline(&self) -> bool {
        matches!(&self.what, What::Verify { export: Some(_), .. })
    }
}

/// Verifies an export.
pub fn run_offline(args: Args) -> Result<(), Failure> {
    let What::Verify { export: Some(file), jwks, checkpoint } = args.what else { return Ok(()) };
    let jwks = jwks.as_deref().map(read_jwks).transpose()?;
    let kept = checkpoint.as_deref().map(read_checkpoint).transpose()?;
    let examined = examine(&file, jwks.as_ref(), kept.as_slice(), None)?;
    if examined.has_own_keys {
        eprintln!(
            "the signatures were held against the keys in the file itself: give --jwks with keys from elsewhere \
             to know who signed / 签名是按文件自带的公钥核验的，要确认签署者请用 --jwks 给出另行保存的公钥"
        );
    }
    let Verified { first, .. } = examined.verified;
    if first > 1 {
        output::line(format!("the export begins at entry {first}"))?;
    }
    tell(&examined.verified)
}

/// Runs the command.
pub async fn run(args: Args, house: &House, ctx: &Ctx) -> Result<(), Failure> {
    match args.what {
        What::Verify { jwks, checkpoint, .. } => verify(ctx, jwks.as_deref(), checkpoint.as_deref()).await,
        What::Checkpoint => {
            sign(ctx).await?;
            match checkpoints::newest(ctx, ctx.db.read()).await? {
                Some(newest) => Ok(output::line(newest.token)?),
                None => Err(Failure::Refused(
                    "there is nothing to sign, or no key to sign with: see `zhiqiao key list`\n\
                     没有可签署的条目，或没有签名密钥，请见 `zhiqiao key list`"
                        .to_owned(),
                )),
            }
        }
        What::Export { out, from, to } => {
            sign(ctx).await?;
            let span = Span { from: from.map(midnight), to: to.map(after) };
            let bytes = write_file(&out, export::write(ctx, span).await?).await?;
            Ok(output::line(format!("{}: {bytes} bytes", out.display()))?)
        }
        What::Accesses { out, from, to } => {
            let count = write_accesses(ctx, &out, from.map(midnight), to.map(after)).await?;
            Ok(output::line(format!("{}: {count} records", out.display()))?)
        }
        What::Prune { before, export } => prune(house, ctx, midnight(before), &export).await,
    }
}

/// The first instant after a day.
fn after(day: NaiveDate) -> DateTime<Utc> {
    midnight(day.succ_opt().unwrap_or(day))
}

/// Numbers what waits, and signs it.
async fn sign(ctx: &Ctx) -> Result<()> {
    while journal::seal(ctx).await?.0 > 0 {}
    checkpoints::sign(ctx).await?;
    Ok(())
}

fn read_jwks(path: &Path) -> Result<PublicKeys, Failure> {
    PublicKeys::read(&text(path)?)
        .map_err(|fault| Failure::Refused(format!("{}: not a JWKS document: {fault}", path.display())))
}

fn read_checkpoint(path: &Path) -> Result<String, Failure> {
    Ok(text(path)?.trim().to_owned())
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|fault| Failure::Refused(format!("{}: {fault}", path.display())))
}

fn examine(file: &Path, jwks: Option<&PublicKeys>, kept: &[String], ask: Option<i64>) -> Result<Examined, Failure> {
    let refused = |fault: std::io::Error| Failure::Refused(format!("{}: {fault}", file.display()));
    let reader = BufReader::new(File::open(file).map_err(refused)?);
    let bar = progress(None);
    let examined = export::examine(reader, jwks, kept, ask, &mut |done| {
        if let Some(bar) = &bar {
            bar.set_position(done);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    examined.map_err(refused)
}

async fn verify(ctx: &Ctx, jwks: Option<&Path>, checkpoint: Option<&Path>) -> Result<(), Failure> {
    let public = jwks.map(read_jwks).transpose()?;
    let own = ctx.memory.keys();
    let keys = public.as_ref().map_or_else(|| Keys::Own(KeySet::new(&own)), Keys::Kept);
    let mut kept = Vec::new();
    if let Some(path) = checkpoint {
        let opened = keys.open(&read_checkpoint(path)?);
        kept.push(opened.map_err(|refusal| {
            Failure::Refused(format!(
                "{}: the checkpoint does not verify: {refusal} / 检查点未通过验证",
                path.display()
            ))
        })?);
    }
    let bar = progress(Some(0));
    let verified = audit::verify(ctx, &keys, &kept, &mut |done, total| {
        if let Some(bar) = &bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    })
    .await?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if verified.first > 1 {
        output::line(format!(
            "verified from entry {}: a signed checkpoint says that those before were removed",
            verified.first
        ))?;
    }
    tell(&verified)
}

fn progress(length: Option<u64>) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    Some(bar)
}

/// One line for each fault, and one for all.
fn tell(verified: &Verified) -> Result<(), Failure> {
    let Verified { first, last, entries, checkpoints, signed, waiting, found } = verified;
    let Findings { faults, count } = found;
    for fault in faults {
        output::line(fault.to_string())?;
    }
    if *count > 0 {
        return Err(Failure::Refused(format!(
            "the journal does not verify: {count} faults in {entries} entries\n日志未通过验证：{entries} 条中有 {count} 处问题"
        )));
    }
    output::line(match entries {
        0 => "no entries".to_owned(),
        _ => format!("good: {entries} entries, {first} to {last}, {checkpoints} checkpoints"),
    })?;
    match signed {
        Some(signed) if signed == last => output::line("signed to the end")?,
        Some(signed) => output::line(format!("signed up to entry {signed}; those after are chained only"))?,
        None => output::line("no checkpoint covers them: the entries are chained only")?,
    }
    if let (1.., Some(since)) = waiting {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        output::line(format!("{} entries wait for their number, the oldest since {since}", waiting.0))?;
    }
    Ok(())
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    // Never over something that is there: it may be the only copy.
    let file = File::create_new(path).map_err(|fault| Error::Internal(format!("{}: {fault}", path.display())))?;
    Ok(BufWriter::new(file))
}

fn finish(out: BufWriter<File>) -> Result<()> {
    let file = out.into_inner().map_err(Error::internal)?;
    file.sync_all().map_err(Error::internal)
}

async fn write_file(path: &Path, pieces: impl futures::Stream<Item = Result<bytes::Bytes>>) -> Result<u64> {
    let mut out = create(path)?;
    let mut written = 0;
    pin_mut!(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        out.write_all(&piece).map_err(Error::internal)?;
        written += u64::try_from(piece.len()).unwrap_or_default();
    }
    finish(out)?;
    Ok(written)
}

async fn write_accesses(ctx: &Ctx, path: &Path, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Result<u64> {
    let mut out = create(path)?;
    let filter = accesses::Filter { from, to, ..accesses::Filter::default() };
    let (mut after, mut count) = (None, 0);
    loop {
        let page = accesses::list(ctx, &filter, &Ask { limit: 1_000, after, before: None, from_end: false }).await?;
        for one in &page.items {
            let places = |tables: &[[String; 3]]| -> Vec<Value> {
                let place = |[school, dataset, period]: &[String; 3]| json!({ "school": school, "dataset": dataset, "period": period });
                tables.iter().map(place).collect()
            };
            let line = json!({
                "id": one.id.to_string(), "time": one.at, "actor": one.actor, "role": one.role, "org": one.org,
                "door": one.door, "request_id": one.request_id, "address": one.address,
                "tables": places(&one.tables), "listed": places(&one.listed),
            });
            writeln!(out, "{line}").map_err(Error::internal)?;
            count += 1;
        }
        after = page.items.last().map(|one| one.id);
        if !page.has_next {
            finish(out)?;
            return Ok(count);
        }
    }
}

async fn prune(house: &House, ctx: &Ctx, before: DateTime<Utc>, export: &Path) -> Result<(), Failure> {
    let Some(due) = pruning::due(ctx, before).await? else {
        return Ok(output::line("nothing to remove: no entry is that old and signed")?);
    };
    let jwks = PublicKeys::read(&checkpoints::jwks(ctx).to_string()).map_err(Error::internal)?;
    let examined = examine(export, Some(&jwks), &[], Some(due.last))?;
    let Verified { first, last, found, signed, .. } = &examined.verified;
    let refused = |why: String| Err(Failure::Refused(format!("{}: {why}", export.display())));
    if let Some(fault) = found.faults.first() {
        return refused(format!("the export does not verify: {fault}"));
    }
    if *first > due.first || *last < due.last || signed.is_none_or(|signed| signed < due.last) {
        return refused(format!(
            "it has entries {first} to {last}, signed up to {}; to be removed are {} to {}: export again",
            signed.unwrap_or_default(),
            due.first,
            due.last
        ));
    }
    if examined.asked.as_deref() != Some(due.chain_hash.as_str()) {
        return refused(format!("entry {} is another than in the database", due.last));
    }
    // What is wrong now would be signed over.
    let keys = house.memory.keys();
    let verified = audit::verify(ctx, &Keys::Own(KeySet::new(&keys)), &[], &mut |_, _| {}).await?;
    if verified.found.count > 0 {
        return tell(&verified);
    }
    let checkpoint = pruning::prune(ctx, &due).await?;
    Ok(output::line(format!(
        "removed entries {} to {}; the journal begins at {}, as checkpoint {} says",
        due.first, due.last, checkpoint.first, checkpoint.number
    ))?)
}
