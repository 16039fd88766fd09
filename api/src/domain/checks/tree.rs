//! Findings that follow from the catalogue's tree: what lies within a total, and what adds up to it.

use entity::{indicator, words::Severity};

use super::{
    form::{Aligned, Form, Line},
    shown,
};
use crate::{
    error::{Finding, Text},
    formats::{
        decimal,
        document::{Status, pointer},
    },
};

/// A value in hundredths of hundredths …: two lines with different decimals are compared on the finer scale.
fn on_scale(value: i64, from: i16, to: i16) -> i128 {
    i128::from(value) * decimal::factor(to - from)
}

/// A count that exceeds the one it lies within is an error, parts that do not add up a warning.
pub(super) fn tree(form: &Form<'_>, now: &Aligned<'_>, before: &Aligned<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, line) in form.lines.iter().enumerate() {
        findings.extend(exceeds(form, place, line, now, before));
        if line.row.is_parts_complete {
            findings.extend(parts(form, place, line, now, before));
        }
    }
    findings
}

/// A part that is larger than what it lies within.
fn exceeds(form: &Form<'_>, place: usize, line: &Line<'_>, now: &Aligned<'_>, before: &Aligned<'_>) -> Option<Finding> {
    let (part_value, whole_value) = (now.value(place)?, now.value(line.within?)?);
    let (line, whole) = (line.row, form.lines.get(line.within?)?.row);
    let scale = line.decimals.max(whole.decimals);
    if on_scale(part_value, line.decimals, scale) <= on_scale(whole_value, whole.decimals, scale) {
        return None;
    }
    let (got, most) = (decimal::digits(part_value, line.decimals), decimal::digits(whole_value, whole.decimals));
    Some(Finding {
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
        previous: shown(before.cell(place), line),
    })
}

/// The direct parts of a total must add up to it. Not judged while a part is missing.
fn parts(form: &Form<'_>, place: usize, line: &Line<'_>, now: &Aligned<'_>, before: &Aligned<'_>) -> Option<Finding> {
    let (total, whole) = (now.value(place)?, line.row);
    let parts: Vec<(usize, &indicator::Model)> =
        line.parts.iter().filter_map(|part| Some((*part, form.lines.get(*part)?.row))).collect();
    let scale = parts.iter().map(|(_, part)| part.decimals).max()?.max(whole.decimals);
    let mut sum = 0_i128;
    for (place, part) in &parts {
        let cell = now.cell(*place)?;
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
    let names: Vec<&str> = parts.iter().map(|(_, part)| part.code.as_str()).collect();
    let labels: Vec<&str> = parts.iter().map(|(_, part)| part.label.as_str()).collect();
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
        previous: shown(before.cell(place), whole),
    })
}
