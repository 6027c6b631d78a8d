//! The endpoint itself, as JSON in outputs and in its secret scope.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::layout::clients_scope;
use crate::official::Official;
use crate::serverless::Serverless;

/// The newest [`SshEndpoint::schema_version`] that this program understands.
pub const SCHEMA_VERSION: u32 = 1;

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
    /// Secret scope with the server's host key and the public keys that the configuration lists.
    pub secret_scope: String,
    /// Workspace folder of the endpoint: the notebook that starts the server, its program, and what the servers write.
    pub directory: String,
    /// Workspace file with the program that the driver runs.
    pub binary_path: String,
    /// SHA-256 of that program in hexadecimal digits. It is checked before the program is started.
    pub binary_sha256: String,
    /// Processors that the program is for: `x86_64` or `aarch64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_processor: Option<String>,
    /// Number of connections that the server serves at a time.
    pub max_clients: u32,
    /// Seconds without a connection after which the server ends.
    pub shutdown_delay_seconds: u64,
    /// Whether connecting starts the cluster when it is stopped.
    pub auto_start: bool,
    /// Where the official command line tool finds the endpoint, where it is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official: Option<Official>,
}

impl SshEndpoint {
    /// The name under which the host key is pinned: stable for the endpoint's life, and of no other endpoint.
    pub fn host_key_alias(&self) -> String {
        format!("{}.{}.ssh-tunnel", self.name, self.workspace_id)
    }

    /// Workspace path of the file in which the running server says where it listens.
    pub fn metadata_path(&self) -> String {
        format!("{}/metadata.json", self.server_directory())
    }

    /// Workspace folder in which the servers write, whoever started them.
    pub fn server_directory(&self) -> String {
        format!("{}/server", self.directory)
    }

    /// Secret scope with the keys that clients registered themselves.
    pub fn clients_scope(&self) -> String {
        clients_scope(&self.secret_scope)
    }

    /// Who published it, by the folder in which it is; `None` for one that lies elsewhere.
    pub fn publisher(&self) -> Option<&str> {
        self.directory.strip_prefix("/Workspace/Users/")?.split('/').next().filter(|name| !name.is_empty())
    }

    /// What the official tool calls a connection to it: the cluster's id, or the endpoint's name on serverless compute.
    pub fn session_id(&self) -> &str {
        if self.serverless.is_some() { &self.name } else { &self.cluster_id }
    }

    /// Workspace path of the notebook that starts the server.
    pub fn bootstrap_path(&self) -> String {
        format!("{}/bootstrap", self.directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_with_unknown_fields_is_still_read() {
        let text = r#"{"schema_version":1,"host":"https://x","workspace_id":"1","cluster_id":"c","name":"n",
            "remote_user":"root","server_host_key":"ssh-ed25519 A","secret_scope":"s","directory":"/Workspace/d",
            "binary_path":"/Workspace/b","binary_sha256":"00","max_clients":10,"shutdown_delay_seconds":600,
            "auto_start":true,"added_later":[1]}"#;
        let endpoint: SshEndpoint = serde_json::from_str(text).unwrap();
        assert_eq!(endpoint.host_key_alias(), "n.1.ssh-tunnel");
        assert_eq!(endpoint.metadata_path(), "/Workspace/d/server/metadata.json");
        assert_eq!((&endpoint.serverless, &endpoint.binary_processor), (&None, &None));
        assert!(!serde_json::to_string(&endpoint).unwrap().contains("serverless"), "older programs read it as before");
    }
}
