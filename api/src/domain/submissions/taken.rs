//! A step of a review that was taken: from where to where, on which revision, with which words.

use std::collections::BTreeMap;

use entity::transition;
use sea_orm::prelude::DateTimeUtc;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A remark on one cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The cell.
    pub indicator: String,
    /// What the reviewer says of it.
    pub remark: String,
}

/// What was said with a step, beside its reason; kept as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// Remarks on cells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Remark>,
    /// The justification of each warning, by its code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub justifications: BTreeMap<String, String>,
}

impl Words {
    /// What the row of a step keeps of them.
    pub fn kept(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::json!(self).to_string())
    }
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The state before.
    pub from: entity::words::SubmissionState,
    /// The state after.
    pub to: entity::words::SubmissionState,
    /// The revision that was judged.
    pub revision: i32,
    /// When.
    pub at: DateTimeUtc,
    /// Why it was returned or opened again.
    pub reason: Option<String>,
    /// What was said of cells or warnings.
    pub words: Words,
}

impl Taken {
    /// Reads the row of a step.
    ///
    /// # Errors
    /// When its words are not as [`Words::kept`] writes them.
    pub fn read(row: transition::Model) -> Result<Self> {
        let words = row.words.as_deref().map_or_else(|| Ok(Words::default()), serde_json::from_str);
        Ok(Self {
            from: row.from_state,
            to: row.to_state,
            revision: row.revision,
            at: row.at,
            reason: row.reason,
            words: words.map_err(Error::internal)?,
        })
    }
}
