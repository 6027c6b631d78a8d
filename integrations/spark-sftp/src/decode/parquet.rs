//! Parquet: of a file, the columns that are asked for.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::statistics::{self, Filter};
use super::{Batches, ROWS, times};
use crate::download::Remotely;
use crate::failure::Result;

/// The columns of a file.
pub(super) fn schema(file: Remotely) -> Result<Schema> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| super::failure(&error))?;
    Ok(builder.schema().as_ref().clone().with_metadata(std::collections::HashMap::default()))
}

/// Reads the row groups whose middle is in a part of the file, as Spark divides them, but not those that filters exclude.
pub(super) fn read(
    file: Remotely,
    (from, until): (u64, u64),
    schema: &SchemaRef,
    filters: &[Filter],
) -> Result<Batches> {
    let read = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| super::failure(&error))?;
    let may_hold = statistics::may_hold(filters, &read, schema);
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, read);
    let middle = |group: &parquet::file::metadata::RowGroupMetaData| {
        let start = group.columns().iter().map(|column| column.byte_range().0).min().unwrap_or(0);
        start + u64::try_from(group.compressed_size()).unwrap_or(0) / 2
    };
    let groups = builder.metadata().row_groups().iter().zip(may_hold).enumerate();
    let is_ours = |(number, (group, may_hold))| (may_hold && (from..until).contains(&middle(group))).then_some(number);
    let ours = groups.filter_map(is_ours).collect();
    let there = builder.schema();
    let is_wanted = |name: &str| schema.fields().iter().any(|field| field.name() == name);
    let wanted =
        there.fields().iter().enumerate().filter(|(_, field)| is_wanted(field.name())).map(|(number, _)| number);
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
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
