//! JSON, an object a line.

use std::io::{BufReader, Read};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;

use super::{Batches, Malformed, ROWS};
use crate::failure::Result;

/// Reads rows. A line that is no JSON ends it: what follows would be a guess.
pub(super) fn read(bytes: Box<dyn Read + Send>, malformed: Malformed, schema: &SchemaRef) -> Result<Batches> {
    let builder = ReaderBuilder::new(Arc::clone(schema)).with_batch_size(ROWS).with_coerce_primitive(true);
    let reader = builder
        .with_ignore_type_conflicts(malformed != Malformed::Fail)
        .build(BufReader::with_capacity(256 * 1024, bytes))?;
    Ok(Box::new(reader.map(|batch| batch.map_err(|error| super::failure(&error)))))
}
