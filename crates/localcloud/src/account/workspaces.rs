//! Workspaces. <https://docs.databricks.com/api/account/workspaces>

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use crate::account::customer_managed_keys;
use crate::answer::{Answer, ApiError, set};
use crate::call::{Cx, created};
use crate::catalog::metastores;
use crate::effect::Effect;
use crate::route::{Route, route};
use crate::state::{State, Workspace, WorkspaceStatus};
use crate::store::{Object, fields, mask};
use crate::time::millis;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/workspaces", create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/workspaces", list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/workspaces/{id}", get),
    route(Method::PATCH, "/api/2.0/accounts/{account_id}/workspaces/{id}", update),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/workspaces/{id}", delete),
];

/// The fields that an update may change. <https://docs.databricks.com/api/account/workspaces/update>
const UPDATABLE: &[&str] = &[
    "credentials_id",
    "custom_tags",
    "expected_workspace_status",
    "managed_services_customer_managed_key_id",
    "network_connectivity_config_id",
    "network_id",
    "pricing_tier",
    "private_access_settings_id",
    "storage_configuration_id",
    "storage_customer_managed_key_id",
];

/// The fields that name other objects of the account, and what they are kept under.
const REFERENCES: &[(&str, &str)] = &[
    ("credentials_id", "credentials"),
    ("storage_configuration_id", "storage_configurations"),
    ("network_id", "networks"),
    ("managed_services_customer_managed_key_id", "customer_managed_keys"),
    ("storage_customer_managed_key_id", "customer_managed_keys"),
    ("private_access_settings_id", "private_access_settings"),
    ("network_connectivity_config_id", "network_connectivity_configs"),
];

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("provisioning.CreateWorkspaceRequest", cx.body_value()?, cx.strictness())?;
    let mut info = Object::new(wanted);
    // Taken and never answered, as the real API does.
    info.fields.remove("is_no_public_ip_enabled");
    forget_empty(&mut info.fields);
    if info.text("workspace_name").is_empty() {
        return Err(fields::missing("workspace_name"));
    }
    if !is_region(info.text("aws_region")) {
        return Err(ApiError::invalid("aws_region is not an AWS region, such as eu-west-1."));
    }
    info.fill("compute_mode", "HYBRID");
    info.fill("pricing_tier", "PREMIUM");
    let serverless = info.text("compute_mode") == "SERVERLESS";
    if !serverless && (info.text("credentials_id").is_empty() || info.text("storage_configuration_id").is_empty()) {
        return Err(ApiError::invalid("credentials_id and storage_configuration_id are required."));
    }
    let id = cx.state.next_id();
    check(cx.state, &info, id)?;
    let deployment_name =
        deployment_name(cx.state, Some(info.text("deployment_name")).filter(|name| !name.is_empty()))?;
    let creator = cx.caller()?.principal.clone();
    info.set("workspace_id", id);
    info.set("deployment_name", deployment_name.clone());
    info.set("account_id", cx.state.account_id.clone());
    info.set("creation_time", cx.now);
    info.set("cloud", "aws");
    info.set("storage_mode", if serverless { "DEFAULT_STORAGE" } else { "CUSTOMER_HOSTED" });
    let metastore = metastores::of_region(cx.state, info.text("aws_region"), cx.now);
    let workspace = Workspace {
        id,
        metastore: Some(metastore),
        deployment_name,
        info,
        status: WorkspaceStatus::Provisioning,
        status_message: "Workspace resources are being set up.".to_owned(),
        ready_at: cx.now.saturating_add(millis(cx.settings.delays.workspace)),
        gone_at: None,
        failure: cx.faults.take("localcloud:ProvisionWorkspace").map(|fault| fault.text()),
        assignments: BTreeMap::from([(creator, vec!["ADMIN".to_owned()])]),
        ..Workspace::default()
    };
    let answer = created(&view(cx, &workspace));
    cx.state.workspaces.insert(id, workspace);
    cx.state.add_built_in_groups(id);
    Ok(answer)
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let all: Vec<Value> = cx.state.workspaces.values().map(|workspace| view(cx, workspace)).collect();
    Ok(Answer::json(&all))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let workspace = cx.state.workspaces.get(&id).ok_or_else(|| missing(id))?;
    Ok(Answer::json(&view(cx, workspace)))
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let wanted = fields::check("provisioning.Workspace", cx.body_value()?, cx.strictness())?;
    let mask = cx.query("update_mask").map(str::to_owned);
    let mask = mask.unwrap_or_else(|| wanted.keys().cloned().collect::<Vec<_>>().join(","));
    if let Some(field) = mask::heads(&mask).find(|head| !UPDATABLE.contains(head)) {
        return Err(ApiError::invalid(format!("{field} of a workspace cannot be updated.")));
    }
    let workspace = cx.state.workspaces.get(&id).ok_or_else(|| missing(id))?;
    if workspace.gone_at.is_some() {
        return Err(ApiError::in_use(format!("Workspace {id} is being deleted.")));
    }
    let before = workspace.info.clone();
    let mut after = before.clone();
    mask::apply(&mask, &wanted, &mut after.fields);
    forget_empty(&mut after.fields);
    after.fill("pricing_tier", "PREMIUM");
    if !before.text("private_access_settings_id").is_empty() && after.text("private_access_settings_id").is_empty() {
        return Err(ApiError::invalid("Private access settings can be replaced, and not be taken from a workspace."));
    }
    check(cx.state, &after, id)?;
    let ready_at = cx.now.saturating_add(millis(cx.settings.delays.workspace));
    let failure = cx.faults.take("localcloud:ProvisionWorkspace").map(|fault| fault.text());
    let workspace = cx.state.workspaces.get_mut(&id).ok_or_else(|| missing(id))?;
    workspace.info = after;
    // A failed workspace is set up anew; a running one stays RUNNING while its network changes.
    if workspace.status == WorkspaceStatus::Failed {
        workspace.status = WorkspaceStatus::Provisioning;
        "Workspace resources are being set up.".clone_into(&mut workspace.status_message);
        workspace.ready_at = ready_at;
        workspace.failure = failure;
    }
    let workspace = workspace.clone();
    Ok(Answer::json(&view(cx, &workspace)))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let gone_at = cx.now.saturating_add(millis(cx.settings.delays.workspace_deletion));
    let workspace = cx.state.workspaces.get_mut(&id).ok_or_else(|| missing(id))?;
    let clusters: Vec<String> = workspace.clusters.keys().cloned().collect();
    workspace.gone_at.get_or_insert(gone_at);
    workspace.status = WorkspaceStatus::Cancelling;
    "Workspace resources are being removed.".clone_into(&mut workspace.status_message);
    let workspace = workspace.clone();
    cx.effects.extend(clusters.into_iter().map(|cluster| Effect::StopCluster { workspace: id, cluster }));
    Ok(Answer::json(&view(cx, &workspace)))
}

/// What the account says of a workspace.
fn view(cx: &Cx<'_>, workspace: &Workspace) -> Value {
    let mut view = fields::shown("provisioning.Workspace", &workspace.info.fields);
    set(&mut view, "workspace_status", json!(workspace.status));
    set(&mut view, "workspace_status_message", json!(workspace.status_message));
    set(&mut view, "workspace_url", json!(cx.settings.workspace_url(workspace.deployment())));
    view
}

/// An empty text is as good as none.
fn forget_empty(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| *value != json!("") && *value != json!({}));
}

/// Refuses ids that name nothing or something that does not fit, and a network that another workspace stands in.
fn check(state: &State, info: &Object, workspace: i64) -> Result<(), ApiError> {
    let region = info.text("aws_region");
    for (field, key) in REFERENCES {
        let id = info.text(field);
        if id.is_empty() {
            continue;
        }
        let Some(object) = state.store.get(key, id) else {
            return Err(ApiError::invalid(format!("{field} {id} does not exist.")));
        };
        let elsewhere = object.text("region");
        if !elsewhere.is_empty() && elsewhere != region {
            return Err(ApiError::invalid(format!("{field} {id} is in {elsewhere}, and the workspace in {region}.")));
        }
        let use_case = match *field {
            "storage_customer_managed_key_id" => "STORAGE",
            "managed_services_customer_managed_key_id" => "MANAGED_SERVICES",
            _ => continue,
        };
        if !customer_managed_keys::is_for(object, use_case) {
            return Err(ApiError::invalid(format!("{field} names a key that is not for this use case.")));
        }
    }
    if !info.text("managed_services_customer_managed_key_id").is_empty() && info.text("pricing_tier") != "ENTERPRISE" {
        return Err(ApiError::invalid("Customer-managed keys need the pricing tier ENTERPRISE."));
    }
    let network = info.text("network_id");
    let other = state
        .workspaces
        .values()
        .find(|other| other.id != workspace && !network.is_empty() && other.info.text("network_id") == network);
    match other {
        Some(other) => Err(ApiError::invalid(format!("The network is already used by workspace {}.", other.id))),
        None => Ok(()),
    }
}

/// The name in the workspace's address: the one that was asked for, or a fresh one.
fn deployment_name(state: &State, wanted: Option<&str>) -> Result<String, ApiError> {
    match wanted.filter(|name| *name != "EMPTY") {
        None => {
            let bytes: [u8; 6] = rand::random();
            let digits = hex::encode(bytes);
            let (first, second) = digits.split_at(8);
            Ok(format!("dbc-{first}-{second}"))
        }
        Some(name) => {
            let good = !name.is_empty()
                && name.len() <= 63
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !name.starts_with('-')
                && !name.ends_with('-')
                && name != "accounts";
            if !good {
                return Err(ApiError::invalid(format!("deployment_name {name} cannot stand in a host name.")));
            }
            if state.workspace_by_deployment(name).is_some() {
                return Err(ApiError::exists(format!("deployment_name {name} is already used by another workspace.")));
            }
            Ok(name.to_owned())
        }
    }
}

fn id_of(cx: &Cx<'_>) -> Result<i64, ApiError> {
    let text = cx.param("id");
    text.parse().map_err(|_| ApiError::invalid(format!("Workspace id {text} is not a number.")))
}

fn missing(id: i64) -> ApiError {
    ApiError::missing(format!("Workspace {id} does not exist."))
}

/// `eu-west-1`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()) && !last.is_empty())
        && parts.iter().rev().skip(1).all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_by_their_form() {
        let check = |text, expected| assert_eq!(is_region(text), expected, "{text}");
        check("eu-west-1", true);
        check("us-gov-east-1", true);
        check("eu-west", false);
        check("", false);
        check("eu--1", false);
        check("Eu-west-1", false);
    }

    #[test]
    fn deployment_names_stand_in_addresses() {
        let state = State::default();
        let check =
            |wanted, expected: bool| assert_eq!(deployment_name(&state, wanted).is_ok(), expected, "{wanted:?}");
        check(None, true);
        check(Some("EMPTY"), true);
        check(Some("lake-1"), true);
        check(Some("Lake"), false);
        check(Some("a.b"), false);
        check(Some("accounts"), false);
        assert!(deployment_name(&state, None).unwrap().starts_with("dbc-"));
    }
}
