//! Network configurations: the customer's VPC. <https://docs.databricks.com/api/account/networks>

use std::collections::BTreeSet;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::check_length;
use crate::answer::{Answer, ApiError};
use crate::call::{Cx, created};
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/networks", create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/networks", list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/networks/{id}", get),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/networks/{id}", delete),
];

/// A network configuration, as the API answers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Network {
    network_id: String,
    network_name: String,
    vpc_id: String,
    subnet_ids: Vec<String>,
    security_group_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vpc_endpoints: Option<VpcEndpoints>,
    pub(crate) vpc_status: VpcStatus,
    error_messages: Vec<Value>,
    warning_messages: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workspace_id: Option<i64>,
    account_id: String,
    creation_time: i64,
}

/// What Databricks found out about a VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VpcStatus {
    #[serde(rename = "UNATTACHED")]
    Unattached,
    #[serde(rename = "VALID")]
    Valid,
}

/// PrivateLink endpoints, by Databricks' ids of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VpcEndpoints {
    #[serde(default)]
    rest_api: Vec<String>,
    #[serde(default)]
    dataplane_relay: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    network_name: String,
    vpc_id: String,
    subnet_ids: Vec<String>,
    security_group_ids: Vec<String>,
    vpc_endpoints: Option<VpcEndpoints>,
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Create = cx.body()?;
    check_length("network_name", &wanted.network_name, 4..=256)?;
    check_id("vpc_id", "vpc-", &wanted.vpc_id)?;
    check_ids("subnet_ids", "subnet-", &wanted.subnet_ids, 2..=usize::MAX)?;
    check_ids("security_group_ids", "sg-", &wanted.security_group_ids, 1..=5)?;
    if wanted.vpc_endpoints.as_ref().is_some_and(|ends| !ends.rest_api.is_empty() || !ends.dataplane_relay.is_empty()) {
        return Err(ApiError::invalid("vpc_endpoints names VPC endpoints that are not registered."));
    }
    for other in cx.state.networks.values() {
        if let Some(id) = wanted.subnet_ids.iter().find(|id| other.subnet_ids.contains(*id)) {
            return Err(ApiError::invalid(format!("Subnet {id} is already used by network {}.", other.network_id)));
        }
        if let Some(id) = wanted.security_group_ids.iter().find(|id| other.security_group_ids.contains(*id)) {
            let message = format!("Security group {id} is already used by network {}.", other.network_id);
            return Err(ApiError::invalid(message));
        }
    }
    let network = Network {
        network_id: uuid::Uuid::new_v4().to_string(),
        network_name: wanted.network_name,
        vpc_id: wanted.vpc_id,
        subnet_ids: wanted.subnet_ids,
        security_group_ids: wanted.security_group_ids,
        vpc_endpoints: wanted.vpc_endpoints,
        vpc_status: VpcStatus::Unattached,
        error_messages: Vec::new(),
        warning_messages: Vec::new(),
        workspace_id: None,
        account_id: cx.state.account_id.clone(),
        creation_time: cx.now,
    };
    cx.state.networks.insert(network.network_id.clone(), network.clone());
    Ok(created(&network))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::json(&cx.state.networks.values().collect::<Vec<_>>()))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.state.networks.get(cx.param("id")).map(Answer::json).ok_or_else(|| missing(cx.param("id")))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    if !cx.state.networks.contains_key(&id) {
        return Err(missing(&id));
    }
    if cx.state.workspaces.values().any(|workspace| workspace.info.network_id.as_deref() == Some(&id)) {
        return Err(ApiError::in_use(format!("Network is being used by active workspace: {id}.")));
    }
    let gone = cx.state.networks.remove(&id);
    Ok(Answer::json(&gone))
}

fn missing(id: &str) -> ApiError {
    ApiError::missing(format!("Network {id} does not exist."))
}

fn check_ids(
    field: &str,
    prefix: &str,
    ids: &[String],
    counts: std::ops::RangeInclusive<usize>,
) -> Result<(), ApiError> {
    let distinct: BTreeSet<&String> = ids.iter().collect();
    if distinct.len() != ids.len() {
        return Err(ApiError::invalid(format!("{field} has the same id twice.")));
    }
    if !counts.contains(&ids.len()) {
        let most = if *counts.end() == usize::MAX { String::new() } else { format!(" and at most {}", counts.end()) };
        return Err(ApiError::invalid(format!("{field} must have at least {}{most} ids.", counts.start())));
    }
    ids.iter().try_for_each(|id| check_id(field, prefix, id))
}

fn check_id(field: &str, prefix: &str, id: &str) -> Result<(), ApiError> {
    let rest = id.strip_prefix(prefix).unwrap_or_default();
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("{field}: {id} does not have the form {prefix}….")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        let check = |ids: &[&str], expected: bool| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(check_ids("security_group_ids", "sg-", &ids, 1..=2).is_ok(), expected, "{ids:?}");
        };
        check(&["sg-1"], true);
        check(&["sg-1", "sg-2"], true);
        check(&[], false);
        check(&["sg-1", "sg-2", "sg-3"], false);
        check(&["sg-1", "sg-1"], false);
        check(&["subnet-1"], false);
        check(&["sg-"], false);
    }
}
