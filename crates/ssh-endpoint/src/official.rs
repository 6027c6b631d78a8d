//! The layout in which the official command line tool looks for what serves SSH, published beside the endpoint's own, so that
//! `databricks ssh connect` of one version is served by the endpoint's server, whoever of the two starts it.
//!
//! In the workspace of the identity that publishes the endpoint, and for that identity's own official tool:
//! ```text
//! /Workspace/Users/<identity>/.databricks/ssh-tunnel/<version>/
//!     databricks_cli_<version>_linux_<architecture>/databricks      our program, under the official one's name
//!     databricks_cli_<version>_linux_<architecture>/tunnel.sha256   says that it is ours, and which
//!     databricks_cli_<version>_linux_<other>/databricks             says that the cluster has other processors, so that the official
//!                                                                   tool finds a program for both kinds, and downloads none
//!     <session>/metadata.json                                       where the running server listens
//! secret scope <identity>-<session>-ssh-tunnel-keys
//!     server-private-key  server-public-key                         the endpoint's host key
//!     client-public-key   client-private-key                        the official tool's own key, which it makes and keeps there
//!     endpoint                                                      the endpoint, as JSON: says that the scope is ours
//! ```
//! The session is the cluster's id; on serverless compute it is the connection's name, which is the endpoint's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::layout::{parent, root};
use crate::program::processor;

/// The secret with the key that the official tool logs in with. The tool writes it together with its private half.
pub const CLIENT_PUBLIC_KEY: &str = "client-public-key";
/// What stands before the version in `compatible_with`.
pub const PRODUCT: &str = "databricks-cli/";
/// The file beside a program of ours under the official name.
const MARKER: &str = "tunnel.sha256";

/// The official tool's layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Official {
    /// Version of the official tool that finds the endpoint.
    pub version: String,
    /// What the official tool calls the connection: the cluster's id, or the endpoint's name on serverless compute.
    pub session_id: String,
    /// Secret scope in which the official tool looks for keys.
    pub secret_scope: String,
    /// Workspace folder in which the official tool looks for a running server.
    pub directory: String,
    /// Workspace file with the program that the official tool starts.
    pub binary_path: String,
}

impl Official {
    /// The layout of the endpoint with this [`session_id`](crate::SshEndpoint::session_id) that `identity` publishes with this
    /// program.
    ///
    /// # Errors
    /// [`InvalidProgram`] when the program is not one that drivers run.
    pub fn of(identity: &str, session_id: &str, version: &str, binary: &[u8]) -> Result<Self, InvalidProgram> {
        let architecture = architecture(binary)?;
        let folder = format!("{}/{version}", root(identity));
        let program = match version.contains("dev") {
            true => format!("databricks_cli_linux_{architecture}"),
            false => format!("databricks_cli_{version}_linux_{architecture}"),
        };
        Ok(Self {
            version: version.to_owned(),
            session_id: session_id.to_owned(),
            secret_scope: format!("{identity}-{session_id}-ssh-tunnel-keys"),
            directory: format!("{folder}/{session_id}"),
            binary_path: format!("{folder}/{program}/databricks"),
        })
    }

    /// Workspace path of the file in which the running server says where it listens.
    pub fn metadata_path(&self) -> String {
        format!("{}/metadata.json", self.directory)
    }

    /// Workspace file in the place of a program for the other kind of processors that drivers have.
    pub(crate) fn other_binary_path(&self) -> String {
        let folder = parent(parent(&self.binary_path));
        let program = parent(&self.binary_path).strip_prefix(folder).unwrap_or_default();
        let other = match program.strip_suffix("amd64") {
            Some(rest) => format!("{rest}arm64"),
            None => format!("{}amd64", program.trim_end_matches("arm64")),
        };
        format!("{folder}{other}/databricks")
    }

    /// Workspace path of the file that says that the program is ours.
    pub(crate) fn marker_path(&self) -> String {
        format!("{}/{MARKER}", parent(&self.binary_path))
    }
}

/// Why nothing is compatible with that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of the official command line tool: it is written as databricks-cli/1.14.0")]
pub struct InvalidCompatibility(pub String);

/// The version in `databricks-cli/<version>`.
///
/// # Errors
/// [`InvalidCompatibility`] for anything else: the version stands in paths.
pub fn version(compatible_with: &str) -> Result<&str, InvalidCompatibility> {
    let invalid = || InvalidCompatibility(compatible_with.to_owned());
    let version = compatible_with.strip_prefix(PRODUCT).ok_or_else(invalid)?;
    let (numbers, label) = version.split_once(['-', '+']).unwrap_or((version, "x"));
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_label = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let good = parts.len() == 3
        && parts.iter().all(is_number)
        && label.len() < 40
        && label.split(['.', '-', '+']).all(is_label);
    if good { Ok(version) } else { Err(invalid()) }
}

/// Why a program is none that the official tool starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the program is not for Linux on amd64 or arm64, which is what the official tool starts")]
pub struct InvalidProgram;

/// The official name of the processors that a program for Linux is for.
///
/// # Errors
/// [`InvalidProgram`] for anything else.
pub fn architecture(program: &[u8]) -> Result<&'static str, InvalidProgram> {
    match processor(program) {
        Some("x86_64") => Ok("amd64"),
        Some("aarch64") => Ok("arm64"),
        _ => Err(InvalidProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(machine: u8) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.resize(64, 0);
        bytes[18] = machine;
        bytes
    }

    #[test]
    fn the_layout_is_the_official_tools() {
        let check = |session_id: &str, version: &str, machine: u8, expected: [&str; 3]| {
            let found = Official::of("ada@example.com", session_id, version, &program(machine)).unwrap();
            assert_eq!([&found.secret_scope, &found.directory, &found.binary_path].map(String::as_str), expected);
            let (one, other) = if machine == 62 { ("amd64", "arm64") } else { ("arm64", "amd64") };
            assert_eq!(found.other_binary_path(), found.binary_path.replace(one, other));
        };
        check(
            "0123-456789-abcdefgh",
            "1.14.0",
            62,
            [
                "ada@example.com-0123-456789-abcdefgh-ssh-tunnel-keys",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/1.14.0/0123-456789-abcdefgh",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/1.14.0/databricks_cli_1.14.0_linux_amd64/databricks",
            ],
        );
        check(
            "demo",
            "0.0.0-dev",
            183,
            [
                "ada@example.com-demo-ssh-tunnel-keys",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/0.0.0-dev/demo",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/0.0.0-dev/databricks_cli_linux_arm64/databricks",
            ],
        );
        assert!(Official::of("ada", "demo", "1.14.0", b"#!/bin/sh").is_err());
        assert!(Official::of("ada", "demo", "1.14.0", &program(3)).is_err());
    }

    #[test]
    fn a_version_can_stand_in_a_path() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(version(text).ok(), expected, "{text}");
        check("databricks-cli/1.14.0", Some("1.14.0"));
        check("databricks-cli/0.0.0-dev", Some("0.0.0-dev"));
        check("databricks-cli/1.14.0-rc.1", Some("1.14.0-rc.1"));
        check("databricks-cli/0.0.0-dev+abc", Some("0.0.0-dev+abc"));
        check("databricks-cli/1.14", None);
        check("databricks-cli/", None);
        check("databricks-cli/1.14.0/..", None);
        check("databricks-cli/1.14.0-", None);
        check("databricks-cli/1.14.0-../x", None);
        check("databricks-cli/1..0", None);
        check("1.14.0", None);
    }
}
