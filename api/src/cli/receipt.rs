//! `zhiqiao receipt verify`: no database, no network, no configuration.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use clap::{Args as ClapArgs, Subcommand};
use serde_json::Value;

use super::{Failure, output};
use crate::{
    authn::keys::PublicKeys,
    domain::receipts::{self, Good},
};

/// What to do with receipts.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check offline that the service has signed a receipt, and say what it vouches for.
    Verify {
        /// The receipt, or the whole JSON answer that has it as the member `receipt`; - reads the standard input.
        file: PathBuf,
        /// The public keys of the service, as /.well-known/jwks.json gives them.
        #[arg(long, value_name = "FILE")]
        jwks: PathBuf,
    },
}

/// Runs the command.
pub fn run(args: Args) -> Result<(), Failure> {
    let What::Verify { file, jwks } = args.what;
    let keys = PublicKeys::read(&text(&jwks)?)
        .map_err(|fault| Failure::Refused(format!("{}: not a JWKS document: {fault}", jwks.display())))?;
    let text = text(&file)?;
    let receipt = find(text.trim())
        .ok_or_else(|| Failure::Refused(format!("{}: the JSON has no member `receipt`", file.display())))?;
    let good = receipts::verify(&receipt, &keys).map_err(|refusal| {
        Failure::Refused(format!("{}: the receipt does not verify: {refusal} / 回执未通过验证", file.display()))
    })?;
    for line in said(&good) {
        output::line(line)?;
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, Failure> {
    let fault = |fault: std::io::Error| Failure::Refused(format!("{}: {fault}", path.display()));
    if path.as_os_str() != "-" {
        return std::fs::read_to_string(path).map_err(fault);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(fault)?;
    Ok(text)
}

/// The receipt itself, or the one within a JSON document.
fn find(text: &str) -> Option<String> {
    fn within(value: &Value) -> Option<&str> {
        match value {
            Value::Object(members) => {
                members.get("receipt").and_then(Value::as_str).or_else(|| members.values().find_map(within))
            }
            Value::Array(items) => items.iter().find_map(within),
            _ => None,
        }
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::String(receipt)) => Some(receipt),
        Ok(value) => within(&value).map(str::to_owned),
        Err(_) => Some(text.to_owned()),
    }
}

/// What a good receipt says, for people: a line, then every member.
fn said(good: &Good) -> Vec<String> {
    let Good { kid, receipt } = good;
    let mut lines = vec![
        format!("good: {} at {}, issued by {}", receipt.event, receipt.time.to_rfc3339(), receipt.iss),
        format!("  key: {kid}"),
    ];
    lines.extend(receipt.request_id.iter().map(|id| format!("  request_id: {id}")));
    for (name, value) in &receipt.what {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("  {name}: {value}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_receipt_is_found_where_answers_have_it() {
        for text in [
            "a.b.c",
            "\"a.b.c\"",
            r#"{"state":"draft","receipt":"a.b.c"}"#,
            r#"{"data":{"pushSubmission":{"receipt":"a.b.c"}}}"#,
        ] {
            assert_eq!(find(text).as_deref(), Some("a.b.c"), "{text}");
        }
        assert_eq!(find(r#"{"receipt":null}"#), None);
    }
}
