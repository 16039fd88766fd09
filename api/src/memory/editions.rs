//! The catalogue of a period: which indicators hold in it, and what they say there.
//!
//! An indicator says one thing now, and may have said another before a period. Periods of one kind are in
//! the order of their codes, so they are compared as texts.

use std::collections::{BTreeSet, HashMap};

use entity::{dataset, ids::PeriodCode, indicator, indicator_edition, words::PeriodKind};

use super::registry::{Registry, Shelf};

/// What an indicator said before a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The first period that it does not hold for any more.
    pub before: PeriodCode,
    /// The whole definition.
    pub line: indicator::Model,
}

/// The earlier editions of all indicators, by where the indicator stands; each list in the order of time.
#[derive(Debug, Default)]
pub struct Editions(Vec<Vec<Earlier>>);

/// An earlier edition as a whole definition: what never changes is that of now.
pub fn whole(now: &indicator::Model, then: indicator_edition::Model) -> indicator::Model {
    indicator::Model {
        line_no: then.line_no,
        parent_code: then.parent_code,
        within_code: then.within_code,
        is_parts_complete: then.is_parts_complete,
        is_required: then.is_required,
        is_starred: then.is_starred,
        label: then.label,
        label_en: then.label_en,
        printed_label: then.printed_label,
        unit_en: then.unit_en,
        weight_code: then.weight_code,
        minimum: then.minimum,
        maximum: then.maximum,
        threshold: then.threshold,
        better: then.better,
        usual_change: then.usual_change,
        disclosure: then.disclosure,
        source: then.source,
        ..now.clone()
    }
}

impl Editions {
    /// Puts the stored editions beside the indicators that they are of.
    pub fn new(indicators: &Shelf<indicator::Model>, rows: Vec<indicator_edition::Model>) -> Self {
        let mut all = vec![Vec::new(); indicators.every().len()];
        for row in rows {
            let at = indicators.position(row.indicator_code.as_str());
            let Some((now, list)) = at.and_then(|at| indicators.at(at).zip(all.get_mut(at))) else { continue };
            list.push(Earlier { before: row.before_period.clone(), line: whole(now, row) });
        }
        all.iter_mut().for_each(|list| list.sort_by(|a, b| a.before.cmp(&b.before)));
        Self(all)
    }

    /// Those of the indicator at a position, in the order of time.
    pub fn of(&self, position: usize) -> &[Earlier] {
        self.0.get(position).map_or(&[], Vec::as_slice)
    }
}

/// Whether a period lies between two bounds, both of them in it.
pub fn holds(from: Option<&PeriodCode>, to: Option<&PeriodCode>, period: &str) -> bool {
    from.is_none_or(|from| from.as_str() <= period) && to.is_none_or(|to| period <= to.as_str())
}

/// Whether a table is reported for a period.
pub fn is_reported(dataset: &dataset::Model, period: &str) -> bool {
    holds(dataset.valid_from.as_ref(), dataset.valid_to.as_ref(), period)
}

impl Registry {
    fn edition(&self, position: usize, period: &str) -> Option<&indicator::Model> {
        let now = self.indicators.at(position)?;
        let is_there = holds(now.valid_from.as_ref(), now.valid_to.as_ref(), period);
        is_there.then(|| {
            let then = self.editions.of(position).iter().find(|earlier| period < earlier.before.as_str());
            then.map_or(now, |earlier| &earlier.line)
        })
    }

    /// What an indicator says of a period; nothing where it does not hold in it.
    pub fn indicator_in(&self, code: &str, period: &str) -> Option<&indicator::Model> {
        self.edition(self.indicators.position(code)?, period)
    }

    /// The indicators of a table as they stand in a period, in order.
    pub fn lines_in(&self, dataset: &str, period: &str) -> impl Iterator<Item = &indicator::Model> {
        self.placed_lines_in(dataset, period).map(|(_, line)| line)
    }

    /// The same, each with its position in the catalogue.
    pub fn placed_lines_in(&self, dataset: &str, period: &str) -> impl Iterator<Item = (usize, &indicator::Model)> {
        let lines = self.indicators_of.get(dataset).into_iter().flatten();
        lines.filter_map(move |at| Some((*at, self.edition(*at, period)?)))
    }

    /// The tables that are reported for a period, in order.
    pub fn datasets_in(&self, kind: PeriodKind, period: &str) -> impl Iterator<Item = &dataset::Model> {
        self.datasets.all().iter().filter(move |row| row.period_kind == kind && is_reported(row, period))
    }

    /// The indicators of all tables that are reported for a period, as they stand in it, in order.
    pub fn indicators_in(&self, kind: PeriodKind, period: &str) -> impl Iterator<Item = &indicator::Model> {
        let reported = move |row: &&indicator::Model| {
            let dataset = self.datasets.get(row.dataset_code.as_str());
            dataset.is_some_and(|dataset| dataset.period_kind == kind && is_reported(dataset, period))
        };
        (0..self.indicators.all().len()).filter_map(move |at| self.edition(at, period)).filter(reported)
    }

    /// What an indicator said before some periods, in the order of time.
    pub fn earlier(&self, code: &str) -> &[Earlier] {
        self.indicators.position(code).map_or(&[], |at| self.editions.of(at))
    }

    /// One period out of each run of periods in which the lines of a table do not change, in order; the first is
    /// before every period.
    ///
    /// They are there to ask about a run: not every one is the code of a period.
    pub fn runs(&self, dataset: &str) -> Vec<String> {
        let mut begins = BTreeSet::from([String::new()]);
        for at in self.indicators_of.get(dataset).into_iter().flatten() {
            let Some(line) = self.indicators.at(*at) else { continue };
            begins.extend(line.valid_from.iter().map(|from| from.0.clone()));
            // After the last period and before the next: no code of a period goes on like this.
            begins.extend(line.valid_to.iter().map(|to| format!("{to}~")));
            begins.extend(self.editions.of(*at).iter().map(|earlier| earlier.before.0.clone()));
        }
        begins.into_iter().collect()
    }
}

/// The earlier editions of every indicator that has some, for what keeps a copy of the catalogue.
pub fn by_code(registry: &Registry) -> HashMap<&str, &[Earlier]> {
    let all = registry.indicators.all().iter().enumerate();
    all.map(|(at, line)| (line.code.as_str(), registry.editions.of(at))).filter(|(_, list)| !list.is_empty()).collect()
}
