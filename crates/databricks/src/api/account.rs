//! The account API: credentials, storage configurations, customer-managed keys, networks, workspaces, permission assignments.
//!
//! Base path: `/api/2.0/accounts/{account_id}`. Reference: <https://docs.databricks.com/api/account/credentials> and its neighbours.
//! Times are epoch milliseconds. A POST of this API is not idempotent, and names need not be unique.

use std::collections::BTreeMap;

use super::{open_enum, wire};

wire! {
    /// `POST /credentials` takes the name and the role; `GET /credentials/{id}` answers everything.
    pub struct Credentials {
        /// Account that the object belongs to.
        pub account_id: String,
        /// The role that Databricks assumes.
        pub aws_credentials: AwsCredentials,
        /// When it was created, epoch milliseconds.
        pub creation_time: Option<i64>,
        /// Its id, a UUID.
        pub credentials_id: String,
        /// Its name.
        pub credentials_name: String,
    }

    /// The wrapper of the role.
    pub struct AwsCredentials {
        /// The role.
        pub sts_role: StsRole,
    }

    /// A role to assume.
    pub struct StsRole {
        /// The role's ARN. Its trust policy expects the account id as external id.
        pub role_arn: String,
    }

    /// `/storage-configurations`: the workspace's root bucket.
    pub struct StorageConfiguration {
        /// Account that the object belongs to.
        pub account_id: String,
        /// When it was created, epoch milliseconds.
        pub creation_time: Option<i64>,
        /// Role of the default catalog, optional.
        pub role_arn: String,
        /// The bucket.
        pub root_bucket_info: RootBucketInfo,
        /// Its id, a UUID.
        pub storage_configuration_id: String,
        /// Its name.
        pub storage_configuration_name: String,
    }

    /// The root bucket.
    pub struct RootBucketInfo {
        /// The bucket's name.
        pub bucket_name: String,
    }

    /// `/customer-managed-keys`: a KMS key for managed services, for storage, or for both.
    pub struct CustomerManagedKey {
        /// Account that the object belongs to.
        pub account_id: String,
        /// The key.
        pub aws_key_info: AwsKeyInfo,
        /// When it was created, epoch milliseconds.
        pub creation_time: Option<i64>,
        /// Its id, a UUID.
        pub customer_managed_key_id: String,
        /// What the key encrypts.
        pub use_cases: Vec<KeyUseCase>,
    }

    /// A KMS key.
    pub struct AwsKeyInfo {
        /// Alias of the key, `alias/…`.
        pub key_alias: String,
        /// ARN of the key.
        pub key_arn: String,
        /// Region of the key; the API derives it from the ARN.
        pub key_region: String,
        /// For `STORAGE`: whether EBS volumes of clusters are encrypted with it too. The API's default is true.
        pub reuse_key_for_cluster_volumes: Option<bool>,
    }

    /// `/networks`: a VPC, subnets and security groups that workspaces run in.
    pub struct Network {
        /// Account that the object belongs to.
        pub account_id: String,
        /// When it was created, epoch milliseconds.
        pub creation_time: Option<i64>,
        /// What is wrong with it.
        pub error_messages: Vec<NetworkHealth>,
        /// Its id, a UUID.
        pub network_id: String,
        /// Its name, 4 to 256 characters.
        pub network_name: String,
        /// 1 to 5 security groups; each in one network only.
        pub security_group_ids: Vec<String>,
        /// At least two subnets in distinct zones; each in one network only.
        pub subnet_ids: Vec<String>,
        /// Databricks VPC endpoint registrations, for PrivateLink.
        pub vpc_endpoints: Option<NetworkVpcEndpoints>,
        /// The VPC.
        pub vpc_id: String,
        /// What Databricks thinks of it.
        pub vpc_status: VpcStatus,
        /// What may be wrong with it.
        pub warning_messages: Vec<NetworkWarning>,
        /// The workspace that uses it, if one does.
        pub workspace_id: Option<i64>,
    }

    /// A fault of a network.
    pub struct NetworkHealth {
        /// The words.
        pub error_message: String,
        /// What it concerns: credentials, networkAcl, securityGroup, subnet, vpc.
        pub error_type: String,
    }

    /// A possible fault of a network.
    pub struct NetworkWarning {
        /// The words.
        pub warning_message: String,
        /// What it concerns: securityGroup, subnet.
        pub warning_type: String,
    }

    /// Ids of VPC endpoint registrations.
    pub struct NetworkVpcEndpoints {
        /// Of the secure cluster connectivity relay.
        pub dataplane_relay: Vec<String>,
        /// Of the workspace's REST API.
        pub rest_api: Vec<String>,
    }

    /// `/workspaces`: POST and PATCH (`?update_mask=` with the fields to change) take the same fields that GET answers.
    ///
    /// There is no URL in it: see [`Workspace::url`].
    pub struct Workspace {
        /// Account that the workspace belongs to.
        pub account_id: String,
        /// AWS region.
        pub aws_region: String,
        /// The cloud: `aws`.
        pub cloud: String,
        /// HYBRID or SERVERLESS.
        pub compute_mode: String,
        /// When it was created, epoch milliseconds.
        pub creation_time: Option<i64>,
        /// [`Credentials::credentials_id`].
        pub credentials_id: String,
        /// Tags that its compute carries.
        pub custom_tags: Option<BTreeMap<String, String>>,
        /// First label of its host name; a prefix of the account may stand before what was asked. `EMPTY`: the prefix alone.
        pub deployment_name: String,
        /// What the workspace shall become.
        pub expected_workspace_status: WorkspaceStatus,
        /// [`CustomerManagedKey::customer_managed_key_id`] for managed services.
        pub managed_services_customer_managed_key_id: String,
        /// Network connectivity configuration.
        pub network_connectivity_config_id: String,
        /// [`Network::network_id`].
        pub network_id: String,
        /// PREMIUM, ENTERPRISE, …
        pub pricing_tier: String,
        /// Private access settings.
        pub private_access_settings_id: String,
        /// [`StorageConfiguration::storage_configuration_id`].
        pub storage_configuration_id: String,
        /// [`CustomerManagedKey::customer_managed_key_id`] for storage.
        pub storage_customer_managed_key_id: String,
        /// CUSTOMER_HOSTED or DEFAULT_STORAGE.
        pub storage_mode: String,
        /// Its id.
        pub workspace_id: Option<i64>,
        /// Its name.
        pub workspace_name: String,
        /// Where it stands: PROVISIONING, then RUNNING.
        pub workspace_status: WorkspaceStatus,
        /// Why it stands there.
        pub workspace_status_message: String,
    }

    /// `PUT /workspaces/{workspace_id}/permissionassignments/principals/{principal_id}`.
    pub struct UpdateWorkspaceAssignments {
        /// What the principal may do in the workspace.
        pub permissions: Vec<WorkspacePermission>,
    }

    /// One principal's permissions in a workspace.
    pub struct PermissionAssignment {
        /// Why the principal cannot be shown.
        pub error: String,
        /// What it may do.
        pub permissions: Vec<WorkspacePermission>,
        /// Who it is.
        pub principal: Option<Principal>,
    }

    /// `GET /workspaces/{workspace_id}/permissionassignments`. There is no GET of a single one.
    pub struct PermissionAssignments {
        /// All of them.
        pub permission_assignments: Vec<PermissionAssignment>,
    }

    /// A user, group or service principal of the account.
    pub struct Principal {
        /// Its display name.
        pub display_name: String,
        /// The name, if it is a group.
        pub group_name: String,
        /// Its id.
        pub principal_id: Option<i64>,
        /// The application id, if it is a service principal.
        pub service_principal_name: String,
        /// The name, if it is a user.
        pub user_name: String,
    }
}

open_enum! {
    /// What a customer-managed key encrypts.
    pub enum KeyUseCase {
        /// Notebooks, secrets, queries in the control plane.
        ManagedServices = "MANAGED_SERVICES",
        /// The root bucket, and EBS volumes unless told otherwise.
        Storage = "STORAGE",
    }

    /// What Databricks thinks of a network.
    pub enum VpcStatus {
        /// Cannot be used.
        Broken = "BROKEN",
        /// No workspace uses it yet, so nothing was checked.
        Unattached = "UNATTACHED",
        /// In order.
        Valid = "VALID",
        /// Usable with warnings.
        Warned = "WARNED",
    }

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

    /// A principal's permission in a workspace.
    pub enum WorkspacePermission {
        /// Workspace administrator.
        Admin = "ADMIN",
        /// Workspace user.
        User = "USER",
    }
}

impl WorkspaceStatus {
    /// Whether the workspace will not become RUNNING by itself any more.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Banned | Self::Cancelling | Self::Failed)
    }
}

impl Workspace {
    /// Where the account serves one.
    pub fn path(id: i64) -> String {
        format!("/workspaces/{id}")
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
