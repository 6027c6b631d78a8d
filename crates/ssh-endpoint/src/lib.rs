//! An SSH endpoint on a cluster: what the provider's `databricks_ssh_endpoint` exports, what `tunnel` reads, and where the
//! endpoint's things lie in the workspace. One type and one layout for both, so that they cannot drift apart.
//!
//! In the workspace of the identity that publishes the endpoint, with what its users may do there
//! (`docs/decisions/0011-who-may-use-an-endpoint.md`):
//! ```text
//! /Workspace/Users/<identity>/.databricks/ssh-tunnel/endpoints/<name>/             CAN_RUN
//!     bin/<first 16 digits of its SHA-256>/tunnel      the program that the driver runs
//!     bootstrap                                        the notebook that starts it
//!     server/                                          what the servers write                CAN_MANAGE
//!         metadata.json                                where the running server listens
//!         jobs/                                        copies of what jobs said last
//! secret scope ssh-tunnel-<name>                                                    READ
//!     server-private-key  server-public-key            the server's host key
//!     authorized-keys                                  the clients that the configuration lists
//!     endpoint                                         the endpoint itself, as JSON of the type below
//!     access                                           whom Terraform gave the use of it
//! secret scope ssh-tunnel-<name>.clients                                            WRITE
//!     client-public-key-<first 16 digits>              a client that registered itself, one secret per client
//! ```

pub mod access;
mod choice;
pub mod cluster;
pub mod driver;
mod endpoint;
mod keys;
mod layout;
pub mod official;
mod program;
pub mod publish;
pub mod publish_official;
mod serverless;

pub use choice::{NoProgram, PROGRAM, choose, program_name};
pub use endpoint::{SCHEMA_VERSION, SshEndpoint};
pub use layout::{
    ACCESS, AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, ENDPOINT, InvalidName, MANAGED, SERVER_PRIVATE_KEY,
    SERVER_PUBLIC_KEY, binary_path, check_name, client_secret_name, clients_scope, directory, endpoint_of_scope, root,
    secret_scope,
};
pub use program::{header, is_program, processor, sha256_hex};
pub use serverless::{ACCELERATORS, InvalidServerless, LEAST_ENVIRONMENT_VERSION, Serverless};

/// The text of the notebook that starts the server: Python, since a cluster runs nothing else for its users without a library. It is
/// published beside the program, so that what runs in the name of whoever starts the server is the publisher's alone to change.
pub const NOTEBOOK: &str = include_str!("bootstrap.py");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notebook_is_python_source_that_compiles() {
        assert!(NOTEBOOK.starts_with("# Databricks notebook source\n"));
        let check = "import ast, sys; ast.parse(sys.argv[1])";
        let output = std::process::Command::new("python3").args(["-c", check, NOTEBOOK]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
