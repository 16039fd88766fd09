//! What a request has read of what is not published, and the queue in which that waits to be written.
//!
//! A request is recorded once, when it is over: whatever its end was, dropping the last of its
//! [`Trail`] puts it into the [`Queue`]. A place in the queue is taken before anything is told, so
//! that what cannot be recorded is not told (503).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, Utc};

use crate::{
    authz::{Actor, Role},
    db::now,
    error::{Error, Result},
    request_id,
};

/// How many requests may wait to be written.
const MOST: usize = 50_000;

/// How many tables of a request are named one by one; of more, every school of the reader's scope.
const TABLES: usize = 1_000;

/// Stands for every school of the reader's scope.
pub const EVERY_SCHOOL: &str = "*";

/// A table: school, dataset, period.
pub type Place = (String, String, String);

/// A request that has read what is not published.
#[derive(Clone, Debug)]
pub struct Access {
    /// Who read.
    pub actor: Arc<Actor>,
    /// When it began to.
    pub at: DateTime<Utc>,
    /// By which door.
    pub door: String,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// What it read.
    pub tables: BTreeSet<Place>,
    /// Of which it was told where they stand; some may be among those above.
    pub listed: BTreeSet<Place>,
}

/// Requests of this instance that are to be written.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<VecDeque<Access>>,
    /// Those that wait, and those that are still under way.
    held: AtomicUsize,
}

impl Queue {
    fn hold(&self) -> Result<()> {
        if self.held.fetch_add(1, Ordering::SeqCst) < MOST {
            return Ok(());
        }
        self.held.fetch_sub(1, Ordering::SeqCst);
        Err(Error::Unavailable("records of access cannot be written"))
    }

    fn add(&self, access: Access) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(access);
    }

    /// The oldest ones, so many at most. Whoever takes them says [`Queue::done`] or puts them back.
    pub fn take(&self, most: usize) -> Vec<Access> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let most = most.min(waiting.len());
        waiting.drain(..most).collect()
    }

    /// Gives so many places free.
    pub fn done(&self, count: usize) {
        self.held.fetch_sub(count, Ordering::SeqCst);
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, taken: Vec<Access>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for access in taken.into_iter().rev() {
            waiting.push_front(access);
        }
    }
}

/// What one request has read so far.
#[derive(Clone, Debug)]
pub struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    actor: Arc<Actor>,
    queue: Arc<Queue>,
    /// As it was in the beginning: what reads may be a task beside the request, which knows nothing of it.
    request: Option<request_id::Request>,
    seen: Mutex<Option<Access>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(access) = self.seen.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            self.queue.add(access);
        }
    }
}

impl Trail {
    /// Of a caller who has read nothing yet.
    pub fn new(actor: Arc<Actor>, queue: Arc<Queue>) -> Self {
        let request = if is_recorded(&actor) { request_id::current() } else { None };
        Self(Arc::new(Inner { actor, queue, request, seen: Mutex::default() }))
    }

    /// The same for another caller.
    #[must_use]
    pub fn of(&self, actor: Arc<Actor>) -> Self {
        Self::new(actor, Arc::clone(&self.0.queue))
    }

    /// A record of its own for what the same request is told from here on; what was told before is written as soon
    /// as nobody holds the other.
    #[must_use]
    pub fn anew(&self) -> Self {
        let Inner { actor, queue, request, .. } = &*self.0;
        let (actor, queue) = (Arc::clone(actor), Arc::clone(queue));
        Self(Arc::new(Inner { actor, queue, request: request.clone(), seen: Mutex::default() }))
    }

    /// Says that the caller is about to be told what stands in an unpublished or protected table.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where that cannot be recorded any more: then nothing is to be told.
    pub fn saw(&self, school: &str, dataset: &str, period: &str) -> Result<()> {
        if !is_recorded(&self.0.actor) {
            return Ok(());
        }
        self.note(|access| add(&mut access.tables, school, dataset, period))
    }

    /// Says that the caller is about to be told where such tables stand, and not what they say. Those of one dataset
    /// and period are one line, whatever their number. A school is told of its own alone, which is nothing to record.
    ///
    /// # Errors
    /// As for [`Self::saw`].
    pub fn listed<'t>(&self, tables: impl Iterator<Item = (&'t str, &'t str, &'t str)>) -> Result<()> {
        let actor = &self.0.actor;
        if !is_recorded(actor) || actor.role == Role::School {
            return Ok(());
        }
        let mut lines: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (school, dataset, period) in tables {
            let line = lines.entry((dataset, period)).or_insert(school);
            if *line != school {
                *line = EVERY_SCHOOL;
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.note(|access| {
            for ((dataset, period), school) in lines {
                add(&mut access.listed, school, dataset, period);
            }
        })
    }

    fn note(&self, told: impl FnOnce(&mut Access)) -> Result<()> {
        let Inner { actor, queue, request, seen } = &*self.0;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none() {
            queue.hold()?;
        }
        told(seen.get_or_insert_with(|| Access {
            actor: Arc::clone(actor),
            at: now(),
            door: request.as_ref().map_or_else(|| "-".to_owned(), |request| request.door.clone()),
            request_id: request.as_ref().map(|request| request.id.clone()),
            address: request.as_ref().and_then(|request| request.address.clone()),
            tables: BTreeSet::new(),
            listed: BTreeSet::new(),
        }));
        Ok(())
    }
}

/// Puts a table among others, which are named by their dataset and period alone where they are very many.
fn add(places: &mut BTreeSet<Place>, school: &str, dataset: &str, period: &str) {
    let every = |dataset: &str, period: &str| (EVERY_SCHOOL.to_owned(), dataset.to_owned(), period.to_owned());
    if places.len() >= TABLES {
        let all = std::mem::take(places);
        *places = all.into_iter().map(|(_, dataset, period)| every(&dataset, &period)).collect();
    }
    if !places.contains(&every(dataset, period)) {
        places.insert((school.to_owned(), dataset.to_owned(), period.to_owned()));
    }
}

/// Jobs and commands are the service itself, in whichever role they act.
fn is_recorded(actor: &Actor) -> bool {
    actor.role != Role::System && !actor.subject.starts_with("job:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(queue: &Arc<Queue>) -> Trail {
        let city = Actor::with(Role::City, Some("620100"), "client:city", "");
        Trail::new(Arc::new(city), Arc::clone(queue))
    }

    #[test]
    fn a_request_is_recorded_once_when_it_is_over() {
        let queue = Arc::new(Queue::default());
        let first = trail(&queue);
        let second = first.clone();
        first.saw("62001", "scale", "2023").unwrap();
        second.saw("62001", "scale", "2023").unwrap();
        second.saw("62001", "talent", "2023").unwrap();
        drop(first);
        assert!(queue.take(9).is_empty());
        drop(second);
        let taken = queue.take(9);
        assert_eq!((taken.len(), taken[0].tables.len()), (1, 2));
        drop(trail(&queue));
        assert!(queue.take(9).is_empty(), "who has read nothing is not recorded");
    }

    #[test]
    fn many_tables_are_named_by_their_dataset_and_period() {
        let queue = Arc::new(Queue::default());
        let one = trail(&queue);
        for school in 0..5_000 {
            one.saw(&school.to_string(), "scale", "2023").unwrap();
        }
        drop(one);
        let tables = queue.take(1).remove(0).tables;
        assert_eq!(tables.into_iter().collect::<Vec<_>>(), [("*".to_owned(), "scale".to_owned(), "2023".to_owned())]);
    }

    #[test]
    fn a_list_is_a_line_for_each_dataset_and_period() {
        let queue = Arc::new(Queue::default());
        let rows = [("62001", "scale", "2022"), ("62001", "scale", "2023"), ("62005", "scale", "2023")];
        let one = trail(&queue);
        one.listed(rows.into_iter()).unwrap();
        one.listed(std::iter::empty()).unwrap();
        drop(one);
        let taken = queue.take(9).remove(0);
        let place = |school: &str, period: &str| (school.to_owned(), "scale".to_owned(), period.to_owned());
        assert_eq!(taken.listed.into_iter().collect::<Vec<_>>(), [place("*", "2023"), place("62001", "2022")]);
        assert!(taken.tables.is_empty());
        // A school is told of nobody's tables but its own.
        let school = Actor::with(Role::School, Some("62001"), "client:school", "");
        Trail::new(Arc::new(school), Arc::clone(&queue)).listed(rows.into_iter()).unwrap();
        assert!(queue.take(9).is_empty());
    }

    #[test]
    fn what_cannot_be_recorded_is_not_told() {
        let queue = Arc::new(Queue::default());
        for _ in 0..MOST {
            trail(&queue).saw("62001", "scale", "2023").unwrap();
        }
        let late = trail(&queue);
        assert!(matches!(late.saw("62001", "scale", "2023"), Err(Error::Unavailable(_))));
        let taken = queue.take(10);
        queue.done(taken.len());
        late.saw("62001", "scale", "2023").unwrap();
    }
}
