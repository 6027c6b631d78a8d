//! databricks_metastore_assignment: which metastore a workspace has.
//! API: <https://docs.databricks.com/api/account/metastoreassignments>
//!
//! No `Rest`: it is asked for by the workspace, and changed by workspace and metastore.

use databricks::{IfExists, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Call, Error, Failed, ID, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Resource, Result};

use crate::clients::Account;
use crate::level::{self, ProviderConfig};

/// That a workspace has a metastore, and so Unity Catalog. Databricks gives a new workspace the metastore of its region by itself, where the
/// account says so; assigning another one takes its place.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MetastoreAssignment {
    /// `workspace_id|metastore_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Workspace.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub workspace_id: Attr<i64>,
    /// Metastore, of the workspace's region.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub metastore_id: Attr<String>,
    /// Catalog of names that say none. A setting of the workspace has taken its place.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state().deprecated("set the workspace's default namespace")))]
    pub default_catalog_name: Attr<String>,
    /// `account`: the assignment is the account's.
    #[schemars(extend("enum" = ["account"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// Kept from the official provider's states: the assignment is the account's.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// The metastore of a workspace, as the account tells it.
fn path_of_workspace(workspace: i64) -> String {
    format!("/workspaces/{workspace}/metastore")
}

/// A metastore of a workspace, as the account changes it.
fn path(workspace: i64, metastore: &str) -> String {
    format!("/workspaces/{workspace}/metastores/{}", databricks::segment(metastore))
}

impl MetastoreAssignment {
    /// The ids of the workspace and of the metastore.
    fn parts(&self) -> Result<(i64, &str)> {
        let id = self.id.text();
        let parts = id.split_once('|').and_then(|(workspace, metastore)| Some((workspace.parse().ok()?, metastore)));
        parts.filter(|(_, metastore)| !metastore.is_empty()).ok_or_else(|| {
            Error::new(format!("{id:?} is no id of a metastore assignment"))
                .detail("It is written workspace_id|metastore_id.")
        })
    }

    fn body(&self) -> Json {
        let mut assignment = json!({ "metastore_id": self.metastore_id });
        if let (Some(name), Some(members)) = (self.default_catalog_name.known(), assignment.as_object_mut()) {
            members.insert("default_catalog_name".to_owned(), json!(name));
        }
        json!({ "metastore_assignment": assignment })
    }
}

impl Resource for MetastoreAssignment {
    const NAME: &'static str = "databricks_metastore_assignment";
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

resource "databricks_metastore" "example" {
  name   = "example"
  region = "eu-west-1"
}

resource "databricks_metastore_assignment" "example" {
  workspace_id = databricks_mws_workspaces.example.workspace_id
  metastore_id = databricks_metastore.example.metastore_id
}
"#;
    const IMPORT_ID: Option<&'static str> = Some("workspace_id|metastore_id");

    type Client = Account;

    async fn create(cx: &Call<Account>, plan: Self) -> Result<Self, Failed<Self>> {
        let (workspace, metastore) = (plan.workspace_id.or_default(), plan.metastore_id.text());
        // A repeated assignment is the same one.
        let request = Request::post_account(path(workspace, metastore)).json(&plan.body())?.idempotent();
        cx.client().send::<()>(request).await?;
        let id = format!("{workspace}|{metastore}").into();
        let default_catalog_name = plan.default_catalog_name.known().cloned().into();
        let provider_config = level::settled(plan.provider_config.clone());
        Ok(Self { id, default_catalog_name, provider_config, ..plan })
    }

    async fn ready(cx: &Call<Account>, state: Self) -> Result<Self> {
        let id = state.id.text().to_owned();
        let gone = || Error::new(format!("The metastore assignment {id} is gone"));
        Self::read(cx, state).await?.ok_or_else(gone)
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let (workspace, metastore) = state.parts()?;
        let found: Option<Json> =
            cx.client().send(Request::get_account(path_of_workspace(workspace))).await.if_exists()?;
        let told = |name: &str| found.as_ref()?.pointer(&format!("/metastore_assignment/{name}"))?.as_str();
        if told("metastore_id") != Some(metastore) {
            return Ok(None);
        }
        let default_catalog_name =
            told("default_catalog_name").filter(|name| !name.is_empty()).map(str::to_owned).into();
        let (workspace_id, metastore_id) = (workspace.into(), metastore.into());
        Ok(Some(Self { workspace_id, metastore_id, default_catalog_name, ..state }))
    }

    async fn update(cx: &Call<Account>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        if plan.default_catalog_name != state.default_catalog_name && plan.default_catalog_name.is_known() {
            let (workspace, metastore) = state.parts()?;
            cx.client().send::<()>(Request::put_account(path(workspace, metastore)).json(&plan.body())?).await?;
        }
        Ok(plan)
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        let (workspace, metastore) = state.parts()?;
        cx.client().send::<()>(Request::delete_account(path(workspace, metastore))).await.if_exists()?;
        Ok(())
    }
}
