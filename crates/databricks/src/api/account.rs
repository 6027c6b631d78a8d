//! The account's workspaces: where they are, how they are, and why one did not come up.
//!
//! Base path: `/api/2.0/accounts/{account_id}`. Reference: <https://docs.databricks.com/api/account/workspaces>.

use super::{open_enum, wire};

wire! {
    /// `/networks`: what of it tells why a workspace did not come up.
    pub struct Network {
        /// What is wrong with it.
        pub error_messages: Vec<NetworkHealth>,
    }

    /// A fault of a network.
    pub struct NetworkHealth {
        /// The words.
        pub error_message: String,
        /// What it concerns: credentials, networkAcl, securityGroup, subnet, vpc.
        pub error_type: String,
    }

    /// `/workspaces`: what of one is looked at here. There is no URL in it: see [`Workspace::url`].
    pub struct Workspace {
        /// First label of its host name; a prefix of the account may stand before what was asked. `EMPTY`: the prefix alone.
        pub deployment_name: String,
        /// Network connectivity configuration.
        pub network_connectivity_config_id: String,
        /// Network configuration.
        pub network_id: String,
        /// Its id.
        pub workspace_id: Option<i64>,
        /// Where it stands: PROVISIONING, then RUNNING.
        pub workspace_status: WorkspaceStatus,
        /// Why it stands there.
        pub workspace_status_message: String,
    }
}

open_enum! {
    /// Where a workspace stands. RUNNING is good; FAILED, BANNED and CANCELLING are ends.
    pub enum WorkspaceStatus {
        /// Closed by Databricks.
        Banned = "BANNED",
        /// Being cancelled.
        Cancelling = "CANCELLING",
        /// Could not be made; `workspace_status_message` says why.
        Failed = "FAILED",
        /// Not started.
        NotProvisioned = "NOT_PROVISIONED",
        /// Being made.
        Provisioning = "PROVISIONING",
        /// Ready.
        Running = "RUNNING",
    }
}

impl WorkspaceStatus {
    /// Whether the workspace will not become RUNNING by itself any more.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Banned | Self::Cancelling | Self::Failed)
    }
}

impl Workspace {
    /// Where the account serves them.
    pub const PATH: &str = "/workspaces";

    /// Where the account serves one.
    pub fn path(id: impl ToString) -> String {
        format!("{}/{}", Self::PATH, crate::segment(&id.to_string()))
    }

    /// The workspace's base address: the account host with its first label replaced by the deployment name, because no
    /// answer contains it. `None` while there is no deployment name.
    pub fn url(&self, account_host: &url::Url) -> Option<url::Url> {
        let host = account_host.host_str()?;
        let (_, domain) = host.split_once('.')?;
        if self.deployment_name.is_empty() {
            return None;
        }
        let mut url = account_host.clone();
        url.set_host(Some(&format!("{}.{domain}", self.deployment_name))).ok()?;
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_the_account_host_with_the_deployment_name() {
        let check = |account: &str, deployment: &str, expected: Option<&str>| {
            let workspace = Workspace { deployment_name: deployment.to_owned(), ..Workspace::default() };
            let url = workspace.url(&account.parse().unwrap());
            assert_eq!(url.as_ref().map(url::Url::as_str), expected);
        };
        check("https://accounts.cloud.databricks.com", "dbc-1", Some("https://dbc-1.cloud.databricks.com/"));
        check("http://accounts.localhost:8080", "dbc-1", Some("http://dbc-1.localhost:8080/"));
        check("https://accounts-dod.cloud.databricks.mil", "x", Some("https://x.cloud.databricks.mil/"));
        check("https://accounts.cloud.databricks.com", "", None);
    }
}
