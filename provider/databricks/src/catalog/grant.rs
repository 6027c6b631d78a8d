//! databricks_grant. API: <https://docs.databricks.com/api/workspace/grants>
//!
//! No `Rest`: it is a property of another object, and changed by differences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, Call, Diagnostic, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Resource, Result, Set,
};

use super::grants;
use super::privileges::{self, Granted, spelled};
use super::securable::{self, Securable, on_securable};
use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

on_securable! {
    /// All privileges of one principal that are granted on one thing in Unity Catalog. What else the principal was granted there is
    /// revoked; what others were granted stays. For all privileges on one thing there is `databricks_grants`; the two fight each
    /// other on the same thing.
    #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
    pub struct Grant {
        /// What the privileges are granted on, and to whom: `catalog/sales/data-engineers`.
        #[schemars(extend("x-tf" = ID))]
        pub id: Attr<String>,
        /// User name of a user, application id of a service principal, or name of a group.
        #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
        pub principal: Attr<String>,
        /// The privileges: `USE_CATALOG`, `SELECT`, `ALL_PRIVILEGES` and so on.
        #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_case().ignores_blanks()))]
        pub privileges: Attr<Set<String>>,
        /// The workspace through which they are granted.
        #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
        pub provider_config: Attr<ProviderConfig>,
    }
}

impl Grant {
    fn granted(&self) -> Granted {
        let privileges = self.privileges.or_default().iter().map(|name| spelled(name)).collect();
        Granted::from([(self.principal.or_default(), privileges)])
    }

    /// With what the principal has; `None` where that is nothing.
    fn seen(self, mut found: Granted) -> Option<Self> {
        let privileges = found.remove(self.principal.text())?;
        let privileges = Set(privileges.into_iter().collect()).into();
        Some(Self { privileges, provider_config: level::settled(self.provider_config.clone()), ..self })
    }
}

impl Resource for Grant {
    const NAME: &'static str = "databricks_grant";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name = "example_of_a_grant"
}

resource "databricks_grant" "example" {
  catalog    = databricks_catalog.example.name
  principal  = "data-engineers"
  privileges = ["USE_CATALOG", "CREATE_SCHEMA"]
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("[\"USE_CATALOG\", \"CREATE_SCHEMA\"]", "[\"USE CATALOG\"]"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("data-engineers", "account users"));
    const IMPORT_ID: Option<&'static str> = Some("securable/name/principal");

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        securable::one(config)
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |grant| &grant.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let client = level::workspace(cx.client(), &plan.provider_config).await?;
        let of = Securable::of(&plan)?;
        let principal = plan.principal.or_default();
        privileges::set(&client, &of, &plan.granted(), |one| one == principal).await?;
        Ok(Self { id: format!("{}/{principal}", of.id()).into(), ..plan })
    }

    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let (of, wanted, principal) = (Securable::of(&state)?, state.granted(), state.principal.or_default());
        let found = privileges::settled(cx, &client, &of, &wanted, |one| one == principal).await?;
        let seen = state.clone().seen(found);
        Ok(seen.unwrap_or(state))
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let found = privileges::granted(&client, &Securable::of(&state)?, true).await?;
        Ok(found.and_then(|found| state.seen(found)))
    }

    async fn update(cx: &Call<AnyWorkspace>, _: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Self::create(cx, plan).await
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let principal = state.principal.text();
        privileges::set(&client, &Securable::of(&state)?, &Granted::new(), |one| one == principal).await
    }

    async fn import(_: &Call<AnyWorkspace>, id: &str) -> Result<Self> {
        let (object, principal) = grants::import::<Self>(id, Self::IMPORT_ID, false)?;
        Ok(Self { id: id.into(), principal: principal.into(), ..object })
    }
}
