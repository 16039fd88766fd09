//! What a release says differently from the one before it, cell by cell, and why.
//!
//! Both never change, so neither does the list: it is read from their columns when it is asked for. Cells of
//! protected lines are told to officials of the school, and to the school itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    ids::SchoolCode,
    transition,
    words::{Disclosure, SubmissionState as State},
};
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::resolve;
use crate::{
    authz::{Actor, Role},
    ctx::Ctx,
    error::Result,
    formats::{decimal, document::Status},
    memory::{ReleaseHead, columns::Table, frame::Frame},
    page::{self, Ask, Page},
};

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Says {
    /// The value, where the status has one.
    pub value: Option<Decimal>,
    /// The status.
    pub status: Status,
}

/// Where a cell stands: dataset, period, school, indicator. The order of the list.
pub type Place = [String; 4];

/// A cell that a release says differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellChange {
    /// Where it stands.
    pub place: Place,
    /// What the release before said; nothing where it did not have the cell.
    pub before: Option<Says>,
    /// What the release says; nothing where it does not have the cell any more.
    pub after: Option<Says>,
    /// Why: the reason that the table was opened again for, or else what the release is for.
    pub reason: String,
}

impl CellChange {
    /// By which its place in the list is found again.
    pub fn cursor(&self) -> String {
        page::cursor(&self.place.each_ref().map(String::as_str))
    }
}

/// Reads a cursor of the list.
///
/// # Errors
/// 422 for what is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Place> {
    page::read_cursor(cursor, pointer)
}

/// Which changes.
#[derive(Clone, Debug, Default)]
pub struct Only {
    /// Of this dataset.
    pub dataset: Option<String>,
    /// Of this period.
    pub period: Option<String>,
    /// Of this school.
    pub school: Option<String>,
}

/// The changes of a release as far as they are the caller's to see, and the version that it is compared with.
///
/// # Errors
/// 404 where there is no such release for the caller.
pub async fn changes(
    ctx: &Ctx,
    version: &str,
    only: &Only,
    ask: &Ask<Place>,
) -> Result<(Option<String>, Page<CellChange>)> {
    let release = resolve(ctx, Some(version)).await?;
    let all = ctx.memory.releases(&ctx.actor);
    // Newest first: the one before stands behind it.
    let before = all.iter().skip_while(|one| one.row.version != release.row.version).nth(1).cloned();
    let frames = (
        ctx.memory.frame_of(&release).await?,
        match &before {
            Some(before) => Some(ctx.memory.frame_of(before).await?),
            None => None,
        },
    );
    let mut found = Found { ask, items: Vec::new(), total: 0, has_next: false };
    let mut tables: BTreeSet<(&str, &str)> = BTreeSet::new();
    for head in release.tables.iter().chain(before.iter().flat_map(|before| &before.tables)) {
        tables.insert((head.dataset_code.as_str(), head.period_code.as_str()));
    }
    let is_wanted = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
    for (dataset, period) in tables {
        if !(is_wanted(&only.dataset, dataset) && is_wanted(&only.period, period)) {
            continue;
        }
        let new = release.table(dataset, period);
        let old = before.as_ref().and_then(|before| before.table(dataset, period));
        let sums = |head: &crate::memory::TableHead| (head.public_hash.clone(), head.protected_hash.clone());
        if new.map(sums) == old.map(sums) {
            continue;
        }
        let new = match new {
            Some(head) => Some(ctx.memory.table(head, &frames.0).await?),
            None => None,
        };
        let old = match (old, &frames.1) {
            (Some(head), Some(frame)) => Some(ctx.memory.table(head, frame).await?),
            _ => None,
        };
        let old = old.as_deref().zip(frames.1.as_deref());
        compare(&ctx.actor, (dataset, period), new.as_deref().map(|new| (new, &*frames.0)), old, only, &mut found)?;
    }
    let Found { mut items, total, has_next, .. } = found;
    reasons(ctx, &release, &mut items).await?;
    for [dataset, period, school, indicator] in items.iter().map(|item| &item.place) {
        if frames.0.line(indicator, period).is_none_or(|line| line.disclosure() != Disclosure::Public) {
            ctx.saw(school, dataset, period)?;
        }
    }
    let page = Page { items, has_next, has_previous: ask.after.is_some(), total };
    Ok((before.map(|before| before.row.version.0.clone()), page))
}

/// What has been found of a page.
struct Found<'a> {
    ask: &'a Ask<Place>,
    items: Vec<CellChange>,
    total: u64,
    has_next: bool,
}

impl Found<'_> {
    fn add(&mut self, change: CellChange) {
        self.total += 1;
        if self.ask.after.as_ref().is_some_and(|after| change.place <= *after) {
            return;
        }
        if self.items.len() < self.ask.limit {
            self.items.push(change);
        } else {
            self.has_next = true;
        }
    }
}

/// The cells of one line by school.
type Cells<'a> = HashMap<&'a str, Says>;

/// One edition of a table: what it says of each line that is asked for.
struct Side<'a> {
    frame: &'a Frame,
    lines: HashMap<String, Cells<'a>>,
}

impl<'a> Side<'a> {
    fn read(table: &'a Table, frame: &'a Frame, wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let mut lines = HashMap::new();
        for code in table.indicators().filter(|code| wanted(code)) {
            let Some(series) = table.series(code)? else { continue };
            let cells = table.schools().iter().zip(series.cells).filter_map(|(school, cell)| {
                let (value, status) = cell?;
                let value = value.filter(|_| status.has_value());
                let value = value.map(|value| decimal::exact(i128::from(value), series.decimals));
                Some((school.as_str(), Says { value, status }))
            });
            lines.insert(code.to_owned(), cells.collect());
        }
        Ok(Self { frame, lines })
    }

    fn says(&self, code: &str, school: &str) -> Option<&Says> {
        self.lines.get(code)?.get(school)
    }
}

fn compare(
    actor: &Actor,
    (dataset, period): (&str, &str),
    new: Option<(&Table, &Frame)>,
    old: Option<(&Table, &Frame)>,
    only: &Only,
    found: &mut Found<'_>,
) -> Result<()> {
    // What is not public in either is nobody's but the officials'.
    let class = |code: &str| {
        let of = |side: Option<(&Table, &Frame)>| Some(side?.1.line(code, period)?.disclosure());
        match (of(new), of(old)) {
            (Some(Disclosure::Internal), _) | (_, Some(Disclosure::Internal)) | (None, None) => Disclosure::Internal,
            (Some(Disclosure::Aggregate), _) | (_, Some(Disclosure::Aggregate)) => Disclosure::Aggregate,
            _ => Disclosure::Public,
        }
    };
    let is_official = matches!(actor.role, Role::Province | Role::City);
    let may = |code: &str| match class(code) {
        Disclosure::Public => true,
        Disclosure::Aggregate => is_official || actor.role == Role::School,
        Disclosure::Internal => is_official,
    };
    let new_side = new.map(|(table, frame)| Side::read(table, frame, may)).transpose()?;
    let old_side = old.map(|(table, frame)| Side::read(table, frame, may)).transpose()?;
    let sides = || new_side.iter().chain(&old_side);
    let codes: BTreeSet<&str> = sides().flat_map(|side| side.lines.keys().map(String::as_str)).collect();
    let schools: BTreeSet<&str> =
        sides().flat_map(|side| side.lines.values().flat_map(|cells| cells.keys().copied())).collect();
    for school in schools.into_iter().filter(|school| only.school.as_ref().is_none_or(|only| only == school)) {
        let is_own = sides().any(|side| {
            let there = side.frame.position(school).and_then(|at| side.frame.schools.get(at));
            there.is_some_and(|school| actor.covers(&school.code, &school.city))
        });
        for code in codes.iter().filter(|code| is_own || class(code) == Disclosure::Public) {
            let says = |side: &Option<Side<'_>>| side.as_ref().and_then(|side| side.says(code, school)).cloned();
            let (before, after) = (says(&old_side), says(&new_side));
            if before != after {
                let place = [dataset, period, school, *code].map(str::to_owned);
                found.add(CellChange { place, before, after, reason: String::new() });
            }
        }
    }
    Ok(())
}

/// Says of each change why: for what its table was opened again before it was last accepted, or what the release is for.
async fn reasons(ctx: &Ctx, release: &ReleaseHead, items: &mut [CellChange]) -> Result<()> {
    type Key = (String, String, String);
    let key = |[dataset, period, school, _]: &Place| (school.clone(), dataset.clone(), period.clone());
    let tables: BTreeSet<Key> = items.iter().map(|item| key(&item.place)).collect();
    // Who took a step on a table is not told here, only why.
    let system = ctx.as_(Actor::system("release-changes"));
    let mut reasons: BTreeMap<Key, String> = BTreeMap::new();
    let schools: Vec<SchoolCode> = tables
        .iter()
        .map(|(school, ..)| school)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|code| SchoolCode(code.clone()))
        .collect();
    for chunk in schools.chunks(500) {
        let steps = system
            .visible::<transition::Entity>()
            .filter(transition::Column::SchoolCode.is_in(chunk.iter().cloned()))
            .filter(transition::Column::At.lte(release.row.created_at))
            .order_by_asc(transition::Column::Version)
            .all(ctx.db.read())
            .await?;
        let mut open: BTreeMap<Key, String> = BTreeMap::new();
        for step in steps {
            let key = (step.school_code.0, step.dataset_code.0, step.period_code.0);
            match (step.from_state, step.to_state, step.reason) {
                (State::Accepted, _, Some(reason)) => {
                    open.insert(key, reason);
                }
                (_, State::Accepted, _) => {
                    let reason = open.remove(&key);
                    reasons.extend(reason.map(|reason| (key, reason)));
                }
                _ => {}
            }
        }
    }
    for item in items {
        // A cell of a table that was not there before is new for the release's own reason.
        let reopened = reasons.get(&key(&item.place)).cloned();
        item.reason = reopened.unwrap_or_else(|| release.row.note.clone());
    }
    Ok(())
}
