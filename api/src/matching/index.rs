//! The index: which postings have a word or a major in common, without looking at all of them.
//!
//! Every word knows the postings that have it, by side. Whoever has nothing in common is no match (see
//! [`super::Points::of`]), so nobody is overlooked.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use chrono::NaiveDate;
use entity::words::OpportunitySide as Side;
use uuid::Uuid;

use super::{Code, Common, Points, Posting, Surroundings};

/// What a term is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    Major,
    Industry,
    Words,
    /// The first two, four or all digits of a major's code.
    Code(Code),
}

type Slot = u32;

/// The postings that have a term.
#[derive(Debug, Default)]
struct List {
    supply: Vec<Slot>,
    demand: Vec<Slot>,
}

impl List {
    fn of(&mut self, side: Side) -> &mut Vec<Slot> {
        match side {
            Side::Supply => &mut self.supply,
            Side::Demand => &mut self.demand,
        }
    }

    fn against(&self, side: Side) -> &[Slot] {
        match side {
            Side::Supply => &self.demand,
            Side::Demand => &self.supply,
        }
    }
}

type Lists = HashMap<String, List, foldhash::fast::RandomState>;

/// Postings, found by what they have in common.
#[derive(Debug, Default)]
pub struct Index {
    slots: Vec<Option<Posting>>,
    free: Vec<Slot>,
    at: HashMap<Uuid, Slot, foldhash::fast::RandomState>,
    major: Lists,
    industry: Lists,
    words: Lists,
    codes: Lists,
}

/// What a search needs to write down; one for each thread, used again and again.
#[derive(Debug, Default)]
pub struct Scratch {
    common: Vec<Common>,
    touched: Vec<Slot>,
}

/// A counterpart, and how well it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Of 100. The best comes first.
    pub total: Reverse<u32>,
    /// The counterpart.
    pub id: Uuid,
}

fn place(slot: Slot) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// Every term of a posting, with what it is of.
fn terms(posting: &Posting) -> impl Iterator<Item = (Field, &str)> {
    fn all(field: Field, words: &BTreeSet<String>) -> impl Iterator<Item = (Field, &str)> {
        words.iter().map(move |word| (field, word.as_str()))
    }
    let codes = Code::ALL.into_iter().flat_map(|code| {
        let heads: BTreeSet<&str> = posting.majors.iter().filter_map(|major| major.get(..code.digits())).collect();
        heads.into_iter().map(move |head| (Field::Code(code), head))
    });
    all(Field::Major, &posting.major_words)
        .chain(all(Field::Industry, &posting.industry_words))
        .chain(all(Field::Words, &posting.words))
        .chain(codes)
}

impl Index {
    /// How many postings there are.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// The posting with this id.
    pub fn get(&self, id: Uuid) -> Option<&Posting> {
        self.slots.get(place(*self.at.get(&id)?))?.as_ref()
    }

    /// All postings of a side, in no order.
    pub fn of_side(&self, side: Side) -> impl Iterator<Item = &Posting> {
        self.slots.iter().flatten().filter(move |posting| posting.side == side)
    }

    fn lists(&self, field: Field) -> &Lists {
        match field {
            Field::Major => &self.major,
            Field::Industry => &self.industry,
            Field::Words => &self.words,
            Field::Code(_) => &self.codes,
        }
    }

    fn lists_mut(&mut self, field: Field) -> &mut Lists {
        match field {
            Field::Major => &mut self.major,
            Field::Industry => &mut self.industry,
            Field::Words => &mut self.words,
            Field::Code(_) => &mut self.codes,
        }
    }

    /// Puts a posting in, in the place of an earlier one with its id.
    pub fn put(&mut self, posting: Posting) {
        self.take(posting.id);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            Slot::try_from(self.slots.len().saturating_sub(1)).unwrap_or(Slot::MAX)
        });
        for (field, word) in terms(&posting) {
            let lists = self.lists_mut(field);
            match lists.get_mut(word) {
                Some(list) => list.of(posting.side).push(slot),
                None => lists.entry(word.to_owned()).or_default().of(posting.side).push(slot),
            }
        }
        self.at.insert(posting.id, slot);
        if let Some(there) = self.slots.get_mut(place(slot)) {
            *there = Some(posting);
        }
    }

    /// Takes a posting out; whether it was there.
    pub fn take(&mut self, id: Uuid) -> bool {
        let Some(slot) = self.at.remove(&id) else { return false };
        let Some(posting) = self.slots.get_mut(place(slot)).and_then(Option::take) else { return false };
        for (field, word) in terms(&posting) {
            let lists = self.lists_mut(field);
            if let Some(list) = lists.get_mut(word) {
                list.of(posting.side).retain(|one| *one != slot);
                if list.supply.is_empty() && list.demand.is_empty() {
                    lists.remove(word);
                }
            }
        }
        self.free.push(slot);
        true
    }

    /// The best counterparts of a posting that stand on a day, at least so good; the best first, of equals the
    /// one with the smaller id. The posting itself need not be in the index.
    pub fn top(
        &self,
        of: &Posting,
        most: usize,
        least: u32,
        on: NaiveDate,
        around: &Surroundings,
        scratch: &mut Scratch,
    ) -> Vec<Found> {
        let Scratch { common, touched } = scratch;
        common.resize(self.slots.len().max(common.len()), Common::default());
        for (field, word) in terms(of) {
            let Some(list) = self.lists(field).get(word) else { continue };
            for slot in list.against(of.side) {
                let Some(counts) = common.get_mut(place(*slot)) else { continue };
                if *counts == Common::default() {
                    touched.push(*slot);
                }
                match field {
                    Field::Major => counts.major += 1,
                    Field::Industry => counts.industry += 1,
                    Field::Words => counts.words += 1,
                    Field::Code(code) => counts.code = counts.code.max(code),
                }
            }
        }
        let mut found = Vec::new();
        for slot in touched.drain(..) {
            let counts = common.get_mut(place(slot)).map(std::mem::take).unwrap_or_default();
            let Some(posting) = self.slots.get(place(slot)).and_then(Option::as_ref) else { continue };
            if posting.valid_until < on {
                continue;
            }
            let Some(points) = Points::of(of, posting, counts, around) else { continue };
            if points.total() >= least {
                found.push(Found { total: Reverse(points.total()), id: posting.id });
            }
        }
        if most == 0 {
            return Vec::new();
        }
        if found.len() > most {
            found.select_nth_unstable(most - 1);
            found.truncate(most);
        }
        found.sort_unstable();
        found
    }
}
