//! Files as rows, with the columns of Spark's `binaryFile`.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::{Batches, times};
use crate::download::Remotely;
use crate::failure::{Failure, Result};

/// The longest file that is a row: Arrow counts a column's bytes in 32 bits.
const LONGEST: u64 = i32::MAX as u64 - 1;

/// The columns.
pub(super) fn schema() -> Schema {
    Schema::new(vec![
        Field::new("path", DataType::Utf8, false),
        Field::new("modificationTime", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("length", DataType::Int64, false),
        Field::new("content", DataType::Binary, true),
    ])
}

/// Reads a file as a row. Its bytes are fetched only where they are asked for.
pub(super) fn read(file: &Remotely, modified: u32, schema: &SchemaRef) -> Result<Batches> {
    let path = file.path().display().to_string();
    let column = |field: &Arc<Field>| {
        let array: ArrayRef = match field.name().as_str() {
            "path" => Arc::new(StringArray::from(vec![path.clone()])),
            "modificationTime" => {
                let time = TimestampMicrosecondArray::from(vec![i64::from(modified) * 1_000_000]);
                Arc::new(time.with_timezone("UTC"))
            }
            "length" => Arc::new(Int64Array::from(vec![i64::try_from(file.size()).unwrap_or(i64::MAX)])),
            "content" => {
                if file.size() > LONGEST {
                    return Err(Failure::value(format!("{path} has {} bytes, and a value at most 2 GiB", file.size())));
                }
                let mut bytes = Vec::new();
                file.whole().read_to_end(&mut bytes).map_err(|error| super::failure(&error))?;
                Arc::new(BinaryArray::from_vec(vec![&bytes]))
            }
            other => {
                return Err(Failure::value(format!(
                    "binaryFile has no column {other}: path, modificationTime, length, content"
                )));
            }
        };
        times::as_type(&array, field)
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)?;
    Ok(Box::new(std::iter::once(Ok(batch))))
}
