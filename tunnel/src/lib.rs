//! SSH to a Databricks cluster through nothing but HTTPS: `connect` and `proxy` on the laptop, `server` on the driver. And what a workspace's
//! own API does without SSH: [`execution`] runs code, [`sql`] statements.
//!
//! ```text
//! ssh <-stdin/stdout-> tunnel proxy <-websocket-> driver proxy <-> tunnel server <-> sshd -i, or a built-in SSH server
//! ```
//!
//! What decides is pure and stands apart from what waits: [`session`] moves bytes over any [`websocket`], [`server`]
//! accepts them, [`endpoint`] finds or starts the server, [`jobs`] outlive their connection, [`commands`] are what people call. The environment is read in
//! [`environment`] alone; processes are started in [`ssh`],
//! [`jobs::supervisor`], [`server::sshd`], [`server::embedded`], [`terraform`], [`editor`], [`pager`] and `commands::mcp` alone.

pub mod cli;
pub mod commands;
pub mod completion;
pub mod editor;
pub mod endpoint;
pub mod environment;
pub mod error;
pub mod execution;
pub mod home;
pub mod jobs;
pub mod json_text;
pub mod keys;
pub mod known_hosts;
pub mod logging;
pub mod orphans;
pub mod pager;
pub mod print;
pub mod progress;
pub mod prompt;
pub mod quote;
pub mod server;
pub mod session;
pub mod signals;
pub mod sql;
pub mod ssh;
pub mod ssh_config;
pub mod ssh_config_file;
pub mod stdio;
pub mod table;
pub mod terraform;
pub mod websocket;
pub mod words;
pub mod workspace;
