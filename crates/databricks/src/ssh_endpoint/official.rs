//! Where the official command line tool (`databricks ssh connect`) looks for an endpoint: its folder, its program and its secrets.
//! An endpoint that is published there as well is found by both. The layout is that of its versions 1.x; another version has
//! another folder.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The secret with the public key of the official tool's clients: one for all of them.
pub const CLIENT_PUBLIC_KEY: &str = "client-public-key";

/// The official tool's place for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Official {
    /// Workspace folder in which a server says where it listens.
    pub directory: String,
    /// Secret scope with the server's host key and the clients' public key.
    pub secret_scope: String,
}

/// Why a text names no version of the official tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of the official tool: write it as databricks-cli/1.2.3")]
pub struct InvalidCompatibility(pub String);

/// The version in a text like `databricks-cli/1.2.3`.
///
/// # Errors
/// [`InvalidCompatibility`] when it is none: it stands in paths.
pub fn version(text: &str) -> Result<&str, InvalidCompatibility> {
    let version = text.strip_prefix("databricks-cli/").unwrap_or_default();
    let holds_well = version.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c));
    let begins_well = version.starts_with(|c: char| c.is_ascii_digit());
    if begins_well && holds_well && version.len() <= 64 {
        Ok(version)
    } else {
        Err(InvalidCompatibility(text.to_owned()))
    }
}

/// The folder of a version, for an identity (the user name that `/Me` answers).
pub fn version_directory(identity: &str, version: &str) -> String {
    format!("/Workspace/Users/{identity}/.databricks/ssh-tunnel/{version}")
}

/// The folder of one session: a cluster's id, or the name of a serverless connection.
pub fn directory(identity: &str, version: &str, session: &str) -> String {
    format!("{}/{session}", version_directory(identity, version))
}

/// The place of one session.
pub fn place(identity: &str, version: &str, session: &str) -> Official {
    Official {
        directory: directory(identity, version, session),
        secret_scope: format!("{identity}-{session}-ssh-tunnel-keys"),
    }
}

/// Where the program for a driver lies. Builds of developers have no version in the name of their folder.
pub fn binary_path(identity: &str, version: &str, architecture: &str) -> String {
    let folder = version_directory(identity, version);
    if version.contains("dev") {
        format!("{folder}/databricks_cli_linux_{architecture}/databricks")
    } else {
        format!("{folder}/databricks_cli_{version}_linux_{architecture}/databricks")
    }
}

/// The architecture of a Linux program, as the official tool names it: the field `e_machine` of elf(5).
pub fn architecture(program: &[u8]) -> Option<&'static str> {
    match (program.get(..4)?, program.get(18..20)?) {
        (b"\x7fELF", [62, 0]) => Some("amd64"),
        (b"\x7fELF", [183, 0]) => Some("arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_that_can_stand_in_a_path() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(version(text).ok(), expected, "{text}");
        check("databricks-cli/1.2.3", Some("1.2.3"));
        check("databricks-cli/0.0.0-dev+abc", Some("0.0.0-dev+abc"));
        check("databricks-cli/../x", None);
        check("databricks-cli/1/2", None);
        check("databricks-cli/", None);
        check("1.2.3", None);
    }

    #[test]
    fn the_layout_is_the_official_one() {
        let place = place("ada@example.com", "1.2.3", "0123-456789-abc");
        assert_eq!(place.directory, "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/1.2.3/0123-456789-abc");
        assert_eq!(place.secret_scope, "ada@example.com-0123-456789-abc-ssh-tunnel-keys");
        let base = "/Workspace/Users/a/.databricks/ssh-tunnel";
        assert_eq!(
            binary_path("a", "1.2.3", "arm64"),
            format!("{base}/1.2.3/databricks_cli_1.2.3_linux_arm64/databricks")
        );
        assert_eq!(
            binary_path("a", "0.0.0-dev", "amd64"),
            format!("{base}/0.0.0-dev/databricks_cli_linux_amd64/databricks")
        );
    }

    #[test]
    fn a_programs_architecture_is_read() {
        let elf = |machine: u8| [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0]].concat();
        assert_eq!(architecture(&elf(62)), Some("amd64"));
        assert_eq!(architecture(&elf(183)), Some("arm64"));
        assert_eq!(architecture(&elf(3)), None);
        assert_eq!(architecture(b"#!/bin/sh"), None);
    }
}
