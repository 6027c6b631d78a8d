//! Text: a row a line, or a row a file.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{Batches, ROWS, opened, times};
use crate::download::Remotely;
use crate::failure::{Failure, Result};
use crate::options::Options;

/// The longest line, and the longest file that is one row.
const LONGEST: u64 = 256 * 1024 * 1024;

/// How a text file is read.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// Whether a file is a row: `wholetext`.
    pub(super) whole: bool,
    end: Vec<u8>,
}

impl Dialect {
    pub(super) fn new(options: &Options) -> Result<Self> {
        let end = options.any_text("linesep").filter(|end| !end.is_empty()).unwrap_or("\n").as_bytes().to_vec();
        if end.last() != Some(&b'\n')
            && options.text("format").is_some_and(|format| format.eq_ignore_ascii_case("text"))
        {
            return Err(
                options.refused("linesep", "does not end in \\n, which is how lines are found when files are read")
            );
        }
        Ok(Self { whole: options.flag("wholetext", false)?, end })
    }
}

/// The one column.
pub(super) fn schema() -> Schema {
    Schema::new(vec![Field::new("value", DataType::Utf8, true)])
}

/// A batch with this column, under the name that the schema has for it; no column where it has none.
fn batch(texts: StringArray, schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = RecordBatchOptions::new().with_row_count(Some(arrow::array::Array::len(&texts)));
    let texts: ArrayRef = Arc::new(texts);
    let columns = schema.fields().iter().map(|field| times::as_type(&texts, field)).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)?)
}

/// A row a line.
pub(super) fn lines(bytes: Box<dyn Read + Send>, dialect: &Dialect, schema: &SchemaRef) -> Batches {
    let mut bytes = BufReader::with_capacity(256 * 1024, bytes);
    let (schema, end) = (Arc::clone(schema), dialect.end.clone());
    let mut line = Vec::new();
    Box::new(std::iter::from_fn(move || {
        let mut texts = StringBuilder::new();
        let mut count = 0;
        while count < ROWS {
            line.clear();
            match (&mut bytes).take(LONGEST).read_until(b'\n', &mut line) {
                Err(error) => return Some(Err(super::failure(&error))),
                Ok(0) => break,
                Ok(_) => {}
            }
            let text = line.strip_suffix(&*end).or_else(|| line.strip_suffix(b"\n")).unwrap_or(&line);
            let Ok(text) = std::str::from_utf8(text) else { return Some(Err(Failure::value("a line is no UTF-8"))) };
            texts.append_value(text);
            count += 1;
        }
        if count == 0 { None } else { Some(batch(texts.finish(), &schema)) }
    }))
}

/// A row a file.
pub(super) fn whole(file: &Remotely, schema: &SchemaRef) -> Result<Batches> {
    let mut text = String::new();
    opened(file, file.whole())?.take(LONGEST).read_to_string(&mut text).map_err(|error| super::failure(&error))?;
    if text.len() as u64 == LONGEST {
        return Err(Failure::value(format!("{} is too long to be one row", file.path().display())));
    }
    Ok(Box::new(std::iter::once(batch(StringArray::from(vec![text]), schema))))
}
