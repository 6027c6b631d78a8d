//! SQL warehouses. <https://docs.databricks.com/api/workspace/warehouses>

use http::Method;
use serde_json::{Value, json};

use super::statement::StatementState;
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::effect::Effect;
use crate::route::{Route, route};
use crate::store::kind::{COLLECTION, Id, Kind, Line, Told, Verb};
use crate::store::{Home, Object, Store};
use crate::time::millis;
use crate::workspace::rights::{self, WarehouseRight};

const EDIT: &[Line] = &[(Method::POST, "/{id}/edit", Verb::Patch)];

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "SQL warehouse",
    key: "sql_warehouses",
    path: "/api/2.0/sql/warehouses",
    calls: &[COLLECTION, EDIT],
    id: ("id", Id::Hex),
    create: "sql.CreateWarehouseRequest",
    change: "sql.EditWarehouseRequest",
    object: "sql.GetWarehouseResponse",
    items: "warehouses",
    created: Told::Id,
    changed: Told::Nothing,
    permissions: "sql/warehouses",
    may: |cx, id, verb| {
        let right = if verb == Verb::Get { WarehouseRight::Use } else { WarehouseRight::Manage };
        rights::require_warehouse(cx, id, right)
    },
    make,
    alter: |_, _, after| check(after),
    ..Kind::PLAIN
};

/// The endpoints beside.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/sql/warehouses/{id}/start", start),
    route(Method::POST, "/api/2.0/sql/warehouses/{id}/stop", stop),
    route(Method::GET, "/api/2.0/preview/sql/data_sources", data_sources),
];

const SIZES: &[&str] =
    &["2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"];

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check(object)?;
    let workspace = cx.workspace()?;
    let (number, host) = (workspace.id, workspace.deployment().to_owned());
    let path = format!("/sql/1.0/warehouses/{}", object.text("id"));
    object.set("odbc_params", json!({"hostname": host, "path": path, "protocol": "https", "port": 443}));
    object.set(
        "jdbc_url",
        format!("jdbc:spark://{host}:443/default;transportMode=http;ssl=1;httpPath={path};o={number}"),
    );
    object.set("num_active_sessions", 0);
    begin(cx, object);
    Ok(())
}

fn check(object: &mut Object) -> Result<(), ApiError> {
    if object.text("name").is_empty() {
        return Err(ApiError::invalid("Missing required field: name"));
    }
    object.fill("cluster_size", "X-Small");
    if !SIZES.contains(&object.text("cluster_size")) {
        let message = format!("cluster_size {} is none of {}.", object.text("cluster_size"), SIZES.join(", "));
        return Err(ApiError::invalid(message));
    }
    object.fill("auto_stop_mins", 120);
    object.fill("min_num_clusters", 1);
    object.fill("max_num_clusters", 1);
    object.fill("enable_photon", true);
    object.fill("enable_serverless_compute", false);
    object.fill("spot_instance_policy", "COST_OPTIMIZED");
    object.fill("warehouse_type", "PRO");
    object.fill("channel", json!({"name": "CHANNEL_NAME_CURRENT"}));
    object.fill("tags", json!({}));
    let number = |field: &str| object.fields.get(field).and_then(Value::as_i64).unwrap_or_default();
    match (number("auto_stop_mins"), number("min_num_clusters"), number("max_num_clusters")) {
        (minutes, ..) if minutes != 0 && minutes < 1 => Err(ApiError::invalid("auto_stop_mins is 0 or at least 1.")),
        (_, least, most) if !(1..=40).contains(&most) || least < 1 || least > most => {
            Err(ApiError::invalid("max_num_clusters is between 1 and 40, and min_num_clusters at most that."))
        }
        _ => Ok(()),
    }
}

/// A warehouse starts as soon as it is made.
fn begin(cx: &Cx<'_>, object: &mut Object) {
    let at = cx.now.saturating_add(millis(cx.settings.delays.cluster));
    object.set("state", "STARTING");
    object.set("health", json!({"status": "HEALTHY"}));
    object.set("num_clusters", 0);
    object.later(at, "state", "RUNNING");
    object.later(at, "num_clusters", 1);
}

/// Makes sure that a warehouse runs, or will.
///
/// # Errors
/// 404 for one that is not there, 400 for one that is on its way down.
pub(super) fn wake(cx: &mut Cx<'_>, id: &str) -> Result<(), ApiError> {
    let mut object = KIND.find(cx, id)?.clone();
    match object.text("state") {
        "STOPPED" => {
            begin(cx, &mut object);
            *KIND.find(cx, id)? = object;
            Ok(())
        }
        "STARTING" | "RUNNING" => Ok(()),
        state => Err(ApiError::wrong_state(format!("SQL warehouse {id} is in state {state}: it takes no statements."))),
    }
}

/// The state of a warehouse; nothing of one that is not there.
pub(super) fn state<'a>(store: &'a Store, id: &str) -> &'a str {
    store.get(KIND.key, id).map_or("", |object| object.text("state"))
}

fn start(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    rights::require_warehouse(cx, &id, WarehouseRight::Use)?;
    let mut object = KIND.find(cx, &id)?.clone();
    if object.text("state") == "STOPPED" {
        begin(cx, &mut object);
        *KIND.find(cx, &id)? = object;
    }
    Ok(Answer::empty())
}

fn stop(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    rights::require_warehouse(cx, &id, WarehouseRight::Manage)?;
    let at = cx.now.saturating_add(millis(cx.settings.delays.cluster_termination));
    let object = KIND.find(cx, &id)?;
    if object.text("state") != "STOPPED" {
        object.set("state", "STOPPING");
        object.later(at, "state", "STOPPED");
        object.later(at, "num_clusters", 0);
    }
    // What runs on it ends.
    let now = cx.now;
    let of = cx.workspace()?.statements.iter_mut().filter(|(_, one)| one.order.warehouse == id);
    let ended: Vec<String> =
        of.filter_map(|(statement, one)| one.end(now, StatementState::Canceled).then(|| statement.clone())).collect();
    cx.effects.extend(ended.into_iter().map(|statement| Effect::CancelStatement { statement }));
    Ok(Answer::empty())
}

/// What dashboards know warehouses by.
fn data_sources(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let all = cx.store(Home::Workspace)?.all(KIND.key);
    let all: Vec<Value> = all
        .map(|(id, object)| {
            json!({
                "id": data_source(id),
                "name": object.text("name"),
                "warehouse_id": id,
                "endpoint_id": id,
                "type": "databricks_internal",
                "syntax": "sql",
                "paused": 0,
                "view_only": false,
            })
        })
        .collect();
    Ok(Answer::json(&all))
}

/// The id of a warehouse's data source: a UUID that follows from the warehouse's own.
fn data_source(id: &str) -> String {
    let (first, second) = id.split_at_checked(8).unwrap_or((id, ""));
    format!("{first}-0000-4000-8000-{second:0>12}")
}
