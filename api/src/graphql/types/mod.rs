//! The object types, one file a type. A wrapper publishes only what it names.
//!
//! Objects of the registry and the catalogue borrow their row from the one state of the registry
//! that the whole query is answered from: nothing is copied, and nothing is asked of the database.

pub mod account;
pub mod aggregate;
pub mod city;
pub mod city_page;
pub mod claim;
pub mod client;
pub mod collection;
pub mod compliance;
pub mod consortium;
pub mod dataset;
pub mod enterprise;
pub mod event;
pub mod finding;
pub mod indicator;
pub mod institution;
pub mod journal;
pub mod membership;
pub mod node;
pub mod observation;
pub mod outcome;
pub mod partnership;
pub mod period;
pub mod principal;
pub mod release;
pub mod review;
pub mod revision;
pub mod rule;
pub mod school;
pub mod step;
pub mod submission;
pub mod target;
pub mod task;
pub mod verdict;
pub mod words;

use crate::error::Error;

/// A row that the registry's own keys promise.
fn promised<T>(row: Option<T>) -> super::error::GqlResult<T> {
    row.ok_or_else(|| Error::internal("the registry refers to a row that is not there").into())
}
