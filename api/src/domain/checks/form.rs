//! What is asked of a table in a period: its lines, how they hang together, and its rules. Looked up once, and
//! used for the table of every school.

use entity::indicator;

use crate::{
    formats::document::{Cell, Cells},
    memory::registry::{Registry, Rule},
};

/// A line of a form.
#[derive(Debug)]
pub(super) struct Line<'r> {
    /// What the catalogue of the period says of it.
    pub row: &'r indicator::Model,
    /// The place of the line that it lies within.
    pub within: Option<usize>,
    /// The places of the lines that lie within it, in the order of the form; only where they add up to it.
    pub parts: Vec<usize>,
}

/// A table as it is reported in a period.
#[derive(Debug)]
pub struct Form<'r> {
    pub(super) registry: &'r Registry,
    pub(super) dataset: &'r str,
    pub(super) period: &'r str,
    /// The lines, in the order of the form.
    pub(super) lines: Vec<Line<'r>>,
    /// The rules that judge the period, in their order.
    pub(super) rules: Vec<&'r Rule>,
    /// The places of the lines, in the order of their codes.
    by_code: Vec<usize>,
    /// The place of each line, by where its indicator stands in the catalogue.
    places: Vec<Option<usize>>,
}

impl<'r> Form<'r> {
    /// The form of a table in a period.
    pub fn new(registry: &'r Registry, dataset: &'r str, period: &'r str) -> Self {
        let mut places = vec![None; registry.indicators.all().len()];
        let mut lines: Vec<Line<'r>> = Vec::new();
        for (position, row) in registry.placed_lines_in(dataset, period) {
            if let Some(place) = places.get_mut(position) {
                *place = Some(lines.len());
            }
            lines.push(Line { row, within: None, parts: Vec::new() });
        }
        let withins: Vec<Option<usize>> = lines
            .iter()
            .map(|line| {
                let position = registry.indicators.position(line.row.within_code.as_ref()?.as_str())?;
                places.get(position).copied().flatten()
            })
            .collect();
        for (place, within) in withins.into_iter().enumerate() {
            if let Some(line) = lines.get_mut(place) {
                line.within = within;
            }
            if let Some(whole) = within.and_then(|whole| lines.get_mut(whole)).filter(|line| line.row.is_parts_complete)
            {
                whole.parts.push(place);
            }
        }
        let mut by_code: Vec<usize> = (0..lines.len()).collect();
        by_code.sort_by_key(|place| lines.get(*place).map(|line| line.row.code.as_str()));
        let rules = registry.rules.of(dataset).filter(|rule| rule.judges(period)).collect();
        Self { registry, dataset, period, lines, rules, by_code, places }
    }

    /// The line of the indicator at a position of the catalogue, and its place.
    pub(super) fn line(&self, position: usize) -> Option<(usize, &Line<'r>)> {
        let place = self.places.get(position).copied().flatten()?;
        Some((place, self.lines.get(place)?))
    }

    /// Cells that stand at the places of their lines, as the cells of a table.
    pub(super) fn cells(&self, mut placed: Vec<Option<Cell>>) -> Cells {
        let codes = self.by_code.iter().filter_map(|place| {
            let cell = placed.get_mut(*place)?.take()?;
            Some((self.lines.get(*place)?.row.code.0.clone(), cell))
        });
        codes.collect()
    }

    /// The cells of a table at the places of their lines; those of no line are left out.
    pub(super) fn align<'c>(&self, cells: &'c Cells) -> Aligned<'c> {
        let mut aligned = vec![None; self.lines.len()];
        let mut places =
            self.by_code.iter().filter_map(|place| Some((place, self.lines.get(*place)?.row.code.as_str())));
        let mut next = places.next();
        // Both are in the order of codes.
        for (code, cell) in cells {
            while next.is_some_and(|(_, line)| line < code.as_str()) {
                next = places.next();
            }
            let Some((place, line)) = next else { break };
            if line == code.as_str()
                && let Some(slot) = aligned.get_mut(*place)
            {
                *slot = Some(cell);
            }
        }
        Aligned(aligned)
    }
}

/// The cells of a table at the places of their lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Aligned<'c>(Vec<Option<&'c Cell>>);

impl<'c> Aligned<'c> {
    /// The cell of the line at a place.
    pub(super) fn cell(&self, place: usize) -> Option<&'c Cell> {
        self.0.get(place).copied().flatten()
    }

    /// Its value.
    pub(super) fn value(&self, place: usize) -> Option<i64> {
        self.cell(place)?.value
    }
}
