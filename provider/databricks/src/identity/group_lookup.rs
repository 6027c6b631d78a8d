//! The data source databricks_group: a group of the account or of a workspace, by name, with who is in it.
//! API: <https://docs.databricks.com/api/workspace/groups/list>

use std::collections::BTreeSet;

use databricks::Client;
use databricks::api::identity::Principal as Api;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Result, Set};

use super::entitled::{Entitled, entitled};
use super::scim::{self, Kind};
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// A group of the account, or of a workspace: `users` and `admins` of a workspace, for example.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupLookup {
    /// Id of the group, a number.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Name of the group.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub display_name: Attr<String>,
    /// Whether the groups that it is in are followed upwards, for `groups`, `roles` and the entitlements that it has through them.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub recursive: Attr<bool>,
    /// Ids of all who are in it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub members: Attr<Set<String>>,
    /// Ids of the users in it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub users: Attr<Set<String>>,
    /// Ids of the service principals in it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub service_principals: Attr<Set<String>>,
    /// Ids of the groups in it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub child_groups: Attr<Set<String>>,
    /// Ids of the groups that it is in.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub groups: Attr<Set<String>>,
    /// Roles that it has: of the account, or ARNs of instance profiles.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub roles: Attr<Set<String>>,
    /// ARNs of the instance profiles that it may use.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub instance_profiles: Attr<Set<String>>,
    /// Id in an external identity provider.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub external_id: Attr<String>,
    /// Whether it may create clusters.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether it may create instance pools.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether it may use Databricks SQL.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether it may use the workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_access: Attr<bool>,
    /// Whether it may consume what others publish in the workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_consume: Attr<bool>,
    /// Name in access control rules: `groups/` and the display_name.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub acl_principal_id: Attr<String>,
    /// The level at which the group is looked up: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL))]
    pub api: Attr<String>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

entitled!(GroupLookup);

/// The group, and those that it is in, each once: a circle of groups ends.
async fn with_parents(client: &Client, group: Api, is_recursive: bool) -> Result<Vec<Api>> {
    let mut seen = BTreeSet::from([group.id.clone()]);
    let mut all = vec![group];
    let mut at = 0;
    while let Some(group) = all.get(at).filter(|_| is_recursive) {
        let parents: Vec<String> = group.groups.iter().map(|parent| parent.value.clone()).collect();
        for parent in parents.into_iter().filter(|parent| seen.insert(parent.clone())) {
            // One that is of another level is not told.
            all.extend(Kind::Group.get(client, &parent).await?);
        }
        at += 1;
    }
    Ok(all)
}

/// The members of a kind, or all.
fn members(group: &Api, kind: Option<Kind>) -> Attr<Set<String>> {
    let is_of = |reference: &str| kind.is_none_or(|kind| reference.starts_with(&format!("{}/", kind.collection())));
    let of_kind = group.members.iter().filter(|member| is_of(&member.reference));
    of_kind.map(|member| member.value.clone()).collect::<Set<_>>().into()
}

fn set<'a>(all: impl Iterator<Item = &'a String>) -> Attr<Set<String>> {
    all.cloned().collect::<BTreeSet<_>>().into_iter().collect::<Set<_>>().into()
}

impl DataSource for GroupLookup {
    const NAME: &'static str = "databricks_group";
    const EXAMPLE: &'static str = r#"resource "databricks_group" "example" {
  display_name = "to be looked up"
}

data "databricks_group" "example" {
  display_name = databricks_group.example.display_name
}
"#;

    type Client = Either;

    async fn read(cx: &Call<Either>, config: Self) -> Result<Self> {
        let client = &level::client(cx.client(), &config.api, &config.provider_config).await?;
        // A list leaves members out where there are many.
        let found = Kind::Group.only(client, Kind::Group.login(), config.display_name.text()).await?;
        let found = Kind::Group.of_id(client, &found.id).await?;
        let all = with_parents(client, found.clone(), config.recursive.is_true()).await?;
        let roles = || all.iter().flat_map(|group| &group.roles).map(|role| &role.value);
        let entitlements: Vec<_> = all.iter().flat_map(|group| group.entitlements.clone()).collect();
        let told = Self {
            members: members(&found, None),
            users: members(&found, Some(Kind::User)),
            service_principals: members(&found, Some(Kind::ServicePrincipal)),
            child_groups: members(&found, Some(Kind::Group)),
            groups: set(all.iter().flat_map(|group| &group.groups).map(|group| &group.value)),
            roles: set(roles()),
            instance_profiles: set(roles().filter(|role| role.contains(":instance-profile/"))),
            external_id: scim::external_id(&found.external_id),
            acl_principal_id: format!("groups/{}", found.display_name).into(),
            id: found.id.into(),
            provider_config: level::settled(config.provider_config.clone()),
            ..config
        };
        Ok(told.entitled_to(&entitlements))
    }
}
