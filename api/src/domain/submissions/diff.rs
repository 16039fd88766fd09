//! What differs between two states of a table, cell by cell. Pure.

use crate::{
    formats::document::{Cell, Cells},
    memory::registry::Registry,
};

/// What became of a cell. Value, status and note all count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Added(Cell),
    /// It is not there any more.
    Removed(Cell),
    /// It says something else.
    Changed {
        /// What it said.
        before: Cell,
        /// What it says.
        after: Cell,
    },
}

/// A cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDiff {
    /// Which cell.
    pub indicator: String,
    /// What became of it.
    pub change: Change,
}

impl CellDiff {
    /// What it said before.
    pub const fn before(&self) -> Option<&Cell> {
        match &self.change {
            Change::Added(_) => None,
            Change::Removed(before) | Change::Changed { before, .. } => Some(before),
        }
    }

    /// What it says after.
    pub const fn after(&self) -> Option<&Cell> {
        match &self.change {
            Change::Removed(_) => None,
            Change::Added(after) | Change::Changed { after, .. } => Some(after),
        }
    }
}

/// The cells that differ, in canonical order; none for equals.
pub fn diff(old: &Cells, new: &Cells) -> Vec<CellDiff> {
    let gone = old
        .iter()
        .filter(|(code, _)| !new.contains_key(*code))
        .map(|(code, cell)| CellDiff { indicator: code.clone(), change: Change::Removed(cell.clone()) });
    let come = new.iter().filter_map(|(code, after)| {
        let change = match old.get(code) {
            None => Change::Added(after.clone()),
            Some(before) if before == after => return None,
            Some(before) => Change::Changed { before: before.clone(), after: after.clone() },
        };
        Some(CellDiff { indicator: code.clone(), change })
    });
    let mut all: Vec<CellDiff> = gone.chain(come).collect();
    all.sort_unstable_by(|one, other| one.indicator.cmp(&other.indicator));
    all
}

/// The same in the order of the form, as a reader goes through it.
pub fn in_form_order(registry: &Registry, mut all: Vec<CellDiff>) -> Vec<CellDiff> {
    all.sort_by_key(|one| registry.indicators.position(&one.indicator).unwrap_or(usize::MAX));
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::document::Status;

    fn cells() -> impl Strategy<Value = Cells> {
        let status = prop_oneof![Just(Status::Reported), Just(Status::Estimated)];
        let cell = prop_oneof![
            // Few values and notes, so that two tables often agree.
            (0_i64..3, status, proptest::option::of("[ab]")).prop_map(|(value, status, note)| Cell {
                value: Some(value),
                status,
                note
            }),
            proptest::option::of("[ab]").prop_map(|note| Cell { value: None, status: Status::NotApplicable, note }),
            Just(Cell { value: None, status: Status::Missing, note: None }),
        ];
        proptest::collection::btree_map("t\\.[a-f]", cell, 0..6).prop_map(|cells| cells.into_iter().collect())
    }

    /// Lays a diff over the table that it was made from; fails where it does not fit.
    fn applied(mut cells: Cells, all: &[CellDiff]) -> Cells {
        for one in all {
            assert_eq!(cells.get(&one.indicator), one.before(), "{}", one.indicator);
            match one.after() {
                Some(after) => cells.insert(one.indicator.clone(), after.clone()),
                None => cells.remove(&one.indicator),
            };
        }
        cells
    }

    proptest! {
        #[test]
        fn laid_over_the_old_it_gives_the_new(old in cells(), new in cells()) {
            let all = diff(&old, &new);
            prop_assert_eq!(&applied(old.clone(), &all), &new);
            // Only what differs, each cell once, in order; and nothing for equals.
            prop_assert!(all.iter().all(|one| one.before() != one.after()));
            prop_assert!(all.windows(2).all(|two| two[0].indicator < two[1].indicator));
            prop_assert_eq!(all.is_empty(), old == new);
            prop_assert!(diff(&old, &old).is_empty());
        }

        #[test]
        fn backwards_it_is_the_other_way_round(old in cells(), new in cells()) {
            let there = diff(&old, &new);
            let back = diff(&new, &old);
            prop_assert_eq!(there.len(), back.len());
            for (there, back) in there.iter().zip(&back) {
                prop_assert_eq!((there.before(), there.after()), (back.after(), back.before()));
            }
        }
    }

    #[test]
    fn a_status_and_a_note_count() {
        let one = |cell| Cells::from_iter([("t.a".to_owned(), cell)]);
        let plain = Cell::reported(1);
        let estimate = Cell { status: Status::Estimated, ..plain.clone() };
        let noted = Cell { note: Some("why".to_owned()), ..plain.clone() };
        for other in [estimate, noted] {
            let all = diff(&one(plain.clone()), &one(other.clone()));
            assert_eq!(all[0].change, Change::Changed { before: plain.clone(), after: other });
        }
    }
}
