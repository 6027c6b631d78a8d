//! databricks_service_principal: an identity for programs, of the account or of one workspace. See [`super::principal`].

use databricks::api::identity::Principal as Api;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    Resource, Result,
};

use super::entitled::{self, Entitled, entitled};
use super::principal::{self, Facts, Leaving, Principal};
use super::scim::{self, Kind};
use super::text;
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// An identity for programs and pipelines. An account-level provider makes one for the account, which workspaces are then
/// assigned to; a workspace-level provider makes one that belongs to its workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipal {
    /// Id of the service principal, a number.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Application id: the OAuth client id, and the name under which permissions are granted. To set it adds a service principal of the
    /// account to a workspace.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub application_id: Attr<String>,
    /// Name, as people see it. The application id where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider. It stays as it is where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub external_id: Attr<String>,
    /// Whether it may log in.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub active: Attr<bool>,
    /// Whether it may create clusters. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether it may create instance pools. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether it may use Databricks SQL. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether it may use the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_access: Attr<bool>,
    /// Whether it may consume what others publish in the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_consume: Attr<bool>,
    /// Whether destroying only deactivates it: true at account level, false in a workspace where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub disable_as_user_deletion: Attr<bool>,
    /// Whether a create takes over a service principal that is there already with this application_id.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force: Attr<bool>,
    /// Whether destroying also deletes its folder of Git folders in the workspace, and all that is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_delete_repos: Attr<bool>,
    /// Whether destroying also deletes its home folder in the workspace, and all that is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_delete_home_dir: Attr<bool>,
    /// The level that it stands at: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// Home folder in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub home: Attr<String>,
    /// Folder of Git folders in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub repos: Attr<String>,
    /// Name in access control rules: `servicePrincipals/` and the application id.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub acl_principal_id: Attr<String>,
    /// The workspace that it stands in, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

entitled!(ServicePrincipal);

impl Principal for ServicePrincipal {
    const KIND: Kind = Kind::ServicePrincipal;

    fn facts(&self) -> Facts<'_> {
        Facts {
            id: &self.id,
            login: &self.application_id,
            display_name: &self.display_name,
            external_id: &self.external_id,
            active: Some(&self.active),
            force: &self.force,
            api: &self.api,
            provider_config: &self.provider_config,
        }
    }

    fn stated(known: &Self, found: Api) -> Self {
        let application_id = found.application_id;
        let state = Self {
            id: found.id.into(),
            display_name: text(found.display_name),
            external_id: scim::external_id(&found.external_id),
            active: found.active.unwrap_or(true).into(),
            home: format!("/Users/{application_id}").into(),
            repos: format!("/Repos/{application_id}").into(),
            acl_principal_id: format!("servicePrincipals/{application_id}").into(),
            application_id: application_id.into(),
            provider_config: level::settled(known.provider_config.clone()),
            ..known.clone()
        };
        state.entitled_to(&found.entitlements)
    }

    fn kept(state: Self, plan: Self) -> Self {
        Self {
            force: plan.force,
            force_delete_repos: plan.force_delete_repos,
            force_delete_home_dir: plan.force_delete_home_dir,
            disable_as_user_deletion: plan.disable_as_user_deletion,
            api: plan.api,
            provider_config: level::settled(plan.provider_config),
            external_id: if plan.external_id.is_unknown() { state.external_id } else { plan.external_id },
            ..state
        }
    }

    fn leaving(&self) -> Leaving<'_> {
        Leaving {
            is_deactivated: self.disable_as_user_deletion.known().copied(),
            folders: principal::folders(
                [&self.repos, &self.home],
                [&self.force_delete_repos, &self.force_delete_home_dir],
            ),
        }
    }
}

impl Resource for ServicePrincipal {
    const NAME: &'static str = "databricks_service_principal";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
  display_name             = "example"
  disable_as_user_deletion = false
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"example\"\n", "\"renamed\"\n"));
    const IMPORT_ID: Option<&'static str> = Some("3141592653589793");

    type Client = Either;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = entitled::conflicts(config);
        if config.application_id.is_null() && config.display_name.is_null() {
            let error = Error::new("A service principal has a display_name or an application_id");
            problems.insert(0, error.detail("Set display_name, or the application_id of one of the account.").into());
        }
        let folders = [&config.force_delete_repos, &config.force_delete_home_dir];
        problems.extend(principal::conflicts(folders, &config.disable_as_user_deletion));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        principal::plan(planning)
    }

    async fn create(cx: &Call<Either>, plan: Self) -> Result<Self, Failed<Self>> {
        principal::create(cx, plan).await
    }

    async fn find(cx: &Call<Either>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        principal::find(cx, plan, marker).await
    }

    async fn marked(cx: &Call<Either>, plan: &Self) -> Result<Vec<Marked>> {
        principal::all_marked(cx, plan).await
    }

    async fn read(cx: &Call<Either>, state: Self) -> Result<Option<Self>> {
        principal::read(cx, state).await
    }

    async fn update(cx: &Call<Either>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        principal::update(cx, state, plan).await
    }

    async fn delete(cx: &Call<Either>, state: Self) -> Result<()> {
        principal::delete(cx, state).await
    }
}
