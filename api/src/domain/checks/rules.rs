//! Findings of the rules: expressions over this table, the school's others and the period before.

use entity::ids::{IndicatorCode, RuleCode};

use super::{Beside, Form};
use crate::{
    error::{Finding, Text},
    formats::{
        decimal,
        document::{Cells, pointer},
        expression::{Facts, Input, Verdict},
    },
    memory::registry::Rule,
};

/// Asks every rule of a table; adds what is broken, returns what could not be asked.
pub(super) fn ask(form: &Form<'_>, cells: &Cells, beside: &Beside, findings: &mut Vec<Finding>) -> Vec<RuleCode> {
    let (dataset, registry) = (form.dataset, form.registry);
    let value = |input: &Input| {
        let table = match (input.dataset == dataset, input.is_previous) {
            (true, false) => cells,
            (_, is_previous) => beside.cells(&input.dataset, is_previous)?,
        };
        table.get(&input.indicator)?.value
    };
    let facts = Facts::of(form.rules.iter().flat_map(|rule| rule.expression.inputs()), |input| {
        Some(decimal::double(value(input)?, registry.decimals(&input.indicator)))
    });
    let digits = |input: &Input| Some(decimal::digits(value(input)?, registry.decimals(&input.indicator)));
    let mut skipped = Vec::new();
    for rule in &form.rules {
        match rule.expression.judge(&facts) {
            Verdict::Holds => {}
            Verdict::Skipped(_) => skipped.push(rule.row.code.clone()),
            Verdict::Breaks => findings.push(broken(rule, dataset, digits)),
        }
    }
    skipped
}

fn broken(rule: &Rule, dataset: &str, digits: impl Fn(&Input) -> Option<String>) -> Finding {
    let inputs = rule.expression.inputs();
    let own = inputs.iter().find(|input| input.dataset == dataset && !input.is_previous);
    // A reviewer reads the finding, and the school's other tables may still be drafts.
    let shown = inputs.iter().filter(|input| input.dataset == dataset);
    let got: Vec<String> =
        shown.filter_map(|input| Some(format!("{} = {}", input.written(), digits(input)?))).collect();
    Finding {
        severity: rule.row.severity,
        code: rule.row.code.0.clone(),
        indicator: own.map(|input| IndicatorCode(input.indicator.clone())),
        pointer: own
            .map_or_else(|| "/observations".to_owned(), |input| format!("/observations/{}", pointer(&input.indicator))),
        message: Text::new(rule.row.message_zh.clone(), rule.row.message_en.clone()),
        expected: Some(rule.row.expression.clone()),
        got: Some(got.join(", ")),
        previous: own.and_then(|input| digits(&Input { is_previous: true, ..input.clone() })),
    }
}
