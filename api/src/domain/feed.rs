//! The change feed: what happened in the caller's scope, in the one order of the sealed journal.
//!
//! Only numbered rows are read, and numbers are given in the order of commits: who has read up to a
//! number has missed nothing before it, and whatever commits later comes later.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, Utc};
use entity::{ids::SchoolCode, journal, journal_seal, words::SubmissionState};
use futures::{Stream, stream};
use sea_orm::{ColumnTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use crate::{
    authz::{self, Action, Kind, Role},
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
    memory::registry::Registry,
    page,
};

/// How many events are read at once unless the caller says otherwise.
pub const USUAL: usize = 100;
/// The most events that are read at once.
pub const MOST: usize = 1_000;
/// The longest that a caller may be kept waiting for an event, in seconds.
pub const LONGEST_SECONDS: u64 = 60;

/// How many numbers of the journal one query looks at, and how many queries one read makes: so no
/// read is long, however little of a long journal is the caller's.
const SPAN: i64 = 20_000;
const SPANS: usize = 10;

/// A place in the feed: everything up to a number of the journal has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(i64);

impl Place {
    /// As a cursor, which callers pass back and do not read.
    pub fn cursor(self) -> String {
        page::cursor(&[TAG, &self.0.to_string()])
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no cursor of the feed.
    pub fn read(cursor: &str, pointer: &str) -> Result<Self> {
        let parts = page::read_cursor::<2>(cursor, pointer).ok();
        let number = parts.filter(|[tag, _]| tag == TAG).and_then(|[_, number]| number.parse::<i64>().ok());
        // One place has one cursor: `+7` and `07` are none.
        let place = number.filter(|number| *number >= 0).map(Self).filter(|place| place.cursor() == cursor);
        place.ok_or_else(|| {
            let text = Text::new(
                "游标无效：请使用事件的 cursor 或上次返回的 next；不带 after 则从头开始",
                "Not a cursor of the feed: use the `cursor` of an event or the last `next`; without `after` it begins at the beginning",
            );
            Error::Invalid(vec![Finding::error("cursor", pointer, text)])
        })
    }
}

/// What makes a cursor one of this list.
const TAG: &str = "changes";

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Where it has come to.
    pub after: Place,
    /// The most events that it wants, 1 to [`MOST`].
    pub limit: usize,
    /// How long it will wait if there are none.
    pub wait: Duration,
}

impl Ask {
    /// Reads a request, and names everything that is wrong with it.
    pub fn read(after: Option<&str>, limit: Option<i64>, wait: Option<i64>) -> Result<Self> {
        let mut faults = Vec::new();
        let mut or_fault = |fault: Error| {
            if let Error::Invalid(found) = fault {
                faults.extend(found);
            }
        };
        let after = after.map_or(Ok(Place::default()), |after| Place::read(after, "/after"));
        let after = after.map_err(&mut or_fault);
        let limit = page::limit(limit, USUAL, MOST, "/limit").map_err(&mut or_fault);
        let wait = seconds(wait).map_err(&mut or_fault);
        match (after, limit, wait) {
            (Ok(after), Ok(limit), Ok(wait)) => Ok(Self { after, limit, wait }),
            _ => Err(Error::Invalid(faults)),
        }
    }
}

fn seconds(asked: Option<i64>) -> Result<Duration> {
    let Some(asked) = asked else { return Ok(Duration::ZERO) };
    u64::try_from(asked).ok().filter(|seconds| *seconds <= LONGEST_SECONDS).map(Duration::from_secs).ok_or_else(|| {
        let text = Text::new(
            format!("等待时间应在 0 到 {LONGEST_SECONDS} 秒之间"),
            format!("The wait must be between 0 and {LONGEST_SECONDS} seconds"),
        );
        let range = format!("0..={LONGEST_SECONDS}");
        Error::Invalid(vec![Finding::error("wait", "/wait", text).with(range, asked.to_string())])
    })
}

/// Something that happened, as far as the caller may know.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where the feed goes on after it.
    pub place: Place,
    /// `<noun>.<past verb>`.
    pub kind: String,
    /// When it was done. The order of the feed is that of the commits, and may be another.
    pub at: DateTime<Utc>,
    /// The school that it belongs to.
    pub school: Option<SchoolCode>,
    /// What it happened to, for example `62001/talent/2023`.
    pub object: String,
    /// What else there is to tell. Never a figure.
    pub data: Map<String, Value>,
}

/// A piece of the feed.
#[derive(Clone, Debug)]
pub struct Events {
    /// The events, in their order.
    pub items: Vec<Event>,
    /// Where the feed goes on; beyond all that is not told to the caller.
    pub next: Place,
    /// Whether it has come to the end of what is sealed.
    pub is_at_end: bool,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    sequence: i64,
    at: DateTime<Utc>,
    action: String,
    object: String,
    school_code: Option<SchoolCode>,
    data: String,
}

/// The place after everything that is sealed by now.
///
/// # Errors
/// 401 without a token.
pub async fn end(ctx: &Ctx) -> Result<Place> {
    ctx.require(Action::Read, Kind::Event)?;
    Ok(Place(ctx.memory.sealed().await?))
}

/// The events after a place, without waiting for any.
///
/// # Errors
/// 401 without a token, 422 for a place that the journal has not come to.
pub async fn read(ctx: &Ctx, after: Place, limit: usize) -> Result<Events> {
    ctx.require(Action::Read, Kind::Event)?;
    let end = ctx.memory.sealed().await?;
    if after.0 > end {
        return Err(ahead());
    }
    let registry = ctx.memory.registry();
    let (mut items, mut seen) = (Vec::new(), after.0);
    for _ in 0..SPANS {
        let until = end.min(seen.saturating_add(SPAN));
        let rows = span(ctx, seen, until, limit - items.len()).await?;
        seen = until;
        items.extend(rows.into_iter().map(|row| tell(ctx.actor.role, &registry, row)));
        if items.len() >= limit {
            // There may be more between the last one and the end of the span.
            seen = items.last().map_or(seen, |last: &Event| last.place.0);
            break;
        }
        if seen == end {
            break;
        }
    }
    ctx.listed(items.iter().filter_map(table_of))?;
    Ok(Events { items, next: Place(seen), is_at_end: seen == end })
}

/// The events after a place; if there are none, waits for one.
///
/// # Errors
/// As for [`read`].
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn wait(ctx: &Ctx, ask: &Ask) -> Result<Events> {
    let until = Instant::now() + ask.wait;
    let mut ear = ctx.memory.bell().listen();
    let mut after = ask.after;
    loop {
        let events = read(ctx, after, ask.limit).await?;
        if !events.items.is_empty() || !events.is_at_end {
            return Ok(events);
        }
        after = events.next;
        if !matches!(timeout_at(until, ear.beyond(after.0)).await, Ok(true)) {
            return Ok(events);
        }
    }
}

/// Every event after a place, as it comes, until the service ends.
///
/// # Errors
/// As for [`read`]; an error is the last thing that is told.
pub fn follow(ctx: Ctx, after: Place) -> impl Stream<Item = Result<Event>> + Send + 'static {
    let (ctx, ear) = (ctx.anew(), ctx.memory.bell().listen());
    stream::try_unfold((ctx, ear, after, VecDeque::new()), |(mut ctx, mut ear, mut after, mut read_ahead)| async move {
        loop {
            if let Some(event) = read_ahead.pop_front() {
                return Ok(Some((event, (ctx, ear, after, read_ahead))));
            }
            let events = read(&ctx, after, USUAL).await?;
            after = events.next;
            read_ahead.extend(events.items);
            if read_ahead.is_empty() && events.is_at_end {
                // A line may stay open for days: what was told so far is recorded whenever there is nothing new.
                ctx = ctx.anew();
                if !ear.beyond(after.0).await {
                    return Ok(None);
                }
            }
        }
    })
}

async fn span(ctx: &Ctx, after: i64, until: i64, limit: usize) -> Result<Vec<Row>> {
    let rows = ctx
        .told()
        .join_rev(JoinType::InnerJoin, journal_seal::Relation::Journal.def())
        .filter(journal_seal::Column::Sequence.gt(after))
        .filter(journal_seal::Column::Sequence.lte(until))
        .order_by_asc(journal_seal::Column::Sequence)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        .select_only()
        .column(journal_seal::Column::Sequence)
        .columns([
            journal::Column::At,
            journal::Column::Action,
            journal::Column::Object,
            journal::Column::SchoolCode,
            journal::Column::Data,
        ])
        .into_model::<Row>();
    Ok(rows.all(ctx.db.read()).await?)
}

fn tell(role: Role, registry: &Registry, row: Row) -> Event {
    let data = match serde_json::from_str(&row.data) {
        Ok(Value::Object(data)) => data,
        _ => Map::new(),
    };
    let data = match &row.school_code {
        Some(school) => of_school(role, registry, school, &row.action, data),
        None => data,
    };
    Event {
        place: Place(row.sequence),
        kind: row.action,
        at: row.at,
        school: row.school_code,
        object: row.object,
        data,
    }
}

/// The table that an event tells of, if it is one.
fn table_of(event: &Event) -> Option<(&str, &str, &str)> {
    event.school.as_ref().filter(|_| event.kind.starts_with("submission."))?;
    let (school, rest) = event.object.split_once('/')?;
    let (dataset, period) = rest.split_once('/')?;
    Some((school, dataset, period))
}

/// What is told of a school's event: all to the school; to its reviewers where it stands, and the
/// rest of those states only in which the values are theirs to see.
fn of_school(
    role: Role,
    registry: &Registry,
    school: &SchoolCode,
    action: &str,
    mut data: Map<String, Value>,
) -> Map<String, Value> {
    if action.starts_with("collection.") {
        // It speaks of days, and of no table.
        return data;
    }
    if action == "submission.pushed" {
        data.entry("to").or_insert_with(|| SubmissionState::Draft.word().into());
    }
    let state = data.get("to").and_then(Value::as_str).and_then(SubmissionState::of);
    let affiliation = registry.schools.get(school.as_str()).map(|school| school.affiliation);
    let sees_all = match (state, affiliation) {
        (Some(state), Some(affiliation)) => authz::sees_values(role, state, affiliation),
        // Of what has no state, nothing is known to be for anybody else.
        _ => matches!(role, Role::School | Role::System),
    };
    if !sees_all {
        data.retain(|name, _| ["from", "to"].contains(&name.as_str()));
    }
    data
}

fn ahead() -> Error {
    Error::invalid(
        "cursor",
        "/after",
        Text::new(
            "游标超出现有变更：数据库可能已从备份恢复，请不带 after 从头读取",
            "The cursor is ahead of the journal, which may have been restored from a backup: read from the beginning, without `after`",
        ),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(number in 0_i64..) {
            prop_assert_eq!(Place::read(&Place(number).cursor(), "/after").ok(), Some(Place(number)));
        }

        #[test]
        fn anything_else_is_refused_not_guessed(text in "\\PC{0,40}") {
            if let Ok(place) = Place::read(&text, "/after") {
                prop_assert_eq!(place.cursor(), text);
            }
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_none_of_the_feed() {
        for parts in [
            &["62001", "7"][..],
            &["changes"],
            &["changes", "-1"],
            &["changes", "x"],
            &["changes", "+1"],
            &["changes", "1", "2"],
        ] {
            assert!(Place::read(&page::cursor(parts), "/after").is_err(), "{parts:?}");
        }
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let Err(Error::Invalid(found)) = Ask::read(Some("?"), Some(1_001), Some(61)) else { panic!() };
        let found: Vec<_> = found.iter().map(|one| (one.code.as_str(), one.pointer.as_str())).collect();
        assert_eq!(found, [("cursor", "/after"), ("page_size", "/limit"), ("wait", "/wait")]);
        for (limit, wait) in [(Some(0), None), (Some(-1), None), (None, Some(-1)), (None, Some(i64::MAX))] {
            assert!(Ask::read(None, limit, wait).is_err(), "{limit:?} {wait:?}");
        }
        let good = Ask::read(None, Some(1_000), Some(60)).unwrap();
        assert_eq!((good.after, good.limit, good.wait), (Place(0), 1_000, Duration::from_secs(60)));
    }
}
