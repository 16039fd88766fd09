//! Findings that follow from the catalogue's tree: what lies within a total, and what adds up to it.

use entity::{indicator, words::Severity};

use super::shown;
use crate::{
    error::{Finding, Text},
    formats::{
        decimal,
        document::{Cells, Status, pointer},
    },
    memory::registry::Registry,
};

/// A value in hundredths of hundredths …: two lines with different decimals are compared on the finer scale.
fn on_scale(value: i64, from: i16, to: i16) -> i128 {
    i128::from(value) * decimal::factor(to - from)
}

/// A count that exceeds the one it lies within is an error, parts that do not add up a warning.
pub(super) fn tree(registry: &Registry, dataset: &str, period: &str, cells: &Cells, previous: &Cells) -> Vec<Finding> {
    let mut findings = Vec::new();
    let value = |line: &indicator::Model| cells.get(line.code.as_str()).and_then(|cell| cell.value);
    for line in registry.lines_in(dataset, period) {
        if let Some(whole) = line.within_code.as_ref().and_then(|code| registry.indicator_in(code.as_str(), period))
            && let (Some(part_value), Some(whole_value)) = (value(line), value(whole))
        {
            let scale = line.decimals.max(whole.decimals);
            if on_scale(part_value, line.decimals, scale) > on_scale(whole_value, whole.decimals, scale) {
                let (got, most) =
                    (decimal::digits(part_value, line.decimals), decimal::digits(whole_value, whole.decimals));
                findings.push(Finding {
                    severity: Severity::Error,
                    code: format!("{}.within", line.code),
                    indicator: Some(line.code.clone()),
                    pointer: format!("/observations/{}", pointer(line.code.as_str())),
                    message: Text::new(
                        format!("“{}”（{got}）大于其所属的“{}”（{most}）", line.label, whole.label),
                        format!("`{}` ({got}) exceeds `{}` ({most}), which it lies within", line.code, whole.code),
                    ),
                    expected: Some(format!("≤ {most}")),
                    got: Some(got),
                    previous: shown(previous, line),
                });
            }
        }
        if line.is_parts_complete {
            findings.extend(parts(registry, line, period, cells, previous));
        }
    }
    findings
}

/// The direct parts of a total must add up to it. Not judged while a part is missing.
fn parts(
    registry: &Registry,
    whole: &indicator::Model,
    period: &str,
    cells: &Cells,
    previous: &Cells,
) -> Option<Finding> {
    let total = cells.get(whole.code.as_str())?.value?;
    let parts: Vec<&indicator::Model> = registry
        .lines_in(whole.dataset_code.as_str(), period)
        .filter(|line| line.within_code.as_ref() == Some(&whole.code))
        .collect();
    let scale = parts.iter().map(|part| part.decimals).max()?.max(whole.decimals);
    let mut sum = 0_i128;
    for part in &parts {
        let cell = cells.get(part.code.as_str())?;
        match (cell.value, cell.status) {
            (Some(value), _) => sum += on_scale(value, part.decimals, scale),
            (None, Status::NotApplicable) => {}
            (None, _) => return None,
        }
    }
    if sum == on_scale(total, whole.decimals, scale) {
        return None;
    }
    let (got, expected) = (decimal::digits(total, whole.decimals), decimal::exact(sum, scale).to_string());
    let names: Vec<&str> = parts.iter().map(|part| part.code.as_str()).collect();
    let labels: Vec<&str> = parts.iter().map(|part| part.label.as_str()).collect();
    Some(Finding {
        severity: Severity::Warning,
        code: format!("{}.parts", whole.code),
        indicator: Some(whole.code.clone()),
        pointer: format!("/observations/{}", pointer(whole.code.as_str())),
        message: Text::new(
            format!("“{}”（{got}）不等于其各分项之和 {expected}（{}）", whole.label, labels.join("＋")),
            format!("`{}` ({got}) is not the sum {expected} of its parts ({})", whole.code, names.join(" + ")),
        ),
        expected: Some(expected),
        got: Some(got),
        previous: shown(previous, whole),
    })
}
