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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub mod official;
pub mod publish;

/// The newest [`SshEndpoint::schema_version`] that this program understands.
pub const SCHEMA_VERSION: u32 = 1;

/// The secret that holds the server's private host key, in OpenSSH format. It never leaves the scope but for the server.
pub const SERVER_PRIVATE_KEY: &str = "server-private-key";
/// The secret that holds the server's public host key: one OpenSSH public key line.
pub const SERVER_PUBLIC_KEY: &str = "server-public-key";
/// The secret that holds the public keys that the configuration lists, one per line.
pub const AUTHORIZED_KEYS: &str = "authorized-keys";
/// The secret that holds the published [`SshEndpoint`], as JSON: what the provider reads back, and finds changed.
pub const ENDPOINT: &str = "endpoint";
/// The secret that marks an endpoint as Terraform's: the provider's marker of what it made.
pub const MANAGED: &str = "terraform-created-by";
/// The prefix of the secrets that hold the public keys of clients that registered themselves.
pub const CLIENT_PUBLIC_KEY_PREFIX: &str = "client-public-key-";

/// Accelerators of serverless compute: <https://docs.databricks.com/api/workspace/jobs/submit>, `compute.hardware_accelerator`.
pub const ACCELERATORS: [&str; 2] = ["GPU_1xA10", "GPU_8xH100"];
/// The oldest serverless environment that can serve SSH.
pub const LEAST_ENVIRONMENT_VERSION: u32 = 4;

/// Serverless compute for an endpoint. What is not set is the platform's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Serverless {
    /// GPU: `GPU_1xA10` or `GPU_8xH100`. It takes up to 45 minutes to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<String>,
    /// Version of the serverless environment, 4 or newer: 4 where neither it nor `base_environment` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_version: Option<u32>,
    /// Base environment in place of a version: `workspace-base-environments/…`, or the path of its file in the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_environment: Option<String>,
    /// Usage policy that the compute is billed by. A running server with another one is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_policy_id: Option<String>,
}

/// Why there is no such serverless compute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServerless {
    /// Unknown accelerator.
    #[error("{0:?} is no accelerator: it is one of GPU_1xA10 and GPU_8xH100")]
    Accelerator(String),
    /// Too old an environment.
    #[error("environment version {0} cannot serve SSH: it is 4 or newer")]
    EnvironmentVersion(u32),
    /// Two environments.
    #[error("a base environment has its own version: set base_environment or environment_version, not both")]
    TwoEnvironments,
}

impl Serverless {
    /// Checks what can be known without the workspace.
    ///
    /// # Errors
    /// [`InvalidServerless`], with what would be right.
    pub fn check(&self) -> Result<(), InvalidServerless> {
        if let Some(accelerator) = self.accelerator.as_deref().filter(|name| !ACCELERATORS.contains(name)) {
            return Err(InvalidServerless::Accelerator(accelerator.to_owned()));
        }
        match self.environment_version {
            Some(_) if self.base_environment.is_some() => Err(InvalidServerless::TwoEnvironments),
            Some(version) if version < LEAST_ENVIRONMENT_VERSION => Err(InvalidServerless::EnvironmentVersion(version)),
            _ => Ok(()),
        }
    }

    /// The environment that a server runs in: its version, or its base environment.
    pub fn environment(&self) -> String {
        let version = || self.environment_version.unwrap_or(LEAST_ENVIRONMENT_VERSION).to_string();
        self.base_environment.clone().unwrap_or_else(version)
    }

    /// Machine and environment in one word, such as `cpu/4` or `GPU_1xA10/4`: what a running server is compared by.
    pub fn describe(&self) -> String {
        format!("{}/{}", self.accelerator.as_deref().unwrap_or("cpu"), self.environment())
    }
}

/// What a client needs to reach a cluster over SSH and to trust what answers. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SshEndpoint {
    /// Version of this shape. A client refuses an endpoint that is newer than it is.
    pub schema_version: u32,
    /// Address of the workspace, with its scheme.
    pub host: String,
    /// Id of the workspace.
    pub workspace_id: String,
    /// Id of the cluster whose driver serves SSH. Empty on serverless compute: there each server has one of its own, which it names.
    pub cluster_id: String,
    /// The serverless compute that serves SSH, where it is no cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// Name of the endpoint, unique in its workspace.
    pub name: String,
    /// User of the driver that clients log in as. Empty: the one that the running server names.
    pub remote_user: String,
    /// The server's host key as an OpenSSH public key line: the only key that clients accept.
    pub server_host_key: String,
    /// Secret scope with the server's host key and the clients' public keys.
    pub secret_scope: String,
    /// Workspace folder of the endpoint: the notebook that starts the server, and where the server listens.
    pub directory: String,
    /// Workspace file with the program that the driver runs.
    pub binary_path: String,
    /// SHA-256 of that program in hexadecimal digits. It is checked before the program is started.
    pub binary_sha256: String,
    /// Number of connections that the server serves at a time.
    pub max_clients: u32,
    /// Seconds without a connection after which the server ends.
    pub shutdown_delay_seconds: u64,
    /// Whether connecting starts the cluster when it is stopped.
    pub auto_start: bool,
    /// Where the official command line tool finds the endpoint, where it is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official: Option<official::Official>,
}

impl SshEndpoint {
    /// The name under which the host key is pinned: stable for the endpoint's life, and of no other endpoint.
    pub fn host_key_alias(&self) -> String {
        format!("{}.{}.ssh-tunnel", self.name, self.workspace_id)
    }

    /// Workspace path of the file in which the running server says where it listens.
    pub fn metadata_path(&self) -> String {
        format!("{}/metadata.json", self.directory)
    }

    /// Workspace path of the notebook that starts the server.
    pub fn bootstrap_path(&self) -> String {
        format!("{}/bootstrap", self.directory)
    }
}

/// Why a name cannot be an endpoint's: it stands in paths, in the scope's name and in ssh's files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be the name of an SSH endpoint: it has 1 to 63 letters, digits, - and _, and begins with a letter or digit"
)]
pub struct InvalidName(pub String);

/// Checks an endpoint's name.
///
/// # Errors
/// [`InvalidName`] when it is empty, longer than 63 characters, or holds others than `A-Z a-z 0-9 _ -`.
pub fn check_name(name: &str) -> Result<(), InvalidName> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let holds_well = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if begins_well && holds_well && name.len() <= 63 { Ok(()) } else { Err(InvalidName(name.to_owned())) }
}

/// The name of an endpoint's secret scope: at most 75 of the 128 characters that a scope's name may have.
pub fn secret_scope(name: &str) -> String {
    format!("ssh-tunnel-{name}")
}

/// The workspace folder below which everything of `identity` (the user name that `/Me` answers) lies.
pub fn root(identity: &str) -> String {
    format!("/Workspace/Users/{identity}/.databricks/ssh-tunnel")
}

/// The workspace folder of one endpoint.
pub fn directory(identity: &str, name: &str) -> String {
    format!("{}/endpoints/{name}", root(identity))
}

/// The workspace file of a program with this SHA-256: another program lies elsewhere, so an upload replaces nothing that runs.
pub fn binary_path(identity: &str, sha256: &str) -> String {
    let prefix: String = sha256.chars().take(16).collect();
    format!("{}/bin/{prefix}/tunnel", root(identity))
}

/// The name of the secret that registers one client's public key: the same for the same key, whatever its comment.
pub fn client_secret_name(public_key_line: &str) -> String {
    let mut words = public_key_line.split_whitespace();
    let key = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
    format!("{CLIENT_PUBLIC_KEY_PREFIX}{}", sha256_hex(key.as_bytes()).get(..16).unwrap_or_default())
}

/// The SHA-256 of some bytes, in lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The processors that a program for Linux is for, as Rust and `uname -m` call them: `e_machine` of its header, elf(5).
pub fn processor(program: &[u8]) -> Option<&'static str> {
    match program.get(18..20).filter(|_| program.starts_with(b"\x7fELF"))? {
        [0x3e, 0] => Some("x86_64"),
        [0xb7, 0] => Some("aarch64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_of_a_program_stand_in_its_header() {
        let header = |machine: [u8; 2]| [b"\x7fELF".as_slice(), &[2, 1, 1, 0], &[0; 8], &[3, 0], &machine].concat();
        let check = |bytes: &[u8], expected: Option<&str>| assert_eq!(processor(bytes), expected);
        check(&header([0x3e, 0]), Some("x86_64"));
        check(&header([0xb7, 0]), Some("aarch64"));
        check(&header([0xf3, 0]), None);
        check(b"\x7fELF", None);
        check(&std::fs::read(std::env::current_exe().unwrap()).unwrap(), Some(std::env::consts::ARCH));
    }

    #[test]
    fn names_are_checked() {
        let check = |name: &str, good: bool| assert_eq!(check_name(name).is_ok(), good, "{name:?}");
        check("demo", true);
        check("9_lives-of_A", true);
        check(&"a".repeat(63), true);
        check(&"a".repeat(64), false);
        check("", false);
        check("-oProxyCommand=evil", false);
        check("_x", false);
        check("a/b", false);
        check("a b", false);
        check("ä", false);
    }

    #[test]
    fn the_layout_is_as_documented() {
        assert_eq!(
            directory("ada@example.com", "demo"),
            "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/endpoints/demo"
        );
        assert_eq!(
            binary_path("7d0f", "0123456789abcdef0123"),
            "/Workspace/Users/7d0f/.databricks/ssh-tunnel/bin/0123456789abcdef/tunnel"
        );
        assert!(secret_scope(&"a".repeat(63)).len() <= 128);
    }

    #[test]
    fn a_client_has_one_secret_whatever_its_comment() {
        let name = client_secret_name("ssh-ed25519 AAAAC3 ada@laptop\n");
        assert_eq!(name, client_secret_name("ssh-ed25519  AAAAC3"));
        assert_ne!(name, client_secret_name("ssh-ed25519 AAAAC4"));
        assert_eq!(name.len(), CLIENT_PUBLIC_KEY_PREFIX.len() + 16);
    }

    #[test]
    fn an_endpoint_with_unknown_fields_is_still_read() {
        let text = r#"{"schema_version":1,"host":"https://x","workspace_id":"1","cluster_id":"c","name":"n",
            "remote_user":"root","server_host_key":"ssh-ed25519 A","secret_scope":"s","directory":"/Workspace/d",
            "binary_path":"/Workspace/b","binary_sha256":"00","max_clients":10,"shutdown_delay_seconds":600,
            "auto_start":true,"added_later":[1]}"#;
        let endpoint: SshEndpoint = serde_json::from_str(text).unwrap();
        assert_eq!(endpoint.host_key_alias(), "n.1.ssh-tunnel");
        assert_eq!(endpoint.metadata_path(), "/Workspace/d/metadata.json");
        assert_eq!(endpoint.serverless, None);
        assert!(!serde_json::to_string(&endpoint).unwrap().contains("serverless"), "older programs read it as before");
    }

    #[test]
    fn serverless_compute_is_checked() {
        let of = |accelerator: &str, environment_version: Option<u32>, base: Option<&str>| Serverless {
            accelerator: Some(accelerator.to_owned()).filter(|name| !name.is_empty()),
            environment_version,
            base_environment: base.map(str::to_owned),
            usage_policy_id: None,
        };
        let check = |serverless: Serverless, expected: Result<(), InvalidServerless>| {
            assert_eq!(serverless.check(), expected, "{serverless:?}");
        };
        check(Serverless::default(), Ok(()));
        check(of("GPU_1xA10", Some(4), None), Ok(()));
        check(of("", None, Some("workspace-base-environments/x")), Ok(()));
        check(of("GPU_2xA10", None, None), Err(InvalidServerless::Accelerator("GPU_2xA10".to_owned())));
        check(of("", Some(3), None), Err(InvalidServerless::EnvironmentVersion(3)));
        check(of("", Some(4), Some("x")), Err(InvalidServerless::TwoEnvironments));
        assert_eq!(Serverless::default().describe(), "cpu/4");
        assert_eq!(of("GPU_1xA10", Some(5), None).describe(), "GPU_1xA10/5");
        assert_eq!(of("", None, Some("/b.yaml")).describe(), "cpu//b.yaml");
    }
}
