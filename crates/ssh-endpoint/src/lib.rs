//! An SSH endpoint on a cluster: what the provider's `databricks_ssh_endpoint` exports, what `tunnel` reads, and where the
//! endpoint's things lie in the workspace. One type and one layout for both, so that they cannot drift apart.
//!
//! In the workspace of the identity that publishes the endpoint:
//! ```text
//! /Workspace/Users/<identity>/.databricks/ssh-tunnel/
//!     bin/<first 16 digits of its SHA-256>/tunnel      the program that the driver runs, shared by all endpoints
//!     endpoints/<name>/bootstrap                       the notebook that starts it
//!     endpoints/<name>/metadata.json                   where the running server listens; written by the server
//! secret scope ssh-tunnel-<name>
//!     server-private-key  server-public-key            the server's host key
//!     authorized-keys                                  the clients that the configuration lists
//!     endpoint                                         the endpoint itself, as JSON of the type below
//!     client-public-key-<first 16 digits>              a client that registered itself, one secret per client
//! ```

pub mod cluster;
mod endpoint;
mod keys;
mod layout;
pub mod official;
mod program;
pub mod publish;
pub mod publish_official;
mod serverless;

pub use endpoint::{SCHEMA_VERSION, SshEndpoint};
pub use layout::{
    AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, ENDPOINT, InvalidName, MANAGED, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY,
    binary_path, check_name, client_secret_name, directory, endpoint_of_scope, root, secret_scope,
};
pub use program::{is_program, processor, sha256_hex};
pub use serverless::{ACCELERATORS, InvalidServerless, LEAST_ENVIRONMENT_VERSION, Serverless};
