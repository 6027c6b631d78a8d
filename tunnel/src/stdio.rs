//! The proxy's stdin and stdout as asynchronous byte streams.
//!
//! ssh gives its ProxyCommand pipes (or a socket), which the event loop can wait for itself. Anything else, such as a file
//! or a terminal, goes through tokio's blocking threads: making those non-blocking would change them for other processes.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as StdUnixStream;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// A stream to read.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// A stream to write.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input.
///
/// # Errors
/// When the descriptor cannot be duplicated or registered.
pub fn reader() -> io::Result<Reader> {
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let kind = file.metadata()?.file_type();
    if kind.is_fifo() {
        Ok(Box::new(pipe::Receiver::from_file(file)?))
    } else if kind.is_socket() {
        Ok(Box::new(socket(file)?))
    } else {
        Ok(Box::new(tokio::io::stdin()))
    }
}

/// Standard output.
///
/// # Errors
/// When the descriptor cannot be duplicated or registered.
pub fn writer() -> io::Result<Writer> {
    let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let kind = file.metadata()?.file_type();
    if kind.is_fifo() {
        Ok(Box::new(pipe::Sender::from_file(file)?))
    } else if kind.is_socket() {
        Ok(Box::new(socket(file)?))
    } else {
        Ok(Box::new(tokio::io::stdout()))
    }
}

fn socket(file: File) -> io::Result<UnixStream> {
    let stream = StdUnixStream::from(OwnedFd::from(file));
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}
