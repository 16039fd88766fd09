//! Findings that hold a figure against its standard (合格指标) and against the year before.

use entity::{
    indicator,
    words::{Better, Severity},
};

use super::shown;
use crate::{
    error::{Finding, Text},
    formats::{
        decimal,
        document::{Cell, pointer},
    },
};

/// The usual move from year to year where the catalogue does not say: 30 %, in hundredths of a percent.
const USUAL_CHANGE: i32 = 3_000;

fn warning(line: &indicator::Model, code: String, message: Text, previous: Option<&Cell>) -> Finding {
    Finding {
        severity: Severity::Warning,
        code,
        indicator: Some(line.code.clone()),
        pointer: format!("/observations/{}", pointer(line.code.as_str())),
        message,
        expected: None,
        got: None,
        previous: shown(previous, line),
    }
}

/// A value that misses its standard.
pub(super) fn standard(line: &indicator::Model, cell: &Cell, previous: Option<&Cell>) -> Option<Finding> {
    let value = cell.value?;
    let (threshold, better) = (line.threshold?, line.better?);
    let (is_missed, sign) = match better {
        Better::Higher => (value < threshold, '≥'),
        Better::Lower => (value > threshold, '≤'),
    };
    if !is_missed {
        return None;
    }
    let digits = |value| decimal::digits(value, line.decimals);
    let (got, wanted, unit) = (digits(value), digits(threshold), line.unit.as_str());
    let message = Text::new(
        format!("“{}”（{got} {unit}）未达到合格标准 {sign} {wanted}", line.label),
        format!("`{}` ({got}) misses the standard {sign} {wanted}", line.code),
    );
    let finding = warning(line, format!("{}.standard", line.code), message, previous);
    Some(Finding { expected: Some(format!("{sign} {wanted}")), got: Some(got), ..finding })
}

/// A value that moves from the year before by more than is usual; not asked where last year is missing or zero.
pub(super) fn change(line: &indicator::Model, cell: &Cell, previous: &Cell) -> Option<Finding> {
    let value = i128::from(cell.value?);
    let before = i128::from(previous.value.filter(|before| *before != 0)?);
    let usual = i128::from(line.usual_change.unwrap_or(USUAL_CHANGE));
    if (value - before).abs() * 10_000 <= before.abs() * usual {
        return None;
    }
    let percent = decimal::quotient((value - before) * 100, before.abs())?.round_dp(1);
    let usual = decimal::exact(usual, 2);
    let got = shown(Some(cell), line)?;
    let last_year = shown(Some(previous), line)?;
    let message = Text::new(
        format!("“{}”由上期 {last_year} 变为 {got}（{percent:+}%），超过通常变动 {usual}%", line.label),
        format!("`{}` went from {last_year} to {got} ({percent:+} %), more than the usual {usual} %", line.code),
    );
    let finding = warning(line, format!("{}.change", line.code), message, Some(previous));
    Some(Finding { expected: Some(format!("{last_year} ± {usual} %")), got: Some(got), ..finding })
}
