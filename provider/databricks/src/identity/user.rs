//! databricks_user: a person, of the account or of one workspace. See [`super::principal`].

use databricks::api::identity::Principal as Api;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED,
    Resource, Result,
};

use super::entitled::{self, Entitled, entitled};
use super::principal::{self, Facts, Leaving, Principal};
use super::scim::{self, Kind};
use super::text;
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// A person. An account-level provider makes one of the account, who is then assigned to workspaces; a workspace-level provider adds the
/// person to its workspace, and destroying takes the person out of it and leaves the account's user as it is. Where an identity provider makes the users of an account, look them up with the data source instead.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Id of the user, a number.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Mail address, with which the person logs in.
    #[schemars(
        regex(pattern = "^[^@ ]+@[^@ ]+$"),
        extend("x-form" = "a mail address"),
        extend("x-tf" = REQUIRED.replaces().ignores_case())
    )]
    pub user_name: Attr<String>,
    /// Name, as people see it. The mail address where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider. It stays as it is where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub external_id: Attr<String>,
    /// Whether the person may log in.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub active: Attr<bool>,
    /// Whether the person may create clusters. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether the person may create instance pools. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether the person may use Databricks SQL. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether the person may use the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_access: Attr<bool>,
    /// Whether the person may consume what others publish in the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_consume: Attr<bool>,
    /// Whether destroying only deactivates the user: true at account level, false in a workspace where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub disable_as_user_deletion: Attr<bool>,
    /// Whether a create takes over a user who is there already with this user_name.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force: Attr<bool>,
    /// Whether destroying also deletes the folder of Git folders in the workspace, and all that is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_delete_repos: Attr<bool>,
    /// Whether destroying also deletes the home folder in the workspace, and all that is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_delete_home_dir: Attr<bool>,
    /// The level that the user stands at: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// Home folder in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub home: Attr<String>,
    /// Folder of Git folders in a workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub repos: Attr<String>,
    /// Name in access control rules: `users/` and the user_name.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub acl_principal_id: Attr<String>,
    /// The workspace that the user stands in, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

entitled!(User);

impl Principal for User {
    const KIND: Kind = Kind::User;

    fn facts(&self) -> Facts<'_> {
        Facts {
            id: &self.id,
            login: &self.user_name,
            display_name: &self.display_name,
            external_id: &self.external_id,
            active: Some(&self.active),
            force: &self.force,
            api: &self.api,
            provider_config: &self.provider_config,
        }
    }

    fn stated(known: &Self, found: Api) -> Self {
        let user_name = found.user_name;
        let state = Self {
            id: found.id.into(),
            display_name: text(found.display_name),
            external_id: scim::external_id(&found.external_id),
            active: found.active.unwrap_or(true).into(),
            home: format!("/Users/{user_name}").into(),
            repos: format!("/Repos/{user_name}").into(),
            acl_principal_id: format!("users/{user_name}").into(),
            user_name: user_name.into(),
            provider_config: level::settled(known.provider_config.clone()),
            ..known.clone()
        };
        state.entitled_to(&found.entitlements)
    }

    fn kept(state: Self, plan: Self) -> Self {
        Self {
            user_name: plan.user_name,
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

impl Resource for User {
    const NAME: &'static str = "databricks_user";
    const EXAMPLE: &'static str = r#"resource "databricks_user" "example" {
  user_name                = "ada@example.com"
  display_name             = "Ada"
  force                    = true
  disable_as_user_deletion = false
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"Ada\"", "\"Ada Lovelace\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("ada@example.com", "lovelace@example.com"));
    const IMPORT_ID: Option<&'static str> = Some("3141592653589793");
    const NAMED: bool = true;

    type Client = Either;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let folders = [&config.force_delete_repos, &config.force_delete_home_dir];
        let folders = principal::conflicts(folders, &config.disable_as_user_deletion);
        entitled::conflicts(config).into_iter().chain(folders).collect()
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
