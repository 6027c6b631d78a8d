//! A body whose connection is cut in its midst, as a fault says.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

use crate::answer::{Body, BodyError};

/// How long the last bytes have to leave.
const PAUSE: Duration = Duration::from_millis(10);

struct Cutting {
    whole: Body,
    /// Bytes that are let through.
    left: usize,
    /// What was let through is on its way before the cut.
    cut: Option<Pin<Box<Sleep>>>,
}

/// The body, of which the connection's end leaves so many bytes. Its length is told as it was.
pub(crate) fn cut_after(whole: Body, bytes: u64) -> Body {
    Cutting { whole, left: usize::try_from(bytes).unwrap_or(usize::MAX), cut: None }.boxed()
}

impl HttpBody for Cutting {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.left == 0 {
            ready!(self.cut.get_or_insert_with(|| Box::pin(tokio::time::sleep(PAUSE))).as_mut().poll(cx));
            return Poll::Ready(Some(Err("cut by a fault".into())));
        }
        let frame = ready!(Pin::new(&mut self.whole).poll_frame(cx));
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
        data.truncate(self.left);
        self.left = self.left.saturating_sub(data.len());
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        self.whole.size_hint()
    }
}
