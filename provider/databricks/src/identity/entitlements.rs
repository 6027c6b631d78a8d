//! databricks_entitlements: what a user, a group or a service principal that Terraform did not make may do in a workspace.
//! API: <https://docs.databricks.com/api/workspace/groups/patch>
//!
//! No `Rest`: entitlements are a part of a principal, and no object.

use databricks::Client;
use databricks::api::identity::ComplexValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, Call, Diagnostic, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, Removal, Resource, Result, one_of,
};

use super::entitled::{self, Entitled, entitled};
use super::scim::Kind;
use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

/// The entitlements of a user, a group or a service principal in a workspace: of one that is assigned from the account, or that is
/// looked up. What is true here it has, what is not it has not.
///
/// Destroying takes the entitlements away that are true here.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Entitlements {
    /// `group/`, `user/` or `spn/`, and the id of the principal.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the group whose entitlements these are.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub group_id: Attr<String>,
    /// Id of the user whose entitlements these are.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub user_id: Attr<String>,
    /// Id of the service principal whose entitlements these are.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub service_principal_id: Attr<String>,
    /// Whether it may create clusters.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_cluster_create: Attr<bool>,
    /// Whether it may create instance pools.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_instance_pool_create: Attr<bool>,
    /// Whether it may use Databricks SQL.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub databricks_sql_access: Attr<bool>,
    /// Whether it may use the workspace.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_access: Attr<bool>,
    /// Whether it may consume what others publish in the workspace.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub workspace_consume: Attr<bool>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

entitled!(Entitlements);

/// The words before an id, as the official provider writes them.
const WORDS: [(&str, Kind); 3] = [("group", Kind::Group), ("user", Kind::User), ("spn", Kind::ServicePrincipal)];

/// The kind and the id of the principal that an id names.
fn parts(id: &str) -> Result<(Kind, &str)> {
    let parts = id.split_once('/').filter(|(_, id)| !id.is_empty());
    let known =
        parts.and_then(|(word, id)| WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| (*kind, id)));
    known.ok_or_else(|| {
        Error::new(format!("{id:?} is no id of entitlements")).detail("It is written group/ID, user/ID or spn/ID.")
    })
}

impl Entitlements {
    /// The attributes that name the principal.
    fn principals(&self) -> [(Kind, &Attr<String>); 3] {
        [
            (Kind::Group, &self.group_id),
            (Kind::User, &self.user_id),
            (Kind::ServicePrincipal, &self.service_principal_id),
        ]
    }

    /// The id that the attributes make.
    fn named(&self) -> String {
        let named = self.principals().into_iter().find_map(|(kind, id)| Some((kind, id.known()?)));
        let word = |kind| WORDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word);
        named.map_or_else(String::new, |(kind, id)| format!("{}/{id}", word(kind)))
    }

    /// Changes what the service has so that it is as `self`, and nothing else of the principal.
    async fn applied(&self, client: &Client) -> Result<()> {
        let id = self.named();
        let (kind, id) = parts(&id)?;
        let found = kind.get_part(client, id, "entitlements").await?;
        let found = found.ok_or_else(|| {
            Error::new(format!("There is no {} {id} in the workspace", kind.noun())).detail(
                "One of the account is in a workspace once it is assigned: databricks_mws_permission_assignment.",
            )
        })?;
        let operations = entitled::operations(&Self::default().entitled_to(&found.entitlements), self);
        if !operations.is_empty() {
            kind.patch(client, id, operations).await?;
        }
        Ok(())
    }
}

impl Resource for Entitlements {
    const NAME: &'static str = "databricks_entitlements";
    const EXAMPLE: &'static str = r#"data "databricks_group" "users" {
  display_name = "users"
}

resource "databricks_entitlements" "example" {
  group_id             = data.databricks_group.users.id
  workspace_access     = true
  allow_cluster_create = true
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("allow_cluster_create = true", "allow_cluster_create = false"));
    const IMPORT_ID: Option<&'static str> = Some("group/3141592653589793");
    const REMOVAL: Removal = Removal::Setting;

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = entitled::conflicts(config);
        if let Err(count) = one_of(config.principals().map(|(_, id)| id.is_set())) {
            let error = Error::new(format!("Entitlements are those of one principal, and {count} are named"));
            problems.push(error.detail("Set one of group_id, user_id and service_principal_id.").into());
        }
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |of| &of.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> Result<Self, Failed<Self>> {
        plan.applied(&level::workspace(cx.client(), &plan.provider_config).await?).await?;
        let id = plan.named().into();
        Ok(Self { id, provider_config: level::settled(plan.provider_config.clone()), ..plan })
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let (kind, id) = parts(state.id.text())?;
        let Some(found) = kind.get_part(&client, id, "entitlements").await? else { return Ok(None) };
        let of = |wanted: Kind| if kind == wanted { id.into() } else { Attr::Null };
        let [group_id, user_id, service_principal_id] = [Kind::Group, Kind::User, Kind::ServicePrincipal].map(of);
        let told: &[ComplexValue] = &found.entitlements;
        let provider_config = level::settled(state.provider_config.clone());
        let state = Self { group_id, user_id, service_principal_id, provider_config, ..state.clone() };
        Ok(Some(state.entitled_to(told)))
    }

    async fn update(cx: &Call<AnyWorkspace>, _: Self, plan: Self) -> Result<Self, Failed<Self>> {
        Self::create(cx, plan).await
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let (kind, id) = parts(state.id.text())?;
        let operations = entitled::operations(&state, &Self::default());
        if !operations.is_empty() {
            kind.patch(&client, id, operations).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_whose_entitlements_they_are() {
        let check = |of: Entitlements, expected: &str| {
            assert_eq!(of.named(), expected);
            assert_eq!(parts(expected).ok().map(|(_, id)| id), (!expected.is_empty()).then_some("7"), "{expected}");
        };
        check(Entitlements { group_id: "7".into(), ..Default::default() }, "group/7");
        check(Entitlements { user_id: "7".into(), ..Default::default() }, "user/7");
        check(Entitlements { service_principal_id: "7".into(), ..Default::default() }, "spn/7");
        check(Entitlements::default(), "");
        for wrong in ["7", "group/", "role/7"] {
            assert!(parts(wrong).unwrap_err().to_string().contains("no id of entitlements"), "{wrong}");
        }
    }

    #[test]
    fn entitlements_are_those_of_one_principal() {
        let check = |config: &Entitlements, expected: usize| {
            let said = Entitlements::validate(config);
            assert_eq!(said.len(), expected, "{said:?}");
        };
        let group = Entitlements { group_id: "7".into(), ..Default::default() };
        check(&group, 0);
        check(&Entitlements::default(), 1);
        check(&Entitlements { user_id: "7".into(), ..group.clone() }, 1);
        check(&Entitlements { user_id: Attr::Unknown, ..Default::default() }, 0);
        check(&Entitlements { workspace_access: true.into(), workspace_consume: true.into(), ..group }, 1);
    }
}
