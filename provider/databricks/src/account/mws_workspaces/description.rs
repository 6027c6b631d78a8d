//! Between a workspace's configuration and the API's: what a creation and an update send, and what an answer means.

use databricks::api::account::Workspace;
use serde_json::Value as Json;
use tfplugin::{Attr, Result, reconcile};

use super::MwsWorkspaces;
use crate::clients::Account;
use crate::json::{Members, members, present};

/// Members whose keys are the user's own.
const MAPS: &[&str] = &["custom_tags"];
/// Members that are Terraform's own, or stand in the path.
const UNSENT: &[&str] = &["account_id", "is_no_public_ip_enabled", "token"];
/// What a PATCH can change.
const UPDATABLE: &[&str] = &[
    "credentials_id",
    "custom_tags",
    "expected_workspace_status",
    "managed_services_customer_managed_key_id",
    "network_connectivity_config_id",
    "network_id",
    "pricing_tier",
    "private_access_settings_id",
    "storage_customer_managed_key_id",
];
/// The deployment name that asks for the account's prefix and nothing behind it.
pub(super) const PREFIX_ONLY: &str = "EMPTY";

/// A workspace as the API answered it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) api: Workspace,
    all: Members,
}

impl Found {
    /// Reads an answer. A null in it is an absent member.
    pub(super) fn read(answer: Json) -> Result<Self> {
        let answer = present(answer, MAPS);
        Ok(Self { api: serde_json::from_value(answer.clone())?, all: members(answer) })
    }
}

/// A workspace in the service's own words.
fn described(workspace: &MwsWorkspaces) -> MwsWorkspaces {
    // It knows its tiers in capitals.
    let pricing_tier = workspace.pricing_tier.clone().map(|tier| tier.to_ascii_uppercase());
    MwsWorkspaces { pricing_tier, ..workspace.clone() }
}

/// The body of a creation.
pub(super) fn creation(plan: &MwsWorkspaces) -> Result<Members> {
    let mut body = reconcile::sent(&described(plan))?;
    body.retain(|name, _| !UNSENT.contains(&name.as_str()));
    Ok(body)
}

/// What an update sends: the members that differ, and their names for the query's `update_mask`. Only tags can be taken away.
pub(super) fn patch(state: &MwsWorkspaces, plan: &MwsWorkspaces) -> Result<(Members, Vec<String>)> {
    let after = described(plan);
    let mut change = reconcile::changed(&described(state), &after, None)?;
    let set = reconcile::sent(&after)?;
    change
        .body
        .retain(|name, _| UPDATABLE.contains(&name.as_str()) && (set.contains_key(name) || name == "custom_tags"));
    change.mask.retain(|name| change.body.contains_key(name));
    Ok((change.body, change.mask))
}

/// The deployment's name as Terraform has it: the configured one, if the server's is it behind the account's prefix.
fn deployment_name(known: &Attr<String>, found: &str) -> Attr<String> {
    match known.known() {
        Some(configured) if configured == PREFIX_ONLY || is_behind_prefix(configured, found) => {
            configured.as_str().into()
        }
        _ => found.into(),
    }
}

/// Whether `found` is `configured` behind an account's prefix.
pub(super) fn is_behind_prefix(configured: &str, found: &str) -> bool {
    found.strip_suffix(configured).is_some_and(|prefix| prefix.ends_with('-'))
}

/// What the service says; what it leaves out stays as it is known.
fn told<T: Clone>(known: &Attr<T>, found: Attr<T>) -> Attr<T> {
    match (known, found) {
        (Attr::Known(known), Attr::Null) => known.clone().into(),
        (_, found) => found,
    }
}

/// `found` as the state; `known` has what the API does not tell, and how the configuration writes it.
pub(super) fn state_of(client: &Account, known: &MwsWorkspaces, found: &Found) -> Result<MwsWorkspaces> {
    let account_id = client.account_id()?;
    let url = match found.all.get("workspace_url").and_then(Json::as_str) {
        Some(url) if url.contains("://") => Some(url.to_owned()),
        Some(host) => Some(format!("https://{host}")),
        None => found.api.url(client.host()).map(Into::into),
    };
    let url = url.map(|url: String| url.trim_end_matches('/').to_owned());
    let mut all = found.all.clone();
    // It is configured, or it is not: what the workspace is has a name of its own.
    let mode = all.remove("compute_mode").and_then(|mode| mode.as_str().map(str::to_owned));
    all.remove("token");
    let state: MwsWorkspaces = serde_json::from_value(Json::Object(all))?;
    Ok(MwsWorkspaces {
        id: format!("{account_id}/{}", found.api.workspace_id.unwrap_or_default()).into(),
        account_id: account_id.into(),
        deployment_name: match state.deployment_name.text() {
            "" => told(&known.deployment_name, Attr::Null),
            found => deployment_name(&known.deployment_name, found),
        },
        pricing_tier: told(&known.pricing_tier, state.pricing_tier),
        compute_mode: known.compute_mode.clone(),
        effective_compute_mode: told(&known.effective_compute_mode, mode.into()),
        cloud: told(&known.cloud, if state.cloud.is_null() { "aws".into() } else { state.cloud }),
        custom_tags: match &known.custom_tags {
            Attr::Known(tags) if tags.is_empty() && state.custom_tags.is_null() => known.custom_tags.clone(),
            _ => state.custom_tags,
        },
        creation_time: told(&known.creation_time, state.creation_time),
        workspace_url: told(&known.workspace_url, url.into()),
        gcp_workspace_sa: told(&known.gcp_workspace_sa, state.gcp_workspace_sa),
        // What the API does not tell.
        is_no_public_ip_enabled: (known.is_no_public_ip_enabled != Attr::Known(false)).into(),
        customer_managed_key_id: known.customer_managed_key_id.clone(),
        expected_workspace_status: known.expected_workspace_status.clone(),
        external_customer_info: known.external_customer_info.clone(),
        token: known.token.clone(),
        ..state
    })
}

/// States from before version 3: of the official provider, whose key had another name, and of this one, which held what the
/// workspace is where the configuration's word stands.
pub(super) fn upgrade(version: i64, mut state: Json) -> Json {
    let Some(members) = state.as_object_mut().filter(|_| version < 3) else { return state };
    let is_null = |members: &Members, name: &str| members.get(name).is_none_or(Json::is_null);
    if is_null(members, "managed_services_customer_managed_key_id")
        && let Some(key) = members.remove("customer_managed_key_id")
    {
        members.insert("managed_services_customer_managed_key_id".into(), key);
    }
    if is_null(members, "effective_compute_mode")
        && let Some(mode) = members.get("compute_mode").filter(|mode| !mode.is_null()).cloned()
    {
        if mode == "HYBRID" {
            members.insert("compute_mode".into(), Json::Null);
        }
        members.insert("effective_compute_mode".into(), mode);
    }
    if is_null(members, "is_no_public_ip_enabled") {
        members.insert("is_no_public_ip_enabled".into(), true.into());
    }
    state
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_accounts_prefix_is_no_change_of_the_deployment_name() {
        let check = |known: Attr<String>, found: &str, expected: &str| {
            assert_eq!(deployment_name(&known, found).text(), expected, "{known:?} {found}");
        };
        check("team".into(), "team", "team");
        check("team".into(), "acme-team", "team");
        check("EMPTY".into(), "acme", "EMPTY");
        check("team".into(), "acmeteam", "acmeteam");
        check("team".into(), "acme-other", "acme-other");
        check(Attr::Unknown, "dbc-1", "dbc-1");
        check(Attr::Null, "dbc-1", "dbc-1");
    }

    #[test]
    fn an_update_sends_what_differs_and_names_it() {
        let tags = |value: &str| Attr::Known([("team".to_owned(), value.to_owned())].into());
        let state = MwsWorkspaces {
            network_id: "n-1".into(),
            custom_tags: tags("data"),
            pricing_tier: "PREMIUM".into(),
            workspace_name: "a".into(),
            ..Default::default()
        };
        let check = |plan: MwsWorkspaces, expected: Json| {
            let (body, mask) = patch(&state, &plan).unwrap();
            assert_eq!(json!({mask.join(","): body}), expected);
        };
        check(state.clone(), json!({"": {}}));
        check(
            MwsWorkspaces { network_id: "n-2".into(), ..state.clone() },
            json!({"network_id": {"network_id": "n-2"}}),
        );
        check(MwsWorkspaces { network_id: Attr::Null, ..state.clone() }, json!({"": {}}));
        check(
            MwsWorkspaces { custom_tags: tags("platform"), ..state.clone() },
            json!({"custom_tags": {"custom_tags": {"team": "platform"}}}),
        );
        check(MwsWorkspaces { custom_tags: Attr::Null, ..state.clone() }, json!({"custom_tags": {"custom_tags": {}}}));
        check(MwsWorkspaces { pricing_tier: "premium".into(), ..state.clone() }, json!({"": {}}));
        check(
            MwsWorkspaces { pricing_tier: "enterprise".into(), ..state.clone() },
            json!({"pricing_tier": {"pricing_tier": "ENTERPRISE"}}),
        );
        check(
            MwsWorkspaces {
                workspace_status: Attr::Unknown,
                network_connectivity_config_id: Attr::Unknown,
                ..state.clone()
            },
            json!({"": {}}),
        );
    }

    #[test]
    fn older_states_are_brought_to_the_present_shape() {
        for (version, state, expected) in [
            (
                0,
                json!({"compute_mode": "HYBRID"}),
                json!({"compute_mode": null, "effective_compute_mode": "HYBRID", "is_no_public_ip_enabled": true}),
            ),
            (
                0,
                json!({"compute_mode": "SERVERLESS", "is_no_public_ip_enabled": false}),
                json!({
                    "compute_mode": "SERVERLESS", "effective_compute_mode": "SERVERLESS", "is_no_public_ip_enabled": false,
                }),
            ),
            (
                2,
                json!({"customer_managed_key_id": "k", "is_no_public_ip_enabled": true}),
                json!({"managed_services_customer_managed_key_id": "k", "is_no_public_ip_enabled": true}),
            ),
            (3, json!({"compute_mode": "HYBRID"}), json!({"compute_mode": "HYBRID"})),
        ] {
            assert_eq!(upgrade(version, state.clone()), expected, "{version} {state}");
        }
    }
}
