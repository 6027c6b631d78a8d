//! SSH to a Databricks cluster through nothing but HTTPS: `connect` and `proxy` on the laptop, `server` on the driver.
//!
//! ```text
//! ssh <-stdin/stdout-> tunnel proxy <-websocket-> driver proxy <-> tunnel server <-> sshd -i
//! ```
//!
//! What decides is pure and stands apart from what waits: [`session`] moves bytes over any websocket, [`websocket`] dials
//! one, [`server`] accepts them. The environment is read in [`environment`] alone; processes are started in [`ssh`],
//! [`sshd`] and [`terraform`] alone.

pub mod authorized_keys;
pub mod bootstrap;
pub mod cli;
pub mod connect;
pub mod driver;
pub mod endpoint;
pub mod environment;
pub mod error;
pub mod keys;
pub mod known_hosts;
pub mod log_ring;
pub mod metadata;
pub mod progress;
pub mod proxy;
pub mod quote;
pub mod server;
pub mod session;
pub mod ssh;
pub mod sshd;
pub mod start;
pub mod stdio;
pub mod terraform;
pub mod websocket;
