//! databricks_git_credential. API: <https://docs.databricks.com/api/workspace/gitcredentials>

use crate::rest::prelude::*;

/// A credential for a Git provider, of the user or service principal that runs Terraform.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GitCredential {
    /// Id of the credential.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// The Git provider: `gitHub`, `gitLab`, `bitbucketCloud`, `azureDevOpsServices`, `awsCodeCommit` and others.
    #[schemars(extend("x-tf" = REQUIRED.ignores_case()))]
    pub git_provider: Attr<String>,
    /// User name at the Git provider.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub git_username: Attr<String>,
    /// Email address at the Git provider.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub git_email: Attr<String>,
    /// Personal access token of the Git provider.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub personal_access_token: Attr<Secret<String>>,
    /// Name of the credential, where there are several for one Git provider.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub name: Attr<String>,
    /// Whether it is used for the Git provider where no other is named.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub is_default_for_provider: Attr<bool>,
    /// Id of the service principal that the credential is for, where it is not for the caller.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub principal_id: Attr<i64>,
    /// Whether to take over the one credential that is there already.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force: Attr<bool>,
    /// The workspace that the credential belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl Rest for GitCredential {
    const NAME: &'static str = "databricks_git_credential";
    const NOUN: &'static str = "Git credential";
    const EXAMPLE: &'static str = r#"resource "databricks_git_credential" "example" {
  git_provider          = "gitHub"
  git_username          = "example"
  personal_access_token = "not-a-real-token"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"example\"\n  p", "\"another\"\n  p"));
    const API: Api = Api::collection("/api/2.0/git-credentials", "credential_id")
        .patch_all()
        .as_planned()
        .asked_by(&["principal_id"]);
    const VERSION: i64 = 1;
    type Client = AnyWorkspace;

    fn takes_over(plan: &Self, error: &databricks::Error) -> bool {
        plan.force.is_true() && (error.is_already_exists() || error.message().starts_with("Only one Git credential"))
    }
}
