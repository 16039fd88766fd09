//! `zhiqiao client add|rotate|disable`.

use clap::{Args as ClapArgs, Subcommand};
use entity::words::{Duty, Role};

use super::{
    output,
    user::{duties, roles},
};
use crate::{
    ctx::Ctx,
    domain::clients::{self, Add, ClientSecret, Told},
    error::Result,
};

/// What to do with service accounts.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a client. Its secret is made and printed once; only its hash is kept.
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
    },
    /// Give a client another secret, which is printed once; the old one is no good from now on.
    ///
    /// Tokens that are out live on for 15 minutes at most; to end them at once, disable the client.
    Rotate {
        /// The client's id.
        client_id: String,
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
        What::Add { client_id, name, role, org, duty } => {
            let told =
                clients::add(ctx, Add { client_id, name, role, org, duty, secret: ClientSecret::Random }).await?;
            output::line(format!(
                "added {} as {}{}",
                told.row.client_id,
                role.word(),
                told.row.org.as_deref().map(|org| format!(" of {org}")).unwrap_or_default()
            ))?;
            tell(&told)
        }
        What::Rotate { client_id } => {
            let told = clients::rotate(ctx, &client_id).await?;
            output::line(format!("{} has another secret", told.row.client_id))?;
            tell(&told)
        }
        What::Disable { client_id } => {
            let row = clients::disable(ctx, &client_id).await?;
            output::line(format!("disabled {}", row.client_id))
        }
    }
}

fn tell(told: &Told) -> Result<()> {
    output::line(format!("client_id:     {}", told.row.client_id))?;
    output::line(format!("client_secret: {}", told.secret.expose()))?;
    output::line("The secret is shown this once and kept only as a hash. 密钥只显示这一次，系统只保存其散列值。")
}
