//! databricks_storage_credential. API: <https://docs.databricks.com/api/workspace/storagecredentials>

use serde_json::{Map, Value as Json};
use tfplugin::{Call, Planning, Result};

use super::binding::bind;
use crate::rest::Of;
use crate::rest::prelude::*;

/// What Unity Catalog reads and writes storage with: on AWS a role, which trusts Databricks and itself.
///
/// The role's trust policy names `aws_iam_role[0].external_id` and `aws_iam_role[0].unity_catalog_iam_arn`, which the service says when the
/// credential is made: make it with `skip_validation`, where the role is made after it. One that is isolated is bound to the workspace
/// that it is made in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct StorageCredential {
    /// Name of the credential, in lower case.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the credential.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub name: Attr<String>,
    /// The role, on AWS.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub aws_iam_role: Attr<AwsIamRole>,
    /// The managed identity, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub azure_managed_identity: Attr<AzureManagedIdentity>,
    /// The service principal, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub azure_service_principal: Attr<AzureServicePrincipal>,
    /// The token, for R2 of Cloudflare.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub cloudflare_api_token: Attr<CloudflareApiToken>,
    /// The service account that Databricks makes, on GCP.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub databricks_gcp_service_account: Attr<DatabricksGcpServiceAccount>,
    /// A key of a service account of one's own, on GCP. The API has no place for it any more: it is refused.
    #[schemars(extend("x-tf" = OPTIONAL.block().unsent()))]
    pub gcp_service_account_key: Attr<GcpServiceAccountKey>,
    /// Words about the credential.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// User, group or service principal that owns the credential: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Whether nothing is written with it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub read_only: Attr<bool>,
    /// Which workspaces may use it: `ISOLATION_MODE_OPEN` is all of the metastore, `ISOLATION_MODE_ISOLATED` those that it is bound to.
    #[schemars(extend(
        "enum" = ["ISOLATION_MODE_OPEN", "ISOLATION_MODE_ISOLATED"],
        "x-tf" = OPTIONAL_COMPUTED.keeps_state()
    ))]
    pub isolation_mode: Attr<String>,
    /// Whether the service does not try the credential before it takes it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub skip_validation: Attr<bool>,
    /// Whether a change is made though external locations use the credential.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_update: Attr<bool>,
    /// Whether a destroy is made though external locations use the credential.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_destroy: Attr<bool>,
    /// `workspace`: the credential is made through a workspace of the metastore.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// Metastore of the credential. The service alone says it: the workspace's.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub metastore_id: Attr<String>,
    /// Id of the credential, which no other one of its name will have.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state().wire("/id")))]
    pub storage_credential_id: Attr<String>,
    /// The workspace through which the credential is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// A role on AWS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsIamRole {
    /// ARN of the role.
    #[schemars(
        regex(pattern = "^arn:[a-z-]+:iam::[0-9]{12}:role/.+$"),
        extend("x-form" = "the ARN of an IAM role"),
        extend("x-tf" = REQUIRED)
    )]
    pub role_arn: Attr<String>,
    /// What the role's trust policy demands as `sts:ExternalId`. The service says it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub external_id: Attr<String>,
    /// Role of Databricks that the role's trust policy lets in. The service says it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub unity_catalog_iam_arn: Attr<String>,
}

/// A managed identity on Azure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AzureManagedIdentity {
    /// Access connector.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub access_connector_id: Attr<String>,
    /// User-assigned identity of the connector.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub managed_identity_id: Attr<String>,
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub credential_id: Attr<String>,
}

/// A service principal on Azure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AzureServicePrincipal {
    /// Tenant.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub directory_id: Attr<String>,
    /// Application id.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub application_id: Attr<String>,
    /// Secret of the application.
    #[schemars(extend("x-tf" = REQUIRED.untold()))]
    pub client_secret: Attr<Secret<String>>,
}

/// A token for R2 of Cloudflare.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CloudflareApiToken {
    /// Account at Cloudflare.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub account_id: Attr<String>,
    /// Id of the token.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub access_key_id: Attr<String>,
    /// Secret of the token.
    #[schemars(extend("x-tf" = REQUIRED.untold()))]
    pub secret_access_key: Attr<Secret<String>>,
}

/// A service account that Databricks makes on GCP.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DatabricksGcpServiceAccount {
    /// Mail address of the service account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub email: Attr<String>,
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub credential_id: Attr<String>,
}

/// A key of a service account on GCP.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GcpServiceAccountKey {
    /// Mail address of the service account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub email: Attr<String>,
    /// Id of the key.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub private_key_id: Attr<String>,
    /// The key.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub private_key: Attr<Secret<String>>,
}

impl Rest for StorageCredential {
    const NAME: &'static str = "databricks_storage_credential";
    const NOUN: &'static str = "storage credential";
    const EXAMPLE: &'static str = r#"resource "databricks_storage_credential" "example" {
  name    = "example"
  comment = "An example"

  aws_iam_role {
    role_arn = "arn:aws:iam::123456789012:role/data"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("An example", "Another one"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("\"example\"\n  comment", "\"other\"\n  comment"));
    const API: Api = Api::collection("/api/2.1/unity-catalog/storage-credentials", "name")
        .patch()
        .later(&["owner", "isolation_mode"])
        .unsent(&["metastore_id"])
        .create_flags(&["skip_validation"])
        .update_flags(&[("skip_validation", "skip_validation"), ("force_update", "force")])
        .forced_by("force_destroy")
        .created("created_at");
    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = Vec::new();
        let kinds = [
            config.aws_iam_role.is_set(),
            config.azure_managed_identity.is_set(),
            config.azure_service_principal.is_set(),
            config.cloudflare_api_token.is_set(),
            config.databricks_gcp_service_account.is_set(),
            config.gcp_service_account_key.is_set(),
        ];
        if tfplugin::one_of(kinds).is_err() {
            let error = Error::new("A storage credential is of one kind");
            problems.push(error.detail("On AWS, give it one block aws_iam_role and no other.").into());
        }
        if config.gcp_service_account_key.is_known() {
            let error = Error::new("The service takes no keys of service accounts any more");
            problems.push(error.detail("Use databricks_gcp_service_account.").at("gcp_service_account_key").into());
        }
        if config.api.text() == "account" {
            let error = Error::new("A storage credential is made through a workspace of its metastore");
            let detail =
                "Leave api out, and use a provider whose host is the workspace, or name it in provider_config.";
            problems.push(error.detail(detail).at("api").into());
        }
        problems
    }

    /// Another role has other sides of its trust.
    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        let arn = |of: &Self| of.aws_iam_role.known().map(|role| role.role_arn.clone());
        if let Some(prior) = planning.prior
            && arn(prior) != arn(planning.planned)
            && let Attr::Known(role) = &mut planning.planned.aws_iam_role
        {
            role.external_id = Attr::Unknown;
            role.unity_catalog_iam_arn = Attr::Unknown;
        }
        Ok(())
    }

    /// What the service alone says is in no request.
    fn asked(mut body: Map<String, Json>) -> Map<String, Json> {
        let told = [
            ("aws_iam_role", ["external_id", "unity_catalog_iam_arn"]),
            ("databricks_gcp_service_account", ["email", "credential_id"]),
        ];
        for (block, names) in told {
            if let Some(Json::Object(members)) = body.get_mut(block) {
                members.retain(|name, _| !names.contains(&name.as_str()));
            }
        }
        body
    }

    /// Who isolates a credential goes on seeing it.
    async fn ready(cx: &Call<AnyWorkspace>, credential: Self) -> Result<Self> {
        if credential.isolation_mode.text() == "ISOLATION_MODE_ISOLATED" {
            bind(cx.client(), &credential.provider_config, "storage_credential", credential.id.text()).await?;
        }
        Ok(credential)
    }
}
