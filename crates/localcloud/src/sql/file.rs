//! A part of a file as the body of an answer: it is read as it is sent. Ranges: RFC 9110 section 14.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt, ReadBuf};

use crate::answer::BodyError;

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// Which bytes of a file are wanted: from one, and before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) from: u64,
    pub(super) end: u64,
    /// Whether somebody asked for a part.
    pub(super) is_part: bool,
}

impl Part {
    pub(super) fn whole(size: u64) -> Self {
        Self { from: 0, end: size, is_part: false }
    }
}

/// What a `Range` asks for; nothing where there are no such bytes. A header of another form, or of several ranges, is ignored.
pub(super) fn part(range: &str, size: u64) -> Option<Part> {
    let whole = Some(Part::whole(size));
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|text| text.split_once('-')) else {
        return whole;
    };
    let (from, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(size)),
        (Ok(first), _) if last.is_empty() => (first, size),
        (_, Ok(0)) if first.is_empty() => return None,
        (_, Ok(count)) if first.is_empty() => (size.saturating_sub(count), size),
        _ => return whole,
    };
    (from < size).then_some(Part { from, end, is_part: true })
}

/// The bytes of a part of a file.
pub(super) struct FileBody {
    file: File,
    left: u64,
}

impl FileBody {
    pub(super) async fn new(mut file: File, part: &Part) -> std::io::Result<Self> {
        file.seek(std::io::SeekFrom::Start(part.from)).await?;
        Ok(Self { file, left: part.end.saturating_sub(part.from) })
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; usize::try_from(self.left).unwrap_or(PIECE).min(PIECE)];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.file).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            return Poll::Ready(Some(Err("the file of a result became shorter".into())));
        }
        piece.truncate(read);
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_a_file() {
        let check = |range: &str, expected: Option<(u64, u64, bool)>| {
            let found = part(range, 100).map(|part| (part.from, part.end, part.is_part));
            assert_eq!(found, expected, "{range}");
        };
        check("bytes=0-9", Some((0, 10, true)));
        check("bytes=90-", Some((90, 100, true)));
        check("bytes=90-200", Some((90, 100, true)));
        check("bytes=-10", Some((90, 100, true)));
        check("bytes=-200", Some((0, 100, true)));
        check("bytes=100-", None);
        check("bytes=-0", None);
        check("bytes=9-0", Some((0, 100, false)));
        check("bytes=0-9,20-29", Some((0, 100, false)));
        check("rows=0-9", Some((0, 100, false)));
    }
}
