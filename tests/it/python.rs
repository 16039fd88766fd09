//! The Python whose libraries files, signatures and receipts are held against: other people's code has the last word
//! on what is told in a public format.

use std::process::Command;

/// The interpreter that has these modules: `TEST_PYTHON` names it, else it is `python3`. Nothing where it lacks one
/// and nobody insists; then it is said aloud what was not looked at.
///
/// # Panics
/// Where `TEST_PYTHON` names one without them: it is to have all of `tests/it/python.txt`.
pub fn with(modules: &str, unseen: &str) -> Option<String> {
    let named = std::env::var("TEST_PYTHON");
    let python = named.clone().unwrap_or_else(|_| "python3".to_owned());
    let why = match Command::new(&python).args(["-c", &format!("import {modules}")]).output() {
        Ok(output) if output.status.success() => return Some(python),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(why) => why.to_string(),
    };
    assert!(named.is_err(), "TEST_PYTHON names a Python without the modules of tests/it/python.txt: {why}");
    println!("SKIPPED: {unseen} ({why})");
    None
}
