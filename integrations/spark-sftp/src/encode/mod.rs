//! Batches of rows as the bytes of a file.

mod csv;
mod json;
mod parquet;
pub mod patterns;
pub mod sink;
mod text;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};

use self::sink::{Compression, Sink};
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::upload::Upload;

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Format {
    Csv,
    Json,
    Parquet,
    Text,
    /// Only read: a file is a row, as Spark's `binaryFile`.
    Binary,
}

impl Format {
    /// What `format` says: `csv` where it says nothing.
    ///
    /// # Errors
    /// Where it is another word, or files are not in UTF-8.
    pub fn of(options: &Options) -> Result<Self> {
        for name in ["encoding", "charset"] {
            if options.text(name).is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
                return Err(options.refused(name, "is not known: files are UTF-8"));
            }
        }
        match options.text("format").map(str::to_ascii_lowercase).as_deref() {
            None | Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("parquet") => Ok(Self::Parquet),
            Some("text") => Ok(Self::Text),
            Some("binaryfile" | "binary") => Ok(Self::Binary),
            Some(_) => Err(options.refused("format", "is none of csv, json, parquet, text and (to read) binaryFile")),
        }
    }

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Json => ".json",
            Self::Parquet => ".parquet",
            Self::Text => ".txt",
            Self::Binary => "",
        }
    }
}

/// How rows become files.
#[derive(Debug, Clone)]
pub struct Encoding {
    /// The format.
    pub format: Format,
    compression: Compression,
    csv: csv::Dialect,
    json: json::Dialect,
    text: text::Dialect,
    parquet: ::parquet::file::properties::WriterProperties,
}

impl Encoding {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where an option is wrong, or the format is one that is only read.
    pub fn new(options: &Options) -> Result<Self> {
        let format = Format::of(options)?;
        if format == Format::Binary {
            return Err(options.refused("format", "can only be read: write csv, json, parquet or text"));
        }
        // Parquet compresses inside of its files.
        let compression = if format == Format::Parquet { Compression::None } else { Compression::of(options)? };
        Ok(Self {
            format,
            compression,
            csv: csv::Dialect::new(options)?,
            json: json::Dialect::new(options)?,
            text: text::Dialect::new(options),
            parquet: parquet::properties(options, format)?,
        })
    }

    /// How the names of files end, as Spark writes them: `.csv.gz`, `.snappy.parquet`.
    pub fn ending(&self) -> String {
        match self.format {
            Format::Parquet => format!("{}.parquet", parquet::ending(&self.parquet)),
            format => format!("{}{}", format.ending(), self.compression.ending()),
        }
    }

    /// Whether files of this kind behind each other are a file of this kind.
    pub fn can_be_joined(&self) -> bool {
        self.format != Format::Parquet && self.compression.can_be_joined()
    }

    /// Whether the format can hold these columns.
    ///
    /// # Errors
    /// Which it cannot, and what can be done.
    pub fn check(&self, schema: &SchemaRef) -> Result<()> {
        match self.format {
            Format::Csv => csv::check(schema),
            Format::Json => json::check(schema),
            Format::Text => text::check(schema),
            Format::Parquet | Format::Binary => Ok(()),
        }
    }

    /// Begins a file.
    ///
    /// # Errors
    /// Where the format cannot hold these columns.
    pub fn begin(&self, schema: &SchemaRef, upload: Upload) -> Result<Encoder> {
        self.check(schema)?;
        if self.format == Format::Parquet {
            let encoder = parquet::Encoder::new(upload, schema.clone(), self.parquet.clone())?;
            return Ok(Encoder(Kind::Parquet(Box::new(encoder))));
        }
        let mut sink = Sink::new(self.compression, upload)?;
        Ok(Encoder(match self.format {
            Format::Json => Kind::Json(json::Encoder::new(sink, &self.json)),
            Format::Text => Kind::Text(text::Encoder::new(sink, &self.text)),
            _ => {
                if self.csv.header {
                    sink = csv::header(&self.csv, schema, sink)?;
                }
                Kind::Csv(csv::Encoder::new(sink, self.csv.clone()))
            }
        }))
    }
}

/// A file that is being written.
pub struct Encoder(Kind);

enum Kind {
    Csv(csv::Encoder),
    Json(json::Encoder),
    Parquet(Box<parquet::Encoder>),
    Text(text::Encoder),
}

impl Encoder {
    /// Adds rows.
    ///
    /// # Errors
    /// Where the format cannot hold them, or the server refuses them.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.0 {
            Kind::Csv(encoder) => encoder.write(batch),
            Kind::Json(encoder) => encoder.write(batch),
            Kind::Parquet(encoder) => encoder.write(batch),
            Kind::Text(encoder) => encoder.write(batch),
        }
    }

    /// Bytes of the file so far, about: what is still in memory counts where it is much.
    pub fn bytes(&self) -> u64 {
        match &self.0 {
            Kind::Csv(encoder) => encoder.sink().bytes(),
            Kind::Json(encoder) => encoder.sink().bytes(),
            Kind::Parquet(encoder) => encoder.bytes(),
            Kind::Text(encoder) => encoder.sink().bytes(),
        }
    }

    /// Ends the file; the upload still has to be ended.
    ///
    /// # Errors
    /// As writing.
    pub fn finish(self) -> Result<Upload> {
        match self.0 {
            Kind::Csv(encoder) => encoder.finish()?.finish(),
            Kind::Json(encoder) => encoder.finish()?.finish(),
            Kind::Parquet(encoder) => encoder.finish(),
            Kind::Text(encoder) => encoder.finish()?.finish(),
        }
    }
}

/// The first column that a format has no words for.
fn refuse(schema: &SchemaRef, format: &str, way_out: &str, is_foreign: impl Fn(&DataType) -> bool) -> Result<()> {
    match schema.fields().iter().find(|field| is_foreign(field.data_type())) {
        Some(field) => Err(Failure::value(format!(
            "the column {} is of type {}, which {format} cannot hold: {way_out}",
            field.name(),
            field.data_type()
        ))),
        None => Ok(()),
    }
}

/// Whether a type is binary, or has such a one in it.
fn has_binary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_binary(field.data_type())),
        DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => has_binary(field.data_type()),
        _ => false,
    }
}
