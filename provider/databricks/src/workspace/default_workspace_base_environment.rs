//! databricks_environments_default_workspace_base_environment. API: <https://docs.databricks.com/api/workspace/environments>
//!
//! No `Rest`: it is a setting, which is always there.

use databricks::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{
    Attr, COMPUTED, Call, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, Planning, Removal, Resource, Result, reconcile,
};

use crate::clients::{AnyWorkspace, Workspace};
use crate::level::{self, ProviderConfig};

/// The base environments that serverless notebooks and jobs of a workspace have where they name none. A destroy takes both away.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DefaultWorkspaceBaseEnvironment {
    /// The same as `name`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// `default-workspace-base-environment`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub name: Attr<String>,
    /// Name of the base environment of what runs on CPUs: `workspace-base-environments/id`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cpu_workspace_base_environment: Attr<String>,
    /// Name of the base environment of what runs on GPUs: `workspace-base-environments/id`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub gpu_workspace_base_environment: Attr<String>,
    /// The workspace.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

const OWN: &str = "default-workspace-base-environment";
const PATH: &str = "/api/environments/v1/default-workspace-base-environment";
/// What can be changed.
const PARTS: &str = "cpu_workspace_base_environment,gpu_workspace_base_environment";

/// Sets both; one that is not configured is taken away.
async fn set(cx: &Call<Workspace>, wanted: &DefaultWorkspaceBaseEnvironment) -> Result<()> {
    let mut body = reconcile::sent(wanted)?;
    body.insert("name".into(), json!(OWN));
    Ok(cx.client().send::<()>(Request::patch(PATH).query("update_mask", PARTS).json(&body)?).await?)
}

impl Resource for DefaultWorkspaceBaseEnvironment {
    const NAME: &'static str = "databricks_environments_default_workspace_base_environment";
    const EXAMPLE: &'static str = r#"resource "databricks_environments_workspace_base_environment" "example" {
  display_name                  = "Example of a default"
  workspace_base_environment_id = "example-default"
}

resource "databricks_environments_workspace_base_environment" "another" {
  display_name                  = "Another example of a default"
  workspace_base_environment_id = "another-default"
}

resource "databricks_environments_default_workspace_base_environment" "example" {
  cpu_workspace_base_environment = databricks_environments_workspace_base_environment.example.name
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("environment.example.name", "environment.another.name"));
    const IMPORT_ID: Option<&'static str> = Some(OWN);
    const REMOVAL: Removal = Removal::Setting;

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |default| &default.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        set(&cx, &plan).await?;
        let provider_config = level::settled(plan.provider_config.clone());
        Ok(Self { id: OWN.to_owned().into(), name: OWN.to_owned().into(), provider_config, ..plan })
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let found: Json = cx.client().send(Request::get(PATH)).await?;
        let provider_config = level::settled(state.provider_config.clone());
        let seen = reconcile::seen(&state, &found)?;
        Ok(Some(Self { id: OWN.to_owned().into(), name: OWN.to_owned().into(), provider_config, ..seen }))
    }

    async fn update(cx: &Call<AnyWorkspace>, _: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Self::create(cx, plan).await
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        set(&cx, &Self::default()).await
    }
}
