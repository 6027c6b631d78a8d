//! From elsewhere than a server: the bytes of a file as they come, to their place here or wherever else.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::fs::{self, OpenOptions};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::get::settle;
use super::{Carried, Failed, Options, part, random};

/// A file that comes.
pub struct Incoming<S> {
    /// Where it comes from.
    pub place: PathBuf,
    /// How many bytes it has, where that was told.
    pub size: Option<u64>,
    /// Its bytes, in order.
    pub bytes: S,
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Incoming<S> {
    /// Writes what comes, which `place` says in errors. `carried` is told each number of bytes that has been written. Answers how many
    /// there were.
    ///
    /// # Errors
    /// [`Failed`], also where there were fewer or more than was told. What was written then is a beginning.
    pub async fn pour(
        mut self,
        into: &mut (impl AsyncWrite + Unpin),
        place: &Path,
        mut carried: impl FnMut(u64),
    ) -> Result<u64, Failed> {
        let here = Failed::here(place);
        let mut written = 0;
        while let Some(piece) = self.bytes.next().await {
            let piece = piece.map_err(Failed::here(&self.place))?;
            into.write_all(&piece).await.map_err(&here)?;
            written += piece.len() as u64;
            carried(piece.len() as u64);
        }
        into.flush().await.map_err(&here)?;
        match self.size {
            Some(size) if size != written => {
                let what = format!("it was said to have {size} bytes, and {written} came");
                Err(Failed::Changed { place: self.place, what })
            }
            _ => Ok(written),
        }
    }

    /// Has it at its path here, beside which it is written until all of it is there.
    ///
    /// # Errors
    /// [`Failed`]: here is what was here before.
    pub async fn land(self, local: &Path, options: Options, carried: impl FnMut(u64)) -> Result<Carried, Failed> {
        let here = Failed::here(local);
        let part = part(local, &random());
        let mut file = OpenOptions::new().write(true).create_new(true).open(&part).await.map_err(&here)?;
        let landed = async {
            let bytes = self.pour(&mut file, local, carried).await?;
            settle(file, &part, local, None, options).await.map_err(&here)?;
            Ok(Carried { bytes, resumed: 0, was_absent: false })
        };
        let landed = landed.await;
        if landed.is_err() {
            let _ = fs::remove_file(&part).await;
        }
        landed
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn coming(size: u64, pieces: Vec<io::Result<Bytes>>) -> Incoming<impl Stream<Item = io::Result<Bytes>> + Unpin> {
        Incoming { place: "/Volumes/a/b/c/x".into(), size: Some(size), bytes: stream::iter(pieces) }
    }

    #[tokio::test]
    async fn what_does_not_come_whole_changes_nothing_here() {
        let folder = tempfile::tempdir().unwrap();
        let local = folder.path().join("x");
        std::fs::write(&local, b"old").unwrap();
        let check = async |size: u64, pieces: Vec<io::Result<Bytes>>, expected: Result<u64, &str>| {
            let landed = coming(size, pieces).land(&local, Options::default(), |_| {}).await;
            match (landed, expected) {
                (Ok(carried), Ok(bytes)) => assert_eq!(carried.bytes, bytes),
                (Err(failed), Err(words)) => assert!(failed.to_string().contains(words), "{failed}"),
                other => panic!("{other:?}"),
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        };
        let piece = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
        check(9, vec![piece("half"), Err(io::Error::other("cut"))], Err("/Volumes/a/b/c/x: cut")).await;
        check(9, vec![piece("half")], Err("said to have 9 bytes, and 4 came")).await;
        check(9, vec![piece("half"), Err(io::ErrorKind::Interrupted.into())], Err("/Volumes/a/b/c/x: stopped")).await;
        check(3, vec![piece("more")], Err("said to have 3 bytes, and 4 came")).await;
        assert_eq!(std::fs::read(&local).unwrap(), b"old");
        check(8, vec![piece("all "), piece("of i")], Ok(8)).await;
        assert_eq!(std::fs::read(&local).unwrap(), b"all of i");
    }
}
