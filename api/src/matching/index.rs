//! The index: which postings have a word or a major in common, without looking at all of them.
//!
//! Every word knows the postings that have it, by side. Whoever has nothing in common is no match (see
//! `Points::of`), so nobody is overlooked.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use chrono::NaiveDate;
use entity::words::{OpportunityKind as Kind, OpportunitySide as Side};
use uuid::Uuid;

use super::{Code, Common, Points, Posting, Sizes, Surroundings, of_kinds};

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
type Number = u32;
type Hasher = foldhash::fast::RandomState;

/// The postings that have a term, by kind: whose kinds never meet are never looked at.
#[derive(Debug, Default)]
struct List {
    supply: [Vec<Slot>; Kind::ALL.len()],
    demand: [Vec<Slot>; Kind::ALL.len()],
}

impl List {
    fn of(&mut self, side: Side, kind: Kind) -> Option<&mut Vec<Slot>> {
        match side {
            Side::Supply => self.supply.get_mut(rank(kind)),
            Side::Demand => self.demand.get_mut(rank(kind)),
        }
    }

    fn against(&self, side: Side, kind: Kind) -> &[Slot] {
        let lists = match side {
            Side::Supply => &self.demand,
            Side::Demand => &self.supply,
        };
        lists.get(rank(kind)).map_or(&[], Vec::as_slice)
    }

    fn is_empty(&self) -> bool {
        self.supply.iter().chain(&self.demand).all(Vec::is_empty)
    }
}

/// Where a kind stands in its list.
fn rank(kind: Kind) -> usize {
    Kind::ALL.iter().position(|one| *one == kind).unwrap_or(0)
}

type Lists = HashMap<String, List, Hasher>;

/// What is asked of every candidate, in one place and without texts.
#[derive(Clone, Copy, Debug)]
struct Lean {
    id: Uuid,
    owner: Number,
    city: Option<Number>,
    kind: Kind,
    valid_until: NaiveDate,
    sizes: Sizes,
}

/// Postings, found by what they have in common.
#[derive(Debug, Default)]
pub struct Index {
    slots: Vec<Option<Posting>>,
    lean: Vec<Option<Lean>>,
    free: Vec<Slot>,
    at: HashMap<Uuid, Slot, Hasher>,
    /// Numbers for the codes of owners and of cities, which are few and never go.
    owners: HashMap<String, Number, Hasher>,
    cities: HashMap<String, Number, Hasher>,
    major: Lists,
    industry: Lists,
    words: Lists,
    codes: Lists,
}

/// The number of a code, a new one for a new code.
fn number(of: &mut HashMap<String, Number, Hasher>, code: &str) -> Number {
    if let Some(number) = of.get(code) {
        return *number;
    }
    let number = Number::try_from(of.len()).unwrap_or(Number::MAX);
    of.insert(code.to_owned(), number);
    number
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
            self.lean.push(None);
            Slot::try_from(self.slots.len().saturating_sub(1)).unwrap_or(Slot::MAX)
        });
        for (field, word) in terms(&posting) {
            let lists = self.lists_mut(field);
            if !lists.contains_key(word) {
                lists.insert(word.to_owned(), List::default());
            }
            if let Some(list) = lists.get_mut(word).and_then(|list| list.of(posting.side, posting.kind)) {
                list.push(slot);
            }
        }
        let lean = Lean {
            id: posting.id,
            owner: number(&mut self.owners, &posting.owner),
            city: posting.city.as_deref().map(|city| number(&mut self.cities, city)),
            kind: posting.kind,
            valid_until: posting.valid_until,
            sizes: Sizes::of(&posting),
        };
        self.at.insert(posting.id, slot);
        if let (Some(place), Some(beside)) = (self.slots.get_mut(place(slot)), self.lean.get_mut(place(slot))) {
            (*place, *beside) = (Some(posting), Some(lean));
        }
    }

    /// Takes a posting out; whether it was there.
    pub fn take(&mut self, id: Uuid) -> bool {
        let Some(slot) = self.at.remove(&id) else { return false };
        if let Some(lean) = self.lean.get_mut(place(slot)) {
            *lean = None;
        }
        let Some(posting) = self.slots.get_mut(place(slot)).and_then(Option::take) else { return false };
        for (field, word) in terms(&posting) {
            let lists = self.lists_mut(field);
            if let Some(list) = lists.get_mut(word) {
                if let Some(slots) = list.of(posting.side, posting.kind) {
                    slots.retain(|one| *one != slot);
                }
                if list.is_empty() {
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
        if most == 0 {
            return Vec::new();
        }
        // Once for all candidates: the points of each kind and city, and the numbers of partners.
        let kinds: Vec<(Kind, u32)> =
            Kind::ALL.iter().filter_map(|kind| of_kinds(of.kind, *kind).map(|points| (*kind, points))).collect();
        let mut cities = vec![0; self.cities.len()];
        for (code, number) in &self.cities {
            if let Some(points) = cities.get_mut(place(*number)) {
                *points = around.city(of.city.as_deref(), Some(code)).points();
            }
        }
        let own = self.owners.get(&of.owner).copied();
        let partners = around.partners.get(&of.owner).into_iter().flatten();
        let partners: Vec<Number> = partners.filter_map(|code| self.owners.get(code).copied()).collect();

        let Scratch { common, touched } = scratch;
        common.resize(self.slots.len().max(common.len()), Common::default());
        for (field, word) in terms(of) {
            let Some(list) = self.lists(field).get(word) else { continue };
            for slot in kinds.iter().flat_map(|(kind, _)| list.against(of.side, *kind)) {
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
        let sizes = Sizes::of(of);
        let mut found = Vec::new();
        for slot in touched.drain(..) {
            let counts = common.get_mut(place(slot)).map(std::mem::take).unwrap_or_default();
            let Some(Some(other)) = self.lean.get(place(slot)) else { continue };
            if other.valid_until < on || Some(other.owner) == own {
                continue;
            }
            let Some((_, kind)) = kinds.iter().find(|(kind, _)| *kind == other.kind) else { continue };
            let city = other.city.and_then(|city| cities.get(place(city))).copied().unwrap_or(0);
            let is_partner = partners.contains(&other.owner);
            let Some(points) = Points::of(*kind, city, is_partner, counts, sizes, other.sizes) else { continue };
            if points.total() >= least {
                found.push(Found { total: Reverse(points.total()), id: other.id });
            }
        }
        if found.len() > most {
            found.select_nth_unstable(most - 1);
            found.truncate(most);
        }
        found.sort_unstable();
        found
    }

    /// The best counterparts of every posting of both sides that stands on a day, in the order of their ids; the
    /// work is parted among so many threads.
    pub fn every(
        &self,
        most: usize,
        least: u32,
        on: NaiveDate,
        around: &Surroundings,
        threads: usize,
    ) -> Vec<(Uuid, Vec<Found>)> {
        let all: Vec<&Posting> = self.slots.iter().flatten().filter(|posting| posting.valid_until >= on).collect();
        let piece = all.len().div_ceil(threads.max(1)).max(1);
        let mut found: Vec<(Uuid, Vec<Found>)> = std::thread::scope(|scope| {
            let work: Vec<_> = all
                .chunks(piece)
                .map(|some| {
                    scope.spawn(move || {
                        let mut scratch = Scratch::default();
                        let top = |of: &&Posting| (of.id, self.top(of, most, least, on, around, &mut scratch));
                        some.iter().map(top).collect::<Vec<_>>()
                    })
                })
                .collect();
            work.into_iter().filter_map(|one| one.join().ok()).flatten().collect()
        });
        found.sort_unstable_by_key(|(id, _)| *id);
        found
    }
}
