//! Parquet: of a file, the columns that are asked for.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::RowGroupMetaData;

use super::statistics::{self, Filter};
use super::{Batches, ROWS, times};
use crate::chunks::Chunks;
use crate::download::Remotely;
use crate::failure::Result;

/// The columns of a file.
pub(super) fn schema(file: Remotely) -> Result<Schema> {
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(Chunks::new(file)).map_err(|error| super::failure(&error))?;
    Ok(builder.schema().as_ref().clone().with_metadata(std::collections::HashMap::default()))
}

/// Reads the row groups whose middle is in a part of the file, as Spark divides them, but not those that filters exclude.
pub(super) fn read(
    file: Remotely,
    (from, until): (u64, u64),
    schema: &SchemaRef,
    filters: &[Filter],
) -> Result<Batches> {
    let file = Chunks::new(file);
    let read = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| super::failure(&error))?;
    let may_hold = statistics::may_hold(filters, &read, schema);
    let middle = |group: &RowGroupMetaData| {
        let start = group.columns().iter().map(|column| column.byte_range().0).min().unwrap_or(0);
        start.saturating_add(u64::try_from(group.compressed_size()).unwrap_or(0) / 2)
    };
    let groups = || read.metadata().row_groups().iter().zip(&may_hold);
    let is_ours = |group: &RowGroupMetaData, may_hold: bool| may_hold && (from..until).contains(&middle(group));
    let is_wanted = |name: &str| schema.fields().iter().any(|field| field.name() == name);
    let there = read.schema().fields().iter().enumerate();
    let wanted = there.filter(|(_, field)| is_wanted(field.name())).map(|(number, _)| number);
    let mask = ProjectionMask::roots(read.parquet_schema(), wanted);
    let columns = (0..read.parquet_schema().num_columns()).filter(|column| mask.leaf_included(*column)).count();
    let chunks = groups().filter(|(group, may_hold)| is_ours(group, **may_hold)).flat_map(|(group, _)| {
        let chunks = group.columns().iter().enumerate().filter(|(column, _)| mask.leaf_included(*column));
        chunks.map(|(_, chunk)| chunk.byte_range()).map(|(start, length)| start..start.saturating_add(length))
    });
    file.plan(chunks.collect(), columns);
    let ours = groups().enumerate().filter(|(_, (group, may_hold))| is_ours(group, **may_hold));
    let ours = ours.map(|(number, _)| number).collect();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, read);
    let reader = builder.with_row_groups(ours).with_projection(mask).with_batch_size(ROWS).build();
    let reader = reader.map_err(|error| super::failure(&error))?;
    let schema = Arc::clone(schema);
    Ok(Box::new(reader.map(move |batch| shaped(&batch.map_err(|error| super::failure(&error))?, &schema))))
}

/// The batch with exactly these columns: one that the file does not have is null.
fn shaped(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let column = |field: &Arc<arrow::datatypes::Field>| -> Result<ArrayRef> {
        match batch.column_by_name(field.name()) {
            Some(array) => times::as_type(array, field),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)?)
}
