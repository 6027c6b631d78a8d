//! The commands: one file each, with its arguments and what it does.

pub mod connect;
pub mod proxy;
pub mod ready;
pub mod selection;
pub mod server;
pub mod setup;
