//! What a table said before: its revisions, as far as they are the caller's to see.
//!
//! A reviewer sees of a revision what it says once it was put before it, and goes on seeing it while the
//! school corrects it. Of the others it knows number and date: the hash of a draft would let it test guesses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    finding, revision, submission, transition,
    words::{Source, SubmissionState as State},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeUtc};

use super::{
    Key, Taken,
    asking::{of_key, of_keys, of_revisions},
    diff::{CellDiff, diff, in_form_order},
    seeing::read_finding,
};
use crate::{
    authz::{self, Action, Kind},
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
    formats::document::{self, Cells},
    page::{self, Ask, Page},
};

/// How many tables or revisions one statement asks for.
const ASKED: usize = 200;

/// The steps of a table's review, and with them which of its revisions the caller may see.
#[derive(Clone, Debug)]
pub struct Past {
    /// Which table.
    pub key: Key,
    /// The number of its newest revision; they are numbered from 1 without gaps.
    pub newest: i32,
    /// Its steps, oldest first.
    pub steps: Vec<Taken>,
    seen: Seen,
}

#[derive(Clone, Debug)]
enum Seen {
    All,
    Some(BTreeSet<i32>),
}

/// A revision that the caller may see: nothing else leads to what a revision says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sight {
    key: Key,
    number: i32,
}

impl Sight {
    /// The table that it is a revision of.
    pub const fn table(&self) -> &Key {
        &self.key
    }

    /// The number of the revision.
    pub const fn number(&self) -> i32 {
        self.number
    }
}

impl Past {
    /// A revision, if there is one of that number and the caller may see what it says.
    pub fn sight(&self, number: i32) -> Option<Sight> {
        let is_seen = match &self.seen {
            Seen::All => (1..=self.newest).contains(&number),
            Seen::Some(seen) => seen.contains(&number),
        };
        is_seen.then(|| Sight { key: self.key.clone(), number })
    }

    /// The newest revision before a number that the caller may see. For a reviewer that is the one that it
    /// was shown last: a comparison with any other would give a draft away.
    pub fn before(&self, number: i32) -> Option<Sight> {
        let before = match &self.seen {
            Seen::All => Some(number - 1),
            Seen::Some(seen) => seen.range(..number).next_back().copied(),
        };
        self.sight(before?)
    }

    /// The newest revision that the caller may see.
    pub fn last(&self) -> Option<Sight> {
        self.before(self.newest.saturating_add(1))
    }

    /// Whether no revision up to a number is hidden. The chain hash of a revision holds those before it:
    /// beside a hidden one it would let the caller test guesses.
    fn sees_up_to(&self, number: i32) -> bool {
        match &self.seen {
            Seen::All => true,
            Seen::Some(seen) => (1..=number).all(|one| seen.contains(&one)),
        }
    }
}

/// How far a state is on its way up; what is with the school has not set out.
const fn height(state: State) -> u8 {
    match state {
        State::Draft | State::Returned => 0,
        State::Submitted => 1,
        State::Approved => 2,
        State::Accepted => 3,
    }
}

/// How far each revision has ever come, by the steps that were taken on it, oldest first. A revision
/// that is in none has never left the school; one that the school took back before anybody had acted
/// on it counts as not submitted.
fn reached<'a>(row: &submission::Model, steps: impl IntoIterator<Item = &'a Taken>) -> BTreeMap<i32, State> {
    fn raise(of: &mut BTreeMap<i32, State>, revision: i32, to: State) {
        let state = of.entry(revision).or_insert(State::Draft);
        if height(to) > height(*state) {
            *state = to;
        }
    }
    let (mut settled, mut waiting) = (BTreeMap::new(), BTreeMap::new());
    for step in steps {
        match (step.from, step.to) {
            (_, State::Submitted) => raise(&mut waiting, step.revision, State::Submitted),
            (_, State::Draft) => {
                waiting.remove(&step.revision);
            }
            (from, to) => {
                raise(&mut settled, step.revision, from);
                raise(&mut settled, step.revision, to);
            }
        }
    }
    for (revision, state) in waiting {
        raise(&mut settled, revision, state);
    }
    // What came by the bulk path has taken no step.
    let stand = [
        (row.accepted_revision, State::Accepted),
        (row.approved_revision, State::Approved),
        (Some(row.revision), row.state),
    ];
    for (revision, state) in stand {
        if let Some(revision) = revision {
            raise(&mut settled, revision, state);
        }
    }
    settled
}

/// The pasts of several tables, by one statement.
pub async fn pasts(ctx: &Ctx, db: &impl ConnectionTrait, rows: &[submission::Model]) -> Result<HashMap<Key, Past>> {
    let registry = ctx.memory.registry();
    let mut pasts = HashMap::new();
    for chunk in rows.chunks(ASKED) {
        let mut steps: HashMap<Key, Vec<Taken>> = HashMap::new();
        let keys: Vec<Key> = chunk.iter().map(Key::of).collect();
        let taken = ctx
            .visible::<transition::Entity>()
            .filter(of_keys::<transition::Column>(&keys))
            .order_by_asc(transition::Column::Version)
            .all(db)
            .await?;
        for row in taken {
            let key = Key {
                school: row.school_code.clone(),
                dataset: row.dataset_code.clone(),
                period: row.period_code.clone(),
            };
            steps.entry(key).or_default().push(Taken::read(row)?);
        }
        for row in chunk {
            let key = Key::of(row);
            let steps = steps.remove(&key).unwrap_or_default();
            let school = registry.schools.get(key.school.as_str());
            let sees =
                |state| school.is_some_and(|school| authz::sees_revision(ctx.actor.role, state, school.affiliation));
            let seen = if sees(State::Draft) {
                Seen::All
            } else {
                let reached = reached(row, &steps).into_iter();
                Seen::Some(reached.filter(|(_, state)| sees(*state)).map(|(number, _)| number).collect())
            };
            pasts.insert(key.clone(), Past { key, newest: row.revision, steps, seen });
        }
    }
    Ok(pasts)
}

/// A revision as the caller sees it in a list.
#[derive(Clone, Debug)]
pub struct Head {
    /// From 1, without gaps.
    pub number: i32,
    /// When it was pushed.
    pub created_at: DateTimeUtc,
    /// The rest, for those who may see what it says.
    pub inside: Option<Inside>,
}

/// What is told of a revision to those who may see what it says.
#[derive(Clone, Debug)]
pub struct Inside {
    /// SHA-256 of the canonical document.
    pub hash: String,
    /// SHA-256 of the hash and the chain hash before; not told beside revisions that are hidden.
    pub chain_hash: Option<String>,
    /// As the journal names it.
    pub author: String,
    /// By which door.
    pub source: Source,
}

/// Some revisions of a table that follow each other: from the first number to the last, both included.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// Of which table.
    pub past: &'a Past,
    /// The lowest number.
    pub first: i32,
    /// The highest number.
    pub last: i32,
}

/// The revisions of several spans, newest first, by one statement. Documents stay where they are.
pub async fn heads(ctx: &Ctx, db: &impl ConnectionTrait, spans: &[Span<'_>]) -> Result<Vec<(Key, Head)>> {
    use revision::Column as C;
    let by_key: HashMap<&Key, &Past> = spans.iter().map(|span| (&span.past.key, span.past)).collect();
    let mut heads = Vec::new();
    for chunk in spans.chunks(ASKED) {
        let wanted = chunk.iter().fold(Condition::any(), |any, span| {
            any.add(of_key::<C>(&span.past.key).add(C::Number.between(span.first, span.last)))
        });
        let rows = ctx
            .visible::<revision::Entity>()
            .select_only()
            .columns([C::SchoolCode, C::DatasetCode, C::PeriodCode, C::Number, C::CreatedAt])
            .columns([C::ContentHash, C::ChainHash, C::Author, C::Source])
            .filter(wanted)
            .order_by_desc(C::Number)
            .into_tuple::<(String, String, String, i32, DateTimeUtc, String, String, String, Source)>()
            .all(db)
            .await?;
        for (school, dataset, period, number, created_at, hash, chain_hash, author, source) in rows {
            let key = Key::new(&school, &dataset, &period);
            let Some(past) = by_key.get(&key) else { continue };
            let inside = past.sight(number).map(|_| Inside {
                hash,
                chain_hash: past.sees_up_to(number).then_some(chain_hash),
                author,
                source,
            });
            heads.push((key, Head { number, created_at, inside }));
        }
    }
    Ok(heads)
}

/// What revisions say, by one statement.
pub async fn cells(ctx: &Ctx, db: &impl ConnectionTrait, sights: &BTreeSet<Sight>) -> Result<HashMap<Sight, Cells>> {
    use revision::Column as C;
    let registry = ctx.memory.registry();
    let mut cells = HashMap::new();
    for Sight { key, .. } in sights {
        ctx.saw(key.school.as_str(), key.dataset.as_str(), key.period.as_str())?;
    }
    for chunk in sights.iter().collect::<Vec<_>>().chunks(ASKED) {
        let rows = ctx
            .visible::<revision::Entity>()
            .select_only()
            .columns([C::SchoolCode, C::DatasetCode, C::PeriodCode, C::Number, C::Document])
            .filter(of_revisions::<C>(chunk.iter().map(|sight| (&sight.key, sight.number))))
            .into_tuple::<(String, String, String, i32, String)>()
            .all(db)
            .await?;
        for (school, dataset, period, number, written) in rows {
            let said = document::read(&written, |code| registry.decimals(code)).map_err(Error::internal)?;
            cells.insert(Sight { key: Key::new(&school, &dataset, &period), number }, said);
        }
    }
    Ok(cells)
}

/// What the checks found in revisions, by one statement.
pub async fn findings(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    sights: &BTreeSet<Sight>,
) -> Result<HashMap<Sight, Vec<Finding>>> {
    use finding::Column as C;
    let mut findings: HashMap<Sight, Vec<Finding>> = HashMap::new();
    for Sight { key, .. } in sights {
        // They quote figures.
        ctx.saw(key.school.as_str(), key.dataset.as_str(), key.period.as_str())?;
    }
    for chunk in sights.iter().collect::<Vec<_>>().chunks(ASKED) {
        let rows = ctx
            .visible::<finding::Entity>()
            .filter(of_revisions::<C>(chunk.iter().map(|sight| (&sight.key, sight.number))))
            .order_by_asc(C::Position)
            .all(db)
            .await?;
        for row in rows {
            let key = Key {
                school: row.school_code.clone(),
                dataset: row.dataset_code.clone(),
                period: row.period_code.clone(),
            };
            findings.entry(Sight { key, number: row.number }).or_default().push(read_finding(row));
        }
    }
    Ok(findings)
}

async fn past(ctx: &Ctx, key: &Key) -> Result<Past> {
    let db = ctx.db.read();
    let row = ctx.one::<submission::Entity>(db, Action::Read, key.is()).await?;
    let past = pasts(ctx, db, std::slice::from_ref(&row)).await?.remove(key);
    past.ok_or_else(|| Error::internal("a table without a past"))
}

/// The numbers of a page of a table's revisions, which are listed newest first; nothing where there are none.
pub fn numbers(newest: i32, after: Option<i32>, limit: usize) -> Option<(i32, i32)> {
    let last = match after {
        Some(after) if after <= newest => after.saturating_sub(1),
        _ => newest,
    };
    let first = last.saturating_sub(i32::try_from(limit).unwrap_or(i32::MAX)).saturating_add(1);
    let first = if first < 1 { 1 } else { first };
    (last >= first).then_some((first, last))
}

/// A cursor of a list of revisions.
pub fn cursor(number: i32) -> String {
    page::cursor(&["revision", &number.to_string()])
}

/// Reads a cursor of a list of revisions.
///
/// # Errors
/// 422 where it is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<i32> {
    match page::read_cursor(cursor, pointer)? {
        [kind, number] if kind == "revision" => number.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| page::no_cursor(pointer))
}

/// The revisions of a table, newest first.
pub async fn list_revisions(ctx: &Ctx, key: &Key, ask: &Ask<i32>) -> Result<Page<Head>> {
    let past = past(ctx, key).await?;
    ctx.listed([(key.school.as_str(), key.dataset.as_str(), key.period.as_str())].into_iter())?;
    let span = numbers(past.newest, ask.after, ask.limit);
    let items = match span {
        Some((first, last)) => heads(ctx, ctx.db.read(), &[Span { past: &past, first, last }]).await?,
        None => Vec::new(),
    };
    Ok(Page {
        items: items.into_iter().map(|(_, head)| head).collect(),
        has_next: span.is_some_and(|(first, _)| first > 1),
        has_previous: ask.after.is_some(),
        total: u64::try_from(past.newest).unwrap_or_default(),
    })
}

/// One revision.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Its number and date, and who pushed it.
    pub head: Head,
    /// What it says, for those who may see it.
    pub said: Option<Said>,
}

/// What a revision says.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its cells.
    pub cells: Cells,
    /// What the checks found in it.
    pub findings: Vec<Finding>,
    /// The revision it is compared with; nothing where there is none before it for the caller.
    pub against: Option<i32>,
    /// What differs.
    pub diff: Vec<CellDiff>,
}

/// One revision, with what differs from the one before that the caller may see, or from any other.
///
/// # Errors
/// 404 where the table or one of the revisions is not there, 403 where a comparison is asked for with
/// or of a revision that was never put before the caller.
pub async fn revision(ctx: &Ctx, key: &Key, number: i32, against: Option<i32>) -> Result<Revision> {
    let past = past(ctx, key).await?;
    let is_there = |number: i32| (1..=past.newest).contains(&number);
    if !is_there(number) || against.is_some_and(|other| !is_there(other)) {
        return Err(Error::NotFound(Kind::Submission));
    }
    let db = ctx.db.read();
    let span = Span { past: &past, first: number, last: number };
    let head = heads(ctx, db, &[span]).await?.pop().map(|(_, head)| head);
    let head = head.ok_or_else(|| Error::Internal(format!("no revision {number} of {}", key.object())))?;
    let other = match against {
        Some(other) => Some(past.sight(other).ok_or_else(|| hidden(other))?),
        None => past.before(number),
    };
    let Some(sight) = past.sight(number) else {
        return if against.is_some() { Err(hidden(number)) } else { Ok(Revision { head, said: None }) };
    };
    let sights = BTreeSet::from_iter(other.iter().cloned().chain([sight.clone()]));
    let said = cells(ctx, db, &sights).await?;
    let empty = Cells::new();
    let before = other.as_ref().and_then(|other| said.get(other)).unwrap_or(&empty);
    let own = said.get(&sight).unwrap_or(&empty);
    let found = findings(ctx, db, &BTreeSet::from([sight.clone()])).await?.remove(&sight);
    Ok(Revision {
        head,
        said: Some(Said {
            cells: own.clone(),
            findings: found.unwrap_or_default(),
            against: other.map(|other| other.number),
            diff: in_form_order(&ctx.memory.registry(), diff(before, own)),
        }),
    })
}

fn hidden(number: i32) -> Error {
    Error::Forbidden(Text::new(
        format!("第 {number} 次修订从未提交给您审核，只能由 SCHOOL（本校）查看和比较"),
        format!("Revision {number} was never put before you; only the SCHOOL itself sees it and compares with it"),
    ))
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::domain::submissions::Words;

    fn row(state: State, revision: i32) -> submission::Model {
        submission::Model {
            school_code: "62001".into(),
            dataset_code: "talent".into(),
            period_code: "2023".into(),
            state,
            version: 1,
            revision,
            content_hash: String::new(),
            submitted_revision: None,
            approved_revision: None,
            accepted_revision: None,
            created_at: Utc::now(),
            updated_at: Utc::now(),
        }
    }

    fn step(revision: i32, from: State, to: State) -> Taken {
        Taken { from, to, revision, at: Utc::now(), reason: None, words: Words::default() }
    }

    #[test]
    fn a_revision_has_come_as_far_as_it_was_ever_brought() {
        use State::{Accepted, Approved, Draft, Returned, Submitted};
        let steps = [
            step(1, Draft, Submitted),
            step(1, Submitted, Returned),
            // Two was never submitted.
            step(3, Draft, Submitted),
            step(3, Submitted, Approved),
            step(3, Approved, Returned),
            // Four was taken back before anybody acted.
            step(4, Draft, Submitted),
            step(4, Submitted, Draft),
            step(5, Draft, Submitted),
            step(5, Submitted, Approved),
            step(5, Approved, Accepted),
            step(5, Accepted, Returned),
        ];
        let all = reached(&row(Draft, 6), &steps);
        let of = |number| all.get(&number).copied().unwrap_or(Draft);
        assert_eq!([1, 2, 3, 4, 5, 6].map(of), [Submitted, Draft, Approved, Draft, Accepted, Draft]);
    }

    #[test]
    fn what_was_judged_stays_seen_when_the_same_is_submitted_again_and_taken_back() {
        use State::{Draft, Returned, Submitted};
        let steps = [
            step(1, Draft, Submitted),
            step(1, Submitted, Returned),
            step(1, Returned, Submitted),
            step(1, Submitted, Draft),
        ];
        assert_eq!(reached(&row(Draft, 1), &steps).get(&1), Some(&Submitted));
    }

    #[test]
    fn what_came_by_the_bulk_path_is_where_its_row_says() {
        let row = submission::Model { accepted_revision: Some(1), ..row(State::Accepted, 1) };
        assert_eq!(reached(&row, &[]).get(&1), Some(&State::Accepted));
    }

    #[test]
    fn pages_go_down_to_the_first() {
        assert_eq!(numbers(5, None, 2), Some((4, 5)));
        assert_eq!(numbers(5, Some(4), 2), Some((2, 3)));
        assert_eq!(numbers(5, Some(2), 2), Some((1, 1)));
        assert_eq!(numbers(5, Some(1), 2), None);
        // A cursor from nowhere begins at the top, as one that nobody gave.
        assert_eq!(numbers(5, Some(99), 2), Some((4, 5)));
        assert_eq!(numbers(5, Some(-7), 2), None);
    }

    fn past(seen: Seen) -> Past {
        Past { key: Key::new("62001", "talent", "2023"), newest: 5, steps: Vec::new(), seen }
    }

    #[test]
    fn a_reviewer_compares_with_what_it_was_shown_last() {
        let reviewer = past(Seen::Some(BTreeSet::from([1, 4])));
        assert_eq!(reviewer.before(4).map(|sight| sight.number), Some(1));
        assert_eq!((reviewer.before(1), reviewer.sight(3), reviewer.sight(5)), (None, None, None));
        assert_eq!(reviewer.last().map(|sight| sight.number), Some(4));
        // The chain of the fourth holds the second and the third.
        assert!(reviewer.sees_up_to(1) && !reviewer.sees_up_to(4));
        let school = past(Seen::All);
        assert_eq!(school.before(4).map(|sight| sight.number), Some(3));
        assert_eq!((school.before(1), school.sight(0), school.sight(6)), (None, None, None));
        assert_eq!(school.last().map(|sight| sight.number), Some(5));
        assert!(school.sees_up_to(5));
    }
}
