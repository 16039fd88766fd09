//! Why rows were rejected, grouped by what is behind it: one missing code is one cause, however many rows name it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::{Finding, Text};

/// The most causes that are told apart; what comes after them is counted together.
const MOST: usize = 1_000;

/// A row that shows a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The line of the file or the row of the sheet.
    pub row: u64,
    /// The school, as the file names it.
    pub school: String,
    /// The table, as the file names it.
    pub dataset: String,
    /// The period, as the file names it.
    pub period: String,
    /// The indicator, where it is about one.
    pub indicator: Option<String>,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was there.
    pub got: Option<String>,
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The stable name of what is wrong.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// How many rows have it.
    pub rows: u64,
    /// How many rows were rejected for it: those that have it first of all, and the good ones of their tables.
    pub rejected: u64,
    /// One of the rows.
    pub example: Example,
}

impl Cause {
    /// What is wrong and what to do.
    pub fn message(&self) -> Text {
        Text::new(self.zh.as_str(), self.en.as_str())
    }
}

/// The causes of a batch, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    list: Vec<Cause>,
    at: HashMap<(String, String), usize>,
}

impl Causes {
    /// Reads what was kept.
    pub(super) fn read(kept: &str) -> Self {
        let list: Vec<Cause> = serde_json::from_str(kept).unwrap_or_default();
        let at = list.iter().enumerate().map(|(at, one)| ((one.code.clone(), one.zh.clone()), at)).collect();
        Self { list, at }
    }

    /// As it is kept.
    pub(super) fn kept(&self) -> String {
        serde_json::json!(self.list).to_string()
    }

    /// All of them, the one with the most rows first.
    pub(super) fn sorted(mut self) -> Vec<Cause> {
        self.list.sort_by_key(|cause| std::cmp::Reverse((cause.rejected, cause.rows)));
        self.list
    }

    /// Counts rows with a finding, and rows that were rejected for it.
    pub(super) fn add(&mut self, finding: &Finding, rows: u64, rejected: u64, example: impl FnOnce() -> Example) {
        let key = (finding.code.clone(), finding.message.zh.clone());
        let at = match self.at.get(&key) {
            Some(at) => *at,
            None if self.list.len() >= MOST => {
                self.more(rows, rejected);
                return;
            }
            None => {
                self.at.insert(key, self.list.len());
                self.list.push(Cause {
                    code: finding.code.clone(),
                    zh: finding.message.zh.clone(),
                    en: finding.message.en.clone(),
                    rows: 0,
                    rejected: 0,
                    example: Example { expected: finding.expected.clone(), got: finding.got.clone(), ..example() },
                });
                self.list.len() - 1
            }
        };
        if let Some(cause) = self.list.get_mut(at) {
            cause.rows += rows;
            cause.rejected += rejected;
        }
    }

    fn more(&mut self, rows: u64, rejected: u64) {
        let key = ("more".to_owned(), "其他原因：请先更正以上各项".to_owned());
        let at = *self.at.entry(key.clone()).or_insert_with(|| {
            self.list.push(Cause {
                code: key.0,
                zh: key.1,
                en: "Other causes: correct those above first".to_owned(),
                rows: 0,
                rejected: 0,
                example: Example::default(),
            });
            self.list.len() - 1
        });
        if let Some(cause) = self.list.get_mut(at) {
            cause.rows += rows;
            cause.rejected += rejected;
        }
    }
}
