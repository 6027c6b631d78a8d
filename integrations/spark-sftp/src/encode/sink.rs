//! What a file's bytes go through on their way: compression, by the names that Spark has for it.

use std::io::{self, Write};

use bzip2::write::BzEncoder;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::failure::Result;
use crate::options::Options;
use crate::upload::Upload;

/// How whole files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compression {
    None,
    Gzip,
    Deflate,
    Bzip2,
    Zstd,
}

impl Compression {
    /// What `compression` (or `codec`) says.
    ///
    /// # Errors
    /// Where it is another word.
    pub fn of(options: &Options) -> Result<Self> {
        let name = if options.text("compression").is_some() { "compression" } else { "codec" };
        match options.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("none" | "uncompressed") => Ok(Self::None),
            Some("gzip" | "gz") => Ok(Self::Gzip),
            Some("deflate") => Ok(Self::Deflate),
            Some("bzip2") => Ok(Self::Bzip2),
            Some("zstd") => Ok(Self::Zstd),
            Some(_) => Err(options.refused(name, "is none of none, gzip, deflate, bzip2 and zstd")),
        }
    }

    /// How the name of a compressed file goes on.
    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Deflate => ".deflate",
            Self::Bzip2 => ".bz2",
            Self::Zstd => ".zst",
        }
    }

    /// The compression that a name tells.
    pub fn of_name(name: &str) -> Self {
        let all = [Self::Gzip, Self::Deflate, Self::Bzip2, Self::Zstd];
        all.into_iter().find(|one| name.to_ascii_lowercase().ends_with(one.ending())).unwrap_or(Self::None)
    }

    /// Whether compressed files behind each other are one: gzip (RFC 1952, 2.2), bzip2 and zstd (RFC 8878, 3) say so.
    pub fn can_be_joined(self) -> bool {
        self != Self::Deflate
    }
}

/// Takes a file's bytes.
pub enum Sink {
    /// As they are.
    Plain(Upload),
    /// Through gzip.
    Gzip(GzEncoder<Upload>),
    /// Through zlib's form of deflate, as Hadoop writes it.
    Deflate(ZlibEncoder<Upload>),
    /// Through bzip2.
    Bzip2(BzEncoder<Upload>),
    /// Through zstd.
    Zstd(zstd::Encoder<'static, Upload>),
}

impl Sink {
    /// Begins.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn new(compression: Compression, upload: Upload) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(upload),
            Compression::Gzip => Self::Gzip(GzEncoder::new(upload, flate2::Compression::new(6))),
            Compression::Deflate => Self::Deflate(ZlibEncoder::new(upload, flate2::Compression::new(6))),
            Compression::Bzip2 => Self::Bzip2(BzEncoder::new(upload, bzip2::Compression::new(9))),
            Compression::Zstd => Self::Zstd(zstd::Encoder::new(upload, 3)?),
        })
    }

    fn compression(&self) -> Compression {
        match self {
            Self::Plain(_) => Compression::None,
            Self::Gzip(_) => Compression::Gzip,
            Self::Deflate(_) => Compression::Deflate,
            Self::Bzip2(_) => Compression::Bzip2,
            Self::Zstd(_) => Compression::Zstd,
        }
    }

    /// Bytes that the file has so far.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Plain(upload) => upload.bytes(),
            Self::Gzip(encoder) => encoder.get_ref().bytes(),
            Self::Deflate(encoder) => encoder.get_ref().bytes(),
            Self::Bzip2(encoder) => encoder.get_ref().bytes(),
            Self::Zstd(encoder) => encoder.get_ref().bytes(),
        }
    }

    /// Ends what has been written so far as a beginning that can be left out when files are joined.
    ///
    /// # Errors
    /// What the server says.
    pub fn head_ends(self) -> Result<Self> {
        let compression = self.compression();
        if !compression.can_be_joined() {
            return Ok(self);
        }
        let mut upload = self.finish()?;
        upload.head_ends();
        Self::new(compression, upload)
    }

    /// Ends the compression.
    ///
    /// # Errors
    /// What the server says.
    pub fn finish(self) -> Result<Upload> {
        Ok(match self {
            Self::Plain(upload) => upload,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Deflate(encoder) => encoder.finish()?,
            Self::Bzip2(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(upload) => upload.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Deflate(encoder) => encoder.write(bytes),
            Self::Bzip2(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // A flush in the middle would only make what is compressed larger.
        Ok(())
    }
}
