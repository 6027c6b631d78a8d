//! Standard output, whose reader may leave: `localcloud logs | head` is no error.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

/// Writes, and says whether somebody still reads.
pub(crate) fn write(bytes: &[u8]) -> std::io::Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Ends when nobody reads any more; never, where the system does not tell: for files and terminals. Nothing is written this way.
pub(crate) async fn reader_left() {
    let out = std::io::stdout();
    if !out.is_terminal()
        && let Ok(watched) = out.as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked)
        && watched.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
