//! Where logs of the account are written. <https://docs.databricks.com/api/account/logdelivery>

use http::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::kind::{Id, Kind, Line, Verb};
use crate::store::{Home, Object};

/// None is ever deleted.
const CALLS: &[Line] =
    &[(Method::POST, "", Verb::Create), (Method::GET, "", Verb::List), (Method::GET, "/{id}", Verb::Get)];

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Log delivery configuration",
    key: "log_delivery_configurations",
    path: "/api/2.0/accounts/{account_id}/log-delivery",
    calls: &[CALLS],
    id: ("config_id", Id::Uuid),
    create: "billing.CreateLogDeliveryConfigurationParams",
    change: "billing.UpdateLogDeliveryConfigurationStatusRequest",
    object: "billing.LogDeliveryConfiguration",
    wrapped: "log_delivery_configuration",
    wraps_requests: true,
    items: "log_delivery_configurations",
    make,
    ..Kind::OF_ACCOUNT
};

/// A change of the status, which no field holds.
pub(crate) const ROUTES: &[Route] =
    &[route(Method::PATCH, "/api/2.0/accounts/{account_id}/log-delivery/{id}", set_status)];

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    for (field, kind) in [("credentials_id", "credentials"), ("storage_configuration_id", "storage_configurations")] {
        let id = object.text(field).to_owned();
        if !cx.store(Home::Account)?.has(kind, &id) {
            return Err(ApiError::missing(format!("{field} {id} does not exist.")));
        }
    }
    let format = if object.text("log_type") == "AUDIT_LOGS" { "JSON" } else { "CSV" };
    if object.text("output_format") != format {
        return Err(ApiError::invalid(format!("The output_format of {} is {format}.", object.text("log_type"))));
    }
    let month = crate::time::rfc3339(cx.now).chars().take("2026-11".len()).collect::<String>();
    object.fill("delivery_start_time", month);
    object.fill("status", "ENABLED");
    object.set("log_delivery_status", json!({"status": "CREATED", "message": "Nothing was delivered yet."}));
    object.set("update_time", cx.now);
    settle(object);
    Ok(())
}

fn set_status(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (id, now) = (cx.param("id").to_owned(), cx.now);
    let body: Map<String, Value> = cx.read(KIND.change)?;
    let object = KIND.find(cx, &id)?;
    object.set("status", body.get("status").cloned().unwrap_or(Value::Null));
    object.set("update_time", now);
    settle(object);
    Ok(Answer::empty())
}

/// One that is off is kept for ever, and nobody's any more.
fn settle(object: &mut Object) {
    object.built_in = object.text("status") == "DISABLED";
}
