//! Which cells of a protected line a release shows, and of which release their figures are.
//!
//! Pure: schools are numbers, groups are numbers, and a snapshot says what each school says in one release.
//! Lines that tell of each other, a family, are decided together and move together.
//! A cell keeps its figure until [`K`] schools in it have changed. A cell moves, appears or goes only where
//! everything that was ever shown of the line, taken together, still leads to no equation about fewer than [`K`]
//! schools: totals and groups of whichever release, added and taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::K;

/// What a school says in a line: its group, its value and what weighs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The number of the school's group.
    pub group: usize,
    /// As a fixed-point integer.
    pub value: i64,
    /// 1 where nothing weighs it.
    pub weight: i64,
}

/// What every school says of a line in one release; nothing for those that do not contribute.
pub type Snapshot = Vec<Option<Said>>;

/// Which cells are shown, and by which snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// The province's total.
    pub total: Option<usize>,
    /// By group.
    pub groups: BTreeMap<usize, usize>,
}

/// How cells are chosen; the attack of the tests tries others.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// Which groups are hidden, by how many schools contribute to each, line by line of lines that tell of each other.
    pub hidden: fn(&[Vec<usize>]) -> Vec<bool>,
    /// Whether what was shown before is held against what would be shown now.
    pub is_checked: bool,
    /// How many schools must have changed before a figure moves.
    pub moves_at: usize,
}

/// As domain and law ask for it.
pub const MEANS: Means = Means { hidden, is_checked: true, moves_at: K };

/// Which groups of a partition are hidden: those with too few schools in any of the lines, and with them the next
/// smallest, until in each line the hidden ones are at least two and together have at least [`K`] schools.
pub fn hidden(lines: &[Vec<usize>]) -> Vec<bool> {
    let groups = lines.iter().map(Vec::len).max().unwrap_or(0);
    let count = |line: &Vec<usize>, at: usize| line.get(at).copied().unwrap_or(0);
    let mut hidden: Vec<bool> =
        (0..groups).map(|at| lines.iter().any(|line| (1..K).contains(&count(line, at)))).collect();
    loop {
        let next = lines.iter().find_map(|line| {
            let with = |wanted: bool| {
                let of = hidden.iter().enumerate().filter(move |(_, is)| **is == wanted);
                of.map(|(at, _)| (count(line, at), at)).filter(|(count, _)| *count > 0)
            };
            let (cells, schools) = with(true).fold((0, 0), |(cells, schools), (count, _)| (cells + 1, schools + count));
            if cells == 0 || (cells >= 2 && schools >= K) { None } else { with(false).min() }
        });
        match next.and_then(|(_, at)| hidden.get_mut(at)) {
            Some(slot) => *slot = true,
            None => return hidden,
        }
    }
}

/// Only what is too small by itself: what an attacker hopes for.
pub fn only_the_small(lines: &[Vec<usize>]) -> Vec<bool> {
    let groups = lines.iter().map(Vec::len).max().unwrap_or(0);
    (0..groups).map(|at| lines.iter().any(|line| line.get(at).is_some_and(|count| (1..K).contains(count)))).collect()
}

/// How many schools contribute to each group.
pub fn counts(snapshot: &Snapshot, groups: usize) -> Vec<usize> {
    let mut counts = vec![0; groups];
    for said in snapshot.iter().flatten() {
        if let Some(count) = counts.get_mut(said.group) {
            *count += 1;
        }
    }
    counts
}

/// A line of a family, from the first release to the newest.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// What every school says; the same releases in every line of a family.
    pub snapshots: &'a [Snapshot],
    /// What was shown; the last of it is what stands.
    pub past: &'a [Publication],
}

/// What a family does not show, because too few schools say it or the rest would give them away.
#[derive(Clone, Copy, Debug)]
pub struct Hidden<'a> {
    /// By group.
    pub groups: &'a [bool],
    /// The province's total.
    pub total: bool,
}

impl Publication {
    /// By which snapshot a cell is shown: of a group, or the total.
    fn get(&self, cell: Option<usize>) -> Option<usize> {
        match cell {
            None => self.total,
            Some(group) => self.groups.get(&group).copied(),
        }
    }

    fn set(&mut self, cell: Option<usize>, snapshot: Option<usize>) {
        match (cell, snapshot) {
            (None, _) => self.total = snapshot,
            (Some(group), Some(snapshot)) => {
                self.groups.insert(group, snapshot);
            }
            (Some(group), None) => {
                self.groups.remove(&group);
            }
        }
    }
}

/// What the newest snapshots of a family show, line by line, after everything that was shown before.
///
/// Lines of a family tell of each other: the whole less one part is the other part. So a cell moves in all of them or
/// in none, and what was shown of one line is held to be known of every other.
pub fn decide(lines: &[Line<'_>], groups: usize, hidden: Hidden<'_>, means: Means) -> Vec<Publication> {
    let stands: Vec<Publication> = lines.iter().map(|line| line.past.last().cloned().unwrap_or_default()).collect();
    let Some(new) = lines.iter().map(|line| line.snapshots.len()).max().and_then(|all| all.checked_sub(1)) else {
        return stands;
    };
    let said: Vec<Evidence<'_>> = lines.iter().map(|line| Evidence::new(line.snapshots, groups)).collect();
    let cells: Vec<Option<usize>> = std::iter::once(None).chain((0..groups).map(Some)).collect();
    let is_hidden = |cell: Option<usize>| match cell {
        None => hidden.total,
        Some(group) => hidden.groups.get(group).copied().unwrap_or(false),
    };

    let mut best = stands.clone();
    for cell in &cells {
        if has_moved(&said, &stands, *cell, new, means.moves_at) {
            for (said, shown) in said.iter().zip(&mut best) {
                shown.set(*cell, (said.size(*cell, new) >= K && !is_hidden(*cell)).then_some(new));
            }
        }
    }
    let past: Vec<&Publication> = lines.iter().flat_map(|line| line.past).collect();
    if !means.is_checked || is_safe(&said, &past, &best) {
        return best;
    }
    // Not all at once: what stands, and then one cell after the other; the total first, and before what is new what
    // was there.
    let is_new = |cell: Option<usize>| stands.iter().all(|one| one.get(cell).is_none());
    let mut moves: Vec<(bool, Option<usize>)> = cells
        .iter()
        .filter(|cell| best.iter().any(|one| one.get(**cell) == Some(new)))
        .map(|cell| (cell.is_some() && is_new(*cell), *cell))
        .collect();
    moves.sort_unstable();
    let mut shown = stands.clone();
    for (_, cell) in moves {
        let mut step = shown.clone();
        for (one, best) in step.iter_mut().zip(&best) {
            one.set(cell, best.get(cell));
        }
        if is_safe(&said, &past, &step) {
            shown = step;
        }
    }
    shown
}

/// Whether a cell may move, as far as counting goes: in no line has it changed in some schools, but too few.
fn has_moved(said: &[Evidence<'_>], stands: &[Publication], cell: Option<usize>, new: usize, moves_at: usize) -> bool {
    let since: BTreeSet<usize> = stands.iter().filter_map(|one| one.get(cell)).collect();
    let mut has_changed = since.is_empty();
    for (said, stands) in said.iter().zip(stands) {
        let of = since.iter().filter(|since| stands.get(cell).is_none_or(|own| own == **since));
        for changed in of.map(|since| said.changed(cell, *since, new)) {
            if (1..moves_at).contains(&changed) {
                return false;
            }
            has_changed |= changed >= moves_at;
        }
    }
    has_changed
}

/// Whether everything that is shown in any of these leads to no equation about fewer than [`K`] schools, in any line.
fn is_safe(said: &[Evidence<'_>], past: &[&Publication], next: &[Publication]) -> bool {
    let groups = said.iter().map(|one| one.groups.len()).max().unwrap_or(0);
    let all = || past.iter().copied().chain(next);
    let totals: BTreeSet<usize> = all().filter_map(|one| one.total).collect();
    let mut known: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); groups];
    for (group, snapshot) in all().flat_map(|one| &one.groups) {
        if let Some(of) = known.get_mut(*group) {
            of.insert(*snapshot);
        }
    }
    if totals.len() > VERSIONS || known.iter().any(|of| of.len() > VERSIONS) {
        return false;
    }
    said.iter().all(|said| {
        // Of what too few schools say in this line nothing was shown, whatever was shown of the others.
        let of = |cell: Option<usize>, shown: &BTreeSet<usize>| -> Vec<usize> {
            shown.iter().copied().filter(|snapshot| said.size(cell, *snapshot) >= K).collect()
        };
        let known: Vec<Vec<usize>> = known.iter().enumerate().map(|(group, shown)| of(Some(group), shown)).collect();
        said.is_safe(&of(None, &totals), &known)
    })
}

/// How often a cell of one period moves at most: what follows from more versions nobody could look through.
const VERSIONS: usize = 6;

/// How many totals, and of each group how many figures, are put together in the search for what follows.
const TERMS: usize = 3;

/// Schools of a group that are alike: in which snapshots they say the same.
struct Alike {
    /// By snapshot: 0 where they say nothing in the group, else which of the things that they say.
    says: Vec<usize>,
    /// How many, as far as [`K`].
    schools: usize,
    /// Whether they have ever been in another group: then what they say here may cancel out there.
    has_wandered: bool,
}

impl Alike {
    /// Whether anything of them is left of so much of each snapshot.
    fn is_left(&self, weights: &[i32]) -> bool {
        (1..=self.says.len()).any(|which| {
            let of = self.says.iter().zip(weights).filter(|(says, _)| **says == which);
            of.map(|(_, weight)| *weight).sum::<i32>() != 0
        })
    }
}

/// What the snapshots say of each other.
struct Evidence<'a> {
    snapshots: &'a [Snapshot],
    /// By group.
    groups: Vec<Vec<Alike>>,
}

impl<'a> Evidence<'a> {
    fn new(snapshots: &'a [Snapshot], groups: usize) -> Self {
        let mut alike: Vec<BTreeMap<(Vec<usize>, bool), usize>> = vec![BTreeMap::new(); groups];
        let schools = snapshots.iter().map(Vec::len).max().unwrap_or(0);
        for school in 0..schools {
            let said: Vec<Option<Said>> = snapshots.iter().map(|one| one.get(school).copied().flatten()).collect();
            let of: BTreeSet<usize> = said.iter().flatten().map(|said| said.group).collect();
            for group in &of {
                let mut known: Vec<Said> = Vec::new();
                let says = said.iter().map(|said| match said.filter(|said| said.group == *group) {
                    None => 0,
                    Some(said) => {
                        let at = known.iter().position(|other| *other == said);
                        at.unwrap_or_else(|| {
                            known.push(said);
                            known.len() - 1
                        }) + 1
                    }
                });
                let says: Vec<usize> = says.collect();
                if let Some(of_group) = alike.get_mut(*group) {
                    *of_group.entry((says, of.len() > 1)).or_default() += 1;
                }
            }
        }
        let list = |of: BTreeMap<(Vec<usize>, bool), usize>| -> Vec<Alike> {
            let one = |((says, has_wandered), schools): ((Vec<usize>, bool), usize)| Alike {
                says,
                schools: schools.min(K),
                has_wandered,
            };
            of.into_iter().map(one).collect()
        };
        Self { snapshots, groups: alike.into_iter().map(list).collect() }
    }

    /// How many schools of a group, or of all, have changed between two snapshots, as far as [`K`].
    fn changed(&self, group: Option<usize>, one: usize, other: usize) -> usize {
        if let Some(group) = group {
            let differ = |alike: &&Alike| alike.says.get(one) != alike.says.get(other);
            let of = self.groups.get(group).into_iter().flatten();
            return of.filter(differ).map(|alike| alike.schools).sum::<usize>().min(K);
        }
        let content = |said: &Option<Said>| said.map(|said| (said.value, said.weight));
        let (Some(one), Some(other)) = (self.snapshots.get(one), self.snapshots.get(other)) else { return K };
        one.iter().zip(other).filter(|(a, b)| content(a) != content(b)).take(K).count()
    }

    /// How many schools of a group can be left, as far as [`K`], of so much of each total, when known figures of the
    /// group are added or taken away.
    fn left(&self, group: usize, totals: &[i32], known: &[usize]) -> BTreeSet<usize> {
        let mut left = BTreeSet::new();
        for terms in combinations(known) {
            let mut weights = totals.to_vec();
            for (snapshot, sign) in terms {
                if let Some(weight) = weights.get_mut(snapshot) {
                    *weight += sign;
                }
            }
            let of = || self.groups.get(group).into_iter().flatten().filter(|alike| alike.is_left(&weights));
            left.insert(of().map(|alike| alike.schools).sum::<usize>().min(K));
            left.insert(of().filter(|alike| !alike.has_wandered).map(|alike| alike.schools).sum::<usize>().min(K));
        }
        left
    }

    /// How many schools say something in a group, or in all, in one snapshot.
    fn size(&self, cell: Option<usize>, snapshot: usize) -> usize {
        let said = self.snapshots.get(snapshot).into_iter().flatten().flatten();
        said.filter(|said| cell.is_none_or(|group| said.group == group)).count()
    }

    /// Whether these totals, and these figures of each group, lead to no equation about fewer than [`K`] schools.
    fn is_safe(&self, totals: &[usize], known: &[Vec<usize>]) -> bool {
        let none = vec![0; self.snapshots.len()];
        let is_few = |schools: &usize| (1..K).contains(schools);
        if known.iter().enumerate().any(|(group, known)| self.left(group, &none, known).iter().any(is_few)) {
            return false;
        }
        // Of two combinations that differ in sign one is enough.
        let leading = |terms: &Vec<(usize, i32)>| terms.first().is_some_and(|(_, sign)| *sign > 0);
        !combinations(totals).into_iter().filter(leading).any(|terms| {
            let mut weights = none.clone();
            for (snapshot, sign) in terms {
                if let Some(weight) = weights.get_mut(snapshot) {
                    *weight += sign;
                }
            }
            may_be_few(known.iter().enumerate().map(|(group, known)| self.left(group, &weights, known)))
        })
    }
}

/// Every choice of at most [`TERMS`] of a list, each added or taken away.
fn combinations(list: &[usize]) -> Vec<Vec<(usize, i32)>> {
    let mut all: Vec<Vec<(usize, i32)>> = vec![Vec::new()];
    for one in list {
        let more: Vec<Vec<(usize, i32)>> = all
            .iter()
            .filter(|terms| terms.len() < TERMS)
            .flat_map(|terms| [1, -1].map(|sign| terms.iter().copied().chain([(*one, sign)]).collect()))
            .collect();
        all.extend(more);
    }
    all
}

/// Whether one choice of each group can add up to some schools, but fewer than [`K`].
fn may_be_few(choices: impl Iterator<Item = BTreeSet<usize>>) -> bool {
    let mut sums = BTreeSet::from([0]);
    for sizes in choices {
        sums = sums.iter().flat_map(|sum| sizes.iter().map(move |size| (sum + size).min(K))).collect();
    }
    (1..K).any(|few| sums.contains(&few))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_smallest_goes_with_a_lonely_one() {
        let of = |counts: &[usize]| hidden(&[counts.to_vec()]);
        assert_eq!(of(&[1, 3, 5]), [true, true, false]);
        assert_eq!(of(&[1, 1, 5, 4]), [true, true, false, true]);
        assert_eq!(of(&[2, 1, 5]), [true, true, false]);
        assert_eq!(of(&[3, 5, 0]), [false, false, false]);
        assert_eq!(of(&[2]), [true]);
        // Lines that tell of each other hide the same groups.
        assert_eq!(hidden(&[vec![3, 4, 5, 6], vec![3, 1, 5, 6]]), [true, true, false, false]);
    }

    fn schools(of: &[(usize, i64)]) -> Snapshot {
        of.iter().map(|(group, value)| Some(Said { group: *group, value: *value, weight: 1 })).collect()
    }

    fn alone(snapshots: &[Snapshot], past: &[Publication], groups: usize) -> Publication {
        let hidden = Hidden { groups: &vec![false; groups], total: false };
        decide(&[Line { snapshots, past }], groups, hidden, MEANS).remove(0)
    }

    #[test]
    fn a_figure_stands_until_three_schools_have_changed() {
        let first = schools(&[(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7)]);
        let mut snapshots = vec![first];
        let mut past = vec![alone(&snapshots, &[], 2)];
        assert_eq!(past[0], Publication { total: Some(0), groups: BTreeMap::from([(0, 0), (1, 0)]) });
        for (school, total, group) in [(0, 0, 0), (1, 0, 0), (2, 3, 3)] {
            let mut next = snapshots.last().unwrap().clone();
            next[school].as_mut().unwrap().value += 10;
            snapshots.push(next);
            let shown = alone(&snapshots, &past, 2);
            assert_eq!(shown, Publication { total: Some(total), groups: BTreeMap::from([(0, group), (1, 0)]) });
            past.push(shown);
        }
    }

    #[test]
    fn what_would_give_a_late_group_away_stands() {
        // One school of each group changes, and the total moves; then the rest of the first two groups.
        let mut snapshots = vec![schools(&[(0, 1), (0, 2), (0, 3), (1, 4), (1, 5), (1, 6), (2, 7), (2, 8), (2, 9)])];
        let mut past = vec![alone(&snapshots, &[], 3)];
        for changed in [vec![0, 3, 6], vec![1, 2], vec![4, 5]] {
            let mut next = snapshots.last().unwrap().clone();
            for school in changed {
                next[school].as_mut().unwrap().value += 10;
            }
            snapshots.push(next);
            past.push(alone(&snapshots, &past, 3));
        }
        // The newest total less three groups, two of them new, would be what one school of the third has changed.
        assert_eq!(past[1], Publication { total: Some(1), groups: BTreeMap::from([(0, 0), (1, 0), (2, 0)]) });
        assert_eq!(past[2], Publication { total: Some(1), groups: BTreeMap::from([(0, 2), (1, 0), (2, 0)]) });
        assert_eq!(past[3], Publication { total: Some(3), groups: BTreeMap::from([(0, 2), (1, 0), (2, 0)]) });
    }

    /// What two lines of a family show after one release in which these schools have changed in each.
    fn together(changed: [&[usize]; 2]) -> [Option<usize>; 2] {
        let first = schools(&[(0, 1), (0, 2), (0, 3), (0, 4)]);
        let moved = |changed: &[usize]| -> Vec<Snapshot> {
            let mut next = first.clone();
            for school in changed {
                next[*school].as_mut().unwrap().value += 10;
            }
            vec![first.clone(), next]
        };
        let snapshots = changed.map(moved);
        let hidden = Hidden { groups: &[true], total: false };
        let stands = [Publication { total: Some(0), ..Publication::default() }];
        let lines = [&snapshots[0], &snapshots[1]].map(|snapshots| Line { snapshots, past: &stands });
        let shown = decide(&lines, 1, hidden, MEANS);
        [shown[0].total, shown[1].total]
    }

    #[test]
    fn lines_that_tell_of_each_other_move_together() {
        assert_eq!(together([&[0, 1, 2], &[1, 2, 3]]), [Some(1), Some(1)]);
        // Where nothing has changed nothing is given away.
        assert_eq!(together([&[0, 1, 2], &[]]), [Some(1), Some(1)]);
        // The whole less one part would be what two schools say anew in the other.
        assert_eq!(together([&[0, 1, 2], &[1, 2]]), [Some(0), Some(0)]);
        assert_eq!(together([&[], &[]]), [Some(0), Some(0)]);
    }

    proptest! {
        #[test]
        fn what_is_hidden_cannot_be_subtracted_out(counts in proptest::collection::vec(0_usize..8, 1..20)) {
            let hidden = hidden(std::slice::from_ref(&counts));
            let all: Vec<usize> = counts.iter().copied().filter(|count| *count > 0).collect();
            let of: Vec<usize> = counts.iter().zip(&hidden).filter(|(_, hidden)| **hidden).map(|(count, _)| *count).collect();
            for (count, hidden) in counts.iter().zip(&hidden) {
                prop_assert!(*hidden || *count == 0 || *count >= K);
            }
            // Everything hidden is safe; otherwise at least two cells and K schools are.
            prop_assert!(of.is_empty() || of.len() == all.len() || (of.len() >= 2 && of.iter().sum::<usize>() >= K));
        }
    }
}
