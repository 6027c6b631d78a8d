//! The commands: one file each, with its arguments and what it does. [`selection`], [`ready`] and [`existing`] are what they share.

pub mod code;
pub mod completions;
pub mod connect;
pub mod cp;
pub mod doctor;
pub mod existing;
pub mod forget;
pub mod forward;
pub mod job;
pub mod keys;
pub mod list;
pub mod login;
pub mod logs;
pub mod man;
pub mod official_server;
pub mod proxy;
pub mod ready;
pub mod selection;
pub mod server;
pub mod setup;
pub mod speedtest;
pub mod status;
pub mod stop;
