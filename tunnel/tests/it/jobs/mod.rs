//! `tunnel job` on a real sshd: `machine` is a host of its own on loopback, whose connections can be cut.

mod cuts;
mod endings;
mod endpoint;
mod fan_out;
mod greetings;
pub mod machine;
mod many;
mod nodes;
mod room;
mod signals;
mod submitting;
