//! The attacker with a solver: everything that a non-official can get of protected figures, over several releases,
//! put into one linear program. It must bound no school's value more tightly than the tightest single cell does
//! alone, and no count below three may follow.
//!
//! Two attackers try. One knows the registry, which schools report, and everything that was ever told. The other knows
//! besides which schools have changed in which release, which nobody is told; several statements laid over each other
//! then narrow a value down a little more than one of them, and it must not get below half of what one leaves. In half
//! of the cases the attacker is a school itself and knows its own values. A statement about at least three schools that
//! follows from adding and subtracting cells of one line (the total less the groups that are told, a figure that has
//! moved less the one before) counts as a cell: the rules make it one. Nobody says less than nothing; that a percentage
//! is at most a hundred is not used.
//!
//! The short form is part of every run; `cargo xtask test --long` (`TEST_LONG=1`) tries 1,000 cases.

#![expect(clippy::cast_precision_loss, reason = "the figures of the attack are small")]

use std::collections::{BTreeMap, BTreeSet};

use good_lp::{
    Expression, ProblemVariables, ResolutionError, Solution, SolverModel, Variable, constraint, microlp, variable,
};
use zhiqiao::domain::disclosure::{
    K,
    deciding::{Hidden, Line, MEANS, Means, Publication, Said, Snapshot, counts, decide, only_the_small},
};

/// SplitMix64: the same cases for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn number(&mut self, from: usize, to: usize) -> usize {
        from + usize::try_from(self.below(u64::try_from(to - from + 1).unwrap())).unwrap()
    }
}

/// What a line is to the lines beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A sum.
    Sum,
    /// A whole and its two parts, which add up to it in every school.
    Parts,
    /// A mean of percentages, weighted by a public figure.
    Weighted,
}

/// A province over several releases.
struct Case {
    form: Form,
    groups: usize,
    /// By line and release.
    lines: Vec<Vec<Snapshot>>,
    /// By release and school: how often it has changed, for an attacker who knows that; else the release.
    versions: Vec<Vec<usize>>,
    /// How much of what a cell leaves open must be left open.
    share: f64,
    /// The school that attacks.
    insider: Option<usize>,
}

fn values(form: Form, chance: &mut Chance) -> Vec<(i64, i64)> {
    let mut value = |to: usize| i64::try_from(chance.number(1, to)).unwrap();
    match form {
        Form::Sum => vec![(value(100), 1)],
        Form::Parts => {
            let (one, other) = (value(60), value(60));
            vec![(one + other, 1), (one, 1), (other, 1)]
        }
        Form::Weighted => vec![(value(100), value(40))],
    }
}

fn case(seed: u64, knows_changes: bool) -> Case {
    let mut chance = Chance(seed);
    let form = [Form::Sum, Form::Parts, Form::Weighted][chance.number(0, 2)];
    let lines = if form == Form::Parts { 3 } else { 1 };
    let (groups, schools) = (chance.number(2, 4), chance.number(4, 13));
    let mut place: Vec<usize> = (0..schools).map(|_| chance.number(0, groups - 1)).collect();
    let mut said: Vec<Option<Vec<(i64, i64)>>> =
        (0..schools).map(|_| (chance.number(0, 9) < 8).then(|| values(form, &mut chance))).collect();
    let mut version = vec![0; schools];
    let mut case = Case {
        form,
        groups,
        lines: vec![Vec::new(); lines],
        versions: Vec::new(),
        share: if knows_changes { 0.5 } else { 1.0 },
        insider: (chance.number(0, 1) == 0).then(|| chance.number(0, schools - 1)),
    };
    for release in 0..chance.number(1, 5) {
        for _ in 0..if release == 0 { 0 } else { chance.number(0, 6) } {
            let school = chance.number(0, schools - 1);
            version[school] += 1;
            said[school] = (chance.number(0, 9) < 8).then(|| values(form, &mut chance));
            if chance.number(0, 19) == 0 {
                place[school] = chance.number(0, groups - 1);
            }
        }
        for (line, snapshots) in case.lines.iter_mut().enumerate() {
            let of = |school: usize| {
                said[school].as_ref().map(|said| Said {
                    group: place[school],
                    value: said[line].0,
                    weight: said[line].1,
                })
            };
            snapshots.push((0..schools).map(of).collect());
        }
        case.versions.push(if knows_changes { version.clone() } else { vec![release; schools] });
    }
    case
}

/// What a line of the case tells, release by release.
fn told(case: &Case, means: Means) -> Vec<Vec<Publication>> {
    let mut told = vec![Vec::new(); case.lines.len()];
    for release in 0..case.versions.len() {
        let sizes: Vec<Vec<usize>> = case.lines.iter().map(|line| counts(&line[release], case.groups)).collect();
        let groups = (means.hidden)(&sizes);
        let lines: Vec<Line<'_>> =
            case.lines.iter().zip(&told).map(|(line, past)| Line { snapshots: &line[..=release], past }).collect();
        let shown = decide(&lines, case.groups, Hidden { groups: &groups, total: false }, means);
        told.iter_mut().zip(shown).for_each(|(told, shown)| told.push(shown));
    }
    told
}

/// The unknown: what a school says in a line, as often as it has changed.
type Unknown = (usize, usize, usize);

/// So much of each unknown is together so much.
#[derive(Clone, Debug, Default)]
struct Equation {
    of: BTreeMap<Unknown, i64>,
    is: i64,
}

impl Equation {
    fn cell(case: &Case, line: usize, snapshot: usize, group: Option<usize>) -> Self {
        let mut all = Self::default();
        for (school, said) in case.lines[line][snapshot].iter().enumerate() {
            let Some(said) = said.filter(|said| group.is_none_or(|group| said.group == group)) else { continue };
            all.of.insert((line, school, case.versions[snapshot][school]), said.weight);
            all.is += said.weight * said.value;
        }
        all
    }

    fn plus(&self, other: &Self, sign: i64) -> Self {
        let mut all = self.clone();
        for (unknown, weight) in &other.of {
            *all.of.entry(*unknown).or_default() += sign * weight;
        }
        all.of.retain(|_, weight| *weight != 0);
        all.is += sign * other.is;
        all
    }

    /// How closely it bounds the school that it bounds most, alone: nothing where it is about fewer schools than a
    /// cell may be.
    fn alone(&self, case: &Case) -> Option<f64> {
        let schools: BTreeSet<usize> = self.of.keys().map(|(_, school, _)| *school).collect();
        if schools.len() < K {
            return None;
        }
        let (own, others): (Vec<_>, Vec<_>) =
            self.of.iter().partition(|((_, school, _), _)| Some(*school) == case.insider);
        let rest = self.is - own.iter().map(|(unknown, weight)| *weight * value(case, **unknown)).sum::<i64>();
        let others: Vec<f64> = others.iter().map(|(_, weight)| **weight as f64).collect();
        // Nobody says less than nothing, so what is taken away leaves the most open.
        let width = |at: usize| {
            let has = |is: fn(f64) -> bool| (0..others.len()).any(|other| other != at && is(others[other]));
            let (is_less, is_more) = (has(|weight| weight < 0.0), has(|weight| weight > 0.0));
            let exact = rest as f64 / others[at];
            match (is_less, is_more, others[at] > 0.0) {
                (false, false, _) => 0.0,
                // Others can only take from it, or only add to it.
                (false, true, true) | (true, false, false) => exact,
                _ => f64::INFINITY,
            }
        };
        (0..others.len()).map(width).reduce(f64::min)
    }
}

fn value(case: &Case, (line, school, version): Unknown) -> i64 {
    let release = case.versions.iter().position(|versions| versions[school] == version).unwrap();
    case.lines[line][release][school].unwrap().value
}

/// Everything that is told of a line: snapshots of the total, and of each group.
fn cells(told: &[Publication], groups: usize) -> (BTreeSet<usize>, Vec<BTreeSet<usize>>) {
    let totals = told.iter().filter_map(|one| one.total).collect();
    let of = |group: usize| told.iter().filter_map(|one| one.groups.get(&group).copied()).collect();
    (totals, (0..groups).map(of).collect())
}

/// Every choice of at most three of these cells, each added or taken away, put together.
fn together(cells: &[Equation]) -> Vec<Equation> {
    let mut all = vec![(0, Equation::default())];
    for cell in cells {
        let more: Vec<(usize, Equation)> = all
            .iter()
            .filter(|(terms, _)| *terms < 3)
            .flat_map(|(terms, sum)| [(terms + 1, sum.plus(cell, 1)), (terms + 1, sum.plus(cell, -1))])
            .collect();
        all.extend(more);
    }
    all.into_iter().map(|(_, sum)| sum).collect()
}

/// The most statements of a line that are looked through.
const STATEMENTS: usize = 20_000;

/// The tightest bound that a single cell gives, or a statement about as many schools as a cell.
fn tightest(case: &Case, told: &[Vec<Publication>]) -> f64 {
    let mut tightest = f64::INFINITY;
    for (line, told) in told.iter().enumerate() {
        let (totals, groups) = cells(told, case.groups);
        let of = |snapshots: &BTreeSet<usize>, group: Option<usize>| -> Vec<Equation> {
            snapshots.iter().map(|snapshot| Equation::cell(case, line, *snapshot, group)).collect()
        };
        let mut all = together(&of(&totals, None));
        for (group, snapshots) in groups.iter().enumerate() {
            let choices = together(&of(snapshots, Some(group)));
            all = all.iter().flat_map(|sum| choices.iter().map(move |one| sum.plus(one, 1))).take(STATEMENTS).collect();
        }
        tightest = all.iter().filter_map(|one| one.alone(case)).fold(tightest, f64::min);
    }
    tightest
}

/// How far a value may be from where the solver puts it.
const SLACK: f64 = 1e-5;

/// The least or the most that an unknown can be, if everything that is told holds.
fn extreme(equations: &[Equation], target: Unknown, is_most: bool) -> f64 {
    let mut problem = ProblemVariables::new();
    let all: BTreeSet<Unknown> = equations.iter().flat_map(|one| one.of.keys().copied()).chain([target]).collect();
    let variables: BTreeMap<Unknown, Variable> =
        all.iter().map(|unknown| (*unknown, problem.add(variable().min(0)))).collect();
    let wanted = variables[&target];
    let unsolved = if is_most { problem.maximise(wanted) } else { problem.minimise(wanted) };
    let mut model = unsolved.using(microlp);
    for equation in equations {
        let sum: Expression = equation.of.iter().map(|(unknown, weight)| *weight as f64 * variables[unknown]).sum();
        model.add_constraint(constraint!(sum == equation.is as f64));
    }
    match model.solve() {
        Ok(solution) => solution.value(wanted),
        Err(ResolutionError::Unbounded) => f64::INFINITY,
        Err(fault) => panic!("{fault}"),
    }
}

/// Everything that the attacker knows for certain.
fn known(case: &Case, told: &[Vec<Publication>]) -> Vec<Equation> {
    let mut known = Vec::new();
    for (line, told) in told.iter().enumerate() {
        let (totals, groups) = cells(told, case.groups);
        known.extend(totals.iter().map(|snapshot| Equation::cell(case, line, *snapshot, None)));
        for (group, snapshots) in groups.iter().enumerate() {
            known.extend(snapshots.iter().map(|snapshot| Equation::cell(case, line, *snapshot, Some(group))));
        }
    }
    let there: BTreeSet<Unknown> = known.iter().flat_map(|one| one.of.keys().copied()).collect();
    if case.form == Form::Parts {
        let schools: BTreeSet<(usize, usize)> = there.iter().map(|(_, school, version)| (*school, *version)).collect();
        let of = |(school, version)| [((0, school, version), -1), ((1, school, version), 1), ((2, school, version), 1)];
        known.extend(schools.into_iter().map(|one| Equation { of: of(one).into(), is: 0 }));
    }
    if let Some(insider) = case.insider {
        let own = there.into_iter().filter(|(_, school, _)| *school == insider);
        known.extend(own.map(|unknown| Equation { of: BTreeMap::from([(unknown, 1)]), is: value(case, unknown) }));
    }
    known
}

/// What the attack has found, if anything.
fn attacked(case: &Case, means: Means) -> Option<String> {
    let told = told(case, means);
    // A count: a total less groups of the same release leaves one group that is not told.
    for (line, told) in told.iter().enumerate() {
        let (totals, groups) = cells(told, case.groups);
        for total in totals {
            let sizes = counts(&case.lines[line][total], case.groups);
            let left: Vec<usize> = (0..case.groups).filter(|group| !groups[*group].contains(&total)).collect();
            if let [only] = left[..]
                && (1..K).contains(&sizes[only])
            {
                return Some(format!("group {only} has {} schools", sizes[only]));
            }
        }
        for one in told {
            let small =
                |snapshot: usize, group: Option<usize>| Equation::cell(case, line, snapshot, group).of.len() < K;
            if one.total.is_some_and(|total| small(total, None))
                || one.groups.iter().any(|(group, snapshot)| small(*snapshot, Some(*group)))
            {
                return Some("a cell of fewer schools".to_owned());
            }
        }
    }
    let (known, tightest) = (known(case, &told), tightest(case, &told));
    if tightest.is_infinite() {
        return None;
    }
    let targets: BTreeSet<Unknown> = known.iter().flat_map(|one| one.of.keys().copied()).collect();
    for target in targets.into_iter().filter(|(_, school, _)| Some(*school) != case.insider) {
        let (least, most) = (extreme(&known, target, false), extreme(&known, target, true));
        if most - least < case.share * tightest - SLACK * (1.0 + tightest) {
            return Some(format!("{target:?} lies between {least} and {most}, a cell alone leaves {tightest}"));
        }
    }
    None
}

/// The first case of so many in which an attack finds something.
fn first(cases: u64, means: Means) -> Option<(u64, String)> {
    (0..cases)
        .flat_map(|seed| [(seed, false), (seed, true)])
        .find_map(|(seed, knows)| attacked(&case(seed, knows), means).map(|found| (seed, found)))
}

#[test]
fn nothing_that_is_told_bounds_a_school_more_than_a_cell() {
    let cases = if std::env::var_os("TEST_LONG").is_some() { 1_000 } else { 60 };
    assert_eq!(first(cases, MEANS), None);
}

#[test]
fn the_attack_finds_what_other_means_give_away() {
    let small = Means { hidden: only_the_small, is_checked: false, ..MEANS };
    let moving = Means { moves_at: 1, is_checked: false, ..MEANS };
    let forgetful = Means { is_checked: false, ..MEANS };
    for (name, means, cases) in [
        ("without a second group", small, 100),
        ("figures move at once", moving, 100),
        ("what was told before is forgotten", forgetful, 1_000),
    ] {
        assert!(first(cases, means).is_some(), "{name}: not found in {cases} cases");
    }
}
