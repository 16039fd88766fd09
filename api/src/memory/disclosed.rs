//! What outsiders are told of the protected lines of a released table: decided when the release is built, stored
//! with it, and never computed again.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

/// Everything that is told of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosed {
    /// By what the schools are parted: `city`, `ownership`, `category` or `tier`.
    pub partition: String,
    /// By the code of the line.
    pub lines: BTreeMap<String, ToldLine>,
}

/// What is told of one line: the province's total, and the groups of the one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldLine {
    /// Of all schools.
    pub total: ToldCell,
    /// By the word or code of the group.
    pub groups: BTreeMap<String, ToldCell>,
}

/// What is told of one cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldCell {
    /// The version of which the figure is.
    pub since: Arc<str>,
    /// Nothing where the cell is suppressed.
    pub shown: Option<Shown>,
}

/// The number of schools and the indicator's own statistic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// How many contribute.
    pub schools: usize,
    /// The own statistic, in exact digits.
    pub value: Option<String>,
    /// What the cell says.
    pub status: String,
}
