//! databricks_mws_ncc_binding: the network connectivity configuration that a workspace uses.
//! API: <https://docs.databricks.com/api/account/workspaces/update>
//!
//! No `Rest`: it is an attribute of a workspace, and not an object.

use std::time::Duration;

use databricks::api::account::{Workspace, WorkspaceStatus};
use databricks::{IfExists, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{Attr, Call, Error, Failed, ID, Planning, Probe, REQUIRED, Removal, Resource, Result};

use crate::clients::Account;

/// A workspace's network connectivity configuration.
///
/// A workspace has one, and Databricks has no way to take it away again: destroying the binding leaves it as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsNccBinding {
    /// `workspace_id/network_connectivity_config_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Workspace.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub workspace_id: Attr<i64>,
    /// Network connectivity configuration, of the workspace's region.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub network_connectivity_config_id: Attr<String>,
}

impl MwsNccBinding {
    fn with_id(self) -> Self {
        let id = format!("{}/{}", self.workspace_id.or_default(), self.network_connectivity_config_id.text());
        Self { id: id.into(), ..self }
    }
}

async fn workspace(cx: &Call<Account>, id: i64) -> Result<Option<Workspace>> {
    Ok(cx.client().send(Request::get_account(Workspace::path(id))).await.if_exists()?)
}

impl Resource for MwsNccBinding {
    const NAME: &'static str = "databricks_mws_ncc_binding";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_credentials" "example" {
  credentials_name = "example"
  role_arn         = "arn:aws:iam::123456789012:role/databricks"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "example"
  bucket_name                = "example-root-bucket"
}

resource "databricks_mws_workspaces" "example" {
  workspace_name           = "example"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
}

resource "databricks_mws_network_connectivity_config" "first" {
  name   = "first"
  region = "eu-west-1"
}

resource "databricks_mws_network_connectivity_config" "second" {
  name   = "second"
  region = "eu-west-1"
}

resource "databricks_mws_ncc_binding" "example" {
  workspace_id                   = databricks_mws_workspaces.example.workspace_id
  network_connectivity_config_id = databricks_mws_network_connectivity_config.first.network_connectivity_config_id
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("config.first.network", "config.second.network"));
    const IMPORT_ID: Option<&'static str> = Some("workspace_id/network_connectivity_config_id");
    const REMOVAL: Removal = Removal::Setting;

    type Client = Account;

    /// The configuration is part of the id.
    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let wanted = &planning.planned.network_connectivity_config_id;
        if planning.prior.is_some_and(|prior| prior.network_connectivity_config_id != *wanted) {
            planning.planned.id = Attr::Unknown;
        }
        Ok(())
    }

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let path = Workspace::path(plan.workspace_id.or_default());
        let body = json!({ "network_connectivity_config_id": plan.network_connectivity_config_id });
        let request =
            Request::patch_account(path).query("update_mask", "network_connectivity_config_id").json(&body)?;
        cx.client().send::<()>(request).await?;
        Ok(plan.with_id())
    }

    /// The workspace takes it over while it is `PROVISIONING` again for a moment.
    async fn ready(cx: &Call<Account>, state: Self) -> Result<Self> {
        let id = state.workspace_id.or_default();
        let (start, most) = (Duration::from_millis(500), Duration::from_secs(10));
        cx.poll(&format!("the workspace {id} to use it"), start, most, async || match workspace(cx, id).await? {
            None => Err(Error::new(format!("The workspace {id} is gone")).at("workspace_id")),
            Some(found) if found.workspace_status.is_failed() => {
                Err(Error::new(format!("The workspace {id} is {}", found.workspace_status))
                    .detail(found.workspace_status_message))
            }
            Some(found) if found.workspace_status == WorkspaceStatus::Running => Ok(Probe::Done(())),
            Some(found) => Ok(Probe::Waiting(found.workspace_status.to_string())),
        })
        .await?;
        Ok(state)
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let id = state.id.text();
        let workspace_id: i64 =
            id.split_once('/').and_then(|(workspace, _)| workspace.parse().ok()).ok_or_else(|| {
                Error::new(format!("{id:?} is no id of a binding"))
                    .detail("It is written workspace_id/network_connectivity_config_id.")
            })?;
        let bound = workspace(cx, workspace_id).await?.map(|found| found.network_connectivity_config_id);
        Ok(bound.filter(|bound| !bound.is_empty()).map(|bound| {
            let state =
                Self { workspace_id: workspace_id.into(), network_connectivity_config_id: bound.into(), ..state };
            state.with_id()
        }))
    }

    async fn update(cx: &Call<Account>, _: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Self::create(cx, plan).await
    }

    async fn delete(_: &Call<Account>, _: Self) -> Result<()> {
        Ok(())
    }
}
