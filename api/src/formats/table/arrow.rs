//! Arrow's IPC file format, and the batches that Parquet is written from, too.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{
    ArrayRef, RecordBatch,
    array::{Decimal128Array, Int64Array, StringArray},
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::{Block, Column, Fault, Head, Kind};

/// The fields of a table as Arrow has them.
pub(super) fn schema(head: &Head) -> Result<SchemaRef, Fault> {
    let fields = head.fields.iter().map(|field| {
        Ok(Field::new(
            field.name,
            match field.kind {
                Kind::Text => DataType::Utf8,
                Kind::Count => DataType::Int64,
                Kind::Number { precision, scale } => {
                    DataType::Decimal128(precision, i8::try_from(scale).map_err(|_| Fault::Misfit("decimals"))?)
                }
            },
            true,
        ))
    });
    let fields = fields.collect::<Result<Vec<Field>, Fault>>()?;
    let facts = head.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Ok(Arc::new(Schema::new_with_metadata(fields, facts.collect::<HashMap<String, String>>())))
}

/// Rows as Arrow has them.
pub(super) fn batch(schema: &SchemaRef, kinds: &[Kind], block: &Block) -> Result<RecordBatch, Fault> {
    let columns = kinds.iter().zip(&block.columns).map(|(kind, column)| -> Result<ArrayRef, Fault> {
        Ok(match (kind, column) {
            (Kind::Text, Column::Text(values)) => Arc::new(StringArray::from_iter(values.iter().map(Option::as_deref))),
            (Kind::Count, Column::Count(values)) => Arc::new(Int64Array::from_iter(values.iter().copied())),
            (Kind::Number { precision, scale }, Column::Number(values)) => {
                let fixed = values
                    .iter()
                    .map(|value| value.map(|value| fixed(&value, *scale)).transpose())
                    .collect::<Result<Vec<Option<i128>>, Fault>>()?;
                let scale = i8::try_from(*scale).map_err(|_| Fault::Misfit("decimals"))?;
                Arc::new(Decimal128Array::from(fixed).with_precision_and_scale(*precision, scale)?)
            }
            _ => return Err(Fault::Misfit("a column of another kind")),
        })
    });
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<Vec<ArrayRef>, Fault>>()?)?)
}

/// A decimal as an integer of so many places.
fn fixed(value: &rust_decimal::Decimal, scale: u8) -> Result<i128, Fault> {
    let value = value.normalize();
    let places = u32::from(scale).checked_sub(value.scale()).ok_or(Fault::Misfit("more decimals than the column"))?;
    10_i128
        .checked_pow(places)
        .and_then(|factor| value.mantissa().checked_mul(factor))
        .ok_or(Fault::Misfit("more digits than the column"))
}

/// The kinds of a table's columns.
pub(super) fn kinds(head: &Head) -> Vec<Kind> {
    head.fields.iter().map(|field| field.kind).collect()
}

/// An IPC file being written.
pub(super) struct Writer {
    ipc: FileWriter<Vec<u8>>,
    schema: SchemaRef,
    kinds: Vec<Kind>,
}

impl Writer {
    pub(super) fn new(head: &Head) -> Result<Self, Fault> {
        let schema = schema(head)?;
        Ok(Self { ipc: FileWriter::try_new(Vec::new(), &schema)?, schema, kinds: kinds(head) })
    }

    pub(super) fn write(&mut self, block: &Block) -> Result<Vec<u8>, Fault> {
        self.ipc.write(&batch(&self.schema, &self.kinds, block)?)?;
        // It counts by itself where in the file it is: what is taken here is not missed.
        Ok(std::mem::take(self.ipc.get_mut()))
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, Fault> {
        self.ipc.finish()?;
        Ok(std::mem::take(self.ipc.get_mut()))
    }
}
