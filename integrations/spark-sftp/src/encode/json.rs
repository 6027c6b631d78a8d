//! JSON, an object a line.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::WriterBuilder;
use arrow::json::writer::{LineDelimited, Writer};

use super::patterns::Patterns;
use super::sink::Sink;
use crate::failure::Result;
use crate::options::Options;

/// How a JSON file is written.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// Whether fields without a value are left out: `ignoreNullFields`, true where it says nothing, as in Spark.
    no_nulls: bool,
    patterns: Patterns,
}

impl Dialect {
    pub(super) fn new(options: &Options) -> Result<Self> {
        Ok(Self { no_nulls: options.flag("ignorenullfields", true)?, patterns: Patterns::new(options)? })
    }
}

/// Whether JSON can hold these columns.
pub(super) fn check(schema: &SchemaRef) -> Result<()> {
    super::refuse(schema, "JSON", "write it as text (base64), or choose parquet", super::has_binary)
}

/// Writes a file.
pub(super) struct Encoder(Writer<Sink, LineDelimited>);

impl Encoder {
    pub(super) fn new(sink: Sink, dialect: &Dialect) -> Self {
        let mut builder = WriterBuilder::new().with_explicit_nulls(!dialect.no_nulls);
        if let Some(pattern) = &dialect.patterns.date {
            builder = builder.with_date_format(pattern.clone());
        }
        if let Some(pattern) = &dialect.patterns.timestamp {
            builder = builder.with_timestamp_tz_format(pattern.clone());
        }
        if let Some(pattern) = &dialect.patterns.timestamp_ntz {
            builder = builder.with_timestamp_format(pattern.clone());
        }
        Self(builder.build(sink))
    }

    pub(super) fn sink(&self) -> &Sink {
        self.0.get_ref()
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.0.write(batch)?)
    }

    pub(super) fn finish(mut self) -> Result<Sink> {
        self.0.finish()?;
        Ok(self.0.into_inner())
    }
}
