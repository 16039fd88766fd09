//! What a release tells of one table: decided from its columns and from everything that was told of it before.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use entity::words::{Aggregation, Disclosure, Partition};

use super::{
    K,
    deciding::{self, Hidden, Line, MEANS, Publication, Said, Snapshot, counts},
    dimension, group_of, name_of,
};
use crate::{
    domain::cube::{self, Figures, Filter, Grouping},
    error::Result,
    memory::{
        columns::{Column, Table},
        disclosed::{Disclosed, Shown, ToldCell, ToldLine},
        frame::{Frame, FrameIndicator},
    },
};

/// One dataset and period of a release: its columns, on the frame of that release.
#[derive(Clone, Debug)]
pub struct Edition {
    /// The version of the release.
    pub version: Arc<str>,
    /// Schools and lines of its day.
    pub frame: Arc<Frame>,
    /// The columns.
    pub table: Arc<Table>,
}

/// An edition and what was told of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The columns.
    pub edition: Edition,
    /// What everybody was told.
    pub disclosed: Arc<Disclosed>,
}

/// What is told of a table by a release that knows of nothing before it.
pub fn fresh(edition: &Edition, dataset: &str, period: &str) -> Result<Disclosed> {
    write(edition, &[], dataset, period)
}

/// What a release tells of a table, after everything that was told before, oldest first.
///
/// The partition is that of the first release that told of the period: another one later would cut the same schools
/// another way.
pub fn write(new: &Edition, past: &[Told], dataset: &str, period: &str) -> Result<Disclosed> {
    let partition = past
        .last()
        .and_then(|told| Partition::of(&told.disclosed.partition))
        .unwrap_or_else(|| new.frame.partition(dataset));
    let mut schools: HashMap<&str, usize> = HashMap::new();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let frames = past.iter().map(|told| &told.edition.frame).chain([&new.frame]);
    for school in frames.flat_map(|frame| &frame.schools) {
        let next = schools.len();
        schools.entry(school.code.as_str()).or_insert(next);
        let next = groups.len();
        groups.entry(group_of(school, partition)).or_insert(next);
    }
    let sheet = Sheet { schools, groups, partition, period };

    let lines: Vec<(&String, &FrameIndicator)> = new
        .frame
        .indicators
        .keys()
        .filter_map(|code| Some((code, new.frame.line(code, period)?)))
        .filter(|(_, line)| line.dataset == dataset && line.disclosure() == Disclosure::Aggregate)
        .collect();
    let mut newest: BTreeMap<&str, Snapshot> = BTreeMap::new();
    for (code, line) in &lines {
        newest.insert(code.as_str(), sheet.snapshot(new, code, line)?);
    }
    let by = Grouping::new(&new.frame, &[dimension(partition)], &Filter::default(), |_| true);
    let whole = Grouping::new(&new.frame, &[], &Filter::default(), |_| true);

    let mut disclosed = Disclosed { partition: partition.word().to_owned(), lines: BTreeMap::new() };
    for family in families(&lines) {
        let codes: Vec<&str> = family.iter().map(|(code, _)| code.as_str()).collect();
        let newest: Vec<Snapshot> = codes.iter().filter_map(|code| newest.remove(code)).collect();
        let sizes: Vec<Vec<usize>> = newest.iter().map(|one| counts(one, sheet.groups.len())).collect();
        // Where parts add up, the whole less all others is the one of which too few schools say anything.
        let is_few = |of: &Vec<usize>| (1..K).contains(&of.iter().sum::<usize>());
        let adds_up = family.iter().any(|(_, line)| line.adds_up);
        let groups = (MEANS.hidden)(&sizes);
        let hidden = Hidden { groups: &groups, total: adds_up && sizes.iter().any(is_few) };
        let (decided, stands) = sheet.decide(new, past, (&codes, newest), hidden)?;
        for (((code, line), shown), (snapshots, stands)) in
            family.into_iter().zip(&decided.shown).zip(decided.lines.iter().zip(stands))
        {
            let column = new.table.column(code)?;
            let weight = line.weight.as_deref().map(|code| new.table.column(code)).transpose()?;
            let figures = |grouping: &Grouping| cube::figures(grouping, line, &column, weight.as_deref());
            let named = by.keys.iter().map(|key| name_of(key).unwrap_or_default());
            let counted = Counted {
                groups: named.zip(figures(&by)).collect(),
                total: figures(&whole).into_iter().next().unwrap_or(Figures::SUPPRESSED),
            };
            let line = sheet.told(shown, (decided.versions.as_slice(), snapshots.as_slice()), stands, &counted);
            disclosed.lines.insert(code.clone(), line);
        }
    }
    Ok(disclosed)
}

/// Lines that tell of each other: a part and its whole, and what is weighed and its weight.
fn families<'a>(lines: &[(&'a String, &'a FrameIndicator)]) -> Vec<Vec<(&'a String, &'a FrameIndicator)>> {
    let mut of: BTreeMap<&str, usize> = lines.iter().enumerate().map(|(at, (code, _))| (code.as_str(), at)).collect();
    for (code, line) in lines {
        for other in [line.weight.as_deref(), line.within.as_deref()].into_iter().flatten() {
            let (Some(one), Some(other)) = (of.get(code.as_str()).copied(), of.get(other).copied()) else { continue };
            let (into, from) = (one.min(other), one.max(other));
            of.values_mut().filter(|family| **family == from).for_each(|family| *family = into);
        }
    }
    let mut families: BTreeMap<usize, Vec<(&String, &FrameIndicator)>> = BTreeMap::new();
    for (code, line) in lines {
        if let Some(family) = of.get(code.as_str()) {
            families.entry(*family).or_default().push((*code, *line));
        }
    }
    families.into_values().collect()
}

/// The figures of the new edition.
struct Counted<'a> {
    groups: BTreeMap<&'a str, Figures>,
    total: Figures,
}

/// What is shown of a family, line by line, and of which editions.
struct Decided {
    versions: Vec<Arc<str>>,
    /// By line and edition.
    lines: Vec<Vec<Snapshot>>,
    shown: Vec<Publication>,
}

/// What the editions of one table have in common: schools and groups as numbers.
struct Sheet<'a> {
    schools: HashMap<&'a str, usize>,
    groups: BTreeMap<&'a str, usize>,
    partition: Partition,
    period: &'a str,
}

impl Sheet<'_> {
    /// What every school says of a line in one edition.
    fn snapshot(&self, edition: &Edition, code: &str, line: &FrameIndicator) -> Result<Snapshot> {
        let column = edition.table.column(code)?;
        let weight = match (line.aggregation(), line.weight.as_deref()) {
            (Aggregation::WeightedMean, Some(weight)) => Some(edition.table.column(weight)?),
            (Aggregation::WeightedMean, None) => Some(Arc::new(Column::empty(edition.frame.schools.len()))),
            _ => None,
        };
        let mut snapshot: Snapshot = vec![None; self.schools.len()];
        for (at, school) in edition.frame.schools.iter().enumerate() {
            let weight = match &weight {
                Some(weight) => weight.value(at),
                None => Some(1),
            };
            let group = self.groups.get(group_of(school, self.partition));
            let said = group.zip(column.value(at)).zip(weight);
            let said = said.map(|((group, value), weight)| Said { group: *group, value, weight });
            if let Some(slot) = self.schools.get(school.code.as_str()).and_then(|at| snapshot.get_mut(*at)) {
                *slot = said;
            }
        }
        Ok(snapshot)
    }

    /// What is shown of the lines of a family, and what was told of each before.
    fn decide<'t>(
        &self,
        new: &Edition,
        past: &'t [Told],
        (codes, newest): (&[&str], Vec<Snapshot>),
        hidden: Hidden<'_>,
    ) -> Result<(Decided, Vec<Option<&'t ToldLine>>)> {
        let before: Vec<Vec<&ToldLine>> = codes
            .iter()
            .map(|code| {
                let has_line = |told: &&Told| told.edition.frame.line(code, self.period).is_some();
                past.iter().filter(has_line).filter_map(|told| told.disclosed.lines.get(*code)).collect()
            })
            .collect();
        // Only editions of which something is still, or was once, told have to be read again.
        let cells = before.iter().flatten().flat_map(|line| std::iter::once(&line.total).chain(line.groups.values()));
        let wanted: BTreeSet<&str> = cells.filter(|cell| cell.shown.is_some()).map(|cell| &*cell.since).collect();
        let mut versions: Vec<Arc<str>> = Vec::new();
        let mut lines: Vec<Vec<Snapshot>> = vec![Vec::new(); codes.len()];
        for Told { edition, .. } in past.iter().filter(|told| wanted.contains(&*told.edition.version)) {
            versions.push(Arc::clone(&edition.version));
            for (code, snapshots) in codes.iter().zip(&mut lines) {
                snapshots.push(match edition.frame.line(code, self.period) {
                    Some(line) => self.snapshot(edition, code, line)?,
                    None => vec![None; self.schools.len()],
                });
            }
        }
        let at = |cell: &ToldCell| {
            let has_schools = cell.shown.as_ref().is_some_and(|shown| shown.schools > 0);
            versions.iter().position(|version| has_schools && *version == cell.since)
        };
        let publication = |line: &&ToldLine| Publication {
            total: at(&line.total),
            groups: line
                .groups
                .iter()
                .filter_map(|(name, cell)| Some((*self.groups.get(name.as_str())?, at(cell)?)))
                .collect(),
        };
        let publications: Vec<Vec<Publication>> =
            before.iter().map(|line| line.iter().map(publication).collect()).collect();
        versions.push(Arc::clone(&new.version));
        lines.iter_mut().zip(newest).for_each(|(snapshots, newest)| snapshots.push(newest));
        let family: Vec<Line<'_>> =
            lines.iter().zip(&publications).map(|(snapshots, past)| Line { snapshots, past }).collect();
        let shown = deciding::decide(&family, self.groups.len(), hidden, MEANS);
        let stands = before.iter().map(|line| line.last().copied()).collect();
        Ok((Decided { versions, lines, shown }, stands))
    }

    /// The cells of a decision. What is not shown is suppressed where the total has schools of it.
    fn told(
        &self,
        shown: &Publication,
        (versions, snapshots): (&[Arc<str>], &[Snapshot]),
        stands: Option<&ToldLine>,
        counted: &Counted<'_>,
    ) -> ToldLine {
        let newest = versions.len().saturating_sub(1);
        let reference = shown.total.unwrap_or(newest);
        let sizes = snapshots.get(reference).map(|of| counts(of, self.groups.len())).unwrap_or_default();
        let size = |group: usize| sizes.get(group).copied().unwrap_or(0);
        let version = |at: usize| versions.get(at).cloned().unwrap_or_default();
        let has_hidden = self.groups.values().any(|group| size(*group) > 0 && !shown.groups.contains_key(group));
        let fresh = |figures: &Figures| ToldCell { since: version(newest), shown: Some(said(figures)) };
        let withheld = || ToldCell { since: version(reference), shown: None };
        let empty =
            Figures { schools: Some(0), status: crate::formats::document::Status::Missing, ..Figures::SUPPRESSED };

        let groups = self.groups.iter().map(|(name, group)| {
            let cell = match shown.groups.get(group) {
                Some(at) if *at == newest => counted.groups.get(name).map_or_else(withheld, fresh),
                Some(_) => stands.and_then(|line| line.groups.get(*name)).cloned().unwrap_or_else(withheld),
                // Beside what is hidden an empty group would say how small the others are.
                None if has_hidden => withheld(),
                None => {
                    let figures = counted.groups.get(name).filter(|figures| figures.schools == Some(0));
                    ToldCell { since: version(reference), shown: Some(said(figures.unwrap_or(&empty))) }
                }
            };
            ((*name).to_owned(), cell)
        });
        let total = match shown.total {
            Some(at) if at == newest => fresh(&counted.total),
            Some(_) => stands.map_or_else(withheld, |line| line.total.clone()),
            None if has_hidden || size_of(&counted.total) > 0 => withheld(),
            None => fresh(&counted.total),
        };
        ToldLine { groups: groups.collect(), total }
    }
}

fn size_of(figures: &Figures) -> usize {
    figures.schools.unwrap_or(0)
}

/// The number of schools and the own statistic.
fn said(figures: &Figures) -> Shown {
    Shown {
        schools: size_of(figures),
        value: figures.value.map(|value| value.normalize().to_string()),
        status: figures.status.word().to_owned(),
    }
}
