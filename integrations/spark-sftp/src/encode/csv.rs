//! CSV, with Spark's options. Written here because an empty text must be another thing than no text, as Spark has it: `""` and nothing.

use std::io::Write;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::patterns::Patterns;
use super::sink::Sink;
use crate::failure::Result;
use crate::options::Options;

/// How a CSV file is written and read.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// Whether the first line has the names of the columns: `header`, true where it says nothing.
    pub header: bool,
    /// Between values: `sep` or `delimiter`.
    pub separator: u8,
    /// Around values: `quote`.
    pub quote: u8,
    /// In front of a quote in a value: `escape`. A quote itself where it says nothing (RFC 4180), as in the seed; Spark has a backslash.
    pub escape: u8,
    /// Whether all texts are quoted: `quoteAll`.
    pub quote_all: bool,
    /// No value: `nullValue`.
    pub null: String,
    /// An empty text: `emptyValue`.
    pub empty: String,
    /// Between lines: `lineSep`.
    pub line_end: String,
    /// How times are written.
    pub patterns: Patterns,
}

impl Dialect {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where an option is wrong.
    pub(super) fn new(options: &Options) -> Result<Self> {
        let separator = if options.text("sep").is_some() { "sep" } else { "delimiter" };
        let quote = options.letter("quote")?.unwrap_or(b'"');
        Ok(Self {
            header: options.flag("header", true)?,
            separator: options.letter(separator)?.unwrap_or(b','),
            quote,
            escape: options.letter("escape")?.unwrap_or(quote),
            quote_all: options.flag("quoteall", false)?,
            null: options.text("nullvalue").unwrap_or_default().to_owned(),
            empty: options.any_text("emptyvalue").unwrap_or("\"\"").to_owned(),
            line_end: options.any_text("linesep").filter(|end| !end.is_empty()).unwrap_or("\n").to_owned(),
            patterns: Patterns::new(options)?,
        })
    }

    fn text(&self, text: &str, line: &mut Vec<u8>) {
        if text.is_empty() {
            line.extend_from_slice(self.empty.as_bytes());
            return;
        }
        let has = |letter: u8| text.as_bytes().contains(&letter);
        let is_special =
            |letter: &u8| *letter == self.separator || *letter == self.quote || *letter == b'\n' || *letter == b'\r';
        let is_quoted =
            self.quote_all || text.as_bytes().iter().any(is_special) || text == self.null || text.starts_with('#');
        if !is_quoted {
            line.extend_from_slice(text.as_bytes());
            return;
        }
        line.push(self.quote);
        if has(self.quote) || has(self.escape) {
            for letter in text.bytes() {
                if letter == self.quote || letter == self.escape {
                    line.push(self.escape);
                }
                line.push(letter);
            }
        } else {
            line.extend_from_slice(text.as_bytes());
        }
        line.push(self.quote);
    }
}

/// Whether CSV can hold these columns.
///
/// # Errors
/// Which it cannot.
pub(super) fn check(schema: &SchemaRef) -> Result<()> {
    let way_out = "write it as text (to_json, base64), or choose json or parquet";
    super::refuse(schema, "CSV", way_out, |data_type| data_type.is_nested() || super::has_binary(data_type))
}

/// Writes the names of the columns, as a beginning that can be left out when files are joined.
///
/// # Errors
/// What the server says.
pub(super) fn header(dialect: &Dialect, schema: &SchemaRef, mut sink: Sink) -> Result<Sink> {
    let mut line = Vec::new();
    for (number, field) in schema.fields().iter().enumerate() {
        if number > 0 {
            line.push(dialect.separator);
        }
        dialect.text(field.name(), &mut line);
    }
    line.extend_from_slice(dialect.line_end.as_bytes());
    sink.write_all(&line)?;
    sink.head_ends()
}

/// Writes a file.
pub(super) struct Encoder {
    sink: Sink,
    dialect: Dialect,
    lines: Vec<u8>,
    value: String,
}

/// A column, by the way that its values become text.
enum Column<'a> {
    Text(&'a StringArray),
    Other(&'a dyn Array, ArrayFormatter<'a>),
}

impl Encoder {
    pub(super) fn new(sink: Sink, dialect: Dialect) -> Self {
        Self { sink, dialect, lines: Vec::new(), value: String::new() }
    }

    pub(super) fn sink(&self) -> &Sink {
        &self.sink
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let patterns = self.dialect.patterns.clone();
        let options: FormatOptions<'_> = patterns.options();
        let columns = batch.columns().iter().map(|array| {
            Ok(match array.as_any().downcast_ref::<StringArray>() {
                Some(texts) => Column::Text(texts),
                None => Column::Other(array.as_ref(), ArrayFormatter::try_new(array.as_ref(), &options)?),
            })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        self.lines.clear();
        for row in 0..batch.num_rows() {
            for (number, column) in columns.iter().enumerate() {
                if number > 0 {
                    self.lines.push(self.dialect.separator);
                }
                self.value(column, row)?;
            }
            self.lines.extend_from_slice(self.dialect.line_end.as_bytes());
        }
        self.sink.write_all(&self.lines)?;
        Ok(())
    }

    fn value(&mut self, column: &Column<'_>, row: usize) -> Result<()> {
        match column {
            Column::Text(texts) if texts.is_valid(row) => self.dialect.text(texts.value(row), &mut self.lines),
            Column::Other(array, formatter) if array.is_valid(row) => {
                self.value.clear();
                formatter.value(row).write(&mut self.value)?;
                let is_text = matches!(array.data_type(), DataType::LargeUtf8 | DataType::Utf8View);
                // Numbers have no letter that needs quotes, unless a pattern or a separator brings one.
                if is_text || !self.value.is_empty() {
                    self.dialect.text(&self.value, &mut self.lines);
                }
            }
            _ => self.lines.extend_from_slice(self.dialect.null.as_bytes()),
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Sink> {
        Ok(self.sink)
    }
}
