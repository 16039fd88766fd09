//! Which cells of a protected line a release shows, and of which release their figures are.
//!
//! Pure: schools are numbers, groups are numbers, and a snapshot says what each school says in one release.
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

/// What the newest snapshot shows, after everything that was shown before; the last of `past` is what stands.
pub fn decide(
    snapshots: &[Snapshot],
    past: &[Publication],
    groups: usize,
    is_hidden: &[bool],
    means: Means,
) -> Publication {
    let Some(new) = snapshots.len().checked_sub(1) else { return Publication::default() };
    let said = Evidence::new(snapshots, groups);
    let stands = past.last().cloned().unwrap_or_default();
    let sizes: Vec<usize> = snapshots.last().map(|newest| counts(newest, groups)).unwrap_or_default();
    let size = |group: usize| sizes.get(group).copied().unwrap_or(0);
    let has_moved = |group: Option<usize>, since: usize| said.changed(group, since, new) >= means.moves_at;
    let is_large = |schools: usize| schools >= K;
    let may_show = |group: usize| is_large(size(group)) && !is_hidden.get(group).copied().unwrap_or(false);
    let all: usize = sizes.iter().sum();

    let best = Publication {
        total: match stands.total {
            Some(since) if !has_moved(None, since) => Some(since),
            _ => is_large(all).then_some(new),
        },
        groups: (0..groups)
            .filter_map(|group| match stands.groups.get(&group) {
                Some(since) if !has_moved(Some(group), *since) => Some((group, *since)),
                _ => may_show(group).then_some((group, new)),
            })
            .collect(),
    };
    if !means.is_checked || said.is_safe(past, &best) {
        return best;
    }
    // Not all at once: what stands, and then one cell after the other.
    let mut shown = stands;
    if best.total == Some(new) {
        let step = Publication { total: Some(new), ..shown.clone() };
        if said.is_safe(past, &step) {
            shown = step;
        }
    }
    let mut moves: Vec<(bool, usize)> = best
        .groups
        .iter()
        .filter(|(_, snapshot)| **snapshot == new)
        .map(|(group, _)| (!shown.groups.contains_key(group), *group))
        .collect();
    moves.sort_unstable();
    for (_, group) in moves {
        let mut step = shown.clone();
        step.groups.insert(group, new);
        if said.is_safe(past, &step) {
            shown = step;
        }
    }
    shown
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

    /// Whether everything that is shown in any of these leads to no equation about fewer than [`K`] schools.
    fn is_safe(&self, past: &[Publication], next: &Publication) -> bool {
        let all = || past.iter().chain(std::iter::once(next));
        let totals: BTreeSet<usize> = all().filter_map(|one| one.total).collect();
        let mut known: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.groups.len()];
        for (group, snapshot) in all().flat_map(|one| &one.groups) {
            if let Some(of) = known.get_mut(*group) {
                of.insert(*snapshot);
            }
        }
        if totals.len() > VERSIONS || known.iter().any(|of| of.len() > VERSIONS) {
            return false;
        }
        let totals: Vec<usize> = totals.into_iter().collect();
        let known: Vec<Vec<usize>> = known.into_iter().map(|of| of.into_iter().collect()).collect();
        let none = vec![0; self.snapshots.len()];
        let is_few = |schools: &usize| (1..K).contains(schools);
        if known.iter().enumerate().any(|(group, known)| self.left(group, &none, known).iter().any(is_few)) {
            return false;
        }
        // Of two combinations that differ in sign one is enough.
        let leading = |terms: &Vec<(usize, i32)>| terms.first().is_some_and(|(_, sign)| *sign > 0);
        !combinations(&totals).into_iter().filter(leading).any(|terms| {
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

    #[test]
    fn a_figure_stands_until_three_schools_have_changed() {
        let first = schools(&[(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7)]);
        let mut snapshots = vec![first];
        let mut past = vec![decide(&snapshots, &[], 2, &[false; 2], MEANS)];
        assert_eq!(past[0], Publication { total: Some(0), groups: BTreeMap::from([(0, 0), (1, 0)]) });
        for (school, total, group) in [(0, 0, 0), (1, 0, 0), (2, 3, 3)] {
            let mut next = snapshots.last().unwrap().clone();
            next[school].as_mut().unwrap().value += 10;
            snapshots.push(next);
            let shown = decide(&snapshots, &past, 2, &[false; 2], MEANS);
            assert_eq!(shown, Publication { total: Some(total), groups: BTreeMap::from([(0, group), (1, 0)]) });
            past.push(shown);
        }
    }

    #[test]
    fn what_would_give_a_late_group_away_stands() {
        // One school of each group changes, and the total moves; then the rest of the first two groups.
        let mut snapshots = vec![schools(&[(0, 1), (0, 2), (0, 3), (1, 4), (1, 5), (1, 6), (2, 7), (2, 8), (2, 9)])];
        let mut past = vec![decide(&snapshots, &[], 3, &[false; 3], MEANS)];
        for changed in [vec![0, 3, 6], vec![1, 2], vec![4, 5]] {
            let mut next = snapshots.last().unwrap().clone();
            for school in changed {
                next[school].as_mut().unwrap().value += 10;
            }
            snapshots.push(next);
            past.push(decide(&snapshots, &past, 3, &[false; 3], MEANS));
        }
        // The newest total less three groups, two of them new, would be what one school of the third has changed.
        assert_eq!(past[1], Publication { total: Some(1), groups: BTreeMap::from([(0, 0), (1, 0), (2, 0)]) });
        assert_eq!(past[2], Publication { total: Some(1), groups: BTreeMap::from([(0, 2), (1, 0), (2, 0)]) });
        assert_eq!(past[3], Publication { total: Some(3), groups: BTreeMap::from([(0, 2), (1, 0), (2, 0)]) });
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
