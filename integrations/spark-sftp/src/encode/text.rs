//! Text: one column, a line a row.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};

use super::sink::Sink;
use crate::failure::{Failure, Result};
use crate::options::Options;

/// How a text file is written.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    line_end: String,
}

impl Dialect {
    pub(super) fn new(options: &Options) -> Self {
        let line_end = options.any_text("linesep").filter(|end| !end.is_empty()).unwrap_or("\n");
        Self { line_end: line_end.to_owned() }
    }
}

/// Whether a text file can hold these columns.
pub(super) fn check(schema: &SchemaRef) -> Result<()> {
    let is_text = |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match &**schema.fields() {
        [only] if is_text(only.data_type()) => Ok(()),
        fields => Err(Failure::value(format!(
            "the format text writes one column of text, and there are {} columns: select one, or choose csv",
            fields.len()
        ))),
    }
}

/// Writes a file.
pub(super) struct Encoder {
    sink: Sink,
    line_end: String,
    lines: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(sink: Sink, dialect: &Dialect) -> Self {
        Self { sink, line_end: dialect.line_end.clone(), lines: Vec::new() }
    }

    pub(super) fn sink(&self) -> &Sink {
        &self.sink
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let column = cast(batch.column(0), &DataType::LargeUtf8)?;
        let texts = column.as_string::<i64>();
        self.lines.clear();
        for row in 0..texts.len() {
            if texts.is_valid(row) {
                self.lines.extend_from_slice(texts.value(row).as_bytes());
            }
            self.lines.extend_from_slice(self.line_end.as_bytes());
        }
        self.sink.write_all(&self.lines)?;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Sink> {
        Ok(self.sink)
    }
}
