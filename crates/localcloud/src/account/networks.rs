//! Network configurations: the customer's VPC. <https://docs.databricks.com/api/account/networks>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::account::check_length;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind};

/// The row. What Databricks finds out about the VPC is settled with the workspaces (`State::settle_networks`).
pub(crate) const KIND: Kind = Kind {
    noun: "Network",
    key: "networks",
    path: "/api/2.0/accounts/{account_id}/networks",
    id: ("network_id", Id::Uuid),
    unique: Some("network_name"),
    create: "provisioning.CreateNetworkRequest",
    object: "provisioning.Network",
    make,
    leave: |cx, object| cx.state.refuse_used("Network", object.text("network_id")),
    ..Kind::OF_ACCOUNT
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_length("network_name", object.text("network_name"), 4..=256)?;
    check_id("vpc_id", "vpc-", object.text("vpc_id"))?;
    let (subnets, groups) = (texts(object.fields.get("subnet_ids")), texts(object.fields.get("security_group_ids")));
    check_ids("subnet_ids", "subnet-", &subnets, 2..=usize::MAX)?;
    check_ids("security_group_ids", "sg-", &groups, 1..=5)?;
    for field in ["rest_api", "dataplane_relay"] {
        let ends = texts(object.fields.get("vpc_endpoints").and_then(|all| all.get(field)));
        if let Some(id) = ends.iter().find(|id| !cx.state.store.has("vpc_endpoints", id)) {
            return Err(ApiError::invalid(format!("vpc_endpoints names {id}, which is not registered.")));
        }
    }
    for (id, other) in cx.state.store.all("networks") {
        if let Some(subnet) = subnets.iter().find(|one| texts(other.fields.get("subnet_ids")).contains(*one)) {
            return Err(ApiError::invalid(format!("Subnet {subnet} is already used by network {id}.")));
        }
        if let Some(group) = groups.iter().find(|one| texts(other.fields.get("security_group_ids")).contains(*one)) {
            return Err(ApiError::invalid(format!("Security group {group} is already used by network {id}.")));
        }
    }
    object.set("vpc_status", "UNATTACHED");
    object.set("error_messages", json!([]));
    object.set("warning_messages", json!([]));
    Ok(())
}

/// The texts of a list.
fn texts(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
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

pub(crate) fn check_id(field: &str, prefix: &str, id: &str) -> Result<(), ApiError> {
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
