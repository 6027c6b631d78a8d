//! The data source databricks_current_user: who the provider is logged in as in its workspace.
//! API: <https://docs.databricks.com/api/workspace/currentuser/me>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, OPTIONAL_COMPUTED, Result};

use super::text;
use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

/// The user or service principal that the provider is logged in as in its workspace. Reading it is a try of the login.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CurrentUser {
    /// Id of the user, a number.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Mail address of a person; application id of a service principal.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub user_name: Attr<String>,
    /// Name, as people see it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub display_name: Attr<String>,
    /// Id in an external identity provider.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub external_id: Attr<String>,
    /// The part of the user name before the `@`, with `_` for everything but letters and digits: for the names of things.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub alphanumeric: Attr<String>,
    /// Home folder.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub home: Attr<String>,
    /// Folder of Git folders.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub repos: Attr<String>,
    /// Name in access control rules: `users/` or `servicePrincipals/`, and the user name.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub acl_principal_id: Attr<String>,
    /// Address of the workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_url: Attr<String>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// A name of letters, digits and underscores, in lower case, from a user name.
pub(super) fn alphanumeric(user_name: &str) -> String {
    let local = user_name.split('@').next().unwrap_or_default().to_lowercase();
    local.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

impl DataSource for CurrentUser {
    const NAME: &'static str = "databricks_current_user";
    const EXAMPLE: &'static str = r#"data "databricks_current_user" "example" {
}
"#;

    type Client = AnyWorkspace;

    async fn read(cx: &Call<AnyWorkspace>, config: Self) -> Result<Self> {
        let cx = &level::call(cx, &config.provider_config).await?;
        let me = cx.client().me().await?;
        let kind = if me.user_name.contains('@') { "users" } else { "servicePrincipals" };
        Ok(Self {
            id: me.id.into(),
            alphanumeric: alphanumeric(&me.user_name).into(),
            home: format!("/Users/{}", me.user_name).into(),
            repos: format!("/Repos/{}", me.user_name).into(),
            acl_principal_id: format!("{kind}/{}", me.user_name).into(),
            workspace_url: cx.client().host().as_str().trim_end_matches('/').into(),
            display_name: text(me.display_name),
            external_id: text(me.external_id),
            user_name: me.user_name.into(),
            provider_config: level::settled(config.provider_config),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_becomes_a_name_of_things() {
        for (user_name, expected) in
            [("Ada.Lovelace@example.com", "ada_lovelace"), ("0e1f-22", "0e1f_22"), ("é@x", "_"), ("", "")]
        {
            assert_eq!(alphanumeric(user_name), expected);
        }
    }
}
