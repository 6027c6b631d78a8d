//! databricks_grants. API: <https://docs.databricks.com/api/workspace/grants>
//!
//! No `Rest`: it is a property of another object, and changed by differences.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, Call, Diagnostic, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Resource, Result, Set,
};

use super::privileges::{self, Granted, spelled};
use super::securable::{self, OnSecurable, Securable, on_securable};
use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

on_securable! {
    /// All privileges that are granted on one thing in Unity Catalog. What is granted there and is not configured is revoked: for
    /// the privileges of one principal, beside those of others, there is `databricks_grant`.
    ///
    /// What is inherited (from the catalog of a schema, say) is neither shown nor revoked.
    #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
    pub struct Grants {
        /// What the privileges are granted on: `catalog/sales`.
        #[schemars(extend("x-tf" = ID))]
        pub id: Attr<String>,
        /// The privileges of a principal.
        #[schemars(length(min = 1), extend("x-tf" = REQUIRED.block()))]
        pub grant: Attr<Set<Privileges>>,
        /// The workspace through which they are granted.
        #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
        pub provider_config: Attr<ProviderConfig>,
    }
}

/// The privileges of a principal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Privileges {
    /// User name of a user, application id of a service principal, or name of a group.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub principal: Attr<String>,
    /// The privileges: `USE_CATALOG`, `SELECT`, `ALL_PRIVILEGES` and so on.
    #[schemars(extend("x-tf" = REQUIRED.ignores_case().ignores_blanks()))]
    pub privileges: Attr<Set<String>>,
}

impl Grants {
    fn granted(&self) -> Granted {
        let mut granted = Granted::new();
        for one in self.grant.or_default().iter() {
            let privileges = one.privileges.or_default();
            granted.entry(one.principal.or_default()).or_default().extend(privileges.iter().map(|name| spelled(name)));
        }
        granted
    }

    fn seen(self, found: Granted) -> Self {
        let of = |(principal, privileges): (String, BTreeSet<String>)| Privileges {
            principal: principal.into(),
            privileges: Set(privileges.into_iter().collect()).into(),
        };
        let grant = Set(found.into_iter().map(of).collect()).into();
        Self { grant, provider_config: level::settled(self.provider_config.clone()), ..self }
    }
}

/// The object that an id names, without privileges.
pub(super) fn import<T: OnSecurable + Default>(id: &str, form: Option<&str>, whole: bool) -> Result<(T, String)> {
    let wrong = || {
        Error::new(format!("{id:?} does not say which privileges are meant"))
            .detail(format!("It is written {}.", form.unwrap_or_default()))
    };
    let (of, rest) = Securable::of_id(id).ok_or_else(wrong)?;
    if rest.is_none_or(str::is_empty) != whole {
        return Err(wrong());
    }
    let mut object = T::default();
    of.name_in(&mut object);
    Ok((object, rest.unwrap_or_default().to_owned()))
}

impl Resource for Grants {
    const NAME: &'static str = "databricks_grants";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name = "example_of_grants"
}

resource "databricks_grants" "example" {
  catalog = databricks_catalog.example.name
  grant {
    principal  = "account users"
    privileges = ["USE_CATALOG", "BROWSE"]
  }
  grant {
    principal  = "data-engineers"
    privileges = ["ALL_PRIVILEGES"]
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("[\"ALL_PRIVILEGES\"]", "[\"CREATE SCHEMA\"]"));
    const IMPORT_ID: Option<&'static str> = Some("securable/name");

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut all = securable::one(config);
        let mut seen = BTreeSet::new();
        for one in config.grant.or_default().iter().filter_map(|one| one.principal.known().cloned()) {
            if let Some(twice) = seen.replace(one) {
                let error = Error::new(format!("{twice} stands in several grant blocks"));
                all.push(error.detail("List all privileges of a principal in one.").at("grant").into());
            }
        }
        all
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |grants| &grants.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let client = level::workspace(cx.client(), &plan.provider_config).await?;
        let of = Securable::of(&plan)?;
        privileges::set(&client, &of, &plan.granted(), |_| true).await?;
        Ok(Self { id: of.id().into(), ..plan })
    }

    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let found = privileges::settled(cx, &client, &Securable::of(&state)?, &state.granted(), |_| true).await?;
        Ok(state.seen(found))
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        let found = privileges::granted(&client, &Securable::of(&state)?, true).await?;
        Ok(found.filter(|found| !found.is_empty()).map(|found| state.seen(found)))
    }

    async fn update(cx: &Call<AnyWorkspace>, _: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Self::create(cx, plan).await
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let client = level::workspace(cx.client(), &state.provider_config).await?;
        privileges::set(&client, &Securable::of(&state)?, &Granted::new(), |_| true).await
    }

    async fn import(_: &Call<AnyWorkspace>, id: &str) -> Result<Self> {
        let (object, _) = import::<Self>(id, Self::IMPORT_ID, true)?;
        Ok(Self { id: id.into(), ..object })
    }
}
