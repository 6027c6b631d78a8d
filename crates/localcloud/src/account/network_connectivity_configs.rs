//! Network connectivity configurations of serverless compute, and their private endpoint rules.
//! <https://docs.databricks.com/api/account/networkconnectivity>

use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, Parent};

/// The row of the configurations.
pub(crate) const KIND: Kind = Kind {
    noun: "Network connectivity configuration",
    key: "network_connectivity_configs",
    path: "/api/2.0/accounts/{account_id}/network-connectivity-configs",
    id: ("network_connectivity_config_id", Id::Uuid),
    create: "settings.CreateNetworkConnectivityConfiguration",
    object: "settings.NetworkConnectivityConfiguration",
    items: "items",
    make,
    leave: |cx, object| {
        cx.state.refuse_used("Network connectivity configuration", object.text("network_connectivity_config_id"))
    },
    ..Kind::OF_ACCOUNT
};

/// The row of the rules.
pub(crate) const RULES: Kind = Kind {
    noun: "Private endpoint rule",
    key: "private_endpoint_rules",
    path: "/api/2.0/accounts/{account_id}/network-connectivity-configs/{parent}/private-endpoint-rules",
    calls: &[COLLECTION, PATCH],
    id: ("rule_id", Id::Uuid),
    create: "settings.CreatePrivateEndpointRule",
    change: "settings.UpdatePrivateEndpointRule",
    object: "settings.NccPrivateEndpointRule",
    items: "items",
    parent: Some(Parent { key: "network_connectivity_configs", fields: &["network_connectivity_config_id"] }),
    make: make_rule,
    alter: |_, _, after| check_rule(after),
    ..Kind::OF_ACCOUNT
};

fn make(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let name = object.text("name");
    // The pattern of the API's reference: 3 to 30 letters, digits, - and _.
    let good = (3..=30).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !good {
        return Err(ApiError::invalid(format!("name {name:?} must have 3 to 30 letters, digits, - and _.")));
    }
    let addresses = json!({"cidr_blocks": ["192.0.2.0/28", "192.0.2.16/28"]});
    object.set("egress_config", json!({"default_rules": {"aws_stable_ip_rule": addresses}}));
    Ok(())
}

fn make_rule(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    if object.text("endpoint_service").is_empty() {
        return Err(ApiError::invalid("Missing required field: endpoint_service"));
    }
    check_rule(object)?;
    object.set("enabled", true);
    object.set("deactivated", false);
    object.set("vpc_endpoint_id", format!("vpce-{}", hex::encode(rand::random::<[u8; 8]>())));
    // Whoever owns the service at the other end has to accept it.
    object.set("connection_state", "PENDING");
    Ok(())
}

/// A rule of AWS is for buckets (`resource_names`) or for names behind a service of one's own (`domain_names`).
fn check_rule(object: &mut Object) -> Result<(), ApiError> {
    let given = |field: &str| object.fields.get(field).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    match (given("resource_names"), given("domain_names")) {
        (true, true) => Err(ApiError::invalid("Exactly one of resource_names and domain_names can be given.")),
        (false, false) => Err(ApiError::invalid("One of resource_names and domain_names is needed.")),
        _ => Ok(()),
    }
}
