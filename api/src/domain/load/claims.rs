//! Claims: figures that somebody printed, and what answers them.

use entity::{claim, ids::ClaimKey, words::PeriodKind};

use super::{
    faults::Wrong,
    known::{Known, Look},
    row::{Form, Kind, Row, filled},
};
use crate::domain::periods::Period;

/// `claims.csv`.
pub(super) struct Claims;

/// Any well-formed period.
pub(super) const PERIOD: Form = Form { like: "2023 / 2022-2023", is: |code| Period::parse(code).is_some() };

impl Kind for Claims {
    type Model = claim::Model;
    const FILE: &'static str = "claims";
    const COLUMNS: &'static [&'static str] = &[
        "key",
        "label_zh",
        "indicator",
        "statistic",
        "scope",
        "scope_code",
        "period",
        "comparator",
        "value",
        "unit",
        "source",
    ];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["key"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<claim::Model> {
        let indicator = row.maybe_refer("indicator", &known.indicators);
        let period = row.form("period", PERIOD);
        if let (Some(Some(indicator)), Some(period)) = (&indicator, &period) {
            period_of(row, period, &indicator.dataset, known);
        }
        filled!(claim::Model {
            key: row.text("key").map(ClaimKey),
            position: row.position(),
            label: row.text("label_zh"),
            indicator_code: indicator.map(|indicator| indicator.map(|indicator| indicator.code.0)),
            statistic: statistic(row, known),
            scope: row.one_of("scope", &["province", "city", "school"]),
            scope_code: scope_code(row, known),
            period_code: period.map(Into::into),
            comparator: row.one_of("comparator", &["=", ">=", "<=", ">", "<", "~"]),
            value: row.printed("value"),
            unit: row.text("unit"),
            source: row.text("source"),
        })
    }
}

/// Faults a period that is not of the kind that its dataset has.
pub(super) fn period_of(row: &mut Row<'_>, period: &str, dataset: &str, known: &Known) {
    let Look::There(dataset) = known.datasets.look(dataset) else { return };
    let Some(kind) = dataset.period_kind else { return };
    if Period::parse(period).is_some_and(|period| period.kind != kind) {
        let like = match kind {
            PeriodKind::CalendarYear => "2023",
            PeriodKind::SchoolYear => "2022-2023",
        };
        row.fault("period", &Wrong::Form, like);
    }
}

fn scope_code(row: &mut Row<'_>, known: &Known) -> Option<String> {
    match row.cell("scope") {
        "province" => row.refer("scope_code", &known.provinces).map(|()| row.cell("scope_code").to_owned()),
        "city" => row.refer("scope_code", &known.cities).map(|code| code.0),
        "school" => row.refer("scope_code", &known.schools).map(|code| code.0),
        // The word has been named already.
        _ => row.text("scope_code"),
    }
}

/// `value` of an indicator, or an expression of known indicators where there is none.
fn statistic(row: &mut Row<'_>, known: &Known) -> Option<String> {
    let statistic = row.text("statistic")?;
    let (has_indicator, is_value) = (!row.cell("indicator").is_empty(), statistic == "value");
    if has_indicator != is_value {
        row.contradiction(
            "statistic",
            "有 indicator 时应为 value，没有时应为表达式",
            "is `value` where there is an indicator, and an expression where there is none",
        );
        return None;
    }
    if is_value {
        return Some(statistic);
    }
    let mut is_good = true;
    for name in names(&statistic) {
        let code = name.strip_prefix("prev.").unwrap_or(&name);
        if matches!(known.indicators.look(code), Look::Nowhere) {
            row.fault_of("statistic", &Wrong::Unresolved(known.indicators.file), "", code);
            is_good = false;
        }
    }
    is_good.then_some(statistic)
}

/// The dotted names of an expression, without what stands in quotes.
fn names(expression: &str) -> Vec<String> {
    let outside = expression.split(['\'', '"']).step_by(2).collect::<Vec<_>>().join(" ");
    outside
        .split(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '_' | '.')))
        .filter(|word| word.starts_with(|first: char| first.is_ascii_alphabetic()) && word.contains('.'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_found_outside_quotes_and_apart_from_numbers() {
        assert_eq!(names("100.0 * talent.placed / prev.talent.graduates"), ["talent.placed", "prev.talent.graduates"]);
        assert_eq!(names("schools('tier=a.b|c') / 2.5"), Vec::<String>::new());
    }
}
