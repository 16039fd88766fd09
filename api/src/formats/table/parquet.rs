//! Parquet: row groups of a bounded size, Snappy, decimals as `DECIMAL`.

use arrow_schema::SchemaRef;
use parquet::{
    arrow::ArrowWriter,
    basic::Compression,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
};

use super::{Block, Fault, Head, Kind, arrow};

/// So many rows are held before they are written: readers skip by groups, and memory is bounded by one.
const GROUP_ROWS: usize = 131_072;

/// A Parquet file being written.
pub(super) struct Writer {
    parquet: ArrowWriter<Vec<u8>>,
    schema: SchemaRef,
    kinds: Vec<Kind>,
}

impl Writer {
    pub(super) fn new(head: &Head) -> Result<Self, Fault> {
        let schema = arrow::schema(head)?;
        let facts = head.facts.iter().map(|(name, value)| KeyValue::new((*name).to_owned(), value.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_key_value_metadata(Some(facts.collect()))
            .set_created_by("zhiqiao".to_owned())
            .build();
        let parquet = ArrowWriter::try_new(Vec::new(), SchemaRef::clone(&schema), Some(properties))?;
        Ok(Self { parquet, schema, kinds: arrow::kinds(head) })
    }

    pub(super) fn write(&mut self, block: &Block) -> Result<Vec<u8>, Fault> {
        self.parquet.write(&arrow::batch(&self.schema, &self.kinds, block)?)?;
        // It counts by itself where in the file it is: what is taken here is not missed.
        Ok(std::mem::take(self.parquet.inner_mut()))
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, Fault> {
        Ok(self.parquet.into_inner()?)
    }
}
