//! databricks_mws_permission_assignment: who of the account may use a workspace, and who administers it.
//! API: <https://docs.databricks.com/api/account/workspaceassignment>

use serde_json::Value as Json;

use crate::rest::prelude::*;

/// The permissions of a user, group or service principal of the account on a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsPermissionAssignment {
    /// `workspace_id|principal_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Workspace.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub workspace_id: Attr<i64>,
    /// Id of the user, group or service principal.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub principal_id: Attr<i64>,
    /// `USER`, or `ADMIN` for an administrator of the workspace.
    #[schemars(length(min = 1), inner(regex(pattern = "^(USER|ADMIN)$")), extend("x-tf" = REQUIRED))]
    pub permissions: Attr<Set<String>>,
}

impl Rest for MwsPermissionAssignment {
    const NAME: &'static str = "databricks_mws_permission_assignment";
    const NOUN: &'static str = "permission assignment";
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

resource "databricks_service_principal" "example" {
  display_name = "example"
}

resource "databricks_mws_permission_assignment" "example" {
  workspace_id = databricks_mws_workspaces.example.workspace_id
  principal_id = databricks_service_principal.example.id
  permissions  = ["USER"]
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"USER\"", "\"ADMIN\""));
    const API: Api =
        Api::collection("/workspaces/{workspace_id}/permissionassignments/principals", "workspace_id|principal_id")
            .create_puts()
            .read_in_list("/workspaces/{workspace_id}/permissionassignments")
            .as_planned()
            .gone_at_once();

    type Client = Account;

    /// Answers that a moment later are a success: the workspace's assignment to a metastore and the principal's to the
    /// workspace spread with a delay. The API has nothing but the text to tell them by (issues 2739, 5282 and 5367 of the
    /// official provider).
    fn is_not_yet(error: &databricks::Error) -> bool {
        let text = error.to_string();
        text.contains("Permission assignment APIs are not available for this workspace")
            || text.contains("not in workspace")
    }

    /// The principal's id stands in an object of its own, and a principal without permissions is not assigned.
    fn told(mut answer: Json) -> Json {
        let principal = answer.pointer("/principal/principal_id").cloned();
        let is_assigned = answer.get("permissions").and_then(Json::as_array).is_some_and(|all| !all.is_empty());
        if let (Some(principal), Some(members), true) = (principal, answer.as_object_mut(), is_assigned) {
            members.insert("principal_id".to_owned(), principal);
        }
        answer
    }
}
