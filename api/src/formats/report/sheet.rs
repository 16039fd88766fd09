//! A table of a report as a CSV file: one line a row, and one a figure where a row has several.

use csv::Writer;

use super::{Cell, Figure, Table};
use crate::formats::guarded;

/// What stands of every figure.
const FIGURE: &[&str] =
    &["indicator", "value", "printed", "status", "schools", "expected", "claims", "release", "period"];

/// Writes a table: the texts of its row, then the figure with its exact digits. UTF-8 without a mark.
///
/// # Errors
/// Only where memory fails.
pub fn write(table: &Table, release: &str) -> Result<String, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    let texts: Vec<&str> =
        table.columns.iter().filter(|column| !column.is_figure).map(|column| column.key.as_str()).collect();
    let is_listed = table.columns.iter().any(|column| column.is_figure);
    let head: Vec<&str> = texts.iter().copied().chain(FIGURE.iter().copied().filter(|_| is_listed)).collect();
    writer.write_record(&head)?;
    for row in &table.rows {
        let own: Vec<String> = row
            .cells
            .iter()
            .filter_map(|cell| match cell {
                Cell::Text(text, _) => Some(guarded::cell(text).into_owned()),
                Cell::Figure(_) => None,
            })
            .collect();
        if !is_listed {
            writer.write_record(&own)?;
        }
        for cell in &row.cells {
            if let Cell::Figure(figure) = cell {
                writer.write_record(own.iter().cloned().chain(said(figure, release)))?;
            }
        }
    }
    writer.flush()?;
    let bytes = writer.into_inner().map_err(|fault| fault.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn said(figure: &Figure, release: &str) -> [String; 9] {
    let count =
        |which: fn((usize, usize)) -> usize| figure.schools.map(which).map(|n| n.to_string()).unwrap_or_default();
    [
        figure.indicator.clone(),
        figure.exact(),
        if figure.value.is_some() { figure.printed() } else { String::new() },
        figure.status.to_owned(),
        count(|(schools, _)| schools),
        count(|(_, expected)| expected),
        guarded::cell(&figure.claims.join("；")).into_owned(),
        release.to_owned(),
        figure.period.clone(),
    ]
}
