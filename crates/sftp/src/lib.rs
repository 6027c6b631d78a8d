//! An SFTP engine: the protocol's packets ([`wire`]), a client of one channel that has many requests on the way ([`client`]), the
//! bytes of a file through one channel or several ([`transfer`]), whole files ([`file`]), trees of them ([`tree`]), and
//! connections to servers ([`ssh`]).
//!
//! All but [`ssh`] runs on any pair of streams: a channel of an SSH connection, or the pipes of a server that runs here.

pub mod client;
pub mod file;
pub mod ssh;
pub mod transfer;
pub mod tree;
pub mod wire;
