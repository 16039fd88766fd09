//! `zhiqiao key rotate|list|secret`.

use chrono::SecondsFormat;
use clap::{Args as ClapArgs, Subcommand};

use super::output;
use crate::{
    authn::secrets,
    ctx::Ctx,
    domain::keys::{self, Key},
    error::Result,
};

/// What to do with signing keys.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a new key and retire those before it; what they signed still verifies. The first key is made so, too.
    Rotate,
    /// List the keys, newest first.
    List,
    /// Print a fresh encryption key for [keys] encryption_key or encryption_key_file. It is kept nowhere.
    ///
    /// `umask 077; zhiqiao key secret > encryption.key`
    Secret,
}

impl Args {
    /// Whether it needs neither configuration nor database: they may need it.
    pub const fn is_secret(&self) -> bool {
        matches!(self.what, What::Secret)
    }
}

/// Prints a fresh encryption key.
pub fn secret() -> Result<()> {
    output::line(secrets::encryption_key()?.expose())
}

/// Runs the command.
pub async fn run(args: Args, ctx: &Ctx) -> Result<()> {
    match args.what {
        What::Secret => secret(),
        What::Rotate => {
            let key = keys::rotate(ctx).await?;
            output::line(format!("key {} signs from now on", key.kid))
        }
        What::List => {
            let all = keys::list(ctx).await?;
            if all.is_empty() {
                return output::line("No keys yet: make one with `zhiqiao key rotate`. 尚无签名密钥。");
            }
            output::line(row("KID", "ALGORITHM", "CREATED", "STATE"))?;
            for key in all {
                let Key { kid, algorithm, created_at, retired_at } = key;
                let state = retired_at.map_or_else(|| "signs".to_owned(), |at| format!("retired {}", instant(at)));
                output::line(row(&kid, &algorithm, &instant(created_at), &state))?;
            }
            Ok(())
        }
    }
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn row(kid: &str, algorithm: &str, created: &str, state: &str) -> String {
    format!("{kid:43}  {algorithm:9}  {created:20}  {state}")
}
