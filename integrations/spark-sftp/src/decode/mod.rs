//! The bytes of files as batches of rows.

mod binary;
mod csv;
mod infer;
mod json;
mod lines;
mod parquet;
mod statistics;
mod text;
pub mod times;

use std::io::Read;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use crate::download::Remotely;
use crate::encode::Format;
use crate::encode::sink::Compression;
use crate::failure::{Failure, Result};
use crate::options::Options;

pub use statistics::Filter;

/// Rows of a batch.
const ROWS: usize = 8192;

/// Rows of a file, batch by batch.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// What is done with rows that are not what they should be: `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// What cannot be read is null.
    Permissive,
    /// Such rows are left out.
    Drop,
    /// The first of them ends it.
    Fail,
}

/// How files become rows.
#[derive(Debug, Clone)]
pub struct Decoding {
    /// The format.
    pub format: Format,
    csv: csv::Dialect,
    text: text::Dialect,
    malformed: Malformed,
    infers: bool,
}

impl Decoding {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where an option is wrong.
    pub fn new(options: &Options) -> Result<Self> {
        let malformed = match options.text("mode").map(str::to_ascii_lowercase).as_deref() {
            None | Some("permissive") => Malformed::Permissive,
            Some("dropmalformed") => Malformed::Drop,
            Some("failfast") => Malformed::Fail,
            Some(_) => return Err(options.refused("mode", "is none of permissive, dropmalformed and failfast")),
        };
        Ok(Self {
            format: Format::of(options)?,
            csv: csv::Dialect::new(options)?,
            text: text::Dialect::new(options)?,
            malformed,
            infers: options.flag("inferschema", false)?,
        })
    }

    /// Whether a file of this name can be read in parts.
    pub fn can_split(&self, name: &str) -> bool {
        match self.format {
            Format::Parquet => true,
            _ if Compression::of_name(name) != Compression::None => false,
            Format::Csv => !self.csv.multiline,
            Format::Json => true,
            Format::Text => !self.text.whole,
            Format::Binary => false,
        }
    }

    /// The rows whose beginning is in a part of a file, with these columns. Of those that filters exclude, some are left out.
    ///
    /// # Errors
    /// What the server says, or a file of another format.
    pub fn read(
        &self,
        file: &Remotely,
        (from, until): (u64, u64),
        modified: u32,
        schema: &SchemaRef,
        filters: &[Filter],
    ) -> Result<Batches> {
        match self.format {
            Format::Parquet => parquet::read(file.clone(), (from, until), schema, filters),
            Format::Binary => binary::read(file, modified, schema),
            Format::Text if self.text.whole => text::whole(file, schema),
            Format::Csv => csv::read(self.lines(file, (from, until))?, from == 0, &self.csv, self.malformed, schema),
            Format::Json => json::read(self.lines(file, (from, until))?, self.malformed, schema),
            Format::Text => Ok(text::lines(self.lines(file, (from, until))?, &self.text, schema)),
        }
    }

    /// The columns of a file; of one that has no rows to tell their types by, `None` or what is known without.
    ///
    /// # Errors
    /// What the server says, or a file of another format.
    pub fn infer(&self, file: &Remotely) -> Result<(Option<Schema>, bool)> {
        let bytes = || opened(file, file.part(0, infer::SAMPLE));
        Ok(match self.format {
            Format::Parquet => (Some(parquet::schema(file.clone())?), true),
            Format::Csv => infer::csv(bytes()?, &self.csv, self.infers)?,
            Format::Json => infer::json(bytes()?)?,
            Format::Text => (Some(text::schema()), true),
            Format::Binary => (Some(binary::schema()), true),
        })
    }

    fn lines(&self, file: &Remotely, (from, until): (u64, u64)) -> Result<Box<dyn Read + Send>> {
        if from == 0 && until >= file.size() {
            return opened(file, file.whole());
        }
        Ok(Box::new(lines::Lines::new(file, from, until)?))
    }
}

/// Bytes of a file, uncompressed.
fn opened(file: &Remotely, bytes: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>> {
    let name = file.path().file_name().unwrap_or_default().to_string_lossy();
    Ok(match Compression::of_name(&name) {
        Compression::None => Box::new(bytes),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        Compression::Deflate => Box::new(flate2::read::ZlibDecoder::new(bytes)),
        Compression::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(bytes)),
        Compression::Zstd => Box::new(zstd::Decoder::new(bytes)?),
    })
}

/// A failure that went through a library as one of reading.
fn failure(error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(ours) = one.downcast_ref::<Failure>() {
            return Failure { kind: ours.kind, text: ours.text.clone() };
        }
        cause = one.source();
    }
    Failure::value(error.to_string())
}
