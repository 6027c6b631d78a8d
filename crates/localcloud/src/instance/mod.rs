//! A local cloud in a folder (`.localcloud`): who it is, what it writes for others to find it, and how to reach it.
//!
//! ```text
//! lock            held while it runs
//! instance.json   process id, port, account and secret of the one that runs
//! env             what to source: endpoints, credentials, the CLI configuration, PATH
//! env-unset       what undoes it; it stays when the local cloud is stopped, as does env-proxy-unset
//! env-proxy       the same for clients that reach it as their HTTP proxy;  authorities.pem  whom they trust
//! terraformrc     where Terraform finds the provider: in the mirror
//! mirror/         the provider, as both registries' hosts
//! localcloud.log  its log;  requests.log  every request;  moto.log  moto's
//! ```

pub mod client;
pub mod detach;
pub mod env;
pub mod folder;
pub mod mirror;
pub mod orphans;
pub mod status;
pub mod tail;
