//! Figures as columns: what every aggregate is computed from, released or not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{disclosed::Disclosed, frame::Frame};
use crate::{
    error::{Error, Result},
    formats::{
        columns::{File, Series},
        document::Status,
    },
};

/// The cells of one indicator, one for each school of a frame.
#[derive(Debug, Default)]
pub struct Column {
    /// Value and status by the school's position; nothing where no table has the cell.
    pub cells: Vec<Option<(i64, Status)>>,
    ranked: OnceLock<Vec<(u32, i64)>>,
}

impl Column {
    /// A column of a frame; a status without a value has the value 0, which nobody may count.
    pub fn new(cells: Vec<Option<(i64, Status)>>) -> Self {
        Self { cells, ranked: OnceLock::new() }
    }

    /// An empty column for a frame of so many schools.
    pub fn empty(schools: usize) -> Self {
        Self::new(vec![None; schools])
    }

    /// The value of a school, if it counts.
    pub fn value(&self, school: usize) -> Option<i64> {
        self.cells.get(school).copied().flatten().filter(|(_, status)| status.has_value()).map(|(value, _)| value)
    }

    /// The schools whose values count, smallest value first: found once, used by every median.
    pub fn ranked(&self) -> &[(u32, i64)] {
        self.ranked.get_or_init(|| {
            let mut ranked: Vec<(u32, i64)> = (0_u32..)
                .zip(&self.cells)
                .filter_map(|(school, cell)| {
                    cell.filter(|(_, status)| status.has_value()).map(|(value, _)| (school, value))
                })
                .collect();
            ranked.sort_unstable_by_key(|(_, value)| *value);
            ranked
        })
    }
}

/// One dataset and period of a release: its bytes, and the columns that somebody has asked for.
#[derive(Debug)]
pub struct Table {
    /// Only the schools that have a public figure: who has stated protected ones is not told.
    public: File,
    /// Every school that has a table.
    protected: File,
    /// Where each row of the protected file stands in the public one.
    places: Vec<Option<usize>>,
    /// Where each row of the protected file stands in the frame.
    rows: Vec<Option<usize>>,
    disclosed: OnceLock<Arc<Disclosed>>,
    schools: usize,
    columns: Mutex<HashMap<String, Arc<Column>>>,
}

impl Table {
    /// A table of a release, on the frame of that release.
    pub fn new(public: File, protected: File, frame: &Frame) -> Result<Self> {
        let places: HashMap<&str, usize> =
            public.schools().iter().enumerate().map(|(at, code)| (code.as_str(), at)).collect();
        let all = protected.schools();
        let places: Vec<Option<usize>> = all.iter().map(|code| places.get(code.as_str()).copied()).collect();
        if places.iter().flatten().count() != public.schools().len() {
            return Err(Error::Internal("the public file of a released table names a school more".to_owned()));
        }
        let rows = all.iter().map(|code| frame.position(code)).collect();
        let (columns, disclosed) = Default::default();
        Ok(Self { public, protected, places, rows, disclosed, schools: frame.schools.len(), columns })
    }

    /// With what the release tells outsiders of it.
    #[must_use]
    pub fn telling(self, disclosed: Option<Disclosed>) -> Self {
        let disclosed = disclosed.map_or_else(OnceLock::new, |one| OnceLock::from(Arc::new(one)));
        Self { disclosed, ..self }
    }

    /// What the release tells outsiders of the protected lines. One of before has nothing stored: then it is what
    /// `fresh` says, once.
    pub fn disclosed(&self, fresh: impl FnOnce() -> Result<Disclosed>) -> Result<Arc<Disclosed>> {
        match self.disclosed.get() {
            Some(there) => Ok(Arc::clone(there)),
            None => {
                let made = Arc::new(fresh()?);
                Ok(Arc::clone(self.disclosed.get_or_init(|| made)))
            }
        }
    }

    /// The bytes held for it.
    pub fn size_bytes(&self) -> usize {
        self.public.bytes().len() + self.protected.bytes().len()
    }

    /// Whether a school has a table here at all.
    pub fn has(&self, school: usize) -> bool {
        self.rows.contains(&Some(school))
    }

    /// The schools that have a table here, in the order of the file.
    pub fn schools(&self) -> &[String] {
        self.protected.schools()
    }

    /// One indicator's series, in the order of [`Table::schools`].
    pub fn series(&self, code: &str) -> Result<Option<Series>> {
        match self.public.series(code).map_err(Error::internal)? {
            Some(series) => {
                let cell = |place: &Option<usize>| place.and_then(|at| series.cells.get(at).copied().flatten());
                let cells = self.places.iter().map(cell).collect();
                Ok(Some(Series { cells, ..series }))
            }
            None => self.protected.series(code).map_err(Error::internal),
        }
    }

    /// The indicators that have a series, public ones first.
    pub fn indicators(&self) -> impl Iterator<Item = &str> {
        self.public.indicators().chain(self.protected.indicators())
    }

    /// The column of an indicator, read from the bytes when it is first asked for.
    pub fn column(&self, code: &str) -> Result<Arc<Column>> {
        if let Some(column) = self.columns.lock().unwrap_or_else(PoisonError::into_inner).get(code) {
            return Ok(Arc::clone(column));
        }
        let mut column = Column::empty(self.schools);
        if let Some(series) = self.series(code)? {
            for (row, cell) in self.rows.iter().zip(series.cells) {
                if let Some(slot) = row.and_then(|at| column.cells.get_mut(at)) {
                    *slot = cell.map(|(value, status)| (value.unwrap_or(0), status));
                }
            }
        }
        let column = Arc::new(column);
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).insert(code.to_owned(), Arc::clone(&column));
        Ok(column)
    }
}
