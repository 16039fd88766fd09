//! `zhiqiao client add|rotate|keys|disable`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args as ClapArgs, Subcommand};
use entity::words::{Duty, Role};

use super::{
    output,
    user::{duties, roles},
};
use crate::{
    authn::client_keys::{ClientKey, read_all},
    ctx::Ctx,
    domain::{
        client_keys,
        clients::{self, Add, ClientSecret, Renewal, Told},
    },
    error::{Error, Result, Text},
};

/// What to do with service accounts.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a client. Its secret is made and printed once; only its hash is kept. With --jwks it has none.
    Add {
        /// The name it uses at /oauth/token: lower-case letters, digits, hyphens.
        client_id: String,
        /// What people call it, for example "Campus system of school 62001".
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long, value_parser = roles(), ignore_case = true)]
        role: Role,
        /// The code of the organisation it acts for: 620000 (PROVINCE), 620100 (CITY), 62001 (SCHOOL) …
        ///
        /// Not for ADMIN, AUDITOR and ANALYST, who act for none.
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
        /// The part in a school's reporting: `fill` states tables, `sign` submits and recalls them, `all` does both.
        #[arg(long, value_parser = duties(), default_value = "all")]
        duty: Duty,
        /// A file with its public keys (a JWK or a JWK set: Ed25519, P-256); it then has no secret.
        #[arg(long, value_name = "FILE", conflicts_with = "expires")]
        jwks: Option<PathBuf>,
        /// How long the secret is good, for example 365d; its organisation is told two weeks before.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        expires: Option<TimeDelta>,
    },
    /// Give a client another secret, which is printed once.
    ///
    /// Without --overlap the old one and all tokens that are out end at once, as they should where it may be in
    /// wrong hands. With it, the old one goes on for a while beside the new one, and no token ends.
    Rotate {
        /// The client's id.
        client_id: String,
        /// How long the old secret goes on, for example 24h; 30d at most.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        overlap: Option<TimeDelta>,
        /// How long the new secret is good, for example 365d; for good without it.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        expires: Option<TimeDelta>,
    },
    /// The public keys by which a client signs its assertions (`private_key_jwt`); lists them unless told otherwise.
    Keys {
        /// The client's id.
        client_id: String,
        /// Register the keys of a file: a JWK or a JWK set (Ed25519, P-256).
        #[arg(long, value_name = "FILE", group = "deed")]
        add: Option<PathBuf>,
        /// Take a key away; the tokens that are out end at once.
        #[arg(long, value_name = "KID", group = "deed")]
        remove: Option<String>,
        /// List the keys, oldest first.
        #[arg(long, group = "deed")]
        list: bool,
    },
    /// Disable a client: no new tokens, and those that are out end at once.
    Disable {
        /// The client's id.
        client_id: String,
    },
}

/// Runs the command.
pub async fn run(args: Args, ctx: &Ctx) -> Result<()> {
    match args.what {
        What::Add { client_id, name, role, org, duty, jwks, expires } => {
            let secret = match (jwks, expires) {
                (Some(file), _) => ClientSecret::Keys(keys_of(&file)?),
                (None, Some(after)) => ClientSecret::Expiring(after),
                (None, None) => ClientSecret::Random,
            };
            let told = clients::add(ctx, Add { client_id, name, role, org, duty, secret }).await?;
            output::line(format!(
                "added {} as {}{}",
                told.row.client_id,
                role.word(),
                told.row.org.as_deref().map(|org| format!(" of {org}")).unwrap_or_default()
            ))?;
            tell(&told)
        }
        What::Rotate { client_id, overlap, expires } => {
            let told = clients::renew(ctx, &client_id, Renewal { overlap, expires_in: expires }).await?;
            output::line(format!("{} has another secret", told.row.client_id))?;
            if let Some(until) = told.row.previous_until {
                output::line(format!("the old one is good until {}", instant(until)))?;
            }
            tell(&told)
        }
        What::Keys { client_id, add, remove, list: _ } => {
            if let Some(kid) = remove {
                client_keys::remove(ctx, &client_id, &kid).await?;
                return output::line(format!("removed {kid}"));
            }
            let all = match add {
                Some(file) => client_keys::add(ctx, &client_id, &keys_of(&file)?).await?,
                None => client_keys::list(ctx, &client_id).await?,
            };
            if all.is_empty() {
                return output::line("no keys");
            }
            for row in all {
                let key = ClientKey::stored(&row.jwk)?;
                output::line(format!("{}  {}  {}", row.kid, key.algorithm(), instant(row.created_at)))?;
            }
            Ok(())
        }
        What::Disable { client_id } => {
            let row = clients::disable(ctx, &client_id).await?;
            output::line(format!("disabled {}", row.client_id))
        }
    }
}

fn tell(told: &Told) -> Result<()> {
    output::line(format!("client_id:     {}", told.row.client_id))?;
    if told.secret.expose().is_empty() {
        return output::line(
            "It has no secret: it signs assertions with its keys. 该客户端没有密钥口令，以其私钥签名证明身份。",
        );
    }
    output::line(format!("client_secret: {}", told.secret.expose()))?;
    if let Some(end) = told.row.secret_expires_at {
        output::line(format!("expires:       {}", instant(end)))?;
    }
    output::line("The secret is shown this once and kept only as a hash. 密钥只显示这一次，系统只保存其散列值。")
}

fn keys_of(file: &Path) -> Result<Vec<ClientKey>> {
    let text = std::fs::read_to_string(file).map_err(|fault| {
        let name = file.display();
        Error::Malformed(Text::new(format!("{name} 无法读取：{fault}"), format!("{name} cannot be read: {fault}")))
    })?;
    read_all(&text)
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A span of time: a whole number and one of `s`, `m`, `h`, `d`.
fn span(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "a whole number and s, m, h or d, as in 24h or 365d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let made = match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    };
    made.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, expected) in [
            ("24h", Some(TimeDelta::hours(24))),
            ("90s", Some(TimeDelta::seconds(90))),
            ("5m", Some(TimeDelta::minutes(5))),
            ("365d", Some(TimeDelta::days(365))),
            ("0d", Some(TimeDelta::zero())),
            ("", None),
            ("h", None),
            ("24", None),
            ("1.5h", None),
            ("24 h", None),
            ("1年", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(span(text).ok(), expected, "{text}");
        }
    }
}
