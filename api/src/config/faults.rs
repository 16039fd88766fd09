//! What is wrong with a configuration: where, what, expected, got; in Chinese and English.

use std::fmt;

use crate::error::Text;

/// One fault of one key or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The dotted key, or the file that could not be read.
    pub key: String,
    /// The file or variable that said it, if one did.
    pub origin: Option<String>,
    /// What is wrong.
    pub problem: Text,
    /// What would be right.
    pub expected: Option<Text>,
    /// What was found; never a secret.
    pub got: Option<String>,
}

impl Fault {
    pub(super) fn file(name: impl Into<String>, problem: Text) -> Self {
        Self { key: name.into(), origin: None, problem, expected: None, got: None }
    }

    /// What the table of keys let pass and the structure still refuses. Without the
    /// error's own text: it may quote a value.
    pub(super) fn unforeseen(error: &figment::Error) -> Self {
        let key = if error.path.is_empty() { "?".to_owned() } else { error.path.join(".") };
        Self::file(key, Text::new("无法读取", "cannot be read"))
    }

    /// Whether it is about a key that nobody gave.
    pub(super) fn is_missing(&self) -> bool {
        self.origin.is_none() && self.got.is_none()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        if let Some(origin) = self.origin.as_ref().filter(|origin| **origin != self.key) {
            write!(f, "  ({origin})")?;
        }
        write!(f, "\n     {}", both(&self.problem))?;
        if let Some(expected) = &self.expected {
            write!(f, "\n     应为 / expected: {}", both(expected))?;
        }
        if let Some(got) = &self.got {
            write!(f, "\n     实为 / got:      {got}")?;
        }
        Ok(())
    }
}

/// Both languages on one line; once where they are the same.
fn both(text: &Text) -> String {
    if text.zh == text.en { text.en.clone() } else { format!("{} / {}", text.zh, text.en) }
}

/// Every fault of a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFaults(Vec<Fault>);

impl ConfigFaults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// The faults, those of files first.
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }
}

impl IntoIterator for ConfigFaults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Fault> for ConfigFaults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let plural = if count == 1 { "fault" } else { "faults" };
        write!(f, "配置有 {count} 处错误 / {count} {plural} in the configuration:")?;
        for (number, fault) in (1..).zip(&self.0) {
            write!(f, "\n{number:>3}. {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}
