//! What commands say: results to stdout, and nothing else there.

use std::io::{self, Write};

use crate::error::{Error, Result};

/// Prints a line. A reader that has gone away (`| head`) ends the command quietly.
pub fn line(text: impl AsRef<str>) -> Result<()> {
    match writeln!(io::stdout().lock(), "{}", text.as_ref()) {
        Err(fault) if fault.kind() != io::ErrorKind::BrokenPipe => Err(Error::internal(fault)),
        _ => Ok(()),
    }
}

/// Prints a text as it is, to its last byte.
pub fn raw(text: &str) -> Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(fault) if fault.kind() != io::ErrorKind::BrokenPipe => Err(Error::internal(fault)),
        _ => Ok(()),
    }
}
