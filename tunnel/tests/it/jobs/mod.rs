//! `tunnel job` on a real sshd: `machine` is a host of its own on loopback, whose connections can be cut.

mod cuts;
mod endings;
mod endpoint;
mod machine;
mod many;
mod room;
mod signals;
mod submitting;
