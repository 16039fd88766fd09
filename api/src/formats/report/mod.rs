//! A report: numbered tables and drawings, as pages fit for print, workbooks and CSV files.
//!
//! The same report always gives the same bytes. Every text is somebody's: it is escaped for a page, guarded for a
//! spreadsheet, and nothing of it is ever markup, a script or a formula.

pub mod book;
pub mod drawing;
pub mod page;
pub mod sheet;

use rust_decimal::{Decimal, RoundingStrategy};

use super::decimal;

/// A report of one period.
#[derive(Clone, Debug)]
pub struct Report {
    /// `zh` or `en`.
    pub language: &'static str,
    /// Its title.
    pub title: String,
    /// What it is made from: release and date, for the foot of every page.
    pub origin: String,
    /// Words that a reader needs: what a dash means.
    pub legend: Vec<String>,
    /// The heading of the footnotes.
    pub notes_title: String,
    /// Its tables, in their order.
    pub tables: Vec<Table>,
    /// Its drawings.
    pub drawings: Vec<drawing::Drawing>,
}

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name of its files: `table-1`, `appendix-3`.
    pub file: String,
    /// As the printed ones are numbered: `表1`, `附表3`.
    pub number: String,
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<Heading>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// The footnotes, in the order of their numbers.
    pub notes: Vec<String>,
}

/// The name of a column.
#[derive(Clone, Debug)]
pub struct Heading {
    /// For people.
    pub name: String,
    /// For programs; empty where the CSV file leaves it out.
    pub key: String,
    /// Whether it holds figures.
    pub is_figure: bool,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its cells, one for each column.
    pub cells: Vec<Cell>,
    /// Whether it sums up the others.
    pub is_total: bool,
}

/// A cell.
#[derive(Clone, Debug)]
pub enum Cell {
    /// A text, and how far it is indented.
    Text(String, usize),
    /// A figure.
    Figure(Box<Figure>),
}

impl Cell {
    /// A text that stands where it stands.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into(), 0)
    }
}

/// A figure of a table, with everything that is known of it.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// The exact value.
    pub value: Option<Decimal>,
    /// How many places are printed.
    pub decimals: u32,
    /// What stands there where there is no value.
    pub silent: &'static str,
    /// The indicator's code.
    pub indicator: String,
    /// The period that it is of.
    pub period: String,
    /// The word of its status.
    pub status: &'static str,
    /// How many schools contributed, and how many should have.
    pub schools: Option<(usize, usize)>,
    /// What is printed elsewhere, and whether it holds.
    pub claims: Vec<String>,
    /// Everything of it in one line.
    pub title: String,
    /// The numbers of its footnotes.
    pub notes: Vec<usize>,
}

impl Figure {
    /// The digits as printed: rounded half away from zero, with all its places.
    pub fn printed(&self) -> String {
        self.value.map_or_else(
            || self.silent.to_owned(),
            |value| {
                let rounded = value.round_dp_with_strategy(self.decimals, RoundingStrategy::MidpointAwayFromZero);
                let places = usize::try_from(self.decimals).unwrap_or(0);
                format!("{rounded:.places$}")
            },
        )
    }

    /// The exact digits; empty where there is no value.
    pub fn exact(&self) -> String {
        let mut digits = String::new();
        if let Some(value) = &self.value {
            decimal::write_exact(&mut digits, value);
        }
        digits
    }
}
