//! Columns of a released table as Parquet bytes: one row a school, one column an indicator.
//!
//! A value column is an optional `INT64` with the logical type `DECIMAL(18, decimals)`,
//! so that any Parquet reader shows exact decimals. Where a cell says something else than
//! a plain value, a second column `<indicator>#status` holds the word.

use std::sync::Arc;

use bytes::Bytes;
use parquet::{
    basic::{Compression, ConvertedType, Encoding, LogicalType, Repetition, Type as Physical},
    column::reader::ColumnReader,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    schema::types::{ColumnPath, Type},
};

use super::document::Status;

/// What is wrong with a file of columns.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The Parquet library said so.
    #[error("parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// Not the layout described above.
    #[error("not a table of this exchange: {0}")]
    Layout(String),
}

/// The cells of one indicator, one for each school of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The indicator's code.
    pub code: String,
    /// The decimals of its fixed-point values.
    pub decimals: i16,
    /// Value and status of each school; nothing where the school's table leaves the cell out.
    pub cells: Vec<Option<(Option<i64>, Status)>>,
}

const STATUS: &str = "#status";

/// Writes a table. Every series has one cell for each school.
pub fn write(schools: &[&str], series: &[Series]) -> Result<Vec<u8>, Fault> {
    let unusual = |series: &Series| series.cells.iter().flatten().any(|(_, status)| *status != Status::Reported);
    let mut fields = vec![Arc::new(text("school", Repetition::REQUIRED)?)];
    for one in series {
        fields.push(Arc::new(
            Type::primitive_type_builder(&one.code, Physical::INT64)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(Some(LogicalType::decimal(i32::from(one.decimals), 18)))
                .with_precision(18)
                .with_scale(i32::from(one.decimals))
                .build()?,
        ));
        if unusual(one) {
            fields.push(Arc::new(text(&format!("{}{STATUS}", one.code), Repetition::OPTIONAL)?));
        }
    }
    let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
    // Differences of numbers and of codes take few bits; only the few words of a status repeat.
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by("zhiqiao".to_owned())
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(ColumnPath::from("school"), Encoding::DELTA_BYTE_ARRAY);
    for one in series.iter().filter(|one| unusual(one)) {
        let status = ColumnPath::from(format!("{}{STATUS}", one.code));
        properties =
            properties.set_column_dictionary_enabled(status.clone(), true).set_column_encoding(status, Encoding::PLAIN);
    }
    let properties = properties.build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    if schools.is_empty() {
        // A file without rows has no group of rows either: every reader takes that.
        return Ok(writer.into_inner()?);
    }
    let mut group = writer.next_row_group()?;

    let names: Vec<ByteArray> = schools.iter().map(|code| ByteArray::from(*code)).collect();
    put::<ByteArrayType>(&mut group, &names, None)?;
    for one in series {
        let values: Vec<i64> = one.cells.iter().filter_map(|cell| cell.and_then(|(value, _)| value)).collect();
        let present = levels(one.cells.iter().map(|cell| matches!(cell, Some((Some(_), _)))));
        put::<Int64Type>(&mut group, &values, Some(&present))?;
        if unusual(one) {
            let words: Vec<ByteArray> =
                one.cells.iter().flatten().map(|(_, status)| ByteArray::from(status.word())).collect();
            let present = levels(one.cells.iter().map(Option::is_some));
            put::<ByteArrayType>(&mut group, &words, Some(&present))?;
        }
    }
    group.close()?;
    Ok(writer.into_inner()?)
}

fn text(name: &str, repetition: Repetition) -> Result<Type, ParquetError> {
    Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_repetition(repetition)
        .with_converted_type(ConvertedType::UTF8)
        .with_logical_type(Some(LogicalType::String))
        .build()
}

fn levels(present: impl Iterator<Item = bool>) -> Vec<i16> {
    present.map(i16::from).collect()
}

fn put<T: parquet::data_type::DataType>(
    group: &mut parquet::file::writer::SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<(), Fault> {
    let mut column = group.next_column()?.ok_or_else(|| Fault::Layout("too few columns".to_owned()))?;
    column.typed::<T>().write_batch(values, present, None)?;
    column.close()?;
    Ok(())
}

/// A table that was written by [`write()`]; columns are read when they are asked for.
#[derive(Clone)]
pub struct File {
    bytes: Bytes,
    /// The index of the bytes, read once.
    reader: Arc<SerializedFileReader<Bytes>>,
    schools: Vec<String>,
    columns: Vec<String>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("bytes", &self.bytes.len()).field("columns", &self.columns.len()).finish()
    }
}

impl File {
    /// Opens the bytes of a table.
    pub fn open(bytes: Bytes) -> Result<Self, Fault> {
        let reader = Arc::new(SerializedFileReader::new(bytes.clone())?);
        let columns: Vec<String> =
            reader.metadata().file_metadata().schema_descr().columns().iter().map(|c| c.name().to_owned()).collect();
        let is_empty = reader.metadata().num_row_groups() == 0;
        let names = if is_empty { Vec::new() } else { read_text(&reader, 0)?.0 };
        let schools = names
            .into_iter()
            .map(|name| {
                String::from_utf8(name.data().to_vec()).map_err(|_| Fault::Layout("a school's code".to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { bytes, reader, schools, columns })
    }

    /// The schools, in the order of the rows.
    pub fn schools(&self) -> &[String] {
        &self.schools
    }

    /// The bytes, which are also the download.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The indicators that have a column.
    pub fn indicators(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().skip(1).map(String::as_str).filter(|name| !name.ends_with(STATUS))
    }

    /// The cells of one indicator; nothing if the table has no such column.
    pub fn series(&self, code: &str) -> Result<Option<Series>, Fault> {
        let Some(at) = self.columns.iter().position(|name| name == code) else { return Ok(None) };
        let reader = self.reader.as_ref();
        let rows = self.schools.len();
        let decimals = i16::try_from(reader.metadata().file_metadata().schema_descr().column(at).type_scale())
            .map_err(|_| Fault::Layout(format!("decimals of {code}")))?;

        if rows == 0 {
            return Ok(Some(Series { code: code.to_owned(), decimals, cells: Vec::new() }));
        }
        let ColumnReader::Int64ColumnReader(mut column) = reader.get_row_group(0)?.get_column_reader(at)? else {
            return Err(Fault::Layout(format!("{code} is not a column of numbers")));
        };
        let (mut values, mut present) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        while column.read_records(rows, Some(&mut present), None, &mut values)?.0 > 0 {}
        let mut values = values.into_iter();
        let mut cells: Vec<Option<(Option<i64>, Status)>> = present
            .iter()
            .map(|level| if *level > 0 { values.next().map(|value| (Some(value), Status::Reported)) } else { None })
            .collect();

        let status = format!("{code}{STATUS}");
        if let Some(at) = self.columns.iter().position(|name| *name == status) {
            let (words, present) = read_text(reader, at)?;
            let mut words = words.into_iter();
            for (cell, level) in cells.iter_mut().zip(present) {
                if level == 0 {
                    continue;
                }
                let word = words.next().ok_or_else(|| Fault::Layout(status.clone()))?;
                let status = std::str::from_utf8(word.data())
                    .ok()
                    .and_then(Status::stated)
                    .ok_or_else(|| Fault::Layout(format!("a status of {code}")))?;
                *cell = Some((cell.and_then(|(value, _)| value), status));
            }
        }
        if cells.len() != rows {
            return Err(Fault::Layout(format!("{code} has {} cells for {rows} schools", cells.len())));
        }
        Ok(Some(Series { code: code.to_owned(), decimals, cells }))
    }
}

fn read_text(reader: &SerializedFileReader<Bytes>, at: usize) -> Result<(Vec<ByteArray>, Vec<i16>), Fault> {
    let ColumnReader::ByteArrayColumnReader(mut column) = reader.get_row_group(0)?.get_column_reader(at)? else {
        return Err(Fault::Layout("a column of words".to_owned()));
    };
    let (mut values, mut present) = (Vec::new(), Vec::new());
    while column.read_records(usize::MAX >> 1, Some(&mut present), None, &mut values)?.0 > 0 {}
    Ok((values, present))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let usual = Series {
            code: "scale.students".to_owned(),
            decimals: 0,
            cells: vec![Some((Some(25688), Status::Reported)), None, Some((Some(0), Status::Reported))],
        };
        let mixed = Series {
            code: "talent.monthly_income".to_owned(),
            decimals: 2,
            cells: vec![
                Some((None, Status::NotApplicable)),
                Some((Some(-12345), Status::Estimated)),
                Some((None, Status::Missing)),
            ],
        };
        let bytes = write(&["62001", "62002", "62003"], &[usual.clone(), mixed.clone()]).unwrap();
        let file = File::open(Bytes::from(bytes)).unwrap();
        assert_eq!(file.schools(), ["62001", "62002", "62003"]);
        assert_eq!(file.indicators().collect::<Vec<_>>(), ["scale.students", "talent.monthly_income"]);
        assert_eq!(file.series("scale.students").unwrap(), Some(usual));
        assert_eq!(file.series("talent.monthly_income").unwrap(), Some(mixed));
        assert_eq!(file.series("absent").unwrap(), None);
    }

    #[test]
    fn a_table_of_nobody_reads_back() {
        let none = Series { code: "scale.students".to_owned(), decimals: 0, cells: Vec::new() };
        let file = File::open(Bytes::from(write(&[], std::slice::from_ref(&none)).unwrap())).unwrap();
        assert!(file.schools().is_empty());
        assert_eq!(file.series("scale.students").unwrap(), Some(none));
        assert_eq!(file.series("absent").unwrap(), None);
        assert!(File::open(Bytes::from(write(&[], &[]).unwrap())).unwrap().schools().is_empty());
    }

    #[test]
    fn the_same_table_is_the_same_bytes() {
        let one =
            |code: &str| Series { code: code.to_owned(), decimals: 0, cells: vec![Some((Some(1), Status::Reported))] };
        assert_eq!(write(&["a"], &[one("x")]).unwrap(), write(&["a"], &[one("x")]).unwrap());
    }
}
