//! CSV, with Spark's options. Read here because `""` and nothing are two things: an empty text and no text.

mod record;

use std::io::Read;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, SchemaRef};

use self::record::Reader;
use super::times::Times;
use super::{Batches, Malformed, ROWS};
use crate::failure::{Failure, Result};
use crate::options::Options;

/// How a CSV file is read.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    pub(super) header: bool,
    pub(super) separator: u8,
    pub(super) quote: u8,
    pub(super) escape: u8,
    pub(super) comment: Option<u8>,
    pub(super) null: String,
    /// Whether a quoted value may have ends of lines in it: true where `multiLine` says nothing. With false, large files are read in parts.
    pub(super) multiline: bool,
    times: Times,
}

impl Dialect {
    pub(super) fn new(options: &Options) -> Result<Self> {
        let separator = if options.text("sep").is_some() { "sep" } else { "delimiter" };
        let quote = options.letter("quote")?.unwrap_or(b'"');
        Ok(Self {
            header: options.flag("header", true)?,
            separator: options.letter(separator)?.unwrap_or(b','),
            quote,
            escape: options.letter("escape")?.unwrap_or(quote),
            comment: options.letter("comment")?,
            null: options.text("nullvalue").unwrap_or_default().to_owned(),
            multiline: options.flag("multiline", true)?,
            times: Times::new(options)?,
        })
    }

    /// The values of the first line, to be asked for columns by.
    pub(super) fn records<R: Read>(&self, bytes: R) -> Reader<R> {
        Reader::new(bytes, self.clone())
    }
}

/// Rows whose values are texts, in the order of the columns.
struct Rows<R> {
    records: Reader<R>,
    schema: SchemaRef,
    dialect: Dialect,
    malformed: Malformed,
}

/// Reads rows. `is_first` says whether the header is in these bytes.
pub(super) fn read(
    bytes: Box<dyn Read + Send>,
    is_first: bool,
    dialect: &Dialect,
    malformed: Malformed,
    schema: &SchemaRef,
) -> Result<Batches> {
    let mut records = dialect.records(bytes);
    if dialect.header && is_first {
        records.next()?;
    }
    let mut rows = Rows { records, schema: Arc::clone(schema), dialect: dialect.clone(), malformed };
    Ok(Box::new(std::iter::from_fn(move || rows.next().transpose())))
}

impl<R: Read> Rows<R> {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let width = self.schema.fields().len();
        let mut columns: Vec<StringBuilder> = (0..width).map(|_| StringBuilder::new()).collect();
        let mut count = 0;
        while count < ROWS {
            let Some(values) = self.records.next()? else { break };
            if values.len() != width && self.malformed != Malformed::Permissive {
                if self.malformed == Malformed::Fail {
                    return Err(Failure::value(format!(
                        "a row has {} values, and there are {width} columns",
                        values.len()
                    )));
                }
                continue;
            }
            for (number, column) in columns.iter_mut().enumerate() {
                column.append_option(values.get(number));
            }
            count += 1;
        }
        if count == 0 {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let mut typed = Vec::with_capacity(width);
        for (column, field) in columns.iter().zip(self.schema.fields()) {
            let is_text = field.data_type() == &DataType::Utf8;
            let array =
                if is_text { Arc::clone(column) } else { self.dialect.times.cast(column, field, self.malformed)? };
            typed.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), typed.clone(), &options)?;
        if self.malformed != Malformed::Drop {
            return Ok(Some(batch));
        }
        // A value that was there and could not be read is no value now.
        let mut keep = arrow::array::BooleanBuilder::new();
        for row in 0..count {
            keep.append_value(columns.iter().zip(&typed).all(|(text, typed)| text.is_null(row) || typed.is_valid(row)));
        }
        Ok(Some(arrow::compute::filter_record_batch(&batch, &keep.finish())?))
    }
}
