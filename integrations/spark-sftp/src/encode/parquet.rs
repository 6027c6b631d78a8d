//! Parquet. A row group is what is held in memory.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::Format;
use crate::failure::Result;
use crate::options::Options;
use crate::upload::Upload;

/// Bytes of a row group where `parquet.block.size` says nothing. Spark has 128 MiB, which a task would hold.
const ROW_GROUP: u64 = 16 * 1024 * 1024;

/// Reads what the options say.
///
/// # Errors
/// Where an option is wrong.
pub(super) fn properties(options: &Options, format: Format) -> Result<WriterProperties> {
    let mut builder = WriterProperties::builder().set_created_by("pyspark_sftp".to_owned());
    if format == Format::Parquet {
        let name = if options.text("compression").is_some() { "compression" } else { "codec" };
        builder = builder.set_compression(match options.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("snappy") => Compression::SNAPPY,
            Some("none" | "uncompressed") => Compression::UNCOMPRESSED,
            Some("gzip") => Compression::GZIP(parquet::basic::GzipLevel::default()),
            Some("zstd") => Compression::ZSTD(ZstdLevel::default()),
            Some("lz4_raw" | "lz4raw" | "lz4") => Compression::LZ4_RAW,
            Some(_) => return Err(options.refused(name, "is none of none, snappy, gzip, zstd and lz4_raw")),
        });
    }
    let bytes = options.size("parquet.block.size")?.unwrap_or(ROW_GROUP);
    Ok(builder.set_max_row_group_bytes(usize::try_from(bytes).ok()).build())
}

/// How names go on in front of `.parquet`.
pub(super) fn ending(properties: &WriterProperties) -> &'static str {
    match properties.compression(&ColumnPath::from("")) {
        Compression::SNAPPY => ".snappy",
        Compression::GZIP(_) => ".gz",
        Compression::ZSTD(_) => ".zstd",
        Compression::LZ4_RAW => ".lz4raw",
        _ => "",
    }
}

/// Writes a file.
pub(super) struct Encoder(ArrowWriter<Upload>);

impl Encoder {
    pub(super) fn new(upload: Upload, schema: SchemaRef, properties: WriterProperties) -> Result<Self> {
        Ok(Self(ArrowWriter::try_new(upload, schema, Some(properties))?))
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.0.write(batch)?)
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.0.bytes_written() + self.0.in_progress_size()) as u64
    }

    pub(super) fn finish(self) -> Result<Upload> {
        Ok(self.0.into_inner()?)
    }
}
