//! What is built of a release, until it is written: in a file that has no name.
//!
//! The manifest comes before the tables that it is about, and is made of all of them. So that memory holds one table
//! at a time, however many there are, their columns wait on the disk.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
};

use entity::ids::{DatasetCode, PeriodCode};

use super::building::{Built, Slip};
use crate::error::{Error, Result};

/// A table on the disk: where it begins, and how long its parts are.
#[derive(Clone, Copy, Debug)]
struct Place {
    from: u64,
    public: u64,
    protected: u64,
    /// Nothing where nothing is said of what is told.
    disclosure: Option<u64>,
}

/// Tables that are built, and not yet written.
pub(super) struct Spill {
    file: File,
    end: u64,
    places: HashMap<(DatasetCode, PeriodCode), Place>,
}

impl Spill {
    /// An empty one.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { file: tempfile::tempfile().map_err(Error::internal)?, end: 0, places: HashMap::new() })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        self.file.write_all(bytes).map_err(Error::internal)?;
        let length = u64::try_from(bytes.len()).map_err(Error::internal)?;
        self.end += length;
        Ok(length)
    }

    /// Puts a table away.
    pub(super) fn put(&mut self, built: &Built) -> Result<()> {
        let from = self.end;
        self.file.seek(SeekFrom::Start(from)).map_err(Error::internal)?;
        let place = Place {
            from,
            public: self.append(&built.public_columns)?,
            protected: self.append(&built.protected_columns)?,
            disclosure: built.disclosure.as_ref().map(|text| self.append(text.as_bytes())).transpose()?,
        };
        self.places.insert((built.slip.dataset.clone(), built.slip.period.clone()), place);
        Ok(())
    }

    fn read(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(Error::internal)?];
        self.file.read_exact(&mut bytes).map_err(Error::internal)?;
        Ok(bytes)
    }

    /// Takes a table out again; nothing where it was never put there.
    pub(super) fn take(&mut self, slip: &Slip) -> Result<Option<Built>> {
        let Some(place) = self.places.remove(&(slip.dataset.clone(), slip.period.clone())) else { return Ok(None) };
        self.file.seek(SeekFrom::Start(place.from)).map_err(Error::internal)?;
        let (public_columns, protected_columns) = (self.read(place.public)?, self.read(place.protected)?);
        let disclosure = match place.disclosure {
            Some(length) => Some(String::from_utf8(self.read(length)?).map_err(Error::internal)?),
            None => None,
        };
        Ok(Some(Built { slip: slip.clone(), public_columns, protected_columns, disclosure }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(period: &str, public: &[u8], disclosure: Option<&str>) -> Built {
        let slip = Slip {
            dataset: "scale".into(),
            period: period.into(),
            schools: 1,
            public_hash: String::new(),
            protected_hash: String::new(),
            disclosure_hash: None,
            salt: None,
        };
        Built {
            slip,
            public_columns: public.to_vec(),
            protected_columns: b"second".to_vec(),
            disclosure: disclosure.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_put_away_comes_back_in_any_order() {
        let mut spill = Spill::new().unwrap();
        let (one, other) = (built("2022", b"first", Some("{}")), built("2023", b"", None));
        spill.put(&one).unwrap();
        spill.put(&other).unwrap();
        for wanted in [&other, &one] {
            let back = spill.take(&wanted.slip).unwrap().unwrap();
            assert_eq!(back.public_columns, wanted.public_columns);
            assert_eq!((back.protected_columns, back.disclosure), (b"second".to_vec(), wanted.disclosure.clone()));
        }
        assert!(spill.take(&one.slip).unwrap().is_none());
    }
}
