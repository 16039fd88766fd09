//! What the datasets and indicators of a folder become beside those that are there.
//!
//! A folder names no period, so it describes what holds from the beginning: of an indicator to which officials
//! have given later editions the first, otherwise the only one. Validity and later editions are the officials'
//! and stay. What never changes may not be said differently: it is a fault, and nothing is loaded.

use std::collections::HashMap;

use entity::{dataset, indicator, indicator_edition};
use sea_orm::ConnectionTrait;

use crate::{
    authz,
    domain::indicators::kept,
    error::{Error, Finding, Result, Text},
    memory::editions::whole,
};

/// The rows to be stored.
pub(super) struct Settled {
    /// As the tables shall say.
    pub datasets: Vec<dataset::Model>,
    /// As they shall be said of now.
    pub indicators: Vec<indicator::Model>,
    /// First editions that the folder says differently.
    pub editions: Vec<indicator_edition::Model>,
}

/// Lays what a folder says over what is there.
///
/// # Errors
/// 422 with everything that the folder says differently of what never changes.
pub(super) async fn settle(
    db: &impl ConnectionTrait,
    datasets: Vec<dataset::Model>,
    indicators: Vec<indicator::Model>,
) -> Result<Settled> {
    let mut faults = Vec::new();
    let there = authz::whole::<dataset::Entity>().all(db).await?;
    let there: HashMap<&str, &dataset::Model> = there.iter().map(|row| (row.code.as_str(), row)).collect();
    let datasets = datasets
        .into_iter()
        .map(|row| {
            let Some(old) = there.get(row.code.as_str()) else { return row };
            fixed(
                "datasets",
                row.position,
                "period_kind",
                (old.period_kind.word(), row.period_kind.word()),
                &mut faults,
            );
            let same = dataset::Model {
                valid_from: old.valid_from.clone(),
                valid_to: old.valid_to.clone(),
                version: old.version,
                parted_by: old.parted_by,
                ..row
            };
            if same == **old { same } else { dataset::Model { version: old.version + 1, ..same } }
        })
        .collect();

    let there = authz::whole::<indicator::Entity>().all(db).await?;
    let there: HashMap<&str, &indicator::Model> = there.iter().map(|row| (row.code.as_str(), row)).collect();
    let mut first: HashMap<String, indicator_edition::Model> = HashMap::new();
    for edition in authz::whole::<indicator_edition::Entity>().all(db).await? {
        let is_first =
            first.get(edition.indicator_code.as_str()).is_none_or(|one| edition.before_period < one.before_period);
        if is_first {
            first.insert(edition.indicator_code.0.clone(), edition);
        }
    }
    let mut editions = Vec::new();
    let indicators = indicators
        .into_iter()
        .map(|row| {
            let Some(old) = there.get(row.code.as_str()) else { return row };
            let decimals = (old.decimals.to_string(), row.decimals.to_string());
            for (column, pair) in [
                ("unit_zh", (old.unit.as_str(), row.unit.as_str())),
                ("decimals", (decimals.0.as_str(), decimals.1.as_str())),
                ("aggregation", (old.aggregation.word(), row.aggregation.word())),
            ] {
                fixed("indicators", row.position, column, pair, &mut faults);
            }
            let said = indicator::Model {
                valid_from: old.valid_from.clone(),
                valid_to: old.valid_to.clone(),
                version: old.version,
                ..row
            };
            let Some(edition) = first.remove(said.code.as_str()) else {
                return if said == **old { said } else { indicator::Model { version: old.version + 1, ..said } };
            };
            let before = edition.before_period.clone();
            let was = indicator::Model { position: said.position, ..whole(old, edition) };
            let now = indicator::Model { position: said.position, ..(*old).clone() };
            if was != said {
                editions.push(kept(&said, before));
            }
            if was == said && now == **old { now } else { indicator::Model { version: old.version + 1, ..now } }
        })
        .collect();
    if faults.is_empty() { Ok(Settled { datasets, indicators, editions }) } else { Err(Error::Invalid(faults)) }
}

/// A fault where something that never changes is said differently.
fn fixed(file: &str, position: i32, column: &str, (is, got): (&str, &str), faults: &mut Vec<Finding>) {
    if is == got {
        return;
    }
    let text = Text::new(
        "已载入的编码，其单位、小数位数、汇总方式和统计期类型不能更改：请另用新编码",
        "Of a code that is there, unit, decimals, aggregation and kind of periods never change: use a new code",
    );
    // The header is line 1.
    let at = format!("{file}.csv#/{}/{column}", position.saturating_add(1));
    faults.push(Finding::error("fixed", at, text).with(is, got));
}
