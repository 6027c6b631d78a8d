//! SSH connections to servers of others: reached, known, logged in to, and with as many channels for files as one wants.

mod connection;
pub mod login;
pub mod trust;

pub use self::connection::{Connection, Error, Server};
