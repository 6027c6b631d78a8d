//! databricks_group: a group of users, service principals and other groups, of the account or of one workspace. See
//! [`super::principal`].

use databricks::api::identity::Principal as Api;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    REQUIRED, Resource, Result,
};

use super::entitled::{self, Entitled, entitled};
use super::principal::{self, Facts, Leaving, Principal};
use super::scim::{self, Kind};
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// A group of users, service principals and other groups. An account-level provider makes one of the account, which is then assigned to
/// workspaces; one that a workspace-level provider makes is known in its workspace alone. Who is in it is said by
/// `databricks_group_member`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Id of the group, a number.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the group.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider. It stays as it is where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub external_id: Attr<String>,
    /// Whether the group may create clusters. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether the group may create instance pools. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether the group may use Databricks SQL. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether the group may use the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_access: Attr<bool>,
    /// Whether the group may consume what others publish in the workspace. Of a workspace only.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_consume: Attr<bool>,
    /// Whether a create takes over a group that is there already with this display_name.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force: Attr<bool>,
    /// The level that the group stands at: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// Page of the group in the console.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub url: Attr<String>,
    /// Name in access control rules: `groups/` and the display_name.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub acl_principal_id: Attr<String>,
    /// The workspace that the group stands in, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

entitled!(Group);

/// Groups that every workspace has.
const BUILT_IN: [&str; 2] = ["users", "admins"];

impl Principal for Group {
    const KIND: Kind = Kind::Group;

    fn facts(&self) -> Facts<'_> {
        Facts {
            id: &self.id,
            login: &self.display_name,
            display_name: &self.display_name,
            external_id: &self.external_id,
            active: None,
            force: &self.force,
            api: &self.api,
            provider_config: &self.provider_config,
        }
    }

    fn stated(known: &Self, found: Api) -> Self {
        let state = Self {
            id: found.id.into(),
            external_id: scim::external_id(&found.external_id),
            acl_principal_id: format!("groups/{}", found.display_name).into(),
            display_name: found.display_name.into(),
            provider_config: level::settled(known.provider_config.clone()),
            ..known.clone()
        };
        state.entitled_to(&found.entitlements)
    }

    fn at(self, client: &databricks::Client) -> Self {
        let page = if client.is_account() {
            format!("users/groups/{}/information", self.id.text())
        } else {
            format!("#setting/accounts/groups/{}", self.id.text())
        };
        let host = client.host().as_str().trim_end_matches('/');
        Self { url: format!("{host}/{page}").into(), ..self }
    }

    fn kept(state: Self, plan: Self) -> Self {
        Self {
            force: plan.force,
            api: plan.api,
            provider_config: level::settled(plan.provider_config),
            external_id: if plan.external_id.is_unknown() { state.external_id } else { plan.external_id },
            ..state
        }
    }

    /// A group does not log in: it is deleted.
    fn leaving(&self) -> Leaving<'_> {
        Leaving { is_deactivated: Some(false), folders: Vec::new() }
    }
}

impl Resource for Group {
    const NAME: &'static str = "databricks_group";
    const EXAMPLE: &'static str = r#"resource "databricks_group" "example" {
  display_name = "data engineers"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("data engineers", "engineers"));
    const IMPORT_ID: Option<&'static str> = Some("3141592653589793");
    const NAMED: bool = true;

    type Client = Either;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = entitled::conflicts(config);
        let name = config.display_name.text();
        if BUILT_IN.contains(&name) {
            let error = Error::new(format!("Every workspace has a group {name} already"));
            let detail = "Look it up with the data source databricks_group, or give this one another name.";
            problems.push(error.detail(detail).at("display_name").into());
        }
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        if planning.prior.is_some_and(|prior| prior.display_name != planning.planned.display_name) {
            planning.planned.acl_principal_id = Attr::Unknown;
        }
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
