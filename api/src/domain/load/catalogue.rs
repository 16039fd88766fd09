//! Datasets and indicators: what schools report, and the tree in which it stands.

use std::collections::{BTreeSet, HashMap};

use entity::{
    dataset,
    ids::{DatasetCode, IndicatorCode},
    indicator,
    words::{Aggregation, Partition},
};

use super::{
    faults::{Faults, Wrong},
    known::Known,
    row::{Form, Kind, Row, filled},
    sheet::Sheet,
};
use crate::{
    formats::{
        decimal,
        expression::{is_code, is_name},
    },
    memory::derived,
};

/// `datasets.csv`.
pub(super) struct Datasets;
/// `indicators.csv`.
pub(super) struct Indicators;

// A derived table is in every catalogue already, under its own code.
const DATASET_CODE: Form = Form { like: "scale", is: |code| is_name(code) && !derived::is_derived(code) };

const INDICATOR_CODE: Form = Form { like: "scale.students", is: is_code };

impl Kind for Datasets {
    type Model = dataset::Model;
    const FILE: &'static str = "datasets";
    const COLUMNS: &'static [&'static str] = &["code", "name_zh", "name_en", "period_kind", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["code"], &["name_zh"]];

    fn read(row: &mut Row<'_>, _: &Known) -> Option<dataset::Model> {
        filled!(dataset::Model {
            code: row.form("code", DATASET_CODE).map(DatasetCode),
            position: row.position(),
            name: row.text("name_zh"),
            name_en: row.maybe_text("name_en"),
            period_kind: row.word("period_kind"),
            source: row.text("source"),
            valid_from: Some(None),
            valid_to: Some(None),
            version: Some(1),
            parted_by: Some(Partition::City),
        })
    }
}

/// Another line of the same table, where one is named.
fn line(row: &mut Row<'_>, column: &str, known: &Known) -> Option<Option<IndicatorCode>> {
    let Some(other) = row.maybe_refer(column, &known.indicators)? else { return Some(None) };
    let dataset = row.cell("dataset");
    if other.dataset == dataset {
        return Some(Some(other.code));
    }
    row.fault(column, &Wrong::OtherDataset, dataset);
    None
}

impl Kind for Indicators {
    type Model = indicator::Model;
    const FILE: &'static str = "indicators";
    const COLUMNS: &'static [&'static str] = &[
        "code",
        "dataset",
        "line_no",
        "parent",
        "within",
        "parts_complete",
        "required",
        "starred",
        "label_zh",
        "label_en",
        "printed_label",
        "unit_zh",
        "unit_en",
        "decimals",
        "aggregation",
        "weight",
        "minimum",
        "maximum",
        "threshold",
        "better",
        "usual_change",
        "disclosure",
        "source",
    ];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["code"], &["dataset", "label_zh"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<indicator::Model> {
        let code = row.form("code", INDICATOR_CODE).filter(|code| {
            let is_its_own = code.split_once('.').is_some_and(|(dataset, _)| dataset == row.cell("dataset"));
            if !is_its_own {
                row.fault("code", &Wrong::OtherDataset, row.cell("dataset"));
            }
            is_its_own
        });
        let decimals = row.whole::<i16>("decimals", 0, 15);
        let aggregation = row.word("aggregation");
        let weight = line(row, "weight", known);
        match (aggregation, row.cell("weight")) {
            (Some(Aggregation::WeightedMean), "") => {
                row.contradiction(
                    "weight",
                    "weighted_mean 需要权重指标",
                    "weighted_mean needs an indicator that weighs it",
                );
            }
            (Some(Aggregation::WeightedMean) | None, _) | (_, "") => {}
            _ => row.contradiction("weight", "只有 weighted_mean 才有权重", "only weighted_mean has a weight"),
        }
        let (minimum, maximum) = (row.maybe_fixed("minimum", decimals), row.maybe_fixed("maximum", decimals));
        if let (Some(Some(minimum)), Some(Some(maximum))) = (minimum, maximum)
            && minimum > maximum
        {
            row.contradiction("maximum", "小于 minimum", "is less than the minimum");
        }
        if row.cell("threshold").is_empty() != row.cell("better").is_empty() {
            row.contradiction("better", "threshold 与 better 应同时填写", "threshold and better go together");
        }
        filled!(indicator::Model {
            code: code.map(IndicatorCode),
            dataset_code: row.refer("dataset", &known.datasets).map(|dataset| dataset.code),
            position: row.position(),
            line_no: row.text("line_no"),
            parent_code: line(row, "parent", known),
            within_code: line(row, "within", known),
            is_parts_complete: row.flag("parts_complete"),
            is_required: row.flag("required"),
            is_starred: row.flag("starred"),
            label: row.text("label_zh"),
            label_en: row.maybe_text("label_en"),
            printed_label: row.text("printed_label"),
            unit: row.text("unit_zh"),
            unit_en: row.maybe_text("unit_en"),
            aggregation,
            weight_code: weight,
            minimum,
            maximum,
            threshold: row.maybe_fixed("threshold", decimals),
            decimals,
            better: row.maybe_word("better"),
            usual_change: usual_change(row),
            disclosure: row.word("disclosure"),
            source: row.text("source"),
            valid_from: Some(None),
            valid_to: Some(None),
            version: Some(1),
        })
    }

    fn across(sheet: &Sheet, _: &Known, faults: &mut Faults) {
        for column in ["parent", "within"] {
            circles(sheet, column, faults);
        }
    }
}

/// Percent in the file, hundredths of a percent in the table.
fn usual_change(row: &mut Row<'_>) -> Option<Option<i32>> {
    let Some(change) = row.maybe_fixed("usual_change", Some(2))? else { return Some(None) };
    let within = i32::try_from(change).ok().filter(|change| *change >= 0);
    if within.is_none() {
        row.fault("usual_change", &Wrong::OutOfRange, format!("0–{}", decimal::digits(i64::from(i32::MAX), 2)));
    }
    within.map(Some)
}

/// Faults every chain of references that comes back to its start: once, in its first line.
fn circles(sheet: &Sheet, column: &str, faults: &mut Faults) {
    let next: HashMap<&str, &str> = sheet
        .lines
        .iter()
        .filter_map(|line| Some((sheet.cell(line, "code")?, sheet.cell(line, column).filter(|code| !code.is_empty())?)))
        .collect();
    let mut done = BTreeSet::new();
    for line in &sheet.lines {
        let Some(start) = sheet.cell(line, "code") else { continue };
        let mut chain = vec![start];
        let mut at = start;
        while let Some(code) = next.get(at) {
            if *code == start {
                if done.insert(start) {
                    done.extend(chain.iter().copied());
                    let circle = chain.join(" → ");
                    faults.add(sheet.place(line, column), &Wrong::Cycle, "", format!("{circle} → {start}"));
                }
                break;
            }
            if chain.contains(code) {
                // Leads into a circle that others make.
                break;
            }
            chain.push(code);
            at = code;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_two_names() {
        assert!((INDICATOR_CODE.is)("scale.students_2"));
        for wrong in ["scale", "scale.", ".students", "scale.a.b", "Scale.students", "scale.2", "规模.学生"] {
            assert!(!(INDICATOR_CODE.is)(wrong), "{wrong}");
        }
    }
}
