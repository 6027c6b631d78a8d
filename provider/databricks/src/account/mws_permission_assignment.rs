//! databricks_mws_permission_assignment: who of the account may use a workspace, and who administers it.
//! API: <https://docs.databricks.com/api/account/workspaceassignment>

use std::time::Duration;

use databricks::Request;
use databricks::api::account::{
    PermissionAssignment, PermissionAssignments, UpdateWorkspaceAssignments, WorkspacePermission,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Diagnostic, Error, Failed, ID, Marker, Probe, REQUIRED, Resource, Result, Set};

use crate::answer::{Answer, refusal};
use crate::clients::Account;

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
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub permissions: Attr<Set<String>>,
}

/// Answers that a moment later are a success: the workspace's assignment to a metastore and the principal's to the
/// workspace spread with a delay. The API has nothing but the text to tell them by (issues 2739, 5282 and 5367 of the
/// official provider).
fn is_not_effective_yet(error: &databricks::Error) -> bool {
    let text = error.to_string();
    text.contains("Permission assignment APIs are not available for this workspace")
        || text.contains("not in workspace")
}

fn parts(id: &str) -> Result<(i64, i64)> {
    id.split_once('|')
        .and_then(|(workspace, principal)| Some((workspace.parse().ok()?, principal.parse().ok()?)))
        .ok_or_else(|| {
            Error::new(format!("{id:?} is no id of a permission assignment"))
                .detail("It is written workspace_id|principal_id.")
        })
}

fn path_of(workspace_id: i64, principal_id: i64) -> String {
    format!("/workspaces/{workspace_id}/permissionassignments/principals/{principal_id}")
}

/// The assignment, out of the list of all: the API has no reading of a single one.
async fn get(cx: &Call<Account>, workspace_id: i64, principal_id: i64) -> Result<Option<PermissionAssignment>> {
    let path = format!("/workspaces/{workspace_id}/permissionassignments");
    let all = cx
        .client()
        .send::<PermissionAssignments>(Request::get_account(&path).shared())
        .await
        .if_exists(|| format!("list the permission assignments of the workspace {workspace_id}"))?;
    Ok(all.unwrap_or_default().permission_assignments.into_iter().find(|one| {
        one.principal.as_ref().and_then(|one| one.principal_id) == Some(principal_id) && !one.permissions.is_empty()
    }))
}

async fn put(cx: &Call<Account>, plan: &MwsPermissionAssignment) -> Result<MwsPermissionAssignment> {
    let (workspace_id, principal_id) = (plan.workspace_id.or_default(), plan.principal_id.or_default());
    let action = || format!("assign the principal {principal_id} to the workspace {workspace_id}");
    let body = UpdateWorkspaceAssignments {
        permissions: plan.permissions.or_default().iter().map(|one| one.as_str().into()).collect(),
    };
    let path = path_of(workspace_id, principal_id);
    cx.poll("the assignment to be possible", Duration::from_millis(500), Duration::from_secs(10), async || {
        match cx.client().send::<()>(Request::put_account(&path).json(&body).or_say(action)?).await {
            Ok(()) => Ok(Probe::Done(())),
            Err(error) if is_not_effective_yet(&error) => Ok(Probe::Waiting(error.to_string())),
            Err(error) => Err(refusal(&action(), error)),
        }
    })
    .await?;
    Ok(MwsPermissionAssignment { id: format!("{workspace_id}|{principal_id}").into(), ..plan.clone() })
}

impl Resource for MwsPermissionAssignment {
    const NAME: &'static str = "databricks_mws_permission_assignment";
    const SUBCATEGORY: &'static str = "Account";
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
    const IMPORT_ID: Option<&'static str> = Some("workspace_id|principal_id");

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        config
            .permissions
            .or_default()
            .iter()
            .filter(|one| !WorkspacePermission::KNOWN.contains(&one.as_str()))
            .map(|one| {
                Error::new(format!("{one:?} is no permission on a workspace"))
                    .detail("permissions takes USER and ADMIN.")
                    .at("permissions")
                    .into()
            })
            .collect()
    }

    async fn create(cx: &Call<Account>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(put(cx, &plan).await?)
    }

    /// The assignment is its own key: creating it again is the same assignment.
    async fn find(_: &Call<Account>, _: &Self, _: &Marker) -> Result<Option<Self>> {
        Ok(None)
    }

    async fn read(cx: &Call<Account>, state: Self) -> Result<Option<Self>> {
        let (workspace_id, principal_id) = parts(state.id.text())?;
        let found = get(cx, workspace_id, principal_id).await?;
        Ok(found.map(|found| Self {
            id: state.id,
            workspace_id: workspace_id.into(),
            principal_id: principal_id.into(),
            permissions: Set(found.permissions.iter().map(ToString::to_string).collect()).into(),
        }))
    }

    async fn update(cx: &Call<Account>, _: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(put(cx, &plan).await?)
    }

    async fn delete(cx: &Call<Account>, state: Self) -> Result<()> {
        let (workspace_id, principal_id) = parts(state.id.text())?;
        let answer = cx.client().send::<()>(Request::delete_account(path_of(workspace_id, principal_id))).await;
        let action = || format!("take the principal {principal_id} off the workspace {workspace_id}");
        answer.if_exists(action).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_workspace_and_a_principal() {
        assert_eq!(parts("12|34").unwrap(), (12, 34));
        for id in ["12", "12|", "12/34", "|34", "a|b"] {
            assert!(parts(id).unwrap_err().to_string().contains("workspace_id|principal_id"), "{id}");
        }
    }
}
