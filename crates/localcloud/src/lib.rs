//! A Databricks control plane for one machine: the account API, the workspace API and the driver proxy on loopback, and AWS by
//! moto behind a proxy. Only the control plane is emulated: a run that is submitted to a cluster really runs, on this machine.
//!
//! [`Server::start`] serves it in the process of a test; the program `localcloud` serves it for people. Every name is on
//! loopback: the account console is `http://accounts.localhost:PORT`, a workspace `http://dbc-….localhost:PORT`, and the plain
//! `http://127.0.0.1:PORT/_localcloud/…` is the local cloud's own. Clients whose system does not resolve these names take the
//! same port as their HTTP proxy ([`Running::proxy_env`]). With a browser, each of these addresses shows what is there.

mod account;
mod admin;
mod answer;
mod aws;
mod call;
mod catalog;
mod connect;
mod cutting;
mod driver;
mod effect;
mod faults;
mod gate;
mod guard;
mod inner;
pub mod instance;
mod kinds;
mod log;
mod oidc;
mod options;
mod overview;
mod page;
mod principal;
mod route;
mod routes;
mod running;
mod scim;
mod server;
mod shared;
mod sleeping;
mod sql;
mod state;
mod store;
mod time;
mod tls;
mod venv;
mod workspace;

pub use aws::{AwsAccount, AwsObject, AwsUnknown};
pub use faults::{Effect as FaultEffect, Fault};
pub use inner::StartError;
pub use log::Entry as RequestEntry;
pub use options::{Aws, Delays, Options, Sql, SqlEngine, venv_of_tests};
pub use overview::Overview;
pub use running::Running;
pub use server::Server;
pub use shared::shared;
pub use tls::TlsError;
