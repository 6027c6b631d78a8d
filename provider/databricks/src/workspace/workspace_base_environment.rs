//! databricks_environments_workspace_base_environment. API: <https://docs.databricks.com/api/workspace/environments>
//!
//! No `Rest`: its id is chosen by whoever makes it, and what makes it is an operation, whose end its status tells.

use std::time::Duration;

use databricks::{IfExists, Request, segment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{
    Attr, COMPUTED, Call, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe, REQUIRED, Resource,
    Result, Timeouts, reconcile,
};

use crate::clients::{AnyWorkspace, Workspace};
use crate::creation::uncreated;
use crate::level::{self, ProviderConfig};

/// A base environment of a workspace: the Python packages that serverless notebooks and jobs of everybody find installed.
///
/// It is made of a file in a volume or among the workspace's files. A change of that file is no change of the environment: change
/// `filepath` with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceBaseEnvironment {
    /// The same as `name`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the environment: `workspace-base-environments/id`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state().unsent()))]
    pub name: Attr<String>,
    /// Id of the environment in its name: letters, digits and hyphens. One is made where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().unsent()))]
    pub workspace_base_environment_id: Attr<String>,
    /// Name for people.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub display_name: Attr<String>,
    /// Path of the YAML file that says what it is made of: `environment_version`, and `dependencies`, a list of packages.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub filepath: Attr<String>,
    /// What it runs on: `CPU` or `GPU`.
    #[schemars(extend("enum" = ["CPU", "GPU"], "x-tf" = OPTIONAL.service_default()))]
    pub base_environment_type: Attr<String>,
    /// What it runs on, as the service has it.
    #[schemars(extend("x-tf" = COMPUTED.wire("/base_environment_type")))]
    pub effective_base_environment_type: Attr<String>,
    /// What the file says that it is made of.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub spec: Attr<Specification>,
    /// How far it is: `CREATED`, `PENDING`, `REFRESHING`, `FAILED`, `INVALID` or `EXPIRED`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub status: Attr<String>,
    /// What there is to say about the status.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub message: Attr<String>,
    /// Whether it is the default of the workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub is_default: Attr<bool>,
    /// When it was made (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub create_time: Attr<String>,
    /// Id of who made it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creator_user_id: Attr<String>,
    /// When it was last changed (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED))]
    pub update_time: Attr<String>,
    /// Id of who changed it last.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub last_updated_user_id: Attr<String>,
    /// The workspace of the environment.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// What an environment is made of.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Specification {
    /// Version of the environment that it stands on.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub environment_version: Attr<String>,
    /// Packages: requirements of pip, and paths of wheels.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub dependencies: Attr<Vec<String>>,
}

/// Where they stand, and what their names begin with.
const COLLECTION: &str = "workspace-base-environments";

/// The path of an environment, by the id in its name.
fn path(id: &str) -> String {
    format!("/api/environments/v1/workspace-base-environments/{}", segment(id))
}

/// The id in a name.
fn own(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

async fn get(cx: &Call<Workspace>, name: &str) -> Result<Option<Json>> {
    Ok(cx.client().send(Request::get(path(own(name)))).await.if_exists()?)
}

impl WorkspaceBaseEnvironment {
    fn seen(self, found: &Json) -> Result<Self> {
        let provider_config = level::settled(self.provider_config.clone());
        let seen = reconcile::seen(&self, found)?;
        let name = found.get("name").and_then(Json::as_str).map_or_else(|| seen.id.or_default(), str::to_owned);
        Ok(Self {
            id: name.clone().into(),
            workspace_base_environment_id: own(&name).to_owned().into(),
            name: name.into(),
            provider_config,
            ..seen
        })
    }

    /// The id that it is to have. One that nobody chose is the same in each try to make it.
    fn wanted_id(&self, marker: &Marker) -> String {
        match self.workspace_base_environment_id.text() {
            "" => marker.id.clone(),
            id => id.to_owned(),
        }
    }

    /// With its names alone.
    fn named(self, id: &str) -> Self {
        let name = format!("{COLLECTION}/{id}");
        Self {
            id: name.clone().into(),
            name: name.into(),
            workspace_base_environment_id: id.to_owned().into(),
            provider_config: level::settled(self.provider_config.clone()),
            ..self
        }
    }
}

impl Resource for WorkspaceBaseEnvironment {
    const NAME: &'static str = "databricks_environments_workspace_base_environment";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name = "example_of_environments"
}

resource "databricks_schema" "example" {
  catalog_name = databricks_catalog.example.name
  name         = "example"
}

resource "databricks_volume" "example" {
  catalog_name = databricks_catalog.example.name
  schema_name  = databricks_schema.example.name
  name         = "files"
  volume_type  = "MANAGED"
}

resource "databricks_file" "example" {
  path = "${databricks_volume.example.volume_path}/environment.yaml"
  content_base64 = base64encode(yamlencode({
    environment_version = "4"
    dependencies        = ["numpy"]
  }))
}

resource "databricks_environments_workspace_base_environment" "example" {
  display_name = "Example"
  filepath     = databricks_file.example.path
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"Example\"", "\"Another\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some((
        "  filepath     = databricks_file",
        "  workspace_base_environment_id = \"another\"\n  filepath     = databricks_file",
    ));
    const IMPORT_ID: Option<&'static str> = Some("workspace-base-environments/id");
    const TIMEOUTS: Timeouts = Timeouts::minutes(60);

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |environment| &environment.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        let id = plan.wanted_id(cx.marker());
        let request = Request::post("/api/environments/v1/workspace-base-environments")
            .query("workspace_base_environment_id", &id)
            .query("request_id", &cx.marker().id)
            .json(&reconcile::sent(&plan)?)?;
        cx.client().send::<Json>(request).await.map_err(|error| match error.is_already_exists() {
            true => uncreated(error).exists(format!("{COLLECTION}/{id}")),
            false => uncreated(error),
        })?;
        Ok(plan.named(&id))
    }

    /// Waits until its packages are there.
    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(10));
        let name = state.id.or_default();
        let found = cx
            .poll(&format!("the base environment {name} to be made"), start, most, async || {
                let Some(found) = get(&cx, &name).await? else { return Ok(Probe::Waiting("not there".into())) };
                let part = |name: &str| found.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
                Ok(match part("status").as_str() {
                    status @ ("PENDING" | "REFRESHING") => Probe::Waiting(status.to_owned()),
                    status @ ("FAILED" | "INVALID") => {
                        let error = Error::new(format!("The base environment {name} is {status}"));
                        return Err(error.detail(part("message")).at("filepath"));
                    }
                    _ => Probe::Done(found),
                })
            })
            .await?;
        state.seen(&found)
    }

    async fn find(cx: &Call<AnyWorkspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        let found = get(&cx, &plan.wanted_id(marker)).await?;
        found.map(|found| plan.clone().seen(&found)).transpose()
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let found = get(&cx, state.id.text()).await?;
        found.map(|found| state.seen(&found)).transpose()
    }

    /// The API takes the whole.
    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        let id = own(state.id.text()).to_owned();
        cx.client().send::<Json>(Request::patch(path(&id)).json(&reconcile::sent(&plan)?)?).await?;
        Ok(plan.named(&id))
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        cx.client().send::<()>(Request::delete(path(own(state.id.text())))).await.if_exists()?;
        Ok(())
    }

    async fn import(_: &Call<AnyWorkspace>, id: &str) -> Result<Self> {
        match id.split_once('/') {
            Some((COLLECTION, own)) if !own.is_empty() => Ok(Self { id: id.into(), ..Self::default() }),
            _ => Err(Error::new(format!("{id:?} is no name of a base environment"))
                .detail("It is written workspace-base-environments/id.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_has_what_is_configured_and_no_name() {
        let plan = WorkspaceBaseEnvironment {
            display_name: "Example".into(),
            workspace_base_environment_id: "example".into(),
            base_environment_type: "GPU".into(),
            ..WorkspaceBaseEnvironment::default()
        };
        let sent = Json::Object(reconcile::sent(&plan).unwrap());
        assert_eq!(sent, json!({ "display_name": "Example", "base_environment_type": "GPU" }));
        assert_eq!(own("workspace-base-environments/a"), "a");
    }
}
