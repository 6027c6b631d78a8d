//! Registered VPC endpoints of PrivateLink. <https://docs.databricks.com/api/account/vpcendpoints>

use serde_json::{Value, json};

use super::networks::check_id;
use crate::account::check_length;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "VPC endpoint",
    key: "vpc_endpoints",
    path: "/api/2.0/accounts/{account_id}/vpc-endpoints",
    id: ("vpc_endpoint_id", Id::Uuid),
    unique: Some("vpc_endpoint_name"),
    create: "provisioning.CreateVpcEndpointRequest",
    object: "provisioning.VpcEndpoint",
    make,
    leave,
    ..Kind::OF_ACCOUNT
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_length("vpc_endpoint_name", object.text("vpc_endpoint_name"), 1..=255)?;
    check_id("aws_vpc_endpoint_id", "vpce-", object.text("aws_vpc_endpoint_id"))?;
    if object.text("region").is_empty() {
        return Err(ApiError::invalid("Missing required field: region"));
    }
    let endpoint = object.text("aws_vpc_endpoint_id");
    let other = cx.state.store.all("vpc_endpoints").find(|(_, other)| other.text("aws_vpc_endpoint_id") == endpoint);
    if let Some((id, _)) = other {
        let message = format!("{endpoint} is already registered as VPC endpoint {id}.");
        return Err(ApiError::exists(message).with_status(http::StatusCode::CONFLICT));
    }
    // What the real service reads from AWS: the owner, the service at the other end, and what that is for.
    object.fill("aws_account_id", "123456789012");
    object.set("aws_endpoint_service_id", "vpce-svc-0123456789abcdef0");
    object.set("use_case", "WORKSPACE_ACCESS");
    object.set("state", "available");
    Ok(())
}

/// A network or private access settings that name an endpoint hold it.
fn leave(cx: &mut Cx<'_>, object: &Object) -> Result<(), ApiError> {
    let id = object.text("vpc_endpoint_id");
    let names = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(|all| all.contains(&json!(id)));
    let network = cx.state.store.all("networks").find(|(_, network)| {
        let ends = network.fields.get("vpc_endpoints");
        ["rest_api", "dataplane_relay"].iter().any(|field| names(ends.and_then(|ends| ends.get(field))))
    });
    let mut settings = cx.state.store.all("private_access_settings");
    let settings = settings.find(|(_, one)| names(one.fields.get("allowed_vpc_endpoint_ids")));
    match (network, settings) {
        (Some((user, _)), _) => Err(ApiError::in_use(format!("VPC endpoint {id} is used by network {user}."))),
        (_, Some((user, _))) => {
            Err(ApiError::in_use(format!("VPC endpoint {id} is used by private access settings {user}.")))
        }
        _ => Ok(()),
    }
}
