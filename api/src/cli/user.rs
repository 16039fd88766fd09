//! `zhiqiao user add|change|disable|reset`.

use std::io::{self, BufRead, IsTerminal};

use clap::{
    Args as ClapArgs, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use entity::words::{Duty, Role};

use super::output;
use crate::{
    config::Secret,
    ctx::Ctx,
    domain::{
        accounts::{self, Add, Password, Told, Wish},
        precondition::Match,
    },
    error::{Error, Result, Text},
};

/// What to do with people.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a person. A password is made and printed once; only its hash is kept.
    ///
    /// It is good for one thing: to be changed at the first sign-in.
    Add {
        /// What the person types to sign in: lower-case letters, digits, hyphens.
        username: String,
        /// What the console calls the person.
        #[arg(long)]
        name: String,
        /// What the person may do.
        #[arg(long, value_parser = roles(), ignore_case = true)]
        role: Role,
        /// The code of the organisation the person acts for: 620000 (PROVINCE), 620100 (CITY), 62001 (SCHOOL) …
        ///
        /// Not for ADMIN, AUDITOR and ANALYST, who act for none.
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
        /// The part in a school's reporting: `fill` states tables, `sign` submits and recalls them, `all` does both.
        #[arg(long, value_parser = duties(), default_value = "all")]
        duty: Duty,
        /// Read the password from the first line of the standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change what a person may do: role, organisation, duty. Sign-ins and tokens end at once.
    Change {
        /// The person's user name.
        username: String,
        /// What the person may do from now on; state the organisation with it, where the role has one.
        #[arg(long, value_parser = roles(), ignore_case = true, required_unless_present_any = ["org", "duty"])]
        role: Option<Role>,
        /// The code of the organisation the person acts for from now on.
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
        /// The part in a school's reporting: `fill`, `sign` or `all`.
        #[arg(long, value_parser = duties())]
        duty: Option<Duty>,
    },
    /// Disable a person: no sign-in any more, and the tokens that are out end at once.
    Disable {
        /// The person's user name.
        username: String,
    },
    /// Give a person another password, which is printed once and must be changed at the next sign-in.
    ///
    /// Sign-ins and tokens end at once, and a lock after failed sign-ins is lifted.
    Reset {
        /// The person's user name.
        username: String,
        /// Remove the second factor, too, with its recovery codes: for whoever has lost it.
        #[arg(long)]
        second_factor: bool,
        /// Read the password from the first line of the standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Runs the command.
pub async fn run(args: Args, ctx: &Ctx) -> Result<()> {
    match args.what {
        What::Add { username, name, role, org, duty, password_stdin } => {
            let password = password(password_stdin)?;
            let told = accounts::add(ctx, Add { username, display_name: name, role, org, duty, password }).await?;
            output::line(format!(
                "added {} as {}{}",
                told.row.username,
                role.word(),
                told.row.org.as_deref().map(|org| format!(" of {org}")).unwrap_or_default()
            ))?;
            tell(&told, password_stdin)
        }
        What::Change { username, role, org, duty } => {
            let wish = Wish { role, org: org.map(Some), duty, ..Wish::default() };
            let row = accounts::change(ctx, accounts::is(&username), wish, Some(&Match::Any)).await?;
            output::line(format!(
                "{} is {}{}, duty {}",
                row.username,
                row.role.word(),
                row.org.as_deref().map(|org| format!(" of {org}")).unwrap_or_default(),
                row.duty.word()
            ))
        }
        What::Disable { username } => {
            let row = accounts::disable(ctx, &username).await?;
            output::line(format!("disabled {}", row.username))
        }
        What::Reset { username, second_factor, password_stdin } => {
            let password = password(password_stdin)?;
            let told = accounts::reset_where(ctx, accounts::is(&username), password, second_factor).await?;
            let what = if second_factor { "password and the second factor" } else { "password" };
            output::line(format!("reset the {what} of {}", told.row.username))?;
            tell(&told, password_stdin)
        }
    }
}

fn tell(told: &Told, is_known: bool) -> Result<()> {
    if !is_known {
        output::line(format!("password: {}", told.password.expose()))?;
        output::line("It is shown this once and kept only as a hash. 密码只显示这一次，系统只保存其散列值。")?;
    }
    output::line("It must be changed at the next sign-in. 下次登录时必须修改密码。")
}

fn password(from_stdin: bool) -> Result<Password> {
    if !from_stdin {
        return Ok(Password::Random);
    }
    let mut input = io::stdin().lock();
    if io::stdin().is_terminal() {
        // It would be seen on the screen, and stay in the scroll-back.
        return Err(Error::Malformed(Text::new(
            "--password-stdin 需要从管道或文件读取密码",
            "--password-stdin reads from a pipe or a file, not from a terminal",
        )));
    }
    let mut text = String::new();
    input.read_line(&mut text).map_err(|fault| {
        Error::Malformed(Text::new(format!("无法读取密码：{fault}"), format!("Cannot read the password: {fault}")))
    })?;
    Ok(Password::Chosen(Secret::new(text.trim_end_matches(['\r', '\n']))))
}

/// The parts of a school's reporting, as an argument.
pub(super) fn duties() -> impl TypedValueParser<Value = Duty> {
    PossibleValuesParser::new(Duty::ALL.iter().map(|duty| duty.word()))
        .try_map(|word| Duty::of(&word).ok_or("no such duty"))
}

/// The roles of the contract, as an argument.
pub(super) fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.iter().map(|role| role.word()))
        .try_map(|word| Role::of(&word.to_ascii_uppercase()).ok_or("no such role"))
}
