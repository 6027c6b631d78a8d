//! Which workspaces see a securable that is isolated. <https://docs.databricks.com/api/workspace/workspacebindings>

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::fields;
use crate::store::{Home, Object};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::GET, "/api/2.1/unity-catalog/bindings/{type}/{name}", get),
    route(Method::PATCH, "/api/2.1/unity-catalog/bindings/{type}/{name}", update),
    route(Method::GET, "/api/2.1/unity-catalog/workspace-bindings/catalogs/{name}", get_catalog),
    route(Method::PATCH, "/api/2.1/unity-catalog/workspace-bindings/catalogs/{name}", update_catalog),
];

/// What bindings are kept under; they are no kind of their own.
const KEPT: &str = "bindings";

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (key, of) = (key(cx), cx.store(Home::Metastore)?);
    let bindings = of.get(KEPT, &key).and_then(|one| one.fields.get("bindings")).cloned().unwrap_or(json!([]));
    Ok(Answer::json(&json!({"bindings": bindings})))
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("catalog.UpdateWorkspaceBindingsParameters", cx.body_value()?, cx.strictness())?;
    let list = |field: &str| wanted.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    change(cx, list("add"), list("remove"))?;
    get(cx)
}

fn get_catalog(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let key = key(cx);
    let of = cx.store(Home::Metastore)?.get(KEPT, &key).and_then(|one| one.fields.get("bindings")).cloned();
    let ids: Vec<Value> = of
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("workspace_id").cloned())
        .collect();
    Ok(Answer::json(&json!({"workspaces": ids})))
}

fn update_catalog(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("catalog.UpdateWorkspaceBindings", cx.body_value()?, cx.strictness())?;
    let list = |field: &str| -> Vec<Value> {
        let ids = wanted.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        ids.into_iter().map(|id| json!({"workspace_id": id, "binding_type": "BINDING_TYPE_READ_WRITE"})).collect()
    };
    change(cx, list("assign_workspaces"), list("unassign_workspaces"))?;
    get_catalog(cx)
}

fn change(cx: &mut Cx<'_>, add: Vec<Value>, remove: Vec<Value>) -> Result<(), ApiError> {
    let key = key(cx);
    let store = cx.store(Home::Metastore)?;
    let mut of = store.get(KEPT, &key).cloned().unwrap_or_default();
    let mut bindings = of.fields.get("bindings").and_then(Value::as_array).cloned().unwrap_or_default();
    let names = |one: &Value, other: &Value| one.get("workspace_id") == other.get("workspace_id");
    bindings.retain(|one| !remove.iter().chain(&add).any(|other| names(one, other)));
    bindings.extend(add.into_iter().map(|mut one| {
        if one.get("binding_type").is_none() {
            crate::answer::set(&mut one, "binding_type", json!("BINDING_TYPE_READ_WRITE"));
        }
        one
    }));
    of = Object { built_in: true, ..of };
    of.set("bindings", json!(bindings));
    store.insert(KEPT, key, of);
    Ok(())
}

fn key(cx: &Cx<'_>) -> String {
    let kind = cx.call.params.get("type").map_or("catalog", String::as_str);
    format!("{}/{}", kind.replace('-', "_"), cx.param("name").to_lowercase())
}
