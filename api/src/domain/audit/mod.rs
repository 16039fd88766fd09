//! The journal as evidence: read, verified, exported, signed, and in the end removed when its time is over.
//!
//! `chain` is the rule by which it is verified, pure; `verifying` applies it to a database, `export` to a file;
//! `checkpoints` are what is signed of it; `pruning` is the one way by which entries go.

pub mod chain;
pub mod checkpoints;
pub mod export;
pub mod pruning;
mod reading;
mod verifying;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

pub use self::{
    reading::{Filter, Listed, cursor, list, read_cursor},
    verifying::{Verified, verify},
};

/// The first instant of a local day: Asia/Shanghai is eight hours ahead of UTC, in every season.
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}
