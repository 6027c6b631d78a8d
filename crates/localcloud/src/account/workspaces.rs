//! Workspaces. <https://docs.databricks.com/api/account/workspaces>

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::{Deserialize, Serialize};

use crate::account::check_length;
use crate::account::customer_managed_keys::UseCase;
use crate::answer::{Answer, ApiError};
use crate::call::{Cx, Effect, created};
use crate::route::{Route, route};
use crate::state::{State, Workspace};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/workspaces", create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/workspaces", list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/workspaces/{id}", get),
    route(Method::PATCH, "/api/2.0/accounts/{account_id}/workspaces/{id}", update),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/workspaces/{id}", delete),
];

/// A workspace, as the API answers it. Its address is not in the answer: it follows from the deployment name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WorkspaceInfo {
    pub(crate) workspace_id: i64,
    pub(crate) workspace_name: String,
    pub(crate) deployment_name: String,
    pub(crate) aws_region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_configuration_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) managed_services_customer_managed_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_customer_managed_key_id: Option<String>,
    pub(crate) pricing_tier: String,
    pub(crate) compute_mode: String,
    pub(crate) storage_mode: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) custom_tags: BTreeMap<String, String>,
    pub(crate) account_id: String,
    pub(crate) creation_time: i64,
    pub(crate) workspace_status: WorkspaceStatus,
    pub(crate) workspace_status_message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_workspace_status: Option<WorkspaceStatus>,
}

/// Where a workspace stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum WorkspaceStatus {
    Banned,
    Cancelling,
    Failed,
    NotProvisioned,
    #[default]
    Provisioning,
    Running,
}

/// What a create or an update may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    workspace_name: Option<String>,
    aws_region: Option<String>,
    credentials_id: Option<String>,
    storage_configuration_id: Option<String>,
    network_id: Option<String>,
    managed_services_customer_managed_key_id: Option<String>,
    storage_customer_managed_key_id: Option<String>,
    private_access_settings_id: Option<String>,
    network_connectivity_config_id: Option<String>,
    deployment_name: Option<String>,
    pricing_tier: Option<String>,
    custom_tags: Option<BTreeMap<String, String>>,
    compute_mode: Option<String>,
    expected_workspace_status: Option<WorkspaceStatus>,
    /// Taken and never answered, as the real API does.
    #[serde(rename = "is_no_public_ip_enabled")]
    _is_no_public_ip_enabled: Option<bool>,
}

const TIERS: &[&str] = &["COMMUNITY_EDITION", "DEDICATED", "ENTERPRISE", "PREMIUM", "STANDARD", "UNKNOWN"];

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Wanted = cx.body()?;
    let name = wanted.workspace_name.clone().ok_or_else(|| ApiError::invalid("workspace_name is required."))?;
    check_length("workspace_name", &name, 4..=256)?;
    let region = wanted.aws_region.clone().filter(|region| is_region(region));
    let region = region.ok_or_else(|| ApiError::invalid("aws_region is not an AWS region, such as eu-west-1."))?;
    let serverless = match wanted.compute_mode.as_deref() {
        None | Some("HYBRID") => false,
        Some("SERVERLESS") => true,
        Some(other) => return Err(ApiError::invalid(format!("compute_mode {other} is not HYBRID or SERVERLESS."))),
    };
    let tier = wanted.pricing_tier.clone().unwrap_or_else(|| "PREMIUM".to_owned());
    if !TIERS.contains(&tier.as_str()) {
        return Err(ApiError::invalid(format!("pricing_tier {tier} is none of {}.", TIERS.join(", "))));
    }
    if !serverless && (wanted.credentials_id.is_none() || wanted.storage_configuration_id.is_none()) {
        return Err(ApiError::invalid("credentials_id and storage_configuration_id are required."));
    }
    if wanted.managed_services_customer_managed_key_id.is_some() && tier != "ENTERPRISE" {
        return Err(ApiError::invalid("Customer-managed keys need the pricing tier ENTERPRISE."));
    }
    check_references(cx.state, &wanted, None)?;
    let deployment_name = deployment_name(cx.state, wanted.deployment_name.as_deref())?;
    let id = cx.state.next_id();
    let creator = cx.caller()?.principal.clone();
    let info = WorkspaceInfo {
        workspace_id: id,
        workspace_name: name,
        deployment_name,
        aws_region: region,
        credentials_id: wanted.credentials_id,
        storage_configuration_id: wanted.storage_configuration_id,
        network_id: wanted.network_id,
        managed_services_customer_managed_key_id: wanted.managed_services_customer_managed_key_id,
        storage_customer_managed_key_id: wanted.storage_customer_managed_key_id,
        pricing_tier: tier,
        compute_mode: if serverless { "SERVERLESS" } else { "HYBRID" }.to_owned(),
        storage_mode: if serverless { "DEFAULT_STORAGE" } else { "CUSTOMER_HOSTED" }.to_owned(),
        custom_tags: wanted.custom_tags.unwrap_or_default(),
        account_id: cx.state.account_id.clone(),
        creation_time: cx.now,
        workspace_status: WorkspaceStatus::Provisioning,
        workspace_status_message: "Workspace resources are being set up.".to_owned(),
        expected_workspace_status: wanted.expected_workspace_status,
    };
    let workspace = Workspace {
        info,
        ready_at: cx.now.saturating_add(millis(cx.settings.delays.workspace)),
        gone_at: None,
        failure: cx.faults.take("localcloud:ProvisionWorkspace").map(|fault| fault.text()),
        assignments: BTreeMap::from([(creator, vec!["ADMIN".to_owned()])]),
        entitlements: BTreeMap::new(),
        tokens: BTreeMap::new(),
        scopes: BTreeMap::new(),
        clusters: BTreeMap::new(),
        runs: BTreeMap::new(),
        files: crate::workspace::files::Files::default(),
    };
    let answer = created(&workspace.info);
    cx.state.workspaces.insert(id, workspace);
    Ok(answer)
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let all: Vec<&WorkspaceInfo> = cx.state.workspaces.values().map(|workspace| &workspace.info).collect();
    Ok(Answer::json(&all))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    find(cx.state, id).map(|workspace| Answer::json(&workspace.info))
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let body = cx.body_value()?;
    let given: BTreeSet<String> = body.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default();
    let mut wanted: Wanted = serde_json::from_value(body)
        .map_err(|error| ApiError::malformed(format!("Could not parse request object: {error}")))?;
    let mask: BTreeSet<String> = match cx.query("update_mask") {
        None => given,
        Some(mask) => mask.split(',').map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect(),
    };
    const UPDATABLE: &[&str] = &[
        "credentials_id",
        "storage_configuration_id",
        "network_id",
        "storage_customer_managed_key_id",
        "managed_services_customer_managed_key_id",
        "private_access_settings_id",
        "network_connectivity_config_id",
        "custom_tags",
        "expected_workspace_status",
    ];
    if let Some(field) = mask.iter().find(|field| !UPDATABLE.contains(&field.as_str())) {
        return Err(ApiError::invalid(format!("{field} of a workspace cannot be updated.")));
    }
    wanted.keep_only(&mask);
    if find(cx.state, id)?.gone_at.is_some() {
        return Err(ApiError::in_use(format!("Workspace {id} is being deleted.")));
    }
    check_references(cx.state, &wanted, Some(id))?;
    let ready_at = cx.now.saturating_add(millis(cx.settings.delays.workspace));
    let failure = cx.faults.take("localcloud:ProvisionWorkspace").map(|fault| fault.text());
    let workspace = cx.state.workspaces.get_mut(&id).ok_or_else(|| missing(id))?;
    let info = &mut workspace.info;
    let replace = |field: &mut Option<String>, name: &str, value: Option<String>| {
        if mask.contains(name) {
            *field = value;
        }
    };
    replace(&mut info.credentials_id, "credentials_id", wanted.credentials_id);
    replace(&mut info.storage_configuration_id, "storage_configuration_id", wanted.storage_configuration_id);
    replace(&mut info.network_id, "network_id", wanted.network_id);
    replace(
        &mut info.storage_customer_managed_key_id,
        "storage_customer_managed_key_id",
        wanted.storage_customer_managed_key_id,
    );
    replace(
        &mut info.managed_services_customer_managed_key_id,
        "managed_services_customer_managed_key_id",
        wanted.managed_services_customer_managed_key_id,
    );
    if let Some(tags) = wanted.custom_tags.filter(|_| mask.contains("custom_tags")) {
        info.custom_tags = tags;
    }
    if mask.contains("expected_workspace_status") {
        info.expected_workspace_status = wanted.expected_workspace_status;
    }
    // A failed workspace is set up anew; a running one stays RUNNING while its network changes.
    if info.workspace_status == WorkspaceStatus::Failed {
        info.workspace_status = WorkspaceStatus::Provisioning;
        "Workspace resources are being set up.".clone_into(&mut info.workspace_status_message);
        workspace.ready_at = ready_at;
        workspace.failure = failure;
    }
    Ok(Answer::json(&workspace.info))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let gone_at = cx.now.saturating_add(millis(cx.settings.delays.workspace_deletion));
    let workspace = cx.state.workspaces.get_mut(&id).ok_or_else(|| missing(id))?;
    let clusters: Vec<String> = workspace.clusters.keys().cloned().collect();
    workspace.gone_at.get_or_insert(gone_at);
    workspace.info.workspace_status = WorkspaceStatus::Cancelling;
    "Workspace resources are being removed.".clone_into(&mut workspace.info.workspace_status_message);
    let answer = Answer::json(&workspace.info);
    cx.effects.extend(clusters.into_iter().map(|cluster| Effect::StopCluster { workspace: id, cluster }));
    Ok(answer)
}

impl Wanted {
    /// Forgets what the mask does not name.
    fn keep_only(&mut self, mask: &BTreeSet<String>) {
        let keep = |name: &str, field: &mut Option<String>| {
            if !mask.contains(name) {
                *field = None;
            }
        };
        keep("credentials_id", &mut self.credentials_id);
        keep("storage_configuration_id", &mut self.storage_configuration_id);
        keep("network_id", &mut self.network_id);
        keep("storage_customer_managed_key_id", &mut self.storage_customer_managed_key_id);
        keep("managed_services_customer_managed_key_id", &mut self.managed_services_customer_managed_key_id);
        keep("private_access_settings_id", &mut self.private_access_settings_id);
        keep("network_connectivity_config_id", &mut self.network_connectivity_config_id);
    }
}

/// Refuses ids that name nothing, and a network that another workspace stands in.
fn check_references(state: &State, wanted: &Wanted, updating: Option<i64>) -> Result<(), ApiError> {
    let there = |field: &str, id: &Option<String>, known: bool| match id {
        Some(id) if !known => Err(ApiError::invalid(format!("{field} {id} does not exist."))),
        _ => Ok(()),
    };
    let has = |id: &Option<String>, known: &dyn Fn(&String) -> bool| id.as_ref().is_none_or(known);
    there(
        "credentials_id",
        &wanted.credentials_id,
        has(&wanted.credentials_id, &|id| state.credentials.contains_key(id)),
    )?;
    there(
        "storage_configuration_id",
        &wanted.storage_configuration_id,
        has(&wanted.storage_configuration_id, &|id| state.storage_configurations.contains_key(id)),
    )?;
    there("network_id", &wanted.network_id, has(&wanted.network_id, &|id| state.networks.contains_key(id)))?;
    // Registries that the local cloud does not keep: nothing can be in them.
    there(
        "private_access_settings_id",
        &wanted.private_access_settings_id,
        wanted.private_access_settings_id.is_none(),
    )?;
    there(
        "network_connectivity_config_id",
        &wanted.network_connectivity_config_id,
        wanted.network_connectivity_config_id.is_none(),
    )?;
    let keys = [
        ("storage_customer_managed_key_id", &wanted.storage_customer_managed_key_id, UseCase::Storage),
        (
            "managed_services_customer_managed_key_id",
            &wanted.managed_services_customer_managed_key_id,
            UseCase::ManagedServices,
        ),
    ];
    for (field, id, use_case) in keys {
        let key = id.as_ref().and_then(|id| state.customer_managed_keys.get(id));
        there(field, id, id.is_none() || key.is_some())?;
        if key.is_some_and(|key| !key.use_cases.contains(&use_case)) {
            return Err(ApiError::invalid(format!("{field} names a key that is not for this use case.")));
        }
    }
    let other = state.workspaces.iter().find(|(id, workspace)| {
        Some(**id) != updating && wanted.network_id.is_some() && workspace.info.network_id == wanted.network_id
    });
    match other {
        Some((id, _)) => Err(ApiError::invalid(format!("The network is already used by workspace {id}."))),
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

fn find(state: &State, id: i64) -> Result<&Workspace, ApiError> {
    state.workspaces.get(&id).ok_or_else(|| missing(id))
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

/// A delay in milliseconds.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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
