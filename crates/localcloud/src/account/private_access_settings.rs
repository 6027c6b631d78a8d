//! Private access settings of PrivateLink. <https://docs.databricks.com/api/account/privateaccess>

use serde_json::{Value, json};

use crate::account::check_length;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{COLLECTION, Id, Kind, PUT};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Private access settings",
    key: "private_access_settings",
    path: "/api/2.0/accounts/{account_id}/private-access-settings",
    calls: &[COLLECTION, PUT],
    id: ("private_access_settings_id", Id::Uuid),
    unique: Some("private_access_settings_name"),
    create: "provisioning.CreatePrivateAccessSettingsRequest",
    change: "provisioning.PrivateAccessSettings",
    object: "provisioning.PrivateAccessSettings",
    make: check,
    alter: |cx, before, after| {
        if before.text("region") != after.text("region") {
            return Err(ApiError::invalid("The region of private access settings cannot be changed."));
        }
        check(cx, after)
    },
    leave: |cx, object| cx.state.refuse_used("Private access settings", object.text("private_access_settings_id")),
    ..Kind::OF_ACCOUNT
};

fn check(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check_length("private_access_settings_name", object.text("private_access_settings_name"), 1..=255)?;
    if object.text("region").is_empty() {
        return Err(ApiError::invalid("Missing required field: region"));
    }
    object.fill("private_access_level", "ACCOUNT");
    object.fill("public_access_enabled", false);
    let ends = object.fields.get("allowed_vpc_endpoint_ids").and_then(Value::as_array).cloned().unwrap_or_default();
    if object.text("private_access_level") == "ENDPOINT" && ends.is_empty() {
        return Err(ApiError::invalid("private_access_level ENDPOINT needs allowed_vpc_endpoint_ids."));
    }
    let registered = |id: &Value| id.as_str().is_some_and(|id| cx.state.store.has("vpc_endpoints", id));
    match ends.iter().find(|id| !registered(id)) {
        Some(id) => Err(ApiError::invalid(format!("allowed_vpc_endpoint_ids names {id}, which is not registered."))),
        None => {
            object.set("allowed_vpc_endpoint_ids", json!(ends));
            Ok(())
        }
    }
}
