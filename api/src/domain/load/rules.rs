//! Validation rules: what a table must not say, as expressions over figures.

use std::collections::HashMap;

use entity::{ids::RuleCode, rule, words::Severity};
use sea_orm::ConnectionTrait;

use super::{
    faults::Wrong,
    known::{Known, Look},
    row::{Form, Kind, Row, filled},
};
use crate::{
    authz,
    error::Result,
    formats::expression::{Expression, is_code},
};

/// `rules.csv`.
pub(super) struct Rules;

const RULE_CODE: Form = Form { like: "scale.cohort", is: is_code };

impl Kind for Rules {
    type Model = rule::Model;
    const FILE: &'static str = "rules";
    const COLUMNS: &'static [&'static str] = &["code", "dataset", "severity", "expression", "message_zh", "message_en"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["code"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<rule::Model> {
        filled!(rule::Model {
            code: row.form("code", RULE_CODE).map(RuleCode),
            dataset_code: row.refer("dataset", &known.datasets).map(|dataset| dataset.code),
            position: row.position(),
            severity: row.word::<Severity>("severity"),
            expression: expression(row, known),
            message_zh: row.text("message_zh"),
            message_en: row.text("message_en"),
            is_enabled: Some(true),
            valid_from: Some(None),
            valid_to: Some(None),
            version: Some(1),
        })
    }
}

/// An expression that can be read, and whose indicators are there.
fn expression(row: &mut Row<'_>, known: &Known) -> Option<String> {
    let text = row.text("expression")?;
    match Expression::compile(&text) {
        Ok(rule) => {
            let strangers: Vec<_> = rule
                .inputs()
                .iter()
                .filter(|input| matches!(known.indicators.look(&input.indicator), Look::Nowhere))
                .collect();
            for input in &strangers {
                row.fault_of("expression", &Wrong::Unresolved(known.indicators.file), "", &input.indicator);
            }
            strangers.is_empty().then_some(text)
        }
        Err(fault) => {
            row.fault("expression", &Wrong::Together(fault.placed()), "");
            None
        }
    }
}

/// What the rules of a file become beside those that are there: what officials have switched stays switched,
/// and a rule that says something new is a new version of it.
pub(super) async fn settle(db: &impl ConnectionTrait, rows: Vec<rule::Model>) -> Result<Vec<rule::Model>> {
    let there = authz::whole::<rule::Entity>().all(db).await?;
    let there: HashMap<&str, &rule::Model> = there.iter().map(|row| (row.code.as_str(), row)).collect();
    let settled = |row: rule::Model| {
        let Some(old) = there.get(row.code.as_str()) else { return row };
        let same = rule::Model {
            is_enabled: old.is_enabled,
            valid_from: old.valid_from.clone(),
            valid_to: old.valid_to.clone(),
            version: old.version,
            ..row
        };
        let position = same.position;
        if (rule::Model { position, ..(*old).clone() }) == same {
            same
        } else {
            rule::Model { version: old.version + 1, ..same }
        }
    };
    Ok(rows.into_iter().map(settled).collect())
}
