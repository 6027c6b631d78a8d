//! Cluster policies, and the families that the service brings. <https://docs.databricks.com/api/workspace/clusterpolicies>

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::kind::{Id, Kind, RPC, Told};
use crate::store::{Home, Object};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Cluster policy",
    key: "cluster_policies",
    path: "/api/{version}/policies/clusters",
    calls: &[RPC],
    id: ("policy_id", Id::Capitals),
    create: "compute.CreatePolicy",
    change: "compute.EditPolicy",
    object: "compute.Policy",
    items: "policies",
    created: Told::Id,
    changed: Told::Nothing,
    admins: "manage cluster policies",
    permissions: "cluster-policies",
    make: |cx, object| {
        object.set("is_default", false);
        check(cx, object)
    },
    alter: |cx, _, after| check(cx, after),
    ..Kind::PLAIN
};

/// The endpoints of the families.
pub(crate) const FAMILIES: &[Route] = &[
    route(Method::GET, "/api/2.0/policy-families", list_families),
    route(Method::GET, "/api/2.0/policy-families/{id}", get_family),
];

/// Id and name of each family, with what its policies fix.
const ALL: &[(&str, &str, &str)] = &[
    ("personal-vm", "Personal Compute", r#"{"node_type_id":{"type":"unlimited","defaultValue":"m5d.large"}}"#),
    ("power-user", "Power User Compute", r#"{"autotermination_minutes":{"type":"unlimited","defaultValue":4320}}"#),
    ("shared-compute", "Shared Compute", r#"{"data_security_mode":{"type":"fixed","value":"USER_ISOLATION"}}"#),
    ("job-cluster", "Job Compute", r#"{"cluster_type":{"type":"fixed","value":"job"}}"#),
];

fn check(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let name = object.text("name").to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name must have 1 to 100 characters."));
    }
    let id = object.text("policy_id").to_owned();
    let mut others = cx.store(Home::Workspace)?.all(KIND.key);
    if others.any(|(key, other)| *key != id && other.text("name") == name) {
        return Err(ApiError::exists(format!("A cluster policy with the name {name} already exists.")));
    }
    let family = object.text("policy_family_id").to_owned();
    if family.is_empty() {
        let definition: Result<Value, _> = serde_json::from_str(object.text("definition"));
        if !definition.is_ok_and(|definition| definition.is_object()) {
            return Err(ApiError::invalid("definition is not a JSON object."));
        }
        return Ok(());
    }
    let (_, _, of_family) = ALL.iter().find(|(id, ..)| *id == family).ok_or_else(|| no_family(&family))?;
    let mut definition: Value = serde_json::from_str(of_family).unwrap_or_default();
    let overrides = object.text("policy_family_definition_overrides");
    let overrides: Value = if overrides.is_empty() {
        json!({})
    } else {
        serde_json::from_str(overrides)
            .map_err(|_| ApiError::invalid("policy_family_definition_overrides is not a JSON object."))?
    };
    if let (Some(definition), Value::Object(overrides)) = (definition.as_object_mut(), overrides) {
        definition.extend(overrides);
    }
    object.set("definition", definition.to_string());
    Ok(())
}

fn list_families(_: &mut Cx<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::json(&json!({"policy_families": ALL.iter().map(family).collect::<Vec<_>>()})))
}

fn get_family(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id");
    let found = ALL.iter().find(|(known, ..)| *known == id).ok_or_else(|| no_family(id))?;
    Ok(Answer::json(&family(found)))
}

fn family((id, name, definition): &(&str, &str, &str)) -> Value {
    json!({"policy_family_id": id, "name": name, "description": name, "definition": definition})
}

fn no_family(id: &str) -> ApiError {
    ApiError::missing(format!("Policy family {id} does not exist."))
}
