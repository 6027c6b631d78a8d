//! Where a result is written: stdout as it comes, or a file that is whole or not there.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::result::Sink;
use super::row::Row;
use super::writers::Writer;
use crate::error::{Context, Error, Result};

/// What is collected before it is written, in bytes.
const FULL: usize = 256 * 1024;

/// Where a result goes.
pub struct Output {
    to: Box<dyn AsyncWrite + Unpin>,
    /// The file that the result gets its name from once it is whole.
    file: Option<(TempPath, PathBuf)>,
    buffer: Vec<u8>,
}

impl Output {
    /// stdout, or a file. What is no file to replace, as `/dev/null`, is written as it is.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub async fn open(file: Option<&Path>) -> Result<Self> {
        let buffer = Vec::with_capacity(2 * FULL);
        let Some(path) = file else { return Ok(Self { to: Box::new(tokio::io::stdout()), file: None, buffer }) };
        let cannot = || format!("cannot write {}", path.display());
        let is_device = |kind: std::fs::FileType| kind.is_char_device() || kind.is_fifo() || kind.is_socket();
        if std::fs::metadata(path).is_ok_and(|there| is_device(there.file_type())) {
            let to = File::options().write(true).open(path).await.context(cannot)?;
            return Ok(Self { to: Box::new(to), file: None, buffer });
        }
        // A link stays one: what it leads to is replaced.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (to, draft) = NamedTempFile::with_prefix_in(".tunnel-sql-", folder).context(cannot)?.into_parts();
        Ok(Self { to: Box::new(File::from_std(to)), file: Some((draft, target)), buffer })
    }

    /// What somebody reads.
    pub fn to(reader: impl AsyncWrite + Unpin + 'static) -> Self {
        Self { to: Box::new(reader), file: None, buffer: Vec::new() }
    }

    /// What is to be written next.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes what has been collected, if that is much.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn flush(&mut self) -> Result<()> {
        if self.buffer.len() >= FULL { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<()> {
        let written = self.to.write_all(&self.buffer).await;
        self.buffer.clear();
        written.or_else(|error| self.refused(error))
    }

    /// Writes the rest; a file gets its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end(mut self) -> Result<()> {
        self.write().await?;
        if let Err(error) = self.to.flush().await {
            self.refused(error)?;
        }
        if let Some((draft, target)) = self.file {
            let name = target.display().to_string();
            let named = tokio::task::spawn_blocking(move || {
                std::fs::File::open(&draft).and_then(|file| file.sync_all())?;
                draft.persist(&target).map_err(|error| error.error)
            });
            let named = named.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            named.context(|| format!("cannot write {name}"))?;
        }
        Ok(())
    }

    fn refused(&self, error: std::io::Error) -> Result<()> {
        match &self.file {
            None if error.kind() == ErrorKind::BrokenPipe => Err(Error::unread()),
            Some((_, target)) => Err(error).context(|| format!("cannot write {}", target.display())),
            None => Err(error).context(|| "cannot write to stdout".to_owned()),
        }
    }
}

/// Rows as a writer writes them.
pub struct Written<W> {
    writer: W,
    output: Output,
}

impl<W: Writer> Written<W> {
    /// Begins.
    pub fn begin(mut writer: W, mut output: Output) -> Self {
        writer.begin(output.buffer());
        Self { writer, output }
    }

    /// Ends.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end(mut self) -> Result<()> {
        self.writer.end(self.output.buffer());
        self.output.end().await
    }
}

impl<W: Writer> Sink for Written<W> {
    fn row(&mut self, row: &Row) -> Result<()> {
        self.writer.row(row, self.output.buffer());
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.output.flush().await
    }
}
