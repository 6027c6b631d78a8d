//! The provider block, under the names of the official Databricks provider, with a block `aws` for the AWS side.
//!
//! Source of the names and environment variables: <https://docs.databricks.com/aws/en/dev-tools/auth/> and
//! <https://registry.terraform.io/providers/databricks/databricks/latest/docs>.

use provider_aws::config::AwsBlock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL, Secret};

/// Deploys and runs Databricks on AWS: the network, keys, buckets and roles in AWS, the account's objects, the workspace, and
/// what is in it. What the block does not say is taken from the environment, then from a profile of `~/.databrickscfg`.
///
/// A plan that changes something of Databricks signs in first: wrong credentials, a wrong account or host stop it before anything is
/// made. At a workspace, which the same apply may make, they are a warning, except a personal access token that is wrong.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// Address of the workspace or of the account console (`https://accounts.cloud.databricks.com`). Environment:
    /// `DATABRICKS_HOST`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub host: Attr<String>,
    /// Id of the Databricks account, for account-level resources. Environment: `DATABRICKS_ACCOUNT_ID`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub account_id: Attr<String>,
    /// Id of the workspace. Environment: `DATABRICKS_WORKSPACE_ID`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub workspace_id: Attr<String>,
    /// Personal access token. Environment: `DATABRICKS_TOKEN`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub token: Attr<Secret<String>>,
    /// Client id of a service principal. Environment: `DATABRICKS_CLIENT_ID`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub client_id: Attr<String>,
    /// OAuth secret of the service principal. Environment: `DATABRICKS_CLIENT_SECRET`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub client_secret: Attr<Secret<String>>,
    /// Profile of the configuration file. Environment: `DATABRICKS_CONFIG_PROFILE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub profile: Attr<String>,
    /// The configuration file; `~/.databrickscfg` by default. Environment: `DATABRICKS_CONFIG_FILE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub config_file: Attr<String>,
    /// The one authentication method to use: `pat`, `oauth-m2m`, `env-oidc`, `file-oidc`, `github-oidc` or `databricks-cli`.
    /// Environment: `DATABRICKS_AUTH_TYPE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub auth_type: Attr<String>,
    /// File with an OIDC token, for `file-oidc`. Environment: `DATABRICKS_OIDC_TOKEN_FILEPATH`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub databricks_id_token_filepath: Attr<String>,
    /// Environment variable with an OIDC token, for `env-oidc`; `DATABRICKS_OIDC_TOKEN` by default. Environment:
    /// `DATABRICKS_OIDC_TOKEN_ENV`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub oidc_token_env: Attr<String>,
    /// Audience of OIDC tokens; the account by default. Environment: `DATABRICKS_TOKEN_AUDIENCE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub audience: Attr<String>,
    /// Address of GitHub's token service, for `github-oidc`. Environment: `ACTIONS_ID_TOKEN_REQUEST_URL`, which a job has with the
    /// permission `id-token: write`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub actions_id_token_request_url: Attr<String>,
    /// Token for GitHub's token service. Environment: `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub actions_id_token_request_token: Attr<Secret<String>>,
    /// The official CLI, for `databricks-cli`; `databricks` on the PATH by default. Environment: `DATABRICKS_CLI_PATH`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub databricks_cli_path: Attr<String>,
    /// Whether the host's certificate is not checked. Whoever stands between reads and changes everything then, secrets included.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub skip_verify: Attr<bool>,
    /// How long one request may take, in seconds.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 1))]
    pub http_timeout_seconds: Attr<i64>,
    /// How long a request is repeated while the API throttles or cannot be reached, in seconds.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 0))]
    pub retry_timeout_seconds: Attr<i64>,
    /// Requests per second at most. Environment: `DATABRICKS_RATE_LIMIT`.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 1))]
    pub rate_limit: Attr<i64>,
    /// User name. Databricks ended user names and passwords on AWS in July 2024: with one, nothing can be read or changed.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub username: Attr<String>,
    /// Password, of which the same is true.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub password: Attr<Secret<String>>,
    /// Cluster of tools that share the configuration. Without effect here.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cluster_id: Attr<String>,
    /// SQL warehouse of tools that share the configuration. Without effect here.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub warehouse_id: Attr<String>,
    /// Serverless compute of tools that share the configuration. Without effect here.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub serverless_compute_id: Attr<String>,
    /// Length of bodies in the log. Without effect here: bodies are not logged.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub debug_truncate_bytes: Attr<i64>,
    /// Whether headers are logged. Without effect here: they are not.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub debug_headers: Attr<bool>,
    /// Port of the login in a browser. Without effect here: there is none.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub oauth_callback_port: Attr<i64>,
    /// Whether the login in a browser keeps no token. Without effect here: there is none.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub disable_oauth_refresh_token: Attr<bool>,
    /// The cloud: this provider is for `aws`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cloud: Attr<String>,
    /// OAuth scopes: `all-apis` is the only one that this provider can ask for.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub scopes: Attr<Vec<String>>,
    /// Service that hands out tokens. Not supported.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub metadata_service_url: Attr<String>,
    /// OAuth discovery document, instead of the host's own. Not supported.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub discovery_url: Attr<String>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_workspace_resource_id: Attr<String>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_client_id: Attr<String>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_tenant_id: Attr<String>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_environment: Attr<String>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_login_app_id: Attr<String>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_client_secret: Attr<Secret<String>>,
    /// Of Azure. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_use_msi: Attr<bool>,
    /// Of Google Cloud. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub google_service_account: Attr<String>,
    /// Of Google Cloud. This provider is for AWS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub google_credentials: Attr<Secret<String>>,
    /// The AWS side.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub aws: Attr<AwsBlock>,
}

impl Config {
    /// What of the block cannot be used, with the way out. It is said when a client is asked for, so that configurations that were
    /// written for other clouds validate, and offline data sources and functions work under them.
    pub(crate) fn unusable(&self) -> Option<String> {
        let text = |attribute: &Attr<String>| !attribute.text().is_empty();
        let secret = |attribute: &Attr<Secret<String>>| attribute.known().is_some_and(|it| !it.expose().is_empty());
        let other_clouds = [
            ("azure_workspace_resource_id", text(&self.azure_workspace_resource_id)),
            ("azure_client_id", text(&self.azure_client_id)),
            ("azure_client_secret", secret(&self.azure_client_secret)),
            ("azure_tenant_id", text(&self.azure_tenant_id)),
            ("azure_environment", text(&self.azure_environment)),
            ("azure_login_app_id", text(&self.azure_login_app_id)),
            ("azure_use_msi", self.azure_use_msi.is_true()),
            ("google_service_account", text(&self.google_service_account)),
            ("google_credentials", secret(&self.google_credentials)),
            ("cloud", text(&self.cloud) && self.cloud.text() != "aws"),
        ];
        let not_done = [
            ("metadata_service_url", text(&self.metadata_service_url)),
            ("discovery_url", text(&self.discovery_url)),
            ("scopes", self.scopes.known().is_some_and(|scopes| scopes.iter().any(|scope| scope != "all-apis"))),
        ];
        let first = |list: &[(&'static str, bool)]| list.iter().find(|(_, given)| *given).map(|(name, _)| *name);
        match (first(&other_clouds), first(&not_done)) {
            (Some(name), _) => Some(format!(
                "`{name}` is of another cloud, and this provider is for Databricks on AWS: remove it, or use the provider databricks/databricks \
                 for that cloud, under a second local name"
            )),
            (None, Some(name)) => Some(format!(
                "`{name}` is not supported: remove it, and sign in with `client_id` and `client_secret` of a service principal, or with one of the \
                 other methods of `auth_type`"
            )),
            (None, None) => None,
        }
    }
}
