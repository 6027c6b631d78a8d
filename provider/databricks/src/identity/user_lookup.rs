//! The data source databricks_user: a user of the account or of a workspace, by name or id.
//! API: <https://docs.databricks.com/api/workspace/users/list>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, Diagnostic, Error, OPTIONAL, OPTIONAL_COMPUTED, Result, one_of};

use super::current_user::alphanumeric;
use super::scim::{self, Kind};
use super::text;
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// A user of the account, or of a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct UserLookup {
    /// Id of the user, a number.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Mail address by which the user is looked up.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub user_name: Attr<String>,
    /// Id by which the user is looked up.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub user_id: Attr<String>,
    /// Name, as people see it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub external_id: Attr<String>,
    /// The mail address again, under the name that service principals have.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub application_id: Attr<String>,
    /// Whether the person may log in.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub active: Attr<bool>,
    /// The part of the mail address before the `@`, with `_` for everything but letters and digits: for the names of things.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub alphanumeric: Attr<String>,
    /// Home folder in a workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub home: Attr<String>,
    /// Folder of Git folders in a workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub repos: Attr<String>,
    /// Name in access control rules: `users/` and the mail address.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub acl_principal_id: Attr<String>,
    /// The level at which the user is looked up: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL))]
    pub api: Attr<String>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl DataSource for UserLookup {
    const NAME: &'static str = "databricks_user";
    const EXAMPLE: &'static str = r#"resource "databricks_user" "example" {
  user_name                = "looked-up@example.com"
  disable_as_user_deletion = false
}

data "databricks_user" "example" {
  user_name = databricks_user.example.user_name
}
"#;

    type Client = Either;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let set = [config.user_name.is_set(), config.user_id.is_set()];
        let error = || Error::new("A user is looked up by one thing").detail("Set user_name or user_id.");
        one_of(set).err().map(|_| error().into()).into_iter().collect()
    }

    async fn read(cx: &Call<Either>, config: Self) -> Result<Self> {
        let client = &level::client(cx.client(), &config.api, &config.provider_config).await?;
        let found = match config.user_id.known() {
            Some(id) => Kind::User.of_id(client, id).await?,
            None => Kind::User.only(client, Kind::User.login(), config.user_name.text()).await?,
        };
        let name = found.user_name;
        Ok(Self {
            user_id: found.id.clone().into(),
            id: found.id.into(),
            display_name: text(found.display_name),
            external_id: scim::external_id(&found.external_id),
            active: found.active.unwrap_or(true).into(),
            alphanumeric: alphanumeric(&name).into(),
            home: format!("/Users/{name}").into(),
            repos: format!("/Repos/{name}").into(),
            acl_principal_id: format!("users/{name}").into(),
            application_id: name.clone().into(),
            // The one who wrote it in another case gets it as it was written.
            user_name: config.user_name.into_known().unwrap_or(name).into(),
            api: config.api,
            provider_config: level::settled(config.provider_config),
        })
    }
}
