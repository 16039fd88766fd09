//! `observations.csv`: cells that schools are to push. Read here with the same care, never loaded.

use std::path::Path;

use entity::ids::{DatasetCode, IndicatorCode, PeriodCode, SchoolCode};

use super::{
    Folder,
    claims::{PERIOD, period_of},
    faults::Wrong,
    known::Known,
    row::{Kind, Notes, Row, filled, rows},
    sheet::Sheet,
};
use crate::error::Result;

/// A cell of a school's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservationRow {
    /// The school.
    pub school: SchoolCode,
    /// The table.
    pub dataset: DatasetCode,
    /// The period.
    pub period: PeriodCode,
    /// The line of the table.
    pub indicator: IndicatorCode,
    /// The digits as they stand in the file; they are within the indicator's decimals.
    pub value: String,
}

struct Observations;

impl Kind for Observations {
    type Model = ObservationRow;
    const FILE: &'static str = "observations";
    const COLUMNS: &'static [&'static str] = &["school", "dataset", "period", "indicator", "value"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["school", "period", "indicator"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<ObservationRow> {
        let period = row.form("period", PERIOD);
        if let Some(period) = &period {
            period_of(row, period, row.cell("dataset"), known);
        }
        let indicator = row.refer("indicator", &known.indicators);
        if indicator.as_ref().is_some_and(|indicator| indicator.dataset != row.cell("dataset")) {
            row.fault("indicator", &Wrong::OtherDataset, row.cell("dataset"));
        }
        let decimals = indicator.as_ref().and_then(|indicator| indicator.decimals);
        filled!(ObservationRow {
            school: row.refer("school", &known.schools),
            dataset: row.refer("dataset", &known.datasets).map(|dataset| dataset.code),
            period: period.map(PeriodCode),
            value: decimals.and_then(|decimals| row.fixed("value", decimals)).map(|_| row.cell("value").to_owned()),
            indicator: indicator.map(|indicator| indicator.code),
        })
    }
}

/// The cells of a folder's `observations.csv`, in the order of the file.
///
/// # Errors
/// [`crate::error::Error::Invalid`] with every fault of this file and of the files that it refers to.
pub fn read_observations(dir: &Path) -> Result<Vec<ObservationRow>> {
    let mut notes = Notes::default();
    let folder = Folder::open(dir, &mut notes.faults)?;
    let known = Known::of(&folder, &std::collections::HashMap::new());
    let sheet = Sheet::read(dir, Observations::FILE, Observations::COLUMNS, false, &mut notes.faults);
    let cells = rows::<Observations>(&sheet, &known, &mut notes);
    notes.verdict()?;
    Ok(cells)
}
