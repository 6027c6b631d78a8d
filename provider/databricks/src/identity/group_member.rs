//! databricks_group_member: that a user, a group or a service principal is in a group.
//! API: <https://docs.databricks.com/api/account/accountgroups/patch>
//!
//! No `Rest`: it is an entry of a group's list, and not an object.

use databricks::api::identity::PatchOperation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{Attr, Call, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Resource, Result};

use super::scim::Kind;
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// That a user, a service principal or another group is in a group. Members that are in no such resource stay in the group.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupMember {
    /// `group_id|member_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the group.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub group_id: Attr<String>,
    /// Id of the user, the service principal or the group that is in it.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub member_id: Attr<String>,
    /// The level that the group stands at: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.replaces().unsent()))]
    pub api: Attr<String>,
    /// The workspace that the group stands in, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl GroupMember {
    /// The ids of the group and of the member.
    fn parts(&self) -> Result<(&str, &str)> {
        let id = self.id.text();
        let parts = id.split_once('|').filter(|(group, member)| !group.is_empty() && !member.is_empty());
        parts.ok_or_else(|| {
            Error::new(format!("{id:?} is no id of a group member")).detail("It is written group_id|member_id.")
        })
    }

    async fn client(&self, cx: &Call<Either>) -> Result<databricks::Client> {
        level::client(cx.client(), &self.api, &self.provider_config).await
    }
}

impl Resource for GroupMember {
    const NAME: &'static str = "databricks_group_member";
    const EXAMPLE: &'static str = r#"resource "databricks_group" "example" {
  display_name = "group of a member"
}

resource "databricks_service_principal" "example" {
  display_name             = "member of a group"
  disable_as_user_deletion = false
}

resource "databricks_group_member" "example" {
  group_id  = databricks_group.example.id
  member_id = databricks_service_principal.example.id
}
"#;
    const IMPORT_ID: Option<&'static str> = Some("group_id|member_id");
    const IMMUTABLE: bool = true;

    type Client = Either;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let moves = |prior: &Self| level::moves(&prior.provider_config, &planning.planned.provider_config);
        if planning.prior.is_some_and(moves) {
            planning.replaces.push("provider_config".into());
        }
        Ok(())
    }

    async fn create(cx: &Call<Either>, plan: Self) -> Result<Self, Failed<Self>> {
        let client = plan.client(cx).await?;
        let (group, member) = (plan.group_id.text(), plan.member_id.text());
        let join =
            PatchOperation { op: "add".into(), path: "members".into(), value: Some(json!([{ "value": member }])) };
        if !Kind::Group.patch(&client, group, vec![join]).await? {
            // An unknown member is refused in the same way.
            return Err(Error::new(format!("There is no group {group}, or nobody with the id {member}"))
                .detail("Both stand at the level that the provider, api or provider_config names: the account, or one workspace.")
                .into());
        }
        let id = format!("{group}|{member}").into();
        Ok(Self { id, provider_config: level::settled(plan.provider_config.clone()), ..plan })
    }

    async fn read(cx: &Call<Either>, state: Self) -> Result<Option<Self>> {
        let client = state.client(cx).await?;
        let (group, member) = state.parts()?;
        let found = Kind::Group.get_part(&client, group, "members").await?;
        let is_in = found.is_some_and(|group| group.members.iter().any(|one| one.value == member));
        let (group_id, member_id) = (group.into(), member.into());
        let provider_config = level::settled(state.provider_config.clone());
        Ok(is_in.then_some(Self { group_id, member_id, provider_config, ..state }))
    }

    async fn delete(cx: &Call<Either>, state: Self) -> Result<()> {
        let client = state.client(cx).await?;
        let (group, member) = state.parts()?;
        let leave = PatchOperation {
            op: "remove".into(),
            path: format!("members[value eq \"{}\"]", member.replace('"', "\\\"")),
            value: None,
        };
        Kind::Group.patch(&client, group, vec![leave]).await.map(|_| ())
    }
}
