//! Reading a log that grows, from its end on, as `tail -F` does: one that was emptied, or put in the place of another, goes on from its
//! beginning.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Bytes that are looked at a time for the beginning of the last lines.
const CHUNK: u64 = 64 * 1024;

/// A log, and how far it was read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    file: File,
    read: u64,
}

impl Tail {
    /// A log from its last `lines` on, or from its beginning.
    ///
    /// # Errors
    /// The system's, when it cannot be read.
    pub fn open(path: &Path, lines: Option<usize>) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let read = match lines {
            Some(lines) => begin_of_last(&file, lines)?,
            None => 0,
        };
        Ok(Self { path: path.to_owned(), file, read })
    }

    /// What was written since the last time.
    ///
    /// # Errors
    /// The system's, when it cannot be read.
    pub fn more(&mut self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.file.metadata()?.len() < self.read {
            self.read = 0;
        }
        self.read_into(&mut bytes)?;
        // Another one in its place: the old one was read to its end just now.
        if let Ok(other) = File::open(&self.path)
            && identity(&other)? != identity(&self.file)?
        {
            (self.file, self.read) = (other, 0);
            self.read_into(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn read_into(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let count = self.file.read_to_end(bytes)?;
        self.read = self.read.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(())
    }
}

fn identity(file: &File) -> std::io::Result<(u64, u64)> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Where the last `lines` of a file begin. What stands after the last line's end is a line too.
fn begin_of_last(file: &File, lines: usize) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    if lines == 0 {
        return Ok(length);
    }
    let (mut end, mut found) = (length, 0_usize);
    while end > 0 {
        let begin = end.saturating_sub(CHUNK);
        let mut chunk = vec![0; usize::try_from(end - begin).unwrap_or_default()];
        file.read_exact_at(&mut chunk, begin)?;
        for (at, _) in (begin..).zip(&chunk).filter(|(_, byte)| **byte == b'\n').collect::<Vec<_>>().into_iter().rev() {
            if at + 1 == length {
                continue;
            }
            found += 1;
            if found == lines {
                return Ok(at + 1);
            }
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn log(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, content).unwrap();
        (dir, path)
    }

    fn append(path: &Path, text: &str) {
        File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn more(tail: &mut Tail) -> String {
        String::from_utf8(tail.more().unwrap()).unwrap()
    }

    #[test]
    fn the_last_lines_are_counted_from_the_end() {
        let check = |content: &str, lines, expected: &str| {
            let (_dir, path) = log(content.as_bytes());
            assert_eq!(more(&mut Tail::open(&path, lines).unwrap()), expected, "{lines:?} of {} bytes", content.len());
        };
        check("a\nb\nc\n", Some(2), "b\nc\n");
        check("a\nb\nc", Some(2), "b\nc");
        check("a\nb\n", Some(9), "a\nb\n");
        check("a\nb\n", Some(0), "");
        check("a\nb\n", None, "a\nb\n");
        check("", Some(3), "");
        check("\n\n\n", Some(2), "\n\n");
        // The line begins two chunks before the end.
        let long = "x".repeat(2 * 64 * 1024 + 7);
        check(&format!("a\nb\n{long}\n"), Some(1), &format!("{long}\n"));
        check(&format!("a\nb\n{long}\n"), Some(2), &format!("b\n{long}\n"));
    }

    #[test]
    fn a_log_that_grows_is_emptied_or_replaced_is_read_on() {
        let (_dir, path) = log(b"one\n");
        let mut tail = Tail::open(&path, None).unwrap();
        assert_eq!(more(&mut tail), "one\n");
        assert_eq!(more(&mut tail), "");
        append(&path, "two");
        assert_eq!(more(&mut tail), "two");
        File::create(&path).unwrap();
        append(&path, "3\n");
        assert_eq!(more(&mut tail), "3\n");
        append(&path, "late\n");
        std::fs::rename(&path, path.with_extension("1")).unwrap();
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(more(&mut tail), "late\nnew\n");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(more(&mut tail), "");
    }
}
