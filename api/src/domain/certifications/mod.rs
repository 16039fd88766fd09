//! Certification (认定): of enterprises, batch by batch (产教融合型企业), and of dual-qualified teachers (双师型).
//!
//! Enterprises: `batches` says when they apply, `enterprises` takes them from the application to the certificate
//! and away again, `incentives` records what they were given, `duty` counts the places for interns that they owe.
//! Teachers: `agencies` says who evaluates whom, `teachers` takes an application and its corrections, `verdicts` is
//! the whole state machine, `certificates` numbers and verifies, `statistics` counts, `overdue` tells who is late.

pub mod agencies;
pub mod batches;
pub mod certificates;
pub mod duty;
pub mod enterprises;
pub mod incentives;
pub mod overdue;
pub mod statistics;
pub mod teachers;
pub mod verdicts;

use chrono::{Datelike, NaiveDate, TimeDelta};
use entity::ids::RowId;
use uuid::Uuid;

use super::faults::{Faults, MAX_PROSE};
use crate::{error::Result, page};

/// A step that an application has taken, and why: of either kind of certification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where it stood; nothing for the application itself.
    pub from: Option<&'static str>,
    /// Where it has stood since.
    pub to: &'static str,
    /// The contract's name of the role that took it.
    pub role: String,
    /// The organisation that took it, where the role has one.
    pub org: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
}

/// The most references of one application.
const MOST_REFERENCES: usize = 20;

/// Reads the id of an application as the addresses have it; what none looks like is nobody's.
fn id(text: &str) -> Option<RowId> {
    text.parse().ok().map(RowId)
}

/// Reads a day, or says what is wrong with it.
fn day(at: &str, text: &str, faults: &mut Faults) -> Option<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok();
    let day = day.filter(|day| day.to_string() == text && (1949..=2199).contains(&day.year()));
    if day.is_none() {
        let said = ("日期应如 2026-12-31", "A day is written like 2026-12-31");
        faults.add("day_form", at, said, "YYYY-MM-DD", text.chars().take(40).collect::<String>());
    }
    day
}

/// The last of two days is not before the first.
fn in_order(at: &str, from: Option<NaiveDate>, until: Option<NaiveDate>, faults: &mut Faults) {
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        let said = ("截止日早于开始日", "It ends before it begins");
        faults.add("days_reversed", at, said, format!("≥ {from}"), until.to_string());
    }
}

/// Why: said, and nothing of a person in it.
fn reason(text: &str, faults: &mut Faults) {
    if text.trim().is_empty() {
        faults.add("reason_missing", "/reason", ("必须说明理由", "A reason is needed"), "", "");
    }
    faults.prose("/reason", text, MAX_PROSE, false);
}

/// A number within bounds.
fn whole(at: &str, number: i32, (least, most): (i32, i32), faults: &mut Faults) {
    if !(least..=most).contains(&number) {
        let said = (format!("应为 {least} 至 {most} 的整数"), format!("A whole number from {least} to {most}"));
        faults.add("out_of_bounds", at, said, format!("{least}..={most}"), number.to_string());
    }
}

/// What an application of a school refers to: by names of documents, not by addresses.
fn references(list: &[String], faults: &mut Faults) {
    if list.len() > MOST_REFERENCES {
        let said = (
            format!("佐证材料最多 {MOST_REFERENCES} 项"),
            format!("An application has at most {MOST_REFERENCES} references"),
        );
        faults.add("too_many", "/evidence", said, format!("≤ {MOST_REFERENCES}"), list.len().to_string());
    }
    for (at, text) in list.iter().enumerate().take(MOST_REFERENCES) {
        faults.text(&format!("/evidence/{at}"), text, true);
    }
}

/// The list as it is stored.
fn stored(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

/// The list as it was stated.
pub fn listed(stored: &str) -> Vec<String> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// So many days after this one.
fn after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_signed(TimeDelta::days(i64::from(days))).unwrap_or(day)
}

/// A cursor of a list of applications.
pub fn cursor(id: RowId) -> String {
    page::cursor(&[&id.to_string()])
}

/// Reads a cursor of a list of applications.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<RowId> {
    let [text] = page::read_cursor(cursor, pointer)?;
    text.parse::<Uuid>().map(RowId).map_err(|_| page::no_cursor(pointer))
}

/// Cuts one row more than asked for to a page: what a keyset of ids gives.
fn paged<T>(mut items: Vec<T>, ask: &page::Ask<RowId>, total: u64) -> page::Page<T> {
    let more = items.len() > ask.limit;
    if more && ask.from_end {
        items.remove(0);
    }
    items.truncate(ask.limit);
    page::Page {
        items,
        has_next: if ask.from_end { ask.before.is_some() } else { more },
        has_previous: if ask.from_end { more } else { ask.after.is_some() },
        total,
    }
}
